import { parseCSeq } from './cseq.ts';
import { indexHeaders } from './header-index.ts';
import { SipMessage } from './message.ts';
import { M_ACK, methodId } from './method.ts';
import { parseNameAddr } from './name-addr.ts';
import { type Problem, problemAt } from './parse-errors.ts';
import { DEFAULT_LIMITS, NO_LIMITS, type ParseLimits } from './parse-limits.ts';
import { parseStartLine } from './start-line.ts';
import { parseUriAt } from './uri.ts';
import { parseVia } from './via.ts';

export { DEFAULT_LIMITS, type ParseLimits } from './parse-limits.ts';

/**
 * Why a message was refused. `status` is the reply RFC 3261 wants (400, 414, 505, 513) or 0 for a counted drop (a response, an
 * ACK, a request without a readable Via); `message` is there when `status` is not 0. It can lack every header but Via: a reply
 * copies those that are there (RFC 4475 §3.3.1).
 */
export class ParseFailure {
  /** Stable error code, see {@link PARSE_ERRORS}. */
  readonly code: string;
  readonly status: number;
  /** Reason phrase to send, also the text for the log. */
  readonly reason: string;
  /** Byte offset of the problem. */
  readonly offset: number;
  readonly message: SipMessage | null;
  constructor(code: string, status: number, reason: string, offset: number, message: SipMessage | null) {
    this.code = code;
    this.status = status;
    this.reason = reason;
    this.offset = offset;
    this.message = message;
  }
}

/**
 * Parses one message: a datagram, or what a framer cut out of a stream. Never throws.
 *
 * Checked here is what a proxy needs to forward or answer: start line, line structure, presence and count of the mandatory
 * headers, top Via, From, To, Call-ID, CSeq, Max-Forwards, Content-Length. Everything else is parsed by whoever reads it.
 * Octets after the body of a datagram are ignored (RFC 3261 §18.3).
 * @param raw the message's bytes as latin1 text
 * @returns the message, or why it was refused (codes: {@link PARSE_ERRORS})
 */
