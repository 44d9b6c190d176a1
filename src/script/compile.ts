/**
 * From a checked configuration to a running program: makes the modules in the order they need each other, binds every name, generates
 * the code. Checking (checker.ts) opens nothing; linking needs the layers below.
 */
import type { Config } from './ast-config.ts';
import { checkConfig, type Plan } from './checker.ts';
import type { ModulePlan } from './checker-modules.ts';
import { generate } from './codegen.ts';
import { Binder } from './compile-binder.ts';
import { type CodeUnit, linkCode } from './compile-code.ts';
import { LinkHost, type LinkServices } from './compile-host.ts';
import { ParameterSet } from './compile-parameters.ts';
import type { DefineTable } from './defines.ts';
import { type Diagnostic, DiagnosticList } from './diagnostic.ts';
import { knownCalls } from './known-calls.ts';
import {
  type AnyModule,
  type KnownCall,
  ModuleError,
  type TextGetter,
  type VariableDefinition,
} from './module-definition.ts';
import type { Program } from './program.ts';
import { CompiledProgram } from './runtime-program.ts';
import { errorText, runtimeSupport } from './runtime-support.ts';
import type { CheckOptions } from './scope.ts';
import type { Settings } from './settings.ts';
import { type CoreSymbols, type ModuleTable, SymbolTable } from './symbol-table.ts';
import { coreTransformations } from './transformations/index.ts';
import { coreVariables } from './variables/index.ts';

export type { LinkServices } from './compile-host.ts';

/** Variables and transformations that are there without a loadmodule. Their instance is the host itself. */
export const coreSymbols: CoreSymbols = {
  variables: coreVariables as readonly unknown[] as readonly VariableDefinition<unknown>[],
  transformations: coreTransformations,
};

/** A module of a program. */
export interface LinkedModule {
  readonly name: string;
  readonly instance: unknown;
}

/** A program with what it was made of. */
export interface LinkedProgram {
  readonly program: Program;
  readonly settings: Settings;
  /** In the order they were made. */
  readonly modules: readonly LinkedModule[];
  /** Generated JavaScript. */
  readonly source: string;
  /** Prepares a text with variables, as the routes would see it. */
  format(text: string): TextGetter;
  /** Runs the start functions of the modules, before the first message. @throws ModuleError */
  start(): void;
  /**
   * Opens what the operators talk to, once the modules were started; as much of it as there can be: after a reload, what is not taken over
   * is closed with the program before.
   * @throws the first failure
   */
  open(): Promise<void>;
  /** Lets the modules finish what they owe others before the transports close. Never rejects. @param graceMs most milliseconds to take */
  drain(graceMs: number): Promise<void>;
  /** Tells the modules that another program took over. */
  replaced(): void;
  /** Stops the modules, the last made first. */
  stop(): void;
}

/** What linking came to; problems are in the plan's diagnostics as well. */
export type LinkResult =
  | { readonly ok: true; readonly linked: LinkedProgram; readonly diagnostics: readonly Diagnostic[] }
  | { readonly ok: false; readonly linked: null; readonly diagnostics: readonly Diagnostic[] };

/** Tells the reader of a configuration which variable names exist: see `ParseOptions.isKnownVariable`. */
export function knownVariables(modules: ModuleTable): (name: string) => boolean {
  const table = new SymbolTable([...modules.values()], new Set(modules.keys()), modules, coreSymbols);
  return (name) => table.isVariableName(name);
}

/**
 * Checks and links in one go, as tests and small programs want it. A server checks first, opens its sockets, and links then.
 * @param config the tree and the defines that the reader gave
 */
export function compileConfig(
  config: { readonly ast: Config; readonly defines: DefineTable; readonly diagnostics: readonly Diagnostic[] },
  modules: ModuleTable,
  services: LinkServices,
  options: CheckOptions = { unsupported: 'error' },
): LinkResult {
  const diagnostics = new DiagnosticList();
  const plan = checkConfig({
    config: config.ast,
    defines: config.defines,
    diagnostics,
    modules,
    core: coreSymbols,
    options,
  });
  const readable = config.diagnostics.every(({ severity }) => severity !== 'error');
  const all = (): readonly Diagnostic[] => [...config.diagnostics, ...diagnostics.all];
  if (!readable || diagnostics.errorCount > 0) return { ok: false, linked: null, diagnostics: all() };
  const linked = linkProgram(plan, services);
  return linked === null ? { ok: false, linked, diagnostics: all() } : { ok: true, linked, diagnostics: all() };
}

/**
 * Links a plan that has no errors.
 * @param code files of code that become part of the program
 * @returns null when a module refused its parameters or a name could not be bound: `plan.scope.diagnostics` says which; what was made by
 * then is stopped again
 */
