import type { RouteHooks } from '../proxy/request-state.ts';
import type { Callback } from './code.ts';
import type { ScriptContext } from './context.ts';
import type { Log } from './log.ts';

/** A compiled route: yields its value; ends early by setting `ctx.stop`. */
export type CompiledRoute = (ctx: ScriptContext) => number | Promise<number>;

/** Route tables of a compiled configuration. */
export type RouteKind = 'request' | 'route' | 'branch' | 'failure' | 'onreply' | 'reply' | 'event' | 'onsend';

/**
 * A compiled configuration as a value. A reload makes a new one; transactions in flight keep theirs through their {@link hooks}.
 */
export interface Program {
  readonly hooks: RouteHooks;
  readonly log: Log;
  /** The route, or null when the configuration has none of that kind and name ('' for the unnamed ones). */
  route(kind: RouteKind, name: string): CompiledRoute | null;
  /** The function of this name that code beside the configuration exports, or null. */
  callback(name: string): Callback | null;
  /** Runs a route and books errors: an exception is logged with a code and counts as -1. */
  run(route: CompiledRoute, ctx: ScriptContext): number | Promise<number>;
  /** $var store: one for the whole program (Kamailio's is per process). */
  readonly vars: Map<string, string | number>;
}
