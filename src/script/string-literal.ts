/** String literals (kamailio.cfg lexical rules): escapes, and the way back from a value's offset to the file. */
import type { StringLiteral, StringPiece } from './ast.ts';
import type { Span } from './source.ts';

const simpleEscapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', a: '\x07', t: '\t', '"': '"', '\\': '\\' };

/**
 * One escape sequence at `raw[index]`, a backslash: what it stands for and how many characters it takes.
 *
 * `\xHH` and `\oo`/`\ooo` are characters; a backslash before a line end disappears; any other pair keeps both characters,
 * so that `"\."` and `"\1"` reach the regex engine as they are.
 */
export function readEscape(raw: string, index: number): { value: string; length: number } {
  const next = raw[index + 1];
  if (next === undefined) return { value: '\\', length: 1 };
  const simple = simpleEscapes[next];
  if (simple !== undefined) return { value: simple, length: 2 };
  if (next === '\n') return { value: '', length: 2 };
  if (next === '\r' && raw[index + 2] === '\n') return { value: '', length: 3 };
  const rest = raw.slice(index + 1, index + 4);
  const hex = /^x([0-9a-fA-F]{2})/.exec(rest);
  if (hex !== null) return { value: String.fromCharCode(Number.parseInt(hex[1]!, 16)), length: 4 };
  const octal = /^[0-3]?[0-7][0-7]/.exec(rest);
  if (octal !== null) return { value: String.fromCharCode(Number.parseInt(octal[0], 8)), length: octal[0].length + 1 };
  return { value: `\\${next}`, length: 2 };
}

/** The value of the text between the quotes. Single quotes know no escapes. */
export function unescapeString(raw: string, quote: '"' | "'"): string {
  if (quote === "'" || !raw.includes('\\')) return raw;
  let value = '';
  for (let index = 0; index < raw.length; ) {
    if (raw[index] === '\\') {
      const { value: characters, length } = readEscape(raw, index);
      value += characters;
      index += length;
    } else {
      value += raw[index++];
    }
  }
  return value;
}

/**
 * The place in the file of `length` characters at `offset` of a string's value; so a message about `$fx` in
 * `"a\tb $fx"` can point at it. Where that is not known (text from a define, `#!subst`) it is the whole literal.
 */
export function locateInString(literal: StringLiteral, offset: number, length = 1): Span {
  let piece: StringPiece | undefined;
  for (const candidate of literal.pieces) if (candidate.offset <= offset) piece = candidate;
  if (piece === undefined) return literal.at;
  if (piece.raw === null) return piece.at;
  const start = rawOffset(piece, offset - piece.offset);
  const end = rawOffset(piece, offset - piece.offset + length);
  const before = piece.raw.slice(0, start);
  const lastBreak = before.lastIndexOf('\n');
  return {
    file: piece.at.file,
    line: piece.at.line + before.split('\n').length - 1,
    column: lastBreak < 0 ? piece.at.column + 1 + start : start - lastBreak,
    length: Math.max(1, end - start),
  };
}

/** Offset in the raw text of an offset in the piece's value. */
function rawOffset(piece: StringPiece, target: number): number {
  const raw = piece.raw ?? '';
  if (piece.quote === "'") return Math.min(target, raw.length);
  let index = 0;
  for (let produced = 0; produced < target && index < raw.length; ) {
    const step = raw[index] === '\\' ? readEscape(raw, index) : { value: 'x', length: 1 };
    produced += step.value.length;
    index += step.length;
  }
  return index;
}
