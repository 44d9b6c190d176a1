/**
 * A SIP peer that does what a test tells it, and writes down every message: plain sockets and texts, no transaction layer, so that a test
 * decides about each byte.
 */
import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { freePort } from './ports.ts';
import { SipText } from './sip-text.ts';

/** Where a message came from or goes to. */
export interface Remote {
  readonly host: string;
  readonly port: number;
}

/** A message that arrived or left. */
export class PeerMessage extends SipText {
  readonly direction: 'in' | 'out';
  readonly remote: Remote;
  /** Byte for byte the same as one before. */
  readonly repeated: boolean;

  constructor(text: string, direction: 'in' | 'out', remote: Remote, repeated: boolean) {
    super(text);
    this.direction = direction;
    this.remote = remote;
    this.repeated = repeated;
  }
}

/** Chooses messages: a method, a status, "status method", or a function. */
export type Selector = string | number | ((message: PeerMessage) => boolean);

function matcher(selector: Selector): (message: PeerMessage) => boolean {
  if (typeof selector === 'function') return selector;
  if (typeof selector === 'number') return (message) => message.status === selector;
  const [status, method] = selector.split(' ');
  if (method !== undefined) return (message) => message.status === Number(status) && message.method === method;
  return (message) => message.isRequest && message.method === selector;
}

interface Waiter {
  readonly matches: (message: PeerMessage) => boolean;
  readonly resolve: (message: PeerMessage) => void;
}

/** Settings of a peer. */
export interface PeerOptions {
  readonly proto?: 'udp' | 'tcp';
  readonly host?: string;
  readonly port?: number;
  /** For messages of failed tests. */
  readonly name?: string;
}

/** What a reply has besides what RFC 3261 §8.2.6 copies from the request. */
export interface ReplyParts {
  /** Tag of To when the request has none; empty for none at all. */
  readonly toTag?: string;
  /** Full header lines without line ends. */
  readonly headers?: readonly string[];
  readonly body?: string;
  /** Replaces From and To of the request, whole values. */
  readonly from?: string;
  readonly to?: string;
}

const TIMEOUT = 8_000;

/** A scripted SIP peer on UDP or TCP. */
export class SipPeer {
  readonly proto: 'udp' | 'tcp';
  readonly host: string;
  readonly port: number;
  readonly name: string;
  /** Every message, both directions, repetitions too. */
  readonly trace: PeerMessage[] = [];
  private readonly queue: PeerMessage[] = [];
  private readonly waiters: Waiter[] = [];
  private readonly rules: {
    readonly matches: (message: PeerMessage) => boolean;
    readonly act: (m: PeerMessage) => void;
  }[] = [];
  private readonly seen = new Set<string>();
  /** Messages that this refuses are written down and not handed out: late ones of another test. */
  accepts: (message: PeerMessage) => boolean = () => true;
  private udp: UdpSocket | null = null;
  private server: Server | null = null;
  private readonly connections = new Map<string, Socket>();

  private constructor(options: Required<PeerOptions>) {
    this.proto = options.proto;
    this.host = options.host;
    this.port = options.port;
    this.name = options.name;
  }

  /** Opens the peer's socket; a TCP peer accepts connections and makes its own. */
  static async open(options: PeerOptions = {}): Promise<SipPeer> {
    const host = options.host ?? '127.0.0.1';
    const port = options.port ?? (await freePort(host));
    const peer = new SipPeer({ proto: options.proto ?? 'udp', host, port, name: options.name ?? 'peer' });
    await (peer.proto === 'udp' ? peer.bindUdp() : peer.listenTcp());
    return peer;
  }

  /** host:port as it stands in a URI or Via. */
  get address(): string {
    return `${this.host.includes(':') ? `[${this.host}]` : this.host}:${this.port}`;
  }

