import { SipMessage } from '../message/message.ts';
import { parseMessage } from '../message/parser.ts';
import { buildForwardedRequest } from '../message/serializer.ts';
import type { LocalRequest, LocalRequestHook } from '../proxy/own-request.ts';
import { RequestState } from '../proxy/request-state.ts';
import type { Received } from '../transport/transport.ts';
import { DROP, ScriptContext } from './context.ts';
import type { CompiledRoute, Program } from './program.ts';
import { ROUTE_LOCAL } from './values.ts';

/** Stand for our Via, which is written when the destination is known. */
const BEFORE = 'Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKlocal\r\n';
const AFTER = 'SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKshaped';

/**
 * What event_route[tm:local-request] of a program does to requests of our own: it sees them as messages, may edit them, send them elsewhere
 * ($ru, $du), or drop them.
 * @param from what they have as their source
 * @returns null when the program has no such route
 */
export function localRequestHook(program: Program, from: () => Received): LocalRequestHook | null {
  const route = program.route('event', 'tm:local-request');
  if (route === null) return null;
  return (request) => shape(program, route, request, from());
}

function shape(
  program: Program,
  route: CompiledRoute,
  request: LocalRequest,
  here: Received,
): LocalRequest | null | Promise<LocalRequest | null> {
  const message = parseMessage(`${request.method} ${request.ruri} SIP/2.0\r\n${BEFORE}${request.rest}`);
  // What cannot be read cannot be shown to a route; it leaves as it is, and its peer may say more.
  if (!(message instanceof SipMessage)) return request;
  const from = request.socket === null ? here : { ...here, socket: request.socket };
  const state = new RequestState(message, from, program.hooks);
  const { target, edits } = state;
  const ctx = new ScriptContext(program, ROUTE_LOCAL, message, state, target, edits, null, null, from, 0);
  const done = program.run(route, ctx);
  return typeof done === 'number' ? shaped(request, ctx) : done.then(() => shaped(request, ctx));
}

function shaped(request: LocalRequest, { state, stop }: ScriptContext): LocalRequest | null {
  if (stop === DROP) return null;
  const { target, message, edits, received } = state;
  const socket = target.socket ?? request.socket;
  const nextHop = target.dstUri === '' ? request.nextHop : target.dstUri;
  const changed = { ...request, ruri: target.uri, nextHop, socket };
  if (edits.isEmpty && message === state.pristine) return changed;
  const { proto, displayHost, displayPort } = received.socket;
  const text = buildForwardedRequest(message, {
    requestUri: target.uri,
    via: AFTER,
    edits,
    branchEdits: null,
    out: { proto, host: displayHost, port: displayPort },
  });
  const rest = text.slice(text.indexOf('\r\n') + 2);
  return { ...changed, rest: rest.replace(`Via: ${AFTER}\r\n`, '').replace(BEFORE, '') };
}
