import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { authDb } from '../../src/modules/auth_db.ts';
import { answerChallenge } from '../support/digest-answer.ts';
import { AuthDbBench, UserTable, userRow } from './auth_db-bench.ts';
import { context, load, request, testHost } from './support.ts';

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
    bench('opensips', {}, async (b) => {
      assert.equal(await b.authorize('alice', 'secret', { realm: '' }), 1);
      const to = '<sip:alice@EX.Com>';
      b.auth.call(b.ctx('', to), 'www_challenge', '', 'auth');
      assert.equal(await b.db.call(b.answer('alice', 'secret', to), 'www_authorize', '', 'subscriber'), 1);
    }));

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

  test('load_credentials: after a success, with force_generate_avps after a wrong password too', async () => {
    for (const [params, left] of [
      [{}, null],
      [{ force_generate_avps: 1 }, 'ex.com'],
    ] as const) {
      await bench('kamailio', { load_credentials: '$avp(d)=domain', ...params }, async (b) => {
        const loaded = (): unknown => b.host.variables.get('$avp(d)') ?? null;
        assert.equal(await b.authorize('nobody', 'wrong'), -3);
        assert.equal(loaded(), null);
        assert.equal(await b.authorize('alice', 'wrong'), -2);
        assert.equal(loaded(), left);
        assert.equal(await b.authorize('alice', 'secret'), 1);
        assert.equal(loaded(), 'ex.com');
      });
    }
  });

  test('one column for every algorithm, as Kamailio’s tables have', async () => {
    const { sha256, ...row } = userRow('hashed', 'secret');
    await users.store.insert({ ...row, ha1: sha256, ha1b: '', sha256: '', sha512t256: '' });
    await bench('kamailio', {}, async (b) => {
      assert.equal(await b.authorize('hashed', 'secret', { algorithm: 'SHA-256' }), 1);
      assert.equal(await b.authorize('hashed', 'wrong', { algorithm: 'SHA-256' }), -2);
      assert.equal(await b.authorize('hashed', 'secret', { algorithm: 'MD5' }), -1);
      assert.equal(await b.authorize('hashed', 'secret', { algorithm: 'SHA-512-256' }), -1, 'it is as long');
    });
    await users.store.delete('hashed', 'ex.com');
  });

  test('auth_check: flag 1 asks whose From and To they are, flag 2 not in calls', () =>
    bench('kamailio', {}, async (b) => {
      const check = (method: string, flags: number): number | Promise<number> => {
        b.auth.call(b.ctx(), 'proxy_challenge', 'ex.com', '1', 'MD5');
        const answer = { user: 'alice', password: 'secret', method, uri: 'sip:ex.com', nc: 1 };
        const headers = `Proxy-Authorization: ${answerChallenge(b.challenge, answer)}\r\n`;
        const ctx = context(b.host, request({ method, body: '', from: '<sip:bob@ex.com>;tag=1', headers }));
        return b.db.call(ctx, 'auth_check', 'ex.com', 'subscriber', flags);
      };
      for (const method of ['INVITE', 'BYE', 'UPDATE', 'MESSAGE']) {
        assert.deepEqual([await check(method, 0), await check(method, 1), await check(method, 3)], [1, -8, 1], method);
      }
      for (const method of ['OPTIONS', 'PUBLISH', 'SUBSCRIBE']) {
        assert.deepEqual([await check(method, 2), await check(method, 3)], [1, -8], method);
      }
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
