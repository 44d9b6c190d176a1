import { detach } from '../message/detach.ts';
import { EditList } from '../message/edits.ts';
import { HDR_PROXY_AUTHENTICATE, HDR_REASON, HDR_WWW_AUTHENTICATE } from '../message/header-name.ts';
import type { SipMessage } from '../message/message.ts';
import { M_INVITE } from '../message/method.ts';
import { buildForwardedResponse } from '../message/serializer.ts';
import { parseUri } from '../message/uri.ts';
import type {
  ClientTransactionHandle,
  ClientTransactionUser,
  ServerTransactionHandle,
  ServerTransactionUser,
} from '../transaction/transaction.ts';
import { type Destination, type Received, STREAM_NO_CONNECT } from '../transport/transport.ts';
import { AnswerRepeater } from './answer-repeater.ts';
import { Branch } from './branch.ts';
import { BAD_DESTINATION, FAULT, type NextHopFailure, nextHopUri, SEND_FAILED, UNRESOLVABLE } from './next-hop.ts';
import type { RelayOptions } from './proxy-core.ts';
import type { ProxyServices } from './proxy-services.ts';
import type { ProxyTransaction } from './proxy-transaction.ts';
import { markVia, NOWHERE, sendBranch } from './request-forward.ts';
import type { ReplyTransform, RequestState } from './request-state.ts';
import { winningBranch } from './response-context.ts';
import type { Target } from './target.ts';

const TERMINATED: NextHopFailure = { status: 487, reason: 'Request Terminated' };

/** branch_route dropped it; the answer when it dropped all of them. */
const DROPPED: NextHopFailure = { status: 500, reason: 'No destination left (500/TM)' };

const COMPLETED_ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"';

/**
 * The thread between a server transaction and its cell. It is cut when the final reply is out: the transaction lives on to absorb
 * retransmissions, and must not keep the request and its branches alive with it.
 */
export class CellOwner implements ServerTransactionUser {
  cell: Cell | null;

  constructor(cell: Cell) {
    this.cell = cell;
  }

  /** Suspended for ever, or left with a provisional reply: the caller still gets an end (RFC 3261 §17.2 leaves no other). */
  onUnanswered(): void {
    this.cell?.reply(408, 'Request Timeout');
  }

  /** The transaction ended without a final reply (released). */
  onServerTerminated(): void {
    this.cell?.onServerTerminated();
  }
}

/**
 * One request handled statefully: the server transaction, its branches, and the response context between them (RFC 3261 §16.2, §16.7).
 * All of it runs in the caller's turn of the event loop; only a name that must be looked up or an asynchronous route makes it wait.
 */
export class Cell implements ProxyTransaction, ClientTransactionUser {
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
  private readonly services: ProxyServices;
  /** To-tag of replies made here. */
  readonly toTag: string;
  private leg = 0;
  /** A failure or branch-failure route runs; those that wait for its end. */
  private routing = false;
  /** What runs is a branch-failure route: a branch that it adds stands beside the others of the leg. */
  private beside = false;
  private readonly waiting: (() => void)[] = [];
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

  /** True when a final reply went upstream. */
  get isFinished(): boolean {
    return this.finalSent;
  }

  get isInvite(): boolean {
    return this.state.pristine.methodId === M_INVITE;
  }

