/** A server and somebody who answers its challenges, rightly or not; the digest is computed apart from src/digest. */
import { createHash } from 'node:crypto';
import { type ServerKind, startServer, type TestServer } from '../support/servers.ts';
import { SipPeer } from '../support/sip-peer.ts';

export const REALM = 'test.example';
export const PASSWORD = 'secret';

export interface Challenge {
  readonly nonce: string;
  readonly line: string;
}

/** Parameters of an answer; a function of the response makes it wrong in the way a row wants. */
export interface Answer {
  readonly user?: string;
  readonly password?: string;
  readonly realm?: string;
  readonly uri?: string;
  readonly qop?: string;
  readonly nc?: string;
  readonly algorithm?: string;
  readonly hash?: string;
  readonly mangle?: (header: string) => string;
}

/** One server and the one who talks to it. */
export class Side {
  readonly server: TestServer;
  readonly client: SipPeer;
  private serial = 0;

  private constructor(server: TestServer, client: SipPeer) {
    this.server = server;
    this.client = client;
  }

  static async start(kind: ServerKind, cfg: string): Promise<Side> {
    return new Side(await startServer({ kind, cfg }), await SipPeer.open());
  }

  async stop(): Promise<void> {
    await this.client.close();
    await this.server.stop();
  }

  async ask(
    action: string,
    headers: readonly string[] = [],
    options: { method?: string; from?: string; to?: string; ruri?: string; callId?: string } = {},
  ): Promise<string> {
    const method = options.method ?? 'REGISTER';
    const id = options.callId ?? `c${++this.serial}x${Math.random()}`;
    const text =
      `${method} ${options.ruri ?? `sip:${REALM}`} SIP/2.0\r\n` +
      `Via: SIP/2.0/UDP ${this.client.address};branch=z9hG4bK${++this.serial}x${Math.random()}\r\n` +
      `From: <sip:${options.from ?? 'alice'}@${REALM}>;tag=f\r\nTo: <sip:${options.to ?? 'alice'}@${REALM}>\r\n` +
      `Call-ID: ${id}\r\nCSeq: ${++this.serial} ${method}\r\nMax-Forwards: 70\r\nX-Do: ${action}\r\n` +
      `${headers.map((line) => `${line}\r\n`).join('')}Content-Length: 0\r\n\r\n`;
    await this.client.send(text, { host: '127.0.0.1', port: this.server.port });
    if (method === 'ACK') return '';
    const cseq = /CSeq: (.*)\r\n/.exec(text)?.[1] ?? '';
    return (await this.client.expect((message) => message.text.includes(`CSeq: ${cseq}`))).text;
  }

  async challenge(flags = 0, options: Parameters<Side['ask']>[2] = {}): Promise<Challenge> {
    const text = await this.ask('www', [`X-Flags: ${flags}`], options);
    const line = /^(?:WWW|Proxy)-Authenticate: (.*)\r$/m.exec(text)?.[1] ?? '';
    return { line, nonce: /nonce="([^"]+)"/.exec(line)?.[1] ?? '' };
  }

  async code(
    nonce: string,
    answer: Answer = {},
    action = 'check',
    options: Parameters<Side['ask']>[2] = {},
  ): Promise<number> {
    const text = await this.ask(action, [`Authorization: ${credentials(nonce, answer, options?.method)}`], options);
    return Number(/rc=(-?\d+)/.exec(text)?.[1]);
  }
}

export function credentials(nonce: string, answer: Answer, method = 'REGISTER'): string {
  const {
    user = 'alice',
    password = PASSWORD,
    realm = REALM,
    uri = `sip:${REALM}`,
    qop = '',
    nc = '00000001',
  } = answer;
  const h = (text: string): string =>
    createHash(answer.hash ?? 'md5')
      .update(text, 'latin1')
      .digest('hex');
  const ha1 = h(`${user}:${REALM}:${password}`);
  const ha2 = h(`${method}:${uri}`);
  const response = qop === '' ? h(`${ha1}:${nonce}:${ha2}`) : h(`${ha1}:${nonce}:${nc}:abc:${qop}:${ha2}`);
  const text =
    `Digest username="${user}", realm="${realm}", nonce="${nonce}", uri="${uri}", response="${response}"` +
    (answer.algorithm === undefined ? '' : `, algorithm=${answer.algorithm}`) +
    (qop === '' ? '' : `, qop=${qop}, nc=${nc}, cnonce="abc"`);
  return answer.mangle?.(text) ?? text;
}
