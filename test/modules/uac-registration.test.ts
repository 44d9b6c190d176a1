import assert from 'node:assert/strict';
import { test } from 'node:test';
import { registrationStatistics } from '../../src/modules/uac/reg-counters.ts';
import { registrationFunctions } from '../../src/modules/uac/reg-functions.ts';
import { readRegistrationSettings } from '../../src/modules/uac/reg-settings.ts';
import type { RegistrationHolder } from '../../src/modules/uac/registration.ts';
import { type AnyModule, defineModule, ModuleError } from '../../src/script/module-definition.ts';
import { ROUTE_ANY } from '../../src/script/values.ts';
import { fakeRegistration, parameters, row } from './registration-support.ts';
import { cell, context, load, type TestHost, testHost } from './support.ts';

function moduleOf(holder: RegistrationHolder): AnyModule {
  return defineModule<RegistrationHolder>({
    name: 'uac',
    after: [],
    parameters: [],
    functions: registrationFunctions,
    variables: [],
    transformations: [],
    eventRoutes: [],
    create: () => holder,
  });
}

async function world(params: Readonly<Record<string, number | string>> = {}, host = testHost()) {
  const rows = [
    row('u1', { localUser: 'alice' }),
    row('u2', { localUser: 'alice', localDomain: 'other.dom' }),
    row('Grün', { localUser: 'g' }),
  ];
  const made = await fakeRegistration(host, rows, params);
  const module = load(moduleOf(made.holder), host);
  const ctx = context(host);
  return { ...made, host, call: (name: string, ...args: unknown[]) => module.call(ctx, name, ...args), ctx };
}

/** UTF-8 as a script has it. */
function bytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

function target(host: TestHost, text = '$var(x)') {
  return cell(host.variables, text);
}

test('uac_reg_lookup: the local address of an account', async () => {
  const { host, call } = await world();
  assert.equal(call('uac_reg_lookup', 'u1', target(host)), 1);
  assert.equal(host.variables.get('$var(x)'), 'sip:alice@l.dom');
  assert.equal(call('uac_reg_lookup', bytes('Grün'), target(host)), 1);
  assert.equal(call('uac_reg_lookup', 'U1', target(host)), -1);
  assert.equal(call('uac_reg_lookup', 'u1', { ...target(host), set: null }), -1);
  assert.ok(host.log.codes.includes('UAC_REG_READ_ONLY'));
});

test('uac_reg_lookup_uri: the uuid of a local address', async () => {
  const { host, call } = await world();
  assert.equal(call('uac_reg_lookup_uri', 'sip:alice@anywhere.example', target(host)), 1);
  assert.equal(host.variables.get('$var(x)'), 'u1');
  assert.equal(call('uac_reg_lookup_uri', 'sip:nobody@l.dom', target(host)), -1);
  assert.equal(call('uac_reg_lookup_uri', 'alice', target(host)), -2);
  const byDomain = await world({ reg_use_domain: 1 });
  assert.equal(byDomain.call('uac_reg_lookup_uri', 'sip:alice@other.dom', target(byDomain.host)), 1);
  assert.equal(byDomain.host.variables.get('$var(x)'), 'u2');
  assert.equal(byDomain.call('uac_reg_lookup_uri', 'sip:alice@anywhere.example', target(byDomain.host)), -1);
});

test('uac_reg_status: online before ongoing before disabled', async () => {
  const { engine, call } = await world();
  for (const [over, code] of [
    [{ online: true, flags: 4 | 2 }, 1],
    [{ online: false, flags: 2 | 1 }, -2],
    [{ flags: 1 | 16 }, -3],
    [{ flags: 16 }, -99],
  ] as const) {
    engine.set('u1', over);
    assert.equal(call('uac_reg_status', 'u1'), code);
  }
  assert.equal(call('uac_reg_status', 'nobody'), -1);
});

test('uac_reg_enable, uac_reg_disable: attributes and codes', async () => {
  const { engine, call } = await world();
  assert.equal(call('uac_reg_enable', 'l_uuid', 'u1'), 1);
  assert.equal(call('uac_reg_disable', 'auth_username', 'a-u2'), 1);
  assert.deepEqual(engine.calls.slice(-2), ['enable u1', 'disable u2']);
  assert.equal(call('uac_reg_enable', 'l_uuid', 'nobody'), -2);
  assert.equal(call('uac_reg_disable', 'l_domain', 'l.dom'), -3);
  assert.equal(call('uac_reg_enable', 'L_UUID', 'u1'), -3);
  assert.equal(call('uac_reg_enable', '', 'u1'), -1);
  assert.equal(call('uac_reg_enable', 'l_uuid', ''), -1);
});

test('uac_reg_send_register, uac_reg_send_unregister', async () => {
  const { engine, call } = await world();
  assert.equal(call('uac_reg_send_register', 'l_username', 'alice'), 1);
  assert.equal(call('uac_reg_send_unregister', 'r_username', 'r-u2'), 1);
  assert.deepEqual(engine.calls.slice(-2), ['register u1', 'unregister u2']);
  assert.equal(call('uac_reg_send_register', 'l_uuid', 'nobody'), -1);
  assert.equal(call('uac_reg_send_unregister', 'colour', 'red'), -1);
});

