import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CalendarWheel } from '../../src/time/calendar-wheel.ts';
import { CallbackTimer } from '../../src/time/callback-timer.ts';
import { fakeTime } from '../../src/time/fake-clock.ts';
import { seededRandom } from '../../src/time/random.ts';

function calendar(onError: (error: unknown) => void = assert.ifError) {
  const { clock, wheel } = fakeTime(12_345);
  return { clock, wheel, calendar: new CalendarWheel(wheel, onError) };
}

describe('CalendarWheel', () => {
  it('fires each timer once, never early, at most two slots late, hours away too', () => {
    const { clock, calendar: days } = calendar();
    const random = seededRandom(3);
    let fired = 0;
    for (let n = 0; n < 2000; n++) {
      const delay = (random.uint32() % 20_000_000) + 1;
      const due = clock.now() + delay;
      days.start(
        new CallbackTimer((now) => {
          fired++;
          assert.ok(now >= due && now <= due + 510, `due ${due}, now ${now}`);
        }),
        delay,
      );
    }
    clock.advance(10_000_000);
    assert.ok(fired > 800 && fired < 1200);
    assert.equal(days.size, 2000 - fired);
    clock.advance(10_001_000);
    assert.equal(fired, 2000);
    assert.equal(days.size, 0);
  });

  it('a timer can be stopped and moved, from within another one too', () => {
    const { clock, calendar: days } = calendar();
    const fired: string[] = [];
    const a = new CallbackTimer(() => fired.push('a'));
    const b = new CallbackTimer(() => fired.push('b'));
    const c = new CallbackTimer(() => {
      fired.push('c');
      days.stop(a);
      days.start(c, 0);
      if (fired.length === 3) days.stop(c);
    });
    days.start(a, 5000);
    days.start(b, 9000);
    days.start(b, 1000);
    days.start(c, 4000);
    clock.advance(20_000);
    assert.deepEqual(fired, ['b', 'c', 'c']);
    assert.equal(days.size, 0);
  });

  it('of many due at once a thousand fire in one turn', () => {
    const { clock, wheel, calendar: days } = calendar();
    let fired = 0;
    for (let n = 0; n < 3500; n++) days.start(new CallbackTimer(() => fired++), 1000);
    const turns: number[] = [];
    const look = new CallbackTimer(() => {
      turns.push(fired);
      wheel.start(look, 0);
    });
    wheel.start(look, 900);
    clock.advance(1500);
    assert.equal(fired, 3500);
    assert.ok(turns.every((count, i) => i === 0 || count - (turns[i - 1] ?? 0) <= 1000));
  });

  it('after a long stall everything due fires, once', () => {
    const { clock, calendar: days } = calendar();
    let fired = 0;
    for (let n = 1; n <= 500; n++) days.start(new CallbackTimer(() => fired++), n * 20_000);
    clock.stall(11_000_000);
    clock.advance(1000);
    assert.equal(fired, 500);
  });

  it('what a timer throws is told, and the others go on', () => {
    const errors: unknown[] = [];
    const { clock, calendar: days } = calendar((error) => errors.push(error));
    let fired = 0;
    for (let n = 0; n < 3; n++)
      days.start(
        new CallbackTimer(() => {
          if (++fired === 2) throw new Error('two');
        }),
        100,
      );
    clock.advance(1000);
    assert.equal(fired, 3);
    assert.equal(errors.length, 1);
    days.start(new CallbackTimer(() => fired++), 100);
    days.clear();
    clock.advance(1000);
    assert.equal(fired, 3);
  });
});
