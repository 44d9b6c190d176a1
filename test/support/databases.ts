/**
 * Databases for tests: a SQLite file, and private servers of PostgreSQL and MariaDB in a folder of their own, on a port of their own, which
 * tests may end, hang and start again as they like. TRUNKLINE_TEST_POSTGRES and TRUNKLINE_TEST_MYSQL name a running server instead
 * (a URL with the right to create databases); what would disturb it is skipped then.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../../src/storage/database.ts';
import type { DatabaseKind } from '../../src/storage/sql-database.ts';
import { peer } from './peers.ts';
import { freePort } from './ports.ts';
import { sleep } from './servers.ts';

/** User and password of the private servers; the password has what a URL might stumble over. */
const USER = 'trunk';
const PASSWORD = 'p@ss:w%41rd';

/** Where tests put their tables. */
export interface TestDatabase {
  readonly kind: DatabaseKind;
  /** False when {@link TestDatabase.server} can be played with. */
  readonly foreign: boolean;
  /** The private server; null for SQLite and for servers of others. */
  readonly server: PrivateServer | null;
  /** URL of a new, empty database. */
  fresh(): Promise<string>;
  /** Ends the server and removes what it left. */
  destroy(): Promise<void>;
}

const living = new Set<PrivateServer>();
process.on('exit', () => {
  for (const server of living) server.killNow();
});

/** How one kind of server is made and started. */
interface ServerRecipe {
  readonly kind: 'postgres' | 'mysql';
  /** User that runs it when the tests are root's. */
  readonly account: string;
  readonly prepare: readonly (readonly string[])[];
  readonly run: readonly string[];
  readonly stopSignal: NodeJS.Signals;
}

/** A server that belongs to one test file. */
export class PrivateServer {
  readonly port: number;
  private readonly recipe: ServerRecipe;
  private readonly identity: { readonly uid?: number; readonly gid?: number };
  /** URL of the database that is there from the start. */
  private readonly admin: string;
  private child: ChildProcess | null = null;
  private output = '';

  constructor(
    recipe: ServerRecipe,
    port: number,
    admin: string,
    identity: { readonly uid?: number; readonly gid?: number },
  ) {
    this.recipe = recipe;
    this.admin = admin;
    this.port = port;
    this.identity = identity;
    living.add(this);
  }

  /** Makes the files of the server. */
  async prepare(): Promise<void> {
    for (const words of this.recipe.prepare) {
      const child = this.spawn(words);
      const code = await ended(child);
      if (code !== 0) throw new Error(`${words[0]} failed:\n${this.output}`);
    }
  }

  /** Starts it and waits until it answers: its port is open some time before. */
  async start(): Promise<void> {
    const child = this.spawn(this.recipe.run);
    this.child = child;
    const deadline = Date.now() + 20_000;
    while (!(await answers(this.admin))) {
      if (child.exitCode !== null || Date.now() > deadline) throw new Error(`no server:\n${this.output.slice(-3000)}`);
      await sleep(25);
    }
  }

  /** Ends it as an administrator would. */
  async stop(): Promise<void> {
    const { child } = this;
    if (child === null) return;
    this.resume();
    child.kill(this.recipe.stopSignal);
    const force = setTimeout(() => this.killNow(), 8_000);
    await ended(child);
    clearTimeout(force);
    this.child = null;
  }

  /** Ends it as a power failure would. */
  async kill(): Promise<void> {
    const { child } = this;
    if (child === null) return;
    this.killNow();
    await ended(child);
    this.child = null;
  }

  killNow(): void {
    this.signal('SIGKILL');
  }

  /** Stands still: it neither answers nor closes its connections. */
  hang(): void {
    this.signal('SIGSTOP');
  }

  resume(): void {
    this.signal('SIGCONT');
  }

  forget(): void {
    living.delete(this);
  }

  /** To the server and the processes it started. */
  private signal(signal: NodeJS.Signals): void {
    const pid = this.child?.pid;
    if (pid === undefined || this.child?.exitCode !== null) return;
    for (const one of [...childrenOf(pid), pid]) {
      try {
        process.kill(one, signal);
      } catch {
        // It has ended meanwhile.
      }
    }
  }

