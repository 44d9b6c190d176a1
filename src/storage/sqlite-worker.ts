/**
 * The thread that a SQLite file is used in: node:sqlite works synchronously, and a slow disk or another process's lock must not stop the
 * server's messages.
 */
import { DatabaseSync, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import type { SqlResult, SqlValue } from './sql-database.ts';
import { bytesText } from './sql-values.ts';
import type { SqliteChunk, SqliteFailure, SqliteReply, SqliteRequest, SqliteWorkerData } from './sqlite-protocol.ts';

/** With setReturnArrays() a row is an array, which the types of node:sqlite do not say. */
type ArrayRows = Iterator<readonly SQLOutputValue[]>;

interface OpenStream {
  readonly columns: readonly string[];
  readonly rows: ArrayRows;
  readonly chunk: number;
}

const { path, busyTimeout, fresh } = workerData as SqliteWorkerData;
const streams = new Map<number, OpenStream>();
let database: DatabaseSync | null = null;

/** Opened with the first statement, and again with the next one when that failed. */
function open(): DatabaseSync {
  if (database === null) {
    // The two settings are SQLite's own defaults, which Kamailio's scripts are used to; node:sqlite has others.
    database = new DatabaseSync(path, {
      timeout: busyTimeout,
      enableForeignKeyConstraints: false,
      enableDoubleQuotedStringLiterals: true,
    });
    if (fresh) database.exec('PRAGMA journal_mode = WAL');
  }
  return database;
}

function plain(value: SQLOutputValue): SqlValue {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value.toString();
  }
  return value instanceof Uint8Array ? bytesText(value) : value;
}

/** node:sqlite binds every number as a floating one, of which a text column makes "5.0". */
function bound(value: SqlValue): SqlValue | bigint {
  return typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value;
}

function prepare(sql: string): StatementSync {
  const statement = open().prepare(sql);
  statement.setReadBigInts(true);
  statement.setReturnArrays(true);
  return statement;
}

/** Row by row, so that ending this thread ends a long query. */
function rowsOf(statement: StatementSync, parameters: readonly SqlValue[]): ArrayRows {
  return statement.iterate(...parameters.map(bound)) as unknown as ArrayRows;
}

function query(sql: string, parameters: readonly SqlValue[]): SqlResult {
  const statement = prepare(sql);
  const columns = statement.columns().map(({ name }) => name);
  if (columns.length === 0) {
    const { changes } = statement.run(...parameters.map(bound));
    return { columns, rows: [], affected: Number(changes) };
  }
  const rows: SqlValue[][] = [];
  const source = rowsOf(statement, parameters);
  for (let row = source.next(); row.done !== true; row = source.next()) rows.push(row.value.map(plain));
  return { columns, rows, affected: 0 };
}

function next({ columns, rows: source, chunk }: OpenStream): SqliteChunk {
  const rows: SqlValue[][] = [];
  while (rows.length < chunk) {
    const row = source.next();
    if (row.done === true) return { columns, rows, done: true };
    rows.push(row.value.map(plain));
  }
  return { columns, rows, done: false };
}

function perform(request: SqliteRequest): SqliteReply {
  const { id } = request;
  switch (request.type) {
    case 'query':
      return { id, result: query(request.sql, request.parameters) };
    case 'open': {
      const statement = prepare(request.sql);
      const columns = statement.columns().map(({ name }) => name);
      streams.set(id, { columns, rows: rowsOf(statement, []), chunk: request.chunk });
      return { id, chunk: { columns, rows: [], done: false } };
    }
    case 'next': {
      const stream = streams.get(request.stream);
      const chunk = stream === undefined ? { columns: [], rows: [], done: true } : next(stream);
      if (chunk.done) streams.delete(request.stream);
      return { id, chunk };
    }
    case 'end':
      // Ending the iterator resets the statement, which lets go of the file's lock.
      streams.get(request.stream)?.rows.return?.();
      streams.delete(request.stream);
      return { id, chunk: { columns: [], rows: [], done: true } };
  }
}

function failureOf(error: unknown): SqliteFailure {
  if (!(error instanceof Error)) return { code: 0, text: String(error) };
  const code: unknown = 'errcode' in error ? error.errcode : 0;
  return { code: typeof code === 'number' ? code : 0, text: error.message };
}

parentPort?.on('message', (request: SqliteRequest) => {
  let reply: SqliteReply;
  try {
    reply = perform(request);
  } catch (error) {
    reply = { id: request.id, failure: failureOf(error) };
  }
  parentPort?.postMessage(reply);
});
