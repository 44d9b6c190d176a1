/**
 * Where things are written: spans that survive includes and macro expansion, and the texts of the files they point into.
 */

/** A stretch of one line of one file. Lines and columns count from 1; columns count UTF-16 units. */
export interface Span {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Number of characters, at least 1, never beyond the end of the line. */
  readonly length: number;
}

/** A file's text with its line starts. */
export interface SourceFile {
  readonly name: string;
  readonly text: string;
  /** Offset of the first character of each line. */
  readonly lineStarts: readonly number[];
}

/** Reads a text's line starts once. A byte order mark is dropped, as Kamailio does. */
export function createSourceFile(name: string, text: string): SourceFile {
  const clean = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const lineStarts = [0];
  for (let index = clean.indexOf('\n'); index >= 0; index = clean.indexOf('\n', index + 1)) lineStarts.push(index + 1);
  return { name, text: clean, lineStarts };
}

/** Line and column (both from 1) of an offset. */
export function positionAt(file: SourceFile, offset: number): { line: number; column: number } {
  let low = 0;
  let high = file.lineStarts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (file.lineStarts[middle]! <= offset) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: offset - file.lineStarts[low]! + 1 };
}

/** The text of a line (from 1) without its line end; empty when there is no such line. */
export function lineText(file: SourceFile, line: number): string {
  const start = file.lineStarts[line - 1];
  if (start === undefined) return '';
  const end = file.lineStarts[line] ?? file.text.length + 1;
  return file.text.slice(start, end - 1).replace(/\r$/, '');
}

/** The span between two offsets; what lies beyond the first line's end is cut off. */
export function spanBetween(file: SourceFile, start: number, end: number): Span {
  const { line, column } = positionAt(file, start);
  const lineEnd = file.lineStarts[line] !== undefined ? file.lineStarts[line]! - 1 : file.text.length;
  return { file: file.name, line, column, length: Math.max(1, Math.min(end, lineEnd) - start) };
}
