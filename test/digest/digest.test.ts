import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DIGEST_ALGORITHMS, digestAlgorithm, hashHex } from '../../src/digest/algorithm.ts';
import { utf8Bytes } from '../../src/digest/credentials.ts';
import { computeResponse, requestHa2, sessionHa1, userHa1, userHash } from '../../src/digest/digest.ts';
import { DIGEST_VECTORS, type DigestVector } from './vectors.ts';

function algorithmOf(vector: DigestVector) {
  const algorithm = digestAlgorithm(vector.algorithm ?? '');
  assert.ok(algorithm !== undefined);
  return algorithm;
}

for (const vector of DIGEST_VECTORS) {
  test(`published digest: ${vector.id}`, () => {
    const algorithm = algorithmOf(vector);
    const { hash, session } = algorithm;
    const user = utf8Bytes(vector.user ?? '');
    const realm = vector.realm ?? '';
    const { method, uri, nonce, qop = '', nc = '', cnonce = '', body = '' } = vector;
    const ha1 = vector.ha1 ?? userHa1(hash, user, realm, vector.pass ?? '');
    const matches = (actual: string, expected: string | undefined): boolean =>
      expected === undefined || actual === expected;

    if (vector.ok) {
      assert.ok(matches(session ? sessionHa1(hash, ha1, nonce, cnonce) : ha1, vector.HA1));
      assert.ok(matches(requestHa2(hash, method, uri, qop, body), vector.HA2));
      assert.ok(matches(hashHex(hash, body), vector.bodyHash));
      assert.ok(matches(userHash(hash, user, realm), vector.userhash));
    }
    const response = computeResponse({ algorithm, ha1, method, uri, nonce, qop, nc, cnonce, body });
    assert.equal(response.length, algorithm.hexLength);
    if (vector.response !== undefined) assert.equal(response === vector.response, vector.ok);
  });
}

test('calculations that Kamailio was seen to make for an INVITE', () => {
  const input = {
    method: 'INVITE',
    uri: 'sip:bob@biloxi.example.com',
    nonce: 'abcdef0123456789',
    nc: '00000001',
    body: '',
  };
  const respond = (name: string, qop: string, cnonce: string): string => {
    const algorithm = digestAlgorithm(name);
    assert.ok(algorithm !== undefined);
    const ha1 = userHa1(algorithm.hash, 'carol', 'realm1.test', 'pw3');
    return computeResponse({ ...input, algorithm, ha1, qop, cnonce });
  };
  assert.equal(respond('MD5', '', ''), '739f9dfb40bddf0b011cd10675b7aa25');
  assert.equal(respond('MD5', 'auth', '1015663541'), '13b0bdd848b1571a55af463241353d73');
  assert.equal(respond('md5-sess', 'auth', '1015663541'), '78dc3c055c674fdb7a2dff5e5001274f');
  assert.equal(
    respond('SHA-256', 'auth', '1015663541'),
    '08a13954d585b142b8dcd017a77cd5e10fd0dcd56ddd25c66453310bf5444fdf',
  );
  // Kamailio hashes qop auth-int without the body and the -sess HA1 in binary; both fail at any peer, so ours must differ.
  assert.notEqual(respond('MD5', 'auth-int', '1015663541'), 'cb4e906231b9e1a90d8c707cfb58b1f1');
  assert.notEqual(respond('MD5-sess', 'auth', '1015663541'), '079e95bdb34b21d42783a6cea9a7a011');
});

test('calculations that Kamailio was seen to make for a REGISTER', () => {
  const respond = (name: string, nonce: string, cnonce: string): string => {
    const algorithm = digestAlgorithm(name);
    assert.ok(algorithm !== undefined);
    return computeResponse({
      algorithm,
      ha1: userHa1(algorithm.hash, 'auth1', 'sip.test', 'pass1'),
      method: 'REGISTER',
      uri: 'sip:r.dom',
      nonce,
      qop: 'auth',
      nc: '00000001',
      cnonce,
      body: '',
    });
  };
  assert.equal(respond('MD5', 'n0nce123', '3450705881'), 'ca1027c10d918e93a1b4bc56874accb7');
  assert.equal(
    respond('SHA-256', 'n256', '1677988488'),
    '3279dd104323df93ba22c4cd3d262f9e3445ba15ca4ac1b485a27c008e58f9da',
  );
});

test('an empty text hashes to the published values', () => {
  assert.equal(hashHex('MD5', ''), 'd41d8cd98f00b204e9800998ecf8427e');
  // RFC 8760 §2.5
  assert.equal(hashHex('SHA-256', ''), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  assert.equal(hashHex('SHA-512-256', ''), 'c672b8d1ef56ed28ab87c3622c5114069bdd3ad7b8f9737498d0c01ecef0967a');
});

test('text and bytes hash alike', () => {
  const bytes = Buffer.from([0, 0x7f, 0x80, 0xff]);
  for (const { hash } of DIGEST_ALGORITHMS) {
    assert.equal(hashHex(hash, bytes.toString('latin1')), hashHex(hash, bytes));
  }
});

test('algorithm names are read in any case, and no name means MD5', () => {
  assert.equal(digestAlgorithm('')?.name, 'MD5');
  assert.equal(digestAlgorithm('sha-512-256-SESS')?.name, 'SHA-512-256-sess');
  assert.equal(digestAlgorithm('SHA-512'), undefined);
  assert.equal(digestAlgorithm('AKAv1-MD5'), undefined);
});
