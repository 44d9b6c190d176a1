/** Database systems there are adapters for, by the scheme of their URL. */
export type DatabaseKind = 'sqlite' | 'mysql' | 'postgres';

/** A value of a row: integers and decimals as numbers where they fit, bytes as UTF-8 text. */
export type SqlValue = string | number | null;

/** What a statement gave. */
export interface SqlResult {
  /** Names of the columns; empty for a statement without rows. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly SqlValue[])[];
  /** Rows inserted, updated or deleted. */
  readonly affected: number;
}

/**
 * One database behind its driver. Every call settles within the given time, whatever the server does; a connection that was lost is opened
 * again by the next call. Statements wait for each other in no particular order.
 */
export interface SqlDatabase {
  readonly kind: DatabaseKind;
  /** For messages: the URL without user and password. */
  readonly name: string;
  /**
   * Runs one statement.
   * @param sql with `?` for each parameter, on every kind
   * @throws StorageError STORAGE_UNREACHABLE, STORAGE_DENIED, STORAGE_TIMEOUT, STORAGE_STATEMENT, STORAGE_CLOSED; a table or column that
   *   is not there is STORAGE_NO_TABLE or STORAGE_COLUMN, a unique key that is there STORAGE_EXISTS
   */
  query(sql: string, parameters?: readonly SqlValue[]): Promise<SqlResult>;
  /**
   * Runs a SELECT whose rows arrive in chunks; the next chunk is fetched once the promise of `take` is done. The time is that for each
   * chunk; what `take` needs does not count.
   * @param chunk rows at once, at most
   * @throws as {@link query}, and what `take` throws
   */
  stream(
    sql: string,
    chunk: number,
    take: (columns: readonly string[], rows: readonly (readonly SqlValue[])[]) => void | Promise<void>,
  ): Promise<void>;
  /** Nothing will be asked for some time: what costs memory and can be had again may go, once the statements under way are done. */
  rest?(): void;
  /** Statements under way fail with STORAGE_CLOSED; connections are closed. Never throws, never hangs. */
  close(): Promise<void>;
}

/** How a database is opened. */
export interface DatabaseOptions {
  /** Milliseconds that connecting or one statement may take. Default 10 000. */
  readonly timeout?: number;
  /** Connections at once. Default 4. */
  readonly connections?: number;
  /** False: a SQLite file that is not there is STORAGE_UNREACHABLE, not made. Default true, as in Kamailio. */
  readonly create?: boolean;
  /** Folder that a relative path of SQLite starts from. Default the working directory. */
  readonly cwd?: string;
}
