import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeRegistration, row, StoreFailure } from './registration-support.ts';
import { testHost } from './support.ts';

async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
}

test('a database that is down is tried again with growing pauses, and told once', async () => {
  const host = testHost();
  const { holder, store, engine } = await fakeRegistration(host, [row('u1')], { reload_delta: 0 });
  const { database } = holder.registration;
  host.log.codes.length = 0;
  store.failure = new StoreFailure('STORAGE_UNREACHABLE');
  store.rows = [];
  assert.equal(await database.load(), false);
  assert.deepEqual([database.health.state, database.health.code], ['failing', 'STORAGE_UNREACHABLE']);
  assert.equal(engine.size, 1, 'what is known goes on');
  const before = store.reads;
  const tries: number[] = [];
  for (let second = 1; second <= 130; second++) {
    const reads = store.reads;
    host.clock.advance(1000);
    await settle();
    if (store.reads > reads) tries.push(second);
  }
  assert.equal(store.reads - before, tries.length);
  const pauses = tries.map((at, i) => at - (tries[i - 1] ?? 0));
  assert.ok(pauses[0]! <= 1 && pauses[3]! >= 6 && pauses[3]! <= 8, pauses.join(' '));
  assert.ok(Math.max(...pauses) <= 60, pauses.join(' '));
  assert.deepEqual(host.log.codes, ['STORAGE_UNREACHABLE']);
  store.failure = new StoreFailure('STORAGE_TABLE_VERSION');
  await database.load();
  assert.deepEqual(host.log.codes, ['STORAGE_UNREACHABLE', 'STORAGE_TABLE_VERSION'], 'another reason is told');
  store.failure = null;
  store.rows = [row('u1'), row('u2')];
  assert.equal(await database.load(), true);
  assert.equal(database.health.state, 'ok');
  assert.equal(database.health.failures, 0);
  assert.match(host.log.lines.at(-1) ?? '', /read again: 1 new, 0 changed, 1 as before, 0 removed/);
  const after = store.reads;
  host.clock.advance(600_000);
  await settle();
  assert.equal(store.reads, after, 'no tries without need');
});

test('a database that is lost halfway removes nothing', async () => {
  const host = testHost();
  const { holder, store, engine } = await fakeRegistration(host, [row('u1'), row('u2')]);
  store.chunk = 1;
  store.rows = [row('u3'), row('u1')];
  store.failure = new StoreFailure('STORAGE_UNREACHABLE');
  assert.equal(await holder.registration.database.load(), false);
  assert.equal(engine.calls.at(-1), 'abandon');
  assert.deepEqual([...engine.accounts.keys()].sort(), ['u1', 'u2', 'u3']);
});

test('between two chunks others have their turn', async () => {
  const host = testHost();
  const { holder, store, engine } = await fakeRegistration(host);
  store.chunk = 2;
  store.rows = Array.from({ length: 10 }, (_, i) => row(`u${i}`));
  const sizes: number[] = [];
  const done = holder.registration.database.load();
  for (let i = 0; i < 20; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    sizes.push(engine.size);
  }
  await done;
  assert.ok(new Set(sizes).size >= 4, sizes.join(' '));
});

test('a reload during a load reads once more', async () => {
  const host = testHost();
  const { holder, store, engine } = await fakeRegistration(host, [row('u1')]);
  const { database } = holder.registration;
  const first = database.load();
  store.rows = [row('u1'), row('late')];
  const second = database.load();
  const third = database.load();
  assert.deepEqual(await Promise.all([first, second, third]), [true, true, true]);
  assert.equal(store.reads, 3, 'the start, the load, and one for both that came meanwhile');
  assert.ok(engine.accounts.has('late'));
});

test('rows that cannot be accounts are named, many of them counted', async () => {
  const host = testHost();
  const bad = Array.from({ length: 25 }, (_, i) => row(`bad${i}`, { authPassword: '' }));
  const { holder, engine } = await fakeRegistration(host, [row('u1'), ...bad]);
  assert.equal(engine.size, 1);
  assert.equal(host.log.codes.filter((code) => code === 'UAC_REG_NO_SECRET').length, 10);
  assert.ok(host.log.lines.includes('15 more rows of table uacreg of memory are no accounts'));
  assert.equal(holder.registration.database.health.summary?.problems, 25);
});

test('drain: bindings are removed where reg_unregister says so', async () => {
  for (const [mode, unregister] of [
    ['all', true],
    ['disable,remove', false],
  ] as const) {
    const host = testHost();
    const { holder, store, engine } = await fakeRegistration(host, [row('u1')], { reg_unregister: mode });
    await holder.registration.drain(2000);
    assert.equal(engine.calls.at(-1), `stop ${unregister} 2000`);
    assert.equal(store.closed, true);
    holder.registration.stop();
    await settle();
    assert.equal(engine.calls.filter((call) => call.startsWith('stop')).length, 1);
    assert.equal(await holder.registration.database.load(), false);
  }
});

test('a program with the same settings goes on with the registrations of the one before', async () => {
  const host = testHost();
  const old = await fakeRegistration(host, [row('u1')]);
  const next = await fakeRegistration(host, [], { reg_show_secrets: 1, reload_delta: 5 });
  assert.equal(next.holder.registration.engine, old.engine);
  const other = await fakeRegistration(host, [], { reg_contact_addr: '192.0.2.1:5060' });
  assert.notEqual(other.holder.registration.engine, old.engine);
  const moved = await fakeRegistration(host, [], { default_socket: 'udp:192.0.2.1:5060' });
  assert.notEqual(moved.holder.registration.engine, old.engine);
  moved.holder.registration.stop();
  old.holder.registration.stop();
  assert.equal(old.store.closed, false);
  next.holder.registration.stop();
  await settle();
  assert.equal(old.store.closed, true);
  other.holder.registration.stop();
});
