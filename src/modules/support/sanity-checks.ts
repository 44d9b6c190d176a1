import { parseCredentials } from '../../message/auth-header.ts';
import { uintAt } from '../../message/chars.ts';
import { messageContacts } from '../../message/contact.ts';
import {
  HDR_AUTHORIZATION,
  HDR_CALL_ID,
  HDR_CONTENT_LENGTH,
  HDR_CSEQ,
  HDR_EXPIRES,
  HDR_FROM,
  HDR_P_ASSERTED_IDENTITY,
  HDR_PATH,
  HDR_PROXY_AUTHORIZATION,
  HDR_PROXY_REQUIRE,
  HDR_RECORD_ROUTE,
  HDR_ROUTE,
  HDR_TO,
  HDR_VIA,
  type HeaderId,
} from '../../message/header-name.ts';
import type { HeaderField, SipMessage } from '../../message/message.ts';
import { parseNameAddrList } from '../../message/name-addr.ts';
import { ParamCursor, paramValue } from '../../message/params.ts';
import { parseUri } from '../../message/uri.ts';

/** Greatest sizes in bytes for the size check (sanity's size_… parameters). */
export interface SizeLimits {
  readonly message: number;
  readonly headers: number;
  readonly header: number;
  readonly body: number;
  readonly method: number;
  readonly ruri: number;
  readonly from: number;
  readonly to: number;
  readonly contact: number;
  readonly pai: number;
  readonly path: number;
  readonly route: number;
}

export interface SanityOptions {
  /** Extensions we support, lower case. */
  readonly proxyRequire: ReadonlySet<string>;
  readonly sizes: SizeLimits;
}

/** What is wrong with a message, and the reply it deserves. `status` 0: refused without a reply. */
export interface SanityFailure {
  readonly status: number;
  readonly reason: string;
  /** Header lines for the reply, each with CRLF. */
  readonly headers: string;
}

/** Bits of the uri_checks argument. */
export const URI_REQUEST = 1;
export const URI_FROM = 2;
export const URI_TO = 4;
export const URI_CONTACT = 8;

const REQUIRED: readonly HeaderId[] = [HDR_VIA, HDR_FROM, HDR_TO, HDR_CALL_ID, HDR_CSEQ];
const SCHEMES = new Set(['sip', 'sips', 'tel', 'tels', 'urn']);
const U32 = 0xffffffff;

type Check = (message: SipMessage, uris: number, options: SanityOptions) => SanityFailure | null;

/** The checks in the order in which they run; texts are those clients and monitoring know from Kamailio. */
const CHECKS: readonly (readonly [number, Check])[] = [
  [1, version],
  [2, scheme],
  [4, requiredHeaders],
  [16384, firstVia],
  [32, cseqMethod],
  [64, cseqNumber],
  [128, contentLength],
  [256, expires],
  [512, proxyRequire],
  [1024, uris],
  [2048, (message) => credentials(message, true)],
  [8192, (message) => credentials(message, false)],
  [4096, duplicateTags],
  [32768, rfc3261],
  [65536, sizes],
];

/**
 * Runs the checks whose bits are set and stops at the first that fails.
 * Bits 8 and 16 (Via version and protocol) do nothing in Kamailio either.
 * @param uriBits URI_… bits for the URI check
 */
export function checkSanity(
  message: SipMessage,
  bits: number,
  uriBits: number,
  options: SanityOptions,
): SanityFailure | null {
  for (const [bit, check] of CHECKS) {
    if ((bits & bit) === 0) continue;
    const failed = check(message, uriBits, options);
    if (failed !== null) return failed;
  }
  return null;
}

function bad(reason: string, status = 400, headers = ''): SanityFailure {
  return { status, reason, headers };
}

function version(message: SipMessage): SanityFailure | null {
  return message.version.toUpperCase() === 'SIP/2.0' ? null : bad('Version Not Supported (R-URI)', 505);
}

function scheme(message: SipMessage): SanityFailure | null {
  if (!message.isRequest) return null;
  if (message.ruri === null) return bad('Bad Request URI');
  return SCHEMES.has(message.ruri.scheme) ? null : bad('Unsupported URI Scheme in Request URI', 416);
}

