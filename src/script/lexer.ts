/**
 * Text → tokens. Runs the preprocessor on the way: directives act where they stand, defines are replaced by their lexed
 * value, included files are read in place. The result is one flat list of tokens, each with its place in a file.
 */
import { isIPv6 } from 'node:net';
import type { DiagnosticCode, DiagnosticList } from './diagnostic.ts';
import { type InterpolationOptions, parseVariableReference } from './interpolation.ts';
import { isReservedWord, statementWords } from './keywords.ts';
import { maxIncludeDepth, Preprocessor } from './preprocessor.ts';
import { createSourceFile, type SourceFile, type Span, spanBetween } from './source.ts';
import { type ScannedString, scanString, smartQuotes } from './string-scanner.ts';
import type { Token } from './token.ts';

export interface LexerOptions extends InterpolationOptions {
  readonly preprocessor: Preprocessor;
  readonly diagnostics: DiagnosticList;
  /** End a string at its line's end when what follows its closing quote makes no sense. See string-scanner.ts. */
  readonly recoverStrings: boolean;
}

export interface LexedConfig {
  /** Ends with an `eof` token. */
  readonly tokens: readonly Token[];
  /** A string held a line break: when the config does not parse, a missing quote may be why. */
  readonly hasMultilineString: boolean;
}

const maxTokens = 2_000_000;
const maxMacroDepth = 32;
/** Expanded defines and included files; empty ones make no tokens, yet must come to an end. */
const maxExpansions = 1_000_000;
const maxIncludes = 2000;

