import { timingSafeEqual } from 'node:crypto';
import {
  type AuthCredentials,
  type DigestCredentials,
  printAuthenticationInfo,
  printChallenge,
} from '../message/auth-header.ts';
import { type DigestAlgorithm, type DigestAlgorithmName, digestAlgorithm } from './algorithm.ts';
import { ha1For, type StoredSecret } from './credentials.ts';
import { type Body, computeResponse } from './digest.ts';
import { DigestError, type DigestErrorCode } from './errors.ts';
import type { NonceCheck, NonceMint } from './nonce.ts';
import type { AsyncNonceUses, NonceUse, NonceUses } from './nonce-use.ts';
import { Secret } from './secret.ts';

/** How one realm is guarded. */
export interface AuthenticatorOptions {
  readonly realm: string;
  /** `www` challenges with 401, `proxy` with 407. A nonce of the one is not accepted for the other. */
  readonly hop: 'www' | 'proxy';
  /** Offered in this order, the preferred one first (RFC 8760 §2.4). Default MD5 alone: many phones fail on a second challenge. */
  readonly algorithms?: readonly DigestAlgorithmName[];
  /** Offered qop values in this order; none makes RFC 2069 challenges. Default `auth`. */
  readonly qop?: readonly ('auth' | 'auth-int')[];
  /** Accepts answers without a qop although one was offered, from clients older than RFC 2617. Default false. */
  readonly acceptMissingQop?: boolean;
  /** Sent for clients to repeat; by default none. It is not checked, the nonce carries all that is needed. */
  readonly opaque?: string;
  readonly nonces: NonceMint;
}

/** What of a request is verified. */
export interface DigestRequest {
  /** All credentials of the hop's header: Authorization for `www`, Proxy-Authorization for `proxy`. */
  readonly credentials: readonly AuthCredentials[];
  readonly method: string;
  /** Hashed for auth-int; absent counts as empty. */
  readonly body?: Body;
}

/** Finds a user's password or HA1; undefined for an unknown user. An HA1 must have been made with the algorithm's hash. */
export type SecretLookup = (credentials: DigestCredentials, algorithm: DigestAlgorithm) => StoredSecret | undefined;

/** Credentials of our realm, picked and not yet proven. */
export interface Presented {
  readonly ok: true;
  readonly credentials: DigestCredentials;
  readonly algorithm: DigestAlgorithm;
  readonly nonce: NonceCheck;
}

/** Credentials whose digest is right, whose nonce is fresh, and whose use remains to be recorded. */
export interface Proven {
  readonly ok: true;
  readonly credentials: DigestCredentials;
  readonly algorithm: DigestAlgorithm;
  readonly use: NonceUse;
  readonly ha1: Secret;
}

/** A request that is not let in. */
export interface Rejected {
  readonly ok: false;
  readonly code: Extract<
    DigestErrorCode,
    | 'DIGEST_NO_CREDENTIALS'
    | 'DIGEST_CREDENTIALS_INCOMPLETE'
    | 'DIGEST_ALGORITHM_NOT_OFFERED'
    | 'DIGEST_QOP_NOT_OFFERED'
    | 'DIGEST_USER_UNKNOWN'
    | 'DIGEST_HA1_INVALID'
    | 'DIGEST_RESPONSE_WRONG'
    | 'DIGEST_NONCE_UNKNOWN'
    | 'DIGEST_NONCE_EXPIRED'
    | 'DIGEST_NONCE_REUSED'
  >;
  /** Whether the next challenge says stale=true: the digest was right, only its nonce was not (RFC 7616 §3.3). */
  readonly stale: boolean;
  /** The credentials that were looked at, for the log. */
  readonly credentials?: DigestCredentials;
}

/** Hashed in place of an unknown user's password, so that the answer takes as long as for a known one. */
const NOBODY: StoredSecret = { secret: new Secret('nobody'), ha1: false };

/**
 * The server's side of digest (RFC 3261 §22, RFC 7616, RFC 8760): issues challenges of one realm and verifies answers to them.
 * It holds no state of its own; what is remembered about nonces is in the {@link NonceUses} given to each call.
 *
 * The URI in the credentials is not compared with the Request-URI: proxies on the way may rightly have changed the latter
 * (RFC 3261 §22.4). Who needs it compares `credentials.uri` of the verdict.
 */
