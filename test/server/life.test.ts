import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { freePort } from '../support/ports.ts';
import { requestText } from '../support/sip-dialog.ts';
import type { SipPeer } from '../support/sip-peer.ts';
import { openPeer, request, StreamClient, start, until } from './support.ts';

const MODULES = `
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "siputils.so"
`;

function relayTo(callee: SipPeer): string {
  return `${MODULES}request_route { $du = "sip:${callee.address}"; t_relay(); }`;
}

describe('stop', () => {
  test('a call being set up ends its way; new ones hear 503 with Retry-After (RFC 3261 §21.5.4)', async () => {
    const port = await freePort();
    const [caller, callee] = [await openPeer({ name: 'caller' }), await openPeer({ name: 'callee' })];
    const { server } = await start(`listen=udp:127.0.0.1:${port}\n${relayTo(callee)}`);
    const to = { host: '127.0.0.1', port };
    await caller.send(requestText(caller, { uri: 'sip:bob@example.com' }), to);
    const invite = await callee.expect('INVITE');
    await callee.reply(invite, 180, 'Ringing');
    await caller.expect(180);
    let stopped = false;
    const stop = server.stop(5000).then(() => {
      stopped = true;
    });
    await caller.send(requestText(caller, { method: 'OPTIONS', uri: 'sip:bob@example.com' }), to);
    assert.match((await caller.expect('503 OPTIONS')).header('Retry-After'), /^\d+$/);
    assert.equal(stopped, false, 'the call is still under way');
    await callee.reply(invite, 200, 'OK', { headers: [`Contact: <sip:bob@${callee.address}>`] });
    await caller.expect('200 INVITE');
    const began = performance.now();
    await stop;
    assert.ok(performance.now() - began < 1000, 'nothing is waited for once it is done');
  });

  test('what does not end is cut when the time is over, connections too', async () => {
    const port = await freePort();
    const [caller, callee] = [await openPeer({ name: 'caller' }), await openPeer({ name: 'callee' })];
    const { server } = await start(`listen=udp:127.0.0.1:${port}\nlisten=tcp:127.0.0.1:${port}\n${relayTo(callee)}`);
    const idle = await StreamClient.tcp(port);
    await caller.send(requestText(caller, { uri: 'sip:bob@example.com' }), { host: '127.0.0.1', port });
    await callee.expect('INVITE');
    const began = performance.now();
    await Promise.all([server.stop(300), server.stop(300)]);
    const took = performance.now() - began;
    assert.ok(took >= 250 && took < 1500, `${took} ms`);
    await until(() => idle.closed, 'the close');
    // The ports are free again.
    await start(`listen=udp:127.0.0.1:${port}\nlisten=tcp:127.0.0.1:${port}\n${relayTo(callee)}`);
  });
});

