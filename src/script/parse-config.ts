/**
 * kamailio.cfg text → syntax tree and diagnostics. The one way into the front end.
 */
import type { Config, ConfigItem, RouteBlock } from './ast-config.ts';
import type { DefineTable } from './defines.ts';
import { type Diagnostic, DiagnosticList } from './diagnostic.ts';
import { type LexedConfig, lexConfig } from './lexer.ts';
import { Cursor, ParseFailure } from './parser-cursor.ts';
import { parseAssignmentItem, parseFlags } from './parser-item.ts';
import { parseConfigEngine, parseLoadModule, parseModParam, parseModulePath } from './parser-module.ts';
import { isRouteKeyword, parseRouteBlock } from './parser-route.ts';
import { parseBlock, parseStrayStatement } from './parser-statement.ts';
import { Preprocessor } from './preprocessor.ts';
import { createSourceFile, type SourceFile } from './source.ts';
import { describeToken } from './token.ts';

export interface ConfigInput {
  /** Name for messages, and the directory that includes may be beside of. */
  readonly file: string;
  readonly text: string;
}

export interface ParseOptions {
  /** Text of an included file, `null` when it cannot be read. Without it no file can be included. */
  readonly readFile?: (path: string) => string | null;
  /** `-A NAME=value` of the command line; empty value for `-A NAME`. */
  readonly defines?: ReadonlyMap<string, string>;
  /** Environment for `#!defenv` and `$env()` in `#!substdef`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Directory that relative includes start from; the process's own unless given. */
  readonly cwd?: string;
  /** Value of `OS_NAME`; `linux` unless given. */
  readonly osName?: string;
  /** Tells whether a variable exists; see `InterpolationOptions`. */
  readonly isKnownVariable?: (name: string) => boolean;
}

export interface ParsedConfig {
  /** What could be read; complete when there are no errors. */
  readonly ast: Config;
  /** Errors and warnings, file by file in the order of the text. */
  readonly diagnostics: readonly Diagnostic[];
  /** All defines as they are at the end, for `$def(NAME)`. */
  readonly defines: DefineTable;
  /** Every file that was read, for `formatDiagnostic`. */
  readonly files: ReadonlyMap<string, SourceFile>;
}

/**
 * Reads a configuration. Never throws: everything that is wrong is in `diagnostics`, all of it in one run.
 *
 * A string without its closing quote swallows code up to the next quote. When a config that has a string over several lines does not
 * parse, it is read once more with such strings ended at their line's end, and the reading with fewer errors wins.
 */
export function parseConfig(input: ConfigInput, options: ParseOptions = {}): ParsedConfig {
  const first = attempt(input, options, false);
  if (!first.hasMultilineString || first.errorCount === 0) return first.parsed;
  const second = attempt(input, options, true);
  return second.errorCount < first.errorCount ? second.parsed : first.parsed;
}

interface Attempt {
  readonly parsed: ParsedConfig;
  readonly errorCount: number;
  readonly hasMultilineString: boolean;
}

function attempt(input: ConfigInput, options: ParseOptions, recoverStrings: boolean): Attempt {
  const diagnostics = new DiagnosticList();
  const preprocessor = new Preprocessor(
    {
      readFile: options.readFile ?? (() => null),
      defines: options.defines ?? new Map(),
      env: options.env ?? {},
      cwd: options.cwd ?? '',
      osName: options.osName ?? 'linux',
    },
    diagnostics,
  );
  const known = options.isKnownVariable;
  const lexed: LexedConfig = lexConfig(createSourceFile(input.file, input.text), {
    preprocessor,
    diagnostics,
    recoverStrings,
    ...(known === undefined ? {} : { isKnownName: known }),
  });
  const cursor = new Cursor(lexed.tokens, diagnostics, parseBlock);
  const ast = parseItems(cursor);
  const sorted = inTextOrder(diagnostics.all, [...preprocessor.files.keys()]);
  const parsed = { ast, diagnostics: sorted, defines: preprocessor.defines, files: preprocessor.files };
  return { parsed, errorCount: diagnostics.errorCount, hasMultilineString: lexed.hasMultilineString };
}

