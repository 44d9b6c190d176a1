import type { EditList } from './edits.ts';
import type { SipMessage } from './message.ts';
import { ParamCursor } from './params.ts';

/** Key of the edit that {@link addReceivedRport} records; {@link buildResponse} applies this one of a request's edits and no other. */
export const VIA_RECEIVED = 'via-received';

/**
 * Records what the top Via of a received request has to say about its sender: `received` when the sent-by host is not the source
 * address (RFC 3261 §18.2.1), both `received` and `rport` when the client asked for rport (RFC 3581 §4). Values that were there
 * already are replaced: only the receiver knows them. The rest of the Via stays as it is.
 * @param srcIp source address, IPv6 with or without brackets
 * @param forceRport add rport though the client did not ask (Kamailio's force_rport); received only where its host needs it
 * @returns true when an edit was recorded
 */
export function addReceivedRport(
  message: SipMessage,
  edits: EditList,
  srcIp: string,
  srcPort: number,
  forceRport: boolean,
): boolean {
  const via = message.topVia;
  if (via === null) return false;
  const ip = bare(srcIp);
  const withRport = forceRport || via.rport >= 0;
  const withReceived = via.rport >= 0 || bare(via.host) !== ip || via.received !== '';
  if (!withReceived && !withRport) return false;
  const { raw } = message;
  const start = via.end - via.params.length;
  const cursor = new ParamCursor(raw, start, via.end);
  let text = '';
  let from = start;
  while (cursor.next()) {
    if (cursor.is('received') || cursor.is('rport')) from = cursor.at;
    else {
      text += raw.slice(from, cursor.at);
      from = cursor.at;
    }
  }
  // RFC 5118 §4.5: no brackets around an IPv6 address in received.
  if (withReceived) text += `;received=${ip}`;
  if (withRport) text += `;rport=${srcPort}`;
  edits.replace(start, via.end, text + raw.slice(from, via.end), VIA_RECEIVED);
  return true;
}

function bare(host: string): string {
  return host.charCodeAt(0) === 0x5b ? host.slice(1, -1).toLowerCase() : host;
}
