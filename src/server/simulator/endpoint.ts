import type { SipMessage } from '../../message/message.ts';
import { parseMessage } from '../../message/parser.ts';
import { realClock } from '../../time/clock.ts';
import { HashedTimerWheel } from '../../time/hashed-timer-wheel.ts';
import { type Random, realRandom } from '../../time/random.ts';
import { TransactionLayer } from '../../transaction/transaction-layer.ts';
import type {
  Destination,
  ListenSocket,
  Proto,
  Received,
  SendObserver,
  TransportSender,
} from '../../transport/transport.ts';
import { TransportLayer } from '../../transport/transport-layer.ts';

/** What a simulated endpoint does with what arrives. */
export interface EndpointUser {
  onRequest(message: SipMessage, from: Received): void;
  /** A reply no transaction waits for: a 2xx of an INVITE repeated after its transaction ended. */
  onStrayReply(message: SipMessage, from: Received): void;
}

/** Shown every message that an endpoint sends or receives, retransmissions included. */
export type Trace = (direction: 'sent' | 'received', message: SipMessage) => void;

/** A sender that shows what passes through it. */
class TracedSender implements TransportSender {
  private readonly inner: TransportSender;
  private readonly trace: Trace | undefined;

  constructor(inner: TransportSender, trace: Trace | undefined) {
    this.inner = inner;
    this.trace = trace;
  }

  get sockets(): readonly ListenSocket[] {
    return this.inner.sockets;
  }

  send(text: string, destination: Destination, observer: SendObserver | null): boolean {
    if (this.trace !== undefined) {
      const message = parseMessage(text);
      if ('isRequest' in message) this.trace('sent', message);
    }
    return this.inner.send(text, destination, observer);
  }

  socketFor(proto: Proto, family: 4 | 6, preferred: ListenSocket | null): ListenSocket | null {
    return this.inner.socketFor(proto, family, preferred);
  }

  isMyself(host: string, port: number, proto?: Proto): boolean {
    return proto === undefined ? this.inner.isMyself(host, port) : this.inner.isMyself(host, port, proto);
  }
}

/** A small SIP endpoint on one UDP socket of this machine: the ground that the simulated carrier and phone stand on. */
export class Endpoint {
  readonly transactions: TransactionLayer;
  readonly sender: TransportSender;
  readonly wheel: HashedTimerWheel;
  readonly random: Random = realRandom;
  private readonly transport: TransportLayer;
  private readonly trace: Trace | undefined;

  /**
   * @param host address to listen on, a loopback one
   * @param port 0 for any
   * @param trace shown every message; none by default
   */
  constructor(host: string, port: number, trace?: Trace) {
    this.trace = trace;
    this.wheel = new HashedTimerWheel({ clock: realClock });
    this.transport = new TransportLayer({ listen: [{ proto: 'udp', host, port }] });
    this.sender = new TracedSender(this.transport, trace);
    this.transactions = new TransactionLayer({ sender: this.sender, wheel: this.wheel });
  }

  /** @throws TransportError when the port cannot be bound */
  async start(user: EndpointUser): Promise<void> {
    await this.transport.start({
      onMessage: (message, from) => {
        this.trace?.('received', message);
        if (!message.isRequest) {
          if (!this.transactions.receiveResponse(message, from)) user.onStrayReply(message, from);
          return;
        }
        user.onRequest(message, from);
      },
      onParseFailure: () => {},
    });
  }

  async stop(): Promise<void> {
    await this.transport.stop(100);
  }

  get socket(): ListenSocket {
    return this.transport.sockets[0] as ListenSocket;
  }

  /** host:port of the socket. */
  get address(): string {
    return `${this.socket.displayHost}:${this.socket.port}`;
  }

  destination(ip: string, port: number): Destination {
    return { socket: this.socket, proto: 'udp', ip, port, connection: 0, serverName: '' };
  }
}
