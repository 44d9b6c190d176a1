/** The anonymising example: a carrier that looks at every byte does not find the caller, and the phone sees nothing of it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { both, hopText, Trunk } from '../scenario/trunk.ts';
import { ROOT } from '../support/command.ts';
import { type Dialog, requestText, SDP } from '../support/sip-dialog.ts';
import type { PeerMessage } from '../support/sip-peer.ts';

const CFG = readFileSync(join(ROOT, 'examples/anonymize/kamailio.cfg'), 'utf8').replace(
  '127.0.0.1:5080',
  '127.0.0.1:CARRIER_PORT',
);
const CALLED = 'sip:+15551234@carrier.example';
const NAMING = [
  'P-Asserted-Identity: "Alice A" <sip:alice@atlanta.example.com>',
  'P-Preferred-Identity: <tel:+1555alice>',
  'Remote-Party-ID: "Alice A" <sip:alice@atlanta.example.com>;party=calling',
  'Privacy: none',
  'User-Agent: Phone of Alice',
];

describe('the anonymising example', () => {
  let trunk: Trunk;
  before(async () => {
    trunk = await Trunk.start(CFG, 'trunkline');
  });
  after(() => trunk?.stop());

  /** An INVITE that has had its challenge answered, as the carrier got it. */
  async function invite(callId: string): Promise<{ readonly text: string; readonly invite: PeerMessage }> {
    const text = requestText(trunk.phone, {
      uri: CALLED,
      from: '"Alice A" <sip:alice@atlanta.example.com>;tag=t1',
      to: `<${CALLED}>`,
      contact: `Contact: <sip:line1@${trunk.phone.address}>`,
      callId,
      headers: NAMING,
      body: SDP,
    });
    await trunk.phone.send(text, trunk.remote);
    const call = trunk.of(callId);
    const first = await call.carrier('INVITE');
    await trunk.carrier.reply(first, 407, 'Proxy Authentication Required', {
      headers: ['Proxy-Authenticate: Digest realm="carrier.example", nonce="n"'],
    });
    await call.carrier('ACK');
    return { text, invite: await call.carrier('INVITE') };
  }

  async function progress(
    callId: string,
  ): Promise<{ phone: Dialog; carrier: Dialog; invite: PeerMessage; text: string }> {
    const { text, invite: second } = await invite(callId);
    await trunk.carrier.reply(second, 183, 'Session Progress', {
      headers: [trunk.contact, 'Require: 100rel', 'RSeq: 31'],
      body: SDP,
    });
    return { ...trunk.dialogs(second, await trunk.of(callId).phone(183)), invite: second, text };
  }

  function judge(callId: string): void {
    const atCarrier = trunk.carrier.messages('in').filter((m) => m.callId === callId);
    const atPhone = trunk.phone.messages('in').filter((m) => m.callId === callId);
    for (const message of atCarrier) {
      assert.doesNotMatch(message.text, /alice|atlanta|1555a/i, message.text);
      const caller = message.header(message.header('From').endsWith(';tag=t1') ? 'From' : 'To');
      assert.equal(caller, '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=t1');
    }
    for (const message of atPhone) assert.doesNotMatch(message.text, /anonymous/i, message.text);
    assert.ok(atCarrier.length >= 4 && atPhone.length >= 2);
  }

  it('a call with everything in it', async () => {
    const callId = 'long@anonymize';
    const { phone, carrier, invite: second } = await progress(callId);
    await trunk.ask(phone, 'PRACK', [`RAck: 31 ${phone.inviteCSeq} INVITE`, ...NAMING]);
    await trunk.ask(phone, 'UPDATE', NAMING, SDP);
    await trunk.ask(carrier, 'UPDATE', [], SDP);
    await trunk.carrier.reply(second, 200, 'OK', { headers: [trunk.contact], body: SDP });
    await trunk.of(callId).phone('200 INVITE');
    await trunk.ack(phone, phone.inviteCSeq);
    await trunk.ask(phone, 'INVITE', NAMING, SDP);
    await trunk.ack(phone, phone.cseq);
    await carrier.send('INVITE', { body: SDP });
    const again = await trunk.phone.expect(both('INVITE', callId));
    await trunk.phone.reply(again, 200, 'OK', {
      headers: [`Contact: <sip:line1@${trunk.phone.address}>`, ...NAMING, 'Server: Phone of Alice'],
    });
    await trunk.of(callId).carrier('200 INVITE');
    await trunk.ack(carrier, carrier.cseq);
    await trunk.ask(phone, 'INFO', NAMING);
    await trunk.ask(carrier, 'BYE');
    judge(callId);
  });

  it('a phone that writes its URI in another way later', async () => {
    const callId = 'rewritten@anonymize';
    const { phone, invite: second } = await progress(callId);
    await trunk.carrier.reply(second, 200, 'OK', { headers: [trunk.contact], body: SDP });
    await trunk.of(callId).phone('200 INVITE');
    const text = phone.text('ACK', { cseq: phone.inviteCSeq }).replace('alice@atlanta', 'ALICE@ATLANTA');
    await trunk.phone.send(text, trunk.remote);
    await trunk.of(callId).carrier('ACK');
    judge(callId);
  });

  it('BYE before the answer, CANCEL', async () => {
    for (const way of ['BYE', 'CANCEL'] as const) {
      const callId = `${way}@anonymize`;
      const { phone, text } = await progress(callId);
      if (way === 'BYE') await trunk.ask(phone, 'BYE', NAMING);
      else {
        await trunk.phone.send(hopText('CANCEL', text), trunk.remote);
        await trunk.carrier.reply(await trunk.of(callId).carrier('CANCEL'), 200, 'OK');
      }
      judge(callId);
    }
  });
});
