import { accountProblem } from '../uac/registration/account.ts';
import type { AccountProblem } from '../uac/registration/engine.ts';
import { openDatabase } from './database.ts';
import { StorageError, type StorageErrorCode } from './errors.ts';
import type { DatabaseKind, SqlDatabase } from './sql-database.ts';
import { SECRET_COLUMNS, SUBSCRIBER } from './subscriber-table.ts';
import { checkTableName, columnsOf, tableVersion } from './table-version.ts';
import { openAccountStore } from './uacreg.ts';
import { requiredColumns, UACREG, UACREG_COLUMNS, UACREG_VERSION } from './uacreg-table.ts';

/** Rows that cannot be accounts and are told one by one; the others are counted. */
const TOLD = 100;

const SERVER_VERSION: Readonly<Record<DatabaseKind, string>> = {
  sqlite: "SELECT 'SQLite ' || sqlite_version()",
  mysql: 'SELECT version()',
  postgres: "SELECT 'PostgreSQL ' || current_setting('server_version')",
};

/** What a look at a database of accounts found; null where nothing could be found out. */
export interface DatabaseReport {
  /** URL without user and password. */
  readonly database: string;
  readonly reachable: boolean;
  /** Name and version of the server's software. */
  readonly server: string | null;
  /** Milliseconds that connecting and the first answer took. */
  readonly milliseconds: number | null;
  readonly table: string;
  /** Names of the tables that are there. */
  readonly tables: readonly string[];
  readonly version: number | null;
  /** Columns that the table should have by its version, and lacks. */
  readonly missing: readonly string[];
  /** Columns that are not read. */
  readonly extra: readonly string[];
  /** Columns that only newer versions have; they count as empty. */
  readonly newer: readonly string[];
  readonly accounts: number | null;
  /** Rows that cannot be accounts. */
  readonly unusable: number | null;
  /** The first hundred of them. */
  readonly problems: readonly AccountProblem[];
  /** The table of users; null where there is none. */
  readonly users: SubscriberReport | null;
  /** The first thing that stands in the way of reading accounts. */
  readonly fault: { readonly code: StorageErrorCode; readonly text: string } | null;
}

/** What there is of users of our own (table `subscriber`). */
export interface SubscriberReport {
  readonly count: number;
  /** Columns of secrets that the table has. */
  readonly secrets: readonly string[];
}

type Findings = { -readonly [K in keyof DatabaseReport]: DatabaseReport[K] };

/**
 * Looks at a database of accounts, without changing anything.
 * @param url of the database; a SQLite file that is not there is not made
 * @param table name of the table
 * @returns what it found; what failed is its `fault`
 * @throws StorageError STORAGE_URL, STORAGE_TABLE_NAME
 */
export async function inspectDatabase(url: string, table: string = UACREG): Promise<DatabaseReport> {
  checkTableName(table);
  const database = openDatabase(url, { create: false });
  const findings: Findings = {
    database: database.name,
    reachable: false,
    server: null,
    milliseconds: null,
    table,
    tables: [],
    version: null,
    missing: [],
    extra: [],
    newer: [],
    accounts: null,
    unusable: null,
    problems: [],
    users: null,
    fault: null,
  };
  try {
    await inspect(database, findings);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    findings.fault = { code: error.code, text: error.message };
  } finally {
    await database.close();
  }
  return findings;
}

async function inspect(database: SqlDatabase, findings: Findings): Promise<void> {
  const { table } = findings;
  const begun = performance.now();
  const { rows } = await database.query(SERVER_VERSION[database.kind]);
  findings.server = `${rows[0]?.[0] ?? ''}`;
  findings.milliseconds = Math.round(performance.now() - begun);
  findings.reachable = true;
  findings.users = await lookAtUsers(database);
  const present = new Map<string, readonly string[]>();
  for (const name of new Set(['version', table])) {
    const columns = await columnsIfThere(database, name);
    if (columns !== null) present.set(name, columns);
  }
  findings.tables = [...present.keys()];
  if (present.has('version')) findings.version = await tableVersion(database, table);
  const columns = present.get(table);
  if (columns !== undefined) {
    const required = requiredColumns(findings.version ?? UACREG_VERSION);
    const known = UACREG_COLUMNS.map(({ name }) => name);
    findings.missing = required.filter((name) => !columns.includes(name));
    findings.extra = columns.filter((name) => name !== 'id' && !known.includes(name));
    findings.newer = known.filter((name) => !columns.includes(name) && !required.includes(name));
  }
  // A database of users alone is whole without accounts.
  if (columns === undefined && findings.users !== null) return;
  await countAccounts(database, findings);
}

async function lookAtUsers(database: SqlDatabase): Promise<SubscriberReport | null> {
  const columns = await columnsIfThere(database, SUBSCRIBER);
  if (columns === null) return null;
  const { rows } = await database.query(`SELECT COUNT(*) FROM ${SUBSCRIBER}`);
  return { count: Number(rows[0]?.[0] ?? 0), secrets: SECRET_COLUMNS.filter((name) => columns.includes(name)) };
}

async function columnsIfThere(database: SqlDatabase, table: string): Promise<readonly string[] | null> {
  try {
    return await columnsOf(database, table);
  } catch (error) {
    if (error instanceof StorageError && error.code === 'STORAGE_NO_TABLE') return null;
    throw error;
  }
}

async function countAccounts(database: SqlDatabase, findings: Findings): Promise<void> {
  const problems: AccountProblem[] = [];
  let accounts = 0;
  let unusable = 0;
  await openAccountStore(database, findings.table).readAll((rows) => {
    accounts += rows.length;
    for (const row of rows) {
      const problem = accountProblem(row);
      if (problem === null) continue;
      unusable++;
      if (problems.length < TOLD) problems.push(problem);
    }
  });
  findings.accounts = accounts;
  findings.unusable = unusable;
  findings.problems = problems;
}
