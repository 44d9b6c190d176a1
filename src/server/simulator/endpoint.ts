import type { SipMessage } from '../../message/message.ts';
import { realClock } from '../../time/clock.ts';
import { HashedTimerWheel } from '../../time/hashed-timer-wheel.ts';
import { type Random, realRandom } from '../../time/random.ts';
import { TransactionLayer } from '../../transaction/transaction-layer.ts';
import type { Destination, ListenSocket, Received } from '../../transport/transport.ts';
import { TransportLayer } from '../../transport/transport-layer.ts';

/** What a simulated endpoint does with what arrives. */
export interface EndpointUser {
  onRequest(message: SipMessage, from: Received): void;
  /** A reply no transaction waits for: a 2xx of an INVITE repeated after its transaction ended. */
  onStrayReply(message: SipMessage, from: Received): void;
}

/** A small SIP endpoint on one UDP socket of this machine: the ground that the simulated carrier and phone stand on. */
export class Endpoint {
  readonly transport: TransportLayer;
  readonly transactions: TransactionLayer;
  readonly wheel: HashedTimerWheel;
  readonly random: Random = realRandom;

  /**
   * @param host address to listen on, a loopback one
   * @param port 0 for any
   */
  constructor(host: string, port: number) {
    this.wheel = new HashedTimerWheel({ clock: realClock });
    this.transport = new TransportLayer({ listen: [{ proto: 'udp', host, port }] });
    this.transactions = new TransactionLayer({ sender: this.transport, wheel: this.wheel });
  }

  async start(user: EndpointUser): Promise<void> {
    await this.transport.start({
      onMessage: (message, from) => {
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
