import {
  createServer as createHttpServer,
  type Server as HttpServer,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls';
import type { WebSocketServer } from 'ws';
import { looksLikeHttp } from '../message/framer.ts';
import { errorText, systemCode, type TransportErrorCode } from './errors.ts';
import { listenSocket, type PlannedSocket } from './listen.ts';
import type { StreamHub } from './stream-hub.ts';
import { StreamConnection } from './tcp.ts';
import {
  clientVerdict,
  ServerCertificates,
  serverContextOptions,
  settingsOfSocket,
  type TlsSettings,
  tlsServerOptions,
} from './tls.ts';
import type { ListenSocket, Proto } from './transport.ts';
import { WebSocketConnection, webSocketServer } from './ws.ts';

/** Milliseconds that an HTTP request on a SIP port may take to be answered. */
const HTTP_TIME = 60_000;

/**
 * One listening stream socket. A plain acceptor stands in front of every protocol, so that the limits on connections hold before a TLS
 * handshake or an HTTP request costs anything; what comes after it is handed on: TLS, then HTTP for WebSocket, then SIP.
 */
export class StreamListener {
  readonly listen: ListenSocket;
  /** For WebSocket clients of a tcp or tls socket: the same address, as a socket of protocol ws or wss. */
  readonly webSocketListen: ListenSocket | null;
  private readonly hub: StreamHub;
  private readonly acceptor: Server;
  private readonly tls: TlsServer | null;
  private readonly certificates: ServerCertificates;
  private readonly http: HttpServer | null;
  private readonly webSockets: WebSocketServer | null;
  /** Accepted sockets that are no connection yet, by the peer's address and port: TLS and HTTP give back other objects than went in. */
  private readonly pending = new Map<string, Pending>();
  private readonly pendingByIp = new Map<string, number>();

  private constructor(
    acceptor: Server,
    tls: TlsServer | null,
    certificates: ServerCertificates,
    planned: PlannedSocket,
    index: number,
    hub: StreamHub,
  ) {
    this.hub = hub;
    this.acceptor = acceptor;
    this.certificates = certificates;
    const bound = acceptor.address();
    const port = typeof bound === 'object' && bound !== null ? bound.port : planned.port;
    this.listen = listenSocket(planned, index, port);
    const { proto } = this.listen;
    const isWeb = proto === 'ws' || proto === 'wss';
    const { webSocketOnStreams, onHttpRequest, parseLimits } = hub.options;
    this.webSocketListen =
      !isWeb && webSocketOnStreams ? listenSocket(planned, index + 1, port, proto === 'tls' ? 'wss' : 'ws') : null;
    acceptor.on('connection', (socket: Socket) => this.accept(socket));
    acceptor.on('error', (error) => hub.log('error', 'TRANSPORT_BIND_FAILED', errorText(error)));
    this.tls = tls;
    tls?.on('secureConnection', (socket) => this.secured(socket));
    tls?.on('tlsClientError', (error, socket) => this.handshakeFailed(error, socket));
    if (isWeb || webSocketOnStreams || onHttpRequest !== undefined) {
      this.webSockets = webSocketServer(parseLimits.maxMessage);
      this.http = createHttpServer();
      this.http.on('upgrade', (request, socket, head) => this.upgrade(request, socket, head));
      this.http.on('request', (request, response) => this.answerHttp(request, response));
    } else {
      this.webSockets = null;
      this.http = null;
    }
  }

  /** Binds and listens. @throws the system's error, or TransportError TRANSPORT_NO_TLS_CERTIFICATE */
  static open(planned: PlannedSocket, index: number, hub: StreamHub): Promise<StreamListener> {
    const { proto, address, family, port } = planned;
    return new Promise((resolve, reject) => {
      const secure = proto === 'tls' || proto === 'wss';
      const certificates = new ServerCertificates();
      const settings = settingsOfSocket(hub.tls, address, port);
      const options = secure ? tlsServerOptions(settings, certificates, hub.limits.handshakeTimeout) : null;
      const tls = options === null ? null : createTlsServer(options);
      const acceptor = createServer({
        noDelay: true,
        keepAlive: hub.options.tcpKeepalive,
        keepAliveInitialDelay: 60_000,
      });
      const reuse = hub.options.reusePort ? { reusePort: true } : {};
      acceptor.once('error', reject);
      acceptor.listen({ host: address, port, ipv6Only: family === 6, exclusive: true, backlog: 1024, ...reuse }, () => {
        acceptor.off('error', reject);
        resolve(new StreamListener(acceptor, tls, certificates, planned, index, hub));
      });
    });
  }

  /** New certificates for the handshakes to come. @throws TransportError TRANSPORT_NO_TLS_CERTIFICATE */
  reloadTls(settings: TlsSettings): void {
    if (this.tls === null) return;
    const own = settingsOfSocket(settings, this.listen.address, this.listen.port) ?? settings;
    const options = serverContextOptions(own);
    this.certificates.load(own);
    this.tls.setSecureContext(options);
  }

  /** Sockets that were accepted and are no connection yet. */
  get handshaking(): number {
    return this.pending.size;
  }

  /** Cuts off who does not get through a handshake or an upgrade. */
  sweep(now: number): void {
    for (const { socket, deadline, ip } of this.pending.values()) {
      if (now <= deadline) continue;
      this.settled(socket);
      this.hub.refused(this.tls === null ? 'TRANSPORT_PARTIAL_TIMEOUT' : 'TLS_HANDSHAKE_TIMEOUT', ip, this.listen);
      socket.destroy();
    }
  }

  /** Stops accepting; connections that are open stay. */
  close(): Promise<void> {
    for (const { socket } of this.pending.values()) socket.destroy();
    this.http?.closeAllConnections();
    return new Promise((resolve) => this.acceptor.close(() => resolve()));
  }

  private accept(socket: Socket): void {
    const { hub, listen } = this;
    const ip = socket.remoteAddress;
    if (ip === undefined) {
      socket.destroy(); // gone again already
      return;
    }
    const fromIp = hub.table.inboundFrom(ip) + (this.pendingByIp.get(ip) ?? 0);
    const code: TransportErrorCode | null = !hub.hasRoom()
      ? 'TRANSPORT_TOO_MANY_CONNECTIONS'
      : fromIp >= hub.limits.maxConnectionsPerIp
        ? 'TRANSPORT_TOO_MANY_FROM_PEER'
        : null;
    if (code !== null) {
      hub.refused(code, ip, listen);
      socket.destroy();
      return;
    }
    hub.stats.connectionsAccepted++;
    if (this.tls !== null) {
      this.await(socket, ip);
      this.tls.emit('connection', socket);
    } else {
      this.plain(socket, ip);
    }
  }

  /** The bytes of SIP or HTTP begin here, TLS or not. */
  private plain(socket: Socket, ip: string): void {
    const { proto } = this.listen;
    if (proto === 'ws' || proto === 'wss') {
      this.await(socket, ip);
      this.http?.emit('connection', socket);
    } else if (this.http !== null) {
      this.await(socket, ip);
      socket.once('data', (first: Buffer) => {
        socket.pause();
        socket.unshift(first);
        if (looksLikeHttp(first.toString('latin1', 0, 4096))) {
          this.http?.emit('connection', socket);
        } else {
          this.settled(socket);
          this.sip(socket, ip);
        }
        socket.resume();
      });
    } else {
      this.sip(socket, ip);
    }
  }

  private sip(socket: Socket, ip: string): void {
    const { hub, listen } = this;
    const facts = hub.facts(listen.proto, listen, ip, socket.remotePort ?? 0, true);
    const connection = new StreamConnection(facts, hub, socket, hub.options.parseLimits);
    hub.admit(connection);
    connection.start();
  }

  private secured(socket: TLSSocket): void {
    const { hub, listen } = this;
    const ip = socket.remoteAddress ?? '';
    const settings = settingsOfSocket(hub.tls, listen.address, listen.port);
    const code = settings === undefined ? null : clientVerdict(settings, socket);
    if (code !== null) {
      const detail = code === 'TLS_CLIENT_CERTIFICATE_INVALID' ? errorText(socket.authorizationError) : '';
      hub.refused(code, ip, listen, detail);
      this.settled(socket);
      socket.destroy();
      return;
    }
    this.settled(socket);
    this.plain(socket, ip);
  }

  private handshakeFailed(error: Error, socket: TLSSocket): void {
    this.settled(socket);
    const code = systemCode(error) === 'ERR_TLS_HANDSHAKE_TIMEOUT' ? 'TLS_HANDSHAKE_TIMEOUT' : 'TLS_HANDSHAKE_FAILED';
    this.hub.refused(code, socket.remoteAddress ?? '', this.listen, errorText(error));
    socket.destroy(); // after a timeout Node leaves that to us
  }

  /** The socket stays among the pending ones, which bounds its time; one request a connection is enough on a SIP port. */
  private answerHttp(request: IncomingMessage, response: ServerResponse): void {
    const { hub, listen } = this;
    const raw = request.socket;
    const entry = this.pending.get(peerKey(raw));
    if (entry !== undefined) entry.deadline = hub.clock.now() + HTTP_TIME;
    response.setHeader('Connection', 'close');
    const { onHttpRequest } = hub.options;
    if (onHttpRequest !== undefined) {
      onHttpRequest(request, response, listen);
      return;
    }
    hub.refused('TRANSPORT_WEBSOCKET_PROTOCOL', raw.remoteAddress ?? '', listen, `${request.method} without upgrade`);
    response.writeHead(426, { Upgrade: 'websocket', Connection: 'Upgrade, close' }).end();
  }

  private upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { hub, webSockets } = this;
    const raw = request.socket;
    const ip = raw.remoteAddress ?? '';
    const listen = this.webSocketListen ?? this.listen;
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
    const proto: Proto = listen.proto;
    const refuse = (status: string, why: string): void => {
      hub.refused('TRANSPORT_WEBSOCKET_PROTOCOL', ip, listen, why);
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    };
    const { origin } = request.headers;
    const { webSocketOrigins } = hub.options;
    if (webSocketOrigins !== undefined && origin !== undefined && !webSocketOrigins.includes(origin)) {
      refuse('403 Forbidden', `origin ${origin}`);
      return;
    }
    if (webSockets === null || (proto !== 'ws' && proto !== 'wss') || !offered.includes('sip')) {
      refuse('400 Bad Request', 'subprotocol "sip" was not offered');
      return;
    }
    webSockets.handleUpgrade(request, socket, head, (ws) => {
      this.settled(raw);
      const facts = hub.facts(proto, listen, ip, raw.remotePort ?? 0, true);
      const connection = new WebSocketConnection(facts, hub, ws);
      hub.admit(connection);
      connection.start();
    });
  }

  /** Counts a socket as on its way to a connection; it has handshakeTimeout for it. */
  private await(socket: Socket, ip: string): void {
    const key = peerKey(socket);
    if (!this.pending.has(key)) this.pendingByIp.set(ip, (this.pendingByIp.get(ip) ?? 0) + 1);
    this.pending.set(key, { socket, deadline: this.hub.clock.now() + this.hub.limits.handshakeTimeout, ip, key });
    socket.once('close', () => {
      // Its address is forgotten when it is closed, so the key is kept.
      if (this.pending.get(key)?.socket === socket) this.drop(key, ip);
    });
    socket.on('error', ignore);
  }

  private settled(socket: Socket): void {
    const found = this.pending.get(peerKey(socket));
    if (found !== undefined) this.drop(found.key, found.ip);
  }

  private drop(key: string, ip: string): void {
    this.pending.delete(key);
    const rest = (this.pendingByIp.get(ip) ?? 1) - 1;
    if (rest > 0) this.pendingByIp.set(ip, rest);
    else this.pendingByIp.delete(ip);
  }
}

interface Pending {
  readonly socket: Socket;
  /** When it is cut off, milliseconds of the clock. */
  deadline: number;
  readonly ip: string;
  readonly key: string;
}

function peerKey(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`;
}

/** A socket that dies during its handshake is counted by its 'close'; the error itself says nothing more. */
function ignore(): void {}
