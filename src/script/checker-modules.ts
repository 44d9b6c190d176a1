/** Checks loadmodule and modparam lines. */
import type { Config, LoadModule, ModParam } from './ast-config.ts';
import type { DiagnosticList } from './diagnostic.ts';
import type { AnyModule, ParameterDefinition } from './module-definition.ts';
import { compilePosix, RegexError } from './regex.ts';
import { BUILT_IN_MODULES, MODULE_ALIASES, registryModules } from './registry.ts';
import { parseInteger } from './runtime-convert.ts';
import { type CheckOptions, report } from './scope.ts';
import { toWire, wireText } from './scope-text.ts';
import type { Span } from './source.ts';
import { didYouMean } from './suggestion.ts';
import { type ModuleTable, missingModule } from './symbol-table.ts';

/** One value of a parameter and where it was given. */
export interface ParameterValue {
  readonly value: string | number;
  readonly at: Span;
  /** From modparamx: variables in it are filled in once, at load. */
  readonly interpolated: boolean;
}

/** A loaded module with its parameters. */
export interface ModulePlan {
  readonly module: AnyModule;
  /** The loadmodule line. */
  readonly at: Span;
  /** Values in the order of the file, by parameter. */
  readonly parameters: ReadonlyMap<string, readonly ParameterValue[]>;
}

/** What the module section of a configuration amounts to. */
export interface ModulesPlan {
  /** Those that Trunkline has, in the order of the file. */
  readonly modules: readonly ModulePlan[];
  /** Every name loaded, supported or not, as written and as it is called here. */
  readonly loadedNames: ReadonlySet<string>;
}

interface Loading {
  readonly module: AnyModule;
  readonly at: Span;
  readonly parameters: Map<string, ParameterValue[]>;
}

/** Checks every loadmodule and modparam of a configuration. */
export function checkModules(
  config: Config,
  available: ModuleTable,
  diagnostics: DiagnosticList,
  options: CheckOptions,
): ModulesPlan {
  const loading = new Map<string, Loading>();
  const loadedNames = new Set<string>();
  for (const item of config.items)
    if (item.kind === 'loadModule') load(item, available, diagnostics, options, loading, loadedNames);
  // A modparam before its loadmodule does no harm here: all modules are known before the first parameter is looked at.
  for (const item of config.items)
    if (item.kind === 'modParam') assign(item, available, diagnostics, options, loading, loadedNames);
  return { modules: [...loading.values()], loadedNames };
}

function load(
  item: LoadModule,
  available: ModuleTable,
  diagnostics: DiagnosticList,
  options: CheckOptions,
  loading: Map<string, Loading>,
  loadedNames: Set<string>,
): void {
  const { name, at } = item;
  const known = moduleName(name, available);
  // A module loaded twice was reported by the reader.
  if (loadedNames.has(name)) return;
  loadedNames.add(name);
  const module = available.get(known);
  if (module !== undefined) {
    loadedNames.add(known);
    // Two old modules can have become one here.
    if (!loading.has(known)) loading.set(known, { module, at, parameters: new Map() });
    return;
  }
  if (BUILT_IN_MODULES.has(name)) return;
  const missing = missingModule(name, available);
  const lenient = missing.unsupportedIn !== '' && options.unsupported === 'warn';
  report(diagnostics, lenient, missing.code, missing.message, at, missing.hint);
}

/** The name a module has here. */
function moduleName(written: string, available: ModuleTable): string {
  if (available.has(written)) return written;
  const alias = MODULE_ALIASES.get(written);
  return alias !== undefined && available.has(alias) ? alias : written;
}

function assign(
  item: ModParam,
  available: ModuleTable,
  diagnostics: DiagnosticList,
  options: CheckOptions,
  loading: Map<string, Loading>,
  loadedNames: ReadonlySet<string>,
): void {
  const { modules, modulesAt } = item;
  let pattern: RegExp;
  try {
    pattern = compilePosix(`^(${modules})$`, { ignoreCase: false, newline: false });
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    diagnostics.error('CFG_REGEX', `bad module name pattern "${modules}": ${error.message}`, modulesAt);
    return;
  }
  const matching = new Set<string>();
  for (const written of loadedNames) {
    const name = moduleName(written, available);
    if (pattern.test(written) || pattern.test(name)) matching.add(name);
  }
  if (matching.size === 0) {
    notLoaded(item, available, diagnostics, options, loadedNames);
    return;
  }
  // What is only a matter of style is said once, however many modules the pattern fits.
  let first = true;
  for (const name of matching) {
    const target = loading.get(name);
    // One that Trunkline does not have was reported where it was loaded.
    if (target === undefined) continue;
    setParameter(item, target, diagnostics, first);
    first = false;
  }
}