  private spawn([program = '', ...words]: readonly string[]): ChildProcess {
    const child = spawn(program, words, {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: '/',
      // The tests' own names of servers and users must not reach PostgreSQL's programs.
      env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' },
      ...this.identity,
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (data: Buffer) => {
        this.output += data.toString('utf8');
      });
    }
    return child;
  }
}

function ended(child: ChildProcess): Promise<number> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode ?? -1);
  return new Promise((resolve) => {
    child.once('exit', (code) => resolve(code ?? -1));
    child.once('error', () => resolve(-1));
  });
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        return readFileSync(`/proc/${name}/stat`, 'latin1')
          .replace(/^.*\) . /, '')
          .startsWith(`${parent} `);
      } catch {
        return false;
      }
    })
    .map(Number);
}

async function answers(url: string): Promise<boolean> {
  const database = openDatabase(url, { timeout: 2000 });
  try {
    await database.query('SELECT 1');
    return true;
  } catch {
    return false;
  } finally {
    await database.close();
  }
}

/** A program of a database server, or null. */
function findProgram(name: string, directories: readonly string[]): string | null {
  for (const directory of directories) {
    const path = join(directory, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not there.
    }
  }
  return null;
}

const system = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/local/sbin'];

function postgresFolders(): readonly string[] {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).toSorted((a, b) => Number(b) - Number(a)) : [];
  return [...versions.map((version) => join(root, version, 'bin')), ...system];
}

const programs = {
  postgres: findProgram('postgres', postgresFolders()),
  initdb: findProgram('initdb', postgresFolders()),
  mariadbd: findProgram('mariadbd', system),
  mariadbInstall: findProgram('mariadb-install-db', system),
};

/** Why tests of a kind cannot run, for node:test's `skip`; false when they can. */
export function databaseSkip(kind: DatabaseKind): string | false {
  if (kind === 'postgres' && process.env.TRUNKLINE_TEST_POSTGRES === undefined) {
    if (programs.postgres === null || programs.initdb === null)
      return 'postgres is not installed (Debian package postgresql)';
  }
  if (kind === 'mysql' && process.env.TRUNKLINE_TEST_MYSQL === undefined) {
    if (programs.mariadbd === null || programs.mariadbInstall === null)
      return 'mariadbd is not installed (Debian package mariadb-server)';
  }
  return false;
}

/**
 * A place for the databases of one test file.
 * @param tls makes a private server that takes connections with TLS only; needs openssl
 */
export async function startDatabase(kind: DatabaseKind, tls = false): Promise<TestDatabase> {
  const directory = mkdtempSync(join(tmpdir(), `trunkline-${kind}-`));
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  if (kind === 'sqlite') {
    let count = 0;
    return {
      kind,
      foreign: false,
      server: null,
      fresh: () => Promise.resolve(`sqlite:///${join(directory, `${++count}.db`)}`),
      destroy: () => Promise.resolve(remove()),
    };
  }
  const given = process.env[kind === 'postgres' ? 'TRUNKLINE_TEST_POSTGRES' : 'TRUNKLINE_TEST_MYSQL'];
  if (given !== undefined && !tls) {
    return { kind, foreign: true, server: null, fresh: freshOn(given), destroy: () => Promise.resolve(remove()) };
  }
  const port = await freePort();
  chmodSync(directory, 0o755);
  const plain = kind === 'postgres' ? postgresRecipe(directory, port) : mariadbRecipe(directory, port);
  const recipe = tls ? { ...plain, run: [...plain.run, ...tlsSettings(kind, directory)] } : plain;
  const identity = identityFor(recipe.account);
  if (identity.uid !== undefined && identity.gid !== undefined) {
    for (const path of [directory, ...readdirSync(directory).map((name) => join(directory, name))])
      chownSync(path, identity.uid, identity.gid);
  }
  const admin =
    kind === 'postgres'
      ? `postgres://${USER}:${PASSWORD}@127.0.0.1:${port}/postgres`
      : `mysql://${USER}:${PASSWORD}@127.0.0.1:${port}/mysql`;
  const server = new PrivateServer(recipe, port, admin, identity);
  const destroy = async (): Promise<void> => {
    await server.stop();
    server.forget();
    remove();
  };
  try {
    await server.prepare();
    await server.start();
  } catch (error) {
    await destroy();
    throw error;
  }
  return { kind, foreign: false, server, fresh: freshOn(admin), destroy };
}

