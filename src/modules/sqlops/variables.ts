import type { ScriptContext } from '../../script/context.ts';
import type { VariableDefinition } from '../../script/module-definition.ts';
import type { Value } from '../../script/values.ts';
import { access, innerText, noIndex } from '../../script/variables/define.ts';
import { asked, type SqlopsModule } from './connections.ts';

/** `name=>rows`, `name=>cols`, `name=>[row,column]`, `name=>colname[column]`. */
const DBR = /^\s*([^\s=>]+)\s*=>\s*(?:(rows)|(cols)|\[\s*(-?\d+)\s*,\s*(-?\d+)\s*\]|colname\s*\[\s*(-?\d+)\s*\])\s*$/;

/** Like a placeholder for the test of a name with variables in it: what they stand for is only known in a run. */
function wrongForm(text: string): string {
  return `"${text}" is not result=>rows, result=>cols, result=>[row,column] or result=>colname[column]`;
}

function read(ctx: ScriptContext, parts: RegExpExecArray | null): Value {
  if (parts === null) return null;
  const [, name = '', rows, cols, row, column, named] = parts;
  const result = asked(ctx).results.get(name);
  if (rows !== undefined) return result?.rows.length ?? 0;
  if (cols !== undefined) return result?.columns.length ?? 0;
  // An index outside of the result is undefined, one below zero too.
  if (named !== undefined) return result?.columns[Number(named)] ?? null;
  return result?.rows[Number(row)]?.[Number(column)] ?? null;
}

export const SQLOPS_VARIABLES: readonly VariableDefinition<SqlopsModule>[] = [
  {
    name: 'dbr',
    writable: false,
    inner: 'required',
    support: 'partly: a result lives as long as the route’s run that made it; decimals and dates are texts',
    bind: () => (inner, index, text) => {
      if (index !== null) return noIndex('dbr');
      if (inner === null) return '$dbr() needs the name of a result';
      if (inner.constant === null) return access(text, (ctx) => read(ctx, DBR.exec(innerText(inner, ctx))));
      const parts = DBR.exec(inner.constant);
      return parts === null ? wrongForm(inner.constant) : access(text, (ctx) => read(ctx, parts));
    },
  },
  {
    name: 'sqlrows',
    writable: false,
    inner: 'required',
    support: 'yes',
    bind: (m) => (inner, index, text) => {
      if (index !== null) return noIndex('sqlrows');
      if (inner === null || inner.constant === '') return '$sqlrows() needs the name of a connection';
      const { constant } = inner;
      if (constant !== null && !m.connections.has(constant.trim())) return `no connection ${constant}`;
      return access(text, (ctx) => asked(ctx).rows.get(innerText(inner, ctx).trim()) ?? null);
    },
  },
];
