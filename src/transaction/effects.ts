import type { TransactionTimers } from './transaction.ts';

/**
 * What the pure state machines may do to the world. A machine is a set of functions `(state, event, effects) → state`; it owns no
 * socket, no clock and no memory besides the state it returns.
 *
 * Two timers are enough for every machine of RFC 3261 §17 and RFC 6026: the retransmission timer (A, E, G) and one timer that
 * ends the state (B, C, D, F, H, I, J, K, L, M), as never two of the latter run at once.
 */
interface CommonEffects {
  /** Timer lengths of this transaction. */
  readonly timers: TransactionTimers;
  /** True for TCP, TLS, WS: nothing is retransmitted and most waiting times are zero (RFC 3261 §17). */
  readonly reliable: boolean;
  /** Starts the retransmission timer. @param ms its interval, which comes back with the event */
  retransmitIn(ms: number): void;
  stopRetransmitting(): void;
  /** Starts the timer that ends the state; one that runs already is replaced. */
  endStateIn(ms: number): void;
}

/** Effects of client machines. What they report is told to the user after the new state is in force, so that the user may act at once. */
export interface ClientEffects extends CommonEffects {
  /** Status of the last response before the one at hand, 0 when none came. */
  readonly lastStatus: number;
  /** False: nobody minds a final response that comes twice, and none is to be expected as the request was sent once. */
  readonly lingers: boolean;
  /** Like {@link endStateIn} for a state in which the transaction is pending: never past its lifetime (max_inv_lifetime). */
  timeoutIn(ms: number): void;
  /** Sends the request, for the first time or again. */
  sendRequest(): void;
  /** Makes the ACK for the non-2xx final response at hand, sends and keeps it (RFC 3261 §17.1.1.3). */
  sendAck(): void;
  /** Sends the ACK that was made once more. */
  resendAck(): void;
  /** Sends a CANCEL for the INVITE in a client transaction of its own (RFC 3261 §9.1). */
  sendCancel(): void;
  /** Hands the response at hand to the user. */
  reportResponse(): void;
  /** Tells the user that no final response came in time. */
  reportTimeout(): void;
  /** Tells the user that the request could not be sent (the failure at hand). */
  reportSendFailed(): void;
}

/** Effects of server machines. */
export interface ServerEffects extends CommonEffects {
  /** Sends the last response, for the first time or again; nothing when there is none. */
  sendResponse(): void;
  /** Forgets the last response's text: it will not be sent again. */
  forgetResponse(): void;
  /** True once the request came again. */
  readonly repeated: boolean;
  /** Notes that the ACK for a negative final response never came (timer H). */
  ackMissing(): void;
  /** Notes that the user let the transaction die without a final response. */
  unanswered(): void;
}

/** A client transaction's state machine. `S` is its union of states; the functions are pure apart from the effects. */
export interface ClientMachine<S extends string> {
  /** The request is ready: sends it. @returns the first state */
  start(effects: ClientEffects): S;
  /** A matching response came. @param status its status code */
  response(state: S, status: number, effects: ClientEffects): S;
  /** The retransmission timer fired. @param interval its last interval in ms */
  retransmit(state: S, interval: number, effects: ClientEffects): S;
  /** The timer that ends the state fired. */
  expire(state: S, effects: ClientEffects): S;
  /** The transport could not send the request. */
  sendFailed(state: S, effects: ClientEffects): S;
  /** The user cancels. @param immediately without waiting for a provisional response */
  cancel(state: S, immediately: boolean, effects: ClientEffects): S;
  /** The user is not interested any more. */
  abandon(state: S, effects: ClientEffects): S;
  /** `timers.fr` and `timers.frInv` were replaced. */
  rearm(state: S, effects: ClientEffects): S;
  /** True until a final response, a timeout or a failure was reported, or the user abandoned it. */
  isPending(state: S): boolean;
}

/** A server transaction's state machine. */
export interface ServerMachine<S extends string> {
  start(effects: ServerEffects): S;
  /** True when a response of this status may be sent in this state. */
  mayRespond(state: S, status: number): boolean;
  /** The user responds; the response is at hand for {@link ServerEffects.sendResponse}. Only after {@link mayRespond}. */
  respond(state: S, status: number, effects: ServerEffects): S;
  /** The request came again. */
  request(state: S, effects: ServerEffects): S;
  /** An ACK of this transaction came. */
  ack(state: S, effects: ServerEffects): S;
  retransmit(state: S, interval: number, effects: ServerEffects): S;
  expire(state: S, effects: ServerEffects): S;
  /** The user gives it up without a final response. */
  release(state: S, effects: ServerEffects): S;
  /** True until a final response was sent or the user released it. */
  isPending(state: S): boolean;
}
