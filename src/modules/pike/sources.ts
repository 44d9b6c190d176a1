/** What is kept of one source. */
export interface Source {
  /** Requests of the unit before, and of this one. */
  previous: number;
  current: number;
  blocked: boolean;
  /** True in the unit in which it was first seen. */
  fresh: boolean;
  /** Clock time at which it is forgotten, in ms. */
  due: number;
}

/** Limits of a counter of sources. */
export interface SourceLimits {
  /** Requests of one unit that are let through. */
  readonly density: number;
  /** Milliseconds for which a source is kept after its last request. */
  readonly latency: number;
  /** Sources kept at once. */
  readonly most: number;
}

/** Times the density that a source may send in the unit in which it is first seen: as much as the original lets through at most. */
const FIRST = 3;

/** How hot a source is: HOT is blocked, WARM has used a quarter of what it may. */
export type Heat = 'HOT' | 'WARM' | '';

/** Sources passed over when room has to be made: those that are blocked stay. */
const TRIES = 16;

/**
 * Requests counted by source address, in units of time. A source that sends more than it may is blocked until a whole unit went by in which
 * it did not. Memory is bounded: when it is full, the source that was seen first gives way, unless it is blocked.
 */
export class Sources {
  private readonly limits: SourceLimits;
  private readonly map = new Map<string, Source>();

  constructor(limits: SourceLimits) {
    this.limits = limits;
  }

  get size(): number {
    return this.map.size;
  }

  /** Counts a request. @returns 1 when it may pass, -2 when its source is blocked from now on, -1 when it was already */
  hit(address: string, now: number): 1 | -1 | -2 {
    const { density, latency } = this.limits;
    let source = this.map.get(address);
    if (source === undefined) {
      this.makeRoom();
      source = { previous: 0, current: 0, blocked: false, fresh: true, due: 0 };
      // Text of a message is a view into the whole of it: the key must not keep that.
      this.map.set(` ${address}`.slice(1), source);
    }
    source.current++;
    source.due = now + latency;
    if (source.blocked) return -1;
    // The unit in which a source is met for the first time lets more through, as the original's tree does while it learns an address.
    if (source.current <= (source.fresh ? density * FIRST : density)) return 1;
    source.blocked = true;
    return -2;
  }

  /** A unit has ended. @returns sources that are no longer blocked */
  tick(now: number): string[] {
    const freed: string[] = [];
    for (const [address, source] of this.map) {
      if (source.blocked && source.current <= this.limits.density) {
        source.blocked = false;
        freed.push(address);
      }
      source.previous = source.current;
      source.fresh = false;
      source.current = 0;
      if (source.due <= now && !source.blocked) this.map.delete(address);
    }
    return freed;
  }

  heat(source: Source): Heat {
    if (source.blocked) return 'HOT';
    return Math.max(source.current, source.previous) * 4 >= this.limits.density ? 'WARM' : '';
  }

  /** Every source, the busiest first. */
  list(): readonly (readonly [address: string, source: Source])[] {
    return [...this.map].sort(([, a], [, b]) => b.previous + b.current - (a.previous + a.current));
  }

  private makeRoom(): void {
    for (let tries = 0; this.map.size >= this.limits.most; tries++) {
      const [oldest] = this.map;
      if (oldest === undefined) return;
      const [address, source] = oldest;
      this.map.delete(address);
      if (source.blocked && tries < TRIES) this.map.set(address, source);
    }
  }
}
