import { utf8Bytes } from '../../digest/credentials.ts';
import type { Contact } from '../../message/contact.ts';
import { paramValue } from '../../message/params.ts';
import { parseUri, type SipUri, unescapeUser, uriEquals, uriParam } from '../../message/uri.ts';
import type { AccountRow } from './account-row.ts';

/** Parameters that every Contact of an engine carries (RFC 5626 §4.2). */
export interface ContactExtras {
  /** URN of this instance, `urn:uuid:…`; empty for none. */
  readonly instance: string;
  /** reg-id, 0 for none. */
  readonly regId: number;
}

/**
 * A user part: what RFC 3261 §25.1 does not allow there is escaped, a colon too, which would begin a password. Escapes that are there
 * already stay.
 */
export function userPart(text: string): string {
  if (/^[A-Za-z0-9\-_.!~*'()&=+$,;?/]*$/.test(text)) return text;
  return utf8Bytes(text).replace(/%(?![0-9A-Fa-f]{2})|[^A-Za-z0-9\-_.!~*'()&=+$,;?/%]/g, escaped);
}

function escaped(c: string): string {
  return `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

/** A URI parameter's value: everything outside unreserved is escaped. */
function paramText(text: string): string {
  return utf8Bytes(text).replace(/[^A-Za-z0-9\-_.!~*'()]/g, escaped);
}

/**
 * The account's Contact URI: `sip:l_uuid@contact_addr`, or with a contact_user `sip:contact_user@contact_addr;line=l_uuid`.
 * @param address `host[:port][;parameters]`
 */
export function contactUri(row: AccountRow, address: string): string {
  const { uuid, contactUser } = row;
  if (contactUser === '') return `sip:${userPart(uuid)}@${address}`;
  return `sip:${userPart(contactUser)}@${address};line=${paramText(uuid)}`;
}

/** Why a Contact address cannot serve an account, empty when it can: the `line` parameter has to be ours. */
export function contactFault(row: AccountRow, address: string): string {
  if (row.contactUser === '') return '';
  const uri = parseUri(`sip:u@${address}`);
  return uri === null || uriParam(uri, 'line') === undefined ? '' : 'contact_addr has a line parameter already';
}

/** The Contact's parameters behind the URI. */
export function contactParams({ instance, regId }: ContactExtras): string {
  if (instance === '') return '';
  return `;+sip.instance="<${instance}>"${regId > 0 ? `;reg-id=${regId}` : ''}`;
}

/**
 * Our binding among those of a 2xx: by the whole URI (RFC 3261 §10.2.4), else by what survives servers that rewrite Contacts: the `line`
 * parameter, the instance and reg-id (RFC 5626 §6), the user part (Kamailio's rule).
 */
export function findOwn(
  contacts: readonly Contact[],
  own: string,
  row: AccountRow,
  extras: ContactExtras,
): Contact | undefined {
  // Nearly every registrar repeats the Contact as it was.
  const same = contacts.find(({ addr }) => addr.uri === own);
  if (same !== undefined || contacts.length === 0) return same;
  const ours = parseUri(own);
  if (ours === null) return undefined;
  const parsed = contacts.map((contact) => ({ contact, uri: parseUri(contact.addr.uri) }));
  const find = (matches: (uri: SipUri, contact: Contact) => boolean): Contact | undefined =>
    parsed.find(({ contact, uri }) => uri !== null && matches(uri, contact))?.contact;
  const uuid = utf8Bytes(row.uuid);
  const { instance, regId } = extras;
  return (
    find((uri) => uriEquals(uri, ours)) ??
    find((uri) => unescapeUser(uriParam(uri, 'line') ?? '') === uuid) ??
    (instance === ''
      ? undefined
      : find(
          (_, { addr: { params } }) =>
            paramValue(params, '+sip.instance') === `<${instance}>` &&
            (regId === 0 || paramValue(params, 'reg-id') === `${regId}`),
        )) ??
    // With a contact_user of the carrier's choice many accounts may have the same one: there the line parameter decides.
    (row.contactUser === '' ? find((uri) => unescapeUser(uri.user ?? '') === uuid) : undefined)
  );
}

/** The address with another host and port and its parameters kept. */
export function withAddress(address: string, hostPort: string): string {
  const semicolon = address.indexOf(';');
  return semicolon < 0 ? hostPort : hostPort + address.slice(semicolon);
}
