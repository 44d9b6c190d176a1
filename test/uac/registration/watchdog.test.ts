import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { CalendarWheel } from '../../../src/time/index.ts';
import type { Timer } from '../../../src/time/timer-wheel.ts';
import { granting, Harness, row } from './support.ts';

/** Milliseconds beyond which an account's timer is that of a refresh of an hour. */
const LONG = 1_000_000;

/** Loses the first timers of refreshes, as nothing should. @returns how many were lost */
function loseTimers(t: TestContext, most: number): () => number {
  const start = CalendarWheel.prototype.start;
  let lost = 0;
  t.mock.method(CalendarWheel.prototype, 'start', function (this: CalendarWheel, timer: Timer, delay: number) {
    if (delay > LONG && lost < most) {
      lost++;
      this.stop(timer);
    } else start.call(this, timer, delay);
  });
  return () => lost;
}

describe('the watchdog', () => {
  it('an account that lives and whose timer was lost is told and set going in the next round', (t) => {
    const lost = loseTimers(t, 1);
    const bench = new Harness(granting, { timerInterval: 90 });
    bench.watched = false;
    bench.engine.add(row());
    bench.advance(1000);
    assert.equal(lost(), 1);
    assert.equal(bench.view().state, 'registered');
    const sent = bench.requests.length;
    assert.equal(bench.engine.repairs, 0);
    bench.advance(90_000);
    assert.equal(bench.engine.repairs, 1);
    assert.match(bench.log.join('\n'), /^error UAC_REG_STUCK .*u1.*registered without an end; set going again$/m);
    assert.equal(bench.requests.length, sent + 1);
    assert.equal(bench.view().state, 'registered');
    assert.deepEqual(bench.engine.assertAlive(), []);
  });

  it('asked, it names those that nothing would move, and only those', (t) => {
    loseTimers(t, 2);
    const bench = new Harness(granting);
    bench.watched = false;
    for (const uuid of ['a', 'b', 'c']) bench.engine.add(row(uuid));
    bench.engine.add(row('resting', { flags: 1 }));
    bench.advance(1000);
    assert.deepEqual(bench.engine.assertAlive().sort(), ['a', 'b']);
    assert.equal(bench.engine.repairs, 2);
    bench.advance(1000);
    assert.deepEqual(bench.engine.assertAlive(), []);
  });
});
