/** Broken input while calls go on: each kind leaves a clear code in the log, and no call notices. */
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket as TcpSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { connect as tlsConnect } from 'node:tls';
import { modules } from '../../src/modules/index.ts';
import { defineModule, fn } from '../../src/script/module-definition.ts';
import { ROUTE_ANY } from '../../src/script/values.ts';
import { startServer as startInProcess } from '../../src/server/server.ts';
import type { RunningServer } from '../../src/server/server-api.ts';
import { seededRandom } from '../../src/time/random.ts';
import { freePort } from '../support/ports.ts';
import { launchServer, startServer, type TestServer } from '../support/servers.ts';
import { Dialog, requestText, SDP } from '../support/sip-dialog.ts';
import { type Remote, SipPeer } from '../support/sip-peer.ts';
import { type Certificates, makeCertificates } from '../transport/certificates.ts';
import { both } from './trunk.ts';

const CFG = `
debug=2
log_stderror=yes
enable_tls=yes
tcp_msg_read_timeout=1
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "tls.so"
modparam("tls", "config", "TLS_FILE")
request_route {
  if (has_totag()) { if (loose_route()) { t_relay(); } exit; }
  if (is_method("OPTIONS")) { sl_send_reply("200", "OK"); exit; }
  record_route();
  $du = "sip:127.0.0.1:CALLEE_PORT";
  t_relay();
}
`;

const HEADERS = 'From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: x@y\r\nCSeq: 1 OPTIONS\r\n';

/** Messages that a server meets on an open port, from harmless to hostile. */
const BROKEN: readonly string[] = [
  '',
  '\0',
  '\r\n\r\n\r\n\r\n',
  'hello\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
  `OPTIONS sip:c@d SIP/2.0\r\n\r\n`,
  `OPTIONS sip:c@d SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1\r\n\r\n`,
  `OPTIONS sip:c@d SIP/2.0\r\nVia: nonsense\r\n${HEADERS}\r\n`,
  `OPTIONS sip:c@d SIP/2.0\r\nVia: SIP/2.0/UDP 256.1.1.1:99999;branch=z9hG4bK2\r\n${HEADERS}\r\n`,
  `OPTIONS sip:c@d SIP/7.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK3\r\n${HEADERS}\r\n`,
  `OPTIONS nonsense SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK4\r\n${HEADERS}\r\n`,
  `INVITE sip:c@d SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK5\r\n${HEADERS}\r\n`,
  `OPTIONS sip:c@d SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK6\r\n${HEADERS}Content-Length: 99999\r\n\r\nshort`,
  `OPTIONS sip:c@d SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK7\r\n${HEADERS}Content-Length: -1\r\n\r\n`,
  `OPTIONS sip:c@d SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK8\r\n${HEADERS}${'X: 1\r\n'.repeat(400)}\r\n`,
  `SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK9\r\n${HEADERS}\r\n`,
  `SIP/2.0 999 What\r\n${HEADERS}\r\n`,
  `CANCEL sip:c@d SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK10\r\n${HEADERS}\r\n`,
  `ACK sip:c@d SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK11\r\n${HEADERS}\r\n`,
  `OPTIONS sip:${'u'.repeat(5000)}@d SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK12\r\n${HEADERS}\r\n`,
];

/** The same with bytes changed, dropped and doubled by chance; the seed makes every run the same. */
function mangled(count: number): string[] {
  const random = seededRandom(5);
  const pick = (limit: number): number => random.uint32() % limit;
  return Array.from({ length: count }, () => {
    let text = BROKEN[pick(BROKEN.length)] ?? '';
    for (let change = 0; change < 4 && text.length > 0; change++) {
      const at = pick(text.length);
      const insert = ['', String.fromCharCode(pick(256)), text.slice(at, at + 20), '\r\n', ';', '<'][pick(6)] ?? '';
      text = text.slice(0, at) + insert + text.slice(at + pick(3));
    }
    return text;
  });
}

