import type { DigestAlgorithm } from '../digest/algorithm.ts';
import type { StoredSecret } from '../digest/credentials.ts';
import { Secret } from '../digest/secret.ts';

/** Secrets of one user as they are stored; an empty text for one that is not. Texts are bytes, one character each. */
export interface StoredUser {
  /** A password, or the HA1 of MD5. */
  readonly password: string;
  /** The HA1 of MD5 over user@domain. */
  readonly withDomain: string;
  readonly sha256: string;
  readonly sha512t256: string;
}

/**
 * Which of a user's secrets an answer is verified with.
 * @param clear whether {@link StoredUser.password} is one, not an HA1
 * @param hasDomain whether the client's username is user@domain
 * @returns a secret that fits nothing where there is none for the algorithm
 */
export function secretFor(
  user: StoredUser,
  algorithm: DigestAlgorithm,
  clear: boolean,
  hasDomain: boolean,
): StoredSecret {
  if (clear) return { secret: new Secret(user.password), ha1: user.password === '' };
  return { secret: new Secret(ha1(user, algorithm, hasDomain)), ha1: true };
}

function ha1(user: StoredUser, { hash }: DigestAlgorithm, hasDomain: boolean): string {
  switch (hash) {
    case 'MD5':
      return hasDomain && user.withDomain !== '' ? user.withDomain : user.password;
    case 'SHA-256':
      // A table of Kamailio's, which has one column whatever the algorithm.
      return user.sha256 === '' && user.password.length === 64 ? user.password : user.sha256;
    case 'SHA-512-256':
      return user.sha512t256;
  }
}
