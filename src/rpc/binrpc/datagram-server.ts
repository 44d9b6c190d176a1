import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { openUnixDatagram, type UnixDatagram, type UnixDatagramOptions } from '../unix-datagram.ts';
import { type Answering, answer } from './answer.ts';
import { PACKET_REQUEST, readPacket } from './packet.ts';

/** Bytes that a UDP datagram holds over IPv4: 65535 less the headers. */
export const MAX_DATAGRAM = 65_507;
/** Commands that run at the same time; what comes on top is not answered. */
const MAX_RUNNING = 64;

/** Answers datagrams, each with one. */
class DatagramAnswers {
  private readonly answering: Answering;
  private running = 0;

  constructor(answering: Answering) {
    this.answering = answering;
  }

  async receive(bytes: Buffer, reply: (pieces: readonly Buffer[]) => void): Promise<void> {
    const packet = readPacket(bytes);
    // No word to what is no request: two servers could answer each other's refusals for ever.
    if (!packet.ok || packet.value.type !== PACKET_REQUEST || this.running >= MAX_RUNNING) return;
    this.running++;
    // A datagram's worth is never borrowed memory: nothing has to be given back.
    const { pieces } = await answer(packet.value, this.answering);
    this.running--;
    reply(pieces);
  }
}

/** One control socket that takes datagrams by UDP. */
export class UdpServer {
  private readonly socket: Socket;
  private readonly answering: Answering;
  private open = false;

  constructor(host: string, answering: Answering) {
    this.answering = answering;
    this.socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
    const answers = new DatagramAnswers(answering);
    this.socket.on('message', (bytes, from) => {
      void answers.receive(bytes, (pieces) => {
        // The caller may be gone by now, and so may the socket.
        if (this.open) this.socket.send([...pieces], from.port, from.address, () => {});
      });
    });
  }

  /** Port that the system chose. */
  get port(): number {
    return this.open ? this.socket.address().port : 0;
  }

  /** @throws the system's error */
  listen(host: string, port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.socket.once('error', reject);
      this.socket.bind({ port, address: host, exclusive: true }, () => {
        this.open = true;
        this.socket.off('error', reject);
        this.socket.on('error', (error) => this.answering.report('BINRPC_SOCKET_FAILED', error.message));
        resolve();
      });
    });
  }

  close(): void {
    if (this.open) this.socket.close();
    this.open = false;
  }
}

/** One control socket that takes unix datagrams. */
export class UnixDatagramServer {
  readonly port = 0;
  private readonly answers: DatagramAnswers;
  private socket: UnixDatagram | null = null;

  constructor(answering: Answering) {
    this.answers = new DatagramAnswers(answering);
  }

  /** @throws RpcError RPC_DATAGRAM_… */
  async listen(path: string, mode: number, options: UnixDatagramOptions): Promise<void> {
    this.socket = await openUnixDatagram(
      path,
      mode,
      (bytes, from) => {
        if (from === '') return;
        void this.answers.receive(bytes, (pieces) => this.socket?.send(from, Buffer.concat(pieces)));
      },
      options,
    );
  }

  close(): void {
    void this.socket?.close();
    this.socket = null;
  }
}
