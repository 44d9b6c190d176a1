/** Right sides of `src_ip == …`: addresses, networks, host names. */
import { lookup } from 'node:dns/promises';
import { BlockList } from 'node:net';
import { canonicalHost, ipFamily, unbracket } from '../transport/ip.ts';
import { L_WARN } from './log.ts';
import type { ModuleHost } from './module-definition.ts';

/** Tells whether an address is the one meant, or one of those meant. */
export type AddressMatcher = (address: string) => boolean;

/**
 * @param text an IP address, `address/prefix`, or a host name, which is looked up once; until the answer is there nothing matches
 * @param prefix length of the network's prefix, null when `text` has it or there is none
 * @returns a text that says what is wrong
 */
export function matcherFor(text: string, prefix: number | null, host: ModuleHost | null): AddressMatcher | string {
  const slash = text.indexOf('/');
  if (slash >= 0) {
    const length = prefixLength(text.slice(slash + 1));
    return length === null ? `'${text}' is no network` : matcherFor(text.slice(0, slash), length, host);
  }
  const bare = unbracket(text);
  const family = ipFamily(bare);
  if (family === 0) return prefix === null ? nameMatcher(text, host) : `'${text}/${prefix}' is no network`;
  if (prefix === null || prefix === (family === 4 ? 32 : 128)) {
    const wanted = canonicalHost(bare);
    return (address) => address === wanted || (address.includes(':') && canonicalHost(address) === wanted);
  }
  if (prefix < 0 || prefix > (family === 4 ? 32 : 128))
    return `a network of IPv${family} has a prefix of at most ${family === 4 ? 32 : 128}`;
  return family === 4 ? network4(bare, prefix) : network6(bare, prefix);
}

/** `8`, or the netmask `255.0.0.0`. */
function prefixLength(text: string): number | null {
  if (/^\d{1,3}$/.test(text)) return Number(text);
  const mask = ipv4Number(text);
  if (mask === null) return null;
  const bits = Math.clz32(~mask);
  return bits < 32 && mask << bits !== 0 ? null : bits;
}

function network4(address: string, prefix: number): AddressMatcher {
  const mask = prefix === 0 ? 0 : -1 << (32 - prefix);
  const wanted = (ipv4Number(address) ?? 0) & mask;
  return (candidate) => {
    const number = ipv4Number(candidate);
    return number !== null && (number & mask) === wanted;
  };
}

/** IPv6 networks are rare enough for the platform's own list. */
function network6(address: string, prefix: number): AddressMatcher {
  const list = new BlockList();
  list.addSubnet(address, prefix, 'ipv6');
  return (candidate) => ipFamily(candidate) === 6 && list.check(unbracket(candidate), 'ipv6');
}

/** A dotted IPv4 address as 32 bits; null when it is none. */
function ipv4Number(text: string): number | null {
  let value = 0;
  let part = -1;
  let parts = 0;
  for (let at = 0; at <= text.length; at++) {
    const c = at === text.length ? 0x2e : text.charCodeAt(at);
    if (c === 0x2e) {
      if (part < 0) return null;
      value = (value << 8) | part;
      part = -1;
      parts++;
    } else if (c >= 0x30 && c <= 0x39) {
      part = Math.max(part, 0) * 10 + c - 0x30;
      if (part > 255) return null;
    } else return null;
  }
  return parts === 4 ? value : null;
}

function nameMatcher(name: string, host: ModuleHost | null): AddressMatcher {
  const addresses = new Set<string>();
  if (host !== null) {
    lookup(name, { all: true }).then(
      (found) => {
        for (const { address } of found) addresses.add(canonicalHost(address));
      },
      (error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error);
        host.log.write(L_WARN, 'core', `${name} in a condition has no address: ${reason}`, 'SCRIPT_HOST_UNRESOLVED');
      },
    );
  }
  return (address) => addresses.has(address) || addresses.has(canonicalHost(address));
}
