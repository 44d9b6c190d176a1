import { randomFillSync } from 'node:crypto';

/** Randomness as everything below the server sees it: the operating system's in production, seeded in tests. */
export interface Random {
  /**
   * A fresh identifier for branches, tags, Call-IDs and nonces (RFC 3261 §19.3 asks for at least 32 random bits in a tag).
   * Lower-case hexadecimal: valid wherever SIP wants a token, and safe with peers that fold case (RFC 3261 §7.3.1).
   * @param bytes random bytes, 1 … 256; the text has twice as many characters
   */
  token(bytes: number): string;
  /** An integer of 0 … 2^32-1, evenly spread. */
  uint32(): number;
}

// One system call fills identifiers for some hundred messages; asking for 8 bytes at a time costs ten times as much.
const POOL = 4096;
const MAX_TOKEN = 256;

class CryptoRandom implements Random {
  private readonly pool = Buffer.alloc(POOL);
  private at = POOL;

  token(bytes: number): string {
    const at = this.take(checkedLength(bytes));
    return this.pool.toString('hex', at, at + bytes);
  }

  uint32(): number {
    return this.pool.readUInt32LE(this.take(4));
  }

  private take(bytes: number): number {
    if (this.at + bytes > POOL) {
      randomFillSync(this.pool);
      this.at = 0;
    }
    const at = this.at;
    this.at += bytes;
    return at;
  }
}

/** The process's source of randomness, cryptographically strong. */
export const realRandom: Random = new CryptoRandom();

/**
 * A repeatable source for tests (mulberry32). Never for identifiers that leave the machine.
 * @param seed any integer; the same seed gives the same sequence
 */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const uint32 = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
  return {
    uint32,
    token(bytes: number): string {
      let text = '';
      for (let i = 0; i < checkedLength(bytes); i++) text += (uint32() & 0xff).toString(16).padStart(2, '0');
      return text;
    },
  };
}

function checkedLength(bytes: number): number {
  if (!(Number.isInteger(bytes) && bytes > 0 && bytes <= MAX_TOKEN)) throw new RangeError(`token of ${bytes} bytes`);
  return bytes;
}
