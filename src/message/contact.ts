import { uintAt } from './chars.ts';
import { HDR_CONTACT } from './header-name.ts';
import type { SipMessage } from './message.ts';
import { type NameAddr, paramValue, parseNameAddrList } from './name-addr.ts';

/** One Contact value with the parameters a registrar and a UAC read (RFC 3261 §20.10). */
export interface Contact {
  readonly addr: NameAddr;
  /** expires parameter in seconds; -1 when absent. */
  readonly expires: number;
  /** q parameter, 0 … 1; -1 when absent or malformed. */
  readonly q: number;
}

/** All Contact values of a message. */
export interface ContactSet {
  /** True for `Contact: *` (RFC 3261 §10.2.2); `contacts` is empty then. */
  readonly star: boolean;
  readonly contacts: readonly Contact[];
}

const MAX_DELTA = 0xffffffff;

/**
 * Every Contact value of a message, over all its Contact headers.
 * @returns null when one is unreadable or `*` does not stand alone
 */
export function messageContacts(message: SipMessage): ContactSet | null {
  const contacts: Contact[] = [];
  let star = false;
  for (const header of message.headers) {
    if (header.id !== HDR_CONTACT) continue;
    if (star) return null;
    if (header.valueEnd - header.valueStart === 1 && message.raw.charCodeAt(header.valueStart) === 0x2a) {
      star = true;
      continue;
    }
    const list = parseContactList(message.raw, header.valueStart, header.valueEnd);
    if (list === null) return null;
    contacts.push(...list);
  }
  return star && contacts.length > 0 ? null : { star, contacts };
}

/** The values of one Contact header between two offsets; null when one is unreadable. `*` is none, see {@link messageContacts}. */
export function parseContactList(text: string, start: number, end: number): Contact[] | null {
  const list = parseNameAddrList(text, start, end);
  return list === null ? null : list.map(contactOf);
}

/** Reads expires and q of a Contact value. */
export function contactOf(addr: NameAddr): Contact {
  return { addr, expires: expiresOf(addr.params), q: qOf(addr.params) };
}

function expiresOf(params: string): number {
  const text = params === '' ? undefined : paramValue(params, 'expires');
  return text === undefined ? -1 : deltaSeconds(text, 3600);
}

/**
 * A delta-seconds value as in Expires and the expires parameter (RFC 3261 §25.1).
 * @param fallback seconds for a malformed one: 3600 in a Contact (RFC 3261 §20.10)
 * @returns seconds, 2^32-1 at most
 */
export function deltaSeconds(text: string, fallback: number): number {
  const value = uintAt(text, 0, text.length, MAX_DELTA);
  return value < 0 ? fallback : Math.min(value, MAX_DELTA);
}

function qOf(params: string): number {
  const text = params === '' ? undefined : paramValue(params, 'q');
  // qvalue: 0 to 1 with up to three decimals.
  return text === undefined || !/^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(text) ? -1 : Number(text);
}
