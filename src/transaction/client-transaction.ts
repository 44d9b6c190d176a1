import type { SipMessage } from '../message/message.ts';
import { buildAck } from '../message/serializer.ts';
import type { TimerWheel } from '../time/timer-wheel.ts';
import type { Destination, Received, SendObserver, TransportSender } from '../transport/transport.ts';
import type { ClientEffects, ClientMachine } from './effects.ts';
import type { TransactionStats } from './stats.ts';
import type {
  ClientTransactionHandle,
  ClientTransactionParams,
  ClientTransactionUser,
  TransactionTimers,
} from './transaction.ts';
import { TransactionTimer } from './transaction-timer.ts';

/** What a client transaction needs of the layer it lives in. */
export interface ClientHost {
  readonly wheel: TimerWheel;
  readonly sender: TransportSender;
  readonly stats: TransactionStats;
  /** Told about ACKs that could not be sent. */
  readonly ackObserver: SendObserver;
  /** Creates and starts the CANCEL's transaction. @param reason Reason header value, empty for none */
  cancelRequest(invite: ClientTransactionHandle, inviteText: string, timers: TransactionTimers, reason: string): void;
  /** It is not pending any more. */
  clientCompleted(): void;
  /** It is gone; no response reaches it any more. */
  clientTerminated(client: ClientTransactionHandle): void;
  /** A user callback threw. */
  userError(error: unknown, what: string): void;
}

/** What waits to be told to the user until the state machine's step is done. */
type Report = 'none' | 'response' | 'timeout' | 'failure';

/** Stands in for a user that needs to hear nothing any more, so that a completed transaction keeps nobody alive. */
const NOBODY: ClientTransactionUser = { onResponse() {}, onTimeout() {}, onSendFailed() {} };

/**
 * Runs a client state machine: holds the request, performs the effects, tells the user. It is its own timer entry and its own
 * send observer; nothing is allocated per event.
 */
