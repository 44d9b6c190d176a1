/** What the writers of expressions and statements need from the program they write into. */
import type { CoreTest } from './ast.ts';
import type { CallSite, Expr, Reference, Stmt } from './compile-ir.ts';
import type { Span } from './source.ts';

/** A generated function by name. */
export interface Callable {
  readonly name: string;
  /** True when it may yield a promise. */
  readonly isAsync: boolean;
}

/** Hands out names for what is bound at link time. Each name is a constant of the generated program. */
export interface Emitter {
  /** A bound variable; `int` tells whether it has an integer face. */
  access(ref: Reference): { readonly name: string; readonly int: true | null };
  /** The same for the left side of an assignment; one that turns out to be read-only is reported. */
  target(ref: Reference): string;
  /** Any object, by identity. */
  capture(value: object): string;
  /** The number of a place, by which log lines name it. */
  site(what: string, at: Span): number;
  core(site: CallSite & { readonly kind: 'core' }): string;
  test(test: CoreTest, operand: Expr | null): string;
  functionCall(site: CallSite & { readonly kind: 'function' }): Callable;
  routeCall(name: string): Callable;
  /** What a route called by a computed name may be. */
  dynamicRoutes(): { readonly isAsync: boolean };
  blockFunction(body: readonly Stmt[]): Callable;
  /** A bound variable whose index is the counter of a loop, which is kept under `counter` in the run's cache. */
  counted(ref: Reference, counter: symbol): { readonly name: string };
  readonly maxLoops: number;
  /** return_mode: in expressions calls are worth their code, not 1 or 0. */
  readonly rawCodes: boolean;
}
