import { hash, timingSafeEqual } from 'node:crypto';
import { type DigestAlgorithm, type DigestHash, digestAlgorithm } from '../digest/algorithm.ts';
import { ha1For, type StoredSecret } from '../digest/credentials.ts';
import { computeResponse } from '../digest/digest.ts';
import { Secret } from '../digest/secret.ts';
import { type DigestCredentials, parseCredentials } from '../message/auth-header.ts';
import { HDR_AUTHORIZATION, HDR_PROXY_AUTHORIZATION } from '../message/header-name.ts';
import type { HeaderField, SipMessage } from '../message/message.ts';
import { M_ACK, M_CANCEL, M_PRACK } from '../message/method.ts';
import type { BanKind, Guard } from './guard.ts';
import { fitsRequestUri, isOwnIdentity, splitUserName, type UriCheck } from './identity.ts';
import type { NonceFinding, Nonces } from './nonces.ts';
import type { AuthOutcome, Flavour } from './outcome.ts';
import type { Hop } from './realm.ts';
import type { UseResult, UseStore } from './use-store.ts';

/**
 * How strictly nonces are used: any number of times; each nonce count, or each digest without one, once; the same, but a nonce without counts
 * only once; each nonce once.
 */
export type ReuseRule = 'free' | 'counted' | 'counted-or-once' | 'once';

export interface GateSettings {
  readonly reuse: ReuseRule;
  /** Whether an answer without a qop is taken although one was asked for. */
  readonly qopOptional: boolean;
  readonly uriCheck: UriCheck;
  /** Whether every success needs the identity check. */
  readonly checkIdentity: boolean;
  readonly useDomain: boolean;
  /** Algorithms taken with nonces that name none (those of Kamailio and OpenSER). */
  readonly algorithms: readonly string[];
}

/** A request that is to be let in or not. */
export interface AuthRequest {
  readonly message: SipMessage;
  readonly flavour: Flavour;
  readonly hop: Hop;
  readonly realm: string;
  /** Address that it came from. */
  readonly source: string;
  /** Whether a connection shows that the address is the sender's: in a datagram anybody can write any. */
  readonly connected: boolean;
  /** Its port and more that tells senders apart. */
  readonly sender: string;
  /** What its nonce must be bound to besides. */
  readonly bound: string;
  /** Method to hash in the place of the request's own. */
  readonly method?: string | undefined;
}

/** A request that was decided on. */
export interface Verdict {
  readonly done: true;
  readonly outcome: AuthOutcome;
  /** Whether the next challenge says stale=true: the digest was right, its nonce was not (RFC 7616 §3.3). */
  readonly stale: boolean;
  /** Whose credentials they were; null when none were found. */
  readonly credentials: DigestCredentials | null;
  /** Value of their header as it stands in the message; empty for none. */
  readonly header: string;
  readonly algorithm: DigestAlgorithm | null;
  /** For Authentication-Info; null unless proven. */
  readonly ha1: Secret | null;
  /** What this attempt has got banned. */
  readonly banned: readonly BanKind[];
}

/** Credentials found, whose secret is to be looked up. */
export interface Presented {
  readonly done: false;
  readonly request: AuthRequest;
  readonly credentials: DigestCredentials;
  readonly header: string;
  readonly algorithm: DigestAlgorithm;
  /** Its nonce count; 0 without a qop. */
  readonly count: number;
  readonly nonce: NonceFinding;
}

/** What the digest of a request came to. */
export type Proof =
  /** The HA1 with which it is right. */
  | { readonly state: 'right'; readonly ha1: string }
  /** `unusable`: what is stored is no HA1 of the algorithm. */
  | { readonly state: 'wrong' | 'unknown' | 'unusable' };

/** A header longer than this is none that a phone sends. */
const MAX_HEADER = 4096;
/** Hashed for a user that is unknown, so that the answer takes the same work as for a known one: of either form that secrets are stored in. */
const NOBODY: StoredSecret = { secret: new Secret('nobody'), ha1: false };
const NO_HA1: Readonly<Record<DigestHash, StoredSecret>> = {
  MD5: { secret: new Secret('0'.repeat(32)), ha1: true },
  'SHA-256': { secret: new Secret('0'.repeat(64)), ha1: true },
  'SHA-512-256': { secret: new Secret('0'.repeat(64)), ha1: true },
};

/** Decides on requests with credentials (RFC 3261 §22): found, proven, fresh, first, from whom they say. */
export class Gate {
  readonly settings: GateSettings;
  private readonly nonces: Nonces;
  private readonly uses: UseStore;
  private readonly guard: Guard;

