import { detach } from '../message/detach.ts';
import type { Clock } from '../time/clock.ts';
import type { Random } from '../time/random.ts';
import type { TimerWheel } from '../time/timer-wheel.ts';
import { CallDialog, type DialogOwner, type DialogParts, type DialogSide } from './call-dialog.ts';
import { DialogProfiles, type ProfileLink } from './dialog-profiles.ts';
import { CONFIRMED, DELETED, type DialogChange, type DialogEvent, dialogStep, EARLY, UNACKED } from './dialog-state.ts';
import type { DialogId } from './did.ts';

/** Seconds. */
export interface DialogTimeouts {
  /** Without a final reply of the INVITE. */
  early: number;
  /** Without the ACK; the lifetime is {@link LAST_SECONDS} then. */
  noAck: number;
  /** That a call which is over stays at most. */
  end: number;
}

/** Lifetime of a call that is given up, in seconds. */
export const LAST_SECONDS = 10;

/** A call that is over stays so long, in seconds, to recognise what is repeated (RFC 3261 §17.2.2: as long as its transactions). */
const OVER_SECONDS = 5;

/** Told of what becomes of the calls. */
export interface DialogListener {
  /** The lifetime is over: the last occasion to give it another, or to end the call in another way. */
  expiring(dialog: CallDialog): void;
  /** A timer changed the state: `expired` or `lost`. */
  timedOut(dialog: CallDialog, change: DialogChange): void;
  /** Something that is to be stored was changed. */
  changed(dialog: CallDialog): void;
  /** It is not in the table any more. */
  removed(dialog: CallDialog): void;
}

/** Calls counted since the start. */
export interface DialogCounters {
  /** Ringing now, answered now. */
  early: number;
  active: number;
  /** Begun, refused, timed out since the start. */
  processed: number;
  failed: number;
  expired: number;
}

/** Settings of a table, which a new configuration may change. */
export interface DialogTableSettings {
  readonly timeouts: DialogTimeouts;
  /** The original's hash_size: the first number of a dialog is below it. */
  readonly slots: number;
  readonly idStart: number;
  readonly idStep: number;
}

/** What a table stands on. */
export interface DialogTableOptions {
  readonly wheel: TimerWheel;
  readonly random: Random;
  readonly settings: DialogTableSettings;
}

/** Every call that is known, by its number and by its Call-ID. It outlives configurations. */
export class DialogTable implements DialogOwner {
  settings: DialogTableSettings;
  listener: DialogListener | null = null;
  readonly profiles = new DialogProfiles();
  readonly counters: DialogCounters = { early: 0, active: 0, processed: 0, failed: 0, expired: 0 };
  private readonly wheel: TimerWheel;
  private readonly clock: Clock;
  private readonly byId = new Map<string, CallDialog>();
  private readonly byCallId = new Map<string, CallDialog[]>();
  private nextId: number;

  constructor({ wheel, random, settings }: DialogTableOptions) {
    this.wheel = wheel;
    this.clock = wheel.clock;
    this.settings = settings;
    this.nextId = random.uint32() & 0x3fff;
  }

  get size(): number {
    return this.byId.size;
  }

  /** All of them, the oldest first. */
  all(): IterableIterator<CallDialog> {
    return this.byId.values();
  }

  /** Seconds since 1970. */
  get seconds(): number {
    return Math.floor(this.clock.wall() / 1000);
  }

  /**
   * A new call.
   * @param lifetime seconds from its answer to its end
   */
  create(parts: Omit<DialogParts, 'entry' | 'id'>, lifetime: number): CallDialog {
    const { slots, idStart, idStep } = this.settings;
    const callId = detach(parts.callId);
    const entry = slotOf(callId, slots);
    let id = 0;
    do {
      this.nextId = (this.nextId + 1) & 0xfffffff;
      id = idStep > 1 ? (idStart + this.nextId * idStep) % 0x7fffffff : this.nextId + idStart;
    } while (this.byId.has(key({ entry, id })));
    const dialog = new CallDialog(
      {
        entry,
        id,
        callId,
        fromUri: detach(parts.fromUri),
        toUri: detach(parts.toUri),
        requestUri: detach(parts.requestUri),
      },
      this,
    );
    dialog.initAt = this.seconds;
    dialog.lifetime = lifetime;
    this.insert(dialog);
    this.counters.processed++;
    this.wheel.start(dialog, this.settings.timeouts.early * 1000);
    return dialog;
  }

