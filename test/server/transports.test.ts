import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { connect, createServer } from 'node:tls';
import { checkConfiguration } from '../../src/server/server.ts';
import { StartError } from '../../src/server/server-api.ts';
import type { TlsIdentity } from '../../src/transport/tls.ts';
import { freePort } from '../support/ports.ts';
import { replyText } from '../support/sip-peer.ts';
import { SipText } from '../support/sip-text.ts';
import { makeCertificates } from '../transport/certificates.ts';
import { openPeer, optionsFor, request, StreamClient, start, testFolder, until } from './support.ts';

const certificates = makeCertificates();
const skip = certificates === null ? 'the openssl program is missing' : false;

const ANSWER = `
loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "textops.so"
loadmodule "xlog.so"
request_route {
  append_to_reply("X-Proto: $proto\\r\\n");
  sl_send_reply("200", "OK");
}
`;

/** A folder with certificates as files: server.crt, server.key, ca.crt… */
function certificateFolder(): string {
  assert.ok(certificates);
  const folder = testFolder();
  const put = (name: string, identity: TlsIdentity): void => {
    writeFileSync(join(folder, `${name}.crt`), identity.certificate);
    writeFileSync(join(folder, `${name}.key`), identity.privateKey);
  };
  put('server', certificates.server);
  put('other', certificates.other);
  put('client', certificates.client);
  writeFileSync(join(folder, 'ca.crt'), certificates.ca);
  writeFileSync(join(folder, 'ca.txt'), 'not a certificate\n');
  return folder;
}

/** How a TLS client of the tests looks at the server's certificate. */
function trusting() {
  assert.ok(certificates);
  return { ca: certificates.ca, servername: 'localhost' };
}

function clientIdentity(identity: TlsIdentity) {
  return { cert: identity.certificate, key: identity.privateKey };
}

describe('TCP', () => {
  test('many requests on one connection, in pieces', async () => {
    const port = await freePort();
    await start(`listen=tcp:127.0.0.1:${port}\n${ANSWER}`);
    const client = await StreamClient.tcp(port);
    const text = request('OPTIONS') + request('REGISTER');
    client.send(text.slice(0, 100));
    await new Promise((resolve) => setTimeout(resolve, 20));
    client.send(text.slice(100));
    assert.equal((await client.next()).header('CSeq'), '1 OPTIONS');
    const second = await client.next();
    assert.equal(second.header('CSeq'), '1 REGISTER');
    assert.equal(second.header('X-Proto'), 'tcp');
    client.close();
  });
});

