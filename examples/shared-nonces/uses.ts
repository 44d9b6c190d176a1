/**
 * Servers that take turns for the same phones remember in one PostgreSQL table what nonces were used for, so that an answer that one of them
 * took is refused by all. Give it to startServer() as useStore; the servers have the same modparam("auth", "secret", …).
 */
import pg from 'pg';
import type { NonceUse, UseResult, UseStore } from 'trunkline';

/** The table: to be made once. */
export const NONCE_USES = `create table if not exists nonce_uses (
  nonce text, nc bigint, request text not null, expires timestamptz not null, primary key (nonce, nc))`;

const SWEEP_EVERY_MS = 60_000;

export class PostgresUses implements UseStore {
  private readonly pool: pg.Pool;
  private readonly sweeps: NodeJS.Timeout;

  /** @param url of the database: postgres://user:password@host/name */
  constructor(url: string) {
    this.pool = new pg.Pool({ connectionString: url, connectionTimeoutMillis: 1000 });
    // A connection that ends while nobody uses it: the next query opens another, or says what is wrong.
    this.pool.on('error', () => {});
    this.sweeps = setInterval(() => void this.sweep().catch(() => {}), SWEEP_EVERY_MS).unref();
  }

  /** The row is put in one step: of two servers that try it at once one is told that it was there. */
  async use({ nonce, nc, expiresAt }: NonceUse, request: string): Promise<UseResult> {
    const put = `insert into nonce_uses values ($1, $2, $3, to_timestamp($4 / 1000.0)) on conflict do nothing`;
    if ((await this.pool.query(put, [nonce, nc, request, expiresAt])).rowCount === 1) return 'first';
    const { rows } = await this.pool.query('select request from nonce_uses where nonce = $1 and nc = $2', [nonce, nc]);
    return rows[0]?.request === request ? 'again' : 'replay';
  }

  /** Forgets nonces that have expired: those are refused before anybody asks. */
  async sweep(): Promise<void> {
    await this.pool.query('delete from nonce_uses where expires < now()');
  }

  async close(): Promise<void> {
    clearInterval(this.sweeps);
    await this.pool.end();
  }
}
