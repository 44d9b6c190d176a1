import { DEFAULT_TIMERS, type TransactionTimers } from '../transaction/transaction.ts';
import { DEFAULT_RECORD_ROUTE_OPTIONS, type RecordRouteOptions } from './record-route.ts';

/** Settings of the proxy: tm's, rr's and the core's parameters that act here. The modules fill them before the first message. */
export interface ProxyOptions {
  timers: TransactionTimers;
  /** auto_inv_100: send 100 to an INVITE that is relayed. */
  autoInv100: boolean;
  autoInv100Reason: string;
  /** unmatched_cancel: 0 stateful, 1 stateless, 2 drop. */
  unmatchedCancel: number;
  /** cancel_b_method: 0 fake 487, 1 wait for a provisional reply, 2 send at once. */
  cancelBMethod: number;
  /** e2e_cancel_reason / local_cancel_reason: carry Reason headers in CANCEL. */
  e2eCancelReason: boolean;
  localCancelReason: boolean;
  /** remap_503_500. */
  remap503: boolean;
  /** aggregate_challenges. */
  aggregateChallenges: boolean;
  /** failure_reply_mode: 0 keep, 1 drop all earlier, 2 drop the last leg, 3 drop all earlier legs when a new one starts. */
  failureReplyMode: number;
  fakedReplyPrio: number;
  /** disable_6xx_block: a 6xx does not cancel the other branches. */
  disable6xxBlock: boolean;
  maxBranches: number;
  /** use_dns_failover: try the next address when one fails. */
  dnsFailover: boolean;
  /** Whole Server header line without CRLF, empty for none. */
  serverHeader: string;
  /** Whole User-Agent header line of our own requests without CRLF, empty for none. */
  userAgentHeader: string;
  /** Add ;rport to our Via. */
  localRport: boolean;
  forceRport: boolean;
  /** sip_warning: replies made here carry a Warning header about the request. */
  sipWarning: boolean;
  /** check_via: a reply whose top Via does not name us is dropped even when it has the branch of one of our transactions. */
  checkVia: boolean;
  recordRoute: RecordRouteOptions;
  /** Retry-After of a 503 sent because the transaction limit is reached, seconds. */
  overloadRetryAfter: number;
}

export function defaultProxyOptions(): ProxyOptions {
  return {
    timers: DEFAULT_TIMERS,
    autoInv100: true,
    autoInv100Reason: 'trying -- your call is important to us',
    unmatchedCancel: 0,
    cancelBMethod: 1,
    e2eCancelReason: true,
    localCancelReason: true,
    remap503: true,
    aggregateChallenges: true,
    failureReplyMode: 0,
    fakedReplyPrio: 0,
    disable6xxBlock: false,
    maxBranches: 12,
    dnsFailover: true,
    serverHeader: '',
    userAgentHeader: '',
    localRport: false,
    forceRport: false,
    sipWarning: false,
    checkVia: false,
    recordRoute: DEFAULT_RECORD_ROUTE_OPTIONS,
    overloadRetryAfter: 5,
  };
}
