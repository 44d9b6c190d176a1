import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Account } from '../../../src/uac/registration/account.ts';
import { Attempt } from '../../../src/uac/registration/attempt.ts';
import { AttemptCredentials } from '../../../src/uac/registration/attempt-credentials.ts';
import { SharedTables } from '../../../src/uac/registration/next-hop-table.ts';
import { Places } from '../../../src/uac/registration/places.ts';
import { Registration } from '../../../src/uac/registration/registration.ts';
import { row } from './support.ts';

const tables = new SharedTables();

/** An attempt that has one of the places. */
function attemptAt(places: Places): Attempt {
  const account = new Account(row(), tables);
  const credentials = new AttemptCredentials(account, null, tables.spaces, undefined);
  const host = { answered() {}, unanswered() {}, unsent() {} };
  const attempt = new Attempt(new Registration(account, 1, { due() {} }), false, 'sip:r', credentials, host);
  places.taken++;
  return attempt;
}

it('knows whose request has been out longest, whoever is heard of in between', () => {
  const places = new Places();
  const [a, b, c, d] = [attemptAt(places), attemptAt(places), attemptAt(places), attemptAt(places)];
  assert.equal(places.oldest, null);
  for (const one of [a, b, c]) places.sent(one);
  places.heard(b);
  places.heard(b);
  assert.equal(places.oldest, a);
  places.heard(a);
  assert.equal(places.oldest, c);
  // Another request of it is a new one.
  places.sent(a);
  places.sent(d);
  places.heard(d);
  places.heard(c);
  assert.equal(places.oldest, a);
  places.leave(a);
  assert.equal(places.oldest, null);
  assert.deepEqual([places.taken, places.lent], [3, 0]);
});

it('counts a place that is lent out by itself, and once', () => {
  const places = new Places();
  const [a, b] = [attemptAt(places), attemptAt(places)];
  places.sent(a);
  places.sent(b);
  places.lend(a);
  assert.equal(places.oldest, b);
  assert.deepEqual([places.taken, places.lent, a.lent], [1, 1, true]);
  places.retake(a);
  assert.deepEqual([places.taken, places.lent, a.lent], [2, 0, false]);
  places.lend(b);
  places.leave(b);
  places.leave(a);
  assert.deepEqual([places.taken, places.lent, b.lent], [0, 0, false]);
});
