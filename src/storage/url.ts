import { existsSync } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';
import { Secret } from '../digest/secret.ts';
import { StorageError } from './errors.ts';

/** A SQLite file. */
export interface SqliteAddress {
  readonly kind: 'sqlite';
  /** Absolute path, or `:memory:`. */
  readonly path: string;
  /** For messages. */
  readonly name: string;
}

/** A database of a server. */
export interface ServerAddress {
  readonly kind: 'mysql' | 'postgres';
  /** Empty when {@link socket} is set. */
  readonly host: string;
  readonly port: number;
  /** Path of a Unix socket (for PostgreSQL the folder it is in), or null. */
  readonly socket: string | null;
  readonly user: string;
  readonly password: Secret;
  readonly database: string;
  /** For messages: the URL without user and password. */
  readonly name: string;
}

export type DatabaseAddress = SqliteAddress | ServerAddress;

const FORM = 'sqlite:////path, mysql://user:password@host/database or postgres://user:password@host/database';
const DEFAULT_PORTS = { mysql: 3306, postgres: 5432 } as const;
/** Where the packages of MariaDB, MySQL and PostgreSQL put their sockets. */
const MYSQL_SOCKETS = ['/run/mysqld/mysqld.sock', '/var/lib/mysql/mysql.sock', '/tmp/mysql.sock'];
const POSTGRES_FOLDERS = ['/var/run/postgresql', '/tmp'];

/**
 * Reads a database URL as Kamailio does (`db_url`, `sqlcon`; measured against its 5.6.3):
 * - `sqlite:///path`: relative to the working directory; `sqlite:////path` is absolute. Nothing is percent-decoded.
 * - `mysql://user:password@host[:port]/database`; the host `localhost` without a port is the local socket where there is one, as in MySQL's
 *   own library. A password is taken as it stands, and may hold `@` and `:`.
 * - `postgres://…` in the same form; `postgresql://` is ours. Without a host: the local socket.
 * - ours for both: `user:password@unix(/path)/database`, `[IPv6]` hosts.
 * @param cwd what a relative path of SQLite starts from
 * @throws StorageError STORAGE_URL
 */
export function parseDatabaseUrl(text: string, cwd: string = process.cwd()): DatabaseAddress {
  const [, scheme = '', rest = ''] = /^([A-Za-z][A-Za-z0-9_+.-]*):(.*)$/s.exec(text) ?? [];
  // Only the scheme is shown: everything after it may hold the password.
  if (scheme === '') throw new StorageError('STORAGE_URL', `a database URL begins with its kind, such as ${FORM}`);
  switch (scheme) {
    case 'sqlite':
      return sqliteAddress(rest, cwd);
    case 'mysql':
      return serverAddress('mysql', scheme, rest);
    case 'postgres':
    case 'postgresql':
      return serverAddress('postgres', scheme, rest);
    default:
      throw new StorageError('STORAGE_URL', `databases of kind "${scheme}" are not supported: use ${FORM}`);
  }
}

function sqliteAddress(rest: string, cwd: string): SqliteAddress {
  if (rest === '::memory:' || rest === '///:memory:')
    return { kind: 'sqlite', path: ':memory:', name: 'sqlite::memory:' };
  const [, written = ''] = /^\/\/\/([^\x00-\x1f]+)$/.exec(rest) ?? [];
  if (written === '') {
    throw new StorageError('STORAGE_URL', 'a SQLite URL is sqlite:////absolute/path or sqlite:///path/from/here');
  }
  const path = sqlitePath(written, cwd);
  return { kind: 'sqlite', path, name: `sqlite:///${path}` };
}

/**
 * `sqlite:///var/lib/x.db` is a relative path to Kamailio, and works there because a daemon's working directory is `/`. So that it works
 * wherever the server was started, a path whose folder is not here but is there is taken from there.
 */
function sqlitePath(written: string, cwd: string): string {
  if (isAbsolute(written)) return resolve(written);
  const here = resolve(cwd, written);
  const fromRoot = resolve('/', written);
  return written.includes('/') && !existsSync(dirname(here)) && existsSync(dirname(fromRoot)) ? fromRoot : here;
}

function serverAddress(kind: ServerAddress['kind'], scheme: string, rest: string): ServerAddress {
  const match =
    /^\/\/(?:(?<user>[^:@/]*)(?::(?<password>.*))?@)?(?<host>unix\([^()]+\)|\[[0-9A-Fa-f:.]+\]|[^:@/[\]()]*)(?::(?<port>\d+))?\/(?<database>[^/@?#\s]+)$/.exec(
      rest,
    );
  const parts = match?.groups;
  if (parts === undefined) {
    throw new StorageError('STORAGE_URL', `the URL is not of the form ${scheme}://user:password@host[:port]/database`);
  }
  const { user = '', password = '', host = '', port, database = '' } = parts;
  const number = port === undefined ? DEFAULT_PORTS[kind] : Number(port);
  if (number < 1 || number > 65535) throw new StorageError('STORAGE_URL', `the URL’s port ${number} is none`);
  const socket = socketOf(kind, host, port);
  const shown = `${kind}://${host === '' ? 'localhost' : host}${port === undefined ? '' : `:${port}`}/${database}`;
  return {
    kind,
    host: socket === null ? host.replace(/^\[|\]$/g, '') || 'localhost' : '',
    port: number,
    socket,
    user,
    password: new Secret(password),
    database,
    name: shown,
  };
}

function socketOf(kind: ServerAddress['kind'], host: string, port: string | undefined): string | null {
  const named = /^unix\((.+)\)$/.exec(host)?.[1];
  if (named !== undefined) return kind === 'postgres' ? named.replace(/\/\.s\.PGSQL\.\d+$/, '') : named;
  if (port !== undefined) return null;
  if (kind === 'mysql')
    return host === '' || host === 'localhost' ? (MYSQL_SOCKETS.find((path) => existsSync(path)) ?? null) : null;
  return host === '' ? (POSTGRES_FOLDERS.find((path) => existsSync(`${path}/.s.PGSQL.5432`)) ?? null) : null;
}
