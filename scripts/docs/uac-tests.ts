/** Which test shows what a name of the uac module does. The tests of this page look whether the file mentions the name. */
const AUTH = 'test/uac/auth-retry.test.ts';
const REPLACE = 'test/uac/replace.test.ts';
const DIALOG = 'test/uac/dialog.test.ts';
const PARAMETERS = 'test/uac/parameters.test.ts';
const MODULE = 'test/modules/uac.test.ts';
const OWN = 'test/server/own-requests.test.ts';
const README = 'test/docs/uac-readme.test.ts';
const REGISTRATION = 'test/modules/uac-registration.test.ts';
const REGISTRATION_SERVER = 'test/server/registration.test.ts';
const REGISTRATION_RPC = 'test/modules/uac-registration-rpc.test.ts';
const REGISTRATION_EVENTS = 'test/modules/uac-registration-events.test.ts';
const APP_TS = 'test/api/app-ts.test.ts';
const REGISTRATION_DATABASE = 'test/modules/uac-registration-database.test.ts';

export const uacTests: Readonly<Record<string, string>> = {
  uac_replace_from: MODULE,
  uac_replace_to: MODULE,
  uac_restore_from: DIALOG,
  uac_restore_to: DIALOG,
  uac_auth: AUTH,
  uac_auth_mode: MODULE,
  uac_req_send: OWN,
  uac_req_end: OWN,
  uac_reg_lookup: REGISTRATION,
  uac_reg_lookup_uri: REGISTRATION,
  uac_reg_status: REGISTRATION,
  uac_reg_enable: REGISTRATION,
  uac_reg_disable: REGISTRATION,
  uac_reg_refresh: REGISTRATION,
  uac_reg_send_register: REGISTRATION,
  uac_reg_send_unregister: REGISTRATION,
  uac_reg_request_to: REGISTRATION_SERVER,
  restore_mode: PARAMETERS,
  restore_dlg: MODULE,
  restore_from_avp: PARAMETERS,
  restore_to_avp: PARAMETERS,
  rr_from_store_param: PARAMETERS,
  rr_to_store_param: PARAMETERS,
  auth_username_avp: PARAMETERS,
  auth_realm_avp: PARAMETERS,
  auth_password_avp: PARAMETERS,
  default_socket: MODULE,
  credential_destination: PARAMETERS,
  restore_passwd: PARAMETERS,
  rr_from_display_param: PARAMETERS,
  rr_to_display_param: PARAMETERS,
  rr_cseq_store_param: PARAMETERS,
  credential: AUTH,
  cseq_update: PARAMETERS,
  auth_algorithms: PARAMETERS,
  reg_db_url: REGISTRATION_SERVER,
  reg_contact_addr: REGISTRATION_SERVER,
  reg_use_domain: REGISTRATION,
  reg_retry_interval: REGISTRATION,
  reg_unregister: REGISTRATION_DATABASE,
  reload_delta: REGISTRATION_RPC,
  reg_show_secrets: REGISTRATION_RPC,
  event_callback: APP_TS,
  uac_req: OWN,
  uac_reg: REGISTRATION_EVENTS,
  'uac:reply': OWN,
  'uac:registration': REGISTRATION_EVENTS,
  regtotal: REGISTRATION,
  regactive: REGISTRATION,
  regdisabled: REGISTRATION,
  restore_store: DIALOG,
};

/** Test that shows a name; those without one of their own are in the test of the README's names. */
export function testOf(name: string): string {
  return uacTests[name] ?? (name.startsWith('uac.') ? REGISTRATION_RPC : README);
}

/** Files that may be named. */
export const uacTestFiles: readonly string[] = [
  AUTH,
  REPLACE,
  DIALOG,
  PARAMETERS,
  MODULE,
  README,
  REGISTRATION,
  REGISTRATION_SERVER,
  REGISTRATION_RPC,
  REGISTRATION_DATABASE,
  REGISTRATION_EVENTS,
  OWN,
  APP_TS,
];
