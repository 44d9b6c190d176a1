/** uri_db, and the functions of OpenSIPS' auth_db that ask whose a URI is, on every kind of database. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { auth } from '../../src/modules/auth.ts';
import { authDb } from '../../src/modules/auth_db.ts';
import { uriDb } from '../../src/modules/uri_db.ts';
import type { ScriptContext } from '../../src/script/context.ts';
import type { AnyModule } from '../../src/script/module-definition.ts';
import { openDatabase } from '../../src/storage/database.ts';
import { databaseSkip, startDatabase, type TestDatabase } from '../support/databases.ts';
import { authorize } from './authorized.ts';
import {
  cell,
  context,
  type LoadedModule,
  load,
  type RequestOptions,
  request,
  type TestHost,
  testHost,
} from './support.ts';

type Parameters = Readonly<Record<string, number | string>>;

for (const kind of ['sqlite', 'postgres', 'mysql'] as const) {
  describe(`whose a URI is, in ${kind}`, { skip: databaseSkip(kind), timeout: 120_000 }, () => {
    let place: TestDatabase;
    let url: string;
    before(async () => {
      place = await startDatabase(kind);
      url = await place.fresh();
      const database = openDatabase(url);
      for (const sql of [
        'CREATE TABLE subscriber (username VARCHAR(64), domain VARCHAR(64))',
        "INSERT INTO subscriber VALUES ('alice', 'ex.com'), ('carol', 'ex.com')",
        'CREATE TABLE uri (username VARCHAR(64), domain VARCHAR(64), uri_user VARCHAR(64))',
        "INSERT INTO uri VALUES ('alice', 'ex.com', 'boss'), ('carol', 'ex.com', 'Chef'), ('carol', 'other.com', 'x')",
      ])
        await database.query(sql);
      await database.close();
    });
    after(() => place?.destroy());

    /** Runs `work` with a module loaded. */
    async function using(
      module: AnyModule,
      parameters: Parameters,
      work: (loaded: LoadedModule, host: TestHost) => Promise<void>,
    ): Promise<void> {
      const host = testHost();
      if (module === authDb) host.modules.set('auth', load(auth, host, {}).instance);
      const loaded = load(module, host, { db_url: url, ...parameters });
      try {
        await work(loaded, host);
      } finally {
        module.definition.stop?.(loaded.instance);
      }
    }

    /** A request of somebody whose credentials were accepted. */
    function from(host: TestHost, who: string | null, options: RequestOptions = {}): ScriptContext {
      const ctx = context(host, request(options));
      if (who !== null) authorize(ctx, who, 'ex.com');
      return ctx;
    }

    it('uri_db compares names, or asks the table uri', async () => {
      await using(uriDb, {}, async ({ call }, host) => {
        const own = { from: '<sip:ALICE@x>;tag=1', to: '<sip:carol@x>', ruri: 'sip:carol@nowhere.com' };
        const ctx = from(host, 'alice', own);
        const codes = [await call(ctx, 'check_from'), await call(ctx, 'check_to'), await call(ctx, 'does_uri_exist')];
        assert.deepEqual(codes, [1, -10, 1]);
        assert.equal(await call(from(host, null, own), 'check_from'), -2);
        assert.equal(host.log.codes.at(-1), 'URI_DB_NO_CREDENTIALS');
        assert.equal(await call(ctx, 'check_uri', 'sip:ex.com'), -4);
        assert.equal(await call(ctx, 'check_uri', 'nonsense'), -1);
        assert.equal(await call(ctx, 'check_uri', 'sip:carol@x', 'carol', 'ex.com'), 1);
        assert.equal(await call(from(host, null, { ruri: "sip:'OR'1'='1@x" }), 'does_uri_exist'), -5);
      });
      await using(uriDb, { use_uri_table: 1, db_table: 'uri', use_domain: 1 }, async ({ call }, host) => {
        const asked = async (who: string, uri: string): Promise<number> => call(from(host, who), 'check_uri', uri);
        assert.deepEqual(
          [
            await asked('alice', 'sip:boss@x'),
            await asked('alice@ex.com', 'sip:boss@x'),
            await asked('alice@other.com', 'sip:boss@x'),
            await asked('alice', 'sip:Chef@x'),
            await asked('carol', 'sip:Chef@x'),
            await asked('carol', 'sip:chef@x'),
          ],
          [1, 1, -9, -9, 1, -9],
        );
        const called = async (ruri: string): Promise<number> => call(from(host, null, { ruri }), 'does_uri_exist');
        assert.deepEqual([await called('sip:boss@ex.com'), await called('sip:boss@other.com')], [1, -5]);
      });
    });

    it('a table that is not there lets nobody pass', () =>
      using(uriDb, { use_uri_table: 1, db_table: 'missing' }, async ({ call }, host) => {
        assert.equal(await call(from(host, 'alice'), 'check_uri', 'sip:boss@x'), -8);
        assert.equal(await call(from(host, 'alice'), 'does_uri_exist'), -8);
        assert.equal(host.log.codes.at(-1), 'STORAGE_NO_TABLE');
      }));

    it('db_… of OpenSIPS: authorized From and To, subscribers, who has a URI', () =>
      using(authDb, { use_domain: 1 }, async ({ call }, host) => {
        const ctx = from(host, 'alice', { from: '<sip:boss@ex.com>;tag=1', to: '<sip:Chef@ex.com>' });
        assert.equal(await call(ctx, 'db_is_from_authorized', 'uri'), 1);
        assert.equal(await call(ctx, 'db_is_to_authorized', 'uri'), -9);
        assert.equal(await call(from(host, null), 'db_is_to_authorized', 'uri'), -2);
        assert.equal(await call(ctx, 'db_does_uri_exist', 'sip:carol@ex.com', 'subscriber'), 1);
        assert.equal(await call(ctx, 'db_does_uri_exist', 'sip:carol@other.com', 'subscriber'), -5);
        assert.equal(await call(ctx, 'db_does_uri_exist', 'sip:ex.com', 'subscriber'), -4);
        const [name, realm] = [cell(host.variables, '$avp(n)'), cell(host.variables, '$avp(r)')];
        assert.equal(await call(ctx, 'db_get_auth_id', 'uri', 'sip:boss@ex.com', name, realm), 1);
        assert.deepEqual([host.variables.get('$avp(n)'), host.variables.get('$avp(r)')], ['alice', 'ex.com']);
        assert.equal(await call(ctx, 'db_get_auth_id', 'uri', 'sip:boss@other.com', name, realm), -5);
        assert.equal(await call(ctx, 'db_get_auth_id', 'missing', 'sip:boss@ex.com', name, realm), -8);
      }));
  });
}
