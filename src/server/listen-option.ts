import { networkInterfaces } from 'node:os';
import type { ListenSpec } from '../transport/listen.ts';
import type { Proto } from '../transport/transport.ts';
import { StartError } from './server-api.ts';

const PROTOS = new Set<string>(['udp', 'tcp', 'tls', 'ws', 'wss']);

/**
 * One `-l` option: `[proto:]host[:port][/advertised[:port]]`.
 * @throws StartError CLI_LISTEN
 */
export function parseListenOption(text: string): ListenSpec {
  const [address = '', advertised] = text.split('/');
  const match = /^(?:([a-z]+):)?(\[[^\]]+\]|[^:]+)(?::(\d+))?$/i.exec(address);
  const proto = match?.[1]?.toLowerCase();
  if (match === null || (proto !== undefined && !PROTOS.has(proto)))
    throw new StartError('CLI_LISTEN', `-l ${text}: expected [udp|tcp|tls|ws|wss:]host[:port][/advertised[:port]]`);
  const shown = advertised === undefined ? null : /^(\[[^\]]+\]|[^:]+)(?::(\d+))?$/.exec(advertised);
  if (advertised !== undefined && shown === null)
    throw new StartError('CLI_LISTEN', `-l ${text}: the advertised address after "/" is host[:port]`);
  return {
    host: match[2] as string,
    ...(proto === undefined ? {} : { proto: proto as Proto }),
    ...(match[3] === undefined ? {} : { port: Number(match[3]) }),
    ...(shown === null
      ? {}
      : { advertise: { host: shown[1] as string, ...(shown[2] === undefined ? {} : { port: Number(shown[2]) }) } }),
  };
}

/** A configuration without listen lines: every IPv4 address of this machine, as Kamailio does. */
export function localInterfaces(): ListenSpec[] {
  const addresses = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ family }) => family === 'IPv4')
    .map(({ address }) => address);
  return [...new Set(addresses)].map((host) => ({ host }));
}
