import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ChurningMap } from '../../src/transaction/churning-map.ts';

describe('ChurningMap', () => {
  it('holds what a Map would hold, however often entries come and go', () => {
    const map = new ChurningMap<string, number>();
    const model = new Map<string, number>();
    for (let i = 0; i < 20_000; i++) {
      const key = `k${(i * 7919) % 500}`;
      if (i % 3 === 0) assert.equal(map.delete(key), model.delete(key));
      else {
        map.set(key, i);
        model.set(key, i);
      }
      assert.equal(map.size, model.size);
    }
    for (let i = 0; i < 500; i++) {
      assert.equal(map.get(`k${i}`), model.get(`k${i}`));
      assert.equal(map.has(`k${i}`), model.has(`k${i}`));
    }
  });
});
