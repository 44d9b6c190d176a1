import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { WebSocket } from 'ws';
import { replyDestination, type TransportOptions } from '../../src/transport/index.ts';
import { makeCertificates } from './certificates.ts';
import { destination, listenOn, type Node, node, RecordingObserver, request, until } from './support.ts';

const certificates = makeCertificates();
const noOpenssl = certificates === null ? 'the openssl program is missing' : false;

const open: Node[] = [];
afterEach(async () => {
  for (const item of open.splice(0)) await item.layer.stop(0);
});

async function wsNode(
  proto: 'ws' | 'wss' | 'tcp' = 'ws',
  options: Omit<TransportOptions, 'listen'> = {},
): Promise<Node> {
  const tls = certificates === null ? {} : { tls: { server: certificates.server, ca: certificates.ca, client: null } };
  const { limits, ...others } = options;
  const made = await node([listenOn(proto), listenOn(proto, '::1')], {
    ...tls,
    limits: { sweepInterval: 10, ...limits },
    ...others,
  });
  open.push(made);
  return made;
}

function url(of: Node, scheme = 'ws'): string {
  return `${scheme}://127.0.0.1:${of.layer.sockets[0]?.port}/`;
}

describe('WebSocket (RFC 7118)', () => {
  for (const proto of ['ws', 'wss'] as const) {
    for (const family of [4, 6] as const) {
      it(`${proto} there and back, IPv${family}`, { skip: proto === 'wss' && noOpenssl }, async () => {
        const a = await wsNode(proto);
        const b = await wsNode(proto);
        b.user.onEach = (message, from) => {
          b.layer.send(request('INFO', `${message.callId}-back`), replyDestination(message, from), null);
        };
        const to = destination(a, b, proto, family);
        a.layer.send(request('OPTIONS', 'text', 'WS h'), to, null);
        a.layer.send(request('INFO', 'bytes', 'WS h', '', '\xff\0\xfe'), to, null);
        await until(() => a.user.messages.length === 2);
        assert.equal(b.user.messages[1]?.message.body, '\xff\0\xfe');
        assert.equal(b.user.messages[0]?.from.socket.proto, proto);
        assert.equal(a.layer.connections().length, 1);
        assert.equal(b.layer.connections()[0]?.proto, proto);
      });
    }
  }

  it('a browser: subprotocol sip, text frames, pings answered, no Content-Length needed', async () => {
    const b = await wsNode();
    const client = new WebSocket(url(b), 'sip');
    await once(client, 'open');
    assert.equal(client.protocol, 'sip');
    client.ping();
    await once(client, 'pong');
    client.send(request('OPTIONS', 'browser', 'WS x.invalid').replace('Content-Length: 0\r\n', ''));
    await until(() => b.user.callIds.includes('browser'));
    const { message, from } = b.user.messages[0] ?? assert.fail();
    const answered = once(client, 'message');
    b.layer.send('SIP/2.0 200 OK\r\n\r\n', replyDestination(message, from), null);
    const [data, isBinary] = (await answered) as [Buffer, boolean];
    assert.equal(isBinary, false);
    assert.equal(data.toString(), 'SIP/2.0 200 OK\r\n\r\n');
    client.send('\r\n\r\n');
    const [pong] = (await once(client, 'message')) as [Buffer];
    assert.equal(pong.toString(), '\r\n');
    client.terminate();
    await until(() => b.layer.connections().length === 0);
    // Nobody can connect to a browser.
    const observer = new RecordingObserver();
    assert.equal(b.layer.send(request(), replyDestination(message, from), observer), false);
    assert.equal(b.layer.lastRefusal, 'TRANSPORT_NO_CONNECTION');
  });

  it('without the subprotocol, or without an upgrade, it is refused', async () => {
    const b = await wsNode();
    const client = new WebSocket(url(b), 'chat');
    const [error] = (await once(client, 'error')) as [Error];
    assert.match(error.message, /400/);
    const asked = httpRequest(url(b).replace('ws:', 'http:'));
    asked.end();
    const [response] = (await once(asked, 'response')) as [{ statusCode?: number; resume(): void }];
    response.resume();
    assert.equal(response.statusCode, 426);
    assert.equal(b.layer.stats.dropped.get('TRANSPORT_WEBSOCKET_PROTOCOL'), 2);
  });

  it('origins can be limited (RFC 6455 §10.2)', async () => {
    const b = await wsNode('ws', { webSocketOrigins: ['https://app.example.com'] });
    const good = new WebSocket(url(b), 'sip', { origin: 'https://app.example.com' });
    await once(good, 'open');
    const bad = new WebSocket(url(b), 'sip', { origin: 'https://evil.example.com' });
    const [error] = (await once(bad, 'error')) as [Error];
    assert.match(error.message, /403/);
    good.terminate();
  });

  it('who does not finish the upgrade is cut off; a message above the limit ends its connection only', async () => {
    const b = await wsNode('ws', { limits: { handshakeTimeout: 100 } });
    const slow = connect({ host: '127.0.0.1', port: b.layer.sockets[0]?.port ?? 0 });
    slow.on('error', () => {});
    slow.write('GET / HTTP/1.1\r\nHost: x\r\n');
    const good = new WebSocket(url(b), 'sip');
    const greedy = new WebSocket(url(b), 'sip');
    greedy.on('error', () => {});
    await Promise.all([once(good, 'open'), once(greedy, 'open')]);
    greedy.send('x'.repeat(100_000));
    await Promise.all([once(greedy, 'close'), once(slow, 'close')]);
    good.send(request('OPTIONS', 'good'));
    await until(() => b.user.callIds.includes('good'));
    assert.equal(b.layer.connections().length, 1);
    good.terminate();
  });

  it('on a tcp socket, beside SIP, when asked for', async () => {
    const b = await wsNode('tcp', { webSocketOnStreams: true });
    assert.deepEqual(
      b.layer.sockets.map(({ proto, index, port }) => [proto, index, port]),
      [
        ['tcp', 0, b.layer.sockets[0]?.port],
        ['ws', 1, b.layer.sockets[0]?.port],
        ['tcp', 2, b.layer.sockets[2]?.port],
        ['ws', 3, b.layer.sockets[2]?.port],
      ],
    );
    const client = new WebSocket(url(b), 'sip');
    await once(client, 'open');
    client.send(request('OPTIONS', 'by-ws'));
    const a = await wsNode('tcp');
    a.layer.send(request('OPTIONS', 'by-tcp'), destination(a, b, 'tcp'), null);
    await until(() => b.user.messages.length === 2);
    const by = (id: string) => b.user.messages.find(({ message }) => message.callId === id)?.from.socket;
    assert.equal(by('by-ws'), b.layer.sockets[1]);
    assert.equal(by('by-tcp'), b.layer.sockets[0]);
    client.terminate();
  });

  it('HTTP requests on a SIP port go to a handler when there is one (xhttp)', async () => {
    const b = await wsNode('tcp', {
      onHttpRequest: (asked, response, socket) => response.end(`${asked.url} at ${socket.proto}`),
    });
    const asked = httpRequest(`${url(b, 'http')}status`);
    asked.end();
    const [response] = (await once(asked, 'response')) as [AsyncIterable<Buffer>];
    let text = '';
    for await (const chunk of response) text += chunk.toString();
    assert.equal(text, '/status at tcp');
    const a = await wsNode('tcp');
    a.layer.send(request('OPTIONS', 'sip-too'), destination(a, b, 'tcp'), null);
    await until(() => b.user.callIds.includes('sip-too'));
  });
});
