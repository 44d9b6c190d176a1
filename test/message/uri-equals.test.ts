import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseUri, type SipUri, uriEquals } from '../../src/message/uri.ts';

function equal(a: string, b: string): boolean {
  const forth = uriEquals(parseUri(a) as SipUri, parseUri(b) as SipUri);
  assert.equal(uriEquals(parseUri(b) as SipUri, parseUri(a) as SipUri), forth, 'symmetric');
  return forth;
}

test('equal by RFC 3261 §19.1.4', () => {
  const pairs: [string, string][] = [
    ['sip:%61lice@h.example;transport=TCP', 'sip:alice@H.example;Transport=tcp'],
    ['sip:c@h.example', 'sip:c@h.example;newparam=5'],
    ['sip:c@h.example;security=on', 'sip:c@h.example;newparam=5'],
    ['sip:h.example;a=1;b=2', 'sip:h.example;b=2;a=1'],
    ['sip:a@h?x=1&y=2', 'sip:a@h?Y=2&X=1'],
    ['sip:a%3bb@h', 'sip:a%3Bb@h'],
    ['tel:+1-201-555', 'tel:+1201555'],
    ['URN:service:sos', 'urn:service:sos'],
  ];
  for (const [a, b] of pairs) assert.equal(equal(a, b), true, `${a} = ${b}`);
});

test('not equal', () => {
  const pairs: [string, string][] = [
    ['sip:ALICE@h', 'sip:alice@h'],
    ['sip:a@h', 'sips:a@h'],
    ['sip:a@h', 'sip:a@h:5060'],
    ['sip:a@h', 'sip:a@h;transport=udp'],
    ['sip:a@h', 'sip:a@h;maddr=192.0.2.1'],
    ['sip:a@h', 'sip:a@h;user=phone'],
    ['sip:a@h', 'sip:a@h?x=1'],
    ['sip:a@h;x=1', 'sip:a@h;x=2'],
    ['sip:a:p@h', 'sip:a@h'],
    ['sip:@h', 'sip:h'],
    ['sip:a%3Bb@h', 'sip:a;b@h'],
    ['tel:+1201', 'tel:1201'],
    ['urn:a', 'urn:b'],
  ];
  for (const [a, b] of pairs) assert.equal(equal(a, b), false, `${a} ≠ ${b}`);
});
