import type { AccountRow } from '../uac/registration/account-row.ts';
import type { AccountStore } from './account-store.ts';
import { openDatabase } from './database.ts';
import { StorageError } from './errors.ts';
import type { SqlDatabase, SqlValue } from './sql-database.ts';
import { checkTableName, columnsOf, tableVersion } from './table-version.ts';
import {
  EMPTY_ACCOUNT,
  requiredColumns,
  UACREG,
  UACREG_COLUMNS,
  UACREG_VERSION,
  type UacregColumn,
} from './uacreg-table.ts';

/** Rows read at once; as many as Kamailio fetches. */
const CHUNK = 1000;

/**
 * The accounts of a table like Kamailio's `uacreg`. Its version and columns are looked at before each read: the table may have been
 * changed meanwhile.
 * @param source URL of a database, or one that is open; {@link AccountStore.close} closes it either way
 * @param table its name (reg_db_table)
 * @throws StorageError STORAGE_URL, STORAGE_TABLE_NAME
 */
export function openAccountStore(source: string | SqlDatabase, table: string = UACREG): AccountStore {
  checkTableName(table);
  return new UacregStore(typeof source === 'string' ? openDatabase(source) : source, table);
}

class UacregStore implements AccountStore {
  private readonly database: SqlDatabase;
  private readonly table: string;

  constructor(database: SqlDatabase, table: string) {
    this.database = database;
    this.table = table;
  }

  get name(): string {
    return `table ${this.table} of ${this.database.name}`;
  }

  async readAll(take: (rows: readonly AccountRow[]) => void | Promise<void>): Promise<void> {
    const columns = await this.usableColumns();
    await this.database.stream(this.selection(columns), CHUNK, (_names, rows) =>
      take(rows.map((row) => accountOf(columns, row))),
    );
    // The next read of all accounts is a reload, hours away or days.
    this.database.rest?.();
  }

  async read(uuid: string): Promise<AccountRow | null> {
    const columns = await this.usableColumns();
    const { rows } = await this.database.query(`${this.selection(columns)} WHERE l_uuid = ?`, [uuid]);
    // MySQL compares without case and trailing blanks; the engine's names do not.
    const found = rows.map((row) => accountOf(columns, row)).find((account) => account.uuid === uuid);
    return found ?? null;
  }

  async insert(row: AccountRow): Promise<void> {
    const columns = await this.usableColumns();
    const lost = UACREG_COLUMNS.find(
      (column) => !columns.includes(column) && row[column.field] !== EMPTY_ACCOUNT[column.field],
    );
    if (lost !== undefined) {
      const text = `${this.name} has no column ${lost.name}, which this account needs`;
      throw new StorageError('STORAGE_COLUMN', text);
    }
    const names = columns.map(({ name }) => name).join(', ');
    const marks = columns.map(() => '?').join(', ');
    const values = columns.map(({ field }): SqlValue => row[field]);
    await this.database.query(`INSERT INTO ${this.table} (${names}) VALUES (${marks})`, values);
  }

  async delete(uuid: string): Promise<boolean> {
    await this.usableColumns();
    const { affected } = await this.database.query(`DELETE FROM ${this.table} WHERE l_uuid = ?`, [uuid]);
    return affected > 0;
  }

  close(): Promise<void> {
    return this.database.close();
  }

  private selection(columns: readonly UacregColumn[]): string {
    return `SELECT ${columns.map(({ name }) => name).join(', ')} FROM ${this.table}`;
  }

  /** The columns of ours that the table has. @throws StorageError when its version is unknown, or it lacks what that version has */
  private async usableColumns(): Promise<readonly UacregColumn[]> {
    const version = await tableVersion(this.database, this.table);
    if (version === null || version < 1 || version > UACREG_VERSION) {
      const found = version === null ? 'no row for it' : `version ${version}`;
      const advice =
        version === null
          ? `add it: INSERT INTO version (table_name, table_version) VALUES ('${this.table}', ${UACREG_VERSION})`
          : `bring the table to version ${UACREG_VERSION}`;
      const text = `${this.name}: the table "version" has ${found}, known are 1 to ${UACREG_VERSION}; ${advice}`;
      throw new StorageError('STORAGE_TABLE_VERSION', text);
    }
    const there = new Set(await columnsOf(this.database, this.table));
    const missing = requiredColumns(version).filter((name) => !there.has(name));
    if (missing.length > 0) {
      const text = `${this.name} is of version ${version} and lacks the column ${missing.join(', ')}`;
      throw new StorageError('STORAGE_COLUMN', text);
    }
    return UACREG_COLUMNS.filter(({ name }) => there.has(name));
  }
}

function accountOf(columns: readonly UacregColumn[], row: readonly SqlValue[]): AccountRow {
  const account: Record<keyof AccountRow, string | number> = { ...EMPTY_ACCOUNT };
  for (let i = 0; i < columns.length; i++) {
    const { field, length } = columns[i] as UacregColumn;
    const value = row[i] ?? null;
    account[field] = length === null ? integer(value) : typeof value === 'string' ? value : `${value ?? ''}`;
  }
  // Rows written by position have a number there, after expires, flags and reg_delay. It names no socket, and Kamailio goes on without one.
  if (account.socket === '0') account.socket = '';
  // Each field has the type of its column, as EMPTY_ACCOUNT has.
  return account as unknown as AccountRow;
}

/** Beyond what numbers hold exactly it is the sign that counts: an expiry of 2^60 is a long one, not none. */
function integer(value: SqlValue): number {
  const number = Math.trunc(Number(value));
  if (Number.isNaN(number)) return 0;
  return Math.min(Math.max(number, Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
}
