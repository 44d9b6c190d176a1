/** Where comments end. */
import { isReservedWord } from './keywords.ts';

/** Offset of the line feed that ends the line at `index`, or the end of the text. */
export function lineEnd(text: string, index: number): number {
  const end = text.indexOf('\n', index);
  return end < 0 ? text.length : end;
}

/** The end of a line that goes on behind a backslash at its end. */
export function logicalLineEnd(text: string, index: number): number {
  let end = lineEnd(text, index);
  while (end < text.length && /\\\r?$/.test(text.slice(Math.max(0, end - 2), end))) end = lineEnd(text, end + 1);
  return end;
}

/** Offset behind the block comment that begins at `start`, `null` when it is never closed. Block comments nest. */
export function blockCommentEnd(text: string, start: number): number | null {
  const mark = /\/\*|\*\//g;
  mark.lastIndex = start;
  let level = 0;
  for (let match = mark.exec(text); match !== null; match = mark.exec(text)) {
    level += match[0] === '/*' ? 1 : -1;
    if (level === 0) return mark.lastIndex;
  }
  return null;
}

/**
 * The line behind a line comment when it is the comment's tail: text extraction from mails and PDFs breaks long lines. Only
 * behind a long line, and only when the next one is nothing but words, none of which has a meaning.
 *
 * @param end offset of the line feed that ends the comment's line
 * @returns the tail's end, `null` when the next line is no tail
 */
export function wrappedTailEnd(text: string, end: number, isDefined: (word: string) => boolean): number | null {
  const start = text.lastIndexOf('\n', end - 1) + 1;
  if (end - start < 60) return null;
  const tailEnd = lineEnd(text, end + 1);
  const tail = text.slice(end + 1, tailEnd).trim();
  if (!/^[A-Za-z'][A-Za-z'., -]*$/.test(tail)) return null;
  const words = tail.split(/[^A-Za-z]+/).filter((word) => word !== '');
  if (words.some((word) => isReservedWord(word) || isDefined(word))) return null;
  return words.length >= 2 || tail.startsWith("'") ? tailEnd : null;
}
