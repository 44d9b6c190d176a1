import type { ResolvedTarget } from '../../proxy/next-hop.ts';
import { Timer, type TimerWheel } from '../../time/timer-wheel.ts';
import type { ListenSocket } from '../../transport/transport.ts';
import type { Attempt } from './attempt.ts';
import { Flow, type FlowHost } from './flow.ts';
import { Places } from './places.ts';
import { RecordQueue } from './record-queue.ts';
import type { Registration } from './registration.ts';
import type { Urgency } from './states.ts';

/** Requests that may be outstanding at first. */
const FIRST_WINDOW = 16;
/**
 * Up to here the window grows by one with each answer, beyond it only where the way is long and the answers do not slow down. 64 requests fit
 * into the smallest receive buffer in use (212 992 bytes, some 2300 for each), so nothing is lost even when the registrar reads none meanwhile.
 */
const CALM_WINDOW = 64;
const MAX_WINDOW = 1024;
/**
 * What is left at least while a registrar answers, if only after retransmissions: a link that loses some of everything must not starve
 * the refreshes. What is left when it answers nothing at all.
 */
const SLOW_WINDOW = FIRST_WINDOW;
const PROBE_WINDOW = 2;
/** Milliseconds of a round trip that make a way long: on a shorter one 64 requests already keep the registrar busy. */
const LONG_WAY = 15;
/**
 * Share of requests, among about so many of the latest, that may have to be repeated before it is taken for congestion: what a link loses by
 * chance does not become less with a smaller window, and each loss already holds a place for half a second. On a short way the lost ones fill the
 * window, and then all come late together: the number has to be large against that.
 */
const CONGESTED = 0.15;
const SAMPLES = 512;
/**
 * Times T1 after which the place of a request is lent out when the registrar has answered one that was sent later: its account is one that it
 * does not answer (suspended, unknown), and the others need not wait for the end of its transaction. Two repetitions have had their time by
 * then. What was lost or dropped lies in no queue of the registrar any more, so it counts no longer for what it has to bear at once (RFC 6675 §4, "pipe").
 */
const PATIENCE = 4;
/** Places lent out at most. Each is a request that is repeated every T2 until its end. */
const MAX_LENT = 1024;
/**
 * As many where it is congested, and at least where requests whose places were lent out are answered after all: what a slow registrar gets at
 * once is to stay small. One of them takes away what {@link LENT_IN_VAIN} bring that are never answered.
 */
const MIN_LENT = 64;
const LENT_IN_VAIN = 16;
/** Places beside the window for accounts that were silent last time. */
const DOUBTFUL_WINDOW = 16;
/** Milliseconds without a request after which an earlier, wide window is not trusted any more. */
const IDLE = 10_000;
/** Attempts that begin in one turn of the event loop. */
const BURST = 64;

/** Who begins attempts. */
export interface PaceHost extends FlowHost {
  readonly active: boolean;
  readonly rate: number;
  /** There is a place; the account was taken from its queue. Takes the place ({@link RegistrarPace.take}) if it is needed still. */
  begin(record: Registration, pace: RegistrarPace, places: Places): void;
  /** A request of an attempt that has its place may leave. */
  resume(record: Registration): void;
}

/**
 * The way to one registrar: who waits for it, and how many requests it gets at a time. A window of outstanding requests grows with the
 * answers and shrinks when many of them stay out, as in TCP (RFC 5681), so that a start with thousands of accounts is as fast as the registrar is and
 * repeats nothing. Served in order: operator's commands, refreshes, the rest. Accounts that the registrar does not answer while it answers
 * others take nothing from these: their places are lent out, and when they come again they have a few of their own.
 */
