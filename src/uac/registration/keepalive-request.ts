import type { ResolvedTarget } from '../../proxy/next-hop.ts';
import { bracket } from '../../transport/ip.ts';
import type { ListenSocket } from '../../transport/transport.ts';

/**
 * An OPTIONS whose only purpose is to be answered, by whatever status (RFC 3261 §11).
 * @param token of the From tag and the Call-ID
 * @returns latin1 text
 */
export function keepaliveText(
  { ip, port }: ResolvedTarget,
  { proto, displayHost, displayPort }: ListenSocket,
  branch: string,
  token: string,
): string {
  const uri = `sip:${bracket(ip)}:${port}`;
  return (
    `OPTIONS ${uri} SIP/2.0\r\n` +
    `Via: SIP/2.0/${proto.toUpperCase()} ${displayHost}:${displayPort};branch=${branch};rport\r\n` +
    `From: <sip:keepalive@${displayHost}>;tag=${token}\r\nTo: <${uri}>\r\nCall-ID: ${token}\r\nCSeq: 1 OPTIONS\r\n` +
    'Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n'
  );
}