/** Waits for something that has to happen. */
async function within<T>(done: Promise<T>, timeout = 10_000): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${timeout} ms`)), timeout);
  });
  try {
    return await Promise.race([done, late]);
  } finally {
    clearTimeout(timer);
  }
}

describe('broken input', () => {
  let certificates: Certificates | null;
  let directory: string;
  let server: TestServer;
  let tlsPort: number;
  let caller: SipPeer;
  let callee: SipPeer;
  let noise: Socket;

  before(async () => {
    certificates = makeCertificates();
    directory = mkdtempSync(join(tmpdir(), 'trunkline-bad-input-'));
    const at = (name: string): string => join(directory, name);
    if (certificates !== null) {
      writeFileSync(at('ca.pem'), certificates.ca);
      writeFileSync(at('server.crt'), `${certificates.server.certificate}`);
      writeFileSync(at('server.key'), `${certificates.server.privateKey}`);
    }
    writeFileSync(
      at('tls.cfg'),
      `[server:default]\nmethod = TLSv1.2+\ncertificate = ${at('server.crt')}\nprivate_key = ${at('server.key')}\nca_list = ${at('ca.pem')}\nverify_certificate = yes\nrequire_certificate = yes\n`,
    );
    caller = await SipPeer.open({ name: 'caller' });
    callee = await SipPeer.open({ name: 'callee' });
    noise = createSocket('udp4').on('error', () => {});
    tlsPort = await freePort();
    const withTls = certificates !== null;
    server = await startServer({
      kind: 'trunkline',
      cfg: withTls ? CFG : CFG.replaceAll(/.*tls.*\n/g, ''),
      listen: ['udp:127.0.0.1:PORT', 'tcp:127.0.0.1:PORT', ...(withTls ? [`tls:127.0.0.1:${tlsPort}`] : [])],
      subst: { CALLEE_PORT: callee.port, TLS_FILE: at('tls.cfg') },
    });
  });
  after(async () => {
    noise?.close();
    await caller?.close();
    await callee?.close();
    await server?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const remote = (): Remote => ({ host: '127.0.0.1', port: server.port });

  /** A whole call, from INVITE to the answered BYE; fails when anything of it is missing. */
  async function call(callId: string, during: () => Promise<void> | void = () => {}): Promise<void> {
    await caller.send(requestText(caller, { uri: 'sip:bob@example.com', callId, body: SDP }), remote());
    const invite = await callee.expect(both('INVITE', callId));
    await callee.reply(invite, 180, 'Ringing');
    await caller.expect(both(180, callId));
    await during();
    await callee.reply(invite, 200, 'OK', { headers: [`Contact: <sip:callee@${callee.address}>`] });
    const dialog = Dialog.ofCaller(caller, await caller.expect(both('200 INVITE', callId)), remote());
    await dialog.send('ACK', { cseq: 1 });
    await callee.expect(both('ACK', callId));
    await dialog.send('BYE');
    await callee.reply(await callee.expect(both('BYE', callId)), 200, 'OK');
    await caller.expect(both('200 BYE', callId));
  }

  it('a flood of malformed packets between the messages of 20 calls', async () => {
    const packets = [...BROKEN, ...mangled(4_000)];
    let sent = 0;
    const some = (): void => {
      for (let i = 0; i < 100 && sent < packets.length; i++)
        noise.send(Buffer.from(packets[sent++] ?? '', 'latin1'), server.port, '127.0.0.1');
    };
    for (let n = 0; n < 20; n++) {
      some();
      await call(`flood-${n}@bad`, some);
    }
    while (sent < packets.length) some();
    await call('after-flood@bad');
    await server.logged(/SIP_PARSE_START_LINE/);
    await server.logged(/SIP_PARSE_VIA/);
    await server.logged(/SIP_PARSE_HEADERS_MISSING/);
    assert.ok(server.running);
    assert.doesNotMatch(server.log, /SERVER_MESSAGE_FAILED|SCRIPT_ROUTE_FAILED|CLI_INTERNAL/, server.tail());
  });

  it('a header of 60 KB: refused by name, the sender is told', async () => {
    const text = requestText(caller, {
      method: 'OPTIONS',
      uri: 'sip:x@example.com',
      callId: 'huge@bad',
      headers: [`X-Big: ${'a'.repeat(60_000)}`],
    });
    await call('huge-call@bad', async () => {
      await caller.send(text, remote());
      const reply = await caller.expect(both((m) => m.status >= 400, 'huge@bad'));
      assert.ok([400, 413, 431, 513].includes(reply.status), reply.startLine);
    });
    await server.logged(/SIP_PARSE_HEADER_TOO_LONG/);
  });

  it('half a TCP message, then silence: cut off, the next connection works', async () => {
    const socket: TcpSocket = connect(server.port, '127.0.0.1');
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => {}).resume();
    socket.write('OPTIONS sip:x@example.com SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1');
    await call('half@bad');
    const other = await SipPeer.open({ name: 'other', proto: 'tcp' });
    await other.send(requestText(other, { method: 'OPTIONS', uri: 'sip:x@example.com', callId: 'tcp@bad' }), remote());
    await other.expect(both(200, 'tcp@bad'));
    await within(closed);
    await server.logged(/TRANSPORT_PARTIAL_TIMEOUT/);
    await other.close();
  });

  it('100 KB on a TCP port that are no SIP: the connection ends with a code', async () => {
    const socket: TcpSocket = connect(server.port, '127.0.0.1');
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => {}).resume();
    socket.write(Buffer.alloc(100_000, 'x'));
    await call('no-sip@bad');
    await within(closed);
    await server.logged(/TRANSPORT_PROTOCOL_ERROR/);
  });

  it('a TLS client without the certificate that is required', async (test) => {
    if (certificates === null) {
      test.skip('openssl is not installed');
      return;
    }
    const { ca, client } = certificates;
    const options = { host: '127.0.0.1', port: tlsPort, ca, servername: 'localhost' };
    await call('tls@bad', async () => {
      const socket = tlsConnect(options);
      socket.on('error', () => {}).resume();
      await within(new Promise((resolve) => socket.once('close', resolve)));
    });
    await server.logged(/TLS_CLIENT_CERTIFICATE_MISSING/);
    const known = tlsConnect({ ...options, cert: client.certificate, key: client.privateKey });
    known.on('error', () => {});
    const answer = new Promise<string>((resolve) => known.once('data', (data) => resolve(`${data}`)));
    known.write(requestText(caller, { method: 'OPTIONS', uri: 'sip:x@example.com' }).replace('/UDP', '/TLS'));
    assert.match(await within(answer), /^SIP\/2\.0 200/);
    known.destroy();
  });

  it('a busy port: refused at the start, with the address and a code', async () => {
    const second = await launchServer({ kind: 'trunkline', cfg: 'request_route { drop; }', port: server.port });
    assert.notEqual(await second.exit, 0);
    assert.match(second.log, /TRANSPORT_ADDRESS_IN_USE/);
    assert.match(second.log, new RegExp(`${server.port}`));
    await call('busy@bad');
  });
});

describe('a module function that throws', () => {
  it('is logged with its line and counts as failed; the request is answered, other calls go on', async () => {
    const faulty = defineModule<null>({
      name: 'faulty',
      after: [],
      parameters: [],
      functions: [
        fn('explode', [], ROUTE_ANY, () => () => {
          throw new TypeError('boom');
        }),
      ],
      variables: [],
      transformations: [],
      eventRoutes: [],
      create: () => null,
    });
    const table = modules as Map<string, typeof faulty>;
    const directory = mkdtempSync(join(tmpdir(), 'trunkline-faulty-'));
    const file = join(directory, 'test.cfg');
    writeFileSync(
      file,
      `loadmodule "sl.so"
