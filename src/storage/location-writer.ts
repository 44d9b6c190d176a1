import { type BindingRow, MEMORY_ONLY } from '../registrar/binding.ts';
import { CallbackTimer } from '../time/callback-timer.ts';
import type { TimerWheel } from '../time/timer-wheel.ts';
import { StorageError, type StorageErrorCode } from './errors.ts';
import type { LocationStore } from './location-store.ts';

/** Changes written in one go. */
const BATCH = 200;
/** Milliseconds until a failed write is tried again, doubled each time. */
const FIRST_RETRY = 1000;
const LAST_RETRY = 10_000;

/** Failures that say something of the database, not of the row. */
const DATABASE_FAULTS: ReadonlySet<StorageErrorCode> = new Set([
  'STORAGE_UNREACHABLE',
  'STORAGE_DENIED',
  'STORAGE_TIMEOUT',
  'STORAGE_CLOSED',
  'STORAGE_NO_TABLE',
  'STORAGE_COLUMN',
  'STORAGE_TABLE_VERSION',
]);

/** Settings of a {@link LocationWriter}. */
export interface LocationWriterOptions {
  readonly wheel: TimerWheel;
  /** Milliseconds between writes; 0: at once. */
  readonly interval: number;
  /** Told when the database fails, once until it works again, and of rows that it will not take. */
  readonly failed: (error: StorageError, waiting: number) => void;
  /** Told when it works again. */
  readonly recovered: (waiting: number) => void;
}

/**
 * Carries changes of contacts into a database: in their order for each contact, many at once, and again until the database took them. What was
 * changed and is not written yet is remembered as the contact itself, so that only its latest state is written.
 */
export class LocationWriter {
  private readonly store: LocationStore;
  private readonly options: LocationWriterOptions;
  /** Changed contacts by name; null for removed ones. */
  private dirty = new Map<string, BindingRow | null>();
  private readonly waiting = new Map<string, (() => void)[]>();
  private readonly timer = new CallbackTimer(() => this.begin());
  private running: Promise<void> | null = null;
  private retry = FIRST_RETRY;
  /** True from a failure to the next success. */
  down = false;
  private closed = false;
  /** Rows that the database did not take. */
  refused = 0;

  constructor(store: LocationStore, options: LocationWriterOptions) {
    this.store = store;
    this.options = options;
  }

  /** Changes that are not written yet. */
  get backlog(): number {
    return this.dirty.size;
  }

  /** Whether the database may not have the latest of a contact, whose row counts less than memory then. */
  isDirty(ruid: string): boolean {
    return this.dirty.has(ruid) || this.flying.has(ruid);
  }

  saved(row: BindingRow): void {
    // Only for memory (save() with flag 1).
    if ((row.flags & MEMORY_ONLY) !== 0) return;
    this.mark(row.ruid, row);
  }

  removed({ ruid }: Pick<BindingRow, 'ruid'>): void {
    this.mark(ruid, null);
  }

  /** Names of removed contacts whose rows are still there. */
  get unremoved(): readonly string[] {
    return [...this.dirty].filter(([, row]) => row === null).map(([ruid]) => ruid);
  }

  /**
   * Waits until contacts are written.
   * @param bound most milliseconds
   * @returns false when that took longer, or the database is known to be down
   */
  settled(ruids: readonly string[], bound: number): Promise<boolean> {
    const open = ruids.filter((ruid) => this.dirty.has(ruid) || this.flying.has(ruid));
    if (open.length === 0) return Promise.resolve(true);
    if (this.down) return Promise.resolve(false);
    this.begin();
    return new Promise((resolve) => {
      let left = open.length;
      const timer = new CallbackTimer(() => finish(false));
      const finish = (written: boolean): void => {
        this.options.wheel.stop(timer);
        this.failing.delete(give);
        resolve(written);
      };
      const give = (): void => finish(false);
      this.failing.add(give);
      this.options.wheel.start(timer, bound);
      const done = (): void => {
        if (--left === 0) finish(true);
      };
      for (const ruid of open) {
        const list = this.waiting.get(ruid);
        if (list === undefined) this.waiting.set(ruid, [done]);
        else list.push(done);
      }
    });
  }

