import { EditList } from '../message/edits.ts';
import type { SipMessage } from '../message/message.ts';
import { M_ACK, M_CANCEL, M_OTHER } from '../message/method.ts';
import type { ParseFailure } from '../message/parser.ts';
import type { Via } from '../message/via.ts';
import type { SipProxy } from '../proxy/proxy.ts';
import { RequestState } from '../proxy/request-state.ts';
import { DROP, ScriptContext } from '../script/context.ts';
import { L_DBG, L_ERR, L_INFO, type Log } from '../script/log.ts';
import { runOccasion } from '../script/occasion.ts';
import type { CompiledRoute, Program } from '../script/program.ts';
import { dropsReply } from '../script/runtime-program.ts';
import { ROUTE_CORE_ONREPLY, ROUTE_EVENT, ROUTE_REQUEST } from '../script/values.ts';
import type { RequestMatch, Transactions } from '../transaction/transaction.ts';
import type { ConnectionEnd, Received, TransportSender, TransportUser } from '../transport/transport.ts';

/** What the router counts; Kamailio's core statistics are made of these. */
export interface RouterCounters {
  requests: number;
  replies: number;
  /** By method name and by reply class. */
  readonly methods: Map<string, number>;
  readonly classes: number[];
  parseFailures: number;
  foreignReplies: number;
  droppedReplies: number;
  repeatedWhileRouting: number;
  badUris: number;
}

/** Marks what is logged while a message is handled. */
export interface MessagePrefix {
  around(message: SipMessage, from: Received, handle: () => void): void;
}

/** URI schemes that a Request-URI may have; others get 416 (RFC 3261 §8.2.2.1, §16.3 step 2). */
const SCHEMES = new Set(['sip', 'sips', 'tel', 'tels', 'urn']);

/** A request stays known for this long while an asynchronous route works on it and no transaction absorbs its copies. */
const MAX_ROUTING = 64_000;

/**
 * The way of a message into the house: from the transports to the routes of the program and on to the transactions.
 * The program may be replaced at any time; what is under way keeps the one it began with.
 */
export class MessageRouter implements TransportUser {
  readonly counters: RouterCounters = {
    requests: 0,
    replies: 0,
    methods: new Map(),
    classes: [0, 0, 0, 0, 0, 0, 0],
    parseFailures: 0,
    foreignReplies: 0,
    droppedReplies: 0,
    repeatedWhileRouting: 0,
    badUris: 0,
  };
  private readonly proxy: SipProxy;
  private readonly transactions: Transactions;
  private readonly sender: TransportSender;
  private readonly log: Log;
  private program: Program | null = null;
  private requestRoute: CompiledRoute | null = null;
  private replyRoute: CompiledRoute | null = null;
  private receivedRoute: CompiledRoute | null = null;
  private preRouting: CompiledRoute | null = null;
  private draining = false;
  /** Puts a prefix before the log lines of a message; null when there is none (log_prefix). */
  prefix: MessagePrefix | null = null;
  private serial = 0;
  /** Requests whose asynchronous route runs: their retransmissions are dropped, and a CANCEL finds them. */
  private readonly routing = new Map<string, RequestState>();
  private runs = 0;
  private readonly endListeners = new Set<(connection: number) => void>();

  constructor(parts: { proxy: SipProxy; transactions: Transactions; sender: TransportSender; log: Log }) {
    this.proxy = parts.proxy;
    this.transactions = parts.transactions;
    this.sender = parts.sender;
    this.log = parts.log;
  }

  /**
   * Routes new messages by this program from now on.
   * @param receivedRoute event_route[core:msg-received] runs (received_route_mode)
   */
  use(program: Program, receivedRoute = false): void {
    this.program = program;
    this.requestRoute = program.route('request', '');
    this.replyRoute = program.route('reply', '');
    this.receivedRoute = receivedRoute ? program.route('event', 'core:msg-received') : null;
    this.preRouting = program.route('event', 'core:pre-routing');
  }

  /** From now on nothing new begins: requests outside of dialogs are answered with 503, what is under way goes on. */
  drain(): void {
    this.draining = true;
  }

  /** Asynchronous routes that are running now. */
  get running(): number {
    return this.runs;
  }

  onMessage(message: SipMessage, from: Received): void {
    from.serial = ++this.serial;
    if (this.prefix === null) this.handle(message, from);
    else this.prefix.around(message, from, () => this.handle(message, from));
  }

  private handle(message: SipMessage, from: Received): void {
    try {
      if (this.receivedRoute !== null && this.eventDrops(this.receivedRoute, message, from)) return;
      if (message.isRequest) this.onRequest(message, from);
      else this.onReply(message, from);
    } catch (error) {
      // One message may fail, never the server: the others do not notice.
      this.log.write(L_ERR, 'core', `${message.method} from ${from.ip}: ${describe(error)}`, 'SERVER_MESSAGE_FAILED');
    }
  }

