import { C_ALPHA, C_URI, CHARS, isClass, skipClass, uintAt } from './chars.ts';
import { skipHost } from './host.ts';
import { paramValue } from './params.ts';

/** A parsed URI (RFC 3261 §19.1, RFC 3966 for tel). Texts are as written, escapes included. */
export interface SipUri {
  readonly text: string;
  /** Lower-case scheme: sip, sips, tel, urn, … */
  readonly scheme: string;
  /** User part (or the number of a tel: URI), undefined when there is no user part at all. */
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** Host as written; an IPv6 reference keeps its brackets; empty for non-sip schemes. */
  readonly host: string;
  /** Port, 0 when absent. */
  readonly port: number;
  /** URI parameters' text from the first `;`, empty when there are none. */
  readonly params: string;
  /** Headers' text from `?`, empty when there are none. */
  readonly headers: string;
  /** transport parameter in lower case, empty when absent. */
  readonly transport: string;
}

/**
 * Parses a URI: sip and sips to their parts, tel to number and parameters, any other scheme opaque (`host` empty, `user` undefined).
 *
 * The user part may hold whatever the grammar allows, `;` `?` `/` `,` included, and what the field sends (`#`, UTF-8); it ends at
 * the first `@`, which the grammar allows nowhere else but escaped.
 * @returns null when it is none: empty host, blanks, an IPv6 address without brackets or malformed, port 0 or above 65535, …
 */
export function parseUri(text: string): SipUri | null {
  const end = text.length;
  let at = 0;
  let scheme: string;
  if (text.startsWith('sip:')) {
    scheme = 'sip';
    at = 4;
  } else {
    const colon = text.indexOf(':');
    if (colon < 1 || !isScheme(text, colon)) return null;
    scheme = text.slice(0, colon).toLowerCase();
    at = colon + 1;
  }
  if (at >= end) return null;
  if (scheme !== 'sip' && scheme !== 'sips') return parseOther(text, scheme, at);

  // One walk finds the `@`, the first `;` and `?` after it (or from the start when there is none), and anything no URI may hold.
  let userEnd = -1;
  let semi = -1;
  let question = -1;
  for (let i = at; i < end; i++) {
    const c = text.charCodeAt(i);
    if (c > 255 || ((CHARS[c] as number) & C_URI) === 0) return null;
    if (c === 0x40) {
      if (userEnd < 0) {
        userEnd = i;
        semi = -1;
        question = -1;
      } else if (semi < 0 && question < 0) return null;
    } else if (c === 0x3b) {
      if (semi < 0 && question < 0) semi = i;
    } else if (c === 0x3f && question < 0) question = i;
  }
  let user: string | undefined;
  let password: string | undefined;
  if (userEnd >= 0) {
    const info = text.slice(at, userEnd);
    const colon = info.indexOf(':');
    user = colon < 0 ? info : info.slice(0, colon);
    if (colon >= 0) password = info.slice(colon + 1);
    at = userEnd + 1;
  }
  const hostEnd = skipHost(text, at, end);
  if (hostEnd < 0) return null;
  const host = text.slice(at, hostEnd);
  at = hostEnd;
  const restStart = semi >= 0 ? semi : question >= 0 ? question : end;
  let port = 0;
  if (at < restStart) {
    if (text.charCodeAt(at) !== 0x3a) return null;
    port = uintAt(text, at + 1, restStart, 65535);
    if (port < 1 || port > 65535) return null;
  }
  const params = semi < 0 ? '' : text.slice(semi, question < 0 ? end : question);
  return {
    text,
    scheme,
    user,
    password,
    host,
    port,
    params,
    headers: question < 0 ? '' : text.slice(question),
    transport: params === '' ? '' : (paramValue(params, 'transport') ?? '').toLowerCase(),
  };
}

function isScheme(text: string, end: number): boolean {
  if (!isClass(text, 0, C_ALPHA)) return false;
  for (let i = 1; i < end; i++) {
    const c = text.charCodeAt(i);
    const ok =
      (c >= 0x61 && c <= 0x7a) || (c >= 0x41 && c <= 0x5a) || (c >= 0x30 && c <= 0x39) || c === 0x2b || c === 0x2d;
    if (!ok && c !== 0x2e) return false;
  }
  return true;
}

function parseOther(text: string, scheme: string, at: number): SipUri | null {
  if (skipClass(text, at, text.length, C_URI) < text.length) return null;
  if (scheme !== 'tel') {
    return {
      text,
      scheme,
      user: undefined,
      password: undefined,
      host: '',
      port: 0,
      params: '',
      headers: '',
      transport: '',
    };
  }
  // RFC 3966 §3: telephone-subscriber, then parameters.
  const semi = text.indexOf(';', at);
  const user = text.slice(at, semi < 0 ? text.length : semi);
  if (user === '') return null;
  return {
    text,
    scheme,
    user,
    password: undefined,
    host: '',
    port: 0,
    params: semi < 0 ? '' : text.slice(semi),
    headers: '',
    transport: '',
  };
}

export {
  buildUri,
  escapeUser,
  type UriParts,
  unescapeUser,
  uriParam,
  withHost,
  withHostPort,
  withParam,
  withParams,
  withPassword,
  withPort,
  withUser,
} from './uri-build.ts';
export { uriEquals } from './uri-equals.ts';
