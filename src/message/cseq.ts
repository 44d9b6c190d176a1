import { C_DIGIT, C_TOKEN, skipClass, skipLws, uintAt } from './chars.ts';
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
  const seqEnd = skipClass(text, seqStart, end, C_DIGIT);
  const seq = uintAt(text, seqStart, seqEnd, MAX_SEQ);
  if (seq < 0 || seq > MAX_SEQ) return null;
  const methodStart = skipLws(text, seqEnd, end);
  const methodEnd = skipClass(text, methodStart, end, C_TOKEN);
  if (methodStart === seqEnd || methodEnd === methodStart || skipLws(text, methodEnd, end) < end) return null;
  return { seq, method: methodAt(text, methodStart, methodEnd), seqStart, seqEnd };
}
