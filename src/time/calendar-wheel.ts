import { Timer, type TimerWheel } from './timer-wheel.ts';

/** A power of two, so that a tick's slot is its low bits. */
const SLOTS = 16_384;
const MASK = SLOTS - 1;
/** Milliseconds of one slot: how late a timer may fire. All slots together reach 68 minutes. */
const TICK = 250;
/** Timers fired before the event loop gets its turn. */
const BATCH = 1000;

/**
 * A timer wheel for very many timers that run for minutes or hours, such as one for each registration: one level of 250 ms slots. No list
 * is ever spread over finer slots, which with a million timers would hold up the event loop; a time beyond the last slot is
 * looked at again when that slot comes. Of many due timers a thousand fire in one turn. Starting and stopping are O(1) and
 * allocate nothing. It lives on one timer of another wheel.
 *
 * A timer never fires early; timers of one slot fire in no particular order.
 */
export class CalendarWheel extends Timer implements TimerWheel {
  readonly clock: TimerWheel['clock'];
  private readonly wheel: TimerWheel;
  private readonly onError: (error: unknown) => void;
  private readonly heads: (Timer | null)[] = new Array<Timer | null>(SLOTS).fill(null);
  /** Last tick whose slot was emptied. */
  private cursor: number;
  private wakeTick = Number.POSITIVE_INFINITY;
  private count = 0;
  private firing = false;

  /**
   * @param wheel the wheel that it lives on
   * @param onError told what a timer threw; the other timers go on
   */
  constructor(wheel: TimerWheel, onError: (error: unknown) => void) {
    super();
    this.wheel = wheel;
    this.clock = wheel.clock;
    this.onError = onError;
    this.cursor = Math.floor(this.clock.now() / TICK);
  }

  get size(): number {
    return this.count;
  }

  /** Starts (or restarts) a timer `delay` milliseconds from now; 0 or less: at the next tick. */
  start(timer: Timer, delay: number): void {
    if (timer.slot >= 0) this.unlink(timer);
    const now = this.clock.now();
    // An empty calendar is not advanced.
    if (this.count === 0) this.cursor = Math.max(this.cursor, Math.floor(now / TICK));
    // A whole number is kept in the timer itself, a fraction in an object of its own.
    timer.due = Math.ceil(delay > 0 ? now + delay : now);
    const tick = this.place(timer);
    this.count++;
    if (tick < this.wakeTick && !this.firing) this.sleepUntil(tick);
  }

  /** Stops a timer; harmless when it is not running. */
  stop(timer: Timer): void {
    if (timer.slot >= 0) this.unlink(timer);
  }

  /** Fires what is due; called by the wheel it lives on. */
  override fire(now: number): void {
    this.wakeTick = Number.POSITIVE_INFINITY;
    const target = Math.floor(now / TICK);
    // After a stall longer than a round every slot is looked at once, not more often.
    if (target - this.cursor > SLOTS) this.cursor = target - SLOTS;
    this.firing = true;
    this.fireUntil(target, now);
    this.firing = false;
    this.sleepUntil(this.nextUsed());
  }

  private fireUntil(target: number, now: number): void {
    let left = BATCH;
    while (this.cursor < target) {
      const slot = (this.cursor + 1) & MASK;
      for (let timer = this.heads[slot]!; timer !== null; timer = this.heads[slot]!) {
        if (left-- === 0) return;
        this.unlink(timer);
        this.fireOne(timer, now);
      }
      this.cursor++;
    }
  }

  /** Stops everything. */
  clear(): void {
    for (let slot = 0; slot < SLOTS; slot++) {
      for (let timer = this.heads[slot]!; timer !== null; timer = this.heads[slot]!) this.unlink(timer);
    }
    this.sleepUntil(Number.POSITIVE_INFINITY);
  }

  private fireOne(timer: Timer, now: number): void {
    if (timer.due > now) {
      // Beyond the horizon when it was started.
      this.place(timer);
      this.count++;
      return;
    }
    try {
      timer.fire(now);
    } catch (error) {
      this.onError(error);
    }
  }

  private place(timer: Timer): number {
    // Nothing may join the slot that is being emptied.
    const first = this.cursor + (this.firing ? 2 : 1);
    const tick = Math.min(Math.max(Math.ceil(timer.due / TICK), first), this.cursor + SLOTS - 1);
    const slot = tick & MASK;
    const head = this.heads[slot]!;
    timer.slot = slot;
    timer.prev = null;
    timer.next = head;
    if (head !== null) head.prev = timer;
    this.heads[slot] = timer;
    return tick;
  }

  private unlink(timer: Timer): void {
    const { next, prev, slot } = timer;
    if (prev === null) this.heads[slot] = next;
    else prev.next = next;
    if (next !== null) next.prev = prev;
    timer.next = null;
    timer.prev = null;
    timer.slot = -1;
    this.count--;
  }

  private nextUsed(): number {
    if (this.count === 0) return Number.POSITIVE_INFINITY;
    for (let tick = this.cursor + 1; tick <= this.cursor + SLOTS; tick++)
      if (this.heads[tick & MASK] !== null) return tick;
    return Number.POSITIVE_INFINITY;
  }

  private sleepUntil(tick: number): void {
    this.wakeTick = tick;
    if (tick === Number.POSITIVE_INFINITY) this.wheel.stop(this);
    else this.wheel.start(this, tick * TICK - this.clock.now());
  }
}
