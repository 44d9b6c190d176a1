import type { ErrorExplanation } from '../transport/errors.ts';

/** What the operators' sockets say whatever protocol they speak. */
export const RPC_ERRORS = {
  RPC_COMMAND_FAILED: {
    explanation: 'An operator’s command failed for a reason of the program itself; the client got fault 500.',
    action: 'Please report it with the text of the log line.',
  },
  RPC_DATAGRAM_PERL: {
    explanation: 'A Unix datagram socket needs the program perl (Node.js has no such sockets), and it is not there.',
    action:
      'Install it (Debian: apt-get install perl-base), or use udp:127.0.0.1:port, the FIFO or HTTP; everything else runs.',
  },
  RPC_DATAGRAM_OPEN: {
    explanation: 'A Unix datagram socket could not be made; the message says why.',
    action: 'Check the path and its permissions, or stop the process that listens there.',
  },
  RPC_DATAGRAM_SEND: {
    explanation: 'A client of a Unix datagram socket is gone, does not read, or the reply is too large for a datagram.',
    action: 'A client has to bind a path of its own and read; large results go by FIFO, TCP or HTTP.',
  },
  RPC_DATAGRAM_ENDED: {
    explanation: 'The process that serves a Unix datagram socket ended; it is started again.',
    action: 'Look at the system’s log (out of memory?) if it happens again.',
  },
} as const satisfies Readonly<Record<string, ErrorExplanation>>;

export type RpcErrorCode = keyof typeof RPC_ERRORS;

/** An operators' socket cannot be opened. */
export class RpcError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = 'RpcError';
    this.code = code;
  }
}
