/**
 * Text → tokens. Runs the preprocessor on the way: directives act where they stand, defines are replaced by their lexed
 * value, included files are read in place. The result is one flat list of tokens, each with its place in a file.
 */
import { blockCommentEnd, lineEnd, logicalLineEnd, wrappedTailEnd } from './comment-scanner.ts';
import type { DiagnosticList } from './diagnostic.ts';
import { isReservedWord } from './keywords.ts';
import {
  type LiteralOptions,
  readBareModule,
  readEventName,
  readString,
  readVariable,
  skipForeign,
} from './lexer-literals.ts';
import { maxIncludeDepth, Preprocessor } from './preprocessor.ts';
import { createSourceFile, type SourceFile, type Span, spanBetween } from './source.ts';
import { smartQuotes } from './string-scanner.ts';
import type { Token } from './token.ts';
import {
  foreignEnd,
  matchAt,
  scanAddress,
  scanIncludePath,
  scanNumber,
  scanPunctuation,
  scanSelect,
  scanWord,
} from './token-scanner.ts';
import { type Input, openInput, TokenWriter } from './token-writer.ts';

export interface LexerOptions extends LiteralOptions {
  readonly diagnostics: DiagnosticList;
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
  return { tokens: lexer.out.tokens, hasMultilineString: lexer.out.hasMultilineString };
}

/** Walks through the texts: what is a comment, a directive, an include or a define acts here; the rest becomes tokens. */
class Lexer {
  readonly out: TokenWriter;
  readonly #options: LexerOptions;
  readonly #preprocessor: Preprocessor;
  #expansions = 0;
  #includeCount = 0;
  #macros: string[] = [];
  #includes: string[] = [];

  constructor(options: LexerOptions) {
    this.#options = options;
    this.#preprocessor = options.preprocessor;
    this.out = new TokenWriter(options.diagnostics);
  }

  run(file: SourceFile): void {
    this.#includes.push(file.name);
    this.out.input = openInput(file, null, null);
    this.#lexInput();
    this.#preprocessor.finish();
    const end = file.text.trimEnd().length;
    this.out.tokens.push({
      kind: 'eof',
      text: '',
      at: spanBetween(file, Math.max(0, end - 1), Math.max(1, end)),
      spaceBefore: true,
      newlineBefore: true,
      note: null,
    });
  }

  /** Reads the current input to its end. */
  #lexInput(): void {
    const input = this.out.input;
    while (input.index < input.text.length) {
      if (this.out.tokens.length > maxTokens || this.#expansions > maxExpansions || this.#includeCount > maxIncludes) {
        this.out.error('CFG_TOO_LARGE', 'the configuration is too large', input.index, input.index + 1);
        return;
      }
      if (input.useSite === null && !this.#preprocessor.isActive) this.#skipInactive();
      else this.#lexOne();
    }
  }

