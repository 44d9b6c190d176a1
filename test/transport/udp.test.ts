import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { destination, listenOn, type Node, node, RecordingObserver, request, until } from './support.ts';

describe('UDP', () => {
  let a: Node;
  let b: Node;
  let raw: Socket;
  before(async () => {
    a = await node([listenOn('udp'), listenOn('udp', '::1')]);
    b = await node([listenOn('udp'), listenOn('udp', '[::1]')]);
    raw = createSocket('udp4');
    await new Promise<void>((resolve) => raw.bind(0, '127.0.0.1', resolve));
  });
  after(async () => {
    raw.close();
    await a.layer.stop(0);
    await b.layer.stop(0);
  });

  for (const family of [4, 6] as const) {
    it(`there and back by IPv${family}`, async () => {
      const to = destination(a, b, 'udp', family);
      const id = `udp-${family}`;
      assert.equal(a.layer.send(request('OPTIONS', id, 'UDP host', 'X-Bytes: \xfc\xff\r\n'), to, null), true);
      await until(() => b.user.callIds.includes(id));
      const got = b.user.messages.find(({ message }) => message.callId === id);
      assert.ok(got);
      assert.ok(got.message.raw.includes('\xfc\xff'), 'bytes pass one to one');
      assert.equal(got.from.ip, to.socket.address);
      assert.equal(got.from.port, to.socket.port);
      assert.equal(got.from.connection, 0);
      assert.equal(got.from.socket, b.layer.socketFor('udp', family, null));
      const reply = { ...destination(b, a, 'udp', family), ip: got.from.ip, port: got.from.port };
      assert.equal(b.layer.send(request('INFO', `${id}-back`), reply, null), true);
      await until(() => a.user.callIds.includes(`${id}-back`));
    });
  }

  it('what is sent in one turn leaves in order, and also when the socket is closed in that turn', async () => {
    const c = await node([listenOn('udp')]);
    const to = destination(c, b, 'udp');
    const ids = Array.from({ length: 50 }, (_, i) => `turn-${i}`);
    for (const id of ids) assert.equal(c.layer.send(request('INFO', id), to, null), true);
    await c.layer.stop(0);
    await until(() => b.user.callIds.includes('turn-49'));
    assert.deepEqual(
      b.user.callIds.filter((id) => id.startsWith('turn-')),
      ids,
    );
  });

  it('keepalives are counted and not parsed; a STUN binding request is answered', async () => {
    const { port } = destination(a, b, 'udp');
    const before = b.layer.stats.keepalives;
    for (const data of ['\r\n\r\n', '\r\n', '\0\0\0\0', '\0', ''])
      raw.send(Buffer.from(data, 'latin1'), port, '127.0.0.1');
    await until(() => b.layer.stats.keepalives === before + 5);
    const stun = Buffer.alloc(20);
    stun.writeUInt16BE(1, 0);
    stun.writeUInt32BE(0x2112a442, 4);
    stun.fill(7, 8);
    const answered = once(raw, 'message');
    raw.send(stun, port, '127.0.0.1');
    const [answer] = (await answered) as [Buffer];
    assert.equal(answer.readUInt16BE(0), 0x0101);
    assert.deepEqual(answer.subarray(4, 20), stun.subarray(4, 20));
    assert.equal(answer.readUInt16BE(26) ^ 0x2112, raw.address().port);
    assert.deepEqual(
      [...answer.subarray(28, 32)].map((byte, i) => byte ^ (answer[4 + i] as number)),
      [127, 0, 0, 1],
    );
    assert.deepEqual(b.user.failures, []);
  });

  it('blank lines before a message are passed over (RFC 3261 §7.5)', async () => {
    raw.send(Buffer.from(`\r\n\r\n${request('OPTIONS', 'blank-lines')}`), destination(a, b, 'udp').port, '127.0.0.1');
    await until(() => b.user.callIds.includes('blank-lines'));
  });

  it('what is no SIP is counted and told', async () => {
    raw.send(Buffer.from('hello there'), destination(a, b, 'udp').port, '127.0.0.1');
    await until(() => b.user.failures.length === 1);
    assert.equal(b.layer.stats.parseFailures, 1);
    assert.equal(b.user.failures[0]?.from.port, raw.address().port);
  });

  it('a message that does not fit a datagram is refused at once', () => {
    const to = destination(a, b, 'udp');
    const observer = new RecordingObserver();
    assert.equal(a.layer.send(request('INFO', 'huge', 'UDP host', '', 'x'.repeat(70_000)), to, observer), false);
    assert.equal(a.layer.lastRefusal, 'TRANSPORT_MESSAGE_TOO_LARGE');
    assert.deepEqual(observer.codes, []);
  });

  it('port 0 is nowhere', () => {
    assert.equal(a.layer.send(request(), { ...destination(a, b, 'udp'), port: 0 }, null), false);
    assert.equal(a.layer.lastRefusal, 'TRANSPORT_SEND_FAILED');
  });

  it('an error of the system reaches the observer', async () => {
    // A loopback socket has no route to any other address.
    const to = { ...destination(a, b, 'udp'), ip: '192.0.2.1', port: 5060 };
    const observer = new RecordingObserver();
    assert.equal(a.layer.send(request(), to, observer), true);
    await until(() => observer.codes.length === 1);
    assert.match(observer.codes[0] ?? '', /^TRANSPORT_(SEND_FAILED|UNREACHABLE)$/);
    assert.equal(a.layer.stats.byProto.udp.sendFailures, 1);
  });

  it('a handler that throws loses one message, not the server', async () => {
    b.user.onEach = () => {
      throw new Error('broken handler');
    };
    a.layer.send(request('OPTIONS', 'thrower'), destination(a, b, 'udp'), null);
    await until(() => b.layer.stats.handlerFailures === 1);
    b.user.onEach = null;
    assert.ok(b.log.some((line) => line.includes('TRANSPORT_HANDLER_FAILED') && line.includes('broken handler')));
    a.layer.send(request('OPTIONS', 'after-thrower'), destination(a, b, 'udp'), null);
    await until(() => b.user.callIds.includes('after-thrower'));
  });

  it('a burst arrives in order', async () => {
    const to = destination(a, b, 'udp');
    b.user.messages.length = 0;
    for (let i = 0; i < 100; i++) a.layer.send(request('OPTIONS', `burst-${i}`), to, null);
    await until(() => b.user.messages.length === 100);
    assert.deepEqual(
      b.user.callIds,
      Array.from({ length: 100 }, (_, i) => `burst-${i}`),
    );
  });
});

