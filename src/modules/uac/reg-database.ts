import { L_ERR, L_INFO, L_NOTICE, L_WARN, type Log } from '../../script/log.ts';
import type { AccountStore } from '../../storage/account-store.ts';
import { CallbackTimer } from '../../time/callback-timer.ts';
import type { Random } from '../../time/random.ts';
import type { TimerWheel } from '../../time/timer-wheel.ts';
import type { AccountRow } from '../../uac/registration/account-row.ts';
import type { AccountProblem, LoadSummary, RegistrationEngine } from '../../uac/registration/engine.ts';

/** First pause after a failure in seconds; it doubles up to the configured longest one. */
const FIRST_PAUSE = 1;
/** Rows of one load that are named when they cannot be accounts; the others are counted. */
const NAMED_PROBLEMS = 10;

/** Accounts taken in one turn of the event loop. */
const SLICE = 100;

/** How the accounts' database is doing. `none`: there is no database. */
export type DatabaseState = 'none' | 'loading' | 'ok' | 'failing';

/** State of the database for operators; times in seconds since 1970, 0 for never. */
export interface DatabaseHealth {
  readonly state: DatabaseState;
  /** STORAGE_… code of the failure, empty for none. */
  readonly code: string;
  readonly text: string;
  readonly since: number;
  readonly lastLoad: number;
  readonly nextTry: number;
  readonly failures: number;
  readonly summary: LoadSummary | null;
}

/** What an account database is made of. */
export interface AccountDatabaseOptions {
  /** Null when accounts come by command alone. */
  readonly store: AccountStore | null;
  readonly engine: RegistrationEngine;
  readonly wheel: TimerWheel;
  readonly random: Random;
  readonly log: Log;
  /** Longest pause between two tries, in seconds. */
  readonly longestPause: number;
}

function problemOf(error: unknown): { readonly code: string; readonly text: string } {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  const text = error instanceof Error ? error.message : 'unknown failure';
  // Only our own errors are known to hold no secret; those of a driver may quote what it was given.
  return code.startsWith('STORAGE_')
    ? { code, text }
    : { code: 'UAC_REG_DATABASE', text: 'the database driver failed' };
}

/**
 * Brings the accounts of a database into the engine, by differences: what is registered and unchanged is not touched, neither by a reload nor
 * by a database that fails. A load that failed is tried again by itself, with growing pauses.
 */
export class AccountDatabase {
  private readonly options: AccountDatabaseOptions;
  private readonly retry = new CallbackTimer(() => void this.load());
  private state: DatabaseState;
  private problem: { readonly code: string; readonly text: string } = { code: '', text: '' };
  private since: number;
  private lastLoad = 0;
  private nextTry = 0;
  private failures = 0;
  private summary: LoadSummary | null = null;
  private running: Promise<boolean> | null = null;
  private queued: Promise<boolean> | null = null;
  private closed = false;

  constructor(options: AccountDatabaseOptions) {
    this.options = options;
    this.state = options.store === null ? 'none' : 'loading';
    this.since = this.seconds();
  }

  get health(): DatabaseHealth {
    const { state, since, lastLoad, nextTry, failures, summary, problem } = this;
    return { state, code: problem.code, text: problem.text, since, lastLoad, nextTry, failures, summary };
  }

  get name(): string {
    return this.options.store?.name ?? '';
  }

  /**
   * Reads the table into the engine. During another load it is read once more after that one, for what changed meanwhile.
   * @returns false when it could not be read; the log says why, and it will be tried again
   */
  load(): Promise<boolean> {
    if (this.closed || this.options.store === null) return Promise.resolve(false);
    if (this.running === null) {
      this.running = this.loadNow(this.options.store).finally(() => {
        this.running = null;
      });
      return this.running;
    }
    this.queued ??= this.running.then(() => {
      this.queued = null;
      return this.load();
    });
    return this.queued;
  }