export class Authenticator {
  private readonly options: AuthenticatorOptions;
  private readonly algorithms: readonly DigestAlgorithm[];
  private readonly qop: readonly string[];

  /** Throws DigestError DIGEST_CHALLENGE_INVALID for an empty or unsendable realm, an unsendable opaque or an unknown algorithm. */
  constructor(options: AuthenticatorOptions) {
    const names = options.algorithms ?? ['MD5'];
    this.options = options;
    this.algorithms = names.flatMap((name) => digestAlgorithm(name) ?? []);
    this.qop = options.qop ?? ['auth'];
    const known = names.length > 0 && this.algorithms.length === names.length;
    if (!known || options.realm === '' || this.challenge().length !== names.length) {
      throw new DigestError('DIGEST_CHALLENGE_INVALID');
    }
  }

  /**
   * A challenge for each algorithm, each with a nonce of its own: the values of as many WWW-Authenticate (401) or
   * Proxy-Authenticate (407) headers, to be sent in this order. Never to be sent for ACK or CANCEL (RFC 3261 §22.1).
   * @param stale what {@link Rejected} said
   */
  challenge(stale = false): string[] {
    const { realm, opaque = '', nonces } = this.options;
    return this.algorithms.flatMap(({ name }) => {
      const nonce = nonces.issue(this.binding(name));
      return printChallenge({ realm, nonce, qop: this.qop, stale, algorithm: name, opaque }) ?? [];
    });
  }

  /** Verifies a request when both the users' secrets and the nonces' use are at hand. Without `uses` a nonce may be used again until it expires. */
  verify(request: DigestRequest, secretFor: SecretLookup, uses?: NonceUses): Proven | Rejected {
    const presented = this.select(request.credentials);
    if (!presented.ok) return presented;
    const secret = secretFor(presented.credentials, presented.algorithm);
    const proven = this.prove(presented, secret, request);
    return !proven.ok || uses === undefined || uses.use(proven.use) ? proven : reused(proven);
  }

  /** The same when secrets or uses come from a database or another node. */
  async verifyAsync(
    request: DigestRequest,
    secretFor: (...args: Parameters<SecretLookup>) => Promise<StoredSecret | undefined>,
    uses?: NonceUses | AsyncNonceUses,
  ): Promise<Proven | Rejected> {
    const presented = this.select(request.credentials);
    if (!presented.ok) return presented;
    const secret = await secretFor(presented.credentials, presented.algorithm);
    const proven = this.prove(presented, secret, request);
    return !proven.ok || uses === undefined || (await uses.use(proven.use)) ? proven : reused(proven);
  }

  /**
   * First step: the first credentials of our realm (any letter case, as Kamailio compares) in an algorithm and qop that we offer.
   * @returns the credentials, or DIGEST_NO_CREDENTIALS, DIGEST_ALGORITHM_NOT_OFFERED, DIGEST_QOP_NOT_OFFERED, DIGEST_CREDENTIALS_INCOMPLETE
   */
  select(list: readonly AuthCredentials[]): Presented | Rejected {
    const realm = this.options.realm.toLowerCase();
    let rejected: Rejected = { ok: false, code: 'DIGEST_NO_CREDENTIALS', stale: false };
    for (const credentials of list) {
      if (credentials.kind !== 'digest' || credentials.realm.toLowerCase() !== realm) continue;
      const algorithm = digestAlgorithm(credentials.algorithm);
      if (algorithm === undefined || !this.algorithms.includes(algorithm)) {
        rejected = { ok: false, code: 'DIGEST_ALGORITHM_NOT_OFFERED', stale: false, credentials };
        continue;
      }
      const code = this.qopFault(credentials, algorithm);
      if (code !== undefined) return { ok: false, code, stale: false, credentials };
      const nonce = this.options.nonces.check(credentials.nonce, this.binding(algorithm.name));
      return { ok: true, credentials, algorithm, nonce };
    }
    return rejected;
  }

