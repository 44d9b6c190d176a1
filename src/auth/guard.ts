import type { Clock } from '../time/clock.ts';

/** How much guessing is borne. */
export interface GuardLimits {
  /** Wrong credentials from one address within the window; 0 for any number. */
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
  /** An address, or user@realm. */
  readonly key: string;
  /** Milliseconds that it lasts still. */
  readonly leftMs: number;
  /** Attempts refused since. */
  readonly refused: number;
}

interface Entry {
  failures: number;
  windowStart: number;
  /** Monotonic ms, 0 for none. */
  bannedUntil: number;
  refused: number;
}

/** Sources and users whose failures are counted; the oldest give way, banned ones last. */
const CAPACITY = 20_000;

/**
 * Counts wrong credentials by source and by user, and refuses who has too many. A user's ban leaves out the addresses from which the user
 * came with the right password before: who guesses must not lock out who knows.
 */
export class Guard {
  readonly limits: GuardLimits;
  private readonly clock: Pick<Clock, 'now'>;
  private readonly entries = { source: new Map<string, Entry>(), user: new Map<string, Entry>() };
  private readonly known = new Map<string, true>();

  constructor(limits: GuardLimits, clock: Pick<Clock, 'now'>) {
    this.limits = limits;
    this.clock = clock;
  }

  get active(): boolean {
    return this.limits.perSource > 0 || this.limits.perUser > 0;
  }

  /** Whether an attempt is refused unseen. @param user user@realm, empty when it is not known yet */
  refuses(source: string, user: string): boolean {
    if (!this.active) return false;
    const now = this.clock.now();
    const held = (entry: Entry | undefined): boolean => {
      if (entry === undefined || entry.bannedUntil <= now) return false;
      entry.refused++;
      return true;
    };
    if (held(this.entries.source.get(source))) return true;
    return !this.known.has(pair(source, user)) && held(this.entries.user.get(user));
  }

  /** Whether a source is banned, without counting. */
  isBanned(source: string): boolean {
    return (this.entries.source.get(source)?.bannedUntil ?? 0) > this.clock.now();
  }

  /** Wrong credentials. @returns what has just been banned */
  failed(source: string, user: string): readonly BanKind[] {
    const banned: BanKind[] = [];
    if (this.count('source', source, this.limits.perSource)) banned.push('source');
    if (!this.known.has(pair(source, user)) && this.count('user', user, this.limits.perUser)) banned.push('user');
    return banned;
  }

  /** Right credentials: this source may go on as this user. */
  succeeded(source: string, user: string): void {
    if (!this.active) return;
    const key = pair(source, user);
    this.known.delete(key);
    if (this.known.size >= CAPACITY) this.known.delete(this.known.keys().next().value ?? '');
    this.known.set(key, true);
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

  /** Ends the bans of an address or a user@realm. @returns how many there were */
  lift(key: string): number {
    const before = this.bans().filter((ban) => ban.key === key).length;
    this.entries.source.delete(key);
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
    if (now - entry.windowStart >= this.limits.windowMs) {
      entry.failures = 0;
      entry.windowStart = now;
    }
    entry.failures++;
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

function pair(source: string, user: string): string {
  return `${source} ${user}`;
}
