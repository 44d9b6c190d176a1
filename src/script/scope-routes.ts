/**
 * The route blocks of a configuration: their names, which one calls which, and in what kinds of block each may find itself. Kamailio
 * checks a function against the block it is written in and takes a `route[X]` for a request route; here the calls are followed,
 * so that a helper of a failure_route may use what a failure_route may use.
 */
import type { Argument, Expression, RouteCall, Statement } from './ast.ts';
import type { Config, RouteBlock } from './ast-config.ts';
import type { RouteKind } from './program.ts';
import { type RouteNames, routeMask, routeTable } from './scope.ts';
import { ROUTE_ANY, ROUTE_REQUEST, type RouteMask } from './values.ts';

/** The blocks of one table entry: the unnamed kinds may have several, which run as one. */
export interface RouteGroup {
  readonly kind: RouteKind;
  readonly name: string;
  readonly blocks: readonly RouteBlock[];
}

/** Collects the route blocks. */
export function collectRoutes(config: Config): readonly RouteGroup[] {
  const groups = new Map<string, { kind: RouteKind; name: string; blocks: RouteBlock[] }>();
  for (const item of config.items) {
    if (item.kind !== 'routeBlock') continue;
    const { kind, name } = routeTable(item.routeKind, item.name);
    const key = `${kind} ${name}`;
    const known = groups.get(key);
    if (known === undefined) {
      groups.set(key, { kind, name, blocks: [item] });
    } else {
      // Only the unnamed kinds may have several; a name given twice was reported by the reader.
      known.blocks.push(item);
    }
  }
  return [...groups.values()];
}

/** Names by table. */
export function routeNames(groups: readonly RouteGroup[]): RouteNames {
  const names = new Map<RouteKind, Set<string>>();
  for (const { kind, name } of groups) {
    const set = names.get(kind);
    if (set === undefined) names.set(kind, new Set([name]));
    else set.add(name);
  }
  return names;
}

/** For each `route[X]` the kinds of block from which it can be reached; one that nothing calls may be called from anywhere by a module. */
export function reachableFrom(groups: readonly RouteGroup[]): ReadonlyMap<string, RouteMask> {
  const calls = new Map<RouteGroup, RouteCall[]>();
  for (const group of groups) {
    const found: RouteCall[] = [];
    for (const { body } of group.blocks) for (const statement of body.statements) visitStatement(statement, found);
    calls.set(group, found);
  }
  const named = new Map<string, RouteGroup>();
  for (const group of groups) if (group.kind === 'route') named.set(group.name, group);
  const masks = new Map<string, RouteMask>();
  const spread = (group: RouteGroup, mask: RouteMask): void => {
    for (const { name } of calls.get(group) ?? []) {
      const targets = name.kind === 'string' ? [named.get(name.value)] : [...named.values()];
      for (const target of targets) {
        if (target === undefined) continue;
        const before = masks.get(target.name) ?? 0;
        if ((before | mask) === before) continue;
        masks.set(target.name, before | mask);
        spread(target, mask);
      }
    }
  };
  for (const group of groups) if (group.kind !== 'route') spread(group, routeMask(group.kind, group.name));
  for (const name of named.keys())
    masks.set(name, masks.has(name) ? (masks.get(name) ?? 0) | ROUTE_REQUEST : ROUTE_ANY);
  return masks;
}

function visitStatement(statement: Statement, found: RouteCall[]): void {
  switch (statement.kind) {
    case 'callStatement':
      for (const arg of statement.call.args) visitExpression(arg, found);
      return;
    case 'routeCallStatement':
      visitExpression(statement.call, found);
      return;
    case 'assignment':
      visitExpression(statement.value, found);
      return;
    case 'if':
      visitExpression(statement.condition, found);
      visitStatement(statement.then, found);
      if (statement.else !== null) visitStatement(statement.else, found);
      return;
    case 'while':
      visitExpression(statement.condition, found);
      visitStatement(statement.body, found);
      return;
    case 'forEach':
      visitExpression(statement.source, found);
      visitStatement(statement.body, found);
      return;
    case 'switch':
      visitExpression(statement.subject, found);
      for (const { statements } of statement.cases) for (const inner of statements) visitStatement(inner, found);
      return;
    case 'return':
    case 'exit':
    case 'drop':
      if (statement.value !== null) visitExpression(statement.value, found);
      return;
    case 'block':
      for (const inner of statement.statements) visitStatement(inner, found);
      return;
    default:
  }
}

function visitExpression(expression: Argument | Expression, found: RouteCall[]): void {
  switch (expression.kind) {
    case 'routeCall':
      found.push(expression);
      visitExpression(expression.name, found);
      return;
    case 'call':
      for (const arg of expression.args) visitExpression(arg, found);
      return;
    case 'binary':
      visitExpression(expression.left, found);
      visitExpression(expression.right, found);
      return;
    case 'unary':
    case 'cast':
    case 'defined':
    case 'strempty':
    case 'strlen':
      visitExpression(expression.operand, found);
      return;
    case 'selval':
      visitExpression(expression.condition, found);
      visitExpression(expression.then, found);
      visitExpression(expression.else, found);
      return;
    case 'coreTest':
      if (expression.operand.kind === 'expression') visitExpression(expression.operand.expression, found);
      return;
    case 'blockExpression':
      for (const inner of expression.body.statements) visitStatement(inner, found);
      return;
    default:
  }
}
