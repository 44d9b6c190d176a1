import { M_INVITE } from '../../message/method.ts';
import type { Branch } from '../../proxy/branch.ts';
import type { ScriptContext } from '../../script/context.ts';
import { fn } from '../../script/module-definition.ts';
import { ROUTE_ANY, ROUTE_BRANCH_FAILURE, ROUTE_FAILURE, ROUTE_ONREPLY } from '../../script/values.ts';
import { MOST, type TmFunction, type TmModule } from './instance.ts';

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

export const STATUS_FUNCTIONS: readonly TmFunction[] = [
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
];
