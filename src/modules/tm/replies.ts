import type { ScriptContext } from '../../script/context.ts';
import { L_ERR } from '../../script/log.ts';
import { fn } from '../../script/module-definition.ts';
import {
  ROUTE_BRANCH_FAILURE,
  ROUTE_CORE_ONREPLY,
  ROUTE_EVENT,
  ROUTE_FAILURE,
  ROUTE_ONREPLY,
  ROUTE_REQUEST,
  ROUTE_TM_ONREPLY,
} from '../../script/values.ts';
import { statusCode } from '../sl.ts';
import type { TmFunction, TmModule } from './instance.ts';

const REPLY = ROUTE_REQUEST | ROUTE_ONREPLY | ROUTE_FAILURE | ROUTE_BRANCH_FAILURE | ROUTE_EVENT;

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

export const REPLY_FUNCTIONS: readonly TmFunction[] = [
  fn('t_reply', ['str', 'str'], REPLY, (m) => (ctx, code, reason) => reply(m, ctx, code, reason)),
  fn('t_send_reply', ['str', 'str'], REPLY, (m) => (ctx, code, reason) => sendReply(m, ctx, code, reason)),
  fn('t_reply_error', [], REPLY, (m) => (ctx) => {
    const { errorStatus, errorReason } = ctx.state;
    if (errorStatus === 0) return reply(m, ctx, '500', "I'm terribly sorry, server error occurred (1/TM)");
    return reply(m, ctx, `${errorStatus}`, errorReason);
  }),
  // Retransmissions are answered before the script runs: there is nothing left to repeat.
  fn('t_retransmit_reply', [], ROUTE_REQUEST, () => (ctx) => (ctx.state.transaction === null ? -1 : 1)),
  fn('t_drop_replies', ['const?'], ROUTE_FAILURE, () => (ctx, what) => {
    const branches = ctx.state.transaction?.branches ?? [];
    const last = branches.length === 0 ? 0 : (branches[branches.length - 1]?.leg ?? 0);
    if (what === 'n') return 1;
    for (const branch of branches) if (what !== 'l' || branch.leg === last) branch.discarded = true;
    return 1;
  }),
  fn('t_is_retr_async_reply', [], ROUTE_TM_ONREPLY | ROUTE_CORE_ONREPLY, () => () => -1),
];
