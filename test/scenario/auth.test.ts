/** Phones that others wrote are challenged: SIPp and baresip, users of a database, all dialects. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ROOT } from '../support/command.ts';
import { peer } from '../support/peers.ts';
import { startServer, type TestServer } from '../support/servers.ts';
import { Baresip } from '../support/sip-baresip.ts';
import { Dialog, requestText, SDP } from '../support/sip-dialog.ts';
import { SipPeer } from '../support/sip-peer.ts';
import { startSipp } from '../support/sipp.ts';
import { writeUsers } from './guarded-server.ts';

const REALM = 'test.example';

async function users(folder: string, domain: string): Promise<string> {
  const file = join(folder, `${domain}.db`);
  await writeUsers(file, [{ user: 'alice', password: 'secret', realm: domain }]);
  return file;
}

function configuration(file: string, qop: number): string {
  return `#!KAMAILIO
debug=2
log_stderror=yes
auto_aliases=no
loadmodule "db_sqlite.so"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "auth.so"
loadmodule "auth_db.so"
modparam("auth_db", "db_url", "sqlite:///${file}")
request_route {
  if (is_method("ACK")) { t_check_trans(); exit; }
  if (!auth_check("${REALM}", "subscriber", "1")) { auth_challenge("${REALM}", "${qop}"); exit; }
  if (is_method("REGISTER")) { sl_send_reply("200", "OK"); exit; }
  t_newtran();
  t_reply("486", "Busy Here");
}
`;
}

describe('SIPp with [authentication]', { skip: peer('sipp').skip }, () => {
  for (const qop of [0, 1]) {
    it(`100 phones register and call, ${qop === 0 ? 'without qop' : 'qop auth'}`, async () => {
      const folder = mkdtempSync(join(tmpdir(), 'trunkline-auth-'));
      const server = await startServer({ kind: 'trunkline', cfg: configuration(await users(folder, REALM), qop) });
      try {
        const run = await startSipp({
          scenario: 'register-digest.xml',
          remotePort: server.port,
          calls: 100,
          rate: 100,
        });
        const { successful, failed, errors } = await run.done;
        assert.deepEqual([successful, failed], [100, 0], `${errors}\n${server.tail(20)}`);
      } finally {
        await server.stop();
        rmSync(folder, { recursive: true, force: true });
      }
    });
  }
});

describe('baresip registers and calls by the OpenSIPS example', { skip: peer('baresip').skip }, () => {
  let folder: string;
  let server: TestServer;
  let callee: SipPeer;
  let phone: Baresip;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'trunkline-auth-'));
    const file = await users(folder, '127.0.0.1');
    callee = await SipPeer.open({ name: 'callee' });
    server = await startServer({
      kind: 'trunkline',
      file: join(ROOT, 'examples/opensips-auth/kamailio.cfg'),
      subst: { '/tmp/trunkline-users.db': file },
    });
    phone = await Baresip.start(
      `"Alice" <sip:alice@127.0.0.1:${server.port};transport=udp>;auth_user=alice;auth_pass=secret;regint=60;outbound="sip:127.0.0.1:${server.port};transport=udp"`,
    );
  });
  after(async () => {
    await phone?.stop();
    await callee?.close();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('REGISTER', async () => {
    await phone.event('REGISTER_OK');
  });

  it('INVITE: the credentials go no further than us', async () => {
    phone.command('dial', `sip:bob@${callee.address}`);
    const invite = await callee.expect('INVITE');
    assert.match(invite.header('Record-Route'), new RegExp(`127\\.0\\.0\\.1:${server.port}`), 'by way of the server');
    assert.equal(invite.header('Proxy-Authorization'), '');
    assert.match(invite.header('From'), /sip:alice@/);
    await callee.reply(invite, 486, 'Busy Here');
    await callee.expect('ACK');
    await phone.event('CALL_CLOSED');
  });

  it('a call that is answered and ended by the called side', async () => {
    phone.command('dial', `sip:bob@${callee.address}`);
    const invite = await callee.expect('INVITE');
    const contact = `Contact: <sip:bob@${callee.address}>`;
    const headers = [contact, 'Content-Type: application/sdp'];
    await callee.reply(invite, 200, 'OK', { toTag: 'b', headers, body: SDP });
    await callee.expect('ACK');
    await Dialog.ofCallee(callee, invite, 'b', { host: '127.0.0.1', port: server.port }).send('BYE');
    await callee.expect('200 BYE');
  });

  it('a To tag and a Route that are made up lead nowhere', async () => {
    const text = requestText(callee, {
      uri: 'sip:victim@127.0.0.1:9',
      to: '<sip:victim@127.0.0.1>;tag=made-up',
      callId: 'forged',
      headers: [`Route: <sip:127.0.0.1:${server.port};lr>`],
    });
    await callee.send(text, { host: '127.0.0.1', port: server.port });
    assert.equal((await callee.expect((m) => m.callId === 'forged' && m.status >= 200)).status, 481);
  });
});
