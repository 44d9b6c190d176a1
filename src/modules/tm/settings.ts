import { fn } from '../../script/module-definition.ts';
import { MOST, type TmFunction } from './instance.ts';

type Switch = 'autoInv100' | 'disable6xx' | 'disableFailover' | 'disableInternalReply' | 'noE2eCancelReason';

/** A function that switches something on or off (0) for one transaction. */
function flag(name: string, what: Switch): TmFunction {
  return fn(name, ['int'], MOST, () => ({ state }, on) => {
    state[what] = on !== 0;
    return 1;
  });
}

export const SETTING_FUNCTIONS: readonly TmFunction[] = [
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
  flag('t_set_auto_inv_100', 'autoInv100'),
  flag('t_set_disable_6xx', 'disable6xx'),
  flag('t_set_disable_failover', 'disableFailover'),
  flag('t_set_disable_internal_reply', 'disableInternalReply'),
  flag('t_set_no_e2e_cancel_reason', 'noE2eCancelReason'),
  flag('t_disable_e2e_cancel_reason', 'noE2eCancelReason'),
  fn('t_set_no_auto_ack', ['int'], MOST, () => () => 1, {
    support: 'partly: accepted; ACKs to negative finals are always ours',
  }),
];
