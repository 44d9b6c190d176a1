import { type ChildProcess, spawn } from 'node:child_process';
import { RpcError, type RpcErrorCode } from './errors.ts';
import { UNIX_DATAGRAM_BRIDGE } from './unix-datagram-bridge.ts';

/** A Unix datagram socket that is open. */
export interface UnixDatagram {
  /** @param replyPath what the message came from; @param bytes one datagram. A client that is gone is reported, nothing more. */
  send(replyPath: string, bytes: Uint8Array): void;
  /** Closes it and takes its file away. */
  close(): Promise<void>;
}

/** What a Unix datagram socket may be told besides its path. */
export interface UnixDatagramOptions {
  /** Milliseconds that a reply waits for a client that does not read. */
  readonly patience?: number;
  /** Whose the socket is; null: whoever runs this. Taking another user needs root. */
  readonly owner?: { readonly uid: number | null; readonly gid: number | null } | null;
  /** Told what goes wrong later on. */
  readonly report?: (code: RpcErrorCode, text: string) => void;
}

/** Milliseconds before an ended bridge is started again: at first, and at most. */
const RESTART_FIRST = 1000;
const RESTART_MOST = 60_000;

/** Bytes that may wait for the bridge; what is beyond them is dropped. */
const MAX_QUEUED = 16 << 20;

type Received = (bytes: Buffer, replyPath: string) => void;

/**
 * Opens a Unix datagram socket (AF_UNIX, SOCK_DGRAM) by way of a process of perl.
 * @param path absolute; a socket of a process that is gone is replaced
 * @param mode permissions, such as 0o600
 * @param onMessage gets each datagram and the path of the client's socket, '' for a client that has none (it cannot be answered); a latin1 text,
 * one character a byte
 * @throws RpcError RPC_DATAGRAM_PERL where perl is missing, RPC_DATAGRAM_OPEN when the socket cannot be made
 */
export async function openUnixDatagram(
  path: string,
  mode: number,
  onMessage: Received,
  options: UnixDatagramOptions = {},
): Promise<UnixDatagram> {
  const bridge = new Bridge(path, mode, onMessage, options);
  await bridge.start();
  return bridge;
}

class Bridge implements UnixDatagram {
  private readonly path: string;
  private readonly mode: number;
  private readonly onMessage: Received;
  private readonly options: UnixDatagramOptions;
  private child: ChildProcess | null = null;
  private ended: Promise<void> = Promise.resolve();
  private closing = false;
  private delay = RESTART_FIRST;
  private restart: NodeJS.Timeout | null = null;

  constructor(path: string, mode: number, onMessage: Received, options: UnixDatagramOptions) {
    this.path = path;
    this.mode = mode;
    this.onMessage = onMessage;
    this.options = options;
  }

  start(): Promise<void> {
    const { uid = null, gid = null } = this.options.owner ?? {};
    const child = spawn(
      'perl',
      ['-e', UNIX_DATAGRAM_BRIDGE, this.path, `${this.mode}`, `${this.options.patience ?? 2000}`],
      {
        stdio: ['pipe', 'pipe', 'ignore'],
        // Nothing of the server's surroundings, secrets in variables above all, is its business.
        env: { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C' },
        cwd: '/',
        ...(uid === null ? {} : { uid }),
        ...(gid === null ? {} : { gid }),
      },
    );
    this.child = child;
    child.stdin.on('error', () => {}); // its end says the rest
    const frames = new FrameReader();
    return new Promise((resolve, reject) => {
      let ready = false;
      child.stdout.on('data', (chunk: Buffer) => {
        for (const frame of frames.push(chunk)) {
          const kind = frame.toString('latin1', 0, 1);
          if (kind === 'R') {
            ready = true;
            this.delay = RESTART_FIRST;
            resolve();
          } else if (kind === 'M') this.received(frame);
          else if (kind === 'F') this.report('RPC_DATAGRAM_SEND', frame.toString('utf8', 1));
          else reject(new RpcError('RPC_DATAGRAM_OPEN', `${this.path}: ${frame.toString('utf8', 1)}`));
        }
      });
      this.ended = new Promise((done) => {
        child.once('error', (error: NodeJS.ErrnoException) => {
          const code = error.code === 'ENOENT' ? 'RPC_DATAGRAM_PERL' : 'RPC_DATAGRAM_OPEN';
          const why = error.code === 'ENOENT' ? 'perl is not installed' : error.message;
          reject(new RpcError(code, `${this.path}: ${why}`));
          done();
        });
        child.once('close', (status, signal) => {
          this.child = null;
          reject(new RpcError('RPC_DATAGRAM_OPEN', `${this.path}: perl ended (${signal ?? status})`));
          done();
          if (ready && !this.closing) this.again(`${this.path}: perl ended (${signal ?? status})`);
        });
      });
    });
  }

  send(replyPath: string, bytes: Uint8Array): void {
    const stdin = this.child?.stdin;
    if (stdin == null || replyPath === '') return;
    if (stdin.writableLength > MAX_QUEUED) {
      this.report('RPC_DATAGRAM_SEND', 'too much waits already');
      return;
    }
    const to = Buffer.from(replyPath, 'latin1');
    const head = Buffer.alloc(7);
    head.writeUInt32BE(3 + to.length + bytes.length, 0);
    head.write('S', 4, 'latin1');
    head.writeUInt16BE(to.length, 5);
    stdin.write(Buffer.concat([head, to, bytes]));
  }

  async close(): Promise<void> {
    this.closing = true;
    if (this.restart !== null) clearTimeout(this.restart);
    const { child } = this;
    child?.stdin?.end();
    const late = setTimeout(() => child?.kill('SIGKILL'), 2000);
    await this.ended;
    clearTimeout(late);
  }

  private received(frame: Buffer): void {
    const length = frame.readUInt16BE(1);
    this.onMessage(frame.subarray(3 + length), frame.toString('latin1', 3, 3 + length));
  }

  private report(code: RpcErrorCode, text: string): void {
    this.options.report?.(code, `${this.path}: ${text}`);
  }

  /** After an end that nobody asked for. */
  private again(why: string): void {
    this.options.report?.('RPC_DATAGRAM_ENDED', why);
    this.restart = setTimeout(() => {
      this.start().catch((error: unknown) => {
        if (!this.closing) this.again(error instanceof Error ? error.message : String(error));
      });
    }, this.delay);
    this.restart.unref();
    this.delay = Math.min(this.delay * 2, RESTART_MOST);
  }
}

/** Cuts the bridge's output into frames. */
class FrameReader {
  private chunks: Buffer[] = [];
  private size = 0;

  push(chunk: Buffer): Buffer[] {
    this.chunks.push(chunk);
    this.size += chunk.length;
    const found: Buffer[] = [];
    for (;;) {
      if (this.size < 4) return found;
      const whole = this.chunks.length === 1 ? (this.chunks[0] ?? chunk) : Buffer.concat(this.chunks);
      const length = whole.readUInt32BE(0);
      this.chunks = [whole];
      if (whole.length < 4 + length) return found;
      found.push(whole.subarray(4, 4 + length));
      this.chunks = [whole.subarray(4 + length)];
      this.size = whole.length - 4 - length;
    }
  }
}
