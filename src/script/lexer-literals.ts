/** Reads the tokens that have an inside: strings, variables, names in brackets. */
import { lineEnd } from './comment-scanner.ts';
import { type InterpolationError, type InterpolationOptions, parseVariableReference } from './interpolation.ts';
import type { Preprocessor } from './preprocessor.ts';
import { readableSource } from './source-bytes.ts';
import { type ScannedString, scanString } from './string-scanner.ts';
import type { Token } from './token.ts';
import { scanBareModule, scanEventName } from './token-scanner.ts';
import type { TokenWriter } from './token-writer.ts';

/** What reading them needs besides the text. */
export interface LiteralOptions extends InterpolationOptions {
  readonly preprocessor: Preprocessor;
  /** End a string at its line's end when what follows its closing quote makes no sense. See string-scanner.ts. */
  readonly recoverStrings: boolean;
}

/** The name in `event_route[…]`, which may hold anything. */
export function readEventName(out: TokenWriter): void {
  const scanned = scanEventName(out.input.text, out.input.index);
  if (scanned === null) return;
  const { open, name, nameStart, close } = scanned;
  out.push({ kind: 'punct' }, open, open + 1);
  out.push({ kind: 'eventName', name }, nameStart, Math.max(nameStart + name.length, nameStart + 1));
  out.push({ kind: 'punct' }, close, close + 1);
}

/** `loadmodule tm.so` without quotes. */
export function readBareModule(out: TokenWriter, preprocessor: Preprocessor): void {
  const scanned = scanBareModule(out.input.text, out.input.index);
  if (scanned === null || preprocessor.defines.has(scanned.name)) return;
  const { name, end } = scanned;
  out.push({ kind: 'bare' }, end - name.length, end);
  preprocessor.moduleLoaded(name, out.span(end - name.length, end));
}

/** A string with its escapes and `#!subst` applied. What is odd about its quotes is reported. */
export function readString(out: TokenWriter, options: LiteralOptions): void {
  const input = out.input;
  const scanned = scanString(input.text, input.index, options.recoverStrings);
  if (scanned.raw.includes('\n')) out.hasMultilineString = true;
  reportString(out, scanned);
  const substituted = options.preprocessor.substitute(scanned.value);
  const raw = substituted === scanned.value && input.useSite === null ? scanned.raw : null;
  const start = input.index;
  out.push({ kind: 'string', value: substituted, quote: scanned.quote, raw }, start, scanned.end);
  noteModule(out, options.preprocessor, substituted);
}

function reportString(out: TokenWriter, scanned: ScannedString): void {
  const { index } = out.input;
  if (scanned.problem === 'unclosed') {
    const hint = `add '${scanned.quote}' where the string ends`;
    const message = `the string is not closed; read as ${scanned.quote}${scanned.raw}${scanned.quote}`;
    out.warn('CFG_STRING_UNCLOSED', message, out.span(index, scanned.end), hint);
  } else if (scanned.problem === 'smart') {
    const message = 'typographic quotes are taken as plain ones';
    out.warn('CFG_STRING_QUOTES', message, out.span(index, index + 1), `use '${scanned.quote}'`);
  }
}

/** `loadmodule "tm.so"` and `loadmodule("tm.so")` define `MOD_tm`. */
function noteModule(out: TokenWriter, preprocessor: Preprocessor, path: string): void {
  const isLoad = (token: Token | undefined): boolean =>
    token?.kind === 'word' && (token.text === 'loadmodule' || token.text === 'loadmodulex');
  const string = out.tokens.at(-1)!;
  const before = out.tokens.at(-2);
  if (isLoad(before) || (before?.text === '(' && isLoad(out.tokens.at(-3)))) {
    preprocessor.moduleLoaded(path, string.at);
  }
}

/** A variable reference; one that cannot be read is a token all the same, so that the parser goes on behind it. */
export function readVariable(out: TokenWriter, options: LiteralOptions): void {
  const input = out.input;
  const start = input.index;
  // A reference does not go beyond its line; so a missing parenthesis cannot swallow the rest of the file.
  const line = input.text.slice(start, lineEnd(input.text, start));
  const parsed = parseVariableReference(line, 0, options);
  if (parsed.ref === null) {
    variableError(out, parsed.error, start);
    const length = Math.max(1, /^\$[\w.?]*(?:\([^;\s=<>!&|]*)?/.exec(line)![0].length);
    out.push({ kind: 'variable', ref: null }, start, start + length);
    return;
  }
  for (const error of parsed.errors) variableError(out, error, start);
  const substituted = options.preprocessor.substitute(parsed.ref.raw);
  const again = substituted === parsed.ref.raw ? null : parseVariableReference(substituted, 0, options);
  out.push({ kind: 'variable', ref: again?.ref ?? parsed.ref }, start, start + parsed.end);
}

function variableError(out: TokenWriter, { message, offset, length, hint }: InterpolationError, start: number): void {
  out.error('CFG_VARIABLE_SYNTAX', message, start + offset, start + offset + length, hint);
}

/** Characters that mean nothing here are skipped, as Kamailio does. */
export function skipForeign(out: TokenWriter, end: number): void {
  const { index, text } = out.input;
  const shown = JSON.stringify(readableSource(text.slice(index, end))).slice(1, -1);
  const hint = /^[\x00-\x7f]+$/.test(text.slice(index, end))
    ? 'remove it'
    : 'characters beyond ASCII belong into strings and comments';
  out.warn('CFG_CHARACTER', `'${shown}' is ignored, as Kamailio does`, out.span(index, end), hint);
  out.input.index = end;
}