/** Lexer and parser find things in turns; readers want them file by file, top to bottom. */
function inTextOrder(diagnostics: readonly Diagnostic[], files: readonly string[]): readonly Diagnostic[] {
  return diagnostics.toSorted(
    (a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column,
  );
}

function parseItems(cursor: Cursor): Config {
  const items: ConfigItem[] = [];
  const at = cursor.peek().at;
  const seen = new Seen();
  while (!cursor.atEnd) {
    const before = cursor.index;
    try {
      const item = parseItem(cursor);
      if (item !== null) {
        seen.check(cursor, item);
        items.push(item);
      }
    } catch (failure) {
      if (!(failure instanceof ParseFailure)) throw failure;
      recover(cursor);
      if (cursor.index === before) cursor.next();
    }
  }
  return { kind: 'config', items, at };
}

/** One item, `null` for a stray `;`. */
function parseItem(cursor: Cursor): ConfigItem | null {
  const token = cursor.peek();
  if (cursor.accept(';') !== null) return null;
  if (cursor.isPunct('}'))
    return cursor.fail(`'}' without '{'`, token, 'a block before it was closed too early, or this one is too much');
  if (token.kind !== 'word') {
    if (token.kind === 'variable' || cursor.isPunct('{')) return parseStray(cursor);
    return cursor.fail(`expected a global parameter, a module or a route block, found ${describeToken(token)}`, token);
  }
  if (isRouteKeyword(token.text) && (cursor.isPunct('{', 1) || cursor.isPunct('[', 1) || !cursor.isPunct('(', 1))) {
    return parseRouteBlock(cursor);
  }
  switch (token.text) {
    case 'loadmodule':
    case 'loadmodulex':
      return endItem(cursor, parseLoadModule(cursor));
    case 'modparam':
    case 'modparamx':
      return endItem(cursor, parseModParam(cursor));
    case 'mpath':
    case 'loadpath':
      return endItem(cursor, parseModulePath(cursor));
    case 'flags':
    case 'bool':
    case 'avpflags':
      return endItem(cursor, parseFlags(cursor));
    case 'cfgengine':
      return endItem(cursor, parseConfigEngine(cursor));
    case 'if':
    case 'while':
    case 'switch':
    case 'exit':
    case 'drop':
    case 'return':
    case 'else':
    case 'route':
      return parseStray(cursor);
  }
  return endItem(cursor, parseAssignmentItem(cursor));
}

/** Statements outside of any block are read, so that what follows them is understood, and dropped. */
function parseStray(cursor: Cursor): null {
  const token = cursor.peek();
  cursor.error('CFG_SYNTAX', 'a statement outside of route blocks', token, 'is there a } too much before it?');
  do parseStrayStatement(cursor);
  while (!cursor.atEnd && !cursor.atItem && (cursor.is('variable') || cursor.atStatementLine));
  cursor.accept('}');
  return null;
}

/** Behind an item stands `;`, a new line, or the next item on the same line. */
function endItem<T extends ConfigItem>(cursor: Cursor, item: T): T {
  const token = cursor.peek();
  if (cursor.accept(';') === null && token.kind !== 'eof' && token.kind !== 'word' && !token.newlineBefore) {
    cursor.error(
      'CFG_SYNTAX',
      `${describeToken(token)} is not expected here`,
      token,
      'values are constants, not expressions',
    );
    recover(cursor);
  }
  return item;
}

/** Goes on at the next line that can be an item; the block of a broken item is skipped. */
function recover(cursor: Cursor): void {
  while (!cursor.atEnd) {
    if (cursor.accept(';') !== null) return;
    if (cursor.isPunct('{')) {
      try {
        parseBlock(cursor);
      } catch (failure) {
        if (!(failure instanceof ParseFailure)) throw failure;
      }
      return;
    }
    if (cursor.atItem) return;
    cursor.next();
    const token = cursor.peek();
    if (token.newlineBefore && token.kind === 'word') return;
  }
}

/** What may be there only once. */
class Seen {
  readonly #modules = new Map<string, number>();
  readonly #routes = new Map<string, number>();

  check(cursor: Cursor, item: ConfigItem): void {
    if (item.kind === 'loadModule') {
      const line = this.#modules.get(item.name);
      if (line !== undefined) {
        cursor.error('CFG_MODULE_TWICE', `the module '${item.name}' is loaded twice`, item.at, `first at line ${line}`);
      }
      this.#modules.set(item.name, line ?? item.at.line);
    } else if (item.kind === 'routeBlock') {
      this.#checkRoute(cursor, item);
    }
  }

  #checkRoute(cursor: Cursor, { routeKind, name, keyword, at }: RouteBlock): void {
    // The unnamed blocks are concatenated.
    if (name === null && (routeKind === 'request' || routeKind === 'reply')) return;
    const key = `${routeKind} ${name}`;
    const line = this.#routes.get(key);
    if (line !== undefined) {
      const shown = name === null ? keyword : `${keyword}[${name}]`;
      cursor.error('CFG_ROUTE_TWICE', `${shown} is there twice`, at, `first at line ${line}`);
    }
    this.#routes.set(key, line ?? at.line);
  }
}
