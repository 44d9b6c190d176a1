/**
 * Header names: a small integer per name a proxy or user agent client reads, so that a message's header index is
 * compared by number and never lower-cased (RFC 3261 §7.3.1, §7.3.3 compact forms; §20).
 */

import { C_TOKEN, CHARS } from './chars.ts';

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

/*
 * All names in one trie, so that a single walk over a name finds its end and its id: row = state, column = ASCII character.
 * NAME_ROOT begins; state 0 is "a name without a number", which every further token character keeps; NAME_STOP ends the name.
 */
export const NAME_ROOT = 1;
export const NAME_STOP = 0xffff;

function buildTrie(): { steps: Uint16Array; ids: Uint8Array } {
  const names: [string, HeaderId][] = Object.entries(COMPACT);
  for (let id = 1; id < HEADER_NAMES.length; id++) names.push([(HEADER_NAMES[id] as string).toLowerCase(), id]);
  const states = names.reduce((sum, [name]) => sum + name.length, 2);
  const steps = new Uint16Array(states * 128);
  const ids = new Uint8Array(states);
  for (let c = 0; c < 128; c++) {
    if (((CHARS[c] as number) & C_TOKEN) !== 0) continue;
    for (let state = 0; state < states; state++) steps[state * 128 + c] = NAME_STOP;
  }
  let used = NAME_ROOT + 1;
  for (const [name, id] of names) {
    let state = NAME_ROOT;
    for (const ch of name) {
      const at = state * 128 + ch.charCodeAt(0);
      if (steps[at] === 0) {
        steps[at] = used;
        steps[state * 128 + ch.toUpperCase().charCodeAt(0)] = used;
        used++;
      }
      state = steps[at] as number;
    }
    ids[state] = id;
  }
  return { steps, ids };
}

const TRIE = buildTrie();
/** Next state for (state × 128 + character below 128). */
export const NAME_STEPS: Uint16Array = TRIE.steps;
/** Header id by state; HDR_OTHER for a state that ends no name. */
export const NAME_IDS: Uint8Array = TRIE.ids;

/**
 * The id of the header name that stands in `text` between two offsets; compact forms and any case are recognised.
 * @param text any text, usually a whole message
 * @param start offset of the name's first character
 * @param end offset after its last character
 * @returns the id, or `HDR_OTHER` for a name this stack has no number for
 */
export function headerIdAt(text: string, start: number, end: number): HeaderId {
  let state = NAME_ROOT;
  for (let i = start; i < end; i++) {
    const c = text.charCodeAt(i);
    state = c < 128 ? (NAME_STEPS[state * 128 + c] as number) : NAME_STOP;
    if (state === 0 || state === NAME_STOP) return HDR_OTHER;
  }
  return NAME_IDS[state] as number;
}

/** The id of a header name; see {@link headerIdAt}. */
export function headerId(name: string): HeaderId {
  return headerIdAt(name, 0, name.length);
}
