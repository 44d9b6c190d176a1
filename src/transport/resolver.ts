import { randomInt } from 'node:crypto';
import { paramValue } from '../message/params.ts';
import { type Clock, realClock } from '../time/clock.ts';
import { type BlockedTarget, Blocklist } from './blocklist.ts';
import { DnsCache, type DnsCacheSettings } from './dns-cache.ts';
import {
  type DnsClient,
  DnsError,
  type DnsRecord,
  type DnsType,
  type NaptrRecord,
  type SrvRecord,
} from './dns-client.ts';
import { PacketDnsClient } from './dns-packet-client.ts';
import { canonicalHost, ipFamily } from './ip.ts';
import { defaultPort } from './listen.ts';
import { orderSrv } from './srv-order.ts';
import { SystemDnsClient } from './system-dns-client.ts';
import type { Proto } from './transport.ts';

/** One place where a request can be sent (RFC 3263 §4.2). */
export interface Target {
  readonly proto: Proto;
  readonly ip: string;
  readonly port: number;
  /** Name that a TLS certificate has to carry (RFC 5922: the URI's domain, not the SRV target); empty without TLS and for addresses. */
  readonly serverName: string;
}

/** What is resolved: a `SipUri` is one. */
export interface NextHop {
  /** sip or sips, lower case; anything else is treated as sip. */
  readonly scheme: string;
  /** Host name or address, an IPv6 address with or without brackets. */
  readonly host: string;
  /** 0 when none is given. */
  readonly port: number;
  /** Lower-case transport parameter, empty when none is given. */
  readonly transport: string;
  /** URI parameters, for maddr. */
  readonly params?: string;
}

/** Settings of a {@link Resolver}. */
export interface ResolverSettings {
  /** Absent: hosts file and the system's DNS servers. */
  readonly client?: DnsClient;
  readonly clock?: Clock;
  readonly cache?: DnsCacheSettings;
  /** Whether we have a socket for it; look-ups for what we cannot send are not made. Absent: udp, tcp and tls by IPv4 and IPv6. */
  readonly supports?: (proto: Proto, family: 4 | 6) => boolean;
  /** Ask for NAPTR records first (dns_try_naptr; off as in Kamailio: few carriers have them and it costs a query). */
  readonly tryNaptr?: boolean;
  /** Address families in the order of preference; leave one out and it is never asked for (dns_try_ipv6=no: [4]). */
  readonly families?: readonly (4 | 6)[];
  /** Balance by SRV weights (RFC 2782); false takes the heaviest first (dns_srv_lb=no). */
  readonly srvBalance?: boolean;
  /** Milliseconds for which a failed target is avoided. */
  readonly denyTime?: number;
  /** Returns 0 ≤ x < 1. */
  readonly random?: () => number;
}

/** Transports in order of preference where the URI names none and NAPTR says nothing (RFC 3263 §4.1). */
const SIP_ORDER: readonly Proto[] = ['udp', 'tcp', 'tls'];
const SIPS_ORDER: readonly Proto[] = ['tls'];

const SRV_PREFIX: Readonly<Partial<Record<Proto, string>>> = {
  udp: '_sip._udp.',
  tcp: '_sip._tcp.',
  tls: '_sips._tcp.',
};

// RFC 3263 §4.1, RFC 7118 §5.5.
const NAPTR_SERVICES: Readonly<Record<string, Proto>> = {
  'SIP+D2U': 'udp',
  'SIP+D2T': 'tcp',
  'SIPS+D2T': 'tls',
  'SIP+D2W': 'ws',
  'SIPS+D2W': 'wss',
};

/** Rounds of questions one look-up may take: NAPTR, SRV, addresses, and room for entries that end on the way. */
const MAX_ROUNDS = 8;

/**
 * RFC 3263: from a URI to the ordered list of places to try. The walk through NAPTR, SRV and address records is a plain function
 * over the cache that is run again after its open questions were asked; so the answer is there at once whenever everything is known.
 */
export class Resolver {
  readonly blocklist: Blocklist;
  readonly cache: DnsCache;
  private readonly settings: ResolverSettings;
  private readonly random: () => number;

  constructor(settings: ResolverSettings = {}) {
    const clock = settings.clock ?? realClock;
    this.settings = settings;
    this.cache = new DnsCache(settings.client ?? new SystemDnsClient(new PacketDnsClient()), clock, settings.cache);
    this.blocklist = new Blocklist(clock, settings.denyTime ?? 30_000);
    this.random = settings.random ?? cryptoRandom;
  }

