import { M_CANCEL } from '../../message/method.ts';
import type { ScriptContext } from '../../script/context.ts';
import { fn } from '../../script/module-definition.ts';
import { ROUTE_ANY, ROUTE_BRANCH, ROUTE_CORE_ONREPLY, ROUTE_EVENT, ROUTE_REQUEST } from '../../script/values.ts';
import type { TmFunction, TmModule } from './instance.ts';

/** t_check_trans: retransmissions and ACKs to our own negative replies never reach the script here, so only CANCEL and ACK need thought. */
function checkTransaction(module: TmModule, ctx: ScriptContext): number {
  // The core's reply_route runs before a transaction has its reply.
  if (ctx.routeType === ROUTE_CORE_ONREPLY) return module.host.proxy.knowsReply(ctx.message) ? 1 : -1;
  if (ctx.routeType !== ROUTE_REQUEST) return 1;
  const { methodId } = ctx.message;
  if (methodId === M_CANCEL) return ctx.state.cancelsInvite ? 1 : -1;
  return -1;
}

export const TRANSACTION_FUNCTIONS: readonly TmFunction[] = [
  fn('t_newtran', [], ROUTE_REQUEST | ROUTE_EVENT, (m) => (ctx) => m.host.proxy.newTransaction(ctx.state)),
  fn('t_release', [], ROUTE_REQUEST, () => (ctx) => {
    const { transaction } = ctx.state;
    if (transaction === null) return -1;
    transaction.server.release();
    return 1;
  }),
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
  fn('t_cell_append_branches', ['int', 'int'], ROUTE_ANY, (m) => (ctx, index, label) => {
    const { state } = ctx;
    const targets = state.branches;
    state.branches = [];
    return m.host.proxy.appendBranches(index, label, targets);
  }),
  // Edits of the request are what every later leg starts from: they are kept anyway.
  fn('t_save_lumps', [], ROUTE_REQUEST, () => (ctx) => (ctx.state.transaction === null ? -1 : 1)),
  fn('t_exists', [], ROUTE_ANY, () => (ctx) => (ctx.state.transaction === null ? -1 : 1)),
  fn('t_clean', [], ROUTE_ANY, () => () => 1),
  fn('t_msg_apply_changes', [], ROUTE_BRANCH, () => () => 1, {
    support: 'partly: branch edits are always applied when the branch is sent',
  }),
];
