import { openDatabase } from './database.ts';
import { StorageError } from './errors.ts';
import type { DatabaseKind, SqlDatabase } from './sql-database.ts';
import { SUBSCRIBER, SUBSCRIBER_COLUMNS, SUBSCRIBER_VERSION } from './subscriber-table.ts';
import { checkTableName, tableVersion } from './table-version.ts';
import { UACREG, UACREG_COLUMNS, UACREG_VERSION } from './uacreg-table.ts';

/** Primary keys that count by themselves. */
export const ID: Readonly<Record<DatabaseKind, string>> = {
  sqlite: 'INTEGER PRIMARY KEY NOT NULL',
  mysql: 'INT UNSIGNED AUTO_INCREMENT PRIMARY KEY NOT NULL',
  postgres: 'SERIAL PRIMARY KEY NOT NULL',
};

/** What became of a table. */
export interface TableMade {
  readonly table: string;
  readonly made: boolean;
  /** Its version in the table `version`; null for none. */
  readonly version: number | null;
}

/**
 * Makes the tables that are not there, empty: `version`, and `uacreg` of version 6. Those that are there are left as they are.
 * @param source URL of a database, or one that is open, which stays open
 * @param table name in place of `uacreg` (reg_db_table)
 * @returns what became of each
 * @throws StorageError as {@link SqlDatabase.query} throws, and STORAGE_URL, STORAGE_TABLE_NAME
 */
export async function initTables(source: string | SqlDatabase, table: string = UACREG): Promise<readonly TableMade[]> {
  checkTableName(table);
  if (typeof source !== 'string') return makeTables(source, table);
  const database = openDatabase(source);
  try {
    return await makeTables(database, table);
  } finally {
    await database.close();
  }
}

/**
 * For the server's start: a SQLite database without the tables gets them, so that a new file works at once. Databases of other kinds are
 * somebody's care already, and are left alone.
 * @throws as {@link initTables}
 */
export async function ensureTables(database: SqlDatabase, table: string = UACREG): Promise<void> {
  if (database.kind === 'sqlite') await initTables(database, table);
}

async function makeTables(database: SqlDatabase, table: string): Promise<readonly TableMade[]> {
  const { kind } = database;
  const versionMade = await makeVersionTable(database);
  const accountsMade = await make(database, table, [
    `id ${ID[kind]}`,
    ...UACREG_COLUMNS.map(({ name, length }) =>
      length === null ? `${name} INTEGER DEFAULT 0 NOT NULL` : `${name} VARCHAR(${length}) DEFAULT '' NOT NULL`,
    ),
    `CONSTRAINT ${kind === 'mysql' ? 'l_uuid_idx' : `${table}_l_uuid_idx`} UNIQUE (l_uuid)`,
  ]);
  // A row may be left from a table that was dropped.
  if (accountsMade) await setVersion(database, table, UACREG_VERSION);
  return [
    { table: 'version', made: versionMade, version: await tableVersion(database, 'version') },
    { table, made: accountsMade, version: await tableVersion(database, table) },
  ];
}

/**
 * Makes the table of users where it is not there, empty, with the columns of RFC 8760's algorithms; and the table `version`.
 * @param source as {@link initTables}
 * @param table name in place of `subscriber`
 * @returns what became of it
 * @throws as {@link initTables}
 */
export async function initSubscriberTable(
  source: string | SqlDatabase,
  table: string = SUBSCRIBER,
): Promise<TableMade> {
  checkTableName(table);
  if (typeof source !== 'string') return makeSubscriberTable(source, table);
  const database = openDatabase(source);
  try {
    return await makeSubscriberTable(database, table);
  } finally {
    await database.close();
  }
}

async function makeSubscriberTable(database: SqlDatabase, table: string): Promise<TableMade> {
  const { kind } = database;
  await makeVersionTable(database);
  const made = await make(database, table, [
    `id ${ID[kind]}`,
    ...SUBSCRIBER_COLUMNS.map(({ name, length }) => `${name} VARCHAR(${length}) DEFAULT '' NOT NULL`),
    `CONSTRAINT ${kind === 'mysql' ? 'account_idx' : `${table}_account_idx`} UNIQUE (username, domain)`,
  ]);
  if (made) await setVersion(database, table, SUBSCRIBER_VERSION);
  return { table, made, version: await tableVersion(database, table) };
}

/** @returns false when it is there already */
export async function makeVersionTable(database: SqlDatabase): Promise<boolean> {
  const { kind } = database;
  const made = await make(database, 'version', [
    `id ${ID[kind]}`,
    'table_name VARCHAR(32) NOT NULL',
    'table_version INTEGER DEFAULT 0 NOT NULL',
    // Names of constraints are those of Kamailio's scripts.
    `CONSTRAINT ${kind === 'mysql' ? 'table_name_idx' : 'version_table_name_idx'} UNIQUE (table_name)`,
  ]);
  if (made) await setVersion(database, 'version', 1);
  return made;
}

/** Makes a table of these parts. @returns false when it is there already */
export async function make(database: SqlDatabase, table: string, parts: readonly string[]): Promise<boolean> {
  try {
    await database.query(`SELECT 1 FROM ${table} WHERE 1 = 0`);
    return false;
  } catch (error) {
    if (!(error instanceof StorageError) || error.code !== 'STORAGE_NO_TABLE') throw error;
  }
  await database.query(`CREATE TABLE IF NOT EXISTS ${table} (${parts.join(', ')})`);
  return true;
}

/** Notes the version of a table. */
export async function setVersion(database: SqlDatabase, table: string, version: number): Promise<void> {
  await database.query('DELETE FROM version WHERE table_name = ?', [table]);
  await database.query('INSERT INTO version (table_name, table_version) VALUES (?, ?)', [table, version]);
}
