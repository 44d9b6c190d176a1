import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkConfiguration } from '../../src/server/server.ts';
import { freePort } from '../support/ports.ts';
import { requestText } from '../support/sip-dialog.ts';
import type { PeerMessage, SipPeer } from '../support/sip-peer.ts';
import { openPeer, optionsFor, type Started, start, until } from './support.ts';

const MODULES = `
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "uac.so"
modparam("rr", "append_fromtag", 1)
modparam("tm", "fr_timer", 600)
`;

interface Bench extends Started {
  readonly port: number;
  readonly phone: SipPeer;
  readonly peer: SipPeer;
  /** Makes the server run its request route. */
  trigger(): Promise<void>;
}

/** A server whose request route does `body`; `PEER` in it is the address of a scripted peer. */
async function bench(body: string, more = ''): Promise<Bench> {
  const port = await freePort();
  const [phone, peer] = [await openPeer({ name: 'phone' }), await openPeer({ name: 'peer' })];
  const fill = (text: string): string => text.replaceAll('PEER', peer.address).replaceAll('PORT', `${peer.port}`);
  const started = await start(
    `listen=udp:127.0.0.1:${port}\n${MODULES}${fill(more)}\nrequest_route { ${fill(body)} sl_send_reply("200", "OK"); }`,
  );
  const trigger = async (): Promise<void> => {
    await phone.send(requestText(phone, { method: 'OPTIONS', uri: 'sip:x@example.com' }), { host: '127.0.0.1', port });
    await phone.expect('200 OPTIONS');
  };
  return { ...started, port, phone, peer, trigger };
}

const MESSAGE = `
  $uac_req(method) = "MESSAGE";
  $uac_req(ruri) = "sip:PEER";
  $uac_req(furi) = "\\"Disp N\\" <sip:from@f.org>;x=1";
  $uac_req(turi) = "sip:to@t.org;user=phone";
  $uac_req(hdrs) = "Subject: hi\\r\\nContent-Type: text/plain\\r\\n";
  $uac_req(body) = "hello";
  $uac_req(callid) = "my-callid";
`;

const REPLY_ROUTE = `event_route[uac:reply] {
  xlog("L_NOTICE", "reply $uac_req(evcode) type $uac_req(evtype) param $uac_req(evparam) status $rs callid $ci method $uac_req(method)\\n");
}`;

const CHALLENGE = 'WWW-Authenticate: Digest realm="r", nonce="n1", qop="auth", algorithm=SHA-256';

function names(message: PeerMessage): string[] {
  return message.headers.map(({ name }) => name);
}

