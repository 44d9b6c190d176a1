import type { ServerEffects, ServerMachine } from './effects.ts';
import { untilPeerGivesUp } from './transaction.ts';

/**
 * States of an INVITE server transaction (RFC 3261 figure 7, with Accepted of RFC 6026 figure 1). `confirmed` also stands for
 * released: requests and ACKs are swallowed, nothing is sent.
 */
export type InviteServerState = 'proceeding' | 'completed' | 'confirmed' | 'accepted' | 'terminated';

/** RFC 3261 §17.2.1 as updated by RFC 6026 §7.1. The 100 (Trying) within 200 ms is up to the user. */
export const INVITE_SERVER: ServerMachine<InviteServerState> = {
  start(effects) {
    // No RFC timer runs here, the user answers in the end (its client transactions see to it). The bound is for a user that
    // forgets: one fr longer than the lifetime of those client transactions, so that their timeout is answered first.
    effects.endStateIn(effects.timers.maxInvLifetime + effects.timers.fr);
    return 'proceeding';
  },

  mayRespond(state, status) {
    // RFC 6026 §7.1: in Accepted the user's retransmitted 2xx pass through.
    return state === 'proceeding' || (state === 'accepted' && status >= 200 && status < 300);
  },

  respond(state, status, effects) {
    effects.sendResponse();
    if (status < 200) return state;
    if (status < 300) {
      // RFC 6026 §7.1: 2xx are repeated by the user agent, never from here. Timer L, for every transport.
      effects.forgetResponse();
      const known = state === 'accepted' || effects.repeated;
      effects.endStateIn(known ? untilPeerGivesUp(effects.timers) : effects.timers.wt);
      return 'accepted';
    }
    // §17.2.1: timer G on unreliable transports only, timer H always.
    if (!effects.reliable) effects.retransmitIn(effects.timers.retr1);
    effects.endStateIn(effects.timers.fr);
    return 'completed';
  },

  request(state, effects) {
    // §17.2.1: the last provisional or the final response again. RFC 6026 §7.1: absorbed in Accepted.
    if (state === 'proceeding' || state === 'completed') effects.sendResponse();
    // The client has not seen our 2xx: its next repetition must not begin a second call.
    if (state === 'accepted') effects.endStateIn(untilPeerGivesUp(effects.timers));
    return state;
  },

  ack(state, effects) {
    if (state !== 'completed') return state;
    effects.stopRetransmitting();
    effects.forgetResponse();
    return confirmed(effects);
  },

  retransmit(state, interval, effects) {
    if (state !== 'completed') return state;
    // §17.2.1: timer G doubles up to T2.
    effects.sendResponse();
    effects.retransmitIn(Math.min(interval * 2, effects.timers.retr2));
    return state;
  },

  expire(state, effects) {
    effects.stopRetransmitting();
    if (state === 'proceeding') effects.unanswered();
    else if (state === 'completed') effects.ackMissing(); // timer H
    return 'terminated'; // timers I and L end here, too
  },

  release(state, effects) {
    return state === 'proceeding' ? confirmed(effects) : state;
  },

  isPending(state) {
    return state === 'proceeding';
  },
};

/** §17.2.1: timer I absorbs further ACKs; it is zero on reliable transports. Even then the user hears of the end from the timer, never from within its own call. */
function confirmed(effects: ServerEffects): InviteServerState {
  effects.endStateIn(effects.reliable ? 0 : effects.timers.wt);
  return 'confirmed';
}
