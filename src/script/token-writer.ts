/** What the lexer reads from and writes to. */
import type { DiagnosticCode, DiagnosticList } from './diagnostic.ts';
import { createSourceFile, type SourceFile, type Span, spanBetween } from './source.ts';
import type { Token } from './token.ts';
import type { ScannedToken, TokenPayload } from './token-scanner.ts';

/** One text being read: a file, or the value of a define (then `useSite` is where the define was used). */
export interface Input {
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

/** A text to be read from its beginning. */
export function openInput(file: SourceFile, useSite: Span | null, note: string | null): Input {
  return { file, text: file.text, useSite, note, index: 0, tokenEnd: -1, newlineBefore: true };
}

/** The list of tokens, and the text that the next of them comes from. */
export class TokenWriter {
  readonly tokens: Token[] = [];
  hasMultilineString = false;
  input: Input = openInput(createSourceFile('', ''), null, null);
  readonly #diagnostics: DiagnosticList;

  constructor(diagnostics: DiagnosticList) {
    this.#diagnostics = diagnostics;
  }

  pushScanned({ token, end }: ScannedToken): void {
    this.push(token, this.input.index, end);
  }

  /** Adds the token that stands at [start, end) and goes on behind it. */
  push(token: TokenPayload, start: number, end: number): void {
    const input = this.input;
    const { text, tokenEnd, newlineBefore, note } = input;
    this.tokens.push({
      ...token,
      text: text.slice(start, end),
      at: this.span(start, end),
      spaceBefore: tokenEnd !== start,
      newlineBefore,
      note,
    });
    input.index = end;
    input.tokenEnd = end;
    input.newlineBefore = false;
    if (input.useSite === null) input.note = null;
  }

  /** Where that is; inside of a define's value the place where the define was used. */
  span(start: number, end: number): Span {
    return this.input.useSite ?? spanBetween(this.input.file, start, end);
  }

  warn(code: DiagnosticCode, message: string, at: Span, hint: string): void {
    this.#diagnostics.warning(code, message, at, hint);
  }

  error(code: DiagnosticCode, message: string, start: number, end: number, hint?: string): void {
    this.#diagnostics.error(code, message, this.span(start, end), hint);
  }
}
