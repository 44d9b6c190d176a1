import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type ConnectionEnd,
  type Destination,
  STREAM_CLOSE,
  STREAM_NO_CONNECT,
  type TransportOptions,
} from '../../src/transport/index.ts';
import { destination, listenOn, type Node, node, RecordingUser, request, until } from './support.ts';

const open: Node[] = [];
afterEach(async () => {
  for (const { layer } of open.splice(0)) await layer.stop(0);
});

async function tcpNode(options: Omit<TransportOptions, 'listen'> = {}): Promise<Node> {
  const { limits, ...others } = options;
  const made = await node([listenOn('tcp')], { limits: { sweepInterval: 10, ...limits }, ...others });
  open.push(made);
  return made;
}

/** How each connection of a node ended. */
function endsOf({ user }: Node): ConnectionEnd[] {
  const ends: ConnectionEnd[] = [];
  const told = RecordingUser.prototype.onConnectionClosed;
  user.onConnectionClosed = (connection: number, _from?: unknown, end?: ConnectionEnd) => {
    if (end !== undefined) ends.push(end);
    told.call(user, connection);
  };
  return ends;
}

function withStream(to: Destination, stream: number): Destination {
  return { ...to, stream };
}

describe('no connection may be opened', () => {
  it('for one message: refused and counted, until there is a connection', async () => {
    const a = await tcpNode();
    const b = await tcpNode();
    const to = destination(a, b, 'tcp');
    assert.equal(a.layer.send(request('OPTIONS', 'x1'), withStream(to, STREAM_NO_CONNECT), null), false);
    assert.equal(a.layer.lastRefusal, 'TRANSPORT_NO_CONNECTION');
    assert.equal(a.layer.stats.dropped.get('TRANSPORT_NO_CONNECTION'), 1);
    assert.equal(a.layer.send(request('OPTIONS', 'x2'), to, null), true);
    await until(() => b.user.messages.length === 1);
    assert.equal(a.layer.send(request('OPTIONS', 'x3'), withStream(to, STREAM_NO_CONNECT), null), true);
    await until(() => b.user.messages.length === 2);
    assert.deepEqual(b.user.callIds, ['x2', 'x3']);
  });

  it('for the whole server: streams are taken and answered, never opened', async () => {
    const server = await tcpNode({ neverConnect: true });
    const client = await tcpNode();
    assert.equal(server.layer.send(request(), destination(server, client, 'tcp'), null), false);
    assert.equal(server.layer.lastRefusal, 'TRANSPORT_NO_CONNECTION');
    client.layer.send(request(), destination(client, server, 'tcp'), null);
    await until(() => server.user.messages.length === 1);
    const { from } = server.user.messages[0] as (typeof server.user.messages)[0];
    const back: Destination = { ...from, proto: 'tcp', port: from.port, serverName: '' };
    assert.equal(server.layer.send(request('INFO', 'back'), back, null), true);
    await until(() => client.user.messages.length === 1);
  });
});

describe('a connection closed once the message is written', () => {
  it('a new one, and one that was open', async () => {
    const a = await tcpNode();
    const b = await tcpNode();
    const ends = endsOf(b);
    const to = destination(a, b, 'tcp');
    assert.equal(a.layer.send(request('OPTIONS', 'x1'), withStream(to, STREAM_CLOSE), null), true);
    await until(() => b.user.messages.length === 1 && b.user.closed.length === 1);
    a.layer.send(request('OPTIONS', 'x2'), to, null);
    await until(() => b.user.messages.length === 2);
    assert.equal(b.user.closed.length, 1, 'without the mark it stays');
    a.layer.send(request('OPTIONS', 'x3'), withStream(to, STREAM_CLOSE), null);
    await until(() => b.user.messages.length === 3 && b.user.closed.length === 2);
    await until(() => a.layer.connections().length === 0);
    assert.deepEqual(ends, ['closed', 'closed']);
  });
});

