import { headerId } from '../../message/header-name.ts';
import type { HeaderField, SipMessage } from '../../message/message.ts';
import type { ScriptContext } from '../../script/context.ts';

/** Log code for header text that would break the message. */
export const BAD_HEADER = 'TEXTOPS_BAD_HEADER';

// name, colon, value, and folded continuation lines that are not blank (RFC 3261 §7.3.1).
const HEADER_LINES = /^(?:[!%'*+\-.`~\w]+[ \t]*:[^\r\n]*\r\n(?:[ \t]+[^\r\n \t][^\r\n]*\r\n)*)+$/;

/**
 * Header text as a script gives it, made fit for a message: a missing CRLF at its end is added, a lone LF becomes CRLF.
 *
 * A value that came from a variable may hold line ends. A text that has an empty line (which would end the headers), a bare CR, or a
 * line that is no header is refused.
 * @param text one or more header lines
 * @returns the lines, each with CRLF, or null when the text is refused
 */
export function headerLines(text: string): string | null {
  let lines = text;
  if (lines.includes('\n')) lines = lines.replace(/\r?\n/g, '\r\n');
  if (!lines.endsWith('\r\n')) lines += '\r\n';
  return HEADER_LINES.test(lines) ? lines : null;
}

/** True for a text that may be a header's name (RFC 3261 §25.1 token). */
export function isHeaderName(name: string): boolean {
  return /^[!%'*+\-.`~\w]+$/.test(name);
}

/**
 * Records header lines after the last header of a name, or at the end of the headers.
 * @param lines what {@link headerLines} returned
 * @param after name of the header to stand behind; without one, or when the message has none, they go last
 */
export function appendLines(ctx: ScriptContext, lines: string, after?: string): void {
  const last = after === undefined ? undefined : ctx.message.findByName(after).at(-1);
  ctx.edits.insert(last === undefined ? ctx.message.headersEnd : last.end, lines);
}

/** Records header lines before the first header of a name, or before the first header; see {@link appendLines}. */
export function insertLines(ctx: ScriptContext, lines: string, before?: string): void {
  const first = before === undefined ? undefined : ctx.message.findByName(before)[0];
  ctx.edits.insert(first === undefined ? ctx.message.headersStart : first.start, lines);
}

/** Records the removal of a header with its line. */
export function removeHeader(ctx: ScriptContext, header: HeaderField): void {
  ctx.edits.replace(header.start, header.end, '', rangeKey(header.start, header.end));
}

/**
 * Key of an edit of exactly this range, so that of two edits of the same text the later one stands.
 * @param start,end offsets into the raw message
 */
export function rangeKey(start: number, end: number): string {
  return `@${start}-${end}`;
}

/** Headers whose name the test accepts; it is given the name as spelt in the message. */
export function headersWhere(message: SipMessage, accepts: (name: string) => boolean): HeaderField[] {
  return message.headers.filter((header) => accepts(message.nameOf(header)));
}

/** True when two header names mean the same header: any case, compact forms equal (RFC 3261 §7.3.3). */
export function sameHeaderName(a: string, b: string): boolean {
  const id = headerId(a);
  return id === headerId(b) && (id !== 0 || a.toLowerCase() === b.toLowerCase());
}
