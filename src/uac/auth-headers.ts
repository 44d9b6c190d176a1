import { type AuthCredentials, parseCredentials, printCredentials } from '../message/auth-header.ts';
import type { EditList } from '../message/edits.ts';
import { HDR_AUTHORIZATION, HDR_PROXY_AUTHORIZATION, type HeaderId } from '../message/header-name.ts';
import type { SipMessage } from '../message/message.ts';

/** Header that answers a 401 or a 407. */
export type AuthHeaderName = 'Authorization' | 'Proxy-Authorization';

export function authHeaderId(name: AuthHeaderName): HeaderId {
  return name === 'Authorization' ? HDR_AUTHORIZATION : HDR_PROXY_AUTHORIZATION;
}

/**
 * Records the removal of the received credentials for realms that we answer: ours take their place (two for one realm contradict each other,
 * and the caller's password is not the trunk's). Credentials of other realms stay (RFC 3261 §22.3).
 * @param edits where to record; those of the branch, so that other branches keep what came
 */
export function removeRealms(
  message: SipMessage,
  edits: EditList,
  name: AuthHeaderName,
  realms: ReadonlySet<string>,
): void {
  for (const header of message.findAll(authHeaderId(name))) {
    const all = parseCredentials(message.raw, header.valueStart, header.valueEnd);
    const others = all.filter((one) => one.kind !== 'digest' || !realms.has(one.realm));
    if (others.length === all.length) continue;
    // A line that joins credentials of several realms by commas is written anew with what stays (RFC 3261 §7.3.1: one a line).
    const values = others.map(print).filter((value) => value !== '');
    edits.replace(
      header.start,
      header.end,
      values.map((value) => `${name}: ${value}\r\n`).join(''),
      `credentials@${header.start}`,
    );
  }
}

function print(one: AuthCredentials): string {
  if (one.kind === 'digest') return printCredentials(one) ?? '';
  const params = one.params.map(({ name, escaped }) => `${name}="${escaped}"`).join(', ');
  return `${one.scheme} ${one.token68 === '' ? params : one.token68}`;
}
