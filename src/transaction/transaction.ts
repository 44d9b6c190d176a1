import type { SipMessage } from '../message/message.ts';
import type { Destination, Received } from '../transport/transport.ts';

/** Timer values of one transaction in milliseconds; tm's parameters, defaults in {@link DEFAULT_TIMERS}. */
export interface TransactionTimers {
  /** fr_timer: no reply at all (RFC 3261 timers B, F), and the wait for the ACK of our negative final (timer H). */
  readonly fr: number;
  /** fr_inv_timer: no final reply after a provisional one (INVITE; RFC 3261 §16.6 timer C). */
  readonly frInv: number;
  /** retr_timer1: first retransmission (T1). */
  readonly retr1: number;
  /** retr_timer2: longest retransmission interval (T2). */
  readonly retr2: number;
  /** wt_timer: how long a completed transaction stays to absorb late messages (timers D, I, J, K, L, M). */
  readonly wt: number;
  /** max_inv_lifetime / max_noninv_lifetime: upper bound of the whole transaction. */
  readonly maxInvLifetime: number;
  readonly maxNonInvLifetime: number;
  /** restart_fr_on_each_reply: frInv starts again with each provisional reply, else only with the first and with rising codes >= 180. */
  readonly restartFrOnEachReply: boolean;
}

export const DEFAULT_TIMERS: TransactionTimers = {
  fr: 30_000,
  frInv: 120_000,
  retr1: 500,
  retr2: 4_000,
  wt: 5_000,
  maxInvLifetime: 180_000,
  maxNonInvLifetime: 32_000,
  restartFrOnEachReply: true,
};

/**
 * How long a completed transaction stays, in ms, once the peer has repeated what we had taken: as long as the RFCs' timers D, J, L and M, 64*T1
 * (RFC 3261 §17, RFC 6026 §8.4, §7.1), after which the peer has given up. `wt` is shorter than that, which spares the memory of a busy server
 * wherever nothing is lost; but repetitions grow rarer up to T2, so where one comes and the next is lost, `wt` alone would end between them.
 */
export function untilPeerGivesUp({ retr1, wt }: TransactionTimers): number {
  return Math.max(wt, 64 * retr1);
}

/** What a client transaction tells the layer above. Called synchronously from the receiving or timer path. */
export interface ClientTransactionUser {
  /** Every provisional reply, the final one, and each retransmitted 2xx of an INVITE (RFC 6026 §8.4). Never a retransmitted negative final. */
  onResponse(client: ClientTransactionHandle, response: SipMessage, from: Received): void;
  /** No final reply in time. @param provisional true when a 1xx had come (fr_inv_timer), false when nothing came (fr_timer) */
  onTimeout(client: ClientTransactionHandle, provisional: boolean): void;
  /** The transport refused or lost it, TRANSPORT_… code (RFC 3261 §17.1.4). */
  onSendFailed(client: ClientTransactionHandle, code: string): void;
}

/** A client transaction as its user sees it. */
export interface ClientTransactionHandle {
  /** Full Via branch. */
  readonly branch: string;
  readonly method: string;
  readonly destination: Destination;
  /** Status of the last response, 0 when none came. */
  readonly lastStatus: number;
  /** True until a final response, timeout or failure was reported. */
  readonly isPending: boolean;
  /** What was sent; null once it is not needed any more. */
  readonly sentText: string | null;
  /** Who hears of it; somebody without interest once it is over, absent where nobody may ask. */
  readonly user?: ClientTransactionUser;
  /**
   * Cancels a pending INVITE (RFC 3261 §9.1): the CANCEL leaves at once when a provisional reply has come, else when the first one comes.
   * @param reason a Reason header value to carry (RFC 3326), empty for none
   * @param immediately send it without waiting for a provisional reply (cancel_b_method 2)
   */
  cancel(reason: string, immediately?: boolean): void;
  /** Replaces the final-response timers of the running transaction. */
  setTimers(fr: number, frInv: number): void;
  /** Gives later reports to another user, for one that has no more use for them itself. */
  handOver(user: ClientTransactionUser): void;
  /** Ends it silently: nothing is reported any more, late replies are absorbed for wt. */
  abandon(): void;
}

