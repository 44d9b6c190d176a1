import type { ParseFailure } from '../message/parser.ts';
import type { Clock } from '../time/clock.ts';
import type { TransportErrorCode } from './errors.ts';
import { tellObserver } from './observer.ts';
import type { TransportLimits, TransportLogger } from './options.ts';
import { countDrop, type TransportStats } from './stats.ts';
import type { Destination, ListenSocket, Proto, SendObserver } from './transport.ts';

/** What a connection needs from, and tells, whoever owns it. */
export interface ConnectionHost {
  readonly stats: TransportStats;
  readonly limits: TransportLimits;
  readonly clock: Clock;
  readonly log: TransportLogger;
  /** Answer CRLFCRLF (RFC 5626 §4.4.1). */
  readonly crlfPing: boolean;
  /** One whole message, latin1. */
  message(connection: Connection, raw: string): void;
  /** What arrived cannot be framed; the connection is closed after this returns, once replies are written. */
  fatal(connection: Connection, failure: ParseFailure): void;
  closed(connection: Connection, code: TransportErrorCode): void;
}

/** Facts of a new connection. */
export interface ConnectionFacts {
  readonly id: number;
  readonly proto: Proto;
  readonly listen: ListenSocket;
  readonly ip: string;
  readonly port: number;
  readonly inbound: boolean;
  /** Name that the peer's certificate was checked against, empty when none was. */
  readonly serverName: string;
}

export type ConnectionState = 'connecting' | 'open' | 'closing' | 'closed';

/** How long a connection that we close may take to write what is queued and to see the peer's end. */
const CLOSING_TIME = 5000;

/**
 * One stream flow: TCP, TLS or WebSocket. It owns the write queue and every time limit; how bytes are written is the subclass's.
 * Nobody times a connection with a timer of its own: {@link sweep} is called for all of them at intervals.
 */
export abstract class Connection implements ConnectionFacts {
  readonly id: number;
  readonly proto: Proto;
  readonly listen: ListenSocket;
  readonly ip: string;
  readonly port: number;
  readonly inbound: boolean;
  readonly serverName: string;
  readonly openedAt: number;
  /** Further ports of the peer that this connection serves (force_tcp_alias, RFC 5923). */
  readonly aliasPorts: number[] = [];
  /** True once it was open. */
  hasOpened = false;
  /** Milliseconds it may stay idle; the limits' value unless somebody changed it. */
  lifetime: number;
  lastUsed: number;
  /** Keepalives that came and want no answer: answers to ours among them. */
  pongs = 0;
  protected readonly host: ConnectionHost;
  /** When a message was begun that is not complete yet, 0 when there is none. */
  protected partialSince = 0;
  private currentState: ConnectionState = 'connecting';
  private waiting: WriteTicket[] = [];
  private readonly inFlight = new Set<WriteTicket>();
  private readonly idleTickets: WriteTicket[] = [];
  private queued = 0;
  private lastProgress = 0;
  private closingSince = 0;
  private closesOnceSent = false;
  private closeCode: TransportErrorCode = 'TRANSPORT_CONNECTION_CLOSED';

  constructor(facts: ConnectionFacts, host: ConnectionHost) {
    this.id = facts.id;
    this.proto = facts.proto;
    this.listen = facts.listen;
    this.ip = facts.ip;
    this.port = facts.port;
    this.inbound = facts.inbound;
    this.serverName = facts.serverName;
    this.host = host;
    this.openedAt = host.clock.now();
    this.lastUsed = this.openedAt;
    this.lifetime = host.limits.connectionLifetime;
  }

  /** Hands bytes to the socket; `done` is called once they left or failed. */
  protected abstract write(text: string, done: (error?: Error | null) => void): void;
  /** Ends the flow politely once everything written has left. */
  protected abstract endSocket(): void;
  /** Drops the flow at once. */
  protected abstract destroySocket(): void;

  get state(): ConnectionState {
    return this.currentState;
  }

