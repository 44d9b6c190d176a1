/** Remote registration as a configuration sees it: functions, credentials of an account's calls, the event route, statistics, a new file. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import type { AccountRow } from '../../src/uac/registration/account-row.ts';
import { row } from '../modules/registration-support.ts';
import { authParameters, expectedResponse } from '../scenario/digest-oracle.ts';
import { makeAccountTable } from '../support/account-table.ts';
import { freePort } from '../support/ports.ts';
import { ScriptedRegistrar } from '../support/scripted-registrar.ts';
import { requestText, SDP } from '../support/sip-dialog.ts';
import type { PeerMessage, SipPeer } from '../support/sip-peer.ts';
import { openPeer, start, testFolder, until } from './support.ts';

const MODULES = ['tm', 'tmx', 'sl', 'rr', 'pv', 'xlog', 'textops', 'siputils', 'ctl', 'db_sqlite', 'uac']
  .map((name) => `loadmodule "${name}.so"\n`)
  .join('');

interface Plan {
  readonly rows?: readonly AccountRow[];
  readonly routes: string;
  readonly params?: string;
}

async function server({ rows, routes, params = '' }: Plan) {
  const folder = testFolder();
  const file = join(folder, 'accounts.db');
  if (rows !== undefined) makeAccountTable(file, rows);
  const port = await freePort();
  const started = await start(
    `listen=udp:127.0.0.1:${port}
    ${MODULES}
    modparam("ctl", "binrpc", "unix:${join(folder, 'ctl')}")
    modparam("uac", "reg_db_url", "sqlite:///${file}")
    modparam("uac", "reg_contact_addr", "127.0.0.1:${port}")
    ${params}
    ${routes}`,
    {},
    folder,
  );
  const statistic = (name: string): number | undefined =>
    started.server.statistics().find((one) => one.group === 'uac' && one.name === name)?.value;
  return { ...started, file, port, statistic };
}

/** Sends a call and gives what the caller gets in the end. */
async function call(port: number): Promise<PeerMessage> {
  const caller = await openPeer({ name: 'caller' });
  await caller.send(requestText(caller, { uri: 'sip:number@127.0.0.1', body: SDP }), { host: '127.0.0.1', port });
  return caller.expect((message) => message.status >= 200);
}

/** Challenges an INVITE and checks what comes back. @returns user name of the right answer */
async function challenge(
  carrier: SipPeer,
  realm: string,
  password: string,
): Promise<{ user: string; invite: PeerMessage }> {
  const first = await carrier.expect('INVITE');
  const header = `Proxy-Authenticate: Digest realm="${realm}", nonce="n-${realm}", qop="auth", algorithm=MD5`;
  await carrier.reply(first, 407, 'Proxy Authentication Required', { headers: [header] });
  const second = await carrier.expect((message) => message.isRequest && message.header('Proxy-Authorization') !== '');
  const parameters = authParameters(second.header('Proxy-Authorization'));
  assert.equal(parameters.get('response'), expectedResponse(parameters, password, 'INVITE', second.body));
  return { user: parameters.get('username') ?? '', invite: second };
}

const RELAY = `
  failure_route[TRUNK] {
    t_on_failure("TRUNK");
    if (t_check_status("401|407") && uac_auth()) { t_relay(); exit; }
    if (t_check_status("503") && uac_reg_request_to("second", 2)) {
      t_relay();
    }
  }`;

function accounts(first: SipPeer, second: SipPeer): AccountRow[] {
  const ha1 = createHash('md5').update('a-second:second.test:pw2').digest('hex');
  return [
    row('first', { realm: '', authPassword: 'pw1', proxy: `sip:${first.address}`, expires: 0, localUser: 'office' }),
    row('second', {
      realm: 'second.test',
      authPassword: 'wrong',
      authHa1: ha1,
      proxy: `sip:${second.address}`,
      expires: 0,
    }),
  ];
}

