import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Sources } from '../../src/modules/pike/sources.ts';
import { pike } from '../../src/modules/pike.ts';
import { RpcArguments } from '../../src/rpc/method.ts';
import { RpcStruct } from '../../src/rpc/value.ts';
import { context, load, testHost } from './support.ts';

describe('requests counted by source', () => {
  const limits = { density: 4, latency: 10_000, most: 100 };

  it('blocks who sends more than it may, from the second unit on by the exact number', () => {
    const sources = new Sources(limits);
    const codes = Array.from({ length: 14 }, () => sources.hit('a', 0));
    assert.deepEqual(codes, [...Array.from({ length: 12 }, () => 1), -2, -1]);
    const known = new Sources(limits);
    known.hit('a', 0);
    known.tick(1);
    assert.deepEqual(
      Array.from({ length: 6 }, () => known.hit('a', 2)),
      [1, 1, 1, 1, -2, -1],
    );
  });

  it('frees it after a unit in which it kept still, and forgets it later', () => {
    const sources = new Sources(limits);
    for (let n = 0; n < 20; n++) sources.hit('a', 0);
    assert.deepEqual(sources.tick(2_000), [], 'it was busy in the unit that ended');
    assert.equal(sources.hit('a', 2_001), -1);
    assert.deepEqual(sources.tick(4_000), ['a']);
    assert.equal(sources.hit('a', 4_001), 1);
    sources.tick(6_000);
    assert.equal(sources.size, 1);
    sources.tick(14_100);
    assert.equal(sources.size, 0);
  });

  it('never keeps more than it may, and blocked ones longest', () => {
    const sources = new Sources(limits);
    for (let n = 0; n < 13; n++) sources.hit('bad', 0);
    for (let n = 0; n < 1_000; n++) sources.hit(`source ${n}`, 0);
    assert.equal(sources.size, 100);
    assert.equal(sources.hit('bad', 0), -1);
  });
});

describe('pike', () => {
  it('checks the source of a request, or an address', () => {
    const host = testHost();
    const { call, instance } = load(pike, host, { reqs_density_per_unit: 2, sampling_time_unit: 2 });
    const ctx = context(host);
    for (let n = 0; n < 6; n++) assert.equal(call(ctx, 'pike_check_req'), 1);
    assert.equal(call(ctx, 'pike_check_req'), -2);
    assert.equal(call(ctx, 'pike_check_ip', '192.0.2.7'), -1);
    assert.equal(call(ctx, 'pike_check_ip', '[2001:DB8::1]'), 1);
    assert.equal(call(ctx, 'pike_check_ip', 'nonsense'), -1);
    assert.ok(host.log.codes.includes('PIKE_BAD_ADDRESS'));
    assert.ok(host.log.lines.includes('PIKE - BLOCKing ip 192.0.2.7'));
    const top = pike.definition.rpc?.find(({ name }) => name === 'pike.top');
    const shown = top?.run(instance, new RpcArguments([]));
    assert.ok(shown instanceof RpcStruct);
    assert.deepEqual(
      shown.members.map(([name]) => name),
      ['max_hits', 'list', 'number_of_rows'],
    );
    assert.equal(new Map(shown.members).get('number_of_rows'), 1);
    assert.throws(() => top?.run(instance, new RpcArguments([{ kind: 'string', value: 'x' }])), /Bad argument/);
    host.clock.advance(2_000);
    host.clock.advance(2_000);
    assert.ok(host.log.lines.includes('PIKE - UNBLOCKing ip 192.0.2.7'));
    assert.equal(call(ctx, 'pike_check_req'), 1);
    pike.definition.stop?.(instance);
    assert.equal(host.wheel.size, 0);
  });

  it('refuses limits below 1', () => {
    assert.throws(() => load(pike, testHost(), { reqs_density_per_unit: 0 }), { code: 'PIKE_LIMIT' });
  });
});
