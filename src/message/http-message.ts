import { indexHeaders } from './header-index.ts';
import { SipMessage } from './message.ts';
import { methodId } from './method.ts';
import { DEFAULT_LIMITS } from './parse-limits.ts';
import { parseVia } from './via.ts';

/** What an HTTP request is made of; texts are latin1, one character a byte. */
export interface HttpParts {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  /** `1.1` */
  readonly version: string;
  /** Names and values in turn, as they came. */
  readonly headers: readonly string[];
  readonly body: string;
  /** Value of the Via that Kamailio's xhttp puts before the headers: `SIP/2.0/TCP 127.0.0.1:4711`. */
  readonly via: string;
}

/**
 * An HTTP request as a message that routes can look at: its method, headers and body stand where a SIP request's do, there is no Request-URI,
 * From, To, Call-ID or CSeq. Header names and values must have passed an HTTP parser.
 */
export function httpMessage({ method, url, version, headers, body, via }: HttpParts): SipMessage {
  let raw = `${method} ${url} HTTP/${version}\r\n`;
  const headersStart = raw.length;
  raw += `Via: ${via}\r\n`;
  for (let i = 0; i + 1 < headers.length; i += 2) raw += `${headers[i]}: ${headers[i + 1]}\r\n`;
  raw += `\r\n${body}`;
  // Limits are the HTTP parser's; a header that SIP would refuse is only left out.
  const index = indexHeaders(raw, headersStart, { ...DEFAULT_LIMITS, maxMessage: raw.length }, null);
  const { via: top } = index;
  return new SipMessage({
    raw,
    isRequest: true,
    method,
    methodId: methodId(method),
    requestUri: url,
    requestUriStart: method.length + 1,
    status: 0,
    reason: '',
    version: `HTTP/${version}`,
    headers: index.headers,
    headersStart,
    headersEnd: index.headersEnd,
    bodyStart: raw.length - body.length,
    bodyEnd: raw.length,
    topVia: top === null ? null : parseVia(raw, top.valueStart, top.valueEnd),
    from: null,
    to: null,
    cseq: null,
    ruri: null,
  });
}
