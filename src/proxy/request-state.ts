import { EditList } from '../message/edits.ts';
import type { SipMessage } from '../message/message.ts';
import type { Received } from '../transport/transport.ts';
import { Attributes } from './attributes.ts';
import type { Branch } from './branch.ts';
import type { ProxyTransaction } from './proxy-transaction.ts';
import { Target } from './target.ts';

/** What a routing program does at the proxy's decision points. A program is a value: a transaction keeps the one it began with. */
export interface RouteHooks {
  /** branch_route before a branch is built. @returns false to drop the branch; a promise makes only this branch wait */
  branchRoute(name: string, state: RequestState, branch: Branch): boolean | Promise<boolean>;
  /** onreply_route[name] for a reply of a branch. @returns false to drop it (only provisional ones are dropped) */
  replyRoute(
    name: string,
    state: RequestState,
    branch: Branch,
    reply: SipMessage,
    from: Received,
    edits: EditList,
  ): boolean | Promise<boolean>;
  /** failure_route: every branch has finished and `branch`'s reply wins (null reply: a local 408 or other local failure). */
  failureRoute(name: string, state: RequestState, branch: Branch): void | Promise<void>;
  /** event_route[tm:branch-failure:name]. */
  branchFailureRoute(name: string, state: RequestState, branch: Branch): void | Promise<void>;
  /** onsend_route; @returns false to block the sending. Absent when the program has none. */
  readonly onsendRoute: ((state: RequestState, branch: Branch | null, text: string) => boolean) | null;
}

/** A rule that changes replies on their way back to the requester (restored identities, CSeq numbers). */
export interface ReplyTransform {
  /** What it restores ('from', 'to', 'cseq'): a later one with the same key replaces the earlier. */
  readonly key: string;
  /** Records edits of `reply`; `state` still has the pristine request. */
  apply(state: RequestState, branch: Branch, reply: SipMessage, edits: EditList): void;
}

/**
 * Told of each reply that has gone to the requester.
 * @param status as it went
 * @param reply as it was received; null for one that was made here
 */
export type ReplyWatcher = (
  state: RequestState,
  status: number,
  reply: SipMessage | null,
  branch: Branch | null,
) => void;

/** Told that a leg has failed, before its failure_route runs; the branch has the reply that would win. */
export type FailureWatcher = (state: RequestState, branch: Branch) => void;

/**
 * What a route wants of Via values (corex via_add_xavp_params and its relatives). Asked when a message is built, so that what the route
 * writes afterwards counts, as in the original.
 */
export interface ViaWishes {
  /** Parameters for our own Via, each with its `;`. */
  params(): string;
  /** Address for our own Via in the place of the socket's, with port 0 for the socket's port; null for the socket's. */
  address(): { readonly host: string; readonly port: number } | null;
  /** Parameters for the top Via of replies, each with its `;`. */
  replyParams(): string;
}

/** Route parameters collected for the Record-Route header; by key, the last write of a key wins, order of first write kept. */
export class RouteParams {
  private readonly entries: { key: string; text: string }[] = [];

  /** @param key identifies the parameter; '' never replaces @param text with its leading `;` */
  set(key: string, text: string): void {
    const old = key === '' ? undefined : this.entries.find((entry) => entry.key === key);
    if (old === undefined) this.entries.push({ key, text });
    else old.text = text;
  }

  clone(): RouteParams {
    const copy = new RouteParams();
    for (const entry of this.entries) copy.entries.push({ ...entry });
    return copy;
  }

  /** Adds the entries of `other` that are not here. */
  inherit(other: RouteParams): void {
    for (const { key, text } of other.entries)
      if (!this.entries.some((own) => own.key === key && (key !== '' || own.text === text)))
        this.entries.push({ key, text });
  }

  /** Text of the parameters in order, those of `over` replacing equal keys. */
  text(over: RouteParams | null): string {
    let out = '';
    for (const { key, text } of this.entries) {
      const replaced = key === '' ? undefined : over?.entries.find((entry) => entry.key === key);
      out += replaced === undefined ? text : replaced.text;
    }
    if (over !== null)
      for (const { key, text } of over.entries)
        if (key === '' || !this.entries.some((entry) => entry.key === key)) out += text;
    return out;
  }
}

/** Record-Route wishes of a request or a branch (rr's record_route and its variants). */
export interface RecordRoute {
  /** Argument of record_route(), with leading `;` added when missing. */
  readonly params: string;
  /** Literal addresses of record_route_preset, outbound first; empty for our own sockets. */
  readonly preset: readonly string[];
  /** host:port of record_route_advertised_address, empty for the socket's own. */
  readonly advertised: string;
}

/**
 * What routing changed in a request besides its destination: header and body edits, Record-Route. A failure_route works on a copy, as the
 * original's does, so that each leg starts from what the request_route left.
 */
export class RequestChanges {
  edits: EditList = new EditList();
  recordRoute: RecordRoute | null = null;
  routeParams = new RouteParams();

  clone(): RequestChanges {
    const copy = new RequestChanges();
    copy.edits = this.edits.clone();
    copy.recordRoute = this.recordRoute;
    copy.routeParams = this.routeParams.clone();
    return copy;
  }

  /** Adds what `other` has besides; what both have, by key, stays as it is here. */
  inherit(other: RequestChanges): void {
    for (const edit of other.edits.list)
      if (!this.edits.list.includes(edit) && (edit.key === '' || this.edits.get(edit.key) === undefined))
        this.edits.list.push(edit);
    this.recordRoute ??= other.recordRoute;
    this.routeParams.inherit(other.routeParams);
  }
}

/** What the top Route that named us said; made by loose_route. */
export interface OwnRoute {
  /** The whole URI of the Route. */
  readonly uri: string;
  /** URI parameters' text from the first `;`. */
  readonly params: string;
  /** True when the request goes against the direction of the dialog-forming one (From tag differs from ftag). */
  readonly upstream: boolean;
}

