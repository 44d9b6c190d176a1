import type { CallDialog } from '../../dialog/call-dialog.ts';
import type { DialogTable } from '../../dialog/dialog-table.ts';
import { L_ERR, L_NOTICE, L_WARN, type Log } from '../../script/log.ts';
import type { DialogKey, DialogStore } from '../../storage/dialog-store.ts';
import { CallbackTimer } from '../../time/callback-timer.ts';
import type { TimerWheel } from '../../time/timer-wheel.ts';
import type { ListenSocket } from '../../transport/transport.ts';
import type { DatabaseMode } from './settings.ts';
import { dialogOfRow, rowOfDialog } from './stored.ts';

/** Writes under way at once. */
const LANES = 4;
/** Milliseconds before a database that failed is tried again; doubled up to the longest. */
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 30_000;

/** Failures that are the row's own: another try would have the same result. */
const LASTING: ReadonlySet<string> = new Set(['STORAGE_STATEMENT', 'STORAGE_EXISTS']);

/** What a database of calls is made of. */
export interface DialogDatabaseOptions {
  readonly store: DialogStore;
  readonly table: DialogTable;
  readonly mode: DatabaseMode;
  /** Seconds between two writes of mode 2. */
  readonly period: number;
  readonly skipLoad: boolean;
  readonly lifetime: number;
  readonly sockets: readonly ListenSocket[];
  readonly wheel: TimerWheel;
  readonly log: Log;
}

interface Job {
  readonly key: DialogKey;
  /** Null: the call is over, its row goes. */
  readonly dialog: CallDialog | null;
}

/**
 * Keeps the answered calls of a table in a database. Nobody waits for it: changes are noted and written in turn, the latest state of a call
 * once. While the database is away they stay noted, as long as the process lives.
 */
export class DialogDatabase {
  private readonly options: DialogDatabaseOptions;
  private readonly jobs = new Map<string, Job>();
  /** Calls being written: each by one lane at a time. */
  private readonly busy = new Set<string>();
  /** Calls whose rows are there or may be. */
  private readonly written = new Set<string>();
  private readonly timer = new CallbackTimer(() => this.tick());
  private readonly idle: (() => void)[] = [];
  private pause = 0;
  private problem = '';
  private loaded: boolean;
  private loading: Promise<void> | null = null;
  private closed = false;
  private flushing = false;

  constructor(options: DialogDatabaseOptions) {
    this.options = options;
    this.loaded = options.skipLoad;
    if (options.mode === 2) options.wheel.start(this.timer, options.period * 1000);
  }

  /** Changes that are not written yet. */
  get waiting(): number {
    return this.jobs.size + this.busy.size;
  }

  /** A call was changed. Those that are not answered are not kept, as in the original: their transactions are not, either. */
  changed(dialog: CallDialog): void {
    const name = nameOf(dialog);
    if (dialog.isActive) this.jobs.set(name, { key: dialog, dialog });
    else if (this.written.has(name) || this.jobs.has(name) || this.busy.has(name))
      this.jobs.set(name, { key: { entry: dialog.entry, id: dialog.id }, dialog: null });
    else return;
    if (this.options.mode === 1) this.pump();
  }

  /**
   * Reads the calls of an earlier life into the table. A database that cannot be reached is tried again by itself.
   * @returns once it was tried for the first time
   */
  load(): Promise<void> {
    if (this.loaded || this.closed) return Promise.resolve();
    this.loading ??= this.loadNow().finally(() => {
      this.loading = null;
    });
    return this.loading;
  }

