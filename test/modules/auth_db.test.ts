import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { authDb } from '../../src/modules/auth_db.ts';
import { AuthDbBench, UserTable, userRow } from './auth_db-bench.ts';
import { load, testHost } from './support.ts';

let users: UserTable;

before(async () => {
  users = await UserTable.make();
  await users.store.insert(userRow('alice', 'secret'));
  await users.store.insert(userRow('zoë', 'päss', 'other.com'));
});
after(() => users.destroy());

async function bench(
  flavour: string,
  params: Readonly<Record<string, number | string>>,
  work: (b: AuthDbBench) => Promise<void>,
): Promise<void> {
  const made = new AuthDbBench(users.url, flavour, params);
  try {
    await work(made);
  } finally {
    made.stop();
  }
}

describe('auth_db', () => {
  test('a column for each algorithm', () =>
    bench('opensips', {}, async (b) => {
      for (const algorithm of ['MD5', 'SHA-256', 'SHA-512-256']) {
        assert.equal(await b.authorize('alice', 'secret', { algorithm }), 1, algorithm);
        assert.equal(await b.authorize('alice', 'wrong', { algorithm }), -2, algorithm);
      }
      assert.equal(await b.authorize('alice@ex.com', 'secret'), 1);
    }));

  test('OpenSIPS looks by domain, Kamailio does not; names are UTF-8', async () => {
    await bench('opensips', {}, async (b) => assert.equal(await b.authorize('zoë', 'päss'), -1));
    await bench('opensips', { use_domain: 0 }, async (b) => assert.equal(await b.authorize('zoë', 'päss'), 1));
    await bench('kamailio', {}, async (b) => assert.equal(await b.authorize('zoë', 'päss'), 1));
  });

  test('an empty realm is taken from To in OpenSIPS’ dialect', () =>
    bench('opensips', {}, async (b) => assert.equal(await b.authorize('alice', 'secret', { realm: '' }), 1)));

  test('a row is remembered for a while, and dropped by command', () =>
    bench('kamailio', { cache_expire: 5 }, async (b) => {
      assert.equal(await b.authorize('alice', 'secret'), 1);
      await users.store.update(userRow('alice', 'changed'));
      assert.equal(await b.authorize('alice', 'secret'), 1);
      assert.match(b.rpc('auth_db.stats'), /"lookups",2\],\["from_cache",1/);
      assert.match(b.rpc('auth_db.cache_drop', 'alice'), /"dropped",1/);
      assert.equal(await b.authorize('alice', 'secret'), -2);
      await users.store.update(userRow('alice', 'secret'));
      b.host.clock.advance(5_001);
      assert.equal(await b.authorize('alice', 'secret'), 1);
    }));

  test('a new password counts at once, whatever is remembered', () =>
    bench('kamailio', { cache_expire: 5 }, async (b) => {
      assert.equal(await b.authorize('alice', 'secret'), 1);
      assert.equal(await b.authorize('bob', 'new'), -3);
      await users.store.update(userRow('alice', 'changed'));
      await users.store.insert(userRow('bob', 'new'));
      assert.equal(await b.authorize('alice', 'changed'), 1);
      assert.equal(await b.authorize('alice', 'secret'), -2);
      assert.equal(await b.authorize('bob', 'new'), 1);
      await users.store.update(userRow('alice', 'secret'));
      await users.store.delete('bob', 'ex.com');
    }));

  test('without a cache, requests at the same time ask once', () =>
    bench('kamailio', { cache_expire: 0 }, async (b) => {
      assert.deepEqual(await Promise.all([b.authorize('alice', 'secret'), b.authorize('alice', 'secret')]), [1, 1]);
      assert.match(b.rpc('auth_db.stats'), /"lookups",2\],\["from_cache",1\],\["queries",1\],\["cached",0/);
    }));

  test('a table or a database that is not there', async () => {
    await bench('kamailio', {}, async (b) => {
      assert.equal(await b.authorize('alice', 'secret', { table: 'nosuch' }), -1);
      assert.equal(b.host.log.codes.at(-1), 'STORAGE_NO_TABLE');
      assert.equal(await b.authorize('alice', 'secret', { table: 'x; DROP TABLE subscriber' }), -1);
      assert.equal(b.host.log.codes.at(-1), 'STORAGE_TABLE_NAME');
      assert.equal(await b.authorize('alice', 'secret'), 1);
    });
    await bench('opensips', { db_url: 'mysql://u:hidden@127.0.0.1:1/d' }, async (b) => {
      assert.equal(await b.authorize('alice', 'secret'), 0);
      assert.equal(b.host.replies.at(-1), '500 Server Internal Error');
      assert.doesNotMatch(b.host.log.lines.join(), /hidden/);
    });
  });

  test('parameters that cannot work are refused', () => {
    for (const [params, code] of [
      [{ user_column: 'a b' }, 'AUTH_DB_TABLE'],
      [{ load_credentials: '$avp(x)=a b' }, 'AUTH_DB_LOAD'],
      [{ db_url: 'oracle://x:hidden@y/z' }, 'STORAGE_URL'],
      [{ cache_expire: -1 }, 'AUTH_BAD_PARAMETER'],
    ] as const)
      assert.throws(
        () => new AuthDbBench(users.url, 'kamailio', params),
        (error: Error & { code?: string }) => error.code === code && !error.message.includes('hidden'),
      );
    assert.throws(() => load(authDb, testHost(), {}), { code: 'AUTH_BAD_PARAMETER' });
  });
});
