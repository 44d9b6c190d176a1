import { L_ERR, L_NOTICE } from '../../script/log.ts';
import { ModuleError, type ModuleHost } from '../../script/module-definition.ts';
import { openDatabase } from '../../storage/database.ts';
import { StorageError } from '../../storage/errors.ts';
import type { SqlDatabase, SqlValue } from '../../storage/sql-database.ts';
import { checkTableName } from '../../storage/table-version.ts';
import { CallbackTimer } from '../../time/callback-timer.ts';

/** Seconds until a table that could not be read is read again; doubled up to the longest. */
const FIRST_PAUSE = 1;
const LONGEST_PAUSE = 60;
/** Rows fetched at once. */
const CHUNK = 1000;

/**
 * A module's database.
 * @param parameter that has the URL
 * @throws ModuleError with the storage layer's code
 */
export function moduleDatabase(url: string, parameter = 'db_url'): SqlDatabase {
  try {
    return openDatabase(url);
  } catch (error) {
    if (error instanceof StorageError) throw new ModuleError(error.code, error.message, parameter);
    throw error;
  }
}

/** Makes sure that a parameter is the name of a table or column. @throws ModuleError STORAGE_TABLE_NAME */
export function sqlName(text: string, parameter: string): string {
  try {
    checkTableName(text);
  } catch (error) {
    if (error instanceof StorageError) throw new ModuleError(error.code, error.message, parameter);
    throw error;
  }
  return text;
}

/** What a loader reads. */
export interface TablePlan<T> {
  readonly database: SqlDatabase;
  readonly module: string;
  readonly table: string;
  readonly columns: readonly string[];
  /** End of the statement, such as `ORDER BY id`; empty for none. */
  readonly rest: string;
  /** A row as it is kept; a text says why it cannot be: it is left out, and the log says so. */
  readonly entry: (row: readonly SqlValue[]) => T | string;
  /** Takes everything in the place of what was there. */
  readonly take: (entries: readonly T[]) => void;
}

/** Rows named in the log that cannot be used; the others are counted. */
const NAMED = 5;

/**
 * Reads a table into memory, at the start and again when asked. What is in memory stays while the database cannot be read, which is tried
 * again by itself.
 */
export class TableLoader<T> {
  private readonly host: ModuleHost;
  private readonly plan: TablePlan<T>;
  private readonly retry = new CallbackTimer(() => void this.load());
  private running: Promise<boolean> | null = null;
  private pause = 0;
  private ended = false;

  constructor(host: ModuleHost, plan: TablePlan<T>) {
    this.host = host;
    this.plan = plan;
  }

  /** Reads it; while a read is under way there is no second one. @returns false when it failed; the log says why */
  load(): Promise<boolean> {
    this.running ??= this.read().finally(() => {
      this.running = null;
    });
    return this.running;
  }

  stop(): void {
    this.ended = true;
    this.host.wheel.stop(this.retry);
  }

  private async read(): Promise<boolean> {
    const { host, plan } = this;
    const { database, module, table, columns, rest } = plan;
    host.wheel.stop(this.retry);
    const entries: T[] = [];
    const bad: string[] = [];
    let skipped = 0;
    try {
      await database.stream(`SELECT ${columns.join(', ')} FROM ${table} ${rest}`, CHUNK, (_names, rows) => {
        for (const row of rows) {
          const entry = plan.entry(row);
          if (typeof entry !== 'string') entries.push(entry);
          else if (++skipped <= NAMED) bad.push(entry);
        }
      });
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      this.failed(error);
      return false;
    }
    if (this.ended) return false;
    plan.take(entries);
    for (const text of bad)
      host.log.write(L_ERR, module, `table ${table}: ${text}; the row is left out`, 'TABLE_BAD_ROW');
    if (skipped > bad.length)
      host.log.write(L_ERR, module, `table ${table}: ${skipped - bad.length} more rows are left out`, 'TABLE_BAD_ROW');
    if (this.pause > 0) host.log.write(L_NOTICE, module, `table ${table} of ${database.name} is read again`);
    this.pause = 0;
    return true;
  }

  private failed(error: StorageError): void {
    const { host, plan } = this;
    if (this.ended) return;
    const first = this.pause === 0;
    this.pause = Math.min(LONGEST_PAUSE, Math.max(FIRST_PAUSE, this.pause * 2));
    host.wheel.start(this.retry, this.pause * 1000);
    if (!first) return;
    const text = `table ${plan.table}: ${error.message}; what was read before stays, and it is tried again by itself`;
    host.log.write(L_ERR, plan.module, text, error.code);
  }
}

/** A text of a row; empty for NULL. */
export function rowText(value: SqlValue | undefined): string {
  return value === null || value === undefined ? '' : `${value}`;
}

/** A whole number of a row; NaN for none. */
export function rowInt(value: SqlValue | undefined): number {
  return value === null || value === undefined || value === '' ? Number.NaN : Math.trunc(Number(value));
}
