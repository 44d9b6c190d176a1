import assert from 'node:assert/strict';
import { test } from 'node:test';
import { uac } from '../../src/modules/uac.ts';
import { defaultProxyOptions } from '../../src/proxy/options.ts';
import type { ProxyCore } from '../../src/proxy/proxy-core.ts';
import { type OwnRoute, RequestState } from '../../src/proxy/request-state.ts';
import { ModuleError } from '../../src/script/module-definition.ts';
import {
  ROUTE_ANY,
  ROUTE_BRANCH,
  ROUTE_BRANCH_FAILURE,
  ROUTE_EVENT,
  ROUTE_FAILURE,
  ROUTE_REQUEST,
} from '../../src/script/values.ts';
import { UAC_ERRORS } from '../../src/uac/errors.ts';
import { encodePair } from '../../src/uac/rr-store.ts';
import { context, forwardedHeaders, HOOKS, load, RECEIVED, request, type TestHost, testHost } from './support.ts';

type Params = Readonly<Record<string, number | string | readonly (string | number)[]>>;

function host(modules: readonly string[] = ['tm', 'rr'], appendFromTag = true): TestHost {
  const base = testHost();
  const options = defaultProxyOptions();
  options.recordRoute = { ...options.recordRoute, appendFromTag };
  const proxy = { ...base.proxy, options, onOwnRoute: () => () => {}, onStatelessReply: () => () => {} } as ProxyCore;
  for (const name of modules) base.modules.set(name, {});
  return { ...base, proxy };
}

function refusal(params: Params, on = host()): string {
  try {
    load(uac, on, params);
  } catch (error) {
    assert.ok(error instanceof ModuleError);
    assert.ok(error.code in UAC_ERRORS);
    assert.doesNotMatch(error.message, /topsecret/);
    return error.code;
  }
  return '';
}

test('start-up conditions', () => {
  for (const [params, code] of [
    [{}, ''],
    [{ restore_mode: 'AUTO' }, ''],
    [{ restore_mode: '' }, ''],
    [{ restore_mode: 'sometimes' }, 'UAC_BAD_RESTORE_MODE'],
    [{ rr_from_store_param: '' }, 'UAC_BAD_STORE_PARAM'],
    [{ rr_to_store_param: 'a b' }, 'UAC_BAD_STORE_PARAM'],
    [{ rr_to_store_param: 'VSF' }, 'UAC_BAD_STORE_PARAM'],
    [{ rr_from_store_param: '', restore_mode: 'none' }, ''],
    [{ auth_username_avp: '$avp(u)' }, 'UAC_AUTH_VARIABLES'],
    [{ auth_username_avp: '$avp(u)', auth_password_avp: '$avp(p)' }, 'UAC_AUTH_VARIABLES'],
    [{ auth_username_avp: '$avp(u)', auth_realm_avp: '$var(r)', auth_password_avp: '$avp(p)' }, ''],
    [{ restore_from_avp: '$var(x)' }, 'UAC_BAD_RESTORE_AVP'],
    [{ restore_to_avp: '$avp(i:5)' }, ''],
    [{ restore_from_avp: '$var(x)', restore_mode: 'none' }, ''],
    [{ restore_dlg: 1 }, 'UAC_NEEDS_DIALOG'],
    [{ restore_dlg: 1, restore_mode: 'manual' }, ''],
    [{ reg_db_url: 'sqlite:///:memory:' }, 'UAC_NEEDS_CONTACT'],
    [{ reg_db_url: '', reg_contact_addr: '' }, 'UAC_NEEDS_CONTACT'],
    [{ reg_db_url: 'sqlite:///:memory:', reg_contact_addr: '1.2.3.4:5060' }, ''],
    [{ default_socket: 'udp:127.0.0.1:5060' }, ''],
    [{ default_socket: 'udp:10.0.0.9:5060' }, 'UAC_BAD_SOCKET'],
    [{ default_socket: '::' }, 'UAC_BAD_SOCKET'],
    [{ credential: ['username:domain:password'] }, ''],
    [{ credential: ['  user : realm : pass:word '] }, ''],
    [{ credential: ['user:topsecret'] }, 'UAC_CREDENTIAL_SYNTAX'],
    [{ credential_destination: ['realm:host', 'realm:[::1]:5060', 'realm:1.2.3.4'] }, ''],
    [{ credential_destination: ['realm'] }, 'UAC_DESTINATION_SYNTAX'],
    [{ credential_destination: ['realm:host:99999'] }, 'UAC_DESTINATION_SYNTAX'],
    [{ credential_destination: ['realm:[zz]'] }, 'UAC_DESTINATION_SYNTAX'],
  ] as const) {
    assert.equal(refusal(params as Params), code, JSON.stringify(params));
  }
});