function requiredHeaders(message: SipMessage): SanityFailure | null {
  return REQUIRED.every((id) => message.find(id) !== undefined) ? null : bad('Missing Required Header in Request');
}

function firstVia(message: SipMessage): SanityFailure | null {
  const via = message.topVia;
  return via === null || via.host === '' ? bad('Bad Via Header') : null;
}

function cseqMethod(message: SipMessage): SanityFailure | null {
  const { cseq } = message;
  if (cseq === null) return bad('Missing method in CSeq header');
  return cseq.method === message.method ? null : bad('CSeq method does not match request method');
}

function cseqNumber(message: SipMessage): SanityFailure | null {
  return message.cseq === null ? bad('CSeq number is illegal') : null;
}

function contentLength(message: SipMessage): SanityFailure | null {
  const header = message.find(HDR_CONTENT_LENGTH);
  if (header === undefined) return null;
  const length = uintAt(message.raw, header.valueStart, header.valueEnd, U32);
  if (length < 0) return bad('Content-Length Failure');
  // By what came, not by what the parser took as body: octets behind the body (RFC 3261 §18.3) are a mismatch too.
  return length === message.raw.length - message.bodyStart ? null : bad('Content-Length mis-match');
}

function expires(message: SipMessage): SanityFailure | null {
  const header = message.find(HDR_EXPIRES);
  if (header === undefined) return null;
  if (header.valueEnd === header.valueStart) return bad('Missing number in Expires header');
  const value = uintAt(message.raw, header.valueStart, header.valueEnd, U32);
  return value < 0 || value > U32 ? bad('Expires value is illegal') : null;
}

