import type { Clock } from '../time/clock.ts';
import { networkOf, sourceOf } from './network.ts';

/** How much guessing is borne. */
export interface GuardLimits {
  /** Wrong credentials from one source within the window; 0 for any number. */
  readonly perSource: number;
  /** Wrong credentials for one user within the window, wherever they come from; 0 for any number. */
  readonly perUser: number;
  readonly windowMs: number;
  readonly banMs: number;
}

export type BanKind = 'source' | 'user';

/** One that is refused for a while. */
export interface Ban {
  readonly kind: BanKind;
  /** An IPv4 address, the /64 of an IPv6 one, or user@realm. */
  readonly key: string;
  /** Milliseconds that it lasts still. */
  readonly leftMs: number;
  /** Attempts refused since. */
  readonly refused: number;
}

/** Failures within a window, which begins with the first of them. Times are monotonic ms. */
interface Failures {
  failures: number;
  windowStart: number;
}

interface Entry extends Failures {
  /** 0 for none. */
  bannedUntil: number;
  refused: number;
}

/** Sources and users whose failures are counted; the oldest give way, banned ones last. */
const CAPACITY = 20_000;

/**
 * Counts wrong credentials by source and by user, and refuses who has too many.
 *
 * A user's ban must not lock out the user: it leaves out the sources from which the right password came before, as long as these do not
 * guess themselves; and it lets every network try once that has not failed yet, so that a phone at a new address gets in, while who
 * guesses needs another network for each guess.
 */
export class Guard {
  readonly limits: GuardLimits;
  private readonly clock: Pick<Clock, 'now'>;
  private readonly entries = { source: new Map<string, Entry>(), user: new Map<string, Entry>() };
  /** Sources and users that belong together, with their failures since. */
  private readonly known = new Map<string, Failures>();
  /** Networks and users: when they failed last. */
  private readonly tried = new Map<string, number>();

  constructor(limits: GuardLimits, clock: Pick<Clock, 'now'>) {
    this.limits = limits;
    this.clock = clock;
  }

  get active(): boolean {
    return this.limits.perSource > 0 || this.limits.perUser > 0;
  }

  /** Whether an attempt is refused unseen. @param user user@realm */
  refuses(source: string, user: string): boolean {
    if (!this.active) return false;
    const now = this.clock.now();
    const from = this.entries.source.get(sourceOf(source));
    if (from !== undefined && from.bannedUntil > now) {
      from.refused++;
      return true;
    }
    const about = this.entries.user.get(user);
    if (about === undefined || about.bannedUntil <= now || this.isSpared(source, user, now)) return false;
    const { windowMs, banMs } = this.limits;
    const failed = this.tried.get(pair(networkOf(source), user));
    // Failures that led to the ban count, too.
    if (failed === undefined || failed < about.bannedUntil - banMs - windowMs) return false;
    about.refused++;
    return true;
  }

  /** Whether a source is banned, without counting. */
  isBanned(source: string): boolean {
    return (this.entries.source.get(sourceOf(source))?.bannedUntil ?? 0) > this.clock.now();
  }

  /** Wrong credentials. @returns what has just been banned */
  failed(source: string, user: string): readonly BanKind[] {
    const { perSource, perUser } = this.limits;
    const banned: BanKind[] = [];
    if (this.count('source', sourceOf(source), perSource)) banned.push('source');
    if (perUser <= 0) return banned;
    const now = this.clock.now();
    const known = this.known.get(pair(sourceOf(source), user));
    if (known !== undefined && this.isSpared(source, user, now)) {
      this.add(known, now);
      return banned;
    }
    remember(this.tried, pair(networkOf(source), user), now);
    if (this.count('user', user, perUser)) banned.push('user');
    return banned;
  }

  /** Right credentials: this source may go on as this user. */
  succeeded(source: string, user: string): void {
    if (this.limits.perUser <= 0) return;
    const key = pair(sourceOf(source), user);
    // Its failures stay: behind one address there may be a phone and who guesses its password.
    remember(this.known, key, this.known.get(key) ?? { failures: 0, windowStart: this.clock.now() });
  }

  /** Who is banned now. */
  bans(): readonly Ban[] {
    const now = this.clock.now();
    const list: Ban[] = [];
    for (const kind of ['source', 'user'] as const) {
      for (const [key, { bannedUntil, refused }] of this.entries[kind]) {
        if (bannedUntil > now) list.push({ kind, key, leftMs: bannedUntil - now, refused });
      }
    }
    return list;
  }

  /** Ends the bans of an address, a network as {@link bans} gives it, or a user@realm. @returns how many there were */
  lift(key: string): number {
    const source = this.entries.source.has(key) ? key : sourceOf(key);
    const before = this.bans().filter((ban) => ban.key === (ban.kind === 'source' ? source : key)).length;
    this.entries.source.delete(source);
    this.entries.user.delete(key);
    return before;
  }

  /** Ends all of them. @returns how many there were */
  liftAll(): number {
    const count = this.bans().length;
    this.entries.source.clear();
    this.entries.user.clear();
    return count;
  }

  private isSpared(source: string, user: string, now: number): boolean {
    const known = this.known.get(pair(sourceOf(source), user));
    if (known === undefined) return false;
    return known.failures < this.limits.perUser || now - known.windowStart >= this.limits.windowMs;
  }

  private add(to: Failures, now: number): void {
    if (now - to.windowStart >= this.limits.windowMs) {
      to.failures = 0;
      to.windowStart = now;
    }
    to.failures++;
  }

  /** @returns true when this failure was one too many */
  private count(kind: BanKind, key: string, limit: number): boolean {
    if (limit <= 0) return false;
    const entries = this.entries[kind];
    const now = this.clock.now();
    let entry = entries.get(key);
    if (entry === undefined) {
      this.makeRoom(entries, now);
      entry = { failures: 0, windowStart: now, bannedUntil: 0, refused: 0 };
      entries.set(key, entry);
    }
    this.add(entry, now);
    if (entry.failures < limit || entry.bannedUntil > now) return false;
    entry.bannedUntil = now + this.limits.banMs;
    entry.refused = 0;
    entry.failures = 0;
    return true;
  }

  private makeRoom(entries: Map<string, Entry>, now: number): void {
    if (entries.size < CAPACITY) return;
    let looked = 0;
    for (const [key, { bannedUntil }] of entries) {
      // A few steps only: an attack with many names must not make each attempt dear.
      if (bannedUntil <= now || ++looked > 16) {
        entries.delete(key);
        return;
      }
    }
  }
}

/** Keeps a value as the youngest; the oldest gives way. */
function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  if (map.size >= CAPACITY) map.delete(map.keys().next().value ?? '');
  map.set(key, value);
}

function pair(from: string, user: string): string {
  return `${from} ${user}`;
}
