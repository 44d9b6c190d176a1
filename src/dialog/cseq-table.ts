import { detach } from '../message/detach.ts';
import { CallbackTimer } from '../time/callback-timer.ts';
import type { Clock } from '../time/clock.ts';
import type { TimerWheel } from '../time/timer-wheel.ts';

/** RFC 3261 §8.1.1.5. */
export const MAX_CSEQ = 0x7fffffff;

/** Steps and single numbers kept for one leg; older ones belong to requests that are long over. */
const KEPT = 16;

/** Numbers of one leg's requests: how those that come in become those that go out. */
class Leg {
  /** From this incoming number on, this much is added; ascending. */
  private readonly steps: { from: number; offset: number }[];
  /** Requests that were sent again with a number that the steps do not give. */
  private readonly exact: { seq: number; sent: number }[] = [];
  private highest = 0;
  private highestSent = 0;

  constructor(offset: number) {
    this.steps = [{ from: 0, offset }];
  }

  map(seq: number): number {
    for (const one of this.exact) if (one.seq === seq) return one.sent;
    let offset = this.steps[0]?.offset ?? 0;
    for (const step of this.steps) if (step.from <= seq) ({ offset } = step);
    return seq + offset;
  }

  note(seq: number, sent: number): void {
    if (seq > this.highest) this.highest = seq;
    if (sent > this.highestSent) this.highestSent = sent;
  }

  /** Next number for a request to be sent again: above everything that was sent. */
  again(seq: number, sent: number): number {
    this.note(seq, sent);
    const next = this.highestSent + 1;
    this.note(seq, next);
    const at = this.exact.findIndex((one) => one.seq === seq);
    if (at >= 0) this.exact.splice(at, 1);
    this.exact.push({ seq, sent: next });
    if (this.exact.length > KEPT) this.exact.shift();
    // What comes after the latest request must lie above it on the other side as well.
    const from = this.highest + 1;
    const offset = next - this.highest;
    const last = this.steps[this.steps.length - 1];
    if (last !== undefined && last.from === from) last.offset = offset;
    else this.steps.push({ from, offset });
    if (this.steps.length > KEPT) this.steps.shift();
    return next;
  }
}

interface Entry {
  readonly key: string;
  /** By From tag of the requests: one leg for each side. */
  readonly legs: Map<string, Leg>;
  touched: number;
}

/** The highest number of one leg's requests of late, as it came and as it left. */
interface Latest {
  seq: number;
  sent: number;
}

/** Legs whose latest request is known; twice as many at most, for a moment. */
const LATEST_KEPT = 20_000;

/** How long things are remembered. */
export interface CSeqTableOptions {
  readonly wheel: TimerWheel;
  readonly clock: Clock;
  /** Dialogs remembered at most; the one that was quiet for longest goes first. Default 20 000. */
  readonly max?: number;
  /** A dialog without requests is forgotten after so many ms. Default 12 h. */
  readonly idle?: number;
  /** After its BYE a dialog is remembered for so many ms, for repetitions and a challenged BYE. Default 60 s. */
  readonly ended?: number;
}

/** Names the dialog and the side that a request comes from. */
export interface RequestLeg {
  readonly callId: string;
  readonly fromTag: string;
  readonly toTag: string;
}

/**
 * CSeq numbers of dialogs in which a proxy repeated a request under a new number (it answered a challenge for an endpoint): from then on the
 * endpoint's numbers and those that the other side sees differ, for each direction by its own amount (RFC 3261 §12.2.1.1: each side's numbers
 * must rise by themselves).
 *
 * Only dialogs with such a repetition are here. Of all others the latest request of a side is known for a minute or two, BYE apart: the first
 * repetition of a dialog has to go above what that side has under way beside it, and must leave the numbers of those requests alone (the ACK of
 * an INVITE among them). In memory: a restart forgets them.
 */
export class CSeqTable {
  private readonly max: number;
  private readonly idle: number;
  private readonly endedFor: number;
  private readonly clock: Clock;
  private readonly wheel: TimerWheel;
  private readonly timer: CallbackTimer;
  // Both in order of the last request, so that what is due stands first.
  private readonly live = new Map<string, Entry>();
  private readonly over = new Map<string, Entry>();
  // Two generations: what was not touched in the time of one is forgotten with it.
  private latest = new Map<string, Latest>();
  private latestBefore = new Map<string, Latest>();

