import { parseUri, type SipUri } from '../../message/uri.ts';
import { bracket } from '../../transport/ip.ts';

/** Parameters that make two URIs differ when only one has them (RFC 3261 §19.1.4); `transport` is missing here as in Kamailio. */
const NEVER_IGNORED = ['user', 'ttl', 'method', 'maddr'];

/** URI parameters in order, names and values as written; a flag has the value ''. */
export function uriParams(params: string): [name: string, value: string][] {
  const list: [string, string][] = [];
  for (const part of params.split(';')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    list.push(equals < 0 ? [part, ''] : [part.slice(0, equals), part.slice(equals + 1)]);
  }
  return list;
}

/**
 * cmp_uri(): a looser equality than RFC 3261 §19.1.4: headers do not count, nor a transport that only one has.
 * @returns null when one of the texts is no URI
 */
export function sameUri(a: string, b: string): boolean | null {
  const first = parseUri(a);
  const second = parseUri(b);
  if (first === null || second === null) return null;
  if (first.scheme !== second.scheme) return false;
  if (first.host === '') return first.text.slice(first.scheme.length) === second.text.slice(second.scheme.length);
  return (
    (first.user ?? '') === (second.user ?? '') &&
    (first.password ?? '') === (second.password ?? '') &&
    first.host.toLowerCase() === second.host.toLowerCase() &&
    first.port === second.port &&
    sameParams(first, second)
  );
}

function sameParams(a: SipUri, b: SipUri): boolean {
  const other = new Map(uriParams(b.params).map(([name, value]) => [name.toLowerCase(), value.toLowerCase()]));
  const seen = new Set<string>();
  for (const [name, value] of uriParams(a.params)) {
    const key = name.toLowerCase();
    seen.add(key);
    const match = other.get(key);
    if (match === undefined ? NEVER_IGNORED.includes(key) : match !== value.toLowerCase()) return false;
  }
  return NEVER_IGNORED.every((name) => !other.has(name) || seen.has(name));
}

/**
 * cmp_aor(): user, host and port; a missing port is 5060, the rest does not count.
 * @returns null when one of the texts is no URI
 */
export function sameAor(a: string, b: string): boolean | null {
  const first = parseUri(a);
  const second = parseUri(b);
  if (first === null || second === null) return null;
  return (
    (first.user ?? '') === (second.user ?? '') &&
    first.host.toLowerCase() === second.host.toLowerCase() &&
    (first.port || 5060) === (second.port || 5060)
  );
}

/**
 * set_uri_user(): the URI's text with another user; its password goes, '' takes the user part away.
 * @returns null for a text without a scheme
 */
export function replaceUser(uri: string, user: string): string | null {
  const colon = uri.indexOf(':');
  if (colon < 0) return null;
  const at = uri.indexOf('@');
  const rest = at < 0 ? uri.slice(colon + 1) : uri.slice(at + 1);
  return `${uri.slice(0, colon + 1)}${user === '' ? '' : `${user}@`}${rest}`;
}

/**
 * set_uri_host(): the URI's text with another host; its port stays.
 * @returns null for a text without a scheme, or an empty host
 */
export function replaceHost(uri: string, host: string): string | null {
  const colon = uri.indexOf(':');
  if (colon < 0 || host === '') return null;
  const at = uri.indexOf('@');
  const start = at < 0 ? colon + 1 : at + 1;
  // An IPv6 reference holds colons of its own.
  const length = /^(?:\[[^\]]*\]|[^:;?>]*)/.exec(uri.slice(start))?.[0].length ?? 0;
  return uri.slice(0, start) + bracket(host) + uri.slice(start + length);
}

/** gr parameter (RFC 5627): 1 public GRUU, 2 temporary one (a flag or empty), -1 none. */
export function gruuKind(params: string): 1 | 2 | -1 {
  const found = uriParams(params).find(([name]) => name.toLowerCase() === 'gr');
  if (found === undefined) return -1;
  return found[1] === '' ? 2 : 1;
}

/** The parameters' text without one parameter. @param name as written, compared in any case */
export function withoutParam(params: string, name: string): string {
  const wanted = name.toLowerCase();
  return params
    .split(/(?=;)/)
    .filter((part) => part.slice(1).split('=', 1)[0]?.trim().toLowerCase() !== wanted)
    .join('');
}
