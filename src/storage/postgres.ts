import type { Pool, PoolClient, QueryArrayResult } from 'pg';
import { type Call, Calls } from './calls.ts';
import { postgresDriver } from './drivers.ts';
import { StorageError, type StorageErrorCode } from './errors.ts';
import { numberedPlaceholders } from './placeholders.ts';
import { PoolChoice } from './pool-choice.ts';
import type { SqlDatabase, SqlResult, SqlValue } from './sql-database.ts';
import { bytesText, exactNumber } from './sql-values.ts';
import type { ServerAddress } from './url.ts';

/** Types whose text is not the value (pg_type.dat, column oid). */
const OID = {
  bool: 16,
  bytea: 17,
  int8: 20,
  int2: 21,
  int4: 23,
  oid: 26,
  float4: 700,
  float8: 701,
  numeric: 1700,
} as const;
const NUMBERS: ReadonlySet<number> = new Set([
  OID.int8,
  OID.int2,
  OID.int4,
  OID.oid,
  OID.float4,
  OID.float8,
  OID.numeric,
]);

/** SQLSTATE codes (PostgreSQL manual, appendix A), the longest prefix wins. */
const STATES: readonly (readonly [prefix: string, code: StorageErrorCode])[] = [
  ['42P01', 'STORAGE_NO_TABLE'],
  ['42703', 'STORAGE_COLUMN'],
  ['23505', 'STORAGE_EXISTS'],
  ['57014', 'STORAGE_TIMEOUT'],
  ['57P', 'STORAGE_UNREACHABLE'],
  ['28', 'STORAGE_DENIED'],
  ['3D000', 'STORAGE_DENIED'],
  ['42501', 'STORAGE_DENIED'],
  ['08', 'STORAGE_UNREACHABLE'],
  ['53', 'STORAGE_UNREACHABLE'],
];

/** A PostgreSQL database: a pool of connections that are opened when needed. */
export class PostgresDatabase implements SqlDatabase {
  readonly kind = 'postgres';
  readonly name: string;
  private readonly pools: PoolChoice<Pool, PoolClient>;
  private readonly calls: Calls;
  private ended: Promise<void> | null = null;

  /**
   * @param timeout milliseconds that connecting or one statement may take
   * @param connections at once
   */
  constructor(address: ServerAddress, timeout: number, connections: number) {
    this.name = address.name;
    this.calls = new Calls(address.name, timeout);
    this.pools = new PoolChoice<Pool, PoolClient>({
      make: (tls) => makePool(address, timeout, connections, tls),
      take: (pool) => pool.connect(),
      drop: (client) => client.release(true),
      end: (pool) => {
        pool.end().catch(() => {});
      },
      // invalid_authorization_specification: "no pg_hba.conf entry for …, no encryption".
      mayWantTls: (error) => error instanceof Error && 'code' in error && error.code === '28000',
    });
  }

  query(sql: string, parameters: readonly SqlValue[] = []): Promise<SqlResult> {
    return this.withClient(async (client) => {
      const text = parameters.length === 0 ? sql : numberedPlaceholders(sql);
      const result = await client.query({ text, values: [...parameters], rowMode: 'array' });
      // Several statements in one text give several results; the last one counts, as in Kamailio.
      return resultOf(Array.isArray(result) ? result.at(-1) : result);
    });
  }

  stream(
    sql: string,
    chunk: number,
    take: (columns: readonly string[], rows: readonly (readonly SqlValue[])[]) => void | Promise<void>,
  ): Promise<void> {
    return this.withClient(async (client, call) => {
      await client.query('BEGIN READ ONLY');
      let failed = true;
      try {
        await client.query(`DECLARE rows NO SCROLL CURSOR FOR ${sql}`);
        while (!call.over) {
          const { columns, rows } = resultOf(
            await client.query({ text: `FETCH FORWARD ${Math.trunc(chunk)} FROM rows`, rowMode: 'array' }),
          );
          call.pause();
          if (rows.length > 0) await take(columns, rows);
          call.resume();
          if (rows.length < chunk) break;
        }
        failed = false;
      } finally {
        // After a failure the connection may be gone, and the error to tell is the first one.
        if (!call.over) await client.query(failed ? 'ROLLBACK' : 'COMMIT').catch(() => {});
      }
    });
  }

