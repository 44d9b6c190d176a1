import { type RpcArguments, RpcFault } from '../../rpc/method.ts';
import { RpcArray, RpcSeveral, type RpcStruct, struct } from '../../rpc/value.ts';
import { type RpcDefinition, rpc } from '../../script/module-definition.ts';
import { fromBytes, toBytes } from '../../script/utf8.ts';
import type { HtableDatabase } from './database.ts';
import { type HtableModule, store } from './instance.ts';
import type { Entry, Table } from './table.ts';

/** Kamailio's flag of a text value (AVP_VAL_STR). */
const TEXT_FLAG = 2;
const SET = 'Ok. Key set to new value.';

/** Kamailio's refusals: 500 for everything but a key that delete does not find. */
function refuse(text: string): RpcFault {
  return new RpcFault(500, text);
}

/** Texts at the first places; a number is none, as in Kamailio (use `s:`). Tables hold one character a byte. @throws RpcFault */
function texts(args: RpcArguments, count: number, missing: string): readonly string[] {
  return Array.from({ length: count }, (_, index) => {
    const text = args.text(index);
    if (text === null) throw refuse(missing);
    return toBytes(text);
  });
}

/** @throws RpcFault */
function tableOf(m: HtableModule, name: string): Table {
  const table = m.tables.get(name);
  if (table === undefined) throw refuse('No such htable');
  return table;
}

/** @throws RpcFault */
function write(m: HtableModule, table: Table, key: string, value: string | number): string {
  if (!store(m, table, key, value)) throw refuse('Failed to set the item');
  return SET;
}