export class RegistrarPace extends Timer {
  readonly name: string;
  readonly target: ResolvedTarget;
  /** Those who wait for a place. */
  readonly forced = new RecordQueue();
  readonly urgent = new RecordQueue();
  readonly normal = new RecordQueue();
  /** Those who have a place and wait for the rate. */
  readonly again = new RecordQueue();
  /** Those whose place was lent out, who were answered after all and need one to go on. */
  private readonly returning = new RecordQueue();
  /** Those who were silent last time. */
  private readonly doubtful = new RecordQueue();
  readonly flows: Flow[] = [];
  /** Flows that were taken for dead. */
  flowsLost = 0;
  /** Looked at by the sweep that forgets ways nobody goes. */
  lastUsed: number;
  private readonly host: PaceHost;
  private readonly wheel: TimerWheel;
  private readonly places = new Places();
  private readonly doubtfulPlaces = new Places();
  private window = FIRST_WINDOW;
  private doubtfulWindow = DOUBTFUL_WINDOW;
  private mostLent = MAX_LENT;
  /** Places lent out without an answer to somebody who asked later, since the last such answer. */
  private ventured = 0;
  private fromEnd = false;
  private threshold = MAX_WINDOW;
  private shrunkAt = Number.NEGATIVE_INFINITY;
  /** When the latest of the requests was sent that have been answered. */
  private answeredTo = Number.NEGATIVE_INFINITY;
  /** Share of the latest requests that had to be repeated or were never answered. */
  private missed = 0;
  private samples = 0;
  private shortest = Number.POSITIVE_INFINITY;
  /** The registrar has asked not to be asked before this time (ms). */
  private blockedUntil = 0;
  private tokens: number;
  private tokensAt: number;
  private quietSince: number;
  private pumping = false;

  constructor(target: ResolvedTarget, host: PaceHost) {
    super();
    this.target = target;
    this.name = `${target.proto}:${target.ip.includes(':') ? `[${target.ip}]` : target.ip}:${target.port}`;
    this.host = host;
    this.wheel = host.config.wheel;
    this.lastUsed = this.now;
    this.quietSince = this.now;
    this.tokens = this.bucket;
    this.tokensAt = this.now;
  }

  /** Requests that may be outstanding now. */
  get size(): number {
    return Math.floor(this.window);
  }

  /** Attempts under way, those included whose places are lent out. */
  get outstanding(): number {
    return this.places.taken + this.doubtfulPlaces.taken + this.lent;
  }

  get waiting(): number {
    const due = this.forced.size + this.urgent.size + this.normal.size + this.doubtful.size;
    return due + this.again.size + this.returning.size;
  }

  get isBlocked(): boolean {
    return this.blockedUntil > this.now;
  }

  enqueue(record: Registration, urgency: Urgency): void {
    // Who is to be removed or has been asked for by an operator is not kept waiting.
    const queue = record.doubtful && record.state.goal === 'on' ? this.doubtful : this[urgency];
    queue.push(record);
    this.lastUsed = this.now;
    this.pump();
  }

  /** The way from one of our sockets. */
  flowFrom(socket: ListenSocket): Flow {
    let flow = this.flows.find((one) => one.socket === socket);
    if (flow === undefined) {
      flow = new Flow(this, socket, this.host);
      this.flows.push(flow);
    }
    return flow;
  }

  /** An attempt takes one of these places. */
  take(attempt: Attempt, places: Places): void {
    attempt.places = places;
    places.taken++;
  }

  /** It gives it back. The next one begins with {@link pump}. */
  release(attempt: Attempt): void {
    attempt.places?.leave(attempt);
    attempt.places = null;
    this.lastUsed = this.now;
    this.quietSince = this.now;
  }

  /** Its request has left. */
  sent(attempt: Attempt): void {
    attempt.places?.sent(attempt);
  }

