import { MysqlDatabase } from './mysql.ts';
import { PostgresDatabase } from './postgres.ts';
import type { DatabaseOptions, SqlDatabase } from './sql-database.ts';
import { SqliteDatabase } from './sqlite.ts';
import { parseDatabaseUrl } from './url.ts';

const TIMEOUT = 10_000;
const CONNECTIONS = 4;

/**
 * A database by its URL. Nothing is connected yet: the first statement does that.
 * @param url as {@link parseDatabaseUrl} reads it
 * @throws StorageError STORAGE_URL
 */
export function openDatabase(url: string, options: DatabaseOptions = {}): SqlDatabase {
  const address = parseDatabaseUrl(url, options.cwd);
  const timeout = options.timeout ?? TIMEOUT;
  const connections = options.connections ?? CONNECTIONS;
  if (address.kind === 'sqlite') return new SqliteDatabase(address, timeout, options.create ?? true);
  return address.kind === 'mysql'
    ? new MysqlDatabase(address, timeout, connections)
    : new PostgresDatabase(address, timeout, connections);
}
