import { promises as dns } from 'node:dns';
import { isWildcard } from '../transport/ip.ts';
import type { ListenSocket } from '../transport/transport.ts';

/** Milliseconds that all reverse look-ups together may take: a dead DNS server must not keep a server from starting. */
const PATIENCE = 3000;

/**
 * The names that the DNS has for our own addresses (auto_aliases); those it has none for are left out.
 * @param reverse looks up an address
 */
export async function reverseNames(
  sockets: readonly ListenSocket[],
  reverse: (address: string) => Promise<readonly string[]> = dns.reverse,
): Promise<readonly string[]> {
  const addresses = [...new Set(sockets.map(({ address }) => address))].filter((address) => !isWildcard(address));
  const names = new Set<string>();
  const found = Promise.allSettled(
    addresses.map(async (address) => {
      for (const name of await reverse(address)) names.add(name);
    }),
  );
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, PATIENCE);
  });
  await Promise.race([found, late]);
  clearTimeout(timer);
  return [...names];
}