describe('TLS', { skip }, () => {
  const PARAMS = 'modparam("tls", "certificate", "server.crt")\nmodparam("tls", "private_key", "server.key")\n';
  const config = (port: number, params = PARAMS): string =>
    `enable_tls=yes\nlisten=tls:127.0.0.1:${port}\nloadmodule "tls.so"\n${params}${ANSWER}`;

  test('certificate and key beside the configuration file', async () => {
    const port = await freePort();
    const { log } = await start(config(port), {}, certificateFolder());
    const client = await StreamClient.tls(port, trusting());
    const reply = await client.ask(request('OPTIONS', { transport: 'TLS' }));
    assert.equal(reply.status, 200);
    assert.equal(reply.header('X-Proto'), 'tls');
    assert.ok(log.has('CFG_TLS_UNVERIFIED'), 'it says that servers are not checked');
    client.close();
  });

  test('enable_tls opens TLS one port above on a line without a protocol', async () => {
    const port = await freePort();
    const { server } = await start(
      `enable_tls=yes\nlisten=127.0.0.1:${port}\nloadmodule "tls.so"\n${PARAMS}${ANSWER}`,
      {},
      certificateFolder(),
    );
    assert.deepEqual(
      server.sockets.map((socket) => `${socket.proto} ${socket.port}`),
      [`udp ${port}`, `tcp ${port}`, `tls ${port + 1}`],
    );
  });

  test('a certificate may be asked for and not required: is_peer_verified tells who has a good one', async () => {
    assert.ok(certificates);
    const port = await freePort();
    const params = `${PARAMS}modparam("tls", "ca_list", "ca.crt")\nmodparam("tls", "verify_client", "optional")\n`;
    const route = 'if (is_peer_verified()) append_to_reply("X-Verified: yes\\r\\n");';
    await start(config(port, params).replace('request_route {', `request_route { ${route}`), {}, certificateFolder());
    const known = await StreamClient.tls(port, { ...trusting(), ...clientIdentity(certificates.client) });
    assert.equal((await known.ask(request('OPTIONS', { transport: 'TLS' }))).header('X-Verified'), 'yes');
    const unknown = await StreamClient.tls(port, trusting());
    assert.equal((await unknown.ask(request('OPTIONS', { transport: 'TLS' }))).header('X-Verified'), '');
    for (const client of [known, unknown]) client.close();
  });

  test('a client certificate that is required: without one or with a stranger’s no message gets through', async () => {
    assert.ok(certificates);
    const port = await freePort();
    const params =
      `${PARAMS}modparam("tls", "ca_list", "./ca.crt")\n` +
      'modparam("tls", "verify_certificate", 1)\nmodparam("tls", "require_certificate", 1)\n';
    const { log } = await start(config(port, params), {}, certificateFolder());
    const known = await StreamClient.tls(port, { ...trusting(), ...clientIdentity(certificates.client) });
    assert.equal((await known.ask(request('OPTIONS', { transport: 'TLS' }))).status, 200);
    known.close();
    for (const [identity, code] of [
      [{}, 'TLS_CLIENT_CERTIFICATE_MISSING'],
      [clientIdentity(certificates.stranger), 'TLS_CLIENT_CERTIFICATE_INVALID'],
    ] as const) {
      const refused = await StreamClient.tls(port, { ...trusting(), ...identity });
      refused.send(request('OPTIONS', { transport: 'TLS' }));
      await until(() => refused.closed, 'the close');
      assert.equal(refused.messages.length, 0);
      assert.ok(log.has(code), code);
    }
  });

  test('the authorities for clients and those for servers stay apart; without a list no client is trusted', async () => {
    assert.ok(certificates);
    const folder = certificateFolder();
    const port = await freePort();
    writeFileSync(
      join(folder, 'tls.cfg'),
      `[server:default]\ncertificate = server.crt\nprivate_key = server.key\nrequire_certificate = yes\n` +
        '[client:default]\nverify_certificate = yes\nca_list = ca.crt\n',
    );
    const { log } = await start(config(port, 'modparam("tls", "config", "tls.cfg")\n'), {}, folder);
    const client = await StreamClient.tls(port, { ...trusting(), ...clientIdentity(certificates.client) });
    await until(() => client.closed, 'the close');
    assert.ok(log.has('TLS_CLIENT_CERTIFICATE_INVALID'));
    assert.ok(!log.has('CFG_TLS_UNVERIFIED'));
  });

  test('tls.cfg: a profile of one socket, and certificates by server name', async () => {
    assert.ok(certificates);
    const folder = certificateFolder();
    const [open, strict] = [await freePort(), await freePort()];
    writeFileSync(
      join(folder, 'tls.cfg'),
      `# profiles\n[server:default]\nmethod = TLSv1.2+ ; comment\nverify_certificate = no\ncertificate = "server.crt"\n` +
        `private_key = server.key\n\n[server:127.0.0.1:${strict}]\ncertificate = server.crt\nprivate_key = server.key\n` +
        'require_certificate = yes\nca_list = ca.crt\n\n[server:any]\nserver_name = other.example.net\n' +
        'certificate = other.crt\nprivate_key = other.key\n\n[client:default]\nverify_certificate = no\n',
    );
    const { log } = await start(
      `enable_tls=yes\nlisten=tls:127.0.0.1:${open}\nlisten=tls:127.0.0.1:${strict}\nloadmodule "tls.so"\n` +
        `modparam("tls", "config", "tls.cfg")\n${ANSWER}`,
      {},
      folder,
    );
    const anyone = await StreamClient.tls(open, trusting());
    assert.equal((await anyone.ask(request('OPTIONS', { transport: 'TLS' }))).status, 200);
    const named = await StreamClient.tls(open, { ca: certificates.ca, servername: 'other.example.net' });
    assert.equal((await named.ask(request('OPTIONS', { transport: 'TLS' }))).status, 200);
    const refused = await StreamClient.tls(strict, trusting());
    await until(() => refused.closed, 'the close');
    assert.ok(log.has('TLS_CLIENT_CERTIFICATE_MISSING'));
    const known = await StreamClient.tls(strict, { ...trusting(), ...clientIdentity(certificates.client) });
    assert.equal((await known.ask(request('OPTIONS', { transport: 'TLS' }))).status, 200);
    for (const client of [anyone, named, known]) client.close();
  });

  test('tls_method pins the version', async () => {
    assert.ok(certificates);
    const port = await freePort();
    await start(config(port, `${PARAMS}modparam("tls", "tls_method", "TLSv1.3")\n`), {}, certificateFolder());
    await assert.rejects(StreamClient.tls(port, { ...trusting(), maxVersion: 'TLSv1.2' }));
    const socket = connect({ host: '127.0.0.1', port, ...trusting() });
    await new Promise<void>((resolve) => socket.once('secureConnect', () => resolve()));
    assert.equal(socket.getProtocol(), 'TLSv1.3');
    socket.destroy();
  });

  test('a missing file names its line; a check only warns, for it may run elsewhere', async () => {
    const port = await freePort();
    const folder = certificateFolder();
    const cfg = config(port, PARAMS.replace('server.crt', 'nowhere.crt'));
    await assert.rejects(start(cfg, {}, folder), (error: unknown) => {
      assert.ok(error instanceof StartError);
      assert.equal(error.code, 'CFG_INVALID');
      assert.match(error.details, /test\.cfg:4:\d+: error: TLS file "nowhere\.crt" cannot be read.*\[CFG_TLS_FILE\]/);
      return true;
    });
    const checked = await checkConfiguration(optionsFor(cfg, {}, folder));
    assert.equal(checked.ok, true);
    assert.match(checked.text, /test\.cfg:4:\d+: warning: .*CFG_TLS_FILE/);
  });

  test('a key of another certificate, an unknown method, a bad cipher list, a bad tls.cfg', async () => {
    const port = await freePort();
    const folder = certificateFolder();
    const details = async (params: string): Promise<string> => {
      try {
        await start(config(port, params), {}, folder);
      } catch (error) {
        if (error instanceof StartError) return error.details;
      }
      return 'it started';
    };
    assert.match(
      await details(PARAMS.replace('server.key', 'other.key')),
      /test\.cfg:5:\d+: error: .*CFG_TLS_CERTIFICATE/,
    );
    assert.match(await details(`${PARAMS}modparam("tls", "tls_method", "TLSv9")\n`), /:6:\d+: error: .*CFG_TLS_METHOD/);
    assert.match(
      await details(`${PARAMS}modparam("tls", "cipher_list", "NOPE")\n`),
      /:6:\d+: error: .*cipher_list NOPE/,
    );
    assert.match(
      await details(`${PARAMS}modparam("tls", "ca_list", "ca.txt")\n`),
      /:6:\d+: error: .*holds no certificate/,
    );
    assert.match(await details(`${PARAMS}modparam("tls", "crl", "ca.txt")\n`), /:6:\d+: error: .*CFG_TLS_CERTIFICATE/);
    writeFileSync(
      join(folder, 'tls.cfg'),
      '[server:default]\ncertificate=server.crt\nprivate_key=server.key\nwhat=1\n[x]\n',
    );
    const text = await details('modparam("tls", "config", "tls.cfg")\n');
    assert.match(text, /tls\.cfg:4:1: error: .*CFG_UNKNOWN_PARAMETER/);
    assert.match(text, /tls\.cfg:5:1: error: .*CFG_SYNTAX/);
  });

  test('a rule for client certificates under a server name is refused, not lost', async () => {
    const port = await freePort();
    const folder = certificateFolder();
    writeFileSync(
      join(folder, 'tls.cfg'),
      '[server:default]\ncertificate=server.crt\nprivate_key=server.key\n[server:any]\nserver_name=other.example.net\n' +
        'certificate=other.crt\nprivate_key=other.key\nrequire_certificate=yes\n',
    );
    await assert.rejects(
      start(config(port, 'modparam("tls", "config", "tls.cfg")\n'), {}, folder),
      (error: unknown) => {
        assert.ok(error instanceof StartError);
        assert.match(error.details, /tls\.cfg:8:1: error: .*CFG_TLS_PROFILE/);
        return true;
      },
    );
  });

  describe('to a server', () => {
    /** A TLS server that answers every request with 200, and a proxy that relays to it with a certificate of its own. */
    async function trunk(identity: TlsIdentity, verify: string) {
      assert.ok(certificates);
      const folder = certificateFolder();
      const shown: string[] = [];
      const carrier = createServer(
        { ...clientIdentity(identity), ca: certificates.ca, requestCert: true },
        (socket) => {
          shown.push(String(socket.getPeerCertificate().subject?.CN));
          socket.on('data', (data: Buffer) =>
            socket.write(replyText(new SipText(data.toString('latin1')), 200, 'OK'), 'latin1'),
          );
          socket.on('error', () => {});
        },
      );
      const [port, remote] = [await freePort(), await freePort()];
      await new Promise<void>((resolve) => carrier.listen(remote, '127.0.0.1', resolve));
      after(() => carrier.close());
      writeFileSync(
        join(folder, 'tls.cfg'),
        '[server:default]\ncertificate = server.crt\nprivate_key = server.key\n' +
          `[client:default]\ncertificate = client.crt\nprivate_key = client.key\nca_list = ca.crt\nverify_certificate = ${verify}\n`,
      );
      const { log } = await start(
        `enable_tls=yes\nlisten=udp:127.0.0.1:${port}\nlisten=tls:127.0.0.1:${await freePort()}\nloadmodule "tls.so"\n` +
          `modparam("tls", "config", "tls.cfg")\nloadmodule "tm.so"\nloadmodule "pv.so"\n` +
          `request_route { $du = "sip:127.0.0.1:${remote};transport=tls"; t_relay(); }`,
        {},
        folder,
      );
      const caller = await openPeer();
      await caller.send(request('OPTIONS', { transport: 'UDP', sentBy: caller.address }), { host: '127.0.0.1', port });
      const reply = await caller.expect(({ isRequest }) => !isRequest);
      return { reply, shown, log };
    }

    test('its certificate is checked, and ours is shown', async () => {
      assert.ok(certificates);
      const { reply, shown } = await trunk(certificates.server, 'yes');
      assert.equal(reply.status, 200);
      assert.deepEqual(shown, ['client']);
    });

    test('a certificate for another name is refused', async () => {
      assert.ok(certificates);
      const { reply, log } = await trunk(certificates.other, 'yes');
      assert.equal(reply.status, 477);
      assert.ok(log.has('TLS_SERVER_CERTIFICATE_INVALID'));
    });

    test('and taken with verify_certificate = no', async () => {
      assert.ok(certificates);
      assert.equal((await trunk(certificates.other, 'no')).reply.status, 200);
    });
  });

  test('a TLS socket without the module says what is missing', async () => {
    const port = await freePort();
    await assert.rejects(start(`enable_tls=yes\nlisten=tls:127.0.0.1:${port}\n${ANSWER}`), (error: unknown) => {
      assert.ok(error instanceof StartError);
      assert.equal(error.code, 'TRANSPORT_NO_TLS_CERTIFICATE');
      assert.match(error.message, /loadmodule "tls\.so"/);
      return true;
    });
  });
});

