/** What an operator reads about one error code: what happened and what to do about it. */
export interface ErrorExplanation {
  readonly explanation: string;
  readonly action: string;
}

/** Every error code of this layer (transport, TLS and DNS), with its explanation. Listed in docs/errors.md. */
export const TRANSPORT_ERRORS = {
  TRANSPORT_ADDRESS_IN_USE: {
    explanation: 'Another process (or another listen line) already holds this address and port.',
    action: 'Stop the other process (ss -lnp shows it) or choose another port in the listen line.',
  },
  TRANSPORT_PERMISSION: {
    explanation: 'The operating system does not let this user open the port.',
    action: 'Use a port above 1023, or grant CAP_NET_BIND_SERVICE to the process.',
  },
  TRANSPORT_ADDRESS_NOT_AVAILABLE: {
    explanation: 'The listen address belongs to no network interface of this machine.',
    action:
      'List addresses with "ip addr"; behind NAT listen on the local address and use "advertise" for the public one.',
  },
  TRANSPORT_BIND_FAILED: {
    explanation: 'A listening socket could not be opened.',
    action: 'Read the system error in the message.',
  },
  TRANSPORT_LISTEN_INVALID: {
    explanation: 'A listen line names no usable protocol, host, interface or port.',
    action: 'Write it as [proto:]host[:port], host being an address, a host name or an interface name.',
  },
  TRANSPORT_NO_TLS_CERTIFICATE: {
    explanation: 'A tls or wss listen line needs a certificate and a private key, and none is set.',
    action: 'Set certificate and private key of the TLS server.',
  },
  TRANSPORT_NO_SOCKET: {
    explanation: 'No listening socket serves this protocol and address family.',
    action: 'Add a listen line for it, or route to a destination of another transport.',
  },
  TRANSPORT_NO_CONNECTION: {
    explanation:
      'There is no open connection to the peer and none may be opened: a WebSocket client cannot be called back, or the route or tcp_no_connect forbids it.',
    action: 'Nothing: the client has to connect again.',
  },
  TRANSPORT_QUEUE_FULL: {
    explanation: 'The peer does not read what it is sent: its write queue reached the limit.',
    action: 'Check the peer; the limits are writeQueueBytes (one connection) and totalQueueBytes.',
  },
  TRANSPORT_MESSAGE_TOO_LARGE: {
    explanation: 'The message does not fit into a datagram.',
    action: 'Send it over TCP or TLS (udp_mtu with udp_mtu_try_proto does it by itself).',
  },
  TRANSPORT_UNREACHABLE: {
    explanation: 'The network has no route to the destination, or an ICMP error said so.',
    action: 'Check routing and firewall between this host and the destination.',
  },
  TRANSPORT_SEND_FAILED: {
    explanation: 'The operating system refused to send.',
    action: 'Read the system error in the log.',
  },
  TRANSPORT_CONNECT_REFUSED: {
    explanation: 'Nobody listens at the destination.',
    action: 'Check address, port and transport of the peer.',
  },
  TRANSPORT_CONNECT_FAILED: {
    explanation: 'The connection to the destination could not be opened.',
    action: 'Read the system error in the log.',
  },
  TRANSPORT_CONNECT_TIMEOUT: {
    explanation: 'The destination did not answer the connection attempt in time (tcp_connect_timeout).',
    action: 'Check firewall and address of the peer.',
  },
  TRANSPORT_SEND_TIMEOUT: {
    explanation: 'The peer took no byte for too long (tcp_send_timeout); the connection was closed.',
    action: 'Check the peer: it holds its connection open and does not read.',
  },
  TRANSPORT_CONNECTION_CLOSED: {
    explanation: 'The connection was closed or broke before the message was written.',
    action: 'Nothing: the next message opens a new connection.',
  },
  TRANSPORT_TOO_MANY_CONNECTIONS: {
    explanation: 'The limit on open connections is reached (tcp_max_connections).',
    action: 'Raise the limit, or shorten tcp_connection_lifetime.',
  },
  TRANSPORT_TOO_MANY_FROM_PEER: {
    explanation: 'One address holds more connections than a single peer may.',
    action: 'Raise maxConnectionsPerIp if the address is a trusted proxy or NAT.',
  },
  TRANSPORT_PARTIAL_TIMEOUT: {
    explanation: 'A peer began a message and did not finish it in time; its connection was closed.',
    action: 'Check the peer; a message has to arrive within partialTimeout.',
  },
  TRANSPORT_IDLE: {
    explanation: 'The connection was idle for longer than its lifetime (tcp_connection_lifetime).',
    action: 'Nothing; a client that wants to keep it sends keepalives.',
  },
  TRANSPORT_PROTOCOL_ERROR: {
    explanation: 'What arrived on a stream cannot be SIP; the place where the next message begins is lost.',
    action: 'Check what connects to this port.',
  },
  TRANSPORT_WEBSOCKET_PROTOCOL: {
    explanation:
      'A WebSocket client did not offer the subprotocol "sip" (RFC 7118 §4.1), or the request was no upgrade.',
    action: "Open it as new WebSocket(url, 'sip').",
  },
  TRANSPORT_HANDLER_FAILED: {
    explanation: 'The code that handles a received message threw; the message is lost, the server goes on.',
    action: 'This is a bug: report the stack trace in the log.',
  },
  TRANSPORT_STOPPED: {
    explanation: 'The server is stopping and sends nothing any more.',
    action: 'Nothing.',
  },
  TLS_CLIENT_CERTIFICATE_MISSING: {
    explanation: 'A TLS client has to show a certificate (require_certificate) and showed none.',
    action: 'Configure a certificate at the client, or switch require_certificate off for this socket.',
  },
  TLS_CLIENT_CERTIFICATE_INVALID: {
    explanation: 'The certificate of a TLS client is not signed by an authority of ours, or has expired.',
    action: "Add the client's authority to the CA list, or renew the client's certificate.",
  },
  TLS_SERVER_CERTIFICATE_INVALID: {
    explanation: 'The certificate of a TLS server is not trusted, has expired or names another host.',
    action:
      "Add the server's authority to the CA list, or correct the name in the route; verify_certificate switches the check off.",
  },
  TLS_HANDSHAKE_FAILED: {
    explanation: 'The two sides found no common TLS version or cipher, or the peer does not speak TLS.',
    action: 'Compare TLS versions and ciphers of both sides; check that the port is the TLS port.',
  },
  TLS_HANDSHAKE_TIMEOUT: {
    explanation: 'The peer did not finish the TLS handshake in time.',
    action: 'Check the peer; the limit is handshakeTimeout.',
  },
  DNS_NOT_FOUND: {
    explanation: 'The name does not exist, or has no address of a family and transport that this server has.',
    action: 'Check the name (dig NAPTR, SRV, A, AAAA) and the listen lines.',
  },
  DNS_TIMEOUT: {
    explanation: 'No DNS server answered in time.',
    action: 'Check /etc/resolv.conf and the way to those servers.',
  },
  DNS_SERVER_FAILURE: {
    explanation: 'The DNS server answered with an error (SERVFAIL, REFUSED…).',
    action: 'Query the name by hand; the fault is at the DNS server or in the zone.',
  },
} as const satisfies Readonly<Record<string, ErrorExplanation>>;

