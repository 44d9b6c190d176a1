import { canonicalHost } from '../transport/ip.ts';

/** Words of 16 bits of an IPv6 address by which one customer is told from others: providers give each a /64 at least (RFC 6177). */
const SOURCE_WORDS = 4;
/** Words of 16 bits in an IPv6 address. */
const WORDS = 8;
/** Words of what one owner of many networks has (RFC 6177: a /48). */
const OWNER_WORDS = 3;

/** Who counts as one source: an IPv4 address, the /64 of an IPv6 one, whose owner has all of its addresses. Other text as it is. */
export function sourceOf(ip: string): string {
  if (!ip.includes(':')) return ip;
  const host = canonicalHost(ip);
  return host.includes(':') ? `${words(host, SOURCE_WORDS).join(':')}::/64` : host;
}

/** What it takes an owner of many addresses most effort to have many of: the /24 of an IPv4 address, the /48 of an IPv6 one. */
export function networkOf(ip: string): string {
  const host = ip.includes(':') ? canonicalHost(ip) : ip;
  if (host.includes(':')) return `${words(host, OWNER_WORDS).join(':')}::/48`;
  const end = host.lastIndexOf('.');
  return end < 0 ? host : `${host.slice(0, end)}.0/24`;
}

/** The bytes of an address as it goes over the wire, one character each. */
export function addressBytes(ip: string): string {
  const host = ip.includes(':') ? canonicalHost(ip) : ip;
  if (!host.includes(':')) return String.fromCharCode(...host.split('.').map(Number));
  return words(host, WORDS)
    .map((word) => Number.parseInt(word, 16))
    .map((word) => String.fromCharCode(word >> 8, word & 0xff))
    .join('');
}

/** The first words of an address in its shortest spelling (RFC 5952), which may leave out some of them at "::". */
function words(address: string, count: number): string[] {
  const [head = '', tail = ''] = address.split('%')[0]?.split('::') ?? [];
  const left = head === '' ? [] : head.split(':');
  const right = tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: Math.max(0, WORDS - left.length - right.length) }, () => '0');
  return [...left, ...zeros, ...right].slice(0, count);
}
