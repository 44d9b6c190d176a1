import type { KeptChallenge } from '../../digest/kept-challenge.ts';
import { Timer } from '../../time/timer-wheel.ts';
import type { Account } from './account.ts';
import type { Attempt } from './attempt.ts';
import type { RegistrationStateName } from './engine.ts';
import type { Flow } from './flow.ts';
import type { Told } from './news.ts';
import type { RecordQueue } from './record-queue.ts';
import { type MachineState, machineState, type Urgency } from './states.ts';

/** Who a record tells that it is due. */
export interface RecordHost {
  due(record: Registration, now: number): void;
}

const NOTHING: readonly string[] = [];
const START = machineState('idle', 'idle');

/**
 * One account and all that is known about its registration, flat: there may be a million. It is its own timer entry, queue entry and list entry.
 * Times are the clock's monotonic ones, -1 for none, so that no step of the wall clock can move a deadline.
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
  listed = false;

  queue: RecordQueue | null = null;
  queueNext: Registration | null = null;
  queuePrev: Registration | null = null;
  urgency: Urgency = 'normal';

  attempt: Attempt | null = null;
  /** The way that answered last. */
  home: Flow | null = null;
  /** The way by which the binding is held, null for none. */
  bound: Flow | null = null;
  kept: KeptChallenge | null = null;
  /** Refreshes in a row whose credentials, sent ahead, were challenged all the same. */
  misses = 0;
  callGeneration = 0;
  cseq = 0;

  /** Seconds to ask for after a 423, 0 for the row's. */
  raised = 0;
  /** Contact address as the registrar sees us (learnContact), empty for the configured one. */
  learned = '';
  /** Contact URI that is to be removed with the next REGISTER, empty for none. */
  outdated = '';
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
  failures = 0;
  roundTrip = -1;
  publicAddress = '';
  serviceRoute: readonly string[] = NOTHING;
  /** State and status that listeners were told last. */
  toldState: RegistrationStateName = 'waiting';
  toldCode = 0;
  /** The initial delay is over (Kamailio's flag 16). */
  initialized = false;
  /** That a 2xx came without Contacts has been said. */
  silenceSaid = false;
  /** The Contact has just been learned: the same answer does not teach it again. */
  learning = false;
  /** A transition is being carried out. */
  applying = false;

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

  override fire(now: number): void {
    this.host.due(this, now);
  }
}