  private async loadNow(): Promise<void> {
    const { store, table, lifetime, sockets, log } = this.options;
    let count = 0;
    try {
      await store.readAll((rows) => {
        for (const row of rows) {
          const dialog = dialogOfRow(row, table, { sockets, profiles: table.profiles, lifetime });
          const known = table.byNumber(row) !== null;
          this.written.add(nameOf(row));
          if (dialog === null) this.jobs.set(nameOf(row), { key: { entry: row.entry, id: row.id }, dialog: null });
          else if (!known) {
            const left = row.timeout === 0 ? dialog.lifetime : row.timeout - table.seconds;
            table.restore(dialog, left);
            count++;
          }
        }
      });
      this.loaded = true;
      this.works();
      if (count > 0) log.write(L_NOTICE, 'dialog', `${count} calls of ${store.name} go on`);
      this.pump();
    } catch (error) {
      this.fails(error);
    }
  }

  /** Writes everything that is noted. @returns once it is, or the database fails */
  flush(): Promise<void> {
    this.flushing = true;
    const done = new Promise<void>((resolve) => this.idle.push(resolve));
    this.pause = 0;
    this.pump();
    return done;
  }

  /** Ends the writing; what is noted and not written is lost. */
  async close(): Promise<void> {
    this.closed = true;
    this.options.wheel.stop(this.timer);
    this.rest();
    await this.options.store.close();
  }

  private tick(): void {
    const { mode, period, wheel } = this.options;
    if (this.closed) return;
    this.pause = this.pause > 0 ? -this.pause : 0;
    if (mode === 2) wheel.start(this.timer, period * 1000);
    if (!this.loaded) void this.load();
    this.pump(mode === 2);
  }

  /** @param now modes other than 1 write at their time only */
  private pump(now = false): void {
    if (this.closed || this.pause > 0) return;
    if (!(now || this.flushing || this.options.mode === 1)) return;
    for (const [name, job] of this.jobs) {
      if (this.busy.size >= LANES) break;
      if (this.busy.has(name)) continue;
      this.jobs.delete(name);
      this.busy.add(name);
      void this.write(name, job, now);
    }
    if (this.jobs.size === 0 && this.busy.size === 0) this.rest();
  }

  private rest(): void {
    this.flushing = false;
    for (const resolve of this.idle.splice(0)) resolve();
  }

  private async write(name: string, job: Job, now: boolean): Promise<void> {
    const { store, log } = this.options;
    try {
      if (job.dialog?.isActive === true) {
        this.written.add(name);
        await store.save(rowOfDialog(job.dialog));
      } else {
        await store.delete(job.key);
        this.written.delete(name);
      }
      this.works();
    } catch (error) {
      if (LASTING.has(codeOf(error)))
        log.write(L_WARN, 'dialog', `a call is not stored: ${textOf(error)}`, 'DIALOG_STORE');
      else {
        // A later change of the same call has the later state already.
        if (!this.jobs.has(name)) this.jobs.set(name, job);
        this.fails(error);
      }
    }
    this.busy.delete(name);
    this.pump(now);
  }

  private works(): void {
    const { log, store } = this.options;
    this.pause = 0;
    if (this.problem === '') return;
    this.problem = '';
    log.write(L_NOTICE, 'dialog', `${store.name} works again`);
  }

  private fails(error: unknown): void {
    const { log, store, wheel } = this.options;
    if (this.closed) return;
    this.pause = Math.min(LONGEST_PAUSE, Math.max(FIRST_PAUSE, Math.abs(this.pause) * 2));
    wheel.start(this.timer, this.pause);
    // What cannot be written now is not waited for by a server that stops.
    this.rest();
    const code = codeOf(error);
    if (this.problem === code) return;
    this.problem = code;
    const text = `${store.name}: ${textOf(error)}; calls go on and are written later`;
    log.write(L_ERR, 'dialog', text, code.startsWith('STORAGE_') ? code : 'DIALOG_STORE');
  }
}

function nameOf({ entry, id }: DialogKey): string {
  return `${entry}.${id}`;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown';
}

/** Only our own errors are known to hold no secret; those of a driver may quote what it was given. */
function textOf(error: unknown): string {
  return codeOf(error).startsWith('STORAGE_') && error instanceof Error ? error.message : 'the database driver failed';
}
