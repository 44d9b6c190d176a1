import type { ScriptContext } from '../../script/context.ts';
import { L_NOTICE } from '../../script/log.ts';
import { type FunctionDefinition, fn } from '../../script/module-definition.ts';
import { ROUTE_ANY } from '../../script/values.ts';
import { add, fail, type HtableModule, splitReference, store, tableNamed } from './instance.ts';
import { endIterator, iteratorNamed, startIterator, type TableIterator } from './iterators.ts';
import { type Operator, operatorTest, regexTest, type Test } from './matching.ts';
import type { Table } from './table.ts';

type HtableFunction = FunctionDefinition<HtableModule>;
type Part = 'key' | 'value';

/** Kamailio's code for a lock of a table that does not exist. */
const NO_TABLE_TO_LOCK = -11;
/** sht_iterator_rm(): removed, and there is no entry after it. */
const REMOVED_LAST = -2;
/** Entries that sht_print() shows of each table. */
const MAX_PRINTED = 1000;

/** Whether some entry fits. */
function has(table: Table, part: Part, test: Test): boolean {
  for (const [key, entry] of table.live()) if (test(part === 'key' ? key : entry.value)) return true;
  return false;
}

function removeWhere(table: Table, part: Part, test: Test): void {
  for (const [key, entry] of table.live()) if (test(part === 'key' ? key : entry.value)) table.remove(key);
}

/** `(table, operator, operand)`, on keys or values. */
function compared(
  name: string,
  part: Part,
  operators: readonly Operator[],
  act: (table: Table, part: Part, test: Test) => number,
): HtableFunction {
  return fn(name, ['str', 'str', 'str'], ROUTE_ANY, (m) => (_ctx, tableName, operator, operand) => {
    const table = tableNamed(m, name, tableName);
    if (table === undefined) return -1;
    const test = operatorTest(operator, operand, operators, m.regexes);
    return typeof test === 'string' ? fail(m, name, test, 'HTABLE_BAD_ARGUMENT') : act(table, part, test);
  });
}

function matching(name: string, part: Part): HtableFunction {
  return compared(name, part, ['eq', 'ne', 're', 'sw'], (table, which, test) => (has(table, which, test) ? 1 : -1));
}

function removing(name: string, part: Part): HtableFunction {
  return compared(name, part, ['re', 'sw'], (table, which, test) => {
    removeWhere(table, which, test);
    return 1;
  });
}

/** `("table=>expression")`. */
function removingByRegex(name: string, part: Part): HtableFunction {
  return fn(name, ['str'], ROUTE_ANY, (m) => (_ctx, text) => {
    const reference = splitReference(text);
    if (reference === null) return fail(m, name, `"${text}" is not table=>expression`, 'HTABLE_BAD_ARGUMENT');
    const table = tableNamed(m, name, reference[0]);
    // Kamailio is content when there is nothing to remove from.
    if (table === undefined) return 1;
    const test = regexTest(reference[1], m.regexes);
    if (typeof test === 'string') return fail(m, name, test, 'HTABLE_BAD_REGEX');
    removeWhere(table, part, test);
    return 1;
  });
}

/** sht_setxs, sht_setxi: value and seconds in one go; 0 or less leaves the table's own time. */
function setWithExpiry(name: string, kind: 'str' | 'int'): HtableFunction {
  return fn(
    name,
    ['str', 'str', kind, 'int'],
    ROUTE_ANY,
    (m) => (_ctx, tableName, key, value: string | number, seconds) => {
      const table = tableNamed(m, name, tableName);
      if (table === undefined || !store(m, table, key, value)) return -1;
      if (seconds > 0) table.setExpire(key, seconds);
      return 1;
    },
  );
}

function adding(name: string, amount: number): HtableFunction {
  return fn(
    name,
    ['str', 'str'],
    ROUTE_ANY,
    (m) => (_ctx, tableName, key) => {
      const table = tableNamed(m, name, tableName);
      const value = table === undefined ? null : add(m, table, key, amount);
      // A function that returns 0 would end the script.
      return value === null ? -255 : value || 1;
    },
    { support: 'partly: returns the new value, and 1 in the place of 0, which would end the script' },
  );
}

/** A function of a started iterator. */
function onIterator(
  name: string,
  m: HtableModule,
  ctx: ScriptContext,
  which: string,
  act: (iterator: TableIterator) => number,
): number {
  const iterator = iteratorNamed(ctx, which);
  if (iterator !== undefined) return act(iterator);
  return fail(m, name, `no iterator ${which} was started`, 'HTABLE_NO_ITERATOR');
}

/** A function of the entry that an iterator stands at. */
function onCurrent(
  name: string,
  m: HtableModule,
  ctx: ScriptContext,
  which: string,
  act: (iterator: TableIterator, key: string) => number,
): number {
  return onIterator(name, m, ctx, which, (iterator) => {
    const current = iterator.current;
    if (current !== null) return act(iterator, current.key);
    return fail(m, name, `iterator ${which} stands at no entry`, 'HTABLE_NO_ITERATOR');
  });
}