  /**
   * Sends the request to its new targets (t_relay).
   * @returns 1; -1 when there is no new target, it was canceled or already answered; a negative status when no branch could be sent
   */
  relay(options: RelayOptions): number {
    const { state, services } = this;
    if (this.finalSent || this.isCanceled) return -1;
    const targets = takeTargets(state);
    if (targets.length === 0) return -1;
    const first = this.leg === 0;
    const leg = this.leg++;
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
      const problem = this.begin(branch, options);
      if (problem === null) {
        started++;
        if (branch.replaces !== null) branch.replaces.discarded = true;
      } else {
        if (problem !== DROPPED) failure = problem;
        branch.discarded = true;
        branch.local = true;
        branch.status = problem.status;
        branch.localReason = problem.reason;
      }
    }
    if (started > 0) {
      if (!this.beside) this.forgetEarlierLegs(leg);
      return 1;
    }
    const problem = failure ?? DROPPED;
    state.errorStatus = problem.status;
    state.errorReason = problem.reason;
    if (first && !(options.noInternalReply === true || state.disableInternalReply === true))
      this.reply(problem.status, problem.reason);
    return -problem.status;
  }

  /** Makes a branch ready and starts it. @returns why it was not sent */
  private begin(branch: Branch, options: RelayOptions): NextHopFailure | null {
    const { state } = this;
    const { target } = branch;
    branch.request = state.changes;
    branch.onReply = state.onReply;
    branch.onBranchFailure = state.onBranchFailure;
    this.branches.push(branch);
    try {
      target.seed?.(branch);
      const kept = state.onBranch === '' || state.hooks.branchRoute(state.onBranch, state, branch);
      if (typeof kept === 'boolean') return kept ? this.launch(branch, options) : DROPPED;
      // As for a name that is being looked up: the others go on.
      branch.resolving = true;
      const later = (keep: boolean): void => this.safely(() => this.kept(branch, keep, options));
      kept.then(later, () => later(false));
      return null;
    } catch (error) {
      this.fault(error, `branch ${branch.index}`);
      return FAULT;
    }
  }

  /** A branch_route that waited has ended. */
  private kept(branch: Branch, keep: boolean, options: RelayOptions): void {
    branch.resolving = false;
    if (branch.isFinal || this.finalSent) return;
    const problem = keep ? this.launch(branch, options) : DROPPED;
    if (problem === null) return;
    if (problem === DROPPED) {
      branch.discarded = true;
      branch.onBranchFailure = '';
    }
    this.failBranch(branch, problem.status, problem.reason);
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

  /** Starts a branch. @returns why it cannot be sent, or null when it was sent or waits for DNS */
  private launch(branch: Branch, options: RelayOptions): NextHopFailure | null {
    const uri = nextHopUri(branch.target, options);
    if (uri === null) return parseUri(branch.target.nextHop) === null ? BAD_DESTINATION : UNRESOLVABLE;
    const free = options.host === undefined && (options.proto ?? '') === '';
    if (free && branch.candidatesFor !== '' && branch.candidatesFor === branch.target.nextHop)
      return sendBranch(this, branch, this.services);
    const known = this.services.resolver.resolveNow(uri);
    if (known !== null) {
      branch.candidates = known;
      return known.length === 0 ? UNRESOLVABLE : sendBranch(this, branch, this.services);
    }
    branch.resolving = true;
    const resolved = (found: Branch['candidates']): void => this.safely(() => this.resolved(branch, found));
    this.services.resolver.resolve(uri).then(resolved, () => resolved([]));
    return null;
  }

  private resolved(branch: Branch, found: Branch['candidates']): void {
    branch.resolving = false;
    // Cancelled meanwhile, by the caller or by another branch's answer.
    if (branch.isFinal || this.finalSent) return;
    branch.candidates = found;
    const problem = found.length === 0 ? UNRESOLVABLE : sendBranch(this, branch, this.services);
    if (problem !== null) this.failBranch(branch, problem.status, problem.reason);
  }

  /** Books a status made up here for a branch and goes on as if its reply had come. */
  private failBranch(branch: Branch, status: number, reason: string): void {
    branch.status = status;
    branch.local = true;
    branch.localReason = reason;
    branch.reply = null;
    this.branchFinished(branch);
  }

  onResponse(client: ClientTransactionHandle, response: SipMessage, from: Received): void {
    const branch = this.branches.find((one) => one.client === client);
    if (branch === undefined) return;
    this.safely(() => this.takeReply(branch, response, from));
  }

  private takeReply(branch: Branch, response: SipMessage, from: Received): void {
    branch.replies++;
    const name = branch.onReply;
    const edits = this.services.coreReplyEdits.get(response) ?? new EditList();
    if (name === '') {
      this.acceptReply(branch, response, edits);
      return;
    }
    const { client } = branch;
    const kept = this.state.hooks.replyRoute(name, this.state, branch, response, from, edits);
    // Only provisional replies can be dropped: a final one is always accounted for.
    const settle = (keep: boolean): void => {
      if (keep || response.status >= 200) this.acceptReply(branch, response, edits);
    };
    if (typeof kept === 'boolean') {
      settle(kept);
      return;
    }
    const later = (keep: boolean): void => {
      // While the route waited another reply may have ended the attempt: what is only provisional is late then.
      if (response.status < 200 && (branch.isFinal || branch.client !== client)) return;
      this.safely(() => settle(keep));
    };
    kept.then(later, () => later(true));
  }

  private acceptReply(branch: Branch, response: SipMessage, edits: EditList): void {
    const { status } = response;
    this.services.counters.repliesReceived++;
    if (status === 503 && this.retryElsewhere(branch)) return;
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
        if (this.isInvite) this.repeatFrom(branch, response, text);
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
    this.runRoute(
      () => {
        this.beside = true;
        return state.hooks.branchFailureRoute(name, state, branch);
      },
      () => {
        this.beside = false;
        this.tryFinish();
      },
    );
  }

  /**
   * Runs a failure or branch-failure route, one at a time. It works on a copy of the request's destination and changes, as the original's
   * does: the route after it, and the one for the next leg, begin with what the request_route left.
   * @param next what follows its end
   */
  private runRoute(route: () => void | Promise<void>, next: () => void): void {
    if (this.routing) {
      this.waiting.push(() => this.runRoute(route, next));
      return;
    }
    const { state } = this;
    this.routing = true;
    // Every reply and every later branch needs this edit, so it is no change of the route's copy.
    markVia(state, this.services.options);
    const { changes, target, replyHeaders, replyBody, replyContentType } = state;
    state.changes = changes.clone();
    state.target = target.clone();
    state.target.isNew = false;
    const end = (): void => {
      state.changes = changes;
      state.target = target;
      state.branches = [];
      state.replyHeaders = replyHeaders;
      state.replyBody = replyBody;
      state.replyContentType = replyContentType;
      this.routing = false;
      this.safely(next);
      this.waiting.shift()?.();
    };
    const done = this.finalSent ? undefined : this.attempt(route);
    if (done === undefined) end();
    else done.then(end, end);
  }

  private attempt(route: () => void | Promise<void>): void | Promise<void> {
    try {
      return route();
    } catch (error) {
      this.fault(error, 'failure route');
    }
  }

  /** Goes on when every branch has finished: failure_route, then the winning reply (RFC 3261 §16.7 steps 6-9). */
  tryFinish(): void {
    if (this.finalSent || this.routing || this.suspended > 0) return;
    const { branches, state } = this;
    if (branches.length === 0 || branches.some((branch) => !branch.isFinal)) return;
    const winner = winningBranch(branches, this.services.options);
    if (winner === null) {
      this.nothingLeft();
      return;
    }
    const name = state.onFailure;
    if (name === '') {
      this.relayWinner(winner);
      return;
    }
    // Disarmed before it runs: a script re-arms it for the next leg.
    state.onFailure = '';
    const before = branches.length;
    this.runRoute(
      () => state.hooks.failureRoute(name, state, winner),
      () => this.afterFailureRoute(before),
    );
  }

  /** A suspended script went on and its route has ended. As in the original, a request that nothing will come of is answered. */
  resumed(): void {
    if (this.finalSent || this.routing || this.suspended > 0) return;
    if (this.branches.length === 0) this.nothingLeft();
    else this.tryFinish();
  }

  /** @param before number of branches when the route began */
  private afterFailureRoute(before: number): void {
    if (this.finalSent || this.suspended > 0) return;
    const { branches } = this;
    if (branches.some((branch) => !branch.isFinal)) return;
    // Only a new leg makes the route run again: one that re-armed itself and sent nothing has had its say.
    if (branches.slice(before).some((branch) => !branch.discarded)) {
      this.tryFinish();
      return;
    }
    const winner = winningBranch(branches, this.services.options);
    if (winner === null) this.nothingLeft();
    else this.relayWinner(winner);
  }

  /** All finished but none may win (t_drop_replies): the caller still gets an answer. */
  private nothingLeft(): void {
    this.reply(500, 'No reply left to forward (500/TM)');
  }

  private relayWinner(winner: Branch): void {
    if (winner.reply === null) {
      this.reply(winner.status, winner.localReason);
      return;
    }
    const edits = winner.replyEdits ?? new EditList();
    const { reply } = winner;
    if (reply.status === 503 && edits.status === 0 && this.services.options.remap503) {
      // A proxy's own capacity is not the next one's: 503 goes up as 500 (RFC 3261 §16.7 step 6).
      edits.status = 500;
    }
    if ((reply.status === 401 || reply.status === 407) && this.services.options.aggregateChallenges)
      this.aggregateChallenges(winner, reply, edits);
    this.relayReply(winner, reply, edits);
  }

  /** RFC 3261 §16.7 step 7: the challenges of all branches go into the one reply. */
  private aggregateChallenges(winner: Branch, reply: SipMessage, edits: EditList): void {
    for (const other of this.branches) {
      if (other === winner || other.discarded || other.reply === null) continue;
      if (other.status !== 401 && other.status !== 407) continue;
      for (const header of other.reply.headers)
        if (header.id === HDR_WWW_AUTHENTICATE || header.id === HDR_PROXY_AUTHENTICATE)
          edits.insert(reply.headersEnd, other.reply.raw.slice(header.start, header.end));
    }
  }

  /** From here on a small substitute repeats the branch's 2xx; this cell is not needed for it any more. */
  private repeatFrom(branch: Branch, response: SipMessage, text: string): void {
    const { state } = this;
    branch.client?.handOver(
      new AnswerRepeater({
        server: this.server,
        sender: this.services.sender,
        text,
        toTag: detach(response.to?.tag ?? ''),
        destination: this.services.replyTo(state),
        invite: state.pristine.raw,
        received: state.received,
        hooks: state.hooks,
        transforms: transformsOf(state, branch),
      }),
    );
  }

  /** @returns the reply as it went upstream */
  private relayReply(branch: Branch, reply: SipMessage, edits: EditList): string {
    const { state } = this;
    for (const transform of transformsOf(state, branch)) transform.apply(state, branch, reply, edits);
    const status = edits.status === 0 ? reply.status : edits.status;
    this.services.counters.repliesRelayed++;
    const text = buildForwardedResponse(reply, {
      edits,
      branchEdits: null,
      out: NOWHERE,
      status: edits.status === 0 ? undefined : edits.status,
      reason: edits.reason === '' ? undefined : edits.reason,
    });
    this.send(status, text);
    return text;
  }

  /**
   * Replies from here (t_reply): built from the request as received.
   * @returns 1, or -1 when a final reply was already sent
   */
  reply(status: number, reason: string): number {
    const { state, services } = this;
    if (this.finalSent) return -1;
    const text = services.buildLocalReply(state, status, reason, this.toTag);
    if (text === null) return -1;
    const sent = this.send(status, text);
    if (status >= 200) this.cancelPending(null, '');
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
      if (branch.resolving && !branch.isFinal) terminate(branch);
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
        this.failBranch(branch, TERMINATED.status, TERMINATED.reason);
        continue;
      }
      branch.client.cancel(reason, options.cancelBMethod === 2);
      if (options.cancelBMethod === 0 && branch.status === 0)
        this.failBranch(branch, TERMINATED.status, TERMINATED.reason);
    }
    // Nothing is on its way (t_newtran without t_relay, a suspended script, a failure_route that waits): RFC 3261 §9.2.
    if (!pending) this.reply(TERMINATED.status, TERMINATED.reason);
  }

  /** Cancels one branch. @returns false when it has finished */
  cancelBranch(branch: Branch): boolean {
    if (branch.resolving && !branch.isFinal) this.failBranch(branch, TERMINATED.status, TERMINATED.reason);
    else if (branch.client?.isPending === true) branch.client.cancel('');
    else return false;
    return true;
  }

  onTimeout(client: ClientTransactionHandle, provisional: boolean): void {
    const branch = this.branches.find((one) => one.client === client);
    if (branch === undefined || branch.isFinal) return;
    if (!provisional && this.retryElsewhere(branch)) return;
    branch.timedOut = true;
    this.safely(() => this.failBranch(branch, 408, 'Request Timeout'));
  }

  onSendFailed(client: ClientTransactionHandle, code: string): void {
    const branch = this.branches.find((one) => one.client === client);
    if (branch === undefined || branch.isFinal) return;
    if (this.retryByDatagram(branch) || this.retryElsewhere(branch)) return;
    this.services.report(
      code,
      `branch ${branch.index} of ${this.state.pristine.method} ${branch.sentRuri} could not be sent`,
    );
    this.safely(() => this.failBranch(branch, SEND_FAILED.status, SEND_FAILED.reason));
  }

  /** RFC 3261 §18.1.1: a server that knows no TCP gets the large request by UDP after all. @returns true when it was sent */
  private retryByDatagram(branch: Branch): boolean {
    if (!branch.movedForSize || this.isCanceled || this.declined || this.finalSent) return false;
    branch.client?.abandon();
    return sendBranch(this, branch, this.services, true) === null;
  }

  /** RFC 3263 §4.3: the next address of the list after a timeout, 503 or transport failure. @returns true when it was tried */
  private retryElsewhere(branch: Branch): boolean {
    const { services, state } = this;
    const failed = branch.candidates[branch.candidate];
    // Where no connection may be opened, that there is none says nothing about the address.
    const unopened = ((branch.destination?.stream ?? 0) & STREAM_NO_CONNECT) !== 0;
    if (failed !== undefined && !unopened) services.resolver.denied(failed);
    if (!services.options.dnsFailover || state.disableFailover === true) return false;
    if (this.isCanceled || this.declined || this.finalSent) return false;
    while (branch.candidate + 1 < branch.candidates.length) {
      branch.candidate++;
      branch.client?.abandon();
      if (sendBranch(this, branch, services) === null) return true;
    }
    return false;
  }

  /** True while something may still come of it: a branch, a route, a suspended script, a provisional reply that promised more. */
  get isOccupied(): boolean {
    if (this.finalSent || this.routing || this.suspended > 0 || this.lastStatus > 0) return true;
    return this.branches.some((branch) => !branch.isFinal);
  }

  /** Runs a step that nobody above catches. */
  private safely(step: () => void): void {
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

  /** A fault of our own ends this call and no other. */
  private fault(error: unknown, what: string): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.services.report('TM_FAULT', `${what} of ${this.state.pristine.method} ${this.state.pristine.callId}: ${text}`);
  }

  /** The transaction ended without a final reply (released, or past its lifetime). */
  onServerTerminated(): void {
    for (const branch of this.branches) if (branch.client?.isPending === true) branch.client.abandon();
    this.services.cellEnded(this);
  }

  /** Where a branch's request goes to, for the log. */
  destinationOf(branch: Branch): Destination | null {
    return branch.destination;
  }
}

/** Ends a branch that was not sent yet. */
function terminate(branch: Branch): void {
  branch.status = TERMINATED.status;
  branch.local = true;
  branch.localReason = TERMINATED.reason;
}

/** The targets that no relay has used yet, in order: the main one, then those of append_branch. */
function takeTargets(state: RequestState): Target[] {
  const targets: Target[] = [];
  if (state.target.isNew) {
    targets.push(state.target.clone());
    state.target.isNew = false;
    state.target.seed = null;
  }
  for (const target of state.branches) targets.push(target);
  state.branches = [];
  return targets;
}

/** Rules for the replies of a branch: the request's, then the branch's own, which replace those with the same key. */
function transformsOf(state: RequestState, branch: Branch): readonly ReplyTransform[] {
  const common = state.replyTransforms;
  const own = branch.replyTransforms;
  if (own.length === 0) return common;
  return [...common.filter(({ key }) => !own.some((other) => other.key === key)), ...own];
}