  /**
   * The targets in order, when no look-up is needed: an IP literal, or everything is cached.
   * @returns null when a look-up has to be waited for; an empty list when it is known that there is no target
   */
  resolveNow(hop: NextHop): readonly Target[] | null {
    const targets = this.walk(hop, new Knowledge(this.cache));
    return targets === null ? null : this.blocklist.prefer(targets);
  }

  /**
   * The targets in order, one at least; look-ups for one name at one time are shared.
   * @throws DnsError DNS_NOT_FOUND, DNS_TIMEOUT, DNS_SERVER_FAILURE
   */
  async resolve(hop: NextHop): Promise<readonly Target[]> {
    const knowledge = new Knowledge(this.cache);
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const targets = this.walk(hop, knowledge);
      if (targets !== null) {
        if (targets.length === 0) throw knowledge.error(hop.host);
        return this.blocklist.prefer(targets);
      }
      await knowledge.askMissing();
    }
    throw new DnsError('DNS_SERVER_FAILURE', `${hop.host}: too many look-ups`);
  }

  /** A target just failed: others are tried first for a while. */
  denied(target: BlockedTarget): void {
    this.blocklist.deny(target);
  }

  private supports(proto: Proto, family: 4 | 6): boolean {
    const { supports } = this.settings;
    return supports === undefined ? proto !== 'ws' && proto !== 'wss' : supports(proto, family);
  }

  private get families(): readonly (4 | 6)[] {
    return this.settings.families ?? [4, 6];
  }

  /** RFC 3263 §4.1 and §4.2. @returns null when questions are open */
  private walk(hop: NextHop, known: Knowledge): Target[] | null {
    const { scheme, port, transport, params } = hop;
    // §4: TARGET is maddr if the URI has one, else the host.
    const maddr = params === undefined || params === '' ? undefined : paramValue(params, 'maddr');
    const target = maddr === undefined || maddr === '' ? hop.host : maddr;
    const secure = scheme === 'sips';
    const proto = transport === '' ? null : protoOf(transport, secure);
    if (proto === undefined) return []; // a transport that nobody here speaks
    const family = ipFamily(target);
    if (family !== 0) {
      const by = proto ?? (secure ? 'tls' : 'udp');
      // canonicalHost keeps one spelling of an address, so that connections and block list entries are found again.
      const ip = family === 4 ? target : canonicalHost(target);
      return [{ proto: by, ip, port: port === 0 ? defaultPort(by) : port, serverName: '' }];
    }
    const name = canonicalHost(target);
    if (port !== 0) {
      const by = proto ?? (secure ? 'tls' : 'udp');
      return this.addresses(name, port, by, name, known);
    }
    if (proto !== null) return this.service(proto, name, known, true);
    const byNaptr = this.settings.tryNaptr === true ? this.naptr(name, secure, known) : [];
    if (byNaptr === null || byNaptr.length > 0) return byNaptr;
    return this.anyService(name, secure, known);
  }

  /** §4.1: no transport is named: the first one of ours that has SRV records, else the default one by address. */
  private anyService(name: string, secure: boolean, known: Knowledge): Target[] | null {
    const protos = (secure ? SIPS_ORDER : SIP_ORDER).filter((proto) =>
      this.families.some((f) => this.supports(proto, f)),
    );
    const found = protos.map((proto) => this.service(proto, name, known, false)); // all at once: one wait instead of three
    for (const targets of found) {
      if (targets === null) return null;
      if (targets.length > 0) return targets;
    }
    const by = secure ? 'tls' : 'udp';
    return this.addresses(name, defaultPort(by), by, name, known);
  }

  /** §4.1: NAPTR records by order and preference, each leading to SRV records. */
  private naptr(name: string, secure: boolean, known: Knowledge): Target[] | null {
    const records = known.get(name, 'NAPTR');
    if (records === null) return null;
    const usable: { readonly record: NaptrRecord; readonly proto: Proto }[] = [];
    for (const record of records) {
      if (record.type !== 'NAPTR' || record.flags.toLowerCase() !== 's') continue;
      const proto = NAPTR_SERVICES[record.service.toUpperCase()];
      if (proto === undefined || !this.families.some((family) => this.supports(proto, family))) continue;
      if (secure && proto !== 'tls' && proto !== 'wss') continue;
      usable.push({ record, proto });
    }
    usable.sort((a, b) => a.record.order - b.record.order || a.record.preference - b.record.preference);
    const all: Target[] = [];
    let open = false;
    for (const { record, proto } of usable) {
      const targets = this.srv(record.replacement.toLowerCase(), proto, name, known);
      if (targets === null) open = true;
      else if (targets !== 'absent') all.push(...targets);
    }
    return open ? null : all;
  }

  /** §4.2: SRV records of one transport. @param orAddresses take the name's addresses when there are none */
  private service(proto: Proto, name: string, known: Knowledge, orAddresses: boolean): Target[] | null {
    const prefix = SRV_PREFIX[proto];
    const targets = prefix === undefined ? [] : this.srv(prefix + name, proto, name, known);
    if (targets === null) return null;
    if (targets === 'absent') return [];
    if (targets.length > 0 || !orAddresses) return targets;
    return this.addresses(name, defaultPort(proto), proto, name, known);
  }

  /** @returns 'absent' when the domain says that it has no such service (RFC 2782: target ".") */
  private srv(name: string, proto: Proto, serverName: string, known: Knowledge): Target[] | null | 'absent' {
    const records = known.get(name, 'SRV');
    if (records === null) return null;
    const usable: SrvRecord[] = [];
    for (const record of records) if (record.type === 'SRV' && record.target !== '') usable.push(record);
    if (records.length > 0 && usable.length === 0) return 'absent';
    const all: Target[] = [];
    let open = false;
    for (const { target, port } of orderSrv(usable, this.random, this.settings.srvBalance)) {
      const targets = this.addresses(target, port, proto, serverName, known);
      if (targets === null) open = true;
      else all.push(...targets);
    }
    return open ? null : all;
  }

  private addresses(host: string, port: number, proto: Proto, domain: string, known: Knowledge): Target[] | null {
    const serverName = proto === 'udp' || proto === 'tcp' ? '' : domain;
    const literal = ipFamily(host);
    // An address as SRV target is against RFC 2782, and yet published.
    if (literal !== 0) return [{ proto, ip: canonicalHost(host), port, serverName }];
    const all: Target[] = [];
    let open = false;
    for (const family of this.families) {
      if (!this.supports(proto, family)) continue;
      const records = known.get(host.toLowerCase(), family === 4 ? 'A' : 'AAAA');
      if (records === null) {
        open = true;
        continue;
      }
      for (const record of records) {
        if (record.type === 'A' || record.type === 'AAAA') all.push({ proto, ip: record.address, port, serverName });
      }
    }
    return open ? null : all;
  }
}