function proxyRequire(message: SipMessage, _uris: number, options: SanityOptions): SanityFailure | null {
  const unsupported: string[] = [];
  for (const header of message.findAll(HDR_PROXY_REQUIRE)) {
    const tokens = message
      .valueOf(header)
      .split(',')
      .map((token) => token.trim());
    if (tokens.some((token) => !/^[!%'*+\-.`~\w]+$/.test(token))) return bad('Bad Proxy Require Header');
    unsupported.push(...tokens.filter((token) => !options.proxyRequire.has(token.toLowerCase())));
  }
  // RFC 3261 §16.3 step 5: 420 with all that is not supported.
  return unsupported.length === 0
    ? null
    : bad('Bad Proxy Require Extension', 420, `Unsupported: ${unsupported.join(', ')}\r\n`);
}

function uris(message: SipMessage, bits: number): SanityFailure | null {
  if ((bits & URI_REQUEST) !== 0 && message.isRequest && message.ruri === null) return bad('Bad Request URI');
  if ((bits & URI_FROM) !== 0 && (message.from === null || parseUri(message.from.uri) === null)) {
    return bad('Invalid From Header');
  }
  // The missing letter is Kamailio's and known to those who match reply texts.
  if ((bits & URI_TO) !== 0 && (message.to === null || parseUri(message.to.uri) === null)) {
    return bad('Ivalid To Header');
  }
  if ((bits & URI_CONTACT) !== 0) {
    const set = messageContacts(message);
    if (set === null) return bad('Bad Contact Header');
    if (set.contacts.some((contact) => parseUri(contact.addr.uri) === null)) return bad('Bad Contact URI');
  }
  return null;
}

/**
 * Digest credentials must have all parameters of RFC 7616 §3.4, and values where nothing works without.
 * @param all true: of both headers, other schemes are refused; false: of Authorization, other schemes are fine
 */
function credentials(message: SipMessage, all: boolean): SanityFailure | null {
  for (const header of message.headers) {
    const { id } = header;
    if (id !== HDR_AUTHORIZATION && !(all && id === HDR_PROXY_AUTHORIZATION)) continue;
    const [found] = parseCredentials(message.raw, header.valueStart, header.valueEnd);
    // Digest credentials that lack a parameter do not parse at all.
    if (found === undefined) {
      return bad(/^digest[ \t]/i.test(message.valueOf(header)) ? 'Bad Auth Credentials' : 'Bad Auth Header');
    }
    if (found.kind !== 'digest') {
      if (all) return bad('', 0);
      continue;
    }
    const has = (name: string): boolean => found.params.some((param) => param.name === name);
    if (!has('username') && found.username === '') return bad('Bad Auth Credentials');
    if (!['realm', 'nonce', 'uri', 'response'].every(has)) return bad('Bad Auth Credentials');
    // RFC 7616 §3.4: qop brings cnonce and nc with it.
    if (has('qop') && !(has('cnonce') && has('nc'))) return bad('Bad Auth Credentials');
    if (found.username === '' || found.username.startsWith('@')) return bad('Auth Empty User');
    if (found.nonce === '') return bad('Auth Empty Nonce');
    if (found.response === '') return bad('Auth Empty Response');
  }
  return null;
}

function tagCount(params: string): number {
  const cursor = new ParamCursor(params, 0, params.length);
  let count = 0;
  while (cursor.next()) if (cursor.is('tag')) count++;
  return count;
}

function duplicateTags(message: SipMessage): SanityFailure | null {
  if (message.from === null) return bad('Invalid From Header');
  if (tagCount(message.from.params) > 1) return bad('Many From Tag Params');
  if (message.to === null) return bad('Ivalid To Header');
  return tagCount(message.to.params) > 1 ? bad('Many To Tag Params') : null;
}

/** RFC 3261 §8.1.1.7 branch cookie and §16.4 loose routers: what a peer of RFC 2543 has not. */
function rfc3261(message: SipMessage): SanityFailure | null {
  if (message.topVia?.branch.startsWith('z9hG4bK') !== true) return bad('Bad Via Branch');
  for (const id of [HDR_ROUTE, HDR_RECORD_ROUTE]) {
    for (const header of message.findAll(id)) {
      const list = parseNameAddrList(message.raw, header.valueStart, header.valueEnd);
      if (list === null) return bad('Bad Route Header');
      for (const { uri } of list) {
        if (paramValue(parseUri(uri)?.params ?? '', 'lr') === undefined) return bad('Strict Router');
      }
    }
  }
  return null;
}

function sizes(message: SipMessage, _uris: number, { sizes: limit }: SanityOptions): SanityFailure | null {
  const { raw } = message;
  if (raw.length > limit.message) return bad('Message Too Large', 513);
  if (message.method.length > limit.method) return bad('Method Too Long');
  if (message.requestUri.length > limit.ruri) return bad('Request-URI Too Long', 414);
  if (message.headersEnd - message.headersStart > limit.headers) return bad('Headers Too Large');
  if (message.headers.some((header) => header.end - header.start > limit.header)) return bad('Header Too Large');
  if (message.bodyEnd - message.bodyStart > limit.body) return bad('Body Too Large', 413);
  const byName: readonly (readonly [HeaderId, number, string])[] = [
    [HDR_FROM, limit.from, 'From'],
    [HDR_TO, limit.to, 'To'],
    [HDR_P_ASSERTED_IDENTITY, limit.pai, 'P-Asserted-Identity'],
    [HDR_PATH, limit.path, 'Path'],
    [HDR_ROUTE, limit.route, 'Route'],
    [HDR_RECORD_ROUTE, limit.route, 'Record-Route'],
  ];
  for (const [id, most, name] of byName) {
    if (message.findAll(id).some((header) => longestUri(message, header) > most)) return bad(`${name} URI Too Long`);
  }
  const contacts = messageContacts(message)?.contacts ?? [];
  return contacts.some(({ addr }) => addr.uri.length > limit.contact) ? bad('Contact URI Too Long') : null;
}

/** Length of the longest URI of a list header; an unreadable header counts whole. */
function longestUri(message: SipMessage, header: HeaderField): number {
  const list = parseNameAddrList(message.raw, header.valueStart, header.valueEnd);
  if (list === null) return header.valueEnd - header.valueStart;
  return Math.max(...list.map(({ uri }) => uri.length));
}