describe('faults in routes', () => {
  test('a function that fails and a route that recurses without end leave the server running', async () => {
    const port = await freePort();
    const { log } = await start(`listen=udp:127.0.0.1:${port}\n${MODULES}
request_route {
  if (method == "INFO") route(AGAIN);
  if (method == "MESSAGE") { $du = "nonsense"; t_relay(); exit; }
  if (method == "PUBLISH") { $var(z) = 0; $var(x) = 5 / $var(z); }
  if (method == "NOTIFY") { sl_send_reply("999", "no such code"); exit; }
  sl_send_reply("200", "OK");
}
route[AGAIN] { route(AGAIN); }`);
    const peer = await openPeer();
    const to = { host: '127.0.0.1', port };
    for (const method of ['INFO', 'MESSAGE', 'PUBLISH', 'NOTIFY', 'OPTIONS'])
      await peer.send(requestText(peer, { method, uri: 'sip:bob@example.com' }), to);
    assert.equal((await peer.expect('200 OPTIONS')).status, 200);
    assert.ok(
      log.lines.some(({ level, code }) => level < 0 && code !== ''),
      'it is logged with a code',
    );
  });

  test('an exception in a route costs that message only', async () => {
    const port = await freePort();
    const { log } = await start(`listen=udp:127.0.0.1:${port}\n${MODULES}
request_route { xlog("L_INFO", "$rm"); sl_send_reply("200", "OK"); }`);
    const keep = log.write.bind(log);
    log.write = (level, module, text, code) => {
      if (text === 'INFO') throw new Error('thrown in a test');
      keep(level, module, text, code);
    };
    const peer = await openPeer();
    const to = { host: '127.0.0.1', port };
    await peer.send(requestText(peer, { method: 'INFO', uri: 'sip:bob@example.com' }), to);
    await peer.send(requestText(peer, { method: 'OPTIONS', uri: 'sip:bob@example.com' }), to);
    await peer.expect('200 OPTIONS');
    assert.ok(log.lines.some(({ level, text }) => level < 0 && text.includes('thrown in a test')));
  });

  test('datagrams that are no SIP, and requests that are refused before a route', async () => {
    const port = await freePort();
    const { log } = await start(`listen=udp:127.0.0.1:${port}\n${MODULES}
request_route { sl_send_reply("200", "OK"); }
event_route[core:receive-parse-error] { xlog("L_INFO", "bad from $si"); }`);
    const peer = await openPeer();
    const to = { host: '127.0.0.1', port };
    await peer.send('GET / HTTP/1.1\r\n\r\n', to);
    await peer.send('\0\x01\x02', to);
    await peer.send(requestText(peer, { method: 'OPTIONS', uri: 'http://example.com/' }), to);
    await peer.expect(416);
    await peer.send(
      requestText(peer, { method: 'OPTIONS', uri: 'sip:x@y' }).replace(/Max-Forwards.*\r\n/, 'CSeq: 9 X\r\n'),
      to,
    );
    await peer.send(requestText(peer, { method: 'OPTIONS', uri: 'sip:bob@example.com' }), to);
    await peer.expect('200 OPTIONS');
    assert.ok(log.lines.every(({ code }) => code !== 'SERVER_MESSAGE_FAILED'));
  });
});

