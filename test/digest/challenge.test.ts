import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ChallengeOptions, chooseChallenge } from '../../src/digest/challenge.ts';
import { credential } from '../../src/digest/credentials.ts';
import { parseChallenges } from '../../src/message/auth-header.ts';

const HEADER = {
  md5: 'Digest realm="r", nonce="n-md5", qop="auth"',
  sha256: 'Digest realm="r", nonce="n-sha256", qop="auth", algorithm=SHA-256',
  sha512: 'Digest realm="r", nonce="n-sha512", qop="auth", algorithm=SHA-512-256',
  md5sess: 'Digest realm="r", nonce="n-sess", qop="auth", algorithm=MD5-sess',
  aka: 'Digest realm="r", nonce="n-aka", qop="auth", algorithm=AKAv1-MD5',
  badQop: 'Digest realm="r", nonce="n-qop", qop="token", algorithm=SHA-512-256',
  otherRealm: 'Digest realm="other", nonce="n-other", algorithm=SHA-512-256',
  basic: 'Basic realm="r"',
};

function choose(headers: readonly string[], options: Partial<ChallengeOptions> = {}) {
  return chooseChallenge({
    challenges: headers.flatMap((header) => parseChallenges(header)),
    credentialsFor: (realm) => (realm === 'r' ? credential({ user: 'u', realm, secret: 'p' }) : undefined),
    ...options,
  });
}

function chosen(headers: readonly string[], options: Partial<ChallengeOptions> = {}): string {
  const choice = choose(headers, options);
  return choice.ok ? choice.challenge.nonce : choice.code;
}

test('the strongest usable challenge is chosen, in one header or in several', () => {
  assert.equal(chosen([HEADER.md5, HEADER.sha256]), 'n-sha256');
  assert.equal(chosen([HEADER.sha256, HEADER.md5]), 'n-sha256');
  assert.equal(chosen([HEADER.md5, HEADER.md5sess, HEADER.sha512, HEADER.sha256]), 'n-sha512');
  assert.equal(chosen([HEADER.md5, HEADER.md5sess]), 'n-sess');
  assert.equal(chosen([Object.values(HEADER).join(', ')]), 'n-sha512');
});

test('what cannot be used is passed over and spoils nothing', () => {
  assert.equal(chosen([HEADER.basic, HEADER.aka, HEADER.badQop, HEADER.md5]), 'n-md5');
  assert.equal(chosen([HEADER.otherRealm, HEADER.md5]), 'n-md5');
  assert.equal(chosen(['Digest realm="r"', 'Digest realm="r", nonce="', HEADER.md5]), 'n-md5');
});

test('of equal challenges the first is chosen', () => {
  assert.equal(chosen([HEADER.md5, HEADER.md5.replace('n-md5', 'second')]), 'n-md5');
});

test('an HA1 leads to the challenge of its own algorithm', () => {
  const ha1 = (length: number) => () => credential({ user: 'u', realm: 'r', secret: 'a'.repeat(length), ha1: true });
  assert.equal(chosen([HEADER.sha256, HEADER.md5], { credentialsFor: ha1(32) }), 'n-md5');
  assert.equal(chosen([HEADER.sha256, HEADER.md5], { credentialsFor: ha1(64) }), 'n-sha256');
  assert.equal(chosen([HEADER.sha256, HEADER.md5], { credentialsFor: ha1(40) }), 'DIGEST_HA1_INVALID');
});

test('a policy keeps weak algorithms from being answered', () => {
  const allow = ['SHA-256'] as const;
  assert.equal(chosen([HEADER.md5, HEADER.sha256], { allow }), 'n-sha256');
  assert.equal(chosen([HEADER.md5], { allow }), 'DIGEST_ALGORITHM_REFUSED');
});

test('a bound credential goes to its destination only', () => {
  const bound = credential({ user: 'u', realm: 'r', secret: 'p', destination: 'carrier' });
  const credentialsFor = () => bound;
  assert.equal(chosen([HEADER.md5], { credentialsFor, destination: 'carrier' }), 'n-md5');
  assert.equal(chosen([HEADER.md5], { credentialsFor, destination: 'callee' }), 'DIGEST_DESTINATION_MISMATCH');
  assert.equal(chosen([HEADER.md5], { credentialsFor }), 'DIGEST_DESTINATION_MISMATCH');
});

test('a refusal names the nearest reason and its realm', () => {
  assert.deepEqual(choose([]), { ok: false, code: 'DIGEST_NO_CHALLENGE', realm: '' });
  assert.deepEqual(choose([HEADER.basic]), { ok: false, code: 'DIGEST_NO_CHALLENGE', realm: '' });
  assert.deepEqual(choose([HEADER.aka]), { ok: false, code: 'DIGEST_ALGORITHM_UNKNOWN', realm: 'r' });
  assert.deepEqual(choose([HEADER.aka, HEADER.badQop]), { ok: false, code: 'DIGEST_QOP_UNKNOWN', realm: 'r' });
  assert.deepEqual(choose([HEADER.otherRealm, HEADER.aka]), {
    ok: false,
    code: 'DIGEST_NO_CREDENTIAL',
    realm: 'other',
  });
  const credentialsFor = () => credential({ user: 'u', realm: 'x', secret: 'p' });
  assert.deepEqual(choose([HEADER.md5], { credentialsFor }), { ok: false, code: 'DIGEST_REALM_MISMATCH', realm: 'r' });
});

test('qop tokens count in any case and order, auth before auth-int', () => {
  const qopOf = (list: string) => {
    const choice = choose([`Digest realm="r", nonce="n", qop=${list}`]);
    return choice.ok ? choice.qop : choice.code;
  };
  assert.equal(qopOf('"auth"'), 'auth');
  assert.equal(qopOf('AUTH'), 'auth');
  assert.equal(qopOf('"auth , auth-int"'), 'auth');
  assert.equal(qopOf('"auth-int,auth"'), 'auth');
  assert.equal(qopOf('"Auth-Int"'), 'auth-int');
  assert.equal(qopOf('"authxyz"'), 'DIGEST_QOP_UNKNOWN');
  assert.equal(qopOf('"token, auth-int"'), 'auth-int');
  assert.equal(qopOf('""'), '');
});
