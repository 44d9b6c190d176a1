import { createSocket } from 'node:dgram';
import { openUnixDatagram } from '../unix-datagram.ts';
import { errorText, type FileOwner, giveFile, type JsonEndpoint, type JsonService } from './endpoint.ts';
import { collect } from './slices.ts';

/** Bytes that a datagram holds: IPv4's length field less headers; the kernel's usual buffer of a Unix socket less its book-keeping. */
const MAX_UDP = 65_507;
const MAX_UNIX = 180_000;

/** Requests under way at once; more are dropped. */
const MAX_RUNNING = 256;

/** One datagram, one request; the reply goes where it came from. */
class JsonDatagram implements JsonEndpoint {
  service: JsonService;
  /** Closes the socket, once there is one. */
  closeSocket: () => Promise<void> = () => Promise.resolve();
  private readonly most: number;
  private running = 0;

  /** @param most bytes of the largest reply */
  constructor(service: JsonService, most: number) {
    this.service = service;
    this.most = most;
  }

  close(): Promise<void> {
    return this.closeSocket();
  }

  received(bytes: Buffer, send: (reply: Buffer) => void): void {
    if (this.running >= MAX_RUNNING) return;
    this.running++;
    this.answer(bytes.toString('utf8'), send)
      .catch((error: unknown) => this.service.report('JSONRPC_REPLY_FAILED', errorText(error)))
      .finally(() => {
        this.running--;
      });
  }

  private async answer(text: string, send: (reply: Buffer) => void): Promise<void> {
    const { rpc } = this.service;
    const { pieces, id } = await rpc.answer(text);
    if (pieces === null) return;
    const reply = await collect(pieces, this.most);
    const bytes = reply === null ? null : Buffer.from(reply);
    const fits = bytes !== null && bytes.length <= this.most;
    send(fits ? bytes : Buffer.from(rpc.refuse(500, 'Reply too large for a datagram', id)));
  }
}

/** A UDP socket. @throws the system's error */
export async function openJsonUdp(host: string, port: number, service: JsonService): Promise<JsonEndpoint> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ address: host, port, exclusive: true }, () => {
      socket.off('error', reject);
      resolve();
    });
  });
  const endpoint = new JsonDatagram(service, MAX_UDP);
  endpoint.closeSocket = () => new Promise((resolve) => socket.close(resolve));
  socket.on('error', (error) => endpoint.service.report('JSONRPC_SOCKET', error.message));
  socket.on('message', (bytes, from) =>
    endpoint.received(bytes, (reply) =>
      socket.send(reply, from.port, from.address, (error) => {
        if (error !== null) endpoint.service.report('JSONRPC_REPLY_FAILED', error.message);
      }),
    ),
  );
  return endpoint;
}

/** Where a Unix datagram socket is and whose. */
export interface DatagramPlace {
  readonly path: string;
  readonly mode: number;
  readonly owner: FileOwner;
  /** Who the server will be: the process that serves the socket is that user from the beginning. */
  readonly server: FileOwner | null;
  /** Milliseconds that a reply waits for a client that does not read (dgram_timeout). */
  readonly patience: number;
}

/** A Unix datagram socket. @throws RpcError, or the system's error */
export async function openJsonUnixDatagram(place: DatagramPlace, service: JsonService): Promise<JsonEndpoint> {
  const endpoint = new JsonDatagram(service, MAX_UNIX);
  const socket = await openUnixDatagram(
    place.path,
    place.mode,
    (bytes, from) => endpoint.received(bytes, (reply) => socket.send(from, reply)),
    { patience: place.patience, owner: place.server, report: (code, text) => endpoint.service.report(code, text) },
  );
  endpoint.closeSocket = () => socket.close();
  try {
    await giveFile(place.path, place.owner);
  } catch (error) {
    await socket.close();
    throw error;
  }
  return endpoint;
}
