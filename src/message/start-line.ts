import { C_TOKEN, C_URI, isAt, isClass, matchesLower, skipClass, uintAt } from './chars.ts';
import { methodAt, methodId } from './method.ts';
import { type Problem, problemAt } from './parse-errors.ts';
import type { ParseLimits } from './parse-limits.ts';

/** The first line of a message, taken apart (RFC 3261 §7.1, §7.2). */
export interface StartLine {
  readonly isRequest: boolean;
  readonly method: string;
  readonly methodId: number;
  readonly uri: string;
  readonly uriStart: number;
  readonly status: number;
  readonly reason: string;
  readonly version: string;
  /** Offset of the first header line. */
  readonly end: number;
  readonly problem: Problem | null;
}

const VERSION = 'SIP/2.0';

/**
 * Reads the start line at `at`. What cannot be read is filled as well as can be, with `problem` set, so that an answer can be built.
 */
export function parseStartLine(raw: string, at: number, limits: ParseLimits): StartLine {
  const lf = raw.indexOf('\n', at);
  const end = lf < 0 ? raw.length : lf + 1;
  let lineEnd = lf < 0 ? raw.length : lf;
  if (lineEnd > at && raw.charCodeAt(lineEnd - 1) === 0x0d) lineEnd--;
  return matchesLower(raw, at, 'sip/') ? statusLine(raw, at, lineEnd, end) : requestLine(raw, at, lineEnd, end, limits);
}

function requestLine(raw: string, at: number, lineEnd: number, end: number, limits: ParseLimits): StartLine {
  const methodEnd = skipClass(raw, at, lineEnd, C_TOKEN);
  const method = methodAt(raw, at, methodEnd);
  const id = methodId(method);
  // The regular line: one SP, a URI without blanks, one SP, the version.
  const wanted = lineEnd - VERSION.length - 1;
  if (
    methodEnd > at &&
    wanted > methodEnd + 1 &&
    wanted - methodEnd - 1 <= limits.maxUri &&
    raw.charCodeAt(methodEnd) === 0x20 &&
    raw.indexOf(' ', methodEnd + 1) === wanted &&
    isAt(raw, wanted + 1, VERSION)
  ) {
    const regular = raw.slice(methodEnd + 1, wanted);
    return requestStart(method, id, regular, methodEnd + 1, VERSION, end, null);
  }
  let problem: Problem | null = null;
  if (methodEnd === at || raw.charCodeAt(methodEnd) !== 0x20) {
    problem = problemAt('SIP_PARSE_START_LINE', 'Bad request line', at);
  }
  // Exactly one SP on each side of the Request-URI and none at the end (RFC 3261 §7.1; RFC 4475 §3.1.2.8 … §3.1.2.10).
  let tail = lineEnd;
  while (tail > methodEnd && isBlank(raw.charCodeAt(tail - 1))) tail--;
  if (tail < lineEnd) problem ??= problemAt('SIP_PARSE_START_LINE', 'Blanks at the end of the request line', tail);
  let versionStart = tail;
  while (versionStart > methodEnd && !isBlank(raw.charCodeAt(versionStart - 1))) versionStart--;
  let uriStart = methodEnd;
  while (uriStart < versionStart && isBlank(raw.charCodeAt(uriStart))) uriStart++;
  let uriEnd = versionStart;
  while (uriEnd > uriStart && isBlank(raw.charCodeAt(uriEnd - 1))) uriEnd--;
  if (uriStart !== methodEnd + 1 || uriEnd !== versionStart - 1 || uriStart === uriEnd) {
    problem ??= problemAt('SIP_PARSE_START_LINE', 'Bad request line', methodEnd);
  }
  let version = VERSION;
  if (tail - versionStart !== 7 || !isAt(raw, versionStart, VERSION)) {
    version = raw.slice(versionStart, tail);
    problem ??= versionProblem(version, versionStart);
  }
  if (uriEnd - uriStart > limits.maxUri) {
    problem ??= problemAt('SIP_PARSE_URI_TOO_LONG', 'Request-URI Too Long', uriStart, 414);
  }
  const uri = raw.slice(uriStart, uriEnd);
  if (!isClass(raw, uriStart, C_URI) || uri.includes(' ') || uri.includes('\t')) {
    problem ??= problemAt('SIP_PARSE_REQUEST_URI', 'Bad Request-URI', uriStart);
  }
  return requestStart(method, id, uri, uriStart, version, end, problem);
}

function requestStart(
  method: string,
  id: number,
  uri: string,
  uriStart: number,
  version: string,
  end: number,
  problem: Problem | null,
): StartLine {
  return { isRequest: true, method, methodId: id, uri, uriStart, status: 0, reason: '', version, end, problem };
}

/** RFC 3261 §7.1: SIP-Version is case-insensitive. */
function versionProblem(version: string, at: number): Problem | null {
  if (version.toUpperCase() === VERSION) return null;
  if (/^SIP\/\d+\.\d+$/i.test(version)) return problemAt('SIP_PARSE_VERSION', 'Version Not Supported', at, 505);
  return problemAt('SIP_PARSE_START_LINE', 'Bad request line', at);
}

function statusLine(raw: string, at: number, lineEnd: number, end: number): StartLine {
  let problem: Problem | null = null;
  let versionEnd = at;
  while (versionEnd < lineEnd && raw.charCodeAt(versionEnd) !== 0x20) versionEnd++;
  let version = VERSION;
  if (versionEnd - at !== 7 || !isAt(raw, at, VERSION)) {
    version = raw.slice(at, versionEnd);
    problem = versionProblem(version, at);
  }
  const codeStart = versionEnd + 1;
  const codeEnd = codeStart + 3;
  const status = codeEnd > lineEnd ? -1 : uintAt(raw, codeStart, codeEnd, 999);
  // An empty reason phrase keeps its SP (RFC 4475 §3.1.1.13); servers of today forgive its absence.
  const closed = codeEnd === lineEnd || raw.charCodeAt(codeEnd) === 0x20;
  // A bare CR in the reason phrase would be a line's end to somebody else.
  const cr = raw.indexOf('\r', at);
  if (status < 100 || status > 699 || !closed || (cr >= 0 && cr < lineEnd)) {
    problem ??= problemAt('SIP_PARSE_START_LINE', 'Bad status line', at);
  }
  return {
    isRequest: false,
    method: '',
    methodId: 0,
    uri: '',
    uriStart: 0,
    status: Math.max(status, 0),
    reason: raw.slice(Math.min(codeEnd + 1, lineEnd), lineEnd),
    version,
    end,
    problem,
  };
}

function isBlank(c: number): boolean {
  return c === 0x20 || c === 0x09;
}
