import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isOwnIdentity, splitUserName } from '../../src/auth/identity.ts';
import { parsed } from '../modules/support.ts';

/** A request of this method between URIs without their scheme. */
function message(method: string, ruri: string, from: string, to: string) {
  return parsed(
    `${method} sip:${ruri} SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:${from}>;tag=1\r\nTo: <sip:${to}>\r\n` +
      `Call-ID: a\r\nCSeq: 1 ${method}\r\nContent-Length: 0\r\n\r\n`,
  );
}

test('of which From, To and Request-URI alice may be', () => {
  const rows: readonly (readonly [
    method: string,
    ruri: string,
    from: string,
    to: string,
    own: boolean,
    hosts: boolean,
  ])[] = [
    // Her own, and what her calls may have.
    ['REGISTER', 'x', 'alice@x', 'alice@x', true, true],
    ['PUBLISH', 'alice@x', 'alice@x', 'alice@x', true, true],
    ['INVITE', 'bob@x', 'alice@x', 'bob@x', true, true],
    ['MESSAGE', 'bob@x', 'alice@y', 'bob@x', true, true],
    // Somebody else's.
    ['REGISTER', 'x', 'alice@x', 'bob@x', false, false],
    ['REGISTER', 'x', 'bob@x', 'alice@x', false, false],
    ['PUBLISH', 'alice@x', 'alice@x', 'bob@x', false, false],
    ['PUBLISH', 'alice@x', 'bob@x', 'alice@x', false, false],
    ['PUBLISH', 'bob@x', 'alice@x', 'alice@x', false, false],
    ['INVITE', 'bob@x', 'bob@x', 'alice@x', false, false],
    ['INVITE', 'bob@x', 'Alice@x', 'bob@x', false, false],
    // Another host counts where domains do; its letter case never.
    ['REGISTER', 'x', 'alice@y', 'alice@x', true, false],
    ['PUBLISH', 'alice@y', 'alice@x', 'alice@x', true, false],
    ['PUBLISH', 'alice@X', 'alice@x', 'alice@X', true, true],
    // A Request-URI without a user is nobody's.
    ['PUBLISH', 'x', 'alice@x', 'alice@x', false, false],
  ];
  for (const [method, ruri, from, to, own, hosts] of rows) {
    const request = message(method, ruri, from, to);
    assert.deepEqual(
      [isOwnIdentity(request, 'alice', false), isOwnIdentity(request, 'alice', true)],
      [own, hosts],
      `${method} ${ruri} ${from} ${to}`,
    );
  }
});

test('names with a scheme, a domain, several of them, and hardly any', () => {
  for (const [name, user, domain, whole] of [
    ['alice', 'alice', '', 'alice'],
    ['sip:alice@x', 'alice', 'x', 'sip:alice'],
    ['alice@x@y', 'alice', 'x@y', 'alice'],
    ['alice@a:b', 'alice', 'a:b', 'alice'],
    ['a:b:c@d', 'b:c', 'd', 'a:b:c'],
    ['@x', '@x', '', '@x'],
    [':', ':', '', ':'],
  ] as const) {
    assert.deepEqual(splitUserName(name, true), { user, domain }, name);
    assert.deepEqual(splitUserName(name, false), { user: whole, domain }, `${name} of OpenSIPS`);
  }
});
