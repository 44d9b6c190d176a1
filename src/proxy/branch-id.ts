import type { SipMessage } from '../message/message.ts';

/** The cookie of RFC 3261 branches (§8.1.1.7). */
export const MAGIC_COOKIE = 'z9hG4bK';

/**
 * 64 bits that depend on every character of some texts, as 16 hexadecimal digits. Not for secrets: it tells apart the requests of one
 * moment, and costs a tenth of a cryptographic hash.
 */
function fingerprint(...texts: readonly string[]): string {
  // Two multiplicative hashes over the same characters with different primes, mixed at the end.
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (const text of texts) {
    for (let i = 0; i < text.length; i++) {
      const c = text.charCodeAt(i);
      a = Math.imul(a ^ c, 0x9e3779b1);
      b = Math.imul(b ^ c, 0x5f356495);
    }
    // A boundary between the texts, so that moving a character over it changes the result.
    a = Math.imul(a ^ 0x1ff, 0x9e3779b1);
    b = Math.imul(b ^ 0x1ff, 0x5f356495);
  }
  a = Math.imul(a ^ (a >>> 16), 0x85ebca6b) ^ Math.imul(b ^ (b >>> 13), 0xc2b2ae35);
  b = Math.imul(b ^ (b >>> 16), 0x85ebca6b) ^ Math.imul(a ^ (a >>> 13), 0xc2b2ae35);
  return hex32(a) + hex32(b);
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Eight digits. Byte by byte: toString(16) of a number above 2^31 is done in floating point. */
function hex32(value: number): string {
  const at = (shift: number): string => HEX[(value >>> shift) & 0xff] as string;
  return at(24) + at(16) + at(8) + at(0);
}

/**
 * Via branch of a statelessly forwarded request, the same for its retransmissions and for a CANCEL of it: derived from what identifies the
 * request, not drawn (RFC 3261 §16.11).
 */
export function statelessBranch(message: SipMessage): string {
  const via = message.topVia;
  const number = `${via?.port ?? 0}|${message.cseq?.seq ?? 0}`;
  return `${MAGIC_COOKIE}s.${fingerprint(via?.branch ?? '', via?.host ?? '', number, message.callId)}`;
}

/**
 * To-tag of a stateless reply: the same for retransmissions, so that the ACK can be told (RFC 3261 §8.2.6.2).
 * @param prefix drawn once per server start; the ACK filter looks for it
 */
export function statelessTag(prefix: string, message: SipMessage): string {
  const number = `${message.cseq?.seq ?? 0}`;
  return `${prefix}.${fingerprint(message.topVia?.branch ?? '', message.callId, message.from?.tag ?? '', number)}`;
}
