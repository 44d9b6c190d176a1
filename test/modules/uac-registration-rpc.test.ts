import assert from 'node:assert/strict';
import { test } from 'node:test';
import { registrationCommands } from '../../src/modules/uac/reg-rpc.ts';
import type { RegistrationHolder } from '../../src/modules/uac/registration.ts';
import { type RpcArgument, RpcArguments, RpcFault } from '../../src/rpc/method.ts';
import { RpcArray, type RpcResult, RpcSeveral, RpcStruct, type RpcValue } from '../../src/rpc/value.ts';
import { fakeRegistration, row, StoreFailure } from './registration-support.ts';
import { testHost } from './support.ts';

type Given = string | number | { readonly double: number };

function argument(given: Given): RpcArgument {
  if (typeof given === 'string') return { kind: 'string', value: given };
  return typeof given === 'number' ? { kind: 'int', value: given } : { kind: 'double', value: given.double };
}

async function call(holder: RegistrationHolder, name: string, ...given: Given[]): Promise<RpcResult> {
  const command = registrationCommands.find((one) => one.name === `uac.${name}`);
  assert.ok(command, name);
  return command.run(holder, new RpcArguments(given.map(argument)));
}

/** `code text` of the fault, or what came instead. */
async function fault(holder: RegistrationHolder, name: string, ...given: Given[]): Promise<string> {
  try {
    return `no fault: ${JSON.stringify(await call(holder, name, ...given))}`;
  } catch (error) {
    assert.ok(error instanceof RpcFault, String(error));
    return `${error.code} ${error.message}`;
  }
}

function plain(value: RpcValue): unknown {
  if (value instanceof RpcStruct) return Object.fromEntries(value.members.map(([name, one]) => [name, plain(one)]));
  if (value instanceof RpcArray) return value.items.map(plain);
  return value;
}

function structOf(result: RpcResult): Record<string, unknown> {
  assert.ok(result instanceof RpcStruct);
  return plain(result) as Record<string, unknown>;
}

async function world(params: Readonly<Record<string, number | string>> = {}) {
  const host = testHost();
  const rows = [
    row('u1', { realm: '', contactUser: 'trunk' }),
    row('12345', {
      authHa1: '0123456789abcdef0123456789abcdef',
      authPassword: '',
      delay: 3,
      socket: 'udp:127.0.0.1:5060',
    }),
  ];
  return { host, ...(await fakeRegistration(host, rows, params)) };
}

/** Kamailio's fields in Kamailio's order. */
const FIELDS = [
  'l_uuid',
  'l_username',
  'l_domain',
  'r_username',
  'r_domain',
  'realm',
  'auth_username',
  'auth_password',
  'auth_ha1',
  'auth_proxy',
  'expires',
  'flags',
  'diff_expires',
  'timer_expires',
  'reg_init',
  'reg_delay',
  'contact_addr',
  'socket',
  'contact_user',
];

test('without reg_db_url every command says that it is not enabled', async () => {
  const holder = { host: testHost(), registration: null };
  for (const { name } of registrationCommands)
    assert.equal(await fault(holder, name.replace('uac.', ''), 'l_uuid', 'u1'), '500 Not enabled', name);
});

test('reg_rpc_fields kamailio: the original’s fields and no others', async () => {
  const { holder } = await world({ reg_rpc_fields: 'kamailio' });
  const [first] = [...((await call(holder, 'reg_dump')) as RpcSeveral).values] as RpcStruct[];
  for (const record of [first, await call(holder, 'reg_info', 'l_uuid', 'u1')])
    assert.deepEqual(record instanceof RpcStruct && record.members.map(([name]) => name), FIELDS);
  await assert.rejects(world({ reg_rpc_fields: 'some' }), /UAC_REG_BAD_PARAMETER|reg_rpc_fields/);
  await assert.rejects(world({ reg_callid_seed: 'short' }), /UAC_REG_BAD_PARAMETER|reg_callid_seed/);
});

test('uac.reg_info: the original’s fields first, in its order and types', async () => {
  const { holder, engine, host } = await world();
  const now = Math.floor(host.clock.wall() / 1000);
  engine.set('u1', {
    state: 'registered',
    online: true,
    flags: 20,
    timerExpires: now + 17,
    loadedAt: now - 3,
    granted: 20,
  });
  const result = await call(holder, 'reg_info', 'l_uuid', 'u1');
  assert.ok(result instanceof RpcStruct);
  assert.deepEqual(
    result.members.slice(0, FIELDS.length).map(([name]) => name),
    FIELDS,
  );
  const record = structOf(result);
  assert.deepEqual(Object.values(record).slice(0, FIELDS.length), [
    'u1',
    'l-u1',
    'l.dom',
    'r-u1',
    'r.dom',
    null,
    'a-u1',
    '***',
    'none',
    'sip:127.0.0.1:5090',
    60,
    20,
    17,
    now + 17,
    now - 3,
    0,
    '127.0.0.1:5060',
    null,
    'trunk',
  ]);
  assert.equal(record.state, 'registered');
  assert.equal(record.granted, 20);
});

