import { C_ALPHA, C_URI, CHARS, isAt, isClass, skipClass, uintAt } from './chars.ts';
import { skipHost } from './host.ts';
import { paramValueAt } from './params.ts';

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
  return parseUriAt(text, 0, text);
}

/**
 * {@link parseUri} for a URI that stands in a longer text.
 * @param raw the text it stands in: reading that is faster than reading a slice of it
 * @param start where in `raw`
 * @param text the URI itself
 */
export function parseUriAt(raw: string, start: number, text: string): SipUri | null {
  const end = start + text.length;
  let at = start;
  let scheme: string;
  if (isAt(raw, start, 'sip:')) {
    scheme = 'sip';
    at += 4;
  } else {
    const colon = text.indexOf(':');
    if (colon < 1 || !isScheme(text, colon)) return null;
    scheme = text.slice(0, colon).toLowerCase();
    if (scheme !== 'sip' && scheme !== 'sips') return parseOther(text, scheme, colon + 1);
    at += colon + 1;
  }

  // One walk finds the `@`, the first `;` and `?` after it (or from the start when there is none), and anything no URI may hold.
  let userEnd = -1;
  let colon = -1;
  let semi = -1;
  let question = -1;
  // First `;t…`: most URIs have none, and need no search for a transport parameter.
  let transportAt = -1;
  for (let i = at; i < end; i++) {
    const c = raw.charCodeAt(i);
    if (c > 255 || ((CHARS[c] as number) & C_URI) === 0) return null;
    if (c > 0x40) continue;
    if (c === 0x40) {
      if (userEnd < 0) {
        userEnd = i;
        semi = -1;
        question = -1;
        transportAt = -1;
      } else if (semi < 0 && question < 0) return null;
    } else if (c === 0x3a) {
      if (colon < 0) colon = i;
    } else if (c === 0x3b) {
      if (semi < 0 && question < 0) semi = i;
      if (transportAt < 0 && (raw.charCodeAt(i + 1) | 0x20) === 0x74) transportAt = i;
    } else if (c === 0x3f && question < 0) question = i;
  }
  let user: string | undefined;
  let password: string | undefined;
  if (userEnd >= 0) {
    if (colon < 0 || colon > userEnd) user = raw.slice(at, userEnd);
    else {
      user = raw.slice(at, colon);
      password = raw.slice(colon + 1, userEnd);
    }
    at = userEnd + 1;
  }
  const hostEnd = skipHost(raw, at, end);
  if (hostEnd < 0) return null;
  const host = raw.slice(at, hostEnd);
  const restStart = semi >= 0 ? semi : question >= 0 ? question : end;
  let port = 0;
  if (hostEnd < restStart) {
    if (raw.charCodeAt(hostEnd) !== 0x3a) return null;
    port = uintAt(raw, hostEnd + 1, restStart, 65535);
    if (port < 1 || port > 65535) return null;
  }
  const paramsEnd = question < 0 ? end : question;
  return {
    text,
    scheme,
    user,
    password,
    host,
    port,
    params: semi < 0 ? '' : raw.slice(semi, paramsEnd),
    headers: question < 0 ? '' : raw.slice(question, end),
    transport: semi < 0 || transportAt < 0 ? '' : transportOf(raw, transportAt, paramsEnd),
  };
}

function transportOf(raw: string, start: number, end: number): string {
  return (paramValueAt(raw, start, end, 'transport') ?? '').toLowerCase();
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
  if (at >= text.length || skipClass(text, at, text.length, C_URI) < text.length) return null;
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
