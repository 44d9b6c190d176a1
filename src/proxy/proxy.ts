import { EditList } from '../message/edits.ts';
import type { SipMessage } from '../message/message.ts';
import { M_ACK, M_CANCEL } from '../message/method.ts';
import { addReceivedRport, buildResponse, sanitizeUri } from '../message/serializer.ts';
import type { Via } from '../message/via.ts';
import type { Clock } from '../time/clock.ts';
import type { Random } from '../time/random.ts';
import type {
  ServerTransactionHandle,
  ServerTransactionUser,
  Transactions,
  TransactionTimers,
} from '../transaction/transaction.ts';
import { replyDestination } from '../transport/reply-destination.ts';
import type { Destination, Proto, Received, SendObserver, TransportSender } from '../transport/transport.ts';
import { Branch } from './branch.ts';
import { statelessBranch, statelessTag } from './branch-id.ts';
import { Cell } from './cell.ts';
import { CellOwner } from './cell-owner.ts';
import { newProxyCounters } from './counters.ts';
import { type OwnRequest, replicate, sendOwnRequest } from './detached-send.ts';
import { destinationFor, type NextHopResolver, nextHopUri, type ResolvedTarget, withWishes } from './next-hop.ts';
import type { ProxyOptions } from './options.ts';
import type { OwnRouteListener, ProxyCore, RelayOptions } from './proxy-core.ts';
import type { ProxyServices } from './proxy-services.ts';
import { forwardedReply } from './reply-forward.ts';
import { branchRequest, markVia, outboundOf } from './request-forward.ts';
import type { OwnRoute, RequestState } from './request-state.ts';
import { loadContacts, nextContacts } from './serial-fork.ts';

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
  private readonly listeners = new Set<OwnRouteListener>();
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
      if (methodId === M_ACK) return this.forward(state, options);
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
    return 1;
  }

  /**
   * The request_route has ended. A transaction that it made and left without a reply, a relay or a wait is released, as in the original:
   * nothing would ever come of it, and it would stay for its whole lifetime.
   */
  routed(state: RequestState): void {
    const cell = state.transaction as Cell | null;
    if (cell === null || cell.isOccupied) return;
    this.report('TM_NOT_FINISHED', `${state.pristine.method} ${state.pristine.callId}: neither answered nor relayed`);
    cell.server.release();
  }

  /** True for a reply that one of our transactions waits for. */
  knowsReply(reply: SipMessage): boolean {
    return this.transactions.findClient(reply) !== null;
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
    // An ACK is never answered (RFC 3261 §8.2.7 and §17.1.1.3), and one answer is enough.
    if (state.message.methodId === M_ACK) return -1;
    if (state.repliedStateless || (state.transaction as Cell | null)?.isFinished === true) return -2;
    const text = this.buildLocalReply(state, status, reason, statelessTag(this.tagPrefix, state.pristine));
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

  buildLocalReply(state: RequestState, status: number, reason: string, toTag: string): string | null {
    const redirect = status >= 300 && status < 400 ? redirectContacts(state) : '';
    this.counters.localReplies++;
    let { edits } = state;
    if (state.message === state.pristine) markVia(state, this.options);
    else {
      edits = new EditList();
      const { ip, port } = state.received;
      addReceivedRport(state.pristine, edits, ip, port, state.forceRport || this.options.forceRport);
    }
    return buildResponse(state.pristine, status, reason, {
      toTag,
      headers: redirect + state.replyHeaders + (this.options.sipWarning ? warning(state) : ''),
      server: this.options.serverHeader,
      body: state.replyBody,
      contentType: state.replyContentType,
      edits,
    });
  }

  replyTo(state: RequestState): Destination {
    const back = replyDestination(state.pristine, state.received, state.forceRport || this.options.forceRport);
    return withWishes(back, state.replyStream, '');
  }

  forward(state: RequestState, options: RelayOptions = {}): number {
    // It was cancelled and answered while its route waited.
    if ((state.transaction as Cell | null)?.isCanceled === true) return -1;
    const uri = nextHopUri(state.target, options);
    if (uri === null) return -1;
    const known = this.resolver.resolveNow(uri);
    if (known !== null) return this.forwardTo(state, known[0]);
    this.resolver.resolve(uri).then(
      (found) => {
        if (this.forwardTo(state, found[0]) < 0)
          this.report('PROXY_FORWARD_FAILED', `cannot forward ${state.message.method} to ${uri.text}`);
      },
      () => this.report('PROXY_FORWARD_FAILED', `cannot resolve ${uri.text}: the ${state.message.method} is lost`),
    );
    return 1;
  }

  private forwardTo(state: RequestState, resolved: ResolvedTarget | undefined): number {
    if (resolved === undefined) return -1;
    const chosen = destinationFor(this.sender, resolved, state.target.socket, state.received.socket);
    if (chosen === null) return -1;
    const wanted = withWishes(chosen, state.forwardStream, state.largeBy);
    const branch = new Branch(0, state.target, 0);
    const viaBranch = statelessBranch(state.message);
    const build = (to: Destination): string =>
      branchRequest(state, branch, this.options, outboundOf(state, to), viaBranch);
    let text = build(wanted);
    // A CANCEL has to go the way of its INVITE (RFC 3261 §9.1), which nobody remembers here: by the URI.
    const fits = state.message.methodId === M_CANCEL;
    const destination = fits ? wanted : (this.sender.fitTransport?.(wanted, text.length) ?? wanted);
    let observer: SendObserver | null = null;
    if (destination !== wanted) {
      text = build(destination);
      const byDatagram = { ...wanted, anySize: true };
      observer = { sendFailed: () => void this.sender.send(build(byDatagram), byDatagram, null) };
    }
    branch.destination = destination;
    const { onsendRoute } = state.hooks;
    if (onsendRoute !== null && !onsendRoute(state, branch, text)) return -1;
    this.counters.forwarded++;
    return this.sender.send(text, destination, observer) ? 1 : -1;
  }

  forwardReply(state: RequestState, reply: SipMessage, edits: EditList = new EditList()): number {
    const next = reply.vias[1];
    if (next === undefined) {
      // The reply was for us and no transaction knows it any more.
      this.counters.droppedReplies++;
      return -1;
    }
    const destination = this.viaDestination(next, state.received);
    if (destination === null) {
      this.counters.droppedReplies++;
      return -1;
    }
    this.counters.repliesForwarded++;
    const wanted = withWishes(destination, state.forwardStream | state.replyStream, '');
    if (this.sender.send(forwardedReply(reply, edits), wanted, null)) return 1;
    this.counters.droppedReplies++;
    return -1;
  }

  /** RFC 3261 §18.2.2 for a reply that carries the way in its Via; null when it names no address. */
  private viaDestination(via: Via, from: Received): Destination | null {
    const proto = via.transport.toLowerCase();
    if (!isProto(proto)) return null;
    const host = via.received === '' ? via.host : via.received;
    const ip = host.startsWith('[') ? host.slice(1, -1) : host;
    if (!/^[\d.]+$|:/.test(ip)) return null;
    const port =
      via.rport > 0 ? via.rport : via.port === 0 ? (proto === 'tls' || proto === 'wss' ? 5061 : 5060) : via.port;
    return destinationFor(this.sender, { proto, ip, port, serverName: '' }, null, from.socket);
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

  sendRaw(text: string, destination: Destination): boolean {
    return this.sender.send(text, destination, null);
  }
}

function isProto(text: string): text is Proto {
  return text === 'udp' || text === 'tcp' || text === 'tls' || text === 'ws' || text === 'wss';
}

/** A 3xx names the destination set as Contacts (tm and sl do). */
function redirectContacts(state: RequestState): string {
  const contacts: string[] = [];
  if (state.target.uri !== state.pristine.requestUri) contacts.push(contact(state.target.uri, state.target.q));
  for (const target of state.branches) contacts.push(contact(target.uri, target.q));
  return contacts.length === 0 ? '' : `Contact: ${contacts.join(', ')}\r\n`;
}

function contact(uri: string, q: number): string {
  const text = sanitizeUri(uri);
  return q < 0 ? `<${text}>` : `<${text}>;q=${(q / 1000).toString()}`;
}

/** sip_warning: what somebody who looks for a fault wants to know of the request (RFC 3261 §20.43; code and wording are Kamailio's). */
function warning(state: RequestState): string {
  const { ip, port, socket } = state.received;
  const uri = (text: string): string => sanitizeUri(text).replace(/["\\]/g, '');
  const text =
    `Noisy feedback tells:  pid=${process.pid} req_src_ip=${ip} req_src_port=${port}` +
    ` in_uri=${uri(state.pristine.requestUri)} out_uri=${uri(state.target.uri)} via_cnt==${state.pristine.vias.length}`;
  return `Warning: 392 ${socket.displayHost}:${socket.displayPort} "${text}"\r\n`;
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
