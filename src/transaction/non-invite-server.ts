import type { ServerEffects, ServerMachine } from './effects.ts';
import { untilPeerGivesUp } from './transaction.ts';

/** States of a non-INVITE server transaction (RFC 3261 figure 8). `completed` also stands for released: nothing is sent then. */
export type NonInviteServerState = 'trying' | 'proceeding' | 'completed' | 'terminated';

/** RFC 3261 §17.2.2. */
export const NON_INVITE_SERVER: ServerMachine<NonInviteServerState> = {
  start(effects) {
    // No RFC timer runs here; see the INVITE server transaction for this bound.
    effects.endStateIn(effects.timers.maxNonInvLifetime + effects.timers.fr);
    return 'trying';
  },

  mayRespond(state) {
    return NON_INVITE_SERVER.isPending(state);
  },

  respond(_state, status, effects) {
    effects.sendResponse();
    if (status < 200) return 'proceeding';
    return completed(effects);
  },

  request(state, effects) {
    // §17.2.2: dropped in Trying (there is no response yet), else the last response again.
    if (state === 'proceeding' || state === 'completed') effects.sendResponse();
    // A client that loses our response must not be taken for a new one: timer J.
    if (state === 'completed' && !effects.reliable) effects.endStateIn(untilPeerGivesUp(effects.timers));
    return state;
  },

  ack(state) {
    return state; // ACK belongs to INVITE only
  },

  retransmit(state) {
    return state; // responses are repeated for retransmitted requests only
  },

  expire(state, effects) {
    if (NON_INVITE_SERVER.isPending(state)) effects.unanswered();
    return 'terminated'; // timer J
  },

  release(state, effects) {
    if (!NON_INVITE_SERVER.isPending(state)) return state;
    return completed(effects);
  },

  isPending(state) {
    return state === 'trying' || state === 'proceeding';
  },
};

/** §17.2.2: timer J is zero on reliable transports. Even then the user hears of the end from the timer, never from within its own call. */
function completed(effects: ServerEffects): NonInviteServerState {
  // A client that has repeated itself already does so ever more rarely (timer E), the next time may be 4 s away.
  const wait = effects.repeated ? untilPeerGivesUp(effects.timers) : effects.timers.wt;
  effects.endStateIn(effects.reliable ? 0 : wait);
  return 'completed';
}
