import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  authParam,
  type DigestChallenge,
  type DigestCredentials,
  parseAuthenticationInfo,
  parseChallenges,
  parseCredentials,
  printAuthenticationInfo,
  printChallenge,
  printCredentials,
} from '../../src/message/auth-header.ts';

function digests(text: string): DigestChallenge[] {
  return parseChallenges(text).filter((challenge) => challenge.kind === 'digest');
}

/** Scheme words, Digest ones with their nonce: enough to see how a list was taken apart. */
function outline(text: string): string[] {
  return parseChallenges(text).map((challenge) =>
    challenge.kind === 'digest'
      ? `Digest ${challenge.nonce}`
      : `${challenge.scheme} ${challenge.token68}${challenge.params.map(({ name, value }) => `${name}=${value}`).join(' ')}`.trim(),
  );
}

test('RFC 3261 §20.44: a challenge is read', () => {
  const [challenge] = digests(
    'Digest realm="atlanta.com", domain="sip:boxesbybob.com", qop="auth", nonce="f84f1cec41e6cbe5aea9c8e88d359", ' +
      'opaque="", stale=FALSE, algorithm=MD5',
  );
  assert.ok(challenge !== undefined);
  const { realm, domain, qop, nonce, opaque, stale, algorithm } = challenge;
  assert.deepEqual(
    { realm, domain, qop, nonce, opaque, stale, algorithm },
    {
      realm: 'atlanta.com',
      domain: 'sip:boxesbybob.com',
      qop: ['auth'],
      nonce: 'f84f1cec41e6cbe5aea9c8e88d359',
      opaque: '',
      stale: false,
      algorithm: 'MD5',
    },
  );
});

test('challenges as they are met in the field', () => {
  const readable: readonly [header: string, realm: string, nonce: string, qop: string, algorithm: string][] = [
    ['digest Realm="r",Nonce="n",Algorithm="MD5",QOP="auth"', 'r', 'n', 'auth', 'MD5'],
    ['DIGEST realm="r", nonce="n", algorithm=md5', 'r', 'n', '', 'md5'],
    ['Digest  realm = "r" ,\tnonce= "n" , qop =auth', 'r', 'n', 'auth', ''],
    ['Digest realm=r, nonce=n, qop="auth,auth-int"', 'r', 'n', 'auth auth-int', ''],
    ['Digest realm="r",\r\n nonce="n",\r\n\tqop="auth ,\r\n auth-int"', 'r', 'n', 'auth auth-int', ''],
    ['Digest realm="r", nonce="n", charset=UTF-8, userhash=false, x-new="1,2"', 'r', 'n', '', ''],
    ['Digest realm="r", nonce="n", foo, qop=auth', 'r', 'n', 'auth', ''],
    ['Digest realm="r", foo, nonce="n"', 'r', 'n', '', ''],
    ['Digest realm="r" nonce="n" qop="auth"', 'r', 'n', 'auth', ''],
    ['Digest ,, realm="r",, nonce="n",', 'r', 'n', '', ''],
    ['Digest,realm="r",nonce="n"', 'r', 'n', '', ''],
    ['Digest realm="r"junk, nonce="n"', 'r', 'n', '', ''],
    ['Digest realm="a, b=\\"c\\"", nonce="n=="', 'a, b="c"', 'n==', '', ''],
    ['Digest realm="r", nonce=n==, qop=auth', 'r', 'n==', 'auth', ''],
    ['Digest realm="DOM\\user", nonce="n"', 'DOM\\user', 'n', '', ''],
    ['Digest realm="r", nonce="n", qop="auth", qop="auth-int"', 'r', 'n', 'auth', ''],
  ];
  for (const [header, realm, nonce, qop, algorithm] of readable) {
    const list = digests(header);
    assert.equal(list.length, 1, header);
    const [challenge] = list;
    assert.deepEqual(
      [challenge?.realm, challenge?.nonce, challenge?.qop.join(' '), challenge?.algorithm],
      [realm, nonce, qop, algorithm],
      header,
    );
  }
});

test('broken challenges are left out', () => {
  for (const header of [
    '',
    'Digest',
    'Digest realm="r"',
    'Digest nonce="n"',
    'Digest realm="", nonce="n"',
    'Digest realm="r", nonce=""',
    'Digest realm="r", nonce="n',
    'Digest realm="r\\", nonce="n"',
    'realm="r", nonce="n"',
    `Digest realm="r", nonce="n", ${Array.from({ length: 40 }, (_, i) => `p${i}=1`).join(', ')}`,
  ]) {
    assert.deepEqual(digests(header), [], header);
  }
});

