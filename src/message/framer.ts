import { skipLws, uintAt } from './chars.ts';
import { HDR_CONTENT_LENGTH, headerIdAt } from './header-name.ts';
import type { ParseErrorCode } from './parse-errors.ts';
import { DEFAULT_LIMITS, type ParseLimits } from './parse-limits.ts';
import { ParseFailure, parseMessage } from './parser.ts';

/**
 * What came out of a stream: a whole message; a keepalive ping (CRLFCRLF, to be answered by CRLF) or pong (a lone CRLF)
 * of RFC 5626 §3.5.1; or a fatal error, after which the connection must be closed (answer `failure` first when its status is not 0).
 */
export type FrameEvent =
  | { readonly kind: 'message'; readonly raw: string }
  | { readonly kind: 'ping' }
  | { readonly kind: 'pong' }
  | { readonly kind: 'error'; readonly failure: ParseFailure };

/** Settings of a {@link StreamFramer}. */
export interface FramerOptions {
  readonly limits?: ParseLimits;
  /** A message without Content-Length: taken to have no body (`zero`, the default), or a fatal error. RFC 3261 §20.14 demands the header on streams. */
  readonly missingContentLength?: 'zero' | 'error';
}

const CR = 0x0d;
const LF = 0x0a;
const PING: FrameEvent = { kind: 'ping' };
const PONG: FrameEvent = { kind: 'pong' };
const NOTHING = Buffer.alloc(0);
const SMALLEST = 2048;

/**
 * Cuts a byte stream (TCP, TLS) into SIP messages by their Content-Length (RFC 3261 §18.3).
 *
 * Every byte is looked at a fixed number of times, however it is chunked, and no more is held than one message within the limits
 * and the chunk at hand. A chunk that holds whole messages is not copied.
 */
export class StreamFramer {
  private readonly limits: ParseLimits;
  private readonly needsLength: boolean;
  /** Holds the incomplete message: bytes [0, fill). */
  private store: Buffer = NOTHING;
  private fill = 0;
  /** Where the search for the end of the headers goes on, and where the line it is in began; relative to the message. */
  private scanned = 0;
  private lineStart = 0;
  /** Length of the message once its headers are read, else -1. */
  private total = -1;
  /** CRLFs seen between messages, 0 or 1: a second one makes it a ping. */
  private crlf = 0;
  /** The one CRLF was already reported as a pong, because its chunk ended there. */
  private reported = false;
  private dead = false;

  constructor(options: FramerOptions = {}) {
    this.limits = options.limits ?? DEFAULT_LIMITS;
    this.needsLength = options.missingContentLength === 'error';
  }

  /** Bytes of an incomplete message that are being held. */
  get buffered(): number {
    return this.fill;
  }

  /** True after a fatal error: whatever comes now is ignored. */
  get failed(): boolean {
    return this.dead;
  }

  /**
   * Takes the next bytes of the stream; they are copied if they have to be kept.
   * @returns what they completed, in order; nothing after an error
   */
  push(chunk: Buffer): FrameEvent[] {
    const events: FrameEvent[] = [];
    if (this.dead || chunk.length === 0) return events;
    if (this.fill === 0) {
      const used = this.cut(chunk, chunk.length, events);
      if (!this.dead && used < chunk.length) this.keep(chunk, used);
    } else {
      this.keep(chunk, 0);
      const used = this.cut(this.store, this.fill, events);
      if (!this.dead && used > 0) {
        this.store.copyWithin(0, used, this.fill);
        this.fill -= used;
        // One large message must not keep its memory for the rest of a connection's life.
        if (this.fill === 0 && this.store.length > SMALLEST) this.store = NOTHING;
      }
    }
    if (this.dead) {
      this.store = NOTHING;
      this.fill = 0;
    }
    return events;
  }

  private keep(chunk: Buffer, from: number): void {
    const need = this.fill + chunk.length - from;
    if (need > this.store.length) {
      // Doubling keeps the copying linear; a known length saves it.
      const size = Math.max(need, this.store.length * 2, this.total, SMALLEST);
      const store = Buffer.allocUnsafeSlow(size);
      this.store.copy(store, 0, 0, this.fill);
      this.store = store;
    }
    chunk.copy(this.store, this.fill, from);
    this.fill = need;
  }

  /** Takes complete messages off [0, end) of `data`. @returns how many bytes are done with */
  private cut(data: Buffer, end: number, events: FrameEvent[]): number {
    let at = 0;
    for (;;) {
      if (this.scanned === 0) at = this.skipBlankLines(data, at, end, events);
      // A CR at the very end waits for its LF.
      if (at >= end || (this.scanned === 0 && data[at] === CR)) break;
      if (this.total < 0 && !this.findHeadersEnd(data, at, end, events)) break;
      if (end - at < this.total) break;
      events.push({ kind: 'message', raw: data.toString('latin1', at, at + this.total) });
      at += this.total;
      this.scanned = 0;
      this.lineStart = 0;
      this.total = -1;
    }
    if (this.crlf === 1 && at >= end) this.pong(events);
    return at;
  }

