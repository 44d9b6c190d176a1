import type { EditList, Outbound } from '../message/edits.ts';
import type { SipMessage } from '../message/message.ts';
import { buildForwardedResponse } from '../message/serializer.ts';
import type { RequestState } from './request-state.ts';

/** The edits of a reply do not depend on the socket it leaves by. */
const NOWHERE: Outbound = { proto: 'udp', host: '', port: 0 };

/** Puts what the route wants there into the Via value that will be the top one (via_reply_add_xavp_params). */
export function addReplyViaParams(state: RequestState, reply: SipMessage, edits: EditList): void {
  const params = state.viaWishes?.replyParams() ?? '';
  const via = reply.vias[1];
  if (params !== '' && via !== undefined) edits.insert(via.end, params, 'via-reply-params');
}

/** Text of a received reply as it goes on (RFC 3261 §16.7 steps 3 and 9): without our Via, with the edits and the status they carry. */
export function forwardedReply(reply: SipMessage, edits: EditList): string {
  return buildForwardedResponse(reply, {
    edits,
    branchEdits: null,
    out: NOWHERE,
    status: edits.status === 0 ? undefined : edits.status,
    reason: edits.reason === '' ? undefined : edits.reason,
  });
}
