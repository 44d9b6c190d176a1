import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { CallbackTimer } from '../../src/time/callback-timer.ts';
import { realClock } from '../../src/time/clock.ts';
import { FakeClock, fakeTime } from '../../src/time/fake-clock.ts';
import { HashedTimerWheel } from '../../src/time/hashed-timer-wheel.ts';
import { Timer } from '../../src/time/timer-wheel.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

class Recorder extends Timer {
  readonly name: number;
  readonly log: (string | number)[][];
  private readonly clock: FakeClock;
  again = -1;
  constructor(name: number, log: (string | number)[][], clock: FakeClock) {
    super();
    this.name = name;
    this.log = log;
    this.clock = clock;
  }
  override fire(now: number): void {
    assert.equal(this.armed, false);
    assert.equal(now, this.clock.now());
    this.log.push([this.name, now]);
  }
}

describe('HashedTimerWheel', () => {
  it('fires at the first tick at or after the time, never early', () => {
    for (const delay of [
      1,
      9,
      10,
      11,
      499,
      500,
      2_550,
      2_560,
      2_561,
      655_350,
      655_360,
      655_361,
      HOUR,
      47 * HOUR,
      2_000 * HOUR,
    ]) {
      for (const start of [0, 3, 2_559, 655_359.5, 46 * HOUR]) {
        const { clock, wheel } = fakeTime(start);
        let firedAt = -1;
        wheel.start(new CallbackTimer((now) => (firedAt = now)), delay);
        clock.advance(Math.ceil((start + delay) / 10) * 10 - start - 0.25);
        assert.equal(firedAt, -1, `delay ${delay} from ${start}: early`);
        clock.advance(0.25);
        assert.equal(firedAt, Math.ceil((start + delay) / 10) * 10, `delay ${delay} from ${start}`);
        assert.equal(wheel.size, 0);
      }
    }
  });

  it('treats 0, negative and NaN delays as the next tick', () => {
    const { clock, wheel } = fakeTime(100);
    const log: number[] = [];
    for (const delay of [0, -5, Number.NaN]) wheel.start(new CallbackTimer((now) => log.push(now)), delay);
    clock.advance(10);
    assert.deepEqual(log, [110, 110, 110]);
  });

  it('counts, restarts and stops', () => {
    const { clock, wheel } = fakeTime();
    let fired = 0;
    const timer = new CallbackTimer(() => fired++);
    wheel.stop(timer);
    assert.equal(wheel.size, 0);
    wheel.start(timer, 100);
    wheel.start(timer, 300);
    assert.equal(wheel.size, 1);
    assert.equal(timer.armed, true);
    clock.advance(200);
    assert.equal(fired, 0);
    clock.advance(100);
    assert.equal(fired, 1);
    wheel.start(timer, 100);
    wheel.stop(timer);
    wheel.stop(timer);
    assert.equal(wheel.size, 0);
    clock.advance(HOUR);
    assert.equal(fired, 1);
  });

  it('keeps the order of start within a tick, whatever level a timer came from', () => {
    const { clock, wheel } = fakeTime();
    const log: string[] = [];
    const at = (name: string, time: number): void =>
      wheel.start(new CallbackTimer(() => log.push(name)), time - clock.now());
    const due = 700_000;
    at('first', due);
    clock.advance(100_000);
    at('second', due);
    clock.advance(599_000);
    at('third', due);
    clock.advance(999);
    at('fourth', due);
    clock.advance(1);
    assert.deepEqual(log, ['first', 'second', 'third', 'fourth']);
  });

  it('lets a firing timer stop and start others of the same tick, and itself', () => {
    const { clock, wheel } = fakeTime();
    const log: string[] = [];
    const victim = new CallbackTimer(() => log.push('victim'));
    const self: CallbackTimer = new CallbackTimer((now) => {
      log.push(`self ${now}`);
      wheel.stop(victim);
      if (log.length < 3) wheel.start(self, 0);
    });
    wheel.start(self, 50);
    wheel.start(victim, 50);
    clock.advance(200);
    assert.deepEqual(log, ['self 50', 'self 60', 'self 70']);
  });

  it('fires everything after a stall, in order and once', () => {
    const { clock, wheel } = fakeTime();
    const log: number[] = [];
    for (const delay of [5_000, 40, 2_600, 700_000, 2_560, 30])
      wheel.start(new CallbackTimer(() => log.push(delay)), delay);
    clock.stall(HOUR);
    clock.advance(0);
    assert.deepEqual(log, [30, 40, 2_560, 2_600, 5_000, 700_000]);
  });

  it('goes on when a timer throws', () => {
    const clock = new FakeClock();
    const errors: unknown[] = [];
    const wheel = new HashedTimerWheel({ clock, manual: true, onError: (error) => errors.push(error) });
    clock.attach(wheel);
    let fired = false;
    wheel.start(
      new CallbackTimer(() => {
        throw new Error('broken');
      }),
      10,
    );
    wheel.start(new CallbackTimer(() => (fired = true)), 10);
    clock.advance(10);
    assert.equal(fired, true);
    assert.equal((errors[0] as Error).message, 'broken');
  });

  it('ignores being advanced from a firing timer, and can be cleared', () => {
    const { clock, wheel } = fakeTime();
    const log: number[] = [];
    wheel.start(new CallbackTimer(() => wheel.advanceTo(1_000)), 10);
    wheel.start(new CallbackTimer((now) => log.push(now)), 20);
    clock.advance(20);
    assert.deepEqual(log, [20]);
    for (const delay of [5, 3_000, HOUR, 100 * HOUR]) wheel.start(new CallbackTimer(() => log.push(-1)), delay);
    wheel.clear();
    assert.equal(wheel.size, 0);
    assert.equal(wheel.nextTickAt(), Number.POSITIVE_INFINITY);
    clock.advance(200 * HOUR);
    assert.deepEqual(log, [20]);
  });

  it('agrees with a naive model on any sequence of starts, stops and pauses', () => {
    const delay = fc.oneof(
      fc.integer({ min: 0, max: 3_000 }),
      fc.integer({ min: 0, max: 20 * MINUTE }),
      fc.integer({ min: 0, max: 100 * HOUR }),
    );
    const step = fc.oneof(
      fc.record({ kind: fc.constant('start' as const), timer: fc.nat(15), ms: delay }),
      fc.record({ kind: fc.constant('stop' as const), timer: fc.nat(15), ms: fc.constant(0) }),
      fc.record({ kind: fc.constant('advance' as const), timer: fc.constant(0), ms: delay }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000_000 }), fc.array(step, { maxLength: 60 }), (start, steps) => {
        const { clock, wheel } = fakeTime(start);
        const log: (string | number)[][] = [];
        const timers = Array.from({ length: 16 }, (_, i) => new Recorder(i, log, clock));
        // The model: armed timers with their tick and the order of their starts.
        let model: { timer: number; tick: number; order: number }[] = [];
        const expected: (string | number)[][] = [];
        let order = 0;
        for (const { kind, timer, ms } of steps) {
          if (kind !== 'advance') model = model.filter((entry) => entry.timer !== timer);
          if (kind === 'start') {
            wheel.start(timers[timer]!, ms);
            const now = clock.now();
            const tick = Math.max(Math.ceil((now + ms) / 10), Math.floor(now / 10) + 1);
            model.push({ timer, tick, order: order++ });
          } else if (kind === 'stop') wheel.stop(timers[timer]!);
          else {
            clock.advance(ms);
            const due = model.filter((entry) => entry.tick * 10 <= clock.now());
            due.sort((a, b) => a.tick - b.tick || a.order - b.order);
            for (const entry of due) expected.push([entry.timer, entry.tick * 10]);
            model = model.filter((entry) => !due.includes(entry));
          }
          assert.equal(wheel.size, model.length);
          for (const [i, one] of timers.entries())
            assert.equal(
              one.armed,
              model.some((entry) => entry.timer === i),
            );
        }
        assert.deepEqual(log, expected);
      }),
      { numRuns: 500 },
    );
  });

  it('runs by itself on the real clock', (_, done) => {
    const wheel = new HashedTimerWheel({ clock: realClock });
    // The wheel's own timeout does not keep the process alive.
    const alive = setTimeout(() => done(new Error('not fired')), 5_000);
    const started = realClock.now();
    const order: string[] = [];
    wheel.start(
      new CallbackTimer(() => {
        clearTimeout(alive);
        order.push('late');
        assert.ok(realClock.now() - started >= 30);
        assert.deepEqual(order, ['early', 'late']);
        assert.equal(wheel.size, 0);
        done();
      }),
      30,
    );
    wheel.start(new CallbackTimer(() => order.push('early')), 12);
  });
});
