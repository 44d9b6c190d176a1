import type { SipMessage } from '../message/message.ts';
import { M_REGISTER } from '../message/method.ts';
import { parseUri } from '../message/uri.ts';

/** Header and status by which a hop asks: 401 and Authorization, or 407 and Proxy-Authorization (RFC 3261 §22.2, §22.3). */
export type Hop = 'www' | 'proxy';

/**
 * OpenSER's and OpenSIPS' realm for a call that gives none: the host of To for a registrar, else of From. In lower case, unlike there: hosts
 * are the same in any (RFC 3261 §19.1.4), but secrets are made for one of them.
 * @param prefix realm_prefix, taken off once
 * @returns null when the header cannot be read
 */
export function derivedRealm(message: SipMessage, hop: Hop, prefix: string): string | null {
  const header = hop === 'www' && message.methodId === M_REGISTER ? message.to : message.from;
  const host = header === null ? '' : (parseUri(header.uri)?.host ?? '');
  return host === ''
    ? null
    : withoutPrefix(
        host.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()),
        prefix,
      );
}

/** The realm without realm_prefix, which is compared byte for byte. */
export function withoutPrefix(realm: string, prefix: string): string {
  return prefix !== '' && realm.startsWith(prefix) ? realm.slice(prefix.length) : realm;
}

/** Whether a text can be a realm on the wire: quotes are escaped, line ends and other controls cannot be. */
export function isRealm(text: string): boolean {
  return text !== '' && text.length <= 255 && /^[\x20-\x7e\x80-\xff]+$/.test(text);
}
