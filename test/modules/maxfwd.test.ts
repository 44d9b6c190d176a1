import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maxfwd } from '../../src/modules/maxfwd.ts';
import { context, forwardedHeaders, load, request, testHost } from './support.ts';

const host = testHost();
const module = load(maxfwd, host);

function maxForwards(ctx: ReturnType<typeof context>): string[] {
  return forwardedHeaders(ctx).filter((line) => line.startsWith('Max-Forwards'));
}

test('a value above zero is decremented, as often as asked', () => {
  const ctx = context(host);
  assert.equal(module.call(ctx, 'mf_process_maxfwd_header', 10), 1);
  assert.deepEqual(maxForwards(ctx), ['Max-Forwards: 69']);
  assert.equal(module.call(ctx, 'maxfwd_process', 10), 1);
  assert.deepEqual(maxForwards(ctx), ['Max-Forwards: 68']);
});

test('a missing header is added', () => {
  const ctx = context(host, request({ maxForwards: null }));
  assert.equal(module.call(ctx, 'is_maxfwd_lt', 5), -2);
  assert.equal(module.call(ctx, 'process_maxfwd', 10), 2);
  assert.deepEqual(maxForwards(ctx), ['Max-Forwards: 10']);
});

test('zero is refused', () => {
  const ctx = context(host, request({ maxForwards: '0' }));
  assert.equal(module.call(ctx, 'mf_process_maxfwd_header', 10), -1);
  assert.deepEqual(maxForwards(ctx), ['Max-Forwards: 0']);
});

test('values above max_limit are capped', () => {
  const ctx = context(host, request({ maxForwards: '200' }));
  assert.equal(module.call(ctx, 'mf_process_maxfwd_header', 10), 1);
  assert.deepEqual(maxForwards(ctx), ['Max-Forwards: 70']);
  assert.equal(load(maxfwd, host, { max_limit: 20 }).call(ctx, 'mf_process_maxfwd_header', 10), 1);
  assert.deepEqual(maxForwards(ctx), ['Max-Forwards: 20']);
});

test('limits are compared with less-than', () => {
  const ctx = context(host);
  assert.equal(module.call(ctx, 'is_maxfwd_lt', 70), -1);
  assert.equal(module.call(ctx, 'mf_lowlimit', 71), 1);
  assert.equal(module.call(ctx, 'maxfwd_at_least', 70), -1);
});

test('a senseless argument is an error', () => {
  assert.equal(module.call(context(host), 'mf_process_maxfwd_header', Number.NaN), -2);
  assert.equal(host.log.codes.at(-1), 'MAXFWD_BAD_VALUE');
});