test('uac_reg_refresh: one row again', async () => {
  const { engine, store, call, host } = await world();
  assert.equal(await call('uac_reg_refresh', 'u1'), 1);
  assert.ok(engine.calls.includes('refresh u1'));
  assert.equal(await call('uac_reg_refresh', 'nobody'), -1);
  store.rows = [row('u1', { authPassword: '' })];
  // As in the original: the row is bad, the account stays what it was.
  assert.equal(await call('uac_reg_refresh', 'u1'), 1);
  assert.ok(host.log.codes.includes('UAC_REG_NO_SECRET'));
  store.failure = new Error('driver says topsecret');
  assert.equal(await call('uac_reg_refresh', 'u1'), -1);
  assert.ok(host.log.codes.includes('UAC_REG_DATABASE'));
  assert.doesNotMatch(host.log.lines.join('\n'), /topsecret/);
});

test('without reg_db_url every function fails with a line', () => {
  const host = testHost();
  const module = load(moduleOf({ host, registration: null }), host);
  const ctx = context(host);
  for (const { name, args } of registrationFunctions) {
    if (name === 'uac_reg_refresh') continue;
    const values = args.map((kind) => (kind === 'var' ? target(host) : 'l_uuid'));
    assert.equal(module.call(ctx, name, ...values), -1, name);
  }
  assert.deepEqual(new Set(host.log.codes), new Set(['UAC_REG_NOT_ENABLED']));
});

test('functions may be called in every route', () => {
  for (const { name, routes } of registrationFunctions) assert.equal(routes, ROUTE_ANY, name);
});

test('statistics are counted from the accounts', async () => {
  const { engine, holder, host } = await world();
  registrationStatistics(host.statistics, () => holder.registration);
  engine.set('u1', { state: 'registered', online: true });
  engine.set('u2', { state: 'disabled' });
  const read = (name: string) => host.statistics.read(`uac.${name}`);
  assert.equal(read('regtotal'), 3);
  assert.equal(read('regactive'), 1);
  assert.equal(read('regdisabled'), 1);
  assert.equal(read('reg_state_waiting'), 1);
  assert.equal(read('reg_result_ok'), 3);
  assert.equal(read('reg_result_interval_too_brief'), 0);
  assert.equal(read('reg_sent'), 7);
  assert.equal(read('reg_flows_lost'), 2);
  assert.equal(read('reg_db_ok'), 1);
});

function refusal(params: Readonly<Record<string, number | string>>): string {
  try {
    readRegistrationSettings(parameters({ reg_db_url: '', reg_contact_addr: 'h', ...params }));
  } catch (error) {
    assert.ok(error instanceof ModuleError);
    assert.doesNotMatch(error.message, /topsecret/);
    return `${error.code} ${error.parameter}`;
  }
  return '';
}

test('parameters that cannot be are refused', () => {
  assert.equal(refusal({}), '');
  assert.equal(refusal({ reg_contact_addr: ' ' }), 'UAC_NEEDS_CONTACT reg_contact_addr');
  assert.equal(refusal({ reg_db_table: 'a; DROP TABLE b' }), 'STORAGE_TABLE_NAME reg_db_table');
  assert.equal(refusal({ reg_db_url: 'oracle://u:topsecret@h/d' }), 'STORAGE_URL reg_db_url');
  assert.equal(refusal({ reg_timer_interval: -1 }), 'UAC_REG_BAD_PARAMETER reg_timer_interval');
  assert.equal(refusal({ reg_contact_addr: 'sip:1.2.3.4' }), 'UAC_REG_BAD_PARAMETER reg_contact_addr');
  assert.equal(refusal({ reg_outbound: 1 }), 'UAC_REG_BAD_PARAMETER reg_outbound');
  assert.equal(refusal({ reg_instance: 'a b' }), 'UAC_REG_BAD_PARAMETER reg_instance');
  assert.equal(refusal({ reg_outbound: 1, reg_instance: 'urn:uuid:0' }), '');
  assert.equal(refusal({ reg_unregister: 'sometimes' }), 'UAC_REG_BAD_PARAMETER reg_unregister');
  assert.equal(refusal({ reg_unregister: 'none,stop' }), 'UAC_REG_BAD_PARAMETER reg_unregister');
});

test('reg_unregister and reg_retry_interval', () => {
  const read = (params: Readonly<Record<string, number | string>>) =>
    readRegistrationSettings(parameters({ reg_db_url: '', reg_contact_addr: 'h', ...params }));
  assert.deepEqual(read({})?.unregister, { disable: true, remove: true, stop: false });
  assert.deepEqual(read({ reg_unregister: 'none' })?.unregister, { disable: false, remove: false, stop: false });
  assert.deepEqual(read({ reg_unregister: 'all' })?.unregister, { disable: true, remove: true, stop: true });
  assert.deepEqual(read({ reg_unregister: 'stop' })?.unregister, { disable: false, remove: false, stop: true });
  assert.equal(read({})?.retryInterval, null);
  assert.equal(read({ reg_retry_interval: 0 })?.retryInterval, 0);
  assert.equal(readRegistrationSettings(parameters({ reg_contact_addr: 'h' })), null);
});
