import { isIPv4, isIPv6, SocketAddress } from 'node:net';

/** Address family of an IP literal (brackets allowed), 0 when the text is none. */
export function ipFamily(text: string): 0 | 4 | 6 {
  const first = text.charCodeAt(0);
  if (first >= 0x30 && first <= 0x39 && isIPv4(text)) return 4;
  return isIPv6(unbracket(text)) ? 6 : 0;
}

/** An IPv6 reference without its brackets; other text as it is. */
export function unbracket(host: string): string {
  return host.charCodeAt(0) === 0x5b && host.endsWith(']') ? host.slice(1, -1) : host;
}

/** A host as it stands in a URI: an IPv6 address in brackets (RFC 3261 §25.1 IPv6reference). */
export function bracket(host: string): string {
  return host.includes(':') && host.charCodeAt(0) !== 0x5b ? `[${host}]` : host;
}

/**
 * A host in the one form in which hosts are compared: lower case, no brackets, no final dot, IPv6 in its shortest spelling
 * (RFC 5952), an IPv4-mapped IPv6 address as the IPv4 address it stands for.
 * The zone of a link-local address stays: without it the address means nothing.
 */
export function canonicalHost(host: string): string {
  const bare = unbracket(host);
  if (!bare.includes(':')) {
    const lower = bare.toLowerCase();
    return lower.endsWith('.') ? lower.slice(0, -1) : lower;
  }
  const zone = bare.indexOf('%');
  const address = zone < 0 ? bare : bare.slice(0, zone);
  if (!isIPv6(address)) return bare.toLowerCase();
  const shortest = new SocketAddress({ address, family: 'ipv6' }).address.toLowerCase();
  const mapped = shortest.startsWith('::ffff:') ? shortest.slice(7) : '';
  if (isIPv4(mapped)) return mapped;
  return zone < 0 ? shortest : shortest + bare.slice(zone);
}

/** True for the addresses that mean "every interface". */
export function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}
