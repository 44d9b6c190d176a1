/**
 * Problems found in a configuration. All of them are collected in one run; none stops the reader.
 */
import { lineText, type SourceFile, type Span } from './source.ts';
import { readableSource } from './source-bytes.ts';
import { maskSecrets } from './source-secrets.ts';

export type Severity = 'error' | 'warning';

/** One problem: what, where, and when known what to do about it. */
export interface Diagnostic {
  readonly severity: Severity;
  /** Stable code, `CFG_…`; the list is in docs/errors.md. */
  readonly code: DiagnosticCode;
  readonly message: string;
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
  /** Characters to underline, at least 1. */
  readonly length: number;
  /** What to do, one sentence. */
  readonly hint?: string;
}

/** Any code; those of the reader are in `FrontEndCode`, later stages add their own. */
export type DiagnosticCode = `CFG_${string}`;

/** Codes given by the preprocessor, the lexer and the parser. */
export const frontEndCodes = {
  CFG_SYNTAX: 'The text does not follow the grammar of kamailio.cfg.',
  CFG_CHARACTER: 'A character that has no meaning outside a string.',
  CFG_STRING_UNCLOSED: 'A string without its closing quote.',
  CFG_STRING_QUOTES: 'Typographic quotes used in place of plain ones.',
  CFG_COMMENT_UNCLOSED: 'A block comment without its end.',
  CFG_COMMENT_WRAPPED: 'A line that looks like the rest of the comment above it; it is ignored.',
  CFG_VARIABLE_SYNTAX: 'A variable reference that cannot be read.',
  CFG_DIRECTIVE: 'A preprocessor directive that cannot be read.',
  CFG_DIRECTIVE_UNBALANCED: '#!ifdef, #!else and #!endif do not match.',
  CFG_DEFINE_AGAIN: 'A name defined twice with #!define.',
  CFG_DEFINE_RECURSIVE: 'A define whose value leads back to itself.',
  CFG_DEFINE_ENVIRONMENT: '#!defenv of an environment variable that is not set.',
  CFG_INCLUDE_MISSING: 'A file named by include_file cannot be read.',
  CFG_INCLUDE_DEPTH: 'Files include each other too deeply.',
  CFG_TOO_LARGE: 'The expanded configuration is too large or nested too deeply.',
  CFG_UNKNOWN_PARAMETER: 'A global parameter that does not exist.',
  CFG_VALUE: 'A value of the wrong kind.',
  CFG_BARE_WORD: 'A word without quotes where a string is needed.',
  CFG_MODULE_TWICE: 'A module loaded twice.',
  CFG_ROUTE_TWICE: 'Two route blocks of the same name.',
  CFG_CASE_TYPES: 'Integer and string labels mixed in one switch.',
  CFG_ASSIGNMENT_AS_VALUE: 'An assignment used as a condition.',
  CFG_LENIENT: 'Accepted here, refused by Kamailio.',
  CFG_DIALECT: 'Syntax of OpenSIPS or SER, accepted here.',
} as const satisfies Record<DiagnosticCode, string>;

export type FrontEndCode = keyof typeof frontEndCodes;

/** Collects diagnostics. A second error at the same place is dropped: it would only be an echo of the first. */
export class DiagnosticList {
  readonly #list: Diagnostic[] = [];
  readonly #errorPlaces = new Set<string>();

  get all(): readonly Diagnostic[] {
    return this.#list;
  }

  get errorCount(): number {
    return this.#errorPlaces.size;
  }

  has(code: DiagnosticCode): boolean {
    return this.#list.some((diagnostic) => diagnostic.code === code);
  }

  error(code: DiagnosticCode, message: string, at: Span, hint?: string): void {
    const place = `${at.file}:${at.line}:${at.column}`;
    if (this.#errorPlaces.has(place)) return;
    this.#errorPlaces.add(place);
    this.#add('error', code, message, at, hint);
  }

  warning(code: DiagnosticCode, message: string, at: Span, hint?: string): void {
    this.#add('warning', code, message, at, hint);
  }

  #add(severity: Severity, code: DiagnosticCode, message: string, at: Span, hint: string | undefined): void {
    const { file, line, column, length } = at;
    const base = { severity, code, message, file, line, column, length };
    this.#list.push(hint === undefined ? base : { ...base, hint });
  }
}

/**
 * One diagnostic as text, in the form that editors and terminals know:
 *
 *     kamailio.cfg:12:9: error: missing ';' after this statement [CFG_SYNTAX]
 *         12 |         t_relay()
 *            |                  ^
 *            = add ';'
 */
export function formatDiagnostic(diagnostic: Diagnostic, files: ReadonlyMap<string, SourceFile>): string {
  const { file, line, column, severity, message, code, hint } = diagnostic;
  const out = [`${file}:${line}:${column}: ${severity}: ${message} [${code}]`];
  const source = files.get(file);
  const whole = source === undefined ? '' : readableSource(maskSecrets(lineText(source, line)));
  // A line of kilobytes is shown around the place that matters.
  const from = whole.length > WIDEST && column > WIDEST / 2 ? column - WIDEST / 2 : 0;
  // One visible character for each control character: no file moves a cursor, and the carets stay where they belong.
  const text = whole.slice(from, from + WIDEST).replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, '\ufffd');
  const margin = String(line).padStart(6);
  if (source !== undefined) {
    // Tabs are kept in the line of carets, so that both lines are indented alike whatever the tab width.
    const indent = text.slice(0, column - 1 - from).replace(/[^\t]/g, ' ');
    const length = Math.max(1, Math.min(diagnostic.length, text.length - (column - from) + 1));
    out.push(`${margin} | ${text}`, `       | ${indent}${'^'.repeat(length)}`);
  }
  if (hint !== undefined) out.push(`       = ${hint}`);
  return readableSource(out.join('\n'));
}

/** Characters of a source line that are shown at most. */
const WIDEST = 200;

/** All diagnostics as text, a blank line between them. */
export function formatDiagnostics(diagnostics: readonly Diagnostic[], files: ReadonlyMap<string, SourceFile>): string {
  return diagnostics.map((diagnostic) => formatDiagnostic(diagnostic, files)).join('\n\n');
}
