import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { describe, test } from 'node:test';
import { freePort } from '../support/ports.ts';
import { Dialog, requestText, SDP } from '../support/sip-dialog.ts';
import type { SipPeer } from '../support/sip-peer.ts';
import { openPeer, request, StreamClient, start, until } from './support.ts';

/** A proxy that records its route and follows routes; everything else goes to DEST. */
const PROXY = `
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "siputils.so"
request_route {
  if (method == "CANCEL") { t_relay(); exit; }
  if (has_totag()) {
    if (!loose_route()) { sl_send_reply("404", "No route"); exit; }
    t_relay();
    exit;
  }
  record_route();
  $du = "DEST";
  t_relay();
}
`;

interface Call {
  readonly caller: SipPeer;
  readonly callee: SipPeer;
  readonly port: number;
}

async function peers(caller: 'udp' | 'tcp', callee: 'udp' | 'tcp'): Promise<Call> {
  return {
    caller: await openPeer({ proto: caller, name: 'caller' }),
    callee: await openPeer({ proto: callee, name: 'callee' }),
    port: await freePort(),
  };
}

function proxyTo(callee: SipPeer): string {
  return PROXY.replace('DEST', `sip:${callee.address}${callee.proto === 'tcp' ? ';transport=tcp' : ''}`);
}

/** INVITE to BYE, the BYE from the called side. @returns the INVITE as the called side got it */
async function call({ caller, callee, port }: Call) {
  const server = { host: '127.0.0.1', port };
  await caller.send(requestText(caller, { uri: 'sip:bob@example.com', body: SDP }), server);
  const invite = await callee.expect('INVITE');
  const contact = `Contact: <sip:bob@${callee.address}${callee.proto === 'tcp' ? ';transport=tcp' : ''}>`;
  await callee.reply(invite, 200, 'OK', { headers: [contact], toTag: 'b' });
  const ok = await caller.expect('200 INVITE');
  const up = Dialog.ofCaller(caller, ok, server);
  await up.send('ACK', { cseq: up.inviteCSeq });
  const ack = await callee.expect('ACK');
  assert.deepEqual(ack.all('Route'), [], 'every Route of ours is taken off');
  const down = Dialog.ofCallee(callee, invite, 'b', server);
  await down.send('BYE');
  const bye = await caller.expect('BYE');
  assert.deepEqual(bye.all('Route'), []);
  assert.match(bye.header('Via'), new RegExp(`^SIP/2\\.0/${caller.proto.toUpperCase()} `));
  await caller.reply(bye, 200, 'OK');
  await callee.expect('200 BYE');
  return { invite, ok };
}

describe('relay between transports', () => {
  test('TCP to UDP: two Record-Routes (RFC 5658), and requests of both sides find back', async () => {
    const peersOf = await peers('tcp', 'udp');
    const { callee, port } = peersOf;
    const { log } = await start(`listen=udp:127.0.0.1:${port}\nlisten=tcp:127.0.0.1:${port}\n${proxyTo(callee)}`);
    const { invite } = await call(peersOf);
    assert.match(invite.header('Via'), new RegExp(`^SIP/2\\.0/UDP 127\\.0\\.0\\.1:${port};`));
    const routes = invite.routes('Record-Route');
    assert.equal(routes.length, 2);
    assert.match(routes[0] ?? '', /^<sip:127\.0\.0\.1:\d+;.*r2=on/, 'the way it leaves comes first');
    assert.doesNotMatch(routes[0] ?? '', /transport=/);
    assert.match(routes[1] ?? '', /;transport=tcp.*;r2=on|;r2=on.*;transport=tcp/);
    assert.deepEqual(
      log.lines.filter(({ level }) => level < 0),
      [],
    );
  });

  test('an advertised address stands in Via and Record-Route, and comes back as ours', async () => {
    const peersOf = await peers('udp', 'udp');
    const { callee, port } = peersOf;
    await start(`listen=udp:127.0.0.1:${port} advertise sip.example.com:5099\n${proxyTo(callee)}`);
    // Replies follow received (RFC 3261 §18.2.2) and the advertised Via counts as ours, so the call works though nobody resolves the name.
    const { invite } = await call(peersOf);
    assert.match(invite.header('Via'), /^SIP\/2\.0\/UDP sip\.example\.com:5099;/);
    assert.match(invite.header('Record-Route'), /^<sip:sip\.example\.com:5099;/);
  });

  test('WebSocket to UDP: the reply finds back by its connection (RFC 7118 §5)', async () => {
    const { callee, port } = await peers('udp', 'udp');
    await start(
      `listen=udp:127.0.0.1:${port}\nlisten=tcp:127.0.0.1:${port}\nloadmodule "websocket.so"\n${proxyTo(callee)}`,
    );
    const browser = await StreamClient.webSocket(port);
    browser.send(request('INVITE', { transport: 'WS', sentBy: 'df7jal23ls0d.invalid' }));
    const invite = await callee.expect('INVITE');
    assert.match(invite.routes('Record-Route')[1] ?? '', /;transport=ws/);
    await callee.reply(invite, 200, 'OK', { headers: [`Contact: <sip:bob@${callee.address}>`] });
    const replies = [await browser.next(), await browser.next()];
    assert.deepEqual(
      replies.map(({ status }) => status),
      [100, 200],
    );
    assert.match(replies[1]?.header('Via') ?? '', /^SIP\/2\.0\/WS df7jal23ls0d\.invalid;/);
    browser.close();
  });

  test('IPv6 to IPv4', async () => {
    const port = await freePort();
    const six = await freePort('::1');
    const caller = await openPeer({ host: '::1', name: 'caller' });
    const callee = await openPeer({ name: 'callee' });
    await start(`listen=udp:127.0.0.1:${port}\nlisten=udp:[::1]:${six}\n${proxyTo(callee)}`);
    await caller.send(requestText(caller, { uri: 'sip:bob@example.com' }), { host: '::1', port: six });
    const invite = await callee.expect('INVITE');
    const routes = invite.routes('Record-Route');
    assert.equal(routes.length, 2);
    assert.match(routes[1] ?? '', new RegExp(`^<sip:\\[::1\\]:${six};`));
    await callee.reply(invite, 486, 'Busy Here');
    const busy = await caller.expect(486);
    assert.equal(busy.all('Via').length, 1);
  });

  test('onsend_route sees where and what, and may block', async () => {
    const { caller, callee, port } = await peers('udp', 'udp');
    const { log } = await start(
      `listen=udp:127.0.0.1:${port}\n${proxyTo(callee)}
onsend_route { xlog("L_INFO", "to $sndto(ip):$sndto(port) by $snd(proto)"); if (method == "INFO") drop; }`,
    );
    const server = { host: '127.0.0.1', port };
    await caller.send(requestText(caller, { method: 'MESSAGE', uri: 'sip:bob@example.com' }), server);
    await callee.reply(await callee.expect('MESSAGE'), 200, 'OK');
    await caller.expect(200);
    assert.deepEqual(log.script, [`to 127.0.0.1:${callee.port} by udp`]);
    await caller.send(requestText(caller, { method: 'INFO', uri: 'sip:bob@example.com' }), server);
    await caller.expect(500);
    assert.equal(callee.waiting('INFO').length, 0);
  });
});

