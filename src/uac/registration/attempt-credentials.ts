import type { DigestAlgorithmName } from '../../digest/algorithm.ts';
import { type Answer as Answered, answerChallenge } from '../../digest/authorization.ts';
import { chooseChallenge } from '../../digest/challenge.ts';
import { type Credential, credential, utf8Bytes } from '../../digest/credentials.ts';
import type { DigestErrorCode } from '../../digest/errors.ts';
import { KeptChallenge } from '../../digest/kept-challenge.ts';
import type { ProtectionSpaces } from '../../digest/protection-space.ts';
import { Secret } from '../../digest/secret.ts';
import { type AuthChallenge, parseAuthenticationInfo, parseChallenges } from '../../message/auth-header.ts';
import { HDR_AUTHENTICATION_INFO, HDR_PROXY_AUTHENTICATE, HDR_WWW_AUTHENTICATE } from '../../message/header-name.ts';
import type { SipMessage } from '../../message/message.ts';
import type { Account } from './account.ts';
import { readableReason } from './register-answer.ts';

/** Challenges answered in one attempt: a proxy and a registrar, each with a stale nonce or two; no more, whatever they invent. */
const MAX_ROUNDS = 6;
/** Answers to one realm and hop in one attempt: the first, and two more for nonces that are called stale (RFC 7616 §3.3). */
const MAX_ANSWERS = 3;
/** The last count of a nonce (RFC 7616 §3.4: eight hex digits). */
const LAST_NC = 0xffffffff;
/** Nonces kept for one account. */
const MAX_KEPT = 3;

const WHY: Readonly<Partial<Record<DigestErrorCode, string>>> = {
  DIGEST_NO_CHALLENGE: 'no readable Digest challenge',
  DIGEST_ALGORITHM_UNKNOWN: 'unknown algorithm',
  DIGEST_ALGORITHM_REFUSED: 'its algorithm is not allowed (reg_algorithms)',
  DIGEST_QOP_UNKNOWN: 'unknown qop',
  DIGEST_HA1_INVALID: 'auth_ha1 answers MD5 challenges only',
};

/** One challenge of an attempt. */
interface Answer {
  readonly challenge: KeptChallenge;
  /** Answers to challenges of this attempt; 0 while it is only sent ahead with an earlier nonce. */
  count: number;
  /** Header value for the next request, computed when the challenge came, and the Request-URI that it is for; empty once it was sent. */
  ready: string;
  readonly uri: string;
}

/** Authentication within one attempt: what is sent along, which challenges are answered, what is kept for the next one. */
export class AttemptCredentials {
  /** True once a request left with credentials (Kamailio's flag 8). */
  sent = false;
  /** True when credentials that were sent ahead were challenged all the same. */
  missed = false;
  private readonly answers: Answer[] = [];
  private rounds = 0;
  private readonly account: Account;
  private readonly spaces: ProtectionSpaces;
  private readonly allow: readonly DigestAlgorithmName[] | undefined;
  private identity: Credential | null = null;

  /**
   * @param kept challenges of earlier attempts whose nonces may still be good
   * @param allow the algorithms that may be answered; undefined for every one
   */
  constructor(
    account: Account,
    kept: KeptChallenge | null,
    spaces: ProtectionSpaces,
    allow: readonly DigestAlgorithmName[] | undefined,
  ) {
    this.account = account;
    this.spaces = spaces;
    this.allow = allow;
    for (let challenge = kept; challenge !== null; challenge = challenge.next)
      this.answers.push({ challenge, count: 0, ready: '', uri: '' });
  }

  /** Leaves the credentials at home that were meant for another server. */
  forget(): void {
    this.answers.length = 0;
  }

  /**
   * The header lines for the next request, each use of a nonce counted.
   * @param uri its Request-URI
   */
  lines(uri: string): string {
    let text = '';
    for (const answer of this.answers) {
      const { challenge } = answer;
      const value = answer.ready !== '' && answer.uri === uri ? answer.ready : this.answerTo(challenge, uri);
      answer.ready = '';
      if (typeof value !== 'string') continue;
      text += `${challenge.proxy ? 'Proxy-Authorization' : 'Authorization'}: ${value}\r\n`;
      this.sent = true;
    }
    return text;
  }

