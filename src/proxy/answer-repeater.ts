import { EditList } from '../message/edits.ts';
import type { SipMessage } from '../message/message.ts';
import { ParseFailure, parseMessage } from '../message/parser.ts';
import type {
  ClientTransactionHandle,
  ClientTransactionUser,
  ServerTransactionHandle,
} from '../transaction/transaction.ts';
import type { Destination, Received, TransportSender } from '../transport/transport.ts';
import { Branch } from './branch.ts';
import { forwardedReply } from './reply-forward.ts';
import { type ReplyTransform, type ReplyWatcher, RequestState, type RouteHooks } from './request-state.ts';
import { Target } from './target.ts';

/** What it takes to forward another 2xx of an answered INVITE. */
export interface Answered {
  readonly server: ServerTransactionHandle;
  readonly sender: TransportSender;
  /** The 2xx that went upstream, its To tag, and where it went. */
  readonly text: string;
  readonly toTag: string;
  readonly destination: Destination;
  /** The INVITE as received: its text only, to be read again if it is ever needed. */
  readonly invite: string;
  readonly received: Received;
  readonly hooks: RouteHooks;
  /** Rules for replies, a branch's own after the request's. */
  readonly transforms: readonly ReplyTransform[];
  /** Flags of the request, which those who are told look at. */
  readonly flags: number;
  /** Told of the other answers that go upstream. */
  readonly watchers: readonly ReplyWatcher[];
}

/**
 * Takes the place of a whole transaction once an INVITE was answered: a 2xx that comes again goes upstream again as it went before
 * (RFC 6026 §8.4), so that an answered call keeps two texts for some seconds instead of everything its routing needed.
 */
export class AnswerRepeater implements ClientTransactionUser {
  private readonly answered: Answered;

  constructor(answered: Answered) {
    this.answered = answered;
  }

  onResponse(_client: ClientTransactionHandle, response: SipMessage): void {
    const { text, toTag } = this.answered;
    if (response.status < 200 || response.status >= 300) return;
    // Another To tag is another answer: a proxy below has forked (RFC 3261 §16.7 step 5, §13.2.2.4).
    if ((response.to?.tag ?? '') === toTag) this.send(response.status, text);
    else this.forwardOther(response);
  }

  onTimeout(): void {}

  onSendFailed(): void {}

  private forwardOther(response: SipMessage): void {
    const { invite, received, hooks, transforms, flags, watchers } = this.answered;
    const message = parseMessage(invite);
    if (message instanceof ParseFailure) return;
    const state = new RequestState(message, received, hooks);
    state.flags = flags;
    const branch = new Branch(0, new Target(message.requestUri), 0);
    const edits = new EditList();
    for (const transform of transforms) transform.apply(state, branch, response, edits);
    this.send(response.status, forwardedReply(response, edits));
    for (const watch of watchers) watch(state, response.status, response, null);
  }

  /** RFC 3261 §16.7 step 5: upstream whatever was sent there before, and when the server transaction has gone. */
  private send(status: number, text: string): void {
    const { server, sender, destination } = this.answered;
    if (!server.respond(status, text, destination)) sender.send(text, destination, null);
  }
}
