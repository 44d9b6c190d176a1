import { L_ERR } from '../../script/log.ts';
import type { ModuleHost, ModuleParameters } from '../../script/module-definition.ts';
import { fromBytes, toBytes } from '../../script/utf8.ts';
import { StorageError } from '../../storage/errors.ts';
import type { SqlDatabase, SqlValue } from '../../storage/sql-database.ts';
import { moduleDatabase, rowInt, rowText, sqlName, TableLoader } from '../support/table-loader.ts';
import type { Table } from './table.ts';

/** A row: an entry with its time, before arrays are counted. */
interface Row {
  readonly name: string;
  readonly isArray: boolean;
  readonly value: string | number;
  /** Seconds since 1970; 0 for none. */
  readonly expires: number;
}

/** Rows written by one statement. */
const BATCH = 100;
const INTEGER = 1;

/** A table's place in the database. */
export interface StoredTable {
  readonly table: Table;
  /** Name in the database. */
  readonly name: string;
  /** dbmode=1: written back at the end. */
  readonly keep: boolean;
}

/** Tables that come from a database, and go back into it. */
export class HtableDatabase {
  private readonly host: ModuleHost;
  private readonly database: SqlDatabase;
  private readonly tables: readonly StoredTable[];
  private readonly columns: readonly string[];
  private readonly useExpires: boolean;
  /** Those that were read once: what event_route[htable:mod-init] wrote before stays. */
  private readonly read = new Set<Table>();
  private readonly loaders = new Map<string, TableLoader<Row>>();

  constructor(host: ModuleHost, parameters: ModuleParameters, tables: readonly StoredTable[]) {
    this.host = host;
    this.database = moduleDatabase(parameters.str('db_url'));
    this.tables = tables;
    this.useExpires = parameters.int('db_expires') !== 0;
    const names = ['key_name_column', 'key_type_column', 'value_type_column', 'key_value_column', 'expires_column'];
    this.columns = names.map((name) => sqlName(parameters.str(name), name)).slice(0, this.useExpires ? 5 : 4);
    const suffix = parameters.str('array_size_suffix');
    for (const { table, name } of tables) {
      const loader = new TableLoader<Row>(host, {
        database: this.database,
        module: 'htable',
        table: sqlName(name, 'htable'),
        columns: this.columns,
        rest: `ORDER BY ${this.columns[0]}`,
        entry: rowOf,
        take: (rows) => this.fill(table, rows, suffix),
      });
      this.loaders.set(table.name, loader);
    }
  }

  /** Reads every table. */
  async loadAll(): Promise<void> {
    await Promise.all([...this.loaders.values()].map((loader) => loader.load()));
  }

  /** Reads one again. @returns undefined for a table that is in no database, false when it could not be read */
  load(name: string): Promise<boolean> | undefined {
    return this.loaders.get(name)?.load();
  }

  /** Writes one, in the place of what is there. @returns undefined for a table that is in no database, false (logged) when that failed */
  store(name: string): Promise<boolean> | undefined {
    const found = this.tables.find(({ table }) => table.name === name);
    return found === undefined ? undefined : this.write(found);
  }

  /** Writes the tables that are kept. */
  async storeKept(): Promise<void> {
    await Promise.all(this.tables.filter(({ keep }) => keep).map((table) => this.write(table)));
  }

  close(): void {
    for (const loader of this.loaders.values()) loader.stop();
    void this.database.close();
  }

  private fill(table: Table, rows: readonly Row[], suffix: string): void {
    const now = Math.floor(this.host.clock.wall() / 1000);
    const counts = new Map<string, number>();
    if (this.read.has(table)) table.clear();
    this.read.add(table);
    for (const { name, isArray, value, expires } of rows) {
      if (this.useExpires && expires > 0 && expires <= now) continue;
      const index = counts.get(name) ?? 0;
      const key = isArray ? `${name}[${index}]` : name;
      if (isArray) counts.set(name, index + 1);
      if (!table.write(key, value)) break;
      if (this.useExpires && expires > 0) table.setExpire(key, expires - now);
    }
    for (const [name, count] of counts) table.write(name + suffix, count);
  }

  private async write({ table, name }: StoredTable): Promise<boolean> {
    const { database, columns } = this;
    const now = Math.floor(this.host.clock.wall() / 1000);
    const rows = [...table.live()].map(([key, { value }]): SqlValue[] => {
      const left = table.secondsLeft(key);
      const isNumber = typeof value === 'number';
      const text = isNumber ? `${value}` : fromBytes(value).replaceAll('\0', '');
      return [fromBytes(key).replaceAll('\0', ''), 0, isNumber ? INTEGER : 0, text, left > 0 ? now + left : 0].slice(
        0,
        columns.length,
      );
    });
    const marks = `(${columns.map(() => '?').join(', ')})`;
    try {
      await database.query(`DELETE FROM ${name}`);
      for (let at = 0; at < rows.length; at += BATCH) {
        const batch = rows.slice(at, at + BATCH);
        const sql = `INSERT INTO ${name} (${columns.join(', ')}) VALUES ${batch.map(() => marks).join(', ')}`;
        await database.query(sql, batch.flat());
      }
      return true;
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      this.host.log.write(L_ERR, 'htable', `table ${table.name} not written: ${error.message}`, error.code);
      return false;
    }
  }
}

function rowOf([name, keyType, valueType, value, expires]: readonly SqlValue[]): Row | string {
  const key = toBytes(rowText(name));
  if (key === '') return 'a key is empty';
  const text = toBytes(rowText(value));
  const isInteger = rowInt(valueType) === INTEGER;
  if (isInteger && !/^\s*[+-]?\d{1,10}\s*$/.test(text)) return `value of ${key} is no number`;
  return {
    name: key,
    isArray: rowInt(keyType) === 1,
    value: isInteger ? Number(text) | 0 : text,
    expires: rowInt(expires) || 0,
  };
}
