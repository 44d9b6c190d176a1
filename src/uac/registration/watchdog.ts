import { CallbackTimer } from '../../time/callback-timer.ts';
import type { AccountIndex } from './account-index.ts';
import type { Registration } from './registration.ts';
import type { Runner } from './runner.ts';
import { isLive, isOutstanding } from './states.ts';

/** Accounts looked at in one turn of the event loop. */
const SLICE = 2000;
/** Milliseconds that one turn's delivery of a timer may take on a busy machine; less late is not late. */
const LATE = 30_000;

/**
 * Looks after what must never happen: an account that lives and that nothing would move again, because its timer or the report of its
 * transaction was lost. It is told, and set going.
 */
export class Watchdog {
  private readonly runner: Runner;
  private readonly index: AccountIndex;
  private readonly timer = new CallbackTimer(() => this.turn());
  private at: Registration | null = null;
  private walking = false;
  private repaired = 0;

  constructor(runner: Runner, index: AccountIndex) {
    this.runner = runner;
    this.index = index;
    this.rest();
  }

  /** Accounts that had to be set going since the start: a healthy engine has 0. */
  get repairs(): number {
    return this.repaired;
  }

  /**
   * Looks at every account now.
   * @returns the uuids of those that had to be set going
   */
  check(): string[] {
    const stuck: string[] = [];
    for (const record of this.index.walk()) if (this.look(record)) stuck.push(record.account.uuid);
    return stuck;
  }

  stop(): void {
    this.runner.wheel.stop(this.timer);
  }

  private turn(): void {
    if (!this.walking) {
      this.walking = true;
      this.at = this.index.first;
      this.runner.paces.sweep(this.runner.now);
      this.runner.paces.pumpAll();
    }
    for (let i = 0; i < SLICE && this.at !== null; i++) {
      const record = this.at;
      this.at = record.after;
      if (record.listed) this.look(record);
    }
    if (this.at === null) {
      this.walking = false;
      this.rest();
    } else this.runner.wheel.start(this.timer, 0);
  }

  private rest(): void {
    this.runner.wheel.start(this.timer, this.runner.config.watchMs);
  }

  /** @returns true when the account had to be set going */
  private look(record: Registration): boolean {
    if (!isLive(record.state)) return false;
    const { attempt } = record;
    const moving = record.armed && record.due > this.runner.now - LATE && record.nextAt >= 0;
    const outstanding = isOutstanding(record.state);
    // Out, but not with a transaction, nor waiting for the rate.
    const lost = outstanding && (attempt === null || (attempt.client === null && record.queue === null));
    const dead = attempt?.client?.isPending === false && outstanding;
    if (moving && !lost && !dead) return false;
    this.repaired++;
    const { log } = this.runner.config;
    log(
      'error',
      'UAC_REG_STUCK',
      `${this.runner.nameOf(record)}: ${record.state.name} without an end; set going again`,
    );
    this.runner.repair(record);
    return true;
  }
}
