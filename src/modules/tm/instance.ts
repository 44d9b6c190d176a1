import type { RelayOptions } from '../../proxy/proxy-core.ts';
import type { UnixDatagram } from '../../rpc/unix-datagram.ts';
import {
  type FunctionDefinition,
  ModuleError,
  type ModuleHost,
  type ModuleParameters,
  type VariableAccess,
} from '../../script/module-definition.ts';
import {
  ROUTE_BRANCH,
  ROUTE_BRANCH_FAILURE,
  ROUTE_EVENT,
  ROUTE_FAILURE,
  ROUTE_REQUEST,
  ROUTE_TM_ONREPLY,
} from '../../script/values.ts';

/** State of one program's tm module. */
export interface TmModule {
  readonly host: ModuleHost;
  readonly defaultCode: number;
  readonly defaultReason: string;
  /** fr_timer_avp / fr_inv_timer_avp: seconds, read when a relay starts. */
  readonly frAvp: VariableAccess | null;
  readonly frInvAvp: VariableAccess | null;
  /** What t_write_unix() sends from; null before it is first needed. */
  datagrams: { readonly value: Promise<UnixDatagram>; readonly release: () => void } | null;
}

export type TmFunction = FunctionDefinition<TmModule>;

/** Where a leg may begin. */
export const RELAY = ROUTE_REQUEST | ROUTE_FAILURE | ROUTE_BRANCH_FAILURE | ROUTE_EVENT;
/** Where there may be a transaction. */
export const MOST =
  ROUTE_REQUEST | ROUTE_TM_ONREPLY | ROUTE_FAILURE | ROUTE_BRANCH | ROUTE_BRANCH_FAILURE | ROUTE_EVENT;

/** A destination given by host and port. */
export function to(host: string, port: string | undefined, proto = ''): RelayOptions {
  const number = Number(port ?? 0);
  return { host, port: Number.isInteger(number) ? number : 0, proto };
}

/** Puts the parameters where they act. */
export function createTm(host: ModuleHost, parameters: ModuleParameters): TmModule {
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
    datagrams: null,
  };
}

/** A variable named by a parameter; null when the parameter is not set. */
function named(host: ModuleHost, text: string, parameter: string): VariableAccess | null {
  if (text === '') return null;
  const access = host.variable(text);
  if (typeof access === 'string') throw new ModuleError('TM_BAD_VARIABLE', `${parameter}: ${access}`, parameter);
  return access;
}
