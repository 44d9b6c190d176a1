import type { AccountRow } from './account-row.ts';
import type { NextHop } from './next-hop-table.ts';

/** What the rows of one carrier's accounts mostly have in common; an account has it from here. */
export class CarrierTerms {
  readonly hop: NextHop;
  readonly remoteDomain: string;
  readonly realm: string;
  readonly contactAddr: string;
  readonly socket: string;
  readonly expires: number;
  readonly flags: number;
  readonly delay: number;

  constructor(hop: NextHop, row: AccountRow, share: (text: string) => string) {
    this.hop = hop;
    this.remoteDomain = share(row.remoteDomain);
    this.realm = share(row.realm);
    this.contactAddr = share(row.contactAddr);
    this.socket = share(row.socket);
    this.expires = wholeSeconds(row.expires);
    this.flags = row.flags | 0;
    this.delay = wholeSeconds(row.delay);
  }

  /** True when a row, whose next hop is this one, says the same. */
  fit(row: AccountRow): boolean {
    return (
      this.expires === wholeSeconds(row.expires) &&
      this.flags === (row.flags | 0) &&
      this.delay === wholeSeconds(row.delay) &&
      this.remoteDomain === row.remoteDomain &&
      this.realm === row.realm &&
      this.contactAddr === row.contactAddr &&
      this.socket === row.socket
    );
  }
}

/** Terms of one next hop that are kept once. Where there are more, the oldest are made anew, which costs memory and nothing else. */
const MAX_TERMS = 32;

/** The terms of the accounts that go by one next hop, each kept once. */
export class TermsOfHop {
  private readonly hop: NextHop;
  private readonly known: CarrierTerms[] = [];
  private last: CarrierTerms | null = null;
  private made = 0;

  constructor(hop: NextHop) {
    this.hop = hop;
  }

  /** The one object of what a row says. @param share gives the one copy of a text that many accounts have */
  of(row: AccountRow, share: (text: string) => string): CarrierTerms {
    if (this.last === null || !this.last.fit(row)) this.last = this.find(row, share);
    return this.last;
  }

  private find(row: AccountRow, share: (text: string) => string): CarrierTerms {
    const known = this.known.find((terms) => terms.fit(row));
    if (known !== undefined) return known;
    const terms = new CarrierTerms(this.hop, row, share);
    this.known[this.made++ % MAX_TERMS] = terms;
    return terms;
  }
}

/** A column's seconds: none less than 0, no fraction. */
export function wholeSeconds(value: number): number {
  return Math.min(Math.max(0, Math.trunc(value) || 0), 0x7fffffff);
}
