import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { freePort } from '../support/ports.ts';
import { requestText } from '../support/sip-dialog.ts';
import type { SipPeer } from '../support/sip-peer.ts';
import { openPeer, start, until } from './support.ts';

const MODULES = `
loadmodule "tm.so"
loadmodule "tmx.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "siputils.so"
loadmodule "textops.so"
loadmodule "cfgutils.so"
`;

async function world(config: (port: number, callee: SipPeer) => string) {
  const port = await freePort();
  const [caller, callee] = [await openPeer({ name: 'caller' }), await openPeer({ name: 'callee' })];
  const text = config(port, callee);
  const listen = /^listen=/m.test(text) ? '' : `listen=udp:127.0.0.1:${port}\n`;
  const { log, server } = await start(listen + text);
  const to = { host: '127.0.0.1', port };
  return { caller, callee, log, server, to };
}

/** The same request by another method: a CANCEL, or an ACK to a negative reply. */
function of(invite: string, method: string): string {
  return invite.replace(/^INVITE/, method).replace(/CSeq: (\d+) INVITE/, `CSeq: $1 ${method}`);
}

describe('a route that waits', () => {
  const WAITING = (_port: number, callee: SipPeer): string => `${MODULES}
request_route {
  if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }
  xlog("L_ERR", "began\\n");
  usleep("400000");
  $du = "sip:${callee.address}";
  $var(code) = t_relay();
  xlog("L_ERR", "relayed $var(code)\\n");
  if ($var(code) < 0) sl_reply_error();
}`;

  test('a CANCEL that comes meanwhile ends the call at once; nothing is sent on', async () => {
    const { caller, callee, log, to } = await world(WAITING);
    const invite = requestText(caller, { uri: 'sip:bob@example.com' });
    await caller.send(invite, to);
    await until(() => log.script.includes('began'));
    await caller.send(of(invite, 'CANCEL'), to);
    await caller.expect('200 CANCEL');
    const reply = await caller.expect('487 INVITE');
    await caller.send(of(invite, 'ACK').replace(/To: .*/, `To: ${reply.header('To')}`), to);
    await until(() => log.script.includes('relayed -1'));
    assert.equal(callee.waiting('INVITE').length, 0);
    assert.deepEqual(
      caller.trace.filter((m) => m.direction === 'in' && !m.repeated).map((m) => `${m.status} ${m.method}`),
      ['200 CANCEL', '487 INVITE'],
    );
  });

  test('a request that is repeated meanwhile is routed once', async () => {
    const { caller, callee, log, to } = await world(WAITING);
    const text = requestText(caller, { uri: 'sip:bob@example.com' });
    for (let i = 0; i < 3; i++) await caller.send(text, to);
    await callee.expect('INVITE');
    assert.deepEqual(log.script, ['began', 'relayed 1']);
  });
});

describe('the top Via of replies (RFC 3261 §18.1.2)', () => {
  const ADVERTISED = (_port: number, callee: SipPeer): string => `${MODULES}
request_route { set_advertised_address("edge.example.com"); $du = "sip:${callee.address}"; t_relay(); }`;

  test('a name given by set_advertised_address need be no alias', async () => {
    const { caller, callee, to } = await world(ADVERTISED);
    await caller.send(requestText(caller, { method: 'MESSAGE', uri: 'sip:bob@example.com' }), to);
    const request = await callee.expect('MESSAGE');
    assert.match(request.header('Via') ?? '', /^SIP\/2\.0\/UDP edge\.example\.com/);
    await callee.reply(request, 200, 'OK');
    await caller.expect('200 MESSAGE');
  });

  test('with check_via it has to be', async () => {
    for (const [alias, taken] of [
      ['', false],
      ['alias="edge.example.com"\n', true],
    ] as const) {
      const { caller, callee, server, to } = await world(
        (port, peer) => `check_via=1\n${alias}${ADVERTISED(port, peer)}`,
      );
      await caller.send(requestText(caller, { method: 'MESSAGE', uri: 'sip:bob@example.com' }), to);
      await callee.reply(await callee.expect('MESSAGE'), 200, 'OK');
      if (taken) await caller.expect('200 MESSAGE');
      else
        await until(
          () => server.statistics().some(({ name, value }) => name === 'drop_replies' && value > 0),
          'the drop',
        );
    }
  });

  test('the address of a listen line’s advertise is ours', async () => {
    const { caller, callee, to } = await world(
      (port, peer) => `check_via=1
listen=udp:127.0.0.1:${port} advertise 203.0.113.7:5090
${MODULES}
request_route { $du = "sip:${peer.address}"; t_relay(); }`,
    );
    await caller.send(requestText(caller, { method: 'MESSAGE', uri: 'sip:bob@example.com' }), to);
    const request = await callee.expect('MESSAGE');
    assert.match(request.header('Via') ?? '', /^SIP\/2\.0\/UDP 203\.0\.113\.7:5090/);
    await callee.reply(request, 200, 'OK');
    await caller.expect('200 MESSAGE');
  });

  test('a reply that nobody waits for and that does not name us is dropped', async () => {
    const { caller, server, to } = await world(
      (_port, peer) => `${MODULES}\nrequest_route { $du = "sip:${peer.address}"; }`,
    );
    await caller.send(
      `SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKx\r\nVia: SIP/2.0/UDP ${caller.address};branch=z9hG4bKy\r\n` +
        'From: <sip:a@b.c>;tag=1\r\nTo: <sip:c@d.e>;tag=2\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n',
      to,
    );
    await until(() => server.statistics().some(({ name, value }) => name === 'drop_replies' && value === 1));
    assert.equal(caller.trace.filter((m) => m.direction === 'in').length, 0);
  });
});

