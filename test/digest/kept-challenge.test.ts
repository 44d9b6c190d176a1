import assert from 'node:assert/strict';
import { it } from 'node:test';
import { answerChallenge } from '../../src/digest/authorization.ts';
import { credential } from '../../src/digest/credentials.ts';
import { KeptChallenge } from '../../src/digest/kept-challenge.ts';
import { type DigestChallenge, parseChallenges } from '../../src/message/auth-header.ts';

const own = (text: string): string => text;

function challengeOf(text: string): DigestChallenge {
  const [challenge] = parseChallenges(`Digest ${text}`);
  assert.ok(challenge?.kind === 'digest');
  return challenge;
}

/** The answer to a challenge, with everything random given. */
function answer(challenge: DigestChallenge, nc = 1): string {
  const by = credential({ user: 'u', realm: '', secret: 's' });
  const made = answerChallenge({ challenge, credential: by, method: 'REGISTER', uri: 'sip:r', nc, cnonce: 'c' });
  assert.ok(made.ok);
  return made.headerValue;
}

for (const text of [
  'realm="r", nonce="n"',
  'realm="r", nonce="n", qop="auth,auth-int", opaque="o", algorithm=SHA-256',
  'realm="r", nonce="n", qop="auth-int", algorithm=md5-sess',
  String.raw`realm="a \"b\"", nonce="x\\y", opaque="DOM\ain", qop="auth"`,
])
  it(`is answered as the challenge itself: ${text}`, () => {
    const challenge = challengeOf(text);
    assert.equal(answer(new KeptChallenge(challenge, false, own)), answer(challenge));
  });

it('takes a next nonce and begins to count anew', () => {
  const kept = new KeptChallenge(challengeOf(String.raw`realm="a\"b", nonce="n", qop="auth"`), true, own);
  kept.nc = 7;
  kept.renew('m"2');
  assert.equal(kept.nc, 0);
  assert.match(answer(kept), /realm="a\\"b", nonce="m\\"2"/);
});
