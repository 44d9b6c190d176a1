import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kex } from '../../src/modules/kex.ts';
import { Target } from '../../src/proxy/target.ts';
import { cell, context, load, testHost } from './support.ts';

const host = testHost({ myself: ['my.example.org'], settings: { maxBranches: 12 } });
const module = load(kex, host);

test('branch flags of the main target and of added branches', () => {
  const ctx = context(host);
  assert.equal(module.call(ctx, 'setbflag', 3), 1);
  assert.equal(module.call(ctx, 'setbflag', 31), 1);
  assert.equal(ctx.target.flags, 0x80000008);
  assert.equal(module.call(ctx, 'isbflagset', 3), 1);
  assert.equal(module.call(ctx, 'isbflagset', 4), -1);
  assert.equal(module.call(ctx, 'resetbflag', 3), 1);
  assert.equal(module.call(ctx, 'isbflagset', 3), -1);
  assert.equal(module.call(ctx, 'setbflag', 3, 1), -1);
  assert.equal(module.call(ctx, 'setbflag', 40), -1);
  ctx.state.branches.push(new Target('sip:x@y'));
  assert.equal(module.call(ctx, 'setbflag', 3, 1), 1);
  assert.equal(module.call(ctx, 'isbflagset', 3, 1), 1);
  assert.equal(module.call(ctx, 'isbflagset', 3, 0), -1);
});

test('script flags', () => {
  const ctx = context(host);
  assert.equal(module.call(ctx, 'setsflag', 2), 1);
  assert.equal(module.call(ctx, 'issflagset', 2), 1);
  assert.equal(module.call(ctx, 'resetsflag', 2), 1);
  assert.equal(module.call(ctx, 'issflagset', 2), -1);
  assert.equal(module.call(ctx, 'issflagset', 40), -1);
});

test('next hop', () => {
  const ctx = context(host);
  assert.equal(module.call(ctx, 'isdsturiset'), -1);
  assert.equal(module.call(ctx, 'setdsturi', 'sip:1.1.1.1'), 1);
  assert.equal(ctx.target.dstUri, 'sip:1.1.1.1');
  assert.equal(module.call(ctx, 'isdsturiset'), 1);
  assert.equal(module.call(ctx, 'resetdsturi'), 1);
  assert.equal(module.call(ctx, 'isdsturiset'), -1);
  assert.equal(module.call(ctx, 'setdsturi', 'no uri'), -1);
});

test('is_myself compares a port only where the URI has one', () => {
  const ctx = context(host);
  for (const [text, code] of [
    ['sip:a@127.0.0.1', 1],
    ['sip:a@127.0.0.1:5060', 1],
    ['sip:a@127.0.0.1:5999', -1],
    ['127.0.0.1', 1],
    ['my.example.org', 1],
    ['zz', -1],
    ['tel:+1', -1],
    ['sip:', -1],
    ['<null>', -1],
    ['', -1],
  ] as const) {
    assert.equal(module.call(ctx, 'is_myself', text), code, text);
  }
  assert.equal(module.call(ctx, 'is_myhost', '127.0.0.1'), 1);
  assert.equal(module.call(ctx, 'is_myhost', 'other'), -1);
});

test('pv_printf writes a text to a variable', () => {
  const ctx = context(host);
  const variable = cell(host.variables, '$var(x)');
  assert.equal(module.call(ctx, 'pv_printf', variable, 'a INVITE'), 1);
  assert.equal(variable.get(ctx), 'a INVITE');
  assert.equal(module.call(ctx, 'avp_printf', { ...variable, set: null }, 'x'), -1);
});

test('setdebug and resetdebug', () => {
  const ctx = context(host);
  assert.equal(module.call(ctx, 'setdebug', 3), 1);
  assert.equal(host.log.level, 3);
  assert.equal(module.call(ctx, 'resetdebug'), 1);
  assert.equal(host.log.level, 2);
});

test('km_append_branch and $sruid', () => {
  const ctx = context(host);
  assert.equal(module.call(ctx, 'km_append_branch', 'sip:n@h'), 1);
  assert.equal(ctx.state.branches[0]?.uri, 'sip:n@h');
  const id = module.read(ctx, 'sruid');
  assert.match(String(id), /^srid-[0-9a-f]+-[0-9a-f]+-[0-9a-f]+$/);
  assert.notEqual(module.read(ctx, 'sruid'), id);
});
