import { Timer, type TimerWheel } from '../../time/timer-wheel.ts';
import type { Destination, ListenSocket, TransportSender } from '../../transport/transport.ts';
import type { RegistrarPace } from './registrar-pace.ts';

/** What a flow needs of the one who runs it. */
export interface FlowHost {
  readonly wheel: TimerWheel;
  readonly sender: TransportSender;
  /** Milliseconds between keepalives, 0 for none. */
  readonly keepaliveMs: number;
}

/** Double CRLF: the ping of RFC 5626 §3.5.1 on streams; on UDP it keeps a NAT's entry alive and is ignored by servers (RFC 3261 §7.5). */
const PING = '\r\n\r\n';

/** From one socket of ours to one registrar: shared by all accounts that go that way, and so is its keepalive. */
export class Flow extends Timer {
  readonly pace: RegistrarPace;
  readonly socket: ListenSocket;
  readonly destination: Destination;
  private bindings = 0;
  private readonly host: FlowHost;

  constructor(pace: RegistrarPace, socket: ListenSocket, host: FlowHost) {
    super();
    const { proto, ip, port, serverName } = pace.target;
    this.pace = pace;
    this.socket = socket;
    this.host = host;
    this.destination = { socket, proto, ip, port, connection: 0, serverName };
  }

  /** Bindings that the registrar holds by this flow. */
  get registered(): number {
    return this.bindings;
  }

  /** One binding more. */
  bind(): void {
    this.bindings++;
    if (this.bindings === 1) this.schedule();
  }

  /** One less. */
  unbind(): void {
    this.bindings--;
  }

  override fire(): void {
    if (this.bindings === 0) return;
    this.host.sender.send(PING, this.destination, null);
    this.schedule();
  }

  private schedule(): void {
    const { keepaliveMs, wheel } = this.host;
    const { proto } = this.socket;
    // WebSocket has pings of its own (RFC 7118 §6), which are the transport's affair.
    if (keepaliveMs > 0 && proto !== 'ws' && proto !== 'wss' && !this.armed) wheel.start(this, keepaliveMs);
  }
}
