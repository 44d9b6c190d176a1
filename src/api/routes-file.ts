/** Reads a routes file: loads it, and sorts its exports into handlers. Everything that is wrong with it is a diagnostic. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Config } from '../script/ast-config.ts';
import type { CodeUnit } from '../script/code.ts';
import type { DiagnosticList } from '../script/diagnostic.ts';
import type { Span } from '../script/source.ts';
import { didYouMean } from '../script/suggestion.ts';
import { codeUnit, type KsrFunction, type RouteExports } from './code-unit.ts';
import { configTree, placesIn } from './config-tree.ts';
import { type LoadedModule, LoadFailure, loadModule, shownName } from './load-module.ts';

/** A routes file that was read. */
export interface RoutesFile {
  /** Null when it could not be used: the diagnostics say why. */
  readonly unit: CodeUnit | null;
  /** Its configuration as a kamailio.cfg would give it. */
  readonly tree: Config;
  /** Absolute names of it and of what it imports. */
  readonly files: readonly string[];
}

/** How a file is read. */
export interface RoutesFileOptions {
  readonly file: string;
  readonly cwd: string;
  /** True for a file that stands alone: it needs a request handler, and its `config` counts. */
  readonly alone: boolean;
  /** Milliseconds that a handler is waited for; null for what its configuration says. */
  readonly limit: number | null;
}

const FUNCTIONS = ['request', 'reply', 'onsend'] as const;
const TABLES = ['branch', 'failure', 'onreply', 'event'] as const;
/** Milliseconds that a handler is waited for unless the file says otherwise. */
const DEFAULT_LIMIT = 10_000;

/** Reads a file; never throws for what is in it. */
export async function readRoutesFile(options: RoutesFileOptions, diagnostics: DiagnosticList): Promise<RoutesFile> {
  const { file, cwd } = options;
  const path = resolve(cwd, file);
  const start: Span = { file, line: 1, column: 1, length: 1 };
  let loaded: LoadedModule;
  try {
    loaded = await loadModule(path);
  } catch (error) {
    if (!(error instanceof LoadFailure)) throw error;
    const at = { ...start, file: error.file === path ? file : shownName(error.file, cwd), line: error.line };
    if (error.syntax) diagnostics.error('CFG_CODE_SYNTAX', error.message, at);
    else diagnostics.error('CFG_CODE_FAILED', `the file threw an error while it was loaded: ${error.message}`, at);
    return { unit: null, tree: nothingAt(start), files: error.files };
  }
  return readRoutes(loaded, options, diagnostics);
}

/** Reads what a file exports; never throws for what it is. */
export function readRoutes(
  { exports, files }: LoadedModule,
  { file, cwd, alone, limit }: RoutesFileOptions,
  diagnostics: DiagnosticList,
): RoutesFile {
  const path = resolve(cwd, file);
  const start: Span = { file, line: 1, column: 1, length: 1 };
  const tree = alone
    ? configTree(exports.config ?? {}, file, placesIn(file, textOf(path)), diagnostics)
    : nothingAt(start);
  const sorted = sortExports(exports, (name) => exportPlace(file, path, name), diagnostics);
  if (alone && !('request' in exports) && !sorted.functions.has('ksr_request_route')) {
    const hint =
      didYouMean('request', Object.keys(exports)) ?? 'export const request: RequestHandler = (request) => { … }';
    const message = 'the file exports no request handler: every request would be dropped';
    diagnostics.error('CFG_CODE_EXPORT', message, start, hint);
  }
  const unit = codeUnit({ file, exports: sorted, limit: limit ?? limitOf(exports.config), files, cwd });
  return { unit, tree, files };
}

function nothingAt(at: Span): Config {
  return { kind: 'config', at, items: [] };
}

function limitOf(config: unknown): number {
  const given = typeof config === 'object' && config !== null && 'waitLimit' in config ? config.waitLimit : undefined;
  return typeof given === 'number' && given >= 0 ? given * 1000 : DEFAULT_LIMIT;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // It was there when it was loaded; only places get lost.
    return '';
  }
}

type Complain = (name: string, problem: string, hint?: string) => void;

function sortExports(
  exports: Readonly<Record<string, unknown>>,
  place: (name: string) => Span,
  diagnostics: DiagnosticList,
): RouteExports {
  const complain: Complain = (name, problem, hint) =>
    diagnostics.error('CFG_CODE_EXPORT', `${name} ${problem}`, place(name), hint);
  const [request, reply, onsend] = FUNCTIONS.map((name) => handler(exports, name, complain));
  const [branch, failure, onreply, event] = TABLES.map((name) => table(exports, name, complain));
  const functions = new Map<string, KsrFunction>();
  const reserved: readonly string[] = ['config', ...FUNCTIONS, ...TABLES];
  for (const [name, value] of Object.entries(exports)) {
    if (reserved.includes(name)) continue;
    if (typeof value === 'function') functions.set(name, value as KsrFunction);
    // A name nearly right is a handler that would never run.
    const near = reserved.find((one) => one.toLowerCase() === name.toLowerCase() || `${one}s` === name);
    if (near !== undefined)
      diagnostics.warning(
        'CFG_CODE_EXPORT',
        `${name} means nothing to the server`,
        place(name),
        `did you mean '${near}'?`,
      );
  }
  // The shapes were looked at; what a handler takes, only the type checker can know.
  return { request, reply, onsend, branch, failure, onreply, event, functions } as RouteExports;
}

function handler(exports: Readonly<Record<string, unknown>>, name: string, complain: Complain): unknown {
  const value = exports[name];
  if (value === undefined || typeof value === 'function') return value ?? null;
  complain(name, `is ${described(value)} and not a function`, `export const ${name} = (${name}) => { … }`);
  return null;
}

function table(
  exports: Readonly<Record<string, unknown>>,
  name: string,
  complain: Complain,
): ReadonlyMap<string, unknown> {
  const value = exports[name];
  if (value === undefined) return new Map();
  const hint = `export const ${name} = { NAME(${name}) { … } }`;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    complain(name, `is ${described(value)} and not a table of handlers`, hint);
    return new Map();
  }
  const entries = Object.entries(value);
  for (const [key, run] of entries)
    if (typeof run !== 'function')
      complain(name, `has ${JSON.stringify(key)}, which is ${described(run)} and not a function`, hint);
  return new Map(entries.filter(([, run]) => typeof run === 'function'));
}

function described(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function exportPlace(file: string, path: string, name: string): Span {
  const text = textOf(path);
  const found = new RegExp(
    `export\\s+(?:async\\s+)?(?:const|let|var|function\\*?|class)\\s+(${name.replace(/[^\w]/g, '\\$&')})\\b`,
  ).exec(text);
  const at = found === null ? 0 : found.index + found[0].length - name.length;
  const before = text.slice(0, at);
  return { file, line: before.split('\n').length, column: at - before.lastIndexOf('\n'), length: name.length };
}
