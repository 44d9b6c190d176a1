import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { didText, parseDid } from '../../src/dialog/did.ts';

test('as Kamailio writes it: the least significant digit first', () => {
  assert.equal(didText({ entry: 1997, id: 11272 }), 'dc7.80c2');
  assert.deepEqual(parseDid('dc7.80c2'), { entry: 1997, id: 11272 });
});

test('there and back; anything else is none', () => {
  const number = fc.integer({ min: 0, max: 0xffffffff });
  fc.assert(
    fc.property(number, number, (entry, id) => {
      assert.deepEqual(parseDid(didText({ entry, id })), { entry, id });
    }),
  );
  for (const text of ['', '.', '1', '1.', '.1', '1.2.3', 'x.1', '123456789.1', '-1.1', ' 1.1'])
    assert.equal(parseDid(text), null);
});
