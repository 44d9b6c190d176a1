import { connect, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { StreamFramer } from '../message/framer.ts';
import type { ParseLimits } from '../message/parser.ts';
import { Connection, type ConnectionFacts, type ConnectionHost } from './connection.ts';
import { errorText, streamErrorCode, systemCode } from './errors.ts';

/** A TCP or TLS flow: bytes in, messages out by Content-Length (RFC 3261 §18.3). */
export class StreamConnection extends Connection {
  private readonly socket: Socket;
  private readonly framer: StreamFramer;
  private failure: Error | null = null;

  /**
   * @param socket already connected when the facts say inbound; else `readyEvent` tells when it is
   * @param readyEvent 'connect' for TCP, 'secureConnect' for TLS
   */
  constructor(
    facts: ConnectionFacts,
    host: ConnectionHost,
    socket: Socket,
    limits: ParseLimits,
    readyEvent: 'connect' | 'secureConnect' = 'connect',
  ) {
    super(facts, host);
    this.socket = socket;
    this.framer = new StreamFramer({ limits });
    socket.on('error', (error) => this.failed(error));
    socket.on('close', () => this.gone());
    if (facts.inbound) this.opened();
    else socket.once(readyEvent, () => this.opened());
  }

  /** Starts reading. Separate from the constructor: nothing may arrive before the connection is in the table. */
  start(): void {
    this.socket.on('data', (chunk: Buffer) => this.feed(chunk));
  }

  override get peerVerified(): boolean {
    return this.socket instanceof TLSSocket && this.socket.authorized;
  }

  override get wasReset(): boolean {
    return this.failure !== null && systemCode(this.failure) !== 'ETIMEDOUT';
  }

  protected override write(text: string, done: (error?: Error | null) => void): void {
    this.socket.write(text, 'latin1', done);
  }

  protected override endSocket(): void {
    this.socket.end();
  }

  protected override destroySocket(): void {
    this.socket.destroy();
  }

  private get reading(): boolean {
    return this.state === 'open';
  }

  private feed(chunk: Buffer): void {
    if (!this.reading) return; // what comes after a fatal error, or while we close, is not read
    const wasPartial = this.framer.buffered > 0;
    let complete = false;
    for (const event of this.framer.push(chunk)) {
      switch (event.kind) {
        case 'message':
          complete = true;
          this.received(event.raw);
          break;
        case 'ping':
        case 'pong':
          this.keepalive(event.kind === 'ping');
          break;
        case 'error':
          this.broken(event.failure);
          break;
      }
      if (!this.reading) return;
    }
    if (this.framer.buffered === 0) this.partialSince = 0;
    // A message's time begins with its own first byte, not with that of the one before it.
    else if (!wasPartial || complete) this.partialSince = this.host.clock.now();
  }

  private failed(error: Error): void {
    this.failure = error;
    const code = streamErrorCode(error, this.state !== 'connecting');
    const level = this.state === 'connecting' ? 'warn' : 'debug';
    this.host.log(level, code, `connection ${this.id} ${this.describe()}: ${errorText(error)}`);
  }

  private gone(): void {
    const wasOpen = this.state !== 'connecting';
    if (!wasOpen) this.host.stats.connectionsFailed++;
    this.finish(this.failure === null ? 'TRANSPORT_CONNECTION_CLOSED' : streamErrorCode(this.failure, wasOpen));
  }
}

/** Opens a TCP connection; it can be sent to at once, its queue waits for the connection. */
export function connectTcp(
  facts: ConnectionFacts,
  host: ConnectionHost,
  limits: ParseLimits,
  localAddress: string | undefined,
  keepAlive: boolean,
): StreamConnection {
  const socket = connect({
    host: facts.ip,
    port: facts.port,
    noDelay: true,
    keepAlive,
    keepAliveInitialDelay: 60_000,
    ...(localAddress === undefined ? {} : { localAddress }),
  });
  const connection = new StreamConnection(facts, host, socket, limits);
  connection.start();
  return connection;
}
