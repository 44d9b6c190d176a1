import { isUtf8 } from 'node:buffer';
import { WebSocket, WebSocketServer } from 'ws';
import type { ParseLimits } from '../message/parser.ts';
import { Connection, type ConnectionFacts, type ConnectionHost } from './connection.ts';
import { errorText, streamErrorCode, type TransportErrorCode } from './errors.ts';
import { bracket } from './ip.ts';
import { type TlsSettings, tlsClientOptions } from './tls.ts';

/** RFC 7118 §4.1: the subprotocol that both sides must agree on. */
const SUBPROTOCOL = 'sip';

/** A WebSocket flow: one frame sequence is one message (RFC 7118 §5.1), there is nothing to cut. */
export class WebSocketConnection extends Connection {
  private readonly ws: WebSocket;
  private failure: TransportErrorCode | null = null;

  /** @param ws open already when the facts say inbound */
  constructor(facts: ConnectionFacts, host: ConnectionHost, ws: WebSocket) {
    super(facts, host);
    this.ws = ws;
    ws.on('error', (error) => this.failed(error));
    ws.on('close', () => this.gone());
    if (facts.inbound) this.opened();
    else ws.once('open', () => this.opened());
  }

  /** Starts reading. Separate from the constructor: nothing may arrive before the connection is in the table. */
  start(): void {
    this.ws.on('message', (data: Buffer) => this.frame(data));
    // RFC 7118 §6: WebSocket pings are the keepalive; the library answers them.
    this.ws.on('ping', () => this.keepalive(false));
    this.ws.on('pong', () => this.keepalive(false));
  }

  override get wasReset(): boolean {
    return this.failure !== null;
  }

  override ping(): boolean {
    const open = this.state === 'open';
    if (open) this.ws.ping();
    return open;
  }

  protected override write(text: string, done: (error?: Error | null) => void): void {
    const data = Buffer.from(text, 'latin1');
    // A text frame has to be UTF-8 (RFC 6455 §5.6), a SIP body need not be.
    this.ws.send(data, { binary: !isUtf8(data) }, done);
  }

  protected override endSocket(): void {
    this.ws.close(1000);
  }

  protected override destroySocket(): void {
    this.ws.terminate();
  }

  private frame(data: Buffer): void {
    if (this.state !== 'open') return;
    const raw = data.toString('latin1');
    // Some clients send the CRLF keepalive of RFC 5626 here too.
    if (raw === '\r\n\r\n' || raw === '\r\n' || raw === '') this.keepalive(raw.length === 4);
    else this.received(raw);
  }

  private failed(error: Error): void {
    const wasOpen = this.state !== 'connecting';
    this.failure = streamErrorCode(error, wasOpen);
    this.host.log(
      wasOpen ? 'debug' : 'warn',
      this.failure,
      `connection ${this.id} ${this.describe()}: ${errorText(error)}`,
    );
  }

  private gone(): void {
    if (this.state === 'connecting') this.host.stats.connectionsFailed++;
    this.finish(this.failure ?? 'TRANSPORT_CONNECTION_CLOSED');
  }
}

/**
 * A WebSocket server without a socket of its own: upgrades are handed to it.
 * @param maxMessage bytes of the largest message
 */
export function webSocketServer(maxMessage: number): WebSocketServer {
  return new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: maxMessage,
    perMessageDeflate: false, // costs 300 kB a connection and gains little on messages of 1 kB
    skipUTF8Validation: true, // bytes pass through as they are
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  });
}

/** Opens a WebSocket connection to another server. */
export function connectWebSocket(
  facts: ConnectionFacts,
  host: ConnectionHost,
  limits: ParseLimits,
  localAddress: string | undefined,
  tls: TlsSettings | undefined,
): WebSocketConnection {
  const { proto, ip, port, serverName } = facts;
  const ws = new WebSocket(`${proto}://${bracket(ip)}:${port}/`, SUBPROTOCOL, {
    perMessageDeflate: false,
    skipUTF8Validation: true,
    maxPayload: limits.maxMessage,
    handshakeTimeout: host.limits.connectTimeout,
    ...(serverName === '' ? {} : { headers: { Host: `${serverName}:${port}` } }),
    ...(localAddress === undefined ? {} : { localAddress }),
    ...(proto === 'wss' ? tlsClientOptions(tls, serverName, ip) : {}),
  });
  const connection = new WebSocketConnection(facts, host, ws);
  connection.start();
  return connection;
}