describe('requests too large for UDP (RFC 3261 §18.1.1)', () => {
  it('go by TCP, with the Via of TCP; small ones stay', async () => {
    const a = await node([{ host: '127.0.0.1', port: 0 }], { udpMtu: 600, udpMtuTryProto: 'tcp' });
    const b = await node([{ host: '127.0.0.1', port: 0 }]);
    const to = destination(a, b, 'udp');
    const via = `UDP ${to.socket.displayHost}:${to.socket.displayPort}`;
    a.layer.send(request('INVITE', 'large', via, '', 'x'.repeat(600)), to, null);
    a.layer.send(request('INVITE', 'small', via), to, null);
    await until(() => b.user.messages.length === 2);
    const large = b.user.messages.find(({ message }) => message.callId === 'large');
    assert.equal(large?.from.socket.proto, 'tcp');
    const tcp = a.layer.socketFor('tcp', 4, to.socket);
    assert.ok(large?.message.raw.includes(`\r\nVia: SIP/2.0/TCP 127.0.0.1:${tcp?.port};branch=`));
    assert.equal(b.user.messages.find(({ message }) => message.callId === 'small')?.from.socket.proto, 'udp');
    assert.equal(a.layer.fitTransport(to, 601).proto, 'tcp');
    assert.equal(a.layer.fitTransport(to, 600), to);
    await a.layer.stop(0);
    await b.layer.stop(0);
  });

  it('go by UDP after all when the peer has no TCP', async () => {
    const a = await node([{ host: '127.0.0.1', port: 0 }], { udpMtu: 600 });
    const b = await node([listenOn('udp')]);
    const to = destination(a, b, 'udp');
    const via = `UDP ${to.socket.displayHost}:${to.socket.displayPort}`;
    const observer = new RecordingObserver();
    assert.equal(a.layer.send(request('INVITE', 'large', via, '', 'x'.repeat(600)), to, observer), true);
    await until(() => b.user.messages.length === 1);
    assert.ok(b.user.messages[0]?.message.raw.includes('SIP/2.0/UDP'));
    assert.deepEqual(observer.codes, []);
    await a.layer.stop(0);
    await b.layer.stop(0);
  });
});