  /**
   * Second step: the digest, then the nonce's age; in this order, so that stale=true goes only to who knows the password.
   * @param stored the user's secret, undefined for an unknown user
   * @returns DIGEST_USER_UNKNOWN, DIGEST_HA1_INVALID, DIGEST_RESPONSE_WRONG, DIGEST_NONCE_UNKNOWN or DIGEST_NONCE_EXPIRED on refusal
   */
  prove(
    presented: Presented,
    stored: StoredSecret | undefined,
    request: Pick<DigestRequest, 'method' | 'body'>,
  ): Proven | Rejected {
    const { credentials, algorithm, nonce } = presented;
    const reject = (code: Rejected['code'], stale = false): Rejected => ({ ok: false, code, stale, credentials });
    // The configured realm is hashed whatever letter case the client wrote: stored HA1s were made with it.
    const ha1 = ha1For(stored ?? NOBODY, algorithm.hash, credentials.username, this.options.realm);
    if (ha1 === null) return reject('DIGEST_HA1_INVALID');
    const { uri, qop, nc, cnonce } = credentials;
    const { method, body = '' } = request;
    const expected = computeResponse({ algorithm, ha1, method, uri, nonce: credentials.nonce, qop, nc, cnonce, body });
    const right = sameHex(expected, credentials.response);
    if (stored === undefined) return reject('DIGEST_USER_UNKNOWN');
    if (!right) return reject('DIGEST_RESPONSE_WRONG');
    if (nonce.state === 'unknown') return reject('DIGEST_NONCE_UNKNOWN', true);
    if (nonce.state === 'expired') return reject('DIGEST_NONCE_EXPIRED', true);
    return {
      ok: true,
      credentials,
      algorithm,
      ha1: new Secret(ha1),
      use: {
        nonce: credentials.nonce,
        nc: qop === '' ? 1 : Number.parseInt(nc, 16),
        issuedAt: nonce.issuedAt,
        expiresAt: nonce.expiresAt,
      },
    };
  }

  /**
   * The value of an Authentication-Info header for the 2xx, by which the client can tell the server (RFC 7616 §3.5).
   * @param body the response's body, hashed for auth-int
   * @param nextNonce whether to hand out a new nonce along with it
   * @returns null for credentials without a qop: clients that old do not know the header
   */
  authenticationInfo(proven: Proven, body: Body = '', nextNonce = false): string | null {
    const { algorithm, credentials } = proven;
    const { uri, nonce, qop, nc, cnonce } = credentials;
    if (qop === '') return null;
    const ha1 = proven.ha1.reveal();
    const rspauth = computeResponse({ algorithm, ha1, method: '', uri, nonce, qop, nc, cnonce, body });
    const nextnonce = nextNonce ? this.options.nonces.issue(this.binding(algorithm.name)) : '';
    return printAuthenticationInfo({ nextnonce, rspauth, qop, cnonce, nc });
  }

  private qopFault(credentials: DigestCredentials, algorithm: DigestAlgorithm): Rejected['code'] | undefined {
    const { qop, nc, cnonce } = credentials;
    if (qop === '') {
      // Dropping the qop would drop the nonce count, and with it the protection against replay.
      if (this.qop.length > 0 && this.options.acceptMissingQop !== true) return 'DIGEST_QOP_NOT_OFFERED';
      return algorithm.session && cnonce === '' ? 'DIGEST_CREDENTIALS_INCOMPLETE' : undefined;
    }
    if (!this.qop.includes(qop.toLowerCase())) return 'DIGEST_QOP_NOT_OFFERED';
    // Eight digits by RFC 7616 §3.4; clients with fewer or nine exist, and hash what they write.
    return cnonce === '' || !/^0*[0-9a-f]{1,8}$/i.test(nc) ? 'DIGEST_CREDENTIALS_INCOMPLETE' : undefined;
  }

  private binding(algorithm: DigestAlgorithmName): string {
    return `${this.options.hop} ${algorithm} ${this.options.realm}`;
  }
}

function reused({ credentials }: Proven): Rejected {
  return { ok: false, code: 'DIGEST_NONCE_REUSED', stale: true, credentials };
}

/** Compares two hex texts, letter case aside, in a time that does not tell where they differ. */
function sameHex(expected: string, received: string): boolean {
  const ours = Buffer.from(expected, 'latin1');
  const theirs = Buffer.from(received.toLowerCase(), 'latin1');
  return ours.length === theirs.length && timingSafeEqual(ours, theirs);
}
