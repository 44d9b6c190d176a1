import assert from 'node:assert/strict';
import { test } from 'node:test';
import { check } from '../../scripts/docs/probe.ts';
import { uac } from '../../src/modules/uac.ts';
import type { ProxyCore } from '../../src/proxy/proxy-core.ts';
import { context, load, type TestHost, testHost } from '../modules/support.ts';

/** Every parameter of the module's documentation, with a value of the kind that it shows, and those of our own. */
const PARAMETERS: Readonly<Record<string, string | number>> = {
  rr_from_store_param: 'my_Fparam',
  rr_to_store_param: 'my_Tparam',
  restore_mode: 'auto',
  restore_dlg: 0,
  restore_passwd: 'my_secret_passwd',
  restore_from_avp: '$avp(original_uri_from)',
  restore_to_avp: '$avp(original_uri_to)',
  credential: 'username:domain:password',
  auth_realm_avp: '$avp(i:10)',
  auth_username_avp: '$avp(i:11)',
  auth_password_avp: '$avp(i:12)',
  reg_db_url: 'mysql://kamailio:kamailiorw@localhost/kamailio',
  reg_timer_interval: 60,
  reg_retry_interval: 300,
  reg_random_delay: 60,
  reg_db_table: 'uacreg',
  reg_contact_addr: '192.168.1.2:5080',
  reg_keep_callid: 1,
  reg_active: 1,
  reg_gc_interval: 60,
  reg_hash_size: 8,
  reg_use_domain: 1,
  default_socket: 'udp:127.0.0.1:5060',
  event_callback: 'ksr_uac_event',
  reload_delta: 1,
  reg_rate: 50,
  reg_unregister: 'all',
  reg_show_secrets: 1,
  reg_outbound: 1,
  reg_instance: 'urn:uuid:00000000-0000-1000-8000-0000000A95A0',
  reg_path: 1,
  reg_keepalive: 30,
  reg_keepalive_options: 1,
  reg_learn_contact: 1,
  reg_db_retry: 30,
  reg_callid_seed: 'a seed of this server',
  reg_rpc_fields: 'kamailio',
  reg_algorithms: 'SHA-256,MD5',
  auth_algorithms: 'SHA-256',
  credential_destination: 'domain:carrier.example:5060',
  cseq_update: 1,
  restore_store: 'sealed',
  rr_cseq_store_param: 'my_csd',
  rr_from_display_param: 'my_vsd',
  rr_to_display_param: 'my_vtd',
};

/** Functions of the request generator, and of remote registration where that is not configured, as the documentation shows them. */
const UNAVAILABLE: Readonly<Record<string, readonly unknown[]>> = {
  uac_req_send: [],
  uac_reg_lookup: ['$rU', null],
  uac_reg_lookup_uri: ['$ru', null],
  uac_reg_status: ['$rU'],
  uac_reg_request_to: ['$fU', 0],
  uac_reg_enable: ['l_uuid', 'account123'],
  uac_reg_disable: ['l_uuid', 'account123'],
  uac_reg_send_register: ['l_uuid', 'account123'],
  uac_reg_send_unregister: ['l_uuid', 'account123'],
};

test('check takes every parameter of the documentation', () => {
  const lines = Object.entries(PARAMETERS).map(
    ([name, value]) => `modparam("uac", "${name}", ${typeof value === 'number' ? value : `"${value}"`})`,
  );
  const errors = check(`${lines.join('\n')}\nrequest_route { exit; }`).filter(({ severity }) => severity === 'error');
  assert.deepEqual(
    errors.map(({ message }) => message),
    [],
  );
});

test('there is no parameter that this does not set', () => {
  assert.deepEqual(
    uac.definition.parameters.map(({ name }) => name).filter((name) => !(name in PARAMETERS)),
    [],
  );
});

test('functions of what is not there or not configured fail with a line in the log', () => {
  const base = testHost();
  base.modules.set('tm', {});
  const host: TestHost = {
    ...base,
    proxy: { ...base.proxy, onOwnRoute: () => () => {}, onStatelessReply: () => () => {} } as ProxyCore,
  };
  const module = load(uac, host, { restore_mode: 'none' });
  for (const [name, args] of Object.entries(UNAVAILABLE))
    assert.equal(module.call(context(host), name, ...args), -1, name);
  assert.deepEqual(new Set(host.log.codes), new Set(['UAC_REQ_INCOMPLETE', 'UAC_REG_NOT_ENABLED']));
  assert.equal(host.log.codes.length, Object.keys(UNAVAILABLE).length);
});
