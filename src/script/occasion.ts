import type { SipMessage } from '../message/message.ts';
import { ParseFailure, parseMessage } from '../message/parser.ts';
import { RequestState } from '../proxy/request-state.ts';
import type { ListenSocket, Received } from '../transport/transport.ts';
import { ScriptContext } from './context.ts';
import type { Program } from './program.ts';
import { ROUTE_EVENT, ROUTE_REQUEST, type RouteMask } from './values.ts';

/** The message that routes see when none caused them: a complete request that names nobody. */
const SYNTHETIC =
  'OPTIONS sip:nobody@localhost.invalid SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKnone\r\nMax-Forwards: 70\r\n' +
  'From: <sip:nobody@localhost.invalid>;tag=none\r\nTo: <sip:nobody@localhost.invalid>\r\nCall-ID: none@localhost.invalid\r\n' +
  'CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n';

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

/** A run that no message caused, of this type; its request names nobody. */
export function occasion(program: Program, type: RouteMask, from: Received): ScriptContext {
  const message = syntheticMessage();
  const state = new RequestState(message, from, program.hooks);
  state.faked = true;
  return new ScriptContext(program, type, message, state, state.target, state.edits, null, null, from, 0);
}

/**
 * Runs a route that no message caused: a start, a timer, a closed connection. Errors in it are logged by the program.
 * @param kind `event`, or `route` for the block of a timer
 * @param prepare gives the run what it is about, before it begins
 * @returns false when the program has no such route
 */
export function runOccasion(
  program: Program,
  kind: 'event' | 'route',
  name: string,
  from: Received,
  prepare?: (ctx: ScriptContext) => void,
): boolean {
  const route = program.route(kind, name);
  if (route === null) return false;
  const ctx = occasion(program, kind === 'event' ? ROUTE_EVENT : ROUTE_REQUEST, from);
  prepare?.(ctx);
  // Whoever waits in it goes on by itself: nobody needs the result.
  void program.run(route, ctx);
  return true;
}
