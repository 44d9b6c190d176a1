import { CalendarWheel } from '../../time/calendar-wheel.ts';
import type { TimerWheel } from '../../time/timer-wheel.ts';
import type { TransportSender } from '../../transport/transport.ts';
import { contactFault } from './contact.ts';
import type { RegistrationResult, RegistrationStateName } from './engine.ts';
import type { Exchange } from './exchange.ts';
import type { Flow } from './flow.ts';
import { SharedTables } from './next-hop-table.ts';
import { PaceTable } from './pace-table.ts';
import type { Places } from './places.ts';
import { isLasting, retryDelay, spread } from './policy.ts';
import { LONGEST_REASON, readableReason } from './register-answer.ts';
import type { PaceHost, RegistrarPace } from './registrar-pace.ts';
import type { RecordHost, Registration } from './registration.ts';
import { Resolution } from './resolution.ts';
import type { EngineConfig } from './settings.ts';
import { findSocket } from './sockets.ts';
import {
  type Effect,
  isOutstanding,
  type MachineEvent,
  type MachineState,
  transition,
  type Urgency,
} from './states.ts';

/** Milliseconds past a transaction's longest life after which its outcome is given up on. */
const LOST_AFTER = 5000;
/** Milliseconds for which nothing begins when we have no room for another transaction. */
const BUSY = 200;

/** Who is told about accounts. */
export interface RunnerUser {
  changed(record: Registration, from: RegistrationStateName): void;
  /** Nothing is left to do for an account that was removed. */
  forgotten(record: Registration): void;
  /** Bindings that were made by this flow before that time lead nowhere. */
  flowLost(flow: Flow, at: number): void;
}

/** Why an attempt failed. */
export interface Failure {
  readonly result: RegistrationResult;
  /** Status of the answer, 408 when there is none. */
  readonly code: number;
  readonly reason: string;
  /** Seconds, 0 for none. */
  readonly retryAfter: number;
}

/** Carries out what the state machine asks for: deadlines, queues, places, attempts. */
export class Runner implements RecordHost, PaceHost {
  readonly config: EngineConfig;
  readonly wheel: TimerWheel;
  readonly sender: TransportSender;
  readonly calendar: CalendarWheel;
  readonly tables = new SharedTables();
  readonly paces: PaceTable;
  readonly resolution: Resolution;
  readonly results = new Map<RegistrationResult, number>();
  /** REGISTERs sent. */
  sent = 0;
  /** Bindings held. */
  online = 0;
  /** Flows that were taken for dead. */
  flowsLost = 0;
  active: boolean;
  stopped = false;
  /** Accounts by state; those that were removed and take leave are in none of them. */
  private readonly states = new Map<RegistrationStateName | 'leaving', number>();
  private readonly user: RunnerUser;
  private exchange: Exchange | null = null;

  constructor(config: EngineConfig, active: boolean, user: RunnerUser) {
    this.config = config;
    this.wheel = config.wheel;
    this.sender = config.sender;
    this.active = active;
    this.user = user;
    this.calendar = new CalendarWheel(config.wheel, (error) =>
      config.log('error', 'UAC_REG_FAULT', error instanceof Error ? (error.stack ?? error.message) : String(error)),
    );
    this.paces = new PaceTable(this);
    this.resolution = new Resolution(this);
  }

  /** The two are halves of one thing, and refer to each other. */
  connect(exchange: Exchange): void {
    this.exchange = exchange;
  }

  get rate(): number {
    return this.config.rate;
  }

  get now(): number {
    return this.config.clock.now();
  }

  /** Whole seconds of the monotonic clock. */
  get seconds(): number {
    return Math.floor(this.now / 1000);
  }

  /** Accounts in a state; `leaving`: those that were removed and whose binding is still being removed. */
  count(state: RegistrationStateName | 'leaving'): number {
    return this.states.get(state) ?? 0;
  }

  /** Accounts that exist, those that are being removed included. */
  adopt(record: Registration): void {
    record.account.hop.users++;
    record.loadedAt = this.seconds;
    record.since = record.loadedAt;
    this.addState(record.state, 1);
  }

  /** An event befalls an account. */
  apply(record: Registration, event: MachineEvent): void {
    const from = record.state;
    const { state, effects } = transition(from, event);
    const outermost = !record.applying;
    record.applying = true;
    try {
      if (state !== from) {
        record.state = state;
        this.addState(from, -1);
        this.addState(state, 1);
        if (state.name !== from.name) record.since = this.seconds;
      }
      for (const effect of effects) this.perform(record, effect);
    } finally {
      if (outermost) record.applying = false;
    }
    // Told once, when everything that follows at once has followed: nobody hears of a queue that was left in the same moment.
    if (outermost && record.state.name !== from.name) this.user.changed(record, from.name);
  }

