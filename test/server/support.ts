/** Servers started in this process from configuration texts, on free loopback ports, and clients of the stream transports. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { after } from 'node:test';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { WebSocket } from 'ws';
import type { Log } from '../../src/script/log.ts';
import { startServer } from '../../src/server/server.ts';
import type { LoadOptions, RunningServer } from '../../src/server/server-api.ts';
import { type PeerOptions, SipPeer } from '../support/sip-peer.ts';
import { SipText } from '../support/sip-text.ts';

/** One line that a server logged. */
export interface LogLine {
  readonly level: number;
  readonly module: string;
  readonly text: string;
  readonly code: string;
}

/** Keeps what is logged. */
export class LineLog implements Log {
  level = 3;
  readonly lines: LogLine[] = [];

  write(level: number, module: string, text: string, code = ''): void {
    if (level <= this.level) this.lines.push({ level, module, text, code });
  }

  /** Texts of the script's own lines. */
  get script(): string[] {
    return this.lines.filter(({ module }) => module === '<script>').map(({ text }) => text.trimEnd());
  }

  has(code: string): boolean {
    return this.lines.some((line) => line.code === code);
  }
}

/** A server and its log. */
export interface Started {
  readonly server: RunningServer;
  readonly log: LineLog;
  /** Folder of the configuration file. */
  readonly directory: string;
}

const folders: string[] = [];
const running: RunningServer[] = [];
const peers: SipPeer[] = [];

after(async () => {
  for (const server of running) await server.stop(0);
  for (const peer of peers) await peer.close();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder that goes away with the tests. */
export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'trunkline-server-'));
  folders.push(folder);
  return folder;
}

/** Options for a configuration text, which is written to a file of its own. */
export function optionsFor(text: string, over: Partial<LoadOptions> = {}, folder = testFolder()): LoadOptions {
  writeFileSync(join(folder, 'test.cfg'), text);
  return {
    file: join(folder, 'test.cfg'),
    cwd: folder,
    defines: [],
    listen: [],
    debug: 2,
    unsupported: 'error',
    autoAliases: null,
    ...over,
  };
}

/** Starts a server; it is stopped after the tests of the file. @throws StartError */
export async function start(text: string, over: Partial<LoadOptions> = {}, folder = testFolder()): Promise<Started> {
  const log = new LineLog();
  const server = await startServer(optionsFor(text, over, folder), log);
  running.push(server);
  return { server, log, directory: folder };
}

/** A scripted peer; it is closed after the tests of the file. */
export async function openPeer(options: PeerOptions = {}): Promise<SipPeer> {
  const peer = await SipPeer.open(options);
  peers.push(peer);
  return peer;
}

/** Waits until something is so. @throws Error after two seconds */
export async function until(condition: () => boolean, what = 'what was waited for', ms = 2000): Promise<void> {
  const deadline = Date.now() + ms;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`${what} did not happen`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A client of a stream transport that sends texts and waits for messages. */
export class StreamClient {
  readonly messages: SipText[] = [];
  closed = false;
  private taken = 0;
  private readonly write: (text: string) => void;
  private readonly end: () => void;

  private constructor(write: (text: string) => void, end: () => void) {
    this.write = write;
    this.end = end;
  }

  static async tcp(port: number, host = '127.0.0.1'): Promise<StreamClient> {
    const socket = connectTcp({ host, port });
    return StreamClient.onBytes(socket, 'connect');
  }

  static async tls(port: number, options: ConnectionOptions): Promise<StreamClient> {
    return StreamClient.onBytes(connectTls({ host: '127.0.0.1', port, ...options }), 'secureConnect');
  }

  /** @param ca authority of the server's certificate: `wss:` then, else `ws:` */
  static async webSocket(port: number, ca?: Buffer): Promise<StreamClient> {
    const socket = new WebSocket(`${ca === undefined ? 'ws' : 'wss'}://127.0.0.1:${port}/`, 'sip', { ca });
    const client = new StreamClient(
      (text) => socket.send(text),
      () => socket.close(),
    );
    socket.on('message', (data: Buffer) => client.messages.push(new SipText(data.toString('latin1'))));
    socket.on('close', () => {
      client.closed = true;
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.once('open', () => resolve());
    });
    return client;
  }

  private static async onBytes(socket: Duplex, ready: string): Promise<StreamClient> {
    const client = new StreamClient(
      (text) => socket.write(Buffer.from(text, 'latin1')),
      () => socket.destroy(),
    );
    let rest = '';
    socket.on('data', (data: Buffer) => {
      rest += data.toString('latin1');
      for (let end = rest.indexOf('\r\n\r\n'); end >= 0; end = rest.indexOf('\r\n\r\n')) {
        const length = Number(new SipText(rest.slice(0, end + 4)).header('Content-Length') || '0');
        if (rest.length < end + 4 + length) return;
        client.messages.push(new SipText(rest.slice(0, end + 4 + length)));
        rest = rest.slice(end + 4 + length);
      }
    });
    socket.on('close', () => {
      client.closed = true;
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.once(ready, () => resolve());
    });
    socket.on('error', () => {});
    return client;
  }

  send(text: string): void {
    this.write(text);
  }

  /** The next message. */
  async next(): Promise<SipText> {
    await until(() => this.messages.length > this.taken, 'a message on the stream');
    return this.messages[this.taken++] as SipText;
  }

  /** Sends a request and waits for the next message. */
  ask(text: string): Promise<SipText> {
    this.send(text);
    return this.next();
  }

  close(): void {
    this.end();
  }
}

/** Text of a request outside of a dialog. */
export function request(
  method: string,
  parts: { uri?: string; transport?: string; sentBy?: string; branch?: string; headers?: string; body?: string } = {},
): string {
  const { uri = 'sip:bob@example.com', transport = 'TCP', sentBy = 'client.invalid', headers = '', body = '' } = parts;
  const token = Math.random().toString(36).slice(2);
  return (
    `${method} ${uri} SIP/2.0\r\nVia: SIP/2.0/${transport} ${sentBy};branch=${parts.branch ?? `z9hG4bK${token}`};rport\r\n` +
    `Max-Forwards: 70\r\nFrom: <sip:alice@example.com>;tag=${token}\r\nTo: <sip:bob@example.com>\r\nCall-ID: ${token}\r\n` +
    `CSeq: 1 ${method}\r\nContact: <sip:alice@${sentBy}>\r\n${headers}Content-Length: ${body.length}\r\n\r\n${body}`
  );
}
