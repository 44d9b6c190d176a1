/** A trunk call with every kind of request in it: who sees which name, and which number, in every message on both legs. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { sleep } from '../support/servers.ts';
import { SDP } from '../support/sip-dialog.ts';
import type { PeerMessage } from '../support/sip-peer.ts';
import { both, type Challenge, hopText, Trunk } from './trunk.ts';

const OUTSIDE = 'sip:anonymous@anonymous.invalid';
const INSIDE = '"Alice A" <sip:alice@atlanta.example.com>';

/** A long call; the numbers that its requests left the phone with are those of its own counting. */
async function longCall(
  trunk: Trunk,
  callId: string,
  challenge: Challenge,
  hangsUp: 'phone' | 'carrier',
): Promise<void> {
  const call = trunk.of(callId);
  await trunk.invite(callId, ['Supported: 100rel']);
  const first = await call.carrier('INVITE');
  await trunk.challenge(first, challenge);
  await call.carrier('ACK');
  const second = await call.carrier('INVITE');
  trunk.assertAuthorized(second, challenge);
  await trunk.carrier.reply(second, 100, 'Trying');
  await trunk.carrier.reply(second, 183, 'Session Progress', {
    headers: [trunk.contact, 'Require: 100rel', 'RSeq: 31', 'Content-Type: application/sdp'],
    body: SDP,
  });
  const progress = await call.phone(183);
  const { phone, carrier } = trunk.dialogs(second, progress);
  const { request: prack } = await trunk.ask(phone, 'PRACK', [`RAck: 31 ${phone.inviteCSeq} INVITE`]);
  assert.equal(prack.header('RAck'), `31 ${second.cseq.seq} INVITE`, 'RAck names the INVITE as the carrier knows it');
  await trunk.ask(phone, 'UPDATE', [], SDP);
  await trunk.ask(carrier, 'UPDATE', [], SDP);
  await trunk.carrier.reply(second, 180, 'Ringing', { headers: [trunk.contact] });
  await call.phone(180);
  await trunk.carrier.reply(second, 200, 'OK', {
    headers: [trunk.contact, 'Content-Type: application/sdp'],
    body: SDP,
  });
  await call.phone('200 INVITE');
  const ack = await trunk.ack(phone, phone.inviteCSeq);
  assert.equal(ack.cseq.seq, second.cseq.seq, 'the ACK has the number of the INVITE it belongs to');
  await trunk.ask(phone, 'INFO');
  await trunk.ask(carrier, 'INFO');
  const again = await trunk.ask(phone, 'INVITE', [], SDP);
  assert.equal((await trunk.ack(phone, phone.cseq)).cseq.seq, again.request.cseq.seq);
  await trunk.ask(carrier, 'INVITE', [], SDP);
  assert.equal((await trunk.ack(carrier, carrier.cseq)).cseq.seq, carrier.cseq);
  await trunk.ask(phone, 'OPTIONS');
  await trunk.ask(carrier, 'NOTIFY', ['Event: talk', 'Subscription-State: active']);
  await trunk.ask(hangsUp === 'phone' ? phone : carrier, 'BYE');
}

function ofCall(messages: readonly PeerMessage[], callId: string): PeerMessage[] {
  return messages.filter((m) => m.callId === callId);
}

/** Which header of a message names the phone: From in its own requests and their replies, To in those of the carrier. */
function naming(message: PeerMessage, peerIsPhone: boolean): 'From' | 'To' {
  const byPhone = message.isRequest
    ? (message.direction === 'out') === peerIsPhone
    : (message.direction === 'in') === peerIsPhone;
  return byPhone ? 'From' : 'To';
}

