import { authParameters, expectedResponse } from '../scenario/digest-oracle.ts';

/** Who answers a challenge, for which request. */
export interface AnswerOptions {
  readonly user: string;
  readonly password: string;
  readonly method: string;
  readonly uri: string;
  /** Nonce count, from 1. */
  readonly nc: number;
}

/** Credentials that answer a challenge, the value of an Authorization header, computed apart from src/digest. */
export function answerChallenge(challenge: string, options: AnswerOptions): string {
  const asked = authParameters(challenge);
  const parameters = new Map<string, string>([
    ['username', options.user],
    ['realm', asked.get('realm') ?? ''],
    ['nonce', asked.get('nonce') ?? ''],
    ['uri', options.uri],
    ['algorithm', asked.get('algorithm') ?? 'MD5'],
  ]);
  if (asked.has('qop')) {
    parameters.set('qop', 'auth');
    parameters.set('nc', options.nc.toString(16).padStart(8, '0'));
    parameters.set('cnonce', `c${options.nc}`);
  }
  const response = expectedResponse(parameters, options.password, options.method, '');
  const bare = new Set(['algorithm', 'qop', 'nc']);
  const text = [...parameters].map(([name, value]) => (bare.has(name) ? `${name}=${value}` : `${name}="${value}"`));
  return `Digest ${text.join(', ')}, response="${response}"`;
}
