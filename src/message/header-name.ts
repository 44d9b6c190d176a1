/**
 * Header names: a small integer per name a proxy or user agent client reads, so that a message's header index is
 * compared by number and never lower-cased (RFC 3261 §7.3.1, §7.3.3 compact forms; §20).
 */

export const HDR_OTHER = 0;
export const HDR_VIA = 1;
export const HDR_FROM = 2;
export const HDR_TO = 3;
export const HDR_CALL_ID = 4;
export const HDR_CSEQ = 5;
export const HDR_MAX_FORWARDS = 6;
export const HDR_ROUTE = 7;
export const HDR_RECORD_ROUTE = 8;
export const HDR_CONTACT = 9;
export const HDR_CONTENT_LENGTH = 10;
export const HDR_CONTENT_TYPE = 11;
export const HDR_EXPIRES = 12;
export const HDR_AUTHORIZATION = 13;
export const HDR_PROXY_AUTHORIZATION = 14;
export const HDR_WWW_AUTHENTICATE = 15;
export const HDR_PROXY_AUTHENTICATE = 16;
export const HDR_USER_AGENT = 17;
export const HDR_SERVER = 18;
export const HDR_SUPPORTED = 19;
export const HDR_REQUIRE = 20;
export const HDR_PROXY_REQUIRE = 21;
export const HDR_UNSUPPORTED = 22;
export const HDR_ALLOW = 23;
export const HDR_EVENT = 24;
export const HDR_SUBJECT = 25;
export const HDR_PATH = 26;
export const HDR_SERVICE_ROUTE = 27;
export const HDR_RACK = 28;
export const HDR_RSEQ = 29;
export const HDR_REASON = 30;
export const HDR_RETRY_AFTER = 31;
export const HDR_MIN_EXPIRES = 32;
export const HDR_P_ASSERTED_IDENTITY = 33;
export const HDR_P_PREFERRED_IDENTITY = 34;
export const HDR_REMOTE_PARTY_ID = 35;
export const HDR_DIVERSION = 36;
export const HDR_REFER_TO = 37;
export const HDR_PRIVACY = 38;
export const HDR_ACCEPT = 39;
export const HDR_DATE = 40;
export const HDR_AUTHENTICATION_INFO = 41;
export const HDR_WARNING = 42;
export const HDR_SESSION_EXPIRES = 43;
export const HDR_CONTENT_ENCODING = 44;
export const HDR_REFERRED_BY = 45;
export const HDR_TIMESTAMP = 46;

/** A header name's number; `HDR_OTHER` (0) for every name without one. */
export type HeaderId = number;

/** Canonical spelling by id, as RFC 3261 §20 and later RFCs print it. */
export const HEADER_NAMES: readonly string[] = [
  '',
  'Via',
  'From',
  'To',
  'Call-ID',
  'CSeq',
  'Max-Forwards',
  'Route',
  'Record-Route',
  'Contact',
  'Content-Length',
  'Content-Type',
  'Expires',
  'Authorization',
  'Proxy-Authorization',
  'WWW-Authenticate',
  'Proxy-Authenticate',
  'User-Agent',
  'Server',
  'Supported',
  'Require',
  'Proxy-Require',
  'Unsupported',
  'Allow',
  'Event',
  'Subject',
  'Path',
  'Service-Route',
  'RAck',
  'RSeq',
  'Reason',
  'Retry-After',
  'Min-Expires',
  'P-Asserted-Identity',
  'P-Preferred-Identity',
  'Remote-Party-ID',
  'Diversion',
  'Refer-To',
  'Privacy',
  'Accept',
  'Date',
  'Authentication-Info',
  'Warning',
  'Session-Expires',
  'Content-Encoding',
  'Referred-By',
  'Timestamp',
];

// Compact forms: RFC 3261 §7.3.3 and the IANA registry (o Event, u Allow-Events is not read here, r Refer-To, b Referred-By, x Session-Expires).
const COMPACT: Readonly<Record<string, HeaderId>> = {
  v: HDR_VIA,
  f: HDR_FROM,
  t: HDR_TO,
  i: HDR_CALL_ID,
  m: HDR_CONTACT,
  l: HDR_CONTENT_LENGTH,
  c: HDR_CONTENT_TYPE,
  k: HDR_SUPPORTED,
  s: HDR_SUBJECT,
  e: HDR_CONTENT_ENCODING,
  o: HDR_EVENT,
  r: HDR_REFER_TO,
  b: HDR_REFERRED_BY,
  x: HDR_SESSION_EXPIRES,
};

interface Candidate {
  readonly lower: string;
  readonly id: HeaderId;
}

// Candidates by (length, lower-cased first character): at most three names share a slot.
const SLOTS: (Candidate[] | undefined)[] = new Array(32 * 128).fill(undefined);

function enter(name: string, id: HeaderId): void {
  const lower = name.toLowerCase();
  const slot = lower.length * 128 + lower.charCodeAt(0);
  const list = SLOTS[slot];
  if (list) list.push({ lower, id });
  else SLOTS[slot] = [{ lower, id }];
}
for (let id = 1; id < HEADER_NAMES.length; id++) enter(HEADER_NAMES[id] as string, id);
for (const letter of Object.keys(COMPACT)) enter(letter, COMPACT[letter] as HeaderId);

/**
 * The id of the header name that stands in `text` between two offsets; compact forms and any case are recognised.
 * @param text any text, usually a whole message
 * @param start offset of the name's first character
 * @param end offset after its last character
 * @returns the id, or `HDR_OTHER` for a name this stack has no number for
 */
export function headerIdAt(text: string, start: number, end: number): HeaderId {
  const length = end - start;
  if (length <= 0 || length > 31) return HDR_OTHER;
  const first = text.charCodeAt(start);
  if (first > 0x7f) return HDR_OTHER;
  const list = SLOTS[length * 128 + (first | 0x20)];
  if (list === undefined) return HDR_OTHER;
  next: for (const candidate of list) {
    const { lower } = candidate;
    for (let i = 1; i < length; i++) {
      const c = text.charCodeAt(start + i);
      const l = c >= 0x41 && c <= 0x5a ? c | 0x20 : c;
      if (l !== lower.charCodeAt(i)) continue next;
    }
    return candidate.id;
  }
  return HDR_OTHER;
}

/** The id of a header name; see {@link headerIdAt}. */
export function headerId(name: string): HeaderId {
  return headerIdAt(name, 0, name.length);
}
