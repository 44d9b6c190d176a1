/**
 * Text → tokens. Runs the preprocessor on the way: directives act where they stand, defines are replaced by their lexed
 * value, included files are read in place. The result is one flat list of tokens, each with its place in a file.
 */
import { blockCommentEnd, lineEnd, logicalLineEnd, wrappedTailEnd } from './comment-scanner.ts';
import type { DiagnosticCode, DiagnosticList } from './diagnostic.ts';
import { type InterpolationError, type InterpolationOptions, parseVariableReference } from './interpolation.ts';
import { isReservedWord } from './keywords.ts';
import { maxIncludeDepth, Preprocessor } from './preprocessor.ts';
import { createSourceFile, type SourceFile, type Span, spanBetween } from './source.ts';
import { type ScannedString, scanString, smartQuotes } from './string-scanner.ts';
import type { Token } from './token.ts';
import {
  foreignEnd,
  matchAt,
  type ScannedToken,
  scanAddress,
  scanBareModule,
  scanEventName,
  scanIncludePath,
  scanNumber,
  scanPunctuation,
  scanSelect,
  scanWord,
  type TokenPayload,
} from './token-scanner.ts';

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
      else if (input.index === index) this.#pushScanned(scanPunctuation(text, index));
    } else if (character === '/' && next === '/') {
      this.#lineComment();
    } else if (character === '/' && next === '*') {
      this.#blockComment();
    } else if (character === '"' || character === "'" || smartQuotes.includes(character)) {
      this.#string();
    } else if (character === '$') {
      this.#variable();
    } else {
      this.#plain();
    }
  }

  /** What is neither blank, comment, directive, string nor variable. */
  #plain(): void {
    const { index, text } = this.#input;
    const address = scanAddress(text, index);
    if (address !== null) {
      this.#pushScanned(address);
      return;
    }
    const word = scanWord(text, index);
    const foreign = foreignEnd(text, index);
    if (word !== null) this.#word(word);
    else if (foreign !== null) this.#foreign(foreign);
    else this.#pushScanned(scanNumber(text, index) ?? scanSelect(text, index) ?? scanPunctuation(text, index));
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Comments and directives

  #tryDirective(): boolean {
    const input = this.#input;
    // A define's value is not scanned for directives: `#` in it is a comment.
    if (input.useSite !== null) return false;
    const match = matchAt(directivePattern, input.text, input.index);
    const directive = match === null ? null : Preprocessor.directive(match[3]!);
    if (match === null || directive === null) return false;
    if (match[2] !== '') {
      if (match[1] === '#!') {
        const at = this.#span(input.index, directivePattern.lastIndex);
        const message = `'${match[0]}' is a comment: a directive has no blank behind '#!'`;
        this.#warn('CFG_DIRECTIVE', message, at, `write #!${match[3]}, or '##' for a comment`);
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
    const tail = input.useSite === null ? wrappedTailEnd(input.text, end, (word) => this.#isDefined(word)) : null;
    if (tail === null) return;
    const message = 'this line looks like the rest of the comment above; it is ignored';
    this.#warn('CFG_COMMENT_WRAPPED', message, this.#span(end + 1, tail), `put '#' before it`);
    input.index = tail;
  }

  #isDefined(word: string): boolean {
    return this.#preprocessor.defines.has(word);
  }

  #blockComment(): void {
    const input = this.#input;
    const end = blockCommentEnd(input.text, input.index);
    if (end === null) {
      const hint = `add '*/' where the comment ends; comments nest`;
      this.#error('CFG_COMMENT_UNCLOSED', 'the comment is not closed', input.index, input.index + 2, hint);
    }
    if (input.text.slice(input.index, end ?? undefined).includes('\n')) input.newlineBefore = true;
    input.index = end ?? input.text.length;
  }

  #include(directive: string, at: Span): void {
    const input = this.#input;
    const scanned = scanIncludePath(input.text, input.index);
    if (scanned === null) {
      const message = `${directive} needs a file name`;
      this.#options.diagnostics.error('CFG_DIRECTIVE', message, at, `write ${directive} "file.cfg"`);
      return;
    }
    input.index = scanned.end;
    let { path } = scanned;
    const value = scanned.quoted ? undefined : this.#preprocessor.defines.get(path)?.value;
    if (value !== undefined) path = value.trim().replace(/^(["'])(.*)\1$/, '$2');
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

  #eventName(): void {
    const scanned = scanEventName(this.#input.text, this.#input.index);
    if (scanned === null) return;
    const { open, name, nameStart, close } = scanned;
    this.#push({ kind: 'punct' }, open, open + 1);
    this.#push({ kind: 'eventName', name }, nameStart, Math.max(nameStart + name.length, nameStart + 1));
    this.#push({ kind: 'punct' }, close, close + 1);
  }

  #bareModule(): void {
    const scanned = scanBareModule(this.#input.text, this.#input.index);
    if (scanned === null || this.#isDefined(scanned.name)) return;
    const { name, end } = scanned;
    this.#push({ kind: 'bare' }, end - name.length, end);
    this.#preprocessor.moduleLoaded(name, this.#span(end - name.length, end));
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
      this.#warn('CFG_STRING_UNCLOSED', message, this.#span(index, scanned.end), hint);
    } else if (scanned.problem === 'smart') {
      const message = 'typographic quotes are taken as plain ones';
      this.#warn('CFG_STRING_QUOTES', message, this.#span(index, index + 1), `use '${scanned.quote}'`);
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
      this.#variableError(parsed.error, start);
      const length = Math.max(1, /^\$[\w.?]*(?:\([^;\s=<>!&|]*)?/.exec(line)![0].length);
      this.#push({ kind: 'variable', ref: null }, start, start + length);
      return;
    }
    for (const error of parsed.errors) this.#variableError(error, start);
    const substituted = this.#preprocessor.substitute(parsed.ref.raw);
    const again = substituted === parsed.ref.raw ? null : parseVariableReference(substituted, 0, this.#options);
    this.#push({ kind: 'variable', ref: again?.ref ?? parsed.ref }, start, start + parsed.end);
  }

  #variableError({ message, offset, length, hint }: InterpolationError, start: number): void {
    this.#error('CFG_VARIABLE_SYNTAX', message, start + offset, start + offset + length, hint);
  }

  #foreign(end: number): void {
    const { index, text } = this.#input;
    const shown = JSON.stringify(text.slice(index, end)).slice(1, -1);
    const hint = /^[\x00-\x7f]+$/.test(text.slice(index, end))
      ? 'remove it'
      : 'characters beyond ASCII belong into strings and comments';
    this.#warn('CFG_CHARACTER', `'${shown}' is ignored, as Kamailio does`, this.#span(index, end), hint);
    this.#input.index = end;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Helpers

  #pushScanned({ token, end }: ScannedToken): void {
    this.#push(token, this.#input.index, end);
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

  #warn(code: DiagnosticCode, message: string, at: Span, hint: string): void {
    this.#options.diagnostics.warning(code, message, at, hint);
  }

  #error(code: DiagnosticCode, message: string, start: number, end: number, hint?: string): void {
    this.#options.diagnostics.error(code, message, this.#span(start, end), hint);
  }
}
