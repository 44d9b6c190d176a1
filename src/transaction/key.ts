import type { SipMessage } from '../message/message.ts';
import type { Via } from '../message/via.ts';

/** RFC 3261 §8.1.1.7: a branch that begins with it is unique; the rest must not be empty to be of any use. */
const MAGIC_COOKIE = 'z9hG4bK';

/**
 * True when a Via branch identifies a transaction (RFC 3261 §17.2.3). A branch that is only the cookie, as some broken clients
 * send, does not: their requests are matched by the rules of RFC 2543.
 */
export function isUniqueBranch(branch: string): boolean {
  if (branch.length <= MAGIC_COOKIE.length) return false;
  if (branch.startsWith(MAGIC_COOKIE)) return true;
  // Tokens are case-insensitive (RFC 3261 §7.3.1); some elements fold them.
  return branch.slice(0, MAGIC_COOKIE.length).toLowerCase() === 'z9hg4bk';
}

/**
 * The key of the server transaction a request belongs to (RFC 3261 §17.2.3): equal keys, same transaction.
 * With a unique branch: branch, sent-by and method. Without: Request-URI, From tag, To tag, Call-ID, CSeq and top Via.
 * @param method method of the transaction looked for: INVITE for the INVITE that an ACK or a CANCEL belongs to, else the request's own
 * @returns a text to look up; {@link copyText} it before it is stored
 */
export function serverKey(message: SipMessage, method: string): string {
  const via = message.topVia;
  if (via !== null && isUniqueBranch(via.branch)) {
    // The sent-by counts because branches are only unique per client (§17.2.3).
    return `${method} ${via.branch} ${sentBy(via)}`;
  }
  return rfc2543Key(message, method, message.to?.tag ?? '');
}

/**
 * The key under which the ACK to a non-2xx final response comes when the INVITE is matched by RFC 2543: its To tag is the
 * response's, not the INVITE's (RFC 3261 §17.2.3).
 * @param invite the INVITE
 * @param responseToTag To tag of the final response sent
 */
export function rfc2543AckKey(invite: SipMessage, responseToTag: string): string {
  return rfc2543Key(invite, 'ACK', responseToTag);
}

function rfc2543Key(message: SipMessage, method: string, toTag: string): string {
  const { raw, topVia: via } = message;
  const viaText = via === null ? '' : raw.slice(via.start, via.end);
  // NUL cannot stand in a header value, so no two different requests give one text.
  return `${method}\0${message.requestUri}\0${message.from?.tag ?? ''}\0${toTag}\0${message.callId}\0${message.cseq?.seq ?? ''}\0${viaText}`;
}

/** sent-by as compared: host names without case, a missing port is the transport's default (RFC 3261 §20.42). */
function sentBy(via: Via): string {
  const { host, port, transport } = via;
  if (port !== 0) return `${host.toLowerCase()}:${port}`;
  return transport === 'TLS' ? `${host.toLowerCase()}:5061` : `${host.toLowerCase()}:5060`;
}

const POOL = Buffer.allocUnsafe(4096);

/**
 * The same text as one flat string of its own, for what outlives its message. V8 keeps a substring of 13 characters or more as a
 * pointer into the string it was cut from, and a concatenation as a tree over its parts: kept, either keeps a whole message alive.
 * @param text latin1 text
 */
export function copyText(text: string): string {
  if (text.length > POOL.length) return Buffer.from(text, 'latin1').toString('latin1');
  return POOL.toString('latin1', 0, POOL.write(text, 'latin1'));
}
