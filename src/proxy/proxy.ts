import { EditList } from '../message/edits.ts';
import type { SipMessage } from '../message/message.ts';
import { M_ACK, M_CANCEL } from '../message/method.ts';
import type { Clock } from '../time/clock.ts';
import type { Random } from '../time/random.ts';
import type {
  ServerTransactionHandle,
  ServerTransactionUser,
  Transactions,
  TransactionTimers,
} from '../transaction/transaction.ts';
import { replyDestination } from '../transport/reply-destination.ts';
import type { Destination, TransportSender } from '../transport/transport.ts';
import type { Branch } from './branch.ts';
import { statelessTag } from './branch-id.ts';
import { Cell } from './cell.ts';
import { CellOwner } from './cell-owner.ts';
import { newProxyCounters } from './counters.ts';
import { type OwnRequest, replicate, sendOwnRequest } from './detached-send.ts';
import { localReply } from './local-reply.ts';
import { type NextHopResolver, withWishes } from './next-hop.ts';
import type { ProxyOptions } from './options.ts';
import {
  beginOwnRequest,
  type LocalRequestHook,
  type OwnRequestHandle,
  type OwnRequestParts,
  type OwnRequestUser,
} from './own-request.ts';
import type {
  ForwardOptions,
  OwnRouteListener,
  ProxyCore,
  RelayOptions,
  StatelessAnswerListener,
  StatelessReplyListener,
  TransactionListener,
} from './proxy-core.ts';
import type { ProxyServices } from './proxy-services.ts';
import type { OwnRoute, RequestState } from './request-state.ts';
import { loadContacts, nextContacts } from './serial-fork.ts';
import { forwardReply, forwardRequest } from './stateless-forward.ts';
import type { Target } from './target.ts';

/** What a proxy stands on. */
export interface ProxyParts {
  readonly options: ProxyOptions;
  readonly sender: TransportSender;
  readonly transactions: Transactions;
  readonly resolver: NextHopResolver;
  readonly random: Random;
  readonly clock: Clock;
  /** Something an operator should know, with its code. */
  readonly report: (code: string, text: string) => void;
}

/** RFC 3261 §16: stateful and stateless forwarding, local replies, CANCEL. One instance serves the whole server. */
export class SipProxy implements ProxyCore, ProxyServices {
  readonly options: ProxyOptions;
  readonly sender: TransportSender;
  readonly transactions: Transactions;
  readonly resolver: NextHopResolver;
  readonly random: Random;
  readonly clock: Clock;
  readonly counters = newProxyCounters();
  /** Edits that the core reply route recorded for a reply that a transaction will relay. */
  readonly coreReplyEdits = new WeakMap<SipMessage, EditList>();
  /** Transactions being handled, by number (t_continue, t_reply_callid). */
  readonly cells = new Map<number, Cell>();
  localRequest: LocalRequestHook | null = null;
  private readonly listeners = new Set<OwnRouteListener>();
  private readonly replyListeners = new Set<StatelessReplyListener>();
  private readonly answerListeners = new Set<StatelessAnswerListener>();
  private readonly transactionListeners = new Set<TransactionListener>();
  private readonly ackListeners = new Set<TransactionListener>();
  private readonly reporter: (code: string, text: string) => void;
  private readonly tagPrefix: string;
  private serial = 0;

  constructor(parts: ProxyParts) {
    this.options = parts.options;
    this.sender = parts.sender;
    this.transactions = parts.transactions;
    this.resolver = parts.resolver;
    this.random = parts.random;
    this.clock = parts.clock;
    this.reporter = parts.report;
    this.tagPrefix = parts.random.token(8);
  }

  nextIndex(): number {
    this.serial = (this.serial + 1) & 0x7fffffff;
    return this.serial;
  }

  report(code: string, text: string): void {
    this.reporter(code, text);
  }

  relay(state: RequestState, options: RelayOptions = {}): number {
    const { methodId } = state.message;
    // Also when the script made the CANCEL's own transaction before (t_newtran).
    if (methodId === M_CANCEL) {
      const done = this.relayCancel(state, options);
      if (done !== 0) return done;
    }
    let cell = state.transaction as Cell | null;
    if (cell === null) {
      if (methodId === M_ACK) {
        const sent = this.forward(state, options);
        if (sent > 0) for (const listener of this.ackListeners) listener(state);
        return sent;
      }
      const made = this.newTransaction(state);
      // A retransmission was answered by the transaction: done, as the original says.
      if (made === 0) return 1;
      if (made < 0) return made;
      cell = state.transaction as Cell | null;
      if (cell === null) return -1;
    }
    this.counters.relayed++;
    return cell.relay(options);
  }

