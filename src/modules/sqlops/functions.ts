import type { AvpValue, XavpRecord } from '../../proxy/attributes.ts';
import type { ScriptContext } from '../../script/context.ts';
import { type FunctionDefinition, fn, type VariableAccess } from '../../script/module-definition.ts';
import { ROUTE_ANY, type Value } from '../../script/values.ts';
import { failure } from '../support/failure.ts';
import { ask, asked, askLater, type SqlopsModule } from './connections.ts';

/** Codes of sql_query(), measured: rows; none; rows but nowhere to put them; failed. */
const ROWS = 1;
const NO_ROWS = 2;
const ROWS_DROPPED = 3;
const FAILED = -1;

async function query(
  m: SqlopsModule,
  ctx: ScriptContext,
  connection: string,
  sql: string,
  name: string,
): Promise<number> {
  // What the name held is gone whatever happens.
  asked(ctx).results.delete(name);
  const result = await ask(m, ctx, 'sql_query', connection, sql);
  if (result === null) return FAILED;
  if (name !== '') asked(ctx).results.set(name, result);
  if (result.rows.length === 0) return NO_ROWS;
  return name === '' ? ROWS_DROPPED : ROWS;
}

async function xquery(
  m: SqlopsModule,
  ctx: ScriptContext,
  connection: string,
  sql: string,
  name: string,
): Promise<number> {
  const result = await ask(m, ctx, 'sql_xquery', connection, sql);
  if (result === null) return FAILED;
  // Pushed from the last to the first: index 0 is the first row.
  for (const row of result.rows.toReversed()) {
    const record: XavpRecord = new Map<string, AvpValue[]>();
    for (const [index, column] of result.columns.entries()) {
      const value = row[index] ?? null;
      if (value !== null) record.set(column, [value]);
    }
    ctx.state.attributes.xavps.push(name, record);
  }
  return result.rows.length === 0 ? NO_ROWS : ROWS;
}

async function pvquery(
  m: SqlopsModule,
  ctx: ScriptContext,
  connection: string,
  sql: string,
  variables: readonly VariableAccess[],
): Promise<number> {
  const result = await ask(m, ctx, 'sql_pvquery', connection, sql);
  if (result === null) return FAILED;
  // From the last to the first, as in Kamailio: a variable ends with the first row's value, an AVP has them in order.
  for (const row of result.rows.toReversed()) {
    for (const [index, value] of row.entries()) {
      const variable = variables[index];
      if (variable === undefined) {
        const text = `sql_pvquery: ${row.length} columns and ${variables.length} variables`;
        return failure(m.host.log, 'sqlops', text, 'SQLOPS_VARIABLES');
      }
      if (!assign(ctx, variable, value)) {
        return failure(m.host.log, 'sqlops', `sql_pvquery: ${variable.text} took no value`, 'SQLOPS_VARIABLES');
      }
    }
  }
  return result.rows.length === 0 ? NO_ROWS : ROWS;
}

function assign(ctx: ScriptContext, variable: VariableAccess, value: Value): boolean {
  // Undefined would take the value of another row from a stack.
  if (value === null && /^\$\(?(?:avp|xavp|xavi|xavu)\(/.test(variable.text)) return true;
  return variable.set?.(ctx, value) ?? false;
}

export const SQLOPS_FUNCTIONS: readonly FunctionDefinition<SqlopsModule>[] = [
  fn(
    'sql_query',
    ['str', 'str', 'str?'],
    ROUTE_ANY,
    (m) => (ctx, connection, sql, name) => query(m, ctx, connection, sql, name ?? ''),
    { async: true },
  ),
  fn(
    'sql_xquery',
    ['str', 'str', 'str'],
    ROUTE_ANY,
    (m) => (ctx, connection, sql, name) => xquery(m, ctx, connection, sql, name),
    { async: true },
  ),
  fn(
    'sql_pvquery',
    ['str', 'str', 'vars'],
    ROUTE_ANY,
    (m) => (ctx, connection, sql, variables) => pvquery(m, ctx, connection, sql, variables),
    { async: true },
  ),
  fn(
    'sql_query_async',
    ['str', 'str'],
    ROUTE_ANY,
    (m) => (_ctx, connection, sql) => (askLater(m, connection, sql) ? 1 : FAILED),
  ),
  fn('sql_result_free', ['str'], ROUTE_ANY, () => (ctx, name) => {
    asked(ctx).results.delete(name);
    return 1;
  }),
];
