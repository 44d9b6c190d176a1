import assert from 'node:assert/strict';
import { connect, createServer, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../support/ports.ts';
import { requestText } from '../support/sip-dialog.ts';
import { replyText, type SipPeer } from '../support/sip-peer.ts';
import { openPeer, request, StreamClient, start, until } from './support.ts';

const MODULES = ['tm', 'tmx', 'sl', 'pv', 'xlog', 'corex', 'cfgutils']
  .map((name) => `loadmodule "${name}.so"`)
  .join('\n');

/** A server with UDP and TCP on one port. */
async function serve(routes: string, globals = '', modules = MODULES) {
  const port = await freePort();
  const listen = `listen=udp:127.0.0.1:${port}\nlisten=tcp:127.0.0.1:${port}\n`;
  const started = await start(`${globals}\n${listen}${modules}\n${routes}`);
  return { ...started, port, at: { host: '127.0.0.1', port } };
}

/** Asks a question and gives the answer's text. */
async function ask(peer: SipPeer, method: string, at: { host: string; port: number }, uri = 'sip:bob@example.com') {
  await peer.send(requestText(peer, { method, uri }), at);
  return peer.expect((message) => message.status >= 200);
}

/** A TCP port that counts who connects and keeps what they say. */
async function listener(): Promise<{ port: number; accepted: () => number; open: () => number; text: () => string }> {
  let text = '';
  let accepted = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    accepted++;
    sockets.add(socket);
    socket.on('data', (data) => {
      text += data.toString('latin1');
    });
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  server.unref();
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return { port, accepted: () => accepted, open: () => sockets.size, text: () => text };
}

describe('force_tcp_alias', () => {
  for (const call of ['force_tcp_alias()', 'add_tcp_alias(5999)'])
    test(`${call}: requests to that port of the peer take the connection it came by`, async () => {
      const { port, at } = await serve(`request_route {
        if (method == "OPTIONS") { ${call}; sl_send_reply("200", "OK"); exit; }
        $du = "sip:127.0.0.1:5999;transport=tcp";
        t_relay();
      }`);
      const client = await StreamClient.tcp(port);
      assert.equal((await client.ask(request('OPTIONS', { sentBy: '127.0.0.1:5999' }))).status, 200);
      const peer = await openPeer();
      await peer.send(requestText(peer, { method: 'MESSAGE', uri: 'sip:bob@example.com' }), at);
      const relayed = await client.next();
      assert.equal(relayed.method, 'MESSAGE');
      client.send(replyText(relayed, 202, 'Accepted'));
      await peer.expect(202);
      client.close();
    });

  test('a port that another connection serves is refused and logged; UDP has nothing to alias', async () => {
    const { port, at, log } = await serve(`request_route {
      if (force_tcp_alias(5998)) sl_send_reply("200", "OK"); else sl_send_reply("409", "Taken");
    }`);
    const first = await StreamClient.tcp(port);
    const second = await StreamClient.tcp(port);
    assert.equal((await first.ask(request('OPTIONS'))).status, 200);
    assert.equal((await second.ask(request('OPTIONS'))).status, 409);
    assert.ok(log.has('SCRIPT_ALIAS_REFUSED'));
    assert.equal((await ask(await openPeer(), 'OPTIONS', at)).status, 200);
    first.close();
    second.close();
  });
});

describe('set_forward_no_connect', () => {
  test('without a connection the branch fails with 477, with one it goes; a stateless forward fails', async () => {
    const target = await listener();
    const { at } = await serve(`
      request_route {
        $du = "sip:127.0.0.1:${target.port};transport=tcp";
        if (method == "INFO") { set_forward_no_connect(); if (!forward()) sl_send_reply("500", "Not forwarded"); exit; }
        if (method != "OPTIONS") { set_forward_no_connect(); t_on_failure("F"); }
        t_relay();
      }
      failure_route[F] { if (t_check_status("477")) t_reply("477", "No connection"); }`);
    const peer = await openPeer();
    assert.equal((await ask(peer, 'MESSAGE', at)).status, 477);
    assert.equal((await ask(peer, 'INFO', at)).status, 500);
    assert.equal(target.accepted(), 0);
    await peer.send(requestText(peer, { method: 'OPTIONS', uri: 'sip:bob@example.com' }), at);
    await until(() => target.text().includes('OPTIONS'));
    await peer.send(requestText(peer, { method: 'MESSAGE', uri: 'sip:bob@example.com' }), at);
    await until(() => target.text().includes('MESSAGE'));
    assert.equal(target.accepted(), 1);
  });

  test('in a branch_route it is for that branch', async () => {
    const target = await listener();
    const { at } = await serve(`
      request_route {
        $ru = "sip:one@127.0.0.1:${target.port};transport=tcp";
        append_branch("sip:two@127.0.0.1:${target.port};transport=tcp");
        t_on_branch("B");
        t_relay();
      }
      branch_route[B] { if ($rU == "one") set_forward_no_connect(); }`);
    const peer = await openPeer();
    await peer.send(requestText(peer, { method: 'MESSAGE', uri: 'sip:bob@example.com' }), at);
    await until(() => target.text().includes('MESSAGE sip:two@'));
    assert.doesNotMatch(target.text(), /MESSAGE sip:one@/);
  });

  test('tcp_no_connect is that for everything', async () => {
    const target = await listener();
    const { at } = await serve(
      `request_route { $du = "sip:127.0.0.1:${target.port};transport=tcp"; t_relay(); }`,
      'tcp_no_connect=yes',
    );
    assert.equal((await ask(await openPeer(), 'MESSAGE', at)).status, 477);
    assert.equal(target.accepted(), 0);
  });
});

describe('set_reply_no_connect', () => {
  for (const set of [true, false])
    test(
      set ? 'a reply whose connection has gone is dropped' : 'by default a new one is opened to the Via',
      async () => {
        const callee = await openPeer();
        const back = await listener();
        const { port, server } = await serve(`request_route {
        ${set ? 'set_reply_no_connect();' : ''}
        $du = "sip:${callee.address}";
        t_relay();
      }`);
        const client = await StreamClient.tcp(port);
        client.send(request('MESSAGE', { sentBy: `127.0.0.1:${back.port}` }));
        const relayed = await callee.expect('MESSAGE');
        client.close();
        await delay(50);
        await callee.reply(relayed, 200, 'OK');
        if (set) await delay(150);
        else await until(() => back.text().startsWith('SIP/2.0 200'));
        assert.equal(back.accepted(), set ? 0 : 1);
        const dropped = server.statistics().find(({ name }) => name === 'drop_replies');
        assert.equal(dropped?.value, set ? 1 : 0);
      },
    );
});

describe('closing after sending', () => {
  test('set_forward_close closes the connection that was opened for the request', async () => {
    const target = await listener();
    const { at } = await serve(`request_route {
      $du = "sip:127.0.0.1:${target.port};transport=tcp";
      if (method == "MESSAGE") set_forward_close();
      t_relay();
    }`);
    const peer = await openPeer();
    await peer.send(requestText(peer, { method: 'MESSAGE', uri: 'sip:bob@example.com' }), at);
    await until(() => target.text().includes('MESSAGE') && target.open() === 0);
    await peer.send(requestText(peer, { method: 'OPTIONS', uri: 'sip:bob@example.com' }), at);
    await until(() => target.text().includes('OPTIONS'));
    await delay(50);
    assert.equal(target.open(), 1);
  });

  test('set_reply_close closes the connection of the request after the reply', async () => {
    const { port } = await serve(`request_route {
      if (method == "MESSAGE") set_reply_close();
      sl_send_reply("200", "OK");
    }`);
    const client = await StreamClient.tcp(port);
    assert.equal((await client.ask(request('OPTIONS'))).status, 200);
    assert.equal((await client.ask(request('MESSAGE'))).status, 200);
    await until(() => client.closed);
  });
});

test('udp_mtu_try_proto: UDP keeps a large request where it is', async () => {
  const callee = await openPeer();
  const { at } = await serve(
    `request_route { if (method == "MESSAGE") udp_mtu_try_proto(UDP); $du = "sip:${callee.address}"; t_relay(); }`,
    'udp_mtu=300\nudp_mtu_try_proto=TCP',
  );
  const peer = await openPeer();
  await peer.send(requestText(peer, { method: 'MESSAGE', uri: 'sip:bob@example.com' }), at);
  assert.match((await callee.expect('MESSAGE')).header('Via'), /^SIP\/2\.0\/UDP/);
  const stream = await openPeer({ proto: 'tcp', port: callee.port });
  await peer.send(requestText(peer, { method: 'OPTIONS', uri: 'sip:bob@example.com' }), at);
  assert.match((await stream.expect('OPTIONS')).header('Via'), /^SIP\/2\.0\/TCP/);
});

test('udp_mtu_try_proto: TCP, where the server leaves large requests on UDP', async () => {
  const callee = await openPeer({ proto: 'tcp' });
  const { at } = await serve(
    `request_route { udp_mtu_try_proto(TCP); $du = "sip:${callee.address}"; t_relay(); }`,
    'udp_mtu=300\nudp_mtu_try_proto=UDP',
  );
  const peer = await openPeer();
  await peer.send(requestText(peer, { method: 'MESSAGE', uri: 'sip:bob@example.com' }), at);
  assert.match((await callee.expect('MESSAGE')).header('Via'), /^SIP\/2\.0\/TCP/);
});

test('event routes of connections: closed, reset, timeout', async () => {
  const events = ['closed', 'reset', 'timeout']
    .map((end) => `event_route[tcp:${end}] { if (is_faked_msg()) xlog("L_INFO", "${end} $si:$sp $conid"); }`)
    .join('\n');
  const { port, log } = await serve(
    `request_route { if (!is_faked_msg()) xlog("L_INFO", "$sp $conid"); sl_send_reply("200", "OK"); }\n${events}`,
    'tcp_connection_lifetime=1',
  );
  const polite = await StreamClient.tcp(port);
  await polite.ask(request('OPTIONS'));
  polite.close();
  const rude = connect({ port, host: '127.0.0.1' });
  rude.on('error', () => {});
  rude.on('connect', () => rude.resetAndDestroy());
  const idle = await StreamClient.tcp(port);
  await idle.ask(request('OPTIONS'));
  await until(() => log.script.filter((line) => /closed|reset/.test(line)).length === 2);
  const [first, second] = log.script.filter((line) => /^\d+ \d+$/.test(line));
  assert.ok(log.script.includes(`closed 127.0.0.1:${first}`), log.script.join('\n'));
  for (let n = 0; n < 60 && !idle.closed; n++) await delay(100);
  await until(() => log.script.includes(`timeout 127.0.0.1:${second}`));
});

test('$mi in the routes of a transaction is the number of their message', async () => {
  const callee = await openPeer();
  const { at, log } = await serve(`
    request_route {
      xlog("L_INFO", "request $mi");
      $du = "sip:${callee.address}";
      t_on_branch("B"); t_on_failure("F"); t_on_reply("R");
      t_relay();
    }
    branch_route[B] { xlog("L_INFO", "branch $mi"); }
    onreply_route[R] { xlog("L_INFO", "reply $mi"); }
    failure_route[F] { xlog("L_INFO", "failure $mi"); }`);
  const peer = await openPeer();
  callee.on('MESSAGE', (message) => void callee.reply(message, 486, 'Busy'));
  await ask(peer, 'MESSAGE', at);
  await ask(peer, 'MESSAGE', at);
  assert.deepEqual(log.script, [
    'request 1',
    'branch 1',
    'reply 2',
    'failure 1',
    'request 3',
    'branch 3',
    'reply 4',
    'failure 3',
  ]);
});

describe('a branch_route that waits', () => {
  test('only its branch waits, and drop drops it', async () => {
    const [one, two, three] = [await openPeer(), await openPeer(), await openPeer()];
    const { at, log, server } = await serve(
      `
      request_route {
        $ru = "sip:one@${one.address}";
        append_branch("sip:two@${two.address}");
        append_branch("sip:three@${three.address}");
        t_on_branch("B");
        t_relay();
        xlog("L_INFO", "relayed");
      }
      branch_route[B] {
        if ($rU != "one") { usleep("150000"); }
        if ($rU == "three") { xlog("L_INFO", "drop"); drop; }
        xlog("L_INFO", "$rU");
      }`,
    );
    assert.deepEqual(
      server.warnings.map(({ code }) => code),
      [],
    );
    const peer = await openPeer();
    await peer.send(requestText(peer, { uri: 'sip:bob@example.com' }), at);
    const invite = await one.expect('INVITE');
    await one.reply(invite, 180, 'Ringing');
    assert.deepEqual(two.messages('in'), [], 'the second one waits');
    const second = await two.expect('INVITE');
    await one.reply(invite, 486, 'Busy');
    await two.reply(second, 200, 'OK');
    await peer.expect('200 INVITE');
    assert.deepEqual(three.messages('in'), []);
    assert.deepEqual(log.script.toSorted(), ['drop', 'one', 'relayed', 'two']);
  });

  test('all of them dropped: the caller gets an answer; cancelled meanwhile: nothing is sent', async () => {
    const callee = await openPeer();
    const { at } = await serve(`
      request_route {
        if (method == "CANCEL") { t_relay(); exit; }
        $du = "sip:${callee.address}";
        t_on_branch("B");
        t_relay();
      }
      branch_route[B] { usleep("150000"); if ($rU == "none") drop; }`);
    const peer = await openPeer();
    assert.equal((await ask(peer, 'MESSAGE', at, 'sip:none@example.com')).status, 500);
    const invite = requestText(peer, { uri: 'sip:bob@example.com' });
    await peer.send(invite, at);
    await peer.expect(100);
    await peer.send(invite.replace(/^INVITE/, 'CANCEL').replace('1 INVITE', '1 CANCEL'), at);
    await peer.expect('200 CANCEL');
    await peer.expect('487 INVITE');
    await delay(200);
    assert.deepEqual(callee.messages('in'), []);
  });
});

test('set_source_address and set_recv_socket: where the answer goes, and by which socket', async () => {
  const [asker, other] = [await openPeer(), await openPeer()];
  const second = await freePort();
  const { at } = await serve(
    `request_route {
      force_rport();
      if (method == "MESSAGE") { set_source_address("udp:${other.address}"); }
      else { set_recv_socket("udp:127.0.0.1:${second}"); }
      sl_send_reply("200", "OK");
    }`,
    `listen=udp:127.0.0.1:${second}`,
  );
  await asker.send(requestText(asker, { method: 'MESSAGE', uri: 'sip:bob@example.com' }), at);
  await other.expect('200 MESSAGE');
  await asker.send(requestText(asker, { method: 'OPTIONS', uri: 'sip:bob@example.com' }), at);
  assert.equal((await asker.expect('200 OPTIONS')).remote.port, second);
});

test('alias_subdomains: a domain and what is below it are myself', async () => {
  const { at, port } = await serve(
    'request_route { if (uri == myself) sl_send_reply("200", "Ours"); else sl_send_reply("404", "Not ours"); }',
    '',
    `${MODULES}\nmodparam("corex", "alias_subdomains", "udp:example.com")`,
  );
  const peer = await openPeer();
  assert.equal((await ask(peer, 'OPTIONS', at, `sip:a@deep.down.EXAMPLE.com:${port}`)).status, 200);
  assert.equal((await ask(peer, 'OPTIONS', at, 'sip:a@example.com')).status, 200);
  assert.equal((await ask(peer, 'OPTIONS', at, 'sip:a@badexample.com')).status, 404);
});

test('send_data to a host name', async () => {
  const peer = await openPeer({ host: '127.0.0.1' });
  const { at } = await serve(
    `request_route { send_data("sip:localhost:${peer.port}", "hello there"); sl_send_reply("200", "OK"); }`,
  );
  await peer.send(requestText(peer, { method: 'OPTIONS', uri: 'sip:bob@example.com' }), at);
  await until(() => peer.messages('in').some(({ text }) => text === 'hello there'));
});
