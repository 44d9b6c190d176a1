import { canonicalHost, ipFamily } from '../../transport/ip.ts';

/** One row of the address table or file. */
export interface AddressEntry {
  readonly group: number;
  /** As it stands in the table, for the operators' dump. */
  readonly address: string;
  readonly mask: number;
  /** 0: any port. */
  readonly port: number;
  /** Null for none. */
  readonly tag: string | null;
}

/** A row that has been found. */
export interface AddressMatch {
  readonly group: number;
  readonly tag: string | null;
  /** 'domain' for a name. */
  readonly kind: 'address' | 'subnet' | 'domain';
}

interface Subnet {
  readonly entry: AddressEntry;
  readonly network: bigint;
  readonly bits: 32 | 128;
  readonly shift: bigint;
}

/**
 * Checks the parts of a row.
 * @returns the entry, or a text that says what is wrong
 */
export function addressEntry(
  group: number,
  address: string,
  mask: number,
  port: number,
  tag: string | null,
): AddressEntry | string {
  if (!Number.isInteger(group) || group < 1) return `group of ${address} is not 1 or more`;
  if (address === '') return 'a row of the address table has no address';
  if (!Number.isInteger(port) || port < 0 || port > 65535) return `port of ${address} is not 0 to 65535`;
  const bits = widthOf(address);
  if (bits === 0) return { group, address, mask: 0, port, tag };
  if (!Number.isInteger(mask) || mask < 0 || mask > bits) return `mask of ${address} is not 0 to ${bits}`;
  // As in the original, 0 stands for the whole address: nobody lets the whole world in by a value left out.
  return { group, address: canonicalHost(address), mask: mask === 0 ? bits : mask, port, tag };
}

function widthOf(address: string): 0 | 32 | 128 {
  const family = ipFamily(address);
  if (family === 0) return 0;
  // An IPv4-mapped address is the IPv4 address it stands for.
  return canonicalHost(address).includes(':') ? 128 : 32;
}

function numberOf(canonical: string): bigint {
  if (!canonical.includes(':')) return canonical.split('.').reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
  const bare = canonical.replace(/%.*$/, '');
  const [head = '', tail] = bare.split('::');
  const words = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const left = words(head);
  const right = tail === undefined ? [] : words(tail);
  const missing = tail === undefined ? 0 : 8 - left.length - right.length;
  const all = [...left, ...Array.from({ length: missing }, () => '0'), ...right];
  return all.reduce((sum, word) => (sum << 16n) | BigInt(Number.parseInt(word, 16)), 0n);
}

/** Addresses, networks and names with their groups, made once and never changed. */
export class AddressBook {
  /** By address; rows that came later are met first, as in the original. */
  private readonly hosts = new Map<string, AddressEntry[]>();
  private readonly names = new Map<string, AddressEntry[]>();
  /** By group, in each in their order. */
  private readonly nets: readonly Subnet[];

  constructor(entries: readonly AddressEntry[] = []) {
    const nets: Subnet[] = [];
    for (const entry of entries) {
      const { address, mask } = entry;
      const bits = widthOf(address);
      if (bits === 0) enter(this.names, entry);
      else if (mask === bits) enter(this.hosts, entry);
      else {
        const shift = BigInt(bits - mask);
        nets.push({ entry, bits, shift, network: numberOf(address) >> shift });
      }
    }
    this.nets = nets.sort((a, b) => a.entry.group - b.entry.group);
  }

  /**
   * Looks for an address or name.
   * @param group 0 for any
   * @param port 0 agrees with rows for any port only
   */
  find(group: number, host: string, port: number): AddressMatch | null {
    const bits = widthOf(host);
    if (bits === 0) return first(this.names.get(host), group, port, 'domain');
    const canonical = canonicalHost(host);
    const exact = first(this.hosts.get(canonical), group, port, 'address');
    if (exact !== null || this.nets.length === 0) return exact;
    const number = numberOf(canonical);
    for (const net of this.nets) {
      if (net.bits === bits && number >> net.shift === net.network && agrees(net.entry, group, port))
        return { group: net.entry.group, tag: net.entry.tag, kind: 'subnet' };
    }
    return null;
  }

  /** Rows of one kind, for operators. */
  list(kind: 'address' | 'subnet' | 'domain'): readonly AddressEntry[] {
    if (kind === 'subnet') return this.nets.map(({ entry }) => entry);
    return [...(kind === 'address' ? this.hosts : this.names).values()].flat();
  }
}

function enter(map: Map<string, AddressEntry[]>, entry: AddressEntry): void {
  const list = map.get(entry.address);
  if (list === undefined) map.set(entry.address, [entry]);
  else list.unshift(entry);
}

function agrees(entry: AddressEntry, group: number, port: number): boolean {
  return (group === 0 || entry.group === group) && (entry.port === 0 || entry.port === port);
}

function first(
  list: readonly AddressEntry[] | undefined,
  group: number,
  port: number,
  kind: AddressMatch['kind'],
): AddressMatch | null {
  const found = list?.find((entry) => agrees(entry, group, port));
  return found === undefined ? null : { group: found.group, tag: found.tag, kind };
}

/**
 * Reads an address file: `group address [mask [port [tag]]]` a line, comments from `#`.
 * @returns entries, and texts about lines that are none
 */
export function parseAddressFile(text: string): { readonly entries: AddressEntry[]; readonly problems: string[] } {
  const entries: AddressEntry[] = [];
  const problems: string[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const [group = '', address = '', mask = '0', port = '0', tag] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (group === '') continue;
    const entry = addressEntry(Number(group), address, Number(mask), Number(port), tag ?? null);
    if (typeof entry === 'string') problems.push(`line ${index + 1}: ${entry}`);
    else entries.push(entry);
  }
  return { entries, problems };
}
