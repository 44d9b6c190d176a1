import assert from 'node:assert/strict';
import { test } from 'node:test';
import { counters } from '../../src/modules/counters.ts';
import { statistics } from '../../src/modules/statistics.ts';
import { context, load, testHost } from './support.ts';

test('counters are declared with or without a group', () => {
  const host = testHost();
  const module = load(counters, host, { script_counter: ['foo', 'test.bar:help', 'baz  a counter'] });
  const ctx = context(host);
  assert.equal(module.call(ctx, 'cnt_inc', 'foo'), 1);
  assert.equal(module.call(ctx, 'cnt_inc', 'script.foo'), 1);
  assert.equal(module.call(ctx, 'cnt_add', 'test.bar', 5), 1);
  assert.equal(module.call(ctx, 'cnt_inc', 'baz'), 1);
  assert.equal(host.statistics.read('script.foo'), 2);
  assert.equal(host.statistics.read('bar'), 5);
  assert.equal(module.call(ctx, 'cnt_reset', 'test.bar'), 1);
  assert.equal(host.statistics.read('test.bar'), 0);
  assert.equal(module.call(ctx, 'cnt_inc', 'nope'), -1);
  assert.equal(module.call(ctx, 'cnt_add', 'foo', Number.NaN), -1);
});

test('the group of counters without one', () => {
  const host = testHost();
  const module = load(counters, host, { script_counter: ['foo'], script_cnt_grp_name: 'mine' });
  assert.equal(module.call(context(host), 'cnt_inc', 'foo'), 1);
  assert.equal(host.statistics.read('mine.foo'), 1);
  assert.throws(() => load(counters, host, { script_counter: [' '] }), { code: 'COUNTERS_DECLARATION' });
});

test('statistics', () => {
  const host = testHost();
  const module = load(statistics, host, { variable: ['mystat', 'other/no_reset'] });
  const ctx = context(host);
  for (const [amount, value] of [
    ['+1', 1],
    ['+5', 6],
    ['-2', 4],
    ['7', 11],
  ] as const) {
    assert.equal(module.call(ctx, 'update_stat', 'mystat', amount), 1);
    assert.equal(host.statistics.read('mystat'), value);
  }
  assert.equal(module.call(ctx, 'update_stat', 'mystat', 'x'), -1);
  assert.equal(module.call(ctx, 'update_stat', 'nope', '+1'), -1);
  assert.equal(module.call(ctx, 'reset_stat', 'mystat'), 1);
  assert.equal(host.statistics.read('mystat'), 0);
  assert.equal(module.call(ctx, 'reset_stat', 'nope'), -1);
  assert.throws(() => load(statistics, host, { variable: ['/x'] }), { code: 'STATISTICS_DECLARATION' });
});