/** Code of an error of this layer. */
export type TransportErrorCode = keyof typeof TRANSPORT_ERRORS;

/** An error of this layer; `message` says what happened, where, and what to do. */
export class TransportError extends Error {
  readonly code: TransportErrorCode;
  constructor(code: TransportErrorCode, what: string, cause?: unknown) {
    super(`${code}: ${what}. ${TRANSPORT_ERRORS[code].explanation} ${TRANSPORT_ERRORS[code].action}`, { cause });
    this.name = 'TransportError';
    this.code = code;
  }
}

/** The system's error code (`EADDRINUSE`…) of anything thrown, empty when it has none. */
export function systemCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** Text of anything thrown, for a log line. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The code for a failed bind or listen. */
export function bindErrorCode(error: unknown): TransportErrorCode {
  switch (systemCode(error)) {
    case 'EADDRINUSE':
      return 'TRANSPORT_ADDRESS_IN_USE';
    case 'EACCES':
    case 'EPERM':
      return 'TRANSPORT_PERMISSION';
    case 'EADDRNOTAVAIL':
      return 'TRANSPORT_ADDRESS_NOT_AVAILABLE';
    default:
      return 'TRANSPORT_BIND_FAILED';
  }
}

/** The code for a datagram that could not be sent. */
export function datagramErrorCode(error: unknown): TransportErrorCode {
  switch (systemCode(error)) {
    case 'EMSGSIZE':
      return 'TRANSPORT_MESSAGE_TOO_LARGE';
    case 'ENETUNREACH':
    case 'EHOSTUNREACH':
    case 'ENETDOWN':
    case 'EHOSTDOWN':
    case 'ECONNREFUSED':
      return 'TRANSPORT_UNREACHABLE';
    default:
      return 'TRANSPORT_SEND_FAILED';
  }
}

/** The code for a stream that broke, before or after it was open. */
export function streamErrorCode(error: unknown, wasOpen: boolean): TransportErrorCode {
  const code = systemCode(error);
  if (code.startsWith('ERR_SSL_') || code === 'EPROTO') return 'TLS_HANDSHAKE_FAILED';
  if (CERTIFICATE_CODES.has(code)) return 'TLS_SERVER_CERTIFICATE_INVALID';
  if (wasOpen) return 'TRANSPORT_CONNECTION_CLOSED';
  switch (code) {
    case 'ECONNREFUSED':
      return 'TRANSPORT_CONNECT_REFUSED';
    case 'ETIMEDOUT':
      return 'TRANSPORT_CONNECT_TIMEOUT';
    case 'ENETUNREACH':
    case 'EHOSTUNREACH':
      return 'TRANSPORT_UNREACHABLE';
    default:
      return 'TRANSPORT_CONNECT_FAILED';
  }
}

// Node passes OpenSSL's verification results through as error codes.
const CERTIFICATE_CODES: ReadonlySet<string> = new Set([
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REVOKED',
  'CERT_REJECTED',
  'CERT_UNTRUSTED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_CHAIN_TOO_LONG',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'HOSTNAME_MISMATCH',
]);
