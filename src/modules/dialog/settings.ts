import {
  callbackParam,
  intParam,
  ModuleError,
  type ModuleHost,
  type ModuleParameters,
  type ParameterDefinition,
  strParam,
  type VariableAccess,
} from '../../script/module-definition.ts';

/** Event routes of a call. */
export const START_ROUTE = 'dialog:start';
export const END_ROUTE = 'dialog:end';
export const FAILED_ROUTE = 'dialog:failed';

/** How requests inside a call are found (dlg_match_mode): by our Record-Route parameter; by it or else by the tags; by the tags alone. */
export type MatchMode = 0 | 1 | 2;

/** When calls are written to a database (db_mode): never, at once, now and then, when the server stops. */
export type DatabaseMode = 0 | 1 | 2 | 3;

/** What the parameters say, checked. */
export interface DialogSettings {
  readonly flag: number;
  readonly rrParam: string;
  readonly matchMode: MatchMode;
  readonly detectSpirals: boolean;
  readonly slots: number;
  readonly idStart: number;
  readonly idStep: number;
  /** Seconds. */
  readonly lifetime: number;
  readonly early: number;
  readonly noAck: number;
  readonly end: number;
  readonly timeoutAvp: VariableAccess | null;
  readonly timeoutNoReset: boolean;
  readonly sendBye: boolean;
  /** Header lines with CRLF for our own requests; the second for those to the called side. */
  readonly extraHeaders: string;
  readonly calleeHeaders: string;
  readonly keepOwnRecordRoute: number;
  /** Seconds; 0 for no keepalives. */
  readonly keepaliveEvery: number;
  readonly keepaliveInterval: number;
  readonly keepaliveLimit: number;
  readonly earlyByeCode: number;
  readonly earlyByeReason: string;
  readonly statistics: boolean;
  readonly profilesWithValue: readonly string[];
  readonly profilesNoValue: readonly string[];
  /** URL of the database, empty for none. */
  readonly databaseUrl: string;
  readonly databaseMode: DatabaseMode;
  readonly databasePeriod: number;
  readonly databaseRows: number;
  readonly databaseSkipLoad: boolean;
  /** Names of tables and columns by parameter. */
  readonly columns: Readonly<Record<string, string>>;
}

/** Names of tables and columns, which parameters may change. */
export const COLUMN_PARAMETERS: Readonly<Record<string, string>> = {
  table_name: 'dialog',
  call_id_column: 'callid',
  from_uri_column: 'from_uri',
  from_tag_column: 'from_tag',
  to_uri_column: 'to_uri',
  to_tag_column: 'to_tag',
  from_cseq_column: 'caller_cseq',
  to_cseq_column: 'callee_cseq',
  from_route_column: 'caller_route_set',
  to_route_column: 'callee_route_set',
  from_contact_column: 'caller_contact',
  to_contact_column: 'callee_contact',
  from_sock_column: 'caller_sock',
  to_sock_column: 'callee_sock',
  h_id_column: 'hash_id',
  h_entry_column: 'hash_entry',
  state_column: 'state',
  start_time_column: 'start_time',
  timeout_column: 'timeout',
  sflags_column: 'sflags',
  toroute_name_column: 'toroute_name',
  vars_table_name: 'dialog_vars',
  vars_h_id_column: 'hash_id',
  vars_h_entry_column: 'hash_entry',
  vars_key_column: 'dialog_key',
  vars_value_column: 'dialog_value',
};

const DMQ = 'ignored: calls are not shared by DMQ; let several servers use one database';

export const DIALOG_PARAMETERS: readonly ParameterDefinition[] = [
  intParam('enable_stats', 1),
  intParam('hash_size', 4096, 'partly: only the size of the first number of a dialog'),
  strParam('rr_param', 'did'),
  intParam('dlg_flag', -1),
  strParam('timeout_avp', null),
  intParam('default_timeout', 43_200),
  intParam('early_timeout', 300),
  intParam('noack_timeout', 60),
  intParam('end_timeout', 300, 'partly: a call that is over stays 5 seconds, or as long as this says if that is less'),
  strParam('dlg_extra_hdrs', null),
  intParam('dlg_match_mode', 0),
  intParam('detect_spirals', 1),
  strParam('db_url', 'mysql://kamailio:kamailiorw@localhost/kamailio'),
  intParam('db_mode', 0),
  intParam('db_update_period', 60),
  intParam('db_fetch_rows', 200),
  intParam('db_skip_load', 0),
  ...Object.entries(COLUMN_PARAMETERS).map(([name, value]) => strParam(name, value)),
  strParam('profiles_with_value', null),
  strParam('profiles_no_value', null),
  strParam('bridge_controller', 'sip:controller@kamailio.org', 'ignored: there is no dlg_bridge()'),
  strParam('bridge_contact', 'sip:controller@kamailio.org:5060', 'ignored: there is no dlg_bridge()'),
  intParam('initial_cbs_inscript', 1, 'ignored: what belongs to a new call happens within dlg_manage()'),
  intParam('send_bye', 0),
  intParam('dlg_filter_mode', 0, 'ignored: every call is of this server'),
  intParam('wait_ack', 1, 'ignored: the transaction takes the ACK of a negative reply'),
  intParam('ka_timer', 0),
  intParam('ka_interval', 0),
  intParam('ka_failed_limit', 1),
  intParam('timeout_noreset', 0),
  intParam('timer_procs', 0, 'ignored: there is one timer wheel'),
  intParam('enable_dmq', 0, DMQ),
  strParam('dmq_peer_id', 'dialog', DMQ),
  intParam('enable_dmq_ka_iflags_sync', 0, DMQ),
  intParam('track_cseq_updates', 0, 'ignored: uac keeps the numbers right by itself, in both directions'),
  strParam('lreq_callee_headers', null),
  callbackParam('event_callback', [START_ROUTE, END_ROUTE, FAILED_ROUTE]),
  intParam('h_id_start', 0),
  intParam('h_id_step', 1),
  intParam('keep_proxy_rr', 0),
  strParam('xavp_cfg', null, 'ignored: the times of the original’s keepalives are not set by an XAVP'),
  strParam('ruri_pvar', null, 'ignored: the Request-URI of a call is $ru at dlg_manage()'),
  intParam('bye_early_code', 480),
  strParam('bye_early_reason', 'Temporarily Unavailable'),
  intParam('dlg_mode', 0, 'ignored: a later version’s'),
  intParam('debug_variables', 0, 'ignored: a later version’s'),
  intParam('dlg_ctxiuid_mode', 0, 'ignored: the current call belongs to the message, whatever runs meanwhile'),
];

