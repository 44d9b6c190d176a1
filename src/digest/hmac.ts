import { hash } from 'node:crypto';

const BLOCK_LENGTH = 64;
const HASH_LENGTH = 32;
/** What most messages fit into; longer ones get memory of their own. */
const ROOM = 512;

/**
 * HMAC-SHA256 (RFC 2104) with one key. Its pads stand ready before the memory that what follows them is written to, so one call is two
 * one-shot hashes and allocates hardly more than its result: Node's createHmac takes some five times as long, and every challenge and every
 * verification needs one.
 */
export class HmacSha256 {
  /** The inner pad, then the message. */
  private readonly inner = Buffer.alloc(BLOCK_LENGTH + ROOM, 0x36);
  /** The outer pad, then the inner hash. */
  private readonly outer = Buffer.alloc(BLOCK_LENGTH + HASH_LENGTH, 0x5c);
  /** The part of `inner` that was hashed last: messages are mostly as long as the one before. */
  private hashed = this.inner;

  /** @param key of any length (RFC 2104 §2: one longer than a block is hashed first) */
  constructor(key: Uint8Array) {
    const short = key.length > BLOCK_LENGTH ? hash('sha256', key, 'buffer') : key;
    short.forEach((byte, at) => {
      this.inner[at] = byte ^ 0x36;
      this.outer[at] = byte ^ 0x5c;
    });
  }

  /**
   * The code of bytes followed by a text of one character per byte.
   * @returns 32 bytes, one latin1 character each
   */
  sign(head: Uint8Array, text: string): string {
    const length = BLOCK_LENGTH + head.length + text.length;
    let input = this.hashed;
    if (length > BLOCK_LENGTH + ROOM) {
      input = Buffer.alloc(length);
      input.set(this.inner.subarray(0, BLOCK_LENGTH));
    } else if (input.length !== length) {
      input = this.inner.subarray(0, length);
      this.hashed = input;
    }
    input.set(head, BLOCK_LENGTH);
    input.write(text, BLOCK_LENGTH + head.length, 'latin1');
    // 'binary' is latin1: a result as Buffer would be an allocation outside the heap, which costs more than the hash.
    this.outer.write(hash('sha256', input, 'binary'), BLOCK_LENGTH, 'latin1');
    return hash('sha256', this.outer, 'binary');
  }
}
