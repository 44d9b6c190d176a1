import type { Clock } from './clock.ts';

/**
 * Something that can be due. Implementors embed it (a transaction is its own timer entry): starting a timer allocates nothing.
 * The wheel owns the fields; others only read {@link Timer.armed}.
 */
export abstract class Timer {
  /** Internal links and slot of the wheel. */
  next: Timer | null = null;
  prev: Timer | null = null;
  slot = -1;
  /** Clock time in whole ms at which it is due; meaningless when not armed. */
  due = 0;
  /** Called once when due; may start the timer again. */
  abstract fire(now: number): void;
  get armed(): boolean {
    return this.slot >= 0;
  }
}

/** The one wheel that runs every SIP timer. */
export interface TimerWheel {
  readonly clock: Clock;
  /** Starts (or restarts) a timer `delay` milliseconds from now; 0 or less: at the next tick. */
  start(timer: Timer, delay: number): void;
  /** Stops it; harmless when it is not running. */
  stop(timer: Timer): void;
  /** Timers running now. */
  readonly size: number;
}
