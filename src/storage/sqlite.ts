import { closeSync, existsSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type Call, Calls } from './calls.ts';
import { StorageError } from './errors.ts';
import type { SqlDatabase, SqlResult, SqlValue } from './sql-database.ts';
import type { SqliteChunk, SqliteFailure, SqliteReply, SqliteRequest, SqliteWorkerData } from './sqlite-protocol.ts';
import type { SqliteAddress } from './url.ts';

/** Sources run as they are, a build as JavaScript; the thread's file is of the same kind as this one, which a build puts beside its folder. */
const WORKER = new URL(
  import.meta.url.endsWith('.ts') ? '../storage/sqlite-worker.ts' : '../storage/sqlite-worker.js',
  import.meta.url,
);

/** Primary result codes of SQLite: the low byte of an extended one. */
const SQLITE = {
  perm: 3,
  busy: 5,
  locked: 6,
  readonly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  notADatabase: 26,
};
const SQLITE_CONSTRAINT_PRIMARYKEY = 1555;
const SQLITE_CONSTRAINT_UNIQUE = 2067;

/** What the file could not do, as opposed to the statement. */
const FILE_FAULTS: ReadonlySet<number> = new Set([
  SQLITE.perm,
  SQLITE.ioError,
  SQLITE.corrupt,
  SQLITE.full,
  SQLITE.cannotOpen,
  SQLITE.notADatabase,
]);

/**
 * Rows that a stream's thread sends at once. A message costs next to nothing, and so few rows are done with before the collector takes them
 * for lasting ones.
 */
const MOST_ROWS = 200;

/** MiB for the young objects of a thread. */
const YOUNG_GENERATION = 3;

interface Waiting {
  readonly resolve: (reply: SqliteReply) => void;
  readonly reject: (error: StorageError) => void;
}

/** One thread with one connection to the file. */
class SqliteThread {
  private readonly worker: Worker;
  private readonly waiting = new Map<number, Waiting>();
  private readonly name: string;
  private last = 0;
  private fault: string | null = null;
  private retiring = false;
  /** Streams under way: between two of their parts they wait for nothing. */
  private streams = 0;

  constructor(data: SqliteWorkerData, name: string) {
    this.name = name;
    // Node 22 prints a warning that node:sqlite is experimental; it is none of the operator's business.
    this.worker = new Worker(WORKER, {
      workerData: data,
      execArgv: ['--disable-warning=ExperimentalWarning'],
      // Its rows live until they are posted, a moment; left alone, V8 would give them tens of megabytes.
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION },
    });
    this.worker.on('message', (reply: SqliteReply) => {
      this.waiting.get(reply.id)?.resolve(reply);
      this.waiting.delete(reply.id);
      this.endIfIdle();
    });
    this.worker.on('error', (error) => {
      this.fault = error.message;
    });
    this.worker.on('exit', () => {
      this.fault ??= 'its thread ended';
      const error = this.ended();
      for (const { reject } of this.waiting.values()) reject(error);
      this.waiting.clear();
    });
    // After the listeners: each of them would hold the process again.
    this.worker.unref();
  }

  get alive(): boolean {
    return this.fault === null;
  }

  /** Id of the next order. */
  nextId(): number {
    return ++this.last;
  }

  /** @throws StorageError STORAGE_UNREACHABLE when the thread has ended, or ends before it answers */
  send(request: SqliteRequest): Promise<SqliteReply> {
    if (this.fault !== null) return Promise.reject(this.ended());
    return new Promise((resolve, reject) => {
      this.waiting.set(request.id, { resolve, reject });
      this.worker.postMessage(request);
    });
  }

  /** A stream begins; call the result when it is over. */
  stream(): () => void {
    this.streams++;
    return () => {
      this.streams--;
      this.endIfIdle();
    };
  }

  /** Ends the thread after what it has been asked so far. @param streamsEnd false: not before streams are over either */
  retire(streamsEnd: boolean): void {
    this.retiring = true;
    if (streamsEnd) this.streams = Number.NEGATIVE_INFINITY;
    this.endIfIdle();
  }

  /** Ends the thread; what it is in the middle of ends with the row it is at. */
  async end(): Promise<void> {
    this.fault ??= 'it was closed';
    await this.worker.terminate();
  }

  private endIfIdle(): void {
    if (this.retiring && this.waiting.size === 0 && this.streams <= 0) void this.end();
  }

  private ended(): StorageError {
    return new StorageError('STORAGE_UNREACHABLE', `${this.name}: ${this.fault}`);
  }
}

/**
 * A SQLite file. Made with the mode 0600 when it is not there (it will hold passwords), with a write-ahead log so that others read and
 * write it meanwhile; a file that is there keeps its journal mode.
 */
export class SqliteDatabase implements SqlDatabase {
  readonly kind = 'sqlite';
  readonly name: string;
  private readonly path: string;
  private readonly timeout: number;
  private readonly create: boolean;
  private readonly calls: Calls;
  private thread: SqliteThread | null = null;
  /** Device and inode of the file that the thread has open; empty before there is one. */
  private opened = '';

