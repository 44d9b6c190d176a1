/**
 * Builds expressions, folding what is constant. Some of it is visible to scripts and is therefore exactly Kamailio's: `$x && 1`, `$x || 0`,
 * `0 || $x` are the integer value of `$x` and not 1 or 0; `f() + 0` is the code of f().
 */
import type { Expr, IntOperator, StaticType } from './compile-ir.ts';
import { equals, isEmpty, plus, toInteger, toText } from './runtime-convert.ts';
import type { Value } from './values.ts';

/** A constant. */
export function constant(value: Value): Expr {
  return { op: 'const', value };
}

/** A constant that can be folded, which $null is not. */
function isConstant(expr: Expr): expr is Expr & { readonly op: 'const' } {
  return expr.op === 'const' && expr.value !== null;
}

/** What an expression is known to yield before it runs. */
export function staticType(expr: Expr): StaticType {
  switch (expr.op) {
    case 'const':
      return typeof expr.value === 'number' ? 'int' : expr.value === null ? 'null' : 'text';
    case 'read':
      return 'any';
    case 'plus': {
      const left = staticType(expr.left);
      return left === 'int' ? 'int' : left === 'any' ? 'any' : 'text';
    }
    case 'concat':
    case 'toText':
      return 'text';
    case 'choose': {
      const yes = staticType(expr.yes);
      return yes === staticType(expr.no) ? yes : 'any';
    }
    default:
      return 'int';
  }
}

/** The integer value of an expression; a call stays a call and keeps its code. */
export function asInteger(expr: Expr): Expr {
  if (isConstant(expr)) return constant(toInteger(expr.value));
  return staticType(expr) === 'int' ? expr : { op: 'toInt', operand: expr };
}

/** `(str)x` */
export function asText(expr: Expr): Expr {
  if (expr.op === 'const') return constant(toText(expr.value));
  return staticType(expr) === 'text' ? expr : { op: 'toText', operand: expr };
}

/** Integer value of a constant. $null is a variable to Kamailio: it is evaluated when it runs and nothing folds over it. */
function truth(expr: Expr): number | null {
  return expr.op === 'const' && expr.value !== null ? toInteger(expr.value) : null;
}

/** `left && right` or `left || right` */
export function logical(op: 'and' | 'or', left: Expr, right: Expr): Expr {
  const l = truth(left);
  const r = truth(right);
  if (l !== null && r !== null) return constant((op === 'and' ? l !== 0 && r !== 0 : l !== 0 || r !== 0) ? 1 : 0);
  // Only 1 and 0 fold; `$x && 2` is 1 or 0 like any other.
  const neutral = op === 'and' ? 1 : 0;
  if (r === neutral) return asInteger(left);
  if (l === neutral) return asInteger(right);
  if (r === 1 - neutral || l === 1 - neutral) return constant(1 - neutral);
  return { op, left, right };
}

/** `!x` */
export function not(operand: Expr): Expr {
  const value = truth(operand);
  return value === null ? { op: 'not', operand } : constant(value === 0 ? 1 : 0);
}

/** `left + right` */
export function add(left: Expr, right: Expr): Expr {
  if (isConstant(left) && isConstant(right)) return constant(plus(left.value, right.value));
  if (staticType(left) === 'int' && right.op === 'const' && right.value === 0) return left;
  if (left.op === 'const' && left.value === 0 && isCall(right)) return right;
  return { op: 'plus', left, right };
}

/** Integer arithmetic; a division by a constant 0 is left to fail when it runs. */
export function integer(kind: IntOperator, left: Expr, right: Expr): Expr {
  if (isConstant(left) && isConstant(right)) {
    const value = compute(kind, toInteger(left.value), toInteger(right.value));
    if (value !== null) return constant(value);
  }
  // Nothing else is evaluated here either.
  if (kind === '&' && (truth(left) === 0 || truth(right) === 0)) return constant(0);
  // A call that is all that is left keeps its code, as in `f() - 0`.
  if (isCall(left) && right.op === 'const' && right.value === NEUTRAL_RIGHT[kind]) return left;
  if (isCall(right) && left.op === 'const' && left.value === NEUTRAL_LEFT[kind]) return right;
  return { op: 'int', kind, left: asInteger(left), right: asInteger(right) };
}