  /** Bytes that wait to be written. */
  get queuedBytes(): number {
    return this.queued;
  }

  /** True while a send has a chance: open, or being opened. */
  get usable(): boolean {
    return this.currentState === 'open' || this.currentState === 'connecting';
  }

  /** True when the peer has shown a certificate that our authorities vouch for. */
  get peerVerified(): boolean {
    return false;
  }

  /** True when the flow broke instead of being ended. */
  get wasReset(): boolean {
    return false;
  }

  /** "203.0.113.5 port 5060 by tcp", for logs. */
  describe(): string {
    return `${this.inbound ? 'from' : 'to'} ${this.ip} port ${this.port} by ${this.proto}`;
  }

  /**
   * Queues one message.
   * @returns null when accepted, else why it was refused (the observer is not told then)
   */
  send(text: string, destination: Destination, observer: SendObserver | null): TransportErrorCode | null {
    const { stats, limits, clock } = this.host;
    if (!this.usable) return 'TRANSPORT_CONNECTION_CLOSED';
    const bytes = text.length;
    if (this.queued + bytes > limits.writeQueueBytes || stats.queuedBytes + bytes > limits.totalQueueBytes) {
      countDrop(stats, 'TRANSPORT_QUEUE_FULL');
      return 'TRANSPORT_QUEUE_FULL';
    }
    const ticket = this.idleTickets.pop() ?? new WriteTicket(this);
    ticket.bytes = bytes;
    ticket.destination = destination;
    ticket.observer = observer;
    const now = clock.now();
    if (this.queued === 0) this.lastProgress = now;
    this.queued += bytes;
    stats.queuedBytes += bytes;
    this.lastUsed = now;
    if (this.currentState === 'connecting') {
      ticket.text = text;
      this.waiting.push(ticket);
    } else {
      this.transmit(ticket, text);
    }
    return null;
  }

  /** Writes keepalive bytes that nobody waits for; nothing happens when other bytes wait, as those keep the flow alive too. */
  protected writeKeepalive(text: string): boolean {
    const writes = this.currentState === 'open' && this.queued === 0;
    if (writes) this.write(text, ignore);
    return writes;
  }

  /** Asks the peer for a sign of life (RFC 5626 §3.5.1). @returns false when nothing was written */
  ping(): boolean {
    return this.writeKeepalive('\r\n\r\n');
  }

  /** Ends it politely as soon as it is open and what is queued by then is written (set_forward_close). */
  closeOnceSent(): void {
    if (this.currentState === 'connecting') this.closesOnceSent = true;
    else this.close('TRANSPORT_CONNECTION_CLOSED');
  }

  /** Ends it politely: what is queued is still written, nothing new is taken. */
  close(code: TransportErrorCode): void {
    if (this.currentState === 'connecting') {
      this.destroy(code);
    } else if (this.currentState === 'open') {
      this.currentState = 'closing';
      this.closeCode = code;
      this.closingSince = this.host.clock.now();
      this.endSocket();
    }
  }

  /** Ends it at once; what is queued is lost and its senders are told. */
  destroy(code: TransportErrorCode): void {
    if (this.currentState === 'closed') return;
    this.destroySocket();
    this.finish(code);
  }

  /** Looks at every time limit. */
  sweep(now: number): void {
    const { limits, stats, log } = this.host;
    const cut = (code: TransportErrorCode): void => {
      countDrop(stats, code);
      log('info', code, `connection ${this.id} ${this.describe()}`);
      this.destroy(code);
    };
    switch (this.currentState) {
      case 'connecting':
        if (now - this.openedAt > limits.connectTimeout) cut('TRANSPORT_CONNECT_TIMEOUT');
        break;
      case 'closing':
        if (now - this.closingSince > CLOSING_TIME) this.destroy(this.closeCode);
        break;
      case 'open':
        if (this.queued > 0 && now - this.lastProgress > limits.sendTimeout) cut('TRANSPORT_SEND_TIMEOUT');
        else if (this.partialSince !== 0 && now - this.partialSince > limits.partialTimeout)
          cut('TRANSPORT_PARTIAL_TIMEOUT');
        else if (now - this.lastUsed > this.lifetime) this.close('TRANSPORT_IDLE');
        break;
      case 'closed':
        break;
    }
  }

