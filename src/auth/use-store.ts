import { LocalNonceUses, type NonceUse } from '../digest/nonce-use.ts';
import type { Clock } from '../time/clock.ts';

/**
 * What a use of a nonce is: the first of its kind; the same request once more (a retransmission, or a script that asks twice); or a replay.
 */
export type UseResult = 'first' | 'again' | 'replay';

/**
 * Who remembers what nonces were used for. One call looks and records in one step, so that of two copies of a request that arrive at once
 * one is the first. It is called for right digests only: garbage with a live nonce uses nothing up.
 */
export interface UseStore {
  /**
   * @param use what was used; its nonce may have more than the nonce in it
   * @param request tells one request from all others: a hash of its bytes and of where it came from
   */
  use(use: NonceUse, request: string): UseResult;
  /** Entries remembered now. */
  readonly size: number;
}

/** 64*T1: so long may a request be sent again (RFC 3261 §17.1.2.2). */
const RETRANSMISSIONS_MS = 32_000;

/** Uses remembered in this process. */
export class LocalUseStore implements UseStore {
  private readonly uses: LocalNonceUses;
  private readonly clock: Pick<Clock, 'wall'>;

  /** @param capacity how many nonces to remember; those that do not fit are refused as used, which costs their clients a round trip */
  constructor(clock: Pick<Clock, 'wall'>, capacity = 100_000) {
    this.clock = clock;
    this.uses = new LocalNonceUses({ capacity, clock });
  }

  get size(): number {
    return this.uses.size;
  }

  use(use: NonceUse, request: string): UseResult {
    if (this.uses.use(use, request)) return 'first';
    // The last request with this nonce: an older one is hardly sent again once its client has gone on.
    const last = this.uses.lastUse(use.nonce);
    const again = last !== undefined && last.mark === request && this.clock.wall() - last.at <= RETRANSMISSIONS_MS;
    return again ? 'again' : 'replay';
  }
}
