import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ParseFailure, ParseLimits } from '../message/parser.ts';
import type { Clock } from '../time/clock.ts';
import type { Connection, ConnectionFacts, ConnectionHost } from './connection.ts';
import { ConnectionTable } from './connection-table.ts';
import type { TransportErrorCode } from './errors.ts';
import { isWildcard } from './ip.ts';
import type { PlannedSocket } from './listen.ts';
import type { TransportLimits, TransportLogger } from './options.ts';
import { countDrop, type TransportStats } from './stats.ts';
import { StreamListener } from './stream-listener.ts';
import { connectTcp } from './tcp.ts';
import type { TlsSettings } from './tls.ts';
import { connectTls } from './tls-connect.ts';
import {
  type ConnectionEnd,
  type Destination,
  type ListenSocket,
  type Proto,
  type Received,
  type SendObserver,
  STREAM_CLOSE,
  STREAM_NO_CONNECT,
} from './transport.ts';
import { connectWebSocket } from './ws.ts';

/** What the streams need from the layer above them. */
export interface StreamHubOptions {
  readonly stats: TransportStats;
  readonly limits: TransportLimits;
  readonly clock: Clock;
  readonly log: TransportLogger;
  readonly crlfPing: boolean;
  readonly tcpKeepalive: boolean;
  readonly parseLimits: ParseLimits;
  readonly tls: TlsSettings | undefined;
  readonly webSocketOnStreams: boolean;
  readonly webSocketOrigins: readonly string[] | undefined;
  readonly reusePort: boolean;
  readonly neverConnect: boolean;
  readonly onHttpRequest:
    | ((request: IncomingMessage, response: ServerResponse, socket: ListenSocket) => void)
    | undefined;
  deliver(raw: string, from: Received): void;
  parseFailed(failure: ParseFailure, from: Received): void;
  connectionClosed(connection: number, from: Received, end: ConnectionEnd): void;
}

/** Codes of connections that a time limit ended. */
const TIMEOUTS: ReadonlySet<TransportErrorCode> = new Set([
  'TRANSPORT_IDLE',
  'TRANSPORT_SEND_TIMEOUT',
  'TRANSPORT_CONNECT_TIMEOUT',
  'TRANSPORT_PARTIAL_TIMEOUT',
]);

function endOf(connection: Connection, code: TransportErrorCode): ConnectionEnd {
  if (!connection.hasOpened) return 'failed';
  if (TIMEOUTS.has(code)) return 'timeout';
  return connection.wasReset ? 'reset' : 'closed';
}

/** Every stream: the listeners, the connections and their time limits. */
export class StreamHub implements ConnectionHost {
  readonly options: StreamHubOptions;
  readonly stats: TransportStats;
  readonly limits: TransportLimits;
  readonly clock: Clock;
  readonly log: TransportLogger;
  readonly crlfPing: boolean;
  readonly table = new ConnectionTable();
  tls: TlsSettings | undefined;
  private readonly listeners: StreamListener[] = [];
  private readonly sweeper: NodeJS.Timeout;
  private nextId = 1;
  private stopping = false;

  constructor(options: StreamHubOptions) {
    this.options = options;
    this.stats = options.stats;
    this.limits = options.limits;
    this.clock = options.clock;
    this.log = options.log;
    this.crlfPing = options.crlfPing;
    this.tls = options.tls;
    this.sweeper = setInterval(() => this.sweep(), options.limits.sweepInterval);
    this.sweeper.unref();
  }

  /** Opens a listening socket. @throws the system's error, or TransportError TRANSPORT_NO_TLS_CERTIFICATE */
  async listen(planned: PlannedSocket, index: number): Promise<StreamListener> {
    const listener = await StreamListener.open(planned, index, this);
    this.listeners.push(listener);
    return listener;
  }

  /** Takes back a listener that {@link listen} opened. */
  async unlisten(listener: StreamListener): Promise<void> {
    const at = this.listeners.indexOf(listener);
    if (at >= 0) this.listeners.splice(at, 1);
    await listener.close();
  }

  /** New certificates and rules for every handshake from now on. @throws TransportError TRANSPORT_NO_TLS_CERTIFICATE */
  reloadTls(settings: TlsSettings): void {
    for (const listener of this.listeners) listener.reloadTls(settings);
    this.tls = settings;
  }

  /** Sends by the connection named, one to that peer, or a new one. @returns null, or why it was refused */
  send(text: string, destination: Destination, observer: SendObserver | null): TransportErrorCode | null {
    const { proto, ip, port, serverName, stream = 0 } = destination;
    const known = destination.connection === 0 ? undefined : this.table.get(destination.connection);
    const connection = known ?? this.table.find(proto, ip, port, serverName) ?? this.connect(destination);
    if (typeof connection === 'string') return connection;
    const refusal = connection.send(text, destination, observer);
    if (refusal === null && (stream & STREAM_CLOSE) !== 0) connection.closeOnceSent();
    return refusal;
  }

