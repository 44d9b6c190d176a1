import { promises as dns } from 'node:dns';
import { networkInterfaces } from 'node:os';
import { errorText, TransportError } from './errors.ts';
import { bracket, canonicalHost, ipFamily, isWildcard, unbracket } from './ip.ts';
import type { ListenSocket, Proto } from './transport.ts';

/** One `listen` line: `[proto:]host[:port] [advertise host[:port]] [name "x"]`. */
export interface ListenSpec {
  /** Absent: one socket for each enabled protocol, UDP, TCP and TLS. */
  readonly proto?: Proto;
  /** IP address, host name or interface name; an IPv6 address with or without brackets. */
  readonly host: string;
  /** Absent: the default port. 0: any free port. */
  readonly port?: number;
  readonly advertise?: { readonly host: string; readonly port?: number };
  readonly name?: string;
}

/** A further name of this server (`alias`): no port matches every port, no proto every protocol. */
export interface AliasSpec {
  readonly host: string;
  readonly port?: number;
  readonly proto?: Proto;
}

/** One socket to open. */
export interface PlannedSocket {
  readonly spec: ListenSpec;
  readonly proto: Proto;
  readonly address: string;
  readonly family: 4 | 6;
  readonly port: number;
  /** Take the port that the UDP socket of the same line was given: a proto-less line with port 0. */
  readonly followsUdp: boolean;
}

export interface ListenDefaults {
  readonly port: number;
  readonly tlsPort: number;
  readonly tcp: boolean;
  readonly tls: boolean;
}

const DEFAULT_PORTS: Readonly<Record<Proto, number>> = { udp: 5060, tcp: 5060, tls: 5061, ws: 80, wss: 443 };

/** The port of a protocol when none is given (RFC 3261 §19.1.2, RFC 7118 §8.1). */
export function defaultPort(proto: Proto): number {
  return DEFAULT_PORTS[proto];
}

/** A listen line as text, for errors and logs. */
export function describeListen(spec: ListenSpec, proto = spec.proto, port = spec.port): string {
  return `listen=${proto === undefined ? '' : `${proto}:`}${bracket(spec.host)}${port === undefined ? '' : `:${port}`}`;
}

/**
 * The sockets that a listen line asks for: interface and host names become addresses, a missing protocol all enabled ones.
 * A TLS socket of a proto-less line gets the next port when the line has one (as Kamailio does), else the TLS default port.
 * @throws TransportError TRANSPORT_LISTEN_INVALID
 */
export async function planListen(spec: ListenSpec, defaults: ListenDefaults): Promise<PlannedSocket[]> {
  if (spec.port !== undefined && !(Number.isInteger(spec.port) && spec.port >= 0 && spec.port <= 65535)) {
    throw new TransportError('TRANSPORT_LISTEN_INVALID', `${describeListen(spec)}: no such port`);
  }
  const planned: PlannedSocket[] = [];
  for (const { address, family } of await listenAddresses(spec)) {
    const add = (proto: Proto, port: number, followsUdp = false): void => {
      planned.push({ spec, proto, address, family, port, followsUdp });
    };
    if (spec.proto !== undefined) {
      add(spec.proto, spec.port ?? portFor(spec.proto, defaults));
      continue;
    }
    add('udp', spec.port ?? defaults.port);
    if (defaults.tcp) add('tcp', spec.port ?? defaults.port, spec.port === 0);
    if (defaults.tls) add('tls', spec.port === undefined ? defaults.tlsPort : spec.port === 0 ? 0 : spec.port + 1);
  }
  return planned;
}

function portFor(proto: Proto, defaults: ListenDefaults): number {
  if (proto === 'tls') return defaults.tlsPort;
  // Kamailio has no ws listen lines of its own, so a ws line follows RFC 7118 and not the `port` setting.
  return proto === 'ws' || proto === 'wss' ? defaultPort(proto) : defaults.port;
}

interface Address {
  readonly address: string;
  readonly family: 4 | 6;
}

async function listenAddresses(spec: ListenSpec): Promise<Address[]> {
  const host = unbracket(spec.host);
  const family = ipFamily(host);
  if (family !== 0) return [{ address: host, family }];
  const byInterface = interfaceAddresses(host);
  if (byInterface.length > 0) return byInterface;
  try {
    const found = await dns.lookup(host, { all: true });
    // Like Kamailio, a host name opens its first address only; the resolver's order is the operator's.
    const first = found[0];
    if (first !== undefined) return [{ address: first.address, family: first.family === 6 ? 6 : 4 }];
  } catch (error) {
    throw new TransportError('TRANSPORT_LISTEN_INVALID', `${describeListen(spec)}: ${errorText(error)}`, error);
  }
  throw new TransportError('TRANSPORT_LISTEN_INVALID', `${describeListen(spec)}: the host has no address`);
}

