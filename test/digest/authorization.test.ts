import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AnswerOptions, answerChallenge } from '../../src/digest/authorization.ts';
import { credential } from '../../src/digest/credentials.ts';
import { type DigestChallenge, parseChallenges, parseCredentials } from '../../src/message/auth-header.ts';

function challengeOf(text: string): DigestChallenge {
  const [challenge] = parseChallenges(text);
  assert.ok(challenge?.kind === 'digest');
  return challenge;
}

const carol = credential({ user: 'carol', realm: 'realm1.test', secret: 'pw3' });

function answer(text: string, options: Partial<AnswerOptions> = {}): string {
  const result = answerChallenge({
    challenge: challengeOf(text),
    credential: carol,
    method: 'INVITE',
    uri: 'sip:bob@biloxi.example.com',
    nc: 1,
    cnonce: '1015663541',
    ...options,
  });
  return result.ok ? result.headerValue : result.code;
}

test('the header has Kamailio’s order and spacing', () => {
  assert.equal(
    answer('Digest realm="realm1.test", nonce="abcdef0123456789", opaque="opq123", qop="auth"'),
    'Digest username="carol", realm="realm1.test", nonce="abcdef0123456789", uri="sip:bob@biloxi.example.com", ' +
      'opaque="opq123", qop=auth, nc=00000001, cnonce="1015663541", ' +
      'response="13b0bdd848b1571a55af463241353d73", algorithm=MD5',
  );
  assert.equal(
    answer('Digest realm="realm1.test", nonce="abcdef0123456789", algorithm=md5'),
    'Digest username="carol", realm="realm1.test", nonce="abcdef0123456789", uri="sip:bob@biloxi.example.com", ' +
      'response="739f9dfb40bddf0b011cd10675b7aa25", algorithm=md5',
  );
});

test('nc is the count in eight hex digits', () => {
  assert.match(answer('Digest realm="realm1.test", nonce="n", qop="auth"', { nc: 0xabc }), /, nc=00000abc,/);
  assert.match(answer('Digest realm="realm1.test", nonce="n", qop="auth"', { nc: 0xffffffff }), /, nc=ffffffff,/);
  for (const nc of [0, -1, 1.5, 2 ** 32, Number.NaN]) {
    assert.equal(answer('Digest realm="realm1.test", nonce="n", qop="auth"', { nc }), 'DIGEST_NC_RANGE');
  }
});

test('cnonce is drawn anew for each answer', () => {
  const options = { challenge: challengeOf('Digest realm="realm1.test", nonce="n", qop="auth"'), credential: carol };
  const cnonces = Array.from({ length: 100 }, () => {
    const result = answerChallenge({ ...options, method: 'INVITE', uri: 'sip:b', nc: 1 });
    const [read] = result.ok ? parseCredentials(result.headerValue) : [];
    return read?.kind === 'digest' ? read.cnonce : '';
  });
  assert.equal(new Set(cnonces).size, 100);
  assert.match(cnonces[0] ?? '', /^[0-9a-f]{32}$/);
});

test('the body counts for auth-int, given as text or as bytes', () => {
  const header = 'Digest realm="realm1.test", nonce="n", qop="auth-int"';
  const body = 'v=0\r\ns=\xc3\xa4\r\n';
  assert.match(answer(header, { body }), /, qop=auth-int,/);
  assert.equal(answer(header, { body }), answer(header, { body: Buffer.from(body, 'latin1') }));
  assert.notEqual(answer(header, { body }), answer(header));
  const auth = 'Digest realm="realm1.test", nonce="n", qop="auth"';
  assert.equal(answer(auth, { body }), answer(auth));
});

test('a -sess challenge without a qop gets the cnonce its HA1 needs', () => {
  const text = answer('Digest realm="realm1.test", nonce="n", algorithm=MD5-sess');
  assert.match(text, /, cnonce="1015663541", response="[0-9a-f]{32}", algorithm=MD5-sess$/);
  assert.doesNotMatch(text, /qop|nc=0/);
});

test('a credential of any realm takes the challenge’s', () => {
  const any = credential({ user: 'carol', realm: '', secret: 'pw3' });
  const header = 'Digest realm="realm1.test", nonce="n"';
  assert.equal(answer(header, { credential: any }), answer(header));
  assert.equal(answer('Digest realm="other", nonce="n"'), 'DIGEST_REALM_MISMATCH');
});

test('what cannot be computed or sent has a code', () => {
  const short = credential({ user: 'carol', realm: '', secret: 'abc', ha1: true });
  const injected = credential({ user: 'carol"\r\nX-Evil: 1', realm: '', secret: 'pw3' });
  const unicode = credential({ user: 'carol', realm: '', secret: 'пароль' });
  const header = 'Digest realm="realm1.test", nonce="n"';
  assert.equal(answer(`${header}, algorithm=SHA-1`), 'DIGEST_ALGORITHM_UNKNOWN');
  assert.equal(answer(`${header}, qop="x"`), 'DIGEST_QOP_UNKNOWN');
  assert.equal(answer(header, { credential: short }), 'DIGEST_HA1_INVALID');
  assert.equal(answer(header, { credential: injected }), 'DIGEST_TEXT_UNSENDABLE');
  assert.equal(answer(header, { credential: unicode }), 'DIGEST_TEXT_UNSENDABLE');
  assert.equal(answer(header, { uri: 'sip:bob@x\r\nEvil: 1' }), 'DIGEST_TEXT_UNSENDABLE');
  assert.equal(answer('Digest realm="realm1.test", nonce="a\0b"'), 'DIGEST_TEXT_UNSENDABLE');
});

test('realm, nonce and opaque are repeated as the peer wrote them', () => {
  const any = credential({ user: 'DOM\\us"er', realm: '', secret: 'pw3' });
  const text = answer('Digest realm="A\\B", nonce="x\\"y\\\\z", opaque=o\\p', { credential: any });
  assert.match(text, /username="DOM\\\\us\\"er", realm="A\\B", nonce="x\\"y\\\\z", /);
  const [read] = parseCredentials(text);
  assert.ok(read?.kind === 'digest');
  assert.deepEqual([read.username, read.realm, read.nonce, read.opaque], ['DOM\\us"er', 'A\\B', 'x"y\\z', 'o\\p']);
});
