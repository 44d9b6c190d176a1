// Made by "npm run docs" from the definitions in src/modules/. Do not edit.
import type { KsrCore, KsrX } from '../ksr/core.ts';
import type { KsrGetters } from '../ksr/getters.ts';

/** The KSR object of one run of a handler: the modules by name, with the functions that they have in kamailio.cfg. */
export interface Ksr extends KsrCore {
  /** Ends of a handler, functions by name. */
  readonly x: KsrX;
  /** Short ways to what routes read most. */
  readonly kx: KsrGetters;
  readonly acc: KsrAcc;
  readonly alias_db: KsrAliasDb;
  readonly app_ts: KsrAppTs;
  readonly auth: KsrAuth;
  readonly auth_db: KsrAuthDb;
  readonly cfgutils: KsrCfgutils;
  readonly corex: KsrCorex;
  readonly counters: KsrCounters;
  readonly debugger: KsrDebugger;
  readonly dialog: KsrDialog;
  readonly domain: KsrDomain;
  readonly htable: KsrHtable;
  readonly jsonrpcs: KsrJsonrpcs;
  readonly kex: KsrKex;
  readonly maxfwd: KsrMaxfwd;
  readonly nathelper: KsrNathelper;
  readonly path: KsrPath;
  readonly permissions: KsrPermissions;
  readonly pike: KsrPike;
  readonly registrar: KsrRegistrar;
  readonly rr: KsrRr;
  readonly sanity: KsrSanity;
  readonly siputils: KsrSiputils;
  readonly sl: KsrSl;
  readonly speeddial: KsrSpeeddial;
  readonly sqlops: KsrSqlops;
  readonly statistics: KsrStatistics;
  readonly textops: KsrTextops;
  readonly textopsx: KsrTextopsx;
  readonly tls: KsrTls;
  readonly tm: KsrTm;
  readonly tmx: KsrTmx;
  readonly uac: KsrUac;
  readonly uri_db: KsrUriDb;
  readonly websocket: KsrWebsocket;
  readonly xhttp: KsrXhttp;
  readonly xlog: KsrXlog;
}

/** Functions of module acc. */
export interface KsrAcc {
  /** In any block. */
  acc_log_request(comment: string | number): number;
  /** In any block. */
  acc_db_request(comment: string | number, table: string | number): number;
  /** In any block. */
  acc_request(comment: string | number, table: string | number): number;
}

/** Functions of module alias_db. */
export interface KsrAliasDb {
  /** In request_route or failure_route. */
  alias_db_lookup(table: string | number, flags?: string | number | undefined): Promise<number>;
  /** In request_route, failure_route, onreply_route, reply_route, branch_route or event_route[tm:local-request]. */
  alias_db_find(
    text: string | number,
    text2: string | number,
    variable: string,
    text3?: string | number | undefined,
  ): Promise<number>;
}

/** Functions of module app_ts. */
export interface KsrAppTs {
  /** In any block. Yes: ours. */
  ts_run(
    text: string | number,
    value?: string | number | null | undefined,
    value2?: string | number | null | undefined,
    value3?: string | number | null | undefined,
    value4?: string | number | null | undefined,
    value5?: string | number | null | undefined,
  ): Promise<number>;
}

/** Functions of module auth. */
export interface KsrAuth {
  /** In request_route. */
  pv_www_authenticate(
    realm: string | number | null,
    password: string | number | null,
    flags: number,
    method?: string | number | undefined,
  ): number | Promise<number>;
  /** In request_route. */
  pv_www_authorize(
    realm: string | number | null,
    password: string | number | null,
    flags: number,
    method?: string | number | undefined,
  ): number | Promise<number>;
  /** In request_route. */
  pv_proxy_authenticate(
    realm: string | number | null,
    password: string | number | null,
    flags: number,
  ): number | Promise<number>;
  /** In request_route. */
  pv_proxy_authorize(
    realm: string | number | null,
    password: string | number | null,
    flags: number,
  ): number | Promise<number>;
  /** In request_route. */
  pv_www_authorize(realm: string | number | null): number | Promise<number>;
  /** In request_route. */
  pv_proxy_authorize(realm: string | number | null): number | Promise<number>;
  /** In request_route. */
  pv_auth_check(
    realm: string | number | null,
    password: string | number | null,
    flags: number,
    checks: number,
  ): number | Promise<number>;
  /** In request_route, failure_route, onreply_route or reply_route. */
  www_challenge(
    realm: string | number | null,
    second?: string | number | undefined,
    algorithms?: string | number | undefined,
  ): number;
  /** In request_route, failure_route, onreply_route or reply_route. */
  proxy_challenge(
    realm: string | number | null,
    second?: string | number | undefined,
    algorithms?: string | number | undefined,
  ): number;
  /** In request_route, failure_route, onreply_route or reply_route. */
  auth_challenge(realm: string | number | null, flags: number, algorithms?: string | number | undefined): number;
  /** In request_route. */
  auth_get_www_authenticate(given: string | number | null, flags: number, target: string): number;
  /** In request_route. */
  has_credentials(realm: string | number | null): number;
  /** In request_route. Partly: for the challenges of this request, not of the whole server from then on. */
  auth_algorithm(name: string | number): number;
  /** In request_route. */
  consume_credentials(): number;
  /** In request_route. */
  is_rpid_user_e164(): number;
  /** In request_route, failure_route or branch_route. */
  append_rpid_hf(): number;
  /** In request_route, failure_route or branch_route. */
  append_rpid_hf(prefix: string | number, suffix: string | number): number;
  /** In request_route. Yes: ours. */
  auth_banned(): number;
}

/** Functions of module auth_db. */
export interface KsrAuthDb {
  /** In request_route. */
  www_authenticate(
    given: string | number | null,
    table: string | number,
    method?: string | number | undefined,
  ): Promise<number>;
  /** In request_route. */
  www_authorize(
    given: string | number | null,
    table: string | number,
    method?: string | number | undefined,
  ): Promise<number>;
  /** In request_route. */
  proxy_authenticate(value: string | number | null, text: string | number): Promise<number>;
  /** In request_route. */
  proxy_authorize(value: string | number | null, text: string | number): Promise<number>;
  /** In request_route. */
  auth_check(realm: string | number | null, table: string | number, flags: number): Promise<number>;
  /** In request_route. */
  is_subscriber(uri: string | number, table: string | number, flags: number): Promise<number>;
  /** In request_route. Yes: of OpenSIPS. */
  db_is_to_authorized(table: string | number): Promise<number>;
  /** In request_route. Yes: of OpenSIPS. */
  db_is_from_authorized(table: string | number): Promise<number>;
  /** In request_route. Yes: of OpenSIPS. */
  db_does_uri_exist(uri: string | number, table: string | number): Promise<number>;
  /** In request_route. Yes: of OpenSIPS. */
  db_get_auth_id(table: string | number, uri: string | number, name: string, realm: string): Promise<number>;
}

/** Functions of module cfgutils. */
export interface KsrCfgutils {
  /** In any block. */
  rand_set_prob(percent: number): number;
  /** In any block. */
  rand_reset_prob(): number;
  /** In any block. */
  rand_get_prob(): number;
  /** In any block. */
  rand_event(): number;
  /** In any block. */
  sleep(seconds: number): Promise<number>;
  /** In any block. */
  usleep(micros: number): Promise<number>;
  /** In any block. */
  abort(): number;
  /** In any block. Partly: reports the memory of the process. */
  pkg_status(): number;
  /** In any block. Partly: reports the memory of the process. */
  pkg_summary(): number;
  /** In any block. Partly: reports the memory of the process. */
  shm_status(): number;
  /** In any block. Partly: reports the memory of the process. */
  shm_summary(): number;
  /** In any block. */
  set_gflag(flag: number): number;
  /** In any block. */
  reset_gflag(flag: number): number;
  /** In any block. */
  is_gflag(flag: number): number;
  /** In any block. */
  lock(text: string | number, text2?: string | number | undefined): Promise<number>;
  /** In any block. */
  unlock(text: string | number, text2?: string | number | undefined): number;
  /** In any block. */
  trylock(text: string | number, text2?: string | number | undefined): number;
  /** In any block. */
  check_route_exists(name: string | number): number;
  /** In any block. */
  route_if_exists(name: string | number): Promise<number>;
  /** In any block. */
  core_hash(a: string | number, b: string | number, bits: number): number;
}

/** Functions of module corex. */
export interface KsrCorex {
  /** In request_route or failure_route. */
  append_branch(uri?: string | number | undefined, q?: string | number | undefined): number;
  /** In request_route or failure_route. */
  send_udp(address?: string | number | undefined): number;
  /** In request_route or failure_route. */
  send_tcp(address?: string | number | undefined): number;
  /** In request_route or failure_route. */
  send(address?: string | number | undefined): number;
  /** In any block. */
  send_data(uri: string | number, data: string | number): number;
  /** In any block. */
  sendx(uri: string | number, socket: string | number, data: string | number): number;
  /** In reply_route. */
  forward_reply(): number;
  /** In any block. */
  set_send_socket(text: string | number): number;
  /** In any block. */
  set_send_socket_name(text: string | number): number;
  /** In any block. Partly: the answer and the relay go by a socket of the same protocol and address family only. */
  set_recv_socket(text: string | number): number;
  /** In any block. Partly: the answer and the relay go by a socket of the same protocol and address family only. */
  set_recv_socket_name(text: string | number): number;
  /** In any block. */
  set_source_address(text: string | number): number;
  /** In any block. */
  is_socket_name(name: string | number): number;
  /** In any block. */
  setxflag(flag: number): number;
  /** In any block. */
  resetxflag(flag: number): number;
  /** In any block. */
  isxflagset(flag: number): number;
  /** In any block. Partly: kept and told, nothing acts on it. */
  msg_iflag_set(flag: string | number): number;
  /** In any block. Partly: kept and told, nothing acts on it. */
  msg_iflag_reset(flag: string | number): number;
  /** In any block. Partly: kept and told, nothing acts on it. */
  msg_iflag_is_set(flag: string | number): number;
  /** In any block. */
  file_read(text: string | number, variable: string): Promise<number>;
  /** In any block. */
  file_write(text: string | number, text2: string | number): Promise<number>;
  /** In any block. */
  is_faked_msg(): number;
  /** In any block. Partly: there is no event_route[network:msg]; elsewhere it says whether the message came in or is about to leave. */
  is_incoming(): number;
  /** In any block. */
  add_tcp_alias(port: number): number;
  /** In request_route. */
  forward_uac(index?: number | undefined): number;
  /** In request_route. */
  forward_uac_uri(uri: string | number, index?: number | undefined): number;
  /** In any block. */
  via_add_srvid(on: number): number;
  /** In any block. Yes: several values of one field stand together. */
  via_add_xavp_params(on: number): number;
  /** In any block. */
  via_use_xavp_fields(on: number): number;
  /** In any block. Yes: several values of one field stand together. */
  via_reply_add_xavp_params(on: number): number;
  /** In any block. Partly: kept and told, nothing acts on them. */
  msg_vbflag_set(flag: number): number;
  /** In any block. Partly: kept and told, nothing acts on them. */
  msg_vbflag_reset(flag: number): number;
  /** In any block. Partly: kept and told, nothing acts on them. */
  msg_vbflag_is_set(flag: number): number;
  /** In any block. No: what it does is documented nowhere. */
  msg_vbflag_parse(text: string | number): number;
}

/** Functions of module counters. */
export interface KsrCounters {
  /** In request_route, failure_route, onreply_route, reply_route or onsend_route. */
  cnt_inc(which: string | number): number;
  /** In request_route, failure_route, onreply_route, reply_route or onsend_route. */
  cnt_add(which: string | number, amount: number): number;
  /** In request_route, failure_route, onreply_route, reply_route or onsend_route. */
  cnt_reset(which: string | number): number;
}

/** Functions of module debugger. */
export interface KsrDebugger {
  /** In request_route, onreply_route or reply_route. Partly: the message as it was received; changes are not shown. */
  dbg_sip_msg(text?: string | number | undefined, text2?: string | number | undefined): number;
  /** In any block. No: a script cannot be held up. */
  dbg_breakpoint(text: string | number): number;
  /** In any block. No: print the variables that matter with xlog(). */
  dbg_pv_dump(number?: number | undefined, text?: string | number | undefined): number;
}

/** Functions of module dialog. */
export interface KsrDialog {
  /** In request_route. */
  dlg_manage(): number;
  /** In any block. */
  is_known_dlg(): number;
  /** In any block. */
  dlg_get(callId: string | number, from: string | number, to: string | number): number;
  /** In any block. */
  dlg_bye(side: string | number): number;
  /** In any block. */
  dlg_setflag(flag: number): number;
  /** In any block. */
  dlg_resetflag(flag: number): number;
  /** In any block. */
  dlg_isflagset(flag: number): number;
  /** In any block. */
  set_dlg_profile(name: string | number, value?: string | number | undefined): number;
  /** In request_route, failure_route, onreply_route, reply_route or branch_route. */
  unset_dlg_profile(name: string | number, value?: string | number | undefined): number;
  /** In any block. */
  is_in_profile(name: string | number, value?: string | number | undefined): number;
  /** In any block. */
  get_profile_size(name: string | number, into: string): number;
  /** In any block. */
  get_profile_size(name: string | number, value: string | number, into: string): number;
  /** In any block. */
  dlg_set_timeout(seconds: number): number;
  /** In any block. */
  dlg_set_timeout(seconds: number, entry: number, id: number): number;
  /** In any block. */
  dlg_set_timeout_by_profile(name: string | number, seconds: number): number;
  /** In any block. */
  dlg_set_timeout_by_profile(name: string | number, value: string | number, seconds: number): number;
  /** In any block. */
  dlg_set_property(name: string | number): number;
  /** In any block. */
  dlg_reset_property(name: string | number): number;
  /** In any block. */
  dlg_set_ruri(): number;
  /** In any block. */
  dlg_set_state(state: string | number): number;
  /** In any block. */
  dlg_get_var(
    callId: string | number,
    from: string | number,
    to: string | number,
    name: string | number,
    into: string,
  ): number;
  /** In any block. */
  dlg_set_var(
    callId: string | number,
    from: string | number,
    to: string | number,
    name: string | number,
    value: string | number,
  ): number;
  /** In any block. Partly: the endpoint in whose name it goes does not know the number; not for one that sends requests afterwards. */
  dlg_req_within(side: string | number, method: string | number): number;
  /** In any block. Partly: the endpoint in whose name it goes does not know the number; not for one that sends requests afterwards. */
  dlg_req_within(side: string | number, method: string | number, headers: string | number): number;
  /** In any block. Partly: the endpoint in whose name it goes does not know the number; not for one that sends requests afterwards. */
  dlg_req_within(side: string | number, method: string | number, type: string | number, body: string | number): number;
  /** In any block. Partly: the endpoint in whose name it goes does not know the number; not for one that sends requests afterwards. */
  dlg_req_within(
    side: string | number,
    method: string | number,
    headers: string | number,
    type: string | number,
    body: string | number,
  ): number;
  /** In any block. No: calls are not begun or transferred from here. */
  dlg_bridge(text: string | number, text2: string | number, text3: string | number): number;
  /** In any block. No: calls are not begun or transferred from here. */
  dlg_refer(text: string | number, text2: string | number): number;
  /** In any block. No: calls are not begun or transferred from here. */
  dlg_refer_cid(text: string | number, text2: string | number, text3: string | number): number;
  /** In any block. No: calls are not begun or transferred from here. */
  dlg_refer_did(text: string | number, text2: string | number, text3: string | number, text4: string | number): number;
  /** In any block. No: profiles count the calls of this server. */
  dlg_remote_profile(
    text: string | number,
    text2: string | number,
    text3: string | number,
    text4: string | number,
    text5: string | number,
  ): number;
  /** In any block. No: calls are not shared by DMQ. */
  dlg_remove_dialogs_from_node(text: string | number): number;
  /** In any block. No: the database is read when the server starts. */
  dlg_db_load_callid(text: string | number): number;
  /** In any block. No: the database is read when the server starts. */
  dlg_db_load_extra(): number;
  /** In any block. No: Contacts are kept up to date by target refreshes by themselves. */
  dlg_update_contact(): number;
  /** In any block. No: the sockets of a call are those that its INVITE used. */
  dlg_update_socket(): number;
  /** In any block. No: the state follows the messages by itself. */
  dlg_update_state(): number;
}

