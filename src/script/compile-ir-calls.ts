/** Finds the calls in resolved statements. */
import type { Arg, CallSite, Expr, Stmt } from './compile-ir.ts';

/** Visits every call in a list of statements, those in arguments and nested blocks included. */
export function visitCalls(body: readonly Stmt[], visit: (call: CallSite) => void): void {
  for (const statement of body) visitStatement(statement, visit);
}

/** Visits every call in an expression. */
export function visitExpressionCalls(expr: Expr, visit: (call: CallSite) => void): void {
  switch (expr.op) {
    case 'const':
    case 'read':
      return;
    case 'call':
      visitSite(expr.call, visit);
      return;
    case 'test':
      if (expr.operand !== null) visitExpressionCalls(expr.operand, visit);
      return;
    case 'block':
      visitCalls(expr.body, visit);
      return;
    case 'match':
      visitExpressionCalls(expr.left, visit);
      if (!(expr.regex instanceof RegExp)) visitExpressionCalls(expr.regex, visit);
      return;
    case 'choose':
      visitExpressionCalls(expr.condition, visit);
      visitExpressionCalls(expr.yes, visit);
      visitExpressionCalls(expr.no, visit);
      return;
    case 'not':
    case 'negate':
    case 'complement':
    case 'toInt':
    case 'toText':
    case 'defined':
    case 'empty':
    case 'length':
      visitExpressionCalls(expr.operand, visit);
      return;
    default:
      visitExpressionCalls(expr.left, visit);
      visitExpressionCalls(expr.right, visit);
  }
}

function visitStatement(statement: Stmt, visit: (call: CallSite) => void): void {
  switch (statement.op) {
    case 'call':
      visitSite(statement.call, visit);
      return;
    case 'assign':
      visitExpressionCalls(statement.value, visit);
      return;
    case 'if':
      visitExpressionCalls(statement.condition, visit);
      visitCalls(statement.yes, visit);
      if (statement.no !== null) visitCalls(statement.no, visit);
      return;
    case 'while':
      visitExpressionCalls(statement.condition, visit);
      visitCalls(statement.body, visit);
      return;
    case 'each':
    case 'block':
      visitCalls(statement.body, visit);
      return;
    case 'switch':
      visitExpressionCalls(statement.subject, visit);
      for (const { body } of statement.cases) visitCalls(body, visit);
      return;
    case 'return':
    case 'end':
      if (statement.value !== null) visitExpressionCalls(statement.value, visit);
      return;
    default:
  }
}

function visitSite(site: CallSite, visit: (call: CallSite) => void): void {
  visit(site);
  if (site.kind === 'function') for (const arg of site.args) visitArgument(arg, visit);
  if (site.kind !== 'route') return;
  if (typeof site.name !== 'string') visitExpressionCalls(site.name, visit);
  for (const arg of site.args) visitExpressionCalls(arg, visit);
}

function visitArgument(arg: Arg | null, visit: (call: CallSite) => void): void {
  if (arg === null) return;
  if (arg.kind === 'value' || arg.kind === 'shown') visitExpressionCalls(arg.expr, visit);
  else if (arg.kind === 'int' && 'op' in arg.of) visitExpressionCalls(arg.of, visit);
}
