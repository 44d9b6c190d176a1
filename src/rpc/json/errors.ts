import type { ErrorExplanation } from '../../transport/errors.ts';

/** Codes of the JSON-RPC server's sockets. Listed in docs/errors.md. */
export const JSON_RPC_ERRORS = {
  JSONRPC_ADDRESS: {
    explanation: 'The address of a JSON-RPC socket cannot be read.',
    action: 'Write dgram_socket as a path or udp:host:port, tcp_socket as tcp:host:port.',
  },
  JSONRPC_OPEN: {
    explanation:
      'A JSON-RPC socket or FIFO that the configuration names cannot be opened; the server does not start without it.',
    action: 'The message has the reason: check the path, the permissions and whether another server has it.',
  },
  JSONRPC_DEFAULT_PLACE: {
    explanation: 'The FIFO or the socket in its default place cannot be opened; the server runs without it.',
    action:
      'Create the directory for the user of the server (systemd: RuntimeDirectory=kamailio), name another with -Y or run_dir, or say transport=1 when neither is wanted.',
  },
  JSONRPC_FIFO_REPLY: {
    explanation: 'A reply could not be written to the FIFO that its request named; it was dropped.',
    action: 'reply_name is the name of a FIFO in fifo_reply_dir that somebody reads: no path, no other kind of file.',
  },
  JSONRPC_INCOMPLETE: {
    explanation: 'A request came too slowly or was too large, and was dropped.',
    action: 'Send whole requests of at most a megabyte.',
  },
  JSONRPC_REPLY_FAILED: {
    explanation:
      'A reply could not be finished: the command failed while its values were drawn, or the client went away.',
    action: 'Nothing when the client gave up; otherwise please report it with the text of the log line.',
  },
  JSONRPC_SOCKET: {
    explanation: 'A JSON-RPC socket that was open failed.',
    action: 'The message has the reason of the operating system.',
  },
} as const satisfies Readonly<Record<string, ErrorExplanation>>;

export type JsonRpcErrorCode = keyof typeof JSON_RPC_ERRORS;