describe('failover as configurations write it', () => {
  test('the number is built from the same beginning for every gateway, and the loop ends', async () => {
    const { caller, callee, log, to } = await world(
      (_port, peer) => `${MODULES}
request_route {
  $du = "sip:${peer.address}";
  $avp(gw) = 1;
  append_hf("X-Call: 1\\r\\n");
  t_on_failure("NEXT");
  t_relay();
}
failure_route[NEXT] {
  t_on_failure("NEXT");
  if ($avp(gw) > 2) { xlog("L_ERR", "no gateway left, $rU\\n"); exit; }
  $ru = "sip:" + $avp(gw) + $rU + "@example.com";
  append_hf("X-Gateway: $avp(gw)\\r\\n");
  $avp(gw) = $avp(gw) + 1;
  $du = "sip:${peer.address}";
  t_relay();
}`,
    );
    await caller.send(requestText(caller, { uri: 'sip:bob@example.com' }), to);
    const users: string[] = [];
    for (let i = 0; i < 3; i++) {
      const invite = await callee.expect('INVITE');
      users.push(
        `${invite.text.split(' ')[1]} ${[...invite.text.matchAll(/^X-(\w+): (\d)/gm)].map((m) => `${m[1]}${m[2]}`).join(',')}`,
      );
      await callee.reply(invite, 480 + i, 'No');
    }
    await caller.expect(482);
    assert.deepEqual(users, [
      'sip:bob@example.com Call1',
      'sip:1bob@example.com Call1,Gateway1',
      'sip:2bob@example.com Call1,Gateway2',
    ]);
    assert.deepEqual(log.script, ['no gateway left, bob']);
  });
});

describe('what a script leaves', () => {
  test('t_newtran and nothing else is said, and the transaction goes', async () => {
    const { caller, log, to } = await world(() => `${MODULES}\nrequest_route { t_newtran(); }`);
    await caller.send(requestText(caller, { method: 'MESSAGE', uri: 'sip:bob@example.com' }), to);
    await until(() => log.has('TM_NOT_FINISHED'));
  });

  test('and after a wait, too', async () => {
    const { caller, log, to } = await world(() => `${MODULES}\nrequest_route { t_newtran(); usleep("1000"); }`);
    await caller.send(requestText(caller, { method: 'MESSAGE', uri: 'sip:bob@example.com' }), to);
    await until(() => log.has('TM_NOT_FINISHED'));
  });
});

test('sip_warning', async () => {
  const { caller, to } = await world(() => `sip_warning=1\n${MODULES}\nrequest_route { sl_send_reply("404", "No"); }`);
  await caller.send(requestText(caller, { method: 'OPTIONS', uri: 'sip:bob@example.com' }), to);
  const reply = await caller.expect(404);
  assert.match(
    reply.header('Warning') ?? '',
    /^392 127\.0\.0\.1:\d+ "Noisy feedback tells: .* in_uri=sip:bob@example\.com /,
  );
});

test('method names that a sender makes up are not counted one by one', async () => {
  const { caller, server, to } = await world(() => `${MODULES}\nrequest_route { sl_send_reply("200", "OK"); }`);
  for (let i = 0; i < 5; i++) {
    await caller.send(requestText(caller, { method: `MADEUP${i}`, uri: 'sip:bob@example.com' }), to);
    await caller.expect(`200 MADEUP${i}`);
  }
  const count = server.statistics().find(({ name }) => name === 'rcv_requests');
  assert.equal(count?.value, 5);
});

test('mhomed: a request leaves by the socket towards its destination, without it by the one that it came in by', async () => {
  for (const [setting, host] of [
    ['mhomed=0', '127.0.0.2'],
    ['mhomed=1', '127.0.0.1'],
  ] as const) {
    const { caller, callee, to } = await world(
      (port, peer) => `${setting}
listen=udp:127.0.0.2:${port}
listen=udp:127.0.0.1:${port}
${MODULES}
request_route { $du = "sip:${peer.address}"; t_relay(); }`,
    );
    await caller.send(requestText(caller, { method: 'MESSAGE', uri: 'sip:bob@example.com' }), {
      ...to,
      host: '127.0.0.2',
    });
    const request = await callee.expect('MESSAGE');
    assert.equal(request.remote.host, host);
    await callee.reply(request, 200, 'OK');
    await caller.expect('200 MESSAGE');
  }
});
