/**
 * Finds the end of a string literal. A string may run over several lines, so a missing quote swallows code up to the next
 * string's opening quote; on request such strings are found out and ended at their line's end.
 */
import { unescapeString } from './string-literal.ts';

/** Typographic quotes, as word processors and blogs put them. */
export const smartQuotes = '“”‘’';

export interface ScannedString {
  /** Offset behind the closing quote. */
  readonly end: number;
  /** Text between the quotes. */
  readonly raw: string;
  readonly value: string;
  readonly quote: '"' | "'";
  readonly problem: 'unclosed' | 'smart' | null;
}

/**
 * Scans the literal whose opening quote is at `start`. One that is never closed ends at its line's end; with
 * `recover` also one whose closing quote is followed by what cannot stand behind a string.
 */
export function scanString(text: string, start: number, recover: boolean): ScannedString {
  const opening = text[start]!;
  const smart = smartQuotes.includes(opening);
  const quote = opening === '"' || opening === '“' || opening === '”' ? '"' : "'";
  const close = smart ? closingSmart(text, start, quote) : closing(text, start, quote);
  const suspicious =
    close !== null && recover && text.slice(start, close).includes('\n') && !mayFollowString(text, close + 1);
  if (close === null || suspicious) {
    const raw = text.slice(start + 1, lineRecovery(text, start, quote));
    const end = start + 1 + raw.length;
    const closedSmart = /[”“]$/.test(text.slice(end, end + 1)) ? 1 : 0;
    return { end: end + closedSmart, raw, value: unescapeString(raw, quote), quote, problem: 'unclosed' };
  }
  const raw = text.slice(start + 1, close);
  return { end: close + 1, raw, value: unescapeString(raw, quote), quote, problem: smart ? 'smart' : null };
}

function closing(text: string, start: number, quote: string): number | null {
  for (let index = start + 1; index < text.length; index++) {
    if (text[index] === quote) return index;
    if (text[index] === '\\' && quote === '"') index++;
  }
  return null;
}

/** A typographic literal ends at the first double (single) quote of any kind on its line. */
function closingSmart(text: string, start: number, quote: '"' | "'"): number | null {
  const closers = quote === '"' ? '”“"' : "’‘'";
  for (let index = start + 1; index < text.length && text[index] !== '\n'; index++) {
    if (closers.includes(text[index]!)) return index;
  }
  return null;
}

/** Behind a string stand blanks, separators, operators, or the operator words. */
function mayFollowString(text: string, index: number): boolean {
  const rest = text.slice(index, index + 80);
  return (
    /^\s*(?:[,);:+\]}=!&|<>#.*-]|\/[/*]|$|(?:and|or|eq|ne|ieq|ine|desc|advertise|name)\b)/.test(rest) ||
    /^\s+"/.test(rest)
  );
}

/** Where an unclosed string ends best: before the `)`, `;` and `{` and the comment at its line's end. */
function lineRecovery(text: string, start: number, quote: string): number {
  const newline = text.indexOf('\n', start);
  const end = newline < 0 ? text.length : newline;
  const line = text.slice(start + 1, end);
  const smartEnd = quote === '"' ? line.search(/[”“]/) : -1;
  if (smartEnd >= 0) return start + 1 + smartEnd;
  const tail = /\s*\)*\s*[;{]?\s*\}?\s*(?:#.*|\/\/.*)?\r?$/.exec(line)!;
  return start + 1 + tail.index;
}
