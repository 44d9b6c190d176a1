import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detach } from '../../src/message/detach.ts';

test('the copy is equal, byte for byte', () => {
  const all = Array.from({ length: 256 }, (_, c) => String.fromCharCode(c)).join('');
  for (const text of ['', 'short', all]) assert.equal(detach(text), text);
});