  constructor(settings: GateSettings, nonces: Nonces, uses: UseStore, guard: Guard) {
    this.settings = settings;
    this.nonces = nonces;
    this.uses = uses;
    this.guard = guard;
  }

  /** First step: which credentials are meant. What remains is to look up the user's secret. */
  present(request: AuthRequest): Presented | Verdict {
    const { message, hop, realm, bound } = request;
    if (isExempt(message, request.flavour)) return verdict('exempt');
    const wanted = headerOf(hop);
    let fallback: Verdict | null = null;
    for (const header of message.headers) {
      if (header.id !== wanted) continue;
      const found = digestIn(message, header);
      if (found === null) continue;
      const text = message.valueOf(header);
      if (found === 'broken') {
        fallback = verdict('malformed', { header: text });
        continue;
      }
      for (const credentials of found) {
        if (!isSameRealm(credentials.realm, realm)) continue;
        const algorithm = digestAlgorithm(credentials.algorithm);
        const count = algorithm === undefined ? null : completeCount(credentials, algorithm);
        if (algorithm === undefined || count === null) {
          fallback = verdict('malformed', { credentials, header: text });
          continue;
        }
        if (this.guard.active && this.guard.refuses(request.source, guessedUser(request, credentials))) {
          return verdict('banned', { credentials, header: text, algorithm });
        }
        const scope = { hop, realm, algorithm: algorithm.name, bound };
        const nonce = this.nonces.check(credentials.nonce, scope, credentials.qop.toLowerCase());
        if (this.guard.active && this.nonces.marked && !this.isSender(request, credentials)) {
          const outcome = nonce.state === 'garbage' ? 'bad-nonce' : 'stale';
          return verdict(outcome, { credentials, header: text, algorithm }, true);
        }
        return { done: false, request, credentials, header: text, algorithm, count, nonce };
      }
    }
    return fallback ?? verdict('no-credentials');
  }

  /**
   * Second step: the digest. It takes the same hashes whether the user is known or not, and whatever is stored.
   * @param stored the user's secret; null for an unknown user
   * @param hashed whether secrets are stored as HA1s here
   */
  proof(presented: Presented, stored: StoredSecret | null, hashed: boolean): Proof {
    const { request, credentials, algorithm } = presented;
    const nobody = hashed ? NO_HA1[algorithm.hash] : NOBODY;
    const { username } = credentials;
    const ha1 = stored === null ? null : ha1For(stored, algorithm.hash, username, request.realm);
    if (stored === null || ha1 === null) {
      rightHa1(presented, nobody, ha1For(nobody, algorithm.hash, username, request.realm) ?? '');
      return { state: stored === null ? 'unknown' : 'unusable' };
    }
    const right = rightHa1(presented, stored, ha1);
    return right === null ? { state: 'wrong' } : { state: 'right', ha1: right };
  }

  /**
   * Third step: digest first, then the nonce, then its use; so that nothing is told to who does not know the password, and nothing is
   * used up by who does not.
   * @param identity whether From and To must be the user's, besides what the settings say
   * @returns the verdict; a promise only where the store of uses gives one
   */
  decide(presented: Presented, proof: Proof, identity = false): Verdict | Promise<Verdict> {
    const { request, credentials, nonce } = presented;
    const { message, source } = request;
    const user = this.guard.active ? guessedUser(request, credentials) : '';
    // Once more: while the secret was looked up, others of the same flood may have failed.
    if (this.guard.active && this.guard.refuses(source, user)) return settled(presented, 'banned');
    if (proof.state !== 'right') {
      const counts = this.guard.active && this.isSender(request, credentials);
      const banned = counts ? this.guard.failed(source, user) : NOBODY_BANNED;
      return settled(presented, FAILURES[proof.state], false, null, banned);
    }
    if (nonce.state === 'garbage') return settled(presented, 'bad-nonce', true);
    // Not stale (RFC 7616 §3.3): another nonce does not help who can only answer what was not asked for.
    if (this.isOfOtherOffer(presented)) return settled(presented, 'not-offered');
    if (nonce.state !== 'fresh') return settled(presented, 'stale', true);
    if (credentials.qop === '' && !this.settings.qopOptional && (nonce.offered?.length ?? 0) > 0) {
      return settled(presented, 'qop-missing');
    }
    if (!fitsRequestUri(credentials.uri, message, this.settings.uriCheck)) return settled(presented, 'uri');
    const use = this.use(presented);
    if (typeof use === 'string') return this.used(presented, proof.ha1, identity, use);
    return use.then(
      (result) => this.used(presented, proof.ha1, identity, result),
      () => this.used(presented, proof.ha1, identity, 'unknown'),
    );
  }

