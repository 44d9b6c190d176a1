import { hash } from 'node:crypto';

const BLOCK_LENGTH = 64;
const HASH_LENGTH = 32;

/** An HMAC-SHA256 key with its two pads made once. */
export interface HmacKey {
  readonly inner: Buffer;
  readonly outer: Buffer;
}

/** Prepares a key of any length (RFC 2104 §2: one longer than a block is hashed first). */
export function hmacKey(key: Uint8Array): HmacKey {
  const short = key.length > BLOCK_LENGTH ? hash('sha256', key, 'buffer') : key;
  const inner = Buffer.alloc(BLOCK_LENGTH, 0x36);
  const outer = Buffer.alloc(BLOCK_LENGTH, 0x5c);
  short.forEach((byte, at) => {
    inner[at] = byte ^ 0x36;
    outer[at] = byte ^ 0x5c;
  });
  return { inner, outer };
}

/**
 * HMAC-SHA256 (RFC 2104) of bytes followed by a text of one character per byte. Two one-shot hashes: Node's createHmac takes
 * some seven times as long, and every challenge and every verification needs one.
 * @returns 32 bytes
 */
export function hmacSha256(key: HmacKey, head: Uint8Array, text: string): Buffer {
  const inner = Buffer.allocUnsafe(BLOCK_LENGTH + head.length + text.length);
  inner.set(key.inner);
  inner.set(head, BLOCK_LENGTH);
  inner.write(text, BLOCK_LENGTH + head.length, 'latin1');
  const outer = Buffer.allocUnsafe(BLOCK_LENGTH + HASH_LENGTH);
  outer.set(key.outer);
  outer.set(hash('sha256', inner, 'buffer'), BLOCK_LENGTH);
  return hash('sha256', outer, 'buffer');
}
