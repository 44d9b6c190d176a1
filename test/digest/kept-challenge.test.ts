import assert from 'node:assert/strict';
import { it } from 'node:test';
import { answerChallenge } from '../../src/digest/authorization.ts';
import { credential } from '../../src/digest/credentials.ts';
import { KeptChallenge } from '../../src/digest/kept-challenge.ts';
import { ProtectionSpaces } from '../../src/digest/protection-space.ts';
import { type DigestChallenge, parseChallenges } from '../../src/message/auth-header.ts';

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
    assert.equal(answer(new KeptChallenge(challenge, false, new ProtectionSpaces())), answer(challenge));
  });

it('takes a next nonce and begins to count anew', () => {
  const kept = new KeptChallenge(
    challengeOf(String.raw`realm="a\"b", nonce="n", qop="auth"`),
    true,
    new ProtectionSpaces(),
  );
  kept.nc = 7;
  kept.renew('m"2');
  assert.equal(kept.nc, 0);
  assert.match(answer(kept), /realm="a\\"b", nonce="m\\"2"/);
});

it('spells a next nonce as usual, and the opaque as the server did', () => {
  const text = String.raw`realm="r", nonce="x\\y", opaque="DOM\\ain", qop="auth"`;
  const kept = new KeptChallenge(challengeOf(text), false, new ProtectionSpaces());
  kept.renew('m"2');
  assert.match(answer(kept), /nonce="m\\"2".*opaque="DOM\\\\ain"/);
});

it('keeps once what the challenges of a server have in common', () => {
  const spaces = new ProtectionSpaces();
  const text = 'realm="r", opaque="given-to-everybody", qop="auth"';
  const kept = ['n1', 'n2'].map((nonce) => new KeptChallenge(challengeOf(`nonce="${nonce}", ${text}`), false, spaces));
  const [first, second] = kept as [KeptChallenge, KeptChallenge];
  assert.equal(Reflect.get(first, 'space'), Reflect.get(second, 'space'));
  assert.deepEqual([first.nonce, second.nonce], ['n1', 'n2']);
});

it('answers every one of many alike challenges as itself', () => {
  const spaces = new ProtectionSpaces();
  const texts = [
    'realm="r", nonce="n"',
    'realm="r", nonce="n", opaque="o1"',
    'realm="r", nonce="n", opaque="o2"',
    'realm="r2", nonce="n", opaque="o2"',
    'realm="r", nonce="n", algorithm=SHA-256',
    'realm="r", nonce="n", algorithm=SHA-256, qop="auth-int"',
    'realm="r", nonce="n", algorithm=SHA-256, qop="auth"',
    String.raw`realm="D\\r", nonce="n"`,
    String.raw`realm="D\r", nonce="n"`,
  ];
  const all = texts.flatMap((text) => [challengeOf(text), challengeOf(text)]);
  const kept = all.map((challenge, i) => new KeptChallenge(challenge, i % 2 === 1, spaces));
  for (const [i, challenge] of all.entries()) {
    assert.equal(answer(kept[i] as KeptChallenge), answer(challenge), texts[i >> 1]);
    assert.equal(kept[i]?.proxy, i % 2 === 1);
  }
});
