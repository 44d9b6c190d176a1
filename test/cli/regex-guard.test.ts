import assert from 'node:assert/strict';
import { test } from 'node:test';
import { guardRegexes } from '../../src/cli/regex-guard.ts';
import { compilePosix } from '../../src/script/regex.ts';

test('an expression that backtracks without end is done in linear time', () => {
  guardRegexes();
  const began = performance.now();
  for (const ignoreCase of [false, true]) {
    const options = { ignoreCase, newline: false };
    // Some 2^40 steps for a backtracking engine.
    assert.equal(compilePosix('^sip:([0-9]+)+@', options).test(`sip:${'1'.repeat(40)}x`), false);
    assert.equal(compilePosix('^(a|aa)+$', options).test(`${'a'.repeat(80)}!`), false);
  }
  assert.ok(performance.now() - began < 2000);
  const options = { ignoreCase: false, newline: false };
  // Matches and groups are the same as ever.
  assert.deepEqual(
    [...compilePosix('^sip:([0-9]+)@(.*)$', options).exec('sip:4711@x.y')!],
    ['sip:4711@x.y', '4711', 'x.y'],
  );
});
