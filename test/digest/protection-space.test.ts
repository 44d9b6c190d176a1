import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ProtectionSpaces } from '../../src/digest/protection-space.ts';
import { type DigestChallenge, parseChallenges } from '../../src/message/auth-header.ts';

function challengeOf(text: string): DigestChallenge {
  const [challenge] = parseChallenges(`Digest ${text}`);
  assert.ok(challenge?.kind === 'digest');
  return challenge;
}

const DIFFERENT = [
  'realm="r", nonce="n"',
  'realm="R", nonce="n"',
  'realm="r", nonce="n", algorithm=MD5',
  'realm="r", nonce="n", algorithm=md5',
  'realm="r", nonce="n", qop="auth"',
  'realm="r", nonce="n", qop="auth-int"',
  'realm="r", nonce="n", qop="x,y"',
  'realm="r", nonce="n", qop="x,z"',
  String.raw`realm="a\\b", nonce="n"`,
  String.raw`realm="a\b", nonce="n"`,
];

it('finds one space for a challenge, whichever came before', () => {
  const spaces = new ProtectionSpaces();
  const find = (): unknown[] =>
    DIFFERENT.flatMap((text) => [spaces.of(challengeOf(text), false), spaces.of(challengeOf(text), true)]);
  const all = find();
  assert.equal(new Set(all).size, 2 * DIFFERENT.length);
  assert.ok(find().every((space, i) => space === all[i]));
});

it('keeps any two of them apart', () => {
  for (const one of DIFFERENT)
    for (const other of DIFFERENT) {
      const spaces = new ProtectionSpaces();
      const first = spaces.of(challengeOf(one), false);
      assert.equal(spaces.of(challengeOf(other), false) === first, one === other, `${one} and ${other}`);
    }
});

it('says of a space what its challenges say', () => {
  const space = new ProtectionSpaces().of(challengeOf(String.raw`realm="a\"b", nonce="n", qop="auth-int,auth"`), true);
  const expected = { proxy: true, realm: 'a"b', spelling: String.raw`a\"b`, algorithm: '', qop: ['auth'], opaque: '' };
  assert.deepEqual(space, expected);
});

it('does not take two spaces for one because of a line break in a text', () => {
  const spaces = new ProtectionSpaces();
  const first = { ...challengeOf('realm="r", nonce="n"'), algorithm: 'x\n' };
  const second = { ...challengeOf('realm="r", nonce="n"'), algorithm: 'x' };
  const other = { ...second, realm: '\nr', echo: { realm: '\nr', nonce: 'n', opaque: '' } };
  assert.equal(spaces.of(first, false).algorithm, 'x\n');
  assert.equal(spaces.of(other, false).realm, '\nr');
  assert.equal(spaces.of(second, false).algorithm, 'x');
});

it('finds spaces again and again where they are without number', () => {
  const spaces = new ProtectionSpaces();
  for (let i = 0; i < 5000; i++) assert.equal(spaces.of(challengeOf(`realm="${i}", nonce="n"`), false).realm, `${i}`);
  assert.ok((Reflect.get(spaces, 'known') as Map<string, unknown>).size <= 1000);
});