describe('every message of a trunk call', () => {
  let trunk: Trunk;
  before(async () => {
    trunk = await Trunk.start();
  });
  after(() => trunk?.stop());

  const variants: readonly (readonly [string, Challenge, 'phone' | 'carrier'])[] = [
    ['401 with qop, the phone hangs up', { status: 401, more: ', qop="auth", algorithm=MD5' }, 'phone'],
    ['401 without qop, the carrier hangs up', { status: 401, more: '' }, 'carrier'],
    ['407 with qop, the carrier hangs up', { status: 407, more: ', qop="auth", algorithm=MD5' }, 'carrier'],
    ['407 without qop, the phone hangs up', { status: 407, more: ', algorithm=MD5' }, 'phone'],
  ];
  for (const [name, challenge, hangsUp] of variants) {
    it(name, async () => {
      const callId = `${name.replaceAll(/\W+/g, '-')}@trunk`;
      await longCall(trunk, callId, challenge, hangsUp);
      const atCarrier = ofCall(trunk.carrier.messages('in'), callId);
      const atPhone = ofCall(trunk.phone.messages('in'), callId);
      assert.ok(atCarrier.length >= 15 && atPhone.length >= 15, `${atCarrier.length} and ${atPhone.length} messages`);

      for (const message of atCarrier) {
        assert.equal(message.uriOf(naming(message, false)), OUTSIDE, message.startLine);
        // Nothing of the caller stands anywhere else either; the session description is the phone's own.
        assert.doesNotMatch(message.text, /alice@|Alice A|atlanta/i, message.text);
      }
      for (const message of atPhone) {
        const named = message.header(naming(message, true));
        // A removed display name is nobody's: the carrier has none to send back, so only replies and requests made from ours can show it.
        assert.ok(named.startsWith(INSIDE), `${message.startLine}: ${named}`);
        assert.doesNotMatch(message.text, /anonymous/, message.text);
      }

      const sent = ofCall(trunk.carrier.messages('in'), callId).filter((m) => m.isRequest && m.method !== 'ACK');
      const numbers = sent.map((m) => m.cseq.seq);
      assert.deepEqual(
        numbers,
        [...new Set(numbers)].sort((a, b) => a - b),
        'numbers at the carrier only rise',
      );
      assert.deepEqual(numbers.slice(0, 3), [1, 2, 3]);
      for (const reply of atPhone.filter((m) => !m.isRequest)) {
        const asked = ofCall(trunk.phone.messages('out'), callId).find((m) => m.isRequest && m.branch === reply.branch);
        assert.equal(reply.header('CSeq'), asked?.header('CSeq'), `${reply.startLine} has the requester's number`);
      }
      for (const request of atPhone.filter((m) => m.isRequest))
        assert.ok(request.cseq.seq > 700, 'the carrier counts for itself');
    });
  }
});

describe('challenges in the middle of a call', () => {
  const CFG = `
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "uac.so"
modparam("uac", "restore_mode", "auto")
modparam("uac", "credential", "test:carrier.example.com:test")
request_route {
  if (is_method("CANCEL")) { if (t_check_trans()) { t_relay(); } exit; }
  if (has_totag()) {
    if (loose_route()) { t_on_failure("AUTH"); t_relay(); exit; }
    exit;
  }
  record_route();
  $du = "sip:127.0.0.1:CARRIER_PORT";
  t_on_failure("AUTH");
  t_relay();
}
failure_route[AUTH] {
  if (t_is_canceled()) exit;
  if (t_check_status("401|407")) { uac_auth(); t_relay(); }
}
`;
  let trunk: Trunk;
  before(async () => {
    trunk = await Trunk.start(CFG);
  });
  after(() => trunk?.stop());

  const challenge: Challenge = { status: 407, more: ', qop="auth"' };

  it('of both sides, mixed: numbers keep rising on both legs, replies bring back the own number', async () => {
    const callId = 'mixed@trunk';
    const call = trunk.of(callId);
    await trunk.invite(callId);
    const first = await call.carrier('INVITE');
    await trunk.challenge(first, challenge);
    await call.carrier('ACK');
    const second = await call.carrier('INVITE');
    await trunk.carrier.reply(second, 200, 'OK', { headers: [trunk.contact] });
    const { phone, carrier } = trunk.dialogs(second, await call.phone('200 INVITE'));
    await trunk.ack(phone, phone.inviteCSeq);

    // The carrier wants a fresh answer for a re-INVITE of the phone.
    await phone.send('INVITE', { body: SDP });
    await trunk.challenge(await call.carrier('INVITE'), challenge);
    await call.carrier('ACK');
    const repeated = await call.carrier('INVITE');
    trunk.assertAuthorized(repeated, challenge);
    await trunk.carrier.reply(repeated, 200, 'OK', { headers: [trunk.contact] });
    assert.equal((await call.phone('200 INVITE')).cseq.seq, phone.cseq);
    assert.equal((await trunk.ack(phone, phone.cseq)).cseq.seq, repeated.cseq.seq);

    // A PBX on the inside that challenges the carrier's requests: the server answers for the carrier as well.
    await carrier.send('INFO', {});
    const info = await call.phone('INFO');
    await trunk.phone.reply(info, 407, 'Proxy Authentication Required', {
      headers: ['Proxy-Authenticate: Digest realm="carrier.example.com", nonce="inside", qop="auth"'],
    });
    const infoAgain = await call.phone('INFO');
    assert.equal(infoAgain.cseq.seq, info.cseq.seq + 1);
    await trunk.phone.reply(infoAgain, 200, 'OK');
    assert.equal((await call.carrier('200 INFO')).cseq.seq, carrier.cseq);

    await trunk.ask(phone, 'INFO');
    await trunk.ask(carrier, 'INFO');
    // And the BYE is challenged too.
    await phone.send('BYE', {});
    await trunk.challenge(await call.carrier('BYE'), challenge);
    const bye = await call.carrier('BYE');
    trunk.assertAuthorized(bye, challenge);
    await trunk.carrier.reply(bye, 200, 'OK');
    assert.equal((await call.phone('200 BYE')).cseq.seq, phone.cseq);

    for (const peer of [trunk.carrier, trunk.phone]) {
      const numbers = peer
        .messages('in')
        .filter((m) => m.callId === callId && m.isRequest && m.method !== 'ACK')
        .map((m) => m.cseq.seq);
      assert.ok(numbers.length >= 3);
      assert.deepEqual(
        numbers,
        [...new Set(numbers)].sort((a, b) => a - b),
        peer.name,
      );
    }
  });
});

