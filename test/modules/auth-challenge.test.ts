/** Challenges of one server one after the other: what they have in common is printed once, and must be their own all the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseChallenges } from '../../src/message/auth-header.ts';
import { AuthBench } from './auth-bench.ts';

test('each challenge has its own realm, qop, algorithm and nonce, whatever the one before had', () => {
  const bench = new AuthBench();
  const asked = [
    ['one', '1', undefined],
    ['one', '1', undefined],
    ['two', '1', undefined],
    ['two', '2', undefined],
    ['two', '0', undefined],
    ['two', '0', 'SHA-256'],
    ['two', '16', 'SHA-256'],
    ['two', '0', 'SHA-256'],
    ['a, nonce="b", c\\', '1', undefined],
    ['a, nonce="b", c\\', '1', undefined],
  ] as const;
  const nonces = new Set<string>();
  for (const [realm, flags, algorithms] of asked) {
    assert.equal(bench.call(bench.ctx(), 'www_challenge', realm, flags, algorithms), 1);
    const line = bench.sent.at(-1)?.headers[0] ?? '';
    const [challenge] = parseChallenges(line.replace('WWW-Authenticate: ', ''));
    assert.ok(challenge?.kind === 'digest');
    assert.equal(challenge.realm, realm);
    assert.deepEqual(challenge.qop, flags === '1' ? ['auth'] : flags === '2' ? ['auth-int'] : []);
    assert.equal(challenge.stale, flags === '16');
    assert.equal(challenge.algorithm, algorithms ?? '');
    assert.match(challenge.nonce, /^[A-Za-z0-9_-]{48}$/);
    nonces.add(challenge.nonce);
  }
  assert.equal(nonces.size, asked.length);
});
