import { hkdfSync, randomBytes, randomFillSync } from 'node:crypto';
import { DIGEST_ALGORITHMS, type DigestAlgorithmName } from '../digest/algorithm.ts';
import { type NonceKey, NonceMint } from '../digest/nonce.ts';
import type { Secret } from '../digest/secret.ts';
import { detach } from '../message/detach.ts';
import type { Clock } from '../time/clock.ts';
import { AuthError } from './errors.ts';
import {
  decodeKamailio,
  decodeOldOpensips,
  decodeOpenser,
  decodeOpensips,
  encodeKamailio,
  encodeOpenser,
  encodeOpensips,
  type ForeignFormat,
  type ForeignNonce,
  kamailioSecrets,
  OPENSIPS_SECRET_LENGTH,
} from './foreign-nonce.ts';
import { sourceOf } from './network.ts';
import type { Qop } from './offer.ts';
import type { Hop } from './realm.ts';

/** What a nonce is good for. */
export interface NonceScope {
  readonly hop: Hop;
  readonly realm: string;
  readonly algorithm: DigestAlgorithmName;
  /** Text that only the same request, dialog or source has (auth_checks_*); empty for none. */
  readonly bound: string;
}

/** What a nonce turned out to be. */
export interface NonceFinding {
  /** `garbage`: no nonce of any format known; `unknown`: not of this scope, key or time. */
  readonly state: 'fresh' | 'expired' | 'unknown' | 'garbage';
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** The qop values that were offered along with it; null where the format does not tell. */
  readonly offered: readonly Qop[] | null;
  /** Made by another server: clients that were challenged in the same second may have the same one. */
  readonly foreign: boolean;
  /** Tells it from every other nonce; a text of its own, which keeps no message in memory. */
  readonly id: string;
}

export interface NonceServiceOptions {
  /** The shared secret; null for one that only this process knows. */
  readonly secret: Secret | null;
  /** Secrets from before, still accepted. */
  readonly previous: readonly Secret[];
  readonly lifetimeMs: number;
  readonly maxDriftMs: number;
  /** Format that is issued. */
  readonly format: ForeignFormat | 'trunkline';
  /** Formats accepted besides our own. */
  readonly accept: readonly ForeignFormat[];
  /** Whether Kamailio's nonces have the part that auth_checks_* make. */
  readonly checks: boolean;
  readonly clock: Pick<Clock, 'wall'>;
  /** Key for nonces when there is no secret; it outlives a reloaded configuration. */
  readonly key: Uint8Array;
}

const MIN_SECRET = 8;
const OFFERS: readonly (readonly Qop[])[] = [['auth'], [], ['auth-int'], ['auth', 'auth-int']];
/** Which of them fit an answer, the likeliest first. One without a qop was most likely asked for none. */
const OFFERS_OF: Readonly<Record<Qop | 'none' | 'other', readonly (readonly Qop[])[]>> = {
  auth: OFFERS.filter((offer) => offer.includes('auth')),
  'auth-int': OFFERS.filter((offer) => offer.includes('auth-int')),
  none: [...OFFERS].sort((a, b) => Number(a.length > 0) - Number(b.length > 0)),
  other: [],
};
/** Looks like one of ours: 36 bytes in base64url, of which the first is version 1. */
const OURS = /^A[Q-Za-f][A-Za-z0-9_-]{46}$/;

/** A key of 32 bytes from a secret of any length, named by a byte that every node gets alike (RFC 5869). */
function nonceKey(secret: Secret): NonceKey {
  const text = Buffer.from(secret.reveal(), 'latin1');
  const bytes = Buffer.from(hkdfSync('sha256', text, Buffer.alloc(0), 'trunkline nonce', 33));
  return { id: bytes[32] as number, key: bytes.subarray(0, 32) };
}

/**
 * Nonces of a server: ours, which need no store and are bound to hop, realm, algorithm, offered qop and what else is asked for; and those of
 * the servers that share its secret.
 */
export class Nonces {
  private readonly mint: NonceMint;
  private readonly options: NonceServiceOptions;
  private readonly secrets: readonly Buffer[];

  /** @throws AuthError AUTH_SECRET, AUTH_NONCE_FORMAT */
  constructor(options: NonceServiceOptions) {
    const { secret, previous, accept, format } = options;
    const all = [...(secret === null ? [] : [secret]), ...previous];
    if (all.some((one) => one.reveal().length < MIN_SECRET)) {
      throw new AuthError('AUTH_SECRET', `a secret has less than ${MIN_SECRET} characters`);
    }
    const foreign = [...accept, ...(format === 'trunkline' ? [] : [format])];
    if (foreign.length > 0 && secret === null) {
      throw new AuthError('AUTH_NONCE_FORMAT', 'nonces of other servers need the secret that they have');
    }
    if (foreign.includes('opensips') && secret?.reveal().length !== OPENSIPS_SECRET_LENGTH) {
      throw new AuthError('AUTH_SECRET', `nonces of OpenSIPS need a secret of ${OPENSIPS_SECRET_LENGTH} characters`);
    }
    this.options = options;
    this.secrets = all.map((one) => Buffer.from(one.reveal(), 'latin1'));
    const keys = all.map(nonceKey);
    this.mint = new NonceMint({
      keys: secret === null ? [{ id: 0, key: options.key }, ...keys] : keys,
      lifetimeMs: options.lifetimeMs,
      maxDriftMs: options.maxDriftMs,
      clock: options.clock,
      random: pooledRandom(),
    });
  }

  /** Whether the nonces that are issued tell to whom: those of other servers cannot. */
  get marked(): boolean {
    return this.options.format === 'trunkline';
  }

