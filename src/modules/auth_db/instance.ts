import type { StoredUser } from '../../auth/subscriber.ts';
import { utf8Bytes } from '../../digest/credentials.ts';
import { L_WARN } from '../../script/log.ts';
import type { FunctionDefinition, ModuleHost, VariableAccess } from '../../script/module-definition.ts';
import { ModuleError, type ModuleParameters } from '../../script/module-definition.ts';
import { fromBytes } from '../../script/utf8.ts';
import { openDatabase } from '../../storage/database.ts';
import { StorageError } from '../../storage/errors.ts';
import type { SqlDatabase } from '../../storage/sql-database.ts';
import { openSubscriberStore } from '../../storage/subscriber.ts';
import type { SubscriberRow, SubscriberStore } from '../../storage/subscriber-store.ts';
import { checkTableName } from '../../storage/table-version.ts';
import type { AuthModule } from '../auth/instance.ts';
import type { UriTable } from '../support/uri-owner.ts';
import { tablesOf } from './calls.ts';

export type AuthDbFunction = FunctionDefinition<AuthDbModule>;

/** A column that is read along with the secrets, and the variable that gets it. */
export interface Loaded {
  readonly column: string;
  readonly variable: VariableAccess;
}

/** Users remembered at most. */
const CACHE_SIZE = 20_000;

interface Cached {
  readonly row: Promise<SubscriberRow | null>;
  /** Monotonic ms. */
  readonly until: number;
}

/** A row that was asked for. */
export interface FoundRow {
  /** Null for an unknown user; rejects with a StorageError. */
  readonly row: Promise<SubscriberRow | null>;
  /** Whether it was read for another request. */
  readonly remembered: boolean;
}

function cacheKey(table: string, user: string, domain: string | null): string {
  return `${table}\n${user}\n${domain ?? ''}`;
}

/** State of one program's auth_db module. */
export class AuthDbModule {
  readonly host: ModuleHost;
  readonly auth: AuthModule;
  readonly clearText: boolean;
  readonly alwaysLoad: boolean;
  readonly loaded: readonly Loaded[];
  readonly database: SqlDatabase;
  private readonly stores = new Map<string, SubscriberStore>();
  /** The table of URIs but for its name, which the script gives. */
  readonly uris: Omit<UriTable, 'table'>;
  readonly columns: {
    readonly user: string;
    readonly domain: string;
    readonly password: string;
    readonly withDomain: string;
    readonly sha256: string;
    readonly sha512t256: string;
  };
  private readonly domains: boolean | null;
  private readonly cacheMs: number;
  private readonly cache = new Map<string, Cached>();
  private stopped = false;
  lookups = 0;
  hits = 0;
  queries = 0;

  /** @throws ModuleError AUTH_DB_TABLE, AUTH_DB_LOAD, AUTH_BAD_PARAMETER, or a STORAGE_ code */
  constructor(host: ModuleHost, parameters: ModuleParameters) {
    this.host = host;
    const auth = host.module<AuthModule>('auth');
    if (auth === null) throw new ModuleError('AUTH_BAD_PARAMETER', 'auth_db needs the module auth: load auth.so');
    this.auth = auth;
    const column = (name: string): string => {
      const text = parameters.str(name);
      try {
        checkTableName(text);
      } catch {
        throw new ModuleError('AUTH_DB_TABLE', `${name} is no name of a column`, name);
      }
      return text;
    };
    this.columns = {
      user: column('user_column'),
      domain: column('domain_column'),
      password: column('password_column'),
      withDomain: column('password_column_2'),
      sha256: column('hash_column_sha256'),
      sha512t256: column('hash_column_sha512t256'),
    };
    this.clearText = parameters.int('calculate_ha1') !== 0;
    this.alwaysLoad = parameters.int('force_generate_avps') !== 0;
    this.domains = parameters.isSet('use_domain') ? parameters.int('use_domain') !== 0 : null;
    const seconds = parameters.int('cache_expire');
    if (seconds < 0 || seconds > 3600) {
      throw new ModuleError('AUTH_BAD_PARAMETER', `cache_expire is ${seconds}, and takes 0 to 3600`, 'cache_expire');
    }
    this.cacheMs = seconds * 1000;
    this.loaded = loadedColumns(host, parameters.str('load_credentials'));
    try {
      this.database = openDatabase(parameters.str('db_url'));
    } catch (error) {
      if (error instanceof StorageError) throw new ModuleError(error.code, error.message, 'db_url');
      throw error;
    }
    this.uris = {
      host,
      module: 'auth_db',
      database: this.database,
      userColumn: column('uri_user_column'),
      domainColumn: column('uri_domain_column'),
      uriUserColumn: column('uri_uriuser_column'),
    };
  }

