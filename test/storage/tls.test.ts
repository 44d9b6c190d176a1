import assert from 'node:assert/strict';
import { test } from 'node:test';
import { databaseSkip, startDatabase } from '../support/databases.ts';
import { peer } from '../support/peers.ts';
import { failsWith, using } from './conformance.ts';

for (const kind of ['postgres', 'mysql'] as const) {
  const skip = databaseSkip(kind) || peer('openssl').skip;
  test(`a ${kind} server that takes TLS only gets TLS`, { skip, timeout: 60_000 }, async () => {
    const place = await startDatabase(kind, true);
    try {
      const url = await place.fresh();
      await using(url, { connections: 4 }, async (database) => {
        const all = await Promise.all([1, 2, 3, 4, 5, 6].map((n) => database.query(`SELECT ${n}`)));
        assert.deepEqual(
          all.map(({ rows }) => rows[0]?.[0]),
          [1, 2, 3, 4, 5, 6],
        );
        const how =
          kind === 'postgres'
            ? 'SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()'
            : "SHOW SESSION STATUS LIKE 'Ssl_version'";
        assert.match(`${(await database.query(how)).rows[0]?.at(-1)}`, /^TLSv1/);
      });
      await using(url.replace('p@ss', 'other'), {}, async (database) => {
        await failsWith(database.query('SELECT 1'), 'STORAGE_DENIED');
      });
    } finally {
      await place.destroy();
    }
  });
}
