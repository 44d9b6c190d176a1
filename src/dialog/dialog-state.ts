/**
 * States of a call as Kamailio numbers them (dialog README §3): nothing but the INVITE is known; a provisional reply came; answered, the ACK
 * is missing; answered and acknowledged; over.
 */
export type DialogState = 1 | 2 | 3 | 4 | 5;

export const UNCONFIRMED = 1;
export const EARLY = 2;
export const UNACKED = 3;
export const CONFIRMED = 4;
export const DELETED = 5;

/**
 * What happens to a call: a provisional reply other than 100, a 2xx, a negative final reply of the INVITE; the ACK of the 2xx; a BYE of either
 * side; its lifetime is over; no final reply came within early_timeout; an operator says so.
 */
export type DialogEvent = 'ringing' | 'answered' | 'refused' | 'acked' | 'bye' | 'expired' | 'lost';

/** What a step means for others: the call began, never came about, or ended. */
export type DialogChange = 'early' | 'start' | 'confirmed' | 'failed' | 'end' | 'expired' | 'lost';

/** A state and what the step to it means. */
export interface DialogStep {
  readonly state: DialogState;
  readonly change: DialogChange;
}

const STEPS: Readonly<Record<DialogState, Partial<Readonly<Record<DialogEvent, DialogStep>>>>> = {
  [UNCONFIRMED]: {
    ringing: { state: EARLY, change: 'early' },
    answered: { state: UNACKED, change: 'start' },
    refused: { state: DELETED, change: 'failed' },
    lost: { state: DELETED, change: 'lost' },
  },
  // A BYE ends one early dialog of perhaps several; what becomes of the call says the final reply of the INVITE (RFC 3261 §15).
  [EARLY]: {
    answered: { state: UNACKED, change: 'start' },
    refused: { state: DELETED, change: 'failed' },
    lost: { state: DELETED, change: 'lost' },
  },
  [UNACKED]: {
    acked: { state: CONFIRMED, change: 'confirmed' },
    bye: { state: DELETED, change: 'end' },
    expired: { state: DELETED, change: 'expired' },
  },
  [CONFIRMED]: {
    bye: { state: DELETED, change: 'end' },
    expired: { state: DELETED, change: 'expired' },
  },
  [DELETED]: {},
};

/**
 * The state machine of a call.
 * @returns null when the event means nothing in this state: repetitions, late replies
 */
export function dialogStep(state: DialogState, event: DialogEvent): DialogStep | null {
  return STEPS[state][event] ?? null;
}
