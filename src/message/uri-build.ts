import { C_URI, isClass } from './chars.ts';
import { paramValue } from './params.ts';
import type { SipUri } from './uri.ts';

/** What {@link buildUri} puts together; texts go in as they are. */
export interface UriParts {
  readonly scheme: string;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly host: string;
  /** 0 or absent: none. */
  readonly port?: number | undefined;
  /** Starts with `;`, or empty. */
  readonly params?: string | undefined;
  /** Starts with `?`, or empty. */
  readonly headers?: string | undefined;
}

/** The text of a sip or sips URI (RFC 3261 §19.1.1), or of a tel URI (its user is the number). */
export function buildUri(parts: UriParts): string {
  const { user, password, port } = parts;
  let text = `${parts.scheme}:`;
  if (parts.scheme === 'tel') return text + (user ?? '') + (parts.params ?? '');
  if (user !== undefined) {
    text += user;
    if (password !== undefined) text += `:${password}`;
    text += '@';
  }
  text += parts.host;
  if (port !== undefined && port > 0) text += `:${port}`;
  return text + (parts.params ?? '') + (parts.headers ?? '');
}

/**
 * The URI's text with another user part; the rest stays. Characters that cannot stand there are escaped.
 * @param user undefined takes the user part (and the password) away; a tel URI keeps its number
 */
export function withUser(uri: SipUri, user: string | undefined): string {
  if (isOpaque(uri) || (user === undefined && uri.host === '')) return uri.text;
  if (user === undefined) return buildUri({ ...uri, user: undefined, password: undefined });
  return buildUri({ ...uri, user: escapeUser(user) });
}

/** The URI's text with another password; undefined takes it away. Without a user part nothing changes. */
export function withPassword(uri: SipUri, password: string | undefined): string {
  if (isOpaque(uri) || uri.user === undefined) return uri.text;
  return buildUri({ ...uri, password: password === undefined ? undefined : escapeUser(password) });
}

/** The URI's text with another host (IPv6 in brackets), port and all else kept. A tel URI has none and stays. */
export function withHost(uri: SipUri, host: string): string {
  return hasHost(uri) ? buildUri({ ...uri, host }) : uri.text;
}

/** The URI's text with another port; 0 takes it away. */
export function withPort(uri: SipUri, port: number): string {
  return hasHost(uri) ? buildUri({ ...uri, port }) : uri.text;
}

/** The URI's text with another host and port; port 0 for none. */
export function withHostPort(uri: SipUri, host: string, port: number): string {
  return hasHost(uri) ? buildUri({ ...uri, host, port }) : uri.text;
}

/** The URI's text with its parameters replaced by a `;a=b` text, or without any for ''. */
export function withParams(uri: SipUri, params: string): string {
  return isOpaque(uri) ? uri.text : buildUri({ ...uri, params });
}

/**
 * The URI's text with one parameter set.
 * @param name lower-case name; an existing one of any case is replaced where it stands, else it is appended
 * @param value text as it shall stand in the URI; '' for a flag; undefined takes the parameter away
 */
export function withParam(uri: SipUri, name: string, value: string | undefined): string {
  if (isOpaque(uri)) return uri.text;
  const wanted = value === undefined ? '' : value === '' ? `;${name}` : `;${name}=${value}`;
  let params = '';
  let done = false;
  for (const part of uri.params.split(';').slice(1)) {
    const equals = part.indexOf('=');
    const own = (equals < 0 ? part : part.slice(0, equals)).trim().toLowerCase();
    if (own !== name) params += `;${part}`;
    else if (!done) {
      params += wanted;
      done = true;
    }
  }
  return buildUri({ ...uri, params: done ? params : params + wanted });
}

/** A URI parameter's value; '' for a flag, undefined when absent. @param name lower-case */
export function uriParam(uri: SipUri, name: string): string | undefined {
  if (uri.params === '') return undefined;
  const plain = paramValue(uri.params, name);
  if (plain !== undefined || !uri.params.includes('%')) return plain;
  // RFC 3261 §19.1.4: an escaped character is the same as the character, in names too.
  for (const part of uri.params.split(';')) {
    const equals = part.indexOf('=');
    const own = unescapeUser(equals < 0 ? part : part.slice(0, equals)).toLowerCase();
    if (own === name) return equals < 0 ? '' : part.slice(equals + 1);
  }
  return undefined;
}

/**
 * The text with its %XX escapes taken away, once (RFC 3261 §19.1.2). `%00` gives a NUL character; a `%` that begins no escape stays.
 * @returns latin1 text: one character per byte
 */
export function unescapeUser(text: string): string {
  if (!text.includes('%')) return text;
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** The text with what cannot stand in a user part (controls, blanks, `"` `<` `>` `@`) escaped; existing escapes stay. */
export function escapeUser(text: string): string {
  let clean = '';
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c !== 0x40 && isClass(text, i, C_URI)) clean += text.charAt(i);
    else clean += `%${(c & 0xff).toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return clean;
}

function hasHost(uri: SipUri): boolean {
  return uri.host !== '';
}

function isOpaque(uri: SipUri): boolean {
  return uri.host === '' && uri.user === undefined;
}
