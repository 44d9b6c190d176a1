/** The same JSON-RPC requests to Kamailio and to Trunkline, by datagram and by HTTP: replies are compared to the byte. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { peer } from '../support/peers.ts';
import { freePort } from '../support/ports.ts';
import { type ServerKind, startServer, type TestServer } from '../support/servers.ts';

/** Requests that both answer alike. */
const SAME: readonly string[] = [
  '{"jsonrpc":"2.0","method":"core.version","id":1}',
  '{"jsonrpc":"2.0","method":"core.version","id":"ab\\"c"}',
  '{"jsonrpc":"2.0","method":"core.version"}',
  '{"jsonrpc": "2.0", "method": "core.uptime", "id": 99999999999}',
  '{"jsonrpc":"2.0","method":"core.echo","params":["x",5,"z"],"id":1}',
  '{"jsonrpc":"2.0","method":"core.echo","params":["x"],"id":1}',
  '{"jsonrpc":"2.0","method":"core.echo","params":{"b":"x","a":5},"id":1}',
  '{"jsonrpc":"2.0","method":"core.echo","id":1}',
  '{"jsonrpc":"2.0","method":"core.echo","params":["h\\u00e9 é \\"q\\" \\\\ / \\t \\u0001 < > & \\ud83d\\ude00"],"id":1}',
  '{"jsonrpc":"2.0","method":"core.prints","params":["a","b"],"id":1}',
  '{"jsonrpc":"2.0","method":"core.pwd","id":1}',
  '{"jsonrpc":"2.0","method":"core.sockets_list","id":1}',
  '{"jsonrpc":"2.0","method":"system.methodHelp","params":["core.version"],"id":1}',
  '{"jsonrpc":"2.0","method":"system.methodHelp","params":["no.such"],"id":1}',
  '{"jsonrpc":"2.0","method":"no.such","id":1}',
  '{"jsonrpc":"2.0","method":"no.such","id":"x"}',
  '{"jsonrpc":"2.0","method":"stats.get_statistics","params":["nope:"],"id":1}',
  '{"jsonrpc":"2.0","method":"stats.get_statistics","params":["1xx_replies"],"id":1}',
  '{"jsonrpc":"2.0","method":"stats.get_statistics","id":1}',
  '{"jsonrpc":"2.0","method":"stats.fetch","params":["1xx_replies"],"id":1}',
];

const cfg = (datagram: number, pretty: string): string => `
log_stderror=yes
children=1
tcp_accept_no_cl=yes
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "kex.so"
loadmodule "xhttp.so"
loadmodule "jsonrpcs.so"
modparam("jsonrpcs", "transport", 5)
modparam("jsonrpcs", "dgram_socket", "udp:127.0.0.1:${datagram}")
${pretty}
request_route { exit; }
event_route[xhttp:request] {
  if ($hu =~ "^/RPC") { jsonrpc_dispatch(); exit; }
  if ($hu =~ "^/exec") {
    jsonrpc_exec("$rb");
    xhttp_reply("200", "OK", "text/plain", "$rc|$jsonrpl(code)|$jsonrpl(text)|$jsonrpl(body)");
    exit;
  }
  xhttp_reply("202", "Seen", "text/plain", "$rm|$hu|$hdr(X-Test)|$rb|$si|$proto|$rv|$ua|$cl");
}
`;

