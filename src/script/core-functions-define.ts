/**
 * Core functions: those that need no module. All their arguments are constants, so each call is made ready
 * at load; none of them sets $rc.
 */
import type { CoreArg } from './compile-ir.ts';
import type { ScriptContext } from './context.ts';
import type { ModuleHost } from './module-definition.ts';
import { ROUTE_ANY, type RouteMask } from './values.ts';

/** One call as the compiled program makes it: 1 done, -1 failed. */
export type CoreCode = (ctx: ScriptContext) => number;

/** What the arguments of a core function are resolved against. */
export interface CoreScope {
  /** Number of a flag declared with `flags`, undefined for an unknown name. */
  flag(name: string): number | undefined;
  /** Names of all declared flags, for suggestions. */
  readonly flagNames: Iterable<string>;
  /** The server; null while a configuration is only checked. Functions made then are never called. */
  readonly host: ModuleHost | null;
}

/** A core function. */
export interface CoreFunction {
  readonly name: string;
  readonly minArgs: number;
  readonly maxArgs: number;
  readonly routes: RouteMask;
  /** How it stands against the original, as for module functions. */
  readonly support: string;
  /** Makes one call. @returns a text that says what is wrong with the arguments */
  readonly prepare: (args: readonly CoreArg[], scope: CoreScope) => CoreCode | string;
}

/** Defines a core function. */
export function coreFunction(
  name: string,
  args: number | readonly [number, number],
  prepare: CoreFunction['prepare'],
  options: { readonly routes?: RouteMask; readonly support?: string } = {},
): CoreFunction {
  const [minArgs, maxArgs] = typeof args === 'number' ? [args, args] : args;
  return { name, minArgs, maxArgs, routes: options.routes ?? ROUTE_ANY, support: options.support ?? 'yes', prepare };
}

/** Text of an argument: strings, bare words and numbers alike. */
export function argText(arg: CoreArg | undefined): string | null {
  if (arg === undefined) return null;
  if (arg.kind === 'int') return String(arg.value);
  return arg.kind === 'text' || arg.kind === 'word' ? arg.value : null;
}

/** Integer of an argument; a text of digits is let through. */
export function argInt(arg: CoreArg | undefined): number | null {
  if (arg === undefined) return null;
  if (arg.kind === 'int') return arg.value;
  return arg.kind === 'text' && /^-?\d{1,9}$/.test(arg.value) ? Number(arg.value) : null;
}
