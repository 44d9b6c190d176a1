import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { describe, it } from 'node:test';
import { type ListenSpec, TransportLayer } from '../../src/transport/index.ts';
import { listenOn, node, RecordingUser } from './support.ts';

async function startError(listen: readonly ListenSpec[]): Promise<Error & { code?: string }> {
  const layer = new TransportLayer({ listen });
  try {
    await layer.start(new RecordingUser());
  } catch (error) {
    assert.ok(error instanceof Error);
    return error;
  }
  await layer.stop(0);
  assert.fail('it started');
}

describe('listen lines', () => {
  for (const proto of ['udp', 'tcp', 'ws'] as const) {
    it(`a busy ${proto} port is named, with what to do`, async () => {
      const first = await node([listenOn(proto)]);
      const port = first.layer.sockets[0]?.port ?? 0;
      const error = await startError([listenOn('udp'), { proto, host: '127.0.0.1', port }]);
      assert.equal(error.code, 'TRANSPORT_ADDRESS_IN_USE');
      assert.ok(error.message.includes(`listen=${proto}:127.0.0.1:${port}`), error.message);
      assert.ok(error.message.includes('Stop the other process'), error.message);
      await first.layer.stop(0);
    });
  }

  it('an address of another machine is told apart', async () => {
    const error = await startError([{ proto: 'udp', host: '192.0.2.1', port: 0 }]);
    assert.equal(error.code, 'TRANSPORT_ADDRESS_NOT_AVAILABLE');
    assert.ok(error.message.includes('advertise'));
  });

  it('a host that is no host, a port that is no port, TLS without a certificate', async () => {
    assert.equal((await startError([{ host: 'no..host', port: 0 }])).code, 'TRANSPORT_LISTEN_INVALID');
    assert.equal((await startError([{ host: '127.0.0.1', port: 70_000 }])).code, 'TRANSPORT_LISTEN_INVALID');
    assert.equal((await startError([listenOn('tls')])).code, 'TRANSPORT_NO_TLS_CERTIFICATE');
  });

  it('a line without protocol opens UDP and TCP on one port; index is the place', async () => {
    const { layer } = await node([{ host: '127.0.0.1', port: 0, name: 'lan' }, listenOn('udp', '::1')]);
    assert.deepEqual(
      layer.sockets.map(({ proto, index, family, name }) => [proto, index, family, name]),
      [
        ['udp', 0, 4, 'lan'],
        ['tcp', 1, 4, 'lan'],
        ['udp', 2, 6, ''],
      ],
    );
    assert.notEqual(layer.sockets[0]?.port, 0);
    assert.equal(layer.sockets[0]?.port, layer.sockets[1]?.port);
    assert.equal(layer.sockets[2]?.displayHost, '[::1]');
    await layer.stop(0);
  });

  it('an interface name and a host name stand for their addresses', async () => {
    const [loopback] = Object.entries(networkInterfaces()).find(([, list]) =>
      list?.some((a) => a.address === '127.0.0.1'),
    ) ?? ['lo'];
    const { layer } = await node([{ proto: 'udp', host: loopback, port: 0 }, listenOn('udp', 'localhost')]);
    assert.ok(layer.sockets.some(({ address }) => address === '127.0.0.1'));
    const port = layer.sockets.at(-1)?.port ?? 0;
    assert.equal(layer.isMyself('LocalHost', port), true);
    await layer.stop(0);
  });

  it('processes that say so share a port (SO_REUSEPORT)', { skip: process.platform !== 'linux' }, async () => {
    const first = await node([{ host: '127.0.0.1', port: 0 }], { reusePort: true });
    const port = first.layer.sockets[0]?.port ?? 0;
    const second = await node([{ host: '127.0.0.1', port }], { reusePort: true });
    assert.equal(second.layer.sockets[1]?.port, port);
    await first.layer.stop(0);
    await second.layer.stop(0);
  });

  it('socketFor prefers the socket given, then its address, then the first', async () => {
    const { layer } = await node([listenOn('tcp'), listenOn('udp'), listenOn('udp', '::1'), listenOn('udp')]);
    const [tcp, udp, udp6, second] = layer.sockets;
    assert.ok(tcp && udp && udp6 && second);
    assert.equal(layer.socketFor('udp', 4, null), udp);
    assert.equal(layer.socketFor('udp', 4, second), second);
    assert.equal(layer.socketFor('udp', 4, tcp), udp);
    assert.equal(layer.socketFor('udp', 6, tcp), udp6);
    assert.equal(layer.socketFor('tcp', 6, null), null);
    await layer.stop(0);
  });
});

describe("isMyself is Kamailio's uri==myself", () => {
  it('address, advertised name and aliases, with their ports', async () => {
    const { layer } = await node(
      [
        { proto: 'udp', host: '127.0.0.1', port: 0, advertise: { host: 'sip.example.com', port: 5070 } },
        { proto: 'tcp', host: '::1', port: 0, advertise: { host: 'v6.example.com' } },
      ],
      {
        aliases: [
          { host: 'Any.Example.com' },
          { host: 'one.example.com', port: 5080 },
          { host: 'tcp.example.com', proto: 'tcp' },
        ],
      },
    );
    const [udp, tcp] = layer.sockets;
    assert.ok(udp && tcp);
    const table: readonly (readonly [string, number, boolean, ('udp' | 'tcp')?])[] = [
      ['127.0.0.1', udp.port, true],
      ['127.0.0.1', 5060, false],
      ['127.0.0.1', 0, true],
      ['127.0.0.2', udp.port, false],
      ['sip.example.com', 5070, true],
      ['SIP.EXAMPLE.COM', 5070, true],
      ['sip.example.com.', 5070, true],
      ['sip.example.com', udp.port, false],
      ['[::1]', tcp.port, true],
      ['0:0:0:0:0:0:0:1', tcp.port, true],
      ['v6.example.com', tcp.port, true],
      ['any.example.com', 5060, true],
      ['any.example.com', 12_345, true],
      ['one.example.com', 5080, true],
      ['one.example.com', 5060, false],
      ['tcp.example.com', 5060, true, 'tcp'],
      ['tcp.example.com', 5060, false, 'udp'],
      ['127.0.0.1', udp.port, true, 'udp'],
      ['127.0.0.1', udp.port, false, 'tcp'],
      ['example.com', 5060, false],
      ['', 0, false],
    ];
    for (const [host, port, expected, proto] of table) {
      assert.equal(layer.isMyself(host, port, proto), expected, `${host}:${port} ${proto ?? ''}`);
    }
    layer.addAlias('late.example.com', 5060);
    assert.equal(layer.isMyself('late.example.com', 5060), true);
    assert.equal(udp.displayHost, 'sip.example.com');
    assert.equal(udp.displayPort, 5070);
    await layer.stop(0);
  });
});