  /**
   * Takes a 401 or 407.
   * @param uri Request-URI of the request that will answer it
   * @returns null when the next request can answer it, else why it is not answered
   */
  challenged(answer: SipMessage, uri: string): string | null {
    const proxy = answer.status === 407;
    const choice = chooseChallenge({
      challenges: challengesOf(answer, proxy),
      credentialsFor: () => this.credential,
      allow: this.allow,
    });
    if (!choice.ok) return this.refusal(choice.code, choice.realm, answer.status);
    const { challenge } = choice;
    const realm = readableReason(challenge.realm);
    const at = this.answers.findIndex(
      (one) => one.challenge.proxy === proxy && one.challenge.realm === challenge.realm,
    );
    const earlier = this.answers[at];
    let count = 1;
    if (earlier !== undefined && earlier.count === 0) {
      // Sent ahead and not accepted: the nonce is too old, whether the registrar says stale or not. It is answered as if it were the first.
      this.missed = true;
    } else if (earlier !== undefined) {
      const fresh = challenge.stale && challenge.nonce !== earlier.challenge.nonce;
      if (!fresh) return `user or password refused, realm "${realm}"`;
      if (earlier.count >= MAX_ANSWERS) return `${earlier.count} nonces were stale, realm "${realm}"`;
      count = earlier.count + 1;
    }
    if (++this.rounds > MAX_ROUNDS) return `${MAX_ROUNDS} challenges were answered, now realm "${realm}"`;
    const kept = new KeptChallenge(challenge, proxy, this.spaces);
    // The same nonce again goes on being counted.
    if (earlier !== undefined && earlier.challenge.nonce === challenge.nonce) kept.nc = earlier.challenge.nc;
    const ready = this.answerTo(kept, uri);
    if (typeof ready !== 'string')
      return this.refusal(ready?.code ?? 'DIGEST_NC_RANGE', challenge.realm, answer.status);
    const next: Answer = { challenge: kept, count, ready, uri };
    if (at < 0) this.answers.push(next);
    else this.answers[at] = next;
    return null;
  }

  /** What to keep for the next attempt after a 2xx, with the nonces that it hands out (RFC 7616 §3.5). */
  keep(answer: SipMessage): KeptChallenge | null {
    const { answers } = this;
    let kept: KeptChallenge | null = null;
    for (let i = answers.length - 1; i >= Math.max(0, answers.length - MAX_KEPT); i--) {
      const { challenge } = answers[i] as Answer;
      // Of several of one kind it is the first that the header speaks of.
      if (answers.findIndex((one) => one.challenge.proxy === challenge.proxy) === i) renew(challenge, answer);
      challenge.next = kept;
      kept = challenge;
    }
    return kept;
  }

  /** The header value that answers a challenge once more, its nonce's use counted; null when it was used up, or why there is none. */
  private answerTo(challenge: KeptChallenge, uri: string): string | Extract<Answered, { readonly ok: false }> | null {
    if (challenge.nc >= LAST_NC) return null;
    challenge.nc++;
    const { credential } = this;
    const answer = answerChallenge({ challenge, credential, method: 'REGISTER', uri, nc: challenge.nc });
    return answer.ok ? answer.headerValue : answer;
  }

  private refusal(code: DigestErrorCode, realm: string, status: number): string {
    if (code === 'DIGEST_REALM_MISMATCH')
      return `realm "${readableReason(this.account.realm)}" expected, got "${readableReason(realm)}"`;
    const what = WHY[code] ?? code;
    return realm === '' ? `${status}: ${what}` : `${status}, realm "${readableReason(realm)}": ${what}`;
  }

  /** Made when it is first needed: most accounts are idle most of the time. An HA1 wins over the password. */
  private get credential(): Credential {
    const { account } = this;
    const hashed = account.authHa1;
    this.identity ??= credential({
      user: utf8Bytes(account.authUser),
      realm: utf8Bytes(account.realm),
      secret: new Secret(hashed === '' ? utf8Bytes(account.authPassword) : hashed),
      ha1: hashed !== '',
      ha1Hash: hashed === '' ? undefined : 'MD5',
    });
    return this.identity;
  }
}

/** Takes the nonce that the server wants to see next (RFC 7616 §3.5). */
function renew(challenge: KeptChallenge, answer: SipMessage): void {
  const header = challenge.proxy
    ? answer.findByName('Proxy-Authentication-Info')[0]
    : answer.find(HDR_AUTHENTICATION_INFO);
  if (header === undefined) return;
  const { nextnonce } = parseAuthenticationInfo(answer.raw, header.valueStart, header.valueEnd);
  if (nextnonce !== '') challenge.renew(nextnonce);
}

function challengesOf(answer: SipMessage, proxy: boolean): AuthChallenge[] {
  const id = proxy ? HDR_PROXY_AUTHENTICATE : HDR_WWW_AUTHENTICATE;
  const all: AuthChallenge[] = [];
  for (const header of answer.headers)
    if (header.id === id) all.push(...parseChallenges(answer.raw, header.valueStart, header.valueEnd));
  return all;
}
