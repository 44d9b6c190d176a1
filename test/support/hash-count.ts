/** Counts what Node's crypto is asked to do: work that an attacker could measure from outside. */
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';

/** What was asked for, in order. */
export interface CryptoWork {
  /** Algorithm of each hash. */
  readonly hashes: string[];
  /** Lengths of what was compared in constant time. */
  readonly compared: number[];
}

/** Runs something and tells what it asked of node:crypto by hash() and timingSafeEqual(). Nothing else may run meanwhile. */
export async function cryptoWork(run: () => unknown): Promise<CryptoWork> {
  const work: CryptoWork = { hashes: [], compared: [] };
  const { hash, timingSafeEqual } = crypto;
  const counted = {
    hash: (...args: Parameters<typeof hash>): ReturnType<typeof hash> => {
      work.hashes.push(args[0]);
      return hash(...args);
    },
    timingSafeEqual: (...args: Parameters<typeof timingSafeEqual>): boolean => {
      work.compared.push(args[0].byteLength);
      return timingSafeEqual(...args);
    },
  };
  Object.assign(crypto, counted);
  // Named imports of built-in modules follow.
  syncBuiltinESMExports();
  try {
    await run();
  } finally {
    Object.assign(crypto, { hash, timingSafeEqual });
    syncBuiltinESMExports();
  }
  return work;
}
