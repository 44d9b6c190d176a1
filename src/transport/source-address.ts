import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { type Clock, realClock } from '../time/clock.ts';
import { ipFamily, unbracket } from './ip.ts';

/** An address of this machine with the network that it stands in. */
export interface LocalAddress {
  readonly device: string;
  readonly address: string;
  /** Leading bits of the network. */
  readonly prefix: number;
}

/** A row of the routing table. */
export interface RouteEntry {
  readonly device: string;
  /** Bytes of the network. */
  readonly network: readonly number[];
  readonly prefix: number;
  /** Bytes of the next hop; all zero for what is reached directly. */
  readonly gateway: readonly number[];
  readonly metric: number;
}

/** What a machine knows of its networks. */
export interface NetworkTables {
  readonly addresses: readonly LocalAddress[];
  readonly routes: readonly RouteEntry[];
}

/** Milliseconds that what was read is good for: routes change rarely, and calls come by the thousand. */
const FRESH = 5_000;

/**
 * Tells by which of our addresses a destination is reached (mhomed): that of the network the destination is in, else that of the device
 * which the routing table names. Policy routing is not looked at; where there is no routing table to read, only the networks count.
 */
export class SourceAddresses {
  private readonly read: () => NetworkTables;
  private readonly clock: Clock;
  private tables: NetworkTables = { addresses: [], routes: [] };
  private readAt = Number.NEGATIVE_INFINITY;
  private readonly known = new Map<string, string | null>();

  constructor(clock: Clock = realClock, read: () => NetworkTables = readTables) {
    this.clock = clock;
    this.read = read;
  }

  /** @param ip destination. @returns our address towards it, null when nothing says */
  towards(ip: string): string | null {
    const now = this.clock.now();
    if (now - this.readAt >= FRESH || this.known.size > 10_000) {
      this.tables = this.read();
      this.readAt = now;
      this.known.clear();
    }
    const before = this.known.get(ip);
    if (before !== undefined) return before;
    const found = sourceFor(ip, this.tables);
    this.known.set(ip, found);
    return found;
  }
}

/** The address of ours by which `ip` is reached; the longest prefix decides, then the lowest metric. */
export function sourceFor(ip: string, { addresses, routes }: NetworkTables): string | null {
  const wanted = bytesOf(ip);
  if (wanted === null) return null;
  const family = wanted.length;
  let best: LocalAddress | null = null;
  for (const own of addresses) {
    const bytes = bytesOf(own.address);
    if (bytes === null || bytes.length !== family) continue;
    if (sameNetwork(bytes, wanted, bytes.length * 8)) return own.address;
    if (sameNetwork(bytes, wanted, own.prefix) && (best === null || own.prefix > best.prefix)) best = own;
  }
  let route: RouteEntry | null = null;
  for (const entry of routes) {
    if (entry.network.length !== family || !sameNetwork(entry.network, wanted, entry.prefix)) continue;
    if (route === null || entry.prefix > route.prefix || (entry.prefix === route.prefix && entry.metric < route.metric))
      route = entry;
  }
  if (best !== null && (route === null || route.prefix <= best.prefix)) return best.address;
  return route === null ? null : addressOn(route, addresses);
}

/** The address that the route's device has in the network of the gateway, else its first one. */
function addressOn({ device, gateway }: RouteEntry, addresses: readonly LocalAddress[]): string | null {
  let first: string | null = null;
  for (const own of addresses) {
    const bytes = own.device === device ? bytesOf(own.address) : null;
    if (bytes === null || bytes.length !== gateway.length) continue;
    if (sameNetwork(bytes, gateway, own.prefix)) return own.address;
    first ??= own.address;
  }
  return first;
}

function sameNetwork(a: readonly number[], b: readonly number[], prefix: number): boolean {
  const whole = prefix >> 3;
  for (let i = 0; i < whole; i++) if (a[i] !== b[i]) return false;
  const rest = prefix & 7;
  return rest === 0 || (((a[whole] ?? 0) ^ (b[whole] ?? 0)) & (0xff << (8 - rest)) & 0xff) === 0;
}

function bytesOf(text: string): number[] | null {
  const ip = unbracket(text);
  const family = ipFamily(ip);
  if (family === 4) return ip.split('.').map(Number);
  if (family !== 6) return null;
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(ip.replace(/%.*$/, ''));
  const plain = dotted === null ? ip.replace(/%.*$/, '') : `${dotted[1]}${pair(dotted, 2)}:${pair(dotted, 4)}`;
  const [head = '', tail] = plain.split('::');
  const words = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((word) => Number.parseInt(word, 16));
  const before = words(head);
  const after = tail === undefined ? [] : words(tail);
  const all = [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
  return all.flatMap((word) => [word >> 8, word & 0xff]);
}

function pair(match: RegExpExecArray, at: number): string {
  return ((Number(match[at]) << 8) | Number(match[at + 1])).toString(16);
}

function readTables(): NetworkTables {
  const addresses: LocalAddress[] = [];
  for (const [device, entries] of Object.entries(networkInterfaces()))
    for (const { address, cidr, scopeid } of entries ?? [])
      if (cidr !== null && (scopeid ?? 0) === 0)
        addresses.push({ device, address, prefix: Number(cidr.slice(cidr.indexOf('/') + 1)) });
  return {
    addresses,
    routes: [...parseRoutes4(contents('/proc/net/route')), ...parseRoutes6(contents('/proc/net/ipv6_route'))],
  };
}

/** Text of a file that only Linux has. */
function contents(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

/** Rows of /proc/net/route; its numbers are in the byte order of the machine, which is little-endian wherever Node runs on Linux but s390x. */
export function parseRoutes4(text: string): RouteEntry[] {
  const routes: RouteEntry[] = [];
  for (const line of text.split('\n').slice(1)) {
    const [device, network, gateway, flags, , , metric, mask] = line.trim().split(/\s+/);
    if (device === undefined || network === undefined || gateway === undefined || mask === undefined) continue;
    // RTF_UP, and not RTF_REJECT.
    if ((Number.parseInt(flags ?? '', 16) & 0x201) !== 1) continue;
    const bits = hexBytes(mask).reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0);
    routes.push({
      device,
      network: hexBytes(network).reverse(),
      prefix: bits,
      gateway: hexBytes(gateway).reverse(),
      metric: Number(metric),
    });
  }
  return routes;
}

/** Rows of /proc/net/ipv6_route. */
export function parseRoutes6(text: string): RouteEntry[] {
  const routes: RouteEntry[] = [];
  for (const line of text.split('\n')) {
    const [network, prefix, , , gateway, metric, , , flags, device] = line.trim().split(/\s+/);
    if (network === undefined || prefix === undefined || gateway === undefined || device === undefined) continue;
    if ((Number.parseInt(flags ?? '', 16) & 0x201) !== 1) continue;
    routes.push({
      device,
      network: hexBytes(network),
      prefix: Number.parseInt(prefix, 16),
      gateway: hexBytes(gateway),
      metric: Number.parseInt(metric ?? '', 16),
    });
  }
  return routes;
}

function hexBytes(hex: string): number[] {
  return (hex.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16));
}
