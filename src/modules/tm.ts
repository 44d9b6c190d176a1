import { M_ACK, M_CANCEL, M_INVITE } from '../message/method.ts';
import { hasCrlf } from '../message/serializer.ts';
import type { Branch } from '../proxy/branch.ts';
import type { RelayOptions } from '../proxy/proxy-core.ts';
import type { ScriptContext } from '../script/context.ts';
import { L_ERR } from '../script/log.ts';
import {
  defineModule,
  type FunctionDefinition,
  fn,
  intParam,
  listParam,
  ModuleError,
  type ModuleHost,
  strParam,
  type VariableAccess,
} from '../script/module-definition.ts';
import {
  ROUTE_ANY,
  ROUTE_BRANCH,
  ROUTE_BRANCH_FAILURE,
  ROUTE_CORE_ONREPLY,
  ROUTE_EVENT,
  ROUTE_FAILURE,
  ROUTE_ONREPLY,
  ROUTE_REQUEST,
  ROUTE_TM_ONREPLY,
} from '../script/values.ts';
import { statusCode } from './sl.ts';

/** State of one program's tm module. */
export interface TmModule {
  readonly host: ModuleHost;
  readonly defaultCode: number;
  readonly defaultReason: string;
  /** fr_timer_avp / fr_inv_timer_avp: seconds, read when a relay starts. */
  readonly frAvp: VariableAccess | null;
  readonly frInvAvp: VariableAccess | null;
}

const RELAY = ROUTE_REQUEST | ROUTE_FAILURE | ROUTE_BRANCH_FAILURE | ROUTE_EVENT;
const MOST = ROUTE_REQUEST | ROUTE_TM_ONREPLY | ROUTE_FAILURE | ROUTE_BRANCH | ROUTE_BRANCH_FAILURE | ROUTE_EVENT;
const REPLY = ROUTE_REQUEST | ROUTE_ONREPLY | ROUTE_FAILURE | ROUTE_BRANCH_FAILURE | ROUTE_EVENT;

function relay(module: TmModule, ctx: ScriptContext, options: RelayOptions): number {
  const { state } = ctx;
  if (module.frAvp !== null) state.fr = seconds(module.frAvp.get(ctx)) || state.fr;
  if (module.frInvAvp !== null) state.frInv = seconds(module.frInvAvp.get(ctx)) || state.frInv;
  return module.host.proxy.relay(state, options);
}

function seconds(value: string | number | null): number {
  const number = Number(value ?? 0);
  return Number.isFinite(number) && number > 0 ? number * 1000 : 0;
}

function to(host: string, port: string | undefined, proto = ''): RelayOptions {
  const number = Number(port ?? 0);
  return { host, port: Number.isInteger(number) ? number : 0, proto };
}

/** `proto:host:port` of t_relay_to; parts may be missing. Null when it is none. */
function proxyAddress(text: string): RelayOptions | null {
  const match = /^(?:(udp|tcp|tls|ws|wss):)?(\[[\da-f:.]+\]|[\w.-]+)(?::(\d{1,5}))?$/i.exec(text.trim());
  if (match === null) return null;
  return { proto: match[1]?.toLowerCase() ?? '', host: match[2] ?? '', port: Number(match[3] ?? 0) };
}

function relayTo(module: TmModule, ctx: ScriptContext, where: string, flags: number): number {
  const address = where === '' ? {} : proxyAddress(where);
  if (address === null) {
    // Anywhere else would be a place that nobody asked for.
    module.host.log.write(L_ERR, 'tm', `t_relay_to: "${where}" is no address`, 'TM_BAD_ARGUMENT');
    return -1;
  }
  return relay(module, ctx, {
    ...address,
    no100: (flags & 1) !== 0,
    noInternalReply: (flags & 2) !== 0,
    noDnsFailover: (flags & 4) !== 0,
  });
}

function reply(module: TmModule, ctx: ScriptContext, code: string, reason: string): number {
  if (ctx.state.transaction === null) return -1;
  let status = statusCode(code);
  let text = reason;
  if (status === 0) {
    module.host.log.write(L_ERR, 'tm', `"${code}" is no status code: default_code is sent`, 'TM_BAD_STATUS');
    status = module.defaultCode;
    text = module.defaultReason;
  }
  return module.host.proxy.reply(ctx.state, status, text);
}

