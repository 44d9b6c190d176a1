import type { SipUri } from './uri.ts';

/** Parameters that make two URIs differ when only one has them; `transport` by the examples of RFC 3261 §19.1.4. */
const NEVER_IGNORED = ['user', 'ttl', 'method', 'maddr', 'transport'];

/**
 * True when two URIs are equal by RFC 3261 §19.1.4 (sip, sips) or RFC 3966 §4 (tel); others when their texts are, but for the
 * scheme's case. This relation is not transitive.
 */
export function uriEquals(a: SipUri, b: SipUri): boolean {
  if (a.scheme !== b.scheme) return false;
  if (a.scheme === 'tel') {
    return telNumber(a) === telNumber(b) && sameMap(pairs(a.params, ';'), pairs(b.params, ';'));
  }
  if (a.host === '' || b.host === '') return a.text.slice(a.scheme.length) === b.text.slice(b.scheme.length);
  return (
    normal(a.user) === normal(b.user) &&
    normal(a.password) === normal(b.password) &&
    a.host.toLowerCase() === b.host.toLowerCase() &&
    a.port === b.port &&
    // What is written alike is equal, and so are nearly all that are equal.
    (a.params === b.params || sameParams(pairs(a.params, ';'), pairs(b.params, ';'))) &&
    (a.headers === b.headers || sameMap(pairs(a.headers, '?'), pairs(b.headers, '?')))
  );
}

/** Escapes of characters outside the reserved set taken away; the others' hex digits in upper case. */
function normal(text: string | undefined): string | undefined {
  if (!text?.includes('%')) return text;
  return text.replace(/%([0-9A-Fa-f]{2})/g, (found, hex: string) => {
    const ch = String.fromCharCode(Number.parseInt(hex, 16));
    return /[!'()*\-._~0-9A-Za-z]/.test(ch) ? ch : found.toUpperCase();
  });
}

function telNumber(uri: SipUri): string {
  return (uri.user ?? '').replace(/[-.()]/g, '').toLowerCase();
}

function pairs(text: string, lead: string): Map<string, string> {
  const map = new Map<string, string>();
  if (text === '') return map;
  for (const part of text.slice(1).split(lead === ';' ? ';' : '&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = normal(equals < 0 ? part : part.slice(0, equals)) as string;
    const value = normal(equals < 0 ? '' : part.slice(equals + 1)) as string;
    map.set(name.toLowerCase(), lead === ';' ? value.toLowerCase() : value);
  }
  return map;
}

function sameParams(a: Map<string, string>, b: Map<string, string>): boolean {
  for (const [name, value] of a) {
    const other = b.get(name);
    if (other === undefined ? NEVER_IGNORED.includes(name) : other !== value) return false;
  }
  return NEVER_IGNORED.every((name) => a.has(name) === b.has(name));
}

function sameMap(a: Map<string, string>, b: Map<string, string>): boolean {
  if (a.size !== b.size) return false;
  for (const [name, value] of a) if (b.get(name) !== value) return false;
  return true;
}
