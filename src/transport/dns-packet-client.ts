import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { getServers } from 'node:dns';
import { connect } from 'node:net';
import {
  type Answer,
  type DecodedPacket,
  decode,
  encode,
  RECURSION_DESIRED,
  streamDecode,
  streamEncode,
} from 'dns-packet';
import { type DnsClient, DnsError, type DnsRecord, type DnsType } from './dns-client.ts';
import { errorText } from './errors.ts';

/** Settings of a {@link PacketDnsClient}. */
export interface PacketDnsSettings {
  /** `ip`, `ip:port` or `[ip6]:port`; absent: the system's (/etc/resolv.conf). */
  readonly servers?: readonly string[];
  /** Milliseconds to wait for one answer (dns_retr_time). */
  readonly timeout?: number;
  /** Rounds through the servers (dns_retr_no). */
  readonly attempts?: number;
}

/**
 * DNS over UDP, and TCP for what does not fit. Node's own resolver would do but for one thing: it gives no TTL for SRV and NAPTR, and a
 * SIP server that keeps those longer than their TTL sends calls to hosts that were taken out of service.
 *
 * Every query has a socket, so a random source port, and a random id of its own (RFC 5452 §9.2).
 */
export class PacketDnsClient implements DnsClient {
  private readonly settings: PacketDnsSettings;

  constructor(settings: PacketDnsSettings = {}) {
    this.settings = settings;
  }

  async query(name: string, type: DnsType): Promise<readonly DnsRecord[]> {
    const { timeout = 2000, attempts = 2, servers = getServers() } = this.settings;
    let last = new DnsError('DNS_SERVER_FAILURE', `${type} ${name}: no DNS server is configured`);
    for (let attempt = 0; attempt < attempts; attempt++) {
      for (const server of servers) {
        try {
          return readAnswer(await this.exchange(server, name, type, timeout), name, type);
        } catch (error) {
          if (!(error instanceof DnsError)) throw error;
          if (error.code === 'DNS_NOT_FOUND') throw error;
          last = error; // another server may know better
        }
      }
    }
    throw last;
  }

  private async exchange(server: string, name: string, type: DnsType, timeout: number): Promise<DecodedPacket> {
    const id = randomInt(65536);
    const query = {
      id,
      type: 'query' as const,
      flags: RECURSION_DESIRED,
      questions: [{ name, type, class: 'IN' }],
      additionals: [{ name: '.' as const, type: 'OPT' as const, udpPayloadSize: 1232, flags: 0 }],
    };
    const to = parseServer(server);
    const what = `${type} ${name} at ${server}`;
    const fits = (packet: DecodedPacket): boolean =>
      packet.type === 'response' &&
      packet.id === id &&
      packet.questions[0]?.type === type &&
      packet.questions[0].name.toLowerCase() === name.toLowerCase();
    const answer = await overUdp(to, encode(query), fits, timeout, what);
    return answer.flag_tc ? overTcp(to, streamEncode(query), fits, timeout, what) : answer;
  }
}

interface ServerAddress {
  readonly ip: string;
  readonly port: number;
}

function parseServer(text: string): ServerAddress {
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(text);
  if (bracketed?.[1] !== undefined) return { ip: bracketed[1], port: Number(bracketed[2] ?? 53) };
  const v4 = /^([^:]+):(\d+)$/.exec(text);
  return v4?.[1] === undefined ? { ip: text, port: 53 } : { ip: v4[1], port: Number(v4[2]) };
}

type Check = (packet: DecodedPacket) => boolean;

function overUdp(to: ServerAddress, query: Buffer, fits: Check, timeout: number, what: string): Promise<DecodedPacket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(to.ip.includes(':') ? 'udp6' : 'udp4');
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      socket.close();
      settle();
    };
    const timer = setTimeout(() => end(() => reject(new DnsError('DNS_TIMEOUT', what))), timeout);
    socket.on('error', (error) =>
      end(() => reject(new DnsError('DNS_TIMEOUT', `${what}: ${errorText(error)}`, -1, error))),
    );
    socket.on('message', (data) => {
      const packet = tryDecode(() => decode(data));
      if (packet !== null && fits(packet)) end(() => resolve(packet)); // anything else may be forged: wait on
    });
    // Connected: the kernel drops what comes from elsewhere, and an ICMP refusal becomes an error.
    socket.connect(to.port, to.ip, () => socket.send(query));
  });
}

