import { readFileSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { modules } from '../modules/index.ts';
import { checkConfig, checkRequestRoute, type Plan } from '../script/checker.ts';
import { coreSymbols, knownVariables } from '../script/compile.ts';
import { type Diagnostic, DiagnosticList, formatDiagnostics } from '../script/diagnostic.ts';
import { parseConfig } from '../script/parse-config.ts';
import type { SourceFile } from '../script/source.ts';
import { decodeSource } from '../script/source-bytes.ts';
import { type LoadOptions, StartError } from './server-api.ts';

/** A configuration that was read and checked. */
export interface LoadedConfiguration {
  readonly plan: Plan;
  readonly files: ReadonlyMap<string, SourceFile>;
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
 * Reads and checks a configuration file; nothing is opened.
 * @throws StartError CFG_FILE when the file cannot be read
 */
export function loadConfiguration(options: LoadOptions): LoadedConfiguration {
  const path = isAbsolute(options.file) ? options.file : resolve(options.cwd, options.file);
  let text: string;
  try {
    text = decodeSource(readFileSync(path));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StartError('CFG_FILE', `cannot read the configuration ${options.file}: ${reason}`);
  }
  const parsed = parseConfig(
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
  const diagnostics = new DiagnosticList();
  const plan = checkConfig({
    config: parsed.ast,
    defines: parsed.defines,
    diagnostics,
    modules,
    core: coreSymbols,
    options: { unsupported: options.unsupported },
  });
  // What could not be read may have been the block.
  if (!hasErrors(parsed.diagnostics)) checkRequestRoute(plan, options.file);
  return { plan, files: parsed.files, read: parsed.diagnostics };
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