/** Functions of module domain. */
export interface KsrDomain {
  /** In request_route, failure_route, branch_route or event_route[tm:local-request]. */
  is_domain_local(host: string | number | null): number;
  /** In request_route, failure_route, branch_route or event_route[tm:local-request]. */
  is_from_local(): number;
  /** In request_route, failure_route, branch_route or event_route[tm:local-request]. */
  is_uri_host_local(): number;
  /** In request_route, failure_route, branch_route or event_route[tm:local-request]. */
  lookup_domain(host: string | number, prefix?: string | number | undefined): number;
}

/** Functions of module htable. */
export interface KsrHtable {
  /** In any block. Partly: the first 1000 entries of each table, at level notice. */
  sht_print(): number;
  /** In any block. */
  sht_reset(name: string | number): number;
  /** In any block. */
  sht_rm(name: string | number, key: string | number): number;
  /** In any block. */
  sht_rm_name_re(text: string | number): number;
  /** In any block. */
  sht_rm_value_re(text: string | number): number;
  /** In any block. */
  sht_rm_name(tableName: string | number, operator: string | number, operand: string | number): number;
  /** In any block. */
  sht_rm_value(tableName: string | number, operator: string | number, operand: string | number): number;
  /** In any block. */
  sht_match_name(tableName: string | number, operator: string | number, operand: string | number): number;
  /** In any block. */
  sht_has_name(tableName: string | number, operator: string | number, operand: string | number): number;
  /** In any block. */
  sht_match_str_value(tableName: string | number, operator: string | number, operand: string | number): number;
  /** In any block. */
  sht_has_str_value(tableName: string | number, operator: string | number, operand: string | number): number;
  /** In any block. */
  sht_setxs(tableName: string | number, key: string | number, value: string | number, seconds: number): number;
  /** In any block. */
  sht_setxi(tableName: string | number, key: string | number, value: number, seconds: number): number;
  /** In any block. Partly: returns the new value, and 1 in the place of 0, which would end the script. */
  sht_inc(tableName: string | number, key: string | number): number;
  /** In any block. Partly: returns the new value, and 1 in the place of 0, which would end the script. */
  sht_dec(tableName: string | number, key: string | number): number;
  /** In any block. */
  sht_is_null(name: string | number, key: string | number): number;
  /** In any block. */
  sht_lock(text: string | number): Promise<number>;
  /** In any block. */
  sht_unlock(text: string | number): number;
  /** In any block. */
  sht_iterator_start(which: string | number, name: string | number): number;
  /** In any block. */
  sht_iterator_next(which: string | number): number;
  /** In any block. */
  sht_iterator_end(which: string | number): number;
  /** In any block. */
  sht_iterator_rm(which: string | number): number;
  /** In any block. */
  sht_iterator_sets(which: string | number, value: string | number): number;
  /** In any block. */
  sht_iterator_seti(which: string | number, value: number): number;
  /** In any block. */
  sht_iterator_setex(which: string | number, seconds: number): number;
}

/** Functions of module jsonrpcs. */
export interface KsrJsonrpcs {
  /** In any block. Yes: bad JSON is answered with an error, batches are carried out. */
  jsonrpc_dispatch(): Promise<number>;
  /** In any block. */
  jsonrpc_exec(request: string | number): Promise<number>;
}

/** Functions of module kex. */
export interface KsrKex {
  /** In any block. */
  setbflag(flag: number, branch?: number | undefined): number;
  /** In any block. */
  resetbflag(flag: number, branch?: number | undefined): number;
  /** In any block. */
  isbflagset(flag: number, branch?: number | undefined): number;
  /** In any block. */
  setsflag(flag: number): number;
  /** In any block. */
  resetsflag(flag: number): number;
  /** In any block. */
  issflagset(flag: number): number;
  /** In any block. */
  setdsturi(uri: string | number): number;
  /** In any block. */
  resetdsturi(): number;
  /** In any block. */
  isdsturiset(): number;
  /** In any block. */
  is_myself(text: string | number): number;
  /** In any block. */
  is_myhost(text: string | number): number;
  /** In any block. */
  pv_printf(variable: string, text: string | number): number;
  /** In any block. */
  avp_printf(variable: string, text: string | number): number;
  /** In any block. Partly: for the whole server, not for one worker process. */
  setdebug(level: number): number;
  /** In any block. */
  resetdebug(): number;
  /** In request_route or failure_route. */
  km_append_branch(uri?: string | number | undefined): number;
}

/** Functions of module maxfwd. */
export interface KsrMaxfwd {
  /** In request_route. */
  mf_process_maxfwd_header(initial: number): number;
  /** In request_route. */
  maxfwd_process(initial: number): number;
  /** In request_route. */
  process_maxfwd(initial: number): number;
  /** In request_route, failure_route or branch_route. */
  is_maxfwd_lt(number: number): number;
  /** In request_route, failure_route or branch_route. */
  mf_lowlimit(number: number): number;
  /** In request_route, failure_route or branch_route. */
  maxfwd_at_least(number: number): number;
  /** In request_route. */
  process_maxfwd(initial: number): number;
}

/** Functions of module nathelper. */
export interface KsrNathelper {
  /** In request_route, onreply_route, reply_route, branch_route or event_route[tm:local-request]. */
  fix_nated_contact(): number;
  /** In request_route. */
  fix_nated_register(): number;
  /** In request_route, onreply_route, reply_route, branch_route or event_route[tm:local-request]. */
  set_contact_alias(trim?: number | undefined): number;
  /** In request_route, failure_route, onreply_route, reply_route or branch_route. */
  add_contact_alias(): number;
  /** In request_route, failure_route, onreply_route, reply_route or branch_route. */
  add_contact_alias(ip: string | number, port: string | number, proto: string | number): number;
  /** In request_route, branch_route or event_route[tm:local-request]. */
  handle_ruri_alias(mode?: number | undefined): number;
  /** In any block. */
  set_alias_to_pv(variable: string): number;
  /** In request_route, failure_route, onreply_route, reply_route, branch_route or event_route[tm:local-request]. */
  nat_uac_test(bits: number): number;
  /** In any block. */
  is_rfc1918(ip: string | number): number;
  /** In request_route. */
  add_rcv_param(flag?: number | undefined): number;
  /** In request_route, failure_route, onreply_route, reply_route, branch_route or event_route[tm:local-request]. Partly: bodies of one part; the text is changed as it stands. */
  fix_nated_sdp(bits: number, ip?: string | number | undefined): number;
}

/** Functions of module path. */
export interface KsrPath {
  /** In request_route. */
  add_path(user?: string | number | undefined, params?: string | number | undefined): number;
  /** In request_route. */
  add_path_received(user?: string | number | undefined, params?: string | number | undefined): number;
}

/** Functions of module permissions. */
export interface KsrPermissions {
  /** In any block. */
  allow_address(group: number, host: string | number | null, port: number): number;
  /** In any block. */
  allow_address_group(host: string | number | null, port: number): number;
  /** In any block. */
  allow_source_address(group?: number | undefined): number;
  /** In any block. */
  allow_source_address_group(): number;
  /** In any block. */
  allow_trusted(): number;
  /** In any block. */
  allow_trusted(source: string | number, proto: string | number, from?: string | number | undefined): number;
  /** In any block. */
  allow_routing(): number;
  /** In any block. */
  allow_routing(base: string | number, deny?: string | number | undefined): number;
  /** In request_route or failure_route. */
  allow_register(base: string | number, deny?: string | number | undefined): number;
  /** In request_route or failure_route. */
  allow_register_include_port(base: string | number, deny?: string | number | undefined): number;
  /** In request_route or failure_route. */
  allow_uri(base: string | number, uri: string | number): number;
}

/** Functions of module pike. */
export interface KsrPike {
  /** In request_route, onreply_route or reply_route. */
  pike_check_req(): number;
  /** In request_route, onreply_route or reply_route. */
  pike_check_ip(address: string | number): number;
}

/** Functions of module registrar. */
export interface KsrRegistrar {
  /** In request_route, failure_route, onreply_route or reply_route. */
  save(table: string | number, flags?: string | number | undefined, uri?: string | number | undefined): Promise<number>;
  /** In request_route or failure_route. */
  lookup(table: string | number, uri?: string | number | undefined): Promise<number>;
  /** In request_route or failure_route. */
  lookup_to_dset(table: string | number, uri?: string | number | undefined): Promise<number>;
  /** In request_route or failure_route. */
  lookup_branches(table: string | number): Promise<number>;
  /** In any block. */
  registered(
    table: string | number,
    uri?: string | number | undefined,
    match?: number | undefined,
    action?: number | undefined,
  ): Promise<number>;
  /** In any block. */
  unregister(table: string | number, uri: string | number, ruid?: string | number | undefined): Promise<number>;
  /** In request_route or failure_route. */
  reg_fetch_contacts(table: string | number, uri: string | number, profile: string | number): Promise<number>;
  /** In request_route or failure_route. */
  reg_free_contacts(profile: string | number): number;
  /** In request_route or failure_route. */
  reg_send_reply(): number;
  /** In request_route. */
  add_sock_hdr(name: string | number): number;
}

/** Functions of module rr. */
export interface KsrRr {
  /** In request_route, failure_route or branch_route. */
  record_route(params?: string | number | undefined): number;
  /** In request_route, failure_route or branch_route. */
  record_route_preset(first: string | number, second?: string | number | undefined): number;
  /** In request_route, failure_route or branch_route. */
  record_route_advertised_address(address: string | number): number;
  /** In request_route or failure_route. */
  remove_record_route(): number;
  /** In request_route, failure_route or branch_route. */
  add_rr_param(text: string | number): number;
  /** In request_route. */
  loose_route(): number;
  /** In request_route. */
  loose_route_mode(mode: number): number;
  /** In request_route. */
  loose_route_preloaded(): number;
  /** In request_route. */
  check_route_param(regex: string | RegExp): number;
  /** In request_route. */
  is_direction(wanted: string | number): number;
  /** In any block. */
  rr_next_hop_route(): number;
}

/** Functions of module sanity. */
export interface KsrSanity {
  /** In request_route, onreply_route or reply_route. */
  sanity_check(checks?: number | undefined, uris?: number | undefined): number;
  /** In request_route, onreply_route or reply_route. */
  sanity_reply(): number;
}

/** Functions of module siputils. */
export interface KsrSiputils {
  /** In any block. */
  is_request(): number;
  /** In any block. */
  is_reply(): number;
  /** In any block. */
  is_sip(): number;
  /** In any block. */
  is_http(): number;
  /** In any block. */
  sip_parse_headers(): number;
  /** In any block. */
  has_totag(): number;
  /** In any block. */
  is_first_hop(mode?: number | undefined): number;
  /** In any block. */
  is_supported(option: string | number): number;
  /** In request_route or event_route[tm:local-request]. */
  is_user(user: string | number): number;
  /** In request_route. */
  options_reply(): number;
  /** In request_route, failure_route or branch_route. */
  uri_param(name: string | number, value?: string | number | undefined): number;
  /** In request_route, failure_route or branch_route. */
  uri_param_any(name: string | number): number;
  /** In request_route, failure_route or branch_route. */
  uri_param_rm(name: string | number): number;
  /** In request_route. */
  add_uri_param(param: string | number): number;
  /** In request_route or event_route[tm:local-request]. */
  get_uri_param(name: string | number, variable: string): number;
  /** In any block. */
  is_uri(value: string | number): number;
  /** In any block. */
  is_gruu(value?: string | number | undefined): number;
  /** In any block. */
  cmp_uri(a: string | number, b: string | number): number;
  /** In any block. */
  cmp_aor(a: string | number, b: string | number): number;
  /** In any block. */
  cmp_hdr_name(a: string | number, b: string | number): number;
  /** In any block. */
  set_uri_user(uri: string, user: string): number;
  /** In any block. */
  set_uri_host(uri: string, host: string): number;
  /** In request_route, failure_route, onreply_route, reply_route or branch_route. */
  tel2sip(uri: string | number, host: string | number, variable: string): number;
  /** In request_route, failure_route, onreply_route, reply_route or branch_route. */
  tel2sip2(uri: string | number, host: string | number, variable: string): number;
  /** In request_route, failure_route or event_route[tm:local-request]. */
  is_e164(variable: string): number;
  /** In any block. */
  is_uri_user_e164(variable: string): number;
  /** In any block. */
  is_tel_number(value: string | number): number;
  /** In any block. */
  is_numeric(value: string | number): number;
  /** In any block. */
  is_alphanum(value: string | number): number;
  /** In any block. */
  is_alphanumex(value: string | number, set: string | number): number;
  /** In any block. */
  hdr_date_check(seconds: number): number;
  /** In request_route, failure_route or branch_route. */
  append_rpid_hf(): number;
  /** In request_route, failure_route or branch_route. */
  append_rpid_hf(prefix: string | number, suffix: string | number): number;
  /** In request_route. */
  is_rpid_user_e164(): number;
  /** In request_route, onreply_route or reply_route. */
  encode_contact(prefix: string | number, host: string | number): number;
  /** In request_route. */
  decode_contact(): number;
  /** In request_route, failure_route, onreply_route or reply_route. */
  decode_contact_header(): number;
  /** In request_route, onreply_route or reply_route. */
  contact_param_encode(name: string | number, address: string | number): number;
  /** In request_route, onreply_route or reply_route. Partly: in the encoding of contact_param_encode(); that of the original is not documented. */
  contact_param_encode_alias(name: string | number, address: string | number): number;
  /** In request_route, onreply_route or reply_route. */
  contact_param_decode(name: string | number): number;
  /** In request_route. */
  contact_param_decode_ruri(name: string | number): number;
  /** In request_route, onreply_route or reply_route. */
  contact_param_rm(name: string | number): number;
  /** In any block. */
  contact_param_check(name: string | number): number;
  /** In request_route or failure_route. Yes: for the replies of this transaction; the original, up to 5.4, goes by Call-ID. */
  ring_insert_callid(): number;
  /** In any block. */
  sip_p_charging_vector(flags: string | number): number;
}

