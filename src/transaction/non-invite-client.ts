import type { ClientMachine } from './effects.ts';

/**
 * States of a non-INVITE client transaction (RFC 3261 figure 6). `completed` also stands for timed out and abandoned: in all
 * three late responses are swallowed.
 */
export type NonInviteClientState = 'trying' | 'proceeding' | 'completed' | 'terminated';

/** RFC 3261 §17.1.2. */
export const NON_INVITE_CLIENT: ClientMachine<NonInviteClientState> = {
  start(effects) {
    // §17.1.2.2: timer E on unreliable transports only, timer F always.
    effects.sendRequest();
    if (!effects.reliable) effects.retransmitIn(effects.timers.retr1);
    effects.timeoutIn(effects.timers.fr);
    return 'trying';
  },

  response(state, status, effects) {
    if (!NON_INVITE_CLIENT.isPending(state)) return state; // §17.1.2.2: retransmitted finals are absorbed
    effects.reportResponse();
    if (status < 200) return 'proceeding'; // timers E and F go on
    effects.stopRetransmitting();
    // §17.1.2.2: timer K is zero on reliable transports. Elsewhere it absorbs the responses that repeated requests may have brought.
    if (effects.reliable || !effects.lingers) return 'terminated';
    effects.endStateIn(effects.timers.wt);
    return 'completed';
  },

  retransmit(state, interval, effects) {
    if (!NON_INVITE_CLIENT.isPending(state)) return state;
    effects.sendRequest();
    // §17.1.2.2: timer E doubles up to T2; in Proceeding it is T2 at once.
    effects.retransmitIn(state === 'trying' ? Math.min(interval * 2, effects.timers.retr2) : effects.timers.retr2);
    return state;
  },

  expire(state, effects) {
    if (!NON_INVITE_CLIENT.isPending(state)) return 'terminated'; // timer K
    // §17.1.2.2, timer F. The RFC destroys the transaction here; we stay for wt to swallow a late reply.
    effects.stopRetransmitting();
    effects.reportTimeout();
    effects.endStateIn(effects.timers.wt);
    return 'completed';
  },

  sendFailed(state, effects) {
    if (!NON_INVITE_CLIENT.isPending(state)) return state;
    // §17.1.4, figure 6: in Trying and in Proceeding.
    effects.stopRetransmitting();
    effects.reportSendFailed();
    return 'terminated';
  },

  cancel(state) {
    return state; // §9.1: only an INVITE is cancelled
  },

  abandon(state, effects) {
    if (!NON_INVITE_CLIENT.isPending(state)) return state;
    effects.stopRetransmitting();
    effects.endStateIn(effects.timers.wt);
    return 'completed';
  },

  rearm(state, effects) {
    if (NON_INVITE_CLIENT.isPending(state)) effects.timeoutIn(effects.timers.fr);
    return state;
  },

  isPending(state) {
    return state === 'trying' || state === 'proceeding';
  },
};
