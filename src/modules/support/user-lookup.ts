import { L_ERR } from '../../script/log.ts';
import type { ModuleHost } from '../../script/module-definition.ts';
import { fromBytes, toBytes } from '../../script/utf8.ts';
import { StorageError } from '../../storage/errors.ts';
import type { SqlDatabase, SqlValue } from '../../storage/sql-database.ts';
import { checkTableName } from '../../storage/table-version.ts';

/**
 * Asks a table for some columns of the rows in which others have given values, in the order of their `id` where there is one.
 * @param where column and value (one character a byte)
 * @returns rows of texts, one character a byte; null after logging why there is no answer
 */
export async function askTable(
  host: ModuleHost,
  module: string,
  database: SqlDatabase,
  table: string,
  columns: readonly string[],
  where: readonly (readonly [column: string, value: string])[],
): Promise<readonly (readonly string[])[] | null> {
  try {
    checkTableName(table);
    const conditions = where.map(([column]) => `${column} = ?`).join(' AND ');
    const values = where.map(([, value]): SqlValue => fromBytes(value).replaceAll('\0', ''));
    const sql = `SELECT ${columns.join(', ')} FROM ${table} WHERE ${conditions}`;
    const { rows } = await database.query(sql, values);
    return rows.map((row) => row.map((value) => toBytes(`${value ?? ''}`)));
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    host.log.write(L_ERR, module, `table ${table}: ${error.message}`, error.code);
    return null;
  }
}

/** A host without the prefix of domain_prefix; '' takes nothing off. */
export function withoutPrefix(host: string, prefix: string): string {
  return prefix !== '' && host.length > prefix.length && host.startsWith(prefix) ? host.slice(prefix.length) : host;
}
