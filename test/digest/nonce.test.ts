import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { HmacSha256 } from '../../src/digest/hmac.ts';
import { NonceMint } from '../../src/digest/nonce.ts';
import { LocalNonceUses } from '../../src/digest/nonce-use.ts';

const START = 1_800_000_000_000;
const key = (id: number, fill: number) => ({ id, key: Buffer.alloc(32, fill) });

function handClock(at = START) {
  return {
    at,
    wall(): number {
      return this.at;
    },
  };
}

test('a nonce is fresh until its lifetime is over', () => {
  const clock = handClock();
  const mint = new NonceMint({ clock, lifetimeMs: 30_000 });
  const nonce = mint.issue('www MD5 r');
  assert.match(nonce, /^[A-Za-z0-9_-]{48}$/);
  const fresh = { state: 'fresh', issuedAt: START, expiresAt: START + 30_000 };
  assert.partialDeepStrictEqual(mint.check(nonce, 'www MD5 r'), fresh);
  clock.at += 30_000;
  assert.partialDeepStrictEqual(mint.check(nonce, 'www MD5 r'), fresh);
  clock.at += 1;
  assert.partialDeepStrictEqual(mint.check(nonce, 'www MD5 r'), { ...fresh, state: 'expired' });
});

test('no two nonces are alike', () => {
  const mint = new NonceMint({ clock: handClock() });
  const nonces = Array.from({ length: 1000 }, () => mint.issue('b'));
  assert.equal(new Set(nonces).size, 1000);
  const ids = nonces.map((nonce) => {
    const check = mint.check(nonce, 'b');
    return check.state === 'unknown' ? '' : check.id;
  });
  assert.equal(new Set(ids).size, 1000);
});

test('a nonce of another binding, of another key or altered anywhere is unknown', () => {
  const mint = new NonceMint({ keys: [key(1, 1)] });
  const nonce = mint.issue('www MD5 r');
  assert.equal(mint.check(nonce, 'proxy MD5 r').state, 'unknown');
  assert.equal(new NonceMint({ keys: [key(1, 2)] }).check(nonce, 'www MD5 r').state, 'unknown');
  assert.equal(new NonceMint({ keys: [key(2, 1)] }).check(nonce, 'www MD5 r').state, 'unknown');
  for (let at = 0; at < nonce.length; at++) {
    const other = nonce[at] === 'A' ? 'B' : 'A';
    assert.equal(mint.check(nonce.slice(0, at) + other + nonce.slice(at + 1), 'www MD5 r').state, 'unknown');
  }
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => mint.check(text, 'b').state === 'unknown'));
});

test('one nonce has one spelling', () => {
  const mint = new NonceMint();
  let nonce = mint.issue('b');
  while (!/[-_]/.test(nonce)) nonce = mint.issue('b');
  assert.equal(mint.check(nonce.replace(/-/g, '+').replace(/_/g, '/'), 'b').state, 'unknown');
  assert.equal(mint.check(`${nonce}=`, 'b').state, 'unknown');
});

test('nodes that share keys accept each other’s nonces, and a key can be changed', () => {
  const old = new NonceMint({ keys: [key(1, 1)] });
  const both = new NonceMint({ keys: [key(2, 2), key(1, 1)] });
  assert.equal(both.check(old.issue('b'), 'b').state, 'fresh');
  assert.equal(old.check(both.issue('b'), 'b').state, 'unknown');
});

test('another node’s clock may be a little ahead', () => {
  const ahead = handClock(START + 4_000);
  const keys = [key(1, 1)];
  const nonce = new NonceMint({ keys, clock: ahead }).issue('b');
  const mint = new NonceMint({ keys, clock: handClock() });
  assert.equal(mint.check(nonce, 'b').state, 'fresh');
  ahead.at = START + 6_000;
  assert.equal(mint.check(new NonceMint({ keys, clock: ahead }).issue('b'), 'b').state, 'unknown');
});

test('a weak key is refused', () => {
  const weak = { code: 'DIGEST_NONCE_KEY_WEAK' };
  assert.throws(() => new NonceMint({ keys: [] }), weak);
  assert.throws(() => new NonceMint({ keys: [{ id: 1, key: Buffer.alloc(15) }] }), weak);
});

test('each nonce count is accepted once, late ones within the window too', () => {
  const uses = new LocalNonceUses({ clock: handClock() });
  const use = (nc: number): boolean => uses.use({ nonce: 'n', nc, issuedAt: START, expiresAt: START + 1000 });
  const counts = [2, 1, 1, 2, 3, 40, 9, 9, 8, 39, 39, 0, -1, 0xffffffff, 0xfffffffe, 0xfffffffe, 40];
  assert.deepEqual(counts.map(use), [
    true,
    true,
    false,
    false,
    true,
    true,
    true,
    false,
    false,
    true,
    false,
    false,
    false,
    true,
    true,
    false,
    false,
  ]);
});

