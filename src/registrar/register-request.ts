import { type Contact, deltaSeconds, messageContacts, parseContactList } from '../message/contact.ts';
import {
  HDR_ALLOW,
  HDR_CONTACT,
  HDR_EXPIRES,
  HDR_PATH,
  HDR_REQUIRE,
  HDR_SUPPORTED,
  HDR_USER_AGENT,
} from '../message/header-name.ts';
import type { SipMessage } from '../message/message.ts';
import { methodId } from '../message/method.ts';
import { type NameAddr, paramValue, parseNameAddrList } from '../message/name-addr.ts';
import { unfold } from '../message/sanitize.ts';
import { parseUri, unescapeUser } from '../message/uri.ts';
import { ALL_METHODS, OTHER_METHODS } from './binding.ts';
import type { Refusal } from './register-reply.ts';

/** What a REGISTER wants (RFC 3261 §10.2), read out of the message. */
export interface RegisterRequest {
  /** `Contact: *`. */
  readonly star: boolean;
  readonly contacts: readonly Contact[];
  /** Expires header in seconds, -1 for none or an unreadable one. */
  readonly expires: number;
  readonly callId: string;
  readonly cseq: number;
  readonly userAgent: string;
  /** Bits of the Allow header's methods. */
  readonly allow: number;
  readonly supported: ReadonlySet<string>;
  readonly required: ReadonlySet<string>;
  /** Path values, comma-separated, '' for none; null when they are unreadable. */
  readonly path: string | null;
  /** The first Path value's URI, '' for none. */
  readonly firstPath: string;
  /** The last Path value's URI: the proxy nearest to the client. */
  readonly edgePath: string;
  /** Via values: more than one says that a proxy stands between. */
  readonly hops: number;
}

/** Longest Call-ID, as Kamailio's column. */
const MAX_CALL_ID = 255;

/** Contacts of each header from the last to the first, as Kamailio takes them: it decides which of equal q comes first. */
function inOrder(message: SipMessage): Contact[] {
  return message
    .findAll(HDR_CONTACT)
    .flatMap(({ valueStart, valueEnd }) => (parseContactList(message.raw, valueStart, valueEnd) ?? []).toReversed());
}

function isStar(text: string): boolean {
  return /^\*\s*(?:;|$)/.test(text);
}

/** Reads a REGISTER, or the reply to a relayed one. @returns a refusal for what cannot be read */
export function readRegister(message: SipMessage): RegisterRequest | Refusal {
  const found = messageContacts(message);
  const stars = message.findAll(HDR_CONTACT).filter((header) => isStar(message.valueOf(header)));
  const expires = headerExpires(message);
  if (stars.length > 0) {
    if (expires !== 0) return 'star-expires';
    if (found === null || !found.star) return 'star-others';
  }
  if (found === null) return 'contact-parse';
  const { cseq, callId } = message;
  if (cseq === null) return 'cseq-parse';
  if (callId.length > MAX_CALL_ID) return 'callid-length';
  const paths = pathValues(message);
  return {
    star: found.star,
    contacts: inOrder(message),
    expires,
    callId,
    cseq: cseq.seq,
    userAgent: unfold(message.value(HDR_USER_AGENT) ?? '') || 'n/a',
    allow: allowed(message),
    supported: tokens(message, HDR_SUPPORTED),
    required: tokens(message, HDR_REQUIRE),
    path: paths?.map((value) => unfold(message.raw.slice(value.start, value.end))).join(',') ?? null,
    firstPath: paths?.[0]?.uri ?? '',
    edgePath: paths?.at(-1)?.uri ?? '',
    hops: message.vias.length,
  };
}

function headerExpires(message: SipMessage): number {
  const text = message.value(HDR_EXPIRES);
  return text === undefined ? -1 : deltaSeconds(text, -1);
}

/** Every Path value (RFC 3327 §4); null when one is unreadable. */
function pathValues(message: SipMessage): NameAddr[] | null {
  const values: NameAddr[] = [];
  for (const header of message.findAll(HDR_PATH)) {
    const list = parseNameAddrList(message.raw, header.valueStart, header.valueEnd);
    if (list === null || list.some(({ bracketed }) => !bracketed)) return null;
    values.push(...list);
  }
  return values;
}

function tokens(message: SipMessage, id: number): ReadonlySet<string> {
  const found = new Set<string>();
  for (const header of message.findAll(id))
    for (const token of message.valueOf(header).split(',')) found.add(token.trim().toLowerCase());
  return found;
}

function allowed(message: SipMessage): number {
  const headers = message.findAll(HDR_ALLOW);
  if (headers.length === 0) return ALL_METHODS;
  let bits = 0;
  for (const header of headers) bits |= methodBits(message.valueOf(header));
  return bits;
}

/** Bits of a comma-separated list of methods, in upper or lower case. */
export function methodBits(list: string): number {
  let bits = 0;
  for (const part of list.split(',')) {
    const name = part.trim().toUpperCase();
    if (name !== '') bits |= methodId(name) || OTHER_METHODS;
  }
  return bits;
}

/**
 * A contact's q in thousandths, as registrars have always taken it: more than three decimals are cut off, and a zero before the point may be missing
 * (RFC 3261 §25.1 is stricter).
 * @returns -1 for an absent or empty one, null for what is none
 */
export function contactQ({ addr }: Contact): number | null {
  const text = paramValue(addr.params, 'q') ?? '';
  if (text === '') return -1;
  const match = /^(?:([01])(?:\.(\d*))?|\.(\d+))$/.exec(text);
  if (match === null) return null;
  const [, whole = '0', fraction = '', bare = ''] = match;
  const q = Number(whole) * 1000 + Number(`${fraction}${bare}000`.slice(0, 3));
  return q > 1000 ? null : q;
}

/** Methods of a contact: its methods parameter (RFC 3840 §9), else what the Allow header said. */
export function contactMethods({ addr }: Contact, allow: number): number {
  const list = paramValue(addr.params, 'methods');
  return list === undefined ? allow : methodBits(list);
}

/** The received parameter of the first Path URI, decoded; '' without one. */
export function pathReceived(firstPath: string): string {
  const uri = parseUri(firstPath);
  const value = uri === null ? undefined : paramValue(uri.params, 'received');
  const text = value === undefined ? '' : unescapeUser(value);
  return parseUri(text) === null ? '' : text;
}
