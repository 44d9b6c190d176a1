import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { realRandom, seededRandom } from '../../src/time/random.ts';

describe('Random', () => {
  it('makes lower-case hexadecimal tokens of the asked length that do not repeat', () => {
    const seen = new Set<string>();
    for (let i = 0; i < 5_000; i++) {
      const token = realRandom.token(8);
      assert.match(token, /^[0-9a-f]{16}$/);
      seen.add(token);
    }
    assert.equal(seen.size, 5_000);
    assert.equal(realRandom.token(256).length, 512);
  });

  it('makes unsigned 32-bit integers over the whole range', () => {
    for (const random of [realRandom, seededRandom(7)]) {
      let high = 0;
      for (let i = 0; i < 2_000; i++) {
        const value = random.uint32();
        assert.ok(Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff);
        if (value >= 0x8000_0000) high++;
      }
      assert.ok(high > 800 && high < 1_200);
    }
  });

  it('repeats itself with the same seed only', () => {
    const a = seededRandom(1);
    const b = seededRandom(1);
    const c = seededRandom(2);
    const first = a.token(8);
    assert.match(first, /^[0-9a-f]{16}$/);
    assert.equal(b.token(8), first);
    assert.notEqual(c.token(8), first);
    assert.notEqual(a.token(8), first);
  });

  it('refuses absurd lengths', () => {
    for (const bytes of [0, -1, 1.5, 257, Number.NaN]) {
      assert.throws(() => realRandom.token(bytes), RangeError);
      assert.throws(() => seededRandom(1).token(bytes), RangeError);
    }
  });
});