loadmodule "faulty.so"
request_route {
  if (uri =~ "bad") {
    if (!explode()) { sl_send_reply("500", "It failed"); exit; }
  }
  sl_send_reply("200", "OK");
}
`,
    );
    const lines: string[] = [];
    const peer = await SipPeer.open();
    let server: RunningServer | null = null;
    table.set('faulty', faulty);
    try {
      const port = await freePort();
      server = await startInProcess(
        {
          file,
          cwd: directory,
          defines: [],
          listen: [`udp:127.0.0.1:${port}`],
          debug: null,
          unsupported: 'error',
          autoAliases: null,
        },
        { level: 2, write: (_level, module, text, code = '') => lines.push(`${module} ${text} ${code}`) },
      );
      for (const [user, status] of [
        ['good', 200],
        ['bad', 500],
        ['good', 200],
      ] as const) {
        const callId = `${user}-${lines.length}@faulty`;
        const text = requestText(peer, { method: 'OPTIONS', uri: `sip:${user}@example.com`, callId });
        await peer.send(text, { host: '127.0.0.1', port });
        assert.equal((await peer.expect(both((m) => m.status >= 200, callId))).status, status);
      }
      assert.ok(
        lines.some((line) => /SCRIPT_FUNCTION_FAILED/.test(line) && /boom/.test(line)),
        lines.join('\n'),
      );
    } finally {
      table.delete('faulty');
      await server?.stop(100);
      await peer.close();
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
