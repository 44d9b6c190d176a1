import type { SipMessage } from '../message/message.ts';
import { ScriptContext } from '../script/context.ts';
import { L_ERR } from '../script/log.ts';
import {
  defineModule,
  fn,
  intParam,
  type ModuleHost,
  type VariableAccess,
  type VariableDefinition,
} from '../script/module-definition.ts';
import {
  ROUTE_ANY,
  ROUTE_BRANCH,
  ROUTE_BRANCH_FAILURE,
  ROUTE_EVENT,
  ROUTE_FAILURE,
  ROUTE_ONREPLY,
  ROUTE_REQUEST,
  type Value,
} from '../script/values.ts';
import { statusCode } from './sl.ts';
import { viaFlagFunctions } from './support/via-flags.ts';

/** State of one program's tmx module. */
interface TmxModule {
  readonly host: ModuleHost;
}

function routeTest(name: string, mask: number) {
  return fn(name, [], ROUTE_ANY, () => (ctx) => ((ctx.routeType & mask) !== 0 ? 1 : -1));
}

function plain(name: string, read: (ctx: ScriptContext) => Value): VariableDefinition<TmxModule> {
  return {
    name,
    writable: false,
    inner: 'none',
    support: 'yes',
    bind: () => (_inner, _index, text) => ({ text, get: read, int: null, set: null }),
  };
}

/** `$T_req(pv)` and its like: the variable read against another message of the transaction. */
function against(name: string, pick: (ctx: ScriptContext) => SipMessage | null): VariableDefinition<TmxModule> {
  return {
    name,
    writable: false,
    inner: 'required',
    support: 'yes',
    bind: (m) => (inner, _index, text) => {
      if (inner === null) return `$${name} takes a variable`;
      // `$T_req($fu)`: the variable is bound already; `$T_req(fu)`: only its name is there.
      const wanted = inner.constant;
      let access: VariableAccess | string | null = null;
      return {
        text,
        int: null,
        set: null,
        get: (ctx) => {
          // Prepared on first use: modules may be made before the variable's own module is.
          if (wanted !== null) access ??= m.host.variable(`$${wanted}`);
          const message = pick(ctx);
          if (message === null || typeof access === 'string') return null;
          const other = new ScriptContext(
            ctx.program,
            ctx.routeType,
            message,
            ctx.state,
            ctx.state.target,
            ctx.state.edits,
            ctx.branch,
            ctx.reply,
            ctx.from,
            ctx.serial,
          );
          return access === null ? inner.get(other) : access.get(other);
        },
      };
    },
  };
}

/** Fields of `$T(…)`. */
const FIELDS: Readonly<Record<string, (ctx: ScriptContext) => Value>> = {
  id_index: (ctx) => ctx.state.transaction?.index ?? null,
  id_label: (ctx) => ctx.state.transaction?.label ?? null,
  id_index_n: (ctx) => ctx.state.transaction?.index ?? 0,
  id_label_n: (ctx) => ctx.state.transaction?.label ?? 0,
  branch_index: (ctx) => ctx.branch?.index ?? null,
  reply_code: (ctx) => ctx.branch?.status ?? ctx.state.transaction?.lastStatus ?? null,
  reply_last: (ctx) => ctx.state.transaction?.lastStatus ?? null,
  // 0 relayed or received, 1 made up here
  reply_type: (ctx) => (ctx.branch === null ? null : ctx.branch.local ? 1 : 0),
  ruid: (ctx) => (ctx.branch === null || ctx.branch.target.ruid === '' ? null : ctx.branch.target.ruid),
  method: (ctx) => ctx.state.pristine.method,
  flags: (ctx) => ctx.state.flags,
};

function fields(
  name: string,
  table: Readonly<Record<string, (ctx: ScriptContext) => Value>>,
): VariableDefinition<TmxModule> {
  return {
    name,
    writable: false,
    inner: 'required',
    support: 'yes',
    bind: () => (inner, _index, text) => {
      const read = inner?.constant == null ? undefined : table[inner.constant];
      if (read === undefined) return `$${name} takes one of ${Object.keys(table).join(', ')}`;
      return { text, get: read, int: null, set: null };
    },
  };
}

