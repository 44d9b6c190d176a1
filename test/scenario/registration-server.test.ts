/** A running server with its accounts in a table, registered at a carrier: from its start to its end, and after an end that nobody wanted. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { makeAccountTable } from '../support/account-table.ts';
import { accountRow } from '../support/registration.ts';
import { ScriptedRegistrar } from '../support/scripted-registrar.ts';
import { sleep, startServer, type TestServer } from '../support/servers.ts';

const CFG = `#!KAMAILIO
debug=2
log_stderror=yes
auto_aliases=no
loadmodule "kex.so"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "db_sqlite.so"
loadmodule "uac.so"
modparam("uac", "reg_db_url", "sqlite:///DB_PATH")
modparam("uac", "reg_contact_addr", "127.0.0.1:LISTEN_PORT")
modparam("uac", "reg_timer_interval", 1)
modparam("uac", "reg_retry_interval", 2)
modparam("uac", "reg_rate", 300)
modparam("uac", "reg_unregister", "all")
request_route {
  sl_send_reply("200", "OK");
}
`;

describe('a server with a table of accounts', () => {
  const directory = mkdtempSync(join(tmpdir(), 'trunkline-accounts-'));
  after(() => rmSync(directory, { recursive: true, force: true }));

  const boot = (table: string): Promise<TestServer> =>
    startServer({ kind: 'trunkline', cfg: CFG, subst: { DB_PATH: table, LISTEN_PORT: 5060 } });

  const bound = async (registrar: ScriptedRegistrar, count: number, timeout: number): Promise<number> => {
    const start = performance.now();
    while (registrar.bound < count) {
      assert.ok(performance.now() - start < timeout, `${registrar.bound} of ${count} bound`);
      await sleep(10);
    }
    return performance.now() - start;
  };

  it('registers at its start, refreshes, and unregisters at its stop', async () => {
    const registrar = await ScriptedRegistrar.open();
    const table = join(directory, 'stop.sqlite');
    makeAccountTable(table, [
      accountRow('one', registrar.uri, { expires: 3 }),
      accountRow('two', registrar.uri),
      accountRow('off', registrar.uri, { flags: 1 }),
      accountRow('idle', registrar.uri, { expires: 0 }),
    ]);
    const server = await boot(table);
    await bound(registrar, 2, 5_000);
    await sleep(4_000);
    assert.equal(registrar.bound, 2, server.tail());
    assert.equal(registrar.log.of('off').length + registrar.log.of('idle').length, 0);
    assert.ok(registrar.log.of('one').length >= 3);
    assert.equal(registrar.log.of('two').length, 2);
    const code = await server.stop();
    assert.equal(code, 0, server.tail());
    assert.equal(registrar.bound, 0);
    assert.equal(server.log.includes('secret'), false, 'no password in the log');
    await registrar.leave();
  });

  it('killed and started again, it registers every account once more, at its rate', async (t) => {
    const registrar = await ScriptedRegistrar.open();
    const table = join(directory, 'kill.sqlite');
    makeAccountTable(
      table,
      Array.from({ length: 400 }, (_, n) => accountRow(`k${n}`, registrar.uri, { expires: 600 })),
    );
    const first = await boot(table);
    await bound(registrar, 400, 10_000);
    process.kill(first.pid, 'SIGKILL');
    await first.exit;
    registrar.forget();
    const again = performance.now();
    const second = await boot(table);
    const took = await bound(registrar, 400, 10_000);
    const peak = registrar.log.peakPerSecond(again);
    t.diagnostic(`all registered ${took.toFixed(0)} ms after the start, at most ${peak} REGISTERs a second`);
    registrar.log.assertNoStorm(300 * 1.2, again);
    // New Call-IDs: a CSeq that begins again in an old one would be refused (RFC 3261 §10.3, step 7).
    registrar.log.assertOrder();
    assert.equal(registrar.log.retransmissions, 0);
    await second.stop();
    await first.stop();
    await registrar.leave();
  });
});