describe('udp_mtu (RFC 3261 §18.1.1)', () => {
  const BIG = `${SDP}${'a=note:0123456789012345678901234567890123456789\r\n'.repeat(40)}`;

  test('a request that is too large goes by TCP, small ones by UDP; Via and Record-Route say so', async () => {
    const { caller, callee, port } = await peers('udp', 'tcp');
    const small = await openPeer({ port: callee.port, name: 'callee by UDP' });
    const { log } = await start(
      `udp_mtu=1300\nudp_mtu_try_proto=TCP\nlisten=127.0.0.1:${port}\n${PROXY.replace('DEST', `sip:${callee.address}`)}`,
    );
    const server = { host: '127.0.0.1', port };
    await caller.send(requestText(caller, { uri: 'sip:bob@example.com', body: SDP }), server);
    const first = await small.expect('INVITE');
    assert.match(first.header('Via'), /^SIP\/2\.0\/UDP /);
    await small.reply(first, 486, 'Busy');
    await caller.expect(486);
    await caller.send(requestText(caller, { uri: 'sip:bob@example.com', body: BIG }), server);
    const second = await callee.expect('INVITE');
    assert.match(second.header('Via'), new RegExp(`^SIP/2\\.0/TCP 127\\.0\\.0\\.1:${port};`));
    assert.equal(second.routes('Record-Route').length, 2);
    assert.match(second.header('Record-Route'), /transport=tcp/);
    await callee.reply(second, 486, 'Busy');
    await caller.expect(486);
    await callee.expect('ACK');
    assert.deepEqual(
      log.lines.filter(({ level }) => level < 0),
      [],
    );
  });

  test('a peer without TCP gets it by UDP after all, with a Via that says so', async () => {
    const { caller, callee, port } = await peers('udp', 'udp');
    await start(
      `udp_mtu=1300\nudp_mtu_try_proto=TCP\nlisten=127.0.0.1:${port}\n${PROXY.replace('DEST', `sip:${callee.address}`)}`,
    );
    await caller.send(requestText(caller, { uri: 'sip:bob@example.com', body: BIG }), { host: '127.0.0.1', port });
    const invite = await callee.expect('INVITE');
    assert.match(invite.header('Via'), /^SIP\/2\.0\/UDP /);
    assert.equal(invite.routes('Record-Route').length, 1);
    assert.equal(invite.body, BIG);
    await callee.reply(invite, 200, 'OK', { headers: [`Contact: <sip:bob@${callee.address}>`] });
    await caller.expect('200 INVITE');
  });

  test('one that was taken by TCP and then refused is not sent again by UDP', async () => {
    const { caller, callee, port } = await peers('udp', 'udp');
    let connections = 0;
    const silent = createServer((socket) => {
      connections++;
      socket.resume();
    });
    await new Promise<void>((resolve) => silent.listen(callee.port, '127.0.0.1', resolve));
    await start(
      `udp_mtu=1300\nudp_mtu_try_proto=TCP\nlisten=127.0.0.1:${port}\nloadmodule "tm.so"\nloadmodule "pv.so"
modparam("tm", "fr_timer", 300)
request_route { $du = "sip:${callee.address}"; t_relay(); }`,
    );
    await caller.send(requestText(caller, { uri: 'sip:bob@example.com', body: BIG }), { host: '127.0.0.1', port });
    await caller.expect(408);
    await until(() => connections === 1);
    assert.equal(callee.waiting('INVITE').length, 0);
    silent.close();
  });
});
