import type { ListenSocket } from '../../transport/transport.ts';

const NAME = /^(?:(udp|tcp|tls|ws|wss):)?(\[[^\]]+\]|[^:[\]]+)(?::(\d{1,5}))?$/i;

/**
 * One of our sockets by the text that parameters and scripts name it with.
 * @param text `proto:host:port`; protocol udp and its default port may be left out
 * @returns null when none is meant
 */
export function socketByName(sockets: readonly ListenSocket[], text: string): ListenSocket | null {
  const match = NAME.exec(text.trim());
  const proto = match?.[1]?.toLowerCase() ?? 'udp';
  const address = match?.[2]?.replace(/^\[|\]$/g, '').toLowerCase();
  const port = match?.[3] === undefined ? (proto === 'tls' || proto === 'wss' ? 5061 : 5060) : Number(match[3]);
  return sockets.find((one) => one.proto === proto && one.address === address && one.port === port) ?? null;
}
