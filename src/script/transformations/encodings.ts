import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { TransformationDefinition } from '../module-definition.ts';
import type { Value } from '../values.ts';
import { coreHash } from './core-hash.ts';
import { integer, text, textWith } from './define.ts';

/** The text's bytes: a script's text is latin1. */
function bytes(input: string): Buffer {
  return Buffer.from(input, 'latin1');
}

function digest(algorithm: string): (input: string) => string {
  return (input) => createHash(algorithm).update(bytes(input)).digest('hex');
}

/** Escapes every character outside `keep` as %XX, in lower case as Kamailio does. */
function percent(keep: RegExp): (input: string) => string {
  return (input) => input.replace(keep, (c) => `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/**
 * %XX to characters.
 * @returns undefined for a broken escape and for one that makes a control character, which could end a header line
 */
function unpercent(input: string): Value {
  if (/%(?![0-9a-fA-F]{2})|%[01][0-9a-fA-F]|%7[fF]/.test(input)) return null;
  return input.replace(/%([0-9a-fA-F]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** application/x-www-form-urlencoded to text; what is no escape stays. */
function urlDecode(input: string): string {
  return input
    .replaceAll('+', ' ')
    .replace(/%([0-9a-fA-F]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function escapeCommon(input: string): string {
  return input.replace(/['"\\\0]/g, (c) => (c === '\0' ? '\\0' : `\\${c}`));
}

function unescapeCommon(input: string): string {
  return input.replace(/\\(['"\\0])/g, (_all, c: string) => (c === '0' ? '\0' : c));
}

function unpad(input: string): string {
  return input.replace(/=+$/, '');
}

/** Undefined for what is no base64 of that alphabet. */
function fromBase64(alphabet: RegExp): (input: string) => Value {
  return (input) => {
    const plain = unpad(input);
    if (!alphabet.test(plain) || plain.length % 4 === 1) return null;
    return Buffer.from(plain, 'base64').toString('latin1');
  };
}

const BASE64 = /^[A-Za-z0-9+/]*$/;
const BASE64_URL = /^[A-Za-z0-9_-]*$/;

function fromHex(input: string): Value {
  return /^(?:[0-9a-fA-F]{2})*$/.test(input) ? Buffer.from(input, 'hex').toString('latin1') : null;
}

/** Seven bits a character, packed from the low end, as hexadecimal digits (GSM 03.38 without its alphabet). */
function to7Bit(input: string): string {
  const out: number[] = [];
  let bits = 0;
  let count = 0;
  for (let i = 0; i < input.length; i++) {
    bits |= (input.charCodeAt(i) & 0x7f) << count;
    count += 7;
    if (count >= 8) {
      out.push(bits & 0xff);
      bits >>>= 8;
      count -= 8;
    }
  }
  if (count > 0) out.push(bits & 0xff);
  return Buffer.from(out).toString('hex').toUpperCase();
}

function from7Bit(input: string): Value {
  const packed = fromHex(input);
  if (typeof packed !== 'string') return null;
  let text7 = '';
  let bits = 0;
  let count = 0;
  for (let i = 0; i < packed.length; i++) {
    bits |= packed.charCodeAt(i) << count;
    count += 8;
    while (count >= 7) {
      text7 += String.fromCharCode(bits & 0x7f);
      bits >>>= 7;
      count -= 7;
    }
  }
  // Eight characters fill seven bytes; of seven the last bits are filling.
  return text7.endsWith('\0') && packed.length % 7 === 0 ? text7.slice(0, -1) : text7;
}

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
/** The conversion's cost grows with the square of the length. */
const MAX_BASE58 = 1024;

function to58(input: string): Value {
  if (input.length > MAX_BASE58) return null;
  const zeros = /^\0*/.exec(input)?.[0].length ?? 0;
  let number = input === '' ? 0n : BigInt(`0x${bytes(input).toString('hex')}`);
  let out = '';
  for (; number > 0n; number /= 58n) out = BASE58.charAt(Number(number % 58n)) + out;
  return '1'.repeat(zeros) + out;
}

function from58(input: string): Value {
  if (input.length > 2 * MAX_BASE58) return null;
  let number = 0n;
  for (const c of input) {
    const digit = BASE58.indexOf(c);
    if (digit < 0) return null;
    number = number * 58n + BigInt(digit);
  }
  const zeros = /^1*/.exec(input)?.[0].length ?? 0;
  const hex = number === 0n ? '' : number.toString(16);
  return '\0'.repeat(zeros) + Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex').toString('latin1');
}

/** {s.…}: hashes, encodings, escapes. */
export const encodingTransformations: readonly TransformationDefinition[] = [
  text('s.md5', digest('md5')),
  text('s.sha1', digest('sha1')),
  text('s.sha256', digest('sha256')),
  text('s.sha384', digest('sha384')),
  text('s.sha512', digest('sha512')),
  text('s.crc32', (input) => String(crc32(bytes(input)))),
  textWith('s.corehash', 0, 1, (params) => {
    const size = integer(params[0]);
    if (typeof size === 'string') return size;
    return (input, ctx) => {
      const slots = size(ctx);
      if (Number.isNaN(slots)) return null;
      const hash = coreHash(input);
      // Kamailio masks: a size that is no power of two leaves gaps.
      return String(slots > 0 ? (hash & (slots - 1)) >>> 0 : hash);
    };
  }),
  text('s.encode.hexa', (input) => bytes(input).toString('hex')),
  text('s.decode.hexa', fromHex),
  text('s.encode.base64', (input) => bytes(input).toString('base64')),
  text('s.decode.base64', fromBase64(BASE64)),
  text('s.encode.base64t', (input) => unpad(bytes(input).toString('base64'))),
  text('s.decode.base64t', fromBase64(BASE64)),
  text('s.encode.base64url', (input) => bytes(input).toString('base64').replaceAll('+', '-').replaceAll('/', '_')),
  text('s.decode.base64url', fromBase64(BASE64_URL)),
  text('s.encode.base64urlt', (input) => bytes(input).toString('base64url')),
  text('s.decode.base64urlt', fromBase64(BASE64_URL)),
  text('s.encode.7bit', to7Bit),
  text('s.decode.7bit', from7Bit),
  text('s.encode.base58', to58),
  text('s.decode.base58', from58),
  text('s.escape.common', escapeCommon),
  text('s.unescape.common', unescapeCommon),
  // RFC 3261 §25.1: user = unreserved / user-unreserved, paramchar = unreserved / param-unreserved.
  text('s.escape.user', percent(/[^A-Za-z0-9\-_.!~*'()&=+$,;?/]/g)),
  text('s.unescape.user', unpercent),
  text('s.escape.param', percent(/[^A-Za-z0-9\-_.!~*'()[\]/:&+$]/g)),
  text('s.unescape.param', unpercent),
  text('s.escape.csv', (input) => `"${input.replaceAll('"', '""')}"`),
  text('s.unescape.csv', (input) => input.replace(/^"(.*)"$/s, '$1').replaceAll('""', '"')),
  text('s.escape.crlf', (input) => input.replaceAll('\r', '\\r').replaceAll('\n', '\\n')),
  text('s.unescape.crlf', (input) => input.replaceAll('\\r', '\r').replaceAll('\\n', '\n')),
  text('s.urlencode.param', percent(/[^A-Za-z0-9\-_.~]/g)),
  text('s.urldecode.param', urlDecode),
];
