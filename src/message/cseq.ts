import { C_TOKEN, skipClass, skipLws } from './chars.ts';
import { methodAt } from './method.ts';

/** CSeq (RFC 3261 §20.16). */
export interface CSeq {
  /** Sequence number, 0 … 2^31-1. */
  readonly seq: number;
  readonly method: string;
  /** Offsets of the digits in the text it was parsed from, so that an edit can replace just them. */
  readonly seqStart: number;
  readonly seqEnd: number;
}

const MAX_SEQ = 0x7fffffff;

/** Parses a CSeq value; null when it is none or its number is 2^31 or more (RFC 3261 §8.1.1.5). */
export function parseCSeq(text: string, start: number, end: number): CSeq | null {
  const seqStart = skipLws(text, start, end);
  let seqEnd = seqStart;
  let seq = 0;
  for (; seqEnd < end; seqEnd++) {
    const digit = text.charCodeAt(seqEnd) - 0x30;
    if (digit < 0 || digit > 9) break;
    if (seq <= MAX_SEQ) seq = seq * 10 + digit;
  }
  if (seqEnd === seqStart || seq > MAX_SEQ) return null;
  const methodStart = skipLws(text, seqEnd, end);
  const methodEnd = skipClass(text, methodStart, end, C_TOKEN);
  if (methodStart === seqEnd || methodEnd === methodStart || (methodEnd < end && skipLws(text, methodEnd, end) < end))
    return null;
  return { seq, method: methodAt(text, methodStart, methodEnd), seqStart, seqEnd };
}
