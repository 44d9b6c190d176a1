import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bindings } from '../../../src/server/simulator/bindings.ts';
import { FakeClock } from '../../../src/time/index.ts';

test('what was granted at this moment is left at this moment, whatever fraction of a millisecond the clock shows', () => {
  const clock = new FakeClock(0);
  const bindings = new Bindings(clock);
  for (let n = 0; n < 200; n++) {
    clock.advance(100 * Math.sqrt(n + 2));
    bindings.apply('a@x', [{ uri: 'sip:a@1', seconds: 60 }], 'c', n + 1);
    assert.deepEqual(
      bindings.of('a@x').map((binding) => bindings.secondsLeft(binding)),
      [60],
      `${clock.now()}`,
    );
  }
});
