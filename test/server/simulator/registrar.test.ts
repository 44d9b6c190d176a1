import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { RegistrarSimulator } from '../../../src/server/simulator/registrar.ts';
import { answerChallenge } from '../../support/digest-answer.ts';
import { type PeerMessage, SipPeer } from '../../support/sip-peer.ts';

let serial = 0;

/** One REGISTER of a phone that stands on plain sockets. */
async function ask(
  phone: SipPeer,
  port: number,
  headers: readonly string[],
  callId = `c${++serial}`,
  cseq = serial,
): Promise<PeerMessage> {
  await phone.send(
    [
      'REGISTER sip:example.com SIP/2.0',
      `Via: SIP/2.0/UDP ${phone.address};rport;branch=z9hG4bKr${++serial}`,
      'Max-Forwards: 70',
      'From: <sip:trunk@example.com>;tag=1',
      'To: <sip:trunk@EXAMPLE.com>',
      `Call-ID: ${callId}`,
      `CSeq: ${cseq} REGISTER`,
      ...headers,
      'Content-Length: 0',
      '',
      '',
    ].join('\r\n'),
    { host: '127.0.0.1', port },
  );
  return phone.expect((message) => message.callId === callId && message.cseq.seq === cseq);
}

for (const [challenge, algorithm] of [
  ['www', 'MD5'],
  ['proxy', 'SHA-256'],
  ['www', 'SHA-512-256'],
] as const) {
  describe(`simulated registrar, ${challenge} ${algorithm}`, () => {
    let phone: SipPeer;
    let registrar: RegistrarSimulator;
    let port = 0;
    let challengeText = '';
    const credentials = (nc: number, password = 'pässwörd'): string =>
      `${challenge === 'www' ? 'Authorization' : 'Proxy-Authorization'}: ${answerChallenge(challengeText, {
        user: 'trunk',
        password: Buffer.from(password).toString('latin1'),
        method: 'REGISTER',
        uri: 'sip:example.com',
        nc,
      })}`;

    before(async () => {
      phone = await SipPeer.open();
      registrar = new RegistrarSimulator({
        host: '127.0.0.1',
        port: 0,
        realm: 'carrier',
        passwordOf: (user) => (user === 'trunk' ? Buffer.from('pässwörd').toString('latin1') : undefined),
        challenge,
        algorithms: [algorithm],
        minExpires: 30,
        maxExpires: 600,
        nextNonce: true,
        log: () => {},
      });
      await registrar.start();
      port = registrar.endpoint.socket.port;
    });
    after(async () => {
      await registrar.stop();
      await phone.close();
    });

    it('challenges, and lets in who knows the password, with the nonce used again', async () => {
      const first = await ask(phone, port, ['Contact: <sip:t@192.0.2.1>', 'Expires: 60']);
      assert.equal(first.status, challenge === 'www' ? 401 : 407);
      challengeText = first.header(challenge === 'www' ? 'WWW-Authenticate' : 'Proxy-Authenticate');
      const wrong = await ask(phone, port, [credentials(1, 'guess'), 'Contact: <sip:t@192.0.2.1>', 'Expires: 60']);
      assert.equal(wrong.status, first.status);
      const right = await ask(phone, port, [credentials(1), 'Contact: <sip:t@192.0.2.1>', 'Expires: 60']);
      assert.equal(right.status, 200);
      assert.equal(right.header('Contact'), '<sip:t@192.0.2.1>;expires=60');
      assert.match(right.header('Authentication-Info'), /nextnonce="/);
      assert.match(right.header('Via'), new RegExp(`;received=127.0.0.1;rport=${phone.port}$`));
      const again = await ask(phone, port, [credentials(2), 'Contact: <sip:t@192.0.2.1>;expires=900']);
      assert.equal(again.status, 200);
      assert.equal(again.header('Contact'), '<sip:t@192.0.2.1>;expires=600');
      const replay = await ask(phone, port, [credentials(2), 'Contact: <sip:t@192.0.2.1>']);
      assert.match(replay.header(challenge === 'www' ? 'WWW-Authenticate' : 'Proxy-Authenticate'), /stale=true/);
      assert.equal(registrar.registered, 1);
      const { added, refreshed, nonceReused, stale } = registrar.counts;
      assert.deepEqual({ added, refreshed, nonceReused, stale }, { added: 1, refreshed: 1, nonceReused: 1, stale: 1 });
    });

    it('refuses what is too brief, out of order or unreadable, and forgets on request', async () => {
      const brief = await ask(phone, port, [credentials(3), 'Contact: <sip:t@192.0.2.1>', 'Expires: 29']);
      assert.deepEqual([brief.status, brief.header('Min-Expires')], [423, '30']);
      assert.equal((await ask(phone, port, [credentials(4), 'Contact: <sip:t@192.0.2.1>'], 'order', 7)).status, 200);
      assert.equal((await ask(phone, port, [credentials(5), 'Contact: <sip:t@192.0.2.1>'], 'order', 6)).status, 500);
      assert.equal((await ask(phone, port, ['Contact: <sip'])).status, 400);
      assert.equal((await ask(phone, port, [credentials(6), 'Contact: *'])).status, 400);
      const gone = await ask(phone, port, [credentials(7), 'Contact: *', 'Expires: 0']);
      assert.deepEqual([gone.status, gone.all('Contact')], [200, []]);
      assert.equal(registrar.registered, 0);
    });
  });
}