function refuse(code: string, parameter: string, text: string): ModuleError {
  return new ModuleError(code, text, parameter);
}

function names(parameters: ModuleParameters, name: string): readonly string[] {
  return parameters
    .str(name)
    .split(';')
    .map((one) => one.trim())
    .filter((one) => one !== '');
}

/** Lines as the configuration has them, each with its CRLF. */
function headerLines(text: string): string {
  return text
    .split(/\r?\n|\\r\\n/)
    .filter((line) => line.trim() !== '')
    .map((line) => `${line}\r\n`)
    .join('');
}

/**
 * Checks the parameters.
 * @throws ModuleError DIALOG_PARAMETER, DIALOG_AVP
 */
export function readDialogSettings(host: ModuleHost, parameters: ModuleParameters): DialogSettings {
  const positive = (name: string): number => {
    const value = parameters.int(name);
    if (value <= 0) throw refuse('DIALOG_PARAMETER', name, `${name} must be greater than 0`);
    return value;
  };
  const oneOf = (name: string, most: number): number => {
    const value = parameters.int(name);
    if (value < 0 || value > most) throw refuse('DIALOG_PARAMETER', name, `${name} is 0 to ${most}`);
    return value;
  };
  const avp = parameters.str('timeout_avp').trim();
  const timeoutAvp = avp === '' ? null : host.variable(avp);
  if (typeof timeoutAvp === 'string') throw refuse('DIALOG_AVP', 'timeout_avp', timeoutAvp);
  const rrParam = parameters.str('rr_param');
  if (!/^[\w.!%*+`'~-]+$/.test(rrParam)) throw refuse('DIALOG_PARAMETER', 'rr_param', 'rr_param is no parameter name');
  const keepaliveInterval = parameters.int('ka_interval');
  if (keepaliveInterval !== 0 && keepaliveInterval < 30)
    throw refuse('DIALOG_PARAMETER', 'ka_interval', 'ka_interval is 0, or 30 seconds at least');
  const databaseMode = oneOf('db_mode', 3) as DatabaseMode;
  const flag = parameters.int('dlg_flag');
  if (flag < -1 || flag > 31) throw refuse('DIALOG_PARAMETER', 'dlg_flag', 'dlg_flag is 0 to 31');
  const withValue = names(parameters, 'profiles_with_value');
  const noValue = names(parameters, 'profiles_no_value');
  const twice = noValue.find((name) => withValue.includes(name));
  if (twice !== undefined)
    throw refuse('DIALOG_PARAMETER', 'profiles_no_value', `profile ${twice} is also one with values`);
  const columns = Object.fromEntries(Object.keys(COLUMN_PARAMETERS).map((name) => [name, parameters.str(name)]));
  for (const [name, value] of Object.entries(columns))
    if (!/^[A-Za-z_][A-Za-z0-9_]{0,62}$/.test(value))
      throw refuse('DIALOG_PARAMETER', name, `${name} cannot be the name of a table or column`);
  return {
    flag,
    rrParam,
    matchMode: oneOf('dlg_match_mode', 2) as MatchMode,
    detectSpirals: parameters.int('detect_spirals') !== 0,
    slots: positive('hash_size'),
    idStart: Math.max(0, parameters.int('h_id_start')),
    idStep: Math.max(1, parameters.int('h_id_step')),
    lifetime: positive('default_timeout'),
    early: positive('early_timeout'),
    noAck: positive('noack_timeout'),
    end: positive('end_timeout'),
    timeoutAvp,
    timeoutNoReset: parameters.int('timeout_noreset') !== 0,
    sendBye: parameters.int('send_bye') !== 0,
    extraHeaders: headerLines(parameters.str('dlg_extra_hdrs')),
    calleeHeaders: headerLines(parameters.str('lreq_callee_headers')),
    keepOwnRecordRoute: oneOf('keep_proxy_rr', 3),
    keepaliveEvery: Math.max(0, parameters.int('ka_timer')),
    keepaliveInterval,
    keepaliveLimit: Math.max(1, parameters.int('ka_failed_limit')),
    earlyByeCode: parameters.int('bye_early_code'),
    earlyByeReason: parameters.str('bye_early_reason'),
    statistics: parameters.int('enable_stats') !== 0,
    profilesWithValue: withValue,
    profilesNoValue: noValue,
    databaseUrl: databaseMode === 0 ? '' : parameters.str('db_url'),
    databaseMode,
    databasePeriod: positive('db_update_period'),
    databaseRows: Math.max(0, parameters.int('db_fetch_rows')),
    databaseSkipLoad: parameters.int('db_skip_load') !== 0,
    columns,
  };
}
