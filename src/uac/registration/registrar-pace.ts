import type { ResolvedTarget } from '../../proxy/next-hop.ts';
import { Timer, type TimerWheel } from '../../time/timer-wheel.ts';
import type { ListenSocket } from '../../transport/transport.ts';
import { Flow, type FlowHost } from './flow.ts';
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
/** Milliseconds without a request after which an earlier, wide window is not trusted any more. */
const IDLE = 10_000;
/** Attempts that begin in one turn of the event loop. */
const BURST = 64;

/** Who begins attempts. */
export interface PaceHost extends FlowHost {
  readonly active: boolean;
  readonly rate: number;
  /** There is a place, which is counted as taken; the account was taken from its queue. */
  begin(record: Registration, pace: RegistrarPace): void;
  /** A request of an attempt that has its place may leave. */
  resume(record: Registration): void;
}

/**
 * The way to one registrar: who waits for it, and how many requests it gets at a time. A window of outstanding requests grows with the
 * answers and shrinks when many of them stay out, as in TCP (RFC 5681), so that a start with thousands of accounts is as fast as the registrar is and
 * repeats nothing. Served in order: operator's commands, refreshes, the rest.
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
  readonly flows: Flow[] = [];
  /** Flows that were taken for dead. */
  flowsLost = 0;
  outstanding = 0;
  /** Looked at by the sweep that forgets ways nobody goes. */
  lastUsed: number;
  private readonly host: PaceHost;
  private readonly wheel: TimerWheel;
  private window = FIRST_WINDOW;
  private threshold = MAX_WINDOW;
  private shrunkAt = Number.NEGATIVE_INFINITY;
  private heardAt = Number.NEGATIVE_INFINITY;
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

  get waiting(): number {
    return this.forced.size + this.urgent.size + this.normal.size + this.again.size;
  }

  get isBlocked(): boolean {
    return this.blockedUntil > this.now;
  }

  enqueue(record: Registration, urgency: Urgency): void {
    this[urgency].push(record);
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

  /** An attempt gives its place back. The next one begins with {@link pump}. */
  release(): void {
    this.outstanding--;
    this.lastUsed = this.now;
    this.quietSince = this.now;
  }

  /**
   * An answer came.
   * @param elapsed milliseconds since the request was sent
   * @param sentAt clock time of that
   * @param repeatAfter milliseconds after which it was sent again; 0 for reliable transports
   */
  answered(elapsed: number, sentAt: number, repeatAfter: number): void {
    this.heardAt = this.now;
    if (elapsed < this.shortest) this.shortest = elapsed;
    // A registrar far away takes longer than T1 for all answers; that says nothing about its load.
    const late = repeatAfter > 0 && elapsed >= Math.max(repeatAfter, 2 * this.shortest);
    this.sample(late ? 1 : 0);
    if (late) {
      if (this.missed > CONGESTED) this.shrink(sentAt, SLOW_WINDOW, 0.5);
      return;
    }
    // A window that is not used up has not been tried out (RFC 7661).
    if (this.outstanding < this.size) return;
    if (this.window < CALM_WINDOW && this.window < this.threshold) this.window++;
    else if (this.window < CALM_WINDOW) this.window += 1 / this.window;
    else if (this.shortest >= LONG_WAY && elapsed <= 2 * this.shortest)
      this.window = Math.min(MAX_WINDOW, this.window + (this.window < this.threshold ? 0.25 : 1 / this.window));
  }

  /** No answer came. */
  timedOut(sentAt: number): void {
    this.sample(1);
    if (this.heardAt <= sentAt) this.shrink(sentAt, PROBE_WINDOW, 0.125);
    else if (this.missed > CONGESTED) this.shrink(sentAt, SLOW_WINDOW, 0.5);
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
    if (this.again.size > 0) {
      if (!this.takeToken()) return false;
      const record = this.again.shift();
      if (record !== null) this.host.resume(record);
      return true;
    }
    const queue = this.forced.size > 0 ? this.forced : this.urgent.size > 0 ? this.urgent : this.normal;
    if (queue.size === 0 || (!this.host.active && queue !== this.forced)) return false;
    if (this.outstanding === 0 && this.now - this.quietSince > IDLE) this.window = Math.min(this.window, CALM_WINDOW);
    if (this.outstanding >= this.size) return false;
    if (this.isBlocked) {
      this.sleep(this.blockedUntil - this.now);
      return false;
    }
    if (!this.takeToken()) return false;
    const record = queue.shift();
    if (record === null) return false;
    this.outstanding++;
    this.host.begin(record, this);
    return true;
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
