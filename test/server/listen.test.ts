import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { describe, test } from 'node:test';
import { reverseNames } from '../../src/server/auto-aliases.ts';
import { checkConfiguration } from '../../src/server/server.ts';
import { StartError } from '../../src/server/server-api.ts';
import type { ListenSocket } from '../../src/transport/transport.ts';
import { freePort } from '../support/ports.ts';
import { openPeer, optionsFor, request, StreamClient, start } from './support.ts';

/** Answers with what the server knows about the socket that a request came by. */
const ECHO = `
loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "textops.so"
request_route {
  if (uri == myself) append_to_reply("X-Myself: yes\\r\\n");
  append_to_reply("X-Socket: $Ri $Rp $proto $RAi $RAp [$Rn]\\r\\n");
  sl_send_reply("200", "OK");
}
`;

async function ask(host: string, port: number, uri?: string) {
  const peer = await openPeer({ host: host.includes(':') ? '::1' : '127.0.0.1' });
  const text = request('OPTIONS', { transport: 'UDP', sentBy: peer.address, ...(uri === undefined ? {} : { uri }) });
  await peer.send(text, { host, port });
  return peer.expect(200);
}

describe('listen', () => {
  test('several lines, protocols and families; a proto-less one opens UDP and TCP', async () => {
    const [a, b, c] = [await freePort(), await freePort(), await freePort('::1')];
    const { server } = await start(
      `listen=udp:127.0.0.1:${a}\nlisten=127.0.0.1:${b} name "both"\nlisten=udp:[::1]:${c}\n${ECHO}`,
    );
    assert.deepEqual(
      server.sockets.map(({ proto, address, port, name }) => `${proto} ${address} ${port} ${name}`.trim()),
      [`udp 127.0.0.1 ${a}`, `udp 127.0.0.1 ${b} both`, `tcp 127.0.0.1 ${b} both`, `udp ::1 ${c}`],
    );
    assert.match((await ask('127.0.0.1', a)).header('X-Socket'), new RegExp(`^127\\.0\\.0\\.1 ${a} udp`));
    assert.match((await ask('127.0.0.1', b)).header('X-Socket'), new RegExp(`^127\\.0\\.0\\.1 ${b} udp .*\\[both\\]$`));
    assert.match((await ask('::1', c)).header('X-Socket'), new RegExp(`^(\\[::1\\]|::1) ${c} udp`));
    const client = await StreamClient.tcp(b);
    const reply = await client.ask(request('OPTIONS'));
    assert.equal(reply.status, 200);
    assert.match(reply.header('X-Socket'), new RegExp(`^127\\.0\\.0\\.1 ${b} tcp`));
    client.close();
  });

  test('a socket block, and a name in it', async () => {
    const port = await freePort();
    const { server } = await start(
      `socket = { bind = udp:127.0.0.1:${port}; advertise = sip.example.com:5099; name = "outer"; }\n${ECHO}`,
    );
    assert.equal(server.sockets[0]?.name, 'outer');
    assert.equal(server.sockets[0]?.displayHost, 'sip.example.com');
    const reply = await ask('127.0.0.1', port, 'sip:x@sip.example.com:5099');
    assert.match(reply.header('X-Socket'), /sip\.example\.com 5099 \[outer\]$/);
    assert.equal(reply.header('X-Myself'), 'yes');
  });

  test('port is the default of lines without one; disable_tcp leaves TCP out', async () => {
    const port = await freePort();
    const { server } = await start(`disable_tcp=yes\nport=${port}\nlisten=127.0.0.1\n${ECHO}`);
    assert.deepEqual(
      server.sockets.map((socket) => `${socket.proto} ${socket.port}`),
      [`udp ${port}`],
    );
  });

  test('own addresses and aliases are myself, other names are not', async () => {
    const port = await freePort();
    await start(`listen=udp:127.0.0.1:${port}\nalias="a.example.com"\nalias=b.example.com:5070\n${ECHO}`);
    const myself = async (uri: string): Promise<string> =>
      (await ask('127.0.0.1', port, uri)).header('X-Myself') || 'no';
    assert.equal(await myself(`sip:x@127.0.0.1:${port}`), 'yes');
    assert.equal(await myself('sip:x@a.example.com'), 'yes');
    assert.equal(await myself('sip:x@A.example.com:7777'), 'yes');
    assert.equal(await myself('sip:x@b.example.com:5070'), 'yes');
    assert.equal(await myself('sip:x@b.example.com:5071'), 'no');
    assert.equal(await myself('sip:x@c.example.com'), 'no');
    assert.equal(await myself(`sip:x@127.0.0.1:${port + 1}`), 'no');
  });

  test('-l replaces the lines of the file', async () => {
    const [a, b] = [await freePort(), await freePort()];
    const { server } = await start(`listen=udp:127.0.0.1:${a}\n${ECHO}`, {
      listen: [`udp:127.0.0.1:${b}/sip.example.com:5060`],
    });
    assert.deepEqual(
      server.sockets.map((socket) => `${socket.port} ${socket.displayHost}`),
      [`${b} sip.example.com`],
    );
  });

  test('a check knows the sockets that would be open', async () => {
    const cfg = `enable_tls=yes\nlisten=127.0.0.1:5070\n${ECHO.replace('if (uri', 'SOCKET if (uri')}`;
    const check = async (socket: string, listen: string[] = []) =>
      (await checkConfiguration(optionsFor(cfg.replace('SOCKET', `force_send_socket(${socket});`), { listen }))).text;
    for (const socket of ['udp:127.0.0.1:5070', 'tcp:127.0.0.1:5070', 'tls:127.0.0.1:5071'])
      assert.doesNotMatch(await check(socket), /error/, socket);
    assert.match(await check('udp:127.0.0.1:5080'), /error.*not a socket/);
    assert.doesNotMatch(await check('udp:127.0.0.1:5080', ['udp:127.0.0.1:5080']), /error/);
  });

  test('auto_aliases: the names that the DNS has for our addresses, each address asked once, and no wildcard', async () => {
    const asked: string[] = [];
    const socket = (address: string): ListenSocket => ({
      index: 0,
      proto: 'udp',
      address,
      family: 4,
      port: 5060,
      name: '',
      displayHost: address,
      displayPort: 5060,
    });
    const names = await reverseNames(
      [socket('192.0.2.1'), socket('192.0.2.1'), socket('192.0.2.2'), socket('0.0.0.0')],
      (address) => {
        asked.push(address);
        return address === '192.0.2.1' ? Promise.resolve(['sip.example.com']) : Promise.reject(new Error('ENOTFOUND'));
      },
    );
    assert.deepEqual(names, ['sip.example.com']);
    assert.deepEqual(asked, ['192.0.2.1', '192.0.2.2']);
  });

  test('a busy port is refused with its code, and what was open is closed again', async () => {
    const [free, busy] = [await freePort(), await freePort()];
    const holder = createSocket('udp4');
    await new Promise<void>((resolve) => holder.bind({ port: busy, address: '127.0.0.1', exclusive: true }, resolve));
    const cfg = `listen=udp:127.0.0.1:${free}\nlisten=udp:127.0.0.1:${busy}\n${ECHO}`;
    await assert.rejects(
      start(cfg),
      (error: unknown) =>
        error instanceof StartError &&
        error.code === 'TRANSPORT_ADDRESS_IN_USE' &&
        error.message.includes(`listen=udp:127.0.0.1:${busy}`),
    );
    await new Promise<void>((resolve) => holder.close(() => resolve()));
    const { server } = await start(cfg);
    assert.equal(server.sockets.length, 2);
  });

  test('an address of another machine and a host without one are refused with their codes', async () => {
    const refused = (listen: string, code: string) =>
      assert.rejects(start(`listen=${listen}\n${ECHO}`), (error: unknown) => {
        assert.ok(error instanceof StartError);
        assert.equal(error.code, code);
        return true;
      });
    await refused('udp:192.0.2.1:5060', 'TRANSPORT_ADDRESS_NOT_AVAILABLE');
    await refused('udp:no-such-host.invalid:5060', 'TRANSPORT_LISTEN_INVALID');
  });
});
