import type { SqlValue } from './sql-database.ts';

/**
 * A number in a database's text form as a number where that is exact, else the text: identifiers beyond 2^53 and long decimals keep their
 * digits.
 */
export function exactNumber(text: string): SqlValue {
  const number = Number(text);
  if (text === '' || !Number.isFinite(number)) return text;
  if (/^-?\d+$/.test(text)) return Number.isSafeInteger(number) ? number : text;
  // A double keeps 15 decimal digits.
  return text.replace(/^-?0*\.?0*|[-.]|[eE].*$/g, '').length <= 15 ? number : text;
}

/** Bytes as UTF-8 text; what is none becomes U+FFFD. */
export function bytesText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