function overTcp(to: ServerAddress, query: Buffer, fits: Check, timeout: number, what: string): Promise<DecodedPacket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: to.ip, port: to.port });
    const chunks: Buffer[] = [];
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      socket.destroy();
      settle();
    };
    const fail = (why: string): void => end(() => reject(new DnsError('DNS_TIMEOUT', `${what} over TCP: ${why}`)));
    const timer = setTimeout(() => fail('no answer'), timeout);
    socket.on('error', (error) => fail(errorText(error)));
    socket.on('close', () => fail('closed'));
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      const data = Buffer.concat(chunks);
      if (data.length < 2 || data.length < 2 + data.readUInt16BE(0)) return;
      const packet = tryDecode(() => streamDecode(data));
      if (packet !== null && fits(packet)) end(() => resolve(packet));
      else fail('unreadable answer');
    });
    socket.write(query);
  });
}

function tryDecode(read: () => DecodedPacket | null): DecodedPacket | null {
  try {
    return read();
  } catch {
    return null; // no DNS message: the caller waits on, or reports it
  }
}

function readAnswer(packet: DecodedPacket, name: string, type: DnsType): DnsRecord[] {
  if (packet.rcode !== 'NOERROR' && packet.rcode !== 'NXDOMAIN') {
    throw new DnsError('DNS_SERVER_FAILURE', `${type} ${name}: ${packet.rcode}`);
  }
  // The least TTL of the aliases on the way holds for what they lead to.
  let ttl = Number.POSITIVE_INFINITY;
  for (const answer of packet.answers) if (answer.type === 'CNAME') ttl = Math.min(ttl, answer.ttl ?? 0);
  const records: DnsRecord[] = [];
  for (const answer of packet.answers) {
    if (answer.type !== type) continue;
    const record = toRecord(type, answer.data, Math.min(ttl, answer.ttl ?? 0));
    if (record !== null) records.push(record);
  }
  if (records.length === 0) throw new DnsError('DNS_NOT_FOUND', `${type} ${name}`, negativeTtl(packet.authorities));
  return records;
}

function toRecord(type: DnsType, data: unknown, ttl: number): DnsRecord | null {
  if (type === 'A' || type === 'AAAA') return typeof data === 'string' ? { type, address: data, ttl } : null;
  if (typeof data !== 'object' || data === null) return null;
  const fields = data as Readonly<Record<string, unknown>>;
  const number = (key: string): number => (typeof fields[key] === 'number' ? fields[key] : 0);
  const text = (key: string): string => {
    const value = fields[key];
    return typeof value === 'string' ? value : Buffer.isBuffer(value) ? value.toString('latin1') : '';
  };
  const name = (key: string): string => text(key).replace(/\.$/, '');
  if (type === 'SRV') {
    const [priority, weight, port] = [number('priority'), number('weight'), number('port')];
    return { type, priority, weight, port, target: name('target'), ttl };
  }
  const [order, preference] = [number('order'), number('preference')];
  return {
    type,
    order,
    preference,
    flags: text('flags'),
    service: text('services'),
    replacement: name('replacement'),
    ttl,
  };
}

/** RFC 2308 §5: the lesser of the SOA record's own TTL and its minimum field. */
function negativeTtl(authorities: readonly Answer[]): number {
  const soa = authorities.find((record) => record.type === 'SOA');
  const minimum = (soa?.data as { minimum?: unknown } | undefined)?.minimum;
  return soa === undefined || typeof minimum !== 'number' ? -1 : Math.min(soa.ttl ?? 0, minimum);
}
