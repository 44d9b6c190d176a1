/** The Path headers that Kamailio's and our path module add, and where requests with their URIs as Route go. */
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { peer } from '../support/peers.ts';
import { type ServerKind, startServer, type TestServer } from '../support/servers.ts';
import { token } from '../support/sip-peer.ts';

const skip = peer('kamailio').skip;

const cfg = (more: string): string => `
debug=2
log_stderror=yes
children=1
auto_aliases=no
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "rr.so"
loadmodule "path.so"
${more}
request_route {
  if (is_method("REGISTER")) {
    if ($hdr(X) == "plain") $var(r) = add_path();
    if ($hdr(X) == "user") $var(r) = add_path("user");
    if ($hdr(X) == "params") $var(r) = add_path("user", "ob;x=y");
    if ($hdr(X) == "received") $var(r) = add_path_received();
    if ($hdr(X) == "received user") $var(r) = add_path_received("in");
    if ($hdr(X) == "received params") $var(r) = add_path_received("in", "ob");
    if ($hdr(X) == "empty") $var(r) = add_path("");
    if ($hdr(X) == "twice") { $var(r) = add_path_received("in"); $var(r) = add_path("second"); }
    append_hf("X-Rc: $var(r)\\r\\n");
    $du = "sip:127.0.0.1:" + $hdr(X-Port);
    t_relay();
    exit;
  }
  $var(r) = loose_route();
  sl_send_reply("299", "R $var(r) $ru $du");
}
`;

const REGISTERS = ['plain', 'user', 'params', 'received', 'received user', 'received params', 'empty', 'twice'];
const ROUTES: readonly string[] = [
  '<sip:in@OURS;lr;received=sip:9.9.9.9:5%3Btransport%3Dtcp>',
  '<sip:in@OURS;lr;received=sip:9.9.9.9:5>, <sip:2.2.2.2;lr>',
  '<sip:in@OURS;lr;rcv=9.9.9.9~5~2>, <sip:2.2.2.2;lr>',
  '<sip:in@OURS;lr;r2=on;received=sip:9.9.9.9:5>, <sip:OURS;lr;r2=on>',
  '<sip:in@OURS;lr>',
];

class Side {
  readonly kind: ServerKind;
  private server: TestServer | null = null;
  private socket: Socket | null = null;

  constructor(kind: ServerKind) {
    this.kind = kind;
  }

  async start(more: string): Promise<void> {
    const listen = ['udp:127.0.0.1:PORT', 'tcp:127.0.0.1:PORT'];
    this.server = await startServer({ kind: this.kind, cfg: cfg(more), listen });
    this.socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(this.socket, 'listening');
  }

  /** The Path lines of a REGISTER that was relayed, and the function's code. */
  async register(what: string, over: 'udp' | 'tcp', headers: readonly string[]): Promise<string> {
    const { socket, server } = this;
    if (socket === null || server === null) throw new Error('not started');
    const branch = `z9hG4bK${token()}`;
    const more = [`X: ${what}`, `X-Port: ${socket.address().port}`, ...headers];
    const raw = this.text('REGISTER', branch, over, more);
    if (over === 'udp') socket.send(raw, server.port, '127.0.0.1');
    else {
      const stream = connect(server.port, '127.0.0.1');
      await once(stream, 'connect');
      stream.write(raw);
      const relayed = await this.relayed(branch);
      const text = this.neutral(relayed, stream.localPort ?? 0);
      stream.destroy();
      return text;
    }
    return this.neutral(await this.relayed(branch), socket.address().port);
  }

  async route(route: string): Promise<string> {
    const { socket, server } = this;
    if (socket === null || server === null) throw new Error('not started');
    const branch = `z9hG4bK${token()}`;
    const header = `Route: ${route.replaceAll('OURS', `127.0.0.1:${server.port}`)}`;
    socket.send(this.text('MESSAGE', branch, 'udp', [header]), server.port, '127.0.0.1');
    return (await this.relayed(branch)).split('\r\n')[0] ?? '';
  }

  private text(method: string, branch: string, over: 'udp' | 'tcp', headers: readonly string[]): string {
    return [
      `${method} sip:u@3.3.3.3 SIP/2.0`,
      `Via: SIP/2.0/${over.toUpperCase()} 127.0.0.1:${this.socket?.address().port};branch=${branch}`,
      'From: <sip:u@127.0.0.1>;tag=1',
      'To: <sip:u@127.0.0.1>',
      `Call-ID: ${branch}`,
      `CSeq: 1 ${method}`,
      ...headers,
      'Content-Length: 0\r\n\r\n',
    ].join('\r\n');
  }

  /** What arrives at our port for this branch; repetitions of others are passed over. */
  private async relayed(branch: string): Promise<string> {
    const signal = AbortSignal.timeout(3000);
    for (;;) {
      const [bytes] = (await once(this.socket as Socket, 'message', { signal })) as [Buffer];
      const text = bytes.toString('latin1');
      if (text.includes(branch)) return text;
    }
  }

  private neutral(text: string, source: number): string {
    return text
      .split('\r\n')
      .filter((line) => /^(?:Path|X-Rc):/.test(line))
      .join('\n')
      .replaceAll(`127.0.0.1:${this.server?.port}`, '(ours)')
      .replaceAll(`127.0.0.1:${source}`, '(source)')
      .replaceAll(`127.0.0.1~${source}`, '(source alias)');
  }

  async stop(): Promise<void> {
    this.socket?.close();
    await this.server?.discard();
  }
}

const FLAVOURS: Readonly<Record<string, readonly string[]>> = {
  'as it is': [],
  'received used': ['"use_received", 1'],
  'received as an alias': ['"use_received", 1', '"received_format", 1', '"received_name", "rcv"'],
  'a Path for each side': ['"enable_r2", 1', '"use_received", 1'],
};

for (const [title, parameters] of Object.entries(FLAVOURS)) {
  describe(`path beside Kamailio: ${title}`, { skip }, () => {
    const sides = [new Side('kamailio'), new Side('trunkline')] as const;
    before(async () => {
      for (const side of sides) await side.start(parameters.map((one) => `modparam("path", ${one})\n`).join(''));
    });
    after(async () => {
      for (const side of sides) await side.stop();
    });
    for (const what of REGISTERS)
      for (const over of ['udp', 'tcp'] as const)
        it(`REGISTER by ${over}, ${what}`, async () => {
          for (const headers of [[], ['Path: <sip:1.1.1.1;lr>']]) {
            const theirs = await sides[0].register(what, over, headers);
            assert.equal(await sides[1].register(what, over, headers), theirs);
          }
        });
    for (const route of ROUTES)
      it(`a Route of ours: ${route}`, async () => {
        assert.equal(await sides[1].route(route), await sides[0].route(route));
      });
  });
}