  /** A call of an earlier life of this server (database). @param secondsLeft of its lifetime, for an answered one */
  restore(dialog: CallDialog, secondsLeft: number): void {
    if (this.byId.has(key(dialog))) return;
    this.insert(dialog);
    this.counters.processed++;
    if (dialog.isActive) {
      this.counters.active++;
      this.startLifetime(dialog, Math.max(0, secondsLeft));
    } else {
      if (dialog.state === EARLY) this.counters.early++;
      this.wheel.start(dialog, this.settings.timeouts.early * 1000);
    }
    for (const link of dialog.profiles) this.profiles.add(link);
  }

  private insert(dialog: CallDialog): void {
    this.byId.set(key(dialog), dialog);
    const same = this.byCallId.get(dialog.callId);
    if (same === undefined) this.byCallId.set(dialog.callId, [dialog]);
    else same.push(dialog);
  }

  byNumber(id: DialogId): CallDialog | null {
    return this.byId.get(key(id)) ?? null;
  }

  /** Calls with this Call-ID. */
  withCallId(callId: string): readonly CallDialog[] {
    return this.byCallId.get(callId) ?? [];
  }

  /**
   * The call that a request's tags belong to; one that is not over before one that is.
   * @returns it, and the side that sent the request
   */
  match(callId: string, fromTag: string, toTag: string): { dialog: CallDialog; side: DialogSide } | null {
    let over: { dialog: CallDialog; side: DialogSide } | null = null;
    for (const dialog of this.withCallId(callId)) {
      const side = dialog.sideOf(callId, fromTag, toTag);
      if (side === null) continue;
      if (!dialog.isOver) return { dialog, side };
      over = { dialog, side };
    }
    return over;
  }

  /** The call that an INVITE without To tag began before (a spiral). */
  begunBy(callId: string, fromTag: string): CallDialog | null {
    return this.withCallId(callId).find((one) => one.caller.tag === fromTag && !one.isOver) ?? null;
  }

  /**
   * Something happened to a call.
   * @returns what it means; null when it means nothing
   */
  apply(dialog: CallDialog, event: DialogEvent): DialogChange | null {
    const step = dialogStep(dialog.state, event);
    if (step === null) return null;
    this.enter(dialog, step.state);
    if (step.change === 'failed') this.counters.failed++;
    if (step.change === 'expired') this.counters.expired++;
    this.listener?.changed(dialog);
    return step.change;
  }

  /** Puts a state into force whatever it was (dlg.set_state). */
  force(dialog: CallDialog, state: CallDialog['state']): void {
    this.enter(dialog, state);
    this.listener?.changed(dialog);
  }

  private enter(dialog: CallDialog, state: CallDialog['state']): void {
    const { counters, settings } = this;
    const before = dialog.state;
    if (before === state) return;
    const wasActive = dialog.isActive;
    if (before === EARLY) counters.early--;
    dialog.state = state;
    if (state === EARLY) counters.early++;
    if (wasActive !== dialog.isActive) counters.active += dialog.isActive ? 1 : -1;
    if (state === UNACKED && dialog.startAt === 0) dialog.startAt = this.seconds;
    if (dialog.isActive && (!wasActive || state === CONFIRMED)) {
      if (dialog.expiresAt === 0) this.startLifetime(dialog, dialog.lifetime);
      else this.rearm(dialog);
    }
    if (state !== DELETED) return;
    dialog.endAt = this.seconds;
    dialog.expiresAt = 0;
    dialog.timeoutAt = 0;
    for (const link of dialog.profiles) this.profiles.remove(link);
    dialog.profiles = [];
    this.wheel.start(dialog, Math.min(settings.timeouts.end, OVER_SECONDS) * 1000);
  }

