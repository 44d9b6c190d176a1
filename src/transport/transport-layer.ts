import type { SipMessage } from '../message/message.ts';
import { DEFAULT_LIMITS, ParseFailure, type ParseLimits, parseMessage } from '../message/parser.ts';
import { type Clock, realClock } from '../time/clock.ts';
import type { Connection, ConnectionState } from './connection.ts';
import { bindErrorCode, errorText, systemCode, TransportError, type TransportErrorCode } from './errors.ts';
import { defaultPort, describeListen, OwnNames, type PlannedSocket, planListen } from './listen.ts';
import { gatedLogger } from './log-gate.ts';
import { MtuFallback, mayMove, moveTopVia } from './mtu.ts';
import { DEFAULT_TRANSPORT_LIMITS, type TransportLogger, type TransportOptions } from './options.ts';
import { SourceAddresses } from './source-address.ts';
import { countDrop, newStats, type TransportStats } from './stats.ts';
import { StreamHub } from './stream-hub.ts';
import type { TlsSettings } from './tls.ts';
import type {
  ConnectionEnd,
  Destination,
  ListenSocket,
  Proto,
  Received,
  SendObserver,
  TransportSender,
  TransportUser,
} from './transport.ts';
import { type UdpHost, UdpSocket } from './udp.ts';

/** One connection as operators see it. */
export interface ConnectionInfo {
  readonly id: number;
  readonly proto: Proto;
  readonly state: ConnectionState;
  readonly inbound: boolean;
  readonly ip: string;
  readonly port: number;
  readonly listen: ListenSocket;
  readonly aliasPorts: readonly number[];
  readonly queuedBytes: number;
  /** Milliseconds since it was opened, and since it was last used. */
  readonly age: number;
  readonly idle: number;
}

/** Asked of the kernel, which grants what its own limit (net.core.rmem_max) allows: a burst of calls must fit while a turn of the loop runs. */
const UDP_BUFFER = 4_194_304;

/** Every socket of the server: listens, receives and parses, sends, and knows its own names. */
export class TransportLayer implements TransportSender, UdpHost {
  readonly stats: TransportStats = newStats();
  readonly log: TransportLogger;
  private readonly options: TransportOptions;
  private readonly clock: Clock;
  private readonly parseLimits: ParseLimits;
  private readonly streams: StreamHub;
  private readonly names = new OwnNames();
  private readonly sources: SourceAddresses | null;
  private readonly list: ListenSocket[] = [];
  private readonly udpByIndex: (UdpSocket | undefined)[] = [];
  private user: TransportUser | null = null;
  private stopped = false;
  private refusal: TransportErrorCode | '' = '';

  constructor(options: TransportOptions) {
    this.options = options;
    this.clock = options.clock ?? realClock;
    this.sources = options.multihomed === true ? new SourceAddresses(this.clock) : null;
    this.log = options.log === undefined ? () => {} : gatedLogger(options.log, this.clock);
    this.parseLimits = options.parseLimits ?? DEFAULT_LIMITS;
    this.streams = new StreamHub({
      stats: this.stats,
      limits: { ...DEFAULT_TRANSPORT_LIMITS, ...options.limits },
      clock: this.clock,
      log: this.log,
      crlfPing: options.crlfPing ?? true,
      tcpKeepalive: options.tcpKeepalive ?? true,
      parseLimits: this.parseLimits,
      tls: options.tls,
      webSocketOnStreams: options.webSocketOnStreams ?? false,
      webSocketOrigins: options.webSocketOrigins,
      reusePort: options.reusePort ?? false,
      neverConnect: options.neverConnect ?? false,
      onHttpRequest: options.onHttpRequest,
      deliver: (raw, from) => this.deliver(raw, from),
      parseFailed: (failure, from) => this.parseFailed(failure, from),
      connectionClosed: (connection, from, end) => this.connectionClosed(connection, from, end),
    });
    for (const alias of options.aliases ?? []) this.addAlias(alias.host, alias.port, alias.proto);
  }

