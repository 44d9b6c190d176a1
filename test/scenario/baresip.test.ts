/** baresip calls out: through the trunk example to a real Kamailio that demands credentials, and on to a called side. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { peer } from '../support/peers.ts';
import { serverUnderTest, startServer, type TestServer } from '../support/servers.ts';
import { Baresip } from '../support/sip-baresip.ts';
import { Dialog, SDP } from '../support/sip-dialog.ts';
import { SipPeer } from '../support/sip-peer.ts';
import { carrierCfg } from './cfg-carrier.ts';
import { EXAMPLE } from './trunk.ts';

const skip = peer('baresip').skip === false ? peer('kamailio').skip : peer('baresip').skip;

describe('baresip through the trunk to a Kamailio carrier', { skip }, () => {
  let callee: SipPeer;
  let carrier: TestServer;
  let server: TestServer;
  let phone: Baresip;
  before(async () => {
    callee = await SipPeer.open({ name: 'callee' });
    carrier = await startServer({ kind: 'kamailio', cfg: carrierCfg(407), subst: { CALLEE_PORT: callee.port } });
    server = await startServer({
      kind: serverUnderTest,
      file: EXAMPLE,
      defines: [`CARRIER="sip:127.0.0.1:${carrier.port}"`],
    });
    phone = await Baresip.start(
      `"Alice A" <sip:alice@127.0.0.1:${server.port};transport=udp>;regint=0;outbound="sip:127.0.0.1:${server.port}"`,
    );
  });
  after(async () => {
    await phone?.stop();
    await callee?.close();
    await server?.stop();
    await carrier?.stop();
  });

  it('the call is established and hung up by baresip', async () => {
    phone.command('dial', `sip:+15551234@127.0.0.1:${server.port}`);
    const invite = await callee.expect('INVITE');
    assert.equal(invite.uriOf('From'), 'sip:anonymous@anonymous.invalid');
    assert.doesNotMatch(invite.header('From'), /Alice/);
    await callee.reply(invite, 180, 'Ringing', { headers: [`Contact: <sip:callee@${callee.address}>`] });
    await phone.event('CALL_RINGING');
    await callee.reply(invite, 200, 'OK', {
      headers: [`Contact: <sip:callee@${callee.address}>`, 'Content-Type: application/sdp'],
      body: SDP,
    });
    await callee.expect('ACK');
    await phone.event('CALL_ESTABLISHED');
    phone.command('hangup');
    const bye = await callee.expect('BYE');
    assert.equal(bye.uriOf('From'), 'sip:anonymous@anonymous.invalid');
    assert.ok(bye.cseq.seq > invite.cseq.seq);
    await callee.reply(bye, 200, 'OK');
    await phone.event('CALL_CLOSED');
    await carrier.logged(/@@let in INVITE \d+ from sip:anonymous@anonymous\.invalid as test/);
    phone.events.length = 0;
  });

  it('the called side hangs up: baresip takes the BYE as one of its own call', async () => {
    phone.command('dial', `sip:+15551234@127.0.0.1:${server.port}`);
    const invite = await callee.expect('INVITE');
    await callee.reply(invite, 200, 'OK', {
      headers: [`Contact: <sip:callee@${callee.address}>`, 'Content-Type: application/sdp'],
      body: SDP,
    });
    await callee.expect('ACK');
    await phone.event('CALL_ESTABLISHED');
    const outside = Dialog.ofCallee(callee, invite, 'callee', { host: '127.0.0.1', port: carrier.port });
    await outside.send('BYE');
    assert.equal((await callee.expect((m) => m.status >= 200 && m.method === 'BYE')).status, 200);
    await phone.event('CALL_CLOSED');
    assert.doesNotMatch(phone.log, /anonymous/, 'baresip never sees the identity of the trunk');
  });
});
