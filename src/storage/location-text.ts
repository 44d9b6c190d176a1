import { sanitizeReason } from '../message/sanitize.ts';

/** Bytes as the Unicode text of a database; NUL, which PostgreSQL takes nowhere, goes. */
export function decodedText(text: string): string {
  if (!/[\x00\x80-\xff]/.test(text)) return text;
  return Buffer.from(text.replaceAll('\0', ''), 'latin1').toString('utf8');
}

/** A database's text as bytes, one character each. A line end that somebody put into a row must not reach a message. */
export function encodedText(text: string): string {
  const line = sanitizeReason(text);
  return /[^\x00-\x7f]/.test(line) ? Buffer.from(line, 'utf8').toString('latin1') : line;
}