  /** Skips line ends between messages (RFC 3261 §7.5), which are also the keepalive of RFC 5626 §3.5.1. */
  private skipBlankLines(data: Buffer, at: number, end: number, events: FrameEvent[]): number {
    while (at < end) {
      const c = data[at];
      if (c === CR && at + 1 === end) break; // the LF may be in the next chunk
      if (c !== CR && c !== LF) {
        if (this.crlf === 1) this.pong(events);
        this.crlf = 0;
        this.reported = false;
        return at;
      }
      if (c === CR && data[at + 1] !== LF) {
        at++;
        continue;
      }
      at += c === CR ? 2 : 1;
      this.crlf ^= 1;
      if (this.crlf === 0) events.push(PING);
      this.reported = false;
    }
    return at;
  }

  private pong(events: FrameEvent[]): void {
    if (!this.reported) events.push(PONG);
    this.reported = true;
  }

  /** Looks on for the empty line; sets `total` when it is found. @returns false when more bytes are needed, or on an error */
  private findHeadersEnd(data: Buffer, at: number, end: number, events: FrameEvent[]): boolean {
    const { maxMessage } = this.limits;
    // A subarray bounds the native search to the bytes that have arrived.
    const view = end === data.length ? data : data.subarray(0, end);
    let from = at + this.scanned;
    for (;;) {
      const lf = view.indexOf(LF, from);
      const done = (lf < 0 ? end : lf + 1) - at;
      if (done > maxMessage) return this.fail(events, data.toString('latin1', at, at + maxMessage), TOO_LARGE);
      this.scanned = done;
      if (lf < 0) return false;
      const line = at + this.lineStart;
      if (lf === line || (lf === line + 1 && data[line] === CR)) break;
      this.lineStart = done;
      from = lf + 1;
    }
    const text = data.toString('latin1', at, at + this.scanned);
    // What speaks another protocol knows no Content-Length: where its next words begin cannot be told.
    if (!SIP_LINE.test(text)) return this.fail(events, text, NOT_SIP);
    const length = contentLength(text);
    if (length === MISSING) {
      if (this.needsLength) return this.fail(events, text, NO_LENGTH);
    } else if (length === BAD) return this.fail(events, text, BAD_LENGTH);
    this.total = this.scanned + Math.max(length, 0);
    return this.total <= maxMessage || this.fail(events, text, TOO_LARGE);
  }

  private fail(events: FrameEvent[], text: string, what: Fatal): false {
    this.dead = true;
    // What has come of the message is parsed only to find out whether, and whom, to answer.
    const parsed = parseMessage(text, this.limits);
    const message = parsed instanceof ParseFailure ? parsed.message : parsed;
    const answerable = message?.isRequest === true && message.method !== 'ACK';
    events.push({
      kind: 'error',
      failure: new ParseFailure(
        what.code,
        answerable ? what.status : 0,
        what.reason,
        what === NOT_SIP ? 0 : text.length,
        answerable ? message : null,
      ),
    });
    return false;
  }
}

interface Fatal {
  readonly code: ParseErrorCode;
  readonly status: number;
  readonly reason: string;
}
const TOO_LARGE: Fatal = { code: 'SIP_PARSE_TOO_LARGE', status: 513, reason: 'Message Too Large' };
const BAD_LENGTH: Fatal = { code: 'SIP_PARSE_CONTENT_LENGTH', status: 400, reason: 'Bad Content-Length' };
const NOT_SIP: Fatal = { code: 'SIP_PARSE_START_LINE', status: 400, reason: 'No SIP start line' };
const NO_LENGTH: Fatal = { code: 'SIP_PARSE_CONTENT_LENGTH', status: 400, reason: 'Missing Content-Length' };

/** A start line that names a version of SIP, right or wrong otherwise. */
const SIP_LINE = /^[^\n]*\bSIP\/\d/i;

const MISSING = -1;
const BAD = -2;

/** Content-Length of a header section that ends with its empty line; MISSING, or BAD when it is no number or contradicts itself. */
function contentLength(text: string): number {
  let length = MISSING;
  let at = skipLws(text, 0, text.length);
  while (at < text.length) {
    let end = text.indexOf('\n', at) + 1;
    while (end < text.length && (text.charCodeAt(end) === 0x20 || text.charCodeAt(end) === 0x09)) {
      end = text.indexOf('\n', end) + 1;
    }
    const first = text.charCodeAt(at) | 0x20;
    if (first === 0x63 || first === 0x6c) {
      const value = lengthOfLine(text, at, end);
      if (value !== MISSING) {
        if (value === BAD || (length !== MISSING && length !== value)) return BAD;
        length = value;
      }
    }
    at = end;
  }
  return length;
}

function lengthOfLine(text: string, start: number, end: number): number {
  const colon = text.indexOf(':', start);
  if (colon < 0 || colon >= end) return MISSING;
  let nameEnd = colon;
  while (nameEnd > start && (text.charCodeAt(nameEnd - 1) === 0x20 || text.charCodeAt(nameEnd - 1) === 0x09)) nameEnd--;
  if (headerIdAt(text, start, nameEnd) !== HDR_CONTENT_LENGTH) return MISSING;
  const from = skipLws(text, colon + 1, end);
  let to = end;
  while (to > from && text.charCodeAt(to - 1) <= 0x20) to--;
  const value = uintAt(text, from, to, 0x7fffffff);
  return value < 0 || value > 0x7fffffff ? BAD : value;
}

/** True when a stream's first bytes are an HTTP/1.x request line (a WebSocket upgrade, a health check) and no SIP. */
export function looksLikeHttp(text: string): boolean {
  return /^[A-Z]{3,10} [^ \r\n]{1,2048} HTTP\/1\.[01]\r?\n/.test(text);
}
