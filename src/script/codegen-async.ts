/**
 * Which routes can reach a function that answers later. Only those become asynchronous code: on the way of most messages there is no
 * promise at all.
 */

import type { CallSite, FunctionSymbol, RoutePlan, Stmt } from './compile-ir.ts';
import { visitCalls } from './compile-ir-calls.ts';

/** Result of the analysis. */
export interface AsyncAnalysis {
  /** Routes by {@link routeKey} with the function that makes them asynchronous. */
  readonly routes: ReadonlyMap<string, string>;
  /** True when a `route(…)` with a computed name may call an asynchronous route. */
  readonly dynamic: boolean;
  /** Whether a function of a module may answer later. */
  readonly waits: (symbol: FunctionSymbol) => boolean;
}

/** Name of a route across all tables. */
export function routeKey(kind: string, name: string): string {
  return `${kind}[${name}]`;
}

/** Follows the calls of every route. */
export function analyseAsync(routes: readonly RoutePlan[], waits: AsyncAnalysis['waits']): AsyncAnalysis {
  const found = new Map<string, string>();
  const callers = new Map<string, Set<string>>();
  const named = routes.filter(({ kind }) => kind === 'route').map(({ kind, name }) => routeKey(kind, name));
  for (const { kind, name, body } of routes) {
    const key = routeKey(kind, name);
    visitCalls(body, (call) => {
      if (call.kind === 'function' && waits(call.symbol)) found.set(key, call.symbol.definition.name);
      if (call.kind !== 'route') return;
      for (const target of typeof call.name === 'string' ? [routeKey('route', call.name)] : named) {
        const list = callers.get(target);
        if (list === undefined) callers.set(target, new Set([key]));
        else list.add(key);
      }
    });
  }
  const queue = [...found.keys()];
  for (let key = queue.pop(); key !== undefined; key = queue.pop()) {
    for (const caller of callers.get(key) ?? []) {
      if (found.has(caller)) continue;
      found.set(caller, found.get(key) ?? '');
      queue.push(caller);
    }
  }
  return { routes: found, dynamic: named.some((key) => found.has(key)), waits };
}

/** True when a call may answer later. */
export function isAsyncCall(call: CallSite, analysis: AsyncAnalysis): boolean {
  if (call.kind === 'function') return analysis.waits(call.symbol);
  if (call.kind !== 'route') return false;
  return typeof call.name === 'string' ? analysis.routes.has(routeKey('route', call.name)) : analysis.dynamic;
}

/** True when statements may have to wait. */
export function isAsyncBody(body: readonly Stmt[], analysis: AsyncAnalysis): boolean {
  let found = false;
  visitCalls(body, (call) => {
    found ||= isAsyncCall(call, analysis);
  });
  return found;
}
