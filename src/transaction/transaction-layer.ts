import type { SipMessage } from '../message/message.ts';
import { ParseFailure, parseMessage } from '../message/parser.ts';
import { buildCancel } from '../message/serializer.ts';
import type { TimerWheel } from '../time/timer-wheel.ts';
import type { Received, SendObserver, TransportSender } from '../transport/transport.ts';
import { ChurningMap } from './churning-map.ts';
import { type ClientHost, ClientTransaction } from './client-transaction.ts';
import { TransactionError } from './errors.ts';
import { INVITE_CLIENT } from './invite-client.ts';
import { INVITE_SERVER } from './invite-server.ts';
import { copyText, isUniqueBranch, rfc2543AckKey, serverKey } from './key.ts';
import { NON_INVITE_CLIENT } from './non-invite-client.ts';
import { NON_INVITE_SERVER } from './non-invite-server.ts';
import { type AnyServerTransaction, type ServerHost, ServerTransaction } from './server-transaction.ts';
import { TransactionStats } from './stats.ts';
import type {
  ClientTransactionHandle,
  ClientTransactionParams,
  ClientTransactionUser,
  CreateFailure,
  RequestMatch,
  ServerTransactionHandle,
  ServerTransactionUser,
  Transactions,
  TransactionTimers,
} from './transaction.ts';

/** Settings of a {@link TransactionLayer}. */
export interface TransactionLayerOptions {
  readonly sender: TransportSender;
  readonly wheel: TimerWheel;
  /** Transactions of both kinds, completed ones included, that may exist at once. Default 200 000. */
  readonly maxTransactions?: number;
  /** Counters to increment; the layer makes its own without it. */
  readonly stats?: TransactionStats;
  /** Told about exceptions of user callbacks (TRANSACTION_USER_ERROR); without it they are thrown outside the layer (uncaughtException). */
  readonly onError?: (error: TransactionError) => void;
}

const NEW: RequestMatch = { kind: 'new' };
const ABSORBED: RequestMatch = { kind: 'absorbed' };

/** The user of the CANCELs this layer makes: their outcome changes nothing, the INVITE's does (RFC 3261 §9.1). */
const CANCEL_USER: ClientTransactionUser = { onResponse() {}, onTimeout() {}, onSendFailed() {} };

/**
 * All transactions of one event loop (RFC 3261 §17): finds the one a message belongs to, creates and forgets them.
 * Their state machines are pure and live in files of their own; see effects.ts.
 */
export class TransactionLayer implements Transactions, ClientHost, ServerHost {
  readonly sender: TransportSender;
  readonly wheel: TimerWheel;
  readonly stats: TransactionStats;
  readonly responseObserver: SendObserver;
  readonly ackObserver: SendObserver;
  private readonly maxTransactions: number;
  private readonly onError: (error: TransactionError) => void;
  /** By {@link serverKey}; an INVITE matched by RFC 2543 stands here a second time, under the key of its ACK. */
  private readonly servers = new ChurningMap<string, AnyServerTransaction>();
  /** By branch. A CANCEL shares its INVITE's branch (RFC 3261 §9.1) and therefore has a map of its own. */
  private readonly clients = new ChurningMap<string, ClientTransaction<string>>();
  private readonly cancels = new ChurningMap<string, ClientTransaction<string>>();
  private serverCount = 0;
  private pending = 0;
  /** The key made last, for the usual case that a request is matched and then gets its transaction. */
  private keyMessage: SipMessage | null = null;
  private key = '';

  constructor(options: TransactionLayerOptions) {
    this.sender = options.sender;
    this.wheel = options.wheel;
    this.stats = options.stats ?? new TransactionStats();
    this.maxTransactions = options.maxTransactions ?? 200_000;
    this.onError = options.onError ?? throwLater;
    const { stats } = this;
    this.responseObserver = {
      sendFailed() {
        stats.responseSendFailed++;
      },
    };
    this.ackObserver = this.responseObserver;
  }

  /** Live (not yet terminated) transactions of both kinds, completed ones included. */
  get size(): number {
    return this.serverCount + this.clients.size + this.cancels.size;
  }

  /** Transactions without a final response yet: what a server waits for before it stops. */
  get pendingCount(): number {
    return this.pending;
  }

  /** Server transactions that exist. */
  get serverSize(): number {
    return this.serverCount;
  }

  /** Client transactions that exist, CANCELs included. */
  get clientSize(): number {
    return this.clients.size + this.cancels.size;
  }

  /**
   * Matches a request (RFC 3261 §17.2.3) and absorbs what needs no routing: retransmissions (the last response is sent again,
   * if there is one) and ACKs for our negative final responses.
   */
  matchRequest(message: SipMessage, _from: Received): RequestMatch {
    const { method } = message;
    if (method === 'ACK') return this.matchAck(message);
    const same = this.servers.get(this.keyOf(message));
    if (same !== undefined) {
      this.stats.requestsAbsorbed++;
      same.receiveAgain();
      return ABSORBED;
    }
    if (method === 'CANCEL') {
      // §9.2: the request to be cancelled is found as if the CANCEL had its method.
      const invite = this.servers.get(serverKey(message, 'INVITE'));
      if (invite !== undefined) return { kind: 'cancel', invite };
    }
    return NEW;
  }

  private matchAck(message: SipMessage): RequestMatch {
    // With a unique branch the ACK to a non-2xx has the INVITE's; by RFC 2543 it is found by the response's To tag.
    const unique = isUniqueBranch(message.topVia?.branch ?? '');
    const invite = this.servers.get(serverKey(message, unique ? 'INVITE' : 'ACK'));
    if (invite === undefined) return NEW;
    return invite.receiveAck() ? { kind: 'ack', invite } : ABSORBED;
  }

