import type { KeptChallenge } from '../../digest/kept-challenge.ts';
import { Timer } from '../../time/timer-wheel.ts';
import type { Account } from './account.ts';
import type { Attempt } from './attempt.ts';
import type { RegistrationStateName } from './engine.ts';
import type { Flow } from './flow.ts';
import type { Told } from './news.ts';
import { ORDINARY, Particulars } from './particulars.ts';
import type { QueuePlace, RecordQueue } from './record-queue.ts';
import { type MachineState, machineState, type Urgency } from './states.ts';

/** Who a record tells that it is due. */
export interface RecordHost {
  due(record: Registration, now: number): void;
}

const START = machineState('idle', 'idle');

// What an account's marks hold: five bits, from the sixth on the urgency, another bit, from the ninth on the misses.
const LISTED = 1;
const INITIALIZED = 2;
const SILENCE_SAID = 4;
const LEARNING = 8;
const APPLYING = 16;
const URGENCY_AT = 5;
const URGENCY_BITS = 3 << URGENCY_AT;
const DOUBTFUL = 128;
const MISSES_AT = 8;
const URGENCIES: readonly Urgency[] = ['normal', 'urgent', 'forced'];

/**
 * One account and all that is known about its registration, flat and small: there may be a million. It is its own timer entry and list entry;
 * what only some accounts need stands in objects that the others do not have ({@link Particulars}, {@link QueuePlace}, {@link Attempt}).
 * Times are the clock's monotonic ones, -1 for none, so that no step of the wall clock can move a deadline. They are whole numbers: a
 * fraction would cost each of them an object of its own.
 */
export class Registration extends Timer implements Told {
  readonly host: RecordHost;
  /** Number in this engine's life: part of Call-ID and From tag. */
  readonly serial: number;
  account: Account;
  state: MachineState = START;

  /** Order in which accounts were added. */
  before: Registration | null = null;
  after: Registration | null = null;
  /** The load that saw it last. */
  generation = 0;

  /** Where it waits. */
  place: QueuePlace | null = null;

  attempt: Attempt | null = null;
  /** The way that answered last. */
  home: Flow | null = null;
  /** The way by which the binding is held, null for none. */
  bound: Flow | null = null;
  kept: KeptChallenge | null = null;
  callGeneration = 0;
  cseq = 0;

  /** Seconds that the registrar granted last. */
  granted = 0;
  /** End of the binding, milliseconds. */
  expiresAt = -1;
  /** Deadline of the state, milliseconds. */
  nextAt = -1;
  /** Seconds. */
  loadedAt = -1;
  since = -1;
  attemptedAt = -1;
  succeededAt = -1;

  lastCode = 0;
  lastReason = '';
  roundTrip = -1;
  publicAddress = '';
  /** State that listeners were told last. */
  toldState: RegistrationStateName = 'waiting';

  private marks = 0;
  private particulars = ORDINARY;

  constructor(account: Account, serial: number, host: RecordHost) {
    super();
    this.account = account;
    this.serial = serial;
    this.host = host;
  }

  /** A binding is held and has not run out. */
  get online(): boolean {
    return this.bound !== null;
  }

  /** Seconds that the next REGISTER asks for. */
  get wanted(): number {
    return this.raised > 0 ? this.raised : this.account.expires;
  }

  /** The queue that it waits in. */
  get queue(): RecordQueue | null {
    return this.place === null ? null : this.place.queue;
  }

  override fire(now: number): void {
    this.host.due(this, now);
  }

  // Marks

  /** It stands in the index. */
  get listed(): boolean {
    return this.has(LISTED);
  }

  set listed(value: boolean) {
    this.mark(LISTED, value);
  }

  /** The initial delay is over (Kamailio's flag 16). */
  get initialized(): boolean {
    return this.has(INITIALIZED);
  }

  set initialized(value: boolean) {
    this.mark(INITIALIZED, value);
  }

  /** That a 2xx came without Contacts has been said. */
  get silenceSaid(): boolean {
    return this.has(SILENCE_SAID);
  }

  set silenceSaid(value: boolean) {
    this.mark(SILENCE_SAID, value);
  }

  /** The Contact has just been learned: the same answer does not teach it again. */
  get learning(): boolean {
    return this.has(LEARNING);
  }

  set learning(value: boolean) {
    this.mark(LEARNING, value);
  }

  /** A transition is being carried out. */
  get applying(): boolean {
    return this.has(APPLYING);
  }

  set applying(value: boolean) {
    this.mark(APPLYING, value);
  }

  /** Its requests stay unanswered while the registrar answers others. */
  get doubtful(): boolean {
    return this.has(DOUBTFUL);
  }

  set doubtful(value: boolean) {
    this.mark(DOUBTFUL, value);
  }

  /** How it is to be queued. */
  get urgency(): Urgency {
    return URGENCIES[(this.marks & URGENCY_BITS) >>> URGENCY_AT] ?? 'normal';
  }

  set urgency(urgency: Urgency) {
    this.marks = (this.marks & ~URGENCY_BITS) | (URGENCIES.indexOf(urgency) << URGENCY_AT);
  }

  /** Refreshes in a row whose credentials, sent ahead, were challenged all the same. */
  get misses(): number {
    return this.marks >>> MISSES_AT;
  }

  set misses(count: number) {
    this.marks = (this.marks & ((1 << MISSES_AT) - 1)) | (count << MISSES_AT);
  }

  private has(bit: number): boolean {
    return (this.marks & bit) !== 0;
  }

  private mark(bit: number, value: boolean): void {
    this.marks = value ? this.marks | bit : this.marks & ~bit;
  }

  // Particulars

  get raised(): number {
    return this.particulars.raised;
  }

  set raised(seconds: number) {
    if (seconds === this.raised) return;
    this.own().raised = seconds;
    this.settle();
  }

  get learned(): string {
    return this.particulars.learned;
  }

  set learned(address: string) {
    if (address === this.learned) return;
    this.own().learned = address;
    this.settle();
  }

  get outdated(): string {
    return this.particulars.outdated;
  }

  set outdated(uri: string) {
    if (uri === this.outdated) return;
    this.own().outdated = uri;
    this.settle();
  }

  get failures(): number {
    return this.particulars.failures;
  }

  set failures(count: number) {
    if (count === this.failures) return;
    this.own().failures = count;
    this.settle();
  }

  get toldCode(): number {
    return this.particulars.toldCode;
  }

  set toldCode(status: number) {
    if (status === this.toldCode) return;
    this.own().toldCode = status;
    this.settle();
  }

  get serviceRoute(): readonly string[] {
    return this.particulars.serviceRoute;
  }

  set serviceRoute(routes: readonly string[]) {
    if (routes === this.serviceRoute) return;
    this.own().serviceRoute = routes;
    this.settle();
  }

  /** Its particulars, to be written to. */
  private own(): Particulars {
    if (this.particulars === ORDINARY) this.particulars = new Particulars();
    return this.particulars;
  }

  /** An account without particulars again. */
  private settle(): void {
    if (this.particulars.isOrdinary) this.particulars = ORDINARY;
  }
}
