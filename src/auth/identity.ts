import type { SipMessage } from '../message/message.ts';
import { M_PUBLISH, M_REGISTER } from '../message/method.ts';
import { parseUri, type SipUri } from '../message/uri.ts';

/** A digest username taken apart: `sip:alice@host`, `alice@host` and `alice` are all alice. */
export interface UserName {
  readonly user: string;
  /** Empty when the name has none. */
  readonly domain: string;
}

/** Names up to this length are not taken apart: the originals see no `@` or `:` with something before or after it in them. */
const SHORTEST = 2;

/** @param scheme whether what stands before the first colon of the user is left out, as Kamailio does */
export function splitUserName(name: string, scheme: boolean): UserName {
  if (name.length <= SHORTEST) return { user: name, domain: '' };
  const at = name.indexOf('@');
  const end = at < 0 ? name.length : at;
  const colon = scheme ? name.indexOf(':') : -1;
  return { user: name.slice(colon < end ? colon + 1 : 0, end), domain: name.slice(end + 1) };
}

/**
 * Whether a request comes from whom it says: the authenticated user is the one of To in REGISTER and PUBLISH (nobody registers another's
 * address), of From otherwise; in REGISTER and PUBLISH From and To are the same, in PUBLISH the Request-URI too. Users are compared byte for
 * byte, as Kamailio does.
 * @param useDomain whether hosts are compared as well
 */
export function isOwnIdentity(message: SipMessage, user: string, useDomain: boolean): boolean {
  const from = message.from === null ? null : parseUri(message.from.uri);
  const to = message.to === null ? null : parseUri(message.to.uri);
  if (from === null || to === null) return false;
  const own = message.methodId === M_REGISTER || message.methodId === M_PUBLISH;
  if ((own ? to : from).user !== user) return false;
  if (own && !sameParty(from, to, useDomain)) return false;
  if (message.methodId !== M_PUBLISH) return true;
  return message.ruri !== null && sameParty(from, message.ruri, useDomain);
}

function sameParty(a: SipUri, b: SipUri, useDomain: boolean): boolean {
  return a.user === b.user && (!useDomain || a.host.toLowerCase() === b.host.toLowerCase());
}

/** How the digest's uri must stand to the Request-URI: 0 anyhow (RFC 3261 §22.4: proxies may have changed the latter), 1 same user and host, 2 the same text. */
export type UriCheck = 0 | 1 | 2;

export function fitsRequestUri(uri: string, message: SipMessage, check: UriCheck): boolean {
  if (check === 0 || uri === message.requestUri) return true;
  if (check === 2) return false;
  const claimed = parseUri(uri);
  const real = message.ruri;
  return claimed !== null && real !== null && sameParty(claimed, real, true);
}
