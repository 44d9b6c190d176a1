import { isIPv4 } from '../../message/host.ts';
import { PROTO_ID, type Proto, type Received } from '../../transport/transport.ts';

/** RFC 1918, RFC 6598 (shared address space) and RFC 7335 (192.0.0.0/29); with nat_addr_mode 1 all of 192.0.0.0/24 (RFC 6890). */
const PRIVATE: readonly (readonly [network: number, bits: number, always: boolean])[] = [
  [0x0a000000, 8, true],
  [0xac100000, 12, true],
  [0xc0a80000, 16, true],
  [0x64400000, 10, true],
  [0xc0000000, 29, true],
  [0xc0000000, 24, false],
];

/** True for an IPv4 address that no one on the Internet can reach. @param all false: without what IANA keeps for protocols (nat_addr_mode) */
export function isPrivate(host: string, all: boolean): boolean {
  if (!isIPv4(host)) return false;
  const address = host.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  return PRIVATE.some(
    ([network, bits, always]) => (all || always) && address >>> (32 - bits) === network >>> (32 - bits),
  );
}

/** An address as a URI's host. */
export function uriHost(ip: string): string {
  return ip.includes(':') ? `[${ip}]` : ip;
}

/** Where a message came from as `sip:ip:port[;transport=proto]`. */
export function sourceUri({ ip, port, socket: { proto } }: Received): string {
  return addressUri(uriHost(ip), port, proto);
}

/** `sip:host:port`, with the transport unless it is UDP. */
export function addressUri(host: string, port: number, proto: string): string {
  return `sip:${host}:${port}${proto === 'udp' ? '' : `;transport=${proto}`}`;
}

/** Where a message came from as the value of an alias parameter: `ip~port~proto`. */
export function sourceAlias({ ip, port, socket: { proto } }: Received): string {
  return `${uriHost(ip)}~${port}~${PROTO_ID[proto]}`;
}

const BY_NUMBER: ReadonlyMap<string, Proto> = new Map(
  Object.entries(PROTO_ID).map(([proto, number]) => [`${number}`, proto as Proto]),
);

/** The URI that an alias parameter's value stands for; null when it is none, undefined for an unknown protocol. */
export function aliasUri(value: string): string | null | undefined {
  const match = /^(\[[0-9a-fA-F:.]+\]|[\w.-]+)~(\d{1,5})~(\d+)$/.exec(value);
  if (match === null) return null;
  const [, host = '', port = '', number = ''] = match;
  const proto = BY_NUMBER.get(number);
  return proto === undefined ? undefined : addressUri(host, Number(port), proto);
}

/** `ip~port~proto` of texts. @returns null for an unknown protocol */
export function aliasOf(ip: string, port: string, proto: string): string | null {
  const number = Object.hasOwn(PROTO_ID, proto.toLowerCase()) ? PROTO_ID[proto.toLowerCase() as Proto] : null;
  return number === null || !/^[\w.:[\]-]+$/.test(ip) || !/^\d{1,5}$/.test(port) ? null : `${ip}~${port}~${number}`;
}
