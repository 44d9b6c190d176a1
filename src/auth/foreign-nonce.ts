/**
 * The nonces of the servers that came before, so that a farm can be moved one server after the other with one shared secret.
 * None of them binds realm or hop; what is accepted here is still used once, and only for a right digest.
 */
import { createCipheriv, createDecipheriv, hash, timingSafeEqual } from 'node:crypto';
import type { DigestAlgorithmName } from '../digest/algorithm.ts';
import type { Qop } from './offer.ts';

/** OpenSER up to 1.3; OpenSIPS 1.4 to 3.1; OpenSIPS from 3.2; Kamailio. */
export type ForeignFormat = 'openser' | 'opensips-old' | 'opensips' | 'kamailio';

export const FOREIGN_FORMATS: readonly ForeignFormat[] = ['openser', 'opensips-old', 'opensips', 'kamailio'];

/** What a nonce of another server says of itself. */
export interface ForeignNonce {
  /** Wall-clock ms; null where the format does not tell. */
  readonly issuedAt: number | null;
  readonly expiresAt: number;
  /** Bound to it, where the format does that. */
  readonly algorithm?: DigestAlgorithmName;
  readonly qop?: readonly Qop[];
}

/** The secret as bytes, one character each. */
type Bytes = Uint8Array;

const HEX8 = /^[0-9a-f]{8}$/;

function md5(...parts: readonly Bytes[]): Buffer {
  return hash('md5', Buffer.concat(parts), 'buffer');
}

function same(expected: Uint8Array, received: Uint8Array): boolean {
  return expected.length === received.length && timingSafeEqual(expected, received);
}

function hexDigits(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0');
}

/** OpenSER: 8 hex digits of the expiry second, then MD5 of them and the secret. `index` makes OpenSIPS' older form of it. */
export function encodeOpenser(secret: Bytes, expires: number, index?: number): string {
  const head = hexDigits(expires) + (index === undefined ? '' : hexDigits(index));
  return head + md5(Buffer.from(head, 'latin1'), secret).toString('hex');
}

function decodeHexed(secret: Bytes, nonce: string, digits: 8 | 16): ForeignNonce | null {
  if (nonce.length !== digits + 32 || !HEX8.test(nonce.slice(0, 8))) return null;
  const expected = md5(Buffer.from(nonce.slice(0, digits), 'latin1'), secret).toString('hex');
  if (!same(Buffer.from(expected, 'latin1'), Buffer.from(nonce.slice(digits), 'latin1'))) return null;
  return { issuedAt: null, expiresAt: Number.parseInt(nonce.slice(0, 8), 16) * 1000 };
}

export function decodeOpenser(secret: Bytes, nonce: string): ForeignNonce | null {
  return decodeHexed(secret, nonce, 8);
}

export function decodeOldOpensips(secret: Bytes, nonce: string): ForeignNonce | null {
  return decodeHexed(secret, nonce, 16);
}

const OPENSIPS_ALGORITHMS: readonly (DigestAlgorithmName | undefined)[] = [
  undefined,
  'MD5',
  'MD5-sess',
  'SHA-256',
  'SHA-256-sess',
  'SHA-512-256',
  'SHA-512-256-sess',
];

/** Its numbers for qop: 3 and 4 are both, in either order. */
const OPENSIPS_QOP: readonly (readonly Qop[])[] = [
  [],
  ['auth'],
  ['auth-int'],
  ['auth-int', 'auth'],
  ['auth', 'auth-int'],
];

/** Length of the secret that OpenSIPS from 3.2 takes: it is an AES-256 key. */
export const OPENSIPS_SECRET_LENGTH = 32;

/** Fields of an OpenSIPS nonce. */
export interface OpensipsNonceFields {
  /** Slot of its table of used nonces; 0 with disable_nonce_check. */
  readonly index: number;
  readonly qop: readonly Qop[];
  readonly algorithm: DigestAlgorithmName;
  readonly expiresSeconds: number;
  readonly expiresMicroseconds: number;
}

/** OpenSIPS from 3.2: AES-256 of 16 random bytes, and of the fields XORed with them. @param random 16 bytes */
export function encodeOpensips(secret: Bytes, fields: OpensipsNonceFields, random: Bytes): string {
  const plain = Buffer.alloc(32);
  plain.set(random.subarray(0, 16));
  plain.writeInt32LE(fields.index, 16);
  const qop = OPENSIPS_QOP.findIndex((list) => list.join() === fields.qop.join());
  const algorithm = OPENSIPS_ALGORITHMS.indexOf(fields.algorithm);
  const word =
    BigInt(qop) |
    (BigInt(algorithm) << 3n) |
    (BigInt(fields.expiresSeconds) << 6n) |
    (BigInt(fields.expiresMicroseconds) << 40n);
  plain.writeBigUInt64LE(word, 20);
  for (let at = 0; at < 16; at++) plain[16 + at] = (plain[16 + at] as number) ^ (plain[at] as number);
  const cipher = createCipheriv('aes-256-ecb', secret, null).setAutoPadding(false);
  return Buffer.concat([cipher.update(plain), cipher.final(), Buffer.alloc(1)])
    .toString('base64')
    .replace(/=+$/, '');
}

