import { EditList } from '../message/edits.ts';
import { HDR_REASON } from '../message/header-name.ts';
import type { SipMessage } from '../message/message.ts';
import { M_INVITE } from '../message/method.ts';
import type { ClientTransactionHandle, ServerTransactionHandle } from '../transaction/transaction.ts';
import type { Received } from '../transport/transport.ts';
import { Branch } from './branch.ts';
import type { BranchHost } from './branch-host.ts';
import { DROPPED, startBranch } from './branch-start.ts';
import type { CellOwner } from './cell-owner.ts';
import { retryByDatagram, retryElsewhere } from './failover.ts';
import { FailureTurns } from './failure-turns.ts';
import { localReply } from './local-reply.ts';
import { FAULT, type NextHopFailure, SEND_FAILED } from './next-hop.ts';
import type { RelayOptions } from './proxy-core.ts';
import type { ProxyServices } from './proxy-services.ts';
import type { ProxyTransaction } from './proxy-transaction.ts';
import { runReplyRoute } from './reply-route.ts';
import { answerRepeater, finishWinner, relayedReply } from './reply-upstream.ts';
import type { RequestState } from './request-state.ts';
import { winningBranch } from './response-context.ts';
import type { Target } from './target.ts';

const TERMINATED: NextHopFailure = { status: 487, reason: 'Request Terminated' };
const TIMED_OUT: NextHopFailure = { status: 408, reason: 'Request Timeout' };

const COMPLETED_ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"';

/**
 * One request handled statefully: the server transaction, its branches, and the response context between them (RFC 3261 §16.2, §16.7).
 * All of it runs in the caller's turn of the event loop; only a name that must be looked up or an asynchronous route makes it wait.
 */
export class Cell implements ProxyTransaction, BranchHost {
  readonly state: RequestState;
  readonly branches: Branch[] = [];
  readonly branchBase: string;
  readonly index: number;
  readonly label: number;
  lastStatus = 0;
  isCanceled = false;
  /** t_suspend() calls not yet continued: the transaction does not finish. */
  suspended = 0;
  private serverHandle: ServerTransactionHandle | null = null;
  private owner: CellOwner | null = null;
  readonly services: ProxyServices;
  /** To-tag of replies made here. */
  readonly toTag: string;
  private leg = 0;
  private readonly turns = new FailureTurns();
  /** A 6xx came: no new attempt of this leg (RFC 3261 §16.7 step 5). */
  private declined = false;
  private finalSent = false;

  constructor(services: ProxyServices, state: RequestState) {
    this.services = services;
    this.state = state;
    this.index = services.nextIndex();
    this.label = services.random.uint32() & 0x7fffffff;
    // Our branch names the transaction; the part after the last dot names the leg.
    this.branchBase = `z9hG4bK${services.random.token(8)}`;
    // RFC 3261 §9.2: the To tag of the replies to a CANCEL and to its INVITE is the same.
    const cancels = state.cancels;
    this.toTag = cancels instanceof Cell ? cancels.toTag : services.random.token(6);
  }

  /** @internal set right after the server transaction was made */
  attach(server: ServerTransactionHandle, owner: CellOwner): void {
    this.serverHandle = server;
    this.owner = owner;
  }

  get server(): ServerTransactionHandle {
    return this.serverHandle as ServerTransactionHandle;
  }

  get isFinished(): boolean {
    return this.finalSent;
  }

  get mayRetry(): boolean {
    return !(this.isCanceled || this.declined || this.finalSent);
  }

  get isInvite(): boolean {
    return this.state.pristine.methodId === M_INVITE;
  }

  /**
   * Sends the request to its new targets (t_relay).
   * @returns 1; -1 when there is no new target, it was canceled or already answered; a negative status when no branch could be sent
   */
  relay(options: RelayOptions): number {
    if (this.finalSent || this.isCanceled) return -1;
    const targets = this.state.takeTargets();
    return targets.length === 0 ? -1 : this.start(targets, this.leg++, options);
  }