  /** What is left once it is known whether the nonce was used before. */
  private used(presented: Presented, ha1: string, identity: boolean, use: UseResult): Verdict {
    const { request, credentials } = presented;
    const { qop } = credentials;
    const { reuse, checkIdentity, useDomain } = this.settings;
    if (use === 'unknown') return settled(presented, 'use-unknown', true);
    if (use === 'replay') {
      const byAnswer = reuse === 'counted' || (reuse === 'counted-or-once' && qop !== '');
      return settled(presented, byAnswer ? 'replayed' : 'reused', true);
    }
    if (this.guard.active) this.guard.succeeded(request.source, guessedUser(request, credentials));
    if (identity || checkIdentity) {
      const name = splitUserName(credentials.username, request.flavour === 'kamailio').user;
      if (!isOwnIdentity(request.message, name, useDomain)) return settled(presented, 'identity');
    }
    return settled(presented, 'ok', false, new Secret(ha1));
  }

  /**
   * Whether the sender of credentials is at the address that they came from, and failures may be counted against it: else forged datagrams
   * would have anybody refused. A nonce that was sent there lately shows it, whatever it is good for. Where wrong credentials are counted,
   * those that show nothing are not looked at but asked for again, or they would be guesses that nobody counts.
   */
  private isSender({ source, connected }: AuthRequest, { nonce }: DigestCredentials): boolean {
    return connected || this.nonces.isIssuedTo(nonce, source);
  }

  /**
   * Whether credentials on an ACK or CANCEL are of a challenge of ours, and are to go no further.
   * @param bounds what the nonce may be bound to, besides: that of the request that was challenged
   */
  isOurs({ algorithm: named, realm, nonce, qop }: DigestCredentials, hop: Hop, bounds: readonly string[]): boolean {
    const algorithm = digestAlgorithm(named)?.name;
    if (algorithm === undefined) return false;
    return bounds.some((bound) => {
      const { state } = this.nonces.check(nonce, { hop, realm, algorithm, bound }, qop.toLowerCase());
      return state === 'fresh' || state === 'expired';
    });
  }

  private isOfOtherOffer({ request, credentials, algorithm, nonce }: Presented): boolean {
    const { hop, realm, bound } = request;
    if (nonce.state === 'unknown') {
      return this.nonces.isOfOtherOffer(credentials.nonce, { hop, realm, algorithm: algorithm.name, bound });
    }
    // Ours, and those of OpenSIPS, name their algorithm and qop.
    if (nonce.offered === null) return nonce.foreign && !this.settings.algorithms.includes(algorithm.name);
    return credentials.qop !== '' && !(nonce.offered as readonly string[]).includes(credentials.qop.toLowerCase());
  }

  /** Whether the use of the nonce is its first; where nonces may be used again, nobody is asked. */
  private use({ request, credentials, count, nonce }: Presented): UseResult | Promise<UseResult> {
    const { reuse } = this.settings;
    if (reuse === 'free') return 'first';
    const { username, cnonce, qop, response } = credentials;
    const counts = qop !== '' && reuse !== 'once';
    let key = nonce.id;
    // Kamailio and OpenSER give one nonce to everybody whom they challenge within a second.
    if (nonce.foreign) key += `\n${username}\n${cnonce}`;
    // Without a count, one nonce serves for different requests, but none of them twice.
    if (!counts && reuse === 'counted') key += `\n${response.toLowerCase()}`;
    const { issuedAt, expiresAt } = nonce;
    const { message, source, sender } = request;
    const print = hash('sha256', `${source} ${sender} ${message.raw}`, 'base64');
    return this.uses.use({ nonce: key, nc: counts ? count : 1, issuedAt, expiresAt }, print);
  }
}

export function headerOf(hop: Hop): number {
  return hop === 'www' ? HDR_AUTHORIZATION : HDR_PROXY_AUTHORIZATION;
}

/** Methods that are never asked for credentials: ACK cannot be answered, CANCEL cannot be sent again (RFC 3261 §22.1). */
export function isExempt({ methodId }: SipMessage, flavour: Flavour): boolean {
  return methodId === M_ACK || methodId === M_CANCEL || (flavour === 'kamailio' && methodId === M_PRACK);
}

/**
 * The Digest credentials of one header.
 * @returns null for a header of another scheme, `broken` for a Digest one that cannot be read
 */
export function digestIn(message: SipMessage, header: HeaderField): readonly DigestCredentials[] | 'broken' | null {
  const { raw } = message;
  const { valueStart, valueEnd } = header;
  if (valueEnd - valueStart > MAX_HEADER) return 'broken';
  const list: DigestCredentials[] = [];
  for (const one of parseCredentials(raw, valueStart, valueEnd)) if (one.kind === 'digest') list.push(one);
  if (list.length > 0) return list;
  return /^digest[\s,]/i.test(raw.slice(valueStart, valueStart + 7)) ? 'broken' : null;
}