  /** Its request was answered. */
  answered(attempt: Attempt): void {
    const { sentAt } = attempt;
    attempt.places?.heard(attempt);
    this.doubtfulWindow = DOUBTFUL_WINDOW;
    if (sentAt > this.answeredTo) {
      this.answeredTo = sentAt;
      this.ventured = 0;
    }
    if (attempt.lent) this.mostLent = Math.max(MIN_LENT, this.mostLent - LENT_IN_VAIN);
    const elapsed = this.now - sentAt;
    if (elapsed < this.shortest) this.shortest = elapsed;
    // Milliseconds after which it was repeated; 0 for reliable transports.
    const repeatAfter = this.target.proto === 'udp' ? this.host.config.timers.retr1 : 0;
    // A registrar far away takes longer than T1 for all answers; that says nothing about its load.
    const late = repeatAfter > 0 && elapsed >= Math.max(repeatAfter, 2 * this.shortest);
    this.sample(late ? 1 : 0);
    if (late) {
      if (this.missed > CONGESTED) this.shrink(sentAt, SLOW_WINDOW, 0.5);
      return;
    }
    // A window that is not used up has not been tried out (RFC 7661).
    if (this.places.taken < this.size) return;
    if (this.window < CALM_WINDOW && this.window < this.threshold) this.window++;
    else if (this.window < CALM_WINDOW) this.window += 1 / this.window;
    else if (this.shortest >= LONG_WAY && elapsed <= 2 * this.shortest)
      this.window = Math.min(MAX_WINDOW, this.window + (this.window < this.threshold ? 0.25 : 1 / this.window));
  }

  /**
   * No answer came to its request. Where somebody who asked later was answered, or the account was silent before, that says nothing about the way
   * or the registrar: of one in five datagrams lost, all of a request's are lost in one of ten million.
   * @returns true for such a one: it is the account that the registrar does not answer
   */
  timedOut(attempt: Attempt): boolean {
    const { sentAt, places, lent } = attempt;
    const passed = this.answeredTo > sentAt;
    if (passed && lent) this.mostLent = Math.min(MAX_LENT, this.mostLent + 1);
    if (passed) return true;
    if (places === this.doubtfulPlaces) {
      // Nobody was answered for a while, so nobody knows whether the registrar lives: a few will do.
      this.doubtfulWindow = PROBE_WINDOW;
      return true;
    }
    this.sample(1);
    this.shrink(sentAt, PROBE_WINDOW, 0.125);
    return false;
  }

  /**
   * An attempt has another request to send.
   * @returns whether it may leave now; else {@link PaceHost.resume} is called in time
   */
  goOn(attempt: Attempt): boolean {
    if (attempt.lent) {
      if (!this.hasRoom(true)) {
        this.returning.push(attempt.record);
        return false;
      }
      attempt.places?.retake(attempt);
    }
    if (this.takeToken()) return true;
    this.again.push(attempt.record);
    return false;
  }

  /** 503: the registrar has too much to do. @param retryAfterMs how long it wants to be left alone, 0 for not said */
  overloaded(sentAt: number, retryAfterMs: number): void {
    this.shrink(sentAt, PROBE_WINDOW, 0.5);
    if (retryAfterMs > 0) this.blockedUntil = Math.max(this.blockedUntil, this.now + retryAfterMs);
  }

  /** Begins nothing new for a while: it is our own side that has no room. */
  holdBack(ms: number): void {
    this.blockedUntil = Math.max(this.blockedUntil, this.now + ms);
    this.sleep(ms);
  }

  /** Takes a token of the rate. @returns false when there is none; the pace wakes up by itself when there is one again */
  takeToken(): boolean {
    const { rate } = this.host;
    if (rate === 0) return true;
    const { now } = this;
    this.tokens = Math.min(this.bucket, this.tokens + ((now - this.tokensAt) * rate) / 1000);
    this.tokensAt = now;
    if (this.tokens >= 1) {
      this.tokens--;
      return true;
    }
    this.sleep(((1 - this.tokens) * 1000) / rate);
    return false;
  }

  /** Lets those begin for whom there is a place. */
  pump(): void {
    if (this.pumping) return;
    this.pumping = true;
    try {
      let begun = 0;
      while (this.step()) {
        if (++begun < BURST) continue;
        this.sleep(0);
        break;
      }
    } finally {
      this.pumping = false;
    }
  }

  override fire(): void {
    this.pump();
  }

  /** Stops its timers. */
  stop(): void {
    this.wheel.stop(this);
    for (const flow of this.flows) flow.stop();
  }