  /** The record's timer: its deadline, or the end of its binding. */
  due(record: Registration, now: number): void {
    if (record.bound !== null && record.expiresAt <= now) {
      this.config.log('warn', 'UAC_REG_EXPIRED', `${this.nameOf(record)}: the binding ran out, ${record.state.name}`);
      this.unbind(record);
    }
    if (record.nextAt < 0 || record.nextAt > now) {
      this.arm(record);
      return;
    }
    record.nextAt = -1;
    if (record.state.name === 'queued') this.checkQueued(record);
    // It has its place, and waits for the rate.
    else if (isOutstanding(record.state) && record.queue !== null) this.expectAnswer(record);
    else this.apply(record, { type: 'due' });
    if (record.nextAt < 0) this.arm(record);
  }

  /** Ends an attempt as a failure, and says when the next one comes. */
  fail(record: Registration, failure: Failure): void {
    const { config } = this;
    const { result } = failure;
    const removes = record.attempt?.removes ?? record.state.goal !== 'on';
    this.endAttempt(record, false);
    this.countResult(result);
    this.cameTo(record, failure.code, failure.reason);
    if (removes) {
      // It is not asked again: the binding runs out by itself.
      this.unbind(record);
      this.apply(record, { type: 'failed', retryIn: 0, lasting: false, held: false });
      return;
    }
    record.failures++;
    // A registrar that takes our CSeq for an old one is cured by a new Call-ID (RFC 3261 §10.3 item 7).
    if (result === 'refused' || result === 'server-error') this.newCall(record);
    if (result === 'credentials') record.kept = null;
    const retryIn = retryDelay(result, record.failures, failure.retryAfter, config.retry, config.random);
    const lasting = isLasting(result);
    // Said when it begins, and again now and then.
    if ((record.failures & (record.failures - 1)) === 0) {
      const code = lasting ? 'UAC_REG_REJECTED' : 'UAC_REG_FAILED';
      const next =
        retryIn < 0 ? 'disabled for good (reg_retry_interval 0)' : `next attempt in ${Math.round(retryIn / 1000)} s`;
      const text = `${this.nameOf(record)}: ${failure.code} ${record.lastReason} (${result}); ${next}`;
      config.log(lasting ? 'error' : 'warn', code, text);
    }
    this.apply(record, { type: 'failed', retryIn, lasting, held: record.online });
  }

  /**
   * What an attempt came to, once it has ended: a challenge or a target that is left is no such thing.
   * @param code status, 408 when there was no answer
   */
  cameTo(record: Registration, code: number, reason: string): void {
    record.lastCode = code;
    record.lastReason = this.tables.share(readableReason(reason, LONGEST_REASON));
  }

  /** What earlier attempts came to counts no longer: the row is another one, or an operator has spoken. */
  beginAnew(record: Registration): void {
    record.failures = 0;
    record.doubtful = false;
    record.lastCode = 0;
    record.lastReason = '';
  }

  /** An attempt ended. */
  countResult(result: RegistrationResult): void {
    this.results.set(result, (this.results.get(result) ?? 0) + 1);
  }

  /** It cannot work as its row is. */
  faulty(record: Registration, reason: string): void {
    record.lastCode = 0;
    record.lastReason = this.tables.share(reason);
    this.config.log('error', 'UAC_REG_FAULTY', `${this.nameOf(record)}: ${reason}`);
    this.apply(record, { type: 'faulty' });
  }

  /** The registrar holds the binding by this flow. */
  bind(record: Registration, flow: Flow): void {
    if (record.bound === flow) return;
    if (record.bound === null) this.online++;
    else record.bound.unbind();
    record.bound = flow;
    flow.bind();
  }

  /** It holds it no longer. */
  unbind(record: Registration): void {
    if (record.bound === null) return;
    record.bound.unbind();
    record.bound = null;
    this.online--;
  }

  flowLost(flow: Flow, at: number, reason: string): void {
    if (this.stopped) return;
    flow.pace.flowsLost++;
    this.flowsLost++;
    this.config.log(
      'warn',
      'UAC_REG_FLOW_LOST',
      `${flow.pace.name}: ${reason}; ${flow.registered} accounts register anew`,
    );
    this.user.flowLost(flow, at);
  }

  /** Sets an account going that nothing would have moved again. */
  repair(record: Registration): void {
    if (isOutstanding(record.state))
      this.fail(record, { result: 'timeout', code: 408, reason: 'Request lost', retryAfter: 0 });
    else if (record.state.name === 'queued') this.checkQueued(record);
    else this.apply(record, { type: 'due' });
  }

  /** A new Call-ID; CSeq begins anew. */
  newCall(record: Registration): void {
    record.callGeneration++;
    record.cseq = 0;
  }

  /** Ends what is outstanding without a word. @param keep the attempt goes on elsewhere */
  endAttempt(record: Registration, keep: boolean): void {
    const { attempt } = record;
    if (attempt === null) return;
    if (record.queue !== null) record.queue.remove(record);
    attempt.client?.abandon();
    attempt.client = null;
    const { pace } = attempt;
    pace?.release(attempt);
    attempt.pace = null;
    attempt.flow = null;
    if (!keep) record.attempt = null;
    pace?.pump();
  }

