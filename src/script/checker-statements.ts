/** Checks statements and resolves them. */
import type { Assignment, Expression, ForEach, If, Statement, Switch, While } from './ast.ts';
import { resolveCall, resolveRouteCall } from './checker-calls.ts';
import * as fold from './checker-fold.ts';
import type { Place } from './checker-place.ts';
import { checkRegex } from './checker-regex.ts';
import { resolveVariable } from './checker-variables.ts';
import type { Expr, Reference, Stmt, SwitchCase } from './compile-ir.ts';
import { toWire } from './scope-text.ts';

/** Resolves a list of statements. */
export function checkBody(place: Place, statements: readonly Statement[]): readonly Stmt[] {
  const body: Stmt[] = [];
  let ended = false;
  for (const statement of statements) {
    if (ended && statement.kind !== 'empty') {
      place.scope.diagnostics.warning('CFG_UNREACHABLE', 'this statement is never reached', statement.at);
      ended = false;
    }
    const checked = checkStatement(place, statement);
    if (checked !== null) body.push(checked);
    ended =
      statement.kind === 'exit' ||
      statement.kind === 'drop' ||
      statement.kind === 'return' ||
      statement.kind === 'break';
  }
  return body;
}

function checkStatement(place: Place, statement: Statement): Stmt | null {
  switch (statement.kind) {
    case 'callStatement': {
      const call = resolveCall(place, statement.call);
      return call === null ? null : { op: 'call', call };
    }
    case 'routeCallStatement': {
      const call = resolveRouteCall(place, statement.call);
      return call === null ? null : { op: 'call', call };
    }
    case 'assignment':
      return assignment(place, statement);
    case 'if':
      return conditional(place, statement);
    case 'while':
      return loop(place, statement);
    case 'forEach':
      return each(place, statement);
    case 'switch':
      return choice(place, statement);
    case 'break':
      return { op: 'break' };
    case 'return':
      return { op: 'return', value: returned(place, statement.value), at: statement.at };
    case 'exit':
    case 'drop': {
      const value = statement.value === null ? null : place.expression(place, statement.value);
      return { op: 'end', drop: statement.kind === 'drop', value, at: statement.at };
    }
    case 'block':
      return { op: 'block', body: checkBody(place, statement.statements) };
    case 'empty':
      return { op: 'nothing' };
  }
}

/** The variable on the left of `=`. @returns null when it cannot be written, which has been reported */
function writable(place: Place, target: Assignment['target']): Reference | null {
  const { diagnostics } = place.scope;
  // One with a transformation was reported by the reader.
  if (target.ref.transformations.length > 0) return null;
  const reference = resolveVariable(place.scope, target);
  if (reference === null) return null;
  if (!reference.symbol.definition.writable) {
    diagnostics.error('CFG_READ_ONLY', `$${target.ref.name} cannot be assigned: it is read-only`, target.at);
    return null;
  }
  return reference;
}

function assignment(place: Place, { target, operator, value, at }: Assignment): Stmt | null {
  const reference = writable(place, target);
  let checked = place.expression(place, value);
  if (reference === null) return null;
  if (operator === '+=') checked = fold.add({ op: 'read', ref: reference }, checked);
  // OpenSIPS: := leaves the new value as the only one.
  const whole = operator === ':=' && target.ref.name === 'avp' && reference.index === null;
  return {
    op: 'assign',
    target: whole ? { ...reference, text: `${reference.text}[*]`, index: '*' } : reference,
    value: checked,
    at,
  };
}

function conditional(place: Place, node: If): Stmt {
  const condition = checkCondition(place, node.condition, 'if');
  return {
    op: 'if',
    condition,
    yes: checkBody(place, node.then.statements),
    no: node.else === null ? null : checkBody(place, node.else.statements),
    at: node.condition.at,
  };
}

function loop(place: Place, node: While): Stmt {
  const condition = checkCondition(place, node.condition, 'while');
  return { op: 'while', condition, body: checkBody(place, node.body.statements), at: node.at };
}

