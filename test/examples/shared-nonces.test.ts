/** examples/shared-nonces against a real PostgreSQL: the store's contract, and two servers that share it. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { NONCE_USES, PostgresUses } from '../../examples/shared-nonces/uses.ts';
import { parseDatabaseUrl } from '../../src/storage/url.ts';
import { useOf, usesAreKept } from '../auth/use-store-conformance.ts';
import { Client, credentialsFor, said } from '../scenario/guarded-server.ts';
import { start } from '../server/support.ts';
import { databaseSkip, startDatabase, type TestDatabase } from '../support/databases.ts';

const REALM = 'one.example';

/** A db_url of Kamailio's form, whose password is not encoded, as RFC 3986 has it. */
function standard(text: string): string {
  const address = parseDatabaseUrl(text);
  assert.ok(address.kind === 'postgres' && address.socket === null);
  const { user, password, host, port, database } = address;
  return `postgres://${user}:${encodeURIComponent(password.reveal())}@${host}:${port}/${database}`;
}

describe('examples/shared-nonces', { skip: databaseSkip('postgres') }, () => {
  let database: TestDatabase;
  let url = '';
  let ends: [PostgresUses, PostgresUses];
  const table = async (sql: string): Promise<unknown[]> => {
    const client = new pg.Client(url);
    await client.connect();
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  };
  before(async () => {
    database = await startDatabase('postgres');
    url = standard(await database.fresh());
    await table(NONCE_USES);
    ends = [new PostgresUses(url), new PostgresUses(url)];
  });
  after(async () => {
    for (const end of ends ?? []) await end.close();
    await database?.destroy();
  });

  describe('the store', () => {
    let rounds = 0;
    // Each test has nonces of its own in the one table.
    usesAreKept(() => {
      const round = `${++rounds} `;
      const [here, there] = ends.map((end) => ({
        use: (use: ReturnType<typeof useOf>, request: string) => end.use({ ...use, nonce: round + use.nonce }, request),
      }));
      assert.ok(here !== undefined && there !== undefined);
      return [here, there];
    });

    test('forgets what has expired and nothing else', async () => {
      const [here] = ends;
      await table('delete from nonce_uses');
      await here.use(useOf('old', 1, Date.now() - 400_000), 'a');
      await here.use(useOf('new'), 'a');
      await here.sweep();
      assert.deepEqual(await table('select nonce from nonce_uses'), [{ nonce: 'new' }]);
    });
  });

  test('two servers: an answer that one took is refused by the other', async () => {
    const servers = await Promise.all(
      ends.map((useStore) =>
        start(
          `listen=udp:127.0.0.1:0
loadmodule "sl.so"
loadmodule "auth.so"
modparam("auth", "secret", "shared-by-both-servers")
request_route {
  if (!pv_www_authenticate("${REALM}", "secret", "0")) { www_challenge("${REALM}", "1"); exit; }
  sl_send_reply("200", "OK");
}`,
          { useStore },
        ),
      ),
    );
    const phones = await Promise.all(servers.map(({ server }) => Client.open({ port: server.sockets[0]?.port ?? 0 })));
    const [here, there] = phones as [Client, Client];
    const credentials = credentialsFor(await here.challenge('REGISTER'), 'REGISTER');
    assert.equal(said(await here.send('REGISTER', credentials)), '200');
    assert.equal(said(await there.send('REGISTER', credentials)), '401 stale');
    assert.equal(
      said(await there.send('REGISTER', credentialsFor(await there.challenge('REGISTER'), 'REGISTER'))),
      '200',
    );
    for (const phone of phones) await phone.close();
  });
});
