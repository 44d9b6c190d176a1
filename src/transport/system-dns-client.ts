import { promises as dns } from 'node:dns';
import { readFileSync, statSync } from 'node:fs';
import { type AddressRecord, type DnsClient, DnsError, type DnsRecord, type DnsType } from './dns-client.ts';
import { ipFamily } from './ip.ts';

/** Seconds for which names from the hosts file, or from the system's look-up, are kept: they have no TTL. */
const LOCAL_TTL = 30;

/**
 * Names as the machine's user expects them: localhost (RFC 6761 §6.3, works offline), then the hosts file, then DNS; a name without a dot
 * that DNS does not have is left to the system's look-up, which knows the search list and the other sources of nsswitch.conf.
 */
export class SystemDnsClient implements DnsClient {
  private readonly client: DnsClient;
  private readonly hosts: HostsFile;

  /** @param hostsFile path of the hosts file; empty for none */
  constructor(client: DnsClient, hostsFile = '/etc/hosts') {
    this.client = client;
    this.hosts = new HostsFile(hostsFile);
  }

  async query(name: string, type: DnsType): Promise<readonly DnsRecord[]> {
    if (type !== 'A' && type !== 'AAAA') {
      if (isLocalhost(name)) throw new DnsError('DNS_NOT_FOUND', `${type} ${name}`);
      return this.client.query(name, type);
    }
    const known = this.hosts.find(name);
    if (known.length > 0) {
      const family = type === 'A' ? 4 : 6;
      const fitting = known.filter((address) => ipFamily(address) === family);
      if (fitting.length > 0) return fitting.map((address) => ({ type, address, ttl: LOCAL_TTL }));
      // A name of the hosts file has the addresses given there and no others.
      if (!isLocalhost(name)) throw new DnsError('DNS_NOT_FOUND', `${type} ${name} (hosts file)`, LOCAL_TTL);
    }
    if (isLocalhost(name)) return [{ type, address: type === 'A' ? '127.0.0.1' : '::1', ttl: LOCAL_TTL }];
    try {
      return await this.client.query(name, type);
    } catch (error) {
      if (name.includes('.') || !(error instanceof DnsError)) throw error;
      const found = await systemLookup(name, type);
      if (found.length === 0) throw error;
      return found;
    }
  }
}

function isLocalhost(name: string): boolean {
  const lower = name.toLowerCase();
  return lower === 'localhost' || lower.endsWith('.localhost');
}

async function systemLookup(name: string, type: 'A' | 'AAAA'): Promise<AddressRecord[]> {
  try {
    const found = await dns.lookup(name, { all: true, family: type === 'A' ? 4 : 6 });
    return found.map(({ address }) => ({ type, address, ttl: LOCAL_TTL }));
  } catch {
    return []; // the error of the DNS itself says more and is thrown by the caller
  }
}

/** The hosts file, read again when it has changed. */
class HostsFile {
  private readonly path: string;
  private stamp = -1;
  private addresses = new Map<string, string[]>();

  constructor(path: string) {
    this.path = path;
  }

  find(name: string): readonly string[] {
    this.refresh();
    return this.addresses.get(name.toLowerCase()) ?? [];
  }

  /** Asked only when a name is not cached, so a stat a time costs nothing that shows. */
  private refresh(): void {
    if (this.path === '') return;
    const stat = statSync(this.path, { throwIfNoEntry: false });
    const stamp = stat === undefined ? 0 : stat.mtimeMs;
    if (stamp === this.stamp) return;
    this.stamp = stamp;
    this.addresses = stat === undefined ? new Map() : parseHosts(readFileSync(this.path, 'utf8'));
  }
}

/** The addresses by lower-case name of a hosts file's text. */
export function parseHosts(text: string): Map<string, string[]> {
  const addresses = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [address, ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (address === undefined || ipFamily(address) === 0) continue;
    for (const name of names) {
      const list = addresses.get(name.toLowerCase());
      if (list === undefined) addresses.set(name.toLowerCase(), [address]);
      else if (!list.includes(address)) list.push(address);
    }
  }
  return addresses;
}