/** Functions of module sl. */
export interface KsrSl {
  /** In request_route, failure_route, onreply_route or reply_route. */
  sl_send_reply(code: string | number, reason: string | number): number;
  /** In request_route, failure_route, onreply_route or reply_route. */
  sl_reply(code: string | number, reason: string | number): number;
  /** In request_route, failure_route, onreply_route or reply_route. */
  send_reply(code: string | number, reason: string | number): number;
  /** In request_route, failure_route, onreply_route or reply_route. */
  send_reply_mode(code: string | number, reason: string | number, mode: number): number;
  /** In request_route, failure_route, onreply_route or reply_route. */
  sl_reply_error(): number;
  /** In request_route, failure_route, onreply_route or reply_route. */
  send_reply_error(): number;
  /** In onreply_route or reply_route. */
  sl_forward_reply(code?: string | number | undefined, reason?: string | number | undefined): number;
}

/** Functions of module speeddial. */
export interface KsrSpeeddial {
  /** In request_route. */
  sd_lookup(table: string | number, owner?: string | number | undefined): Promise<number>;
}

/** Functions of module sqlops. */
export interface KsrSqlops {
  /** In any block. */
  sql_query(connection: string | number, sql: string | number, name?: string | number | undefined): Promise<number>;
  /** In any block. */
  sql_xquery(connection: string | number, sql: string | number, name: string | number): Promise<number>;
  /** In any block. */
  sql_pvquery(connection: string | number, sql: string | number, variables: string): Promise<number>;
  /** In any block. */
  sql_query_async(connection: string | number, sql: string | number): number;
  /** In any block. */
  sql_result_free(name: string | number): number;
}

/** Functions of module statistics. */
export interface KsrStatistics {
  /** In any block. */
  update_stat(name: string | number, amount: string | number): number;
  /** In request_route, failure_route, onreply_route, reply_route, branch_route or event_route[tm:local-request]. */
  reset_stat(name: string | number): number;
}

/** Functions of module textops. */
export interface KsrTextops {
  /** In any block. */
  is_method(text: string | number): number;
  /** In any block. */
  append_hf(text: string | number, after?: string | number | undefined): number;
  /** In any block. */
  insert_hf(text: string | number, before?: string | number | undefined): number;
  /** In request_route, failure_route or branch_route. */
  append_urihf(prefix: string | number, suffix: string | number): number;
  /** In request_route, failure_route or branch_route. */
  append_to_reply(text: string | number): number;
  /** In request_route, failure_route or branch_route. */
  append_time(): number;
  /** In any block. */
  append_time_to_request(): number;
  /** In any block. */
  remove_hf(text: string | number): number;
  /** In any block. */
  remove_hf_pv(text: string | number): number;
  /** In any block. */
  remove_hf_re(pattern: string | RegExp): number;
  /** In any block. */
  remove_hf_re_pv(pattern: string | RegExp): number;
  /** In any block. */
  remove_hf_exp(match: string | RegExp, skip: string | RegExp): number;
  /** In any block. */
  remove_hf_exp_pv(match: string | RegExp, skip: string | RegExp): number;
  /** In any block. */
  remove_hf_idx(name: string | number, index: number): number;
  /** In any block. */
  remove_hf_match(name: string | number, operator: string | number, text: string | number): number;
  /** In any block. */
  is_present_hf(text: string | number): number;
  /** In any block. */
  is_present_hf_pv(text: string | number): number;
  /** In any block. */
  is_present_hf_re(pattern: string | RegExp): number;
  /** In any block. */
  is_present_hf_re_pv(pattern: string | RegExp): number;
  /** In any block. */
  is_privacy(type: string | number): number;
  /** In any block. */
  via_param_rm(text: string | number, number: number): number;
  /** In any block. */
  search(regex: string | RegExp): number;
  /** In any block. */
  search_body(regex: string | RegExp): number;
  /** In any block. */
  search_hf(header: string | number, regex: string | RegExp, mode: string | number): number;
  /** In any block. */
  search_str(text: string | number, regex: string | RegExp): number;
  /** In any block. */
  search_append(regex: string | RegExp, text: string | number): number;
  /** In any block. */
  search_append_body(regex: string | RegExp, text: string | number): number;
  /** In any block. */
  replace(regex: string | RegExp, text: string | number): number;
  /** In any block. */
  replace_all(regex: string | RegExp, text: string | number): number;
  /** In any block. */
  replace_hdrs(regex: string | RegExp, text: string | number): number;
  /** In any block. */
  replace_body(regex: string | RegExp, text: string | number): number;
  /** In any block. */
  replace_body_all(regex: string | RegExp, text: string | number): number;
  /** In any block. */
  replace_body_atonce(pattern: string | number, text: string | number): number;
  /** In any block. */
  replace_str(wanted: string | number, text: string | number, mode: string | number): number;
  /** In any block. */
  replace_hdrs_str(wanted: string | number, text: string | number, mode: string | number): number;
  /** In any block. */
  replace_body_str(wanted: string | number, text: string | number, mode: string | number): number;
  /** In any block. */
  subst(sed: string): number;
  /** In any block. */
  subst_body(sed: string): number;
  /** In any block. */
  subst_hf(header: string | number, sed: string, mode: string | number): number;
  /** In request_route, failure_route, onreply_route, reply_route or branch_route. */
  subst_uri(sed: string): number;
  /** In request_route, failure_route, onreply_route, reply_route or branch_route. */
  subst_user(sed: string): number;
  /** In any block. */
  subst_v(text: string | number, sed: string, variable: string): number;
  /** In any block. */
  cmp_str(a: string | number, b: string | number): number;
  /** In any block. */
  cmp_istr(a: string | number, b: string | number): number;
  /** In any block. */
  starts_with(text: string | number, start: string | number): number;
  /** In any block. */
  ends_with(text: string | number, end: string | number): number;
  /** In any block. */
  str_find(text: string | number, wanted: string | number): number;
  /** In any block. */
  str_ifind(text: string | number, wanted: string | number): number;
  /** In any block. */
  str_any_in(text: string | number, set: string | number): number;
  /** In any block. */
  str_all_in(text: string | number, set: string | number): number;
  /** In any block. */
  in_list(subject: string | number, list: string | number, separator: string | number): number;
  /** In any block. */
  in_list_prefix(subject: string | number, list: string | number, separator: string | number): number;
  /** In request_route, failure_route, onreply_route, reply_route or branch_route. */
  regex_substring(
    text: string | number,
    pattern: string | number,
    index: number,
    count: number,
    variable: string,
  ): number;
  /** In any block. */
  has_body(type?: string | number | undefined): number;
  /** In request_route, failure_route, onreply_route, reply_route or branch_route. */
  set_body(text: string | number, type: string | number): number;
  /** In any block. */
  set_body_hex(text: string | number, type: string | number): number;
  /** In request_route, failure_route or branch_route. */
  set_reply_body(text: string | number, type: string | number): number;
  /** In request_route, failure_route or branch_route. */
  set_reply_body_hex(text: string | number, type: string | number): number;
  /** In any block. */
  filter_body(type: string | number): number;
  /** In request_route, failure_route or branch_route. */
  set_body_multipart(boundary?: string | number | undefined): number;
  /** In request_route, failure_route or branch_route. */
  set_body_multipart(text: string | number, type: string | number, boundary?: string | number | undefined): number;
  /** In request_route, failure_route or branch_route. */
  append_body_part(text: string | number, type: string | number, disposition?: string | number | undefined): number;
  /** In request_route, failure_route or branch_route. */
  append_body_part_hex(text: string | number, type: string | number, disposition?: string | number | undefined): number;
  /** In request_route, failure_route, onreply_route, reply_route or branch_route. */
  get_body_part(type: string | number, variable: string): number;
  /** In request_route, failure_route, onreply_route, reply_route or branch_route. */
  get_body_part_raw(type: string | number, variable: string): number;
  /** In request_route, failure_route or branch_route. */
  remove_body_part(type: string | number): number;
  /** In any block. */
  is_audio_on_hold(): number;
}

/** Functions of module textopsx. */
export interface KsrTextopsx {
  /** In request_route, onreply_route or reply_route. */
  msg_apply_changes(): number;
  /** In request_route, onreply_route or reply_route. */
  msg_set_buffer(text: string | number): number;
  /** In any block. */
  msg_changed_route(name: string | number): Promise<number>;
  /** In onreply_route or reply_route. */
  change_reply_status(code: number, reason: string | number): number;
  /** In onreply_route or reply_route. */
  change_reply_status_code(code: number): number;
  /** In request_route, failure_route, onreply_route, reply_route or branch_route. */
  append_hf_value(spec: string | number, value: string | number): number;
  /** In request_route, failure_route, onreply_route, reply_route or branch_route. */
  insert_hf_value(spec: string | number, value: string | number): number;
  /** In request_route, failure_route, onreply_route, reply_route or branch_route. */
  remove_hf_value(spec: string | number): number;
  /** In request_route, failure_route, onreply_route, reply_route or branch_route. */
  remove_hf_value2(spec: string | number): number;
  /** In request_route, failure_route, onreply_route, reply_route or branch_route. */
  assign_hf_value(spec: string | number, value: string | number): number;
  /** In request_route, failure_route, onreply_route, reply_route or branch_route. */
  assign_hf_value2(spec: string | number, value: string | number): number;
  /** In request_route, failure_route, onreply_route, reply_route or branch_route. */
  include_hf_value(spec: string | number, value: string | number): number;
  /** In request_route, failure_route, onreply_route, reply_route or branch_route. */
  exclude_hf_value(spec: string | number, value: string | number): number;
  /** In request_route, failure_route, onreply_route, reply_route or branch_route. */
  hf_value_exists(spec: string | number, value: string | number): number;
  /** In any block. */
  hf_iterator_start(id: string | number): number;
  /** In any block. */
  hf_iterator_next(id: string | number): number;
  /** In any block. */
  hf_iterator_prev(id: string | number): number;
  /** In any block. */
  hf_iterator_end(id: string | number): number;
  /** In any block. */
  hf_iterator_rm(id: string | number): number;
  /** In any block. */
  hf_iterator_append(id: string | number, text: string | number): number;
  /** In any block. */
  hf_iterator_insert(id: string | number, text: string | number): number;
  /** In any block. */
  bl_iterator_start(id: string | number): number;
  /** In any block. */
  bl_iterator_next(id: string | number): number;
  /** In any block. */
  bl_iterator_end(id: string | number): number;
  /** In any block. */
  bl_iterator_rm(id: string | number): number;
  /** In any block. */
  bl_iterator_append(id: string | number, text: string | number): number;
  /** In any block. */
  bl_iterator_insert(id: string | number, text: string | number): number;
  /** In any block. */
  remove_body(): number;
  /** In any block. */
  keep_hf(regex?: string | RegExp | undefined): number;
  /** In any block. */
  fnmatch(value: string | number, pattern: string | number, flags?: string | number | undefined): number;
}

/** Functions of module tls. */
export interface KsrTls {
  /** In request_route. Partly: never of a WebSocket connection. */
  is_peer_verified(): number;
  /** In any block. No: there is one client profile. */
  tls_set_connect_server_id(text: string | number): number;
}