/** Local time as `2026-11-21 02:11:54`. */
function localTime(ms: number): string {
  const at = new Date(ms);
  const two = (number: number): string => `${number}`.padStart(2, '0');
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

function expiry(m: HtableModule, { due }: Entry): string {
  const { clock } = m.host;
  return due === Number.POSITIVE_INFINITY ? 'NEVER' : localTime(clock.wall() + due - clock.now());
}

function shown(value: string | number): string | number {
  return typeof value === 'number' ? value : fromBytes(value);
}

/** One entry of a dump. Kamailio shows those of a slot together; a table has no slots here, so each stands alone. */
function* dump(table: Table): Iterable<RpcStruct> {
  let entry = 0;
  for (const [key, { value }] of table.live()) {
    const type = typeof value === 'number' ? 'int' : 'str';
    const item = struct({ name: fromBytes(key), value: shown(value), type });
    yield struct({ entry: entry++, size: 1, slot: new RpcArray([item]) });
  }
}

/** htable.setxs and setxi: a value and its own time; 0 seconds: the table's. */
function setWithExpiry(m: HtableModule, args: RpcArguments, value: string | number | null): string {
  const missing = 'Not enough parameters (htable name, key name, value and expire)';
  const [name = '', key = ''] = texts(args, 2, missing);
  const seconds = args.int(3);
  if (value === null || seconds === null) throw refuse(missing);
  const table = m.tables.get(name);
  if (table === undefined) throw refuse('Failed to set the item');
  const answer = write(m, table, key, value);
  if (seconds > 0) table.setExpire(key, seconds);
  return answer;
}

/** @throws RpcFault when there is no database or the table is not in it */
async function withDatabase(
  m: HtableModule,
  args: RpcArguments,
  act: (database: HtableDatabase, name: string) => Promise<boolean> | undefined,
  words: { readonly done: string; readonly failed: string },
): Promise<string> {
  const { database } = m;
  if (database === null) throw refuse('No htable db_url');
  const [name = ''] = texts(args, 1, 'No htable name given');
  tableOf(m, name);
  const done = act(database, name);
  if (done === undefined) throw refuse('No database htable');
  if (!(await done)) throw refuse(words.failed);
  return words.done;
}

const NAME_AND_KEY = 'Not enough parameters (htable name and key name)';
const NAME_KEY_VALUE = 'Not enough parameters (htable name, key name and value)';

/** htable.*: names, parameters and refusals of Kamailio 5.6.3. */
export const HTABLE_COMMANDS: readonly RpcDefinition<HtableModule>[] = [
  rpc('htable.get', ['One entry: table, key.'], (m, args) => {
    const [name = '', key = ''] = texts(args, 2, NAME_AND_KEY);
    const entry = tableOf(m, name).find(key);
    if (entry === undefined) throw refuse("Key name doesn't exist in htable.");
    const flags = typeof entry.value === 'number' ? 0 : TEXT_FLAG;
    const item = struct({ name: fromBytes(key), value: shown(entry.value), flags, expire: expiry(m, entry) });
    return struct({ item });
  }),
  rpc('htable.sets', ['Sets an entry to a text: table, key, value.'], (m, args) => {
    const [name = '', key = ''] = texts(args, 2, NAME_KEY_VALUE);
    const value = args.textOrInt(2);
    if (value === null) throw refuse(NAME_KEY_VALUE);
    return write(m, tableOf(m, name), key, toBytes(value));
  }),
  rpc('htable.seti', ['Sets an entry to an integer: table, key, value.'], (m, args) => {
    const [name = '', key = ''] = texts(args, 2, NAME_KEY_VALUE);
    const value = args.intOrText(2);
    if (value === null) throw refuse(NAME_KEY_VALUE);
    return write(m, tableOf(m, name), key, value);
  }),
  rpc('htable.setxs', ['Sets an entry to a text, with a time of its own: table, key, value, seconds.'], (m, args) => {
    const value = args.textOrInt(2);
    return setWithExpiry(m, args, value === null ? null : toBytes(value));
  }),
  rpc('htable.setxi', ['Sets an entry to an integer, with a time of its own: table, key, value, seconds.'], (m, args) =>
    setWithExpiry(m, args, args.intOrText(2)),
  ),
  rpc('htable.setex', ['Gives an entry another time: table, key, seconds; 0: it stays.'], (m, args) => {
    const missing = 'Not enough parameters (htable name, item name and expire)';
    const [name = '', key = ''] = texts(args, 2, missing);
    const seconds = args.intOrText(2);
    if (seconds === null) throw refuse(missing);
    const table = tableOf(m, name);
    table.setExpire(key, seconds);
    return 'Ok';
  }),
  rpc('htable.delete', ['Removes an entry: table, key.'], (m, args) => {
    const [name = '', key = ''] = texts(args, 2, 'Not enough parameters (htable name & key name');
    const table = tableOf(m, name);
    if (table.find(key) === undefined) throw new RpcFault(404, 'Key not found in htable.');
    table.remove(key);
    return 'Ok. Key deleted.';
  }),
  rpc(
    'htable.dump',
    ['Every entry of a table.'],
    (m, args) => {
      const [name = ''] = texts(args, 1, 'No htable name given');
      return new RpcSeveral(dump(tableOf(m, name)));
    },
    { array: true, support: 'partly: there are no slots; each entry is shown as one of its own' },
  ),
  rpc('htable.flush', ['Removes every entry of a table.'], (m, args) => {
    const [name = ''] = texts(args, 1, 'No htable name given');
    tableOf(m, name).clear();
    return 'Ok. Htable flushed.';
  }),
  rpc(
    'htable.listTables',
    ['The tables and how they are defined.'],
    (m) =>
      new RpcSeveral(
        [...m.tables.values()].toReversed().map(({ name, autoExpireSeconds, updateExpire, size, dbTable, dbKeep }) =>
          struct({
            name,
            dbtable: fromBytes(dbTable),
            dbmode: Number(dbKeep),
            expire: autoExpireSeconds,
            updateexpire: Number(updateExpire),
            size,
            dmqreplicate: 0,
          }),
        ),
      ),
    { array: true, support: 'partly: size is the number of entries, for there are no slots' },
  ),
  rpc(
    'htable.stats',
    ['How full the tables are.'],
    (m) =>
      new RpcSeveral(
        [...m.tables.values()].toReversed().map((table) => {
          const all = table.count();
          return struct({ name: table.name, slots: 1, all, min: all, max: all });
        }),
      ),
    { array: true, support: 'partly: there are no slots, so a table counts as one' },
  ),
  rpc('htable.reload', ['Reads a table from the database, in the place of what is in memory.'], (m, args) =>
    withDatabase(m, args, (database, name) => database.load(name), {
      done: 'Ok. Htable reloaded.',
      failed: 'Error in htable loading',
    }),
  ),
  rpc('htable.store', ['Writes a table to the database, in the place of what is there.'], (m, args) =>
    withDatabase(m, args, (database, name) => database.store(name), {
      done: 'Ok. Htable successfully stored to DB.',
      failed: 'Error in htable writing',
    }),
  ),
];