  /** For the subclass: the flow is ready. */
  protected opened(): void {
    if (this.currentState !== 'connecting') return;
    this.currentState = 'open';
    this.hasOpened = true;
    this.lastUsed = this.host.clock.now();
    this.lastProgress = this.lastUsed;
    const { waiting } = this;
    this.waiting = [];
    for (const ticket of waiting) {
      const { text } = ticket;
      ticket.text = '';
      this.transmit(ticket, text);
    }
    if (this.closesOnceSent) this.close('TRANSPORT_CONNECTION_CLOSED');
  }

  /** For the subclass: one whole message has arrived. */
  protected received(raw: string): void {
    const { clock, stats } = this.host;
    const counters = stats.byProto[this.proto];
    counters.received++;
    counters.receivedBytes += raw.length;
    this.lastUsed = clock.now();
    this.host.message(this, raw);
  }

  /** For the subclass: a keepalive has arrived; double CRLF wants an answer. */
  protected keepalive(wantsAnswer: boolean): void {
    this.host.stats.keepalives++;
    this.lastUsed = this.host.clock.now();
    if (!wantsAnswer) this.pongs++;
    else if (this.host.crlfPing) this.writeKeepalive('\r\n');
  }

  /** For the subclass: framing is lost. The owner may still send a reply, then the connection ends. */
  protected broken(failure: ParseFailure): void {
    countDrop(this.host.stats, 'TRANSPORT_PROTOCOL_ERROR');
    this.host.fatal(this, failure);
    this.close('TRANSPORT_PROTOCOL_ERROR');
  }

  /** For the subclass: the flow is gone. Told once; later calls do nothing. */
  protected finish(code: TransportErrorCode): void {
    if (this.currentState === 'closed') return;
    const reason = this.currentState === 'closing' ? this.closeCode : code;
    this.currentState = 'closed';
    const lost = [...this.waiting, ...this.inFlight];
    this.waiting = [];
    this.inFlight.clear();
    this.host.stats.queuedBytes -= this.queued;
    this.queued = 0;
    this.host.closed(this, reason);
    for (const ticket of lost) this.fail(ticket, reason);
  }

  private transmit(ticket: WriteTicket, text: string): void {
    const counters = this.host.stats.byProto[this.proto];
    counters.sent++;
    counters.sentBytes += ticket.bytes;
    this.inFlight.add(ticket);
    this.write(text, ticket.done);
  }

  /** Internal: a write has left, or failed. */
  written(ticket: WriteTicket, error: Error | null | undefined): void {
    if (!this.inFlight.delete(ticket)) return; // the connection ended first and has told the sender
    this.queued -= ticket.bytes;
    this.host.stats.queuedBytes -= ticket.bytes;
    this.lastProgress = this.host.clock.now();
    if (error) {
      this.fail(ticket, 'TRANSPORT_CONNECTION_CLOSED');
      return;
    }
    ticket.destination = null;
    ticket.observer = null;
    this.idleTickets.push(ticket);
  }

  private fail(ticket: WriteTicket, code: TransportErrorCode): void {
    const { destination, observer } = ticket;
    ticket.destination = null;
    ticket.observer = null;
    this.host.stats.byProto[this.proto].sendFailures++;
    if (destination !== null) tellObserver(observer, code, destination, this.host);
  }
}

/** One queued write and who waits for it; used again, so that sending makes no closure. */
class WriteTicket {
  text = '';
  bytes = 0;
  destination: Destination | null = null;
  observer: SendObserver | null = null;
  readonly done: (error?: Error | null) => void;
  constructor(owner: Connection) {
    this.done = (error) => owner.written(this, error);
  }
}

function ignore(): void {}
