import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { utf8Bytes } from '../../src/digest/credentials.ts';
import { userHa1 } from '../../src/digest/digest.ts';
import { auth } from '../../src/modules/auth.ts';
import { authDb } from '../../src/modules/auth_db.ts';
import { RpcArguments } from '../../src/rpc/method.ts';
import type { ScriptContext } from '../../src/script/context.ts';
import { openSubscriberStore } from '../../src/storage/subscriber.ts';
import type { SubscriberStore } from '../../src/storage/subscriber-store.ts';
import { initSubscriberTable } from '../../src/storage/tables.ts';
import { answerChallenge } from '../support/digest-answer.ts';
import { context, type LoadedModule, load, request, type TestHost, testHost } from './support.ts';

const REALM = 'ex.com';
let folder: string;
let url: string;
let store: SubscriberStore;

function row(user: string, password: string, domain = REALM) {
  const hash = (name: 'MD5' | 'SHA-256' | 'SHA-512-256', who = user): string =>
    userHa1(name, utf8Bytes(who), REALM, utf8Bytes(password));
  const ha1b = hash('MD5', `${user}@${domain}`);
  return {
    user,
    domain,
    password: '',
    ha1: hash('MD5'),
    ha1b,
    sha256: hash('SHA-256'),
    sha512t256: hash('SHA-512-256'),
  };
}

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'trunkline-auth-db-'));
  url = `sqlite:///${join(folder, 'users.db')}`;
  await initSubscriberTable(url);
  store = openSubscriberStore(url);
  await store.insert(row('alice', 'secret'));
  await store.insert(row('zoë', 'päss', 'other.com'));
});
after(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

class Bench {
  readonly host: TestHost = testHost();
  readonly auth: LoadedModule;
  readonly db: LoadedModule;
  challenge = '';

  constructor(flavour: string, params: Readonly<Record<string, number | string>> = {}) {
    const reply = (state: ScriptContext['state'], status: number, reason: string): number => {
      this.challenge = /Authenticate: (.*)\r\n/.exec(state.replyHeaders)?.[1] ?? '';
      this.host.replies.push(`${status} ${reason}`);
      return 1;
    };
    Object.assign(this.host.proxy, { reply, statelessReply: reply });
    this.auth = load(auth, this.host, { flavour });
    this.host.modules.set('auth', this.auth.instance);
    this.db = load(authDb, this.host, { db_url: url, ...params });
    this.host.clock.advance(10);
  }

  ctx(headers = ''): ScriptContext {
    return context(this.host, request({ method: 'REGISTER', body: '', to: '<sip:alice@ex.com>', headers }));
  }

  async authorize(
    user: string,
    password: string,
    options: { algorithm?: string; table?: string; realm?: string } = {},
  ): Promise<number> {
    const { algorithm = 'MD5', table = 'subscriber', realm = REALM } = options;
    this.auth.call(this.ctx(), 'www_challenge', realm, '1', algorithm);
    const bytes = (text: string): string => Buffer.from(text).toString('latin1');
    const answer = { user: bytes(user), password: bytes(password), method: 'REGISTER', uri: 'sip:ex.com', nc: 1 };
    const ctx = this.ctx(`Authorization: ${answerChallenge(this.challenge, answer)}\r\n`);
    return this.db.call(ctx, 'www_authorize', realm, table);
  }

  rpc(name: string, ...args: string[]): string {
    const found = authDb.definition.rpc?.find((one) => one.name === name);
    const list = args.map((value) => ({ kind: 'string', value }) as const);
    return JSON.stringify(found?.run(this.db.instance, new RpcArguments(list)));
  }

  stop(): void {
    authDb.definition.stop?.(this.db.instance);
    auth.definition.stop?.(this.auth.instance);
  }
}

async function bench(
  flavour: string,
  params: Readonly<Record<string, number | string>>,
  work: (b: Bench) => Promise<void>,
): Promise<void> {
  const made = new Bench(flavour, params);
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
      await store.update(row('alice', 'changed'));
      assert.equal(await b.authorize('alice', 'secret'), 1);
      assert.match(b.rpc('auth_db.stats'), /"lookups",2\],\["from_cache",1/);
      assert.match(b.rpc('auth_db.cache_drop', 'alice'), /"dropped",1/);
      assert.equal(await b.authorize('alice', 'secret'), -2);
      await store.update(row('alice', 'secret'));
      b.host.clock.advance(5_001);
      assert.equal(await b.authorize('alice', 'secret'), 1);
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
        () => new Bench('kamailio', params),
        (error: Error & { code?: string }) => error.code === code && !error.message.includes('hidden'),
      );
    assert.throws(() => load(authDb, testHost(), {}), { code: 'AUTH_BAD_PARAMETER' });
  });
});