export function decodeOpensips(secret: Bytes, nonce: string, lifetimeMs: number): ForeignNonce | null {
  if (secret.length !== OPENSIPS_SECRET_LENGTH || !/^[A-Za-z0-9+/]{44}$/.test(nonce)) return null;
  const bytes = Buffer.from(nonce, 'base64');
  if (bytes.length !== 33 || bytes[32] !== 0) return null;
  const decipher = createDecipheriv('aes-256-ecb', secret, null).setAutoPadding(false);
  const plain = Buffer.concat([decipher.update(bytes.subarray(0, 32)), decipher.final()]);
  for (let at = 0; at < 16; at++) plain[16 + at] = (plain[16 + at] as number) ^ (plain[at] as number);
  const word = plain.readBigUInt64LE(20);
  const qop = OPENSIPS_QOP[Number(word & 7n)];
  const algorithm = OPENSIPS_ALGORITHMS[Number((word >> 3n) & 7n)];
  const microseconds = Number((word >> 40n) & 0xfffffn);
  // The zero bytes at the end are all the integrity that the format has.
  if (plain.readUInt32LE(28) !== 0 || microseconds >= 1_000_000 || word >> 60n !== 0n) return null;
  if (qop === undefined || algorithm === undefined) return null;
  const expiresAt = Number((word >> 6n) & 0x3ffffffffn) * 1000 + microseconds / 1000;
  return { issuedAt: expiresAt - lifetimeMs, expiresAt, algorithm, qop };
}

/** Fields of a Kamailio nonce. */
export interface KamailioNonceFields {
  readonly expires: number;
  readonly since: number;
  /** Number and pool of nonce_count and one_time_nonce. */
  readonly nid?: { readonly id: number; readonly flags: number };
  /** What auth_checks_* bind, one after the other as they are hashed; empty for no such part. */
  readonly bound?: Bytes;
}

/** The secret in halves, as Kamailio cuts it when auth_checks_* are set; whole otherwise. */
export function kamailioSecrets(secret: Bytes, checks: boolean): readonly [first: Bytes, second: Bytes] {
  if (!checks) return [secret, secret];
  const half = Math.ceil(secret.length / 2);
  return [secret.subarray(0, half), secret.subarray(half)];
}

/** Kamailio: expiry and issue second, MD5 of them with the secret, MD5 of what is bound, number. */
export function encodeKamailio([first, second]: readonly [Bytes, Bytes], fields: KamailioNonceFields): string {
  const times = Buffer.alloc(8);
  times.writeUInt32BE(fields.expires, 0);
  times.writeUInt32BE(fields.since, 4);
  const tail = Buffer.alloc(fields.nid === undefined ? 0 : 5);
  if (fields.nid !== undefined) {
    tail.writeUInt32BE(fields.nid.id, 0);
    tail[4] = fields.nid.flags;
  }
  const bound = fields.bound === undefined ? Buffer.alloc(0) : md5(fields.bound, second);
  return Buffer.concat([times, md5(times, tail, first), bound, tail]).toString('base64');
}

/** @param bound what the request has of what auth_checks_* bind; undefined when they are off */
export function decodeKamailio(
  [first, second]: readonly [Bytes, Bytes],
  nonce: string,
  bound?: Bytes,
): ForeignNonce | null {
  if (!/^[A-Za-z0-9+/]{32,60}={0,2}$/.test(nonce)) return null;
  const bytes = Buffer.from(nonce, 'base64');
  // One spelling only: a second one of a used nonce would pass for an unused one.
  if (bytes.toString('base64') !== nonce) return null;
  const fixed = bound === undefined ? 24 : 40;
  if (bytes.length !== fixed && bytes.length !== fixed + 5) return null;
  const times = bytes.subarray(0, 8);
  const tail = bytes.subarray(fixed);
  if (!same(md5(times, tail, first), bytes.subarray(8, 24))) return null;
  if (bound !== undefined && !same(md5(bound, second), bytes.subarray(24, 40))) return null;
  return { issuedAt: times.readUInt32BE(4) * 1000, expiresAt: times.readUInt32BE(0) * 1000 };
}