  /** Writes everything. @returns false when the database does not take it now */
  async flush(): Promise<boolean> {
    while (this.dirty.size > 0) {
      this.begin();
      await this.running;
      if (this.down) return false;
    }
    await this.running;
    return !this.down;
  }

  /** Ends: what is not written is lost to the database. */
  close(): void {
    this.closed = true;
    this.options.wheel.stop(this.timer);
    this.fail();
  }

  /** Contacts of the batch under way. */
  private flying = new Set<string>();
  /** Who waits and is to be told when the database fails. */
  private readonly failing = new Set<() => void>();

  private mark(ruid: string, row: BindingRow | null): void {
    if (this.closed) return;
    // Behind those that wait already: the oldest change is written first.
    if (this.dirty.has(ruid)) this.dirty.delete(ruid);
    this.dirty.set(ruid, row);
    if (this.running !== null || this.timer.armed) return;
    this.options.wheel.start(this.timer, this.options.interval);
  }

  private begin(): void {
    if (this.running !== null || this.closed || this.dirty.size === 0) return;
    this.options.wheel.stop(this.timer);
    this.running = this.run().finally(() => {
      this.running = null;
      if (this.dirty.size === 0 || this.closed || this.timer.armed) return;
      this.options.wheel.start(this.timer, this.down ? this.retry : this.options.interval);
    });
  }

  private async run(): Promise<void> {
    while (this.dirty.size > 0 && !this.closed) {
      const batch = new Map<string, BindingRow | null>();
      for (const [ruid, row] of this.dirty) {
        if (batch.size >= BATCH) break;
        batch.set(ruid, row);
        this.dirty.delete(ruid);
      }
      this.flying = new Set(batch.keys());
      try {
        await this.writeBatch(batch);
      } catch (error) {
        if (!(error instanceof StorageError)) throw error;
        this.putBack(batch);
        this.failedNow(error);
        return;
      } finally {
        this.flying = new Set();
      }
      this.succeeded(batch.keys());
    }
  }

  private async writeBatch(batch: ReadonlyMap<string, BindingRow | null>): Promise<void> {
    const rows = [...batch.values()].filter((row) => row !== null);
    const gone = [...batch].filter(([, row]) => row === null).map(([ruid]) => ruid);
    if (gone.length > 0) await this.store.delete(gone);
    if (rows.length === 0) return;
    try {
      await this.store.write(rows);
    } catch (error) {
      if (!(error instanceof StorageError) || DATABASE_FAULTS.has(error.code)) throw error;
      // One of them is not to the database's taste; the others are none the worse.
      for (const row of rows) await this.writeOne(row);
    }
  }

  private async writeOne(row: BindingRow): Promise<void> {
    try {
      await this.store.write([row]);
    } catch (error) {
      if (!(error instanceof StorageError) || DATABASE_FAULTS.has(error.code)) throw error;
      this.refused++;
      this.options.failed(error, this.dirty.size);
    }
  }

  private putBack(batch: ReadonlyMap<string, BindingRow | null>): void {
    const later = this.dirty;
    this.dirty = new Map(batch);
    for (const [ruid, row] of later) this.dirty.set(ruid, row);
  }

  private failedNow(error: StorageError): void {
    this.retry = this.down ? Math.min(this.retry * 2, LAST_RETRY) : FIRST_RETRY;
    if (!this.down) this.options.failed(error, this.dirty.size);
    this.down = true;
    this.fail();
  }

  /** Nobody waits for a database that is down. */
  private fail(): void {
    for (const give of [...this.failing]) give();
    this.waiting.clear();
  }

  private succeeded(ruids: Iterable<string>): void {
    if (this.down) {
      this.down = false;
      this.options.recovered(this.dirty.size);
    }
    for (const ruid of ruids) {
      if (this.dirty.has(ruid)) continue;
      const list = this.waiting.get(ruid);
      this.waiting.delete(ruid);
      for (const done of list ?? []) done();
    }
  }
}
