import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { after, afterEach, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { TransportOptions } from '../../src/transport/index.ts';
import { destination, listenOn, type Node, node, RecordingObserver, request, until } from './support.ts';

const open: (Socket | Node)[] = [];
afterEach(async () => {
  for (const item of open.splice(0)) {
    if ('layer' in item) await item.layer.stop(0);
    else item.destroy();
  }
});

async function tcpNode(options: Omit<TransportOptions, 'listen'> = {}): Promise<Node> {
  const { limits, ...others } = options;
  const made = await node([listenOn('tcp'), listenOn('tcp', '::1')], {
    limits: { sweepInterval: 10, ...limits },
    ...others,
  });
  open.push(made);
  return made;
}

async function rawClient(to: Node): Promise<{ socket: Socket; text: () => string }> {
  const socket = connect({ host: '127.0.0.1', port: to.layer.sockets[0]?.port ?? 0 });
  open.push(socket);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('error', () => {});
  await once(socket, 'connect');
  return { socket, text: () => Buffer.concat(chunks).toString('latin1') };
}

describe('TCP', () => {
  for (const family of [4, 6] as const) {
    it(`there and back on one connection, IPv${family}`, async () => {
      const a = await tcpNode();
      const b = await tcpNode();
      b.user.onEach = (message, from) => {
        const { socket, ip, connection } = from;
        b.layer.send(
          request('INFO', `${message.callId}-back`),
          { socket, proto: 'tcp', ip, port: 5060, connection, serverName: '' },
          null,
        );
      };
      const to = destination(a, b, 'tcp', family);
      for (let i = 0; i < 3; i++)
        assert.equal(a.layer.send(request('OPTIONS', `c${i}`, 'TCP h', '', '\xff\0\xfe'), to, null), true);
      await until(() => a.user.messages.length === 3);
      assert.deepEqual(b.user.callIds, ['c0', 'c1', 'c2']);
      assert.equal(b.user.messages[0]?.message.body, '\xff\0\xfe');
      assert.equal(a.layer.connections().length, 1);
      assert.equal(b.layer.connections().length, 1);
      assert.equal(a.layer.stats.connectionsOpened, 1);
      assert.equal(b.layer.stats.connectionsAccepted, 1);
      assert.equal(a.layer.stats.queuedBytes, 0);
      // Requests in the other direction find the same connection by the peer's address.
      const { from } = b.user.messages[0] ?? assert.fail();
      const back = {
        socket: from.socket,
        proto: 'tcp' as const,
        ip: from.ip,
        port: from.port,
        connection: 0,
        serverName: '',
      };
      b.layer.send(request('OPTIONS', 'reverse'), back, null);
      await until(() => a.user.callIds.includes('reverse'));
      assert.equal(b.layer.connections().length, 1);
    });
  }

  it('an alias lets a connection serve the port that its peer listens on (force_tcp_alias)', async () => {
    const a = await tcpNode();
    const b = await tcpNode();
    a.layer.send(request('OPTIONS', 'first'), destination(a, b, 'tcp'), null);
    await until(() => b.user.messages.length === 1);
    const connection = b.user.messages[0]?.from.connection ?? 0;
    const back = destination(b, a, 'tcp');
    assert.equal(b.layer.addConnectionAlias(connection, back.port), true);
    b.layer.send(request('OPTIONS', 'by-alias'), back, null);
    await until(() => a.user.callIds.includes('by-alias'));
    assert.equal(b.layer.connections().length, 1);
    assert.deepEqual(b.layer.connections()[0]?.aliasPorts, [back.port]);
    // Another connection of the same host cannot take the port over.
    const { socket } = await rawClient(b);
    socket.write(request('OPTIONS', 'thief'));
    await until(() => b.user.callIds.includes('thief'));
    const thief = b.user.messages.at(-1)?.from.connection ?? 0;
    assert.notEqual(thief, connection);
    assert.equal(b.layer.addConnectionAlias(thief, back.port), false);
    assert.equal(b.layer.addConnectionAlias(999, 5060), false);
  });

  it('messages that come byte by byte, and many in one chunk', async () => {
    const b = await tcpNode();
    const { socket } = await rawClient(b);
    socket.setNoDelay(true);
    for (const byte of request('OPTIONS', 'bytes')) {
      socket.write(byte);
      await delay(0);
    }
    socket.write(request('OPTIONS', 'one') + request('OPTIONS', 'two') + request('OPTIONS', 'three'));
    await until(() => b.user.messages.length === 4);
    assert.deepEqual(b.user.callIds, ['bytes', 'one', 'two', 'three']);
  });

  it('CRLFCRLF is answered by CRLF (RFC 5626 §4.4.1), and asked for by pingConnection', async () => {
    const b = await tcpNode();
    const { socket, text } = await rawClient(b);
    socket.write('\r\n\r\n');
    await until(() => text() === '\r\n');
    const connection = b.layer.connections()[0]?.id ?? 0;
    assert.equal(b.layer.pingConnection(connection), true);
    await until(() => text() === '\r\n\r\n\r\n');
    assert.deepEqual(b.user.failures, []);
    const silent = await tcpNode({ crlfPing: false });
    const other = await rawClient(silent);
    other.socket.write('\r\n\r\n');
    await until(() => silent.layer.stats.keepalives === 1);
    await delay(20);
    assert.equal(other.text(), '');
  });

  it('a bad Content-Length is told with its reply to send, then that connection ends; others go on', async () => {
    const b = await tcpNode();
    const bad = await rawClient(b);
    const good = await rawClient(b);
    bad.socket.write(request('OPTIONS', 'bad').replace('Content-Length: 0', 'Content-Length: many'));
    const closed = once(bad.socket, 'close');
    await until(() => b.user.failures.length === 1);
    assert.equal(b.user.failures[0]?.failure.status, 400);
    await closed;
    good.socket.write(request('OPTIONS', 'good'));
    await until(() => b.user.callIds.includes('good'));
    await until(() => b.user.closed.length === 1);
    assert.equal(b.layer.connections().length, 1);
    assert.equal(b.layer.stats.dropped.get('TRANSPORT_PROTOCOL_ERROR'), 1);
  });

  it('the reply to such a message still leaves before the end', async () => {
    const b = await tcpNode();
    b.user.onParseFailure = (failure, { socket, ip, connection }) => {
      b.layer.send(
        `SIP/2.0 ${failure.status} ${failure.reason}\r\n\r\n`,
        { socket, proto: 'tcp', ip, port: 0, connection, serverName: '' },
        null,
      );
    };
    const { socket, text } = await rawClient(b);
    socket.write(request('OPTIONS', 'large').replace('Content-Length: 0', 'Content-Length: 99999999'));
    await once(socket, 'close');
    assert.match(text(), /^SIP\/2\.0 513 /);
  });

  for (const [what, text] of [
    ['an HTTP request', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['noise that ends in an empty line', '\x16\x03\x01 hello\r\nx: y\r\n\r\n'],
  ] as const)
    it(`${what} on a SIP port ends its connection, and what follows is not read`, async () => {
      const b = await tcpNode();
      const { socket } = await rawClient(b);
      socket.write(text + request('OPTIONS', 'after'));
      await once(socket, 'close');
      assert.deepEqual(
        b.user.failures.map(({ failure }) => [failure.code, failure.status]),
        [['SIP_PARSE_START_LINE', 0]],
      );
      assert.deepEqual(b.user.messages, []);
      assert.equal(b.layer.stats.dropped.get('TRANSPORT_PROTOCOL_ERROR'), 1);
    });

  it('a request with a bad SIP start line is told, and its connection goes on', async () => {
    const b = await tcpNode();
    const { socket } = await rawClient(b);
    socket.write(request('OPTIONS', 'bad').replace(' SIP/2.0', '  SIP/2.0'));
    await until(() => b.user.failures.length === 1);
    assert.equal(b.user.failures[0]?.failure.status, 400);
    socket.write(request('OPTIONS', 'good'));
    await until(() => b.user.callIds.includes('good'));
  });

  it('a peer that refuses is told to the observer; messages queued while connecting all leave', async () => {
    const a = await tcpNode();
    const b = await tcpNode();
    const to = destination(a, b, 'tcp');
    await b.layer.stop(0);
    const observer = new RecordingObserver();
    assert.equal(a.layer.send(request('OPTIONS', 'x'), to, observer), true);
    assert.equal(a.layer.send(request('OPTIONS', 'y'), to, observer), true);
    await until(() => observer.codes.length === 2);
    assert.deepEqual(observer.codes, ['TRANSPORT_CONNECT_REFUSED', 'TRANSPORT_CONNECT_REFUSED']);
    assert.equal(a.layer.connections().length, 0);
    assert.equal(a.layer.stats.queuedBytes, 0);
    assert.equal(a.layer.stats.connectionsFailed, 1);
  });

  it('an observer that throws is logged, and the others are told', async () => {
    const a = await tcpNode();
    const b = await tcpNode();
    const to = destination(a, b, 'tcp');
    await b.layer.stop(0);
    const observer = new RecordingObserver();
    const thrower = {
      sendFailed: () => {
        throw new Error('broken observer');
      },
    };
    a.layer.send(request('OPTIONS', 'x'), to, thrower);
    a.layer.send(request('OPTIONS', 'y'), to, observer);
    await until(() => observer.codes.length === 1);
    assert.equal(a.layer.stats.handlerFailures, 1);
    assert.ok(a.log.some((line) => line.includes('broken observer')));
  });

  it('a closed connection is not used again: the next message opens a new one', async () => {
    const a = await tcpNode();
    const b = await tcpNode();
    const to = destination(a, b, 'tcp');
    a.layer.send(request('OPTIONS', 'first'), to, null);
    await until(() => b.user.messages.length === 1);
    b.layer.closeConnection(b.user.messages[0]?.from.connection ?? 0);
    await until(() => a.layer.connections().length === 0 && b.layer.connections().length === 0);
    a.layer.send(request('OPTIONS', 'second'), { ...to, connection: a.user.closed[0] ?? 0 }, null);
    await until(() => b.user.callIds.includes('second'));
    assert.equal(a.layer.stats.connectionsOpened, 2);
  });
});

describe('TCP limits', () => {
  it('half a message does not hold a connection for ever, nor disturb others', async () => {
    const b = await tcpNode({ limits: { partialTimeout: 150 } });
    const half = await rawClient(b);
    const other = await rawClient(b);
    half.socket.write(request('OPTIONS', 'half').slice(0, 60));
    let closed = false;
    half.socket.once('close', () => {
      closed = true;
    });
    for (let i = 0; !closed; i++) {
      assert.ok(i < 200);
      // One byte now and then does not buy more time.
      if (i % 5 === 0 && !half.socket.destroyed) half.socket.write('x');
      other.socket.write(request('OPTIONS', `other-${i}`));
      await delay(10);
    }
    other.socket.write(request('OPTIONS', 'after'));
    await until(() => b.user.callIds.includes('after'));
    assert.equal(b.layer.stats.dropped.get('TRANSPORT_PARTIAL_TIMEOUT'), 1);
    await until(() => b.layer.connections().length === 1);
  });

  it('a slow but honest sender of many messages is not cut off', async () => {
    const b = await tcpNode({ limits: { partialTimeout: 200 } });
    const { socket } = await rawClient(b);
    // Chunks cut across messages: the framer always holds part of one, each part a short while.
    const stream = Array.from({ length: 12 }, (_, i) => request('OPTIONS', `m${i}`)).join('');
    const step = Math.ceil(stream.length / 24);
    for (let at = 0; at < stream.length; at += step) {
      socket.write(stream.slice(at, at + step));
      await delay(25);
    }
    await until(() => b.user.messages.length === 12);
    assert.equal(b.layer.stats.dropped.get('TRANSPORT_PARTIAL_TIMEOUT'), undefined);
  });

  it('an idle connection ends after its lifetime; a set lifetime counts', async () => {
    const b = await tcpNode({ limits: { connectionLifetime: 100 } });
    const kept = await rawClient(b);
    kept.socket.write(request('OPTIONS', 'kept'));
    await until(() => b.user.messages.length === 1);
    assert.equal(b.layer.setConnectionLifetime(b.user.messages[0]?.from.connection ?? 0, 60_000), true);
    const idle = await rawClient(b);
    await once(idle.socket, 'close');
    await until(() => b.layer.connections().length === 1);
    assert.equal(kept.socket.destroyed, false);
  });

  it('one address cannot take every connection, and the total has a limit', async () => {
    const b = await tcpNode({ limits: { maxConnectionsPerIp: 2 } });
    await rawClient(b);
    await rawClient(b);
    await until(() => b.layer.connections().length === 2);
    const third = await rawClient(b);
    await once(third.socket, 'close');
    assert.equal(b.layer.stats.dropped.get('TRANSPORT_TOO_MANY_FROM_PEER'), 1);

    const full = await tcpNode({ limits: { maxConnections: 1 } });
    await rawClient(full);
    await until(() => full.layer.connections().length === 1);
    const second = await rawClient(full);
    await once(second.socket, 'close');
    assert.equal(full.layer.stats.dropped.get('TRANSPORT_TOO_MANY_CONNECTIONS'), 1);
    assert.equal(full.layer.send(request(), destination(full, b, 'tcp'), null), false);
    assert.equal(full.layer.lastRefusal, 'TRANSPORT_TOO_MANY_CONNECTIONS');
  });
});

describe('a peer that never reads', () => {
  let deaf: Server;
  const sockets: Socket[] = [];
  before(async () => {
    deaf = createServer({ pauseOnConnect: true }, (socket) => {
      socket.on('error', () => {});
      sockets.push(socket);
    });
    await new Promise<void>((resolve) => deaf.listen(0, '127.0.0.1', resolve));
  });
  after(() => {
    for (const socket of sockets) socket.destroy();
    deaf.close();
  });

  it('fills its own queue only, and is cut off', async () => {
    const a = await tcpNode({ limits: { writeQueueBytes: 100_000, sendTimeout: 300 } });
    const b = await tcpNode();
    const address = deaf.address();
    assert.ok(typeof address === 'object' && address !== null);
    const to = { ...destination(a, b, 'tcp'), port: address.port };
    const observer = new RecordingObserver();
    const big = request('INFO', 'big', 'TCP h', '', 'x'.repeat(50_000));
    let accepted = 0;
    // The kernel takes some megabytes before our own queue begins to fill.
    for (let i = 0; i < 2000; i++) {
      if (a.layer.send(big, to, observer)) accepted++;
      else if (a.layer.connections()[0]?.state === 'open' && i > 500) break;
      if (i % 5 === 4) await delay(0);
    }
    assert.ok(accepted > 0);
    assert.equal(a.layer.lastRefusal, 'TRANSPORT_QUEUE_FULL');
    assert.ok((a.layer.connections()[0]?.queuedBytes ?? 0) <= 100_000);
    assert.ok((a.layer.stats.dropped.get('TRANSPORT_QUEUE_FULL') ?? 0) > 0);
    // Others are served meanwhile.
    a.layer.send(request('OPTIONS', 'other'), destination(a, b, 'tcp'), null);
    await until(() => b.user.callIds.includes('other'));
    await until(() => a.layer.stats.dropped.get('TRANSPORT_SEND_TIMEOUT') === 1);
    assert.ok(observer.codes.length > 0);
    assert.ok(observer.codes.every((code) => code === 'TRANSPORT_SEND_TIMEOUT'));
    assert.equal(a.layer.stats.queuedBytes, 0);
  });

  it('stop waits for the queue, but not for ever', async () => {
    const a = await tcpNode();
    const b = await tcpNode();
    const observer = new RecordingObserver();
    for (let i = 0; i < 50; i++) a.layer.send(request('OPTIONS', `last-${i}`), destination(a, b, 'tcp'), observer);
    await until(() => a.layer.connections()[0]?.state === 'open');
    await a.layer.stop(2000);
    await until(() => b.user.messages.length === 50);
    assert.deepEqual(observer.codes, []);
    assert.equal(a.layer.send(request(), destination(a, b, 'tcp'), null), false);
    assert.equal(a.layer.lastRefusal, 'TRANSPORT_STOPPED');
  });
});
