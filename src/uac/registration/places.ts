import type { Attempt } from './attempt.ts';

/**
 * Places at a registrar, each taken by an attempt; and the requests that are out in them, in the order in which they were sent. Of a request
 * that has been out for long the place can be lent out: the attempt goes on and is counted elsewhere.
 */
export class Places {
  /** Those that are taken and not lent out. */
  taken = 0;
  /** Attempts whose places are lent out. */
  lent = 0;
  private first: Attempt | null = null;
  private last: Attempt | null = null;

  /** The request that has been out longest, of those whose places are not lent out; null when none is out. */
  get oldest(): Attempt | null {
    return this.first;
  }

  /** An attempt of these places has sent a request. */
  sent(attempt: Attempt): void {
    attempt.earlier = this.last;
    attempt.later = null;
    if (this.last === null) this.first = attempt;
    else this.last.later = attempt;
    this.last = attempt;
    attempt.out = true;
  }

  /** Its request is out no longer; the attempt keeps its place. */
  heard(attempt: Attempt): void {
    if (!attempt.out) return;
    const { earlier, later } = attempt;
    if (earlier === null) this.first = later;
    else earlier.later = later;
    if (later === null) this.last = earlier;
    else later.earlier = earlier;
    attempt.earlier = null;
    attempt.later = null;
    attempt.out = false;
  }

  /** Lends the place of an attempt out. */
  lend(attempt: Attempt): void {
    this.heard(attempt);
    attempt.lent = true;
    this.taken--;
    this.lent++;
  }

  /** An attempt whose place was lent out takes one again. */
  retake(attempt: Attempt): void {
    attempt.lent = false;
    this.taken++;
    this.lent--;
  }

  /** An attempt needs its place no longer, lent out or not. */
  leave(attempt: Attempt): void {
    this.heard(attempt);
    if (attempt.lent) this.lent--;
    else this.taken--;
    attempt.lent = false;
  }
}