function unsupported(module: TmxModule, name: string): number {
  module.host.log.write(L_ERR, 'tmx', `${name} is not supported`, 'TMX_NOT_SUPPORTED');
  return -1;
}

/** t_reuse_branch(): the branch that failed becomes the main target once more. The next hop ($du) is the request's, as in the original. */
function reuseBranch({ branch, target }: ScriptContext): number {
  if (branch === null) return -1;
  const failed = branch.target;
  target.uri = failed.uri;
  target.ruid = failed.ruid;
  target.path = failed.path;
  target.instance = failed.instance;
  target.flags = failed.flags;
  return 1;
}

/** tmx: extensions of tm. */
export const tmx = defineModule<TmxModule>({
  name: 'tmx',
  after: ['tm'],
  parameters: [intParam('precheck_trans', 1, 'yes: retransmissions never reach the script')],
  functions: [
    // One event loop runs one message at a time and the layer below absorbs retransmissions: nothing is ever "being handled elsewhere".
    fn('t_precheck_trans', [], ROUTE_REQUEST, () => () => -1),
    routeTest('t_is_branch_route', ROUTE_BRANCH),
    routeTest('t_is_failure_route', ROUTE_FAILURE),
    routeTest('t_is_reply_route', ROUTE_ONREPLY),
    routeTest('t_is_request_route', ROUTE_REQUEST),
    fn('t_suspend', [], ROUTE_ANY, (m) => (ctx) => m.host.proxy.suspend(ctx.state)),
    fn(
      't_continue',
      ['int', 'int', 'route'],
      ROUTE_ANY,
      (m) => (ctx, index, label, route) =>
        m.host.proxy.resume(index, label, (state, branch) => {
          const compiled = ctx.program.route('route', route);
          if (compiled === null) {
            m.host.log.write(L_ERR, 'tmx', `t_continue: there is no route[${route}]`, 'TMX_NO_ROUTE');
            return;
          }
          const later = new ScriptContext(
            ctx.program,
            ROUTE_FAILURE,
            state.message,
            state,
            state.target,
            state.edits,
            branch,
            branch?.reply ?? null,
            state.received,
            ctx.serial,
          );
          const done = ctx.program.run(compiled, later);
          return typeof done === 'number' ? undefined : done.then(() => undefined);
        }),
    ),
    fn('t_drop', ['int?'], ROUTE_ANY, (m) => (ctx, code) => {
      const { transaction } = ctx.state;
      if (transaction === null) return -1;
      if (code !== undefined && code >= 300) m.host.proxy.reply(ctx.state, code, 'Dropped');
      else transaction.server.release();
      return 1;
    }),
    fn('t_cancel_branches', ['const'], ROUTE_ONREPLY, (m) => (ctx, which) => {
      const { transaction } = ctx.state;
      if (transaction === null) return -1;
      for (const branch of transaction.branches) {
        const own = branch === ctx.branch;
        if (which === 'others' && own) continue;
        if (which === 'this' && !own) continue;
        m.host.proxy.cancelBranch(transaction.index, transaction.label, branch.index);
      }
      return 1;
    }),
    fn(
      't_cancel_callid',
      ['str', 'str', 'int', 'int?'],
      ROUTE_ANY,
      (m) => (ctx, callid, cseq, flag, _code) =>
        m.host.proxy.forCallId(callid, Number(cseq), (cell) => {
          if (flag >= 0 && flag < 32) cell.state.flags |= 1 << flag;
          cell.cancel(ctx.message);
        }),
    ),
    fn('t_reply_callid', ['str', 'str', 'str', 'str'], ROUTE_ANY, (m) => (_ctx, callid, cseq, code, reason) => {
      const status = statusCode(code);
      if (status === 0) return -1;
      return m.host.proxy.forCallId(callid, Number(cseq), (cell) => {
        cell.reply(status, reason);
      });
    }),
    // Flags belong to the request's state that the transaction keeps: there are no copies to flush.
    fn('t_flush_flags', [], ROUTE_ANY, () => (ctx) => (ctx.state.transaction === null ? -1 : 1)),
    fn('t_flush_xflags', [], ROUTE_ANY, () => (ctx) => (ctx.state.transaction === null ? -1 : 1)),
    fn('t_reuse_branch', [], ROUTE_BRANCH_FAILURE | ROUTE_EVENT, () => reuseBranch),
    fn('t_uac_ack_local', ['str', 'str', 'str?', 'str?'], ROUTE_ANY, (m) => () => unsupported(m, 't_uac_ack_local'), {
      support: 'no: it is about INVITEs made here whose ACK is held back, and none is',
    }),
    fn(
      't_cancel_branch_idx',
      ['int', 'int', 'int'],
      ROUTE_ANY,
      (m) => (_ctx, index, label, branch) => m.host.proxy.cancelBranch(index, label, branch),
    ),
    ...viaFlagFunctions<TmxModule>('t_vbflag', ({ state }) => (state.transaction === null ? null : state.message)),
  ],
  variables: [
    plain('T_branch_idx', (ctx) => {
      // In a failure route it counts the branches: it is the index that the next one would get.
      if (ctx.routeType !== ROUTE_FAILURE && ctx.branch !== null) return ctx.branch.index;
      return ctx.state.transaction?.branches.length ?? 0;
    }),
    plain('T_reply_code', (ctx) => {
      if ((ctx.routeType & ROUTE_ONREPLY) !== 0) return ctx.reply?.status ?? 0;
      if (ctx.routeType === ROUTE_FAILURE) return ctx.branch?.status ?? 0;
      return ctx.state.transaction?.lastStatus ?? 0;
    }),
    plain('T_reply_reason', (ctx) => {
      const { reply } = ctx;
      if (reply !== null) return reply.reason;
      return ctx.branch === null || ctx.branch.localReason === '' ? null : ctx.branch.localReason;
    }),
    plain('T_reply_last', (ctx) => ctx.branch?.status ?? ctx.state.transaction?.lastStatus ?? 0),
    plain('T_reply_ruid', (ctx) =>
      ctx.branch === null || ctx.branch.target.ruid === '' ? null : ctx.branch.target.ruid,
    ),
    against('T_req', (ctx) => (ctx.state.transaction === null ? null : ctx.state.message)),
    against('T_rpl', (ctx) => ctx.branch?.reply ?? ctx.reply),
    against('T_inv', (ctx) => ctx.state.cancels?.state.message ?? null),
    fields('T', FIELDS),
    fields('T_branch', {
      uri: (ctx) => ctx.branch?.target.uri ?? null,
      flags: (ctx) => ctx.branch?.target.flags ?? null,
    }),
  ],
  transformations: [],
  eventRoutes: [],
  create: (host) => {
    const { statistics } = host;
    const counters = host.proxy.counters;
    statistics.gauge('tmx', 'UAS_transactions', () => counters.serverTransactions);
    statistics.gauge('tmx', 'UAC_transactions', () => counters.relayed);
    statistics.gauge('tmx', 'inuse_transactions', () => host.proxy.liveCells());
    statistics.gauge('tmx', 'active_transactions', () => host.proxy.liveCells());
    statistics.gauge('tmx', 'rpl_generated', () => counters.localReplies);
    statistics.gauge('tmx', 'rpl_relayed', () => counters.repliesRelayed);
    statistics.gauge('tmx', 'rpl_received', () => counters.repliesReceived);
    statistics.gauge('tmx', 'rpl_sent', () => counters.localReplies + counters.repliesRelayed);
    for (const digit of [2, 3, 4, 5, 6])
      statistics.gauge('tmx', `${digit}xx_transactions`, () => counters.finals[digit] ?? 0);
    return { host };
  },
});