  /**
   * Adds targets to the leg that is under way, or begins the first (t_cell_append_branches). It does not wait for t_continue() any more.
   * @returns as {@link relay}
   */
  append(targets: readonly Target[]): number {
    if (!this.mayRetry || targets.length === 0) return -1;
    if (this.leg === 0) this.leg = 1;
    const code = this.start(targets, this.leg - 1, { noInternalReply: true });
    if (code > 0) this.suspended = 0;
    return code;
  }

  private start(targets: readonly Target[], leg: number, options: RelayOptions): number {
    const { state, services } = this;
    const first = this.branches.length === 0;
    if (first) this.trying(options);
    this.declined = false;
    let failure: NextHopFailure | null = null;
    let started = 0;
    for (const target of targets) {
      if (this.branches.length >= services.options.maxBranches) {
        services.report(
          'TM_TOO_MANY_BRANCHES',
          `more than ${services.options.maxBranches} branches (max_branches); the rest is left out`,
        );
        break;
      }
      const branch = new Branch(this.branches.length, target, leg);
      const problem = startBranch(this, branch, options);
      if (problem === null) {
        started++;
        if (branch.replaces !== null) branch.replaces.discarded = true;
        continue;
      }
      if (problem !== DROPPED) failure = problem;
      branch.discarded = true;
      branch.fail(problem);
    }
    if (started > 0) {
      if (!this.turns.beside) this.forgetEarlierLegs(leg);
      return 1;
    }
    const problem = failure ?? DROPPED;
    state.errorStatus = problem.status;
    state.errorReason = problem.reason;
    if (first && !(options.noInternalReply === true || state.disableInternalReply === true))
      this.reply(problem.status, problem.reason);
    return -problem.status;
  }

  private trying(options: RelayOptions): void {
    const wanted = this.state.autoInv100 ?? this.services.options.autoInv100;
    if (this.isInvite && wanted && options.no100 !== true && this.lastStatus === 0)
      this.reply(100, this.services.options.autoInv100Reason);
  }

  /** failure_reply_mode. */
  private forgetEarlierLegs(leg: number): void {
    const mode = this.services.options.failureReplyMode;
    if (mode === 0) return;
    for (const branch of this.branches)
      if (branch.isFinal && (mode === 2 ? branch.leg === leg - 1 : branch.leg < leg)) branch.discarded = true;
  }

  failBranch(branch: Branch, failure: NextHopFailure): void {
    branch.fail(failure);
    this.branchFinished(branch);
  }

  onResponse(client: ClientTransactionHandle, response: SipMessage, from: Received): void {
    const branch = this.branchOf(client);
    if (branch === undefined) return;
    this.safely(() => this.takeReply(branch, response, from));
  }

  private branchOf(client: ClientTransactionHandle): Branch | undefined {
    return this.branches.find((one) => one.client === client);
  }

  private takeReply(branch: Branch, response: SipMessage, from: Received): void {
    branch.replies++;
    const edits = this.services.coreReplyEdits.get(response) ?? new EditList();
    if (branch.onReply === '') this.acceptReply(branch, response, edits);
    else runReplyRoute(this, branch, response, from, edits, () => this.acceptReply(branch, response, edits));
  }

  private acceptReply(branch: Branch, response: SipMessage, edits: EditList): void {
    const { status } = response;
    this.services.counters.repliesReceived++;
    if (status === 503 && retryElsewhere(this, branch)) return;
    branch.status = status;
    branch.local = false;
    branch.reply = response;
    branch.replyEdits = edits;
    if (status < 200) {
      // 100 is hop by hop (RFC 3261 §16.7 step 5).
      if (status > 100 && !this.finalSent) this.relayReply(branch, response, edits);
      return;
    }
    if (status < 300) {
      // Every 2xx of an INVITE goes upstream, at once (RFC 3261 §16.7 step 5); of other methods only the first final one.
      if (!this.finalSent || this.isInvite) {
        const text = this.relayReply(branch, response, edits);
        // From here on a small substitute repeats the 2xx; this cell is not needed for it any more.
        if (this.isInvite) branch.client?.handOver(answerRepeater(this, branch, response, text));
      }
      this.cancelPending(branch, this.services.options.localCancelReason ? COMPLETED_ELSEWHERE : '');
      return;
    }
    this.branchFinished(branch);
  }

