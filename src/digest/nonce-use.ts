import { detach } from '../message/detach.ts';
import { type Clock, realClock } from '../time/clock.ts';

/** One use of a nonce, reported after its digest proved right: garbage with a live nonce must not use it up. */
export interface NonceUse {
  readonly nonce: string;
  /** The nonce count as a number, 1 or more; 1 too for credentials without one, which makes their nonce good for one use. */
  readonly nc: number;
  /** Wall-clock ms of the nonce's issue and expiry. */
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/**
 * Who remembers the use of nonces (RFC 7616 §3.4 on nc). One call is atomic: it tells whether this use is the first and
 * records it. A store that several nodes share implements {@link AsyncNonceUses}.
 */
export interface NonceUses {
  /** True for a first use, false for a replay or for a nonce whose use is no longer known. */
  use(use: NonceUse): boolean;
}

/** The same contract for a store that answers later. */
export interface AsyncNonceUses {
  use(use: NonceUse): Promise<boolean>;
}

/** Nonce counts that may still arrive after a higher one: UDP and parallel requests of one client change the order. */
const WINDOW = 32;

interface Track {
  max: number;
  /** Bit n: nonce count `max - n` was used. */
  window: number;
  mark: string;
  at: number;
}

/** The last use of a nonce that was accepted. */
export interface LastUse {
  /** What {@link LocalNonceUses.use} was given to remember it by. */
  readonly mark: string;
  /** Wall-clock ms. */
  readonly at: number;
}

/** Nonces that are forgotten together: dropping a whole map is cheap, deleting a map's oldest entries one by one is not. */
interface Generation {
  readonly tracks: Map<string, Track>;
  /** Wall-clock ms of the latest issue and the latest expiry among them. */
  issuedUpTo: number;
  expiredAt: number;
}

function generation(): Generation {
  return { tracks: new Map(), issuedUpTo: 0, expiredAt: 0 };
}

/**
 * Remembers nonce uses in this process, at most `capacity` nonces. When it is full, or at a start with keys from before, some
 * nonces' uses are not known; those are refused, never accepted: their clients get `stale=true` and answer at once.
 * Make it before the first challenge is issued, since a nonce older than it counts as one whose use is not known.
 */
export class LocalNonceUses implements NonceUses {
  private current = generation();
  private previous = generation();
  private readonly generationSize: number;
  private readonly clock: Pick<Clock, 'wall'>;
  /** A nonce that is not remembered and was issued up to this time may have been used: wall-clock ms. */
  private floor: number;

  /** @param options.capacity how many nonces to remember; default 100 000, which with marks of 44 characters takes about 25 MB */
  constructor(options: { readonly capacity?: number; readonly clock?: Pick<Clock, 'wall'> } = {}) {
    this.generationSize = Math.max(1, Math.floor((options.capacity ?? 100_000) / 2));
    this.clock = options.clock ?? realClock;
    this.floor = Math.floor(this.clock.wall()) - 1;
  }

  /** Nonces remembered now. */
  get size(): number {
    return this.current.tracks.size + this.previous.tracks.size;
  }

  /** @param mark kept with an accepted use, for {@link lastUse} */
  use({ nonce, nc, issuedAt, expiresAt }: NonceUse, mark = ''): boolean {
    const now = this.clock.wall();
    const track = this.track(nonce);
    if (track !== undefined) {
      if (!advance(track, nc)) return false;
      track.mark = mark;
      track.at = now;
      return true;
    }
    if (issuedAt <= this.floor || !(nc >= 1)) return false;
    const previousExpired = this.previous.expiredAt < now;
    if (this.current.tracks.size >= this.generationSize || (previousExpired && this.current.tracks.size > 0)) {
      // An expired nonce is refused before its use is asked for; only living ones that are forgotten raise the floor.
      if (!previousExpired) this.floor = Math.max(this.floor, this.previous.issuedUpTo);
      this.previous = this.current;
      this.current = generation();
      if (issuedAt <= this.floor) return false;
    }
    this.current.tracks.set(detach(nonce), { max: nc, window: 1, mark, at: now });
    this.current.issuedUpTo = Math.max(this.current.issuedUpTo, issuedAt);
    this.current.expiredAt = Math.max(this.current.expiredAt, expiresAt);
    return true;
  }

  /** The last accepted use of a nonce; undefined when none is remembered. */
  lastUse(nonce: string): LastUse | undefined {
    return this.track(nonce);
  }

  private track(nonce: string): Track | undefined {
    return this.current.tracks.get(nonce) ?? this.previous.tracks.get(nonce);
  }
}

function advance(track: Track, nc: number): boolean {
  const ahead = nc - track.max;
  if (ahead > 0) {
    track.window = ahead >= WINDOW ? 1 : ((track.window << ahead) | 1) >>> 0;
    track.max = nc;
    return true;
  }
  const bit = -ahead >= WINDOW || nc < 1 ? 0 : (1 << -ahead) >>> 0;
  if (bit === 0 || (track.window & bit) !== 0) return false;
  track.window = (track.window | bit) >>> 0;
  return true;
}
