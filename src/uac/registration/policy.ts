import type { Random } from '../../time/random.ts';
import type { RegistrationResult } from './engine.ts';

/** How long to wait after failures, in seconds. */
export interface RetryPolicy {
  /**
   * reg_retry_interval. Undefined: back-off by the kind of failure. 0: after a failure the account is disabled for good. Else seconds between
   * attempts after a failure that may pass.
   */
  readonly interval: number | undefined;
  /** Back-off of failures that may pass: base and bound of RFC 5626 §4.5. */
  readonly base: number;
  readonly max: number;
  /** The same for refusals. */
  readonly refusedBase: number;
  readonly refusedMax: number;
}

export const DEFAULT_RETRY: RetryPolicy = {
  interval: undefined,
  base: 30,
  max: 1800,
  refusedBase: 300,
  refusedMax: 3600,
};

/** Bound of a Retry-After in seconds: nobody may put an account out of service for more than a day. */
export const MAX_RETRY_AFTER = 86_400;
/** Longest expiry that a 423 can make us ask for, in seconds. */
export const MAX_RAISED_EXPIRES = 604_800;
/** Longest expiry that is believed, in seconds. */
const MAX_GRANTED = 2_592_000;

/** What a final status means for the attempt, those aside that the attempt itself goes on from (401, 407, 423, 3xx). */
export function resultOf(status: number): RegistrationResult {
  switch (status) {
    case 401:
    case 407:
      return 'credentials';
    case 408:
      return 'timeout';
    case 423:
      return 'interval-too-brief';
    case 503:
      return 'overload';
    case 480:
    case 486:
    case 491: // RFC 3261 §21.4.27: try again
    case 429: // by RFC 3892 it speaks of Referred-By; carriers mean "too many requests", as HTTP has it
    case 430: // RFC 5626 §11.5: the flow failed
      return 'server-error';
    default:
      if (status < 300) return 'ok';
      if (status < 400) return 'redirected';
      return status >= 500 && status < 600 ? 'server-error' : 'refused';
  }
}

/** Failures that trying again does not cure; they are tried slowly, in case somebody corrects what is wrong at the other side. */
export function isLasting(result: RegistrationResult): boolean {
  return result === 'refused' || result === 'credentials';
}

/**
 * When to try again.
 * @param failures failed attempts in a row, this one included
 * @param retryAfter seconds that the registrar asked for, 0 for none
 * @returns milliseconds, or -1 for never
 */
export function retryDelay(
  result: RegistrationResult,
  failures: number,
  retryAfter: number,
  policy: RetryPolicy,
  random: Random,
): number {
  // RFC 3261 §20.33. Never earlier; a little later, so that those who were told the same do not come at once.
  if (retryAfter > 0) return Math.min(retryAfter, MAX_RETRY_AFTER) * 1000 * spread(random, 1, 1.1);
  if (policy.interval === 0) return -1;
  if (isLasting(result)) {
    const base = Math.max(policy.refusedBase, policy.interval ?? 0);
    const bound = Math.min(Math.max(policy.refusedMax, base), base * 2 ** Math.min(failures - 1, 30));
    return bound * 1000 * spread(random, 0.5, 1);
  }
  if (policy.interval !== undefined) return policy.interval * 1000 * spread(random, 0.75, 1);
  // A name server's hiccup, a connection that was closed: the first try after that may come soon.
  if (failures <= 1 && (result === 'unreachable' || result === 'unresolvable')) return 4000 * spread(random, 0.5, 1);
  // RFC 5626 §4.5: between half and the whole of min(max-time, base-time * 2^failures).
  const bound = Math.min(policy.max, policy.base * 2 ** Math.min(failures, 30));
  return bound * 1000 * spread(random, 0.5, 1);
}

/**
 * When to refresh a binding: a margin before it runs out, longer the longer it lasts (a tenth, 20 s at least, 5 min at most, never more
 * than a third), and up to half as much again, so that those who registered together do not refresh together.
 * @param granted seconds from the sending of the request
 * @returns milliseconds from the sending of the request
 */
export function refreshDelay(granted: number, random: Random): number {
  const lead = Math.min(granted / 3, Math.max(20, Math.min(granted / 10, 300)));
  return Math.max(250, (granted - lead * spread(random, 1, 1.5)) * 1000);
}

/** Seconds that are believed of a registrar's grant. */
export function believedExpiry(granted: number): number {
  return Math.min(granted, MAX_GRANTED);
}

/**
 * What to ask for after a 423.
 * @param asked seconds that were too few
 * @param minimum the Min-Expires, -1 for none or an unreadable one
 * @returns seconds, or 0 when there is no sense in asking for more
 */
export function raisedExpires(asked: number, minimum: number): number {
  if (asked >= MAX_RAISED_EXPIRES) return 0;
  // One that is no more than what was asked for is no reason for a 423: as good as none.
  const wanted = minimum > asked ? minimum : asked * 2;
  return Math.min(wanted, MAX_RAISED_EXPIRES);
}

/** A number between `low` and `high`. */
export function spread(random: Random, low: number, high: number): number {
  return low + ((high - low) * random.uint32()) / 0x1_0000_0000;
}
