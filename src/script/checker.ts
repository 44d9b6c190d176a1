/**
 * Checks a configuration that was read: every name, every argument, every block. All problems are found in one run, and nothing is
 * opened, so that a configuration can be checked on any machine.
 */
import type { Config } from './ast-config.ts';
import { checkExpression } from './checker-expressions.ts';
import { checkModules, type ModulesPlan } from './checker-modules.ts';
import type { Place } from './checker-place.ts';
import { checkBody } from './checker-statements.ts';
import type { RoutePlan } from './compile-ir.ts';
import type { DefineTable } from './defines.ts';
import type { DiagnosticList } from './diagnostic.ts';
import { evaluateGlobals, type Globals } from './globals.ts';
import type { RouteKind } from './program.ts';
import { type CheckOptions, routeMask, type Scope } from './scope.ts';
import { collectRoutes, type RouteGroup, reachableFrom, routeNames } from './scope-routes.ts';
import { type CoreSymbols, type ModuleTable, SymbolTable } from './symbol-table.ts';
import type { RouteMask } from './values.ts';

/** A configuration with everything resolved, ready to be linked to a server. */
export interface Plan extends ModulesPlan {
  readonly scope: Scope;
  readonly globals: Globals;
  readonly routes: readonly RoutePlan[];
  /** OpenSIPS timer_route blocks: the route and its interval in seconds. */
  readonly timers: readonly { readonly route: string; readonly seconds: number }[];
}

/** What a configuration is checked against. */
export interface CheckInput {
  readonly config: Config;
  /** Where problems go; it may already hold those of the reader. */
  readonly diagnostics: DiagnosticList;
  readonly defines: DefineTable;
  readonly modules: ModuleTable;
  readonly core: CoreSymbols;
  readonly options: CheckOptions;
}

/** Checks a configuration; problems are in `input.diagnostics` afterwards. A plan with errors must not be linked. */
export function checkConfig(input: CheckInput): Plan {
  const { config, diagnostics, modules: available, options } = input;
  const globals = evaluateGlobals(config, input.defines, diagnostics);
  const { modules, loadedNames } = checkModules(config, available, diagnostics, options);
  const symbols = new SymbolTable(
    modules.map(({ module }) => module),
    loadedNames,
    available,
    input.core,
  );
  const groups = collectRoutes(config);
  const scope: Scope = {
    symbols,
    diagnostics,
    options,
    routes: routeNames(groups),
    core: { flag: (name) => globals.flags.get(name), flagNames: globals.flags.keys(), host: null },
    interpolation: { isKnownName: (name) => symbols.isVariableName(name) },
  };
  const reachable = reachableFrom(groups);
  const routes = groups.map((group) => {
    checkEventName(scope, group);
    const mask = group.kind === 'route' ? (reachable.get(group.name) ?? 0) : routeMask(group.kind, group.name);
    return checkRoute(scope, group, mask);
  });
  return { scope, globals, modules, loadedNames, routes, timers: timers(config) };
}

/** A whole configuration has a request_route; apart from {@link checkConfig}, as a piece of one has not. */
export function checkRequestRoute(plan: Plan, file: string): void {
  if (plan.routes.some(({ kind }) => kind === 'request')) return;
  const at = { file, line: 1, column: 1, length: 1 };
  const hint = 'add request_route { … }; if there is one, look for an #!ifdef around it';
  plan.scope.diagnostics.warning(
    'CFG_NO_REQUEST_ROUTE',
    'there is no request_route: every request is dropped',
    at,
    hint,
  );
}

function checkRoute(scope: Scope, group: RouteGroup, mask: RouteMask): RoutePlan {
  const { kind, name, blocks } = group;
  const first = blocks[0];
  const block = first === undefined || name === '' ? (first?.keyword ?? kind) : `${first.keyword}[${name}]`;
  const place: Place = { scope, mask, block, expression: checkExpression, body: checkBody };
  const body = blocks.flatMap((each) => checkBody(place, each.body.statements));
  return { kind, name, body, at: (first ?? { at: { file: '', line: 1, column: 1, length: 1 } }).at };
}

/** Events that the core itself runs. */
const CORE_EVENTS: ReadonlySet<string> = new Set([
  'core:worker-one-init',
  'core:modinit-before',
  'core:pre-routing',
  'core:msg-received',
  'core:receive-parse-error',
  'tcp:closed',
  'tcp:timeout',
  'tcp:reset',
]);

function checkEventName(scope: Scope, { kind, name, blocks }: RouteGroup): void {
  if (kind !== ('event' satisfies RouteKind)) return;
  if (CORE_EVENTS.has(name)) return;
  const patterns = scope.symbols.loaded.flatMap(({ definition }) => definition.eventRoutes);
  const known = patterns.some((pattern) =>
    pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name,
  );
  const at = blocks[0]?.at;
  if (known || at === undefined) return;
  // Kamailio takes any name and never runs it.
  scope.diagnostics.warning('CFG_UNKNOWN_EVENT', `no loaded module runs event_route[${name}]`, at);
}

function timers(config: Config): { route: string; seconds: number }[] {
  const found: { route: string; seconds: number }[] = [];
  for (const item of config.items) {
    if (item.kind !== 'routeBlock' || item.routeKind !== 'timer') continue;
    found.push({ route: `timer:${item.name ?? ''}`, seconds: item.interval ?? 0 });
  }
  return found;
}
