import { utf8Bytes } from '../../digest/credentials.ts';
import type { ScriptContext } from '../../script/context.ts';
import { ModuleError, type ModuleHost } from '../../script/module-definition.ts';
import type { Value } from '../../script/values.ts';
import { openDatabase } from '../../storage/database.ts';
import { StorageError } from '../../storage/errors.ts';
import type { SqlDatabase, SqlResult, SqlValue } from '../../storage/sql-database.ts';
import { failure } from '../support/failure.ts';

/** Statements of sql_query_async() that may be under way at once; a database that hangs must not fill the memory. */
const MOST_ASYNC = 1000;

/** The connections of a program by the names that scripts use, and what gives them up. */
interface Connections {
  readonly connections: ReadonlyMap<string, SqlDatabase>;
  readonly releases: readonly (() => void)[];
}

/** The module's state. */
export interface SqlopsModule extends Connections {
  readonly host: ModuleHost;
  /** Statements of sql_query_async() under way. */
  pending: number;
}

/** What sql_query() left for `$dbr`, with texts as scripts have them: one character a byte. */
export interface ScriptResult {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Value[])[];
}

/** What one run of a script has asked: its results by name, and the rows each connection's last statement concerned. */
interface Asked {
  readonly results: Map<string, ScriptResult>;
  readonly rows: Map<string, number>;
}

const ASKED = Symbol('sqlops');

/** Results live as long as the run that made them: two calls never see each other's. */
export function asked(ctx: ScriptContext): Asked {
  const found = ctx.cached<Asked>(ASKED);
  if (found !== undefined) return found;
  const fresh: Asked = { results: new Map(), rows: new Map() };
  ctx.setCached(ASKED, fresh);
  return fresh;
}

/**
 * Opens the connections of `sqlcon`, each `name=>url`, or goes on with those of the program before.
 * @throws ModuleError SQLOPS_CONNECTION, or a STORAGE_ code; nothing stays open then
 */
export function openConnections({ keep }: ModuleHost, declarations: readonly (string | number)[]): Connections {
  const connections = new Map<string, SqlDatabase>();
  const releases: (() => void)[] = [];
  try {
    for (const declaration of declarations) openConnection(keep, `${declaration}`, connections, releases);
  } catch (error) {
    for (const release of releases) release();
    throw error;
  }
  return { connections, releases };
}

function openConnection(
  keep: ModuleHost['keep'],
  declaration: string,
  connections: Map<string, SqlDatabase>,
  releases: (() => void)[],
): void {
  const [, name = '', url = ''] = /^\s*([^\s=>]+)\s*=>\s*(.*?)\s*$/s.exec(declaration) ?? [];
  // The URL may hold a password: only the name is told.
  if (name === '' || url === '') {
    throw new ModuleError('SQLOPS_CONNECTION', 'a connection is declared as "name=>url"', 'sqlcon');
  }
  if (connections.has(name)) throw new ModuleError('SQLOPS_CONNECTION', `connection ${name} is there twice`, 'sqlcon');
  try {
    const { value, release } = keep.take(
      `sqlops ${url}`,
      () => openDatabase(url),
      (database) => void database.close(),
    );
    connections.set(name, value);
    releases.push(release);
  } catch (error) {
    if (error instanceof StorageError)
      throw new ModuleError(error.code, `connection ${name}: ${error.message}`, 'sqlcon');
    throw error;
  }
}

function scriptValue(value: SqlValue): Value {
  if (typeof value === 'string') return utf8Bytes(value);
  // The script's numbers are whole ones.
  return value === null || Number.isSafeInteger(value) ? value : `${value}`;
}

function scriptResult({ columns, rows }: SqlResult): ScriptResult {
  // A result without rows has no columns either, as the original's.
  if (rows.length === 0) return { columns: [], rows: [] };
  return { columns: columns.map(utf8Bytes), rows: rows.map((row) => row.map(scriptValue)) };
}

/**
 * Runs one statement of a script.
 * @param name the function, for the log
 * @param sql the statement, one character a byte
 * @returns its result, or null after logging why there is none. The statement itself is not logged: it may hold passwords
 */
export async function ask(
  m: SqlopsModule,
  ctx: ScriptContext,
  name: string,
  connection: string,
  sql: string,
): Promise<ScriptResult | null> {
  const database = m.connections.get(connection);
  if (database === undefined) {
    failure(m.host.log, 'sqlops', `${name}: no connection ${connection}`, 'SQLOPS_UNKNOWN_CONNECTION');
    return null;
  }
  try {
    const result = await database.query(Buffer.from(sql, 'latin1').toString('utf8'));
    asked(ctx).rows.set(connection, result.columns.length > 0 ? result.rows.length : result.affected);
    return scriptResult(result);
  } catch (error) {
    report(m, name, connection, error);
    return null;
  }
}

function report(m: SqlopsModule, name: string, connection: string, error: unknown): void {
  if (!(error instanceof StorageError)) throw error;
  failure(m.host.log, 'sqlops', `${name}: connection ${connection}: ${error.message}`, error.code);
}

/**
 * sql_query_async(): starts a statement that nobody waits for.
 * @returns false after logging why not
 */
export function askLater(m: SqlopsModule, connection: string, sql: string): boolean {
  const name = 'sql_query_async';
  const database = m.connections.get(connection);
  if (database === undefined) {
    failure(m.host.log, 'sqlops', `${name}: no connection ${connection}`, 'SQLOPS_UNKNOWN_CONNECTION');
    return false;
  }
  if (m.pending >= MOST_ASYNC) {
    failure(m.host.log, 'sqlops', `${name}: ${m.pending} statements are under way already`, 'SQLOPS_ASYNC_FULL');
    return false;
  }
  m.pending++;
  database
    .query(Buffer.from(sql, 'latin1').toString('utf8'))
    .catch((error: unknown) => report(m, name, connection, error))
    .finally(() => {
      m.pending--;
    });
  return true;
}

/** connect_mode 0: says at once what cannot be reached. The server starts all the same, and each statement tries again. */
export function probe(m: SqlopsModule): void {
  for (const [connection, database] of m.connections) {
    database.query('SELECT 1').catch((error: unknown) => report(m, 'start', connection, error));
  }
}
