/**
 * Every code a {@link ParseFailure} or a framer's fatal event can carry, with one sentence that explains it and says what to do.
 * docs/errors.md is made from it.
 */
export const PARSE_ERRORS = {
  SIP_PARSE_EMPTY: 'The datagram held nothing but line ends (a keepalive): nothing to do.',
  SIP_PARSE_START_LINE:
    'The first line is no request line and no status line of RFC 3261 §7.1/§7.2 (stray blanks, missing version, a status code that is not 100 to 699): look at what the peer sends, it may not be SIP at all. On a stream the connection is closed when the line names no version of SIP.',
  SIP_PARSE_VERSION: 'The SIP version is not 2.0: the request is answered 505; nothing to do but to ask the peer.',
  SIP_PARSE_REQUEST_URI:
    'The Request-URI is malformed: blanks, angle brackets, embedded headers (`?`), an IPv6 address without brackets, a bad port. The peer must fix its URI.',
  SIP_PARSE_URI_TOO_LONG: 'The Request-URI is longer than the limit maxUri: raise the limit if the URI is legitimate.',
  SIP_PARSE_HEADER:
    'A header line is malformed: no colon, a name that is no token, a bare CR, or the empty line after the headers is missing (a cut datagram).',
  SIP_PARSE_HEADER_TOO_LONG: 'One header is longer than the limit maxHeader: raise the limit if it is legitimate.',
  SIP_PARSE_TOO_MANY_HEADERS:
    'There are more header lines than the limit maxHeaders: raise the limit if that is legitimate.',
  SIP_PARSE_HEADERS_MISSING:
    'One of Via, From, To, Call-ID and CSeq is missing (RFC 3261 §8.1.1): the peer must send them all.',
  SIP_PARSE_HEADER_REPEATED:
    'A header that may stand only once (From, To, Call-ID, CSeq, Max-Forwards) is there twice: what was meant cannot be known, the peer must send one.',
  SIP_PARSE_VIA: 'The topmost Via is malformed, so the answer has no safe destination.',
  SIP_PARSE_FROM:
    'From is no name-addr or addr-spec: unbalanced quotes, blanks in the URI, a comma in an unquoted name.',
  SIP_PARSE_TO: 'To is no name-addr or addr-spec: unbalanced quotes, blanks in the URI, a comma in an unquoted name.',
  SIP_PARSE_CALL_ID: 'Call-ID is empty or holds blanks.',
  SIP_PARSE_CSEQ: 'CSeq is malformed, its number is 2^31 or more, or its method is not the one of the request line.',
  SIP_PARSE_MAX_FORWARDS: 'Max-Forwards is not a number from 0 to 255 (RFC 3261 §20.22).',
  SIP_PARSE_CONTENT_LENGTH:
    'Content-Length is no number, is larger than the body that came, or is there twice with different values; on a stream the connection is closed, as nothing after it can be trusted.',
  SIP_PARSE_TOO_LARGE: 'The message is larger than the limit maxMessage: raise the limit if it is legitimate.',
} as const;

/** A code of {@link PARSE_ERRORS}. */
export type ParseErrorCode = keyof typeof PARSE_ERRORS;

/** What is wrong with a message, before it is known whether it can be answered. */
export interface Problem {
  readonly code: ParseErrorCode;
  readonly status: number;
  readonly reason: string;
  readonly offset: number;
}

/** Makes a {@link Problem}; the status is 400 unless said otherwise. */
export function problemAt(code: ParseErrorCode, reason: string, offset: number, status = 400): Problem {
  return { code, status, reason, offset };
}