/**
 * Everything the processing of one request needs and changes. It begins with the received message, lives on in the transaction, and is
 * passed along everywhere: nothing about a request is ambient.
 */
export class RequestState {
  /** The message routing sees: as received, or re-parsed by msg_apply_changes(). */
  message: SipMessage;
  /** The message as received; replies are restored from it. */
  readonly pristine: SipMessage;
  /** Where it came from; set_recv_socket and set_source_address put another in its place. */
  received: Received;
  readonly hooks: RouteHooks;
  /** What every new branch sees changed. */
  changes = new RequestChanges();
  /** Main destination: $ru, $du, $fs, branch flags. */
  target: Target;
  /** Additional branches of append_branch(). */
  branches: Target[] = [];
  /** Message/transaction flags 0…31. */
  flags = 0;
  readonly attributes: Attributes;
  /** Header lines for replies made here (append_to_reply), each with CRLF. */
  replyHeaders = '';
  /** Body and its type for replies made here (set_reply_body). */
  replyBody = '';
  replyContentType = '';
  /** Names of armed routes, empty for none. */
  onFailure = '';
  onBranch = '';
  onReply = '';
  onBranchFailure = '';
  /** t_set_fr, milliseconds, 0 = default. */
  frInv = 0;
  fr = 0;
  /** True when replies go to the source port whatever Via says (force_rport). */
  forceRport = false;
  ownRoute: OwnRoute | null = null;
  /** Last of the rules for a key wins; branches may add theirs. */
  replyTransforms: ReplyTransform[] = [];
  /** Told of the replies that go to the requester, in order; empty as long as nobody wants to know. */
  replyWatchers: ReplyWatcher[] = [];
  /** Told when the request_route has ended and left no transaction; null as long as nobody wants to know. */
  unhandledWatcher: (() => void) | null = null;
  /** Told of legs that failed, in order. */
  failureWatchers: FailureWatcher[] = [];
  transaction: ProxyTransaction | null = null;
  /** A CANCEL: the INVITE transaction it names, if it is here. */
  cancels: ProxyTransaction | null = null;
  /** A CANCEL whose INVITE transaction is here, finished or not. */
  cancelsInvite = false;
  /** The message whose top Via our received/rport marks were recorded on; null before that. */
  viaMarkedOn: SipMessage | null = null;
  /** Overrides of t_set_auto_inv_100, t_set_disable_6xx, t_set_disable_failover, t_set_disable_internal_reply; null: the defaults. */
  autoInv100: boolean | null = null;
  disable6xx: boolean | null = null;
  disableFailover: boolean | null = null;
  disableInternalReply: boolean | null = null;
  noE2eCancelReason = false;
  /** t_set_max_lifetime and t_set_retr, milliseconds, 0 = default. */
  maxInvLifetime = 0;
  maxNonInvLifetime = 0;
  retr1 = 0;
  retr2 = 0;
  /** set_advertised_address / set_advertised_port for this message. */
  advertisedHost = '';
  advertisedPort = 0;
  /** STREAM_ bits for the branches (set_forward_no_connect, set_forward_close) and for the replies (set_reply_…). */
  forwardStream = 0;
  replyStream = 0;
  /** How it goes when it is too large for UDP (udp_mtu_try_proto()); empty: as the server does it. */
  largeBy: '' | 'udp' | 'tcp' | 'tls' = '';
  /** True for the message that routes see when none caused them. */
  faked = false;
  /** add_local_rport(). */
  localRport = false;
  /** Parameters for our own Via, each with its `;` (via_add_srvid). */
  viaParams = '';
  /** More of that kind, where a route asked for it. */
  viaWishes: ViaWishes | null = null;
  /** Parameter for our own Via of a request that goes on without a transaction, with its `;`: comes back in its replies. */
  statelessViaParam = '';
  /** True once a reply was sent for it without a transaction. */
  repliedStateless = false;
  /** Status and text of the last internal error, for *_reply_error(); 0 for none. */
  errorStatus = 0;
  errorReason = '';
  /** Slots of other layers, by their own symbol (identity flags, CSeq offsets); null until one is set. */
  extensions: Map<symbol, unknown> | null = null;

  constructor(message: SipMessage, received: Received, hooks: RouteHooks, attributes: Attributes = new Attributes()) {
    this.message = message;
    this.pristine = message;
    this.received = received;
    this.hooks = hooks;
    this.target = new Target(message.requestUri);
    this.attributes = attributes;
  }

  /** Recorded header and body edits that every branch sees. */
  get edits(): EditList {
    return this.changes.edits;
  }
  set edits(edits: EditList) {
    this.changes.edits = edits;
  }

  get recordRoute(): RecordRoute | null {
    return this.changes.recordRoute;
  }
  set recordRoute(wish: RecordRoute | null) {
    this.changes.recordRoute = wish;
  }

  get routeParams(): RouteParams {
    return this.changes.routeParams;
  }

  /** The targets that no relay has used yet, in order: the main one, then those of append_branch. They count as used from now on. */
  takeTargets(): Target[] {
    const targets: Target[] = [];
    if (this.target.isNew) {
      targets.push(this.target.clone());
      this.target.isNew = false;
      this.target.seed = null;
    }
    for (const target of this.branches) targets.push(target);
    this.branches = [];
    return targets;
  }

  /** Adds a reply rule; one with the same key is replaced. */
  addReplyTransform(transform: ReplyTransform): void {
    const at = this.replyTransforms.findIndex((other) => other.key === transform.key);
    if (at >= 0) this.replyTransforms[at] = transform;
    else this.replyTransforms.push(transform);
  }
}
