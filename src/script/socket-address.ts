/** Socket addresses as text: `udp:[2001:db8::1]:5060`. */
import { isIPv6 } from 'node:net';

/** Transports that may stand before a host. The last ones are OpenSIPS names. */
export const socketProtocols: ReadonlySet<string> = new Set(
  'udp tcp tls sctp ws wss hep_udp hep_tcp hep_tls bin bins smpp msrp msrps'.split(' '),
);

export interface AddressParts {
  readonly proto: string | null;
  readonly host: string;
  readonly port: number | null;
}

/** Splits `[proto:]host[:port]`; `null` when it is not of that form. */
export function splitAddress(text: string): AddressParts | null {
  let rest = text.trim();
  const word = /^([a-z_]+):/i.exec(rest)?.[1]?.toLowerCase();
  const proto = word !== undefined && socketProtocols.has(word) ? word : null;
  if (proto !== null) rest = rest.slice(proto.length + 1);
  if (isIPv6(rest)) return { proto, host: rest, port: null };
  const match = /^(?:\[([^\]]+)\]|([^\s:[\]]+))(?::(\d{1,5}))?$/.exec(rest);
  if (match === null) return null;
  const host = match[1] ?? match[2]!;
  return { proto, host, port: match[3] === undefined ? null : Number(match[3]) };
}
