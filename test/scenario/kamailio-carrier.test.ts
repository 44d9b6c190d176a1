/** A real Kamailio as the carrier: its auth module checks what uac_auth() answers. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { peer } from '../support/peers.ts';
import { serverUnderTest, startServer, type TestServer } from '../support/servers.ts';
import { Dialog, requestText, SDP } from '../support/sip-dialog.ts';
import { SipPeer } from '../support/sip-peer.ts';
import { carrierCfg } from './cfg-carrier.ts';
import { both, EXAMPLE } from './trunk.ts';

for (const status of [401, 407] as const) {
  describe(`Kamailio as a carrier that challenges with ${status}`, { skip: peer('kamailio').skip }, () => {
    let carrier: TestServer;
    let server: TestServer;
    let phone: SipPeer;
    let callee: SipPeer;
    before(async () => {
      phone = await SipPeer.open({ name: 'phone' });
      callee = await SipPeer.open({ name: 'callee' });
      carrier = await startServer({
        kind: 'kamailio',
        cfg: carrierCfg(status),
        subst: { CALLEE_PORT: callee.port },
      });
      server = await startServer({
        kind: serverUnderTest,
        file: EXAMPLE,
        defines: [`CARRIER="sip:127.0.0.1:${carrier.port}"`],
      });
    });
    after(async () => {
      await phone?.close();
      await callee?.close();
      await server?.stop();
      await carrier?.stop();
    });

    for (let n = 1; n <= 5; n++) {
      it(`call ${n}: let in at the second try, requests of both sides, BYE`, async () => {
        const callId = `carrier-${status}-${n}@test`;
        const remote = { host: '127.0.0.1', port: server.port };
        await phone.send(
          requestText(phone, {
            uri: 'sip:+15551234@carrier.example.com',
            from: '"Alice A" <sip:alice@atlanta.example.com>;tag=alice',
            callId,
            body: SDP,
          }),
          remote,
        );
        const invite = await callee.expect(both('INVITE', callId));
        assert.equal(invite.uriOf('From'), 'sip:anonymous@anonymous.invalid');
        assert.equal(invite.all('Authorization').length + invite.all('Proxy-Authorization').length, 0);
        assert.equal(invite.cseq.seq, 2);
        await callee.reply(invite, 180, 'Ringing', { headers: [`Contact: <sip:callee@${callee.address}>`] });
        await phone.expect(both(180, callId));
        await callee.reply(invite, 200, 'OK', { headers: [`Contact: <sip:callee@${callee.address}>`] });
        const ok = await phone.expect(both('200 INVITE', callId));
        assert.equal(ok.uriOf('From'), 'sip:alice@atlanta.example.com');
        const inside = Dialog.ofCaller(phone, ok, remote);
        const outside = Dialog.ofCallee(callee, invite, 'callee', { host: '127.0.0.1', port: carrier.port });
        await inside.send('ACK', { cseq: 1 });
        assert.equal((await callee.expect(both('ACK', callId))).cseq.seq, 2);
        await outside.send('INFO');
        const info = await phone.expect(both('INFO', callId));
        assert.equal(info.uriOf('To'), 'sip:alice@atlanta.example.com');
        await phone.reply(info, 200, 'OK');
        await callee.expect(both('200 INFO', callId));
        await inside.send('BYE');
        const bye = await callee.expect(both('BYE', callId));
        assert.equal(bye.cseq.seq, 3);
        await callee.reply(bye, 200, 'OK');
        assert.equal((await phone.expect(both('200 BYE', callId))).cseq.seq, 2);
      });
    }

    it('the carrier saw each call twice: challenged, then let in', async () => {
      await carrier.logged(/(@@let in INVITE 2 from sip:anonymous@anonymous\.invalid as test[\s\S]*){5}/);
      const lines = carrier.marked();
      assert.equal(lines.filter((line) => line.startsWith('challenged INVITE 1')).length, 5, lines.join('\n'));
    });
  });
}
