import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { type Answering, answer, type Reply } from './answer.ts';
import { BinrpcError, type BinrpcErrorCode } from './errors.ts';
import { faultPacket, PacketStream } from './packet.ts';

/** Bounds of the streams of one socket. */
export interface StreamLimits {
  /** Most bytes of the body of a request. */
  readonly maxRequest: number;
  readonly maxConnections: number;
  /** Milliseconds that the rest of a request, and the reading of a reply, may take. */
  readonly patience: number;
}

/** Bytes that are written at once: what a slow client has to take within the patience. */
const PIECE = 64 * 1024;
/** Bytes after which the event loop gets a turn. */
const TURN = 512 * 1024;

/** Cookie of a fault for what cannot be read: Kamailio's. */
const NO_COOKIE = Buffer.of(0);

/** One control socket that takes streams: unix or TCP. Each connection has its requests answered in order, one at a time. */
export class StreamServer {
  private readonly server: Server;
  private readonly connections = new Set<Socket>();
  private readonly answering: Answering;
  private readonly limits: StreamLimits;

  constructor(answering: Answering, limits: StreamLimits) {
    this.answering = answering;
    this.limits = limits;
    // A client may close its half when it has sent all its requests, and read the replies.
    this.server = createServer({ allowHalfOpen: true }, (socket) => {
      this.connections.add(socket);
      socket.once('close', () => this.connections.delete(socket));
      // The end of the connection is seen where it is read or written.
      socket.on('error', () => {});
      void this.serve(socket);
    });
    this.server.maxConnections = limits.maxConnections;
  }

  /** Who is connected. */
  peers(): readonly { readonly host: string; readonly port: number }[] {
    return [...this.connections].map(({ remoteAddress, remotePort }) => ({
      host: remoteAddress ?? '',
      port: remotePort ?? 0,
    }));
  }

  /** Port that the system chose; 0 for a unix socket. */
  get port(): number {
    const address = this.server.address() as AddressInfo | string | null;
    return address === null || typeof address === 'string' ? 0 : address.port;
  }

  /** @throws BinrpcError, or the system's error */
  listen(where: { readonly path: string } | { readonly host: string; readonly port: number }): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(where, () => {
        this.server.off('error', reject);
        this.server.on('error', (error) => this.answering.report('BINRPC_SOCKET_FAILED', error.message));
        resolve();
      });
    });
  }

  /** Closes the socket and every connection. A unix socket's file goes away with it. */
  close(): void {
    this.server.close();
    for (const socket of this.connections) socket.destroy();
    this.connections.clear();
  }

  private async serve(socket: Socket): Promise<void> {
    const stream = new PacketStream(this.limits.maxRequest);
    // It rests between two requests for as long as it likes, but not within one.
    socket.on('timeout', () => socket.destroy());
    try {
      for await (const bytes of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        socket.setTimeout(0);
        stream.add(bytes);
        if (!(await this.answerAll(stream, socket))) break;
        if (stream.partial) socket.setTimeout(this.limits.patience);
      }
      socket.end();
      // Who never closes its own half is not waited for.
      socket.setTimeout(this.limits.patience);
    } catch (error) {
      if (error instanceof BinrpcError) this.report(error.code, error.message);
      socket.destroy();
    }
  }

  /** @returns false when the stream cannot be read on */
  private async answerAll(stream: PacketStream, socket: Socket): Promise<boolean> {
    for (let packet = stream.next(); packet !== null; packet = stream.next()) {
      if (packet.ok) {
        await this.send(socket, await answer(packet.value, this.answering));
        continue;
      }
      await this.write(socket, faultPacket(packet.cookie ?? NO_COOKIE, 400, `bad request: ${packet.reason}`));
      this.report(packet.code, `a control connection sent what is no request: ${packet.reason}`);
      return false;
    }
    return true;
  }

  private async send(socket: Socket, { pieces, release }: Reply): Promise<void> {
    try {
      let written = 0;
      for (const piece of pieces) {
        for (let at = 0; at < piece.length; at += PIECE) {
          const part = piece.subarray(at, at + PIECE);
          await this.write(socket, part);
          written += part.length;
          if (written < TURN) continue;
          // A client that reads as fast as we write would have the event loop for itself.
          written = 0;
          await setImmediate();
        }
      }
    } catch (error) {
      // Its memory is used again: nothing of it may leave any more.
      socket.destroy();
      throw error;
    } finally {
      release();
    }
  }

  /** Writes, and waits until it has left: the client may be slower than we are. @throws BinrpcError BINRPC_SLOW_READER */
  private write(socket: Socket, bytes: Buffer): Promise<void> {
    if (socket.destroyed) throw new Error('closed');
    return new Promise((resolve, reject) => {
      const done = (error: Error | null): void => {
        clearTimeout(timer);
        socket.off('close', closed);
        if (error === null) resolve();
        else reject(error);
      };
      const closed = (): void => done(new Error('closed'));
      const late = (): void => {
        done(new BinrpcError('BINRPC_SLOW_READER', 'a control connection did not take its reply and was closed'));
      };
      const timer = setTimeout(late, this.limits.patience);
      socket.on('close', closed);
      socket.write(bytes, (error) => done(error ?? null));
    });
  }

  private report(code: BinrpcErrorCode, text: string): void {
    this.answering.report(code, text);
  }
}
