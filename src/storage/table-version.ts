import { StorageError } from './errors.ts';
import type { SqlDatabase } from './sql-database.ts';

/**
 * Makes sure that a name can stand in a statement as it is.
 * @throws StorageError STORAGE_TABLE_NAME
 */
export function checkTableName(table: string): void {
  if (/^[A-Za-z_][A-Za-z0-9_]{0,62}$/.test(table)) return;
  throw new StorageError('STORAGE_TABLE_NAME', `"${table}" cannot be the name of a table`);
}

/**
 * Version of a table's layout, from Kamailio's table `version`.
 * @returns null when there is no row for the table
 * @throws StorageError STORAGE_NO_TABLE when there is no table `version`, and what a query throws
 */
export async function tableVersion(database: SqlDatabase, table: string): Promise<number | null> {
  const { rows } = await database.query('SELECT table_version FROM version WHERE table_name = ?', [table]);
  const value = rows[0]?.[0];
  return value === undefined || value === null ? null : Number(value);
}

/**
 * Names of a table's columns, in lower case, in their order.
 * @throws StorageError STORAGE_NO_TABLE, and what a query throws
 */
export async function columnsOf(database: SqlDatabase, table: string): Promise<readonly string[]> {
  checkTableName(table);
  const { columns } = await database.query(`SELECT * FROM ${table} WHERE 1 = 0`);
  return columns.map((name) => name.toLowerCase());
}