describe('uac_req_send', () => {
  test('a MESSAGE as tm writes it', async () => {
    const { peer, trigger, port } = await bench(`${MESSAGE} uac_req_send();`);
    await trigger();
    const got = await peer.expect('MESSAGE');
    assert.equal(got.startLine, `MESSAGE sip:${peer.address} SIP/2.0`);
    assert.deepEqual(names(got), [
      ...['Via', 'To', 'From', 'CSeq', 'Call-ID', 'Max-Forwards', 'Content-Length', 'User-Agent'],
      ...['Subject', 'Content-Type'],
    ]);
    assert.equal(got.header('To'), '<sip:to@t.org;user=phone>');
    assert.match(got.header('From'), /^"Disp N" <sip:from@f\.org>;x=1;tag=[0-9a-f]{32}$/);
    assert.equal(got.header('CSeq'), '10 MESSAGE');
    assert.equal(got.header('Call-ID'), 'my-callid');
    assert.match(got.header('Via'), new RegExp(`^SIP/2.0/UDP 127\\.0\\.0\\.1:${port};branch=z9hG4bK`));
    assert.equal(got.body, 'hello');
  });

  test('tags, Call-ID, CSeq and outbound URI of the script', async () => {
    const { peer, trigger } = await bench(
      `${MESSAGE} $uac_req(ruri) = "sip:far@away.invalid"; $uac_req(ouri) = "sip:PEER"; $uac_req(ttag) = "t1"; $uac_req(ftag) = "f1";
       $uac_req(cseqno) = 77; uac_req_send();`,
    );
    await trigger();
    const got = await peer.expect('MESSAGE');
    assert.equal(got.uri, 'sip:far@away.invalid');
    assert.match(got.header('From'), /;tag=f1$/);
    assert.match(got.header('To'), /;tag=t1$/);
    assert.equal(got.header('CSeq'), '77 MESSAGE');
  });

  test('a challenge is answered with everything that the request had; the event route hears both replies', async () => {
    const { peer, trigger, log } = await bench(
      `${MESSAGE} $uac_req(auser) = "u"; $uac_req(apasswd) = "secret"; $uac_req(evroute) = 1; $uac_req(evparam) = "p"; uac_req_send();`,
      REPLY_ROUTE,
    );
    await trigger();
    const first = await peer.expect('MESSAGE');
    await peer.reply(first, 401, 'Unauthorized', { headers: [CHALLENGE] });
    const second = await peer.expect('MESSAGE');
    assert.equal(second.header('CSeq'), '11 MESSAGE');
    assert.equal(second.header('From'), first.header('From'));
    assert.equal(second.header('To'), first.header('To'));
    assert.equal(second.body, first.body);
    assert.deepEqual(names(second), [...names(first), 'Authorization']);
    assert.match(second.header('Authorization'), /^Digest username="u", realm="r".*algorithm=SHA-256/);
    await peer.reply(second, 200, 'OK');
    await until(() => log.script.length === 2);
    assert.deepEqual(log.script, [
      'reply 401 type 1 param p status 401 callid my-callid method MESSAGE',
      'reply 200 type 1 param p status 200 callid my-callid method MESSAGE',
    ]);
    assert.doesNotMatch(JSON.stringify(log.lines), /secret/);
  });

  test('a proxy and the server challenge: both answers go along', async () => {
    const { peer, trigger } = await bench(`${MESSAGE} $uac_req(auser) = "u"; $uac_req(apasswd) = "p"; uac_req_send();`);
    await trigger();
    await peer.reply(await peer.expect('MESSAGE'), 407, 'Proxy', {
      headers: ['Proxy-Authenticate: Digest realm="proxy", nonce="a"'],
    });
    await peer.reply(await peer.expect('MESSAGE'), 401, 'No', { headers: [CHALLENGE] });
    const third = await peer.expect('MESSAGE');
    assert.deepEqual(names(third).slice(-2), ['Proxy-Authorization', 'Authorization']);
    assert.equal(third.header('CSeq'), '12 MESSAGE');
    await peer.reply(third, 401, 'No', { headers: [CHALLENGE] });
    // The same realm again: the password is wrong, and not tried again.
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(peer.waiting('MESSAGE').length, 0);
  });

  test('arealm ties the credentials to a realm', async () => {
    const { peer, trigger } = await bench(
      `${MESSAGE} $uac_req(auser) = "u"; $uac_req(apasswd) = "p"; $uac_req(arealm) = "mine"; uac_req_send();`,
    );
    await trigger();
    await peer.reply(await peer.expect('MESSAGE'), 401, 'No', { headers: [CHALLENGE] });
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(peer.waiting('MESSAGE').length, 0);
  });

  test('evroute 2: failures only, a timeout as 408 of ours; no challenge is answered', async () => {
    const { peer, trigger, log } = await bench(
      `${MESSAGE} $uac_req(auser) = "u"; $uac_req(apasswd) = "p"; $uac_req(evroute) = 2; uac_req_send();`,
      REPLY_ROUTE,
    );
    await trigger();
    await peer.reply(await peer.expect('MESSAGE'), 401, 'No', { headers: [CHALLENGE] });
    await until(() => log.script.length === 1);
    assert.match(log.script[0] ?? '', /^reply 401 type 1/);
    await trigger();
    await peer.reply(await peer.expect('MESSAGE'), 200, 'OK');
    await trigger();
    await until(() => log.script.length === 2, 'the timeout', 3000);
    assert.match(log.script[1] ?? '', /^reply 408 type 2 .*method MESSAGE$/);
  });

  test('fr_timeout: milliseconds of its own, whatever tm has', async () => {
    const { trigger, log } = await bench(
      `${MESSAGE} $uac_req(evroute) = 1; $uac_req(fr_timeout) = 150; $uac_req(fr_inv_timeout) = 200; uac_req_send();`,
      `modparam("tm", "fr_timer", 20000)\n${REPLY_ROUTE}`,
    );
    await trigger();
    await until(() => log.script.length === 1, 'the timeout', 5000);
    assert.match(log.script[0] ?? '', /^reply 408 type 2/);
  });

  test('fr_inv_timeout: an INVITE that rings for ever ends after its own time', async () => {
    const { peer, trigger, log } = await bench(
      `${MESSAGE} $uac_req(method) = "INVITE"; $uac_req(evroute) = 1; $uac_req(fr_inv_timeout) = 300; uac_req_send();`,
      REPLY_ROUTE,
    );
    await trigger();
    await peer.reply(await peer.expect('INVITE'), 180, 'Ringing', { toTag: 'C' });
    await until(() => log.script.length === 1, 'the timeout', 5000);
    assert.match(log.script[0] ?? '', /^reply 408 type 2 .*method INVITE$/);
    // Who rings is told to stop (RFC 3261 §9.1).
    await peer.expect('CANCEL');
  });

  test('an INVITE that is ended while its next hop is looked up never leaves', async () => {
    const { peer, trigger, log } = await bench(
      `${MESSAGE} $uac_req(method) = "INVITE"; $uac_req(ouri) = "sip:localhost:PORT"; $uac_req(evroute) = 1; uac_req_send();
       uac_req_end("my-callid");`,
      REPLY_ROUTE,
    );
    await trigger();
    await until(() => log.script.length === 1, 'the end', 5000);
    assert.match(log.script[0] ?? '', /^reply 487 type 2/);
    assert.equal(peer.waiting('INVITE').length, 0);
  });

  test('what the message before put together is not there for the next', async () => {
    const { trigger, log } = await bench(
      `xlog("L_NOTICE", "before: $uac_req(apasswd) $uac_req(method)\\n"); $uac_req(method) = "INFO"; $uac_req(apasswd) = "x";
       $uac_req(all) = $null; xlog("L_NOTICE", "after: $uac_req(apasswd) $uac_req(method)\\n"); $uac_req(apasswd) = "y";`,
    );
    await trigger();
    await trigger();
    assert.deepEqual(log.script, Array(2).fill(['before: <null> <null>', 'after: <null> <null>']).flat());
  });

  test('wrong values: the old one stays, nothing is sent, the code says why', async () => {
    const { peer, trigger, log } = await bench(`
      ${MESSAGE}
      $uac_req(cseqno) = "text"; $uac_req(method) = "A-VERY-LONG-METHOD-NAME-OF-MORE-THAN-31-BYTES";
      xlog("L_NOTICE", "$uac_req(method)\\n");
      $uac_req(furi) = "sip:a@b\\r\\nEvil: 1";
      $uac_req(ruri) = "not a uri"; if (!uac_req_send()) xlog("L_NOTICE", "refused 1\\n");
      $uac_req(ruri) = "sip:PEER"; $uac_req(sock) = "udp:192.0.2.1:5060"; if (!uac_req_send()) xlog("L_NOTICE", "refused 2\\n");
      $uac_req(sock) = $null; $uac_req(method) = $null; if (!uac_req_send()) xlog("L_NOTICE", "refused 3\\n");
    `);
    await trigger();
    assert.deepEqual(log.script, ['MESSAGE', 'refused 1', 'refused 2', 'refused 3']);
    for (const code of ['TYPE', 'TOO_LONG', 'LINE_END', 'BAD_URI', 'BAD_SOCKET', 'INCOMPLETE'])
      assert.ok(log.has(`UAC_REQ_${code}`), code);
    assert.equal(peer.waiting('MESSAGE').length, 0);
  });

  test('a key that is none is an error of the configuration, with the keys that are', async () => {
    const text = `listen=udp:127.0.0.1:5060\n${MODULES}request_route { $uac_req(metod) = "INFO"; }`;
    const result = await checkConfiguration(optionsFor(text));
    assert.equal(result.ok, false);
    assert.match(
      result.text,
      /test\.cfg:13:17: error: .*no such key; there are all, method, ruri.*\[CFG_VARIABLE_NAME\]/,
    );
  });

  test('a next hop without an address is a 478 of ours', async () => {
    const { trigger, log } = await bench(
      `${MESSAGE} $uac_req(ruri) = "sip:x@nowhere.invalid"; $uac_req(evroute) = 1; uac_req_send();`,
      REPLY_ROUTE,
    );
    await trigger();
    await until(() => log.script.length === 1, 'the event', 8000);
    assert.match(log.script[0] ?? '', /^reply 478 type 2/);
  });

  test('an INVITE is acknowledged, its repeated 200 too, and hung up on request', async () => {
    const { peer, trigger, phone, port } = await bench(`
      if (is_method("INFO")) { uac_req_end("my-callid"); }
      else { ${MESSAGE} $uac_req(method) = "INVITE"; uac_req_send(); }`);
    await trigger();
    const invite = await peer.expect('INVITE');
    const ok = {
      toTag: 'C',
      headers: [`Contact: <sip:callee@${peer.address};x=y>`, `Record-Route: <sip:${peer.address};lr;r=1>`],
    };
    await peer.reply(invite, 180, 'Ringing', { toTag: 'C' });
    await peer.reply(invite, 200, 'OK', ok);
    const ack = await peer.expect('ACK');
    assert.equal(ack.uri, `sip:callee@${peer.address};x=y`);
    assert.equal(ack.header('CSeq'), '10 ACK');
    assert.equal(ack.header('Route'), `<sip:${peer.address};lr;r=1>`);
    assert.match(ack.header('To'), /;tag=C$/);
    await peer.reply(invite, 200, 'OK', ok);
    await peer.expect('ACK');
    await phone.send(requestText(phone, { method: 'INFO', uri: 'sip:x@example.com' }), { host: '127.0.0.1', port });
    const bye = await peer.expect('BYE');
    assert.equal(bye.header('CSeq'), '11 BYE');
    assert.equal(bye.uri, ack.uri);
  });
});