function sendReply(module: TmModule, ctx: ScriptContext, code: string, reason: string): number {
  if (ctx.state.transaction === null) {
    const made = module.host.proxy.newTransaction(ctx.state);
    if (made <= 0) return made;
  }
  return reply(module, ctx, code, reason);
}

/** t_check_trans: retransmissions and ACKs to our own negative replies never reach the script here, so only CANCEL and ACK need thought. */
function checkTransaction(module: TmModule, ctx: ScriptContext): number {
  // The core's reply_route runs before a transaction has its reply.
  if (ctx.routeType === ROUTE_CORE_ONREPLY) return module.host.proxy.knowsReply(ctx.message) ? 1 : -1;
  if (ctx.routeType !== ROUTE_REQUEST) return 1;
  const { methodId } = ctx.message;
  if (methodId === M_CANCEL) return ctx.state.cancelsInvite ? 1 : -1;
  return -1;
}

/** Status that t_check_status looks at in this kind of route. */
function currentStatus(ctx: ScriptContext): number {
  if (ctx.routeType === ROUTE_FAILURE || ctx.routeType === ROUTE_BRANCH_FAILURE) return ctx.branch?.status ?? 0;
  if ((ctx.routeType & ROUTE_ONREPLY) !== 0) return ctx.reply?.status ?? 0;
  return ctx.state.transaction?.lastStatus ?? 0;
}

/** Whether a branch had a reply before the one at hand, which does not count (t_branch_replied): it tells a dead server from one that refused. */
function hadReply(branch: Branch): boolean {
  return branch.replies > (branch.local ? 0 : 1);
}

/** Whether the whole transaction is past its lifetime, not only a branch past its timers. */
function isExpired(module: TmModule, ctx: ScriptContext): boolean {
  const { state } = ctx;
  if (state.transaction === null) return false;
  const { timers } = module.host.proxy.options;
  const lifetime =
    state.pristine.methodId === M_INVITE
      ? state.maxInvLifetime || timers.maxInvLifetime
      : state.maxNonInvLifetime || timers.maxNonInvLifetime;
  return module.host.clock.now() - state.received.at >= lifetime;
}

/** A route name given to t_on_*; "0" disarms. */
function armed(name: string): string {
  return name === '0' ? '' : name;
}

function arm(
  name: string,
  routes: number,
  set: (ctx: ScriptContext, route: string) => void,
): FunctionDefinition<TmModule> {
  return fn(name, ['route'], routes, () => (ctx, route) => {
    set(ctx, armed(route));
    return 1;
  });
}

function relayProto(proto: string, prefix: string, run: typeof relay): FunctionDefinition<TmModule>[] {
  return [
    fn(`${prefix}_${proto}`, [], RELAY, (m: TmModule) => (ctx: ScriptContext) => run(m, ctx, { proto })),
    fn(
      `${prefix}_${proto}`,
      ['str', 'str'],
      RELAY,
      (m: TmModule) => (ctx: ScriptContext, host: string, port: string) => run(m, ctx, to(host, port, proto)),
    ),
  ];
}

function replicate(module: TmModule, ctx: ScriptContext, uri: string, options: RelayOptions): number {
  return module.host.proxy.replicate(ctx.state, uri, options);
}