export function parseMessage(raw: string, limits: ParseLimits = DEFAULT_LIMITS): SipMessage | ParseFailure {
  const { length } = raw;
  let at = 0;
  // RFC 3261 §7.5: CRLFs before the start line are ignored.
  while (at < length && (raw.charCodeAt(at) === 0x0d || raw.charCodeAt(at) === 0x0a)) at++;
  if (at === length) return new ParseFailure('SIP_PARSE_EMPTY', 0, 'Empty message', 0, null);

  const startLine = parseStartLine(raw, at, limits);
  let problem: Problem | null = startLine.problem;
  if (problem === null && length > limits.maxMessage) {
    problem = problemAt('SIP_PARSE_TOO_LARGE', 'Message Too Large', limits.maxMessage, 513);
  }
  const index = indexHeaders(raw, startLine.end, limits, problem);
  const { headers, headersEnd, bodyStart, contentLength, via, from, to, callId, cseq, maxForwards } = index;
  if (index.bareLf) return parseMessage(withCrlf(raw, bodyStart), limits);
  const headersStart = startLine.end;
  problem = index.problem;

  let bodyEnd = length;
  if (contentLength >= 0 && problem === null) {
    bodyEnd = bodyStart + contentLength;
    if (bodyEnd > length) {
      bodyEnd = length;
      problem = problemAt('SIP_PARSE_CONTENT_LENGTH', 'Content-Length larger than message', bodyStart);
    }
  }
  // The typed headers that every proxy reads are parsed here and now; a message that lacks one is answered all the same.
  const { isRequest } = startLine;
  const topVia = via === null ? null : parseVia(raw, via.valueStart, via.valueEnd);
  const fromValue = from === null ? null : parseNameAddr(raw, from.valueStart, from.valueEnd);
  const toValue = to === null ? null : parseNameAddr(raw, to.valueStart, to.valueEnd);
  const cseqValue = cseq === null ? null : parseCSeq(raw, cseq.valueStart, cseq.valueEnd);
  const ruri = isRequest ? parseUriAt(raw, startLine.uriStart, startLine.uri) : null;
  // A response has the method of its CSeq.
  const method = isRequest ? startLine.method : (cseqValue?.method ?? '');
  if (problem === null) {
    if (via === null || from === null || to === null || callId === null || cseq === null) {
      problem = problemAt('SIP_PARSE_HEADERS_MISSING', 'Missing required header', headersStart);
    } else if (topVia === null || topVia.loose === true) {
      problem = problemAt('SIP_PARSE_VIA', 'Bad Via', via.start);
    } else if (fromValue === null || fromValue.end < from.valueEnd) {
      problem = problemAt('SIP_PARSE_FROM', 'Bad From', from.start);
    } else if (toValue === null || toValue.end < to.valueEnd) {
      problem = problemAt('SIP_PARSE_TO', 'Bad To', to.start);
    } else if (callId.valueEnd === callId.valueStart || hasBlank(raw, callId.valueStart, callId.valueEnd)) {
      problem = problemAt('SIP_PARSE_CALL_ID', 'Bad Call-ID', callId.start);
    } else if (cseqValue === null) {
      problem = problemAt('SIP_PARSE_CSEQ', 'Bad CSeq', cseq.start);
    } else if (isRequest) {
      if (cseqValue.method !== method) {
        problem = problemAt('SIP_PARSE_CSEQ', 'CSeq method does not match the request', cseq.start);
      } else if (maxForwards < 0 || maxForwards > 255) {
        problem = problemAt('SIP_PARSE_MAX_FORWARDS', 'Bad Max-Forwards', headersStart);
      } else if (ruri === null || ruri.headers !== '') {
        // RFC 3261 §19.1.1: no headers in a Request-URI. One of another scheme than sip is opaque: the proxy answers 416 (§16.3).
        problem = problemAt('SIP_PARSE_REQUEST_URI', 'Bad Request-URI', startLine.uriStart);
      }
    }
  }
  const message = new SipMessage({
    raw,
    isRequest,
    method,
    methodId: isRequest ? startLine.methodId : methodId(method),
    requestUri: startLine.uri,
    requestUriStart: startLine.uriStart,
    status: startLine.status,
    reason: startLine.reason,
    version: startLine.version,
    headers,
    headersStart,
    headersEnd,
    bodyStart,
    bodyEnd,
    topVia,
    from: fromValue,
    to: toValue,
    cseq: cseqValue,
    ruri,
  });
  return problem === null ? message : failure(message, problem);
}

/**
 * A request that this stack wrote itself: its lines are found, nothing else is looked at; typed headers are parsed by whoever reads one.
 * @param raw latin1 text
 * @returns null for what is no request with a Via
 */
export function outlineRequest(raw: string): SipMessage | null {
  const { isRequest, method, methodId, uri, uriStart, version, end } = parseStartLine(raw, 0, NO_LIMITS);
  const index = indexHeaders(raw, end, NO_LIMITS, null);
  if (!isRequest || index.via === null) return null;
  return new SipMessage({
    raw,
    isRequest,
    method,
    methodId,
    requestUri: uri,
    requestUriStart: uriStart,
    status: 0,
    reason: '',
    version,
    headers: index.headers,
    headersStart: end,
    headersEnd: index.headersEnd,
    bodyStart: index.bodyStart,
    bodyEnd: raw.length,
  });
}

/**
 * Bare LFs as line ends are forgiven, but not passed on: another server could see fewer headers than this one. The message is
 * read again with CRLF in their place; `raw` and all offsets are then those of the repaired text.
 */
function withCrlf(raw: string, headersEnd: number): string {
  return raw.slice(0, headersEnd).replace(/(?<!\r)\n/g, '\r\n') + raw.slice(headersEnd);
}

function hasBlank(raw: string, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const c = raw.charCodeAt(i);
    if (c <= 0x20 || c === 0x7f) return true;
  }
  return false;
}

function failure(message: SipMessage, problem: Problem): ParseFailure {
  // A response is dropped (RFC 3261 §16.7), an ACK is never answered (§17), and without a Via there is nowhere to send an answer.
  const silent = !message.isRequest || message.methodId === M_ACK || message.topVia === null;
  return new ParseFailure(
    problem.code,
    silent ? 0 : problem.status,
    problem.reason,
    problem.offset,
    silent ? null : message,
  );
}
