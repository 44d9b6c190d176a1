import type { Clock } from './clock.ts';
import { Timer, type TimerWheel } from './timer-wheel.ts';

/** Slots of one level; a power of two, so that a tick's slot is its low bits. */
const SLOTS = 256;
const MASK = SLOTS - 1;
/** Ticks in one slot of level 1, and in one slot of level 2. */
const LEVEL1 = SLOTS;
const LEVEL2 = SLOTS * SLOTS;
/** First slot number of each level; one more slot holds what is further away than level 2 reaches. */
const BASE1 = SLOTS;
const BASE2 = 2 * SLOTS;
const FAR = 3 * SLOTS;
/** Pseudo slot of the timers that are being fired: they can still be stopped. */
const FIRING = FAR + 1;
const WORDS = SLOTS / 32;

/** Milliseconds too late from which the process is known to have stood still, and the turns of the event loop given to its sockets then. */
const PAUSE = 100;
const TURNS = 4;

/** Head of a circular list; never fires. */
class ListHead extends Timer {
  constructor() {
    super();
    this.next = this;
    this.prev = this;
  }
  override fire(): void {}
}

/** Settings of a {@link HashedTimerWheel}. */
export interface TimerWheelOptions {
  readonly clock: Clock;
  /** Milliseconds of one tick: how late a timer may fire. Default 10. */
  readonly tick?: number;
  /** True when somebody else calls {@link HashedTimerWheel.advanceTo} (tests with a fake clock); no real timer is used then. */
  readonly manual?: boolean;
  /** Told what a timer threw; the other timers go on. Without it the error is thrown outside the wheel (uncaughtException). */
  readonly onError?: (error: unknown) => void;
}

/**
 * A hierarchical timer wheel (Varghese & Lauck 1987, scheme 7): 10 ms slots for the current 2.56 s, 2.56 s slots for the
 * current 11 minutes, 11-minute slots for 46 hours, one list for the rest. Starting and stopping are O(1) and allocate nothing:
 * a timer is its own list node.
 *
 * Guarantees: a timer never fires early, and fires at the first tick at or after its time; timers fire in the order of their
 * ticks, those of one tick in the order they were started. A timer goes to a level only when its time lies in that level's
 * current round, so that older entries always move down before younger ones join them; this is what keeps that order.
 * After a stall of the event loop everything due is fired, in order, once.
 *
 * At most one `setTimeout` exists, for the next slot that holds something; it does not keep the process alive.
 */
export class HashedTimerWheel implements TimerWheel {
  readonly clock: Clock;
  private readonly tickMs: number;
  private readonly manual: boolean;
  private readonly onError: (error: unknown) => void;
  private readonly heads: ListHead[] = [];
  /** One bit per non-empty slot of each level, to find the next one without walking the empty ones. */
  private readonly used = new Int32Array(3 * WORDS);
  /** Last tick that was fired. */
  private current: number;
  private count = 0;
  private advancing = false;
  private wake: ReturnType<typeof setTimeout> | undefined = undefined;
  private wakeTick = Number.POSITIVE_INFINITY;
  private deferred = 0;
  private readonly onWake = (): void => {
    this.wake = undefined;
    // After a pause of the whole process what has arrived meanwhile is read first, or answered requests would be sent again.
    if (this.clock.now() - this.wakeTick * this.tickMs > PAUSE && this.deferred < TURNS) {
      this.deferred++;
      setImmediate(this.onWake);
      return;
    }
    this.deferred = 0;
    this.wakeTick = Number.POSITIVE_INFINITY;
    this.advanceTo(this.clock.now());
  };

  constructor(options: TimerWheelOptions) {
    this.clock = options.clock;
    this.tickMs = options.tick ?? 10;
    this.manual = options.manual ?? false;
    this.onError = options.onError ?? throwLater;
    for (let i = 0; i <= FIRING; i++) this.heads.push(new ListHead());
    this.current = Math.floor(this.clock.now() / this.tickMs);
  }

