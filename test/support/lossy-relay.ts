/** A network between a SIP peer and the server under test that loses packets, the same ones for the same seed, and writes down every one. */
import { createHash } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { freePort } from './ports.ts';
import { SipText } from './sip-text.ts';

/** Which way a datagram goes. */
export type Way = 'to server' | 'to peer';

/** A datagram that came to the relay. */
export interface Passage {
  /** Milliseconds since the relay began. */
  readonly at: number;
  readonly way: Way;
  readonly message: SipText;
  /** True when the relay threw it away. */
  readonly lost: boolean;
}

/** Settings of a relay. */
export interface RelayOptions {
  /** For the log. */
  readonly name: string;
  readonly peerPort: number;
  readonly serverPort: number;
  /** Probability that a datagram is lost, in each direction. */
  readonly loss: number;
  readonly seed: string;
}

/**
 * One leg between a peer and the server, both on 127.0.0.1. The peer sends to `peerSide`, the server to `serverSide`, which is also what the peer
 * has to name in Via and Contact.
 *
 * What is lost hangs on the seed and on what the datagram is (call, direction, kind, which copy of it), not on the order of arrival:
 * a run can be repeated although its calls overlap differently each time.
 */
export class LossyRelay {
  readonly passages: Passage[] = [];
  readonly peerSide: number;
  readonly serverSide: number;
  private readonly options: RelayOptions;
  private readonly began = Date.now();
  private readonly copies = new Map<string, number>();
  private readonly sockets: readonly [Socket, Socket];

  private constructor(options: RelayOptions, peerSide: number, serverSide: number) {
    this.options = options;
    this.peerSide = peerSide;
    this.serverSide = serverSide;
    // A burst must wait here and not be lost unseen.
    const socket = (): Socket => createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
    const near = socket();
    const far = socket();
    far.on('message', (data) => this.pass(data, 'to server', near, options.serverPort));
    near.on('message', (data) => this.pass(data, 'to peer', far, options.peerPort));
    this.sockets = [near, far];
  }

  /** Opens both sides. */
  static async open(options: RelayOptions): Promise<LossyRelay> {
    const relay = new LossyRelay(options, await freePort(), await freePort());
    const [near, far] = relay.sockets;
    near.bind(relay.serverSide, '127.0.0.1');
    far.bind(relay.peerSide, '127.0.0.1');
    await Promise.all([once(near, 'listening'), once(far, 'listening')]);
    return relay;
  }

  /** Share of the datagrams of one direction that was lost. */
  lossRate(way: Way): number {
    const all = this.passages.filter((one) => one.way === way);
    return all.filter((one) => one.lost).length / all.length;
  }

  /** What arrived, one direction. */
  delivered(way: Way): readonly SipText[] {
    return this.passages.filter((one) => one.way === way && !one.lost).map((one) => one.message);
  }

  /** One call's datagrams as lines of a log, with the time at their beginning. */
  trace(callId: string): readonly string[] {
    const { name } = this.options;
    return this.passages
      .filter(({ message }) => message.callId === callId)
      .map(({ at, way, message, lost }) => {
        const time = (at / 1_000).toFixed(3).padStart(8);
        return `${time} ${name} ${way}: ${kindOf(message)}${lost ? ' LOST' : ''}`;
      });
  }

  /** Closes both sides. */
  async close(): Promise<void> {
    await Promise.all(
      this.sockets.map(async (socket) => {
        socket.close();
        await once(socket, 'close');
      }),
    );
  }

  private pass(data: Buffer, way: Way, by: Socket, port: number): void {
    const message = new SipText(data.toString('latin1'));
    const lost = this.isLost(message, way);
    this.passages.push({ at: Date.now() - this.began, way, message, lost });
    if (!lost) by.send(data, port, '127.0.0.1');
  }

  private isLost(message: SipText, way: Way): boolean {
    const { seed, name, loss } = this.options;
    const what = `${seed}|${name}|${way}|${message.callId}|${kindOf(message)}`;
    const copy = (this.copies.get(what) ?? 0) + 1;
    this.copies.set(what, copy);
    return createHash('sha1').update(`${what}|${copy}`).digest().readUInt32BE() / 2 ** 32 < loss;
  }
}

/** Method or status, and CSeq. */
function kindOf(message: SipText): string {
  return `${message.isRequest ? message.method : message.status} (${message.header('CSeq')})`;
}
