import type { Clock } from './clock.ts';
import { HashedTimerWheel } from './hashed-timer-wheel.ts';

/** What a fake clock drives: a {@link HashedTimerWheel} made with `manual: true`. */
export interface Driven {
  /** Clock time in ms of its next work, `Infinity` for none. */
  nextTickAt(): number;
  /** Does everything due at `now`. */
  advanceTo(now: number): void;
}

/** A clock that stands still until it is moved. Wheels attached to it fire exactly when they are due, in order. */
export class FakeClock implements Clock {
  private time: number;
  private readonly wallOffset: number;
  private readonly driven: Driven[] = [];

  /**
   * @param start first monotonic time in ms
   * @param wall wall-clock time in ms at that moment
   */
  constructor(start = 0, wall = Date.UTC(2030, 0, 1)) {
    this.time = start;
    this.wallOffset = wall - start;
  }

  now(): number {
    return this.time;
  }

  wall(): number {
    return this.time + this.wallOffset;
  }

  /** Lets this clock drive a wheel. */
  attach(driven: Driven): void {
    this.driven.push(driven);
  }

  /** Moves time forward, stopping at every tick that has work, so that each timer sees its own time. */
  advance(ms: number): void {
    const end = this.time + ms;
    for (;;) {
      let next: Driven | undefined;
      let at = Number.POSITIVE_INFINITY;
      for (const driven of this.driven) {
        const tickAt = driven.nextTickAt();
        if (tickAt < at) {
          at = tickAt;
          next = driven;
        }
      }
      if (next === undefined || at > end) break;
      this.time = Math.max(this.time, at);
      next.advanceTo(this.time);
    }
    this.time = end;
    for (const driven of this.driven) driven.advanceTo(end);
  }

  /** Moves time forward without running anything, as a stalled event loop does; timers fire at the next {@link advance}, all late. */
  stall(ms: number): void {
    this.time += ms;
  }
}

/** A fake clock with a wheel that it drives, for tests of anything that waits. */
export function fakeTime(start = 0): { readonly clock: FakeClock; readonly wheel: HashedTimerWheel } {
  const clock = new FakeClock(start);
  const wheel = new HashedTimerWheel({
    clock,
    manual: true,
    onError: (error) => {
      throw error;
    },
  });
  clock.attach(wheel);
  return { clock, wheel };
}