  /** @returns 0 when the CANCEL is to be forwarded like any request */
  private relayCancel(state: RequestState, options: RelayOptions): number {
    if (!state.cancelsInvite) {
      if (this.options.unmatchedCancel === 1) return this.forward(state, options);
      return this.options.unmatchedCancel === 2 ? -1 : 0;
    }
    // RFC 3261 §9.2: the CANCEL is answered here with 200 whatever becomes of the INVITE.
    if (this.newTransaction(state) > 0) (state.transaction as Cell | null)?.reply(200, 'canceling');
    // An INVITE that has its final reply is past cancelling.
    (state.cancels as Cell | null)?.cancel(state.message);
    return 1;
  }

  newTransaction(state: RequestState): number {
    if (state.transaction !== null) return 1;
    const { message } = state;
    if (message.methodId === M_ACK) return -1;
    const cell = new Cell(this, state);
    const owner = new CellOwner(cell);
    // As received: retransmissions come like that, whatever msg_apply_changes() made of the message.
    const server = this.transactions.createServer(
      state.pristine,
      state.received,
      owner,
      serverTimers(state, this.options.timers),
    );
    if (server === 'TRANSACTION_EXISTS') return 0;
    if (server === 'TRANSACTION_LIMIT') {
      this.counters.refusedFull++;
      // Full: say when to come back, and do not let the script's own error reply follow (RFC 3261 §21.5.4).
      state.replyHeaders += `Retry-After: ${this.options.overloadRetryAfter}\r\n`;
      this.statelessReply(state, 503, 'Server Overloaded');
      return -503;
    }
    cell.attach(server, owner);
    state.transaction = cell;
    this.cells.set(cell.index, cell);
    this.counters.serverTransactions++;
    for (const listener of this.transactionListeners) listener(state);
    return 1;
  }

  /**
   * The request_route has ended. A transaction that it made and left without a reply, a relay or a wait is released, as in the original:
   * nothing would ever come of it, and it would stay for its whole lifetime.
   */
  routed(state: RequestState): void {
    const cell = state.transaction as Cell | null;
    if (cell === null) {
      state.unhandledWatcher?.();
      return;
    }
    if (cell.isOccupied) return;
    this.report('TM_NOT_FINISHED', `${state.pristine.method} ${state.pristine.callId}: neither answered nor relayed`);
    cell.server.release();
  }

  /** True for a reply that one of our transactions waits for. */
  knowsReply(reply: SipMessage): boolean {
    return this.transactions.findClient(reply) !== null;
  }

  requestOf(reply: SipMessage): RequestState | null {
    const user = this.transactions.findClient(reply)?.user;
    return user instanceof Cell ? user.state : null;
  }

  cellEnded(cell: Cell): void {
    this.cells.delete(cell.index);
  }

  /** The transaction a server handle belongs to; null when it has finished or is not the proxy's. */
  cellOf(server: ServerTransactionHandle): Cell | null {
    const user: ServerTransactionUser = server.user;
    return user instanceof CellOwner ? user.cell : null;
  }

  reply(state: RequestState, status: number, reason: string): number {
    const cell = state.transaction as Cell | null;
    if (cell === null) return -1;
    return cell.reply(status, reason);
  }

  statelessReply(state: RequestState, status: number, reason: string): number {
    const result = this.sendStateless(state, status, reason);
    if (result !== -2) for (const listener of this.answerListeners) listener(state, status, result === 1);
    return result;
  }

  private sendStateless(state: RequestState, status: number, reason: string): number {
    // An ACK is never answered (RFC 3261 §8.2.7 and §17.1.1.3), and one answer is enough.
    if (state.message.methodId === M_ACK) return -1;
    if (state.repliedStateless || (state.transaction as Cell | null)?.isFinished === true) return -2;
    const text = localReply(this, state, status, reason, statelessTag(this.tagPrefix, state.pristine));
    if (text === null) return -1;
    if (status >= 200) state.repliedStateless = true;
    this.counters.statelessReplies++;
    return this.sender.send(text, this.replyTo(state), null) ? 1 : -1;
  }

  localToTag(state: RequestState, stateful: boolean): string {
    const cell = state.transaction as Cell | null;
    return stateful && cell !== null ? cell.toTag : statelessTag(this.tagPrefix, state.pristine);
  }