  /** In an unwanted branch only the conditionals count, wherever they stand. */
  #skipInactive(): void {
    const input = this.out.input;
    skippedDirectivePattern.lastIndex = input.index;
    const match = skippedDirectivePattern.exec(input.text);
    if (match === null) {
      input.index = input.text.length;
      return;
    }
    this.#directive(match.index, match[0].length, match[2]!);
  }

  #lexOne(): void {
    const input = this.out.input;
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
      else if (input.index === index) this.out.pushScanned(scanPunctuation(text, index));
    } else if (character === '/' && next === '/') {
      this.#lineComment();
    } else if (character === '/' && next === '*') {
      this.#blockComment();
    } else if (character === '"' || character === "'" || smartQuotes.includes(character)) {
      readString(this.out, this.#options);
    } else if (character === '$') {
      readVariable(this.out, this.#options);
    } else {
      this.#plain();
    }
  }

  /** What is neither blank, comment, directive, string nor variable. */
  #plain(): void {
    const { index, text } = this.out.input;
    const address = scanAddress(text, index);
    if (address !== null) {
      this.out.pushScanned(address);
      return;
    }
    const word = scanWord(text, index);
    const foreign = foreignEnd(text, index);
    if (word !== null) this.#word(word);
    else if (foreign !== null) skipForeign(this.out, foreign);
    else this.out.pushScanned(scanNumber(text, index) ?? scanSelect(text, index) ?? scanPunctuation(text, index));
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Comments and directives

  #tryDirective(): boolean {
    const input = this.out.input;
    // A define's value is not scanned for directives: `#` in it is a comment.
    if (input.useSite !== null) return false;
    const match = matchAt(directivePattern, input.text, input.index);
    const directive = match === null ? null : Preprocessor.directive(match[3]!);
    if (match === null || directive === null) return false;
    if (match[2] !== '') {
      if (match[1] === '#!') {
        const at = this.out.span(input.index, directivePattern.lastIndex);
        const message = `'${match[0]}' is a comment: a directive has no blank behind '#!'`;
        this.out.warn('CFG_DIRECTIVE', message, at, `write #!${match[3]}, or '##' for a comment`);
      }
      return false;
    }
    this.#directive(input.index, match[0].length, directive);
    return true;
  }

  #directive(start: number, length: number, directive: string): void {
    const input = this.out.input;
    const at = this.out.span(start, start + length);
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
    const input = this.out.input;
    const end = lineEnd(input.text, input.index);
    input.index = end;
    const tail = input.useSite === null ? wrappedTailEnd(input.text, end, (word) => this.#isDefined(word)) : null;
    if (tail === null) return;
    const message = 'this line looks like the rest of the comment above; it is ignored';
    this.out.warn('CFG_COMMENT_WRAPPED', message, this.out.span(end + 1, tail), `put '#' before it`);
    input.index = tail;
  }

  #isDefined(word: string): boolean {
    return this.#preprocessor.defines.has(word);
  }

  #blockComment(): void {
    const input = this.out.input;
    const end = blockCommentEnd(input.text, input.index);
    if (end === null) {
      const hint = `add '*/' where the comment ends; comments nest`;
      this.out.error('CFG_COMMENT_UNCLOSED', 'the comment is not closed', input.index, input.index + 2, hint);
    }
    if (input.text.slice(input.index, end ?? undefined).includes('\n')) input.newlineBefore = true;
    input.index = end ?? input.text.length;
  }

  #include(directive: string, at: Span): void {
    const input = this.out.input;
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
    this.#nested(openInput(file, null, null));
    this.#includes.pop();
    input.newlineBefore = true;
  }

  #nested(nested: Input): void {
    const outer = this.out.input;
    this.out.input = nested;
    this.#lexInput();
    this.out.input = outer;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Tokens

  #word(word: string): void {
    const input = this.out.input;
    const start = input.index;
    const end = start + word.length;
    if (word === 'include_file' || word === 'import_file') {
      input.index = end;
      this.#include(word, this.out.span(start, end));
      return;
    }
    const define = isReservedWord(word) ? undefined : this.#preprocessor.defines.get(word);
    if (define !== undefined) {
      this.#expand(word, define.value);
      return;
    }
    this.out.push({ kind: 'word' }, start, end);
    if (word === 'event_route') readEventName(this.out);
    else if (word === 'loadmodule' || word === 'loadmodulex') readBareModule(this.out, this.#preprocessor);
  }

  /** Replaces a defined name by its value, lexed. */
  #expand(name: string, value: string): void {
    const input = this.out.input;
    const start = input.index;
    const end = start + name.length;
    const at = this.out.span(start, end);
    input.index = end;
    if (this.#macros.includes(name) || this.#macros.length >= maxMacroDepth) {
      const chain = [...this.#macros, name].join(' → ');
      this.#options.diagnostics.error('CFG_DEFINE_RECURSIVE', `the value of '${name}' leads back to itself`, at, chain);
      this.out.push({ kind: 'word' }, start, end);
      return;
    }
    const nested = openInput(
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
}
