import type { DigestHash } from './algorithm.ts';
import { userHa1 } from './digest.ts';
import { Secret } from './secret.ts';

/** A secret as it is stored: a password or, when `ha1` is set, the hash of user, realm and password. */
export interface StoredSecret {
  readonly secret: Secret;
  /** True when the secret is an HA1 in hex. */
  readonly ha1: boolean;
  /** The hash an HA1 was made with. Undefined: told by its length, where 64 digits fit SHA-256 and SHA-512-256 alike. */
  readonly ha1Hash?: DigestHash | undefined;
}

/**
 * A user's identity at one realm. It never changes: a credential cannot stay marked as HA1 from one call to the next.
 * Texts are bytes as latin1 characters; a text that people typed comes in as UTF-8, see {@link utf8Bytes}.
 */
export interface Credential extends StoredSecret {
  readonly user: string;
  /** Compared with the challenge's realm byte for byte; empty fits every realm. */
  readonly realm: string;
  /**
   * The only destination that may have it, a host, address or trunk name as the caller spells it; undefined for any.
   * The realm alone is chosen by whoever challenges, so it cannot protect a trunk's password from a hostile callee.
   */
  readonly destination?: string | undefined;
}

/** What {@link credential} is made from. */
export interface CredentialOptions {
  readonly user: string;
  readonly realm: string;
  readonly secret: Secret | string;
  readonly ha1?: boolean;
  readonly ha1Hash?: DigestHash | undefined;
  readonly destination?: string | undefined;
}

/** Makes a credential, frozen. Nothing is checked here: what cannot be used is refused, with a code, where it would be used. */
export function credential(options: CredentialOptions): Credential {
  const { user, realm, secret, ha1 = false, ha1Hash, destination } = options;
  return Object.freeze({
    user,
    realm,
    secret: typeof secret === 'string' ? new Secret(secret) : secret,
    ha1,
    ha1Hash,
    destination,
  });
}

/** The same credential with its secret taken as an HA1 (or as a password), for Kamailio's `uac_auth_mode`. */
export function withHa1(from: Credential, ha1: boolean): Credential {
  return from.ha1 === ha1 ? from : Object.freeze({ ...from, ha1 });
}

/** UTF-8 bytes of a text, one latin1 character each: how a user name or password from JSON or SQL enters a credential. */
export function utf8Bytes(text: string): string {
  // Nearly every name is ASCII, where the two are the same.
  return NON_ASCII.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text;
}

const NON_ASCII = /[^\x00-\x7f]/;
const HEX = /^[0-9a-fA-F]*$/;
const HA1_LENGTH: Readonly<Record<DigestHash, number>> = { MD5: 32, 'SHA-256': 64, 'SHA-512-256': 64 };

/**
 * A user's HA1 for one hash, from the stored HA1 or the password.
 * @param realm the realm to hash, which for a credential of any realm is the challenge's
 * @returns lower-case hex (RFC 7616 §3.4: LHEX), or null when the stored HA1 does not fit the hash: wrong length, not hex, or
 * made with another hash
 */
export function ha1For(stored: StoredSecret, hash: DigestHash, user: string, realm: string): string | null {
  const text = stored.secret.reveal();
  if (!stored.ha1) return userHa1(hash, user, realm, text);
  if (stored.ha1Hash !== undefined && stored.ha1Hash !== hash) return null;
  return text.length === HA1_LENGTH[hash] && HEX.test(text) ? text.toLowerCase() : null;
}

/** Whether the secret could serve this hash at all; the same rule as {@link ha1For}, without hashing. */
export function fitsHash(stored: StoredSecret, hash: DigestHash): boolean {
  return !stored.ha1 || ha1For(stored, hash, '', '') !== null;
}

/** Whether a challenge of this realm may be answered with the credential. */
export function fitsRealm(of: Credential, realm: string): boolean {
  return of.realm === '' || of.realm === realm;
}

/**
 * Whether the credential may be sent to this destination. A bound one needs the destination to be known and the same, letter
 * case aside.
 */
export function fitsDestination(of: Credential, destination: string | undefined): boolean {
  return of.destination === undefined || of.destination.toLowerCase() === destination?.toLowerCase();
}