  /**
   * Reads one account.
   * @returns the row, null when there is none, 'failed' when the database cannot tell (logged)
   */
  async read(uuid: string): Promise<AccountRow | null | 'failed'> {
    const { store } = this.options;
    if (store === null) return null;
    try {
      return await store.read(uuid);
    } catch (error) {
      const { code, text } = problemOf(error);
      this.options.log.write(L_ERR, 'uac', `account not read from ${store.name}: ${text}`, code);
      return 'failed';
    }
  }

  /** Ends tries and connections; a load under way is given up, and nothing is removed by it. */
  async close(): Promise<void> {
    this.closed = true;
    this.options.wheel.stop(this.retry);
    await this.options.store?.close();
  }

  private async loadNow(store: AccountStore): Promise<boolean> {
    const { engine, wheel } = this.options;
    wheel.stop(this.retry);
    const load = engine.beginLoad();
    const named: AccountProblem[] = [];
    let ended = false;
    try {
      await store.readAll(async (rows) => {
        for (let at = 0; at < rows.length; at += SLICE) {
          if (this.closed) throw new Error('stopped');
          const problems = load.take(rows.slice(at, at + SLICE));
          for (const problem of problems) if (named.length < NAMED_PROBLEMS) named.push(problem);
          // The socket's turn: a chunk of accounts must not become a pause for calls.
          await new Promise((resolve) => setImmediate(resolve));
        }
      });
      if (this.closed) throw new Error('stopped');
      ended = true;
      this.loaded(store, load.commit(), named);
      return true;
    } catch (error) {
      if (!ended) load.abandon();
      if (!this.closed) this.failed(store, error);
      return false;
    }
  }

  private loaded(store: AccountStore, summary: LoadSummary, named: readonly AccountProblem[]): void {
    const { log } = this.options;
    const again = this.state === 'failing';
    this.become('ok', '', '');
    this.failures = 0;
    this.nextTry = 0;
    this.lastLoad = this.seconds();
    this.summary = summary;
    for (const { uuid, code, text } of named) log.write(L_WARN, 'uac', `account ${uuid || '(no uuid)'}: ${text}`, code);
    const more = summary.problems - named.length;
    if (more > 0)
      log.write(L_WARN, 'uac', `${more} more rows of ${store.name} are no accounts`, 'UAC_REG_ROWS_SKIPPED');
    const { added, changed, unchanged, removed } = summary;
    const counts = `${added} new, ${changed} changed, ${unchanged} as before, ${removed} removed`;
    log.write(again ? L_NOTICE : L_INFO, 'uac', `accounts of ${store.name} read${again ? ' again' : ''}: ${counts}`);
  }

  private failed(store: AccountStore, error: unknown): void {
    const { log, wheel, random, longestPause } = this.options;
    const { code, text } = problemOf(error);
    const pause = Math.min(longestPause, FIRST_PAUSE * 2 ** Math.min(this.failures, 16));
    // Nodes that lost one database together do not come back together.
    const jittered = pause * (0.75 + (random.uint32() / 2 ** 32) * 0.25);
    this.failures++;
    this.nextTry = Math.round(this.seconds() + jittered);
    wheel.start(this.retry, jittered * 1000);
    // Once for each change: tries go on, lines do not.
    if (this.state === 'failing' && this.problem.code === code) return;
    this.become('failing', code, text);
    const { size } = this.options.engine;
    const kept = size === 0 ? 'there are no accounts yet' : `the ${size} accounts known go on`;
    log.write(L_ERR, 'uac', `${store.name}: ${text}; ${kept}, and it is tried again by itself`, code);
  }

  private become(state: DatabaseState, code: string, text: string): void {
    if (this.state !== state || this.problem.code !== code) this.since = this.seconds();
    this.state = state;
    this.problem = { code, text };
  }

  private seconds(): number {
    return Math.floor(this.options.wheel.clock.wall() / 1000);
  }
}