describe('event_route[tm:local-request]', () => {
  test('sees requests of ours, edits them, sends them elsewhere', async () => {
    const { peer, trigger, log } = await bench(
      `${MESSAGE} $uac_req(ruri) = "sip:x@nowhere.invalid"; uac_req_send();`,
      `event_route[tm:local-request] {
         xlog("L_NOTICE", "local $rm $ru $fu $rb\\n");
         append_hf("X-Own: 1\\r\\n"); remove_hf("Subject"); $du = "sip:PEER"; $rU = "y";
       }`,
    );
    await trigger();
    const got = await peer.expect('MESSAGE');
    assert.equal(got.uri, 'sip:y@nowhere.invalid');
    assert.equal(got.header('X-Own'), '1');
    assert.equal(got.header('Subject'), '');
    assert.equal(got.all('Via').length, 1);
    assert.equal(got.body, 'hello');
    assert.deepEqual(log.script, ['local MESSAGE sip:x@nowhere.invalid sip:from@f.org hello']);
  });

  test('sees what t_uac_send() sends', async () => {
    const { peer, trigger } = await bench(
      't_uac_send("INFO", "sip:x@nowhere.invalid", "sip:PEER", "", "From: <sip:a@b>;tag=1\\r\\nX-A: 1\\r\\n", "");',
      'event_route[tm:local-request] { if ($hdr(X-A) == "1") append_hf("X-Own: $rm\\r\\n"); $rU = "y"; }',
    );
    await trigger();
    const got = await peer.expect('INFO');
    assert.equal(got.uri, 'sip:y@nowhere.invalid');
    assert.equal(got.header('X-Own'), 'INFO');
    assert.equal(got.all('Via').length, 1);
  });

  test('drop keeps a request from leaving; uac_req_send() is content', async () => {
    const { peer, trigger, log } = await bench(
      `${MESSAGE} if (uac_req_send()) xlog("L_NOTICE", "sent\\n");`,
      'event_route[tm:local-request] { drop; }',
    );
    await trigger();
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.deepEqual(log.script, ['sent']);
    assert.equal(peer.waiting('MESSAGE').length, 0);
  });
});
