/**
 * Code beside a configuration: routes and functions written in TypeScript, which become part of the program that a configuration is linked
 * to. Who reads the files stands above (src/api/); here is only what a program makes of them.
 */

import type { ScriptContext } from './context.ts';
import type { CoreFunction } from './core-functions-define.ts';
import type { BoundFunction, FunctionDefinition, ModuleDefinition, ModuleHost } from './module-definition.ts';
import type { CompiledRoute, RouteKind } from './program.ts';
import type { Value } from './values.ts';

/** An exported function that a configuration may name (event_callback, ts_run). It books its own errors and yields Kamailio's code. */
export type Callback = (ctx: ScriptContext, args: readonly Value[]) => number | Promise<number>;

/** What code gets of the program that it becomes part of. */
export interface CodeLink {
  readonly host: ModuleHost;
  /** Modules of the program, in the order they were made. */
  readonly modules: readonly ModuleDefinition<unknown>[];
  /** Every module there is, by name: for what to say of one that is not loaded. */
  readonly moduleNames: Iterable<string>;
  /** A module's function, bound to its instance. */
  bound(module: string, definition: FunctionDefinition<unknown>): BoundFunction;
  /** Makes a call of a core function. @returns a text that says what is wrong with the arguments */
  core(definition: CoreFunction, args: readonly (string | number)[]): ((ctx: ScriptContext) => number) | string;
}

/** A route that code brings. */
export interface CodeRoute {
  readonly kind: RouteKind;
  readonly name: string;
  readonly run: CompiledRoute;
}

/** What a file of code amounts to in one program. */
export interface LinkedCode {
  readonly routes: readonly CodeRoute[];
  readonly callbacks: ReadonlyMap<string, Callback>;
}

/** A file of code that was loaded, ready to become part of a program. */
export interface CodeUnit {
  /** As the configuration names it. */
  readonly file: string;
  link(link: CodeLink): LinkedCode;
}
