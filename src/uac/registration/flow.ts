import type { SipMessage } from '../../message/message.ts';
import { Timer } from '../../time/timer-wheel.ts';
import type { ClientTransactionHandle, ClientTransactionUser } from '../../transaction/transaction.ts';
import type { Destination, ListenSocket } from '../../transport/transport.ts';
import { keepaliveText } from './keepalive-request.ts';
import { spread } from './policy.ts';
import type { RegistrarPace } from './registrar-pace.ts';
import type { EngineConfig } from './settings.ts';

/** What a flow needs of the one who runs it. */
export interface FlowHost {
  readonly config: EngineConfig;
  /** The flow is dead: who was bound by it before the time `at` (clock, ms) has to register again. */
  flowLost(flow: Flow, at: number, reason: string): void;
}

/** Double CRLF: the ping of RFC 5626 §3.5.1 on streams; on UDP it keeps a NAT's entry alive and is ignored by servers (RFC 3261 §7.5). */
const PING = '\r\n\r\n';
/** Milliseconds in which a stream's peer has to answer a ping (RFC 5626 §4.4.1). */
const PONG_WAIT = 10_000;
/** Shortest and longest Flow-Timer that is believed, in seconds. */
const SHORTEST_FLOW_TIMER = 5;
const LONGEST_FLOW_TIMER = 86_400;

/**
 * From one socket of ours to one registrar: shared by all accounts that go that way, and so is its keepalive. It is dead when its stream was
 * closed, or when a peer that has answered keepalives before, or has promised to by a Flow-Timer, does not answer one: many servers never
 * answer any, and their silence says nothing.
 */
export class Flow extends Timer implements ClientTransactionUser {
  readonly pace: RegistrarPace;
  readonly socket: ListenSocket;
  readonly destination: Destination;
  private bindings = 0;
  private readonly host: FlowHost;
  /** The Flow-Timer of the registrar in milliseconds, 0 for none. */
  private wanted = 0;
  /** The stream by which the bindings were made, 0 when that is not known. */
  private connection = 0;
  /** Answers that had come before the ping that waits for its own; -1 when none does. */
  private pongs = -1;
  /** The OPTIONS that waits for its answer. */
  private probe: ClientTransactionHandle | null = null;
  private answers = false;

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

  /** Whether silence would be noticed: the peer answers keepalives, or has said that it does. */
  get watched(): boolean {
    return this.answers && this.interval > 0;
  }

  /** Longest time between two keepalives in milliseconds, 0 for none. */
  get interval(): number {
    const { keepaliveMs } = this.host.config;
    if (this.wanted === 0 || keepaliveMs === 0) return this.wanted || keepaliveMs;
    return Math.min(this.wanted, keepaliveMs);
  }

  /** One binding more. */
  bind(): void {
    this.bindings++;
  }

  /** One less. */
  unbind(): void {
    this.bindings--;
  }

  /**
   * A REGISTER by this flow has just been accepted.
   * @param flowTimer seconds of the answer's Flow-Timer (RFC 5626 §4.4), 0 for none
   * @param sentAt when it was sent
   */
  confirmed(flowTimer: number, sentAt: number): void {
    const wanted = Math.min(flowTimer, LONGEST_FLOW_TIMER) * 1000;
    if (flowTimer >= SHORTEST_FLOW_TIMER && wanted !== this.wanted) {
      this.wanted = wanted;
      if (this.isStream) this.answers = true;
      if (!this.waits) this.host.config.wheel.stop(this);
    }
    if (this.interval === 0) return;
    if (this.isStream) {
      const now = this.host.config.sender.connectionTo?.(this.destination) ?? 0;
      const before = this.connection;
      this.connection = now;
      // Whoever registered by the stream before has a binding that leads nowhere.
      if (before !== 0 && before !== now) this.lost('its connection was closed', sentAt);
      this.connection = now;
    }
    if (!this.armed && !this.waits) this.schedule();
  }

  override fire(): void {
    if (this.pongs >= 0) this.judge();
    else if (this.bindings > 0) this.ping();
  }

  /** Ends what it has under way. */
  stop(): void {
    this.host.config.wheel.stop(this);
    this.probe?.abandon();
    this.probe = null;
    this.pongs = -1;
  }

  // ClientTransactionUser: the OPTIONS

  onResponse(client: ClientTransactionHandle, response: SipMessage): void {
    if (client !== this.probe || response.status < 200) return;
    this.probe = null;
    // Whatever it says: it came back.
    this.answers = true;
    this.schedule();
  }

  onTimeout(client: ClientTransactionHandle): void {
    this.silent(client);
  }

  onSendFailed(client: ClientTransactionHandle): void {
    this.silent(client);
  }

  private silent(client: ClientTransactionHandle): void {
    if (client !== this.probe) return;
    this.probe = null;
    if (this.answers) this.lost('a keepalive was not answered');
    else this.schedule();
  }

  private get isStream(): boolean {
    return this.socket.proto !== 'udp';
  }

  private get waits(): boolean {
    return this.pongs >= 0 || this.probe !== null;
  }

  private ping(): void {
    const { sender, wheel, keepaliveOptions } = this.host.config;
    const { destination } = this;
    if (!this.isStream) {
      if (keepaliveOptions) this.ask();
      else {
        sender.send(PING, destination, null);
        this.schedule();
      }
      return;
    }
    if (sender.connectionTo === undefined) {
      // A sender that knows no connections (a library's own): the ping opens one where there is none.
      sender.send(PING, destination, null);
      this.schedule();
      return;
    }
    const now = sender.connectionTo(destination);
    if (now === 0 || (this.connection !== 0 && now !== this.connection)) {
      this.lost('its connection was closed');
      return;
    }
    this.connection = now;
    const before = sender.connectionPongs?.(now) ?? -1;
    if (before >= 0 && sender.pingConnection?.(now) === true) {
      this.pongs = before;
      wheel.start(this, Math.min(PONG_WAIT, this.interval));
    } else this.schedule();
  }

  /** The time for the answer is over. */
  private judge(): void {
    const { sender } = this.host.config;
    const before = this.pongs;
    this.pongs = -1;
    const now = sender.connectionPongs?.(this.connection) ?? -1;
    if (now < 0) this.lost('its connection was closed');
    else if (now > before) {
      this.answers = true;
      this.schedule(PONG_WAIT);
    } else if (this.answers) {
      sender.closeConnection?.(this.connection);
      this.lost('a keepalive was not answered');
    } else this.schedule(PONG_WAIT);
  }

  private ask(): void {
    const { transactions, timers, random } = this.host.config;
    const branch = `z9hG4bK${random.token(12)}`;
    const client = transactions.createClient({
      branch,
      method: 'OPTIONS',
      text: keepaliveText(this.pace.target, this.socket, branch, random.token(12)),
      destination: this.destination,
      timers,
      user: this,
      brief: true,
    });
    // No room for another transaction: that says nothing about the flow.
    if (typeof client === 'string') this.schedule();
    else this.probe = client;
  }

  /** The next keepalive comes by itself once somebody has registered by it again. */
  private lost(reason: string, at = this.host.config.clock.now()): void {
    this.connection = 0;
    this.host.config.wheel.stop(this);
    this.pongs = -1;
    this.host.flowLost(this, at, reason);
  }

  /** RFC 5626 §4.4: by chance between 80 and 100 percent of the time. @param spent milliseconds of it that are over already */
  private schedule(spent = 0): void {
    const { wheel, random } = this.host.config;
    const { interval } = this;
    if (interval > 0) wheel.start(this, Math.max(0, spread(random, 0.8, 1) * interval - Math.min(spent, interval)));
  }
}
