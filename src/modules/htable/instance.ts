import type { ScriptContext } from '../../script/context.ts';
import { L_ERR, L_WARN } from '../../script/log.ts';
import type { ModuleHost, TextGetter } from '../../script/module-definition.ts';
import type { RegexCache } from '../../script/regex.ts';
import { failure } from '../support/failure.ts';
import type { ScriptLocks } from '../support/script-locks.ts';
import type { HtableDatabase } from './database.ts';
import type { ExpirySweep } from './expiry.ts';
import type { Table } from './table.ts';

/** State of one program's htable module. */
export interface HtableModule {
  readonly host: ModuleHost;
  readonly tables: ReadonlyMap<string, Table>;
  readonly locks: ScriptLocks;
  readonly regexes: RegexCache;
  readonly sweep: ExpirySweep;
  /** Null without db_url or tables of it. */
  readonly database: HtableDatabase | null;
}

/** A refused write is told once in this many milliseconds. */
const QUIET = 60_000;

/** Logs a failure of a function. @returns -1 */
export function fail(m: HtableModule, name: string, text: string, code: string, result = -1): number {
  return failure(m.host.log, 'htable', `${name}: ${text}`, code, result);
}

/** Writes an entry; what a full table refuses is told now and then. @returns false when it was refused */
export function store(m: HtableModule, table: Table, key: string, value: string | number): boolean {
  if (table.write(key, value)) return true;
  full(m, table);
  return false;
}

/** Adds to an entry. @returns null when there is no integer to add to, or no room */
export function add(m: HtableModule, table: Table, key: string, amount: number): number | null {
  const value = table.add(key, amount);
  if (value === null && typeof table.read(key) === 'number') full(m, table);
  return value;
}

function full(m: HtableModule, table: Table): void {
  const now = m.host.clock.now();
  if (now < table.quietUntil) return;
  table.quietUntil = now + QUIET;
  m.host.log.write(
    L_ERR,
    'htable',
    `table ${table.name} is full with ${table.size} entries; new ones are refused`,
    'HTABLE_FULL',
  );
}

/** The name and key of `name=>key`; blanks around the name do not count, those of the key do. Null for another text. */
export function splitReference(text: string): readonly [table: string, key: string] | null {
  const at = text.indexOf('=>');
  return at < 0 ? null : [text.slice(0, at).trim(), text.slice(at + 2)];
}

/** Table and key of a reference in one run; null when there is no such table. */
export type Locator = (ctx: ScriptContext) => { readonly table: Table; readonly key: string } | null;

/** The table's name in a variable as it is written, where it stands there as such. */
const WRITTEN = /^\$\(?\w+\(\s*([\w.:-]+)\s*=>/;

/**
 * Prepares `name=>key` of a variable. A table that does not exist is told now and is undefined later, as in Kamailio.
 * @returns a text for what cannot be a reference
 */
export function locator(m: HtableModule, inner: TextGetter | null, text: string): Locator | string {
  const constant = inner?.constant ?? null;
  const reference = constant === null ? null : splitReference(constant);
  if (inner === null || (constant !== null && reference === null)) return `${text} is not of the form table=>key`;
  const name = reference?.[0] ?? WRITTEN.exec(text)?.[1];
  const known = name === undefined ? undefined : m.tables.get(name);
  if (name !== undefined && known === undefined)
    m.host.log.write(L_WARN, 'htable', `${text}: there is no table ${name}`, 'HTABLE_UNKNOWN');
  if (reference !== null) {
    const found = known === undefined ? null : { table: known, key: reference[1] };
    return () => found;
  }
  return (ctx) => {
    const made = splitReference(String(inner.get(ctx) ?? ''));
    const table = made === null ? undefined : (known ?? m.tables.get(made[0]));
    return made === null || table === undefined ? null : { table, key: made[1] };
  };
}

/** A table by name; undefined (logged) when there is none. */
export function tableNamed(m: HtableModule, what: string, name: string): Table | undefined {
  const table = m.tables.get(name.trim());
  if (table === undefined) fail(m, what, `there is no table ${name}`, 'HTABLE_UNKNOWN');
  return table;
}
