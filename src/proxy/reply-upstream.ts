import { detach } from '../message/detach.ts';
import { EditList } from '../message/edits.ts';
import { HDR_PROXY_AUTHENTICATE, HDR_WWW_AUTHENTICATE } from '../message/header-name.ts';
import type { SipMessage } from '../message/message.ts';
import { AnswerRepeater } from './answer-repeater.ts';
import type { Branch } from './branch.ts';
import type { ProxyOptions } from './options.ts';
import type { ProxyServices } from './proxy-services.ts';
import type { ProxyTransaction } from './proxy-transaction.ts';
import { addReplyViaParams, forwardedReply } from './reply-forward.ts';
import type { ReplyTransform, RequestState } from './request-state.ts';

/** Text of a branch's reply as it goes upstream, with what the request's changes demand put back. */
export function relayedReply(state: RequestState, branch: Branch, reply: SipMessage, edits: EditList): string {
  for (const transform of transformsOf(state, branch)) transform.apply(state, branch, reply, edits);
  addReplyViaParams(state, reply, edits);
  return forwardedReply(reply, edits);
}

/**
 * What only the reply that was chosen gets (RFC 3261 §16.7 steps 6 and 7).
 * @returns its edits
 */
export function finishWinner(
  winner: Branch,
  reply: SipMessage,
  branches: readonly Branch[],
  options: ProxyOptions,
): EditList {
  const edits = winner.replyEdits ?? new EditList();
  const { status } = reply;
  // A proxy's own capacity is not the next one's: 503 goes up as 500 (step 6).
  if (status === 503 && edits.status === 0 && options.remap503) edits.status = 500;
  if ((status === 401 || status === 407) && options.aggregateChallenges)
    aggregateChallenges(winner, reply, branches, edits);
  return edits;
}

/** Step 7: the challenges of all branches go into the one reply. */
function aggregateChallenges(winner: Branch, reply: SipMessage, branches: readonly Branch[], edits: EditList): void {
  for (const other of branches) {
    if (other === winner || other.discarded || other.reply === null) continue;
    if (other.status !== 401 && other.status !== 407) continue;
    for (const header of other.reply.headers)
      if (header.id === HDR_WWW_AUTHENTICATE || header.id === HDR_PROXY_AUTHENTICATE)
        edits.insert(reply.headersEnd, other.reply.raw.slice(header.start, header.end));
  }
}

/**
 * What repeats a branch's 2xx in place of its transaction.
 * @param text the 2xx as it went upstream
 */
export function answerRepeater(
  cell: Pick<ProxyTransaction, 'state' | 'server'> & { readonly services: ProxyServices },
  branch: Branch,
  response: SipMessage,
  text: string,
): AnswerRepeater {
  const { state, server, services } = cell;
  return new AnswerRepeater({
    server,
    sender: services.sender,
    text,
    toTag: detach(response.to?.tag ?? ''),
    destination: services.replyTo(state),
    invite: state.pristine.raw,
    received: state.received,
    hooks: state.hooks,
    transforms: transformsOf(state, branch),
    flags: state.flags,
    watchers: state.replyWatchers,
  });
}

/** Rules for the replies of a branch: the request's, then the branch's own, which replace those with the same key. */
function transformsOf(state: RequestState, branch: Branch): readonly ReplyTransform[] {
  const common = state.replyTransforms;
  const own = branch.replyTransforms;
  if (own.length === 0) return common;
  return [...common.filter(({ key }) => !own.some((other) => other.key === key)), ...own];
}