/** The transport that a parameter names, made secure for sips (RFC 3261 §26.2.2); undefined for one we do not have. */
function protoOf(transport: string, secure: boolean): Proto | undefined {
  switch (transport) {
    case 'udp':
    case 'tcp':
      return secure ? 'tls' : transport;
    case 'tls':
    case 'wss':
      return transport;
    case 'ws':
      return secure ? 'wss' : 'ws';
    default:
      return undefined;
  }
}

/** What one walk may rely on: the cache, and the answers it has waited for itself, even those whose TTL is 0. */
class Knowledge {
  private readonly cache: DnsCache;
  // Made when something is put into them: of an address and of what is cached nothing is.
  private own: Map<string, readonly DnsRecord[]> | null = null;
  private missing: Map<string, { readonly name: string; readonly type: DnsType }> | null = null;
  private worst: DnsError | null = null;

  constructor(cache: DnsCache) {
    this.cache = cache;
  }

  /** The records, an empty list when there are none, null when that is not known yet. */
  get(name: string, type: DnsType): readonly DnsRecord[] | null {
    const key = `${type} ${name}`;
    const own = this.own?.get(key);
    if (own !== undefined) return own;
    const answer = this.cache.peek(name, type);
    if (answer === undefined) {
      this.missing ??= new Map();
      this.missing.set(key, { name, type });
      return null;
    }
    this.note(answer.error);
    return answer.records;
  }

  async askMissing(): Promise<void> {
    const questions = [...(this.missing ?? [])];
    this.missing = null;
    this.own ??= new Map();
    const { own } = this;
    await Promise.all(
      questions.map(async ([key, { name, type }]) => {
        const answer = await this.cache.lookup(name, type);
        this.note(answer.error);
        own.set(key, answer.records);
      }),
    );
  }

  /** Why nothing was found: a failure of the DNS says more than a name without records. */
  error(host: string): DnsError {
    const code = this.worst?.code ?? 'DNS_NOT_FOUND';
    return new DnsError(code, host, this.worst?.ttl ?? -1, this.worst ?? undefined);
  }

  private note(error: DnsError | null): void {
    if (error !== null && (this.worst === null || this.worst.code === 'DNS_NOT_FOUND')) this.worst = error;
  }
}

function cryptoRandom(): number {
  return randomInt(0x1_0000_0000) / 0x1_0000_0000;
}
