/** Servers that share who remembers the uses of nonces: startServer's useStore, with functions that answer at once without one. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { modules } from '../../src/modules/index.ts';
import { compileConfig, knownVariables } from '../../src/script/compile.ts';
import { parseConfig } from '../../src/script/parse-config.ts';
import { LaterUseStore, SharedEntries } from '../auth/later-use-store.ts';
import { testHost } from '../modules/support.ts';
import { Client, credentialsFor, said, writeUsers } from '../scenario/guarded-server.ts';
import { type Started, start, testFolder } from './support.ts';

const REALM = 'one.example';

function configuration(users: string): string {
  return `listen=udp:127.0.0.1:0
auto_aliases=no
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "auth.so"
loadmodule "auth_db.so"
loadmodule "db_sqlite.so"
modparam("auth", "secret", "shared-by-both-servers")
modparam("auth_db", "db_url", "sqlite:///${users}")
request_route {
  if (is_method("ACK")) exit;
  route(CHECK);
  sl_send_reply("200", "OK");
}
route[CHECK] {
  # A password of the script, and one of the database: functions that answer at once, and later.
  if (is_method("REGISTER")) {
    if (!pv_www_authenticate("${REALM}", "secret", "0")) {
      www_challenge("${REALM}", "1");
      exit;
    }
  } else if (!proxy_authenticate("${REALM}", "subscriber")) {
    proxy_challenge("${REALM}", "1");
    exit;
  }
}
`;
}

interface Ends {
  readonly server: Started;
  readonly uses: LaterUseStore;
  readonly phone: Client;
}

const phones: Client[] = [];
after(() => Promise.all(phones.map((phone) => phone.close())));

/** Two servers with one secret, each at its end of the store. */
async function servers(): Promise<[Ends, Ends]> {
  const entries = new SharedEntries();
  const users = join(testFolder(), 'users.db');
  await writeUsers(users, [{ user: 'alice', password: 'secret', realm: REALM }]);
  const one = async (): Promise<Ends> => {
    const uses = new LaterUseStore(entries);
    const server = await start(configuration(users), { useStore: uses });
    const phone = await Client.open({ port: server.server.sockets[0]?.port ?? 0 });
    phones.push(phone);
    return { server, uses, phone };
  };
  return [await one(), await one()];
}

function stat({ server }: Ends, name: string): number | undefined {
  return server.server.statistics().find((one) => one.group === 'auth' && one.name === name)?.value;
}

test('without a store of somebody else’s nothing waits: routes with pv_… functions are plain code', () => {
  const text = `loadmodule "auth.so"
request_route {
  if (!pv_www_authenticate("${REALM}", "secret", "0") || !pv_auth_check("${REALM}", "secret", "0", "1")) exit;
}`;
  const sources = [null, new LaterUseStore()].map((useStore) => {
    const config = parseConfig({ file: 'test.cfg', text }, { isKnownVariable: knownVariables(modules) });
    const { linked, diagnostics } = compileConfig(config, modules, { ...testHost(), useStore });
    assert.ok(linked !== null, diagnostics.map(({ message }) => message).join('\n'));
    return linked.source;
  });
  assert.deepEqual(
    sources.map((source) => [/pv_auth_check/.test(source), /async|await/.test(source)]),
    [
      [true, false],
      [true, true],
    ],
  );
});

describe('two servers with one store of uses', () => {
  for (const method of ['REGISTER', 'MESSAGE']) {
    const refused = method === 'REGISTER' ? '401' : '407';

    test(`${method}: an answer that one let in is refused by the other, with stale=true`, async () => {
      const [here, there] = await servers();
      const credentials = credentialsFor(await here.phone.challenge(method), method);
      assert.equal(said(await here.phone.send(method, credentials)), '200');
      assert.equal(said(await there.phone.send(method, credentials)), `${refused} stale`);
      const next = credentialsFor(await there.phone.challenge(method), method);
      assert.equal(said(await there.phone.send(method, next)), '200');
      assert.deepEqual([stat(here, 'ok'), stat(there, 'replayed'), stat(there, 'ok')], [1, 1, 1]);
    });

    test(`${method}: of copies that are sent to both at once one gets in`, async () => {
      const [here, there] = await servers();
      const credentials = credentialsFor(await here.phone.challenge(method), method);
      const replies = await Promise.all([here, there, here, there].map(({ phone }) => phone.send(method, credentials)));
      assert.deepEqual(replies.map(said).sort(), ['200', ...Array.from({ length: 3 }, () => `${refused} stale`)]);
    });

    test(`${method}: a store that fails lets nobody in; it is counted each time and told once`, async () => {
      const [here] = await servers();
      here.uses.failing = () => Promise.reject(new Error('connection refused'));
      for (let at = 0; at < 2; at++) {
        const credentials = credentialsFor(await here.phone.challenge(method), method);
        assert.equal(said(await here.phone.send(method, credentials)), `${refused} stale`);
      }
      assert.deepEqual([stat(here, 'use_unknown'), stat(here, 'ok')], [2, 0]);
      const told = here.server.log.lines.filter(({ code }) => code === 'AUTH_USE_STORE');
      assert.deepEqual(
        told.map(({ text }) => /connection refused/.test(text)),
        [true],
      );
      here.uses.failing = null;
      const credentials = credentialsFor(await here.phone.challenge(method), method);
      assert.equal(said(await here.phone.send(method, credentials)), '200');
    });
  }
});