  /**
   * @param timeout milliseconds that one statement may take
   * @param create false: a file that is not there is an error
   */
  constructor(address: SqliteAddress, timeout: number, create: boolean) {
    this.name = address.name;
    this.path = address.path;
    this.timeout = timeout;
    this.create = create;
    this.calls = new Calls(address.name, timeout);
  }

  query(sql: string, parameters: readonly SqlValue[] = []): Promise<SqlResult> {
    return this.calls.run(async (call) => {
      const thread = this.connect(call);
      const reply = await thread.send({ id: thread.nextId(), type: 'query', sql, parameters });
      if ('result' in reply) return reply.result;
      throw this.failure('failure' in reply ? reply.failure : null);
    });
  }

  stream(
    sql: string,
    chunk: number,
    take: (columns: readonly string[], rows: readonly (readonly SqlValue[])[]) => void | Promise<void>,
  ): Promise<void> {
    return this.calls.run(async (call) => {
      const thread = this.connect(call);
      const stream = thread.nextId();
      const over = thread.stream();
      try {
        this.chunk(await thread.send({ id: stream, type: 'open', sql, chunk: Math.min(chunk, MOST_ROWS) }));
        for (let done = false; !done && !call.over; ) {
          const got = this.chunk(await thread.send({ id: thread.nextId(), type: 'next', stream }));
          done = got.done;
          if (got.rows.length === 0) continue;
          call.pause();
          await take(got.columns, got.rows);
          call.resume();
        }
      } finally {
        over();
        if (thread.alive) await thread.send({ id: thread.nextId(), type: 'end', stream });
      }
    });
  }

  /** The thread goes, and with it some ten megabytes; what is only in memory would go too. */
  rest(): void {
    if (this.path === ':memory:') return;
    this.thread?.retire(false);
    this.thread = null;
  }

  async close(): Promise<void> {
    this.calls.close();
    const { thread } = this;
    this.thread = null;
    if (thread === null) return;
    // A thread inside a statement ends when that does; nobody has to wait for it.
    const patience = new Promise((resolve) => setTimeout(resolve, Math.min(this.timeout, 1000)).unref());
    await Promise.race([thread.end(), patience]);
  }

  private chunk(reply: SqliteReply): SqliteChunk {
    if ('chunk' in reply) return reply.chunk;
    throw this.failure('failure' in reply ? reply.failure : null);
  }

  private connect(call: Call): SqliteThread {
    if (this.opened !== '' && this.opened !== this.identity()) {
      // The thread would go on with a file that nobody else sees: another one was put in its place (a backup), or it was deleted.
      this.thread?.retire(true);
      this.thread = null;
    }
    if (this.thread?.alive !== true) {
      const fresh = this.prepareFile();
      this.opened = this.identity();
      // The thread's own patience with locks ends first, so that the error says that it was a lock.
      this.thread = new SqliteThread({ path: this.path, busyTimeout: Math.ceil(this.timeout * 0.8), fresh }, this.name);
    }
    const { thread } = this;
    call.abandon = () => {
      // It may be stuck: the next statement gets a thread of its own.
      if (this.thread === thread) this.thread = null;
      void thread.end();
    };
    return thread;
  }

  private identity(): string {
    if (this.path === ':memory:') return '';
    const found = statSync(this.path, { throwIfNoEntry: false });
    return found === undefined ? 'none' : `${found.dev}:${found.ino}`;
  }

  /** Makes the file and its folder, but not anew what was deleted. @returns true when the file is new */
  private prepareFile(): boolean {
    if (this.path === ':memory:' || existsSync(this.path)) return false;
    if (this.opened !== '') throw new StorageError('STORAGE_UNREACHABLE', `${this.name}: the file was deleted`);
    if (!this.create) throw new StorageError('STORAGE_UNREACHABLE', `${this.name}: there is no such file`);
    try {
      const folder = dirname(this.path);
      if (!existsSync(folder)) mkdirSync(folder, { mode: 0o700 });
      closeSync(openSync(this.path, 'a', 0o600));
      return true;
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      throw new StorageError('STORAGE_UNREACHABLE', `${this.name}: the file cannot be made: ${text}`);
    }
  }

  private failure(failure: SqliteFailure | null): StorageError {
    const { code, text } = failure ?? { code: 0, text: 'no answer' };
    const said = `${this.name}: ${text}`;
    const primary = code & 0xff;
    if (primary === SQLITE.busy || primary === SQLITE.locked) {
      return new StorageError('STORAGE_TIMEOUT', `${said}: another process or statement holds it`);
    }
    if (FILE_FAULTS.has(primary)) return new StorageError('STORAGE_UNREACHABLE', said);
    if (primary === SQLITE.readonly) return new StorageError('STORAGE_DENIED', said);
    if (code === SQLITE_CONSTRAINT_UNIQUE || code === SQLITE_CONSTRAINT_PRIMARYKEY)
      return new StorageError('STORAGE_EXISTS', said);
    if (/^no such table: /.test(text)) return new StorageError('STORAGE_NO_TABLE', said);
    if (/^no such column: /.test(text)) return new StorageError('STORAGE_COLUMN', said);
    return new StorageError('STORAGE_STATEMENT', said);
  }
}
