/**
 * Conversions between the types of the language. They are pure and exact; who has to be told about a failed one
 * is the caller's business.
 */
import type { Value } from './values.ts';

const DECIMAL = /^[+-]?[0-9]+$/;
const HEX = /^0[xX][0-9a-fA-F]+$/;

/**
 * The integer a text stands for: the whole of it decimal with an optional sign, or hexadecimal after `0x`; wrapped to 32 bits.
 * @returns NaN when it is none of these
 */
export function parseInteger(text: string): number {
  const { length } = text;
  // The usual case, one to nine digits, needs neither a regular expression nor wrapping.
  if (length > 0 && length < 10) {
    let value = 0;
    let at = 0;
    for (; at < length; at++) {
      const digit = text.charCodeAt(at) - 0x30;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    if (at === length) return value;
  }
  if (DECIMAL.test(text))
    return length < 16 ? Number(text) | 0 : Number(BigInt.asIntN(32, BigInt(text.replace('+', ''))));
  if (HEX.test(text)) return length < 15 ? Number(text) | 0 : Number(BigInt.asIntN(32, BigInt(text)));
  return Number.NaN;
}

/** The value as an integer; what is no number counts as 0, and so does undefined. */
export function toInteger(value: Value): number {
  if (typeof value === 'number') return value;
  if (value === null) return 0;
  const parsed = parseInteger(value);
  return Number.isNaN(parsed) ? 0 : parsed;
}

/** The value as text; undefined is the empty text. */
export function toText(value: Value): string {
  return typeof value === 'string' ? value : value === null ? '' : String(value);
}

/** The value as it prints in an interpolated text; undefined is `<null>`. */
export function toShown(value: Value): string {
  return typeof value === 'string' ? value : value === null ? '<null>' : String(value);
}

/** `+`: an integer on the left adds, anything else concatenates. */
export function plus(left: Value, right: Value): Value {
  return typeof left === 'number' ? (left + toInteger(right)) | 0 : toText(left) + toText(right);
}

/** `==`: the left side's type decides; when it is undefined the right side's. */
export function equals(left: Value, right: Value): boolean {
  if (typeof left === 'number') return left === toInteger(right);
  if (typeof left === 'string') return left === toText(right);
  return right === null || right === 0 || right === '';
}

/** True for undefined and the empty text; an integer is never empty. */
export function isEmpty(value: Value): boolean {
  return value === null || value === '';
}
