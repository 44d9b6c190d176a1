/** Checks expressions and resolves them. */
import type { Binary, Call, CoreTest, Expression, RouteCall, Select, Unary } from './ast.ts';
import { resolveCall, resolveRouteCall } from './checker-calls.ts';
import * as fold from './checker-fold.ts';
import type { Place } from './checker-place.ts';
import { checkRegex } from './checker-regex.ts';
import { resolveVariable } from './checker-variables.ts';
import type { Expr } from './compile-ir.ts';
import { bindCoreTest } from './core-keywords.ts';
import { toText } from './runtime-convert.ts';
import type { Scope } from './scope.ts';
import { wireText } from './scope-text.ts';

/** Stands for what could not be resolved; the problem has been reported. */
const BROKEN: Expr = fold.constant(0);

/** Resolves an expression; every problem in it is reported. */
export function checkExpression(place: Place, expression: Expression): Expr {
  const { scope } = place;
  switch (expression.kind) {
    case 'int':
      return fold.constant(expression.value);
    case 'string':
      // Literals in expressions are never interpolated.
      return fold.constant(wireText(expression));
    case 'variable': {
      const { ref } = expression;
      if (ref.name === 'null' && ref.transformations.length === 0) return fold.constant(null);
      const resolved = resolveVariable(scope, expression);
      return resolved === null ? BROKEN : { op: 'read', ref: resolved };
    }
    case 'select':
      return select(scope, expression);
    case 'binary':
      return binary(place, expression);
    case 'unary':
      return unary(place, expression);
    case 'cast': {
      const operand = place.expression(place, expression.operand);
      return expression.type === 'int' ? fold.castInteger(operand) : fold.asText(operand);
    }
    case 'defined':
      return fold.defined(place.expression(place, expression.operand));
    case 'strempty':
      return fold.empty(place.expression(place, expression.operand));
    case 'strlen':
      return fold.length(place.expression(place, expression.operand));
    case 'selval':
      return fold.choose(
        place.expression(place, expression.condition),
        place.expression(place, expression.then),
        place.expression(place, expression.else),
      );
    case 'coreTest':
      return coreTest(place, expression);
    case 'call':
      return call(place, expression);
    case 'routeCall':
      return routeCall(place, expression);
    case 'blockExpression':
      return { op: 'block', body: place.body(place, expression.body.statements), at: expression.at };
    // The reader has said what is wrong with these.
    case 'identifier':
    case 'error':
      return BROKEN;
  }
}

function call(place: Place, node: Call): Expr {
  const site = resolveCall(place, node);
  return site === null ? BROKEN : { op: 'call', call: site };
}

function routeCall(place: Place, node: RouteCall): Expr {
  const site = resolveRouteCall(place, node);
  return site === null ? BROKEN : { op: 'call', call: site };
}

/** `@via[1].branch` is `$sel(via[1].branch)`. */
function select(scope: Scope, { path, at }: Select): Expr {
  const symbol = scope.symbols.variable('sel');
  if (symbol === undefined) {
    scope.diagnostics.error('CFG_UNKNOWN_VARIABLE', `selects such as @${path} are not supported`, at);
    return BROKEN;
  }
  return { op: 'read', ref: { symbol, text: `@${path}`, inner: [path], index: null, transformations: [], at } };
}

function binary(place: Place, node: Binary): Expr {
  const left = place.expression(place, node.left);
  const right = place.expression(place, node.right);
  const { operator } = node;
  switch (operator) {
    case '&&':
      return fold.logical('and', left, right);
    case '||':
      return fold.logical('or', left, right);
    case '==':
      return fold.equal('left', left, right);
    case '!=':
      return fold.not(fold.equal('left', left, right));
    case 'eq':
      return fold.equal('text', left, right);
    case 'ne':
      return fold.not(fold.equal('text', left, right));
    case 'ieq':
      return fold.equal('number', left, right);
    case 'ine':
      return fold.not(fold.equal('number', left, right));
    case '=~':
      return match(place.scope, node, left, right);
    case '!~':
      return fold.not(match(place.scope, node, left, right));
    case '+':
      if (fold.staticType(left) === 'int' && fold.staticType(right) === 'text') {
        mismatch(
          place.scope,
          node,
          '+ adds a text to an integer',
          'put (str) before the left side to concatenate, (int) before the right to add',
        );
      }
      return fold.add(left, right);
    case '<':
    case '>':
    case '<=':
    case '>=':
      integersOnly(place.scope, node, left, right);
      return fold.order(operator, left, right);
    default: {
      integersOnly(place.scope, node, left, right);
      const zero = right.op === 'const' && right.value === 0 && (operator === '/' || operator === 'mod');
      if (zero)
        place.scope.diagnostics.warning(
          'CFG_DIVISION',
          'division by zero; the statement always fails',
          node.operatorAt,
        );
      return fold.integer(operator, left, right);
    }
  }
}

function integersOnly(scope: Scope, node: Binary, left: Expr, right: Expr): void {
  const text = fold.staticType(left) === 'text' ? node.left : fold.staticType(right) === 'text' ? node.right : null;
  if (text === null) return;
  scope.diagnostics.error(
    'CFG_TYPE',
    `'${node.operator}' works on integers and this is a text`,
    text.at,
    'put (int) before it',
  );
}

function mismatch(scope: Scope, node: Binary, message: string, hint: string): void {
  scope.diagnostics.error('CFG_TYPE', message, node.operatorAt, hint);
}

function match(scope: Scope, node: Binary, left: Expr, right: Expr): Expr {
  if (fold.staticType(left) === 'int') {
    const negated = node.left.kind === 'unary' && node.left.operator === '!';
    const hint = negated ? "'!' binds tighter than '=~': write !(… =~ …)" : 'put (str) before it';
    mismatch(scope, node, "the left side of '=~' is an integer", hint);
    return BROKEN;
  }
  if (fold.staticType(right) === 'int') {
    mismatch(scope, node, "the right side of '=~' is an integer", 'a pattern is a string');
    return BROKEN;
  }
  if (right.op !== 'const') return { op: 'match', left, regex: right };
  const regex = checkRegex(scope, toText(right.value), node.right.at, { ignoreCase: true, newline: false });
  if (regex === null) return BROKEN;
  if (left.op === 'const') return fold.constant(regex.test(toText(left.value)) ? 1 : 0);
  return { op: 'match', left, regex };
}

function unary(place: Place, node: Unary): Expr {
  const operand = place.expression(place, node.operand);
  if (node.operator === '!') return fold.not(operand);
  if (fold.staticType(operand) === 'text') {
    place.scope.diagnostics.error(
      'CFG_TYPE',
      `'${node.operator}' works on integers and this is a text`,
      node.operand.at,
    );
  }
  return fold.unary(node.operator === '-' ? 'negate' : 'complement', operand);
}

function coreTest(place: Place, test: CoreTest): Expr {
  const { scope } = place;
  const operand = test.operand.kind === 'expression' ? place.expression(place, test.operand.expression) : null;
  const value = operand?.op === 'const' ? operand.value : undefined;
  if (operand !== null && (test.operator === '=~' || test.operator === '!~') && value !== undefined) {
    if (checkRegex(scope, toText(value), test.operandAt, { ignoreCase: true, newline: false }) === null) return BROKEN;
  }
  const bound = bindCoreTest(test, value, null);
  if (typeof bound === 'string') {
    // Words, addresses and myself in the wrong place were reported by the reader.
    if (operand !== null) scope.diagnostics.error('CFG_TYPE', bound, test.operandAt);
    return BROKEN;
  }
  return { op: 'test', test, operand };
}