describe('how a connection ended', () => {
  it('a connection that is idle for too long times out; one that cannot be opened failed', async () => {
    const a = await tcpNode({ limits: { connectionLifetime: 40 } });
    const b = await tcpNode();
    const ends = endsOf(a);
    const to = destination(a, b, 'tcp');
    a.layer.send(request(), to, null);
    await until(() => a.user.closed.length === 1);
    assert.deepEqual(ends, ['timeout']);
    await b.layer.stop(0);
    a.layer.send(request('OPTIONS', 'late'), to, null);
    await until(() => a.user.closed.length === 2);
    assert.deepEqual(ends, ['timeout', 'failed']);
  });
});

describe('aliases of connections (RFC 5923)', () => {
  for (const acceptAliases of [true, false])
    it(
      acceptAliases ? 'a Via with alias, where that is allowed' : 'a Via with alias means nothing by default',
      async () => {
        const server = await tcpNode({ acceptAliases });
        const client = await tcpNode();
        const { port } = client.layer.sockets[0] ?? { port: 0 };
        client.layer.send(
          request('OPTIONS', 'al', `TCP 127.0.0.1:${port};alias`),
          destination(client, server, 'tcp'),
          null,
        );
        await until(() => server.user.messages.length === 1);
        assert.deepEqual(server.layer.connections()[0]?.aliasPorts, acceptAliases ? [port] : []);
        server.layer.send(request('INFO', 'there'), destination(server, client, 'tcp'), null);
        await until(() => client.user.messages.length === 1);
        assert.equal(client.layer.connections().length, acceptAliases ? 1 : 2);
      },
    );

  it('a parameter that only begins like it is none', async () => {
    const server = await tcpNode({ acceptAliases: true });
    const client = await tcpNode();
    client.layer.send(request('OPTIONS', 'al', 'TCP h:5099;aliases=1'), destination(client, server, 'tcp'), null);
    await until(() => server.user.messages.length === 1);
    await delay(5);
    assert.deepEqual(server.layer.connections()[0]?.aliasPorts, []);
  });
});

describe('a domain with everything below it', () => {
  it('port and protocol limit it; names that only end alike are strangers', async () => {
    const { layer } = await tcpNode();
    layer.addSubdomains('Example.COM', 0, null);
    layer.addSubdomains('net.example.org', 5080, 'tcp');
    for (const host of ['example.com', 'a.example.com', 'A.b.EXAMPLE.com.'])
      assert.ok(layer.isMyself(host, 5060), host);
    for (const host of ['notexample.com', 'com', 'example.com.evil.org', 'example.org'])
      assert.equal(layer.isMyself(host, 0), false, host);
    assert.equal(layer.isMyself('x.net.example.org', 5080, 'tcp'), true);
    assert.equal(layer.isMyself('x.net.example.org', 0), true);
    assert.equal(layer.isMyself('x.net.example.org', 5060), false);
    assert.equal(layer.isMyself('x.net.example.org', 5080, 'udp'), false);
  });
});

describe('what is too large for UDP', () => {
  it('goes by what the message says: another stream, or UDP all the same', async () => {
    const made = await node([listenOn('udp'), listenOn('tcp')], { udpMtu: 500 });
    open.push(made);
    const { layer } = made;
    const socket = layer.socketFor('udp', 4, null);
    assert.ok(socket);
    const to: Destination = { socket, proto: 'udp', ip: '127.0.0.1', port: 5, connection: 0, serverName: '' };
    assert.equal(layer.fitTransport(to, 501).proto, 'tcp');
    assert.equal(layer.fitTransport({ ...to, largeBy: 'tls' }, 501).proto, 'udp', 'there is no TLS socket');
    assert.equal(layer.fitTransport({ ...to, anySize: true }, 501).proto, 'udp');
    const byUdp = await node([listenOn('udp'), listenOn('tcp')], { udpMtu: 500, udpMtuTryProto: 'udp' });
    open.push(byUdp);
    const other = byUdp.layer.socketFor('udp', 4, null);
    assert.ok(other);
    assert.equal(byUdp.layer.fitTransport({ ...to, socket: other }, 501).proto, 'udp');
    assert.equal(byUdp.layer.fitTransport({ ...to, socket: other, largeBy: 'tcp' }, 501).proto, 'tcp');
  });
});
