import type { SqlResult, SqlValue } from './sql-database.ts';

/** What the thread of a SQLite file is made with. */
export interface SqliteWorkerData {
  readonly path: string;
  /** Milliseconds to wait for another process's lock. */
  readonly busyTimeout: number;
  /** The file was made just now: it gets a write-ahead log. */
  readonly fresh: boolean;
}

/** An order to the thread; each is answered once, in the order given. */
export type SqliteRequest =
  | { readonly id: number; readonly type: 'query'; readonly sql: string; readonly parameters: readonly SqlValue[] }
  | { readonly id: number; readonly type: 'open'; readonly sql: string; readonly chunk: number }
  /** The next rows of the query that `open` with the id `stream` began. */
  | { readonly id: number; readonly type: 'next'; readonly stream: number }
  | { readonly id: number; readonly type: 'end'; readonly stream: number };

/** Rows of a stream; `done` when there are no more. */
export interface SqliteChunk {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly SqlValue[])[];
  readonly done: boolean;
}

/** What SQLite said; https://www.sqlite.org/rescode.html */
export interface SqliteFailure {
  /** Extended result code, 0 when it is none of SQLite's. */
  readonly code: number;
  readonly text: string;
}

export type SqliteReply =
  | { readonly id: number; readonly result: SqlResult }
  | { readonly id: number; readonly chunk: SqliteChunk }
  | { readonly id: number; readonly failure: SqliteFailure };