  onParseFailure(failure: ParseFailure, from: Received): void {
    from.serial = ++this.serial;
    this.counters.parseFailures++;
    this.log.write(
      L_INFO,
      'core',
      `message from ${from.ip}:${from.port}: ${failure.reason} at byte ${failure.offset}`,
      failure.code,
    );
    const { message, status } = failure;
    if (message !== null) this.event('core:receive-parse-error', message, from);
    if (status === 0 || message === null || !message.isRequest || this.program === null) return;
    const state = new RequestState(message, from, this.program.hooks);
    this.proxy.statelessReply(state, status, failure.reason);
  }

  /** Tells of each connection that has ended. @returns takes it back */
  connectionEnds(listener: (connection: number) => void): () => void {
    this.endListeners.add(listener);
    return () => this.endListeners.delete(listener);
  }

  onConnectionClosed(connection: number, from: Received, end: ConnectionEnd): void {
    const { program } = this;
    for (const listener of this.endListeners) listener(connection);
    const { proto } = from.socket;
    if (program === null) return;
    if (proto === 'ws' || proto === 'wss') runOccasion(program, 'event', 'websocket:closed', from);
    if (end !== 'failed') runOccasion(program, 'event', `tcp:${end}`, from);
  }

  /** Runs the event route of this name for a message, if there is one. */
  private event(name: string, message: SipMessage, from: Received): void {
    const route = this.program?.route('event', name) ?? null;
    if (route !== null) this.eventDrops(route, message, from);
  }

  /** Runs an event route that nobody can wait for. @returns whether it dropped the message */
  private eventDrops(route: CompiledRoute, message: SipMessage, from: Received): boolean {
    const { program } = this;
    if (program === null) return false;
    const ctx = eventContext(program, new RequestState(message, from, program.hooks));
    void program.run(route, ctx);
    return ctx.stop === DROP;
  }

  private onRequest(message: SipMessage, from: Received): void {
    const { counters, program, requestRoute } = this;
    counters.requests++;
    // Names that a sender made up are not kept: there is no end of them.
    if (message.methodId !== M_OTHER)
      counters.methods.set(message.method, (counters.methods.get(message.method) ?? 0) + 1);
    if (program === null) return;
    if (this.proxy.isAckOfStatelessReply(message)) {
      this.event('sl:filtered-ack', message, from);
      return;
    }
    const match = this.match(message, from);
    if (match.kind === 'absorbed') return;
    const state = new RequestState(message, from, program.hooks);
    const scheme = message.ruri?.scheme;
    if (scheme === undefined || !SCHEMES.has(scheme)) {
      counters.badUris++;
      if (scheme === undefined) this.proxy.statelessReply(state, 400, 'Bad Request-URI');
      else this.proxy.statelessReply(state, 416, 'Unsupported URI Scheme');
      return;
    }
    if (match.kind === 'cancel') {
      state.cancelsInvite = true;
      state.cancels = this.proxy.cellOf(match.invite);
    }
    if (this.draining && begins(message)) {
      state.replyHeaders = `Retry-After: ${this.proxy.options.overloadRetryAfter}\r\n`;
      this.proxy.statelessReply(state, 503, 'Server Shutting Down');
      return;
    }
    if (requestRoute === null) return;
    const key = this.routing.size === 0 ? '' : routingKey(message, message.method);
    if (key !== '' && this.routing.has(key)) {
      counters.repeatedWhileRouting++;
      return;
    }
    const ctx = new ScriptContext(
      program,
      ROUTE_REQUEST,
      message,
      state,
      state.target,
      state.edits,
      null,
      null,
      from,
      from.serial ?? 0,
    );
    const done =
      this.preRouting === null
        ? program.run(requestRoute, ctx)
        : this.preRoute(program, this.preRouting, requestRoute, ctx);
    if (typeof done === 'number') this.proxy.routed(state);
    else this.whileRouting(key === '' ? routingKey(message, message.method) : key, state, done);
  }

  /** The transaction of a request. A CANCEL may find its INVITE still in an asynchronous route, without one: then that gets it now. */
  private match(message: SipMessage, from: Received): RequestMatch {
    const match = this.transactions.matchRequest(message, from);
    if (match.kind !== 'new' || message.methodId !== M_CANCEL || this.routing.size === 0) return match;
    const invite = this.routing.get(routingKey(message, 'INVITE'));
    if (invite === undefined || invite.transaction !== null || invite.repliedStateless) return match;
    return this.proxy.newTransaction(invite) === 1 ? this.transactions.matchRequest(message, from) : match;
  }

