/**
 * The row `auth-db`: the REGISTER of row `auth` with the users in a database, SQLite and PostgreSQL in turn: Kamailio's auth_db, ours with its
 * cache as it is by default, and ours without. A database server's own CPU is nobody's.
 */
import { existsSync } from 'node:fs';
import { openDatabase } from '../src/storage/database.ts';
import type { DatabaseKind } from '../src/storage/sql-database.ts';
import { databaseSkip, startDatabase, type TestDatabase } from '../test/support/databases.ts';
import { measure, type Reading, type Row } from './support/measure.ts';
import type { ServerKind } from './support/server.ts';
import { makeSubscribers } from './support/subscribers.ts';
import { median } from './support/values.ts';

/** What of the command line concerns this row. */
export interface AuthDbRun {
  readonly hasKamailio: boolean;
  readonly rounds: number;
  /** REGISTERs of each run, null for the row's own number. */
  readonly units: number | null;
}

const ROW: Row = {
  name: 'auth-db',
  what: 'REGISTER challenged and verified with a row of a table',
  units: 40_000,
  warmUp: 20_000,
  outstanding: 64,
  budget: 0.7,
  mode: 'auth',
  users: 1000,
};

/** Seconds that auth_db remembers a row by default, and no time. */
const CACHES = { on: 5, off: 0 } as const;

const MODULES: Readonly<Record<'sqlite' | 'postgres', string>> = { sqlite: 'db_sqlite', postgres: 'db_postgres' };
/** Where Debian puts Kamailio's modules. */
const MODULE_FOLDERS = ['/usr/lib/x86_64-linux-gnu/kamailio/modules', '/usr/lib/aarch64-linux-gnu/kamailio/modules'];

function hasModule(name: string): boolean {
  return MODULE_FOLDERS.some((folder) => existsSync(`${folder}/${name}.so`));
}

/** Measures and prints, one line for each database. */
export async function runAuthDbRows(run: AuthDbRun): Promise<void> {
  for (const kind of ['sqlite', 'postgres'] as const) {
    const missing = databaseSkip(kind);
    if (missing !== false) process.stdout.write(`auth-db   ${kind}: ${missing}\n`);
    else await runKind(kind, run);
  }
}

async function runKind(kind: 'sqlite' | 'postgres', run: AuthDbRun): Promise<void> {
  const database = await startDatabase(kind);
  try {
    const url = await urlForBoth(kind, database);
    await makeSubscribers(url, ROW.users ?? 0);
    const one = (server: ServerKind, cache: number): Promise<Reading> =>
      measure(ROW, server, run.units ?? ROW.units, {
        subst: { DB_MODULE: MODULES[kind], DB_URL: url },
        defines: { CACHE_SECONDS: cache },
      });
    const hasKamailio = run.hasKamailio && hasModule(MODULES[kind]);
    const readings: Record<'kamailio' | 'on' | 'off', Reading[]> = { kamailio: [], on: [], off: [] };
    for (let round = 0; round < run.rounds; round++) {
      if (hasKamailio) readings.kamailio.push(await one('kamailio', 0));
      readings.on.push(await one('trunkline', CACHES.on));
      readings.off.push(await one('trunkline', CACHES.off));
    }
    const cost = (list: readonly Reading[]): number => median(list.map((reading) => reading.microseconds));
    const failed = (list: readonly Reading[]): number => list.reduce((sum, reading) => sum + reading.failed, 0);
    const theirs = hasKamailio ? cost(readings.kamailio) : 0;
    const side = (name: string, list: readonly Reading[]): string =>
      `${name} ${cost(list).toFixed(1)} µs${theirs === 0 ? '' : `, ratio ${(cost(list) / theirs).toFixed(2)}`}, failed ${failed(list)}`;
    const kamailio = theirs === 0 ? '' : `kamailio ${theirs.toFixed(1)} µs, failed ${failed(readings.kamailio)}; `;
    process.stdout.write(
      `auth-db   ${kind}, ${ROW.users} users: ${kamailio}${side('trunkline with its cache', readings.on)}; ${side('without', readings.off)}\n`,
    );
  } finally {
    await database.destroy();
  }
}

/** A new database whose URL both read alike: Kamailio takes a password as it stands, so it gets a user with a plain one. */
async function urlForBoth(kind: DatabaseKind, database: TestDatabase): Promise<string> {
  const url = await database.fresh();
  if (kind === 'sqlite') return url;
  const admin = openDatabase(url);
  try {
    await admin.query("CREATE ROLE bench LOGIN SUPERUSER PASSWORD 'bench'");
  } finally {
    await admin.close();
  }
  return url.replace(/\/\/[^/]*@/, '//bench:bench@');
}
