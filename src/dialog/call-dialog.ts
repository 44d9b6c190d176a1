import { Timer } from '../time/timer-wheel.ts';
import type { ListenSocket } from '../transport/transport.ts';
import type { ProfileLink } from './dialog-profiles.ts';
import { CONFIRMED, DELETED, type DialogState, UNACKED, UNCONFIRMED } from './dialog-state.ts';

/** The two sides of a call. */
export type DialogSide = 'caller' | 'callee';

/** What is known of one side: what a request to it is made of (RFC 3261 §12.2.1.1, seen from the proxy's place in the route set). */
export interface DialogLeg {
  tag: string;
  /** Remote target. */
  contact: string;
  /** Route set from here to this side, name-addrs in order. */
  routes: readonly string[];
  /** Highest CSeq number that this side has used; 0 for none. */
  cseq: number;
  /** Highest CSeq number that this side has seen in requests to it; 0 for none. */
  seen: number;
  socket: ListenSocket | null;
  /** How this side knows itself and the other one: name-addr without tag. Empty: by the URIs of the dialog. */
  self: string;
  peer: string;
}

/** A BYE to both sides when the lifetime is over; keepalives to the caller, to the callee; the lifetime is not begun anew by requests. */
export const TIMEOUT_BYE = 1;
export const KEEPALIVE_CALLER = 2;
export const KEEPALIVE_CALLEE = 4;
export const TIMEOUT_NORESET = 8;

/** What a dialog asks of the table it is in. */
export interface DialogOwner {
  due(dialog: CallDialog): void;
  /** Variables, flags or profiles are others now. */
  touched(dialog: CallDialog): void;
}

function newLeg(): DialogLeg {
  return { tag: '', contact: '', routes: [], cseq: 0, seen: 0, socket: null, self: '', peer: '' };
}

/** What makes a dialog. */
export interface DialogParts {
  readonly entry: number;
  readonly id: number;
  readonly callId: string;
  readonly fromUri: string;
  readonly toUri: string;
  readonly requestUri: string;
}

/** One call. It is its own entry in the timer wheel. Texts are latin1. */
export class CallDialog extends Timer {
  readonly entry: number;
  readonly id: number;
  readonly callId: string;
  readonly fromUri: string;
  readonly toUri: string;
  readonly requestUri: string;
  readonly caller = newLeg();
  readonly callee = newLeg();
  state: DialogState = UNCONFIRMED;
  /** Seconds since 1970, 0 for not yet. */
  initAt = 0;
  startAt = 0;
  endAt = 0;
  /** Seconds from the answer, or from the last request, to the end. */
  lifetime = 0;
  /** Clock time in ms at which the lifetime is over; 0 while it does not run. */
  expiresAt = 0;
  /** The same in seconds since 1970. */
  timeoutAt = 0;
  /** Script flags (dlg_setflag). */
  flags = 0;
  /** TIMEOUT_BYE, KEEPALIVE_… TIMEOUT_NORESET. */
  properties = 0;
  /** Route that runs when the lifetime is over; empty for none. */
  timeoutRoute = '';
  readonly variables = new Map<string, string>();
  profiles: ProfileLink[] = [];
  /** To tags of other answers to the INVITE (RFC 3261 §12.1.2: each is a dialog of its own). */
  otherTags: string[] = [];
  /** Keepalives that failed, by side, and when the last ones were sent (clock's ms). */
  readonly missed = { caller: 0, callee: 0 };
  keptAliveAt = 0;
  /** Something besides the legs was changed since it was made. */
  variablesChanged = false;
  profilesChanged = false;
  readonly owner: DialogOwner;

  constructor(parts: DialogParts, owner: DialogOwner) {
    super();
    this.entry = parts.entry;
    this.id = parts.id;
    this.callId = parts.callId;
    this.fromUri = parts.fromUri;
    this.toUri = parts.toUri;
    this.requestUri = parts.requestUri;
    this.owner = owner;
  }

  override fire(): void {
    this.owner.due(this);
  }

  /** Answered and not over. */
  get isActive(): boolean {
    return this.state === UNACKED || this.state === CONFIRMED;
  }

  get isOver(): boolean {
    return this.state === DELETED;
  }

  leg(side: DialogSide): DialogLeg {
    return side === 'caller' ? this.caller : this.callee;
  }

  /** Sets or, with null, removes a variable. */
  setVariable(name: string, value: string | null): void {
    if (value === null ? !this.variables.delete(name) : this.variables.get(name) === value) return;
    if (value !== null) this.variables.set(name, value);
    this.variablesChanged = true;
    this.owner.touched(this);
  }

  /**
   * Whether a request with these tags is of this call, and from which side. Before the answer, and with the tag of another answer, any To tag
   * of the called side fits.
   * @returns side that sent it, null when it is not of this call
   */
  sideOf(callId: string, fromTag: string, toTag: string): DialogSide | null {
    if (callId !== this.callId) return null;
    if (fromTag === this.caller.tag && this.isCalleeTag(toTag)) return 'caller';
    return toTag === this.caller.tag && this.isCalleeTag(fromTag) ? 'callee' : null;
  }

  private isCalleeTag(tag: string): boolean {
    return this.callee.tag === '' || tag === this.callee.tag || this.otherTags.includes(tag);
  }
}

export function otherSide(side: DialogSide): DialogSide {
  return side === 'caller' ? 'callee' : 'caller';
}
