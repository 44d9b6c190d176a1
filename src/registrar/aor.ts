import { parseUri, unescapeUser } from '../message/uri.ts';

/** How addresses of record become keys. */
export interface AorOptions {
  /** user@domain instead of user alone (usrloc use_domain). */
  readonly useDomain: boolean;
  /** False: upper and lower case are the same (registrar case_sensitive). */
  readonly caseSensitive: boolean;
  /** Taken off the domain when it begins with it (registrar realm_prefix), empty for none. */
  readonly realmPrefix: string;
}

/** Longest key, as Kamailio has it (MAX_AOR_LEN). */
const MAX_AOR = 256;

/**
 * The key of an address of record (RFC 3261 §10.3 step 5: the To URI in canonical form, escapes and parameters taken away).
 * @param text a sip, sips or tel URI
 * @returns null when it is none, or too long
 */
export function aorKey(text: string, options: AorOptions): string | null {
  const uri = parseUri(text);
  if (uri === null || (uri.host === '' && uri.user === undefined)) return null;
  const user = unescapeUser(uri.user ?? '');
  const { useDomain, caseSensitive, realmPrefix } = options;
  const key = caseSensitive ? user : user.toLowerCase();
  if (!useDomain) return key.length > MAX_AOR ? null : key;
  let domain = uri.host.toLowerCase();
  if (realmPrefix !== '' && domain.startsWith(realmPrefix.toLowerCase())) domain = domain.slice(realmPrefix.length);
  const whole = key === '' ? domain : `${key}@${domain}`;
  return whole.length > MAX_AOR ? null : whole;
}

/**
 * Kamailio's hash of a text, 32 bits: four bytes at a time, the rest as one number, then folded. Not cryptographic; shown by commands and part of
 * temporary GRUUs.
 */
export function aorHash(text: string): number {
  let hash = 0;
  let at = 0;
  for (; at + 4 <= text.length; at += 4) hash = mix(hash, word(text, at, at + 4));
  hash = mix(hash, word(text, at, text.length));
  return (hash + (hash >>> 11) + (hash >>> 13) + (hash >>> 23)) >>> 0;
}

function word(text: string, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) value = ((value << 8) | (text.charCodeAt(at) & 0xff)) >>> 0;
  return value;
}

function mix(hash: number, value: number): number {
  return (hash + ((value ^ (value >>> 3)) >>> 0)) >>> 0;
}