  /** Whether rows are found by user and domain: OpenSIPS' default, not that of the others. */
  get useDomain(): boolean {
    return this.domains ?? this.auth.flavour === 'opensips';
  }

  /**
   * A user's row, at most cache_expire old; unknown users are remembered as well.
   * @param table as the script names it
   * @param domain null for any
   */
  find(table: string, user: string, domain: string | null): FoundRow {
    const cached = this.cache.get(cacheKey(table, user, domain));
    this.lookups++;
    if (cached !== undefined && cached.until > this.host.clock.now()) {
      this.hits++;
      return { row: cached.row, remembered: true };
    }
    return { row: this.read(table, user, domain), remembered: false };
  }

  /** A user's row as it is now. Rejects with a StorageError. */
  read(table: string, user: string, domain: string | null): Promise<SubscriberRow | null> {
    const key = cacheKey(table, user, domain);
    const now = this.host.clock.now();
    this.queries++;
    const row = this.store(table).then((store) =>
      store.find(fromBytes(user), domain === null ? null : fromBytes(domain), this.wanted),
    );
    this.cache.delete(key);
    if (this.cache.size >= CACHE_SIZE) this.cache.delete(this.cache.keys().next().value ?? '');
    // Requests that come while the database is asked wait for the same answer, even with no cache.
    this.cache.set(key, { row, until: this.cacheMs === 0 ? Number.POSITIVE_INFINITY : now + this.cacheMs });
    const drop = (): void => {
      if (this.cache.get(key)?.row === row) this.cache.delete(key);
    };
    row.then(this.cacheMs === 0 ? drop : () => {}, drop);
    return row;
  }

  /** Looks whether users can be found in the tables that the script names, so that it is told at the start and not by the first phone. */
  async tryTables(): Promise<void> {
    for (const table of tablesOf(this.host.calls)) {
      try {
        const store = await this.store(table);
        await store.find('', this.useDomain ? '' : null, this.wanted);
      } catch (error) {
        if (!(error instanceof StorageError)) throw error;
        if (this.stopped) return;
        this.host.log.write(L_WARN, 'auth_db', `nobody can be let in by ${table} now: ${error.message}`, error.code);
      }
    }
  }

  /** The secrets in a row. */
  secrets(row: SubscriberRow): StoredUser {
    const text = (column: string): string => {
      const value = row.get(column) ?? null;
      return value === null ? '' : utf8Bytes(`${value}`);
    };
    const { password, withDomain, sha256, sha512t256 } = this.columns;
    return {
      password: text(password),
      withDomain: text(withDomain),
      sha256: text(sha256),
      sha512t256: text(sha512t256),
    };
  }

  /** Forgets what was read, of one user or of all. @returns how many rows */
  dropCache(user: string | null): number {
    let dropped = 0;
    for (const key of this.cache.keys()) {
      if (user !== null && key.split('\n')[1] !== user) continue;
      this.cache.delete(key);
      dropped++;
    }
    return dropped;
  }

  get cached(): number {
    return this.cache.size;
  }

  stop(): void {
    this.stopped = true;
    void this.database.close();
  }

  /** Columns that are read of a row. */
  private get wanted(): readonly string[] {
    const { password, withDomain, sha256, sha512t256 } = this.columns;
    return [password, withDomain, sha256, sha512t256, ...this.loaded.map(({ column }) => column)];
  }

  private async store(table: string): Promise<SubscriberStore> {
    let store = this.stores.get(table);
    if (store === undefined) {
      store = openSubscriberStore(this.database, table, this.columns);
      // Names of tables may come from a message; good ones are few.
      if (this.stores.size < 100) this.stores.set(table, store);
    }
    return store;
  }
}

/** `column;variable=column`; a column alone goes to the AVP of its name. @throws ModuleError AUTH_DB_LOAD */
function loadedColumns(host: ModuleHost, text: string): readonly Loaded[] {
  const list: Loaded[] = [];
  for (const part of text.split(/[;|]/)) {
    const entry = part.trim();
    if (entry === '') continue;
    const equals = entry.lastIndexOf('=');
    const column = entry.slice(equals + 1).trim();
    const target = equals < 0 ? column : entry.slice(0, equals).trim();
    try {
      checkTableName(column);
    } catch {
      throw new ModuleError('AUTH_DB_LOAD', `"${column}" is no name of a column`, 'load_credentials');
    }
    const variable = host.variable(target.startsWith('$') ? target : `$avp(${target})`);
    if (typeof variable === 'string') throw new ModuleError('AUTH_DB_LOAD', variable, 'load_credentials');
    if (variable.set === null) {
      throw new ModuleError('AUTH_DB_LOAD', `${variable.text} cannot be written`, 'load_credentials');
    }
    list.push({ column, variable });
  }
  return list;
}
