import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ParseLimits } from '../message/parser.ts';
import type { Clock } from '../time/clock.ts';
import type { AliasSpec, ListenSpec } from './listen.ts';
import type { TlsSettings } from './tls.ts';
import type { ListenSocket } from './transport.ts';

/** Bounds that keep one peer from holding what others need. Times in milliseconds. */
export interface TransportLimits {
  /** Open stream connections of all peers (tcp_max_connections). */
  readonly maxConnections: number;
  /** Open inbound stream connections of one IP address (tcp_accept_iplimit). */
  readonly maxConnectionsPerIp: number;
  /** An idle connection is closed after this (tcp_connection_lifetime). */
  readonly connectionLifetime: number;
  readonly connectTimeout: number;
  /** A peer that takes no byte for this long is cut off (tcp_send_timeout). */
  readonly sendTimeout: number;
  /** A message that was begun has to be complete within this (tcp_msg_read_timeout). */
  readonly partialTimeout: number;
  /** TLS handshake and WebSocket upgrade have to be done within this. */
  readonly handshakeTimeout: number;
  /** Bytes that may wait for one connection (tcp_conn_wq_max). */
  readonly writeQueueBytes: number;
  /** Bytes that may wait for all connections together (tcp_wq_max). */
  readonly totalQueueBytes: number;
  /** How often connections are looked at for the times above. */
  readonly sweepInterval: number;
}

export const DEFAULT_TRANSPORT_LIMITS: TransportLimits = {
  maxConnections: 2048,
  maxConnectionsPerIp: 1024,
  connectionLifetime: 120_000,
  connectTimeout: 10_000,
  sendTimeout: 10_000,
  partialTimeout: 20_000,
  handshakeTimeout: 10_000,
  writeQueueBytes: 262_144,
  totalQueueBytes: 67_108_864,
  sweepInterval: 1000,
};

export type TransportLogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Told about what an operator may want to know; `code` is an error code of this layer or a short event name. */
export type TransportLogger = (level: TransportLogLevel, code: string, text: string) => void;

/** Settings of a {@link TransportLayer}; everything but `listen` has a default. */
export interface TransportOptions {
  readonly listen: readonly ListenSpec[];
  readonly aliases?: readonly AliasSpec[];
  readonly limits?: Partial<TransportLimits>;
  readonly parseLimits?: ParseLimits;
  readonly tls?: TlsSettings;
  readonly clock?: Clock;
  readonly log?: TransportLogger;
  /** Requests larger than this many bytes leave by `udpMtuTryProto` instead of UDP (RFC 3261 §18.1.1); 0 switches it off (udp_mtu). */
  readonly udpMtu?: number;
  readonly udpMtuTryProto?: 'tcp' | 'tls' | 'udp';
  /** Kernel buffers of UDP sockets in bytes (default 4 MiB, cut by the kernel's own limit); 0 leaves the system's default. */
  readonly udpReceiveBuffer?: number;
  readonly udpSendBuffer?: number;
  /** Streams are only accepted, never opened (tcp_no_connect). */
  readonly neverConnect?: boolean;
  /** A request whose top Via has `alias` makes its connection serve the Via's port too (tcp_accept_aliases, RFC 5923). */
  readonly acceptAliases?: boolean;
  /** Answer CRLFCRLF on streams with CRLF (tcp_crlf_ping; RFC 5626 §4.4.1). */
  readonly crlfPing?: boolean;
  /** TCP keepalive of the operating system on stream connections. */
  readonly tcpKeepalive?: boolean;
  /** A proto-less listen line opens TCP too (disable_tcp=no), and TLS (enable_tls). */
  readonly enableTcp?: boolean;
  readonly enableTls?: boolean;
  /** Take WebSocket upgrades on tcp and tls sockets too, as Kamailio's websocket module does. */
  readonly webSocketOnStreams?: boolean;
  /** Origins that WebSocket clients may come from (RFC 6455 §10.2), `https://app.example.com`; absent: any. Clients that send none are taken. */
  readonly webSocketOrigins?: readonly string[];
  /** Share listening ports with other processes that set this too (SO_REUSEPORT). A busy port is then no error. */
  readonly reusePort?: boolean;
  /** Answers HTTP requests on stream sockets that are no WebSocket upgrade (xhttp). */
  readonly onHttpRequest?: (request: IncomingMessage, response: ServerResponse, socket: ListenSocket) => void;
  /** Choose the socket of a request by the routing table (mhomed). */
  readonly multihomed?: boolean;
  /** Default port of listen lines without one (port, tls_port_no). */
  readonly defaultPort?: number;
  readonly defaultTlsPort?: number;
}
