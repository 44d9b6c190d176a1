import { EditList } from '../message/edits.ts';
import type { SipMessage } from '../message/message.ts';
import type { ClientTransactionHandle } from '../transaction/transaction.ts';
import type { Destination } from '../transport/transport.ts';
import type { NextHopFailure, ResolvedTarget } from './next-hop.ts';
import { type RecordRoute, type ReplyTransform, type RequestChanges, RouteParams } from './request-state.ts';
import type { Target } from './target.ts';

/** One outgoing leg of a transaction: its own target, its own edits on top of the request's, its own reply. */
export class Branch {
  readonly index: number;
  /** What branch_route and uac functions read and write: $ru, $du, $fs of this branch. */
  readonly target: Target;
  /** Edits of this branch only; a key set here wins over the request's. */
  readonly edits: EditList;
  readonly routeParams = new RouteParams();
  recordRoute: RecordRoute | null = null;
  /** The request's changes when it was made: later attempts (next address) are of the same request. Null: as they are when it is sent. */
  request: RequestChanges | null = null;
  /** The branch that this one repeats with credentials; it cannot win any more once this one was sent. */
  replaces: Branch | null = null;
  replyTransforms: ReplyTransform[] = [];
  /** Route armed for this branch's replies and failure; empty: the transaction's. */
  onReply = '';
  onBranchFailure = '';
  client: ClientTransactionHandle | null = null;
  /** Addresses of the next hop in order of preference, and which of them is in use. */
  candidates: readonly ResolvedTarget[] = [];
  candidate = 0;
  /** Next hop URI for which {@link candidates} were given beforehand (a retry to the same address); empty: they are looked up. */
  candidatesFor = '';
  /** Number of sends, so that each attempt has its own Via branch. */
  attempts = 0;
  /** True while DNS is being asked. */
  resolving = false;
  destination: Destination | null = null;
  /** True when it went by a stream only because it is too large for UDP (RFC 3261 §18.1.1). */
  movedForSize = false;
  /** Request as sent, kept while it may be needed (CANCEL, uac_auth). */
  sentRuri = '';
  /** Best reply so far; null when none came or it was made here. */
  reply: SipMessage | null = null;
  /** Edits recorded for that reply by onreply routes. */
  replyEdits: EditList | null = null;
  /** Status of the last reply received or made up (408 timeout, 478 unresolvable, 503 …), 0 for none. */
  status = 0;
  /** True when the status was made up here. */
  local = false;
  /** Reason phrase of a status made up here. */
  localReason = '';
  timedOut = false;
  /** Replies received from the address in use, provisional ones included. */
  replies = 0;
  /** Forgotten for the choice of the winning reply (t_drop_replies, failure_reply_mode, answered challenge). */
  discarded = false;
  /** Generation: 0 for the branches of the first t_relay, +1 for each later leg. */
  readonly leg: number;
  /** Slots of other layers, by their own symbol; null until one is set. */
  extensions: Map<symbol, unknown> | null = null;

  constructor(index: number, target: Target, leg: number, edits: EditList = new EditList()) {
    this.index = index;
    this.target = target;
    this.leg = leg;
    this.edits = edits;
  }

  /** True when it has a final status. */
  get isFinal(): boolean {
    return this.status >= 200;
  }

  /** Gives it a final status made up here. */
  fail({ status, reason }: NextHopFailure): void {
    this.status = status;
    this.local = true;
    this.localReason = reason;
    this.reply = null;
  }

  /**
   * Lets go of what only the choice of the final reply needed. The branch lives on while a 2xx of an INVITE may be repeated, and must not
   * keep every reply it saw alive for so long.
   */
  forget(): void {
    this.reply = null;
    this.replyEdits = null;
    this.candidates = [];
    this.edits.list.length = 0;
  }

  /** Adds a reply rule of this branch; one with the same key is replaced. */
  addReplyTransform(transform: ReplyTransform): void {
    const at = this.replyTransforms.findIndex((other) => other.key === transform.key);
    if (at >= 0) this.replyTransforms[at] = transform;
    else this.replyTransforms.push(transform);
  }
}