test('secrets are masked unless they are asked for', async () => {
  const masked = await world();
  const both = [...((await call(masked.holder, 'reg_dump')) as RpcSeveral).values].map(plain);
  assert.doesNotMatch(JSON.stringify(both), /topsecret|0123456789abcdef/);
  const shown = await world({ reg_show_secrets: 1 });
  const u1 = structOf(await call(shown.holder, 'reg_info', 'l_uuid', 'u1'));
  assert.deepEqual([u1.auth_password, u1.auth_ha1], ['topsecret', 'none']);
  const other = structOf(await call(shown.holder, 'reg_info', 'l_uuid', '12345'));
  assert.deepEqual([other.auth_password, other.auth_ha1], ['none', '0123456789abcdef0123456789abcdef']);
});

test('uac.reg_dump draws its records one by one', async () => {
  const { holder, engine } = await world();
  const result = await call(holder, 'reg_dump');
  assert.ok(result instanceof RpcSeveral);
  const values = result.values[Symbol.iterator]();
  assert.equal((plain(values.next().value as RpcValue) as { l_uuid: string }).l_uuid, 'u1');
  engine.remove('12345');
  assert.equal(values.next().done, true);
});

test('accounts are found by four attributes; a number is a value', async () => {
  const { holder, engine } = await world();
  assert.equal(structOf(await call(holder, 'reg_info', 'l_uuid', 12345)).l_uuid, '12345');
  assert.equal(structOf(await call(holder, 'reg_info', 'r_username', 'r-u1')).l_uuid, 'u1');
  for (const name of ['reg_enable', 'reg_disable', 'reg_register', 'reg_unregister']) {
    assert.equal(await call(holder, name, 'auth_username', 'a-u1'), undefined);
    assert.equal(engine.calls.at(-1), `${name.slice(4)} u1`);
  }
});

test('faults of commands that name an account', async () => {
  const { holder } = await world();
  for (const name of ['reg_info', 'reg_enable', 'reg_disable', 'reg_register', 'reg_unregister']) {
    assert.equal(await fault(holder, name), '400 Invalid Parameters');
    assert.equal(await fault(holder, name, 'l_uuid'), '400 Invalid Parameters');
    assert.equal(await fault(holder, name, 1, 'u1'), '400 Invalid Parameters');
    assert.equal(await fault(holder, name, 'l_uuid', { double: 1000 }), '400 Invalid Parameters');
    assert.equal(await fault(holder, name, 'l_uuid', ''), '400 Invalid Parameter Values');
    assert.equal(await fault(holder, name, 'l_uuid', 'nope'), '404 Record not found');
    assert.equal(await fault(holder, name, 'l_domain', 'l.dom'), '400 Unsupported filter attribute');
    assert.equal(await fault(holder, name, 'L_UUID', 'u1'), '400 Unsupported filter attribute');
  }
});

test('uac.reg_reload: differences, a limit, and what failed', async () => {
  const { holder, engine, store, host } = await world();
  assert.equal(await call(holder, 'reg_reload'), undefined);
  assert.equal(store.reads, 2);
  assert.equal(await fault(holder, 'reg_reload'), '500 Failed to shift records - check log messages');
  assert.equal(store.reads, 2);
  host.clock.advance(30_001);
  store.failure = new StoreFailure('STORAGE_TIMEOUT');
  assert.equal(await fault(holder, 'reg_reload'), '500 Failed to reload records - check log messages');
  assert.equal(engine.size, 2);
  store.failure = null;
  // One that failed does not count.
  assert.equal(await call(holder, 'reg_reload'), undefined);
  const free = await world({ reload_delta: 0 });
  for (let i = 0; i < 3; i++) assert.equal(await call(free.holder, 'reg_reload'), undefined);
});

test('uac.reg_refresh takes a uuid as text', async () => {
  const { holder, engine, store } = await world();
  assert.equal(await call(holder, 'reg_refresh', '12345'), undefined);
  assert.equal(engine.calls.at(-1), 'refresh 12345');
  assert.equal(await fault(holder, 'reg_refresh', 12345), '400 Invalid Parameters');
  assert.equal(await fault(holder, 'reg_refresh'), '400 Invalid Parameters');
  assert.equal(await fault(holder, 'reg_refresh', 'nope'), '404 Record not found');
  store.rows = [row('u1', { authPassword: '' })];
  assert.equal(await fault(holder, 'reg_refresh', 'u1'), '500 Failed to refresh record - no secret');
  store.failure = new StoreFailure('STORAGE_UNREACHABLE');
  assert.equal(await fault(holder, 'reg_refresh', 'u1'), '500 Failed to refresh record - check log messages');
});

test('uac.reg_remove', async () => {
  const { holder, engine } = await world();
  assert.equal(await call(holder, 'reg_remove', 'u1'), undefined);
  assert.equal(engine.size, 1);
  assert.equal(await fault(holder, 'reg_remove', 'u1'), '404 Record not found');
  assert.equal(await fault(holder, 'reg_remove', 12345), '400 Invalid Parameters');
});