function checkCondition(place: Place, expression: Expression, keyword: 'if' | 'while'): Expr {
  const condition = place.expression(place, expression);
  const { diagnostics } = place.scope;
  // Where the expression is broken a constant stands in for it; only what is written as a constant is reported.
  if (condition.op === 'const' && isWrittenConstant(expression)) {
    diagnostics.warning('CFG_CONSTANT_CONDITION', `constant value in ${keyword}(…)`, expression.at);
  } else if (fold.staticType(condition) === 'text') {
    const hint = 'a text is true only when it is a number above 0; compare it with "" or $null';
    diagnostics.warning('CFG_CONSTANT_CONDITION', `text as the condition of ${keyword}(…)`, expression.at, hint);
  }
  return condition;
}

function isWrittenConstant(expression: Expression): boolean {
  switch (expression.kind) {
    case 'int':
    case 'string':
      return true;
    case 'binary':
      return isWrittenConstant(expression.left) && isWrittenConstant(expression.right);
    case 'unary':
    case 'cast':
    case 'strempty':
    case 'strlen':
    case 'defined':
      return isWrittenConstant(expression.operand);
    default:
      return false;
  }
}

function each(place: Place, node: ForEach): Stmt | null {
  const target = writable(place, node.target);
  const source = node.source.kind === 'variable' ? resolveVariable(place.scope, node.source) : null;
  const body = checkBody(place, node.body.statements);
  if (node.source.kind !== 'variable') {
    place.scope.diagnostics.error('CFG_TYPE', 'for (… in …) goes through the values of a variable', node.source.at);
  }
  return target === null || source === null ? null : { op: 'each', target, source, body, at: node.at };
}

function choice(place: Place, node: Switch): Stmt {
  const subject = place.expression(place, node.subject);
  const labels = node.cases.map(({ label }) => label.kind);
  const by = labels.includes('int') && !labels.includes('string') && !labels.includes('regex') ? 'int' : 'text';
  const seen = new Set<string>();
  const cases: SwitchCase[] = [];
  for (const { label, statements, at } of node.cases) {
    const key =
      label.kind === 'default' ? 'default' : label.kind === 'regex' ? `/${label.pattern}` : String(label.value);
    if (seen.has(key))
      place.scope.diagnostics.warning('CFG_CASE_TWICE', `case ${key} is there twice; the first one is taken`, at);
    const twice = seen.has(key);
    seen.add(key);
    const body = checkBody(place, statements);
    let value: SwitchCase['label'] = null;
    if (label.kind === 'int') value = by === 'int' ? label.value : String(label.value);
    else if (label.kind === 'string') value = toWire(label.value);
    // Unlike =~, a case distinguishes upper and lower case.
    else if (label.kind === 'regex')
      value = checkRegex(place.scope, label.pattern, at, { ignoreCase: false, newline: false }) ?? '';
    // A second default or label is unreachable by its label, but its statements are still fallen into.
    if (twice) cases[cases.length - 1] = joined(cases[cases.length - 1], body);
    else cases.push({ label: value, body });
  }
  return { op: 'switch', subject, by, cases, at: node.subject.at };
}

function joined(before: SwitchCase | undefined, body: readonly Stmt[]): SwitchCase {
  return before === undefined ? { label: null, body } : { label: before.label, body: [...before.body, ...body] };
}

function returned(place: Place, value: Expression | null): Expr | null {
  if (value === null) return null;
  const checked = place.expression(place, value);
  if (value.kind === 'call' || value.kind === 'routeCall') {
    const what = value.kind === 'call' ? `${value.name}()` : 'route()';
    const hint = `call ${what} first and return $rc`;
    place.scope.diagnostics.warning(
      'CFG_RETURN_CALL',
      `${what} is 1 or 0 here, and a return of 0 ends the script`,
      value.at,
      hint,
    );
  }
  return checked;
}