export function linkProgram(plan: Plan, services: LinkServices, code: readonly CodeUnit[] = []): LinkedProgram | null {
  const { scope, globals } = plan;
  const { diagnostics } = scope;
  const settings: Settings = { ...globals.settings, sockets: services.sender.sockets };
  const instances = new Map<string, { readonly instance: unknown }>();
  const calls = knownCalls(plan.routes);
  const host = new LinkHost(services, settings, calls, scope, (name) => instances.get(name));
  const made: ModulePlan[] = [];
  const commands: (() => void)[] = [];
  const stop = (): void => {
    for (const remove of commands.splice(0)) remove();
    for (const { module } of made.reverse()) {
      const { definition } = module;
      try {
        definition.stop?.(instances.get(definition.name)?.instance);
      } catch (error) {
        services.log.write(-1, definition.name, `stopping failed: ${errorText(error)}`, 'MODULE_STOP_FAILED');
      }
    }
    made.length = 0;
  };
  const fill = (text: string): string => {
    const { constant } = host.format(text);
    return constant ?? fillDefines(text, settings);
  };
  for (const module of inDependencyOrder(plan.modules)) {
    const { definition } = module.module;
    try {
      const parameters = new ParameterSet(definition.parameters, module.parameters, fill);
      instances.set(definition.name, { instance: definition.create(host, parameters) });
      made.push(module);
    } catch (error) {
      reportModuleError(module, error, diagnostics);
    }
  }
  for (const { module } of made)
    reviewCalls(module, instances.get(module.definition.name)?.instance, calls, diagnostics);
  if (diagnostics.errorCount > 0) {
    stop();
    return null;
  }
  const binder = new Binder(host, { ...scope.core, host }, diagnostics, (name) => instances.get(name));
  const generated = generate(plan.routes, binder, settings);
  const linkedCode = linkCode(code, plan, { host, binder, modules: made });
  if (diagnostics.errorCount > 0) {
    stop();
    return null;
  }
  const support = runtimeSupport(services.log, generated.sites, settings.maxWhileLoops);
  const routes = generated.instantiate(support);
  for (const { kind, name, asyncBy } of routes) {
    const at = plan.routes.find((route) => route.kind === kind && route.name === name)?.at;
    // The message is about to leave: nothing can wait there.
    if (asyncBy === '' || at === undefined || kind !== 'onsend') continue;
    const message = `onsend_route cannot wait for ${asyncBy}(); what it does after that is lost`;
    diagnostics.warning('CFG_ASYNC_ROUTE', message, at);
  }
  const { before, after, callbacks } = linkedCode;
  const program = new CompiledProgram([...before, ...routes, ...after], services.log, generated.source, callbacks);
  host.finish(program);
  return {
    program,
    settings,
    modules: made.map(({ module: { definition } }) => ({
      name: definition.name,
      instance: instances.get(definition.name)?.instance,
    })),
    source: generated.source,
    format: (text) => host.format(text),
    start() {
      for (const { module } of made) {
        const { definition } = module;
        const instance = instances.get(definition.name)?.instance;
        definition.start?.(instance, program);
        for (const { name, doc, array, run } of definition.rpc ?? [])
          commands.push(services.rpc.add({ name, doc, array, run: (args) => run(instance, args) }));
      }
    },
    async open() {
      const failures: unknown[] = [];
      for (const { module } of made) {
        const { definition } = module;
        try {
          await definition.open?.(instances.get(definition.name)?.instance);
        } catch (error) {
          failures.push(error);
        }
      }
      if (failures.length > 0) throw failures[0];
    },
    replaced() {
      for (const { module } of made) {
        const { definition } = module;
        try {
          definition.replaced?.(instances.get(definition.name)?.instance);
        } catch (error) {
          services.log.write(-1, definition.name, `giving way failed: ${errorText(error)}`, 'MODULE_STOP_FAILED');
        }
      }
    },
    async drain(graceMs) {
      await Promise.all(
        made.map(async ({ module: { definition } }) => {
          try {
            await definition.drain?.(instances.get(definition.name)?.instance, graceMs);
          } catch (error) {
            services.log.write(-1, definition.name, `draining failed: ${errorText(error)}`, 'MODULE_STOP_FAILED');
          }
        }),
      );
    },
    stop,
  };
}

/** Variables that mean something before there is a message: `$def(X)` and `$env(X)`. */
function fillDefines(text: string, { defines }: Settings): string {
  return text.replace(/\$(def|env)\(([^)]*)\)/g, (_, kind: string, name: string) =>
    kind === 'def' ? (defines.get(name) ?? '') : (process.env[name] ?? ''),
  );
}

/** Modules so that each comes after those it builds on; otherwise the order of the file. Kamailio wants that order written down. */
function inDependencyOrder(modules: readonly ModulePlan[]): readonly ModulePlan[] {
  const byName = new Map(modules.map((plan) => [plan.module.definition.name, plan]));
  const ordered: ModulePlan[] = [];
  const seen = new Set<string>();
  const add = (plan: ModulePlan): void => {
    const { name, after } = plan.module.definition;
    if (seen.has(name)) return;
    seen.add(name);
    for (const before of after) {
      const dependency = byName.get(before);
      if (dependency !== undefined) add(dependency);
    }
    ordered.push(plan);
  };
  for (const plan of modules) add(plan);
  return ordered;
}

/** What a module says about calls stands where they are. */
function reviewCalls(
  { definition }: AnyModule,
  instance: unknown,
  calls: readonly KnownCall[],
  diagnostics: DiagnosticList,
): void {
  for (const { call, severity, message, hint } of definition.review?.(instance, calls) ?? []) {
    const text = `${call.name}(): ${message}`;
    if (severity === 'error') diagnostics.error('CFG_ARGUMENT', text, call.at, hint);
    else diagnostics.warning('CFG_AMBIGUOUS_CALL', text, call.at, hint);
  }
}

/** A module's refusal points at the parameter at fault, else at its loadmodule. */
function reportModuleError({ module, at, parameters }: ModulePlan, error: unknown, diagnostics: DiagnosticList): void {
  const { name } = module.definition;
  if (!(error instanceof ModuleError)) {
    diagnostics.error('CFG_MODULE_FAILED', `module ${name} cannot be started: ${errorText(error)}`, at);
    return;
  }
  const place = parameters.get(error.parameter)?.at(-1)?.at ?? at;
  const code = /^CFG_/.test(error.code) ? (error.code as `CFG_${string}`) : (`CFG_MODULE_REFUSED` as const);
  const suffix = code === error.code ? '' : ` (${error.code})`;
  diagnostics.error(code, `${name}: ${error.message}${suffix}`, place);
}