describe('event routes of the core', () => {
  test('start, before routing, on every message when asked for; drop ends a message there', async () => {
    const port = await freePort();
    const { log } = await start(`received_route_mode=1\nlisten=udp:127.0.0.1:${port}\n${MODULES}
event_route[core:modinit-before] { xlog("L_INFO", "init"); }
event_route[core:worker-one-init] { xlog("L_INFO", "worker"); }
event_route[core:msg-received] { xlog("L_INFO", "received $rm"); if (method == "INFO") drop; }
event_route[core:pre-routing] { xlog("L_INFO", "before $rm"); if (method == "MESSAGE") drop; }
request_route { xlog("L_INFO", "route $rm"); sl_send_reply("200", "OK"); }`);
    const peer = await openPeer();
    const to = { host: '127.0.0.1', port };
    for (const method of ['INFO', 'MESSAGE', 'OPTIONS'])
      await peer.send(requestText(peer, { method, uri: 'sip:bob@example.com' }), to);
    await peer.expect('200 OPTIONS');
    assert.deepEqual(log.script, [
      'init',
      'worker',
      'received INFO',
      'received MESSAGE',
      'before MESSAGE',
      'received OPTIONS',
      'before OPTIONS',
      'route OPTIONS',
    ]);
    assert.deepEqual(
      peer.messages('in').map(({ method }) => method),
      ['OPTIONS'],
    );
  });

  test('core:pre-routing runs for replies too, before the reply_route', async () => {
    const port = await freePort();
    const [caller, callee] = [await openPeer({ name: 'caller' }), await openPeer({ name: 'callee' })];
    const { log } = await start(`listen=udp:127.0.0.1:${port}\n${relayTo(callee)}
event_route[core:pre-routing] { if ($rs == 180) { xlog("L_INFO", "dropped"); drop; } }
reply_route { xlog("L_INFO", "reply $rs"); }`);
    await caller.send(requestText(caller, { uri: 'sip:bob@example.com' }), { host: '127.0.0.1', port });
    const invite = await callee.expect('INVITE');
    await callee.reply(invite, 180, 'Ringing');
    await callee.reply(invite, 486, 'Busy');
    await caller.expect(486);
    assert.equal(caller.waiting(180).length, 0);
    assert.deepEqual(log.script, ['dropped', 'reply 486']);
  });

  test('sl:filtered-ack for the ACK of a stateless negative reply, which no request_route sees', async () => {
    const port = await freePort();
    const { log } = await start(`listen=udp:127.0.0.1:${port}\n${MODULES}
request_route { xlog("L_INFO", "route $rm"); sl_send_reply("403", "No"); }
event_route[sl:filtered-ack] { xlog("L_INFO", "filtered $rm"); }`);
    const peer = await openPeer();
    const to = { host: '127.0.0.1', port };
    const invite = requestText(peer, { uri: 'sip:bob@example.com', callId: 'one' });
    await peer.send(invite, to);
    const no = await peer.expect(403);
    await peer.send(
      invite
        .replace(/^INVITE/, 'ACK')
        .replace('1 INVITE', '1 ACK')
        .replace(/^To:.*$/m, `To: ${no.header('To')}`),
      to,
    );
    await until(() => log.script.includes('filtered ACK'));
    assert.deepEqual(log.script, ['route INVITE', 'filtered ACK']);
  });

  test('tm:branch-failure of the branch that fails', async () => {
    const port = await freePort();
    const [caller, callee] = [await openPeer({ name: 'caller' }), await openPeer({ name: 'callee' })];
    const { log } = await start(`listen=udp:127.0.0.1:${port}\n${MODULES}
request_route { t_on_branch_failure("one"); $du = "sip:${callee.address}"; t_relay(); }
event_route[tm:branch-failure:one] {
    xlog("L_INFO", "branch $rm");
    if (!t_next_contact_flow()) { xlog("L_INFO", "no other flow"); }
}`);
    await caller.send(requestText(caller, { uri: 'sip:bob@example.com' }), { host: '127.0.0.1', port });
    await callee.reply(await callee.expect('INVITE'), 486, 'Busy');
    await caller.expect(486);
    assert.deepEqual(log.script, ['branch INVITE', 'no other flow']);
  });

  test('timer_route runs at its interval and ends with the server', async () => {
    const port = await freePort();
    const { server, log } = await start(`listen=udp:127.0.0.1:${port}\n${MODULES}
request_route { exit; }
timer_route[beat, 1] { xlog("L_INFO", "beat"); }`);
    await until(() => log.script.length > 0, 'the timer');
    await server.stop(0);
    assert.deepEqual(log.script, ['beat']);
  });
});

describe('log_prefix', () => {
  test('stands before every line of a message, whoever writes it, and before no other', async () => {
    const port = await freePort();
    const { log } = await start(`log_prefix="{$mt $rm $ci} "\nlisten=udp:127.0.0.1:${port}\n${MODULES}
request_route { xlog("L_INFO", "mine"); sl_send_reply("999", "no code"); sl_send_reply("200", "OK"); }`);
    const peer = await openPeer();
    await peer.send(requestText(peer, { method: 'OPTIONS', uri: 'sip:bob@example.com', callId: 'id1' }), {
      host: '127.0.0.1',
      port,
    });
    await peer.expect(200);
    assert.deepEqual(log.script, ['{1 OPTIONS id1} mine']);
    assert.ok(log.lines.some(({ module, text }) => module === 'sl' && text.startsWith('{1 OPTIONS id1} ')));
    assert.ok(log.lines.some(({ text }) => text.startsWith('modules: ')));
  });

  test('mode 1 reads it for every line', async () => {
    const port = await freePort();
    const { log } = await start(`log_prefix_mode=1\nlog_prefix="$var(step): "\nlisten=udp:127.0.0.1:${port}\n${MODULES}
request_route { $var(step) = 1; xlog("L_INFO", "a"); $var(step) = 2; xlog("L_INFO", "b"); sl_send_reply("200", "OK"); }`);
    const client = await openPeer();
    await client.send(request('OPTIONS', { transport: 'UDP', sentBy: client.address }), { host: '127.0.0.1', port });
    await client.expect(200);
    assert.deepEqual(log.script, ['1: a', '2: b']);
  });
});
