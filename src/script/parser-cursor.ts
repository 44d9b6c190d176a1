/** The parser's place in the tokens, what it may do there, and how it says that something is wrong. */
import type { Block, StringLiteral, StringPiece } from './ast.ts';
import type { DiagnosticCode, DiagnosticList } from './diagnostic.ts';
import { itemWords, statementWords } from './keywords.ts';
import type { Span } from './source.ts';
import { describeToken, type Token, type TokenKind } from './token.ts';

/** Thrown behind a reported error, caught where parsing can go on. Never leaves the parser. */
export class ParseFailure extends Error {}

/** Deepest nesting of blocks, parentheses and operators. */
const maxDepth = 400;

export class Cursor {
  readonly diagnostics: DiagnosticList;
  /** Reads `{ … }`; set by the statement parser, called for blocks inside expressions. */
  readonly parseBlock: (cursor: Cursor) => Block;
  readonly #tokens: readonly Token[];
  #index = 0;
  #depth = 0;

  constructor(tokens: readonly Token[], diagnostics: DiagnosticList, parseBlock: (cursor: Cursor) => Block) {
    this.#tokens = tokens;
    this.diagnostics = diagnostics;
    this.parseBlock = parseBlock;
  }

  /** Number of tokens consumed. */
  get index(): number {
    return this.#index;
  }

  peek(ahead = 0): Token {
    return this.#tokens[Math.min(this.#index + ahead, this.#tokens.length - 1)]!;
  }

  /** The token consumed last; at the start, the first one. */
  get previous(): Token {
    return this.#tokens[Math.max(0, this.#index - 1)]!;
  }

  next(): Token {
    const token = this.peek();
    if (token.kind !== 'eof') this.#index++;
    return token;
  }

  get atEnd(): boolean {
    return this.peek().kind === 'eof';
  }

  is(kind: TokenKind, ahead = 0): boolean {
    return this.peek(ahead).kind === kind;
  }

  isPunct(text: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === 'punct' && token.text === text;
  }

  isWord(text: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === 'word' && token.text === text;
  }

  accept(punct: string): Token | null {
    return this.isPunct(punct) ? this.next() : null;
  }

  acceptWord(word: string): Token | null {
    return this.isWord(word) ? this.next() : null;
  }

  /** Consumes a punctuation mark or fails. `context` completes the sentence "expected ')' …". */
  expect(punct: string, context: string, hint?: string): Token {
    const token = this.accept(punct);
    if (token !== null) return token;
    return this.fail(`expected '${punct}' ${context}, found ${describeToken(this.peek())}`, undefined, hint);
  }

  /** Reports an error at a token (the next one unless given) and gives up the construct being parsed. */
  fail(message: string, token: Token = this.peek(), hint?: string, code: DiagnosticCode = 'CFG_SYNTAX'): never {
    this.error(code, message, token, hint);
    throw new ParseFailure(message);
  }

  /** Reports an error and goes on. */
  error(code: DiagnosticCode, message: string, place: Token | Span, hint?: string): void {
    this.diagnostics.error(code, message, spanOf(place), withNote(place, hint));
  }

  warn(code: DiagnosticCode, message: string, place: Token | Span, hint?: string): void {
    this.diagnostics.warning(code, message, spanOf(place), withNote(place, hint));
  }

  /** Says that a form is accepted although Kamailio refuses it. */
  lenient(message: string, place: Token | Span, hint?: string): void {
    this.warn('CFG_LENIENT', message, place, hint);
  }

  /** From a token to the token consumed last, as far as they are on one line. */
  spanFrom(start: Token): Span {
    const { at } = start;
    const last = this.previous.at;
    if (last.file !== at.file || last.line !== at.line || last.column < at.column) return at;
    return { ...at, length: last.column + last.length - at.column };
  }

  /** The place directly behind the token consumed last, where something is missing. */
  get behind(): Span {
    const { at } = this.previous;
    return { ...at, column: at.column + at.length, length: 1 };
  }

  /** Runs a recursive rule; fails when the nesting is absurd, so that no input can exhaust the stack. */
  nested<T>(rule: () => T): T {
    if (this.#depth >= maxDepth) this.fail('this is nested too deeply', undefined, undefined, 'CFG_TOO_LARGE');
    this.#depth++;
    try {
      return rule();
    } finally {
      this.#depth--;
    }
  }

  /** Text of the tokens that stand side by side from here on, without consuming them; see `takeAdjacent`. */
  adjacentCount(stop: string): number {
    let count = 0;
    for (let token = this.peek(); token.kind !== 'eof'; token = this.peek(count)) {
      if (count > 0 && token.spaceBefore) break;
      if (token.kind === 'punct' && stop.includes(token.text)) break;
      if (token.kind === 'string' || token.kind === 'variable') break;
      count++;
    }
    return count;
  }

  /**
   * Consumes tokens that stand side by side up to one of the marks in `stop`, and returns their text: host names, route
   * names with hyphens and paths are several tokens of the language.
   */
  takeAdjacent(stop: string): string {
    let text = '';
    for (let count = this.adjacentCount(stop); count > 0; count--) text += this.next().text;
    return text;
  }

  /** Consumes one string literal, neighbours glued: `"a" "b"` is `ab`. The next token must be a string. */
  takeString(): StringLiteral {
    const start = this.peek();
    const pieces: StringPiece[] = [];
    let value = '';
    for (let token = this.peek(); token.kind === 'string'; token = this.peek()) {
      pieces.push({ at: token.at, raw: token.raw, quote: token.quote, offset: value.length });
      value += token.value;
      this.next();
    }
    return { kind: 'string', value, pieces, at: this.spanFrom(start) };
  }

  /** True where a new item of the config begins: such a line inside a block means that its `}` is missing. */
  get atItem(): boolean {
    const token = this.peek();
    if (token.kind !== 'word' || !token.newlineBefore || !itemWords.has(token.text)) return false;
    if (token.text.endsWith('route')) {
      // `route[X] {`, `route {` and their kin; `route(X);` is a statement.
      return this.isPunct('{', 1) || this.isPunct('[', 1);
    }
    return token.text === 'loadmodule' || token.text === 'modparam';
  }

  /** True where a statement seems to begin on a new line: a place to go on after an error. */
  get atStatementLine(): boolean {
    const token = this.peek();
    if (!token.newlineBefore) return false;
    if (token.kind === 'variable') return this.isPunct('=', 1);
    if (token.kind !== 'word') return false;
    if (['if', 'else', 'while', 'switch', 'case', 'default', 'return', 'exit', 'drop', 'break'].includes(token.text))
      return true;
    return !statementWords.has(token.text) && this.isPunct('(', 1);
  }
}

function spanOf(place: Token | Span): Span {
  return 'at' in place ? place.at : place;
}

function withNote(place: Token | Span, hint: string | undefined): string | undefined {
  if (!('at' in place) || place.note === null) return hint;
  return hint === undefined ? place.note : `${hint}; ${place.note}`;
}