  /** True for an ACK to a negative reply we sent statelessly: it ends here. */
  isAckOfStatelessReply(message: SipMessage): boolean {
    if (message.methodId !== M_ACK) return false;
    const tag = message.to?.tag ?? '';
    if (!tag.startsWith(this.tagPrefix)) return false;
    this.counters.ackFiltered++;
    return true;
  }

  replyTo(state: RequestState): Destination {
    const back = replyDestination(state.pristine, state.received, state.forceRport || this.options.forceRport);
    return withWishes(back, state.replyStream, '');
  }

  forward(state: RequestState, options: ForwardOptions = {}): number {
    return forwardRequest(this, state, options);
  }

  forwardReply(state: RequestState, reply: SipMessage, edits: EditList = new EditList()): number {
    return forwardReply(this, state, reply, edits);
  }

  replicate(state: RequestState, uri: string, options: RelayOptions): number {
    return replicate(this, state, uri, options);
  }

  loadContacts(state: RequestState, always: boolean): number {
    return loadContacts(state, always);
  }

  nextContacts(state: RequestState): number {
    return nextContacts(state);
  }

  sendOwn(request: OwnRequest): number {
    return sendOwnRequest(this, request, this.options.userAgentHeader);
  }

  begin(parts: OwnRequestParts, user: OwnRequestUser): OwnRequestHandle {
    return beginOwnRequest(this, parts, user);
  }

  suspend(state: RequestState): number {
    if (state.transaction === null && this.newTransaction(state) <= 0) return -1;
    (state.transaction as Cell).suspended++;
    return 1;
  }

  resume(
    index: number,
    label: number,
    route: (state: RequestState, branch: Branch | null) => void | Promise<void>,
  ): number {
    const cell = this.cells.get(index);
    if (cell === undefined || cell.label !== label || cell.suspended === 0) return -1;
    cell.suspended--;
    const done = route(cell.state, cell.branches[cell.branches.length - 1] ?? null);
    const end = (): void => cell.resumed();
    if (done === undefined) end();
    else done.then(end, end);
    return 1;
  }

  forCallId(callId: string, cseq: number, action: (transaction: Cell) => void): number {
    for (const cell of this.cells.values()) {
      const { pristine } = cell.state;
      if (cell.isFinished || pristine.callId !== callId || pristine.cseq?.seq !== cseq) continue;
      action(cell);
      return 1;
    }
    return -1;
  }

  cancelBranch(index: number, label: number, branch: number): number {
    const cell = this.cells.get(index);
    const found = cell?.label === label ? cell.branches[branch] : undefined;
    return found !== undefined && cell?.cancelBranch(found) === true ? 1 : -1;
  }

  appendBranches(index: number, label: number, targets: readonly Target[]): number {
    const cell = this.cells.get(index);
    return cell?.label === label ? cell.append(targets) : -1;
  }

  liveCells(): number {
    return this.cells.size;
  }

  onOwnRoute(listener: OwnRouteListener): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** Tells the listeners about a Route of ours that loose routing removed. */
  announceOwnRoute(state: RequestState, route: OwnRoute): void {
    for (const listener of this.listeners) listener(state, route);
  }

  onStatelessReply(listener: StatelessReplyListener): () => void {
    this.replyListeners.add(listener);
    return () => void this.replyListeners.delete(listener);
  }

  onStatelessAnswer(listener: StatelessAnswerListener): () => void {
    this.answerListeners.add(listener);
    return () => void this.answerListeners.delete(listener);
  }

  onTransaction(listener: TransactionListener): () => void {
    this.transactionListeners.add(listener);
    return () => void this.transactionListeners.delete(listener);
  }

  onAck(listener: TransactionListener): () => void {
    this.ackListeners.add(listener);
    return () => void this.ackListeners.delete(listener);
  }

  restoreReply(reply: SipMessage, edits: EditList): void {
    for (const listener of this.replyListeners) listener(reply, edits);
  }

  sendRaw(text: string, destination: Destination): boolean {
    return this.sender.send(text, destination, null);
  }
}

/** Timers of a server transaction: it must outlive its client transactions, whose lifetime the request may have set for itself. */
function serverTimers(state: RequestState, base: TransactionTimers): TransactionTimers {
  if (state.maxInvLifetime === 0 && state.maxNonInvLifetime === 0) return base;
  return {
    ...base,
    maxInvLifetime: state.maxInvLifetime || base.maxInvLifetime,
    maxNonInvLifetime: state.maxNonInvLifetime || base.maxNonInvLifetime,
  };
}