describe('WebSocket', () => {
  const ROUTE = `
loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "textops.so"
loadmodule "xlog.so"
loadmodule "websocket.so"
request_route {
  if ($ws_conid > 0) append_to_reply("X-Connection: $ws_conid\\r\\n");
  append_to_reply("X-Proto: $proto\\r\\n");
  sl_send_reply("200", "OK");
  if (method == "BYE") ws_close(1000, "bye");
}
event_route[websocket:closed] { xlog("L_INFO", "closed $ws_conid\\n"); }
`;

  test('with the module, a tcp socket takes both; REGISTER and OPTIONS there and back', async () => {
    const port = await freePort();
    const { log } = await start(`listen=tcp:127.0.0.1:${port}\n${ROUTE}`);
    const web = await StreamClient.webSocket(port);
    for (const method of ['REGISTER', 'OPTIONS']) {
      const reply = await web.ask(request(method, { transport: 'WS' }));
      assert.equal(reply.status, 200);
      assert.equal(reply.header('X-Proto'), 'ws');
      assert.match(reply.header('X-Connection'), /^\d+$/);
    }
    const plain = await StreamClient.tcp(port);
    const reply = await plain.ask(request('OPTIONS'));
    assert.equal(reply.header('X-Proto'), 'tcp');
    assert.equal(reply.header('X-Connection'), '');
    plain.close();
    const bye = await web.ask(request('BYE', { transport: 'WS' }));
    await until(() => web.closed, 'ws_close');
    await until(() => log.script.includes(`closed ${bye.header('X-Connection')}`), 'event_route[websocket:closed]');
  });

  test('a ws listen line needs no module', async () => {
    const port = await freePort();
    await start(`listen=ws:127.0.0.1:${port}\n${ANSWER}`);
    const web = await StreamClient.webSocket(port);
    assert.equal((await web.ask(request('OPTIONS', { transport: 'WS' }))).header('X-Proto'), 'ws');
    web.close();
  });

  test('wss: on a tls socket with the module, and on a line of its own', { skip }, async () => {
    assert.ok(certificates);
    const [tls, wss] = [await freePort(), await freePort()];
    const params = 'modparam("tls", "certificate", "server.crt")\nmodparam("tls", "private_key", "server.key")\n';
    await start(
      `enable_tls=yes\nlisten=tls:127.0.0.1:${tls}\nlisten=wss:127.0.0.1:${wss}\nloadmodule "tls.so"\n${params}${ROUTE}`,
      {},
      certificateFolder(),
    );
    for (const port of [tls, wss]) {
      const web = await StreamClient.webSocket(port, certificates.ca);
      const reply = await web.ask(request('REGISTER', { transport: 'WSS' }));
      assert.equal(reply.status, 200);
      assert.equal(reply.header('X-Proto'), 'wss');
      web.close();
    }
  });
});