  /**
   * A new nonce. It costs no memory, however many are asked for.
   * @param receiver source of the request that it answers, for {@link isIssuedTo}; absent for a nonce that does not tell
   */
  issue(scope: NonceScope, offered: readonly Qop[], receiver?: string): string {
    const { format, clock, lifetimeMs, checks } = this.options;
    const [secret] = this.secrets;
    if (format === 'trunkline' || secret === undefined) {
      return this.mint.issue(binding(scope, offered), receiver === undefined ? undefined : sourceOf(receiver));
    }
    const now = clock.wall();
    const expires = Math.floor((now + lifetimeMs) / 1000);
    switch (format) {
      case 'openser':
        return encodeOpenser(secret, expires);
      case 'opensips-old':
        return encodeOpenser(secret, expires, 0);
      case 'opensips': {
        const microseconds = Math.floor(((now + lifetimeMs) % 1000) * 1000);
        // Index 0 is what its nodes with disable_nonce_check=1 issue and take.
        const fields = { index: 0, qop: offered, algorithm: scope.algorithm, expiresSeconds: expires };
        return encodeOpensips(secret, { ...fields, expiresMicroseconds: microseconds }, randomBytes(16));
      }
      case 'kamailio': {
        const since = Math.floor(now / 1000);
        const times = { expires, since };
        const fields = scope.bound === '' ? times : { ...times, bound: Buffer.from(scope.bound, 'latin1') };
        return encodeKamailio(kamailioSecrets(secret, checks), fields);
      }
    }
  }

  /** Whether a nonce was sent to this source and its time is not over, whatever it was made for. */
  isIssuedTo(nonce: string, source: string): boolean {
    return this.mint.isIssuedTo(nonce, sourceOf(source));
  }

  /** Tells what a nonce is. @param qop the answer's, lower case, empty for none: offers that fit it are tried first */
  check(nonce: string, scope: NonceScope, qop: string): NonceFinding {
    const offers = OFFERS_OF[qop === '' ? 'none' : qop === 'auth' || qop === 'auth-int' ? qop : 'other'];
    for (const offered of offers) {
      const found = this.mint.check(nonce, binding(scope, offered));
      if (found.state !== 'unknown') {
        const { state, issuedAt, expiresAt, id } = found;
        return { state, issuedAt, expiresAt, offered, foreign: false, id };
      }
    }
    const foreign = this.foreign(nonce, scope);
    if (foreign !== null) return this.judged(foreign, scope, detach(nonce));
    return nothing(OURS.test(nonce) ? 'unknown' : 'garbage');
  }

  /**
   * Whether a nonce that check() does not know is one for another algorithm or qop, of the same hop, realm and binding. It costs a hash for each
   * of them: to be asked only when the digest was right.
   */
  isOfOtherOffer(nonce: string, scope: NonceScope): boolean {
    const algorithm = this.foreign(nonce, scope)?.algorithm;
    if (algorithm !== undefined) return algorithm !== scope.algorithm;
    return DIGEST_ALGORITHMS.some(({ name }) =>
      OFFERS.some(
        (offered) => this.mint.check(nonce, binding({ ...scope, algorithm: name }, offered)).state !== 'unknown',
      ),
    );
  }

  private foreign(nonce: string, scope: NonceScope): ForeignNonce | null {
    const { accept, lifetimeMs, checks, format } = this.options;
    for (const one of format === 'trunkline' ? accept : [format, ...accept]) {
      for (const secret of this.secrets) {
        const found =
          one === 'openser'
            ? decodeOpenser(secret, nonce)
            : one === 'opensips-old'
              ? decodeOldOpensips(secret, nonce)
              : one === 'opensips'
                ? decodeOpensips(secret, nonce, lifetimeMs)
                : decodeKamailio(
                    kamailioSecrets(secret, checks),
                    nonce,
                    scope.bound === '' ? undefined : Buffer.from(scope.bound, 'latin1'),
                  );
        if (found !== null) return found;
      }
    }
    return null;
  }

  private judged({ issuedAt, expiresAt, algorithm, qop }: ForeignNonce, scope: NonceScope, id: string): NonceFinding {
    const { clock, lifetimeMs, maxDriftMs } = this.options;
    if (algorithm !== undefined && algorithm !== scope.algorithm) return nothing('unknown');
    const now = clock.wall();
    const issued = issuedAt ?? expiresAt - lifetimeMs;
    if (issued > now + maxDriftMs) return nothing('unknown');
    // Seconds: a nonce is good to the end of the one in which it expires.
    const expires = expiresAt + 999;
    const state = now > expires ? 'expired' : 'fresh';
    return { state, issuedAt: issued, expiresAt: expires, offered: qop ?? null, foreign: true, id };
  }
}

/** Random bytes from the system, drawn many at a time: each draw costs more than the rest of a nonce. */
function pooledRandom(): (size: number) => Buffer {
  const pool = Buffer.alloc(6144);
  let at = pool.length;
  return (size) => {
    if (at + size > pool.length) {
      randomFillSync(pool);
      at = 0;
    }
    at += size;
    return pool.subarray(at - size, at);
  };
}

function nothing(state: 'unknown' | 'garbage'): NonceFinding {
  return { state, issuedAt: 0, expiresAt: 0, offered: null, foreign: false, id: '' };
}

/** What the tag of our nonces covers besides the nonce. Realms have no line ends. */
function binding({ hop, realm, algorithm, bound }: NonceScope, offered: readonly Qop[]): string {
  // Both, in whatever order they were offered.
  const qop = offered.length > 1 ? 'auth,auth-int' : offered.join();
  return `${hop}\n${algorithm}\n${realm.toLowerCase()}\n${qop}\n${bound}`;
}