  /** Begins the lifetime anew. @param seconds what is left from now on */
  startLifetime(dialog: CallDialog, seconds: number): void {
    dialog.expiresAt = this.clock.now() + seconds * 1000;
    dialog.timeoutAt = this.seconds + seconds;
    this.rearm(dialog);
  }

  /** Another lifetime: from now on where it runs already, else from the answer on. */
  setLifetime(dialog: CallDialog, seconds: number): void {
    if (seconds <= 0 || dialog.isOver) return;
    dialog.lifetime = seconds;
    if (dialog.expiresAt !== 0) this.startLifetime(dialog, seconds);
    this.listener?.changed(dialog);
  }

  private rearm(dialog: CallDialog): void {
    const left = dialog.expiresAt - this.clock.now();
    const waits = dialog.state === UNACKED ? this.settings.timeouts.noAck * 1000 : left;
    this.wheel.start(dialog, Math.max(0, Math.min(left, waits)));
  }

  due(dialog: CallDialog): void {
    if (dialog.isOver) {
      this.remove(dialog);
      return;
    }
    if (!dialog.isActive) {
      this.step(dialog, 'lost');
      return;
    }
    if (dialog.expiresAt <= this.clock.now()) {
      this.listener?.expiring(dialog);
      if (dialog.isActive && dialog.expiresAt <= this.clock.now()) this.step(dialog, 'expired');
      return;
    }
    // noack_timeout: its lifetime is set to some last seconds.
    dialog.lifetime = LAST_SECONDS;
    dialog.expiresAt = this.clock.now() + LAST_SECONDS * 1000;
    dialog.timeoutAt = this.seconds + LAST_SECONDS;
    this.wheel.start(dialog, LAST_SECONDS * 1000);
    this.listener?.changed(dialog);
  }

  private step(dialog: CallDialog, event: 'lost' | 'expired'): void {
    const change = this.apply(dialog, event);
    if (change !== null) this.listener?.timedOut(dialog, change);
  }

  touched(dialog: CallDialog): void {
    this.listener?.changed(dialog);
  }

  /** Forgets a call at once. */
  remove(dialog: CallDialog): void {
    if (!this.byId.delete(key(dialog))) return;
    if (!dialog.isOver) this.enter(dialog, DELETED);
    this.wheel.stop(dialog);
    const rest = this.withCallId(dialog.callId).filter((one) => one !== dialog);
    if (rest.length === 0) this.byCallId.delete(dialog.callId);
    else this.byCallId.set(dialog.callId, rest);
    this.listener?.removed(dialog);
  }

  addToProfile(dialog: CallDialog, link: ProfileLink): void {
    dialog.profiles.push(link);
    dialog.profilesChanged = true;
    this.profiles.add(link);
    this.listener?.changed(dialog);
  }

  /** @returns false when it is not in the profile */
  removeFromProfile(dialog: CallDialog, { profile, value }: ProfileLink): boolean {
    const at = dialog.profiles.findIndex((one) => one.profile === profile && one.value === value);
    const [link] = at < 0 ? [] : dialog.profiles.splice(at, 1);
    if (link === undefined) return false;
    dialog.profilesChanged = true;
    this.profiles.remove(link);
    this.listener?.changed(dialog);
    return true;
  }

  /** Forgets everything and stops the timers. */
  clear(): void {
    for (const dialog of this.byId.values()) this.wheel.stop(dialog);
    this.byId.clear();
    this.byCallId.clear();
  }
}

function key({ entry, id }: DialogId): string {
  return `${entry}.${id}`;
}

/**
 * Slot of a Call-ID. It is Kamailio's own (observed: words of four bytes, each folded, and their sum), which refuses a database of calls whose
 * slots are others.
 */
function slotOf(callId: string, slots: number): number {
  let hash = 0;
  for (let at = 0; at < callId.length; at += 4) {
    let word = 0;
    for (let i = at; i < Math.min(at + 4, callId.length); i++) word = ((word << 8) + callId.charCodeAt(i)) >>> 0;
    hash = (hash + (word ^ (word >>> 3))) >>> 0;
  }
  return ((hash + (hash >>> 11) + (hash >>> 13) + (hash >>> 23)) >>> 0) % slots;
}