/** A certificate of its own, and settings by which nobody gets in without TLS. */
function tlsSettings(kind: 'postgres' | 'mysql', directory: string): readonly string[] {
  const key = join(directory, 'server.key');
  const certificate = join(directory, 'server.crt');
  execFileSync(
    peer('openssl').path,
    [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=test'],
      ...['-keyout', key, '-out', certificate],
    ],
    { stdio: 'pipe' },
  );
  chmodSync(key, 0o600);
  if (kind === 'mysql') return [`--ssl-key=${key}`, `--ssl-cert=${certificate}`, '--require-secure-transport=ON'];
  const rules = join(directory, 'hba.conf');
  writeFileSync(rules, 'hostssl all all 127.0.0.1/32 scram-sha-256\n');
  const settings = ['ssl=on', `ssl_key_file=${key}`, `ssl_cert_file=${certificate}`, `hba_file=${rules}`];
  return settings.flatMap((setting) => ['-c', setting]);
}

let counter = 0;

function freshOn(admin: string): () => Promise<string> {
  return async () => {
    const name = `trunkline_test_${process.pid}_${++counter}`;
    const database = openDatabase(admin);
    try {
      await database.query(`CREATE DATABASE ${name}`);
    } finally {
      await database.close();
    }
    return admin.replace(/[^/]+$/, name);
  };
}

/** Database servers refuse to run as root. */
function identityFor(account: string): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((one) => one.startsWith(`${account}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (uid === undefined || gid === undefined) throw new Error(`there is no user ${account}`);
  return { uid: Number(uid), gid: Number(gid) };
}

function postgresRecipe(directory: string, port: number): ServerRecipe {
  const data = join(directory, 'data');
  const passwordFile = join(directory, 'password');
  writeFileSync(passwordFile, `${PASSWORD}\n`);
  const fast = [
    'fsync=off',
    'synchronous_commit=off',
    'full_page_writes=off',
    'shared_buffers=16MB',
    'max_wal_senders=0',
  ];
  return {
    kind: 'postgres',
    account: 'postgres',
    prepare: [
      [
        programs.initdb ?? 'initdb',
        ...[
          '-D',
          data,
          '-U',
          USER,
          '--pwfile',
          passwordFile,
          '-A',
          'scram-sha-256',
          '-E',
          'UTF8',
          '--no-locale',
          '--no-sync',
        ],
      ],
    ],
    run: [
      programs.postgres ?? 'postgres',
      ...['-D', data, '-k', directory, '-h', '127.0.0.1', '-p', `${port}`],
      ...fast.flatMap((setting) => ['-c', setting]),
    ],
    stopSignal: 'SIGINT',
  };
}

function mariadbRecipe(directory: string, port: number): ServerRecipe {
  const data = join(directory, 'data');
  const users = join(directory, 'users.sql');
  mkdirSync(join(directory, 'tmp'));
  writeFileSync(
    users,
    `CREATE USER IF NOT EXISTS '${USER}'@'%' IDENTIFIED BY '${PASSWORD}';\nGRANT ALL ON *.* TO '${USER}'@'%' WITH GRANT OPTION;\n`,
  );
  const common = [
    '--no-defaults',
    `--datadir=${data}`,
    `--tmpdir=${join(directory, 'tmp')}`,
    '--innodb-log-file-size=8M',
  ];
  return {
    kind: 'mysql',
    account: 'mysql',
    prepare: [
      [
        programs.mariadbInstall ?? 'mariadb-install-db',
        ...common,
        ...['--auth-root-authentication-method=normal', '--skip-test-db', '--force', '--skip-name-resolve'],
        ...['--innodb-flush-method=nosync', '--innodb-doublewrite=0'],
      ],
    ],
    run: [
      programs.mariadbd ?? 'mariadbd',
      ...common,
      ...[`--port=${port}`, '--bind-address=127.0.0.1', `--socket=${join(directory, 's')}`],
      ...[`--pid-file=${join(directory, 'pid')}`, `--init-file=${users}`, '--skip-name-resolve'],
      ...['--innodb-flush-log-at-trx-commit=0', '--innodb-flush-method=nosync', '--innodb-buffer-pool-size=32M'],
      ...['--innodb-doublewrite=0', '--performance-schema=OFF', '--character-set-server=utf8mb4'],
    ],
    stopSignal: 'SIGTERM',
  };
}
