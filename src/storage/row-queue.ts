import { CallbackTimer } from '../time/callback-timer.ts';
import type { TimerWheel } from '../time/timer-wheel.ts';
import { StorageError } from './errors.ts';
import type { SqlDatabase, SqlValue } from './sql-database.ts';

/** A row that waits to be inserted. */
export interface QueuedRow {
  readonly table: string;
  readonly columns: readonly string[];
  readonly values: readonly SqlValue[];
}

/** Whom a queue tells what happens to its rows. */
export interface RowQueueUser {
  /** The database cannot be reached; told once for each failure that is of another kind than the one before. */
  failing(error: StorageError): void;
  /** It can be again. */
  recovered(): void;
  /** A row will not be written: the database refuses it, the queue is full, or it was closed before the database took the row. */
  dropped(row: QueuedRow, why: StorageError | 'full' | 'closed'): void;
}

/** How a queue is made. */
export interface RowQueueOptions {
  readonly database: SqlDatabase;
  readonly wheel: TimerWheel;
  readonly user: RowQueueUser;
  /** Most rows that wait; a new one is dropped then. */
  readonly limit: number;
}

/** Inserts under way at once. */
const LANES = 2;
/** Milliseconds before the next try of a database that cannot be reached; doubled up to the longest. */
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 30_000;

/** Failures of the moment; any other is the row's own fault. */
const PASSING: ReadonlySet<string> = new Set(['STORAGE_UNREACHABLE', 'STORAGE_TIMEOUT', 'STORAGE_DENIED']);

/**
 * Rows on their way into a database. Whoever adds one never waits: the queue inserts them in turn and keeps them while the database cannot
 * be reached. A row whose insert timed out is inserted again: it may then be there twice, but it is never lost.
 */
export class RowQueue {
  private readonly options: RowQueueOptions;
  private readonly rows: QueuedRow[] = [];
  private readonly retry = new CallbackTimer(() => this.pump());
  private readonly idle: (() => void)[] = [];
  private underWay = 0;
  private pause = 0;
  private problem = '';
  private closed = false;
  /** Rows written since the start. */
  written = 0;
  /** Rows dropped since the start. */
  lost = 0;

  constructor(options: RowQueueOptions) {
    this.options = options;
  }

  /** Rows that are not written yet. */
  get waiting(): number {
    return this.rows.length + this.underWay;
  }

  /** Adds a row. @returns false when there is no room for it */
  add(row: QueuedRow): boolean {
    if (this.closed || this.waiting >= this.options.limit) {
      this.drop(row, this.closed ? 'closed' : 'full');
      return false;
    }
    this.rows.push(row);
    this.pump();
    return true;
  }

  /** Settles once every row is written or dropped, at the latest after `graceMs` milliseconds. @returns rows that are left */
  async drain(graceMs: number): Promise<number> {
    if (this.waiting > 0) {
      // The next try comes now: there may be no later one.
      this.options.wheel.stop(this.retry);
      this.pump(true);
    }
    if (this.waiting > 0) {
      let timer: NodeJS.Timeout | undefined;
      await Promise.race([
        new Promise<void>((resolve) => this.idle.push(resolve)),
        new Promise<void>((resolve) => {
          timer = setTimeout(resolve, graceMs);
        }),
      ]);
      clearTimeout(timer);
    }
    return this.waiting;
  }

  /** Ends it with the database; rows that are left are dropped. */
  async close(): Promise<void> {
    this.closed = true;
    this.options.wheel.stop(this.retry);
    for (const row of this.rows.splice(0)) this.drop(row, 'closed');
    await this.options.database.close();
  }

  private pump(now = false): void {
    if (this.closed || (this.retry.armed && !now)) return;
    // While it fails, one row at a time finds out whether it works again.
    const lanes = this.problem === '' ? LANES : 1;
    while (this.underWay < lanes) {
      const row = this.rows.shift();
      if (row === undefined) return;
      this.underWay++;
      void this.insert(row);
    }
  }

  private async insert(row: QueuedRow): Promise<void> {
    const { database, user } = this.options;
    try {
      await database.query(insertion(database.kind, row), row.values);
      this.written++;
      this.pause = 0;
      if (this.problem !== '') {
        this.problem = '';
        user.recovered();
      }
    } catch (error) {
      this.failed(row, error);
    }
    this.underWay--;
    this.pump();
    if (this.waiting === 0) for (const resolve of this.idle.splice(0)) resolve();
  }

  private failed(row: QueuedRow, error: unknown): void {
    const { user, wheel } = this.options;
    // The adapters throw nothing else.
    const problem = error instanceof StorageError ? error : new StorageError('STORAGE_STATEMENT', 'the driver failed');
    if (this.closed || !PASSING.has(problem.code)) {
      this.drop(row, problem);
      return;
    }
    this.rows.unshift(row);
    this.pause = Math.min(LONGEST_PAUSE, Math.max(FIRST_PAUSE, this.pause * 2));
    wheel.start(this.retry, this.pause);
    if (this.problem === problem.code) return;
    this.problem = problem.code;
    user.failing(problem);
  }

  private drop(row: QueuedRow, why: StorageError | 'full' | 'closed'): void {
    this.lost++;
    this.options.user.dropped(row, why);
  }
}

function insertion(kind: SqlDatabase['kind'], { table, columns }: QueuedRow): string {
  // MySQL has reserved words that are names of columns elsewhere.
  const names = kind === 'mysql' ? columns.map((name) => `\`${name}\``) : columns;
  return `INSERT INTO ${table} (${names.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`;
}