function print(m: HtableModule): number {
  const write = (text: string): void => m.host.log.write(L_NOTICE, 'htable', text);
  for (const table of m.tables.values()) {
    write(`table ${table.name}: ${table.count()} entries`);
    let printed = 0;
    for (const [key, { value }] of table.live()) {
      if (++printed > MAX_PRINTED) {
        write(`table ${table.name}: and more`);
        break;
      }
      const shown = typeof value === 'number' ? value : `"${value}"`;
      write(`${table.name}=>${key} = ${shown} expires=${table.secondsLeft(key)}`);
    }
  }
  return 1;
}

export const HTABLE_FUNCTIONS: readonly HtableFunction[] = [
  fn('sht_print', [], ROUTE_ANY, (m) => () => print(m), {
    support: `partly: the first ${MAX_PRINTED} entries of each table, at level notice`,
  }),
  fn('sht_reset', ['str'], ROUTE_ANY, (m) => (_ctx, name) => {
    const table = tableNamed(m, 'sht_reset', name);
    table?.clear();
    return table === undefined ? -1 : 1;
  }),
  fn('sht_rm', ['str', 'str'], ROUTE_ANY, (m) => (_ctx, name, key) => {
    const table = tableNamed(m, 'sht_rm', name);
    table?.remove(key);
    return table === undefined ? -1 : 1;
  }),
  removingByRegex('sht_rm_name_re', 'key'),
  removingByRegex('sht_rm_value_re', 'value'),
  removing('sht_rm_name', 'key'),
  removing('sht_rm_value', 'value'),
  matching('sht_match_name', 'key'),
  matching('sht_has_name', 'key'),
  matching('sht_match_str_value', 'value'),
  matching('sht_has_str_value', 'value'),
  setWithExpiry('sht_setxs', 'str'),
  setWithExpiry('sht_setxi', 'int'),
  adding('sht_inc', 1),
  adding('sht_dec', -1),
  fn('sht_is_null', ['str', 'str'], ROUTE_ANY, (m) => (_ctx, name, key) => {
    const table = m.tables.get(name.trim());
    if (table === undefined) return 2;
    return table.read(key) === null ? 1 : -2;
  }),
  fn(
    'sht_lock',
    ['str'],
    ROUTE_ANY,
    (m) => (ctx, text) => {
      const reference = splitReference(text);
      if (reference === null) return fail(m, 'sht_lock', `"${text}" is not table=>key`, 'HTABLE_BAD_ARGUMENT');
      const table = tableNamed(m, 'sht_lock', reference[0]);
      return table === undefined ? NO_TABLE_TO_LOCK : m.locks.lock(ctx, `${table.name}=>${reference[1]}`);
    },
    { async: true },
  ),
  fn('sht_unlock', ['str'], ROUTE_ANY, (m) => (ctx, text) => {
    const reference = splitReference(text);
    if (reference === null) return fail(m, 'sht_unlock', `"${text}" is not table=>key`, 'HTABLE_BAD_ARGUMENT');
    const table = tableNamed(m, 'sht_unlock', reference[0]);
    if (table === undefined) return NO_TABLE_TO_LOCK;
    m.locks.unlock(ctx, `${table.name}=>${reference[1]}`);
    return 1;
  }),
  fn('sht_iterator_start', ['str', 'str'], ROUTE_ANY, (m) => (ctx, which, name) => {
    const table = tableNamed(m, 'sht_iterator_start', name);
    if (table === undefined) return -1;
    if (startIterator(ctx, which, table)) return 1;
    return fail(m, 'sht_iterator_start', 'too many iterators are open', 'HTABLE_ITERATORS');
  }),
  fn('sht_iterator_next', ['str'], ROUTE_ANY, (m) => (ctx, which) => {
    return onIterator('sht_iterator_next', m, ctx, which, (iterator) => (iterator.next() ? 1 : -1));
  }),
  fn('sht_iterator_end', ['str'], ROUTE_ANY, (m) => (ctx, which) => {
    if (endIterator(ctx, which)) return 1;
    return fail(m, 'sht_iterator_end', `no iterator ${which} was started`, 'HTABLE_NO_ITERATOR');
  }),
  fn('sht_iterator_rm', ['str'], ROUTE_ANY, (m) => (ctx, which) => {
    return onCurrent('sht_iterator_rm', m, ctx, which, (iterator, key) => {
      iterator.table.remove(key);
      return iterator.next() ? 1 : REMOVED_LAST;
    });
  }),
  fn('sht_iterator_sets', ['str', 'str'], ROUTE_ANY, (m) => (ctx, which, value) => {
    return onCurrent('sht_iterator_sets', m, ctx, which, ({ table }, key) => (store(m, table, key, value) ? 1 : -1));
  }),
  fn('sht_iterator_seti', ['str', 'int'], ROUTE_ANY, (m) => (ctx, which, value) => {
    return onCurrent('sht_iterator_seti', m, ctx, which, ({ table }, key) => (store(m, table, key, value) ? 1 : -1));
  }),
  fn('sht_iterator_setex', ['str', 'int'], ROUTE_ANY, (m) => (ctx, which, seconds) => {
    return onCurrent('sht_iterator_setex', m, ctx, which, ({ table }, key) => {
      table.setExpire(key, seconds);
      return 1;
    });
  }),
];
