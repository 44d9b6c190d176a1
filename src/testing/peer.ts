import assert from 'node:assert/strict';
import { HDR_RECORD_ROUTE, HDR_VIA, headerId } from '../message/header-name.ts';
import { encoded, TestMessage } from './message.ts';
import type { NetworkNode } from './network.ts';

/** What a peer needs of its bench. */
export interface PeerBench {
  /** Address of the server: `192.0.2.1:5060`. */
  readonly address: string;
  send(from: NetworkNode, text: string): void;
  /** Lets everything happen that needs no time. */
  settle(): Promise<void>;
  /** Everything that happened. */
  story(): string;
  token(): string;
}

/** What a request has besides what every request has. */
export interface RequestParts {
  /** Request-URI: absent, the user `bob` at the server. */
  readonly ruri?: string;
  /** Whole header values, without a tag. */
  readonly from?: string;
  readonly to?: string;
  /** Header lines, such as `'Subject: x'`. */
  readonly headers?: readonly string[];
  readonly body?: string;
}

/** What a reply has besides what every reply has. */
export interface ReplyParts {
  readonly headers?: readonly string[];
  readonly body?: string;
}

/** A promise of a message; what is to be done with it can be said at once. */
export type Expected<M> = Promise<M> & {
  /** Answers the request as soon as it is there. */
  reply(status: number, reason?: string, parts?: ReplyParts): Promise<M>;
  /** Answers it with a digest challenge, 401 or 407. */
  challenge(status: 401 | 407, realm: string): Promise<M>;
};

/** A scripted SIP endpoint: sends what it is told to, and answers nothing by itself but failed INVITEs, with ACK. */
export class TestPeer implements NetworkNode {
  readonly name: string;
  readonly ip: string;
  readonly port: number;
  private readonly bench: PeerBench;
  private readonly inbox: TestMessage[] = [];
  private readonly seen = new Set<string>();

  constructor(name: string, ip: string, port: number, bench: PeerBench) {
    this.name = name;
    this.ip = ip;
    this.port = port;
    this.bench = bench;
  }

  /** `192.0.2.10:5060` */
  get address(): string {
    return `${this.ip}:${this.port}`;
  }

  /** Begins a call. */
  invite(parts: RequestParts = {}): TestCall {
    return this.request('INVITE', parts);
  }

  /** Sends a request outside of a dialog. */
  request(method: string, parts: RequestParts = {}): TestCall {
    const { bench } = this;
    const call = new TestCall(this, bench, {
      callId: `${bench.token()}@${this.ip}`,
      local: `${parts.from ?? `<sip:${this.name}@${this.address}>`};tag=${bench.token()}`,
      remote: parts.to ?? `<${parts.ruri ?? `sip:bob@${bench.address}`}>`,
      target: parts.ruri ?? `sip:bob@${bench.address}`,
      routes: [],
    });
    call.request(method, parts);
    return call;
  }

  /**
   * Waits for a request of this method, or a reply of this status; what comes besides stays for later.
   * @param what a method, or a status
   */
  expect(what: string | number): Expected<ReceivedRequest> {
    const found = this.next(
      (one) => (typeof what === 'number' ? one.status === what : one.isRequest && one.method === what),
      String(what),
    ).then((message) => new ReceivedRequest(message.text, this, this.bench));
    return Object.assign(found, {
      reply: async (status: number, reason?: string, parts?: ReplyParts) => {
        const request = await found;
        request.reply(status, reason, parts);
        return request;
      },
      challenge: async (status: 401 | 407, realm: string) => {
        const request = await found;
        request.challenge(status, realm);
        return request;
      },
    });
  }

  /** Makes sure that nothing has come that was not expected. ACKs to failures are nothing. */
  async expectNothing(): Promise<void> {
    await this.bench.settle();
    const left = this.inbox.filter((one) => !(one.isRequest && one.method === 'ACK') && one.status !== 100);
    assert.deepEqual(
      left.map((one) => one.summary),
      [],
      `${this.name} got more than was expected\n${this.bench.story()}`,
    );
  }

  /** Takes the first message that fits. */
  async next(fits: (message: TestMessage) => boolean, what: string): Promise<TestMessage> {
    await this.bench.settle();
    const at = this.inbox.findIndex(fits);
    const [found] = at < 0 ? [] : this.inbox.splice(at, 1);
    if (found !== undefined) return found;
    return assert.fail(`${this.name} got no ${what}\n${this.bench.story()}`);
  }

  send(text: string): void {
    this.bench.send(this, text);
  }

  receive(text: string): void {
    // Repetitions are the network's business.
    if (this.seen.has(text)) return;
    this.seen.add(text);
    const message = new TestMessage(text);
    this.inbox.push(message);
    if (message.status >= 300 && message.method === 'INVITE') this.send(ackOfFailure(message, this.bench.address));
  }
}

/** A request that a peer got (or a reply, which cannot be answered). */
export class ReceivedRequest extends TestMessage {
  private readonly peer: TestPeer;
  private readonly bench: PeerBench;
  private tag = '';

  constructor(text: string, peer: TestPeer, bench: PeerBench) {
    super(text);
    this.peer = peer;
    this.bench = bench;
  }

