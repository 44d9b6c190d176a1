/**
 * `/regex/replacement/flags`, the argument of subst() and its family. Any character may stand for the slash; a backslash before it makes it
 * an ordinary one. Flags: `g` every match, `i` ignoring case, `s` a line feed is an ordinary character.
 */
import { RegexError } from './regex.ts';

/** A part of a replacement. */
export type ReplacementPart =
  | { readonly kind: 'text'; readonly text: string }
  /** `\0` (the whole match) to `\9`. */
  | { readonly kind: 'group'; readonly group: number };

/** The expression taken apart; pattern and replacement are still text. */
export interface SedText {
  readonly pattern: string;
  /** With its escapes; see {@link parseReplacement}. */
  readonly replacement: string;
  readonly global: boolean;
  readonly ignoreCase: boolean;
  /** REG_NEWLINE, see regex.ts. */
  readonly newline: boolean;
}

/**
 * Takes `/regex/replacement/flags` apart.
 * @throws RegexError when a separator is missing or a flag unknown
 */
export function parseSed(text: string): SedText {
  const start = text.length - text.trimStart().length;
  const separator = text[start];
  if (separator === undefined) throw new RegexError('empty substitution, expected /regex/replacement/flags', 0);
  if (separator === '\\' || /[A-Za-z0-9]/.test(separator)) {
    throw new RegexError(
      `a substitution cannot be separated by "${separator}", expected /regex/replacement/flags`,
      start,
    );
  }
  const first = closing(text, start + 1, separator);
  if (first < 0) throw new RegexError(`second "${separator}" missing, expected /regex/replacement/flags`, text.length);
  const second = closing(text, first + 1, separator);
  if (second < 0) throw new RegexError(`third "${separator}" missing, expected /regex/replacement/flags`, text.length);
  let global = false;
  let ignoreCase = false;
  let newline = true;
  for (let at = second + 1; at < text.length; at++) {
    const flag = text[at] as string;
    if (flag === 'g') global = true;
    else if (flag === 'i') ignoreCase = true;
    else if (flag === 's') newline = false;
    else if (flag.trim() !== '') throw new RegexError(`unknown flag "${flag}", known are g, i and s`, at);
  }
  return {
    pattern: unescapeSeparator(text.slice(start + 1, first), separator),
    replacement: unescapeSeparator(text.slice(first + 1, second), separator),
    global,
    ignoreCase,
    newline,
  };
}

function closing(text: string, from: number, separator: string): number {
  for (let at = from; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === separator) return at;
  }
  return -1;
}

/** `\/` is a plain slash, unless the separator means something in a pattern, where the escape keeps it literal. */
function unescapeSeparator(text: string, separator: string): string {
  return /[\\^$.*+?()[\]{}|]/.test(separator) ? text : text.replaceAll(`\\${separator}`, separator);
}

/**
 * Parts of a replacement whose variables were taken out already: text with `\0`…`\9`, `\n`, `\r`, `\t`; any other escaped character
 * stands for itself.
 */
export function parseReplacement(text: string): readonly ReplacementPart[] {
  const parts: ReplacementPart[] = [];
  let plain = '';
  for (let at = 0; at < text.length; at++) {
    const c = text[at] as string;
    if (c !== '\\' || at + 1 >= text.length) {
      plain += c;
      continue;
    }
    const next = text[++at] as string;
    if (next >= '0' && next <= '9') {
      if (plain !== '') parts.push({ kind: 'text', text: plain });
      plain = '';
      parts.push({ kind: 'group', group: Number(next) });
    } else {
      plain += next === 'n' ? '\n' : next === 'r' ? '\r' : next === 't' ? '\t' : next;
    }
  }
  if (plain !== '') parts.push({ kind: 'text', text: plain });
  return parts;
}
