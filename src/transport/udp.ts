import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { datagramErrorCode, errorText, type TransportErrorCode } from './errors.ts';
import { listenSocket, type PlannedSocket } from './listen.ts';
import { tellObserver } from './observer.ts';
import type { TransportLogger } from './options.ts';
import { countDrop, type ProtoCounters, type TransportStats } from './stats.ts';
import { isStun, stunAnswer } from './stun.ts';
import type { Destination, ListenSocket, SendObserver } from './transport.ts';

/** What a UDP socket needs from the layer that owns it. */
export interface UdpHost {
  readonly stats: TransportStats;
  readonly log: TransportLogger;
  /** One datagram that may be a SIP message, latin1. */
  datagram(socket: UdpSocket, raw: string, ip: string, port: number): void;
}

export interface UdpSettings {
  /** Kernel buffer sizes in bytes, 0 for the system's default. */
  readonly receiveBuffer: number;
  readonly sendBuffer: number;
  /** Share the port with other processes that ask for it too (SO_REUSEPORT). */
  readonly reusePort: boolean;
}

/** The largest payload of a UDP datagram over IPv4 (RFC 768: 65535 less both headers). */
const MAX_DATAGRAM = 65_507;

/** Bytes that may wait in one socket while the kernel's buffer is full, and from how many unfinished sends on that is looked at. */
const MAX_QUEUE = 16_777_216;
const MANY_UNFINISHED = 1024;

/** Senders whose addresses are remembered; a power of two. */
const KNOWN_ADDRESSES = 256;

/** One bound UDP socket. */
export class UdpSocket {
  readonly listen: ListenSocket;
  private readonly host: UdpHost;
  private readonly socket: Socket;
  private readonly counters: ProtoCounters;
  private readonly addresses: string[] = Array.from({ length: KNOWN_ADDRESSES }, () => '');
  private readonly idleTickets: SendTicket[] = [];
  private unfinished = 0;
  private closed = false;
  /** Datagrams of this turn of the event loop, in order, and their bytes. */
  private outgoing: SendTicket[] = [];
  private outgoingBytes = 0;
  /**
   * Sends them when all datagrams that had arrived are read. A burst wakes the peer once where single sends wake it each time, and the
   * kernel's buffer is emptied before anything is put into the peer's.
   */
  private readonly flush = (): void => {
    const batch = this.outgoing;
    this.outgoing = [];
    this.outgoingBytes = 0;
    for (const ticket of batch) {
      const { destination, text } = ticket;
      ticket.text = '';
      if (destination !== null)
        this.socket.send(Buffer.from(text, 'latin1'), destination.port, destination.ip, ticket.done);
    }
  };

  private constructor(socket: Socket, listen: ListenSocket, host: UdpHost) {
    this.socket = socket;
    this.listen = listen;
    this.host = host;
    this.counters = host.stats.byProto.udp;
    socket.on('message', (data, from) => this.receive(data, from));
    socket.on('error', (error) => host.log('error', datagramErrorCode(error), `udp socket: ${errorText(error)}`));
  }

  /** Binds a socket. @throws the system's error when it cannot be bound */
  static bind(planned: PlannedSocket, index: number, host: UdpHost, settings: UdpSettings): Promise<UdpSocket> {
    const { address, family, port } = planned;
    return new Promise((resolve, reject) => {
      const socket = createSocket({
        type: family === 6 ? 'udp6' : 'udp4',
        ipv6Only: family === 6, // IPv4 has its own sockets: no address ever shows up as ::ffff:…
        ...(settings.reusePort ? { reusePort: true } : {}),
        // Addresses are literals here. Answering at once spares the look-up and a turn of the event loop on every send.
        lookup: (name, _options, done) => done(null, name, family),
        ...(settings.receiveBuffer > 0 ? { recvBufferSize: settings.receiveBuffer } : {}),
        ...(settings.sendBuffer > 0 ? { sendBufferSize: settings.sendBuffer } : {}),
      });
      socket.once('error', reject);
      socket.bind({ address, port, exclusive: true }, () => {
        socket.off('error', reject);
        resolve(new UdpSocket(socket, listenSocket(planned, index, socket.address().port), host));
      });
    });
  }

