import type { ScriptContext } from '../../script/context.ts';
import { fn } from '../../script/module-definition.ts';
import { ROUTE_ANY, ROUTE_BRANCH } from '../../script/values.ts';
import { MOST, type TmFunction } from './instance.ts';

/** A route name given to t_on_*; "0" disarms. */
function armed(name: string): string {
  return name === '0' ? '' : name;
}

function arm(name: string, routes: number, set: (ctx: ScriptContext, route: string) => void): TmFunction {
  return fn(name, ['route'], routes, () => (ctx, route) => {
    set(ctx, armed(route));
    return 1;
  });
}

export const ROUTE_FUNCTIONS: readonly TmFunction[] = [
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
];