const functions: FunctionDefinition<TmModule>[] = [
  fn('t_relay', [], RELAY, (m) => (ctx) => relay(m, ctx, {})),
  fn('t_relay', ['str', 'str'], RELAY, (m) => (ctx, host, port) => relay(m, ctx, to(host, port))),
  ...['udp', 'tcp', 'tls'].flatMap((proto) => relayProto(proto, 't_relay_to', relay)),
  fn('t_relay_to_sctp', [], RELAY, (m) => (ctx) => noSctp(m, ctx), {
    support: 'no: SCTP is not a transport of this server',
  }),
  fn('t_relay_to_sctp', ['str', 'str'], RELAY, (m) => (ctx) => noSctp(m, ctx), {
    support: 'no: SCTP is not a transport of this server',
  }),
  fn('t_relay_to', [], RELAY, (m) => (ctx) => relayTo(m, ctx, '', 0)),
  fn(
    't_relay_to',
    ['str'],
    RELAY,
    (m) => (ctx, where) =>
      /^(0x[\da-f]+|\d+)$/i.test(where) ? relayTo(m, ctx, '', Number(where)) : relayTo(m, ctx, where, 0),
  ),
  fn('t_relay_to', ['str', 'int'], RELAY, (m) => (ctx, where, flags) => relayTo(m, ctx, where, flags)),
  fn('t_relay_to_proxy', ['str'], RELAY, (m) => (ctx, where) => relayTo(m, ctx, where, 0)),
  ...['', '_udp', '_tcp', '_tls'].map((suffix) =>
    fn(
      `t_forward_nonack${suffix}`,
      ['str', 'str'],
      ROUTE_REQUEST,
      (m: TmModule) => (ctx, host, port) =>
        ctx.message.methodId === M_ACK ? -1 : relay(m, ctx, to(host, port, suffix.slice(1))),
    ),
  ),
  fn(
    't_forward_nonack_to',
    ['str', 'str'],
    ROUTE_REQUEST,
    (m) => (ctx, host, port) => (ctx.message.methodId === M_ACK ? -1 : relay(m, ctx, to(host, port))),
  ),
  fn(
    't_forward_nonack_uri',
    [],
    ROUTE_REQUEST,
    (m) => (ctx) => (ctx.message.methodId === M_ACK ? -1 : relay(m, ctx, {})),
  ),
  fn('t_forward_nonack_sctp', ['str', 'str'], ROUTE_REQUEST, (m) => (ctx) => noSctp(m, ctx), {
    support: 'no: SCTP is not a transport of this server',
  }),
  fn('t_newtran', [], ROUTE_REQUEST | ROUTE_EVENT, (m) => (ctx) => m.host.proxy.newTransaction(ctx.state)),
  fn('t_reply', ['str', 'str'], REPLY, (m) => (ctx, code, reason) => reply(m, ctx, code, reason)),
  fn('t_send_reply', ['str', 'str'], REPLY, (m) => (ctx, code, reason) => sendReply(m, ctx, code, reason)),
  fn('t_reply_error', [], REPLY, (m) => (ctx) => {
    const { errorStatus, errorReason } = ctx.state;
    if (errorStatus === 0) return reply(m, ctx, '500', "I'm terribly sorry, server error occurred (1/TM)");
    return reply(m, ctx, `${errorStatus}`, errorReason);
  }),
  fn('t_release', [], ROUTE_REQUEST, () => (ctx) => {
    const { transaction } = ctx.state;
    if (transaction === null) return -1;
    transaction.server.release();
    return 1;
  }),
  // Retransmissions are answered before the script runs: there is nothing left to repeat.
  fn('t_retransmit_reply', [], ROUTE_REQUEST, () => (ctx) => (ctx.state.transaction === null ? -1 : 1)),
  fn('t_check_trans', [], ROUTE_ANY, (m) => (ctx) => checkTransaction(m, ctx), {
    support: 'partly: an ACK to a 2xx finds no transaction',
  }),
  fn('t_lookup_request', [], ROUTE_REQUEST, () => (ctx) => (ctx.state.transaction === null ? -1 : 1)),
  fn('t_lookup_cancel', ['int?'], ROUTE_REQUEST, () => (ctx, copyFlags) => {
    const invite = ctx.state.cancels;
    if (ctx.message.methodId !== M_CANCEL || !ctx.state.cancelsInvite) return -1;
    if (copyFlags === 1 && invite !== null) ctx.state.flags = invite.state.flags;
    return 1;
  }),
  fn('t_relay_cancel', [], ROUTE_REQUEST, (m) => (ctx) => {
    if (ctx.message.methodId !== M_CANCEL || !ctx.state.cancelsInvite) return 1;
    return m.host.proxy.relay(ctx.state) > 0 ? 0 : -1;
  }),
  fn('t_is_canceled', [], MOST, () => (ctx) => (ctx.state.transaction?.isCanceled === true ? 1 : -1)),
  fn('t_is_expired', [], MOST, (m) => (ctx) => (isExpired(m, ctx) ? 1 : -1)),
  fn(
    't_any_replied',
    [],
    MOST,
    () => (ctx) =>
      ctx.state.transaction?.branches.some((branch) =>
        branch === ctx.branch ? hadReply(branch) : branch.replies > 0,
      ) === true
        ? 1
        : -1,
  ),
  fn(
    't_any_timeout',
    [],
    MOST,
    () => (ctx) => (ctx.state.transaction?.branches.some((branch) => branch.timedOut) === true ? 1 : -1),
  ),
  fn(
    't_grep_status',
    ['int'],
    MOST,
    () => (ctx, code) => (ctx.state.transaction?.branches.some((branch) => branch.status === code) === true ? 1 : -1),
  ),
  fn('t_get_status_code', [], ROUTE_ANY, () => (ctx) => {
    const status = currentStatus(ctx);
    return status === 0 ? -1 : status;
  }),
  fn('t_check_status', ['regex'], ROUTE_ANY, () => (ctx, regex) => (regex.test(`${currentStatus(ctx)}`) ? 1 : -1)),
  fn('t_branch_timeout', [], ROUTE_ANY, () => (ctx) => (ctx.branch?.timedOut === true ? 1 : -1)),
  fn('t_branch_replied', [], ROUTE_ANY, () => (ctx) => (ctx.branch !== null && hadReply(ctx.branch) ? 1 : -1)),
  arm('t_on_failure', MOST, (ctx, route) => {
    ctx.state.onFailure = route;
  }),
  arm('t_on_reply', MOST, (ctx, route) => {
    if (ctx.routeType === ROUTE_BRANCH && ctx.branch !== null) ctx.branch.onReply = route;
    else ctx.state.onReply = route;
  }),
  arm('t_on_branch', MOST, (ctx, route) => {
    ctx.state.onBranch = route;
  }),
  arm('t_on_branch_failure', MOST, (ctx, route) => {
    if (ctx.routeType === ROUTE_BRANCH && ctx.branch !== null) ctx.branch.onBranchFailure = route;
    else ctx.state.onBranchFailure = route;
  }),
  fn('t_is_set', ['const'], ROUTE_ANY, () => (ctx, what) => {
    const { onFailure, onBranch, onReply } = ctx.state;
    const name = what === 'failure_route' ? onFailure : what === 'branch_route' ? onBranch : onReply;
    return name === '' ? -1 : 1;
  }),
  fn('t_set_fr', ['int', 'int?'], MOST, () => (ctx, inv, fr) => {
    const { state } = ctx;
    if (inv > 0) state.frInv = inv;
    if (fr !== undefined && fr > 0) state.fr = fr;
    for (const branch of state.transaction?.branches ?? [])
      if (branch.client?.isPending === true) branch.client.setTimers(state.fr, state.frInv);
    return 1;
  }),
  fn('t_reset_fr', [], MOST, () => (ctx) => {
    ctx.state.fr = 0;
    ctx.state.frInv = 0;
    return 1;
  }),
  fn('t_set_max_lifetime', ['int', 'int'], MOST, () => (ctx, inv, noninv) => {
    ctx.state.maxInvLifetime = inv;
    ctx.state.maxNonInvLifetime = noninv;
    return 1;
  }),
  fn('t_reset_max_lifetime', [], MOST, () => (ctx) => {
    ctx.state.maxInvLifetime = 0;
    ctx.state.maxNonInvLifetime = 0;
    return 1;
  }),
  fn('t_set_retr', ['int', 'int'], MOST, () => (ctx, t1, t2) => {
    ctx.state.retr1 = t1;
    ctx.state.retr2 = t2;
    return 1;
  }),
  fn('t_reset_retr', [], MOST, () => (ctx) => {
    ctx.state.retr1 = 0;
    ctx.state.retr2 = 0;
    return 1;
  }),
  fn('t_set_auto_inv_100', ['int'], MOST, () => (ctx, on) => {
    ctx.state.autoInv100 = on !== 0;
    return 1;
  }),
  fn('t_set_disable_6xx', ['int'], MOST, () => (ctx, on) => {
    ctx.state.disable6xx = on !== 0;
    return 1;
  }),
  fn('t_set_disable_failover', ['int'], MOST, () => (ctx, on) => {
    ctx.state.disableFailover = on !== 0;
    return 1;
  }),
  fn('t_set_disable_internal_reply', ['int'], MOST, () => (ctx, on) => {
    ctx.state.disableInternalReply = on !== 0;
    return 1;
  }),
  fn('t_set_no_e2e_cancel_reason', ['int'], MOST, () => (ctx, on) => {
    ctx.state.noE2eCancelReason = on !== 0;
    return 1;
  }),
  fn('t_disable_e2e_cancel_reason', ['int'], MOST, () => (ctx, on) => {
    ctx.state.noE2eCancelReason = on !== 0;
    return 1;
  }),
  fn('t_set_no_auto_ack', ['int'], MOST, () => () => 1, {
    support: 'partly: accepted; ACKs to negative finals are always ours',
  }),
  fn('t_drop_replies', ['const?'], ROUTE_FAILURE, () => (ctx, what) => {
    const branches = ctx.state.transaction?.branches ?? [];
    const last = branches.length === 0 ? 0 : (branches[branches.length - 1]?.leg ?? 0);
    if (what === 'n') return 1;
    for (const branch of branches) if (what !== 'l' || branch.leg === last) branch.discarded = true;
    return 1;
  }),
  // Edits of the request are what every later leg starts from: they are kept anyway.
  fn('t_save_lumps', [], ROUTE_REQUEST, () => (ctx) => (ctx.state.transaction === null ? -1 : 1)),
  fn(
    't_load_contacts',
    ['int?'],
    ROUTE_REQUEST | ROUTE_FAILURE,
    (m) => (ctx, mode) => m.host.proxy.loadContacts(ctx.state, mode === 1),
  ),
  fn('t_next_contacts', [], ROUTE_REQUEST | ROUTE_FAILURE, (m) => (ctx) => m.host.proxy.nextContacts(ctx.state)),
  fn('t_next_contact_flow', [], ROUTE_REQUEST | ROUTE_FAILURE, () => () => -2, {
    support: 'partly: flows of one instance are not kept apart, so there is never a next one',
  }),
  fn('t_replicate', ['str?'], ROUTE_REQUEST, (m) => (ctx, uri) => replicate(m, ctx, uri ?? '', {})),
  fn('t_replicate', ['str', 'str'], ROUTE_REQUEST, (m) => (ctx, host, port) => replicate(m, ctx, '', to(host, port))),
  fn(
    't_replicate_to',
    ['str', 'str'],
    ROUTE_REQUEST,
    (m) => (ctx, host, port) => replicate(m, ctx, '', to(host, port)),
  ),
  ...['udp', 'tcp', 'tls'].map((proto) =>
    fn(
      `t_replicate_${proto}`,
      ['str', 'str'],
      ROUTE_REQUEST,
      (m: TmModule) => (ctx, host, port) => replicate(m, ctx, '', to(host, port, proto)),
    ),
  ),
  fn('t_replicate_sctp', ['str', 'str'], ROUTE_REQUEST, (m) => (ctx) => noSctp(m, ctx), {
    support: 'no: SCTP is not a transport of this server',
  }),
  fn(
    't_uac_send',
    ['str', 'str', 'str', 'str', 'str', 'str'],
    ROUTE_ANY,
    (m) => (_ctx, method, ruri, next, _socket, headers, body) => {
      if (hasCrlf(method) || hasCrlf(ruri) || hasCrlf(next) || /\r?\n\r?\n/.test(headers)) {
        m.host.log.write(L_ERR, 'tm', 't_uac_send: an argument has a line end where none may be', 'TM_BAD_ARGUMENT');
        return -1;
      }
      const lines = headers === '' || headers.endsWith('\n') ? headers : `${headers}\r\n`;
      return m.host.proxy.sendOwn({ method, ruri, nextHop: next, headers: lines, body });
    },
    { support: 'partly: the socket is chosen by the destination' },
  ),
  fn('t_is_retr_async_reply', [], ROUTE_TM_ONREPLY | ROUTE_CORE_ONREPLY, () => () => -1),
  fn('t_exists', [], ROUTE_ANY, () => (ctx) => (ctx.state.transaction === null ? -1 : 1)),
  fn('t_clean', [], ROUTE_ANY, () => () => 1),
  fn('t_use_uac_headers', [], ROUTE_ANY, () => () => 1, {
    support: 'partly: own requests always start from their own headers',
  }),
  fn('t_relay_to_avp', ['str', 'str'], ROUTE_REQUEST, (m) => (ctx) => relay(m, ctx, {}), {
    support: 'no: an SER leftover; set $du instead',
  }),
  ...['t_write_req', 't_write_unix'].map((name) =>
    fn(name, ['str', 'str'], ROUTE_REQUEST | ROUTE_FAILURE, (m: TmModule) => () => notHere(m, name), {
      support: 'no: writing requests to FIFOs is not offered',
    }),
  ),
  fn('t_cell_append_branches', ['int', 'int'], ROUTE_ANY, (m) => () => notHere(m, 't_cell_append_branches'), {
    support: 'no: needs tsilo',
  }),
  fn('t_msg_apply_changes', [], ROUTE_BRANCH, () => () => 1, {
    support: 'partly: branch edits are always applied when the branch is sent',
  }),
];

