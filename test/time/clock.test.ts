import assert from 'node:assert/strict';
import { test } from 'node:test';
import { realClock } from '../../src/time/clock.ts';

/** Keeps the thread busy until the process's own clock has moved. */
function untilTimeMoves(): void {
  const start = performance.now();
  while (performance.now() <= start + 1);
}

test('the clock goes on by itself, stands still while one event is handled, and then goes on', () => {
  const first = realClock.now();
  untilTimeMoves();
  const second = realClock.now();
  assert.ok(second > first);

  assert.equal(realClock.standStill?.(), true);
  const standing = realClock.now();
  assert.ok(standing >= second);
  untilTimeMoves();
  assert.equal(realClock.now(), standing);
  // An event inside an event: the outer one lets the time go on.
  assert.equal(realClock.standStill?.(), false);
  assert.equal(realClock.now(), standing);
  realClock.goOn?.();
  assert.ok(realClock.now() > standing);
});