describe('calls that do not come about', () => {
  let trunk: Trunk;
  before(async () => {
    trunk = await Trunk.start();
  });
  after(() => trunk?.stop());

  for (const status of [401, 407] as const) {
    it(`wrong password, ${status}: two tries, one final reply, no loop`, async () => {
      const callId = `wrong-${status}@trunk`;
      const call = trunk.of(callId);
      const text = await trunk.invite(callId);
      for (let i = 0; i < 2; i++) {
        await trunk.challenge(await call.carrier('INVITE'), { status, more: ', qop="auth"' });
        await call.carrier('ACK');
      }
      const final = await call.phone((m) => m.status >= 300);
      assert.equal(final.status, status);
      await trunk.phone.send(hopText('ACK', text, final), trunk.remote);
      await sleep(700);
      const tries = trunk.carrier.messages('in').filter((m) => m.callId === callId && m.method === 'INVITE');
      const finals = trunk.phone.messages('in').filter((m) => m.callId === callId && m.status >= 200);
      assert.deepEqual([tries.length, finals.length], [2, 1]);
    });
  }

  it('wrong password and a failure_route that arms itself again: still no loop', async () => {
    const loop = await Trunk.start(`
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "uac.so"
modparam("uac", "credential", "test:carrier.example.com:wrong")
request_route { record_route(); t_on_failure("AUTH"); $du = "sip:127.0.0.1:CARRIER_PORT"; t_relay(); }
failure_route[AUTH] { t_on_failure("AUTH"); if (t_check_status("401|407")) { uac_auth(); t_relay(); } }
`);
    try {
      const callId = 'loop@trunk';
      const call = loop.of(callId);
      loop.carrier.on(both('INVITE', callId), (request) => void loop.challenge(request, { status: 407, more: '' }));
      const text = await loop.invite(callId);
      const final = await call.phone((m) => m.status >= 300);
      await loop.phone.send(hopText('ACK', text, final), loop.remote);
      await sleep(300);
      const tries = loop.carrier.messages('in').filter((m) => m.callId === callId && m.method === 'INVITE');
      assert.deepEqual([final.status, tries.length], [407, 2]);
    } finally {
      await loop.stop();
    }
  });

  it('CANCEL while the answered INVITE rings: the second INVITE is cancelled, by its own branch and number', async () => {
    const callId = 'cancel-ringing@trunk';
    const call = trunk.of(callId);
    const text = await trunk.invite(callId);
    await trunk.challenge(await call.carrier('INVITE'), { status: 407, more: '' });
    await call.carrier('ACK');
    const second = await call.carrier('INVITE');
    await trunk.carrier.reply(second, 180, 'Ringing', { headers: [trunk.contact] });
    await call.phone(180);
    await trunk.phone.send(hopText('CANCEL', text), trunk.remote);
    assert.equal((await call.phone('200 CANCEL')).cseq.seq, 1);
    const cancel = await call.carrier('CANCEL');
    assert.equal(cancel.branch, second.branch);
    assert.equal(cancel.cseq.seq, second.cseq.seq);
    assert.equal(cancel.uriOf('From'), OUTSIDE);
    await trunk.carrier.reply(cancel, 200, 'OK');
    await trunk.carrier.reply(second, 487, 'Request Terminated');
    assert.equal((await call.carrier('ACK')).cseq.seq, second.cseq.seq);
    const final = await call.phone('487 INVITE');
    assert.ok(final.header('From').startsWith(INSIDE));
    await trunk.phone.send(hopText('ACK', text, final), trunk.remote);
  });

  it('CANCEL before the challenge: the challenge is not answered any more', async () => {
    const callId = 'cancel-challenged@trunk';
    const call = trunk.of(callId);
    const text = await trunk.invite(callId);
    const first = await call.carrier('INVITE');
    await trunk.carrier.reply(first, 100, 'Trying');
    await call.phone(100);
    await sleep(100);
    await trunk.phone.send(hopText('CANCEL', text), trunk.remote);
    await call.phone('200 CANCEL');
    const cancel = await call.carrier('CANCEL');
    await trunk.challenge(first, { status: 407, more: '' });
    await call.carrier('ACK');
    await trunk.carrier.reply(cancel, 200, 'OK');
    const final = await call.phone((m) => m.method === 'INVITE' && m.status >= 300);
    await trunk.phone.send(hopText('ACK', text, final), trunk.remote);
    await sleep(300);
    const tries = trunk.carrier
      .messages('in')
      .filter((m) => m.callId === callId && m.isRequest && m.method === 'INVITE');
    assert.equal(tries.length, 1);
  });
});