  /** @returns false when nobody else can begin now */
  private step(): boolean {
    if (this.returning.size > 0 && this.hasRoom(true)) {
      const attempt = this.returning.shift()?.attempt ?? null;
      if (attempt !== null) {
        attempt.places?.retake(attempt);
        this.again.push(attempt.record);
      }
    }
    if (this.again.size > 0) {
      if (!this.takeToken()) return false;
      const record = this.again.shift();
      if (record !== null) this.host.resume(record);
      return true;
    }
    if (this.outstanding === 0 && this.now - this.quietSince > IDLE) this.window = Math.min(this.window, CALM_WINDOW);
    const queue = this.nextQueue();
    if (queue === null) return false;
    if (this.isBlocked) {
      this.sleep(this.blockedUntil - this.now);
      return false;
    }
    if (!this.takeToken()) return false;
    const record = this.takesLast() ? queue.pop() : queue.shift();
    if (record === null) return false;
    this.host.begin(record, this, queue === this.doubtful ? this.doubtfulPlaces : this.places);
    return true;
  }

  /** The queue whose turn it is and that has a place; null for none. */
  private nextQueue(): RecordQueue | null {
    const { active } = this.host;
    const queue = this.forced.size > 0 ? this.forced : this.urgent.size > 0 ? this.urgent : this.normal;
    if (queue.size > 0 && (active || queue === this.forced) && this.hasRoom(queue !== this.normal)) return queue;
    if (this.doubtful.size === 0 || !active) return null;
    const most = Math.min(this.size, this.doubtfulWindow);
    return this.doubtfulPlaces.taken < most || this.mayLend(this.doubtfulPlaces, false) ? this.doubtful : null;
  }

  /** Whether there is a place in the window, one that can be lent out included. @param pressing for a refresh or a command */
  private hasRoom(pressing: boolean): boolean {
    return this.places.taken < this.size || this.mayLend(this.places, pressing);
  }

  /** Lends the place of the oldest request out if that has been out for long and others were answered. @returns whether it did */
  private mayLend(places: Places, pressing: boolean): boolean {
    const { oldest } = places;
    if (oldest === null) return false;
    const wait = oldest.sentAt + PATIENCE * this.host.config.timers.retr1 - this.now;
    if (wait > 0) {
      this.sleep(wait);
      return false;
    }
    const most = this.missed > CONGESTED ? MIN_LENT : this.mostLent;
    const may = this.answeredTo > oldest.sentAt ? this.lent < most : this.mayVenture(places, oldest, pressing);
    if (may) places.lend(oldest);
    return may;
  }

  /**
   * Nobody was answered who asked later. All that are out may be accounts that are not answered, or the registrar may be gone: one or two more
   * will tell. Once it is taken for gone, a refresh still goes before those who have no binding to lose.
   */
  private mayVenture(places: Places, oldest: Attempt, pressing: boolean): boolean {
    if (places !== this.places) return false;
    if (this.size <= PROBE_WINDOW) return pressing && oldest.record.urgency === 'normal';
    if (this.ventured >= (pressing ? 2 * PROBE_WINDOW : PROBE_WINDOW)) return false;
    this.ventured++;
    return true;
  }

  /**
   * Accounts that are not answered may stand side by side in the table. Where there are any, every second one comes from the end of the queue, so
   * that one that is answered is not far.
   */
  private takesLast(): boolean {
    this.fromEnd = !this.fromEnd && (this.lent > 0 || this.size <= PROBE_WINDOW);
    return this.fromEnd;
  }

  private get lent(): number {
    return this.places.lent + this.doubtfulPlaces.lent;
  }

  private sample(missed: 0 | 1): void {
    if (this.samples < SAMPLES) this.samples++;
    this.missed += (missed - this.missed) / this.samples;
  }

  /** One loss is one reason: what was sent before the window last shrank says nothing new. */
  private shrink(sentAt: number, floor: number, factor: number): void {
    if (sentAt < this.shrunkAt) return;
    this.shrunkAt = this.now;
    this.threshold = Math.max(floor, this.window / 2);
    this.window = Math.max(floor, this.window * factor);
  }

  private sleep(ms: number): void {
    if (!this.armed || this.due > this.now + ms) this.wheel.start(this, ms);
  }

  /** Tokens that may gather: what comes in two ticks of the wheel. */
  private get bucket(): number {
    return Math.max(1, this.host.rate / 50);
  }

  private get now(): number {
    return this.wheel.clock.now();
  }
}
