import { CallbackTimer } from '../../time/callback-timer.ts';
import type { AccountIndex } from './account-index.ts';
import type { Flow } from './flow.ts';
import type { Registration } from './registration.ts';
import type { Runner } from './runner.ts';

/** Accounts looked at in one turn of the event loop. */
const SLICE = 2000;

/**
 * Has those register again whose flow was lost (RFC 5626 §4.4.1): at once, through the pace of the registrar. A registrar that cannot be
 * reached any more is a failure like every other, with its pauses.
 */
export class FlowRecovery {
  private readonly runner: Runner;
  private readonly index: AccountIndex;
  private readonly timer = new CallbackTimer(() => this.turn());
  /** Flows with the time (clock, ms) before which bindings were made by what is lost: those of the walk under way, and of the next. */
  private walked: ReadonlyMap<Flow, number> = new Map();
  private next = new Map<Flow, number>();
  private at: Registration | null = null;

  constructor(runner: Runner, index: AccountIndex) {
    this.runner = runner;
    this.index = index;
  }

  /** A flow is dead. @param at bindings made later than this are good (clock, ms) */
  begin(flow: Flow, at: number): void {
    this.next.set(flow, at);
    if (!this.timer.armed) this.runner.wheel.start(this.timer, 0);
  }

  stop(): void {
    this.runner.wheel.stop(this.timer);
  }

  private turn(): void {
    if (this.at === null) {
      this.walked = this.next;
      this.next = new Map();
      this.at = this.index.first;
    }
    for (let i = 0; i < SLICE && this.at !== null; i++) {
      const record = this.at;
      this.at = record.after;
      const { bound } = record;
      // Those who wait for a refresh: the others have an attempt under way, or a pause after a failure.
      if (!record.listed || bound === null || record.state.name !== 'registered') continue;
      const until = this.walked.get(bound);
      if (until !== undefined && record.expiresAt - record.granted * 1000 < until)
        this.runner.apply(record, { type: 'due' });
    }
    if (this.at !== null || this.next.size > 0) this.runner.wheel.start(this.timer, 0);
    else this.walked = new Map();
  }
}