test('modules that must be there', () => {
  assert.equal(refusal({}, host(['rr'])), 'UAC_NEEDS_TM');
  assert.equal(refusal({ restore_mode: 'none' }, host([])), 'UAC_NEEDS_TM');
  assert.equal(refusal({}, host(['tm'])), 'UAC_NEEDS_RR');
  assert.equal(refusal({ restore_mode: 'none' }, host(['tm'])), '');
  assert.equal(refusal({}, host(['tm', 'rr'], false)), 'UAC_NEEDS_FROMTAG');
  assert.equal(refusal({ restore_mode: 'manual' }, host(['tm', 'rr'], false)), '');
  assert.equal(refusal({ restore_dlg: 1 }, host(['tm', 'rr', 'dialog'], false)), '');
});

test('the example of the original’s documentation', () => {
  const on = host();
  const module = load(uac, on);
  const ctx = context(on);
  assert.equal(module.call(ctx, 'uac_replace_from', 'sip:robin@gotham.org'), 1);
  assert.equal(module.call(ctx, 'uac_replace_to', '', 'sip:joker@gotham.org'), 1);
  const lines = forwardedHeaders(ctx);
  assert.ok(lines.includes('From: "Al" <sip:robin@gotham.org>;tag=f1'), lines.join('\n'));
  assert.ok(lines.includes('To: <sip:joker@gotham.org>'));
  assert.equal(module.call(ctx, 'uac_restore_from'), -1);
});

test('what is not set up says so', () => {
  const on = host();
  const module = load(uac, on);
  assert.equal(module.call(context(on), 'uac_req_send'), -1);
  assert.equal(module.call(context(on), 'uac_reg_status', 'id'), -1);
  assert.deepEqual(on.log.codes, ['UAC_REQ_INCOMPLETE', 'UAC_REG_NOT_ENABLED']);
});

test('route types are the original’s', () => {
  const routes = new Map(uac.definition.functions.map((one) => [`${one.name}/${one.args.length}`, one.routes]));
  const auth = ROUTE_FAILURE | ROUTE_BRANCH_FAILURE | ROUTE_EVENT;
  for (const [key, mask] of [
    ['uac_replace_from/1', ROUTE_REQUEST | ROUTE_BRANCH],
    ['uac_replace_from/2', ROUTE_REQUEST | ROUTE_BRANCH],
    ['uac_replace_to/2', ROUTE_REQUEST | ROUTE_BRANCH],
    ['uac_restore_to/0', ROUTE_REQUEST],
    ['uac_auth/1', auth],
    ['uac_auth_mode/1', auth],
    ['uac_req_send/0', ROUTE_ANY],
    ['uac_reg_request_to/2', ROUTE_REQUEST | ROUTE_FAILURE | ROUTE_BRANCH],
  ] as const)
    assert.equal(routes.get(key), mask, key);
});

test('a request belongs to the program it began with', () => {
  const on = host();
  const listeners: ((state: RequestState, route: OwnRoute) => void)[] = [];
  on.proxy.onOwnRoute = (listener) => {
    listeners.push(listener);
    return () => void listeners.splice(listeners.indexOf(listener), 1);
  };
  const { instance } = load(uac, on);
  const ctx = context(on, request({ method: 'INFO', from: '<sip:a@b.c>;tag=f1', to: '<sip:x@y.z>;tag=t1', body: '' }));
  const value = encodePair('sip:a@b.c', 'sip:n@h.org', '');
  const route = { uri: '', params: `;lr;ftag=f1;vsf=${value}`, upstream: false };
  const foreign = new RequestState(ctx.message, RECEIVED, { ...HOOKS });
  for (const listener of listeners) listener(foreign, route);
  assert.ok(foreign.edits.isEmpty);
  for (const listener of listeners) listener(ctx.state, route);
  assert.ok(forwardedHeaders(ctx).includes('From: <sip:n@h.org>;tag=f1'));
  uac.definition.stop?.(instance);
  assert.equal(listeners.length, 0, 'a program that is gone keeps no listener');
});
