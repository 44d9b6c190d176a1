import type { FieldPacket, Pool, PoolConnection, ResultSetHeader } from 'mysql2';
import { type Call, Calls } from './calls.ts';
import { mysqlDriver } from './drivers.ts';
import { StorageError, type StorageErrorCode } from './errors.ts';
import { PoolChoice } from './pool-choice.ts';
import type { SqlDatabase, SqlResult, SqlValue } from './sql-database.ts';
import { bytesText, exactNumber } from './sql-values.ts';
import type { ServerAddress } from './url.ts';

/** Column types of the protocol that arrive as text although they are numbers (MySQL internals, enum_field_types). */
const DECIMALS: ReadonlySet<number> = new Set([0, 246]);

const SERVER_CODES: ReadonlyMap<string, StorageErrorCode> = new Map([
  ['ER_NO_SUCH_TABLE', 'STORAGE_NO_TABLE'],
  ['ER_BAD_FIELD_ERROR', 'STORAGE_COLUMN'],
  ['ER_DUP_ENTRY', 'STORAGE_EXISTS'],
  ['ER_LOCK_WAIT_TIMEOUT', 'STORAGE_TIMEOUT'],
  ['ER_STATEMENT_TIMEOUT', 'STORAGE_TIMEOUT'],
  ['ER_QUERY_TIMEOUT', 'STORAGE_TIMEOUT'],
  ['ER_ACCESS_DENIED_ERROR', 'STORAGE_DENIED'],
  ['ER_ACCESS_DENIED_NO_PASSWORD_ERROR', 'STORAGE_DENIED'],
  ['ER_DBACCESS_DENIED_ERROR', 'STORAGE_DENIED'],
  ['ER_TABLEACCESS_DENIED_ERROR', 'STORAGE_DENIED'],
  ['ER_BAD_DB_ERROR', 'STORAGE_DENIED'],
  ['ER_HOST_NOT_PRIVILEGED', 'STORAGE_DENIED'],
  ['ER_HOST_IS_BLOCKED', 'STORAGE_UNREACHABLE'],
  ['ER_CON_COUNT_ERROR', 'STORAGE_UNREACHABLE'],
  ['ER_TOO_MANY_USER_CONNECTIONS', 'STORAGE_UNREACHABLE'],
  ['ER_SERVER_SHUTDOWN', 'STORAGE_UNREACHABLE'],
  ['ER_CONNECTION_KILLED', 'STORAGE_UNREACHABLE'],
]);

/** A MySQL or MariaDB database: a pool of connections that are opened when needed. */
export class MysqlDatabase implements SqlDatabase {
  readonly kind = 'mysql';
  readonly name: string;
  private readonly pools: PoolChoice<Pool, PoolConnection>;
  private readonly calls: Calls;
  private readonly timeout: number;
  private ended: Promise<void> | null = null;

  /**
   * @param timeout milliseconds that connecting or one statement may take
   * @param connections at once
   */
  constructor(address: ServerAddress, timeout: number, connections: number) {
    this.name = address.name;
    this.timeout = timeout;
    this.calls = new Calls(address.name, timeout);
    this.pools = new PoolChoice<Pool, PoolConnection>({
      make: (tls) => makePool(address, timeout, connections, tls),
      take: getConnection,
      drop: (connection) => connection.destroy(),
      end: (pool) => pool.end(() => {}),
      // A user who must use TLS is refused with the words for a wrong password.
      mayWantTls: (error) =>
        error instanceof Error &&
        'code' in error &&
        (error.code === 'ER_SECURE_TRANSPORT_REQUIRED' || error.code === 'ER_ACCESS_DENIED_ERROR'),
    });
  }

  query(sql: string, parameters: readonly SqlValue[] = []): Promise<SqlResult> {
    return this.withConnection(
      (connection) =>
        new Promise((resolve, reject) => {
          const done = (error: Error | null, result: unknown, fields: FieldPacket[] | undefined): void => {
            if (error !== null) reject(error);
            else resolve(resultOf(result, fields));
          };
          if (parameters.length === 0) connection.query(sql, done);
          // Prepared by the server: no quoting of ours can go wrong.
          else connection.execute(sql, [...parameters], done);
        }),
    );
  }

  stream(
    sql: string,
    chunk: number,
    take: (columns: readonly string[], rows: readonly (readonly SqlValue[])[]) => void | Promise<void>,
  ): Promise<void> {
    return this.withConnection(async (connection, call) => {
      const query = connection.query(sql);
      let fields: readonly FieldPacket[] = [];
      query.on('fields', (found: FieldPacket[]) => {
        fields = found;
      });
      const hand = async (rows: readonly (readonly unknown[])[]): Promise<void> => {
        call.pause();
        await take(
          fields.map(({ name }) => name),
          rows.map((row) => rowOf(row, fields)),
        );
        call.resume();
      };
      let rows: (readonly unknown[])[] = [];
      // The stream stops reading from the socket when this loop does.
      for await (const row of query.stream({ highWaterMark: chunk })) {
        rows.push(row as readonly unknown[]);
        if (rows.length < chunk) continue;
        await hand(rows);
        rows = [];
        if (call.over) return;
      }
      if (rows.length > 0) await hand(rows);
    });
  }