/** What a server transaction tells the layer above. */
export interface ServerTransactionUser {
  /** Its lifetime is over and no final response was sent: the last occasion to send one. Absent: it ends in silence. */
  onUnanswered?(server: ServerTransactionHandle): void;
  /** Gone for good (after wt); the user drops its references. */
  onServerTerminated(server: ServerTransactionHandle): void;
}

/** A server transaction as its user sees it. */
export interface ServerTransactionHandle {
  /** The request, until the final response is out; null afterwards (a completed transaction keeps its key, last response and deadline). */
  readonly request: SipMessage | null;
  readonly isInvite: boolean;
  readonly received: Received;
  /** Status of the last response sent, 0 when none was. */
  readonly lastStatus: number;
  /** Who owns it; set by the creator. */
  readonly user: ServerTransactionUser;
  /**
   * Sends a response and keeps it for retransmitted requests; a negative final to an INVITE over UDP is repeated until the ACK (timer G, H).
   * After a 2xx to an INVITE further 2xx (retransmitted ones) are passed through (RFC 6026 §8.5).
   * @param text complete message, latin1
   * @returns false when a final response was already sent and this one is not a 2xx retransmission
   */
  respond(status: number, text: string, destination: Destination): boolean;
  /** Ends it now, without a response (t_release). */
  release(): void;
}

/** How an incoming request relates to the transactions there are. */
export type RequestMatch =
  /** Unknown: the user runs its routing. */
  | { readonly kind: 'new' }
  /** A retransmission or an ACK to our negative final: handled here, nothing to do. */
  | { readonly kind: 'absorbed' }
  /** A CANCEL whose INVITE is here. */
  | { readonly kind: 'cancel'; readonly invite: ServerTransactionHandle }
  /** An ACK that matches an INVITE we answered with 2xx (same branch: a UA that reuses it). */
  | { readonly kind: 'ack'; readonly invite: ServerTransactionHandle };

/** Why a transaction could not be created. */
export type CreateFailure = 'TRANSACTION_LIMIT' | 'TRANSACTION_EXISTS';

/** What a new client transaction needs. */
export interface ClientTransactionParams {
  /** Full Via branch that the text carries. */
  readonly branch: string;
  readonly method: string;
  /** Complete request, latin1. */
  readonly text: string;
  readonly destination: Destination;
  readonly timers: TransactionTimers;
  readonly user: ClientTransactionUser;
  /**
   * True: a non-INVITE request that was sent only once ends with its final response, not wt later (timer K). For users by the ten
   * thousand whom a doubled response does no harm: nothing is forwarded that has no Via but ours.
   */
  readonly brief?: boolean;
}

/** The layer that owns all transactions (RFC 3261 §17) and runs their state machines on the timer wheel and the transports. */
export interface Transactions {
  /** Matches a request (RFC 3261 §17.2.3; RFC 2543 rules without the magic cookie) and absorbs what needs no routing. */
  matchRequest(message: SipMessage, from: Received): RequestMatch;
  /** Takes a response to its client transaction. @returns false when none matches (the user may forward it statelessly) */
  receiveResponse(message: SipMessage, from: Received): boolean;
  /** The client transaction a response belongs to, without giving it the response. */
  findClient(message: SipMessage): ClientTransactionHandle | null;
  createServer(
    message: SipMessage,
    from: Received,
    user: ServerTransactionUser,
    timers: TransactionTimers,
  ): ServerTransactionHandle | CreateFailure;
  createClient(params: ClientTransactionParams): ClientTransactionHandle | CreateFailure;
  /** Live (not yet terminated) transactions of both kinds, completed ones included. */
  readonly size: number;
}
