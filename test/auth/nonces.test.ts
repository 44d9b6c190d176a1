import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '../../src/digest/secret.ts';
import { GateBench, SCOPE } from './gate-bench.ts';

test('how far ahead another server’s clock may be, in every format', () => {
  const secret = new Secret('0123456789abcdef0123456789abcdef');
  for (const format of ['trunkline', 'kamailio', 'openser', 'opensips-old', 'opensips'] as const) {
    const accept = format === 'trunkline' ? [] : [format];
    for (const [maxDriftMs, ahead, state] of [
      [3_000, 3_000, 'fresh'],
      [3_000, 4_000, 'unknown'],
      [0, 0, 'fresh'],
      [0, 1_000, 'unknown'],
      [10_000, 10_000, 'fresh'],
    ] as const) {
      const bench = new GateBench({ nonces: { secret, accept, maxDriftMs } });
      // Most formats know whole seconds only.
      bench.clock.at = Math.ceil(bench.clock.at / 1000) * 1000;
      const peer = bench.service({ secret, format, clock: { wall: () => bench.clock.at + ahead } });
      const found = bench.nonces.check(peer.issue(SCOPE, ['auth']), SCOPE, 'auth');
      assert.equal(found.state, state, `${format}: ${ahead} ms ahead of ${maxDriftMs}`);
    }
  }
});

test('a longer nonce_expire of another server makes its nonces seem to be from the future', () => {
  const secret = new Secret('a long secret');
  for (const [format, state] of [
    ['openser', 'unknown'],
    ['kamailio', 'fresh'],
  ] as const) {
    const bench = new GateBench({ nonces: { secret, accept: [format], lifetimeMs: 30_000 } });
    const peer = bench.service({ secret, format, lifetimeMs: 300_000 });
    assert.equal(bench.nonces.check(peer.issue(SCOPE, ['auth']), SCOPE, 'auth').state, state, format);
  }
});

test('nonces tell to whom they were sent, but those of other servers', () => {
  const secret = new Secret('a long secret');
  const bench = new GateBench({ nonces: { secret } });
  assert.equal(bench.nonces.marked, true);
  const nonce = bench.nonces.issue(SCOPE, [], '2001:db8::1');
  assert.equal(bench.nonces.isIssuedTo(nonce, '2001:db8::2'), true, 'one customer has a whole /64');
  assert.equal(bench.nonces.isIssuedTo(nonce, '2001:db8:0:1::1'), false);
  const peer = bench.service({ secret });
  assert.equal(peer.isIssuedTo(nonce, '2001:db8::1'), true, 'known to every server with the secret');
  assert.equal(bench.service({ secret, format: 'kamailio' }).marked, false);
});