  /** Sends one datagram, at the end of this turn of the event loop. @returns null, or why it was refused at once */
  send(text: string, destination: Destination, observer: SendObserver | null): TransportErrorCode | null {
    if (this.closed) return 'TRANSPORT_STOPPED';
    if (text.length > MAX_DATAGRAM) return 'TRANSPORT_MESSAGE_TOO_LARGE';
    // dgram throws on port 0.
    if (destination.port <= 0 || destination.port > 65_535) return 'TRANSPORT_SEND_FAILED';
    if (this.unfinished > MANY_UNFINISHED && this.queuedBytes > MAX_QUEUE) return 'TRANSPORT_QUEUE_FULL';
    this.unfinished++;
    const { counters } = this;
    counters.sent++;
    counters.sentBytes += text.length;
    const ticket = this.idleTickets.pop() ?? new SendTicket(this);
    ticket.destination = destination;
    ticket.observer = observer;
    ticket.text = text;
    this.outgoingBytes += text.length;
    if (this.outgoing.push(ticket) === 1) setImmediate(this.flush);
    return null;
  }

  /** Internal: one datagram left, or did not. */
  finished(ticket: SendTicket, error: Error | null): void {
    const { destination, observer } = ticket;
    ticket.destination = null;
    ticket.observer = null;
    this.unfinished--;
    if (this.idleTickets.length < MANY_UNFINISHED) this.idleTickets.push(ticket);
    if (error === null || destination === null) return;
    const code = datagramErrorCode(error);
    this.counters.sendFailures++;
    countDrop(this.host.stats, code);
    this.host.log('warn', code, `udp to ${destination.ip} port ${destination.port}: ${errorText(error)}`);
    tellObserver(observer, code, destination, this.host);
  }

  /** Bytes that wait for the end of this turn, or in the socket because the kernel's buffer is full. */
  get queuedBytes(): number {
    return this.closed ? 0 : this.outgoingBytes + this.socket.getSendQueueSize();
  }

  close(): Promise<void> {
    if (this.closed) return Promise.resolve();
    this.flush();
    this.closed = true;
    return new Promise((resolve) => this.socket.close(() => resolve()));
  }

  private receive(data: Buffer, from: RemoteInfo): void {
    const { counters } = this;
    // Nobody can be answered at port 0; such datagrams are made by hand.
    if (from.port === 0) {
      countDrop(this.host.stats, 'TRANSPORT_PROTOCOL_ERROR');
      return;
    }
    const first = data[0];
    // No SIP message begins with a control character, so one comparison sets keepalives apart.
    if (first === undefined || first <= 0x20) {
      this.receiveOther(data, from);
      return;
    }
    counters.received++;
    counters.receivedBytes += data.length;
    this.host.datagram(this, latin1(data, 0), this.known(from), from.port);
  }

  /** The sender's address, as the text that the last message from this port had: what is kept of messages for seconds then shares one. */
  private known({ address, port }: RemoteInfo): string {
    const place = port & (KNOWN_ADDRESSES - 1);
    const known = this.addresses[place];
    if (known === address) return known;
    this.addresses[place] = address;
    return address;
  }

  /** Keepalives: CRLFs (RFC 5626 §3.5.1 speaks of streams, many phones send them here too), zero bytes, STUN. */
  private receiveOther(data: Buffer, from: RemoteInfo): void {
    const { stats } = this.host;
    if (isStun(data)) {
      stats.keepalives++;
      const answer = stunAnswer(data, from.address, from.port);
      if (answer !== null && !this.closed) this.socket.send(answer, from.port, from.address);
      return;
    }
    let at = 0;
    while (at < data.length && (data[at] as number) <= 0x20 && data[at] !== 0) at++;
    if (at === data.length || data[at] === 0) {
      stats.keepalives++;
      return;
    }
    // Blank lines before the start line are to be ignored (RFC 3261 §7.5).
    this.counters.received++;
    this.counters.receivedBytes += data.length;
    this.host.datagram(this, latin1(data, at), from.address, from.port);
  }
}

/** Who waits for one datagram. Tickets and their callbacks are used again, so that sending makes no closure. */
class SendTicket {
  destination: Destination | null = null;
  observer: SendObserver | null = null;
  text = '';
  readonly done: (error: Error | null) => void;
  constructor(owner: UdpSocket) {
    this.done = (error) => owner.finished(this, error);
  }
}

/** Present on every Buffer, though Node's declarations leave it out; spares the encoding look-up of toString('latin1'). */
interface LatinBuffer extends Buffer {
  latin1Slice(start: number, end: number): string;
}

function latin1(data: Buffer, start: number): string {
  return (data as LatinBuffer).latin1Slice(start, data.length);
}
