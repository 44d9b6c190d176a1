import { type DnsClient, DnsError, type DnsRecord, type DnsType } from '../../src/transport/dns-client.ts';

/** A DNS in memory: records by "TYPE name". Counts what it is asked; can be made to fail, or to wait. */
export class FakeDns implements DnsClient {
  readonly asked: string[] = [];
  private readonly records = new Map<string, DnsRecord[]>();
  private readonly failures = new Map<string, 'DNS_NOT_FOUND' | 'DNS_TIMEOUT' | 'DNS_SERVER_FAILURE'>();
  /** Seconds that a "not found" is good for, -1: the server does not say. */
  negativeTtl = -1;

  a(name: string, address: string, ttl = 300): this {
    return this.add(name, { type: address.includes(':') ? 'AAAA' : 'A', address, ttl });
  }

  srv(name: string, priority: number, weight: number, port: number, target: string, ttl = 300): this {
    return this.add(name, { type: 'SRV', priority, weight, port, target, ttl });
  }

  naptr(name: string, order: number, preference: number, service: string, replacement: string, ttl = 300): this {
    return this.add(name, { type: 'NAPTR', order, preference, flags: 's', service, replacement, ttl });
  }

  /** Makes a question fail until {@link clear} or new records. */
  fail(type: DnsType, name: string, code: 'DNS_NOT_FOUND' | 'DNS_TIMEOUT' | 'DNS_SERVER_FAILURE'): this {
    this.failures.set(`${type} ${name}`, code);
    return this;
  }

  clear(): void {
    this.records.clear();
    this.failures.clear();
  }

  async query(name: string, type: DnsType): Promise<readonly DnsRecord[]> {
    const key = `${type} ${name}`;
    this.asked.push(key);
    await Promise.resolve();
    const failure = this.failures.get(key);
    if (failure !== undefined) throw new DnsError(failure, key);
    const found = this.records.get(key);
    if (found === undefined) throw new DnsError('DNS_NOT_FOUND', key, this.negativeTtl);
    return found;
  }

  private add(name: string, record: DnsRecord): this {
    const key = `${record.type} ${name}`;
    this.failures.delete(key);
    const list = this.records.get(key);
    if (list === undefined) this.records.set(key, [record]);
    else list.push(record);
    return this;
  }
}
