import { randomBytes, timingSafeEqual } from 'node:crypto';
import { type Clock, realClock } from '../time/clock.ts';
import { DigestError } from './errors.ts';
import { HmacSha256 } from './hmac.ts';

/**
 * Server nonces that need no store: 48 base64url characters for 36 bytes,
 *
 *     version(1) ‖ key number(1) ‖ issue time in ms(6) ‖ random(12) ‖ tag(16)
 *
 * where the tag is the first half of an HMAC-SHA256 over what stands before it and over a binding text (realm, algorithm, 401 or 407). So
 * a flood of unauthenticated requests costs no memory, any node with the same keys can check any node's nonce, and a nonce
 * cannot be taken from one realm or algorithm to another (RFC 7616 §3.3 and §5.4 on nonces).
 */
const VERSION = 1;
const HEAD_LENGTH = 20;
const RANDOM_START = 8;
/** Where a mark of the receiver stands in the place of random bytes: eight of them and the time tell nonces apart well enough. */
const MARK_START = 16;
const TAG_LENGTH = 16;
// The decoder also takes the other base64 alphabet; a second spelling of a used nonce would pass for an unused one.
const SYNTAX = /^[A-Za-z0-9_-]{48}$/;
const MIN_KEY_LENGTH = 16;

/** What a nonce turned out to be. */
export type NonceCheck =
  | {
      readonly state: 'fresh' | 'expired';
      /** Wall-clock ms of issue. */
      readonly issuedAt: number;
      /** Wall-clock ms after which it counts as expired. */
      readonly expiresAt: number;
      /** Tells it from every other nonce: its random part, one latin1 character a byte. */
      readonly id: string;
    }
  | { readonly state: 'unknown' };

/** How nonces are made. */
export interface NonceOptions {
  /**
   * Keys of at least 16 bytes each, the one to sign with first; the others are still accepted, which lets a key be changed
   * without a storm of challenges. Shared by the nodes of a cluster. By default one random key, known to this process only.
   */
  readonly keys?: readonly NonceKey[];
  /** How long a nonce may be used, in ms; default 300 000, as in Kamailio. */
  readonly lifetimeMs?: number;
  /** How far ahead of ours another node's clock may be, in ms; default 5 000. */
  readonly maxDriftMs?: number;
  readonly clock?: Pick<Clock, 'wall'>;
  /** Source of random bytes; injectable for tests. */
  readonly random?: (size: number) => Buffer;
}

/** A signing key and the number by which nonces name it. */
export interface NonceKey {
  /** 0 to 255. */
  readonly id: number;
  readonly key: Uint8Array;
}

/** Issues and checks server nonces. */
export class NonceMint {
  readonly lifetimeMs: number;
  private readonly keys: readonly SigningKey[];
  private readonly signing: SigningKey;
  private readonly maxDriftMs: number;
  private readonly clock: Pick<Clock, 'wall'>;
  private readonly random: (size: number) => Buffer;
  /** The nonce that is being made or looked at, in its two parts, and the tag that it should have: no call outlives itself. */
  private readonly bytes = Buffer.alloc(HEAD_LENGTH + TAG_LENGTH);
  private readonly head = this.bytes.subarray(0, HEAD_LENGTH);
  private readonly tag = this.bytes.subarray(HEAD_LENGTH);
  private readonly marked = this.bytes.subarray(0, MARK_START);
  private readonly expected = Buffer.alloc(TAG_LENGTH);

  /** Throws DigestError DIGEST_NONCE_KEY_WEAK when there is no key or one is too short. */
  constructor(options: NonceOptions = {}) {
    this.random = options.random ?? randomBytes;
    const keys = options.keys ?? [{ id: 0, key: randomBytes(32) }];
    this.keys = keys.map(({ id, key }) => ({ id, hmac: new HmacSha256(key) }));
    const [signing] = this.keys;
    if (signing === undefined || keys.some(({ key }) => key.length < MIN_KEY_LENGTH)) {
      throw new DigestError('DIGEST_NONCE_KEY_WEAK');
    }
    this.signing = signing;
    this.lifetimeMs = options.lifetimeMs ?? 300_000;
    this.maxDriftMs = options.maxDriftMs ?? 5_000;
    this.clock = options.clock ?? realClock;
  }

  /**
   * A new nonce, valid for this binding text only.
   * @param receiver to whom it is sent: {@link isIssuedTo} knows it again by a mark in the place of some random bytes; absent for no mark
   */
  issue(binding: string, receiver?: string): string {
    const { bytes, head, tag, signing } = this;
    bytes[0] = VERSION;
    bytes[1] = signing.id;
    bytes.writeUIntBE(Math.floor(this.clock.wall()), 2, 6);
    head.set(this.random(HEAD_LENGTH - RANDOM_START), RANDOM_START);
    if (receiver !== undefined) head.write(this.mark(signing, receiver), MARK_START, 'latin1');
    tag.write(signing.hmac.sign(head, binding), 'latin1');
    return bytes.toString('base64url');
  }

  /**
   * Tells a nonce's state. `unknown` covers a forged one, one of another binding or key, and one from too far in the future.
   */
  check(nonce: string, binding: string): NonceCheck {
    if (!SYNTAX.test(nonce)) return UNKNOWN;
    const { bytes, head, tag, expected } = this;
    bytes.write(nonce, 'base64url');
    if (bytes[0] !== VERSION) return UNKNOWN;
    let known = false;
    // Numbers of keys that are made of secrets may be the same by chance.
    for (const key of this.keys) {
      if (key.id !== bytes[1]) continue;
      expected.write(key.hmac.sign(head, binding), 'latin1');
      known = timingSafeEqual(expected, tag);
      if (known) break;
    }
    if (!known) return UNKNOWN;
    const issuedAt = bytes.readUIntBE(2, 6);
    const expiresAt = issuedAt + this.lifetimeMs;
    const now = this.clock.wall();
    if (issuedAt > now + this.maxDriftMs) return UNKNOWN;
    const id = bytes.toString('latin1', RANDOM_START, HEAD_LENGTH);
    return { state: now > expiresAt ? 'expired' : 'fresh', issuedAt, expiresAt, id };
  }

  /**
   * Whether a nonce was sent to this receiver, and its time is not over: who has it receives what is sent there. Whatever else it is bound
   * to is not looked at.
   */
  isIssuedTo(nonce: string, receiver: string): boolean {
    if (!SYNTAX.test(nonce)) return false;
    const { bytes } = this;
    bytes.write(nonce, 'base64url');
    const age = this.clock.wall() - bytes.readUIntBE(2, 6);
    if (bytes[0] !== VERSION || age > this.lifetimeMs || age < -this.maxDriftMs) return false;
    const mark = bytes.toString('latin1', MARK_START, HEAD_LENGTH);
    return this.keys.some((key) => key.id === bytes[1] && this.mark(key, receiver) === mark);
  }

  /** Nobody can make it without the key, nor move it to another nonce: it covers the nonce up to itself. */
  private mark({ hmac }: SigningKey, receiver: string): string {
    // Begins like no binding text, so that no mark is part of a tag.
    return hmac.sign(this.marked, `\0to ${receiver}`).slice(0, HEAD_LENGTH - MARK_START);
  }
}

interface SigningKey {
  readonly id: number;
  readonly hmac: HmacSha256;
}

const UNKNOWN: NonceCheck = { state: 'unknown' };