  private connect(destination: Destination): Connection | TransportErrorCode {
    const { proto, socket, ip, port, serverName, stream = 0 } = destination;
    if (this.stopping) return 'TRANSPORT_STOPPED';
    if (port === 0 || this.options.neverConnect || (stream & STREAM_NO_CONNECT) !== 0) return 'TRANSPORT_NO_CONNECTION';
    if (!this.hasRoom()) return 'TRANSPORT_TOO_MANY_CONNECTIONS';
    const facts = this.facts(proto, socket, ip, port, false, serverName);
    // The source address is the socket's: a peer that knows us by address must not see another one.
    const localAddress = isWildcard(socket.address) ? undefined : socket.address;
    const connection = this.dial(facts, localAddress);
    if (connection === null) return 'TRANSPORT_NO_SOCKET';
    this.stats.connectionsOpened++;
    this.admit(connection);
    return connection;
  }

  private dial(facts: ConnectionFacts, localAddress: string | undefined): Connection | null {
    const { tls } = this;
    const { parseLimits, tcpKeepalive } = this.options;
    switch (facts.proto) {
      case 'tcp':
        return connectTcp(facts, this, parseLimits, localAddress, tcpKeepalive);
      case 'tls':
        return connectTls(facts, this, parseLimits, localAddress, tcpKeepalive, tls);
      case 'ws':
      case 'wss':
        return connectWebSocket(facts, this, parseLimits, localAddress, tls);
      case 'udp':
        return null;
    }
  }

  /** Facts of a connection that is about to exist, with a number of its own. */
  facts(
    proto: Proto,
    listen: ListenSocket,
    ip: string,
    port: number,
    inbound: boolean,
    serverName = '',
  ): ConnectionFacts {
    return { id: this.nextId++, proto, listen, ip, port, inbound, serverName };
  }

  /** Takes a connection into the table. */
  admit(connection: Connection): void {
    if (connection.state === 'closed') return;
    this.table.add(connection);
    this.stats.connections = this.table.size;
    this.log('debug', 'connection-open', `connection ${connection.id} ${connection.describe()}`);
  }

  /** False when the limit on all connections is reached. */
  hasRoom(): boolean {
    let handshaking = 0;
    for (const listener of this.listeners) handshaking += listener.handshaking;
    return this.table.size + handshaking < this.limits.maxConnections;
  }

  // ConnectionHost

  message(connection: Connection, raw: string): void {
    this.options.deliver(raw, this.receivedBy(connection));
  }

  fatal(connection: Connection, failure: ParseFailure): void {
    this.log(
      'info',
      'TRANSPORT_PROTOCOL_ERROR',
      `connection ${connection.id} ${connection.describe()}: ${failure.reason}`,
    );
    this.options.parseFailed(failure, this.receivedBy(connection));
  }

  closed(connection: Connection, code: TransportErrorCode): void {
    this.table.remove(connection);
    this.stats.connections = this.table.size;
    this.stats.connectionsClosed++;
    this.log('debug', 'connection-closed', `connection ${connection.id} ${connection.describe()}: ${code}`);
    this.options.connectionClosed(connection.id, this.receivedBy(connection), endOf(connection, code));
  }

  /** An accepted socket was turned away before it was a connection. */
  refused(code: TransportErrorCode, ip: string, listen: ListenSocket, detail = ''): void {
    countDrop(this.stats, code);
    this.stats.connectionsFailed++;
    this.log('warn', code, `${listen.proto} client ${ip} at port ${listen.port}${detail === '' ? '' : `: ${detail}`}`);
  }

  private receivedBy(connection: Connection): Received {
    const { listen, ip, port, id } = connection;
    return { socket: listen, ip, port, connection: id, at: Math.floor(this.clock.now()), serial: 0 };
  }

  private sweep(): void {
    const now = this.clock.now();
    for (const listener of this.listeners) listener.sweep(now);
    for (const connection of this.table.values()) connection.sweep(now);
  }

  /** Stops listening, writes what is queued, and closes; whatever is open after `graceMs` is cut. */
  async stop(graceMs: number): Promise<void> {
    this.stopping = true;
    const closing = this.listeners.map((listener) => listener.close());
    for (const connection of this.table.values()) connection.close('TRANSPORT_STOPPED');
    const deadline = performance.now() + graceMs;
    while (this.table.size > 0 && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
    for (const connection of [...this.table.values()]) connection.destroy('TRANSPORT_STOPPED');
    clearInterval(this.sweeper);
    await Promise.all(closing);
  }
}