describe('uac_reg_request_to', () => {
  for (const [what, params] of [
    ['without the variables', ''],
    [
      'with the variables',
      ['username', 'realm', 'password'].map((one) => `modparam("uac", "auth_${one}_avp", "$avp(${one})")\n`).join(''),
    ],
  ] as const)
    test(`a call by one account, and after its failure by another, each with its own credentials, ${what}`, async () => {
      const first = await openPeer({ name: 'first' });
      const second = await openPeer({ name: 'second' });
      const { port } = await server({
        rows: accounts(first, second),
        params,
        routes: `request_route {
          if (is_method("ACK")) exit;
          t_on_failure("TRUNK");
          if (uac_reg_request_to("office", 1)) t_relay();
        }${RELAY}`,
      });
      const answer = call(port);
      const one = await challenge(first, 'first.test', 'pw1');
      assert.equal(one.user, 'a-first');
      assert.equal(one.invite.uri, 'sip:r-first@r.dom');
      await first.reply(one.invite, 503, 'Busy');
      const two = await challenge(second, 'second.test', 'pw2');
      assert.equal(two.user, 'a-second');
      assert.equal(two.invite.uri, 'sip:r-second@r.dom');
      await second.reply(two.invite, 486, 'Busy Here');
      assert.equal((await answer).status, 486);
    });

  test('two challenges on the way of one call: both are answered by the account', async () => {
    const first = await openPeer({ name: 'first' });
    const { port } = await server({
      rows: accounts(first, first),
      routes: `request_route {
        if (is_method("ACK")) exit;
        t_on_failure("TRUNK");
        if (uac_reg_request_to("first", 0)) t_relay();
      }${RELAY}`,
    });
    const answer = call(port);
    const { invite } = await challenge(first, 'outer.test', 'pw1');
    const inner = 'WWW-Authenticate: Digest realm="inner.test", nonce="n", qop="auth", algorithm=MD5';
    await first.reply(invite, 401, 'Unauthorized', { headers: [inner] });
    const last = await first.expect((message) => message.isRequest && message.header('Authorization') !== '');
    const parameters = authParameters(last.header('Authorization'));
    assert.equal(parameters.get('response'), expectedResponse(parameters, 'pw1', 'INVITE', last.body));
    await first.reply(last, 486, 'Busy Here');
    assert.equal((await answer).status, 486);
  });

  test('what the script puts into the variables afterwards counts', async () => {
    const first = await openPeer({ name: 'first' });
    const { port } = await server({
      rows: accounts(first, first),
      params: ['username', 'realm', 'password']
        .map((one) => `modparam("uac", "auth_${one}_avp", "$avp(${one})")\n`)
        .join(''),
      routes: `request_route {
        if (is_method("ACK")) exit;
        t_on_failure("TRUNK");
        if (uac_reg_request_to("first", 0)) t_relay();
      }
      failure_route[TRUNK] {
        if (!t_check_status("401|407")) exit;
        $avp(username) = "other";
        $avp(password) = "pw3";
        if (uac_auth()) t_relay();
      }`,
    });
    const answer = call(port);
    const { user, invite } = await challenge(first, 'first.test', 'pw3');
    assert.equal(user, 'other');
    await first.reply(invite, 486, 'Busy Here');
    await answer;
  });

  test('Service-Route: preloaded with mode 4, in order, its first URI the next hop; not without it, nor for another account', async () => {
    const carrier = await openPeer({ name: 'carrier' });
    const edge = await openPeer({ name: 'edge' });
    const { port, statistic, log } = await server({
      rows: [
        row('routed', { proxy: `sip:${carrier.address}` }),
        row('plain', { proxy: `sip:${carrier.address}`, expires: 0 }),
      ],
      routes: `request_route {
        if (is_method("ACK")) exit;
        t_on_failure("NEXT");
        if (uac_reg_request_to("routed", 4)) t_relay();
      }
      failure_route[NEXT] {
        if (t_check_status("486") && uac_reg_request_to("routed", 0)) { t_on_failure("LAST"); t_relay(); }
      }
      failure_route[LAST] {
        if (t_check_status("486") && uac_reg_request_to("plain", 4)) t_relay();
      }
      event_route[uac:registration] {
        xlog("event $uac_reg(uuid) $uac_reg(service_route)\n");
      }`,
    });
    const register = await carrier.expect('REGISTER');
    const contact = `Contact: ${register.header('Contact')};expires=60`;
    const routes = [`Service-Route: <sip:${edge.address};lr>`, 'Service-Route: <sip:inner.test;lr>;x=y'];
    await carrier.reply(register, 200, 'OK', { headers: [contact, ...routes] });
    await until(() => statistic('reg_state_registered') === 1, 'registration', 5000);
    assert.ok(log.script.includes(`event routed <sip:${edge.address};lr>, <sip:inner.test;lr>;x=y`), log.script.join());
    const answer = call(port);
    const first = await edge.expect('INVITE');
    assert.equal(first.uri, 'sip:r-routed@r.dom');
    assert.equal(first.header('Route'), `<sip:${edge.address};lr>, <sip:inner.test;lr>;x=y`);
    await edge.reply(first, 486, 'Busy Here');
    for (const user of ['routed', 'plain']) {
      const invite = await carrier.expect('INVITE');
      assert.equal(invite.uri, `sip:r-${user}@r.dom`);
      assert.equal(invite.header('Route'), '', user);
      await carrier.reply(invite, 486, 'Busy Here');
    }
    assert.equal((await answer).status, 486);
  });

  test('codes: no account, a mode that is none, a text that is no URI', async () => {
    const first = await openPeer({ name: 'first' });
    const { port, log } = await server({
      rows: accounts(first, first),
      params: 'modparam("uac", "reg_use_domain", 1)',
      routes: `request_route {
        if (is_method("ACK")) exit;
        uac_reg_request_to("nobody", 0);
        xlog("none $rc\\n");
        uac_reg_request_to("first", 8);
        xlog("mode $rc\\n");
        uac_reg_request_to("office", 1);
        xlog("uri $rc\\n");
        uac_reg_request_to("sip:office@l.dom", 1);
        xlog("found $rc $ru $du\\n");
        uac_reg_request_to("sip:office@elsewhere", 1);
        xlog("domain $rc\\n");
        sl_send_reply("404", "No");
      }`,
    });
    await call(port);
    const found = `found 1 sip:r-first@r.dom sip:${first.address}`;
    assert.deepEqual(log.script, ['none -1', 'mode -1', 'uri -2', found, 'domain -1']);
  });
});