  close(): Promise<void> {
    this.calls.close();
    this.ended ??= new Promise((resolve) => {
      // A server that hangs never says goodbye.
      const patience = setTimeout(resolve, Math.min(this.timeout, 1000));
      this.pools.current.end(() => {
        clearTimeout(patience);
        resolve();
      });
    });
    return this.ended;
  }

  private withConnection<T>(work: (connection: PoolConnection, call: Call) => Promise<T>): Promise<T> {
    return this.calls.run(async (call) => {
      let connection: PoolConnection;
      try {
        connection = await this.pools.connect();
      } catch (error) {
        throw this.failure(error);
      }
      if (call.over) {
        connection.release();
        throw new StorageError('STORAGE_TIMEOUT', `${this.name} had no free connection in time`);
      }
      // That a connection ends under a stream is told to nobody but its own listeners.
      let lose: (error: unknown) => void = () => {};
      const lost = new Promise<never>((_resolve, reject) => {
        lose = reject;
      });
      lost.catch(() => {});
      const end = (): void => lose(new StorageError('STORAGE_UNREACHABLE', `${this.name} closed the connection`));
      connection.on('error', lose);
      connection.on('end', end);
      call.abandon = () => connection.destroy();
      try {
        const result = await Promise.race([work(connection, call), lost]);
        if (!call.over) connection.release();
        return result;
      } catch (error) {
        const known = this.failure(error);
        // Rows of a stream that was left in the middle would meet the next statement.
        if (known instanceof StorageError && known.code !== 'STORAGE_UNREACHABLE') connection.release();
        else connection.destroy();
        throw known;
      } finally {
        connection.off('error', lose);
        connection.off('end', end);
      }
    });
  }

  /** A driver's error in our words; what is none (thrown by a caller's function) goes on as it is. */
  private failure(error: unknown): unknown {
    if (!(error instanceof Error) || error instanceof StorageError || !('code' in error)) return error;
    const code = String(error.code);
    // For several addresses of one host, the errors are in a list and the message is empty.
    const said = `${this.name}: ${error.message === '' ? code : error.message}`;
    const known = SERVER_CODES.get(code);
    if (known !== undefined) return new StorageError(known, said);
    if (code.startsWith('ER_')) return new StorageError('STORAGE_STATEMENT', said);
    if (/^(?:E[A-Z]+|PROTOCOL_.*|HANDSHAKE_.*|POOL_.*)$/.test(code))
      return new StorageError('STORAGE_UNREACHABLE', said);
    return new StorageError('STORAGE_STATEMENT', said);
  }
}

function resultOf(result: unknown, fields: readonly FieldPacket[] | undefined): SqlResult {
  if (!Array.isArray(result)) return { columns: [], rows: [], affected: (result as ResultSetHeader).affectedRows };
  const columns = fields ?? [];
  return {
    columns: columns.map(({ name }) => name),
    rows: (result as (readonly unknown[])[]).map((row) => rowOf(row, columns)),
    affected: 0,
  };
}

function rowOf(row: readonly unknown[], fields: readonly FieldPacket[]): readonly SqlValue[] {
  return row.map((value, index) => sqlValue(value, fields[index]));
}

function sqlValue(value: unknown, field: FieldPacket | undefined): SqlValue {
  if (value === null || value === undefined) return null;
  if (typeof value === 'number') return value;
  if (value instanceof Uint8Array) return bytesText(value);
  if (typeof value !== 'string') return JSON.stringify(value);
  return DECIMALS.has(field?.columnType ?? -1) ? exactNumber(value) : value;
}

function makePool(address: ServerAddress, timeout: number, connections: number, tls: boolean): Pool {
  const pool = mysqlDriver().createPool({
    ...(address.socket === null ? { host: address.host, port: address.port } : { socketPath: address.socket }),
    user: address.user,
    password: address.password.reveal(),
    database: address.database,
    charset: 'utf8mb4',
    connectionLimit: connections,
    connectTimeout: timeout,
    idleTimeout: 60_000,
    maxIdle: connections,
    enableKeepAlive: true,
    rowsAsArray: true,
    dateStrings: true,
    jsonStrings: true,
    supportBigNumbers: true,
    bigNumberStrings: false,
    // A statement is one statement: nothing that a variable brought in can begin another.
    multipleStatements: false,
    ...(tls ? { ssl: { rejectUnauthorized: false } } : {}),
  });
  // Errors come back through the statements; a late one, of a connection that was given up, must not end the process.
  pool.on('connection', (connection) => connection.on('error', () => {}));
  return pool;
}

function getConnection(pool: Pool): Promise<PoolConnection> {
  return new Promise((resolve, reject) => {
    pool.getConnection((error, connection) => {
      if (error === null) resolve(connection);
      else reject(error);
    });
  });
}
