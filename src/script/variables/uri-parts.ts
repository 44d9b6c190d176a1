import { parseUri, type SipUri } from '../../message/uri.ts';
import type { Value } from '../values.ts';

/**
 * Parses the same text once however often it is asked for in a row: a script reads $rU, $rd and $rp of one URI. It remembers one text, so
 * it holds on to at most one message.
 */
export class UriMemo {
  private text = '';
  private uri: SipUri | null = null;

  parse(text: string): SipUri | null {
    if (text !== this.text) {
      this.text = text;
      this.uri = parseUri(text);
    }
    return this.uri;
  }
}

/** User part; the number of tel:, the namespace of urn: (`service` in urn:service:sos). Undefined when there is none. */
export function userOf(uri: SipUri | null): Value {
  if (uri === null) return null;
  if (uri.user !== undefined) return uri.user === '' ? null : uri.user;
  return uri.scheme === 'urn' ? urnPart(uri.text, 0) : null;
}

/** Host; what follows the namespace in urn:service:sos. */
export function hostOf(uri: SipUri | null): Value {
  if (uri === null) return null;
  if (uri.host !== '') return uri.host;
  return uri.scheme === 'urn' ? urnPart(uri.text, 1) : null;
}

function urnPart(text: string, part: 0 | 1): Value {
  const first = text.indexOf(':') + 1;
  const second = text.indexOf(':', first);
  if (second < 0) return part === 0 ? null : text.slice(first);
  return part === 0 ? text.slice(first, second) : text.slice(second + 1);
}

/** Port as a number; without one 5060, or 5061 for sips and TLS (RFC 3261 §19.1.2). */
export function portOf(uri: SipUri | null): number {
  if (uri === null) return 0;
  if (uri.port !== 0) return uri.port;
  return uri.scheme === 'sips' || uri.transport === 'tls' ? 5061 : 5060;
}

/** Port as text. */
export function portText(uri: SipUri | null): Value {
  return uri === null ? null : String(portOf(uri));
}

/** Transport parameter as written, `UDP` when there is none. */
export function transportOf(uri: SipUri | null): Value {
  if (uri === null) return null;
  if (uri.transport === '') return 'UDP';
  const { params } = uri;
  const at = params.search(/;\s*transport\s*=/i);
  const start = params.indexOf('=', at) + 1;
  const end = params.indexOf(';', start);
  return params.slice(start, end < 0 ? params.length : end).trim();
}

/** Kamailio's number of a transport name; 0 for an unknown one. */
export function protoId(name: Value): number {
  switch (typeof name === 'string' ? name.toLowerCase() : '') {
    case 'udp':
      return 1;
    case 'tcp':
      return 2;
    case 'tls':
      return 3;
    case 'sctp':
      return 4;
    case 'ws':
      return 5;
    case 'wss':
      return 6;
    default:
      return 0;
  }
}

/** Scheme's number as Kamailio counts them: sip 1, sips 2, tel 3, tels 4, urn 5. */
export function schemeId(uri: SipUri | null): number {
  switch (uri?.scheme) {
    case 'sip':
      return 1;
    case 'sips':
      return 2;
    case 'tel':
      return 3;
    case 'tels':
      return 4;
    case 'urn':
      return 5;
    default:
      return 0;
  }
}

/** The URI with another user part, which keeps the password; without one (null) both go. Null when it has no place for a user. */
export function withUser(uri: SipUri, user: string | null): string | null {
  if (uri.scheme === 'tel') return user === null ? null : `${schemeText(uri)}:${user}${uri.params}`;
  if (uri.host === '') return null;
  if (user === null) return rebuild(uri, '', hostPort(uri));
  const password = uri.password === undefined ? '' : `:${uri.password}`;
  return rebuild(uri, `${user}${password}@`, hostPort(uri));
}

/** The URI with another host; port, parameters and headers stay. `host` may bring its own port. Null for a URI that has no host. */
export function withHost(uri: SipUri, host: string): string | null {
  if (uri.host === '') return null;
  return rebuild(uri, userinfo(uri), uri.port === 0 ? host : `${host}:${uri.port}`);
}

/** The URI with another port, 0 for none. Null for a URI that has no host. */
export function withPort(uri: SipUri, port: number): string | null {
  if (uri.host === '') return null;
  return rebuild(uri, userinfo(uri), port === 0 ? uri.host : `${uri.host}:${port}`);
}

function schemeText(uri: SipUri): string {
  return uri.text.slice(0, uri.text.indexOf(':'));
}

function userinfo(uri: SipUri): string {
  if (uri.user === undefined) return '';
  return uri.password === undefined ? `${uri.user}@` : `${uri.user}:${uri.password}@`;
}

function hostPort(uri: SipUri): string {
  return uri.port === 0 ? uri.host : `${uri.host}:${uri.port}`;
}

function rebuild(uri: SipUri, user: string, host: string): string {
  return `${schemeText(uri)}:${user}${host}${uri.params}${uri.headers}`;
}
