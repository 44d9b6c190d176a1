import type { SipMessage } from '../message/message.ts';
import type { ParseFailure } from '../message/parser.ts';

/** Transport protocols by Kamailio's numbers (RFC 3261 §18, RFC 7118). */
export type Proto = 'udp' | 'tcp' | 'tls' | 'ws' | 'wss';

export const PROTO_ID: Readonly<Record<Proto, number>> = { udp: 1, tcp: 2, tls: 3, ws: 5, wss: 6 };

/** One of our listening sockets. Its identity is the object; there is one for each `listen` line and protocol. */
export interface ListenSocket {
  readonly index: number;
  readonly proto: Proto;
  /** IP address text without brackets. */
  readonly address: string;
  readonly family: 4 | 6;
  readonly port: number;
  /** Name given by `name "x"`, empty otherwise. */
  readonly name: string;
  /** Host to show to others: advertised or the address; an IPv6 address in brackets. */
  readonly displayHost: string;
  readonly displayPort: number;
}

/** Where a message came from. */
export interface Received {
  readonly socket: ListenSocket;
  readonly ip: string;
  readonly port: number;
  /** Connection's number, 0 for UDP. */
  readonly connection: number;
  /** Whole milliseconds of the clock when it arrived. */
  readonly at: number;
  /** Number of the message in this server's life ($mi), given by who takes the messages in; 0 before. */
  serial?: number;
}

/** Bits of {@link Destination.stream}: how a message uses connections. */
export const STREAM_NO_CONNECT = 1;
export const STREAM_CLOSE = 2;

/** Where a message goes: one resolved target (RFC 3263 §4.2 result) and the socket to use. */
export interface Destination {
  readonly socket: ListenSocket;
  readonly proto: Proto;
  readonly ip: string;
  readonly port: number;
  /** Connection to use if it is still open (replies RFC 3261 §18.2.2, flows RFC 5626), 0 for any. */
  readonly connection: number;
  /** TLS server name to check, empty for the address. */
  readonly serverName: string;
  /** True when a request goes by UDP whatever its size: the stream that was to carry it could not be opened. */
  readonly anySize?: boolean;
  /** STREAM_NO_CONNECT: only by a connection that is open already; STREAM_CLOSE: the connection is closed once this is written. */
  readonly stream?: number;
  /** The stream by which a request too large for UDP goes, where it is not the server's own choice (udp_mtu_try_proto()). */
  readonly largeBy?: 'tcp' | 'tls';
}

/** Told when a send that was accepted fails later (ICMP error, refused or broken connection, full queue). */
export interface SendObserver {
  /** @param code TRANSPORT_… error code */
  sendFailed(code: string, destination: Destination): void;
}

/** How a connection ended: the peer or we closed it, a time limit was reached, it broke, or it never was open. */
export type ConnectionEnd = 'closed' | 'timeout' | 'reset' | 'failed';

/** What the transport layer tells the layer above. */
export interface TransportUser {
  onMessage(message: SipMessage, from: Received): void;
  /** A message that could not be parsed; `failure.status` says which reply it deserves, if any. */
  onParseFailure(failure: ParseFailure, from: Received): void;
  /** A stream connection has ended. @param from what messages by it had as their source @param end how it came to that */
  onConnectionClosed?(connection: number, from: Received, end: ConnectionEnd): void;
}

/** The sending side that transactions and the proxy use. */
export interface TransportSender {
  readonly sockets: readonly ListenSocket[];
  /**
   * Queues one message. UDP leaves at once; streams reuse or open a connection.
   * @param text the message, latin1
   * @param observer told once if it cannot be sent after all; null when nobody waits
   * @returns false when it was refused at once (no such socket, queue full): the observer is not called then
   */
  send(text: string, destination: Destination, observer: SendObserver | null): boolean;
  /** Our socket that serves a protocol and address family; prefers `preferred` when it fits; null when there is none. */
  socketFor(proto: Proto, family: 4 | 6, preferred: ListenSocket | null): ListenSocket | null;
  /** Our socket on the address that the routing table gives for a destination (mhomed). Absent, or null: nothing says. */
  socketTowards?(proto: Proto, ip: string): ListenSocket | null;
  /** True when host:port (port 0: any) names this server: listen addresses, advertised ones, aliases. `proto` limits, if given. */
  isMyself(host: string, port: number, proto?: Proto): boolean;
  /**
   * The destination by which a request of `size` bytes should go: another one when it is too large for UDP (RFC 3261 §18.1.1). Absent: sizes do not
   * matter to this sender.
   */
  fitTransport?(destination: Destination, size: number): Destination;
  /** Number of the open stream by which a message to this destination would leave, 0 when one would have to be opened. */
  connectionTo?(destination: Destination): number;
  /**
   * Sends a keepalive on a connection (CRLFCRLF, on WebSocket a ping frame; RFC 5626 §3.5.1).
   * @returns false when nothing was written: it is not open, or other bytes wait to be written
   */
  pingConnection?(connection: number): boolean;
  /** Answers to keepalives that have come by a connection so far; -1 when it is closed. */
  connectionPongs?(connection: number): number;
  /** Ends a stream connection once what is queued is written. @returns false when there is no such connection */
  closeConnection?(connection: number): boolean;
  /** True when the peer of a connection has shown a certificate that our authorities vouch for. */
  peerVerified?(connection: number): boolean;
  /** Lets a connection serve a further port of its peer (force_tcp_alias). @returns false when there is none or the port is taken */
  addConnectionAlias?(connection: number, port: number): boolean;
  /** Makes a domain and every name below it ours; port 0 and protocol null for any. */
  addSubdomains?(domain: string, port: number, proto: Proto | null): void;
  /** Makes every host ours that `test` says is, with any port and protocol. @param test gets hosts in their canonical form @returns takes it back */
  addNames?(test: (host: string) => boolean): () => void;
}
