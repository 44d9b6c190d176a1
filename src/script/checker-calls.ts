/** Checks calls: does the function exist, may it be called here, do its arguments fit. */
import type { Argument, Call, RouteCall } from './ast.ts';
import { checkArgument } from './checker-arguments.ts';
import type { Place } from './checker-place.ts';
import { type Arg, argumentKind, type CallSite, type CoreArg, type FunctionSymbol } from './compile-ir.ts';
import { coreFunctionTable } from './core-functions.ts';
import type { CoreScope } from './core-functions-define.ts';
import type { FunctionDefinition } from './module-definition.ts';
import { registryModules } from './registry.ts';
import { describeMask, report, reportMissing, type Scope } from './scope.ts';
import { toWire, wireText } from './scope-text.ts';
import type { Span } from './source.ts';
import { didYouMean } from './suggestion.ts';
import type { RouteMask } from './values.ts';

/** Resolves a function call. @returns null when it cannot be made, which has been reported */
export function resolveCall(place: Place, call: Call): CallSite | null {
  if (call.core) return coreCall(place, call);
  const { scope } = place;
  const named = scope.symbols.functionsNamed(call.name);
  if (named.length === 0) return unknownFunction(place, call);
  const fitting = named.find(({ definition }) => accepts(definition, call.args.length));
  if (fitting === undefined) {
    wrongArity(scope, call, named);
    return null;
  }
  checkBlock(place, call.nameAt, `${call.name}()`, fitting.definition.routes);
  refuseUnsupported(place, call, fitting.definition.support);
  const args: (Arg | null)[] = [];
  fitting.definition.args.forEach((spec, index) => {
    const { kind } = argumentKind(spec);
    const given = call.args[index];
    args.push(given === undefined ? null : checkArgument(place, call, given, index, kind));
  });
  return { kind: 'function', symbol: fitting, args, at: call.nameAt };
}

function unknownFunction(place: Place, call: Call): CallSite | null {
  const missing = place.scope.symbols.missingFunction(call.name);
  if (!reportMissing(place.scope, missing, call.nameAt)) return null;
  return { kind: 'unsupported', name: call.name, module: missing.unsupportedIn, at: call.nameAt };
}

function accepts({ args }: FunctionDefinition<unknown>, count: number): boolean {
  const required = args.filter((spec) => !spec.endsWith('?')).length;
  return count >= required && count <= args.length;
}

function wrongArity({ diagnostics }: Scope, call: Call, named: readonly FunctionSymbol[]): void {
  const counts = new Set<number>();
  for (const { definition } of named) {
    for (let count = 0; count <= definition.args.length; count++) if (accepts(definition, count)) counts.add(count);
  }
  const module = named[0]?.module ?? '';
  const known = registryModules().get(module)?.functions.get(call.name);
  const message = `${call.name}() takes ${countText([...counts])}, ${call.args.length} given`;
  if (known?.includes(call.args.length) === true) {
    const hint = `Kamailio has a form of it with ${countText([call.args.length])}, which is not supported by Trunkline`;
    diagnostics.error('CFG_UNSUPPORTED_FUNCTION', message, call.nameAt, hint);
  } else {
    diagnostics.error('CFG_ARGUMENT_COUNT', message, call.nameAt);
  }
}

function countText(counts: readonly number[]): string {
  const sorted = [...counts].sort((a, b) => a - b).map((count) => (count === 0 ? 'no' : String(count)));
  const last = sorted.pop() ?? 'no';
  const plural = last === '1' && sorted.length === 0 ? 'argument' : 'arguments';
  return sorted.length === 0 ? `${last} ${plural}` : `${sorted.join(', ')} or ${last} arguments`;
}

function checkBlock(place: Place, at: Span, what: string, allowed: RouteMask): void {
  if ((allowed & place.mask) !== 0) return;
  const hint = `it may be called in ${describeMask(allowed)}`;
  place.scope.diagnostics.error('CFG_WRONG_ROUTE', `${what} cannot be called in ${place.block}`, at, hint);
}

/** A function that is declared and always fails is refused like one that is missing: nobody finds out in production. */
function refuseUnsupported({ scope }: Place, call: Call, support: string): void {
  if (!support.startsWith('no')) return;
  const why = support.slice(support.indexOf(':') + 1).trim();
  const lenient = scope.options.unsupported === 'warn';
  report(
    scope.diagnostics,
    lenient,
    'CFG_UNSUPPORTED_FUNCTION',
    `${call.name}() is not supported: ${why}`,
    call.nameAt,
  );
}

function coreCall(place: Place, call: Call): CallSite | null {
  const { scope } = place;
  const { diagnostics } = scope;
  const definition = coreFunctionTable.get(call.name);
  if (definition === undefined) {
    diagnostics.error(
      'CFG_UNSUPPORTED_FUNCTION',
      `core function ${call.name}() is not supported by Trunkline`,
      call.nameAt,
    );
    return null;
  }
  const { minArgs, maxArgs } = definition;
  if (call.args.length < minArgs || call.args.length > maxArgs) {
    const counts = Array.from({ length: maxArgs - minArgs + 1 }, (_, index) => minArgs + index);
    const message = `${call.name}() takes ${countText(counts)}, ${call.args.length} given`;
    diagnostics.error('CFG_ARGUMENT_COUNT', message, call.nameAt);
    return null;
  }
  checkBlock(place, call.nameAt, `${call.name}()`, definition.routes);
  refuseUnsupported(place, call, definition.support);
  const args: CoreArg[] = [];
  for (const arg of call.args) {
    const checked = coreArgument(place, call.name, arg);
    if (checked === null) return null;
    args.push(checked);
  }
  const made = definition.prepare(args, scope.core satisfies CoreScope);
  if (typeof made === 'string') {
    diagnostics.error('CFG_ARGUMENT', `${call.name}(): ${made}`, args[0]?.at ?? call.nameAt);
    return null;
  }
  return { kind: 'core', function: definition, args, at: call.nameAt };
}

/** Core functions take constants only. */
function coreArgument(place: Place, name: string, arg: Argument): CoreArg | null {
  const { at } = arg;
  switch (arg.kind) {
    case 'string':
      return { kind: 'text', value: wireText(arg), at };
    case 'identifier':
      return { kind: 'word', value: arg.name, at };
    case 'socketArgument':
      return { kind: 'socket', proto: arg.proto, host: arg.host, port: arg.port, at };
    case 'uriPart':
      return { kind: 'uriPart', part: arg.part, at };
    default: {
      const value = place.expression(place, arg);
      if (value.op !== 'const') {
        const message = `${name}() takes constants only`;
        place.scope.diagnostics.error('CFG_ARGUMENT', message, at, 'assign to $ru, $rU, $rd, $du or the like instead');
        return null;
      }
      if (typeof value.value === 'number') return { kind: 'int', value: value.value, at };
      return { kind: 'text', value: value.value ?? '', at };
    }
  }
}

/** Resolves route(NAME). @returns null after reporting that there is no such route */
export function resolveRouteCall(place: Place, call: RouteCall): CallSite | null {
  const { scope } = place;
  const name = place.expression(place, call.name);
  const args = call.args.map((arg) => place.expression(place, arg));
  if (name.op !== 'const') return { kind: 'route', name, args, at: call.at };
  const text = toWire(String(name.value));
  const known = scope.routes.get('route');
  if (known?.has(text) !== true) {
    const hint = didYouMean(text, known ?? []);
    scope.diagnostics.error('CFG_UNKNOWN_ROUTE', `there is no route[${text}]`, call.name.at, hint);
    return null;
  }
  return { kind: 'route', name: text, args, at: call.at };
}
