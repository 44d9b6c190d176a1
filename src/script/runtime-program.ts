/** A compiled configuration as a value: its routes, and what the proxy asks of it. */

import type { RouteHooks } from '../proxy/request-state.ts';
import type { Callback, CodeRoute } from './code.ts';
import { DROP, type ScriptContext } from './context.ts';
import { L_ERR, type Log } from './log.ts';
import type { CompiledRoute, Program, RouteKind } from './program.ts';
import { routeHooks } from './runtime-hooks.ts';
import { errorText } from './runtime-support.ts';

/** The program that {@link linkProgram} makes. */
export class CompiledProgram implements Program {
  readonly hooks: RouteHooks;
  readonly log: Log;
  readonly vars = new Map<string, string | number>();
  /** Generated JavaScript, for people who want to see it. */
  readonly source: string;
  private readonly routes = new Map<RouteKind, Map<string, CompiledRoute>>();
  private readonly callbacks: ReadonlyMap<string, Callback>;

  /**
   * @param routes of two of one kind and name the later one counts
   * @param callbacks functions of code beside the configuration
   */
  constructor(
    routes: readonly CodeRoute[],
    log: Log,
    source: string,
    callbacks: ReadonlyMap<string, Callback> = new Map(),
  ) {
    this.callbacks = callbacks;
    this.log = log;
    this.source = source;
    for (const { kind, name, run } of routes) {
      const table = this.routes.get(kind);
      if (table === undefined) this.routes.set(kind, new Map([[name, run]]));
      else table.set(name, run);
    }
    this.hooks = routeHooks(this);
  }

  route(kind: RouteKind, name: string): CompiledRoute | null {
    return this.routes.get(kind)?.get(name) ?? null;
  }

  callback(name: string): Callback | null {
    return this.callbacks.get(name) ?? null;
  }

  run(route: CompiledRoute, ctx: ScriptContext): number | Promise<number> {
    try {
      const code = route(ctx);
      return typeof code === 'number' ? code : code.catch((error: unknown) => this.broken(error));
    } catch (error) {
      return this.broken(error);
    }
  }

  /** Generated code takes every exception it can name a place for; this is for what is left. */
  private broken(error: unknown): number {
    this.log.write(L_ERR, 'core', `route failed: ${errorText(error)}`, 'SCRIPT_ROUTE_FAILED');
    return -1;
  }
}

/**
 * Whether a core reply_route discards its reply: after `drop`, after `return 0`, and when the last action's value is not positive (`exit` is 1).
 * @param code what the route's run yielded
 */
export function dropsReply(ctx: ScriptContext, code: number): boolean {
  return ctx.stop === DROP || code <= 0;
}