/** Constants that change nothing on the right and on the left of an operator; Kamailio folds these and no others. */
const NEUTRAL_RIGHT: Readonly<Partial<Record<IntOperator, number>>> = { '-': 0, '*': 1, '/': 1, '|': 0 };
const NEUTRAL_LEFT: Readonly<Partial<Record<IntOperator, number>>> = { '*': 1, '|': 0 };

function isCall({ op }: Expr): boolean {
  return op === 'call' || op === 'block';
}

/** `(int)x`: unlike {@link asInteger} a call is 1 or 0. */
export function castInteger(expr: Expr): Expr {
  return isCall(expr) ? { op: 'toInt', operand: expr } : asInteger(expr);
}

/** 32-bit arithmetic, truncating division; null for a division by 0. */
export function compute(kind: IntOperator, left: number, right: number): number | null {
  switch (kind) {
    case '-':
      return (left - right) | 0;
    case '*':
      return Math.imul(left, right);
    case '/':
      return right === 0 ? null : (left / right) | 0;
    case 'mod':
      return right === 0 ? null : (left % right) | 0;
    case '|':
      return left | right;
    case '&':
      return left & right;
    case '^':
      return left ^ right;
    case '<<':
      return left << right;
    case '>>':
      return left >> right;
  }
}

/** `-x` or `~x` */
export function unary(op: 'negate' | 'complement', operand: Expr): Expr {
  const value = truth(operand);
  if (value === null) return { op, operand: asInteger(operand) };
  return constant(op === 'negate' ? -value | 0 : ~value);
}

/** `<`, `>`, `<=`, `>=` */
export function order(kind: '<' | '>' | '<=' | '>=', left: Expr, right: Expr): Expr {
  const l = truth(left);
  const r = truth(right);
  if (l === null || r === null) return { op: 'order', kind, left: asInteger(left), right: asInteger(right) };
  const holds = kind === '<' ? l < r : kind === '>' ? l > r : kind === '<=' ? l <= r : l >= r;
  return constant(holds ? 1 : 0);
}

/** `==`, eq, ieq; `!=` and its relatives are their negation. Each of them with `$null` on its right asks whether x is defined, `$x == ""` whether it is empty. */
export function equal(by: 'left' | 'text' | 'number', left: Expr, right: Expr): Expr {
  if (isConstant(left) && isConstant(right)) {
    const l = left.value;
    const r = right.value;
    const same = by === 'left' ? equals(l, r) : by === 'text' ? toText(l) === toText(r) : toInteger(l) === toInteger(r);
    return constant(same ? 1 : 0);
  }
  if (right.op === 'const' && right.value === null) return not(defined(left));
  if (by === 'left' && right.op === 'const' && right.value === '') return empty(left);
  return { op: 'equal', by, left, right };
}

/** `defined x` */
export function defined(operand: Expr): Expr {
  return isConstant(operand) ? constant(1) : { op: 'defined', operand };
}

/** `strempty(x)` */
export function empty(operand: Expr): Expr {
  return isConstant(operand) ? constant(isEmpty(operand.value) ? 1 : 0) : { op: 'empty', operand };
}

/** `strlen(x)` */
export function length(operand: Expr): Expr {
  return isConstant(operand) ? constant(toText(operand.value).length) : { op: 'length', operand };
}

/** `selval(condition, yes, no)` */
export function choose(condition: Expr, yes: Expr, no: Expr): Expr {
  const value = truth(condition);
  return value === null ? { op: 'choose', condition, yes, no } : value > 0 ? yes : no;
}