describe('retransmissions', () => {
  let trunk: Trunk;
  before(async () => {
    trunk = await Trunk.start();
  });
  after(() => trunk?.stop());

  it('a repeated INVITE is absorbed, a repeated challenge is acknowledged again and answered once', async () => {
    const callId = 'again@trunk';
    const call = trunk.of(callId);
    const text = await trunk.invite(callId);
    for (let i = 0; i < 3; i++) await trunk.phone.send(text, trunk.remote);
    const first = await call.carrier('INVITE');
    for (let i = 0; i < 3; i++) {
      await trunk.carrier.reply(first, 401, 'Unauthorized', {
        toTag: 'refused',
        headers: ['WWW-Authenticate: Digest realm="carrier.example.com", nonce="again"'],
      });
    }
    const second = await call.carrier('INVITE');
    // Nobody answers the second one at first: it comes again by itself (RFC 3261 §17.1.1.2, timer A).
    await sleep(700);
    const all = trunk.carrier.trace.filter((m) => m.callId === callId && m.direction === 'in');
    const invites = all.filter((m) => m.method === 'INVITE');
    assert.equal(invites.filter((m) => m.text === first.text).length, 1);
    assert.ok(invites.filter((m) => m.text === second.text).length >= 2);
    assert.equal(new Set(invites.map((m) => m.text)).size, 2, 'one INVITE and one answer to its challenge');
    assert.equal(all.filter((m) => m.method === 'ACK').length, 3, 'each challenge is acknowledged');

    await trunk.carrier.reply(second, 200, 'OK', { headers: [trunk.contact] });
    await call.phone('200 INVITE');
    await trunk.carrier.reply(second, 200, 'OK', { headers: [trunk.contact] });
    await sleep(100);
    const oks = trunk.phone.trace.filter((m) => m.callId === callId && m.direction === 'in' && m.status === 200);
    assert.equal(oks.length, 2, 'a repeated 200 reaches the phone: only its ACK ends it (RFC 3261 §13.3.1.4)');
    const { phone } = trunk.dialogs(second, oks[0] as PeerMessage);
    await trunk.ack(phone, phone.inviteCSeq);
    await trunk.ask(phone, 'BYE');
  });

  it('a repeated BYE gets its reply again and reaches the carrier once', async () => {
    const callId = 'bye-again@trunk';
    const call = trunk.of(callId);
    await trunk.invite(callId);
    const invite = await call.carrier('INVITE');
    await trunk.carrier.reply(invite, 200, 'OK', { headers: [trunk.contact] });
    const { phone } = trunk.dialogs(invite, await call.phone('200 INVITE'));
    await trunk.ack(phone, phone.inviteCSeq);
    const text = await phone.send('BYE');
    await trunk.carrier.reply(await call.carrier('BYE'), 200, 'OK');
    await call.phone('200 BYE');
    await trunk.phone.send(text, trunk.remote);
    await sleep(200);
    const byes = trunk.carrier.trace.filter((m) => m.callId === callId && m.isRequest && m.method === 'BYE');
    const replies = trunk.phone.trace.filter((m) => m.callId === callId && m.direction === 'in' && m.method === 'BYE');
    assert.deepEqual([byes.length, replies.length], [1, 2]);
  });
});
