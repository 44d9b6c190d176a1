import { existsSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';
import { isCodeFile } from '../api/code-file.ts';
import { shownName } from '../api/load-module.ts';
import { type RoutesFile, readRoutes, readRoutesFile } from '../api/routes-file.ts';
import { modules } from '../modules/index.ts';
import type { Config } from '../script/ast-config.ts';
import { checkConfig, checkRequestRoute, type Plan } from '../script/checker.ts';
import type { CodeUnit } from '../script/code.ts';
import { coreSymbols, knownVariables } from '../script/compile.ts';
import type { DefineTable } from '../script/defines.ts';
import { type Diagnostic, DiagnosticList, formatDiagnostics } from '../script/diagnostic.ts';
import { type ParsedConfig, parseConfig } from '../script/parse-config.ts';
import type { SourceFile } from '../script/source.ts';
import { decodeSource } from '../script/source-bytes.ts';
import { type LoadOptions, StartError } from './server-api.ts';

/** A configuration that was read and checked. */
export interface LoadedConfiguration {
  readonly plan: Plan;
  readonly files: ReadonlyMap<string, SourceFile>;
  /** TypeScript and JavaScript that belongs to it. */
  readonly code: readonly CodeUnit[];
  /** Absolute names of the files of code. */
  readonly codeFiles: readonly string[];
  /** Problems of the reader; those of the checker and the linker are in the plan. */
  readonly read: readonly Diagnostic[];
}

/** Text of an included file; null when it cannot be read. */
function readText(path: string): string | null {
  try {
    return decodeSource(readFileSync(path));
  } catch {
    return null;
  }
}

/**
 * Reads and checks a configuration, a kamailio.cfg or a routes file, and loads the code that belongs to it; nothing is opened.
 * @throws StartError CFG_FILE when the file cannot be read
 */
export async function loadConfiguration(options: LoadOptions): Promise<LoadedConfiguration> {
  const path = isAbsolute(options.file) ? options.file : resolve(options.cwd, options.file);
  let text: string;
  try {
    text = decodeSource(readFileSync(path));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StartError('CFG_FILE', `cannot read the configuration ${options.file}: ${reason}`);
  }
  return isCodeFile(options.file) ? loadRoutesFile(options) : loadConfig(options, text);
}

async function loadConfig(options: LoadOptions, text: string): Promise<LoadedConfiguration> {
  const parsed = parsedConfig(options, text);
  const diagnostics = new DiagnosticList();
  const plan = checked(options, parsed.ast, parsed.defines, diagnostics);
  // What could not be read may have been the block.
  if (!hasErrors(parsed.diagnostics)) checkRequestRoute(plan, options.file);
  const { code, codeFiles } = await codeBeside(plan, options, diagnostics);
  return { plan, files: parsed.files, read: parsed.diagnostics, code, codeFiles };
}

function parsedConfig(options: LoadOptions, text: string): ParsedConfig {
  return parseConfig(
    { file: options.file, text },
    {
      readFile: (name) => readText(isAbsolute(name) ? name : resolve(options.cwd, name)),
      defines: new Map(options.defines.map(({ name, value }) => [name, value])),
      env: process.env,
      cwd: options.cwd,
      osName: process.platform,
      isKnownVariable: knownVariables(modules),
    },
  );
}

function checked(options: LoadOptions, config: Config, defines: DefineTable, diagnostics: DiagnosticList): Plan {
  const { unsupported } = options;
  return checkConfig({ config, defines, diagnostics, modules, core: coreSymbols, options: { unsupported } });
}

/** A routes file that stands alone: its `config` is checked as a kamailio.cfg would be. */
async function loadRoutesFile(options: LoadOptions): Promise<LoadedConfiguration> {
  const { file, cwd } = options;
  const diagnostics = new DiagnosticList();
  return alone(options, await readRoutesFile({ file, cwd, alone: true, limit: null }, diagnostics), diagnostics);
}

/**
 * A routes file that was imported already, as tests do.
 * @param exports its module object
 */
export function loadRoutesModule(exports: object, options: LoadOptions): LoadedConfiguration {
  const { file, cwd } = options;
  const diagnostics = new DiagnosticList();
  const loaded = { exports: exports as Readonly<Record<string, unknown>>, files: [] };
  return alone(options, readRoutes(loaded, { file, cwd, alone: true, limit: null }, diagnostics), diagnostics);
}

function alone(
  options: LoadOptions,
  { unit, tree, files }: RoutesFile,
  diagnostics: DiagnosticList,
): LoadedConfiguration {
  const plan = checked(options, tree, parsedConfig(options, '').defines, diagnostics);
  // Without source lines: a line of code may hold a password that no rule for kamailio.cfg knows.
  return { plan, files: new Map(), read: [], code: unit === null ? [] : [unit], codeFiles: files };
}

/** The files that module app_ts loads. */
async function codeBeside(
  plan: Plan,
  { cwd }: LoadOptions,
  diagnostics: DiagnosticList,
): Promise<{ readonly code: readonly CodeUnit[]; readonly codeFiles: readonly string[] }> {
  const appTs = plan.modules.find(({ module }) => module.definition.name === 'app_ts');
  const code: CodeUnit[] = [];
  const codeFiles: string[] = [];
  const limit = Number(appTs?.parameters.get('wait_limit')?.at(-1)?.value ?? 10) * 1000;
  for (const { value, at } of appTs?.parameters.get('load') ?? []) {
    const name = String(value);
    // The file that says so may be an included one.
    const beside = resolve(cwd, dirname(at.file), name);
    const path = existsSync(beside) ? beside : resolve(cwd, name);
    if (!existsSync(path) || !isCodeFile(path)) {
      const problem = existsSync(path)
        ? 'is no TypeScript or JavaScript file'
        : 'cannot be read: there is no such file';
      diagnostics.error('CFG_CODE_SYNTAX', `${name} ${problem}`, at);
      continue;
    }
    const read = await readRoutesFile({ file: shownName(path, cwd), cwd, alone: false, limit }, diagnostics);
    if (read.unit !== null) code.push(read.unit);
    codeFiles.push(...read.files);
  }
  return { code, codeFiles };
}

/** Every problem known by now, file by file in the order of the text. */
export function problems(loaded: LoadedConfiguration): readonly Diagnostic[] {
  const files = [...loaded.files.keys()];
  return [...loaded.read, ...loaded.plan.scope.diagnostics.all].toSorted(
    (a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column,
  );
}

export function hasErrors(list: readonly Diagnostic[]): boolean {
  return list.some(({ severity }) => severity === 'error');
}

/** Readable text of problems, with source lines. */
export function problemsText(loaded: LoadedConfiguration, list: readonly Diagnostic[]): string {
  return formatDiagnostics(list, loaded.files);
}
