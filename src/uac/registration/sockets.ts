import { canonicalHost } from '../../transport/ip.ts';
import type { ListenSocket, TransportSender } from '../../transport/transport.ts';

const SYNTAX = /^(?:(udp|tcp|tls|ws|wss):)?(\[[0-9a-f:.%\w]+\]|[^:[\]\s]+)(?::(\d{1,5}))?$/i;

/**
 * Our socket that `proto:host:port` names, by its address or by what it shows to others; protocol and port may be left out.
 * @returns null when none of ours is meant
 */
export function findSocket(sender: TransportSender, text: string): ListenSocket | null {
  const match = SYNTAX.exec(text);
  if (match === null) return null;
  const [, proto, host = '', port] = match;
  const wanted = canonicalHost(host);
  return (
    sender.sockets.find((socket) => {
      if (proto !== undefined && socket.proto !== proto.toLowerCase()) return false;
      const number = port === undefined ? 0 : Number(port);
      const own = canonicalHost(socket.address) === wanted && (number === 0 || number === socket.port);
      return own || (canonicalHost(socket.displayHost) === wanted && (number === 0 || number === socket.displayPort));
    }) ?? null
  );
}