/** Functions of module tm. */
export interface KsrTm {
  /** In request_route or event_route. */
  t_newtran(): number;
  /** In request_route. */
  t_release(): number;
  /** In any block. Partly: an ACK to a 2xx finds no transaction. */
  t_check_trans(): number;
  /** In request_route. */
  t_lookup_request(): number;
  /** In request_route. */
  t_lookup_cancel(copyFlags?: number | undefined): number;
  /** In request_route. */
  t_relay_cancel(): number;
  /** In any block. */
  t_cell_append_branches(index: number, label: number): number;
  /** In request_route. */
  t_save_lumps(): number;
  /** In any block. */
  t_exists(): number;
  /** In any block. */
  t_clean(): number;
  /** In branch_route. Partly: branch edits are always applied when the branch is sent. */
  t_msg_apply_changes(): number;
  /** In request_route, failure_route, event_route[tm:branch-failure] or event_route. */
  t_relay(): number;
  /** In request_route, failure_route, event_route[tm:branch-failure] or event_route. */
  t_relay(host: string | number, port: string | number): number;
  /** In request_route, failure_route, event_route[tm:branch-failure] or event_route. */
  t_relay_to_udp(): number;
  /** In request_route, failure_route, event_route[tm:branch-failure] or event_route. */
  t_relay_to_udp(host: string | number, port: string | number): number;
  /** In request_route, failure_route, event_route[tm:branch-failure] or event_route. */
  t_relay_to_tcp(): number;
  /** In request_route, failure_route, event_route[tm:branch-failure] or event_route. */
  t_relay_to_tcp(host: string | number, port: string | number): number;
  /** In request_route, failure_route, event_route[tm:branch-failure] or event_route. */
  t_relay_to_tls(): number;
  /** In request_route, failure_route, event_route[tm:branch-failure] or event_route. */
  t_relay_to_tls(host: string | number, port: string | number): number;
  /** In request_route, failure_route, event_route[tm:branch-failure] or event_route. */
  t_relay_to(): number;
  /** In request_route, failure_route, event_route[tm:branch-failure] or event_route. */
  t_relay_to(where: string | number): number;
  /** In request_route, failure_route, event_route[tm:branch-failure] or event_route. */
  t_relay_to(where: string | number, flags: number): number;
  /** In request_route, failure_route, event_route[tm:branch-failure] or event_route. */
  t_relay_to_proxy(where: string | number): number;
  /** In request_route. */
  t_forward_nonack(host: string | number, port: string | number): number;
  /** In request_route. */
  t_forward_nonack_udp(host: string | number, port: string | number): number;
  /** In request_route. */
  t_forward_nonack_tcp(host: string | number, port: string | number): number;
  /** In request_route. */
  t_forward_nonack_tls(host: string | number, port: string | number): number;
  /** In request_route. */
  t_forward_nonack_to(host: string | number, port: string | number): number;
  /** In request_route. */
  t_forward_nonack_uri(): number;
  /** In request_route. Yes: the second argument is a variable or text with host:port; bare $name of SER is not read. */
  t_relay_to_avp(proto: string | number, where: string | number | null): number;
  /** In request_route or failure_route. */
  t_load_contacts(mode?: number | undefined): number;
  /** In request_route or failure_route. */
  t_next_contacts(): number;
  /** In request_route, failure_route, event_route[tm:branch-failure] or event_route. Partly: flows of one instance are not kept apart, so there is never a next one. */
  t_next_contact_flow(): number;
  /** In request_route, failure_route, onreply_route, reply_route, event_route[tm:branch-failure] or event_route. */
  t_reply(code: string | number, reason: string | number): number;
  /** In request_route, failure_route, onreply_route, reply_route, event_route[tm:branch-failure] or event_route. */
  t_send_reply(code: string | number, reason: string | number): number;
  /** In request_route, failure_route, onreply_route, reply_route, event_route[tm:branch-failure] or event_route. */
  t_reply_error(): number;
  /** In request_route. */
  t_retransmit_reply(): number;
  /** In failure_route. */
  t_drop_replies(what?: string | number | undefined): number;
  /** In onreply_route or reply_route. */
  t_is_retr_async_reply(): number;
  /** In request_route, failure_route, onreply_route, branch_route, event_route[tm:branch-failure] or event_route. */
  t_is_canceled(): number;
  /** In request_route, failure_route, onreply_route, branch_route, event_route[tm:branch-failure] or event_route. */
  t_is_expired(): number;
  /** In request_route, failure_route, onreply_route, branch_route, event_route[tm:branch-failure] or event_route. */
  t_any_replied(): number;
  /** In request_route, failure_route, onreply_route, branch_route, event_route[tm:branch-failure] or event_route. */
  t_any_timeout(): number;
  /** In request_route, failure_route, onreply_route, branch_route, event_route[tm:branch-failure] or event_route. */
  t_grep_status(code: number): number;
  /** In any block. */
  t_get_status_code(): number;
  /** In any block. */
  t_check_status(regex: string | RegExp): number;
  /** In any block. */
  t_branch_timeout(): number;
  /** In any block. */
  t_branch_replied(): number;
  /** In request_route, failure_route, onreply_route, branch_route, event_route[tm:branch-failure] or event_route. */
  t_on_failure(route: string): number;
  /** In request_route, failure_route, onreply_route, branch_route, event_route[tm:branch-failure] or event_route. */
  t_on_reply(route: string): number;
  /** In request_route, failure_route, onreply_route, branch_route, event_route[tm:branch-failure] or event_route. */
  t_on_branch(route: string): number;
  /** In request_route, failure_route, onreply_route, branch_route, event_route[tm:branch-failure] or event_route. */
  t_on_branch_failure(route: string): number;
  /** In any block. */
  t_is_set(what: string | number): number;
  /** In request_route, failure_route, onreply_route, branch_route, event_route[tm:branch-failure] or event_route. */
  t_set_fr(inv: number, fr?: number | undefined): number;
  /** In request_route, failure_route, onreply_route, branch_route, event_route[tm:branch-failure] or event_route. */
  t_reset_fr(): number;
  /** In request_route, failure_route, onreply_route, branch_route, event_route[tm:branch-failure] or event_route. */
  t_set_max_lifetime(inv: number, noninv: number): number;
  /** In request_route, failure_route, onreply_route, branch_route, event_route[tm:branch-failure] or event_route. */
  t_reset_max_lifetime(): number;
  /** In request_route, failure_route, onreply_route, branch_route, event_route[tm:branch-failure] or event_route. */
  t_set_retr(t1: number, t2: number): number;
  /** In request_route, failure_route, onreply_route, branch_route, event_route[tm:branch-failure] or event_route. */
  t_reset_retr(): number;
  /** In request_route, failure_route, onreply_route, branch_route, event_route[tm:branch-failure] or event_route. */
  t_set_auto_inv_100(on: number): number;
  /** In request_route, failure_route, onreply_route, branch_route, event_route[tm:branch-failure] or event_route. */
  t_set_disable_6xx(on: number): number;
  /** In request_route, failure_route, onreply_route, branch_route, event_route[tm:branch-failure] or event_route. */
  t_set_disable_failover(on: number): number;
  /** In request_route, failure_route, onreply_route, branch_route, event_route[tm:branch-failure] or event_route. */
  t_set_disable_internal_reply(on: number): number;
  /** In request_route, failure_route, onreply_route, branch_route, event_route[tm:branch-failure] or event_route. */
  t_set_no_e2e_cancel_reason(on: number): number;
  /** In request_route, failure_route, onreply_route, branch_route, event_route[tm:branch-failure] or event_route. */
  t_disable_e2e_cancel_reason(on: number): number;
  /** In request_route, failure_route, onreply_route, branch_route, event_route[tm:branch-failure] or event_route. Partly: accepted; ACKs to negative finals are always ours. */
  t_set_no_auto_ack(number: number): number;
  /** In request_route. */
  t_replicate(uri?: string | number | undefined): number;
  /** In request_route. */
  t_replicate(host: string | number, port: string | number): number;
  /** In request_route. */
  t_replicate_to(host: string | number, port: string | number): number;
  /** In request_route. */
  t_replicate_udp(host: string | number, port: string | number): number;
  /** In request_route. */
  t_replicate_tcp(host: string | number, port: string | number): number;
  /** In request_route. */
  t_replicate_tls(host: string | number, port: string | number): number;
  /** In any block. Partly: the socket is chosen by the destination. */
  t_uac_send(
    method: string | number,
    ruri: string | number,
    next: string | number,
    socket: string | number,
    headers: string | number,
    body: string | number,
  ): number;
  /** In any block. Partly: own requests always start from their own headers. */
  t_use_uac_headers(): number;
  /** In request_route or failure_route. Partly: without the lines that tw_append names. */
  t_write_req(path: string | number, action: string | number): Promise<number>;
  /** In request_route or failure_route. Partly: without the lines that tw_append names. */
  t_write_unix(path: string | number, action: string | number): Promise<number>;
  /** In request_route, failure_route, event_route[tm:branch-failure] or event_route. No: SCTP is not a transport of this server. */
  t_relay_to_sctp(): number;
  /** In request_route, failure_route, event_route[tm:branch-failure] or event_route. No: SCTP is not a transport of this server. */
  t_relay_to_sctp(text: string | number, text2: string | number): number;
  /** In request_route. No: SCTP is not a transport of this server. */
  t_forward_nonack_sctp(text: string | number, text2: string | number): number;
  /** In request_route. No: SCTP is not a transport of this server. */
  t_replicate_sctp(text: string | number, text2: string | number): number;
}

/** Functions of module tmx. */
export interface KsrTmx {
  /** In request_route. */
  t_precheck_trans(): number;
  /** In any block. */
  t_is_branch_route(): number;
  /** In any block. */
  t_is_failure_route(): number;
  /** In any block. */
  t_is_reply_route(): number;
  /** In any block. */
  t_is_request_route(): number;
  /** In any block. */
  t_suspend(): number;
  /** In any block. */
  t_continue(index: number, label: number, route: string): number;
  /** In any block. */
  t_drop(code?: number | undefined): number;
  /** In onreply_route or reply_route. */
  t_cancel_branches(which: string | number): number;
  /** In any block. */
  t_cancel_callid(callid: string | number, cseq: string | number, flag: number, code?: number | undefined): number;
  /** In any block. */
  t_reply_callid(
    callid: string | number,
    cseq: string | number,
    code: string | number,
    reason: string | number,
  ): number;
  /** In any block. */
  t_flush_flags(): number;
  /** In any block. */
  t_flush_xflags(): number;
  /** In event_route[tm:branch-failure] or event_route. */
  t_reuse_branch(): number;
  /** In any block. No: it is about INVITEs made here whose ACK is held back, and none is. */
  t_uac_ack_local(
    text: string | number,
    text2: string | number,
    text3?: string | number | undefined,
    text4?: string | number | undefined,
  ): number;
  /** In any block. */
  t_cancel_branch_idx(index: number, label: number, branch: number): number;
  /** In any block. Partly: kept and told, nothing acts on them. */
  t_vbflag_set(flag: number): number;
  /** In any block. Partly: kept and told, nothing acts on them. */
  t_vbflag_reset(flag: number): number;
  /** In any block. Partly: kept and told, nothing acts on them. */
  t_vbflag_is_set(flag: number): number;
}

/** Functions of module uac. */
export interface KsrUac {
  /** In request_route or branch_route. */
  uac_replace_from(uri: string | number | null): number;
  /** In request_route or branch_route. */
  uac_replace_from(display: string | number | null, uri: string | number | null): number;
  /** In request_route. */
  uac_restore_from(): number;
  /** In request_route or branch_route. */
  uac_replace_to(uri: string | number | null): number;
  /** In request_route or branch_route. */
  uac_replace_to(display: string | number | null, uri: string | number | null): number;
  /** In request_route. */
  uac_restore_to(): number;
  /** In failure_route, event_route[tm:branch-failure] or event_route. */
  uac_auth(mode?: number | undefined): number;
  /** In failure_route, event_route[tm:branch-failure] or event_route. */
  uac_auth_mode(mode: number): number;
  /** In any block. */
  uac_req_send(): number;
  /** In any block. */
  uac_req_end(callId: string | number): number;
  /** In request_route, failure_route or branch_route. */
  uac_reg_request_to(user: string | number, mode: number): number;
  /** In any block. */
  uac_reg_lookup(uuid: string | number, target: string): number;
  /** In any block. */
  uac_reg_lookup_uri(uri: string | number, target: string): number;
  /** In any block. */
  uac_reg_status(uuid: string | number): number;
  /** In any block. */
  uac_reg_refresh(uuid: string | number): Promise<number>;
  /** In any block. */
  uac_reg_enable(attribute: string | number, value: string | number): number;
  /** In any block. */
  uac_reg_disable(attribute: string | number, value: string | number): number;
  /** In any block. */
  uac_reg_send_register(attribute: string | number, value: string | number): number;
  /** In any block. */
  uac_reg_send_unregister(attribute: string | number, value: string | number): number;
  /** In request_route or branch_route. */
  uac_replace_from_uri(uri: string | number | null): number;
  /** In request_route or branch_route. */
  uac_replace_from_uri(display: string | number | null, uri: string | number | null): number;
  /** In request_route or branch_route. */
  uac_replace_to_uri(uri: string | number | null): number;
  /** In request_route or branch_route. */
  uac_replace_to_uri(display: string | number | null, uri: string | number | null): number;
}

/** Functions of module uri_db. */
export interface KsrUriDb {
  /** In request_route. */
  check_to(): Promise<number>;
  /** In request_route. */
  check_from(): Promise<number>;
  /** In request_route. */
  check_uri(uri: string | number): Promise<number>;
  /** In request_route. */
  check_uri(uri: string | number, user: string | number, realm: string | number): Promise<number>;
  /** In request_route or event_route[tm:local-request]. */
  does_uri_exist(): Promise<number>;
}

/** Functions of module websocket. */
export interface KsrWebsocket {
  /** In any block. Partly: upgrades are answered before a route sees them. */
  ws_handle_handshake(): number;
  /** In any block. Partly: the close frame always carries status 1000. */
  ws_close(): number;
  /** In any block. Partly: the close frame always carries status 1000. */
  ws_close(number: number, text: string | number): number;
  /** In any block. Partly: the close frame always carries status 1000. */
  ws_close(status: number, reason: string | number, id: number): number;
  /** In any block. No: WebSocket connections to other servers are opened by routing to a URI with transport=ws. */
  ws_connect(
    text: string | number,
    text2: string | number,
    text3: string | number,
    text4: string | number,
    text5: string | number,
  ): number;
  /** In any block. No: WebSocket connections to other servers are opened by routing to a URI with transport=ws. */
  ws_connect_url(text: string | number, text2: string | number): number;
  /** In any block. No: not offered. */
  ws_send(
    text: string | number,
    text2: string | number,
    text3: string | number,
    text4: string | number,
    text5: string | number,
  ): number;
}

/** Functions of module xhttp. */
export interface KsrXhttp {
  /** In any block. Yes: a request that no route answers gets 404; the connection ends with the reply. */
  xhttp_reply(
    code: string | number,
    reason: string | number,
    contentType: string | number,
    body: string | number,
  ): number;
}

/** Functions of module xlog. */
export interface KsrXlog {
  /** In any block. */
  xlog(text: string | number): number;
  /** In any block. */
  xlog(level: string | number, text: string | number): number;
  /** In any block. */
  xlog(facility: string | number, level: string | number, text: string | number): number;
  /** In any block. Partly: prints no line number. */
  xlogl(text: string | number): number;
  /** In any block. Partly: prints no line number. */
  xlogl(level: string | number, text: string | number): number;
  /** In any block. Partly: prints no line number. */
  xlogl(facility: string | number, level: string | number, text: string | number): number;
  /** In any block. */
  xdbg(text: string | number): number;
  /** In any block. Partly: prints no line number. */
  xdbgl(text: string | number): number;
  /** In any block. */
  xinfo(text: string | number): number;
  /** In any block. */
  xnotice(text: string | number): number;
  /** In any block. */
  xwarn(text: string | number): number;
  /** In any block. */
  xerr(text: string | number): number;
  /** In any block. */
  xbug(text: string | number): number;
  /** In any block. */
  xcrit(text: string | number): number;
  /** In any block. */
  xalert(text: string | number): number;
  /** In any block. */
  xlogm(level: string | number, text: string | number): number;
}

