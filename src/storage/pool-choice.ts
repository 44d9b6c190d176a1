/** What a driver's pool can do here. */
interface PoolActions<P, C> {
  readonly make: (tls: boolean) => P;
  readonly take: (pool: P) => Promise<C>;
  /** Ends a connection for good. */
  readonly drop: (connection: C) => void;
  readonly end: (pool: P) => void;
  /** Whether a refusal may mean that the server wants TLS. */
  readonly mayWantTls: (error: unknown) => boolean;
}

/**
 * The pool of a database's connections: without TLS as long as the server takes that, with TLS once it was refused and TLS was taken. The
 * server's certificate is not verified, as with the drivers of the original (libpq's sslmode=prefer): a URL has no place for an authority.
 */
export class PoolChoice<P, C> {
  private readonly actions: PoolActions<P, C>;
  private pool: P;
  private tls = false;

  constructor(actions: PoolActions<P, C>) {
    this.actions = actions;
    this.pool = actions.make(false);
  }

  get current(): P {
    return this.pool;
  }

  /** A connection. @throws the driver's error, that of the attempt without TLS when neither works */
  async connect(): Promise<C> {
    const { take, end, drop, make, mayWantTls } = this.actions;
    const { pool, tls } = this;
    try {
      return await take(pool);
    } catch (error) {
      // Another statement has found out meanwhile, and ended the pool that this one waited for.
      if (this.pool !== pool) return take(this.pool);
      if (tls || !mayWantTls(error)) throw error;
      const encrypted = make(true);
      let connection: C;
      try {
        connection = await take(encrypted);
      } catch {
        end(encrypted);
        throw error;
      }
      if (this.tls) {
        drop(connection);
        end(encrypted);
        return take(this.pool);
      }
      this.pool = encrypted;
      this.tls = true;
      end(pool);
      return connection;
    }
  }
}
