/**
 * Bytes of a configuration file as text and back. What is UTF-8 is read as such; each other byte becomes a lone surrogate (U+DC80…U+DCFF),
 * which no text has: a file in latin1, or in both, leaves byte for byte as it was written.
 */
import { type Buffer as Bytes, isUtf8 } from 'node:buffer';

/** A UTF-8 sequence of several bytes (RFC 3629 §4), else a byte beyond ASCII that begins none. */
const BEYOND_ASCII =
  /([\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|\xed[\x80-\x9f][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2})|[\x80-\xff]/g;

const ESCAPE = 0xdc00;
/** With the u flag a surrogate matches only where it is no half of a pair. */
const ESCAPED = /[\udc80-\udcff]/gu;

/** Text of a file. */
export function decodeSource(bytes: Bytes): string {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  return bytes
    .toString('latin1')
    .replace(BEYOND_ASCII, (byte: string, sequence: string | undefined) =>
      sequence === undefined
        ? String.fromCharCode(ESCAPE + byte.charCodeAt(0))
        : Buffer.from(sequence, 'latin1').toString('utf8'),
    );
}

/** The bytes of such a text, one character for each. */
export function encodeSource(text: string): string {
  let out = '';
  let at = 0;
  for (const { index } of text.matchAll(ESCAPED)) {
    out += utf8(text.slice(at, index)) + String.fromCharCode(text.charCodeAt(index) - ESCAPE);
    at = index + 1;
  }
  return out + utf8(text.slice(at));
}

function utf8(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** Such a text for people: bytes that are no UTF-8 as the latin1 characters they most likely are, control characters apart. */
export function readableSource(text: string): string {
  return text.replace(ESCAPED, (character) => {
    const byte = character.charCodeAt(0) - ESCAPE;
    return byte < 0xa0 ? '\ufffd' : String.fromCharCode(byte);
  });
}