test('several challenges in one value are taken apart', () => {
  assert.deepEqual(outline('Digest realm="r", nonce="1", Digest realm="r", nonce="2", algorithm=SHA-256'), [
    'Digest 1',
    'Digest 2',
  ]);
  // RFC 7235 §4.1
  assert.deepEqual(outline('Newauth realm="apps", type=1, title="Login to \\"apps\\"", Basic realm="simple"'), [
    'Newauth realm=apps type=1 title=Login to "apps"',
    'Basic realm=simple',
  ]);
  assert.deepEqual(outline('Negotiate, NTLM TlRMTVNTUA==, Digest realm="r", nonce="1", Basic realm="x"'), [
    'Negotiate',
    'NTLM TlRMTVNTUA==',
    'Digest 1',
    'Basic realm=x',
  ]);
  assert.deepEqual(outline('Digest realm="r", nonce="1", Negotiate'), ['Digest 1', 'Negotiate']);
  assert.deepEqual(outline('Negotiate, Digest, realm="r", nonce="1"'), ['Negotiate', 'Digest 1']);
  assert.deepEqual(outline('Digest realm="r", Digest realm="r", nonce="2"'), ['Digest 2']);
  assert.deepEqual(outline('Digest realm="r", nonce="1", Digest realm="r", nonce="2'), ['Digest 1']);
});

test('unknown parameters are kept', () => {
  const [challenge] = digests('Digest realm="r", nonce="n", Charset=UTF-8, X="a\\"b", flag, y=2');
  assert.equal(authParam(challenge?.params ?? [], 'charset'), 'UTF-8');
  assert.equal(authParam(challenge?.params ?? [], 'x'), 'a"b');
  assert.deepEqual(
    challenge?.params.map(({ name }) => name),
    ['realm', 'nonce', 'charset', 'x', 'flag', 'y'],
  );
});

test('only the given part of a text is read', () => {
  const line = 'WWW-Authenticate: Digest realm="r", nonce="n"\r\nVia: x="';
  const [challenge] = parseChallenges(line, 18, line.indexOf('\r\n'));
  assert.ok(challenge?.kind === 'digest' && challenge.nonce === 'n');
});

test('credentials are read, with any parameter quoted or bare', () => {
  const [read] = parseCredentials(
    'digest username="bob", realm="biloxi.com", nonce="n", uri=sip:bob@biloxi.com;x=1, response=abc, qop="auth", ' +
      'nc="00000001", cnonce=0a4f113b, opaque="o", algorithm="MD5", auts=""',
  );
  assert.ok(read?.kind === 'digest');
  assert.equal(read.username, 'bob');
  assert.equal(read.uri, 'sip:bob@biloxi.com;x=1');
  assert.deepEqual([read.qop, read.nc, read.cnonce, read.algorithm], ['auth', '00000001', '0a4f113b', 'MD5']);
});

test('credentials that lack a part or say one twice are left out', () => {
  const whole = 'Digest username="u", realm="r", nonce="n", uri="sip:x", response="a"';
  assert.equal(parseCredentials(whole).length, 1);
  for (const name of ['username', 'realm', 'nonce', 'uri', 'response']) {
    assert.equal(parseCredentials(whole.replace(`${name}=`, `x-${name}=`)).length, 0, name);
  }
  assert.equal(parseCredentials(`${whole}, username="admin"`).length, 0);
  assert.deepEqual(
    parseCredentials('Basic YWxhZGRpbjpvcGVuc2VzYW1l').map((other) => other.kind === 'other' && other.token68),
    ['YWxhZGRpbjpvcGVuc2VzYW1l'],
  );
});

test('RFC 7616 §3.9.2: a user name in extended notation is its bytes', () => {
  const text = "Digest username*=UTF-8''J%C3%A4s%C3%B8n%20Doe, realm=r, nonce=n, uri=x, response=a";
  const [read] = parseCredentials(text);
  assert.equal(read?.kind === 'digest' && read.username, 'J\xc3\xa4s\xc3\xb8n Doe');
  assert.equal(parseCredentials(text.replace('%20', '%zz')).length, 0);
  assert.equal(parseCredentials(text.replace('UTF-8', 'KOI8-R')).length, 0);
});

const FIELDS = {
  username: 'u',
  realm: 'r',
  nonce: 'n',
  uri: 'sip:x',
  opaque: '',
  qop: '',
  nc: '',
  cnonce: '',
  response: 'a',
  algorithm: '',
};

test('nothing that would end the header is printed', () => {
  assert.ok(printCredentials(FIELDS) !== null);
  for (const name of Object.keys(FIELDS)) {
    for (const evil of ['x\r\nVia: y', 'x\ny', 'x\ry', 'x\0y', 'x\u{20ac}y']) {
      assert.equal(printCredentials({ ...FIELDS, [name]: evil }), null, name);
    }
  }
  for (const name of ['qop', 'nc', 'algorithm']) {
    assert.equal(printCredentials({ ...FIELDS, [name]: 'x, y="z"' }), null, name);
  }
  const echo = { realm: 'r\r\nX: 1', nonce: 'n', opaque: '' };
  assert.equal(printCredentials({ ...FIELDS, echo }), null);
  assert.equal(printChallenge({ realm: 'a\nb', nonce: 'n', qop: [], stale: false, algorithm: '', opaque: '' }), null);
});

