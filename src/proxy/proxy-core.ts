import type { EditList } from '../message/edits.ts';
import type { SipMessage } from '../message/message.ts';
import type { Destination } from '../transport/transport.ts';
import type { Branch } from './branch.ts';
import type { Cell } from './cell.ts';
import type { ProxyCounters } from './counters.ts';
import type { OwnRequest } from './detached-send.ts';
import type { ProxyOptions } from './options.ts';
import type { LocalRequestHook, OwnRequestHandle, OwnRequestParts, OwnRequestUser } from './own-request.ts';
import type { OwnRoute, RequestState } from './request-state.ts';
import type { Target } from './target.ts';

/** Options of a stateful relay (t_relay_to flags and arguments). */
export interface RelayOptions {
  /** Force this protocol: udp, tcp, tls, ws, wss; empty for the URI's own. */
  readonly proto?: string;
  /** Send here whatever the URIs say. */
  readonly host?: string;
  readonly port?: number;
  /** Do not send 100 to an INVITE. */
  readonly no100?: boolean;
  /** Do not answer by ourselves when relaying fails. */
  readonly noInternalReply?: boolean;
  readonly noDnsFailover?: boolean;
}

/** Options of a stateless relay. */
export interface ForwardOptions extends RelayOptions {
  /** Next hop URI in the place of $du and $ru. */
  readonly nextHop?: string;
  /** Our Via is the only one, so that no reply finds its way back to the sender (forward_uac). */
  readonly ownViaOnly?: boolean;
  /** Ends the Via branch with this number. */
  readonly branchIndex?: number;
}

/** Called for a reply that is forwarded without a transaction; records in `edits` what has to be put right. */
export type StatelessReplyListener = (reply: SipMessage, edits: EditList) => void;

/** Called by loose_route when our own Route was removed from a request; uac restores identities and CSeq numbers here. */
export type OwnRouteListener = (state: RequestState, route: OwnRoute) => void;

/** Called for each request that gets a transaction here, before anything is sent. */
export type TransactionListener = (state: RequestState) => void;
/** Hears of each reply made here without a transaction; `sent` is false for one that could not be. */
export type StatelessAnswerListener = (state: RequestState, status: number, sent: boolean) => void;

/** The stateful proxy (RFC 3261 §16): what tm, sl and rr offer to scripts stands on this. Codes are Kamailio's: 1 done, 0 stop the script, <0 failed. */
export interface ProxyCore {
  /** t_relay: see modules tm. */
  relay(state: RequestState, options?: RelayOptions): number;
  /** t_newtran: 1 created, 0 it is a retransmission, <0 error. */
  newTransaction(state: RequestState): number;
  /** t_reply: stateful reply; -1 without a transaction or after a final reply. */
  reply(state: RequestState, status: number, reason: string): number;
  /** sl_send_reply: stateless reply; -1 when it cannot be sent (ACK, no Via). */
  statelessReply(state: RequestState, status: number, reason: string): number;
  /** To-tag that a reply made here has: of the transaction if `stateful` and there is one, else the stateless one ($ltt). */
  localToTag(state: RequestState, stateful: boolean): string;
  /** forward(): stateless relay; `destination` null: by $du or $ru. */
  forward(state: RequestState, options?: ForwardOptions): number;
  /** Forwards a reply without a transaction by its second Via (RFC 3261 §16.11). */
  forwardReply(state: RequestState, reply: SipMessage, edits?: EditList): number;
  /** t_check_trans for a reply: true when one of our transactions waits for it. */
  knowsReply(reply: SipMessage): boolean;
  /** The request that a reply answers, while one of our transactions waits for it. */
  requestOf(reply: SipMessage): RequestState | null;
  /** t_replicate: a stateful copy whose replies are swallowed; 1 or -1. */
  replicate(state: RequestState, uri: string, options: RelayOptions): number;
  /** t_load_contacts / t_next_contacts. */
  loadContacts(state: RequestState, always: boolean): number;
  nextContacts(state: RequestState): number;
  /** t_uac_send: a request of our own whose replies nobody waits for; 1 or -1. */
  sendOwn(request: OwnRequest): number;
  /** Sends a request of our own and tells how it ended. */
  begin(parts: OwnRequestParts, user: OwnRequestUser): OwnRequestHandle;
  /** Sees requests of our own before they leave (event_route[tm:local-request]); null when nobody wants to. */
  localRequest: LocalRequestHook | null;
  /** t_suspend: the transaction (made if needed) waits for {@link resume}; 1 or -1. */
  suspend(state: RequestState): number;
  /** t_continue: runs `route` for a suspended transaction and goes on; -1 when there is none of that name. */
  resume(
    index: number,
    label: number,
    route: (state: RequestState, branch: Branch | null) => void | Promise<void>,
  ): number;
  /** Runs `action` for the transaction of this Call-ID and CSeq number; 1, or -1 when there is none. */
  forCallId(callId: string, cseq: number, action: (transaction: Cell) => void): number;
  /** Cancels one pending branch of a transaction; 1 or -1. */
  cancelBranch(index: number, label: number, branch: number): number;
  /** Adds branches to a transaction that is not answered yet; 1, or -1 when there is none of that name. */
  appendBranches(index: number, label: number, targets: readonly Target[]): number;
  /** Transactions being handled now. */
  liveCells(): number;
  readonly counters: Readonly<ProxyCounters>;
  /** @returns call it when the listener is not needed any more */
  onOwnRoute(listener: OwnRouteListener): () => void;
  /** Tells those listeners; rr calls it from loose_route. */
  announceOwnRoute(state: RequestState, route: OwnRoute): void;
  /** @returns call it when the listener is not needed any more */
  onStatelessReply(listener: StatelessReplyListener): () => void;
  /** @returns call it when the listener is not needed any more */
  onStatelessAnswer(listener: StatelessAnswerListener): () => void;
  /** @returns call it when the listener is not needed any more */
  onTransaction(listener: TransactionListener): () => void;
  /** Hears of each ACK that is relayed; call the result when the listener is not needed any more. */
  onAck(listener: TransactionListener): () => void;
  /** Parameters that act here; modules fill them while they are made. */
  readonly options: ProxyOptions;
  /** Sends raw text to a resolved destination (corex send_udp…). */
  sendRaw(text: string, destination: Destination): boolean;
}
