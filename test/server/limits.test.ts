import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_LIMITS } from '../../src/message/parser.ts';
import { serverLimits } from '../../src/server/limits.ts';
import { StartError } from '../../src/server/server-api.ts';

test('without settings: the defaults', () => {
  assert.deepEqual(serverLimits(new Map([['voicemail.ip', '10.0.0.1']])), {
    parse: DEFAULT_LIMITS,
    maxTransactions: 200_000,
  });
});

test('each limit can be set', () => {
  const custom = new Map([
    ['trunkline.max_message', 100_000],
    ['trunkline.max_headers', 64],
    ['trunkline.max_header', 60_000],
    ['trunkline.max_uri', 2048],
    ['trunkline.max_transactions', 500],
  ]);
  assert.deepEqual(serverLimits(custom), {
    parse: { maxMessage: 100_000, maxHeaders: 64, maxHeader: 60_000, maxUri: 2048 },
    maxTransactions: 500,
  });
});

test('a name that is none, a value that cannot be: refused with a code', () => {
  for (const custom of [
    new Map([['trunkline.max_hedder', 1000]]),
    new Map([['trunkline.max_header', 5]]),
    new Map<string, string | number>([['trunkline.max_header', 'much']]),
  ])
    assert.throws(
      () => serverLimits(custom),
      (error: unknown) => error instanceof StartError && error.code === 'CFG_LIMIT',
    );
});
