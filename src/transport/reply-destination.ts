import type { SipMessage } from '../message/message.ts';
import { ipFamily, unbracket } from './ip.ts';
import { defaultPort } from './listen.ts';
import type { Destination, Received } from './transport.ts';

/** The value of the maddr parameter of a Via's parameter text, empty when absent. */
function maddrOf(params: string): string {
  if (params === '') return '';
  return /;[ \t]*maddr[ \t]*=[ \t]*([^;\s,]+)/i.exec(params)?.[1] ?? '';
}

/**
 * Where the reply to a request goes, by its top Via and where it came from (RFC 3261 §18.2.2, RFC 3581 §4).
 *
 * - A stream's reply takes the request's connection; when that is closed, a new one to the source address and the sent-by port (WebSocket: none).
 * - UDP: maddr when it is an address; else the source address, with the source port if the Via has rport, else the sent-by port.
 *
 * The source address is always used where §18.2.2 says "received": `received` is what we would have written there.
 * @param forceRport treat the request as if its Via had rport (force_rport())
 */
export function replyDestination(request: SipMessage, from: Received, forceRport = false): Destination {
  const via = request.topVia;
  const { socket } = from;
  const { proto } = socket;
  const sentByPort = via === null || via.port === 0 ? defaultPort(proto) : via.port;
  if (proto !== 'udp') {
    // Nobody listens at a WebSocket client (RFC 7118 §5.2.1): port 0 says that no connection can be opened to it.
    const port = proto === 'ws' || proto === 'wss' ? 0 : sentByPort;
    return { socket, proto, ip: from.ip, port, connection: from.connection, serverName: '' };
  }
  const maddr = via === null ? '' : unbracket(maddrOf(via.params));
  if (maddr !== '' && ipFamily(maddr) === socket.family) {
    return { socket, proto, ip: maddr, port: sentByPort, connection: 0, serverName: '' };
  }
  const symmetric = forceRport || via === null || via.rport >= 0;
  return { socket, proto, ip: from.ip, port: symmetric ? from.port : sentByPort, connection: 0, serverName: '' };
}