const ADD: readonly Given[] = [
  'n1',
  'lu',
  'l.dom',
  'ru',
  'r.dom',
  '.',
  'au',
  'topsecret',
  '.',
  'sip:127.0.0.1:5090',
  60,
  0,
  0,
  '.',
  '.',
];

test('uac.reg_add: 15 or 16 parameters, dots for empty texts', async () => {
  const { holder, engine } = await world();
  assert.equal(await call(holder, 'reg_add', ...ADD), undefined);
  const { row: added } = engine.find('l_uuid', 'n1') ?? assert.fail();
  assert.deepEqual(
    [added.realm, added.authHa1, added.socket, added.contactAddr, added.contactUser],
    ['', '', '', '', ''],
  );
  assert.equal(await call(holder, 'reg_add', 'n2', ...ADD.slice(1), 'me'), undefined);
  assert.equal(engine.find('l_uuid', 'n2')?.row.contactUser, 'me');
  assert.equal(await call(holder, 'reg_add', 'n3', ...ADD.slice(1), '.'), undefined);
  assert.equal(engine.find('l_uuid', 'n3')?.row.contactUser, '');
});

test('faults of uac.reg_add', async () => {
  const { holder, host } = await world();
  const add = (at: number, value: Given) => fault(holder, 'reg_add', ...ADD.map((one, i) => (i === at ? value : one)));
  assert.equal(await fault(holder, 'reg_add', ...ADD.slice(0, 14)), '400 Invalid Parameters');
  assert.equal(await add(0, 5), '400 Invalid Parameters');
  assert.equal(await add(7, 12), '400 Invalid Parameters');
  assert.equal(await add(10, '60'), '400 Invalid Parameters');
  assert.equal(await add(0, 'u1'), '409 uuid already exists');
  assert.equal(await add(7, '.'), '500 Failed to add record - invalid password or ha1');
  assert.equal(await add(0, ''), '500 Failed to add record - check log messages');
  assert.doesNotMatch(host.log.lines.join('\n'), /topsecret/);
});

test('uac.reg_active: old and new mode, the number as it was given', async () => {
  const { holder, engine } = await world();
  assert.deepEqual(structOf(await call(holder, 'reg_active', 0)), { omode: 1, nmode: 0 });
  assert.equal(engine.active, false);
  assert.deepEqual(structOf(await call(holder, 'reg_active', 5)), { omode: 0, nmode: 5 });
  assert.equal(engine.active, true);
  assert.equal(await fault(holder, 'reg_active'), '500 Missing parameter');
  assert.equal(await fault(holder, 'reg_active', '1'), '500 Missing parameter');
});

test('uac.reg_status: states, results, database', async () => {
  const { holder, engine, store } = await world({ reload_delta: 0 });
  engine.set('u1', { state: 'registered', online: true });
  const good = structOf(await call(holder, 'reg_status'));
  assert.deepEqual([good.active, good.total, good.online, good.sent], [1, 2, 1, 7]);
  const states = good.states as Record<string, number>;
  assert.deepEqual([states.registered, states.waiting, states.faulty], [1, 1, 0]);
  const database = good.database as Record<string, unknown>;
  assert.deepEqual([database.state, database.code, database.added], ['ok', null, 2]);
  assert.deepEqual(good.registrars, [
    { name: 'sip:127.0.0.1:5090', window: 20, outstanding: 2, waiting: 5, flows: 1, watched: 1, lost: 2 },
  ]);
  store.failure = new StoreFailure('STORAGE_UNREACHABLE');
  await fault(holder, 'reg_reload');
  const bad = structOf(await call(holder, 'reg_status')).database as Record<string, unknown>;
  assert.deepEqual([bad.state, bad.code, bad.failures], ['failing', 'STORAGE_UNREACHABLE', 1]);
  assert.ok(Number(bad.next_try) > 0);
});

test('uac.reg_list: pages and filters', async () => {
  const { holder, engine } = await world();
  for (let i = 0; i < 250; i++) engine.add(row(`m${i}`));
  engine.set('m7', { state: 'retrying', failures: 2, lastCode: 503, lastReason: 'Busy' });
  const page = async (...given: Given[]) => {
    const { total, accounts, limit } = structOf(await call(holder, 'reg_list', ...given));
    return { total, limit, names: (accounts as { l_uuid: string }[]).map(({ l_uuid }) => l_uuid) };
  };
  const first = await page();
  assert.deepEqual([first.total, first.limit, first.names.length], [252, 100, 100]);
  assert.deepEqual((await page('all', 250, 10)).names, ['m248', 'm249']);
  assert.deepEqual(await page('retrying'), { total: 1, limit: 100, names: ['m7'] });
  assert.deepEqual(await page('failing', 0, 5), { total: 1, limit: 5, names: ['m7'] });
  assert.equal((await page('all', 0, 99_999)).limit, 1000);
  assert.match(await fault(holder, 'reg_list', 'happy'), /^400 Unknown state/);
  assert.equal(await fault(holder, 'reg_list', 'all', 'x'), '400 Invalid Parameters');
  assert.equal(await fault(holder, 'reg_list', 'all', -1), '400 Invalid Parameters');
});
