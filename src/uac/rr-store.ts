import { parseUri } from '../message/uri.ts';

/**
 * The restore data of Kamailio's uac in a Record-Route URI parameter (vsf, vst): both URIs combined by exclusive or, so that whoever has one
 * reads the other. Byte-compatible, since a dialog may pass servers of both kinds. It hides nothing from a determined reader: the first bytes
 * of a key show wherever both URIs begin alike.
 */

/** Longest URI that is stored, bytes. */
export const MAX_STORED_URI = 1024;

/**
 * The parameter's value for a pair of URIs.
 * @param password restore_passwd, empty for none
 */
export function encodePair(original: string, replaced: string, password: string): string {
  const a = Buffer.from(original, 'latin1');
  const b = Buffer.from(replaced, 'latin1');
  const key = Buffer.from(password, 'latin1');
  const bytes = Buffer.alloc(Math.max(a.length, b.length));
  for (let i = 0; i < bytes.length; i++) bytes[i] = (a[i] ?? 0) ^ (b[i] ?? 0) ^ keyByte(key, i);
  // `=` may not stand in a parameter's value: `-` is the padding.
  return bytes.toString('base64').replaceAll('=', '-');
}

function keyByte(key: Buffer, at: number): number {
  return key.length === 0 ? 0 : (key[at % key.length] as number);
}

const VALUE = /^[A-Za-z0-9+/]+[-=]*$/;

/**
 * {@link decodePair} for a URI that the endpoint may have altered between two requests, as many do: parameters added, host in other case.
 * @returns null when no reading of it fits
 */
export function decodeAltered(value: string, present: string, password: string): string | null {
  const at = present.indexOf('@');
  const semicolon = present.indexOf(';', at + 1);
  const texts = semicolon < 0 ? [present] : [present, present.slice(0, semicolon)];
  for (const text of texts) {
    const uri = decodePair(value, text, password);
    const lower = text.slice(0, at + 1) + text.slice(at + 1).toLowerCase();
    // A letter's case is one bit, which the wrong case turns over in the result without making it unreadable. Which of two readable results
    // is the right one nobody can know, so what the endpoint repeated counts, unless only the host's letters differ: their case is without
    // meaning (RFC 3261 §19.1.4), that of a user part is not.
    const other = lower === text ? null : decodePair(value, lower, password);
    if (other !== null && (uri === null || (sameUser(other, uri) && capitals(other) < capitals(uri)))) return other;
    if (uri !== null) return uri;
  }
  return null;
}

function sameUser(a: string, b: string): boolean {
  const end = a.indexOf('@') + 1;
  return a.slice(0, end) === b.slice(0, end);
}

function capitals(text: string): number {
  return text.replace(/[^A-Z]+/g, '').length;
}

/**
 * The other URI of a pair.
 * @param value of the parameter, also with `%` escapes, which some endpoints add to what they repeat
 * @param present the URI that the endpoint sent, which should be one of the pair
 * @returns null when the value is none of ours or `present` is not of the pair, so that what comes out is no URI
 */
export function decodePair(value: string, present: string, password: string): string | null {
  const plain = value.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  if (!VALUE.test(plain)) return null;
  const bytes = Buffer.from(plain.replace(/[-=]+$/, ''), 'base64');
  const key = Buffer.from(password, 'latin1');
  const c = Buffer.from(present, 'latin1');
  if (bytes.length < c.length) return null;
  let length = bytes.length;
  for (let i = 0; i < bytes.length; i++) {
    const byte = (bytes[i] as number) ^ keyByte(key, i) ^ (c[i] ?? 0);
    // Where the pair's other URI is shorter, its missing bytes were zeros.
    if (byte === 0) {
      length = i;
      break;
    }
    bytes[i] = byte;
  }
  const uri = bytes.toString('latin1', 0, length);
  return isSendableUri(uri) ? uri : null;
}

/** True for a URI of printable ASCII that fits between angle brackets: anything else is not written into a header. */
export function isSendableUri(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text) && !/[<>"]/.test(text) && parseUri(text) !== null;
}
