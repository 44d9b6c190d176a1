/** A gate with everything it needs, and requests with answers computed apart from src/digest. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  type AuthRequest,
  Gate,
  type GateSettings,
  type Presented,
  type Proof,
  type Verdict,
} from '../../src/auth/gate.ts';
import { Guard, type GuardLimits } from '../../src/auth/guard.ts';
import { type NonceScope, type NonceServiceOptions, Nonces } from '../../src/auth/nonces.ts';
import type { Qop } from '../../src/auth/offer.ts';
import { LocalUseStore, type UseStore } from '../../src/auth/use-store.ts';
import { Secret } from '../../src/digest/secret.ts';
import { parsed } from '../modules/support.ts';

export const REALM = 'example.org';
const START = 1_800_000_000_000;

export class Clock {
  at = START;
  wall(): number {
    return this.at;
  }
  now(): number {
    return this.at - START + 1;
  }
}

export const SETTINGS: GateSettings = {
  reuse: 'counted',
  qopOptional: false,
  uriCheck: 0,
  checkIdentity: false,
  useDomain: false,
  algorithms: ['MD5'],
};
export const LIMITS: GuardLimits = { perSource: 0, perUser: 0, windowMs: 60_000, banMs: 300_000 };
export const SCOPE: NonceScope = { hop: 'www', realm: REALM, algorithm: 'MD5', bound: '' };

export interface Answer {
  readonly nonce: string;
  readonly password?: string;
  readonly user?: string;
  readonly realm?: string;
  readonly qop?: string;
  readonly nc?: string;
  readonly cnonce?: string;
  readonly algorithm?: string;
  readonly method?: string;
  readonly uri?: string;
  readonly body?: string;
  readonly more?: string;
  readonly from?: string;
  readonly to?: string;
  readonly contact?: string;
  readonly hop?: 'www' | 'proxy';
}

const OPENSSL: Readonly<Record<string, string>> = { MD5: 'md5', 'SHA-256': 'sha256', 'SHA-512-256': 'sha512-256' };

/** A REGISTER with an answer computed apart from src/digest. */
export function register(answer: Answer): string {
  const {
    nonce,
    password = 'secret',
    user = 'alice',
    qop = '',
    nc = '00000001',
    cnonce = 'c0',
    method = 'REGISTER',
  } = answer;
  const { algorithm = '', uri = 'sip:example.org', body = '', hop = 'www' } = answer;
  const base = algorithm.replace('-sess', '');
  const h = (text: string): string =>
    createHash(OPENSSL[base] ?? 'md5')
      .update(text, 'latin1')
      .digest('hex');
  let ha1 = h(`${user}:${REALM}:${password}`);
  if (algorithm.endsWith('-sess')) ha1 = h(`${ha1}:${nonce}:${cnonce}`);
  const ha2 = h(qop === 'auth-int' ? `${method}:${uri}:${h(body)}` : `${method}:${uri}`);
  const response = qop === '' ? h(`${ha1}:${nonce}:${ha2}`) : h(`${ha1}:${nonce}:${nc}:${cnonce}:${qop}:${ha2}`);
  return (
    `${method} ${'sip:example.org'} SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n` +
    `From: <sip:${answer.from ?? 'alice'}@example.org>;tag=1\r\nTo: <sip:${answer.to ?? 'alice'}@example.org>\r\n` +
    `Call-ID: a\r\nCSeq: 1 ${method}\r\nContact: <sip:${answer.contact ?? 'me'}@h>\r\n` +
    `${hop === 'www' ? '' : 'Proxy-'}Authorization: Digest username="${user}", realm="${answer.realm ?? REALM}", nonce="${nonce}", uri="${uri}", ` +
    `response="${response}"${algorithm === '' ? '' : `, algorithm=${algorithm}`}` +
    `${qop === '' ? '' : `, qop=${qop}, nc=${nc}, cnonce="${cnonce}"`}${answer.more ?? ''}\r\n` +
    `Content-Length: ${body.length}\r\n\r\n${body}`
  );
}

export class GateBench {
  readonly clock = new Clock();
  readonly nonces: Nonces;
  readonly guard: Guard;
  readonly uses: UseStore;
  readonly gate: Gate;

  constructor(
    options: {
      settings?: Partial<GateSettings>;
      nonces?: Partial<NonceServiceOptions>;
      limits?: Partial<GuardLimits>;
      uses?: UseStore;
    } = {},
  ) {
    this.nonces = this.service(options.nonces);
    this.guard = new Guard({ ...LIMITS, ...options.limits }, this.clock);
    this.uses = options.uses ?? new LocalUseStore(this.clock, 1000);
    this.clock.at += 10;
    this.gate = new Gate({ ...SETTINGS, ...options.settings }, this.nonces, this.uses, this.guard);
  }

  service(more: Partial<NonceServiceOptions> = {}): Nonces {
    return new Nonces({
      secret: null,
      previous: [],
      lifetimeMs: 300_000,
      maxDriftMs: 3_000,
      format: 'trunkline',
      accept: [],
      checks: false,
      clock: this.clock,
      key: Buffer.alloc(32, 1),
      ...more,
    });
  }

  /** @param receiver source that it is sent to, where it tells */
  nonce(qop: readonly Qop[] = ['auth'], scope: Partial<NonceScope> = {}, receiver?: string): string {
    return this.nonces.issue({ ...SCOPE, ...scope }, qop, receiver);
  }

  request(text: string, more: Partial<AuthRequest> = {}): AuthRequest {
    return {
      message: parsed(text),
      flavour: 'kamailio',
      hop: 'www',
      realm: REALM,
      source: '192.0.2.1',
      connected: false,
      sender: '5060 0',
      bound: '',
      ...more,
    };
  }

  present(text: string, more: Partial<AuthRequest> = {}): Presented | Verdict {
    return this.gate.present(this.request(text, more));
  }

  /** `password` null: an unknown user. */
  verdict(text: string, more: Partial<AuthRequest> = {}, password: string | null = 'secret'): Verdict {
    const found = this.present(text, more);
    if (found.done) return found;
    const stored = password === null ? null : { secret: new Secret(password), ha1: false };
    return this.decide(found, this.gate.proof(found, stored, false));
  }

  /** The store of this bench answers at once, and so does its gate. */
  decide(found: Presented, proof: Proof, gate = this.gate): Verdict {
    const verdict = gate.decide(found, proof);
    assert.ok(!(verdict instanceof Promise), 'nothing is waited for');
    return verdict;
  }

  ask(answer: Answer, more: Partial<AuthRequest> = {}, password: string | null = 'secret'): string {
    const { outcome, stale } = this.verdict(register(answer), more, password);
    return stale ? `${outcome} stale` : outcome;
  }
}
