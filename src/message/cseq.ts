/** CSeq (RFC 3261 §20.16). */
export interface CSeq {
  /** Sequence number, 0 … 2^31-1. */
  readonly seq: number;
  readonly method: string;
  /** Offsets of the digits in the text it was parsed from, so that an edit can replace just them. */
  readonly seqStart: number;
  readonly seqEnd: number;
}

/** Parses a CSeq value; null when it is none or its number is 2^31 or more. */
export function parseCSeq(_text: string, _start: number, _end: number): CSeq | null {
  return null;
}