  /** Answers it. The first reply above 100 chooses the tag of this side. */
  reply(status: number, reason = '', { headers = [], body = '' }: ReplyParts = {}): void {
    if (this.tag === '' && status > 100) this.tag = this.bench.token();
    const { message } = this;
    const copied = message.headers
      .filter(({ id }) => id === HDR_VIA || id === HDR_RECORD_ROUTE || COPIED.has(id))
      .map((header) => message.raw.slice(header.start, header.end))
      .join('');
    const to = message.valueOf(message.findByName('To')[0] ?? assert.fail('no To'));
    const tagged = (message.to?.tag ?? '') !== '' || this.tag === '' ? to : `${to};tag=${this.tag}`;
    const extra = [`Contact: <sip:${this.peer.name}@${this.peer.address}>`, ...headers]
      .map((line) => `${encoded(line)}\r\n`)
      .join('');
    const content = encoded(body);
    this.peer.send(
      `SIP/2.0 ${status} ${encoded(reason === '' ? 'Reply' : reason)}\r\n${copied}To: ${tagged}\r\n${extra}Content-Length: ${content.length}\r\n\r\n${content}`,
    );
  }

  /** Answers it with a digest challenge. */
  challenge(status: 401 | 407, realm: string): void {
    const name = status === 401 ? 'WWW-Authenticate' : 'Proxy-Authenticate';
    this.reply(status, 'Who are you', {
      headers: [`${name}: Digest realm="${realm}", nonce="${this.bench.token()}", qop="auth", algorithm=MD5`],
    });
  }

  /** The dialog that this INVITE and its reply have made, seen from the called side. */
  dialog(): TestCall {
    const { message } = this;
    const to = message.valueOf(message.findByName('To')[0] ?? assert.fail('no To'));
    return new TestCall(this.peer, this.bench, {
      callId: this.callId,
      local: (message.to?.tag ?? '') === '' ? `${to};tag=${this.tag}` : to,
      remote: message.valueOf(message.findByName('From')[0] ?? assert.fail('no From')),
      target: contactOf(this),
      routes: this.all('Record-Route'),
    });
  }
}

const COPIED: ReadonlySet<number> = new Set(['From', 'Call-ID', 'CSeq'].map((name) => headerId(name)));

interface Side {
  readonly callId: string;
  readonly local: string;
  remote: string;
  target: string;
  routes: readonly string[];
}

/** One side of a call or of another exchange: what it sent, and how it goes on. */
export class TestCall {
  private readonly peer: TestPeer;
  private readonly bench: PeerBench;
  private readonly side: Side;
  private cseq = 0;
  private invited: { readonly cseq: number; readonly via: string; readonly ruri: string } | null = null;

  constructor(peer: TestPeer, bench: PeerBench, side: Side) {
    this.peer = peer;
    this.bench = bench;
    this.side = side;
  }

  get callId(): string {
    return this.side.callId;
  }

  /** Waits for a reply of this status to this side's requests; a 2xx of an INVITE makes the dialog. */
  async expect(status: number): Promise<TestMessage> {
    const reply = await this.peer.next((one) => one.status === status && one.callId === this.callId, `${status}`);
    if (reply.method === 'INVITE' && status > 100 && status < 300) {
      this.side.remote = reply.header('To');
      this.side.target = contactOf(reply);
      this.side.routes = reply.all('Record-Route').reverse();
    }
    return reply;
  }

  /** Sends a request of this side, inside the dialog once there is one. */
  request(method: string, { headers = [], body = '', ruri }: RequestParts = {}): void {
    this.cseq++;
    const via = `${this.peer.address};branch=z9hG4bK${this.bench.token()}`;
    const target = ruri ?? this.side.target;
    if (method === 'INVITE') this.invited = { cseq: this.cseq, via, ruri: target };
    this.write(method, this.cseq, via, target, headers, body);
  }

  /** Acknowledges the 2xx of the INVITE. */
  ack(): void {
    this.write(
      'ACK',
      this.invited?.cseq ?? 1,
      `${this.peer.address};branch=z9hG4bK${this.bench.token()}`,
      this.side.target,
      [],
      '',
    );
  }

  bye(): void {
    this.request('BYE');
  }

  /** Cancels the INVITE (RFC 3261 §9.1). */
  cancel(): void {
    const { invited } = this;
    if (invited === null) assert.fail('there is no INVITE to cancel');
    this.write('CANCEL', invited.cseq, invited.via, invited.ruri, [], '');
  }

  private write(
    method: string,
    cseq: number,
    via: string,
    target: string,
    headers: readonly string[],
    body: string,
  ): void {
    const { callId, local, remote, routes } = this.side;
    const content = encoded(body);
    const lines = [
      `${method} ${target} SIP/2.0`,
      `Via: SIP/2.0/UDP ${via}`,
      'Max-Forwards: 70',
      ...routes.map((route) => `Route: ${route}`),
      `From: ${local}`,
      `To: ${remote}`,
      `Call-ID: ${callId}`,
      `CSeq: ${cseq} ${method}`,
      `Contact: <sip:${this.peer.name}@${this.peer.address}>`,
      ...headers,
      `Content-Length: ${content.length}`,
    ];
    this.peer.send(`${encoded(lines.join('\r\n'))}\r\n\r\n${content}`);
  }
}

function contactOf(message: TestMessage): string {
  const contact = message.header('Contact');
  return /<([^>]+)>/.exec(contact)?.[1] ?? contact;
}

/** RFC 3261 §17.1.1.3 */
function ackOfFailure(reply: TestMessage, server: string): string {
  const via = reply.all('Via')[0] ?? '';
  return `ACK sip:${server} SIP/2.0\r\nVia: ${via}\r\nMax-Forwards: 70\r\nFrom: ${encoded(reply.header('From'))}\r\nTo: ${encoded(reply.header('To'))}\r\nCall-ID: ${reply.callId}\r\nCSeq: ${reply.cseq} ACK\r\nContent-Length: 0\r\n\r\n`;
}
