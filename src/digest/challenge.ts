import type { AuthChallenge, DigestChallenge } from '../message/auth-header.ts';
import { type DigestAlgorithm, type DigestAlgorithmName, digestAlgorithm } from './algorithm.ts';
import { type Credential, fitsDestination, fitsHash, fitsRealm } from './credentials.ts';
import type { DigestErrorCode } from './errors.ts';

/** A qop that this stack computes; empty for none (RFC 2069). */
export type Qop = '' | 'auth' | 'auth-int';

/** How a challenge would be answered, or why it cannot be. */
export type ChallengeTerms =
  | { readonly ok: true; readonly algorithm: DigestAlgorithm; readonly qop: Qop }
  | { readonly ok: false; readonly code: 'DIGEST_ALGORITHM_UNKNOWN' | 'DIGEST_QOP_UNKNOWN' };

/**
 * The algorithm and qop to answer a challenge with. Of an offered list qop `auth` is preferred: a proxy on the way that
 * changes the body makes auth-int fail.
 */
export function challengeTerms(challenge: DigestChallenge): ChallengeTerms {
  const algorithm = digestAlgorithm(challenge.algorithm);
  if (algorithm === undefined) return { ok: false, code: 'DIGEST_ALGORITHM_UNKNOWN' };
  if (challenge.qop.length === 0) return { ok: true, algorithm, qop: '' };
  if (challenge.qop.includes('auth')) return { ok: true, algorithm, qop: 'auth' };
  if (challenge.qop.includes('auth-int')) return { ok: true, algorithm, qop: 'auth-int' };
  return { ok: false, code: 'DIGEST_QOP_UNKNOWN' };
}

/** The challenge that was chosen, or the reason why none could be. */
export type ChallengeChoice =
  | {
      readonly ok: true;
      readonly challenge: DigestChallenge;
      readonly credential: Credential;
      readonly algorithm: DigestAlgorithm;
      readonly qop: Qop;
    }
  | {
      readonly ok: false;
      /** Why the most nearly usable challenge fell. */
      readonly code: DigestErrorCode;
      /** The realm of that challenge, for the log; empty when there was no Digest challenge. */
      readonly realm: string;
    };

/** What {@link chooseChallenge} decides by. */
export interface ChallengeOptions {
  /** Every challenge of the response, in the order of its headers. */
  readonly challenges: readonly AuthChallenge[];
  /** The credential for a realm, if there is one. Called with each usable challenge's algorithm, since an HA1 fits only its own. */
  readonly credentialsFor: (realm: string, algorithm: DigestAlgorithm) => Credential | undefined;
  /** The algorithms that may be answered; every one when absent. Keeps an attacker from having MD5 asked for. */
  readonly allow?: readonly DigestAlgorithmName[] | undefined;
  /** Where the answer would go, for credentials that are bound to a destination. */
  readonly destination?: string | undefined;
}

/** How near to usable a refused challenge was: the error of the nearest one tells most about what to correct. */
const NEARNESS: readonly DigestErrorCode[] = [
  'DIGEST_NO_CHALLENGE',
  'DIGEST_ALGORITHM_UNKNOWN',
  'DIGEST_QOP_UNKNOWN',
  'DIGEST_ALGORITHM_REFUSED',
  'DIGEST_NO_CREDENTIAL',
  'DIGEST_REALM_MISMATCH',
  'DIGEST_DESTINATION_MISMATCH',
  'DIGEST_HA1_INVALID',
];

/**
 * Chooses the challenge to answer: those that cannot be computed, are not allowed or have no fitting credential are passed
 * over, never fatal; of the rest the strongest algorithm wins, and of equals the first, which its sender prefers (RFC 8760 §2.4).
 * @returns the choice, or the code of what stood in the way: DIGEST_NO_CHALLENGE, DIGEST_ALGORITHM_UNKNOWN, DIGEST_QOP_UNKNOWN,
 * DIGEST_ALGORITHM_REFUSED, DIGEST_NO_CREDENTIAL, DIGEST_REALM_MISMATCH, DIGEST_DESTINATION_MISMATCH or DIGEST_HA1_INVALID
 */
export function chooseChallenge(options: ChallengeOptions): ChallengeChoice {
  let best: Extract<ChallengeChoice, { ok: true }> | undefined;
  let code: DigestErrorCode = 'DIGEST_NO_CHALLENGE';
  let realm = '';
  for (const challenge of options.challenges) {
    if (challenge.kind !== 'digest') continue;
    const choice = consider(challenge, options);
    if (choice.ok) {
      if (best === undefined || choice.algorithm.strength > best.algorithm.strength) best = choice;
    } else if (NEARNESS.indexOf(choice.code) > NEARNESS.indexOf(code)) {
      ({ code, realm } = choice);
    }
  }
  return best ?? { ok: false, code, realm };
}

function consider(challenge: DigestChallenge, options: ChallengeOptions): ChallengeChoice {
  const refuse = (code: DigestErrorCode): ChallengeChoice => ({ ok: false, code, realm: challenge.realm });
  const terms = challengeTerms(challenge);
  if (!terms.ok) return refuse(terms.code);
  const { algorithm, qop } = terms;
  if (options.allow !== undefined && !options.allow.includes(algorithm.name)) return refuse('DIGEST_ALGORITHM_REFUSED');
  const credential = options.credentialsFor(challenge.realm, algorithm);
  if (credential === undefined) return refuse('DIGEST_NO_CREDENTIAL');
  if (!fitsRealm(credential, challenge.realm)) return refuse('DIGEST_REALM_MISMATCH');
  if (!fitsDestination(credential, options.destination)) return refuse('DIGEST_DESTINATION_MISMATCH');
  if (!fitsHash(credential, algorithm.hash)) return refuse('DIGEST_HA1_INVALID');
  return { ok: true, challenge, credential, algorithm, qop };
}
