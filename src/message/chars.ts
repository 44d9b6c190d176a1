/** Character classes of RFC 3261 §25.1 as one table of bits, and the blank-skipping every parser shares. */

/** token characters: alphanum and - . ! % * _ + ` ' ~ */
export const C_TOKEN = 1;
/** LWS characters, folding included: SP, HTAB, CR, LF. */
export const C_LWS = 2;
export const C_DIGIT = 4;
export const C_ALPHA = 8;
/** Characters of a host name: alphanum, `-`, `.`, and `_` which the RFC forbids and the field uses. */
export const C_HOST = 16;
/** What may stand in an unquoted parameter value: all but controls, SP, `"`, `,`, `;`, `<`, `>`. */
export const C_VALUE = 32;
/** What may stand inside `<…>` or in a Request-URI: all but controls, SP, `"`, `<`, `>`. */
export const C_URI = 64;
export const C_HEX = 128;

/** Class bits by character code, 0 … 255. */
export const CHARS: Uint8Array = new Uint8Array(256);

for (let c = 0; c < 256; c++) {
  const ch = String.fromCharCode(c);
  let bits = 0;
  if (/[0-9A-Za-z\-.!%*_+`'~]/.test(ch)) bits |= C_TOKEN;
  if (/[ \t\r\n]/.test(ch)) bits |= C_LWS;
  if (/[0-9]/.test(ch)) bits |= C_DIGIT;
  if (/[A-Za-z]/.test(ch)) bits |= C_ALPHA;
  if (/[0-9A-Za-z\-._]/.test(ch)) bits |= C_HOST;
  if (/[0-9A-Fa-f]/.test(ch)) bits |= C_HEX;
  if (c > 0x20 && c !== 0x7f) {
    if (!/[",;<>]/.test(ch)) bits |= C_VALUE;
    if (!/["<>]/.test(ch)) bits |= C_URI;
  }
  CHARS[c] = bits;
}

/** True when the character at `at` has one of the class bits; false past the end and for codes above 255. */
export function isClass(text: string, at: number, bits: number): boolean {
  const c = text.charCodeAt(at);
  return c < 256 && ((CHARS[c] as number) & bits) !== 0;
}

/** First offset in [at, end) that has none of the class bits, or `end`. */
export function skipClass(text: string, at: number, end: number, bits: number): number {
  while (at < end) {
    const c = text.charCodeAt(at);
    if (c > 255 || ((CHARS[c] as number) & bits) === 0) break;
    at++;
  }
  return at;
}

/** First offset in [at, end) that is no SP, HTAB, CR or LF, or `end`. */
export function skipLws(text: string, at: number, end: number): number {
  while (at < end) {
    const c = text.charCodeAt(at);
    if (c !== 0x20 && c !== 0x0d && c !== 0x0a && c !== 0x09) break;
    at++;
  }
  return at;
}

/**
 * Offset after a quoted string's closing quote (RFC 3261 §25.1 quoted-string; `\` escapes one character).
 * @param at offset of the opening quote
 * @returns -1 when it is not closed before `end`
 */
export function skipQuoted(text: string, at: number, end: number): number {
  for (let i = at + 1; i < end; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x22) return i + 1;
    if (c === 0x5c) i++;
  }
  return -1;
}

/**
 * The decimal number that fills [start, end).
 * @returns -1 when it is empty or has a character that is no digit; a number above `max` when it is too big (leading zeros are fine)
 */
export function uintAt(text: string, start: number, end: number, max: number): number {
  if (start >= end) return -1;
  let value = 0;
  for (let i = start; i < end; i++) {
    const d = text.charCodeAt(i) - 0x30;
    if (!(d >= 0 && d <= 9)) return -1;
    if (value <= max) value = value * 10 + d;
  }
  return value;
}

/** True when [start, start + lower.length) of `text` equals `lower` (lower-case ASCII) in any case. */
export function matchesLower(text: string, start: number, lower: string): boolean {
  for (let i = 0; i < lower.length; i++) {
    const c = text.charCodeAt(start + i);
    if ((c >= 0x41 && c <= 0x5a ? c | 0x20 : c) !== lower.charCodeAt(i)) return false;
  }
  return true;
}

/** What startsWith does, several times as fast for short words. */
export function isAt(text: string, start: number, word: string): boolean {
  for (let i = 0; i < word.length; i++) if (text.charCodeAt(start + i) !== word.charCodeAt(i)) return false;
  return true;
}
