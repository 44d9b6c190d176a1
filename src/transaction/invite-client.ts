import type { ClientEffects, ClientMachine } from './effects.ts';
import { untilPeerGivesUp } from './transaction.ts';

/**
 * States of an INVITE client transaction (RFC 3261 figure 5, with Accepted of RFC 6026 figure 2). What RFC 3261 §9.1 remembers
 * about a CANCEL is a state here, too:
 * - `calling`: sent, no response yet;
 * - `calling-cancel`: the same, and the first provisional response will release a CANCEL;
 * - `proceeding`: a provisional response came;
 * - `cancelling`: a CANCEL left, the final response is awaited;
 * - `completed`: a 3xx–6xx came and was ACKed, repeated ones are ACKed again;
 * - `accepted`: a 2xx came, repeated ones and those of other branches are passed up;
 * - `absorbing`: timed out or abandoned; nothing is passed up, a late 3xx–6xx is still ACKed.
 */
export type InviteClientState =
  | 'calling'
  | 'calling-cancel'
  | 'proceeding'
  | 'cancelling'
  | 'completed'
  | 'accepted'
  | 'absorbing'
  | 'terminated';

/** RFC 3261 §17.1.1 as updated by RFC 6026 §8.4 and §9.1 of RFC 3261. */
export const INVITE_CLIENT: ClientMachine<InviteClientState> = {
  start(effects) {
    // §17.1.1.2: timer A on unreliable transports only, timer B always.
    effects.sendRequest();
    if (!effects.reliable) effects.retransmitIn(effects.timers.retr1);
    effects.timeoutIn(effects.timers.fr);
    return 'calling';
  },

  response(state, status, effects) {
    if (status < 200) return provisional(state, status, effects);
    return status < 300 ? success(state, effects) : failure(state, effects);
  },

  retransmit(state, interval, effects) {
    // §17.1.1.2: timer A doubles. RFC 3261 sets it no upper bound; like tm we stop doubling at retr_timer2 (T2), which lets
    // a lost INVITE recover within seconds.
    if (state !== 'calling' && state !== 'calling-cancel') return state;
    effects.sendRequest();
    effects.retransmitIn(Math.min(interval * 2, effects.timers.retr2));
    return state;
  },

  expire(state, effects) {
    switch (state) {
      case 'calling':
      case 'calling-cancel':
        // §17.1.1.2, timer B: the user is told, no ACK is made. The RFC destroys the transaction here; we stay for wt, so that a
        // late reply is swallowed (and a negative one ACKed) and not mistaken for a stray one.
        return expired(effects);
      case 'proceeding':
        // §16.8, timer C: a branch that got a provisional response has to be cancelled before it is given up.
        effects.sendCancel();
        return expired(effects);
      case 'cancelling':
        // §9.1: without a final response 64*T1 after the CANCEL the INVITE counts as cancelled.
        return expired(effects);
      case 'completed': // timer D
      case 'accepted': // timer M
      case 'absorbing':
        return 'terminated';
      case 'terminated':
        return state;
    }
  },

  sendFailed(state, effects) {
    // §17.1.4. Not in `proceeding`: figure 5 has no such arrow, a peer that sent a 1xx was reached and a late ICMP error is noise.
    if (state !== 'calling' && state !== 'calling-cancel' && state !== 'cancelling') return state;
    effects.stopRetransmitting();
    effects.reportSendFailed();
    return 'terminated';
  },

  cancel(state, immediately, effects) {
    switch (state) {
      case 'calling':
      case 'calling-cancel':
        // §9.1: no CANCEL before a provisional response. Forced (cancel_b_method 2) the INVITE is not repeated any more, as one
        // that arrived after its CANCEL would ring with nobody left to cancel it.
        return immediately ? cancelled(effects) : 'calling-cancel';
      case 'proceeding':
        return cancelled(effects);
      default:
        // §9.1: CANCEL has no effect on a request that got a final response; one CANCEL is enough.
        return state;
    }
  },

  abandon(state, effects) {
    if (!INVITE_CLIENT.isPending(state) && state !== 'accepted') return state;
    effects.stopRetransmitting();
    effects.endStateIn(effects.timers.wt);
    return 'absorbing';
  },

  rearm(state, effects) {
    if (state === 'calling' || state === 'calling-cancel' || state === 'cancelling')
      effects.timeoutIn(effects.timers.fr);
    else if (state === 'proceeding') effects.timeoutIn(effects.timers.frInv);
    return state;
  },

  isPending(state) {
    return state === 'calling' || state === 'calling-cancel' || state === 'proceeding' || state === 'cancelling';
  },
};

function provisional(state: InviteClientState, status: number, effects: ClientEffects): InviteClientState {
  switch (state) {
    case 'calling':
      // §17.1.1.2: timers A and B end. §16.6 item 11: timer C starts.
      effects.stopRetransmitting();
      effects.timeoutIn(effects.timers.frInv);
      effects.reportResponse();
      return 'proceeding';
    case 'calling-cancel':
      // §9.1: now the CANCEL may leave. It leaves before the user hears of the response.
      effects.reportResponse();
      return cancelled(effects);
    case 'proceeding':
      // §16.7 item 2 resets timer C on every 101–199; restart_fr_on_each_reply=0 limits that to progress (rising 18x).
      if (effects.timers.restartFrOnEachReply || (status >= 180 && status > effects.lastStatus))
        effects.timeoutIn(effects.timers.frInv);
      effects.reportResponse();
      return state;
    case 'cancelling':
      // Passed up, but the wait for the final response (§9.1) goes on unchanged.
      effects.reportResponse();
      return state;
    default:
      return state; // late, RFC 6026 §8.4: dropped
  }
}

function success(state: InviteClientState, effects: ClientEffects): InviteClientState {
  if (state === 'accepted') {
    // RFC 6026 §8.4: repeated 2xx and those of other forks go to the user. Timer M is not restarted there, but it lasts 64*T1; see untilPeerGivesUp.
    effects.endStateIn(untilPeerGivesUp(effects.timers));
    effects.reportResponse();
    return state;
  }
  if (!INVITE_CLIENT.isPending(state)) return state;
  effects.stopRetransmitting();
  // RFC 6026 §8.4: timer M, for every transport.
  effects.endStateIn(effects.timers.wt);
  effects.reportResponse();
  return 'accepted';
}

function failure(state: InviteClientState, effects: ClientEffects): InviteClientState {
  switch (state) {
    case 'completed':
      effects.resendAck(); // §17.1.1.2: the ACK was lost; not passed up again
      effects.endStateIn(untilPeerGivesUp(effects.timers)); // timer D
      return state;
    case 'absorbing':
      // Nobody wants the response, but without an ACK the peer would repeat it for 64*T1.
      effects.sendAck();
      return 'completed';
    case 'accepted':
    case 'terminated':
      return state;
    default:
      effects.stopRetransmitting();
      effects.sendAck();
      effects.reportResponse();
      // §17.1.1.2: timer D is zero on reliable transports.
      if (effects.reliable) return 'terminated';
      effects.endStateIn(effects.timers.wt);
      return 'completed';
  }
}

function cancelled(effects: ClientEffects): InviteClientState {
  effects.stopRetransmitting();
  effects.sendCancel();
  effects.timeoutIn(effects.timers.fr);
  return 'cancelling';
}

function expired(effects: ClientEffects): InviteClientState {
  effects.stopRetransmitting();
  effects.reportTimeout();
  effects.endStateIn(effects.timers.wt);
  return 'absorbing';
}
