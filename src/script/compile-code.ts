/** Makes code beside a configuration part of the program, and checks the names by which the configuration knows it. */

import type { Plan } from './checker.ts';
import type { ModulePlan } from './checker-modules.ts';
import type { Callback, CodeLink, CodeRoute, CodeUnit } from './code.ts';
import type { Binder } from './compile-binder.ts';
import type { CoreArg } from './compile-ir.ts';
import { visitCalls } from './compile-ir-calls.ts';
import type { ModuleHost } from './module-definition.ts';
import type { Span } from './source.ts';
import { didYouMean } from './suggestion.ts';

export type { CodeUnit } from './code.ts';

/** What code brings to a program. */
interface CodeParts {
  /** Routes that a route of the configuration with the same name replaces. */
  readonly before: readonly CodeRoute[];
  /** Callbacks that run in the place of event routes, whatever the configuration has. */
  readonly after: readonly CodeRoute[];
  readonly callbacks: ReadonlyMap<string, Callback>;
}

/** Links code to the modules of a program; names that no code has are among the plan's diagnostics. */
export function linkCode(
  units: readonly CodeUnit[],
  plan: Plan,
  parts: { readonly host: ModuleHost; readonly binder: Binder; readonly modules: readonly ModulePlan[] },
): CodeParts {
  const { host, binder } = parts;
  const link: CodeLink = {
    host,
    modules: parts.modules.map(({ module }) => module.definition),
    moduleNames: plan.scope.symbols.availableNames,
    bound: (module, definition) => binder.bound({ module, definition }),
    core: (definition, args) => {
      if (args.length < definition.minArgs || args.length > definition.maxArgs) return 'wrong number of arguments';
      return definition.prepare(args.map(coreArg), { ...plan.scope.core, host });
    },
  };
  const linked = units.map((unit) => unit.link(link));
  const callbacks = new Map(linked.flatMap((one) => [...one.callbacks]));
  checkCalls(plan, callbacks);
  return {
    before: linked.flatMap(({ routes }) => routes),
    after: eventCallbacks(plan, parts.modules, callbacks),
    callbacks,
  };
}

const NOWHERE: Span = { file: '', line: 1, column: 1, length: 1 };

function coreArg(value: string | number): CoreArg {
  return typeof value === 'number' ? { kind: 'int', value, at: NOWHERE } : { kind: 'text', value, at: NOWHERE };
}

/** Parameters that name a callback: it runs where the event routes would (uac README, event_callback). */
function eventCallbacks(
  plan: Plan,
  modules: readonly ModulePlan[],
  callbacks: ReadonlyMap<string, Callback>,
): CodeRoute[] {
  return modules.flatMap(({ module, parameters }) =>
    module.definition.parameters.flatMap(({ name, events }) => {
      const given = parameters.get(name)?.at(-1);
      if (events === undefined || given === undefined || given.value === '') return [];
      const run = callbacks.get(String(given.value));
      if (run === undefined) {
        unknown(plan, String(given.value), callbacks, given.at);
        return [];
      }
      return events.map((event): CodeRoute => ({ kind: 'event', name: event, run: (ctx) => run(ctx, [event]) }));
    }),
  );
}

/** Constant names in calls such as ts_run("name"). */
function checkCalls(plan: Plan, callbacks: ReadonlyMap<string, Callback>): void {
  for (const { body } of plan.routes)
    visitCalls(body, (call) => {
      if (call.kind !== 'function' || !call.symbol.definition.callback) return;
      const [name] = call.args;
      if (name?.kind !== 'constant' || callbacks.has(String(name.value))) return;
      unknown(plan, String(name.value), callbacks, call.at);
    });
}

function unknown({ scope }: Plan, name: string, callbacks: ReadonlyMap<string, Callback>, at: Span): void {
  const hint =
    callbacks.size === 0
      ? 'name the file that exports it: modparam("app_ts", "load", "routes.ts")'
      : (didYouMean(name, callbacks.keys()) ?? `exported are ${[...callbacks.keys()].join(', ')}`);
  scope.diagnostics.error('CFG_UNKNOWN_CALLBACK', `no loaded file exports a function ${name}`, at, hint);
}
