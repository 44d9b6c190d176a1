import { createHash, hash } from 'node:crypto';
import type { SipMessage } from '../message/message.ts';

/** The cookie of RFC 3261 branches (§8.1.1.7). */
export const MAGIC_COOKIE = 'z9hG4bK';

// A retransmission and its CANCEL must leave with the branch of the first copy (RFC 3261 §16.11): derived, not drawn.
function digest(text: string): string {
  return typeof hash === 'function' ? hash('md5', text) : createHash('md5').update(text).digest('hex');
}

/** Via branch of a statelessly forwarded request, the same for its retransmissions and for a CANCEL of it (RFC 3261 §16.11). */
export function statelessBranch(message: SipMessage): string {
  const via = message.topVia;
  const own = via === null ? '' : `${via.branch}|${via.host}|${via.port}`;
  return `${MAGIC_COOKIE}s.${digest(`${own}|${message.callId}|${message.cseq?.seq ?? 0}`).slice(0, 24)}`;
}

/**
 * To-tag of a stateless reply: the same for retransmissions, so that the ACK can be told (RFC 3261 §8.2.6.2).
 * @param prefix drawn once per server start; the ACK filter looks for it
 */
export function statelessTag(prefix: string, message: SipMessage): string {
  const via = message.topVia;
  return `${prefix}.${digest(`${via?.branch ?? ''}|${message.callId}|${message.from?.tag ?? ''}|${message.cseq?.seq ?? 0}`).slice(0, 8)}`;
}
