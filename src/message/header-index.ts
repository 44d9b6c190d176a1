import { uintAt } from './chars.ts';
import {
  HDR_CALL_ID,
  HDR_CONTENT_LENGTH,
  HDR_CSEQ,
  HDR_FROM,
  HDR_MAX_FORWARDS,
  HDR_OTHER,
  HDR_TO,
  HDR_VIA,
  NAME_IDS,
  NAME_ROOT,
  NAME_STEPS,
  NAME_STOP,
} from './header-name.ts';
import type { HeaderField } from './message.ts';
import { type Problem, problemAt } from './parse-errors.ts';
import type { ParseLimits } from './parse-limits.ts';

const CR = 0x0d;
const LF = 0x0a;
const SP = 0x20;
const HTAB = 0x09;
const COLON = 0x3a;

// Bit per header that may stand only once, in the order of their ids; RFC 3261 §7.3.1.
const SINGLE = (1 << HDR_FROM) | (1 << HDR_TO) | (1 << HDR_CALL_ID) | (1 << HDR_CSEQ) | (1 << HDR_MAX_FORWARDS);

/** What one scan over a header section finds: every header's place, and the first of each kind that every proxy reads. */
export class HeaderIndex {
  readonly headers: HeaderField[] = [];
  via: HeaderField | null = null;
  from: HeaderField | null = null;
  to: HeaderField | null = null;
  callId: HeaderField | null = null;
  cseq: HeaderField | null = null;
  /** -1 when it is no number, above 255 when it is too big; 0 when absent. */
  maxForwards = 0;
  /** -1 when absent. */
  contentLength = -1;
  /** Offset of the empty line, and after it. */
  headersEnd: number;
  bodyStart: number;
  /** A line ended by LF without CR. */
  bareLf = false;
  /** The first thing that is wrong. */
  problem: Problem | null;
  private seen = 0;

  constructor(length: number, problem: Problem | null) {
    this.headersEnd = length;
    this.bodyStart = length;
    this.problem = problem;
  }

  /** Takes notice of a header that is read here or may stand only once. */
  note(field: HeaderField, raw: string): void {
    const { id } = field;
    const bit = 1 << id;
    if ((this.seen & bit) !== 0) {
      if (id === HDR_CONTENT_LENGTH) this.noteLength(field, raw, true);
      else if ((SINGLE & bit) !== 0) {
        this.problem ??= problemAt('SIP_PARSE_HEADER_REPEATED', 'Repeated header', field.start);
      }
      return;
    }
    this.seen |= bit;
    switch (id) {
      case HDR_VIA:
        this.via = field;
        break;
      case HDR_FROM:
        this.from = field;
        break;
      case HDR_TO:
        this.to = field;
        break;
      case HDR_CALL_ID:
        this.callId = field;
        break;
      case HDR_CSEQ:
        this.cseq = field;
        break;
      case HDR_MAX_FORWARDS:
        this.maxForwards = uintAt(raw, field.valueStart, field.valueEnd, 255);
        break;
      case HDR_CONTENT_LENGTH:
        this.noteLength(field, raw, false);
    }
  }

  private noteLength(field: HeaderField, raw: string, repeated: boolean): void {
    const value = uintAt(raw, field.valueStart, field.valueEnd, 0x7fffffff);
    // RFC 4475 §3.3.9: two that differ leave no way to know; two that agree do no harm.
    if (value < 0 || value > 0x7fffffff || (repeated && this.contentLength !== value)) {
      this.problem ??= problemAt('SIP_PARSE_CONTENT_LENGTH', 'Bad Content-Length', field.start);
    }
    this.contentLength = value;
  }
}

/**
 * Finds every header of the section that starts at `start`, up to the empty line: one scan, nothing parsed but the names.
 * A header line that is malformed is left out and noted as the problem; the others are still found, so that an answer can be made.
 * @param problem what is wrong already with the start line
 */
export function indexHeaders(raw: string, start: number, limits: ParseLimits, problem: Problem | null): HeaderIndex {
  const { length } = raw;
  const index = new HeaderIndex(length, problem);
  const { headers } = index;
  let at = start;
  let cr = -1;
  if (raw.charCodeAt(at - 1) === LF && raw.charCodeAt(at - 2) !== CR) index.bareLf = true;
  for (;;) {
    if (at >= length) {
      index.problem ??= problemAt('SIP_PARSE_HEADER', 'No empty line after the headers', at);
      break;
    }
    const c = raw.charCodeAt(at);
    if (c === LF || (c === CR && raw.charCodeAt(at + 1) === LF)) {
      index.headersEnd = at;
      index.bodyStart = c === LF ? at + 1 : at + 2;
      if (c === LF) index.bareLf = true;
      break;
    }
    // The line with the lines folded into it (RFC 3261 §7.3.1).
    let end = at;
    for (;;) {
      const from = end;
      const lf = raw.indexOf('\n', from);
      end = lf < 0 ? length : lf + 1;
      // A CR that is not a line's end would be a line's end to somebody else: refused, never forwarded.
      if (cr < from) {
        cr = raw.indexOf('\r', from);
        if (cr < 0) cr = length;
      }
      if (lf >= 0 && raw.charCodeAt(end - 2) !== CR) index.bareLf = true;
      if (cr < end - 2) index.problem ??= problemAt('SIP_PARSE_HEADER', 'Bare CR in a header', cr);
      const next = raw.charCodeAt(end);
      if (next !== SP && next !== HTAB) break;
    }

    // header-name HCOLON: a token, blanks, the colon.
    let nameEnd = at;
    let state = NAME_ROOT;
    let n = c;
    while (n < 128 && nameEnd < end) {
      const next = NAME_STEPS[(state << 7) | n] as number;
      if (next === NAME_STOP) break;
      state = next;
      n = raw.charCodeAt(++nameEnd);
    }
    let valueStart = nameEnd;
    while (n === SP || n === HTAB) n = raw.charCodeAt(++valueStart);
    if (n !== COLON || nameEnd === at || valueStart >= end) {
      index.problem ??= problemAt('SIP_PARSE_HEADER', 'Malformed header line', at);
      at = end;
      continue;
    }
    const afterColon = ++valueStart;
    while (valueStart < end && raw.charCodeAt(valueStart) <= SP && isLws(raw.charCodeAt(valueStart))) valueStart++;
    let valueEnd = end;
    while (valueEnd > valueStart && raw.charCodeAt(valueEnd - 1) <= SP && isLws(raw.charCodeAt(valueEnd - 1)))
      valueEnd--;
    // An empty value stands on its own line, so that an edit of it stays there.
    if (valueStart === end) {
      valueStart = afterColon;
      valueEnd = afterColon;
    }
    const id = NAME_IDS[state] as number;
    if (headers.length >= limits.maxHeaders) {
      index.problem ??= problemAt('SIP_PARSE_TOO_MANY_HEADERS', 'Too Many Headers', at);
      break;
    }
    if (end - at > limits.maxHeader) {
      index.problem ??= problemAt('SIP_PARSE_HEADER_TOO_LONG', 'Header Too Long', at, 513);
    }
    const field = { id, start: at, nameEnd, valueStart, valueEnd, end };
    headers.push(field);
    if (id !== HDR_OTHER && id <= HDR_CONTENT_LENGTH) index.note(field, raw);
    at = end;
  }
  return index;
}

function isLws(c: number): boolean {
  return c === SP || c === CR || c === LF || c === HTAB;
}