  /** Our sockets, in the order of the listen lines; each one's `index` is its place here. */
  get sockets(): readonly ListenSocket[] {
    return this.list;
  }

  /** Why the last {@link send} that returned false did so; empty when none did. */
  get lastRefusal(): TransportErrorCode | '' {
    return this.refusal;
  }

  /**
   * Opens every listen line and begins to receive. When one cannot be opened, all are closed again.
   * @throws TransportError TRANSPORT_ADDRESS_IN_USE, TRANSPORT_PERMISSION, TRANSPORT_ADDRESS_NOT_AVAILABLE, TRANSPORT_BIND_FAILED,
   *   TRANSPORT_LISTEN_INVALID, TRANSPORT_NO_TLS_CERTIFICATE
   */
  async start(user: TransportUser): Promise<void> {
    this.user = user;
    const { options } = this;
    const defaults = {
      port: options.defaultPort ?? 5060,
      tlsPort: options.defaultTlsPort ?? 5061,
      tcp: options.enableTcp ?? true,
      tls: options.enableTls ?? false,
    };
    try {
      for (const spec of options.listen) {
        for (const planned of await planListen(spec, defaults)) await this.open(planned);
      }
    } catch (error) {
      await this.stop(0);
      throw error;
    }
  }

  private async open(planned: PlannedSocket): Promise<void> {
    const index = this.list.length;
    try {
      if (planned.proto === 'udp') {
        const {
          udpReceiveBuffer: receiveBuffer = UDP_BUFFER,
          udpSendBuffer: sendBuffer = UDP_BUFFER,
          reusePort = false,
        } = this.options;
        const socket = await UdpSocket.bind(planned, index, this, { receiveBuffer, sendBuffer, reusePort });
        this.udpByIndex[index] = socket;
        this.enter(socket.listen, planned);
        return;
      }
      const listener = await this.openStream(planned, index);
      this.enter(listener.listen, planned);
      if (listener.webSocketListen !== null) this.enter(listener.webSocketListen, planned);
    } catch (error) {
      if (error instanceof TransportError) throw error;
      const what = describeListen(planned.spec, planned.proto, planned.port);
      throw new TransportError(bindErrorCode(error), `${what}: ${errorText(error)}`, error);
    }
  }

  private async openStream(planned: PlannedSocket, index: number) {
    if (!planned.followsUdp) return this.streams.listen(planned, index);
    // A line with port 0 and no protocol gets one port for UDP and TCP, unless another process was faster.
    const udp = this.list.findLast((socket) => socket.proto === 'udp' && socket.address === planned.address);
    try {
      return await this.streams.listen({ ...planned, port: udp?.port ?? 0 }, index);
    } catch (error) {
      if (systemCode(error) !== 'EADDRINUSE') throw error;
      return this.streams.listen(planned, index);
    }
  }

  private enter(socket: ListenSocket, planned: PlannedSocket): void {
    this.list.push(socket);
    this.names.addSocket(socket, planned.spec);
    this.log('info', 'listening', `${socket.proto} ${socket.address} port ${socket.port}`);
  }

