/**
 * Kamailio's string hash (core_hash): four bytes at a time, the rest as one number, then folded. Not cryptographic.
 * @param texts latin1 texts, hashed one after the other
 * @param bits size of the hash space as a power of two; 0 or less means one bit
 * @returns 0 … 2^bits - 1
 */
export function coreHash(texts: readonly string[], bits: number): number {
  let hash = 0;
  for (const text of texts) {
    let at = 0;
    for (; at + 4 <= text.length; at += 4) hash = add(hash, word(text, at, at + 4));
    hash = add(hash, word(text, at, text.length));
  }
  hash = (hash + (hash >>> 11) + (hash >>> 13) + (hash >>> 23)) >>> 0;
  const size = bits <= 0 ? 2 : 2 ** Math.min(bits, 31);
  return hash % size;
}

function word(text: string, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) value = ((value << 8) | (text.charCodeAt(at) & 0xff)) >>> 0;
  return value;
}

function add(hash: number, value: number): number {
  return (hash + ((value ^ (value >>> 3)) >>> 0)) >>> 0;
}
