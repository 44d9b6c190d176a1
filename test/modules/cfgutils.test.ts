import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { cfgutils } from '../../src/modules/cfgutils.ts';
import { EXIT, type ScriptContext } from '../../src/script/context.ts';
import { context, load, testHost } from './support.ts';

const host = testHost({ settings: { maxRecursiveLevel: 3 } });
const module = load(cfgutils, host);

function call(ctx: ScriptContext, name: string, ...args: unknown[]): number | Promise<number> {
  return module.call(ctx, name, ...args);
}

test('chance', () => {
  const ctx = context(host);
  assert.equal(call(ctx, 'rand_get_prob'), 10);
  assert.equal(call(ctx, 'rand_set_prob', 0), 1);
  assert.equal(call(ctx, 'rand_event'), -1);
  assert.equal(call(ctx, 'rand_set_prob', 100), 1);
  assert.equal(call(ctx, 'rand_event'), 1);
  assert.equal(call(ctx, 'rand_set_prob', 101), -1);
  assert.equal(call(ctx, 'rand_get_prob'), 100);
  assert.equal(call(ctx, 'rand_reset_prob'), 1);
  assert.equal(call(ctx, 'rand_get_prob'), 10);
  const value = module.read(ctx, 'RANDOM');
  assert.ok(typeof value === 'number' && value >= 0 && value <= 0x7fffffff);
  assert.throws(() => load(cfgutils, host, { initial_probability: 200 }), { code: 'CFGUTILS_PROBABILITY' });
});

test('waiting does not block', async () => {
  const ctx = context(host);
  assert.equal(call(ctx, 'sleep', 0), 1);
  const done: string[] = [];
  const sleep = Promise.resolve(call(ctx, 'sleep', 2)).then((code) => done.push(`sleep ${code}`));
  const usleep = Promise.resolve(call(ctx, 'usleep', 500_000)).then((code) => done.push(`usleep ${code}`));
  host.clock.advance(600);
  await usleep;
  assert.deepEqual(done, ['usleep 1']);
  host.clock.advance(1500);
  await sleep;
  assert.deepEqual(done, ['usleep 1', 'sleep 1']);
  assert.equal(call(ctx, 'sleep', Number.NaN), -1);
});

test('global flags', () => {
  const ctx = context(host);
  assert.equal(call(ctx, 'is_gflag', 3), -1);
  assert.equal(call(ctx, 'set_gflag', 3), 1);
  assert.equal(call(ctx, 'is_gflag', 3), 1);
  assert.equal(call(ctx, 'reset_gflag', 3), 1);
  assert.equal(call(ctx, 'is_gflag', 3), -1);
  assert.equal(call(ctx, 'set_gflag', 32), -1);
  assert.equal(load(cfgutils, host, { initial_gflags: 6 }).call(ctx, 'is_gflag', 2), 1);
});

test('locks pass in order', async () => {
  const [a, b, c] = [context(host), context(host), context(host)];
  assert.equal(call(a, 'lock', 'k'), 1);
  assert.equal(call(a, 'lock', 'k'), 1);
  assert.equal(call(b, 'trylock', 'k'), -1);
  const order: string[] = [];
  const second = Promise.resolve(call(b, 'lock', 'k')).then(() => order.push('b'));
  const third = Promise.resolve(call(c, 'lock', 'k')).then(() => order.push('c'));
  assert.equal(call(a, 'unlock', 'k'), 1);
  await Promise.resolve();
  assert.deepEqual(order, []);
  assert.equal(call(a, 'unlock', 'k'), 1);
  await second;
  assert.deepEqual(order, ['b']);
  assert.equal(call(b, 'unlock', 'k'), 1);
  await third;
  assert.deepEqual(order, ['b', 'c']);
  assert.equal(call(c, 'unlock', 'k'), 1);
  assert.equal(call(c, 'unlock', 'k'), 1);
  assert.equal(call(a, 'trylock', 'k'), 1);
  assert.equal(call(a, 'trylock', 'k'), -1);
  assert.equal(call(a, 'unlock', 'k'), 1);
});

test('a lock that nobody gives back is taken over', async () => {
  const [a, b] = [context(host), context(host)];
  assert.equal(call(a, 'lock', 'lost'), 1);
  const waiting = Promise.resolve(call(b, 'lock', 'lost'));
  host.clock.advance(31_000);
  assert.equal(await waiting, 1);
  assert.equal(host.log.codes.at(-1), 'CFGUTILS_LOCK_TIMEOUT');
  assert.equal(call(b, 'unlock', 'lost'), 1);
});

test('routes by name', async () => {
  const ctx = context(host);
  host.routes.set('RR', () => 7);
  host.routes.set('LATER', () => Promise.resolve(-5));
  host.routes.set('END', (inner) => {
    inner.stop = EXIT;
    return 1;
  });
  host.routes.set('LOOP', (inner) => call(inner, 'route_if_exists', 'LOOP'));
  assert.equal(call(ctx, 'check_route_exists', 'RR'), 1);
  assert.equal(call(ctx, 'check_route_exists', 'zz'), -1);
  assert.equal(call(ctx, 'route_if_exists', 'RR'), 7);
  assert.equal(call(ctx, 'route_if_exists', 'zz'), -1);
  assert.equal(await call(ctx, 'route_if_exists', 'LATER'), -5);
  assert.equal(call(ctx, 'route_if_exists', 'LOOP'), -1);
  assert.equal(host.log.codes.at(-1), 'CFGUTILS_RECURSION');
  assert.equal(ctx.depth, 0);
  assert.equal(call(ctx, 'route_if_exists', 'END'), 0);
  assert.equal(ctx.stop, EXIT);
});

test('core_hash gives the original values', () => {
  const ctx = context(host);
  for (const [a, b, bits, code] of [
    ['', '', 30, 1],
    ['a', '', 30, 110],
    ['ab', '', 30, 27999],
    ['abc', '', 30, 7167811],
    ['abcd', '', 30, 761218073],
    ['abcde', '', 30, 761218178],
    ['alice@example.com', '', 30, 772934614],
    ['abcd', 'efghij', 30, 389733491],
    ['abc', 'def', 31, 14047602],
    ['abc', 'def', 16, 22898],
    ['abc', '', 4, 3],
    ['alice', '', 0, 2],
  ] as const) {
    assert.equal(call(ctx, 'core_hash', a, b, bits), code, `${a} ${b} ${bits}`);
  }
});

test('memory reports', () => {
  const ctx = context(host);
  for (const name of ['pkg_status', 'pkg_summary', 'shm_status', 'shm_summary']) assert.equal(call(ctx, name), 1);
});

test('abort ends the process', () => {
  const script = `
    import { cfgutils } from './src/modules/cfgutils.ts';
    const abort = cfgutils.definition.functions.find(({ name }) => name === 'abort');
    abort.bind({ host: { log: { write: (...line) => console.log(line.join(' ')) } } })({});
  `;
  const { signal, stdout } = spawnSync(
    '/bin/sh',
    ['-c', 'ulimit -c 0; exec "$0" --input-type=module -e "$1"', process.execPath, script],
    {
      encoding: 'utf8',
      timeout: 20_000,
    },
  );
  assert.equal(signal, 'SIGABRT');
  assert.match(stdout, /CFGUTILS_ABORT/);
});