/** Parameters of the modules, as modparam() sets them; one that may be given many times takes a list. */
export interface ModuleSettings {
  readonly acc?: {
    /** Default 0. */
    readonly early_media?: number;
    /** Default 0. Partly: an ACK that is relayed is accounted as 200, whether its INVITE is still known or not. */
    readonly report_ack?: number;
    /** Default 0. */
    readonly report_cancels?: number;
    /** Default 0. Yes: the tags are turned, as in the original; the extra values are not. */
    readonly detect_direction?: number;
    /** Default -1. */
    readonly failed_transaction_flag?: number;
    readonly failed_filter?: string;
    /** Default -1. */
    readonly acc_prepare_flag?: number;
    /** Default 0. */
    readonly acc_prepare_always?: number;
    /** Default 0. */
    readonly reason_from_hf?: number;
    /** Default 1. Ignored: a message never changes once it was received. */
    readonly clone_msg?: number;
    readonly multi_leg_info?: string;
    /** Default -1. */
    readonly log_flag?: number;
    /** Default -1. */
    readonly log_missed_flag?: number;
    /** Default 1. */
    readonly log_level?: number;
    /** Default "LOG_DAEMON". Ignored: the log has no facilities; the lines are those of module acc. */
    readonly log_facility?: string;
    readonly log_extra?: string;
    readonly db_url?: string;
    /** Default -1. */
    readonly db_flag?: number;
    /** Default -1. */
    readonly db_missed_flag?: number;
    /** Default "acc". */
    readonly db_table_acc?: string;
    /** Default "missed_calls". */
    readonly db_table_missed_calls?: string;
    readonly db_extra?: string;
    /** Default 0. Ignored: a row never makes a call wait. */
    readonly db_insert_mode?: number;
    /** Default 1. Ignored: tables may have columns of any kind. */
    readonly db_version_check?: number;
    /** Default 100000. Yes: ours; most rows that wait for a database that is down; a new one is dropped then. */
    readonly db_queue?: number;
    /** Default "method". */
    readonly acc_method_column?: string;
    /** Default "from_tag". */
    readonly acc_from_tag_column?: string;
    /** Default "to_tag". */
    readonly acc_to_tag_column?: string;
    /** Default "callid". */
    readonly acc_callid_column?: string;
    /** Default "sip_code". */
    readonly acc_sip_code_column?: string;
    /** Default "sip_reason". */
    readonly acc_sip_reason_column?: string;
    /** Default "time". */
    readonly acc_time_column?: string;
    /** Default 0. Yes: with 0 an undefined value is an empty text in every database. */
    readonly acc_extra_nullable?: number;
    /** Default 64. Ignored: there is no limit. */
    readonly acc_extra_size?: number;
    /** Default 0. */
    readonly time_mode?: number;
    readonly time_attr?: string;
    readonly time_exten?: string;
    /** Default "%Y-%m-%d %H:%M:%S". */
    readonly time_format?: string;
    /** Default 0. */
    readonly cdr_enable?: number;
    /** Default 1. */
    readonly cdr_log_enable?: number;
    /** Default 0. */
    readonly cdr_start_on_confirmed?: number;
    /** Default 0. Yes: calls that dlg_bye() or a command ends have a record whatever it says; the original loses them with 0. */
    readonly cdr_expired_dlg_enable?: number;
    /** Default 1. */
    readonly cdr_on_failed?: number;
    /** Default 0. Ignored: a later version’s; a duration has milliseconds. */
    readonly cdr_duration_mode?: number;
    readonly cdr_extra?: string;
    /** Default 0. Yes: with 0 an undefined value is an empty text in every database. */
    readonly cdr_extra_nullable?: number;
    /** Default 64. Ignored: there is no limit. */
    readonly cdr_extra_size?: number;
    /** Default "LOG_DAEMON". Ignored: the log has no facilities; the lines are those of module acc. */
    readonly cdr_facility?: string;
    /** Default "start_time". */
    readonly cdr_start_id?: string;
    /** Default "end_time". */
    readonly cdr_end_id?: string;
    /** Default "duration". */
    readonly cdr_duration_id?: string;
    readonly cdr_skip?: string;
    /** Default "". */
    readonly cdrs_table?: string;
  };
  readonly alias_db?: {
    /** Default "mysql://kamailioro:kamailioro@localhost/kamailio". */
    readonly db_url?: string;
    /** Default "username". */
    readonly user_column?: string;
    /** Default "domain". */
    readonly domain_column?: string;
    /** Default "alias_username". */
    readonly alias_user_column?: string;
    /** Default "alias_domain". */
    readonly alias_domain_column?: string;
    /** Default 0. */
    readonly use_domain?: number;
    readonly domain_prefix?: string;
    /** Default 0. */
    readonly append_branches?: number;
  };
  readonly app_ts?: {
    readonly load?: string | readonly string[];
    /** Default 10. */
    readonly wait_limit?: number;
  };
  readonly auth?: {
    readonly secret?: string;
    readonly nonce_expire?: number;
    /** Default 3. */
    readonly nonce_auth_max_drift?: number;
    /** Default "". */
    readonly realm_prefix?: string;
    /** Default 0. */
    readonly use_domain?: number;
    /** Default 0. */
    readonly auth_checks_register?: number;
    /** Default 0. */
    readonly auth_checks_no_dlg?: number;
    /** Default 0. */
    readonly auth_checks_in_dlg?: number;
    /** Default 0. Partly: counts are looked at unless allow_replay is set; with one_time_nonce, they take its place. */
    readonly nonce_count?: number;
    /** Default 0. */
    readonly one_time_nonce?: number;
    /** Default 1048576. Ignored: nonces are remembered when they are used, see used_nonces. */
    readonly nc_array_size?: number;
    /** Default 20. Ignored: nonces are remembered when they are used, see used_nonces. */
    readonly nc_array_order?: number;
    /** Default 1048576. Ignored: nonces are remembered when they are used, see used_nonces. */
    readonly otn_in_flight_no?: number;
    /** Default 20. Ignored: nonces are remembered when they are used, see used_nonces. */
    readonly otn_in_flight_order?: number;
    /** Default 1. Ignored: nonces are remembered when they are used, see used_nonces. */
    readonly nid_pool_no?: number;
    /** Default 0. Ignored: it does nothing in Kamailio either. */
    readonly protect_contacts?: number;
    /** Default "$digest_challenge". */
    readonly challenge_attr?: string;
    /** Default "Proxy-Authenticate". */
    readonly proxy_challenge_header?: string;
    /** Default "WWW-Authenticate". */
    readonly www_challenge_header?: string;
    /** Default "auth". Ignored: the challenge functions say it by their flags. */
    readonly qop?: string;
    /** Default 0. */
    readonly force_stateless_reply?: number;
    /** Default "". */
    readonly algorithm?: string;
    /** Default 0. */
    readonly add_authinfo_hdr?: number;
    /** Default "". Yes: of OpenSIPS. */
    readonly rpid_prefix?: string;
    /** Default ";party=calling;id-type=subscriber;screen=yes". Yes: of OpenSIPS. */
    readonly rpid_suffix?: string;
    /** Default "$avp(rpid)". Yes: of OpenSIPS. */
    readonly rpid_avp?: string;
    /** Yes: of OpenSIPS. */
    readonly username_spec?: string;
    /** Yes: of OpenSIPS. */
    readonly password_spec?: string;
    /** Default 0. Yes: of OpenSIPS. */
    readonly calculate_ha1?: number;
    /** Default 0. Yes: of OpenSIPS. */
    readonly disable_nonce_check?: number;
    /** Yes: ours. */
    readonly flavour?: string;
    /** Yes: ours. */
    readonly secret_previous?: string | readonly string[];
    /** Default "trunkline". Yes: ours. */
    readonly nonce_format?: string;
    /** Default "". Yes: ours. */
    readonly nonce_accept?: string;
    /** Default 0. Yes: ours. */
    readonly allow_replay?: number;
    /** Default 100000. Yes: ours. */
    readonly used_nonces?: number;
    /** Default 0. Yes: ours. */
    readonly qop_optional?: number;
    /** Default 0. Yes: ours. */
    readonly uri_check?: number;
    /** Default 0. Yes: ours. */
    readonly check_identity?: number;
    /** Default 0. Yes: ours. */
    readonly ban_source_limit?: number;
    /** Default 0. Yes: ours; headers of the client that append_rpid_hf() takes away: 1 Remote-Party-ID, 2 P-Asserted-Identity, 4 P-Preferred-Identity. */
    readonly rpid_strip?: number;
    /** Default 0. Yes: ours. */
    readonly ban_user_limit?: number;
    /** Default 60. Yes: ours. */
    readonly ban_window?: number;
    /** Default 300. Yes: ours. */
    readonly ban_time?: number;
  };
  readonly auth_db?: {
    /** Default "mysql://kamailioro:kamailioro@localhost/kamailio". */
    readonly db_url?: string;
    /** Default "username". */
    readonly user_column?: string;
    /** Default "domain". */
    readonly domain_column?: string;
    /** Default "ha1". */
    readonly password_column?: string;
    /** Default "ha1b". */
    readonly password_column_2?: string;
    /** Default 0. */
    readonly calculate_ha1?: number;
    readonly use_domain?: number;
    /** Default "". */
    readonly load_credentials?: string;
    /** Default 0. */
    readonly force_generate_avps?: number;
    /** Default 1. Ignored: the columns that a table has are looked at. */
    readonly version_table?: number;
    /** Default "ha1_sha256". Yes: of OpenSIPS. */
    readonly hash_column_sha256?: string;
    /** Default "ha1_sha512t256". Yes: of OpenSIPS. */
    readonly hash_column_sha512t256?: string;
    /** Default "username". Yes: of OpenSIPS. */
    readonly uri_user_column?: string;
    /** Default "domain". Yes: of OpenSIPS. */
    readonly uri_domain_column?: string;
    /** Default "uri_user". Yes: of OpenSIPS. */
    readonly uri_uriuser_column?: string;
    /** Default 0. Ignored: the columns that a table has are looked at. */
    readonly skip_version_check?: number;
    /** Default 5. Yes: ours. */
    readonly cache_expire?: number;
  };
  readonly cfg_rpc?: Readonly<Record<string, never>>;
  readonly cfgutils?: {
    /** Default 10. */
    readonly initial_probability?: number;
    /** Default 0. */
    readonly initial_gflags?: number;
    /** Default 0. Ignored: every key has a lock of its own. */
    readonly lock_set_size?: number;
    /** Ignored: only RPC commands compare the file. */
    readonly hash_file?: string;
  };
  readonly corex?: {
    readonly alias_subdomains?: string | readonly string[];
    /** Ignored: names are put into /etc/hosts instead. */
    readonly dns_cache?: string | readonly string[];
    /** Ignored: names are put into /etc/hosts instead. */
    readonly dns_file?: string | readonly string[];
    /** Ignored: a callback of other script languages. */
    readonly evcb_reply_out?: string;
    /** Default 0. Ignored: no event_route[network:msg]. */
    readonly nio_intercept?: number;
    /** Default 0. Ignored: no event_route[network:msg]. */
    readonly nio_min_msg_len?: number;
    /** Ignored: no event_route[network:msg]. */
    readonly nio_msg_avp?: string;
    /** Default 0. Ignored: no event_route[network:msg]. */
    readonly network_io_intercept?: number;
    /** Default 0. Ignored: no event_route[network:msg]. */
    readonly min_msg_len?: number;
    /** Ignored: no event_route[network:msg]. */
    readonly msg_avp?: string;
  };
  readonly counters?: {
    readonly script_counter?: string | readonly string[];
    /** Default "script". */
    readonly script_cnt_grp_name?: string;
  };
  readonly ctl?: {
    /** Yes: unix:, unixs:, unixd:, tcp:, udp:; also IPv6 addresses. */
    readonly binrpc?: string | readonly string[];
    /** Default 0. */
    readonly autoconversion?: number;
    /** Default 384. */
    readonly mode?: number;
    readonly user?: string;
    readonly group?: string;
    /** Ignored: it is the protocol before BINRPC, which nothing speaks any more. */
    readonly fifo?: string | readonly string[];
    /** Default 0. Partly: kilobytes of a reply; without it there is no limit. */
    readonly binrpc_max_body_size?: number;
    /** Default 0. Ignored: structs count as part of the reply. */
    readonly binrpc_struct_max_body_size?: number;
    /** Default 0. Ignored: buffers grow as they are needed. */
    readonly binrpc_buffer_size?: number;
  };
  readonly db_mysql?: {
    /** Default 300. Ignored: a lost connection is opened again when it is needed. */
    readonly ping_interval?: number;
    /** Default 2. Ignored: connecting and each statement may take ten seconds. */
    readonly timeout_interval?: number;
    /** Default 2. Ignored: connecting and each statement may take ten seconds. */
    readonly connect_timeout?: number;
    /** Default 2. Ignored: connecting and each statement may take ten seconds. */
    readonly receive_timeout?: number;
    /** Default 2. Ignored: connecting and each statement may take ten seconds. */
    readonly send_timeout?: number;
    /** Default 1. Ignored: a lost connection is opened again when it is needed. */
    readonly auto_reconnect?: number;
    /** Default 2. Ignored: a lost connection is opened again when it is needed. */
    readonly retries?: number;
    /** Default 0. Ignored: nothing is inserted. */
    readonly insert_delayed?: number;
    /** Default 0. Ignored: nothing is updated. */
    readonly update_affected_found?: number;
    /** Default 0. Ignored: no times are read. */
    readonly server_timezone?: number;
    /** Default 0. Ignored: integers have one type. */
    readonly unsigned_type?: number;
    /** Default 0. Ignored: connections to the database are not encrypted; use a local socket or a tunnel. */
    readonly opt_ssl_mode?: number;
    /** Default "". Ignored: see opt_ssl_mode. */
    readonly opt_ssl_ca?: string;
  };
  readonly db_postgres?: {
    /** Default 2. Ignored: a lost connection is opened again when it is needed. */
    readonly retries?: number;
    /** Default 0. Ignored: connecting and each statement may take ten seconds. */
    readonly timeout?: number;
    /** Default 0. Ignored: a lost connection is opened again when it is needed. */
    readonly tcp_keepalive?: number;
    /** Default 4. Ignored: there are no locks. */
    readonly lockset?: number;
    /** Default 1. Ignored: no binary columns are read. */
    readonly bytea_output_escape?: number;
    /** Ignored: connections have the defaults of the driver. */
    readonly con_param?: string | readonly string[];
  };
  readonly db_sqlite?: {
    /** Ignored: a locked file is waited for as long as a statement may take. */
    readonly db_set_busy_timeout?: string | readonly string[];
    /** Ignored: the journal stays as the file has it. */
    readonly db_set_journal_mode?: string | readonly string[];
    /** Ignored: the server changes no rows. */
    readonly db_set_readonly?: string | readonly string[];
  };
  readonly debugger?: {
    /** Default 0. No: statements are not traced; "trunkline check" shows what a configuration does wrong, xlog() where it goes. */
    readonly cfgtrace?: number;
    /** Default 0. No: statements are not traced; "trunkline check" shows what a configuration does wrong, xlog() where it goes. */
    readonly cfgtrace_format?: number;
    /** Default 0. Ignored: there is no package memory. */
    readonly cfgpkgcheck?: number;
    /** Default 0. No: statements are not traced; "trunkline check" shows what a configuration does wrong, xlog() where it goes. */
    readonly cfgtest?: number;
    /** Default 0. No: statements are not traced; "trunkline check" shows what a configuration does wrong, xlog() where it goes. */
    readonly breakpoint?: number;
    /** Default 0. No: statements are not traced; "trunkline check" shows what a configuration does wrong, xlog() where it goes. */
    readonly log_assign?: number;
    /** Default -1. Ignored: it is that of the trace. */
    readonly log_level?: number;
    /** Ignored: it is that of the trace. */
    readonly log_level_name?: string;
    /** Ignored: the log has no facilities. */
    readonly log_facility?: string;
    /** Default "*** cfgtrace:". Ignored: it is that of the trace. */
    readonly log_prefix?: string;
    /** Default 100000. No: statements are not traced; "trunkline check" shows what a configuration does wrong, xlog() where it goes. */
    readonly step_usleep?: number;
    /** Default 200. No: statements are not traced; "trunkline check" shows what a configuration does wrong, xlog() where it goes. */
    readonly step_loops?: number;
    /** Default 0. Ignored: there are no levels of single modules. */
    readonly mod_hash_size?: number;
    /** Default 0. No: there is one log level, that of debug. */
    readonly mod_level_mode?: number;
    /** No: there is one log level, that of debug. */
    readonly mod_level?: string | readonly string[];
    /** Default 0. Ignored: the log has no facilities. */
    readonly mod_facility_mode?: number;
    /** Ignored: the log has no facilities. */
    readonly mod_facility?: string | readonly string[];
    /** Default 0. Ignored: messages are counted from the start. */
    readonly reset_msgid?: number;
  };
  readonly dialog?: {
    /** Default 1. */
    readonly enable_stats?: number;
    /** Default 4096. Partly: only the size of the first number of a dialog. */
    readonly hash_size?: number;
    /** Default "did". */
    readonly rr_param?: string;
    /** Default -1. */
    readonly dlg_flag?: number;
    readonly timeout_avp?: string;
    /** Default 43200. */
    readonly default_timeout?: number;
    /** Default 300. */
    readonly early_timeout?: number;
    /** Default 60. */
    readonly noack_timeout?: number;
    /** Default 300. Partly: a call that is over stays 5 seconds, or as long as this says if that is less. */
    readonly end_timeout?: number;
    readonly dlg_extra_hdrs?: string;
    /** Default 0. */
    readonly dlg_match_mode?: number;
    /** Default 1. */
    readonly detect_spirals?: number;
    /** Default "mysql://kamailio:kamailiorw@localhost/kamailio". */
    readonly db_url?: string;
    /** Default 0. */
    readonly db_mode?: number;
    /** Default 60. */
    readonly db_update_period?: number;
    /** Default 200. */
    readonly db_fetch_rows?: number;
    /** Default 0. */
    readonly db_skip_load?: number;
    /** Default "dialog". */
    readonly table_name?: string;
    /** Default "callid". */
    readonly call_id_column?: string;
    /** Default "from_uri". */
    readonly from_uri_column?: string;
    /** Default "from_tag". */
    readonly from_tag_column?: string;
    /** Default "to_uri". */
    readonly to_uri_column?: string;
    /** Default "to_tag". */
    readonly to_tag_column?: string;
    /** Default "caller_cseq". */
    readonly from_cseq_column?: string;
    /** Default "callee_cseq". */
    readonly to_cseq_column?: string;
    /** Default "caller_route_set". */
    readonly from_route_column?: string;
    /** Default "callee_route_set". */
    readonly to_route_column?: string;
    /** Default "caller_contact". */
    readonly from_contact_column?: string;
    /** Default "callee_contact". */
    readonly to_contact_column?: string;
    /** Default "caller_sock". */
    readonly from_sock_column?: string;
    /** Default "callee_sock". */
    readonly to_sock_column?: string;
    /** Default "hash_id". */
    readonly h_id_column?: string;
    /** Default "hash_entry". */
    readonly h_entry_column?: string;
    /** Default "state". */
    readonly state_column?: string;
    /** Default "start_time". */
    readonly start_time_column?: string;
    /** Default "timeout". */
    readonly timeout_column?: string;
    /** Default "sflags". */
    readonly sflags_column?: string;
    /** Default "toroute_name". */
    readonly toroute_name_column?: string;
    /** Default "dialog_vars". */
    readonly vars_table_name?: string;
    /** Default "hash_id". */
    readonly vars_h_id_column?: string;
    /** Default "hash_entry". */
    readonly vars_h_entry_column?: string;
    /** Default "dialog_key". */
    readonly vars_key_column?: string;
    /** Default "dialog_value". */
    readonly vars_value_column?: string;
    readonly profiles_with_value?: string;
    readonly profiles_no_value?: string;
    /** Default "sip:controller@kamailio.org". Ignored: there is no dlg_bridge(). */
    readonly bridge_controller?: string;
    /** Default "sip:controller@kamailio.org:5060". Ignored: there is no dlg_bridge(). */
    readonly bridge_contact?: string;
    /** Default 1. Ignored: what belongs to a new call happens within dlg_manage(). */
    readonly initial_cbs_inscript?: number;
    /** Default 0. */
    readonly send_bye?: number;
    /** Default 0. Ignored: every call is of this server. */
    readonly dlg_filter_mode?: number;
    /** Default 1. Ignored: the transaction takes the ACK of a negative reply. */
    readonly wait_ack?: number;
    /** Default 0. */
    readonly ka_timer?: number;
    /** Default 0. */
    readonly ka_interval?: number;
    /** Default 1. */
    readonly ka_failed_limit?: number;
    /** Default 0. */
    readonly timeout_noreset?: number;
    /** Default 0. Ignored: there is one timer wheel. */
    readonly timer_procs?: number;
    /** Default 0. Ignored: calls are not shared by DMQ; let several servers use one database. */
    readonly enable_dmq?: number;
    /** Default "dialog". Ignored: calls are not shared by DMQ; let several servers use one database. */
    readonly dmq_peer_id?: string;
    /** Default 0. Ignored: calls are not shared by DMQ; let several servers use one database. */
    readonly enable_dmq_ka_iflags_sync?: number;
    /** Default 0. Ignored: uac keeps the numbers right by itself, in both directions. */
    readonly track_cseq_updates?: number;
    readonly lreq_callee_headers?: string;
    readonly event_callback?: string;
    /** Default 0. */
    readonly h_id_start?: number;
    /** Default 1. */
    readonly h_id_step?: number;
    /** Default 0. */
    readonly keep_proxy_rr?: number;
    /** Ignored: the times of the original’s keepalives are not set by an XAVP. */
    readonly xavp_cfg?: string;
    /** Ignored: the Request-URI of a call is $ru at dlg_manage(). */
    readonly ruri_pvar?: string;
    /** Default 480. */
    readonly bye_early_code?: number;
    /** Default "Temporarily Unavailable". */
    readonly bye_early_reason?: string;
    /** Default 0. Ignored: a later version’s. */
    readonly dlg_mode?: number;
    /** Default 0. Ignored: a later version’s. */
    readonly debug_variables?: number;
    /** Default 0. Ignored: the current call belongs to the message, whatever runs meanwhile. */
    readonly dlg_ctxiuid_mode?: number;
  };
  readonly domain?: {
    /** Default "mysql://kamailioro:kamailioro@localhost/kamailio". */
    readonly db_url?: string;
    /** Default "domain". */
    readonly domain_table?: string;
    /** Default "domain". */
    readonly domain_col?: string;
    /** Default "did". */
    readonly did_col?: string;
    /** Default "domain_attrs". */
    readonly domain_attrs_table?: string;
    /** Default "name". */
    readonly name_col?: string;
    /** Default "type". */
    readonly type_col?: string;
    /** Default "value". */
    readonly value_col?: string;
    /** Default 0. */
    readonly register_myself?: number;
  };
  readonly htable?: {
    /** Partly: name, autoexpire, initval, updateexpire, dbtable, dbmode; size is not needed; cols and its relatives, dmqreplicate have no effect. */
    readonly htable?: string | readonly string[];
    /** Default 20. */
    readonly timer_interval?: number;
    /** Default 1000000. Yes: most entries of each table; a new one is refused then. */
    readonly max_entries?: number;
    /** Default 0. Ignored: one timer does the work. */
    readonly timer_procs?: number;
    readonly db_url?: string;
    /** Default 0. */
    readonly db_expires?: number;
    /** Default 100. Ignored: rows come in chunks of 1000. */
    readonly fetch_rows?: number;
    /** Default "key_name". */
    readonly key_name_column?: string;
    /** Default "key_type". */
    readonly key_type_column?: string;
    /** Default "value_type". */
    readonly value_type_column?: string;
    /** Default "key_value". */
    readonly key_value_column?: string;
    /** Default "expires". */
    readonly expires_column?: string;
    /** Default "::size". */
    readonly array_size_suffix?: string;
    /** Default 0. No: tables are not replicated to other servers. */
    readonly enable_dmq?: number;
    /** Default 0. No: tables are not replicated to other servers. */
    readonly dmq_init_sync?: number;
    /** Default "htable". No: tables are not replicated to other servers. */
    readonly dmq_peer_id?: string;
    /** No: no KEMI callbacks. */
    readonly event_callback?: string;
    /** Default 0. No: no KEMI callbacks. */
    readonly event_callback_mode?: number;
  };
  readonly jsonrpcs?: {
    /** Default 1. */
    readonly pretty_format?: number;
    /** Default 6. Yes: jsonrpc_dispatch() needs no bit. */
    readonly transport?: number;
    /** Default "kamailio_rpc.fifo". Yes: the default place may be missing, then the FIFO is. */
    readonly fifo_name?: string;
    /** Default 432. */
    readonly fifo_mode?: number;
    readonly fifo_user?: string;
    readonly fifo_group?: string;
    /** Default "/tmp/". */
    readonly fifo_reply_dir?: string;
    /** Default "kamailio_rpc.sock". Yes: a Unix socket needs perl; the default place may be missing. */
    readonly dgram_socket?: string;
    /** Default 1. Ignored: one process does the work. */
    readonly dgram_workers?: number;
    /** Default 432. */
    readonly dgram_mode?: number;
    readonly dgram_user?: string;
    readonly dgram_group?: string;
    /** Default 2000. */
    readonly dgram_timeout?: number;
    readonly tcp_socket?: string;
  };
  readonly kex?: Readonly<Record<string, never>>;
  readonly maxfwd?: {
    /** Default 70. */
    readonly max_limit?: number;
  };
  readonly nathelper?: {
    /** Default 0. */
    readonly natping_interval?: number;
    /** Default 1. Ignored: one timer does the work. */
    readonly natping_processes?: number;
    /** Default 0. */
    readonly ping_nated_only?: number;
    readonly natping_socket?: string;
    readonly force_socket?: string;
    readonly received_avp?: string;
    /** Default -1. */
    readonly sipping_bflag?: number;
    readonly sipping_from?: string;
    /** Default "OPTIONS". */
    readonly sipping_method?: string;
    /** Default -1. */
    readonly natping_disable_bflag?: number;
    /** Default "a=nortpproxy:yes". */
    readonly nortpproxy_str?: string;
    /** Default 0. */
    readonly keepalive_timeout?: number;
    /** Default 0. */
    readonly udpping_from_path?: number;
    /** Default 1. */
    readonly append_sdp_oldmediaip?: number;
    /** Default 0. */
    readonly filter_server_id?: number;
    /** Default 1. */
    readonly nat_addr_mode?: number;
    /** Default "alias". */
    readonly alias_name?: string;
  };
  readonly path?: {
    /** Default 0. */
    readonly use_received?: number;
    /** Default 0. */
    readonly received_format?: number;
    /** Default "received". */
    readonly received_name?: string;
    /** Default 0. */
    readonly enable_r2?: number;
    /** Default 0. */
    readonly sockname_mode?: number;
  };
  readonly permissions?: {
    /** Default "permissions.allow". */
    readonly default_allow_file?: string;
    /** Default "permissions.deny". */
    readonly default_deny_file?: string;
    /** Default 1. */
    readonly check_all_branches?: number;
    /** Default ".allow". */
    readonly allow_suffix?: string;
    /** Default ".deny". */
    readonly deny_suffix?: string;
    readonly address_file?: string;
    readonly db_url?: string;
    /** Default "address". */
    readonly address_table?: string;
    /** Default "grp". */
    readonly grp_col?: string;
    /** Default "ip_addr". */
    readonly ip_addr_col?: string;
    /** Default "mask". */
    readonly mask_col?: string;
    /** Default "port". */
    readonly port_col?: string;
    /** Default 0. Partly: the trusted table is always kept in memory; read it again with permissions.trustedReload. */
    readonly db_mode?: number;
    /** Default "trusted". */
    readonly trusted_table?: string;
    /** Default "src_ip". */
    readonly source_col?: string;
    /** Default "proto". */
    readonly proto_col?: string;
    /** Default "from_pattern". */
    readonly from_col?: string;
    /** Default "ruri_pattern". */
    readonly ruri_col?: string;
    /** Default "tag". */
    readonly tag_col?: string;
    /** Default "priority". */
    readonly priority_col?: string;
    readonly peer_tag_avp?: string;
    /** Default 0. */
    readonly peer_tag_mode?: number;
    /** Default 512. Partly: more are used all the same, and the log says so. */
    readonly max_subnets?: number;
    /** Default 0. Ignored: the first that fits, by group and order. */
    readonly subnet_match_mode?: number;
    /** Default 65535. */
    readonly load_backends?: number;
    /** Default 5. */
    readonly reload_delta?: number;
    /** Default 60. Ignored: what is replaced is gone at once. */
    readonly trusted_cleanup_interval?: number;
  };
  readonly pike?: {
    /** Default 2. */
    readonly sampling_time_unit?: number;
    /** Default 30. Yes: three times as many in the unit in which a source is first seen, the most that the original lets through. */
    readonly reqs_density_per_unit?: number;
    /** Default 120. */
    readonly remove_latency?: number;
    /** Default 1. */
    readonly pike_log_level?: number;
    /** Default 100000. Yes: ours, sources kept at once; the one seen first gives way, unless it is blocked. */
    readonly max_sources?: number;
  };
  readonly pv?: {
    readonly shvset?: string | readonly string[];
    readonly varset?: string | readonly string[];
    readonly avp_aliases?: string | readonly string[];
  };
  readonly registrar?: {
    /** Default 3600. */
    readonly default_expires?: number;
    /** Default 0. */
    readonly default_expires_range?: number;
    /** Default 60. */
    readonly min_expires?: number;
    /** Default 0. */
    readonly min_expires_mode?: number;
    /** Default 0. */
    readonly max_expires?: number;
    /** Default 0. */
    readonly expires_range?: number;
    /** Default -1. */
    readonly default_q?: number;
    /** Default 1. */
    readonly append_branches?: number;
    /** Default 0. */
    readonly case_sensitive?: number;
    readonly realm_prefix?: string;
    readonly received_avp?: string;
    /** Default "received". */
    readonly received_param?: string;
    /** Default 0. */
    readonly max_contacts?: number;
    /** Default 0. */
    readonly retry_after?: number;
    /** Default -1. */
    readonly sock_flag?: number;
    readonly sock_hdr_name?: string;
    /** Default 0. */
    readonly sock_mode?: number;
    /** Default 0. */
    readonly method_filtering?: number;
    /** Default 0. */
    readonly use_path?: number;
    /** Default 2. Yes: with 2, a REGISTER that is refused with 420 changes nothing (Kamailio saves its contacts). */
    readonly path_mode?: number;
    /** Default 0. */
    readonly path_use_received?: number;
    /** Default 0. */
    readonly path_check_local?: number;
    readonly xavp_cfg?: string;
    readonly xavp_rcd?: string;
    /** Default 0. */
    readonly xavp_rcd_mask?: number;
    /** Default 1. */
    readonly gruu_enabled?: number;
    /** Default 0. Partly: needs no module outbound; flow tokens are not made. */
    readonly outbound_mode?: number;
    /** Default 0. Partly: 2 keeps reg-id with outbound only. */
    readonly regid_mode?: number;
    /** Default 0. */
    readonly flow_timer?: number;
    /** Default 512. */
    readonly contact_max_size?: number;
    /** Default 0. */
    readonly use_expired_contacts?: number;
    /** Default 0. */
    readonly lookup_filter_mode?: number;
    /** Ignored: names a statistic of Kamailio 5.6. */
    readonly default_expire?: string;
    readonly event_callback?: string;
  };
  readonly rr?: {
    /** Default 1. */
    readonly append_fromtag?: number;
    /** Default 0. */
    readonly enable_full_lr?: number;
    /** Default 1. */
    readonly enable_double_rr?: number;
    /** Default 0. */
    readonly add_username?: number;
    /** Default 1. Ignored: the socket is chosen by the second Record-Route. */
    readonly enable_socket_mismatch_warning?: number;
    /** Default 1. Partly: always on. */
    readonly force_send_socket?: number;
    /** Default 0. Ignored: a sips Request-URI gives a sips Record-Route. */
    readonly ignore_sips?: number;
    /** Default 0. Ignored: sockets are found by address. */
    readonly sockname_mode?: number;
    /** Default 0. */
    readonly loose_route_mode?: number;
    /** Ignored: add_username gives the From user. */
    readonly custom_user_avp?: string;
    /** Ignored: removed in the original. */
    readonly ignore_user?: string;
  };
  readonly sanity?: {
    /** Default 3047. */
    readonly default_checks?: number;
    /** Default 7. */
    readonly uri_checks?: number;
    readonly proxy_require?: string;
    /** Default 1. */
    readonly autodrop?: number;
    /** Default 0. */
    readonly noreply?: number;
    /** Default 0. Ignored: every size_ limit is checked by bit 65536. */
    readonly size_checks?: number;
    /** Default 16384. */
    readonly size_message?: number;
    /** Default 8192. */
    readonly size_headers?: number;
    /** Default 2048. */
    readonly size_header?: number;
    /** Default 8192. */
    readonly size_body?: number;
    /** Default 32. */
    readonly size_method?: number;
    /** Default 256. */
    readonly size_ruri?: number;
    /** Default 256. */
    readonly size_from_uri?: number;
    /** Default 256. */
    readonly size_to_uri?: number;
    /** Default 256. */
    readonly size_contact_uri?: number;
    /** Default 256. */
    readonly size_pai_uri?: number;
    /** Default 256. */
    readonly size_path_uri?: number;
    /** Default 256. */
    readonly size_route_uri?: number;
  };
  readonly siputils?: {
    /** Default "* /*". */
    readonly options_accept?: string;
    /** Default "". */
    readonly options_accept_encoding?: string;
    /** Default "en". */
    readonly options_accept_language?: string;
    /** Default "". */
    readonly options_support?: string;
    /** Default "*". */
    readonly contact_flds_separator?: string;
    /** Default "". */
    readonly rpid_prefix?: string;
    /** Default ";party=calling;id-type=subscriber;screen=yes". */
    readonly rpid_suffix?: string;
    /** Default "$avp(s:rpid)". */
    readonly rpid_avp?: string;
    /** Default 0. Yes: ours; headers of the client that append_rpid_hf() takes away: 1 Remote-Party-ID, 2 P-Asserted-Identity, 4 P-Preferred-Identity. */
    readonly rpid_strip?: number;
    /** Default 16. */
    readonly e164_max_len?: number;
    /** Default 0. */
    readonly ring_timeout?: number;
  };
  readonly sl?: {
    /** Default 500. Ignored: a code that is none is refused. */
    readonly default_code?: number;
    /** Default "Internal Server Error". Ignored: a code that is none is refused. */
    readonly default_reason?: string;
    /** Default 1. */
    readonly bind_tm?: number;
    /** Default 0. Ignored: q values are always written. */
    readonly rich_redirect?: number;
    readonly event_callback_fl_ack?: string;
    /** Ignored: no KEMI callbacks yet. */
    readonly event_callback_lres_sent?: string;
  };
  readonly speeddial?: {
    /** Default "mysql://kamailioro:kamailioro@localhost/kamailio". */
    readonly db_url?: string;
    /** Default "username". */
    readonly user_column?: string;
    /** Default "domain". */
    readonly domain_column?: string;
    /** Default "sd_username". */
    readonly sd_user_column?: string;
    /** Default "sd_domain". */
    readonly sd_domain_column?: string;
    /** Default "new_uri". */
    readonly new_uri_column?: string;
    readonly domain_prefix?: string;
    /** Default 0. */
    readonly use_domain?: number;
  };
  readonly sqlops?: {
    readonly sqlcon?: string | readonly string[];
    /** Ignored: results are made when they are used. */
    readonly sqlres?: string | readonly string[];
    /** Default 0. Partly: the start never fails for a database that is down; with 0 it is logged. */
    readonly connect_mode?: number;
    /** Default 32. Ignored: there is no limit. */
    readonly results_maxsize?: number;
    /** Default 128. Ignored: statements are not logged, they may hold passwords. */
    readonly log_buf_size?: number;
    /** Default 2048. Ignored: there is no buffer. */
    readonly tr_buf_size?: number;
  };
  readonly statistics?: {
    readonly variable?: string | readonly string[];
  };
  readonly textops?: {
    /** Ignored: texts have no fixed buffer. */
    readonly xlbuf_size?: number;
  };
  readonly textopsx?: Readonly<Record<string, never>>;
  readonly tls?: {
    /** Yes: server and client profiles, one for each socket, certificates by server name. */
    readonly config?: string;
    readonly certificate?: string;
    readonly private_key?: string;
    readonly private_key_password?: string;
    /** Partly: without one, servers that we connect to are checked with Node's authorities. */
    readonly ca_list?: string;
    /** Partly: the files of the folder are read once, at start. */
    readonly ca_path?: string;
    readonly crl?: string;
    /** Default 0. */
    readonly verify_certificate?: number;
    /** Default 0. */
    readonly require_certificate?: number;
    /** Partly: optional_no_ca is off. */
    readonly verify_client?: string;
    /** Partly: TLS 1.2 at least, whatever older one is named (RFC 8996). */
    readonly tls_method?: string;
    readonly cipher_list?: string;
    /** Default 9. Ignored: Node's limit holds. */
    readonly verify_depth?: number;
    /** Ignored: the name of the next hop is asked for. */
    readonly server_name?: string;
    /** Default 600. Ignored: tcp_connection_lifetime holds for TLS too. */
    readonly connection_timeout?: number;
    /** Default 0. Ignored: it is about faults of OpenSSL in processes that fork. */
    readonly tls_force_run?: number;
    /** Default 0. Ignored: it is about faults of OpenSSL in processes that fork. */
    readonly init_mode?: number;
    /** Default 0. Ignored. */
    readonly key_password_mode?: number;
    /** Default 1. Yes: there is none. */
    readonly tls_disable_compression?: number;
    /** Default 0. Yes: there is none. */
    readonly renegotiation?: number;
    /** Default 0. Ignored: Node's OpenSSL has no such switch. */
    readonly session_cache?: number;
    /** Ignored: Node's OpenSSL has no such switch. */
    readonly session_id?: string;
    /** Default 0. Ignored: it is always sent. */
    readonly send_close_notify?: number;
    /** Default -1. Ignored: Node's OpenSSL has no such switch. */
    readonly ssl_freelist_max_len?: number;
    /** Default -1. Ignored: Node's OpenSSL has no such switch. */
    readonly ssl_max_send_fragment?: number;
    /** Default 0. Ignored: Node's OpenSSL has no such switch. */
    readonly ssl_read_ahead?: number;
    /** Default -1. Ignored: Node's OpenSSL has no such switch. */
    readonly ssl_release_buffers?: number;
    /** Default -1. Ignored: memory is not of a fixed size. */
    readonly low_mem_threshold1?: number;
    /** Default -1. Ignored: memory is not of a fixed size. */
    readonly low_mem_threshold2?: number;
    /** Default 65536. Ignored: tcp_conn_wq_max and tcp_wq_max hold for TLS too. */
    readonly con_ct_wq_max?: number;
    /** Default 10485760. Ignored: tcp_conn_wq_max and tcp_wq_max hold for TLS too. */
    readonly ct_wq_max?: number;
    /** Default 4096. Ignored: tcp_conn_wq_max and tcp_wq_max hold for TLS too. */
    readonly ct_wq_blk_size?: number;
    /** Default 3. Ignored: refused handshakes are always logged. */
    readonly tls_log?: number;
    /** Default 3. Ignored: refused handshakes are always logged. */
    readonly tls_debug?: number;
    /** Default "NONE". Ignored: Node's OpenSSL has no such switch. */
    readonly engine?: string;
    /** Ignored: Node's OpenSSL has no such switch. */
    readonly engine_config?: string;
    /** Ignored: Node's OpenSSL has no such switch. */
    readonly engine_algorithms?: string;
    /** Ignored: Node's OpenSSL has no such switch. */
    readonly rand_engine?: string | readonly string[];
    /** Default 0. Ignored: Node's OpenSSL has no such switch. */
    readonly provider_quirks?: number;
    /** Ignored: Node's OpenSSL has no such switch. */
    readonly provider_quirks_config?: string;
    /** Default 0. Ignored: keys are not written down. */
    readonly keylog_mode?: number;
    /** Ignored: keys are not written down. */
    readonly keylog_file?: string;
    /** Ignored: keys are not written down. */
    readonly keylog_peer?: string;
    /** Ignored: the certificate shown is that of the client profile. */
    readonly xavp_cfg?: string;
    /** Ignored: no KEMI callbacks yet. */
    readonly event_callback?: string;
  };
  readonly tm?: {
    /** Default 30000. */
    readonly fr_timer?: number;
    /** Default 120000. */
    readonly fr_inv_timer?: number;
    /** Default 180000. */
    readonly max_inv_lifetime?: number;
    /** Default 32000. */
    readonly max_noninv_lifetime?: number;
    /** Default 5000. */
    readonly wt_timer?: number;
    /** Default 500. */
    readonly retr_timer1?: number;
    /** Default 4000. */
    readonly retr_timer2?: number;
    /** Default 1. */
    readonly restart_fr_on_each_reply?: number;
    /** Default 1. */
    readonly auto_inv_100?: number;
    /** Default "trying -- your call is important to us". */
    readonly auto_inv_100_reason?: string;
    /** Default 0. */
    readonly unmatched_cancel?: number;
    /** Default 1. */
    readonly cancel_b_method?: number;
    /** Default 1. */
    readonly e2e_cancel_reason?: number;
    /** Default 1. */
    readonly local_cancel_reason?: number;
    /** Default 1. */
    readonly remap_503_500?: number;
    /** Default 1. */
    readonly aggregate_challenges?: number;
    /** Default 3. */
    readonly failure_reply_mode?: number;
    /** Default 0. */
    readonly faked_reply_prio?: number;
    /** Default 0. */
    readonly disable_6xx_block?: number;
    /** Default 500. */
    readonly default_code?: number;
    /** Default "Server Internal Error". */
    readonly default_reason?: string;
    readonly fr_timer_avp?: string;
    readonly fr_inv_timer_avp?: string;
    /** Default 408. Ignored: a timeout is 408. */
    readonly reply_408_code?: number;
    /** Ignored: a timeout is 408 Request Timeout. */
    readonly reply_408_reason?: string;
    /** Ignored: parked contacts are kept with the transaction. */
    readonly contacts_avp?: string;
    /** Ignored: parked contacts are kept with the transaction. */
    readonly contact_flows_avp?: string;
    /** Ignored: parked contacts are kept with the transaction. */
    readonly xavp_contact?: string;
    /** Default 0. Ignored: failure_route always runs for the reply that wins. */
    readonly failure_exec_mode?: number;
    /** Partly: 503 always tries the next address. */
    readonly failover_reply_codes?: string;
    /** Default 0. Partly: a target that answers 503 is avoided for a while. */
    readonly blst_503?: number;
    /** Default 0. Ignored: the deny-list of the resolver has one time for all failures. */
    readonly blst_503_def_timeout?: number;
    /** Default 0. Ignored: the deny-list of the resolver has one time for all failures. */
    readonly blst_503_min_timeout?: number;
    /** Default 0. Ignored: the deny-list of the resolver has one time for all failures. */
    readonly blst_503_max_timeout?: number;
    /** Default 1. Ignored: a target that failed is avoided whatever the method. */
    readonly blst_methods_add?: number;
    /** Default -1. Ignored: a target that failed is avoided whatever the method. */
    readonly blst_methods_lookup?: number;
    /** Default 0. Ignored: matching follows RFC 3261 §17 always. */
    readonly callid_matching?: number;
    /** Default 0. Ignored: matching follows RFC 3261 §17 always. */
    readonly callid_cseq_matching?: number;
    /** Default 1. Ignored: matching follows RFC 3261 §17 always. */
    readonly ruri_matching?: number;
    /** Default 1. Ignored: matching follows RFC 3261 §17 always. */
    readonly via1_matching?: number;
    /** Default 0. Ignored: matching follows RFC 3261 §17 always. */
    readonly reply_matching?: number;
    /** Default 1. Yes: ACK and CANCEL always come from the INVITE that was sent. */
    readonly reparse_invite?: number;
    /** Default 1. Yes: each address gets a request built anew. */
    readonly reparse_on_dns_failover?: number;
    /** Default 0. Ignored: the receiving socket is preferred. */
    readonly dns_reuse_rcv_socket?: number;
    /** Ignored: ACK and CANCEL carry what RFC 3261 §9.1 and §17.1.1.3 say. */
    readonly ac_extra_hdrs?: string;
    /** Default 0. Ignored: about callbacks of requests made here, whose replies nobody waits for. */
    readonly pass_provisional_replies?: number;
    /** Default 0. Ignored: 100 is hop by hop. */
    readonly relay_100?: number;
    /** Default 1. Ignored: a 2xx that comes again goes upstream again (RFC 6026 §8.4). */
    readonly reply_relay_mode?: number;
    /** Default 0. Ignored: q values are always written. */
    readonly rich_redirect?: number;
    /** Default 0. Ignored: the ACK goes where the INVITE went. */
    readonly local_ack_mode?: number;
    /** Default 0. Ignored: no ACK to a 2xx is made here. */
    readonly local_ack_branch_mode?: number;
    /** Default 0. Ignored: requests made here have no failure_route. */
    readonly enable_uac_fr?: number;
    /** Default 1. Ignored: nothing blocks here. */
    readonly exec_time_check?: number;
    /** Default 0. Yes: exactly one error reply is sent. */
    readonly delayed_reply?: number;
    /** Default 0. Ignored: CANCEL is always hop by hop (RFC 3261 §9.2). */
    readonly e2e_cancel_hop_by_hop?: number;
    /** Default 0. Ignored: requests made here run no event route yet. */
    readonly evlreq_mode?: number;
    /** Default 0. Ignored: ACK and CANCEL carry what RFC 3261 §9.1 and §17.1.1.3 say. */
    readonly headers_mode?: number;
    /** Default 0. Ignored: fr_inv_timer always answers. */
    readonly noisy_ctimer?: number;
    /** Default 500. Ignored: t_write_unix() is not there. */
    readonly unix_tx_timeout?: number;
    /** Default 0. Ignored: removed in the original. */
    readonly delete_timer?: number;
    /** No: use reply_route. */
    readonly on_sl_reply?: string;
    readonly event_callback?: string;
    /** Ignored: no KEMI callbacks yet. */
    readonly event_callback_lres_sent?: string;
    /** Ignored: no KEMI callbacks yet. */
    readonly evcb_local_ack_sent?: string;
    /** Ignored: t_write_req() writes the fixed lines only. */
    readonly tw_append?: string | readonly string[];
  };
  readonly tmx?: {
    /** Default 1. Yes: retransmissions never reach the script. */
    readonly precheck_trans?: number;
  };
  readonly uac?: {
    /** Default "vsf". */
    readonly rr_from_store_param?: string;
    /** Default "vst". */
    readonly rr_to_store_param?: string;
    /** Default "auto". */
    readonly restore_mode?: string;
    /** Default 0. */
    readonly restore_dlg?: number;
    /** Default "". */
    readonly restore_passwd?: string;
    readonly restore_from_avp?: string;
    readonly restore_to_avp?: string;
    readonly credential?: string | readonly string[];
    readonly auth_username_avp?: string;
    readonly auth_realm_avp?: string;
    readonly auth_password_avp?: string;
    readonly default_socket?: string;
    readonly event_callback?: string;
    readonly reg_db_url?: string;
    /** Default "uacreg". */
    readonly reg_db_table?: string;
    readonly reg_contact_addr?: string;
    /** Default 90. Partly: each account has a timer of its own, so no binding lapses between two sweeps; the value is the period of a watchdog. */
    readonly reg_timer_interval?: number;
    /** Default 0. Partly: 0 disables a failed account only where it is written; without the parameter the pauses grow. */
    readonly reg_retry_interval?: number;
    /** Default 0. Partly: without the parameter Call-ID and CSeq go on, as RFC 3261 §10.2.4 wants; 0 makes a fresh Call-ID for each refresh. */
    readonly reg_keep_callid?: number;
    /** Default 0. */
    readonly reg_random_delay?: number;
    /** Default 1. */
    readonly reg_active?: number;
    /** Default 150. Ignored: a reload leaves no old table behind. */
    readonly reg_gc_interval?: number;
    /** Default 4. Ignored: the table grows by itself. */
    readonly reg_hash_size?: number;
    /** Default 0. */
    readonly reg_use_domain?: number;
    /** Default 30. */
    readonly reload_delta?: number;
    /** Default 0. */
    readonly reg_rate?: number;
    /** Default "disable,remove". */
    readonly reg_unregister?: string;
    readonly reg_algorithms?: string;
    readonly reg_callid_seed?: string;
    /** Default "all". */
    readonly reg_rpc_fields?: string;
    /** Default 0. */
    readonly reg_show_secrets?: number;
    /** Default 0. */
    readonly reg_outbound?: number;
    readonly reg_instance?: string;
    /** Default 0. */
    readonly reg_path?: number;
    /** Default 0. */
    readonly reg_keepalive?: number;
    /** Default 0. */
    readonly reg_keepalive_options?: number;
    /** Default 0. */
    readonly reg_learn_contact?: number;
    /** Default 60. */
    readonly reg_db_retry?: number;
    readonly credential_destination?: string | readonly string[];
    readonly auth_algorithms?: string;
    /** Default 1. */
    readonly cseq_update?: number;
    /** Default "kamailio". */
    readonly restore_store?: string;
    /** Default "csd". */
    readonly rr_cseq_store_param?: string;
    /** Default "vsd". */
    readonly rr_from_display_param?: string;
    /** Default "vtd". */
    readonly rr_to_display_param?: string;
  };
  readonly uri_db?: {
    /** Default "mysql://kamailioro:kamailioro@localhost/kamailio". */
    readonly db_url?: string;
    /** Default "subscriber". */
    readonly db_table?: string;
    /** Default "username". */
    readonly user_column?: string;
    /** Default "domain". */
    readonly domain_column?: string;
    /** Default "uri_user". */
    readonly uriuser_column?: string;
    /** Default 0. */
    readonly use_uri_table?: number;
    /** Default 0. */
    readonly use_domain?: number;
  };
  readonly usrloc?: {
    /** Default 0. */
    readonly use_domain?: number;
    /** Default 0. */
    readonly matching_mode?: number;
    /** Default 20. */
    readonly cseq_delay?: number;
    /** Default 0. */
    readonly desc_time_order?: number;
    /** Default 60. */
    readonly timer_interval?: number;
    readonly nat_bflag?: number;
    /** Default 10. Ignored: tables grow; commands tell of it. */
    readonly hash_size?: number;
    readonly db_url?: string;
    /** Default 0. Yes: with 1, a reply waits at most two seconds for the database; what it misses is written later. */
    readonly db_mode?: number;
    /** Default 1. */
    readonly version_table?: number;
    /** Default 1. */
    readonly db_load?: number;
    /** Ignored: a thousand rows at once. */
    readonly fetch_rows?: number;
    readonly preload?: string | readonly string[];
    /** Default "ruid". */
    readonly ruid_column?: string;
    /** Default "username". */
    readonly user_column?: string;
    /** Default "domain". */
    readonly domain_column?: string;
    /** Default "contact". */
    readonly contact_column?: string;
    /** Default "received". */
    readonly received_column?: string;
    /** Default "path". */
    readonly path_column?: string;
    /** Default "expires". */
    readonly expires_column?: string;
    /** Default "q". */
    readonly q_column?: string;
    /** Default "callid". */
    readonly callid_column?: string;
    /** Default "cseq". */
    readonly cseq_column?: string;
    /** Default "flags". */
    readonly flags_column?: string;
    /** Default "cflags". */
    readonly cflags_column?: string;
    /** Default "user_agent". */
    readonly user_agent_column?: string;
    /** Default "socket". */
    readonly socket_column?: string;
    /** Default "methods". */
    readonly methods_column?: string;
    /** Default "instance". */
    readonly instance_column?: string;
    /** Default "reg_id". */
    readonly reg_id_column?: string;
    /** Default "server_id". */
    readonly server_id_column?: string;
    /** Default "connection_id". */
    readonly connection_id_column?: string;
    /** Default "keepalive". */
    readonly keepalive_column?: string;
    /** Default "partition". */
    readonly partition_column?: string;
    /** Default 1. Ignored: rows are always found by their ruid, and inserted or updated as needed. */
    readonly db_ops_ruid?: number;
    /** Default 0. Ignored: rows are always found by their ruid, and inserted or updated as needed. */
    readonly db_update_as_insert?: number;
    /** Default 0. Ignored: rows are always found by their ruid, and inserted or updated as needed. */
    readonly db_insert_update?: number;
    /** Default 0. Ignored: rows are always found by their ruid, and inserted or updated as needed. */
    readonly db_check_update?: number;
    /** Ignored: absent texts are NULL where the column takes it. */
    readonly db_insert_null?: number;
    /** Default 0. Ignored: there is one way of reading. */
    readonly db_raw_fetch_type?: number;
    /** Default 0. Yes: contacts of this server are deleted as they end in any case. */
    readonly db_timer_clean?: number;
    /** Default 0. */
    readonly db_clean_tcp?: number;
    /** Default 0. */
    readonly expires_type?: number;
    /** Default 0. Ignored: one timer does the work. */
    readonly timer_procs?: number;
    /** Default 0. Yes: in db_mode 3, as in Kamailio. */
    readonly rm_expired_delay?: number;
    /** Default 0. */
    readonly close_expired_tcp?: number;
    /** Default 0. Yes: at once, not with the next timer_interval. */
    readonly handle_lost_tcp?: number;
    /** Default 0. */
    readonly server_id_filter?: number;
    /** Default 0. */
    readonly skip_remote_socket?: number;
    /** Default 1. Ignored: there is one process. */
    readonly load_rank?: number;
    readonly xavp_contact?: string;
    /** Ignored: the statistic has its usual name. */
    readonly registered_users?: string;
    /** Default 0. */
    readonly ka_mode?: number;
    /** Default "sip:server@kamailio.org". */
    readonly ka_from?: string;
    /** Default "kamailio.org". */
    readonly ka_domain?: string;
    /** Default "OPTIONS". */
    readonly ka_method?: string;
    /** Default 0. */
    readonly ka_filter?: number;
    /** Default 0. Yes: a silent contact ends at once; Kamailio leaves it ten seconds more. */
    readonly ka_timeout?: number;
    /** Default 255. */
    readonly ka_loglevel?: number;
    /** Default " to-uri: [$tu] remote-addr: [$sas]". */
    readonly ka_logmsg?: string;
  };
  readonly websocket?: {
    /** Default 1. Partly: sip always, msrp never. */
    readonly sub_protocols?: number;
    /** Default 0. Ignored: the Origin of clients is not looked at. */
    readonly cors_mode?: number;
    /** Default 1. Ignored: pings of clients are answered; idle connections end after tcp_connection_lifetime. */
    readonly keepalive_mechanism?: number;
    /** Default 180. Ignored: pings of clients are answered; idle connections end after tcp_connection_lifetime. */
    readonly keepalive_timeout?: number;
    /** Default 1. Ignored: pings of clients are answered; idle connections end after tcp_connection_lifetime. */
    readonly keepalive_interval?: number;
    /** Default 1. Ignored: one process does the work. */
    readonly keepalive_processes?: number;
    /** Default "Kamailio". Ignored: pings of clients are answered; idle connections end after tcp_connection_lifetime. */
    readonly ping_application_data?: string;
    /** Default 1. Ignored: a closed connection is removed at once. */
    readonly timer_interval?: number;
    /** Default 5. Ignored: a closed connection is removed at once. */
    readonly rm_delay_interval?: number;
    /** Default 0. Ignored. */
    readonly verbose_list?: number;
    readonly event_callback?: string;
  };
  readonly xhttp?: {
    /** Yes: others get 404. */
    readonly url_match?: string;
    /** Yes: they get 404. */
    readonly url_skip?: string;
    readonly event_callback?: string;
  };
  readonly xlog?: {
    /** Default 4096. */
    readonly buf_size?: number;
    /** Default 0. Ignored: $C() always yields its sequence. */
    readonly force_color?: number;
    /** Ignored: the log chooses its colours. */
    readonly log_colors?: string | readonly string[];
    /** Ignored: the log has no facilities. */
    readonly log_facility?: string;
    /** Default 0. Ignored: xlogl prints no position. */
    readonly long_format?: number;
    /** Default -1. */
    readonly methods_filter?: number;
    /** Default "<script>: ". */
    readonly prefix?: string;
    /** Default 0. */
    readonly prefix_mode?: number;
    /** Default 0. Ignored: every text is a line of its own. */
    readonly auto_newline?: number;
  };
}