/**
 * Looks whether the credentials have what their qop and algorithm need (RFC 7616 §3.4).
 * @returns their nonce count, 0 when they have no qop; null when something is missing
 */
function completeCount({ qop, nc, cnonce }: DigestCredentials, { session }: DigestAlgorithm): number | null {
  if (qop === '') return session && cnonce === '' ? null : 0;
  if (cnonce === '' || (qop !== 'auth' && !/^auth(-int)?$/i.test(qop))) return null;
  const count = nonceCount(nc);
  return count === 0 ? null : count;
}

/** @param nc hexadecimal; eight digits are the rule, fewer and nine with a zero exist @returns 0 for none, or one that is no number of 32 bits */
function nonceCount(nc: string): number {
  let count = 0;
  for (let at = 0; at < nc.length; at++) {
    const c = nc.charCodeAt(at);
    const letter = (c | 0x20) - 0x61;
    const digit = c >= 0x30 && c <= 0x39 ? c - 0x30 : letter >= 0 && letter <= 5 ? letter + 10 : -1;
    if (digit < 0) return 0;
    count = count * 16 + digit;
    if (count > 0xffffffff) return 0;
  }
  return count;
}

/** Letter case aside, as the servers before did it. */
function isSameRealm(a: string, b: string): boolean {
  return a === b || a.toLowerCase() === b.toLowerCase();
}

const FAILURES = { unknown: 'unknown-user', wrong: 'wrong-password', unusable: 'error' } as const;

/**
 * The user that failures are counted for: of all the spellings that a look-up takes for one user (domains, schemes, letter case) the same.
 * Letters are those of ASCII: names are bytes.
 */
function guessedUser({ realm, flavour }: AuthRequest, { username }: DigestCredentials): string {
  const { user } = splitUserName(username, flavour === 'kamailio');
  return `${user}@${realm}`.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** The HA1 with which the response is right, or null. */
function rightHa1({ request, credentials, algorithm }: Presented, stored: StoredSecret, ha1: string): string | null {
  const { message, realm } = request;
  const method = request.method ?? message.method;
  const { username, uri, nonce, qop, nc, cnonce, response } = credentials;
  const input = { algorithm, ha1, method, uri, nonce, qop, nc, cnonce, body: message.body };
  if (sameHex(computeResponse(input), response)) return ha1;
  if (!credentials.params.some(({ value, escaped }) => value !== escaped)) return null;
  // Some clients hash what stands between the quotes, backslashes and all.
  const raw = (name: string, value: string): string =>
    credentials.params.find((param) => param.name === name)?.escaped ?? value;
  const rawHa1 = ha1For(stored, algorithm.hash, raw('username', username), realm) ?? ha1;
  const written = { uri: raw('uri', uri), nonce: raw('nonce', nonce), cnonce: raw('cnonce', cnonce) };
  return sameHex(computeResponse({ ...input, ...written, ha1: rawHa1 }), response) ? rawHa1 : null;
}

/** Room for two responses of each length that there is, in hex: a comparison fills it anew. */
const COMPARED = new Map([32, 64].map((length) => [length, [Buffer.alloc(length), Buffer.alloc(length)] as const]));

/** Compares two hex texts, letter case aside, in a time that does not tell where they differ. */
function sameHex(expected: string, received: string): boolean {
  const room = COMPARED.get(expected.length);
  if (room === undefined || received.length !== expected.length) return false;
  const [ours, theirs] = room;
  ours.write(expected, 'latin1');
  theirs.write(received.toLowerCase(), 'latin1');
  return timingSafeEqual(ours, theirs);
}

const NOBODY_BANNED: readonly BanKind[] = [];

function verdict(
  outcome: AuthOutcome,
  found: Partial<Pick<Verdict, 'credentials' | 'header' | 'algorithm'>> = {},
  stale = false,
): Verdict {
  const { credentials = null, header = '', algorithm = null } = found;
  return { done: true, outcome, stale, credentials, header, algorithm, ha1: null, banned: NOBODY_BANNED };
}

/** The verdict on credentials whose digest was looked at. */
function settled(
  { credentials, header, algorithm }: Presented,
  outcome: AuthOutcome,
  stale = false,
  ha1: Secret | null = null,
  banned: readonly BanKind[] = NOBODY_BANNED,
): Verdict {
  return { done: true, outcome, stale, credentials, header, algorithm, ha1, banned };
}