  private branchFinished(branch: Branch): void {
    const { state } = this;
    if (branch.status >= 600 && !(state.disable6xx ?? this.services.options.disable6xxBlock)) {
      this.declined = true;
      this.cancelPending(branch, this.services.options.localCancelReason ? `SIP;cause=${branch.status}` : '');
    }
    if (branch.onBranchFailure === '' || this.finalSent) {
      this.tryFinish();
      return;
    }
    const name = branch.onBranchFailure;
    branch.onBranchFailure = '';
    this.turns.run(
      this,
      branch,
      () => state.hooks.branchFailureRoute(name, state, branch),
      () => this.tryFinish(),
      true,
    );
  }

  /** Goes on when every branch has finished: failure_route, then the winning reply (RFC 3261 §16.7 steps 6-9). */
  tryFinish(): void {
    if (this.finalSent || this.turns.busy || this.suspended > 0) return;
    const { branches, state } = this;
    if (branches.length === 0 || branches.some((branch) => !branch.isFinal)) return;
    const winner = winningBranch(branches, this.services.options);
    const name = state.onFailure;
    if (winner === null || name === '') {
      this.answerWith(winner);
      return;
    }
    // Disarmed before it runs: a script re-arms it for the next leg.
    state.onFailure = '';
    for (const watch of state.failureWatchers) watch(state, winner);
    const before = branches.length;
    this.turns.run(
      this,
      winner,
      () => state.hooks.failureRoute(name, state, winner),
      () => this.afterFailureRoute(before),
    );
  }

  /** A suspended script went on and its route has ended. As in the original, a request that nothing will come of is answered. */
  resumed(): void {
    if (this.finalSent || this.turns.busy || this.suspended > 0) return;
    if (this.branches.length === 0) this.answerWith(null);
    else this.tryFinish();
  }

  /** @param before number of branches when the route began */
  private afterFailureRoute(before: number): void {
    if (this.finalSent || this.suspended > 0) return;
    const { branches } = this;
    if (branches.some((branch) => !branch.isFinal)) return;
    // Only a new leg makes the route run again: one that re-armed itself and sent nothing has had its say.
    if (branches.slice(before).some((branch) => !branch.discarded)) this.tryFinish();
    else this.answerWith(winningBranch(branches, this.services.options));
  }

  /** @param winner null: all finished but none may win (t_drop_replies); the caller still gets an answer */
  private answerWith(winner: Branch | null): void {
    if (winner === null) {
      this.reply(500, 'No reply left to forward (500/TM)');
      return;
    }
    const { reply } = winner;
    if (reply === null) this.reply(winner.status, winner.localReason);
    else this.relayReply(winner, reply, finishWinner(winner, reply, this.branches, this.services.options));
  }

  /** @returns the reply as it went upstream */
  private relayReply(branch: Branch, reply: SipMessage, edits: EditList): string {
    const text = relayedReply(this.state, branch, reply, edits);
    this.services.counters.repliesRelayed++;
    const status = edits.status === 0 ? reply.status : edits.status;
    this.send(status, text);
    for (const watch of this.state.replyWatchers) watch(this.state, status, reply, branch);
    return text;
  }

  /**
   * Replies from here (t_reply): built from the request as received.
   * @returns 1, or -1 when a final reply was already sent
   */
  reply(status: number, reason: string): number {
    const { state, services } = this;
    if (this.finalSent) return -1;
    const text = localReply(services, state, status, reason, this.toTag);
    if (text === null) return -1;
    const sent = this.send(status, text);
    if (status >= 200) this.cancelPending(null, '');
    for (const watch of state.replyWatchers) watch(state, status, null, null);
    return sent ? 1 : -1;
  }

