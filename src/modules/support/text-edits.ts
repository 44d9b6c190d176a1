import type { ScriptContext } from '../../script/context.ts';
import { currentBody, replaceBody } from './body.ts';
import { headerLines, rangeKey } from './header-lines.ts';

/** Where a text function looks: the header lines, the body, or both. */
export type Region = 'headers' | 'body' | 'all';

/** One replacement: [start, end) of the text searched. */
export interface TextEdit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Finds what is to be replaced in a text; an empty list for nothing. */
export type Finder = (text: string) => readonly TextEdit[];

/** Outcome of {@link editText}: the number of replacements, or -1 when one would break the message and none was made. */
export type Edited = number;

/**
 * Looks for text and records its replacements. Headers are searched as received, the body as it will go out, so that changes of a body
 * build on each other.
 * @param first true: stop after the first region in which something was found
 */
export function editText(ctx: ScriptContext, region: Region, find: Finder, first = false): Edited {
  const { message } = ctx;
  let count = 0;
  if (region !== 'body') {
    const from = message.headersStart;
    const found = find(message.raw.slice(from, message.headersEnd));
    const edits = found.map(({ start, end, text }) => ({ start: start + from, end: end + from, text }));
    if (!editHeaders(ctx, edits)) return -1;
    count = edits.length;
  }
  if (region === 'headers' || (first && count > 0)) return count;
  const body = currentBody(ctx);
  if (body === '') return count;
  const found = find(body);
  if (found.length > 0) replaceBody(ctx, applyTextEdits(body, found));
  return count + found.length;
}

/**
 * Records edits of raw ranges of the header lines, if each leaves header lines behind: a replacement must not end the headers, nor glue
 * lines together that are then no header.
 * @param edits in order, not overlapping, offsets into the raw message
 * @returns false when one is refused; nothing is recorded then
 */
export function editHeaders(ctx: ScriptContext, edits: readonly TextEdit[]): boolean {
  const { message } = ctx;
  const { raw, headers } = message;
  const texts: string[] = [];
  for (const { start, end, text } of edits) {
    let from = message.headersStart;
    let to = message.headersEnd;
    for (const header of headers) {
      if (header.start <= start) from = header.start;
      if (header.end >= end && header.end > start) {
        to = header.end;
        break;
      }
    }
    const after = raw.slice(from, start) + text + raw.slice(end, to);
    const lines = headerLines(after);
    if (after !== '' && (lines === null || !after.endsWith('\n'))) return false;
    // A lone LF in the replacement becomes CRLF like everywhere.
    texts.push(text.includes('\n') ? text.replace(/\r?\n/g, '\r\n') : text);
  }
  edits.forEach(({ start, end }, index) => {
    ctx.edits.replace(start, end, texts[index] as string, start === end ? '' : rangeKey(start, end));
  });
  return true;
}

/** The text with edits (in order, not overlapping) applied. */
export function applyTextEdits(text: string, edits: readonly TextEdit[]): string {
  let out = '';
  let at = 0;
  for (const edit of edits) {
    out += text.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return out + text.slice(at);
}

const globals = new WeakMap<RegExp, RegExp>();

/** The same expression, able to walk through a text. */
function walker(regex: RegExp): RegExp {
  if (regex.global) return regex;
  let copy = globals.get(regex);
  if (copy === undefined) {
    copy = new RegExp(regex.source, `${regex.flags}g`);
    globals.set(regex, copy);
  }
  return copy;
}

/**
 * A finder by regular expression.
 * @param replacement text for one match
 * @param all every match, or the first only
 */
export function byRegex(regex: RegExp, replacement: (match: RegExpExecArray) => string, all: boolean): Finder {
  return (text) => {
    const walk = walker(regex);
    walk.lastIndex = 0;
    const found: TextEdit[] = [];
    for (let match = walk.exec(text); match !== null; match = walk.exec(text)) {
      const end = match.index + match[0].length;
      found.push({ start: match.index, end, text: replacement(match) });
      if (!all) break;
      // An empty match would be found again for ever.
      if (match[0] === '') walk.lastIndex++;
    }
    return found;
  };
}

/** A finder that puts a text behind the first match. */
export function appendAfter(regex: RegExp, text: string): Finder {
  const first = byRegex(regex, () => '', false);
  return (searched) => first(searched).map(({ end }) => ({ start: end, end, text }));
}

/** A finder by plain comparison. */
export function byText(wanted: string, replacement: string, all: boolean): Finder {
  return (text) => {
    const found: TextEdit[] = [];
    if (wanted === '') return found;
    for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length)) {
      found.push({ start: at, end: at + wanted.length, text: replacement });
      if (!all) break;
    }
    return found;
  };
}
