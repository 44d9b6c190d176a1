import type { SipMessage } from '../message/message.ts';
import type { TimerWheel } from '../time/timer-wheel.ts';
import type { Destination, Received, SendObserver, TransportSender } from '../transport/transport.ts';
import type { ServerEffects, ServerMachine } from './effects.ts';
import type { TransactionStats } from './stats.ts';
import type { ServerTransactionHandle, ServerTransactionUser, TransactionTimers } from './transaction.ts';
import { TransactionTimer } from './transaction-timer.ts';

/** What a server transaction needs of the layer it lives in. */
export interface ServerHost {
  readonly wheel: TimerWheel;
  readonly sender: TransportSender;
  readonly stats: TransactionStats;
  /** Told about responses that could not be sent. */
  readonly responseObserver: SendObserver;
  /** A negative final response to an INVITE is about to be sent: an ACK will come. Called while the request is still there. */
  ackExpected(server: AnyServerTransaction, invite: SipMessage, text: string): void;
  /** It is not pending any more. */
  serverCompleted(): void;
  /** It is gone; no request reaches it any more. */
  serverTerminated(server: AnyServerTransaction): void;
  userError(error: unknown, what: string): void;
}

/** A server transaction whatever its machine. */
export type AnyServerTransaction = ServerTransaction<string>;

/** Runs a server state machine: holds the request while it is pending and the last response while it may be repeated. */
export class ServerTransaction<S extends string>
  extends TransactionTimer
  implements ServerTransactionHandle, ServerEffects
{
  /** Where the layer finds it. */
  readonly key: string;
  /** Second key, for the ACK to an INVITE matched by RFC 2543; empty for none. */
  ackKey = '';
  readonly isInvite: boolean;
  readonly received: Received;
  readonly user: ServerTransactionUser;
  readonly timers: TransactionTimers;
  readonly reliable: boolean;
  request: SipMessage | null;
  lastStatus = 0;
  repeated = false;
  private state: S | null = null;
  private readonly machine: ServerMachine<S>;
  private readonly host: ServerHost;
  private pending = true;
  private text: string | null = null;
  private destination: Destination | null = null;

  /** @param key flat text that keeps no message alive */
  constructor(
    host: ServerHost,
    machine: ServerMachine<S>,
    key: string,
    request: SipMessage,
    received: Received,
    user: ServerTransactionUser,
    timers: TransactionTimers,
  ) {
    super(host.wheel);
    this.host = host;
    this.machine = machine;
    this.key = key;
    this.isInvite = request.method === 'INVITE';
    this.request = request;
    this.received = received;
    this.user = user;
    this.timers = timers;
    this.reliable = received.socket.proto !== 'udp';
  }

  /** True until a final response was sent or it was released. */
  get isPending(): boolean {
    return this.pending;
  }

  /** The state machine's state, for listings and tests. */
  get stateName(): string {
    return this.state ?? 'new';
  }

  start(): void {
    this.enter(this.machine.start(this));
  }

  respond(status: number, text: string, destination: Destination): boolean {
    if (this.state === null || !this.machine.mayRespond(this.state, status)) return false;
    this.text = text;
    this.destination = destination;
    this.lastStatus = status;
    if (this.isInvite && status >= 300 && this.request !== null) this.host.ackExpected(this, this.request, text);
    this.enter(this.machine.respond(this.state, status, this));
    return true;
  }

  release(): void {
    if (this.state !== null) this.enter(this.machine.release(this.state, this));
  }

  /** The request came again. */
  receiveAgain(): void {
    if (this.state === null) return;
    this.repeated = true;
    if (this.text !== null) this.host.stats.responsesRetransmitted++;
    this.enter(this.machine.request(this.state, this));
  }

  /** An ACK of this transaction came. @returns true when it is for a 2xx (RFC 6026 §7.1: the user's business) */
  receiveAck(): boolean {
    if (this.state === null) return false;
    if (this.state === 'accepted') return true;
    this.host.stats.acksAbsorbed++;
    this.enter(this.machine.ack(this.state, this));
    return false;
  }

  sendResponse(): void {
    const { text, destination } = this;
    if (text === null || destination === null) return;
    // RFC 3261 §17.2.4 would tell the user, who can do nothing about it: a lost response is repeated by timer G or on request.
    if (!this.host.sender.send(text, destination, this.host.responseObserver)) this.host.stats.responseSendFailed++;
  }

  forgetResponse(): void {
    this.text = null;
    this.destination = null;
  }

  ackMissing(): void {
    this.host.stats.ackMissing++;
  }

  unanswered(): void {
    this.host.stats.unanswered++;
  }

  protected override onEndState(): void {
    if (this.state === null || this.answersAtLast()) return;
    this.enter(this.machine.expire(this.state, this));
  }

  /** Lets the user answer a request whose time is over. @returns true when it did */
  private answersAtLast(): boolean {
    if (!this.pending || this.user.onUnanswered === undefined) return false;
    try {
      this.user.onUnanswered(this);
    } catch (error) {
      this.host.userError(error, 'the last answer of a server transaction');
    }
    if (!this.pending) this.unanswered();
    return !this.pending;
  }

  protected override onRetransmit(interval: number): void {
    if (this.state === null) return;
    this.host.stats.responsesRetransmitted++;
    this.enter(this.machine.retransmit(this.state, interval, this));
  }

  private enter(next: S): void {
    if (this.state === 'terminated') return;
    this.state = next;
    if (this.pending && !this.machine.isPending(next)) {
      this.pending = false;
      this.request = null;
      this.host.serverCompleted();
    }
    if (next !== 'terminated') {
      this.armTimer();
      return;
    }
    this.disarmTimer();
    this.forgetResponse();
    this.host.serverTerminated(this);
    try {
      this.user.onServerTerminated(this);
    } catch (error) {
      this.host.userError(error, 'the end of a server transaction');
    }
  }
}