const anyText = fc.string({
  unit: fc
    .integer({ min: 0x20, max: 0xff })
    .filter((c) => c !== 0x7f)
    .map((c) => String.fromCharCode(c)),
});
const bareText = fc.stringMatching(/^[A-Za-z0-9\-.!%*_+`'~]*$/);

test('what is printed is read back the same: credentials', () => {
  const fields = fc.record(
    {
      username: anyText,
      realm: anyText,
      nonce: anyText,
      uri: anyText,
      response: anyText,
      opaque: anyText,
      cnonce: anyText,
      qop: bareText,
      nc: bareText,
      algorithm: bareText,
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(fields, (sent) => {
      const text = printCredentials(sent);
      assert.ok(text !== null);
      const list = parseCredentials(text);
      assert.equal(list.length, 1);
      const { kind, params: _, ...read } = list[0] as DigestCredentials;
      assert.equal(kind, 'digest');
      assert.deepEqual(read, sent);
      assert.equal(printCredentials(read), text);
    }),
  );
});

test('what is printed is read back the same: challenges, also joined with others', () => {
  const fields = fc.record(
    {
      realm: anyText.filter((text) => text !== ''),
      nonce: anyText.filter((text) => text !== ''),
      opaque: anyText,
      algorithm: bareText,
      stale: fc.boolean(),
      qop: fc.subarray(['auth', 'auth-int', 'x']),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(fc.array(fields, { minLength: 1, maxLength: 4 }), fc.boolean(), (sent, withBasic) => {
      const texts = sent.map((one) => printChallenge(one));
      const list = parseChallenges((withBasic ? ['Basic realm="b, c"', ...texts] : texts).join(', '));
      const read = list.filter((one) => one.kind === 'digest');
      assert.equal(list.length, sent.length + (withBasic ? 1 : 0));
      assert.deepEqual(
        read.map(({ realm, nonce, opaque, algorithm, stale, qop }) => ({
          realm,
          nonce,
          opaque,
          algorithm,
          stale,
          qop,
        })),
        sent,
      );
    }),
  );
});

test('what is printed is read back the same: Authentication-Info', () => {
  const info = { nextnonce: 'n"2', rspauth: 'ab', qop: 'auth', cnonce: 'c', nc: '00000001' };
  const text = printAuthenticationInfo(info);
  assert.equal(text, 'nextnonce="n\\"2", qop=auth, rspauth="ab", cnonce="c", nc=00000001');
  assert.deepEqual(parseAuthenticationInfo(text ?? ''), info);
  assert.deepEqual(parseAuthenticationInfo(''), { nextnonce: '', rspauth: '', qop: '', cnonce: '', nc: '' });
  assert.equal(printAuthenticationInfo({ ...info, cnonce: 'a\r\nb' }), null);
});

test('no text makes the parsers throw, and what they read of it can be asked for', () => {
  const words = [
    'Digest',
    'Basic',
    'realm',
    'nonce',
    'username',
    'uri',
    'response',
    'qop',
    'auth',
    'stale',
    'x',
    'a==',
  ];
  const marks = [' ', ',', '=', '"', '\\', '\\"', '\r\n ', '\t', ';', '\0', '\xff', '%C3', "UTF-8''", 'username*='];
  const salad = fc.array(fc.constantFrom(...words, ...marks), { maxLength: 60 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.oneof(salad, fc.string({ unit: 'binary' }), anyText), (text) => {
      for (const one of parseChallenges(text)) {
        if (one.kind === 'digest') assert.ok(one.realm !== '' && one.nonce !== '');
      }
      parseCredentials(text);
      parseAuthenticationInfo(text);
      parseCredentials(`Digest ${text}`);
    }),
    { numRuns: 5000 },
  );
});

test('a hostile value costs no more than its length', () => {
  const size = 60_000;
  const started = performance.now();
  for (const piece of [
    '"',
    '\\',
    ',',
    '=',
    ' ',
    'a',
    'a ',
    'a,',
    'a=',
    'a="',
    'Digest ',
    'Digest,',
    '\r\n ',
    'a =',
    'x a=,',
    '%',
  ]) {
    const text = piece.repeat(size / piece.length);
    parseChallenges(text);
    parseChallenges(`Digest realm="r", nonce="${text}", ${text}`);
    parseCredentials(`Digest username*=UTF-8''${text}, realm="${text}", nc=${text}`);
  }
  assert.ok(performance.now() - started < 2000);
});
