import { execFile } from 'node:child_process';
import { close, constants, fstat, lstatSync, open, unlinkSync } from 'node:fs';
import { chmod, lstat, unlink } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { errorText, type FileOwner, giveFile, type JsonEndpoint, type JsonService, MAX_REQUEST } from './endpoint.ts';
import { JsonFramer } from './framer.ts';
import { writeReply } from './write.ts';

const openFile = promisify(open);
const closeFile = promisify(close);
const statFile = promisify(fstat);
const run = promisify(execFile);

/** Milliseconds in which a request that has begun must be complete: whoever was interrupted must not spoil the next one's. */
const REQUEST_TIME = 5000;

/** Milliseconds that a reply waits for its reader to open the FIFO, and between two tries. */
const READER_TIME = 2000;
const READER_RETRY = 20;

/** Requests under way at once; more wait in the FIFO. */
const MAX_RUNNING = 64;

/** Where a FIFO is and whose. */
export interface FifoPlace {
  readonly path: string;
  readonly mode: number;
  readonly owner: FileOwner;
  /** Directory of the FIFOs that replies go to. */
  readonly replyDirectory: string;
}

/** Kamailio's FIFO: requests in, each reply to the FIFO that its request names. */
export class JsonFifo implements JsonEndpoint {
  service: JsonService;
  private readonly place: FifoPlace;
  private readonly input: Socket;
  private readonly inode: number;
  private readonly framer = new JsonFramer(MAX_REQUEST);
  private timer: NodeJS.Timeout | null = null;
  private running = 0;

  private constructor(place: FifoPlace, service: JsonService, fd: number, inode: number) {
    this.place = place;
    this.service = service;
    this.inode = inode;
    // Opened for reading and writing it never ends when its last writer does (fifo(7)).
    this.input = new Socket({ fd, readable: true, writable: false });
    this.input.setEncoding('utf8');
    this.input.on('data', (text: string) => this.received(text));
    this.input.on('error', (error) => this.service.report('JSONRPC_SOCKET', `${place.path}: ${error.message}`));
  }

  /** Makes the FIFO and begins to read. @throws Error when it cannot be made or another process reads there */
  static async open(place: FifoPlace, service: JsonService): Promise<JsonFifo> {
    const { path, mode, owner } = place;
    await clear(path);
    await run('mkfifo', ['-m', '600', '--', path]);
    try {
      await giveFile(path, owner);
      await chmod(path, mode);
      const fd = await openFile(path, constants.O_RDWR | constants.O_NONBLOCK);
      const { ino } = await statFile(fd);
      return new JsonFifo(place, service, fd, ino);
    } catch (error) {
      await unlink(path).catch(() => {});
      throw error;
    }
  }

  async close(): Promise<void> {
    if (this.timer !== null) clearTimeout(this.timer);
    this.input.destroy();
    const { path } = this.place;
    try {
      // At once: the program may be about to end. A server that was started since then may have put its own in the place.
      if (lstatSync(path).ino === this.inode) unlinkSync(path);
    } catch {
      // Somebody else took it away, or it is not ours to take: nothing is lost.
    }
  }

  private received(text: string): void {
    const { framer } = this;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    const requests = framer.push(text);
    if (requests === null) this.service.report('JSONRPC_INCOMPLETE', `${this.place.path}: a request is too large`);
    for (const request of requests ?? []) this.perform(request);
    if (!framer.isOpen) return;
    this.timer = setTimeout(() => {
      framer.reset();
      this.service.report('JSONRPC_INCOMPLETE', `${this.place.path}: a request was not complete in time`);
    }, REQUEST_TIME);
    this.timer.unref();
  }

  private perform(request: string): void {
    if (++this.running >= MAX_RUNNING) this.input.pause();
    this.answer(request)
      .catch((error: unknown) => this.service.report('JSONRPC_FIFO_REPLY', errorText(error)))
      .finally(() => {
        this.running--;
        this.input.resume();
      });
  }

  private async answer(request: string): Promise<void> {
    const { pieces, replyName } = await this.service.rpc.answer(request);
    // As in the original: without reply_name the command is carried out and nobody hears of it.
    if (pieces === null || replyName === '') return;
    if (!isReplyName(replyName)) throw new Error('a reply_name is no plain file name');
    const fd = await openReply(join(this.place.replyDirectory, replyName));
    await writeReply(new Socket({ fd, readable: false, writable: true }), pieces);
  }
}

/** A name that stays in its directory and can be shown. */
function isReplyName(name: string): boolean {
  return /^[\w.:@+=-]{1,200}$/.test(name) && !name.includes('..') && name !== '.';
}

/** Makes room for a FIFO. @throws Error when something else is there, or a FIFO that is being read */
async function clear(path: string): Promise<void> {
  let found: Awaited<ReturnType<typeof lstat>>;
  try {
    found = await lstat(path);
  } catch {
    return; // nothing there; what else may be wrong mkfifo will say
  }
  if (!found.isFIFO()) throw new Error(`${path} exists and is no FIFO`);
  let fd: number;
  try {
    fd = await openFile(path, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch (error) {
    // ENXIO: nobody reads it (fifo(7)), its server is gone.
    if ((error as NodeJS.ErrnoException).code !== 'ENXIO') throw error;
    await unlink(path);
    return;
  }
  await closeFile(fd);
  throw new Error(`another process reads ${path}`);
}

/**
 * Opens a client's FIFO for writing, never waiting in the system for its reader.
 * @throws Error when nobody reads it in time, or it is no FIFO
 */
async function openReply(path: string): Promise<number> {
  const flags = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;
  const deadline = performance.now() + READER_TIME;
  for (;;) {
    try {
      const fd = await openFile(path, flags);
      if ((await statFile(fd)).isFIFO()) return fd;
      await closeFile(fd);
      throw new Error(`${path} is no FIFO`);
    } catch (error) {
      // The client's reader may be a moment later than its request.
      if ((error as NodeJS.ErrnoException).code !== 'ENXIO' || performance.now() > deadline) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, READER_RETRY));
  }
}