  /** event_route[core:pre-routing] of a request, and the request_route unless it dropped the request. */
  private preRoute(
    program: Program,
    before: CompiledRoute,
    route: CompiledRoute,
    ctx: ScriptContext,
  ): number | Promise<number> {
    const early = eventContext(program, ctx.state);
    const go = (code: number): number | Promise<number> => (early.stop === DROP ? code : program.run(route, ctx));
    const code = program.run(before, early);
    return typeof code === 'number' ? go(code) : code.then(go);
  }

  private whileRouting(key: string, state: RequestState, done: Promise<number>): void {
    this.routing.set(key, state);
    this.runs++;
    const timer = setTimeout(() => this.routing.delete(key), MAX_ROUTING);
    timer.unref();
    const end = (): void => {
      this.runs--;
      clearTimeout(timer);
      this.routing.delete(key);
      this.proxy.routed(state);
    };
    done.then(end, end);
  }

  private onReply(message: SipMessage, from: Received): void {
    const { counters, program, replyRoute } = this;
    counters.replies++;
    const digit = Math.floor(message.status / 100);
    counters.classes[digit] = (counters.classes[digit] ?? 0) + 1;
    if (program === null) return;
    const via = message.topVia;
    if (via === null || !this.isOurs(via, message)) {
      counters.foreignReplies++;
      this.log.write(L_DBG, 'core', `reply ${message.status} from ${from.ip} is not for us`, 'SERVER_FOREIGN_REPLY');
      return;
    }
    if (this.preRouting !== null && this.eventDrops(this.preRouting, message, from)) {
      counters.droppedReplies++;
      return;
    }
    if (replyRoute === null) {
      this.deliverReply(message, from, null, null);
      return;
    }
    const state = new RequestState(message, from, program.hooks);
    const edits = new EditList();
    const ctx = new ScriptContext(
      program,
      ROUTE_CORE_ONREPLY,
      message,
      state,
      state.target,
      edits,
      null,
      message,
      from,
      from.serial ?? 0,
    );
    const done = program.run(replyRoute, ctx);
    if (typeof done === 'number') {
      this.afterReplyRoute(ctx, done, message, from, state, edits);
      return;
    }
    this.runs++;
    done.then(
      (code) => {
        this.runs--;
        this.afterReplyRoute(ctx, code, message, from, state, edits);
      },
      () => {
        this.runs--;
        this.afterReplyRoute(ctx, 1, message, from, state, edits);
      },
    );
  }

  /**
   * RFC 3261 §18.1.2: a reply whose top Via is not ours is discarded. Ours may have been written with a name that is no alias
   * (set_advertised_address) or rewritten by a gateway on the way: the branch of a live transaction, which nobody can guess, says as much,
   * unless check_via is set.
   */
  private isOurs(via: Via, message: SipMessage): boolean {
    if (this.sender.isMyself(via.host, via.port === 0 ? defaultPort(via.transport) : via.port)) return true;
    return !this.proxy.options.checkVia && this.proxy.knowsReply(message);
  }

  private afterReplyRoute(
    ctx: ScriptContext,
    code: number,
    message: SipMessage,
    from: Received,
    state: RequestState,
    edits: EditList,
  ): void {
    // `drop`, `return 0` and a negative last action discard the reply; `exit` lets it pass.
    if (dropsReply(ctx, code)) {
      this.counters.droppedReplies++;
      return;
    }
    this.deliverReply(ctx.message === message ? message : ctx.message, from, state, edits);
  }

  private deliverReply(message: SipMessage, from: Received, state: RequestState | null, edits: EditList | null): void {
    if (edits !== null && (!edits.isEmpty || edits.status !== 0)) this.proxy.coreReplyEdits.set(message, edits);
    if (this.transactions.receiveResponse(message, from)) return;
    if (this.program === null) return;
    this.proxy.forwardReply(
      state ?? new RequestState(message, from, this.program.hooks),
      message,
      edits ?? new EditList(),
    );
  }
}

function eventContext(program: Program, state: RequestState): ScriptContext {
  const { message, target, edits, received } = state;
  const serial = received.serial ?? 0;
  return new ScriptContext(program, ROUTE_EVENT, message, state, target, edits, null, null, received, serial);
}

/** True for a request that would begin something: one in a dialog (RFC 3261 §12.2) or about one under way belongs to what there is. */
function begins(message: SipMessage): boolean {
  const { methodId } = message;
  return methodId !== M_ACK && methodId !== M_CANCEL && (message.to?.tag ?? '') === '';
}

function defaultPort(transport: string): number {
  return transport === 'TLS' || transport === 'WSS' ? 5061 : 5060;
}

/** Names a request whose route runs; with `INVITE` for a CANCEL, the INVITE it is about (RFC 3261 §9.2). */
function routingKey(message: SipMessage, method: string): string {
  const via = message.topVia;
  return `${via?.branch ?? ''}|${via?.host ?? ''}|${via?.port ?? 0}|${message.callId}|${message.cseq?.seq ?? 0}|${method}`;
}

/** An error as one line, without its stack. */
export function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