describe('accounts of a running configuration', () => {
  test('functions, event route and statistics tell what is so', async () => {
    const registrar = await ScriptedRegistrar.open();
    const { port, log, statistic } = await server({
      rows: [
        row('good', { realm: registrar.realm, authPassword: 'secret', proxy: registrar.uri, localUser: 'office' }),
        row('bad', { realm: registrar.realm, authPassword: 'wrong', proxy: registrar.uri }),
        row('off', { proxy: registrar.uri, flags: 1 }),
      ],
      routes: `request_route {
        if (is_method("ACK")) exit;
        xlog("status $(var(x){s.len}) \\n");
        uac_reg_status("good");
        xlog("good $rc\\n");
        uac_reg_status("off");
        xlog("off $rc\\n");
        uac_reg_lookup_uri("sip:office@anywhere", "$var(uuid)");
        xlog("uuid $rc $var(uuid)\\n");
        uac_reg_lookup("good", "$ru");
        xlog("ru $rc $ru\\n");
        uac_reg_refresh("good");
        xlog("refresh $rc\\n");
        sl_send_reply("404", "No");
      }
      event_route[uac:registration] {
        xlog("event $uac_reg(uuid) $uac_reg(old) $uac_reg(new) $uac_reg(code)\\n");
      }`,
    });
    await until(
      () => statistic('reg_state_registered') === 1 && statistic('reg_state_rejected') === 1,
      'registration',
      5000,
    );
    assert.deepEqual(['regtotal', 'regactive', 'regdisabled', 'reg_db_ok'].map(statistic), [3, 1, 1, 1]);
    assert.ok(log.script.includes('event good waiting registered 200'), log.script.join('\n'));
    assert.ok(log.script.includes('event bad waiting rejected 401'), log.script.join('\n'));
    await call(port);
    const lines = log.script.filter((line) => !line.startsWith('event') && !line.startsWith('status'));
    assert.deepEqual(lines, ['good 1', 'off -3', 'uuid 1 good', 'ru 1 sip:office@l.dom', 'refresh 1']);
    assert.ok(log.has('UAC_REG_REJECTED'));
    assert.doesNotMatch(log.lines.map(({ text }) => text).join('\n'), /secret|wrong/);
    await registrar.leave();
  });

  test('event_route[tm:local-request] sees every REGISTER, adds to it or drops it', async () => {
    const registrar = await ScriptedRegistrar.open();
    const mine = { realm: registrar.realm, authPassword: 'secret', proxy: registrar.uri };
    const { log, statistic } = await server({
      rows: [row('good', mine), row('dropped', mine)],
      routes: `request_route { exit; }
      event_route[tm:local-request] {
        xlog("local $rm $tU\\n");
        if ($tU == "r-dropped") drop;
        append_hf("X-Trunk: $tU\\r\\n");
      }`,
    });
    await until(() => statistic('reg_state_registered') === 1, 'registration', 5000);
    assert.equal(statistic('reg_state_retrying'), 1);
    assert.equal(statistic('reg_result_local'), 1);
    assert.deepEqual(log.script.filter((line) => line === 'local REGISTER r-good').length, 2);
    assert.deepEqual(
      registrar.log.all.map(({ message }) => message.header('X-Trunk')),
      ['r-good', 'r-good'],
    );
    await registrar.leave();
  });

  test('an event_route[tm:local-request] that may wait keeps no account from registering, and it is said', async () => {
    const registrar = await ScriptedRegistrar.open();
    const { log, statistic } = await server({
      rows: [row('good', { realm: registrar.realm, authPassword: 'secret', proxy: registrar.uri })],
      routes: `loadmodule "cfgutils.so"
      request_route { exit; }
      event_route[tm:local-request] { usleep("1000"); append_hf("X-Trunk: yes\\r\\n"); }`,
    });
    await until(() => statistic('reg_state_registered') === 1, 'registration', 5000);
    assert.ok(log.has('UAC_REG_ROUTE_WAITS'));
    await registrar.leave();
  });

  test('a new configuration goes on with what is registered, and hears of it', async () => {
    const registrar = await ScriptedRegistrar.open();
    const route = (mark: string) => `request_route { exit; }
      event_route[uac:registration] { xlog("${mark} $uac_reg(uuid) $uac_reg(new)\\n"); }`;
    const {
      server: running,
      log,
      statistic,
      directory,
    } = await server({
      rows: [row('u1', { realm: '', authPassword: 'secret', proxy: registrar.uri, expires: 4 })],
      routes: route('old'),
    });
    await until(() => statistic('regactive') === 1, 'registration', 5000);
    const before = registrar.log.requests.length;
    const file = join(directory, 'test.cfg');
    writeFileSync(file, readFileSync(file, 'utf8').replace('"old ', '"new '));
    assert.deepEqual(await running.reload(), []);
    assert.equal(registrar.log.requests.length, before, 'nothing is registered anew');
    assert.equal(statistic('regactive'), 1);
    registrar.behave(() => ({ status: 503 }));
    await until(() => log.script.length === 2, 'the refresh', 10_000);
    assert.deepEqual(log.script, ['old u1 registered', 'new u1 retrying']);
    await registrar.leave();
  });

  test('a new configuration with other registration settings has the accounts alone: the old engine sends no more', async () => {
    const registrar = await ScriptedRegistrar.open();
    const {
      server: running,
      statistic,
      directory,
      port,
    } = await server({
      rows: [row('u1', { realm: '', authPassword: 'secret', proxy: registrar.uri, expires: 4 })],
      params: 'modparam("uac", "reg_rate", 50)',
      routes: 'request_route { t_newtran(); t_reply("100", "Trying"); exit; }',
    });
    await until(() => statistic('regactive') === 1, 'registration', 5000);
    // A call that goes on keeps the program that it began with.
    const caller = await openPeer({ name: 'caller' });
    await caller.send(requestText(caller, { uri: 'sip:number@127.0.0.1' }), { host: '127.0.0.1', port });
    await caller.expect(100);
    const file = join(directory, 'test.cfg');
    writeFileSync(file, readFileSync(file, 'utf8').replace('"reg_rate", 50', '"reg_rate", 60'));
    assert.deepEqual(await running.reload(), []);
    await until(() => statistic('regactive') === 1, 'registration by the new engine', 5000);
    const calls = (): string[] => registrar.log.all.map(({ message }) => message.header('Call-ID'));
    const [first] = calls();
    const before = calls().length;
    await until(() => calls().length >= before + 2, 'refreshes', 12_000);
    assert.ok(!calls().slice(before).includes(`${first}`), 'the old registration is refreshed no more');
    await registrar.leave();
  });

  test('a SQLite file that is not there is made with its table; rows come with a reload', async () => {
    const { file, statistic, port } = await server({
      params: 'modparam("uac", "reload_delta", 0)',
      routes: 'request_route { if (!is_method("ACK")) sl_send_reply("404", "No"); }',
    });
    await until(() => statistic('reg_db_ok') === 1, 'the table', 5000);
    // The server's connection may be closing just now, and holds the file for that moment.
    const database = new DatabaseSync(file, { timeout: 5000 });
    assert.deepEqual(
      { ...database.prepare("SELECT table_version v FROM version WHERE table_name = 'uacreg'").get() },
      { v: 6 },
    );
    database.close();
    assert.equal((await call(port)).status, 404);
  });

  test('a database that is down keeps nobody from starting', async () => {
    const { log, statistic, port } = await server({
      params: 'modparam("uac", "reg_db_url", "mysql://u:topsecret@127.0.0.1:1/kamailio")',
      routes: 'request_route { if (!is_method("ACK")) sl_send_reply("404", "No"); }',
    });
    await until(() => log.has('STORAGE_UNREACHABLE'), 'the line', 5000);
    assert.equal(statistic('reg_db_ok'), 0);
    assert.equal((await call(port)).status, 404);
    assert.doesNotMatch(log.lines.map(({ text }) => text).join('\n'), /topsecret/);
  });
});