export class ClientTransaction<S extends string>
  extends TransactionTimer
  implements ClientTransactionHandle, ClientEffects, SendObserver
{
  readonly branch: string;
  readonly method: string;
  readonly destination: Destination;
  readonly reliable: boolean;
  timers: TransactionTimers;
  lastStatus = 0;
  sentText: string | null;
  /** Null only until {@link start}. */
  private state: S | null = null;
  private readonly machine: ClientMachine<S>;
  private readonly host: ClientHost;
  user: ClientTransactionUser;
  private readonly endOfLife: number;
  private pending = true;
  private started = false;
  /** It lingers for wt once completed. */
  lingers: boolean;
  private ackText: string | null = null;
  private cancelReason = '';
  /** TRANSPORT_… code of a failure that the next timer event handles, empty for none. */
  private failure = '';
  private report: Report = 'none';
  /** The response at hand, only during an event. */
  private response: SipMessage | null = null;
  private from: Received | null = null;

  /**
   * @param branch the branch as the caller stores it (it has to keep no message alive)
   * @param lifetime milliseconds after which it is given up whatever happens
   */
  constructor(
    host: ClientHost,
    machine: ClientMachine<S>,
    params: ClientTransactionParams,
    branch: string,
    lifetime: number,
  ) {
    super(host.wheel);
    this.host = host;
    this.machine = machine;
    this.branch = branch;
    this.method = params.method;
    this.destination = params.destination;
    this.reliable = params.destination.proto !== 'udp';
    this.timers = params.timers;
    this.sentText = params.text;
    this.user = params.user;
    this.lingers = params.brief !== true;
    this.endOfLife = Math.ceil(host.wheel.clock.now() + lifetime);
  }

  get isPending(): boolean {
    return this.pending;
  }

  /** The state machine's state, for listings and tests. */
  get stateName(): string {
    return this.state ?? 'new';
  }

  /** Sends the request. */
  start(): void {
    this.enter(this.machine.start(this));
    this.started = true;
  }

  /** Takes a response that matches (RFC 3261 §17.1.3). */
  receive(response: SipMessage, from: Received): void {
    if (this.state === null) return;
    this.response = response;
    this.from = from;
    const next = this.machine.response(this.state, response.status, this);
    if (this.pending) this.lastStatus = response.status;
    this.enter(next);
  }

  cancel(reason: string, immediately = false): void {
    if (this.state === null) return;
    if (this.pending) this.cancelReason = reason;
    this.enter(this.machine.cancel(this.state, immediately, this));
  }

  setTimers(fr: number, frInv: number): void {
    if (this.state === null) return;
    this.timers = { ...this.timers, fr: fr > 0 ? fr : this.timers.fr, frInv: frInv > 0 ? frInv : this.timers.frInv };
    this.enter(this.machine.rearm(this.state, this));
  }

  handOver(user: ClientTransactionUser): void {
    this.user = user;
  }

  abandon(): void {
    if (this.state === null) return;
    this.user = NOBODY;
    this.enter(this.machine.abandon(this.state, this));
  }

  /**
   * The transport lost the request. Handled at the next tick: a transport may say so while it is being called, and the user
   * must have its handle before it hears of a failure.
   */
  sendFailed(code: string): void {
    if (!this.pending || this.failure !== '') return;
    this.failure = code;
    this.wheel.start(this, 0);
  }

  override fire(now: number): void {
    if (this.failure === '' || this.state === null) {
      super.fire(now);
      return;
    }
    const next = this.pending ? this.machine.sendFailed(this.state, this) : this.state;
    // Not a failure in this state (a late ICMP error): forgotten, a later one counts again.
    if (this.report !== 'failure') this.failure = '';
    this.enter(next);
  }

  timeoutIn(ms: number): void {
    this.endStateIn(Math.min(ms, this.endOfLife - this.wheel.clock.now()));
  }

  sendRequest(): void {
    if (this.sentText === null) return;
    if (this.started) {
      this.host.stats.requestsRetransmitted++;
      this.lingers = true;
    }
    if (!this.host.sender.send(this.sentText, this.destination, this)) this.sendFailed('TRANSPORT_SEND_FAILED');
  }

  sendAck(): void {
    if (this.sentText === null || this.response === null) return;
    this.ackText = buildAck(this.sentText, this.response);
    this.resendAck();
  }

  resendAck(): void {
    // §17.1.1.2: to the same address, port and transport as the INVITE.
    if (
      this.ackText !== null &&
      this.ackText !== '' &&
      !this.host.sender.send(this.ackText, this.destination, this.host.ackObserver)
    )
      this.host.stats.responseSendFailed++;
  }

  sendCancel(): void {
    if (this.sentText !== null) this.host.cancelRequest(this, this.sentText, this.timers, this.cancelReason);
  }

  reportResponse(): void {
    this.report = 'response';
  }

  reportTimeout(): void {
    this.host.stats.timeouts++;
    this.report = 'timeout';
  }

  reportSendFailed(): void {
    this.host.stats.requestSendFailed++;
    this.report = 'failure';
  }

  protected override onEndState(): void {
    if (this.state !== null) this.enter(this.machine.expire(this.state, this));
  }

  protected override onRetransmit(interval: number): void {
    if (this.state !== null) this.enter(this.machine.retransmit(this.state, interval, this));
  }

  /** Puts the next state in force, then tells the user: whatever the user does from its callback finds a finished step. */
  private enter(next: S): void {
    if (this.state === 'terminated') return;
    this.state = next;
    const completes = this.pending && !this.machine.isPending(next);
    if (completes) {
      this.pending = false;
      this.host.clientCompleted();
    }
    if (next === 'terminated') {
      this.disarmTimer();
      this.host.clientTerminated(this);
    } else this.armTimer();
    const { report, response, from } = this;
    this.report = 'none';
    this.response = null;
    this.from = null;
    if (report !== 'none') this.tell(report, response, from);
    if (completes) this.shrink();
  }

  private tell(report: Report, response: SipMessage | null, from: Received | null): void {
    const { user } = this;
    try {
      if (report === 'timeout') user.onTimeout(this, this.method === 'INVITE' && this.lastStatus >= 100);
      else if (report === 'failure') user.onSendFailed(this, this.failure);
      else if (response !== null && from !== null) user.onResponse(this, response, from);
    } catch (error) {
      this.host.userError(error, `${report} of the ${this.method} with branch ${this.branch}`);
    }
  }

  /** Drops what a completed transaction does not need; it stays for wt. */
  private shrink(): void {
    // An INVITE given up without a final response may still have to build an ACK.
    if (this.state !== 'absorbing') this.sentText = null;
    // Only a 2xx to an INVITE may come to the user again.
    if (this.state !== 'accepted') this.user = NOBODY;
  }
}
