import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTcp, createServer } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { connect } from 'node:tls';
import type { TlsSettings, TransportLimits } from '../../src/transport/index.ts';
import { makeCertificates } from './certificates.ts';
import { destination, listenOn, type Node, node, RecordingObserver, request, until } from './support.ts';

const certificates = makeCertificates();
const skip = certificates === null ? 'the openssl program is missing' : false;

const open: Node[] = [];
afterEach(async () => {
  for (const item of open.splice(0)) await item.layer.stop(0);
});

async function tlsNode(settings: Partial<TlsSettings> = {}, limits: Partial<TransportLimits> = {}): Promise<Node> {
  assert.ok(certificates);
  const tls = { server: certificates.server, client: null, ca: certificates.ca, ...settings };
  const made = await node([listenOn('tls'), listenOn('tls', '::1')], { tls, limits: { sweepInterval: 10, ...limits } });
  open.push(made);
  return made;
}

function port(of: Node): number {
  return of.layer.sockets[0]?.port ?? 0;
}

describe('TLS', { skip }, () => {
  for (const family of [4, 6] as const) {
    it(`there and back on one connection, IPv${family}, the certificate checked`, async () => {
      const a = await tlsNode();
      const b = await tlsNode();
      b.user.onEach = (message, from) => {
        const { socket, ip, connection } = from;
        b.layer.send(
          request('INFO', `${message.callId}-back`),
          { socket, proto: 'tls', ip, port: 0, connection, serverName: '' },
          null,
        );
      };
      a.layer.send(request('OPTIONS', 'one', 'TLS h'), destination(a, b, 'tls', family), null);
      a.layer.send(request('OPTIONS', 'two', 'TLS h'), destination(a, b, 'tls', family), null);
      await until(() => a.user.messages.length === 2);
      assert.equal(a.layer.connections().length, 1);
      assert.equal(b.user.messages[0]?.from.socket.proto, 'tls');
      assert.equal(b.layer.stats.byProto.tls.received, 2);
    });
  }

  it('a certificate for another name, or of an unknown authority, is refused, with the code to the observer', async () => {
    assert.ok(certificates);
    const a = await tlsNode();
    const b = await tlsNode();
    const stranger = await tlsNode({ server: certificates.stranger });
    const observer = new RecordingObserver();
    a.layer.send(request(), destination(a, b, 'tls', 4, 'wrong.example.com'), observer);
    a.layer.send(request(), destination(a, stranger, 'tls'), observer);
    await until(() => observer.codes.length === 2);
    assert.deepEqual(observer.codes, ['TLS_SERVER_CERTIFICATE_INVALID', 'TLS_SERVER_CERTIFICATE_INVALID']);
    assert.equal(b.user.messages.length, 0);
    const lax = await tlsNode({ verifyServer: false });
    lax.layer.send(request('OPTIONS', 'lax'), destination(lax, stranger, 'tls'), null);
    await until(() => stranger.user.callIds.includes('lax'));
  });

  it('a connection is used again only for the name it was checked for', async () => {
    const a = await tlsNode();
    const b = await tlsNode();
    a.layer.send(request('OPTIONS', 'one'), destination(a, b, 'tls', 4, 'sip.example.com'), null);
    await until(() => b.user.messages.length === 1);
    a.layer.send(request('OPTIONS', 'two'), destination(a, b, 'tls', 4, 'sip.example.com'), null);
    a.layer.send(request('OPTIONS', 'three'), destination(a, b, 'tls', 4, 'localhost'), null);
    await until(() => b.user.messages.length === 3);
    assert.equal(a.layer.connections().length, 2);
  });

  it('a SIP domain is named by a URI in the certificate (RFC 5922 §7.1)', async () => {
    assert.ok(certificates);
    const a = await tlsNode();
    const b = await tlsNode({ server: certificates.domain });
    a.layer.send(request('OPTIONS', 'domain'), destination(a, b, 'tls', 4, 'voice.example.org'), null);
    await until(() => b.user.callIds.includes('domain'));
  });

  it('the certificate is chosen by the name asked for (SNI)', async () => {
    assert.ok(certificates);
    const b = await tlsNode({
      servers: { 'other.example.net': certificates.other, '*.example.org': certificates.domain },
    });
    const subjects: string[] = [];
    for (const servername of ['other.example.net', 'OTHER.example.net', 'voice.example.org', 'sip.example.com']) {
      const socket = connect({ host: '127.0.0.1', port: port(b), servername, rejectUnauthorized: false });
      await once(socket, 'secureConnect');
      subjects.push(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    }
    assert.deepEqual(subjects, ['other', 'other', 'domain', 'server']);
  });

  it('a client without a certificate is refused when one is required: logged and counted', async () => {
    assert.ok(certificates);
    const b = await tlsNode({ requireClientCertificate: true });
    const bare = await tlsNode();
    const known = await tlsNode({ client: certificates.client });
    const wrong = await tlsNode({ client: certificates.stranger });
    bare.layer.send(request('OPTIONS', 'bare'), destination(bare, b, 'tls'), null);
    await until(() => b.layer.stats.dropped.get('TLS_CLIENT_CERTIFICATE_MISSING') === 1);
    assert.ok(b.log.some((line) => line.startsWith('warn TLS_CLIENT_CERTIFICATE_MISSING tls client 127.0.0.1')));
    wrong.layer.send(request('OPTIONS', 'wrong'), destination(wrong, b, 'tls'), null);
    await until(() => b.layer.stats.dropped.get('TLS_CLIENT_CERTIFICATE_INVALID') === 1);
    known.layer.send(request('OPTIONS', 'known'), destination(known, b, 'tls'), null);
    await until(() => b.user.messages.length === 1);
    assert.deepEqual(b.user.callIds, ['known']);
  });

  it('new certificates hold for the handshakes to come; bad ones change nothing (tls.reload)', async () => {
    assert.ok(certificates);
    const b = await tlsNode();
    const subject = async (): Promise<string> => {
      const socket = connect({ host: '127.0.0.1', port: port(b), rejectUnauthorized: false });
      await once(socket, 'secureConnect');
      const { CN } = socket.getPeerCertificate().subject;
      socket.destroy();
      return String(CN);
    };
    assert.equal(await subject(), 'server');
    b.layer.reloadTls({ server: certificates.other, ca: certificates.ca });
    assert.equal(await subject(), 'other');
    const broken = { certificate: 'nonsense', privateKey: 'nonsense' };
    assert.throws(() => b.layer.reloadTls({ server: broken }), { code: 'TRANSPORT_NO_TLS_CERTIFICATE' });
    assert.throws(() => b.layer.reloadTls({}), { code: 'TRANSPORT_NO_TLS_CERTIFICATE' });
    assert.equal(await subject(), 'other');
  });

  it('TLS 1.1 is refused (RFC 8996), and a version can be demanded', async () => {
    const b = await tlsNode({ minVersion: 'TLSv1.3' });
    const old = await tlsNode({ maxVersion: 'TLSv1.2' });
    const observer = new RecordingObserver();
    old.layer.send(request(), destination(old, b, 'tls'), observer);
    await until(() => observer.codes.length === 1);
    assert.deepEqual(observer.codes, ['TLS_HANDSHAKE_FAILED']);
    const current = await tlsNode();
    const socket = connect({
      host: '127.0.0.1',
      port: port(current),
      rejectUnauthorized: false,
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'ALL@SECLEVEL=0',
    });
    await once(socket, 'error');
    await until(() => current.layer.stats.dropped.get('TLS_HANDSHAKE_FAILED') === 1);
  });

  it('who speaks no TLS, or does not finish the handshake, is cut off', async () => {
    const b = await tlsNode({}, { handshakeTimeout: 100 });
    const plain = connectTcp({ host: '127.0.0.1', port: port(b) });
    plain.on('error', () => {});
    plain.write(request());
    await once(plain, 'close');
    await until(() => b.layer.stats.dropped.get('TLS_HANDSHAKE_FAILED') === 1);
    const silent = connectTcp({ host: '127.0.0.1', port: port(b) });
    silent.on('error', () => {});
    await once(silent, 'close');
    await until(() => b.layer.stats.dropped.get('TLS_HANDSHAKE_TIMEOUT') === 1);
    assert.equal(b.layer.connections().length, 0);
  });

  it('a server that accepts and says nothing: connect timeout', async () => {
    const a = await tlsNode({}, { connectTimeout: 100 });
    const mute = createServer((socket) => socket.on('error', () => {}));
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const address = mute.address();
    assert.ok(typeof address === 'object' && address !== null);
    const observer = new RecordingObserver();
    const to = { ...destination(a, a, 'tls'), port: address.port };
    assert.equal(a.layer.send(request(), to, observer), true);
    await until(() => observer.codes.length === 1);
    assert.deepEqual(observer.codes, ['TRANSPORT_CONNECT_TIMEOUT']);
    mute.close();
  });

  it('half-open handshakes count against the limit of their address', async () => {
    const b = await tlsNode({}, { maxConnectionsPerIp: 2 });
    const sockets = [0, 1, 2].map(() => connectTcp({ host: '127.0.0.1', port: port(b) }));
    for (const socket of sockets) socket.on('error', () => {});
    await until(() => b.layer.stats.dropped.get('TRANSPORT_TOO_MANY_FROM_PEER') === 1);
    for (const socket of sockets) socket.destroy();
    const a = await tlsNode();
    await until(() => b.log.length > 0);
    // Places are free again once they are gone.
    for (let i = 0; b.user.messages.length === 0 && i < 100; i++) {
      a.layer.send(request('OPTIONS', 'later'), destination(a, b, 'tls'), null);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.ok(b.user.callIds.includes('later'));
  });
});
