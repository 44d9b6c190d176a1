import { type ServerKind, sleep, startServer } from '../support/servers.ts';
import { requestText, SDP } from '../support/sip-dialog.ts';
import { SipPeer } from '../support/sip-peer.ts';
import { ENDINGS, scriptConfiguration } from './script-config.ts';

/** What the scripts printed and answered. */
export interface ScriptOutcome {
  /** Kind of vector → lines, ports made the same. */
  readonly printed: Readonly<Record<string, readonly string[]>>;
  /** Name of an ending → replies. */
  readonly endings: Readonly<Record<string, number>>;
}

/** Headers of the request that the variables are read from. */
const SAMPLE = [
  'X-A: one',
  'X-A: two',
  'X-A: three, four',
  'Subject: hello',
  'User-Agent: UA/1.0',
  'Route: <sip:p1.example.com;lr;ftag=abc>, <sip:p2.example.com;lr>',
  'P-Asserted-Identity: <sip:pai@x.y>',
  'Authorization: Digest username="alice@dom", realm="dom", nonce="nn", uri="sip:dom", response="rr", cnonce="cc"',
];

/** Runs every vector on one server. */
export async function runScript(kind: ServerKind): Promise<ScriptOutcome> {
  const server = await startServer({ kind, cfg: scriptConfiguration() });
  const peer = await SipPeer.open();
  try {
    const remote = { host: '127.0.0.1', port: server.port };
    const plain = (text: string): string =>
      text.replaceAll(`${server.port}`, 'SERVER').replaceAll(`${peer.port}`, 'PEER');
    const printed: Record<string, readonly string[]> = {};
    const send = async (name: string, headers: readonly string[], to: string, body = ''): Promise<void> => {
      const text = requestText(peer, {
        method: 'OPTIONS',
        uri: `sip:bob@127.0.0.1:${server.port}`,
        from: '"Alice A" <sip:alice@example.com>;tag=ft1',
        to,
        branch: `z9hG4bKscript${name.replaceAll(' ', '')}`,
        callId: `${name.replaceAll(' ', '')}@script`,
        contact: 'Contact: <sip:alice@10.0.0.1:5070;transport=udp>;expires=60, <sip:al2@10.0.0.2>',
        headers: [`X-Case: ${name}`, ...headers],
        body,
      });
      await peer.send(text, remote);
    };
    for (const name of ['conditions', 'assignments', 'transformations', 'flow', 'variables']) {
      const before = server.marked().length;
      const sample = name === 'variables';
      await send(
        name,
        sample ? SAMPLE : [],
        `"Bob B" <sip:bob@example.org>${sample ? ';tag=tt9' : ''}`,
        sample ? SDP : '',
      );
      await peer.expect(200);
      // The log comes by another way than the reply.
      await sleep(150);
      printed[name] = server.marked().slice(before).map(plain);
    }
    const endings: Record<string, number> = {};
    for (const [name] of ENDINGS) {
      const before = peer.trace.length;
      await send(name, [], '<sip:bob@example.org>');
      await sleep(60);
      endings[name] = peer.trace.slice(before).filter((m) => m.direction === 'in').length;
    }
    return { printed, endings };
  } finally {
    await peer.close();
    await server.stop();
  }
}
