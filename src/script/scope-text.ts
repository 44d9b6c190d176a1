/** Text of a configuration as the wire knows it. */
import type { StringLiteral } from './ast.ts';
import { encodeSource } from './source-bytes.ts';

/**
 * A literal's value with one character for each byte, as messages are read: what stands in the file beyond ASCII are its bytes there,
 * what an escape (`\xE9`) made is the byte it says.
 */
export function wireText(literal: StringLiteral): string {
  const { value, pieces } = literal;
  if (isAscii(value)) return value;
  // An escape of a byte and the character of the same number look alike in the value; the raw text tells them apart.
  const written = pieces.some(({ raw }) => raw === null || !isAscii(raw));
  return written ? toWire(value) : value;
}

/** The bytes of a text as they stand in the file, one character for each. */
export function toWire(text: string): string {
  return isAscii(text) ? text : encodeSource(text);
}

function isAscii(text: string): boolean {
  return !/[^\x00-\x7f]/.test(text);
}
