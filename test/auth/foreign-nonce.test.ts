import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decodeKamailio,
  decodeOldOpensips,
  decodeOpenser,
  decodeOpensips,
  encodeKamailio,
  encodeOpenser,
  encodeOpensips,
  kamailioSecrets,
} from '../../src/auth/foreign-nonce.ts';
import { addressBytes } from '../../src/auth/network.ts';

const SECRET = Buffer.from('johndoessecretphrase');
const EXPIRES = 0x67748580;
const SINCE = 0x67748454;
const AES = Buffer.from('0123456789abcdef0123456789abcdef');

/** Nonces of the servers themselves, with what went into them. */
const OPENSER = '6774858008d088b562cf595cca96ad2c8df4ad78';
const OPENSIPS_OLD = '677485800000002a27d695b4a75501c5cd60c7642c93ea77';
const OPENSIPS = 'U13c9ZbPNmQBPIdNhYm7IYjZB0Ycf89Z8cOI8EiM1vAA';
const KAMAILIO = 'Z3SFgGd0hFTtuRrIKOGQYYaxZ3KcIlG2';
const KAMAILIO_NID = 'Z3SFgGd0hFS0leqqB6QRSd8GWkecj1hVAAABAYA=';

test('OpenSER', () => {
  assert.equal(encodeOpenser(SECRET, EXPIRES), OPENSER);
  assert.deepEqual(decodeOpenser(SECRET, OPENSER), { issuedAt: null, expiresAt: EXPIRES * 1000 });
});

test('OpenSIPS before 3.2, with an index', () => {
  assert.equal(encodeOpenser(SECRET, EXPIRES, 0x2a), OPENSIPS_OLD);
  assert.deepEqual(decodeOldOpensips(SECRET, OPENSIPS_OLD), { issuedAt: null, expiresAt: EXPIRES * 1000 });
});

test('OpenSIPS from 3.2', () => {
  const fields = {
    index: 42,
    qop: ['auth'] as const,
    algorithm: 'MD5' as const,
    expiresSeconds: 1735689600,
    expiresMicroseconds: 123456,
  };
  const random = Buffer.from(Array.from({ length: 16 }, (_, at) => at));
  assert.equal(encodeOpensips(AES, fields, random), OPENSIPS);
  const expiresAt = 1735689600_000 + 123.456;
  const found = { issuedAt: expiresAt - 30_000, expiresAt, algorithm: 'MD5', qop: ['auth'] };
  assert.deepEqual(decodeOpensips(AES, OPENSIPS, 30_000), found);
  for (const algorithm of ['SHA-256', 'SHA-512-256-sess'] as const) {
    for (const qop of [[], ['auth-int'], ['auth', 'auth-int'], ['auth-int', 'auth']] as const) {
      const nonce = encodeOpensips(AES, { ...fields, algorithm, qop }, random);
      const decoded = decodeOpensips(AES, nonce, 30_000);
      assert.deepEqual([decoded?.algorithm, decoded?.qop], [algorithm, qop]);
    }
  }
});

test('Kamailio, all four lengths', () => {
  const whole = kamailioSecrets(SECRET, false);
  const times = { expires: EXPIRES, since: SINCE };
  const found = { issuedAt: SINCE * 1000, expiresAt: EXPIRES * 1000 };
  assert.equal(encodeKamailio(whole, times), KAMAILIO);
  const nid = { id: 0x101, flags: 0x80 };
  assert.equal(encodeKamailio(whole, { ...times, nid }), KAMAILIO_NID);
  assert.deepEqual(decodeKamailio(whole, KAMAILIO), found);
  assert.deepEqual(decodeKamailio(whole, KAMAILIO_NID), found);
  const halves = kamailioSecrets(SECRET, true);
  const bound = Buffer.from('sip:acall\x7f\0\0\x01', 'latin1');
  for (const nonce of [encodeKamailio(halves, { ...times, bound }), encodeKamailio(halves, { ...times, bound, nid })]) {
    assert.deepEqual(decodeKamailio(halves, nonce, bound), found);
    assert.equal(decodeKamailio(halves, nonce, Buffer.from('other')), null);
    assert.equal(decodeKamailio(halves, nonce), null);
  }
  assert.deepEqual(kamailioSecrets(Buffer.from('abcde'), true), [Buffer.from('abc'), Buffer.from('de')]);
});

test('another secret, a changed character anywhere, another spelling: nothing', () => {
  const other = Buffer.from('another secret');
  const decoders = [
    [OPENSER, (nonce: string) => decodeOpenser(SECRET, nonce)],
    [OPENSIPS_OLD, (nonce: string) => decodeOldOpensips(SECRET, nonce)],
    [KAMAILIO, (nonce: string) => decodeKamailio(kamailioSecrets(SECRET, false), nonce)],
    [KAMAILIO_NID, (nonce: string) => decodeKamailio(kamailioSecrets(SECRET, false), nonce)],
  ] as const;
  for (const [nonce, decode] of decoders) {
    for (let at = 0; at < nonce.length; at++) {
      const changed = nonce.slice(0, at) + (nonce[at] === 'a' ? 'b' : 'a') + nonce.slice(at + 1);
      assert.equal(decode(changed), null, `${nonce} at ${at}`);
    }
    for (const text of ['', `${nonce}=`, ` ${nonce}`, nonce.toUpperCase(), nonce.slice(1)])
      assert.equal(decode(text), null);
  }
  assert.equal(decodeOpenser(other, OPENSER), null);
  assert.equal(decodeKamailio(kamailioSecrets(other, false), KAMAILIO), null);
  assert.equal(decodeOpensips(Buffer.alloc(32, 1), OPENSIPS, 30_000), null);
  assert.equal(decodeOpensips(SECRET, OPENSIPS, 30_000), null);
  assert.equal(decodeOpensips(AES, OPENSIPS.slice(1), 30_000), null);
});

test('bound to an IPv6 source, as Kamailio 5.6.3 made one for ::1', () => {
  const halves = kamailioSecrets(Buffer.from('johndoessecretphrase-and-more-of-it'), true);
  const nonce = 'awE5PmsBOBI3laz1voO+Ak5BpXz0vnvlWnhxv4h1yTs5Nr/whIPHpg==';
  const bound = (ip: string): Buffer => Buffer.from(addressBytes(ip), 'latin1');
  for (const ip of ['::1', '0:0:0:0:0:0:0:1']) assert.notEqual(decodeKamailio(halves, nonce, bound(ip)), null, ip);
  assert.equal(decodeKamailio(halves, nonce, bound('::2')), null);
  assert.deepEqual(bound('2001:db8::ff'), Buffer.from('20010db80000000000000000000000ff', 'hex'));
  for (const ip of ['192.0.2.1', '::ffff:192.0.2.1']) assert.deepEqual(bound(ip), Buffer.from([192, 0, 2, 1]));
});
