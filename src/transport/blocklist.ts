import type { Clock } from '../time/clock.ts';
import type { Proto } from './transport.ts';

/** What a block list knows a destination by. */
export interface BlockedTarget {
  readonly proto: Proto;
  readonly ip: string;
  readonly port: number;
}

/** Most entries kept; the oldest give way. */
const MAX_ENTRIES = 10_000;

/** Destinations that failed a short while ago, so that others are tried first (RFC 3263 §4.3; Kamailio's dst_blocklist). */
export class Blocklist {
  private readonly clock: Clock;
  private readonly time: number;
  private readonly until = new Map<string, number>();

  /** @param time milliseconds for which a destination is avoided (dst_blocklist_expire) */
  constructor(clock: Clock, time: number) {
    this.clock = clock;
    this.time = time;
  }

  /** True when nothing was ever denied: the usual case, which costs no key. */
  get isEmpty(): boolean {
    return this.until.size === 0;
  }

  deny(target: BlockedTarget, time = this.time): void {
    const key = keyOf(target);
    this.until.delete(key);
    if (time <= 0) return;
    this.until.set(key, this.clock.now() + time);
    if (this.until.size > MAX_ENTRIES) {
      const oldest = this.until.keys().next();
      if (oldest.done !== true) this.until.delete(oldest.value);
    }
  }

  /** It works again. */
  allow(target: BlockedTarget): void {
    if (this.until.size > 0) this.until.delete(keyOf(target));
  }

  has(target: BlockedTarget): boolean {
    if (this.until.size === 0) return false;
    const key = keyOf(target);
    const until = this.until.get(key);
    if (until === undefined) return false;
    if (until > this.clock.now()) return true;
    this.until.delete(key);
    return false;
  }

  /** The targets that are not denied; all of them when every one is: trying a bad one is better than trying none. */
  prefer<T extends BlockedTarget>(targets: readonly T[]): readonly T[] {
    if (this.until.size === 0 || targets.length < 2) return targets;
    const good = targets.filter((target) => !this.has(target));
    return good.length === 0 ? targets : good;
  }

  /** "udp 192.0.2.1 5060" and milliseconds left, for operators. */
  entries(): { readonly target: string; readonly left: number }[] {
    const now = this.clock.now();
    return Array.from(this.until, ([target, until]) => ({ target, left: until - now })).filter(({ left }) => left > 0);
  }

  clear(): void {
    this.until.clear();
  }
}

function keyOf({ proto, ip, port }: BlockedTarget): string {
  return `${proto} ${ip} ${port}`;
}
