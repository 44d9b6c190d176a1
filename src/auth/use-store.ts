import { LocalNonceUses, type NonceUse } from '../digest/nonce-use.ts';
import { CallbackTimer } from '../time/callback-timer.ts';
import type { Clock } from '../time/clock.ts';
import type { TimerWheel } from '../time/timer-wheel.ts';

/**
 * What a use of a nonce is: the first of its kind; the same request once more (a retransmission, or a script that asks twice); a replay; or
 * one that cannot be told, which is refused with stale=true, so that its client asks again with another nonce.
 */
export type UseResult = 'first' | 'again' | 'replay' | 'unknown';

/**
 * Who remembers what nonces were used for. One call looks and records in one step, so that of two copies of a request that arrive at once,
 * at whichever servers of those that share the store, one is the first. It is called for right digests only: garbage with a live nonce uses
 * nothing up. What has expired need not be remembered.
 */
export interface UseStore {
  /**
   * @param use what was used; its nonce may have more than the nonce in it, and control characters
   * @param request tells one request from all others: a hash of its bytes and of where it came from
   * @returns the result, or a promise of it; what throws or rejects is `unknown`
   */
  use(use: NonceUse, request: string): UseResult | Promise<UseResult>;
  /** Entries remembered now, where that is known. */
  readonly size?: number;
}

/** 64*T1: so long may a request be sent again (RFC 3261 §17.1.2.2). */
const RETRANSMISSIONS_MS = 32_000;

/** Uses remembered in this process: it answers at once. */
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

/** Milliseconds that a store is waited for: less than a client waits before it sends its request a third time (RFC 3261 §17.1.2.2). */
export const USE_STORE_LIMIT_MS = 1000;

/** A store of somebody else's that never fails and is never waited for without end: what goes wrong is `unknown`, and reported. */
export class WatchedUseStore implements UseStore {
  private readonly store: UseStore;
  private readonly wheel: TimerWheel;
  private readonly report: (reason: string) => void;

  /** @param report told why a use is unknown; the text is the store's own */
  constructor(store: UseStore, wheel: TimerWheel, report: (reason: string) => void) {
    this.store = store;
    this.wheel = wheel;
    this.report = report;
  }

  get size(): number {
    return this.store.size ?? 0;
  }

  use(use: NonceUse, request: string): UseResult | Promise<UseResult> {
    try {
      const answer: unknown = this.store.use(use, request);
      return isThenable(answer) ? this.wait(answer) : this.checked(answer);
    } catch (error) {
      return this.unknown(error);
    }
  }

  private wait(answer: PromiseLike<unknown>): Promise<UseResult> {
    return new Promise((resolve) => {
      const timer = new CallbackTimer(() => resolve(this.unknown(`no answer within ${USE_STORE_LIMIT_MS} ms`)));
      this.wheel.start(timer, USE_STORE_LIMIT_MS);
      // An answer after the limit finds a promise that is settled.
      const end = (result: () => UseResult): void => {
        if (!timer.armed) return;
        this.wheel.stop(timer);
        resolve(result());
      };
      answer.then(
        (value) => end(() => this.checked(value)),
        (error: unknown) => end(() => this.unknown(error)),
      );
    });
  }

  private checked(answer: unknown): UseResult {
    if (answer === 'first' || answer === 'again' || answer === 'replay') return answer;
    return this.unknown(answer === 'unknown' ? 'it cannot tell' : 'its answer is none that a store gives');
  }

  private unknown(reason: unknown): UseResult {
    this.report(reason instanceof Error ? reason.message : String(reason));
    return 'unknown';
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