  /** Timers running now. */
  get size(): number {
    return this.count;
  }

  /**
   * Starts (or restarts) a timer.
   * @param timer it must not belong to another wheel
   * @param delay milliseconds from now; 0, less, or not a number: at the next tick
   */
  start(timer: Timer, delay: number): void {
    if (timer.slot >= 0) this.unlink(timer);
    const now = this.clock.now();
    // An idle wheel is not advanced, so it catches up here; otherwise the first timer after a pause would land in an old round.
    if (this.count === 0 && !this.advancing) this.current = Math.max(this.current, Math.floor(now / this.tickMs));
    timer.due = Math.ceil(delay > 0 ? now + delay : now);
    const tick = this.tickOf(timer);
    this.place(timer, tick);
    this.count++;
    if (tick < this.wakeTick && !this.manual && !this.advancing) this.sleepUntil(this.nextTick());
  }

  /** Stops a timer; harmless when it is not running. */
  stop(timer: Timer): void {
    if (timer.slot >= 0) this.unlink(timer);
  }

  /**
   * Clock time in ms at which the wheel next has something to do, `Infinity` when nothing is armed. It may have only timers to
   * sort into finer slots then.
   */
  nextTickAt(): number {
    return this.nextTick() * this.tickMs;
  }

  /**
   * Fires everything that is due at `now`. Called by the wheel's own timer, or by the owner of a fake clock.
   * A call from inside a firing timer is ignored: the outer one goes on.
   * @param now clock time in ms
   */
  advanceTo(now: number): void {
    if (this.advancing) return;
    this.advancing = true;
    try {
      const target = Math.floor(now / this.tickMs);
      while (this.current < target) {
        const next = this.nextTick();
        if (next > target) {
          this.current = target;
          break;
        }
        this.current = next;
        this.moveDown(next);
        this.fireSlot(next & MASK, now);
      }
    } finally {
      this.advancing = false;
    }
    if (!this.manual) this.sleepUntil(this.nextTick());
  }

  /** Forgets all timers and releases the real one. The wheel can be used again. */
  clear(): void {
    for (const head of this.heads) {
      while (head.next !== head) this.stop(head.next as Timer);
    }
    this.sleepUntil(Number.POSITIVE_INFINITY);
  }

  /** First tick at or after the timer's time, but never one that has passed. */
  private tickOf(timer: Timer): number {
    const tick = Math.ceil(timer.due / this.tickMs);
    return tick > this.current ? tick : this.current + 1;
  }

  private place(timer: Timer, tick: number): void {
    const { current } = this;
    let slot: number;
    if (Math.floor(tick / LEVEL1) === Math.floor(current / LEVEL1)) slot = tick & MASK;
    else if (Math.floor(tick / LEVEL2) === Math.floor(current / LEVEL2))
      slot = BASE1 + (Math.floor(tick / LEVEL1) & MASK);
    else if (Math.floor(tick / (LEVEL2 * SLOTS)) === Math.floor(current / (LEVEL2 * SLOTS)))
      slot = BASE2 + (Math.floor(tick / LEVEL2) & MASK);
    else slot = FAR;
    this.append(timer, slot);
    if (slot < FAR) this.used[slot >> 5]! |= 1 << (slot & 31);
  }

  private append(timer: Timer, slot: number): void {
    const head = this.heads[slot]!;
    const last = head.prev!;
    timer.slot = slot;
    timer.prev = last;
    timer.next = head;
    last.next = timer;
    head.prev = timer;
  }

  private unlink(timer: Timer): void {
    const { next, prev, slot } = timer;
    prev!.next = next;
    next!.prev = prev;
    timer.next = null;
    timer.prev = null;
    timer.slot = -1;
    this.count--;
    // Only the head is left when both neighbours are the same node.
    if (next === prev && slot < FAR) this.used[slot >> 5]! &= ~(1 << (slot & 31));
  }