  // PaceHost

  begin(record: Registration, pace: RegistrarPace, places: Places): void {
    this.exchange?.begin(record, pace, places);
  }

  resume(record: Registration): void {
    this.exchange?.transmit(record);
  }

  /** We have no room for another transaction: the account waits in front of its registrar. */
  busy(record: Registration): void {
    const { attempt } = record;
    const pace = attempt?.pace ?? null;
    pace?.holdBack(BUSY);
    this.endAttempt(record, true);
    this.config.log('warn', 'UAC_REG_BUSY', 'no room for another transaction');
    this.apply(record, { type: 'moved' });
  }

  /** Puts an account that has an address to go to into its registrar's queue. */
  queueAt(record: Registration, pace: RegistrarPace): void {
    pace.enqueue(record, record.urgency);
  }

  /** Looks for the way of an account that is due. */
  seek(record: Registration): void {
    const { attempt } = record;
    if (attempt === null) {
      const fault = this.faultOf(record);
      if (fault !== '') {
        this.faulty(record, fault);
        return;
      }
    }
    const target = attempt?.target;
    if (target !== undefined) this.queueAt(record, this.paces.of(target));
    else this.resolution.seek(record, attempt?.hop ?? record.account.hop);
  }

  /** For logs. */
  nameOf({ account }: Registration): string {
    return `${readableReason(account.uuid)} at ${readableReason(account.remoteDomain)}`;
  }

  private perform(record: Registration, effect: Effect): void {
    switch (effect.kind) {
      case 'drop':
        this.endAttempt(record, false);
        break;
      case 'unqueue':
        record.queue?.remove(record);
        record.attempt = null;
        break;
      case 'queue':
        this.setNext(record, this.config.watchMs);
        this.enqueue(record, effect.urgency);
        break;
      case 'send':
        this.expectAnswer(record);
        break;
      case 'wake':
        this.setNext(record, effect.ms);
        break;
      case 'rest':
        record.nextAt = -1;
        this.arm(record);
        break;
      case 'lost':
        this.config.log('error', 'UAC_REG_LOST', `${this.nameOf(record)}: a request ended without a word`);
        this.fail(record, { result: 'timeout', code: 408, reason: 'Request lost', retryAfter: 0 });
        break;
      case 'forget':
        this.forget(record);
    }
  }

  private enqueue(record: Registration, urgency: Urgency): void {
    record.initialized = true;
    record.urgency = urgency;
    if (!this.stopped || record.state.goal !== 'on') this.seek(record);
  }

  /** A queue that was lost from sight is looked up again; its time starts anew. */
  private checkQueued(record: Registration): void {
    this.setNext(record, this.config.watchMs);
    if (record.queue === null) this.seek(record);
  }

  private forget(record: Registration): void {
    this.unbind(record);
    this.calendar.stop(record);
    this.addState(record.state, -1);
    this.releaseHop(record);
    this.user.forgotten(record);
  }

  /** The account's next hop has one user less. */
  releaseHop({ account: { hop } }: Registration): void {
    hop.users--;
    this.tables.release(hop);
  }

  /** Why an account cannot be registered as it is; empty when it can. */
  private faultOf({ account }: Registration): string {
    if (account.hop.uri === null) return 'auth_proxy is no sip or sips URI';
    if (account.socket !== '' && findSocket(this.sender, account.socket) === null)
      return `socket ${readableReason(account.socket)} is none of ours`;
    return contactFault(account, account.contactAddr || this.config.contactAddr);
  }

  /** A request is out: past this time nothing more will be heard of it. */
  expectAnswer(record: Registration): void {
    this.setNext(record, Math.max(this.config.timers.fr, this.config.timers.maxNonInvLifetime) + LOST_AFTER);
  }

  /** The state's deadline. */
  private setNext(record: Registration, ms: number): void {
    record.nextAt = Math.ceil(this.now + ms);
    this.arm(record);
  }

  /** Brings the timer in line with deadline and end of the binding. */
  arm(record: Registration): void {
    const { nextAt } = record;
    const expiresAt = record.bound === null ? -1 : record.expiresAt;
    const at = nextAt < 0 ? expiresAt : expiresAt < 0 ? nextAt : Math.min(nextAt, expiresAt);
    if (at < 0) this.calendar.stop(record);
    else this.calendar.start(record, at - this.now);
  }

  private addState({ name: state, goal }: MachineState, by: number): void {
    const name = goal === 'gone' ? 'leaving' : state;
    this.states.set(name, (this.states.get(name) ?? 0) + by);
  }

  /** Milliseconds before an account's first attempt: its own delay, or a random one (reg_random_delay). */
  firstDelay({ account }: Registration): number {
    if ((account.flags & 16) !== 0) return 0;
    if (account.delay > 0) return account.delay * 1000;
    return this.config.randomDelay > 0 ? spread(this.config.random, 0, this.config.randomDelay) * 1000 : 0;
  }
}
