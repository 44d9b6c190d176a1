import type { ScriptContext } from '../../script/context.ts';
import type { VariableDefinition } from '../../script/module-definition.ts';
import { parseInteger } from '../../script/runtime-convert.ts';
import type { Value } from '../../script/values.ts';
import { access, innerText, noIndex } from '../../script/variables/define.ts';
import { recordOf } from './expiry.ts';
import { add, fail, type HtableModule, locator, store } from './instance.ts';
import { iteratorNamed } from './iterators.ts';
import { countTest } from './matching.ts';
import type { Table } from './table.ts';

type HtableVariable = VariableDefinition<HtableModule>;

/** A variable of the form `$name(table=>key)`. A table that does not exist reads as undefined and refuses values. */
function keyed(
  name: string,
  get: (m: HtableModule, table: Table, key: string) => Value,
  set: ((m: HtableModule, table: Table, key: string, value: Value) => void) | null = null,
): HtableVariable {
  return {
    name,
    writable: set !== null,
    inner: 'required',
    support: 'yes',
    bind: (m) => (inner, index, text) => {
      if (index !== null) return noIndex(name);
      const locate = locator(m, inner, text);
      if (typeof locate === 'string') return locate;
      const read = (ctx: ScriptContext): Value => {
        const found = locate(ctx);
        return found === null ? null : get(m, found.table, found.key);
      };
      if (set === null) return access(text, read);
      return access(text, read, null, (ctx, value) => {
        const found = locate(ctx);
        if (found === null) return false;
        set(m, found.table, found.key, value);
        return true;
      });
    },
  };
}

/** A variable whose parentheses name an iterator. */
function iterated(name: string, part: 'key' | 'value'): HtableVariable {
  return {
    name,
    writable: false,
    inner: 'required',
    support: 'yes',
    bind: () => (inner, index, text) => {
      if (index !== null) return noIndex(name);
      if (inner === null || inner.constant === '') return `$${name}() needs the name of an iterator`;
      return access(text, (ctx) => iteratorNamed(ctx, innerText(inner, ctx))?.current?.[part] ?? null);
    },
  };
}

/** Number of entries whose key or value fits. */
function count(m: HtableModule, name: string, table: Table, expression: string, part: 'key' | 'value'): number {
  if (expression === '**') return table.count();
  const test = countTest(expression, m.regexes);
  if (typeof test === 'string') {
    fail(m, name, test, 'HTABLE_BAD_REGEX');
    return 0;
  }
  let found = 0;
  for (const [key, entry] of table.live()) if (test(part === 'key' ? key : entry.value)) found++;
  return found;
}

/** Seconds of a time that a script gives; what is no number means never. */
function seconds(value: Value): number {
  if (typeof value === 'number') return value;
  return value === null ? 0 : parseInteger(value.trim()) || 0;
}

export const HTABLE_VARIABLES: readonly HtableVariable[] = [
  keyed(
    'sht',
    (_m, table, key) => table.read(key),
    (m, table, key, value) => {
      if (value === null) table.remove(key);
      // A refused value is told by the table itself, once a minute and not for every message.
      else store(m, table, key, value);
    },
  ),
  keyed(
    'shtex',
    (_m, table, key) => table.secondsLeft(key),
    (_m, table, key, value) => table.setExpire(key, seconds(value)),
  ),
  keyed('shtinc', (m, table, key) => add(m, table, key, 1)),
  keyed('shtdec', (m, table, key) => add(m, table, key, -1)),
  keyed('shtcn', (m, table, expression) => count(m, '$shtcn', table, expression, 'key')),
  keyed('shtcv', (m, table, expression) => count(m, '$shtcv', table, expression, 'value')),
  iterated('shtitkey', 'key'),
  iterated('shtitval', 'value'),
  {
    name: 'shtrecord',
    writable: false,
    inner: 'required',
    support: 'yes',
    bind: () => (inner, index, text) => {
      if (index !== null) return noIndex('shtrecord');
      const part = inner?.constant;
      if (part !== 'key' && part !== 'value') return '$shtrecord() knows key and value';
      return access(text, (ctx) => recordOf(ctx)?.[part] ?? '');
    },
  },
];
