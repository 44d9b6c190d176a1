import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { findCredential, parseCredential } from '../../src/digest/credential-list.ts';
import {
  type Credential,
  credential,
  fitsDestination,
  fitsHash,
  fitsRealm,
  ha1For,
  utf8Bytes,
  withHa1,
} from '../../src/digest/credentials.ts';
import { DIGEST_ERRORS, DigestError } from '../../src/digest/errors.ts';
import { Secret } from '../../src/digest/secret.ts';

test('a secret prints nowhere', () => {
  const secret = new Secret('pass:word');
  const holder = credential({ user: 'bob', realm: 'example.com', secret });
  for (const text of [`${secret}`, JSON.stringify(holder), inspect(holder, { depth: 9, showHidden: true })]) {
    assert.ok(!text.includes('pass:word'), text);
    assert.ok(text.includes('***'), text);
  }
  assert.equal(secret.reveal(), 'pass:word');
});

function parsed(text: string): Credential {
  const result = parseCredential(text);
  assert.ok(result.ok, text);
  return result.credential;
}

test('the credential parameter allows blanks around its parts and colons in the password', () => {
  const entry = parsed('  user : realm : pass:word ');
  assert.equal(entry.user, 'user');
  assert.equal(entry.realm, 'realm');
  assert.equal(entry.secret.reveal(), 'pass:word');
  assert.equal(entry.ha1, false);
  assert.equal(parsed('u:r:p').secret.reveal(), 'p');
  assert.equal(parsed('u:r::p').secret.reveal(), ':p');
});

test('UTF-8 in a credential: the byte A0 is half a letter, no blank', () => {
  const bytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
  const entry = parsed(bytes(' già : città : voilà '));
  assert.equal(entry.user, bytes('già'));
  assert.equal(entry.realm, bytes('città'));
  assert.equal(entry.secret.reveal(), bytes('voilà'));
});

test('the credential parameter refuses empty parts, blanks inside and anything after the password', () => {
  for (const text of [
    '',
    'user',
    'user:realm',
    'user:realm:',
    ':realm:p',
    'user::p',
    'us er:realm:p',
    'user:re alm:p',
  ]) {
    assert.deepEqual(parseCredential(text), { ok: false, code: 'DIGEST_CREDENTIAL_SYNTAX' }, text);
  }
  assert.equal(parseCredential('user:realm:p w').ok, false);
});

test('of several credentials for one realm the last defined wins, and realms are compared byte for byte', () => {
  const list = ['a:r1:p', 'b:r2:p', 'c:r1:p'].map(parsed);
  assert.equal(findCredential(list, 'r1')?.user, 'c');
  assert.equal(findCredential(list, 'r2')?.user, 'b');
  assert.equal(findCredential(list, 'R1'), undefined);
});

test('taking a secret for an HA1 once does not mark it for later', () => {
  const clear = parsed('carol:realm1.test:0123456789abcdef0123456789abcdef');
  const hashed = withHa1(clear, true);
  assert.equal(ha1For(hashed, 'MD5', 'carol', 'realm1.test'), '0123456789abcdef0123456789abcdef');
  assert.equal(clear.ha1, false);
  assert.notEqual(ha1For(clear, 'MD5', 'carol', 'realm1.test'), '0123456789abcdef0123456789abcdef');
  assert.ok(Object.isFrozen(clear) && Object.isFrozen(hashed));
});

test('an HA1 must be hex of the length its hash needs', () => {
  const ha1 = (secret: string) => credential({ user: 'u', realm: 'r', secret, ha1: true });
  assert.ok(fitsHash(ha1('A'.repeat(32)), 'MD5'));
  assert.equal(ha1For(ha1('A'.repeat(32)), 'MD5', 'u', 'r'), 'a'.repeat(32));
  assert.ok(!fitsHash(ha1('a'.repeat(64)), 'MD5'));
  assert.ok(!fitsHash(ha1('a'.repeat(31)), 'MD5'));
  assert.ok(!fitsHash(ha1('g'.repeat(32)), 'MD5'));
  assert.ok(fitsHash(ha1('a'.repeat(64)), 'SHA-256'));
  assert.ok(fitsHash(ha1('a'.repeat(64)), 'SHA-512-256'));
  const named = credential({ user: 'u', realm: 'r', secret: 'a'.repeat(64), ha1: true, ha1Hash: 'SHA-256' });
  assert.ok(fitsHash(named, 'SHA-256'));
  assert.ok(!fitsHash(named, 'SHA-512-256'));
});

test('a credential fits its realm and its destination', () => {
  const free = credential({ user: 'u', realm: '', secret: 'p' });
  const bound = credential({ user: 'u', realm: 'r', secret: 'p', destination: 'sip.carrier.example' });
  assert.ok(fitsRealm(free, 'anything') && fitsDestination(free, undefined));
  assert.ok(fitsRealm(bound, 'r') && !fitsRealm(bound, 'R'));
  assert.ok(fitsDestination(bound, 'SIP.carrier.example'));
  assert.ok(!fitsDestination(bound, 'callee.example') && !fitsDestination(bound, undefined));
});

test('typed text becomes UTF-8 bytes', () => {
  assert.equal(utf8Bytes('Jäsøn'), 'J\xc3\xa4s\xc3\xb8n');
});

test('every error code says what it means in one sentence', () => {
  for (const [code, text] of Object.entries(DIGEST_ERRORS)) {
    assert.match(code, /^DIGEST_[A-Z0-9_]+$/);
    assert.match(text, /^[A-Z].*[^.]\.$/, code);
  }
  assert.equal(new DigestError('DIGEST_NONCE_KEY_WEAK').code, 'DIGEST_NONCE_KEY_WEAK');
});