  /** At the first tick of a round the coarser slot that covers it is spread over the finer ones, coarsest first. */
  private moveDown(tick: number): void {
    if (tick % LEVEL1 !== 0) return;
    if (tick % LEVEL2 === 0) {
      if (tick % (LEVEL2 * SLOTS) === 0) this.spread(FAR);
      this.spread(BASE2 + (Math.floor(tick / LEVEL2) & MASK));
    }
    this.spread(BASE1 + (Math.floor(tick / LEVEL1) & MASK));
  }

  private spread(slot: number): void {
    const head = this.heads[slot]!;
    let timer = head.next!;
    if (timer === head) return;
    head.next = head;
    head.prev = head;
    if (slot < FAR) this.used[slot >> 5]! &= ~(1 << (slot & 31));
    while (timer !== head) {
      const following = timer.next!;
      // Not tickOf(): a timer of this very tick must land in the slot that is fired next.
      this.place(timer, Math.max(Math.ceil(timer.due / this.tickMs), this.current));
      timer = following;
    }
  }

  private fireSlot(slot: number, now: number): void {
    const head = this.heads[slot]!;
    if (head.next === head) return;
    // The list moves to a place of its own, so that a timer started meanwhile cannot join it and one in it can be stopped.
    const firing = this.heads[FIRING]!;
    this.used[slot >> 5]! &= ~(1 << (slot & 31));
    const first = head.next!;
    const last = head.prev!;
    firing.next = first;
    firing.prev = last;
    first.prev = firing;
    last.next = firing;
    head.next = head;
    head.prev = head;
    for (let timer = first; timer !== firing; timer = timer.next!) timer.slot = FIRING;
    for (let timer = firing.next!; timer !== firing; timer = firing.next!) {
      this.unlink(timer);
      try {
        timer.fire(now);
      } catch (error) {
        this.onError(error);
      }
    }
  }

  /** The next tick at which there is something to fire or to move down, `Infinity` when the wheel is empty. */
  private nextTick(): number {
    if (this.count === 0) return Number.POSITIVE_INFINITY;
    const { current } = this;
    const slot0 = this.nextUsed(0, current & MASK);
    if (slot0 >= 0) return current - (current & MASK) + slot0;
    const round1 = Math.floor(current / LEVEL1);
    const slot1 = this.nextUsed(1, round1 & MASK);
    if (slot1 >= 0) return (round1 - (round1 & MASK) + slot1) * LEVEL1;
    const round2 = Math.floor(current / LEVEL2);
    const slot2 = this.nextUsed(2, round2 & MASK);
    if (slot2 >= 0) return (round2 - (round2 & MASK) + slot2) * LEVEL2;
    return (Math.floor(current / (LEVEL2 * SLOTS)) + 1) * LEVEL2 * SLOTS;
  }

  /** First used slot of a level after `slot` in this round, -1 when there is none. */
  private nextUsed(level: number, slot: number): number {
    const from = slot + 1;
    if (from > MASK) return -1;
    let word = from >> 5;
    let bits = this.used[level * WORDS + word]! & (-1 << (from & 31));
    while (bits === 0) {
      if (++word === WORDS) return -1;
      bits = this.used[level * WORDS + word]!;
    }
    return word * 32 + 31 - Math.clz32(bits & -bits);
  }

  private sleepUntil(tick: number): void {
    if (tick === this.wakeTick) return;
    if (this.wake !== undefined) clearTimeout(this.wake);
    this.wake = undefined;
    this.wakeTick = tick;
    if (tick === Number.POSITIVE_INFINITY) return;
    // setTimeout takes at most 2^31-1 ms; waking early only means sleeping again.
    const delay = Math.min(Math.max(1, Math.ceil(tick * this.tickMs - this.clock.now())), 0x7fff_ffff);
    this.wake = setTimeout(this.onWake, delay);
    this.wake.unref();
  }
}

function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