  close(): Promise<void> {
    this.calls.close();
    this.ended ??= this.pools.current.end().catch(() => {});
    return this.ended;
  }

  private withClient<T>(work: (client: PoolClient, call: Call) => Promise<T>): Promise<T> {
    return this.calls.run(async (call) => {
      let client: PoolClient;
      try {
        client = await this.pools.connect();
      } catch (error) {
        throw this.failure(error);
      }
      let held = true;
      const release = (broken: boolean): void => {
        if (!held) return;
        held = false;
        client.release(broken);
      };
      if (call.over) {
        release(false);
        throw new StorageError('STORAGE_TIMEOUT', `${this.name} had no free connection in time`);
      }
      call.abandon = () => release(true);
      try {
        const result = await work(client, call);
        release(false);
        return result;
      } catch (error) {
        const known = this.failure(error);
        release(known instanceof StorageError && known.code === 'STORAGE_UNREACHABLE');
        throw known;
      }
    });
  }

  /** A driver's error in our words; what is none (thrown by a caller's function) goes on as it is. */
  private failure(error: unknown): unknown {
    if (!(error instanceof Error) || error instanceof StorageError) return error;
    const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
    const said = `${this.name}: ${error.message === '' ? code : error.message}`;
    const state = STATES.find(([prefix]) => code.startsWith(prefix))?.[1];
    if (state !== undefined) return new StorageError(state, said);
    if (/^[0-9A-Z]{5}$/.test(code) && 'severity' in error) return new StorageError('STORAGE_STATEMENT', said);
    if (/^E[A-Z_]+$/.test(code) || /connection|terminated|timeout|not queryable/i.test(error.message)) {
      return new StorageError('STORAGE_UNREACHABLE', said);
    }
    return error;
  }
}

function resultOf(result: QueryArrayResult<unknown[]> | undefined): SqlResult {
  if (result === undefined) return { columns: [], rows: [], affected: 0 };
  const { fields, command, rowCount } = result;
  const types = fields.map(({ dataTypeID }) => dataTypeID);
  return {
    columns: fields.map(({ name }) => name),
    rows: result.rows.map((row) => row.map((value, index) => sqlValue(types[index] ?? 0, value))),
    affected: /^(?:INSERT|UPDATE|DELETE|MERGE)$/.test(command ?? '') ? (rowCount ?? 0) : 0,
  };
}

function sqlValue(type: number, value: unknown): SqlValue {
  if (value === null || value === undefined) return null;
  const text = String(value);
  if (NUMBERS.has(type)) return exactNumber(text);
  if (type === OID.bool) return text === 't' ? 1 : 0;
  // `\x` and hexadecimal digits (bytea_output's default).
  if (type === OID.bytea && text.startsWith('\\x')) return bytesText(Buffer.from(text.slice(2), 'hex'));
  return text;
}

function makePool(address: ServerAddress, timeout: number, connections: number, tls: boolean): Pool {
  const pool = new (postgresDriver().Pool)({
    host: address.socket ?? address.host,
    port: address.port,
    user: address.user === '' ? undefined : address.user,
    password: address.password.reveal(),
    database: address.database,
    max: connections,
    connectionTimeoutMillis: timeout,
    // So that the server gives up too what nobody waits for any more.
    statement_timeout: timeout,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    allowExitOnIdle: true,
    application_name: 'trunkline',
    // Values as the server writes them: what is exact as a number is decided here.
    types: { getTypeParser: () => (text: string) => text },
    ssl: tls ? { rejectUnauthorized: false } : false,
  });
  // An idle connection broke; the pool forgets it, and the next statement opens another.
  pool.on('error', () => {});
  // Errors come back through the statements; a late one, of a connection that is being closed, must not end the process.
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}