  /** Takes a response to its client transaction (RFC 3261 §17.1.3). @returns false when none matches */
  receiveResponse(message: SipMessage, from: Received): boolean {
    const client = this.lookupClient(message);
    if (client === undefined) {
      this.stats.responsesUnmatched++;
      return false;
    }
    this.stats.responsesMatched++;
    client.receive(message, from);
    return true;
  }

  findClient(message: SipMessage): ClientTransactionHandle | null {
    return this.lookupClient(message) ?? null;
  }

  /** The server transaction of an INVITE or another request, without giving it the request (t_lookup_request, t_lookup_cancel). */
  findServer(message: SipMessage, method: string = message.method): ServerTransactionHandle | null {
    return this.servers.get(method === message.method ? this.keyOf(message) : serverKey(message, method)) ?? null;
  }

  /**
   * Creates the server transaction of a request that {@link matchRequest} called new. Never for an ACK, which has none.
   * @returns TRANSACTION_EXISTS when the request has one already, TRANSACTION_LIMIT at maxTransactions
   */
  createServer(
    message: SipMessage,
    from: Received,
    user: ServerTransactionUser,
    timers: TransactionTimers,
  ): ServerTransactionHandle | CreateFailure {
    if (this.isFull()) return 'TRANSACTION_LIMIT';
    const found = this.keyOf(message);
    if (this.servers.has(found)) return 'TRANSACTION_EXISTS';
    const key = copyText(found);
    const server =
      message.method === 'INVITE'
        ? new ServerTransaction(this, INVITE_SERVER, key, message, from, user, timers)
        : new ServerTransaction(this, NON_INVITE_SERVER, key, message, from, user, timers);
    this.servers.set(key, server as AnyServerTransaction);
    this.serverCount++;
    this.pending++;
    this.stats.serverCreated++;
    server.start();
    return server;
  }

  /**
   * Creates a client transaction and sends its request. A failure to send is reported later, from the timer, so that the caller
   * has the handle before it hears of it.
   */
  createClient(params: ClientTransactionParams): ClientTransactionHandle | CreateFailure {
    const map = params.method === 'CANCEL' ? this.cancels : this.clients;
    if (this.isFull()) return 'TRANSACTION_LIMIT';
    if (map.has(params.branch)) return 'TRANSACTION_EXISTS';
    return this.startClient(map, params);
  }

  private startClient(
    map: ChurningMap<string, ClientTransaction<string>>,
    params: ClientTransactionParams,
  ): ClientTransactionHandle {
    const branch = copyText(params.branch);
    const { timers } = params;
    const client =
      params.method === 'INVITE'
        ? new ClientTransaction(this, INVITE_CLIENT, params, branch, timers.maxInvLifetime)
        : new ClientTransaction(this, NON_INVITE_CLIENT, params, branch, timers.maxNonInvLifetime);
    map.set(branch, client as ClientTransaction<string>);
    this.pending++;
    this.stats.clientCreated++;
    client.start();
    return client;
  }

  // ClientHost and ServerHost: what transactions call.

  cancelRequest(invite: ClientTransactionHandle, inviteText: string, timers: TransactionTimers, reason: string): void {
    if (this.cancels.has(invite.branch)) return;
    const text = buildCancel(inviteText, reason === '' ? '' : `Reason: ${reason}\r\n`);
    if (text === '') return;
    // Not bounded by maxTransactions: it ends calls.
    const { branch, destination } = invite;
    this.startClient(this.cancels, { branch, method: 'CANCEL', text, destination, timers, user: CANCEL_USER });
  }

  clientCompleted(): void {
    this.pending--;
  }

  clientTerminated(client: ClientTransactionHandle): void {
    (client.method === 'CANCEL' ? this.cancels : this.clients).delete(client.branch);
  }

  ackExpected(server: AnyServerTransaction, invite: SipMessage, text: string): void {
    if (isUniqueBranch(invite.topVia?.branch ?? '')) return;
    // RFC 3261 §17.2.3: the To tag of an RFC 2543 ACK is the one of the response.
    const response = parseMessage(text);
    if (response instanceof ParseFailure) return;
    server.ackKey = copyText(rfc2543AckKey(invite, response.to?.tag ?? ''));
    this.servers.set(server.ackKey, server);
  }

  serverCompleted(): void {
    this.pending--;
  }

  serverTerminated(server: AnyServerTransaction): void {
    this.servers.delete(server.key);
    if (server.ackKey !== '' && this.servers.get(server.ackKey) === server) this.servers.delete(server.ackKey);
    this.serverCount--;
  }

  userError(error: unknown, what: string): void {
    this.stats.userErrors++;
    this.onError(new TransactionError('TRANSACTION_USER_ERROR', what, error));
  }

  private lookupClient(message: SipMessage): ClientTransaction<string> | undefined {
    const branch = message.topVia?.branch;
    if (branch === undefined || branch === '') return undefined;
    const { method } = message;
    const client = (method === 'CANCEL' ? this.cancels : this.clients).get(branch);
    // §17.1.3: the CSeq method has to be the transaction's, too.
    return client !== undefined && client.method === method ? client : undefined;
  }

  private keyOf(message: SipMessage): string {
    if (this.keyMessage !== message) {
      this.key = serverKey(message, message.method);
      this.keyMessage = message;
    }
    return this.key;
  }

  private isFull(): boolean {
    if (this.size < this.maxTransactions) return false;
    this.stats.limitReached++;
    return true;
  }
}

function throwLater(error: TransactionError): void {
  queueMicrotask(() => {
    throw error;
  });
}
