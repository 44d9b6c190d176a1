/** Nobody finds out which users exist by how much work an answer takes: hashes and queries are counted, and time is compared. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { auth } from '../../src/modules/auth.ts';
import type { ScriptContext } from '../../src/script/context.ts';
import { answerChallenge } from '../support/digest-answer.ts';
import { cryptoWork } from '../support/hash-count.ts';
import { AuthDbBench, REALM, UserTable, userRow } from './auth_db-bench.ts';
import { context, type LoadedModule, load, request, testHost } from './support.ts';

let users: UserTable;

before(async () => {
  users = await UserTable.make();
  await users.store.insert({ ...userRow('alice', 'secret'), password: 'secret' });
  // Its secrets were taken away; and one that has no more than MD5, as tables of before RFC 8760.
  await users.store.insert({ ...userRow('disabled', 'secret'), ha1: '', ha1b: '', sha256: '', sha512t256: '' });
  await users.store.insert({ ...userRow('old', 'secret'), password: 'secret', sha256: '', sha512t256: '' });
});
after(() => users.destroy());

const ALGORITHMS = ['MD5', 'SHA-256', 'SHA-512-256'];
const FAILING = ['alice', 'nobody', 'disabled', 'old'] as const;

interface Work {
  readonly hashes: readonly string[];
  readonly compared: readonly number[];
  readonly queries: number;
}

/** What a wrong password costs. */
async function failure(b: AuthDbBench, user: string, algorithm: string): Promise<Work> {
  const ctx = b.answered(user, 'wrong', { algorithm });
  const queries = (): number => Number(/"queries",(\d+)/.exec(b.rpc('auth_db.stats'))?.[1]);
  const before = queries();
  const { hashes, compared } = await cryptoWork(async () => {
    assert.ok((await b.db.call(ctx, 'www_authorize', REALM, 'subscriber')) < 0);
  });
  return { hashes, compared, queries: queries() - before };
}

describe('the same work for a wrong password, an unknown user and one without a secret', () => {
  for (const flavour of ['kamailio', 'opensips', 'openser']) {
    for (const clear of [0, 1]) {
      for (const cache of [0, 5]) {
        test(`${flavour}, ${clear ? 'passwords' : 'HA1s'} in the table, cache_expire ${cache}`, async () => {
          const params = {
            calculate_ha1: clear,
            cache_expire: cache,
            ...(clear ? { password_column: 'password' } : {}),
          };
          const b = new AuthDbBench(users.url, flavour, params);
          try {
            for (const algorithm of ALGORITHMS) {
              // Alice is known to the cache, as who has just registered is; the others are not.
              assert.equal(await b.authorize('alice', 'secret', { algorithm }), 1);
              const works = [];
              for (const user of FAILING) works.push(await failure(b, user, algorithm));
              const [first] = works;
              assert.ok(
                first !== undefined && first.queries === 1 && first.hashes.length > 2 && first.compared.length > 0,
              );
              for (const [at, work] of works.entries()) assert.deepEqual(work, first, `${FAILING[at]} ${algorithm}`);
              // Now all of them are remembered.
              for (const user of FAILING) assert.deepEqual(await failure(b, user, algorithm), first, `${user} again`);
            }
          } finally {
            b.stop();
          }
        });
      }
    }
  }

  test('passwords and HA1s that the script gives', async () => {
    const host = testHost();
    let sent = '';
    const reply = (state: ScriptContext['state']): number => {
      sent = /Authenticate: (.*)\r\n/.exec(state.replyHeaders)?.[1] ?? '';
      return 1;
    };
    Object.assign(host.proxy, { reply, statelessReply: reply });
    const script = { username_spec: '$var(user)', password_spec: '$var(password)', flavour: 'opensips' };
    const register = (headers = ''): ScriptContext => context(host, request({ method: 'REGISTER', body: '', headers }));
    const work = async (module: LoadedModule, user: string, ...call: unknown[]): Promise<unknown> => {
      module.call(register(), 'www_challenge', 'r', 'auth', 'SHA-256');
      const credentials = answerChallenge(sent, { user, password: 'x', method: 'REGISTER', uri: 'sip:ex.com', nc: 1 });
      const ctx = register(`Authorization: ${credentials}\r\n`);
      return cryptoWork(() => assert.ok((module.call(ctx, 'pv_www_authorize', 'r', ...call) as number) < 0));
    };
    for (const clear of [0, 1]) {
      const module = load(auth, host, { ...script, calculate_ha1: clear });
      host.clock.advance(10);
      host.variables.set('$var(user)', 'alice').set('$var(password)', clear ? 'secret' : 'a'.repeat(64));
      const wrong = await work(module, 'alice');
      assert.deepEqual(await work(module, 'nobody'), wrong);
      if (clear === 0) {
        host.variables.set('$var(password)', 'no HA1');
        assert.deepEqual(await work(module, 'alice'), wrong);
      }
      // Kamailio's form: flag 1 says HA1.
      const flags = 1 - clear;
      const known = await work(module, 'alice', clear ? 'secret' : 'a'.repeat(64), flags);
      for (const none of [null, '', ...(clear ? [] : ['no HA1'])])
        assert.deepEqual(await work(module, 'alice', none, flags), known);
    }
  });
});

test('a response is compared in constant time, wherever it differs', async () => {
  const b = new AuthDbBench(users.url, 'kamailio');
  try {
    const compared: unknown[] = [];
    for (const edit of [/(response=")./, /(response=".{16})./, /(response=".{31})./]) {
      const answered = b.answered('alice', 'secret').message;
      const header = answered.findByName('Authorization')[0];
      assert.ok(header !== undefined);
      const value = answered.valueOf(header);
      const changed = value.replace(edit, (all, head: string) => head + (all.endsWith('0') ? '1' : '0'));
      const ctx = b.ctx(`Authorization: ${changed}\r\n`);
      const work = await cryptoWork(async () =>
        assert.equal(await b.db.call(ctx, 'www_authorize', REALM, 'subscriber'), -2),
      );
      compared.push(work.compared);
      assert.ok(work.compared.includes(32), 'the whole of it');
    }
    assert.deepEqual(compared[1], compared[0]);
    assert.deepEqual(compared[2], compared[0]);
  } finally {
    b.stop();
  }
});
