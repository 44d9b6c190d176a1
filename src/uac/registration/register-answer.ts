import { type Contact, deltaSeconds, parseContactList } from '../../message/contact.ts';
import { detach } from '../../message/detach.ts';
import {
  HDR_CONTACT,
  HDR_EXPIRES,
  HDR_MIN_EXPIRES,
  HDR_RETRY_AFTER,
  HDR_SERVICE_ROUTE,
} from '../../message/header-name.ts';
import type { SipMessage } from '../../message/message.ts';
import { type NameAddr, parseNameAddrList } from '../../message/name-addr.ts';
import { sanitizeReason } from '../../message/sanitize.ts';
import { parseUri } from '../../message/uri.ts';
import type { AccountRow } from './account-row.ts';
import { type ContactExtras, findOwn } from './contact.ts';

/** What a 2xx to a REGISTER says about our binding. */
export type Grant =
  /** @param seconds that it lasts @param silent the answer has no readable Contact, the time is Expires or what was asked */
  | { readonly kind: 'granted'; readonly seconds: number; readonly silent: boolean }
  /** It lists bindings, and ours is not among them. */
  | { readonly kind: 'foreign'; readonly count: number };

/** Contact values of an answer that can be read; a broken header spoils only itself, `*` counts as none. */
function readableContacts(answer: SipMessage): Contact[] {
  const all: Contact[] = [];
  for (const header of answer.findAll(HDR_CONTACT))
    all.push(...(parseContactList(answer.raw, header.valueStart, header.valueEnd) ?? []));
  return all;
}

/**
 * What a 2xx grants (RFC 3261 §10.2.4): the expires parameter of our Contact, else Expires, else what was asked for.
 * @param own our Contact URI
 * @param asked seconds
 */
export function readGrant(
  answer: SipMessage,
  own: string,
  row: AccountRow,
  extras: ContactExtras,
  asked: number,
): Grant {
  const contacts = readableContacts(answer);
  const header = answer.value(HDR_EXPIRES);
  const general = header === undefined ? asked : deltaSeconds(header, asked);
  if (contacts.length === 0) return { kind: 'granted', seconds: general, silent: true };
  const binding = findOwn(contacts, own, row, extras);
  if (binding === undefined) return { kind: 'foreign', count: contacts.length };
  return { kind: 'granted', seconds: binding.expires >= 0 ? binding.expires : general, silent: false };
}

/** Seconds of Retry-After (RFC 3261 §20.33: a comment and parameters may follow), 0 for none. */
export function readRetryAfter(answer: SipMessage): number {
  const match = /^\d{1,10}/.exec(answer.value(HDR_RETRY_AFTER) ?? '');
  return match === null ? 0 : Number(match[0]);
}

/** Seconds of Flow-Timer (RFC 5626 §10), 0 for none. */
export function readFlowTimer(answer: SipMessage): number {
  const [header] = answer.findByName('Flow-Timer');
  return header === undefined ? 0 : deltaSeconds(answer.valueOf(header), 0);
}

/** Seconds of Min-Expires, -1 for none or an unreadable one. */
export function readMinExpires(answer: SipMessage): number {
  const text = answer.value(HDR_MIN_EXPIRES);
  return text === undefined ? -1 : deltaSeconds(text, -1);
}

/** Where a 3xx sends us: its sip and sips Contacts, those of the highest q first (RFC 3261 §8.1.3.4, §20.10). */
export function readRedirections(answer: SipMessage): string[] {
  return readableContacts(answer)
    .filter(({ addr }) => {
      const uri = parseUri(addr.uri);
      return uri !== null && (uri.scheme === 'sip' || uri.scheme === 'sips');
    })
    .sort((a, b) => (b.q < 0 ? 1 : b.q) - (a.q < 0 ? 1 : a.q))
    .map(({ addr }) => detach(addr.uri));
}

/** Routes that are kept of one answer, and characters of one: more is no service route. */
const MAX_ROUTES = 16;
const MAX_ROUTE = 512;

/** The Service-Route of a 2xx (RFC 3608 §5), one `<uri>` per entry; none when a value is unreadable. */
export function readServiceRoute(answer: SipMessage): readonly string[] {
  const routes: string[] = [];
  for (const header of answer.findAll(HDR_SERVICE_ROUTE)) {
    const values: NameAddr[] | null = parseNameAddrList(answer.raw, header.valueStart, header.valueEnd);
    if (values === null) return [];
    for (const { uri, params } of values) {
      if (uri.length + params.length > MAX_ROUTE || routes.length === MAX_ROUTES) return [];
      routes.push(sanitizeReason(`<${uri}>${params}`));
    }
  }
  return routes;
}

/** Characters of a text of the network in a sentence of ours, and of a whole reason. */
const LONGEST_PART = 80;
export const LONGEST_REASON = 240;

/**
 * A reason phrase as it may stand in a log, a listing or a terminal: printable ASCII, not long.
 * @param longest characters; a longer one ends with three dots
 */
export function readableReason(reason: string, longest = LONGEST_PART): string {
  const ascii = reason.slice(0, 4 * longest).replace(/[^\x20-\x7e]+/g, '?');
  return ascii.length > longest ? `${ascii.slice(0, longest - 3)}...` : ascii;
}
