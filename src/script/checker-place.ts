/** What every part of the checker is told. */
import type { Expression, Statement } from './ast.ts';
import type { Expr, Stmt } from './compile-ir.ts';
import type { Scope } from './scope.ts';
import type { RouteMask } from './values.ts';

/** Where a statement or expression stands, and how to go on into what it holds: the parts of the checker call each other in a circle. */
export interface Place {
  readonly scope: Scope;
  /** Kinds of block it may run in. */
  readonly mask: RouteMask;
  /** The block, for messages: `branch_route[X]`. */
  readonly block: string;
  readonly expression: (place: Place, expression: Expression) => Expr;
  readonly body: (place: Place, statements: readonly Statement[]) => readonly Stmt[];
}
