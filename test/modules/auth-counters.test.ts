/** Every outcome of a look at credentials has a counter of its own, which is counted for it alone. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type AuthOutcome, OUTCOMES } from '../../src/auth/outcome.ts';
import type { UseStore } from '../../src/auth/use-store.ts';
import type { ScriptContext } from '../../src/script/context.ts';
import { AuthDbBench, REALM, UserTable, userRow } from './auth_db-bench.ts';
import { context, request } from './support.ts';

let users: UserTable;

before(async () => {
  users = await UserTable.make();
  await users.store.insert(userRow('alice', 'secret'));
  await users.store.insert({ ...userRow('locked', 'secret'), ha1: '' });
});
after(() => users.destroy());

/** The same credentials in another request. */
function again(b: AuthDbBench, { message }: ScriptContext): ScriptContext {
  const header = message.findByName('Authorization')[0];
  return b.ctx(`X: 1\r\nAuthorization: ${header === undefined ? '' : message.valueOf(header)}\r\n`);
}

async function used(b: AuthDbBench): Promise<ScriptContext> {
  const ctx = b.answered('alice', 'secret');
  assert.ok((await b.db.call(ctx, 'www_authorize', REALM, 'subscriber')) > 0);
  return again(b, ctx);
}

interface Case {
  readonly params?: Readonly<Record<string, number | string>>;
  readonly uses?: UseStore;
  /** The request that is looked at; what comes before it is not counted. */
  readonly make: (b: AuthDbBench) => ScriptContext | Promise<ScriptContext>;
}

const CASES: Readonly<Record<AuthOutcome, Case>> = {
  ok: { make: (b) => b.answered('alice', 'secret') },
  exempt: { make: (b) => context(b.host, request({ method: 'ACK', body: '' })) },
  'no-credentials': { make: (b) => b.ctx() },
  malformed: { make: (b) => b.ctx('Authorization: Digest username="alice"\r\n') },
  'unknown-user': { make: (b) => b.answered('nobody', 'secret') },
  'wrong-password': { make: (b) => b.answered('alice', 'wrong') },
  stale: {
    make: (b) => {
      const ctx = b.answered('alice', 'secret');
      b.host.clock.advance(301_000);
      return ctx;
    },
  },
  'bad-nonce': {
    make: (b) => {
      b.auth.call(b.ctx(), 'www_challenge', REALM, '1', 'MD5');
      b.challenge = b.challenge.replace(/nonce="[^"]*"/, 'nonce="garbage"');
      return b.answer('alice', 'secret');
    },
  },
  replayed: { make: used },
  reused: { params: { one_time_nonce: 1 }, make: used },
  'use-unknown': { uses: { use: () => 'unknown' }, make: (b) => b.answered('alice', 'secret') },
  'qop-missing': {
    make: (b) => {
      b.auth.call(b.ctx(), 'www_challenge', REALM, '1', 'MD5');
      b.challenge = b.challenge.replace(/, qop="[^"]*"/, '');
      return b.answer('alice', 'secret');
    },
  },
  'not-offered': {
    make: (b) => {
      b.auth.call(b.ctx(), 'www_challenge', REALM, '1', 'SHA-256');
      b.challenge = b.challenge.replace('algorithm=SHA-256', 'algorithm=MD5');
      return b.answer('alice', 'secret');
    },
  },
  banned: {
    params: { ban_source_limit: 1 },
    make: async (b) => {
      assert.ok((await b.authorize('alice', 'wrong')) < 0);
      return b.answered('alice', 'secret');
    },
  },
  identity: {
    params: { check_identity: 1 },
    make: (b) => b.answered('alice@ex.com', 'secret', { to: '<sip:bob@ex.com>' }),
  },
  uri: { params: { uri_check: 2 }, make: (b) => b.answered('alice', 'secret') },
  error: { make: (b) => b.answered('locked', 'secret') },
};

for (const outcome of OUTCOMES) {
  test(`${outcome} is counted`, async () => {
    const { params = {}, uses = null, make } = CASES[outcome];
    const b = new AuthDbBench(users.url, 'kamailio', {}, params, uses);
    try {
      const ctx = await make(b);
      const counts = (): Record<string, number> =>
        Object.fromEntries(
          OUTCOMES.map((name) => [name, b.host.statistics.read(`auth:${name.replace('-', '_')}`) ?? Number.NaN]),
        );
      const start = counts();
      await b.db.call(ctx, 'www_authorize', REALM, 'subscriber');
      const grown = Object.entries(counts()).filter(([name, value]) => value !== start[name]);
      assert.deepEqual(grown, [[outcome, (start[outcome] ?? 0) + 1]]);
    } finally {
      b.stop();
    }
  });
}