const directivePattern = /(#!|!!)([ \t]*)([A-Za-z_]+)/y;
const skippedDirectivePattern = /(#!|!!)(ifdef|ifndef|ifexp|else|endif)(?![A-Za-z0-9_])/g;
const wordPattern = /[A-Za-z_][A-Za-z0-9_]*/y;
const numberPattern = /0[xX][0-9a-fA-F]+|[01]+b(?![A-Za-z0-9_])|[0-9]+/y;
const ipv4Pattern = /\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?!\.?\w)/y;
const ipv6Pattern = /[0-9a-fA-F:]*:[0-9a-fA-F:]*(?:\.\d{1,3}){0,3}/y;
const bracketedIpPattern = /\[([0-9a-fA-F:.]+)\]/y;
const selectPattern = /@[A-Za-z_]\w*(?:\.\w+|\[(?:"[^"\n]*"|[^\]\n]*)\])*/y;
const eventNamePattern = /\s*\[\s*(["']?)([^\]\n"']*)\1\s*\]/y;
const barePattern = /[ \t]+([^\s"'“”‘’(;#=]+)/y;
const includePattern = /\s*(["'“‘])([^"'“”‘’\n]*)["'”’]|\s*([^\s"';#]+)/y;
const punctuation = ['==', '=~', '!=', '<=', '>=', '&&', '||', '<<', '>>', ':=', '+='];

/** Lexes a file with everything it includes. */
export function lexConfig(file: SourceFile, options: LexerOptions): LexedConfig {
  options.preprocessor.files.set(file.name, file);
  const lexer = new Lexer(options);
  lexer.run(file);
  return { tokens: lexer.tokens, hasMultilineString: lexer.hasMultilineString };
}

/** One text being read: a file, or the value of a define (then `useSite` is where the define was used). */
interface Input {
  readonly file: SourceFile;
  readonly text: string;
  readonly useSite: Span | null;
  /** See `Token.note`. */
  note: string | null;
  index: number;
  /** End of the last token, to tell whether the next one stands directly behind it. */
  tokenEnd: number;
  newlineBefore: boolean;
}

class Lexer {
  readonly tokens: Token[] = [];
  hasMultilineString = false;
  readonly #options: LexerOptions;
  readonly #preprocessor: Preprocessor;
  #expansions = 0;
  #includeCount = 0;
  #macros: string[] = [];
  #includes: string[] = [];
  #input: Input;

  constructor(options: LexerOptions) {
    this.#options = options;
    this.#preprocessor = options.preprocessor;
    this.#input = this.#open(createSourceFile('', ''), null, null);
  }

  run(file: SourceFile): void {
    this.#includes.push(file.name);
    this.#input = this.#open(file, null, null);
    this.#lexInput();
    this.#preprocessor.finish();
    const end = file.text.trimEnd().length;
    this.tokens.push({
      kind: 'eof',
      text: '',
      at: spanBetween(file, Math.max(0, end - 1), Math.max(1, end)),
      spaceBefore: true,
      newlineBefore: true,
      note: null,
    });
  }

  #open(file: SourceFile, useSite: Span | null, note: string | null): Input {
    return { file, text: file.text, useSite, note, index: 0, tokenEnd: -1, newlineBefore: true };
  }

  /** Reads the current input to its end. */
  #lexInput(): void {
    const input = this.#input;
    while (input.index < input.text.length) {
      if (this.tokens.length > maxTokens || this.#expansions > maxExpansions || this.#includeCount > maxIncludes) {
        this.#error('CFG_TOO_LARGE', 'the configuration is too large', input.index, input.index + 1);
        return;
      }
      if (input.useSite === null && !this.#preprocessor.isActive) this.#skipInactive();
      else this.#lexOne();
    }
  }

  /** In an unwanted branch only the conditionals count, wherever they stand. */
  #skipInactive(): void {
    const input = this.#input;
    skippedDirectivePattern.lastIndex = input.index;
    const match = skippedDirectivePattern.exec(input.text);
    if (match === null) {
      input.index = input.text.length;
      return;
    }
    this.#directive(match.index, match[0].length, match[2]!);
  }

  #lexOne(): void {
    const input = this.#input;
    const { text, index } = input;
    const character = text[index]!;
    const next = text[index + 1];
    if (character === '\n') {
      input.index++;
      input.newlineBefore = true;
    } else if (/\s/.test(character)) {
      input.index++;
    } else if (character === '#' || (character === '!' && next === '!')) {
      if (!this.#tryDirective() && character === '#') this.#lineComment();
      else if (input.index === index) this.#punctuation();
    } else if (character === '/' && next === '/') {
      this.#lineComment();
    } else if (character === '/' && next === '*') {
      this.#blockComment();
    } else if (character === '"' || character === "'" || smartQuotes.includes(character)) {
      this.#string();
    } else if (character === '$') {
      this.#variable();
    } else {
      this.#plain(character);
    }
  }

  #plain(character: string): void {
    const { index } = this.#input;
    if (/[0-9A-Fa-f:]/.test(character) && this.#tryIp()) return;
    if (character === '[' && this.#tryBracketedIp()) return;
    const word = this.#match(wordPattern);
    if (word !== null) this.#word(word);
    else if (/[0-9]/.test(character)) this.#number();
    else if (character === '@' && this.#match(selectPattern) !== null) {
      this.#push({ kind: 'select' }, index, selectPattern.lastIndex);
    } else if (character.charCodeAt(0) > 126 || character < ' ') this.#unknownCharacters();
    else this.#punctuation();
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Comments and directives

  #tryDirective(): boolean {
    const input = this.#input;
    // A define's value is not scanned for directives: `#` in it is a comment.
    if (input.useSite !== null) return false;
    directivePattern.lastIndex = input.index;
    const match = directivePattern.exec(input.text);
    const directive = match === null ? null : Preprocessor.directive(match[3]!);
    if (match === null || directive === null) return false;
    if (match[2] !== '') {
      if (match[1] === '#!') {
        const at = this.#span(input.index, directivePattern.lastIndex);
        const message = `'${match[0]}' is a comment: a directive has no blank behind '#!'`;
        this.#options.diagnostics.warning('CFG_DIRECTIVE', message, at, `write #!${match[3]}, or '##' for a comment`);
      }
      return false;
    }
    this.#directive(input.index, match[0].length, directive);
    return true;
  }

  #directive(start: number, length: number, directive: string): void {
    const input = this.#input;
    const at = this.#span(start, start + length);
    if (directive === 'include_file' || directive === 'import_file') {
      input.index = start + length;
      this.#include(directive, at);
      return;
    }
    const end = logicalLineEnd(input.text, start + length);
    const rest = input.text.slice(start + length, end).replace(/\\\r?\n/g, '');
    input.index = end;
    this.#preprocessor.apply(directive, rest.replace(/\r$/, ''), at);
  }

  #lineComment(): void {
    const input = this.#input;
    const end = lineEnd(input.text, input.index);
    input.index = end;
    if (input.useSite !== null) return;
    // A comment broken by a mail or PDF leaves its tail on the next line. Only after a long line, and only when the
    // next one is nothing but words.
    const start = input.text.lastIndexOf('\n', end - 1) + 1;
    if (end - start < 60) return;
    const nextEnd = lineEnd(input.text, end + 1);
    const nextLine = input.text.slice(end + 1, nextEnd).trim();
    if (!/^[A-Za-z'][A-Za-z'., -]*$/.test(nextLine)) return;
    const words = nextLine.split(/[^A-Za-z]+/).filter((word) => word !== '');
    const isCode = words.some((word) => statementWords.has(word) || isReservedWord(word) || this.#isDefined(word));
    if (isCode || (words.length < 2 && !nextLine.startsWith("'"))) return;
    const at = this.#span(end + 1, nextEnd);
    this.#options.diagnostics.warning(
      'CFG_COMMENT_WRAPPED',
      'this line looks like the rest of the comment above; it is ignored',
      at,
      `put '#' before it`,
    );
    input.index = nextEnd;
  }

  #isDefined(word: string): boolean {
    return this.#preprocessor.defines.has(word);
  }

  #blockComment(): void {
    const input = this.#input;
    let level = 0;
    let index = input.index;
    do {
      if (input.text.startsWith('/*', index)) {
        level++;
        index += 2;
      } else if (input.text.startsWith('*/', index)) {
        level--;
        index += 2;
      } else if (index >= input.text.length) {
        const hint = `add '*/' where the comment ends; comments nest`;
        this.#error('CFG_COMMENT_UNCLOSED', 'the comment is not closed', input.index, input.index + 2, hint);
        break;
      } else {
        if (input.text[index] === '\n') input.newlineBefore = true;
        index++;
      }
    } while (level > 0);
    input.index = index;
  }

  #include(directive: string, at: Span): void {
    const input = this.#input;
    const match = this.#exec(includePattern);
    if (match === null || (match[3] !== undefined && input.useSite !== null)) {
      this.#options.diagnostics.error(
        'CFG_DIRECTIVE',
        `${directive} needs a file name`,
        at,
        `write ${directive} "file.cfg"`,
      );
      return;
    }
    input.index = includePattern.lastIndex;
    let path = match[2] ?? match[3]!;
    if (match[3] !== undefined) {
      const value = this.#preprocessor.defines.get(path)?.value;
      if (value !== undefined) path = value.trim().replace(/^(["'])(.*)\1$/, '$2');
    }
    path = this.#preprocessor.substitute(path);
    if (this.#includes.length > maxIncludeDepth) {
      const chain = `${this.#includes.at(-1)} is included from ${this.#includes.at(-2)}`;
      const message = `files include each other more than ${maxIncludeDepth} deep`;
      this.#options.diagnostics.error('CFG_INCLUDE_DEPTH', message, at, chain);
      return;
    }
    const file = this.#preprocessor.open(path, input.file.name);
    if (file === null) {
      if (directive === 'import_file') return;
      const hint = 'paths start at the working directory, then beside this file; import_file may be missing';
      this.#options.diagnostics.error('CFG_INCLUDE_MISSING', `cannot read the included file '${path}'`, at, hint);
      return;
    }
    this.#includeCount++;
    this.#includes.push(file.name);
    this.#nested(this.#open(file, null, null));
    this.#includes.pop();
    input.newlineBefore = true;
  }

  #nested(nested: Input): void {
    const outer = this.#input;
    this.#input = nested;
    this.#lexInput();
    this.#input = outer;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Tokens

  #word(word: string): void {
    const input = this.#input;
    const start = input.index;
    const end = start + word.length;
    if (word === 'include_file' || word === 'import_file') {
      input.index = end;
      this.#include(word, this.#span(start, end));
      return;
    }
    const define = isReservedWord(word) ? undefined : this.#preprocessor.defines.get(word);
    if (define !== undefined) {
      this.#expand(word, define.value);
      return;
    }
    this.#push({ kind: 'word' }, start, end);
    if (word === 'event_route') this.#eventName();
    else if (word === 'loadmodule' || word === 'loadmodulex') this.#bareModule();
  }

  /** Replaces a defined name by its value, lexed. */
  #expand(name: string, value: string): void {
    const input = this.#input;
    const start = input.index;
    const end = start + name.length;
    const at = this.#span(start, end);
    input.index = end;
    if (this.#macros.includes(name) || this.#macros.length >= maxMacroDepth) {
      const chain = [...this.#macros, name].join(' → ');
      this.#options.diagnostics.error('CFG_DEFINE_RECURSIVE', `the value of '${name}' leads back to itself`, at, chain);
      this.#push({ kind: 'word' }, start, end);
      return;
    }
    const nested = this.#open(
      createSourceFile('', value),
      at,
      input.note ?? `the text comes from the value of '${name}'`,
    );
    nested.newlineBefore = input.newlineBefore;
    // What stands directly before the name stands directly before its value too: `udp:MYIP`.
    nested.tokenEnd = input.tokenEnd === start ? 0 : -1;
    this.#macros.push(name);
    this.#nested(nested);
    this.#macros.pop();
    if (nested.tokenEnd > 0) {
      input.tokenEnd = end;
      input.newlineBefore = false;
    } else {
      // Nothing stands in its place, which may surprise: whatever is wrong next should say so.
      input.note ??= `'${name}' before it is defined without a value`;
    }
  }

  /** Event names are not tokens of the language: `tm:local-request`, `htable:expired:ban-list`. */
  #eventName(): void {
    const input = this.#input;
    const match = this.#exec(eventNamePattern);
    if (match === null) return;
    const open = input.text.indexOf('[', input.index);
    const nameStart = input.text.indexOf(match[2]!, open);
    const name = match[2]!.trim();
    const close = eventNamePattern.lastIndex - 1;
    this.#push({ kind: 'punct' }, open, open + 1);
    this.#push({ kind: 'eventName', name }, nameStart, Math.max(nameStart + name.length, nameStart + 1));
    this.#push({ kind: 'punct' }, close, close + 1);
  }

  #bareModule(): void {
    const input = this.#input;
    const match = this.#exec(barePattern);
    if (match === null || this.#isDefined(match[1]!)) return;
    const end = barePattern.lastIndex;
    this.#push({ kind: 'bare' }, end - match[1]!.length, end);
    this.#preprocessor.moduleLoaded(match[1]!, this.#span(input.index - match[1]!.length, input.index));
  }

  #number(): void {
    const start = this.#input.index;
    const digits = this.#match(numberPattern)!;
    const value = /^0[xX]/.test(digits)
      ? BigInt(digits)
      : digits.endsWith('b')
        ? BigInt(`0b${digits.slice(0, -1)}`)
        : /^0[0-7]+$/.test(digits)
          ? BigInt(`0o${digits.slice(1)}`)
          : BigInt(digits);
    this.#push({ kind: 'int', value: Number(BigInt.asIntN(32, value)) }, start, start + digits.length);
  }

  #tryIp(): boolean {
    const start = this.#input.index;
    const v4 = this.#match(ipv4Pattern);
    if (v4 !== null) {
      this.#push({ kind: 'ip', address: v4 }, start, start + v4.length);
      return true;
    }
    const v6 = this.#match(ipv6Pattern);
    if (v6 === null || !isIPv6(v6) || /\w/.test(this.#input.text[start + v6.length] ?? '')) return false;
    this.#push({ kind: 'ip', address: v6 }, start, start + v6.length);
    return true;
  }

  #tryBracketedIp(): boolean {
    const start = this.#input.index;
    const match = this.#exec(bracketedIpPattern);
    if (match === null || !isIPv6(match[1]!)) return false;
    this.#push({ kind: 'ip', address: match[1]! }, start, start + match[0].length);
    return true;
  }

  #string(): void {
    const input = this.#input;
    const scanned = scanString(input.text, input.index, this.#options.recoverStrings);
    if (scanned.raw.includes('\n')) this.hasMultilineString = true;
    this.#reportString(scanned);
    const substituted = this.#preprocessor.substitute(scanned.value);
    const raw = substituted === scanned.value && input.useSite === null ? scanned.raw : null;
    const start = input.index;
    this.#push({ kind: 'string', value: substituted, quote: scanned.quote, raw }, start, scanned.end);
    this.#noteModule(substituted);
  }

  #reportString(scanned: ScannedString): void {
    const { index } = this.#input;
    if (scanned.problem === 'unclosed') {
      const hint = `add '${scanned.quote}' where the string ends`;
      const message = `the string is not closed; read as ${scanned.quote}${scanned.raw}${scanned.quote}`;
      this.#options.diagnostics.warning('CFG_STRING_UNCLOSED', message, this.#span(index, scanned.end), hint);
    } else if (scanned.problem === 'smart') {
      const message = 'typographic quotes are taken as plain ones';
      this.#options.diagnostics.warning(
        'CFG_STRING_QUOTES',
        message,
        this.#span(index, index + 1),
        `use '${scanned.quote}'`,
      );
    }
  }

  /** `loadmodule "tm.so"` and `loadmodule("tm.so")` define `MOD_tm`. */
  #noteModule(path: string): void {
    const isLoad = (token: Token | undefined): boolean =>
      token?.kind === 'word' && (token.text === 'loadmodule' || token.text === 'loadmodulex');
    const string = this.tokens.at(-1)!;
    const before = this.tokens.at(-2);
    if (isLoad(before) || (before?.text === '(' && isLoad(this.tokens.at(-3)))) {
      this.#preprocessor.moduleLoaded(path, string.at);
    }
  }

  #variable(): void {
    const input = this.#input;
    const start = input.index;
    // A reference does not go beyond its line; so a missing parenthesis cannot swallow the rest of the file.
    const line = input.text.slice(start, lineEnd(input.text, start));
    const parsed = parseVariableReference(line, 0, this.#options);
    if (parsed.ref === null) {
      const { error } = parsed;
      this.#error(
        'CFG_VARIABLE_SYNTAX',
        error.message,
        start + error.offset,
        start + error.offset + error.length,
        error.hint,
      );
      const length = Math.max(1, /^\$[\w.?]*(?:\([^;\s=<>!&|]*)?/.exec(line)![0].length);
      this.#push({ kind: 'variable', ref: null }, start, start + length);
      return;
    }
    for (const error of parsed.errors) {
      this.#error(
        'CFG_VARIABLE_SYNTAX',
        error.message,
        start + error.offset,
        start + error.offset + error.length,
        error.hint,
      );
    }
    let { ref } = parsed;
    const substituted = this.#preprocessor.substitute(ref.raw);
    if (substituted !== ref.raw) {
      const again = parseVariableReference(substituted, 0, this.#options);
      if (again.ref !== null) ref = again.ref;
    }
    this.#push({ kind: 'variable', ref }, start, start + parsed.end);
  }

  #punctuation(): void {
    const { text, index } = this.#input;
    const pair = text.slice(index, index + 2);
    this.#push({ kind: 'punct' }, index, index + (punctuation.includes(pair) ? 2 : 1));
  }

  #unknownCharacters(): void {
    const input = this.#input;
    const start = input.index;
    while (input.index < input.text.length && /[^\x20-\x7e\s“”‘’]/.test(input.text[input.index]!)) input.index++;
    if (input.index === start) input.index++;
    const shown = JSON.stringify(input.text.slice(start, input.index)).slice(1, -1);
    const hint = 'characters beyond ASCII belong into strings and comments';
    const message = `'${shown}' is ignored, as Kamailio does`;
    this.#options.diagnostics.warning('CFG_CHARACTER', message, this.#span(start, input.index), hint);
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Helpers

  #match(pattern: RegExp): string | null {
    return this.#exec(pattern)?.[0] ?? null;
  }

  #exec(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#input.index;
    return pattern.exec(this.#input.text);
  }

  #push(token: TokenPayload, start: number, end: number): void {
    const input = this.#input;
    const { text, tokenEnd, newlineBefore, note } = input;
    this.tokens.push({
      ...token,
      text: text.slice(start, end),
      at: this.#span(start, end),
      spaceBefore: tokenEnd !== start,
      newlineBefore,
      note,
    });
    input.index = end;
    input.tokenEnd = end;
    input.newlineBefore = false;
    if (input.useSite === null) input.note = null;
  }

  #span(start: number, end: number): Span {
    return this.#input.useSite ?? spanBetween(this.#input.file, start, end);
  }

  #error(code: DiagnosticCode, message: string, start: number, end: number, hint?: string): void {
    this.#options.diagnostics.error(code, message, this.#span(start, end), hint);
  }
}

/** What `#push` is given: a token without its place. */
type TokenPayload = Token extends infer T
  ? T extends Token
    ? Omit<T, 'text' | 'at' | 'spaceBefore' | 'newlineBefore' | 'note'>
    : never
  : never;

function lineEnd(text: string, index: number): number {
  const end = text.indexOf('\n', index);
  return end < 0 ? text.length : end;
}

/** The end of a line that goes on behind a backslash at its end. */
function logicalLineEnd(text: string, index: number): number {
  let end = lineEnd(text, index);
  while (end < text.length && /\\\r?$/.test(text.slice(Math.max(0, end - 2), end))) end = lineEnd(text, end + 1);
  return end;
}