function noSctp(module: TmModule, _ctx: ScriptContext): number {
  return notHere(module, 'SCTP');
}

function notHere(module: TmModule, name: string): number {
  module.host.log.write(L_ERR, 'tm', `${name} is not supported`, 'TM_NOT_SUPPORTED');
  return -1;
}

/** A variable named by a parameter; null when the parameter is not set. */
function named(host: ModuleHost, text: string, parameter: string): VariableAccess | null {
  if (text === '') return null;
  const access = host.variable(text);
  if (typeof access === 'string') throw new ModuleError('TM_BAD_VARIABLE', `${parameter}: ${access}`, parameter);
  return access;
}

const AVOIDED = 'ignored: the deny-list of the resolver has one time for all failures';
const ALWAYS = 'ignored: matching follows RFC 3261 §17 always';

/** tm: the transaction module. */
export const tm = defineModule<TmModule>({
  name: 'tm',
  after: [],
  parameters: [
    intParam('fr_timer', 30000),
    intParam('fr_inv_timer', 120000),
    intParam('max_inv_lifetime', 180000),
    intParam('max_noninv_lifetime', 32000),
    intParam('wt_timer', 5000),
    intParam('retr_timer1', 500),
    intParam('retr_timer2', 4000),
    intParam('restart_fr_on_each_reply', 1),
    intParam('auto_inv_100', 1),
    strParam('auto_inv_100_reason', 'trying -- your call is important to us'),
    intParam('unmatched_cancel', 0),
    intParam('cancel_b_method', 1),
    intParam('e2e_cancel_reason', 1),
    intParam('local_cancel_reason', 1),
    intParam('remap_503_500', 1),
    intParam('aggregate_challenges', 1),
    intParam('failure_reply_mode', 3),
    intParam('faked_reply_prio', 0),
    intParam('disable_6xx_block', 0),
    intParam('default_code', 500),
    strParam('default_reason', 'Server Internal Error'),
    strParam('fr_timer_avp', null),
    strParam('fr_inv_timer_avp', null),
    intParam('reply_408_code', 408, 'ignored: a timeout is 408'),
    strParam('reply_408_reason', null, 'ignored: a timeout is 408 Request Timeout'),
    strParam('contacts_avp', null, 'ignored: parked contacts are kept with the transaction'),
    strParam('contact_flows_avp', null, 'ignored: parked contacts are kept with the transaction'),
    strParam('xavp_contact', null, 'ignored: parked contacts are kept with the transaction'),
    intParam('failure_exec_mode', 0, 'ignored: failure_route always runs for the reply that wins'),
    strParam('failover_reply_codes', null, 'partly: 503 always tries the next address'),
    intParam('blst_503', 0, 'partly: a target that answers 503 is avoided for a while'),
    intParam('blst_503_def_timeout', 0, AVOIDED),
    intParam('blst_503_min_timeout', 0, AVOIDED),
    intParam('blst_503_max_timeout', 0, AVOIDED),
    intParam('blst_methods_add', 1, 'ignored: a target that failed is avoided whatever the method'),
    intParam('blst_methods_lookup', -1, 'ignored: a target that failed is avoided whatever the method'),
    intParam('callid_matching', 0, ALWAYS),
    intParam('callid_cseq_matching', 0, ALWAYS),
    intParam('ruri_matching', 1, ALWAYS),
    intParam('via1_matching', 1, ALWAYS),
    intParam('reply_matching', 0, ALWAYS),
    intParam('reparse_invite', 1, 'yes: ACK and CANCEL always come from the INVITE that was sent'),
    intParam('reparse_on_dns_failover', 1, 'yes: each address gets a request built anew'),
    intParam('dns_reuse_rcv_socket', 0, 'ignored: the receiving socket is preferred'),
    strParam('ac_extra_hdrs', null, 'ignored: ACK and CANCEL carry what RFC 3261 §9.1 and §17.1.1.3 say'),
    intParam(
      'pass_provisional_replies',
      0,
      'ignored: about callbacks of requests made here, whose replies nobody waits for',
    ),
    intParam('relay_100', 0, 'ignored: 100 is hop by hop'),
    intParam('reply_relay_mode', 1, 'ignored: a 2xx that comes again goes upstream again (RFC 6026 §8.4)'),
    intParam('rich_redirect', 0, 'ignored: q values are always written'),
    intParam('local_ack_mode', 0, 'ignored: the ACK goes where the INVITE went'),
    intParam('local_ack_branch_mode', 0, 'ignored: no ACK to a 2xx is made here'),
    intParam('enable_uac_fr', 0, 'ignored: requests made here have no failure_route'),
    intParam('exec_time_check', 1, 'ignored: nothing blocks here'),
    intParam('delayed_reply', 0, 'yes: exactly one error reply is sent'),
    intParam('e2e_cancel_hop_by_hop', 0, 'ignored: CANCEL is always hop by hop (RFC 3261 §9.2)'),
    intParam('evlreq_mode', 0, 'ignored: requests made here run no event route yet'),
    intParam('headers_mode', 0, 'ignored: ACK and CANCEL carry what RFC 3261 §9.1 and §17.1.1.3 say'),
    intParam('noisy_ctimer', 0, 'ignored: fr_inv_timer always answers'),
    intParam('unix_tx_timeout', 500, 'ignored: no FIFO writing'),
    intParam('delete_timer', 0, 'ignored: removed in the original'),
    strParam('on_sl_reply', null, 'no: use reply_route'),
    strParam('event_callback', null, 'ignored: no KEMI callbacks yet'),
    strParam('event_callback_lres_sent', null, 'ignored: no KEMI callbacks yet'),
    strParam('evcb_local_ack_sent', null, 'ignored: no KEMI callbacks yet'),
    listParam('tw_append', 'str', 'ignored: no FIFO writing'),
  ],
  functions,
  variables: [],
  transformations: [],
  // Requests and replies made here pass no route yet: the checker says so of event_route[tm:local-request] and its like.
  eventRoutes: ['tm:branch-failure*'],
  create: (host, parameters) => {
    const { options } = host.proxy;
    options.timers = {
      fr: parameters.int('fr_timer'),
      frInv: parameters.int('fr_inv_timer'),
      retr1: parameters.int('retr_timer1'),
      retr2: parameters.int('retr_timer2'),
      wt: parameters.int('wt_timer'),
      maxInvLifetime: parameters.int('max_inv_lifetime'),
      maxNonInvLifetime: parameters.int('max_noninv_lifetime'),
      restartFrOnEachReply: parameters.int('restart_fr_on_each_reply') !== 0,
    };
    options.autoInv100 = parameters.int('auto_inv_100') !== 0;
    options.autoInv100Reason = parameters.str('auto_inv_100_reason');
    options.unmatchedCancel = parameters.int('unmatched_cancel');
    options.cancelBMethod = parameters.int('cancel_b_method');
    options.e2eCancelReason = parameters.int('e2e_cancel_reason') !== 0;
    options.localCancelReason = parameters.int('local_cancel_reason') !== 0;
    options.remap503 = parameters.int('remap_503_500') !== 0;
    options.aggregateChallenges = parameters.int('aggregate_challenges') !== 0;
    options.failureReplyMode = parameters.int('failure_reply_mode');
    options.fakedReplyPrio = parameters.int('faked_reply_prio');
    options.disable6xxBlock = parameters.int('disable_6xx_block') !== 0;
    return {
      host,
      defaultCode: parameters.int('default_code'),
      defaultReason: parameters.str('default_reason'),
      frAvp: named(host, parameters.str('fr_timer_avp'), 'fr_timer_avp'),
      frInvAvp: named(host, parameters.str('fr_inv_timer_avp'), 'fr_inv_timer_avp'),
    };
  },
});
