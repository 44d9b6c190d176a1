import type { SipMessage } from '../message/message.ts';
import { ParseFailure, parseMessage } from '../message/parser.ts';
import { RequestState } from '../proxy/request-state.ts';
import { ScriptContext } from '../script/context.ts';
import type { Program } from '../script/program.ts';
import { ROUTE_EVENT, ROUTE_REQUEST } from '../script/values.ts';
import type { ListenSocket, Received } from '../transport/transport.ts';

/** The message that routes see when none caused them; scripts know it from Kamailio's own. */
const SYNTHETIC =
  'OPTIONS sip:you@kamailio.org SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1\r\nFrom: <sip:you@kamailio.org>;tag=123\r\n' +
  'To: <sip:you@kamailio.org>\r\nCall-ID: 123\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n';

/** Stands in for a socket while there is none yet. */
const NO_SOCKET: ListenSocket = {
  index: 0,
  proto: 'udp',
  address: '127.0.0.1',
  family: 4,
  port: 5060,
  name: '',
  displayHost: '127.0.0.1',
  displayPort: 5060,
};

function syntheticMessage(): SipMessage {
  const message = parseMessage(SYNTHETIC);
  if (message instanceof ParseFailure) throw new Error(message.reason);
  return message;
}

/** Where a message came from that nobody sent. */
export function fromHere(sockets: readonly ListenSocket[], now: number): Received {
  const socket = sockets[0] ?? NO_SOCKET;
  return { socket, ip: '127.0.0.1', port: 5060, connection: 0, at: now };
}

/**
 * Runs a route that no message caused: a start, a timer, a closed connection. Errors in it are logged by the program.
 * @param kind `event`, or `route` for the block of a timer
 * @returns false when the program has no such route
 */
export function runOccasion(program: Program, kind: 'event' | 'route', name: string, from: Received): boolean {
  const route = program.route(kind, name);
  if (route === null) return false;
  const message = syntheticMessage();
  const state = new RequestState(message, from, program.hooks);
  state.faked = true;
  const type = kind === 'event' ? ROUTE_EVENT : ROUTE_REQUEST;
  // Whoever waits in it goes on by itself: nobody needs the result.
  void program.run(
    route,
    new ScriptContext(program, type, message, state, state.target, state.edits, null, null, from, 0),
  );
  return true;
}