  private send(status: number, text: string): boolean {
    const destination = this.services.replyTo(this.state);
    let sent = this.server.respond(status, text, destination);
    // RFC 3261 §16.7 step 5: a 2xx of an INVITE goes up even after another final reply, and when the transaction has gone.
    if (!sent && this.finalSent && this.isInvite && status >= 200 && status < 300)
      sent = this.services.sender.send(text, destination, null);
    if (sent || status >= 200) this.lastStatus = status;
    if (status >= 200 && !this.finalSent) {
      this.finalSent = true;
      if (this.owner !== null) this.owner.cell = null;
      for (const branch of this.branches) branch.forget();
      this.services.cellEnded(this);
      const { finals } = this.services.counters;
      const digit = Math.floor(status / 100);
      finals[digit] = (finals[digit] ?? 0) + 1;
    }
    return sent;
  }

  private cancelPending(except: Branch | null, reason: string): void {
    for (const branch of this.branches) {
      if (branch === except) continue;
      if (branch.resolving && !branch.isFinal) branch.fail(TERMINATED);
      else if (branch.client?.isPending === true) branch.client.cancel(reason);
    }
  }

  /** A CANCEL came for this INVITE (RFC 3261 §16.10). @param cancel the CANCEL, for its Reason headers */
  cancel(cancel: SipMessage): void {
    if (this.finalSent || !this.isInvite) return;
    this.isCanceled = true;
    const { options } = this.services;
    const reason = options.e2eCancelReason && !this.state.noE2eCancelReason ? (cancel.value(HDR_REASON) ?? '') : '';
    let pending = false;
    for (const branch of this.branches) {
      if (branch.isFinal) continue;
      pending = true;
      if (branch.client === null) {
        this.failBranch(branch, TERMINATED);
        continue;
      }
      branch.client.cancel(reason, options.cancelBMethod === 2);
      if (options.cancelBMethod === 0 && branch.status === 0) this.failBranch(branch, TERMINATED);
    }
    // Nothing is on its way (t_newtran without t_relay, a suspended script, a failure_route that waits): RFC 3261 §9.2.
    if (!pending) this.reply(TERMINATED.status, TERMINATED.reason);
  }

  /** Cancels one branch. @returns false when it has finished */
  cancelBranch(branch: Branch): boolean {
    if (branch.resolving && !branch.isFinal) this.failBranch(branch, TERMINATED);
    else if (branch.client?.isPending === true) branch.client.cancel('');
    else return false;
    return true;
  }

  onTimeout(client: ClientTransactionHandle, provisional: boolean): void {
    const branch = this.branchOf(client);
    if (branch === undefined || branch.isFinal) return;
    if (!provisional && retryElsewhere(this, branch)) return;
    branch.timedOut = true;
    this.safely(() => this.failBranch(branch, TIMED_OUT));
  }

  onSendFailed(client: ClientTransactionHandle, code: string): void {
    const branch = this.branchOf(client);
    if (branch === undefined || branch.isFinal) return;
    if (retryByDatagram(this, branch) || retryElsewhere(this, branch)) return;
    this.services.report(
      code,
      `branch ${branch.index} of ${this.state.pristine.method} ${branch.sentRuri} could not be sent`,
    );
    this.safely(() => this.failBranch(branch, SEND_FAILED));
  }

  /** True while something may still come of it: a branch, a route, a suspended script, a provisional reply that promised more. */
  get isOccupied(): boolean {
    if (this.finalSent || this.turns.busy || this.suspended > 0 || this.lastStatus > 0) return true;
    return this.branches.some((branch) => !branch.isFinal);
  }

  safely(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.fault(error, 'reply');
      if (this.finalSent) return;
      try {
        this.reply(FAULT.status, FAULT.reason);
      } catch {
        // Not even that: at least the caller's retransmissions are not routed again.
        this.server.release();
      }
    }
  }

  fault(error: unknown, what: string): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.services.report('TM_FAULT', `${what} of ${this.state.pristine.method} ${this.state.pristine.callId}: ${text}`);
  }

  /** The transaction ended without a final reply (released, or past its lifetime). */
  onServerTerminated(): void {
    for (const branch of this.branches) if (branch.client?.isPending === true) branch.client.abandon();
    this.services.cellEnded(this);
  }
}
