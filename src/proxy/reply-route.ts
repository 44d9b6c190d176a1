import type { EditList } from '../message/edits.ts';
import type { SipMessage } from '../message/message.ts';
import type { Received } from '../transport/transport.ts';
import type { Branch } from './branch.ts';
import type { BranchHost } from './branch-host.ts';

/**
 * Runs a branch's onreply_route for a reply.
 * @param accept what follows unless the route drops the reply. Only a provisional one can be dropped: a final one is always accounted for
 */
export function runReplyRoute(
  host: BranchHost,
  branch: Branch,
  response: SipMessage,
  from: Received,
  edits: EditList,
  accept: () => void,
): void {
  const { state } = host;
  const { client } = branch;
  const isFinal = response.status >= 200;
  const kept = state.hooks.replyRoute(branch.onReply, state, branch, response, from, edits);
  if (typeof kept === 'boolean') {
    if (kept || isFinal) accept();
    return;
  }
  const later = (keep: boolean): void => {
    // While the route waited another reply may have ended the attempt: what is only provisional is late then.
    if (!isFinal && (branch.isFinal || branch.client !== client)) return;
    if (keep || isFinal) host.safely(accept);
  };
  kept.then(later, () => later(true));
}
