import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseUri } from '../../src/message/uri.ts';
import { decodeAltered, decodePair, encodePair, isSendableUri } from '../../src/uac/rr-store.ts';

const ALICE = 'sip:alice@atlanta.example.com';

// Values that Kamailio 5.6.3 wrote for these pairs.
const EXAMPLES: readonly (readonly [string, string, string, string])[] = [
  [ALICE, 'sip:batman@gotham.org', '', 'AAAAAAMNHQ4ELiETAxUGFQwACgoGbXBsZS5jb20-'],
  [
    ALICE,
    'sip:batman-the-dark-knight@gotham.city.example.org',
    '',
    'AAAAAAMNHQ4ELkwABARDEABcDlUKAxkLDVojCAJ0aGFtLmNpdHkuZXhhbXBsZS5vcmc-',
  ],
  ['sip:abc@x.y', 'sip:def@x.y', '', 'AAAAAAUHBQAAAAA-'],
  ['sip:bob@biloxi.example.com', 'sip:joker@gotham.org', '', 'AAAAAAgACSUQKQsADAFPCFYOHxdsZS5jb20-'],
  ['sip:bob@biloxi.example.com', 'sip:penguin@gotham.org', '', 'AAAAABIKDCcXAAIvHwZaDRkMQx8eAi5jb20-'],
  [ALICE, 'sip:batman@gotham.org', 's3cret', 'czNjcmZ5bj1nXERncCZlZ2l0eTllHxUYFh0AHQg-'],
  ['sip:bob@biloxi.example.com', 'sip:penguin@gotham.org', 's3cret', 'czNjcnd+fxR0cmdbbDU5f3x4MCx9cEsXHF4-'],
  ['sip:anonymous@anonymous.invalid', 'sip:b@g', '', 'AAAAAAMuCG55bW91c0Bhbm9ueW1vdXMuaW52YWxpZA--'],
  ['tel:+123', 'sip:batman@gotham.org;user=phone', '', 'BwwcAElQRl5hbkBnb3RoYW0ub3JnO3VzZXI9cGhvbmU-'],
];

test('the values that Kamailio writes, byte for byte, and back both ways', () => {
  for (const [original, replaced, password, value] of EXAMPLES) {
    assert.equal(encodePair(original, replaced, password), value);
    assert.equal(decodePair(value, replaced, password), original);
    assert.equal(decodePair(value, original, password), replaced);
  }
});

test('escaped and unpadded values are read as well', () => {
  const value = encodePair('sip:bob@biloxi.example.com', 'sip:penguin@gotham.org', 's3cret');
  assert.equal(decodePair(value.replace('+', '%2B'), 'sip:penguin@gotham.org', 's3cret'), 'sip:bob@biloxi.example.com');
  assert.equal(decodePair(value.replace('-', ''), 'sip:penguin@gotham.org', 's3cret'), 'sip:bob@biloxi.example.com');
});

test('what does not belong to the pair gives nothing instead of garbage', () => {
  const value = EXAMPLES[0]![3];
  assert.equal(decodePair(value, 'sip:BATMAN@gotham.org', ''), null);
  assert.equal(decodePair(value, 'sip:batman@gotham.org;transport=udp;more=1', ''), null);
  assert.equal(decodePair(value, 'sip:batman@gotham.org', 'other'), null);
  for (const bad of ['', '-', '--', 'A*B=', 'AAAA AAAA', '%00%0d']) assert.equal(decodePair(bad, ALICE, ''), null);
});

test('endpoints that add parameters or change the host’s case are understood', () => {
  const value = EXAMPLES[0]![3];
  for (const altered of [
    'sip:batman@gotham.org;user=phone',
    'sip:batman@gotham.org;transport=udp;ob',
    'sip:batman@Gotham.ORG',
    'sip:batman@GOTHAM.ORG;x=y',
  ])
    assert.equal(decodeAltered(value, altered, ''), ALICE, altered);
  assert.equal(decodeAltered(value, 'sip:BATMAN@gotham.org', ''), null);
});

test('a URI that came back as it was sent gives the other one to the letter', () => {
  for (const [original, replaced] of [
    ['sip:ALICE.SMITH@x.com', 'sip:a@BCD.COM'],
    ['sip:ALICE@x.com', 'sip:TRUNK.EXAMPLE.COM'],
    ['sip:alice@ATLANTA.example.com', 'sip:b@GOTHAM.ORG'],
  ] as const) {
    const value = encodePair(original, replaced, '');
    assert.equal(decodeAltered(value, replaced, ''), original);
    assert.equal(decodeAltered(value, original, ''), replaced);
  }
});

const uri = fc
  .record({
    user: fc.stringMatching(/^[a-z0-9+.-]{1,20}$/),
    host: fc.domain(),
    params: fc.constantFrom('', ';user=phone', ';transport=tcp', ':5070'),
  })
  .map(({ user, host, params }) => `sip:${user}@${host}${params}`);

test('any pair under any password comes back both ways', () => {
  fc.assert(
    fc.property(uri, uri, fc.string({ maxLength: 12 }), (a, b, password) => {
      const value = encodePair(a, b, password);
      assert.match(value, /^[A-Za-z0-9+/]+-{0,2}$/);
      assert.equal(decodePair(value, b, password), a);
      assert.equal(decodePair(value, a, password), b);
    }),
  );
});

test('whatever comes in, only a URI comes out', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary-ascii', maxLength: 60 }), uri, (value, present) => {
      const out = decodeAltered(value, present, '');
      assert.ok(out === null || (isSendableUri(out) && parseUri(out) !== null));
    }),
  );
});