test('no count is ever accepted twice', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 80 }), { maxLength: 200 }), (counts) => {
      const uses = new LocalNonceUses({ clock: handClock() });
      const accepted = counts.filter((nc) => uses.use({ nonce: 'n', nc, issuedAt: START, expiresAt: START + 1000 }));
      assert.equal(new Set(accepted).size, accepted.length);
    }),
  );
});

test('a full memory refuses what it can no longer tell, and never accepts a replay', () => {
  const uses = new LocalNonceUses({ capacity: 10, clock: handClock() });
  const use = (index: number, nc = 1): boolean =>
    uses.use({ nonce: `n${index}`, nc, issuedAt: START + index, expiresAt: START + index + 1000 });
  for (let index = 0; index < 100; index++) assert.ok(use(index));
  assert.ok(uses.size <= 10, String(uses.size));
  for (let index = 0; index < 100; index++) assert.equal(use(index), false);
  assert.equal(use(0, 2), false);
  assert.equal(use(99, 2), true);
});

test('no nonce is accepted twice, in whatever order nonces come', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.array(fc.nat(20), { maxLength: 100 }), (capacity, order) => {
      const clock = handClock();
      const uses = new LocalNonceUses({ capacity, clock });
      const accepted = order.filter((index) => {
        clock.at += 10;
        const issuedAt = START + index * 10;
        if (issuedAt + 300 < clock.at) return false;
        return uses.use({ nonce: `n${index}`, nc: 1, issuedAt, expiresAt: issuedAt + 300 });
      });
      assert.equal(new Set(accepted).size, accepted.length);
    }),
  );
});

test('expired nonces leave the memory', () => {
  const clock = handClock();
  const uses = new LocalNonceUses({ clock });
  for (let index = 0; index < 50; index++) {
    clock.at += 100;
    assert.ok(uses.use({ nonce: `n${index}`, nc: 1, issuedAt: clock.at, expiresAt: clock.at + 1000 }));
  }
  assert.ok(uses.size <= 24, String(uses.size));
});

test('after a restart nonces from before are refused', () => {
  const uses = new LocalNonceUses({ clock: handClock() });
  assert.equal(uses.use({ nonce: 'old', nc: 7, issuedAt: START - 50, expiresAt: START + 1000 }), false);
});

test('HMAC-SHA256 is Node’s, for keys and texts of any length', () => {
  const bytes = fc.uint8Array({ maxLength: 700 });
  fc.assert(
    fc.property(bytes, fc.array(fc.tuple(bytes, bytes)), (key, messages) => {
      const hmac = new HmacSha256(key);
      for (const [head, tail] of messages) {
        const expected = createHmac('sha256', key).update(head).update(tail).digest('binary');
        assert.equal(hmac.sign(head, Buffer.from(tail).toString('latin1')), expected);
      }
    }),
  );
});

test('keys whose numbers are the same by chance are told apart', () => {
  const before = new NonceMint({ keys: [key(7, 1)] });
  const nonces = [before.issue('b', 'here'), new NonceMint({ keys: [key(7, 2)] }).issue('b', 'here')];
  const mint = new NonceMint({ keys: [key(7, 2), key(7, 1)] });
  for (const nonce of nonces) {
    assert.equal(mint.check(nonce, 'b').state, 'fresh');
    assert.equal(mint.isIssuedTo(nonce, 'here'), true);
    assert.equal(new NonceMint({ keys: [key(7, 3)] }).check(nonce, 'b').state, 'unknown');
  }
});

test('a nonce tells to whom it was sent, to those who have the key', () => {
  const mint = new NonceMint({ keys: [key(1, 1)], clock: handClock() });
  const nonce = mint.issue('b', '192.0.2.1');
  assert.equal(mint.check(nonce, 'b').state, 'fresh');
  assert.equal(mint.isIssuedTo(nonce, '192.0.2.1'), true);
  assert.equal(mint.isIssuedTo(nonce, '192.0.2.10'), false);
  assert.equal(mint.isIssuedTo(mint.issue('b'), '192.0.2.1'), false);
  assert.equal(new NonceMint({ keys: [key(1, 2)] }).isIssuedTo(nonce, '192.0.2.1'), false);
  assert.equal(new Set(Array.from({ length: 1000 }, () => mint.issue('b', 'x'))).size, 1000);
  // Only the part before the mark is looked at, and that cannot be moved to another time.
  const bytes = Buffer.from(nonce, 'base64url');
  bytes[7] = (bytes[7] as number) ^ 1;
  for (const other of ['', 'x', `${nonce}A`, bytes.toString('base64url')])
    assert.equal(mint.isIssuedTo(other, '192.0.2.1'), false, other);
});

test('to whom a nonce was sent counts as long as its time is', () => {
  const clock = handClock();
  const mint = new NonceMint({ clock, lifetimeMs: 30_000, maxDriftMs: 1_000 });
  const nonce = mint.issue('b', 'x');
  for (const [at, fresh] of [
    [-1_001, false],
    [-1_000, true],
    [30_000, true],
    [30_001, false],
  ] as const) {
    clock.at = START + at;
    assert.equal(mint.isIssuedTo(nonce, 'x'), fresh, `${at}`);
  }
});