/** What names the program or the moment. */
function neutral(text: string): string {
  return (
    text
      .replace(/"(?:kamailio|trunkline) [^"]*"/g, '"(version)"')
      .replace(/\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}/g, '(time)')
      .replace(/("uptime":\t?)\d+/g, '$1(seconds)')
      .replace(/127\.0\.0\.1:\d+/g, '(address)')
      .replace(/("port":\t?")\d+/g, '$1(port)')
      .replace(/\["\/[^"]*"\]/g, '(directory)')
      // Ours: what a name resolved to, and who may see it.
      .replace(/[\t\n]*"ipaddress":\t?"[^"]*",/g, '')
      .replace(/^Server: .*\r\n/m, '')
      .replace(/^Connection: .*\r\n/m, '')
      .replace(/^Content-Length: .*\r\n/m, '')
  );
}

class Pair {
  readonly servers = new Map<ServerKind, { server: TestServer; datagram: number }>();

  async start(pretty: string): Promise<void> {
    for (const kind of ['kamailio', 'trunkline'] as const) {
      const datagram = await freePort();
      const listen = ['udp:127.0.0.1:PORT', 'tcp:127.0.0.1:PORT'];
      this.servers.set(kind, { server: await startServer({ kind, cfg: cfg(datagram, pretty), listen }), datagram });
    }
  }

  async stop(): Promise<void> {
    for (const { server } of this.servers.values()) await server.stop();
  }

  async both(ask: (server: TestServer, datagram: number) => Promise<string>): Promise<readonly [string, string]> {
    const answers: string[] = [];
    for (const { server, datagram } of this.servers.values()) answers.push(neutral(await ask(server, datagram)));
    return [answers[0] ?? '', answers[1] ?? ''];
  }
}

async function byDatagram(request: string, port: number): Promise<string> {
  const socket = createSocket('udp4');
  const late = setTimeout(() => socket.emit('error', new Error(`no reply to ${request}`)), 5000);
  socket.send(request, port, '127.0.0.1');
  const [bytes] = (await once(socket, 'message')) as [Buffer];
  clearTimeout(late);
  socket.close();
  return bytes.toString();
}

/** Head and body of an HTTP response, as they are on the wire. */
async function byHttp(server: TestServer, path: string, body: string): Promise<string> {
  const { connect } = await import('node:net');
  const socket = connect(server.port, '127.0.0.1');
  const length = Buffer.byteLength(body);
  socket.write(
    `POST ${path} HTTP/1.1\r\nHost: x\r\nUser-Agent: test\r\nX-Test: a, b\r\nContent-Length: ${length}\r\n\r\n${body}`,
  );
  socket.setTimeout(5000, () => socket.destroy(new Error(`no reply to ${body}`)));
  let text = Buffer.alloc(0);
  for await (const part of socket as AsyncIterable<Buffer>) {
    text = Buffer.concat([text, part]);
    const whole = text.toString();
    const wanted = Number(/\r\nContent-Length: (\d+)/.exec(whole)?.[1] ?? Number.NaN);
    if (Buffer.byteLength(whole.slice(whole.indexOf('\r\n\r\n') + 4)) >= wanted) break;
  }
  return text.toString();
}

describe('JSON-RPC beside Kamailio', { skip: peer('kamailio').skip }, () => {
  for (const [layout, pretty] of [
    ['as it is by default', ''],
    ['pretty_format=0', 'modparam("jsonrpcs", "pretty_format", 0)'],
  ] as const) {
    describe(layout, () => {
      const pair = new Pair();
      before(() => pair.start(pretty));
      after(() => pair.stop());

      it('by datagram', async () => {
        for (const request of SAME) {
          const [theirs, ours] = await pair.both((_, datagram) => byDatagram(request, datagram));
          assert.equal(ours, theirs, request);
        }
      });

      it('by HTTP, with its head', async () => {
        for (const request of SAME) {
          const [theirs, ours] = await pair.both((server) => byHttp(server, '/RPC', request));
          assert.equal(ours, theirs, request);
        }
      });

      it('by jsonrpc_exec()', async () => {
        for (const request of SAME) {
          const [theirs, ours] = await pair.both((server) => byHttp(server, '/exec', request));
          assert.equal(ours, theirs, request);
        }
      });

      it('an HTTP request as a message', async () => {
        const [theirs, ours] = await pair.both((server) => byHttp(server, '/some/path?x=1', 'a body'));
        assert.equal(ours, theirs);
      });
    });
  }
});
