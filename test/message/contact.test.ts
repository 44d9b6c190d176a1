import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deltaSeconds, messageContacts } from '../../src/message/contact.ts';
import { parsed, request } from './support.ts';

function contacts(...lines: string[]): string {
  const set = messageContacts(parsed(request('REGISTER', 'sip:example.org', {}, lines)));
  if (set === null) return 'null';
  if (set.star) return '*';
  return set.contacts.map((one) => `${one.addr.uri} ${one.expires} ${one.q}`).join(' | ');
}

test('several headers, compact form, lists', () => {
  assert.equal(
    contacts('Contact: <sip:a@h>;expires=60;q=0.5, sip:b@h', 'm: <sip:c@h;expires=9>;Expires="7"'),
    'sip:a@h 60 0.5 | sip:b@h -1 -1 | sip:c@h;expires=9 7 -1',
  );
  assert.equal(contacts(), '');
});

test('* stands alone', () => {
  assert.equal(contacts('Contact: *'), '*');
  assert.equal(contacts('Contact: *', 'Contact: <sip:a@h>'), 'null');
  assert.equal(contacts('Contact: <sip:a@h>', 'Contact: *'), 'null');
  assert.equal(contacts('Contact: *', 'Contact: *'), 'null');
});

test('expires: too large is clamped, malformed is 3600 (RFC 3261 §20.10); q: malformed is none', () => {
  assert.equal(contacts('Contact: <sip:a@h>;expires=280297596632815;q=1.5'), 'sip:a@h 4294967295 -1');
  assert.equal(contacts('Contact: <sip:a@h>;expires=x;q=1.000'), 'sip:a@h 3600 1');
  assert.equal(deltaSeconds('', 5), 5);
});

test('a URI with ? outside of brackets is unreadable (RFC 4475 §3.1.2.13)', () => {
  assert.equal(contacts('Contact: sip:user@example.com?Route=%3Csip:x.example%3E'), 'null');
});