  /**
   * Stops listening, writes what is queued, closes.
   * @param graceMs milliseconds that connections may take to write what is queued; the rest is cut
   */
  async stop(graceMs: number): Promise<void> {
    if (this.stopped) return;
    this.stopped = true;
    await this.streams.stop(graceMs);
    // A datagram is only kept when the kernel's buffer was full; one short wait lets it go.
    const deadline = performance.now() + Math.min(graceMs, 100);
    while (this.udpByIndex.some((s) => (s?.queuedBytes ?? 0) > 0) && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await Promise.all(this.udpByIndex.map((socket) => socket?.close()));
  }

  // Sending

  send(text: string, destination: Destination, observer: SendObserver | null): boolean {
    if (this.stopped) return this.refuse('TRANSPORT_STOPPED');
    if (destination.proto !== 'udp') {
      const code = this.streams.send(text, destination, observer);
      return code === null || this.refuse(code);
    }
    const { udpMtu = 0 } = this.options;
    if (
      udpMtu > 0 &&
      text.length > udpMtu &&
      destination.anySize !== true &&
      this.sendByStream(text, destination, observer)
    )
      return true;
    return this.sendDatagram(text, destination, observer);
  }

  /** Internal: UDP without a look at the size. */
  sendDatagram(text: string, destination: Destination, observer: SendObserver | null): boolean {
    const { index } = destination.socket;
    const udp = this.udpByIndex[index];
    if (udp === undefined || udp.listen !== destination.socket) return this.refuse('TRANSPORT_NO_SOCKET');
    const code = udp.send(text, destination, observer);
    return code === null || this.refuse(code);
  }

  /**
   * The destination by which a request of this size should go: the same one, or the stream transport of udpMtuTryProto when the
   * request is too large for UDP (RFC 3261 §18.1.1). Who asks before writing the Via gets the right Via and stream timers at once; `send`
   * itself repairs the Via of a request whose sender did not ask.
   * @param size bytes of the whole request
   */
  fitTransport(destination: Destination, size: number): Destination {
    const { udpMtu = 0, udpMtuTryProto = 'tcp' } = this.options;
    if (destination.proto !== 'udp' || udpMtu === 0 || size <= udpMtu || destination.anySize === true)
      return destination;
    const proto = destination.largeBy ?? udpMtuTryProto;
    const socket = proto === 'udp' ? null : this.socketFor(proto, destination.socket.family, destination.socket);
    return socket === null ? destination : { ...destination, socket, proto };
  }

  private sendByStream(text: string, destination: Destination, observer: SendObserver | null): boolean {
    const fitting = this.fitTransport(destination, text.length);
    if (fitting === destination || !mayMove(text)) return false;
    const moved = moveTopVia(text, destination.socket, fitting.socket);
    if (moved === null) return false;
    const fallback = new MtuFallback(text, destination, observer, this);
    return this.streams.send(moved, fitting, fallback) === null;
  }

  private refuse(code: TransportErrorCode): false {
    this.refusal = code;
    countDrop(this.stats, code);
    return false;
  }

  socketFor(proto: Proto, family: 4 | 6, preferred: ListenSocket | null): ListenSocket | null {
    if (preferred !== null && preferred.proto === proto && preferred.family === family) return preferred;
    let first: ListenSocket | null = null;
    for (const socket of this.list) {
      if (socket.proto !== proto || socket.family !== family) continue;
      // The same address by another protocol is the next best to the preferred socket.
      if (preferred === null || socket.address === preferred.address) return socket;
      first ??= socket;
    }
    return first;
  }

  socketTowards(proto: Proto, ip: string): ListenSocket | null {
    const address = this.sources?.towards(ip) ?? null;
    if (address === null) return null;
    return this.list.find((socket) => socket.proto === proto && socket.address === address) ?? null;
  }

  // Names

  isMyself(host: string, port: number, proto?: Proto): boolean {
    return this.names.has(host, port, proto);
  }

  /** Adds a name of this server; without a port it matches every port. */
  addAlias(host: string, port?: number, proto?: Proto): void {
    this.names.add(host, port ?? 0, proto ?? null);
  }

  addSubdomains(domain: string, port: number, proto: Proto | null): void {
    this.names.addSubdomains(domain, port, proto);
  }

  addNames(test: (host: string) => boolean): () => void {
    return this.names.addTest(test);
  }

  // Connections

  /** Every stream connection, for operators. */
  connections(): ConnectionInfo[] {
    const now = this.clock.now();
    return Array.from(this.streams.table.values(), (connection) => describeConnection(connection, now));
  }

  /** Lets a connection serve a further port of its peer (force_tcp_alias). @returns false when there is none or the port is taken */
  addConnectionAlias(connection: number, port: number): boolean {
    return this.streams.table.addAlias(connection, port);
  }

  /** Sets how many milliseconds a connection may stay idle. @returns false when it is closed */
  setConnectionLifetime(connection: number, lifetime: number): boolean {
    const found = this.streams.table.get(connection);
    if (found !== undefined) found.lifetime = lifetime;
    return found !== undefined;
  }

  connectionTo({ proto, ip, port, serverName }: Destination): number {
    return this.streams.table.find(proto, ip, port, serverName)?.id ?? 0;
  }

  pingConnection(connection: number): boolean {
    return this.streams.table.get(connection)?.ping() === true;
  }

  connectionPongs(connection: number): number {
    return this.streams.table.get(connection)?.pongs ?? -1;
  }

  /** Closes a connection, after what is queued has been written. @returns false when it is closed already */
  closeConnection(connection: number): boolean {
    const found = this.streams.table.get(connection);
    found?.close('TRANSPORT_CONNECTION_CLOSED');
    return found !== undefined;
  }

  /** True when the peer of a connection has shown a certificate that our authorities vouch for (not known of WebSocket connections). */
  peerVerified(connection: number): boolean {
    return this.streams.table.get(connection)?.peerVerified === true;
  }

  /**
   * Takes new TLS settings (tls.reload): certificates, authorities and rules hold for every handshake from now on; open connections stay.
   * Whether clients are asked for a certificate at all is settled at start.
   * @throws TransportError TRANSPORT_NO_TLS_CERTIFICATE; the old settings stay
   */
  reloadTls(settings: TlsSettings): void {
    this.streams.reloadTls(settings);
  }

  // Receiving

  /** Internal: from a UDP socket. */
  datagram(socket: UdpSocket, raw: string, ip: string, port: number): void {
    this.deliver(raw, { socket: socket.listen, ip, port, connection: 0, at: Math.floor(this.clock.now()), serial: 0 });
  }

  /** One message: what it sets off at once happens at one time. */
  private deliver(raw: string, from: Received): void {
    if (this.stopped) return;
    const stopped = this.clock.standStill?.() === true;
    try {
      this.handle(raw, from);
    } finally {
      if (stopped) this.clock.goOn?.();
    }
  }

  private handle(raw: string, from: Received): void {
    const parsed = parseMessage(raw, this.parseLimits);
    if (parsed instanceof ParseFailure) {
      this.parseFailed(parsed, from);
      return;
    }
    if (this.options.acceptAliases === true && from.connection !== 0) this.acceptAlias(parsed, from);
    try {
      this.user?.onMessage(parsed, from);
    } catch (error) {
      this.handlerFailed(`message from ${from.ip} port ${from.port}`, error);
    }
  }

  /** RFC 5923 §4: the sender of this request is to be reached by this connection at the address of its Via. */
  private acceptAlias(message: SipMessage, from: Received): void {
    const via = message.isRequest ? message.topVia : null;
    if (via === null || !/;[ \t]*alias[ \t]*(?:[;=]|$)/i.test(via.params)) return;
    this.addConnectionAlias(from.connection, via.port === 0 ? defaultPort(from.socket.proto) : via.port);
  }

  private connectionClosed(connection: number, from: Received, end: ConnectionEnd): void {
    try {
      this.user?.onConnectionClosed?.(connection, from, end);
    } catch (error) {
      this.handlerFailed(`connection ${connection}`, error);
    }
  }

  private parseFailed(failure: ParseFailure, from: Received): void {
    this.stats.parseFailures++;
    countDrop(this.stats, failure.code);
    try {
      this.user?.onParseFailure(failure, from);
    } catch (error) {
      this.handlerFailed(`message from ${from.ip} port ${from.port}`, error);
    }
  }

  /** One message that trips the code above must not end the server, nor the other messages of its connection. */
  private handlerFailed(what: string, error: unknown): void {
    this.stats.handlerFailures++;
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.log('error', 'TRANSPORT_HANDLER_FAILED', `${what}: ${text}`);
  }
}

function describeConnection(connection: Connection, now: number): ConnectionInfo {
  const { id, proto, state, inbound, ip, port, listen, aliasPorts, queuedBytes, openedAt, lastUsed } = connection;
  const age = Math.round(now - openedAt);
  const idle = Math.round(now - lastUsed);
  return { id, proto, state, inbound, ip, port, listen, aliasPorts: [...aliasPorts], queuedBytes, age, idle };
}
