import type { ErrorExplanation } from '../../transport/errors.ts';

/** Codes of BINRPC: packets, sockets, client. Listed in docs/errors.md. */
export const BINRPC_ERRORS = {
  BINRPC_ADDRESS: {
    explanation: 'The address of a control socket cannot be read.',
    action: 'Write it as unix:/path, tcp:host:port or udp:host:port.',
  },
  BINRPC_ADDRESS_IN_USE: {
    explanation: 'Another process listens on this control socket already.',
    action:
      'Stop it (ss -lnp shows it), or give the other server another socket: modparam("ctl", "binrpc", "unix:/path").',
  },
  BINRPC_BIND: {
    explanation: 'A control socket could not be opened, or its file could not be given its mode and owner.',
    action: 'Read the system error in the message; the directory of a unix socket must exist and be writable.',
  },
  BINRPC_CORRUPTED: {
    explanation: 'A packet is no BINRPC, or not of version 1.',
    action: 'Look at what connects there: only kamcmd, trunkline rpc and other BINRPC clients may.',
  },
  BINRPC_COOKIE: {
    explanation: 'A reply belongs to another request; it was discarded or the connection given up.',
    action: 'Try again; if it stays so, what listens there is no BINRPC server.',
  },
  BINRPC_DEFAULT_SOCKET: {
    explanation: 'The default control socket could not be opened; the server runs without it.',
    action:
      'Let the user of the server create /run/kamailio, give it another place with -Y or rundir, or name a socket: modparam("ctl", "binrpc", "unix:/path").',
  },
  BINRPC_CLOSED: {
    explanation: 'The server closed the connection before its reply was complete.',
    action: 'Look at the log of the server.',
  },
  BINRPC_RECORD: {
    explanation: 'A record of a packet ends too early, is too large, or has a type that is none there.',
    action: 'Look at what sends it; the packet was not acted upon.',
  },
  BINRPC_SOCKET_FAILED: {
    explanation: 'A control socket that was open failed; it is open no more.',
    action: 'Read the system error in the message; a restart opens it again.',
  },
  BINRPC_SLOW_READER: {
    explanation: 'A client did not take its replies; its connection was closed.',
    action: 'Nothing, unless the client is yours: read what was asked for.',
  },
  BINRPC_TIMEOUT: {
    explanation: 'No reply came in time.',
    action: 'See whether the server lives (its log, ps); raise --timeout for a command that takes long.',
  },
  BINRPC_TOO_LARGE: {
    explanation: 'A packet is larger than what is taken.',
    action: 'Ask for less, or by another socket: a datagram holds 64 KB, a stream has no such limit.',
  },
  BINRPC_UNREACHABLE: {
    explanation: 'Nothing listens on the control socket, or it is closed to this user.',
    action:
      'Start the server with loadmodule "ctl.so", give --socket what its binrpc parameter says, and be root or the user of the socket.',
  },
} as const satisfies Readonly<Record<string, ErrorExplanation>>;

/** Code of a BINRPC error. */
export type BinrpcErrorCode = keyof typeof BINRPC_ERRORS;

/** A failure of a control socket or of a call; packets from the network never throw. */
export class BinrpcError extends Error {
  readonly code: BinrpcErrorCode;
  constructor(code: BinrpcErrorCode, message: string) {
    super(message);
    this.name = 'BinrpcError';
    this.code = code;
  }
}
