import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CSeqTable, MAX_CSEQ, type RequestLeg } from '../../src/dialog/cseq-table.ts';
import { fakeTime } from '../../src/time/fake-clock.ts';

const A: RequestLeg = { callId: 'c', fromTag: 'a', toTag: 'b' };
const B: RequestLeg = { callId: 'c', fromTag: 'b', toTag: 'a' };

function table(max?: number) {
  const { clock, wheel } = fakeTime();
  return { clock, wheel, table: new CSeqTable({ clock, wheel, ...(max === undefined ? {} : { max }) }) };
}

test('a dialog that is not here maps by the given offset and costs nothing', () => {
  const { table: t, wheel } = table();
  assert.equal(t.map(A, 5, 2), 7);
  t.sent(A, 5, 7, true);
  assert.equal(t.size, 0);
  assert.equal(wheel.size, 0);
});

test('a repeated request: later ones follow, earlier ones keep theirs, the other side is untouched', () => {
  const { table: t } = table();
  assert.equal(t.again(A, 8, 9, 1, false), 10);
  assert.equal(t.map(A, 8, 1), 10);
  assert.equal(t.map(A, 9, 1), 11);
  assert.equal(t.map(A, 7, 1), 8);
  assert.equal(t.map(B, 100, 0), 100);
  assert.equal(t.again(A, 8, 10, 1, false), 11);
  assert.equal(t.map(A, 8, 1), 11);
  assert.equal(t.map(A, 9, 1), 12);
  assert.equal(t.again(B, 100, 100, 0, false), 101);
  assert.equal(t.map(A, 9, 1), 12);
});

test('a repetition goes above what was sent meanwhile', () => {
  const { table: t } = table();
  t.again(A, 1, 1, 0, false);
  t.sent(A, 2, t.map(A, 2, 0), false);
  t.sent(A, 3, t.map(A, 3, 0), false);
  assert.equal(t.map(A, 3, 0), 4);
  assert.equal(t.again(A, 2, 3, 0, false), 5);
  assert.deepEqual([t.map(A, 2, 0), t.map(A, 3, 0), t.map(A, 4, 0)], [5, 4, 6]);
});

test('the first repetition goes above requests under way beside it, which keep their numbers', () => {
  const { table: t, clock, wheel } = table();
  t.sent(A, 8, 9, false);
  t.sent(A, 9, 10, false);
  t.sent(B, 500, 500, false);
  assert.equal(t.size, 0);
  assert.equal(t.again(A, 8, 9, 1, false), 11);
  assert.deepEqual([t.map(A, 8, 1), t.map(A, 9, 1), t.map(A, 10, 1)], [11, 10, 12]);
  assert.equal(t.again(B, 499, 499, 0, false), 501);
  t.clear();
  // Long over: nothing is kept of it, nor a timer for it.
  t.sent(A, 30, 30, false);
  clock.advance(130_000);
  assert.equal(wheel.size, 0);
  assert.equal(t.again(A, 8, 8, 0, false), 9);
});

test('requests of dialogs without repetitions are remembered within a bound', () => {
  const { table: t } = table();
  for (let i = 0; i < 100_000; i++) t.sent({ ...A, callId: `c${i}` }, 5, 5, false);
  const kept = t as unknown as { latest: Map<string, unknown>; latestBefore: Map<string, unknown> };
  assert.ok(kept.latest.size + kept.latestBefore.size <= 40_000);
  assert.equal(t.again({ ...A, callId: 'c99999' }, 4, 4, 0, false), 6);
});

test('the end of the numbers', () => {
  const { table: t } = table();
  assert.equal(t.again(A, MAX_CSEQ, MAX_CSEQ, 0, false), -1);
  assert.equal(t.size, 0);
});

test('forgotten after 12 hours without requests, soon after BYE', () => {
  const { table: t, clock, wheel } = table();
  t.again(A, 1, 1, 0, false);
  t.again({ ...A, callId: 'd' }, 1, 1, 0, true);
  assert.equal(t.size, 2);
  clock.advance(130_000);
  assert.equal(t.size, 1);
  clock.advance(11 * 3_600_000);
  t.sent(A, 2, 3, false);
  clock.advance(11 * 3_600_000);
  assert.equal(t.size, 1);
  clock.advance(3_600_000 + 61_000);
  assert.equal(t.size, 0);
  clock.advance(61_000);
  assert.equal(wheel.size, 0);
});

test('full: the dialog that was quiet for longest goes, ended ones first', () => {
  const { table: t } = table(2);
  t.again(A, 1, 1, 0, false);
  t.again({ ...A, callId: 'd' }, 1, 1, 0, false);
  t.sent(A, 2, 3, false);
  t.again({ ...A, callId: 'e' }, 1, 1, 0, false);
  assert.equal(t.size, 2);
  assert.equal(t.map(A, 1, 0), 2);
  assert.equal(t.map({ ...A, callId: 'd' }, 1, 0), 1);
  t.sent(A, 3, 4, true);
  t.again({ ...A, callId: 'f' }, 1, 1, 0, false);
  assert.equal(t.map(A, 1, 0), 1);
  t.clear();
  assert.equal(t.size, 0);
});

test('any order of repetitions: numbers sent rise, and each request keeps its last one', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 3 }),
      fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 15 }),
      (base, plan) => {
        const { table: t } = table();
        let highest = 0;
        plan.forEach((again, seq) => {
          let sent = t.map(A, seq + 1, base);
          t.sent(A, seq + 1, sent, false);
          assert.ok(sent > highest);
          for (let i = 0; i < again; i++) {
            const next = t.again(A, seq + 1, sent, base, false);
            assert.ok(next > sent);
            sent = next;
          }
          assert.equal(t.map(A, seq + 1, base), sent);
          highest = sent;
        });
      },
    ),
  );
});