  private bindUdp(): Promise<void> {
    const socket = createSocket({ type: this.host.includes(':') ? 'udp6' : 'udp4', recvBufferSize: 4 << 20 });
    this.udp = socket;
    socket.on('message', (data, from) =>
      this.receive(data.toString('latin1'), { host: from.address, port: from.port }),
    );
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.bind({ port: this.port, address: this.host, exclusive: true }, () => {
        // A send to a port that nobody has any more must not end the test process.
        socket.removeListener('error', reject);
        socket.on('error', () => {});
        resolve();
      });
    });
  }

  private listenTcp(): Promise<void> {
    const server = createServer((socket) => this.attach(socket));
    this.server = server;
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.port, this.host, resolve);
    });
  }

  private attach(socket: Socket): void {
    const remote = { host: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 };
    const key = `${remote.host}:${remote.port}`;
    this.connections.set(key, socket);
    let rest = '';
    socket.on('data', (data: Buffer) => {
      rest += data.toString('latin1');
      for (;;) {
        rest = rest.replace(/^(\r\n)+/, '');
        const end = rest.indexOf('\r\n\r\n');
        if (end < 0) return;
        const length = Number(new SipText(rest.slice(0, end + 4)).header('Content-Length') || '0');
        if (rest.length < end + 4 + length) return;
        this.receive(rest.slice(0, end + 4 + length), remote);
        rest = rest.slice(end + 4 + length);
      }
    });
    socket.on('error', () => {});
    socket.on('close', () => this.connections.delete(key));
  }

  private receive(text: string, remote: Remote): void {
    const repeated = this.seen.has(text);
    this.seen.add(text);
    const message = new PeerMessage(text, 'in', remote, repeated);
    this.trace.push(message);
    // Keepalives and the like are no messages.
    if (text.trim() === '') return;
    for (const rule of this.rules) {
      if (!rule.matches(message)) continue;
      rule.act(message);
      return;
    }
    if (repeated || !this.accepts(message)) return;
    const at = this.waiters.findIndex((waiter) => waiter.matches(message));
    if (at >= 0) (this.waiters.splice(at, 1)[0] as Waiter).resolve(message);
    else this.queue.push(message);
  }

  /** Sends a text as it is. */
  async send(text: string, to: Remote): Promise<void> {
    this.trace.push(new PeerMessage(text, 'out', to, false));
    const data = Buffer.from(text, 'latin1');
    if (this.udp !== null) {
      this.udp.send(data, to.port, to.host);
      return;
    }
    const socket = this.connections.get(`${to.host}:${to.port}`) ?? (await this.connectTo(to));
    socket.write(data);
  }

  private connectTo(to: Remote): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: to.host, port: to.port, localAddress: this.host });
      socket.once('error', reject);
      socket.once('connect', () => {
        this.attach(socket);
        resolve(socket);
      });
    });
  }

  /** Ports of this machine that a TCP peer's own connections have; the other side sees them. */
  ephemeralPorts(): number[] {
    return [...this.connections.values()].map((socket) => socket.localPort ?? 0).filter((port) => port !== this.port);
  }

  /**
   * Takes the first message that fits, waiting for it; others stay. Repetitions do not count.
   * @throws Error with everything that happened when none comes in time
   */
  async expect(selector: Selector, timeout = TIMEOUT): Promise<PeerMessage> {
    const matches = matcher(selector);
    const at = this.queue.findIndex(matches);
    if (at >= 0) return this.queue.splice(at, 1)[0] as PeerMessage;
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        matches,
        resolve: (message) => {
          clearTimeout(timer);
          resolve(message);
        },
      };
      const timer = setTimeout(() => {
        this.waiters.splice(this.waiters.indexOf(waiter), 1);
        reject(new Error(`${this.name}: no ${selector} within ${timeout} ms. Seen:\n${this.story()}`));
      }, timeout);
      this.waiters.push(waiter);
    });
  }

  /** Forgets what was not taken. */
  clear(): void {
    this.queue.length = 0;
  }

  /** Messages that fit and have not been taken. */
  waiting(selector: Selector): PeerMessage[] {
    return this.queue.filter(matcher(selector));
  }

  /** Handles fitting messages at once, repetitions too, from now on. */
  on(selector: Selector, act: (message: PeerMessage) => void): void {
    this.rules.push({ matches: matcher(selector), act });
  }

  /** Answers a request to where it came from. */
  async reply(request: PeerMessage, status: number, reason: string, parts: ReplyParts = {}): Promise<void> {
    await this.send(replyText(request, status, reason, parts), request.remote);
  }

  /** What happened, one line a message. */
  story(): string {
    return this.trace
      .map(
        (m) =>
          `  ${m.direction === 'in' ? '<-' : '->'} ${m.startLine} (CSeq ${m.header('CSeq')})${m.repeated ? ' again' : ''}`,
      )
      .join('\n');
  }

  /** Messages of one direction without repetitions. */
  messages(direction: 'in' | 'out'): PeerMessage[] {
    return this.trace.filter((m) => m.direction === direction && !m.repeated && m.text.trim() !== '');
  }

  async close(): Promise<void> {
    for (const socket of this.connections.values()) socket.destroy();
    await new Promise<void>((resolve) => {
      if (this.udp !== null) this.udp.close(() => resolve());
      else if (this.server !== null) this.server.close(() => resolve());
      else resolve();
    });
  }
}

/** Random letters for tags, branches and Call-IDs. */
export function token(): string {
  return randomBytes(6).toString('hex');
}

/** A reply by RFC 3261 §8.2.6. */
export function replyText(request: SipText, status: number, reason: string, parts: ReplyParts = {}): string {
  const body = parts.body ?? '';
  const toTag = parts.toTag ?? 'callee';
  const to = parts.to ?? request.header('To');
  const tagged = status === 100 || toTag === '' || /;\s*tag=/i.test(to) ? to : `${to};tag=${toTag}`;
  return [
    `SIP/2.0 ${status} ${reason}`,
    ...request.all('Via').map((value) => `Via: ${value}`),
    ...request.all('Record-Route').map((value) => `Record-Route: ${value}`),
    `From: ${parts.from ?? request.header('From')}`,
    `To: ${tagged}`,
    `Call-ID: ${request.callId}`,
    `CSeq: ${request.header('CSeq')}`,
    ...(parts.headers ?? []),
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n');
}