/** Addresses of a network interface, link-local IPv6 ones left out (they need a zone); empty when there is no such interface. */
export function interfaceAddresses(name: string): Address[] {
  const list: Address[] = [];
  for (const entry of networkInterfaces()[name] ?? []) {
    if (entry.family === 'IPv6' && entry.scopeid !== 0) continue;
    list.push({ address: entry.address, family: entry.family === 'IPv6' ? 6 : 4 });
  }
  return list;
}

/** Every address of this machine, loopback included: what a wildcard socket answers on. */
export function localAddresses(family: 4 | 6): string[] {
  const names = Object.keys(networkInterfaces());
  return names.flatMap((name) =>
    interfaceAddresses(name)
      .filter((a) => a.family === family)
      .map((a) => a.address),
  );
}

/**
 * The public face of an opened socket.
 * @param port the real port, also when the line asked for 0
 */
export function listenSocket(planned: PlannedSocket, index: number, port: number, proto = planned.proto): ListenSocket {
  const { spec, address, family } = planned;
  const advertised = spec.advertise;
  return {
    index,
    proto,
    address,
    family,
    port,
    name: spec.name ?? '',
    displayHost: bracket(advertised?.host ?? shownAddress(address, family)),
    displayPort: advertised?.port ?? port,
  };
}

/** "Every interface" cannot stand in a Via: the first address that others can reach does. */
function shownAddress(address: string, family: 4 | 6): string {
  if (!isWildcard(address)) return address;
  const all = localAddresses(family);
  return all.find((candidate) => candidate !== '127.0.0.1' && candidate !== '::1') ?? all[0] ?? address;
}

/**
 * The names and addresses of this server (`myself`). Kamailio's rule: the host equals a listen address or host, an advertised one or an
 * alias, and the port agrees; an alias without port agrees with every port.
 */
export class OwnNames {
  private readonly byHost = new Map<string, OwnName[]>();
  /** Domains of which every name below is ours too. */
  private readonly byDomain = new Map<string, OwnName[]>();
  /** Others who know names of ours. */
  private readonly tests = new Set<(host: string) => boolean>();

  /** @param port 0 for every port; @param proto null for every protocol */
  add(host: string, port: number, proto: Proto | null): void {
    enter(this.byHost, host, port, proto);
  }

  /** A domain and every name below it (corex alias_subdomains). */
  addSubdomains(domain: string, port: number, proto: Proto | null): void {
    enter(this.byHost, domain, port, proto);
    enter(this.byDomain, domain, port, proto);
  }

  /** Every host of which `test` says so is ours. @returns call it to take that back */
  addTest(test: (host: string) => boolean): () => void {
    this.tests.add(test);
    return () => void this.tests.delete(test);
  }

  /** Adds everything one of our sockets can be called. */
  addSocket(socket: ListenSocket, spec: ListenSpec): void {
    const { address, port, proto, family } = socket;
    this.add(address, port, proto);
    this.add(spec.host, port, proto);
    this.add(socket.displayHost, socket.displayPort, proto);
    if (isWildcard(address)) for (const local of localAddresses(family)) this.add(local, port, proto);
  }

  /** @param port 0: any port */
  has(host: string, port: number, proto?: Proto): boolean {
    // Most hosts come in as they were entered; the canonical form is only made for the others.
    const list = this.byHost.get(host) ?? this.byHost.get(canonicalHost(host));
    if (list !== undefined && agrees(list, port, proto)) return true;
    if (this.byDomain.size > 0 && this.isBelow(canonicalHost(host), port, proto)) return true;
    if (this.tests.size === 0) return false;
    const canonical = canonicalHost(host);
    for (const test of this.tests) if (test(canonical)) return true;
    return false;
  }

  private isBelow(host: string, port: number, proto: Proto | undefined): boolean {
    for (let dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1)) {
      const list = this.byDomain.get(host.slice(dot + 1));
      if (list !== undefined && agrees(list, port, proto)) return true;
    }
    return false;
  }
}

/** A name's port (0: every) and protocol (null: every). */
interface OwnName {
  readonly port: number;
  readonly proto: Proto | null;
}

function enter(table: Map<string, OwnName[]>, host: string, port: number, proto: Proto | null): void {
  const key = canonicalHost(host);
  const list = table.get(key);
  if (list === undefined) table.set(key, [{ port, proto }]);
  else if (!list.some((own) => own.port === port && own.proto === proto)) list.push({ port, proto });
}

function agrees(list: readonly OwnName[], port: number, proto: Proto | undefined): boolean {
  for (const own of list) {
    if (own.port !== 0 && port !== 0 && own.port !== port) continue;
    if (proto !== undefined && own.proto !== null && own.proto !== proto) continue;
    return true;
  }
  return false;
}