function notLoaded(
  { modules, modulesAt }: ModParam,
  available: ModuleTable,
  diagnostics: DiagnosticList,
  options: CheckOptions,
  loadedNames: ReadonlySet<string>,
): void {
  const plain = /^[\w-]+$/.test(modules);
  if (plain && available.has(moduleName(modules, available))) {
    const hint = `add loadmodule "${modules}.so"`;
    diagnostics.error('CFG_MODULE_NOT_LOADED', `module ${modules} is not loaded`, modulesAt, hint);
  } else if (plain) {
    const missing = missingModule(modules, available);
    const lenient = missing.unsupportedIn !== '' && options.unsupported === 'warn';
    const near = didYouMean(modules, loadedNames) ?? missing.hint;
    report(diagnostics, lenient, 'CFG_MODULE_NOT_LOADED', `module ${modules} is not loaded`, modulesAt, near);
  } else {
    diagnostics.error('CFG_MODULE_NOT_LOADED', `no loaded module matches "${modules}"`, modulesAt);
  }
}

function setParameter(item: ModParam, target: Loading, diagnostics: DiagnosticList, tell: boolean): void {
  const { definition } = target.module;
  const { param, paramAt } = item;
  const parameter = definition.parameters.find(({ name }) => name === param);
  if (parameter === undefined) {
    unknownParameter(item, target, diagnostics);
    return;
  }
  const value = converted(item, parameter, diagnostics, tell);
  if (value === null) return;
  if (parameter.support.startsWith('no')) {
    const why = parameter.support.slice(parameter.support.indexOf(':') + 1).trim();
    diagnostics.warning('CFG_UNSUPPORTED_PARAMETER', `parameter ${param} has no effect: ${why}`, paramAt);
  }
  const list = target.parameters.get(param);
  const entry = { value, at: paramAt, interpolated: item.interpolated };
  if (list === undefined) target.parameters.set(param, [entry]);
  else if (parameter.repeat) list.push(entry);
  // Given again, the last one counts.
  else list[0] = entry;
}

function unknownParameter({ param, paramAt }: ModParam, { module }: Loading, diagnostics: DiagnosticList): void {
  const { name, parameters } = module.definition;
  if (registryModules().get(name)?.parameters.has(param) === true) {
    const message = `parameter ${param} of module ${name} is not supported by Trunkline and is ignored`;
    diagnostics.warning('CFG_UNSUPPORTED_PARAMETER', message, paramAt);
    return;
  }
  const hint = didYouMean(
    param,
    parameters.map((parameter) => parameter.name),
  );
  diagnostics.error('CFG_UNKNOWN_MODPARAM', `module ${name} has no parameter ${param}`, paramAt, hint);
}

/** The value in the type the parameter has; null after reporting that it cannot be. */
function converted(
  { value }: ModParam,
  { name, type }: ParameterDefinition,
  diagnostics: DiagnosticList,
  tell: boolean,
): string | number | null {
  const lenient = (message: string, hint: string): void => {
    if (tell) diagnostics.warning('CFG_LENIENT', `parameter ${name} is a ${message}`, value.at, hint);
  };
  if (type === 'int') {
    if (value.kind === 'int') return value.value;
    const text = value.kind === 'string' ? value.value : value.name;
    const parsed = parseInteger(text.trim());
    if (Number.isNaN(parsed)) {
      diagnostics.error('CFG_VALUE', `parameter ${name} is a number, not "${text}"`, value.at);
      return null;
    }
    lenient('number; Kamailio refuses it in quotes', `write ${parsed}`);
    return parsed;
  }
  if (value.kind === 'string') return wireText(value);
  if (value.kind === 'identifier') return toWire(value.name);
  lenient('text; Kamailio refuses a number', `write "${value.value}"`);
  return String(value.value);
}
