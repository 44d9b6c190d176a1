import { chmodSync, chownSync, lstatSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { RpcError, type RpcErrorCode } from '../errors.ts';
import type { RpcRegistry } from '../registry.ts';
import { type ControlAddress, formatControlAddress } from './address.ts';
import type { Answering } from './answer.ts';
import { MAX_DATAGRAM, UdpServer, UnixDatagramServer } from './datagram-server.ts';
import { BinrpcError, type BinrpcErrorCode } from './errors.ts';
import { type ReplyRoom, replyRoom } from './reply-room.ts';
import { StreamServer } from './stream-server.ts';

/** File mode and owner of a unix socket. */
export interface SocketFile {
  readonly mode: number;
  /** null: as the process. */
  readonly uid: number | null;
  readonly gid: number | null;
}

/** What a control socket is made of. */
export interface ControlSocketOptions {
  readonly address: ControlAddress;
  readonly file: SocketFile;
  readonly commands: RpcRegistry;
  /** Numbers are taken for texts and the other way round. */
  readonly autoConversion: boolean;
  /** Most bytes of a reply's body; 0: as many as a packet holds. */
  readonly maxReply: number;
  /** Told of what goes wrong while it is open. */
  readonly report: (code: BinrpcErrorCode | RpcErrorCode, text: string) => void;
  /** Milliseconds that the rest of a request and the reading of a reply may take. */
  readonly patience?: number;
  /** Room for long replies; the process's unless given. */
  readonly room?: ReplyRoom;
}

/** Requests are names and a few values: a command line's worth. */
const MAX_REQUEST = 1 << 20;
const MAX_REPLY = 0xffff_ffff;
const MAX_CONNECTIONS = 128;
const PATIENCE = 30_000;
/** Head and cookie of a packet, at most. */
const MAX_HEAD = 10;

/** A socket that operators' programs talk BINRPC to, whatever its kind. */
export class ControlSocket {
  readonly address: ControlAddress;
  private readonly options: ControlSocketOptions;
  private server: StreamServer | UdpServer | UnixDatagramServer | null = null;
  private opening: Promise<void> | null = null;
  private closed = false;

  constructor(options: ControlSocketOptions) {
    this.address = options.address;
    this.options = options;
  }

  /** Port that is open; 0 for a unix socket or none. */
  get port(): number {
    return this.server?.port ?? 0;
  }

  /** Who is connected: address and port, empty and 0 for a unix socket. */
  peers(): readonly { readonly host: string; readonly port: number }[] {
    return this.server instanceof StreamServer ? this.server.peers() : [];
  }

  /**
   * Opens it; a second call waits for the first.
   * @throws BinrpcError BINRPC_ADDRESS_IN_USE, BINRPC_BIND; RpcError RPC_DATAGRAM_…
   */
  open(): Promise<void> {
    this.opening ??= this.begin();
    return this.opening;
  }

  close(): void {
    this.closed = true;
    this.server?.close();
    this.server = null;
  }

  private async begin(): Promise<void> {
    const { address } = this;
    try {
      if (address.kind === 'unix') await this.openUnix(address.path);
      else if (address.kind === 'unixd') await this.openUnixDatagram(address.path);
      else if (address.kind === 'tcp') await this.openStream({ host: address.host, port: address.port });
      else await this.openUdp(address.host, address.port);
    } catch (error) {
      throw failure(error, address);
    }
    if (this.closed) this.close();
  }

  private answering(limit: number): Answering {
    const { commands, report, maxReply, autoConversion, room = replyRoom } = this.options;
    return { commands, report, autoConversion, room, maxReply: maxReply > 0 ? Math.min(maxReply, limit) : limit };
  }

  private async openStream(where: Parameters<StreamServer['listen']>[0]): Promise<void> {
    const limits = {
      maxRequest: MAX_REQUEST,
      maxConnections: MAX_CONNECTIONS,
      patience: this.options.patience ?? PATIENCE,
    };
    const server = new StreamServer(this.answering(MAX_REPLY), limits);
    this.server = server;
    await server.listen(where);
  }

  private async openUdp(host: string, port: number): Promise<void> {
    const server = new UdpServer(host, this.answering(MAX_DATAGRAM - MAX_HEAD));
    this.server = server;
    await server.listen(host, port);
  }

  private async openUnixDatagram(path: string): Promise<void> {
    const server = new UnixDatagramServer(this.answering(MAX_DATAGRAM));
    const { report, file } = this.options;
    await server.listen(path, file.mode, { report, owner: file });
    this.server = server;
  }

  private async openUnix(path: string): Promise<void> {
    await removeStale(path);
    const { mode, uid, gid } = this.options.file;
    // The file must not be there with wider rights even for a moment; the system makes it within the call.
    const before = process.umask(0o777 & ~mode);
    let opened: Promise<void>;
    try {
      opened = this.openStream({ path });
    } finally {
      process.umask(before);
    }
    await opened;
    chmodSync(path, mode);
    if (uid !== null || gid !== null) chownSync(path, uid ?? -1, gid ?? -1);
  }
}

/** Removes the socket file of a server that is gone. @throws BinrpcError when one answers there, or the file is something else */
async function removeStale(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new BinrpcError('BINRPC_BIND', `${path} is there and is no socket`);
  if (await someoneListens(path)) throw new BinrpcError('BINRPC_ADDRESS_IN_USE', `another server listens on ${path}`);
  unlinkSync(path);
}

function someoneListens(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    // Refused: nobody listens. Not permitted or a full queue: somebody does.
    socket.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT');
    });
  });
}

/** A failure to open, with the address and a code. */
function failure(error: unknown, address: ControlAddress): BinrpcError | RpcError {
  if (error instanceof BinrpcError || error instanceof RpcError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const where = formatControlAddress(address);
  if (code === 'EADDRINUSE') return new BinrpcError('BINRPC_ADDRESS_IN_USE', `${where} is in use`);
  return new BinrpcError('BINRPC_BIND', `${where} cannot be opened: ${message}`);
}
