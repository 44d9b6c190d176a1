import { type DigestChallenge, printCredentials } from '../message/auth-header.ts';
import { realRandom } from '../time/random.ts';
import { challengeTerms } from './challenge.ts';
import { type Credential, fitsRealm, ha1For } from './credentials.ts';
import { type Body, computeResponse } from './digest.ts';
import type { DigestErrorCode } from './errors.ts';

/** What {@link answerChallenge} computes from. */
export interface AnswerOptions {
  readonly challenge: DigestChallenge;
  readonly credential: Credential;
  /** Method of the request that carries the answer. */
  readonly method: string;
  /** Its Request-URI, exactly as it is sent. */
  readonly uri: string;
  /** Its body, hashed for auth-int; absent counts as empty. */
  readonly body?: Body;
  /** How often this nonce has been answered, this time included: 1 to 2^32-1. */
  readonly nc: number;
  /** Our nonce; by default 128 random bits. To be given by tests and by nobody else. */
  readonly cnonce?: string;
}

/** The header value to send, or why there is none. */
export type Answer =
  | { readonly ok: true; readonly headerValue: string }
  | {
      readonly ok: false;
      readonly code: Extract<
        DigestErrorCode,
        | 'DIGEST_ALGORITHM_UNKNOWN'
        | 'DIGEST_QOP_UNKNOWN'
        | 'DIGEST_REALM_MISMATCH'
        | 'DIGEST_HA1_INVALID'
        | 'DIGEST_TEXT_UNSENDABLE'
        | 'DIGEST_NC_RANGE'
      >;
    };

const NOT_BYTES = /[^\x00-\xff]/;

/**
 * Answers a challenge (RFC 7616 §3.4, RFC 3261 §22.4).
 * @returns the value of an Authorization header (for a 401) or of a Proxy-Authorization header (for a 407), or the code of
 * what is wrong with challenge, credential or nc
 */
export function answerChallenge(options: AnswerOptions): Answer {
  const { challenge, credential, method, uri, body = '', nc } = options;
  const terms = challengeTerms(challenge);
  if (!terms.ok) return terms;
  const { algorithm, qop } = terms;
  if (!fitsRealm(credential, challenge.realm)) return { ok: false, code: 'DIGEST_REALM_MISMATCH' };
  if (!Number.isInteger(nc) || nc < 1 || nc > 0xffffffff) return { ok: false, code: 'DIGEST_NC_RANGE' };
  if (NOT_BYTES.test(credential.secret.reveal())) return { ok: false, code: 'DIGEST_TEXT_UNSENDABLE' };
  const ha1 = ha1For(credential, algorithm.hash, credential.user, challenge.realm);
  if (ha1 === null) return { ok: false, code: 'DIGEST_HA1_INVALID' };

  // A -sess HA1 takes in the cnonce, so a challenge of that kind without a qop needs it sent as well, though without nc.
  const cnonce = qop !== '' || algorithm.session ? (options.cnonce ?? realRandom.token(16)) : '';
  const ncText = qop === '' ? '' : nc.toString(16).padStart(8, '0');
  const response = computeResponse({
    algorithm,
    ha1,
    method,
    uri,
    nonce: challenge.nonce,
    qop,
    nc: ncText,
    cnonce,
    body,
  });
  const headerValue = printCredentials({
    username: credential.user,
    realm: challenge.realm,
    nonce: challenge.nonce,
    uri,
    opaque: challenge.opaque,
    qop,
    nc: ncText,
    cnonce,
    response,
    // Repeated as the peer spelt it; MD5 is named even when the challenge left it out, as Kamailio does.
    algorithm: challenge.algorithm === '' ? 'MD5' : challenge.algorithm,
    echo: challenge.echo,
  });
  return headerValue === null ? { ok: false, code: 'DIGEST_TEXT_UNSENDABLE' } : { ok: true, headerValue };
}