  constructor(options: CSeqTableOptions) {
    this.wheel = options.wheel;
    this.clock = options.clock;
    this.max = options.max ?? 20_000;
    this.idle = options.idle ?? 12 * 3_600_000;
    this.endedFor = options.ended ?? 60_000;
    this.timer = new CallbackTimer(() => this.sweep());
  }

  /** Dialogs remembered now. */
  get size(): number {
    return this.live.size + this.over.size;
  }

  /**
   * Number that a request has on the other side.
   * @param offset what to add when the dialog is not here
   */
  map(leg: RequestLeg, seq: number, offset: number): number {
    const found = this.find(leg);
    return found?.legs.get(leg.fromTag)?.map(seq) ?? seq + offset;
  }

  /** Books that a request was sent on, so that repetitions go above it. @param bye the dialog ends */
  sent(leg: RequestLeg, seq: number, sent: number, bye: boolean): void {
    const found = this.find(leg);
    const own = found?.legs.get(leg.fromTag);
    if (own !== undefined) own.note(seq, sent);
    else if (!bye) this.noteLatest(leg, seq, sent);
    if (found !== undefined) this.touch(found, bye);
  }

  /**
   * Gives a request that is sent again its number and remembers it.
   * @param seq the endpoint's number
   * @param sent the number it was sent with
   * @param offset difference for this direction since the dialog began, used when the dialog is new here
   * @returns the number, or -1 when there is none left
   */
  again(leg: RequestLeg, seq: number, sent: number, offset: number, bye: boolean): number {
    if (sent >= MAX_CSEQ) return -1;
    let entry = this.find(leg);
    if (entry === undefined) {
      entry = { key: keyOf(leg), legs: new Map(), touched: 0 };
      if (this.size >= this.max) this.evict();
    }
    let own = entry.legs.get(leg.fromTag);
    if (own === undefined) {
      own = new Leg(offset);
      const key = latestKey(leg);
      const latest = this.latest.get(key) ?? this.latestBefore.get(key);
      if (latest !== undefined) own.note(latest.seq, latest.sent);
      entry.legs.set(detach(leg.fromTag), own);
    }
    this.touch(entry, bye);
    return own.again(seq, sent);
  }

  /** Forgets everything and stops the timer. */
  clear(): void {
    this.live.clear();
    this.over.clear();
    this.latest.clear();
    this.latestBefore.clear();
    this.wheel.stop(this.timer);
  }

  private find(leg: RequestLeg): Entry | undefined {
    if (this.live.size === 0 && this.over.size === 0) return undefined;
    const key = keyOf(leg);
    return this.live.get(key) ?? this.over.get(key);
  }

  private noteLatest(leg: RequestLeg, seq: number, sent: number): void {
    const key = latestKey(leg);
    const known = this.latest.get(key) ?? this.latestBefore.get(key);
    if (this.latest.size >= LATEST_KEPT) this.ageLatest();
    this.latest.set(key, { seq: Math.max(seq, known?.seq ?? 0), sent: Math.max(sent, known?.sent ?? 0) });
    if (!this.timer.armed) this.wheel.start(this.timer, this.endedFor);
  }

  private ageLatest(): void {
    this.latestBefore = this.latest;
    this.latest = new Map();
  }

  private touch(entry: Entry, bye: boolean): void {
    const over = bye || this.over.has(entry.key);
    entry.touched = this.clock.now();
    this.live.delete(entry.key);
    this.over.delete(entry.key);
    (over ? this.over : this.live).set(entry.key, entry);
    if (!this.timer.armed) this.wheel.start(this.timer, this.endedFor);
  }

  private evict(): void {
    const map = this.over.size > 0 ? this.over : this.live;
    for (const key of map.keys()) {
      map.delete(key);
      return;
    }
  }

  private sweep(): void {
    const now = this.clock.now();
    drop(this.over, now - this.endedFor);
    drop(this.live, now - this.idle);
    this.ageLatest();
    if (this.size > 0 || this.latestBefore.size > 0) this.wheel.start(this.timer, this.endedFor);
  }
}

function drop(map: Map<string, Entry>, before: number): void {
  for (const entry of map.values()) {
    if (entry.touched > before) return;
    map.delete(entry.key);
  }
}

/** The same for both directions. CR and LF cannot stand in any of the three. */
function keyOf({ callId, fromTag, toTag }: RequestLeg): string {
  return fromTag < toTag ? `${callId}\n${fromTag}\n${toTag}` : `${callId}\n${toTag}\n${fromTag}`;
}

/** One side of a dialog. */
function latestKey({ callId, fromTag, toTag }: RequestLeg): string {
  return `${callId}\n${fromTag}\n${toTag}`;
}
