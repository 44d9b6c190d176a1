import type { SipMessage } from '../message/message.ts';
import { sanitizeHeaderLines } from '../message/serializer.ts';
import type { SipUri } from '../message/uri.ts';
import type { ClientTransactionHandle, ClientTransactionUser } from '../transaction/transaction.ts';
import type { Destination } from '../transport/transport.ts';
import { Branch } from './branch.ts';
import { destinationFor, nextHopUri, type ResolvedTarget, withWishes } from './next-hop.ts';
import type { LocalRequest } from './own-request.ts';
import type { RelayOptions } from './proxy-core.ts';
import type { ProxyServices } from './proxy-services.ts';
import { branchRequest, markVia, outboundOf } from './request-forward.ts';
import type { RequestState } from './request-state.ts';
import { Target } from './target.ts';

/** A client transaction nobody waits for: its replies are taken and forgotten. */
class Swallow implements ClientTransactionUser {
  onResponse(_client: ClientTransactionHandle, _response: SipMessage): void {}
  onTimeout(): void {}
  onSendFailed(): void {}
}

const SWALLOW = new Swallow();

/** What a detached request has of its own. */
interface Detached {
  readonly method: string;
  /** Where it goes, with what the route wants; null when there is no way. */
  destination(to: ResolvedTarget): Destination | null;
  /** Its text. */
  build(destination: Destination, viaBranch: string): string;
  /** Ends the Via branch. */
  readonly suffix: string;
  /** There is no way to it. */
  lost(): void;
}

/**
 * Sends a request in a client transaction that nobody waits for.
 * @returns 1 sent or being resolved; -1 not
 */
function send(services: ProxyServices, next: SipUri, request: Detached): number {
  const { resolver } = services;
  const sendTo = (found: readonly ResolvedTarget[]): number => {
    const destination = found[0] === undefined ? null : request.destination(found[0]);
    if (destination === null) {
      request.lost();
      return -1;
    }
    const viaBranch = `z9hG4bK${services.random.token(8)}.${request.suffix}`;
    const client = services.transactions.createClient({
      branch: viaBranch,
      method: request.method,
      text: request.build(destination, viaBranch),
      destination,
      timers: services.options.timers,
      user: SWALLOW,
    });
    return typeof client === 'string' ? -1 : 1;
  };
  const known = resolver.resolveNow(next);
  if (known !== null) return sendTo(known);
  resolver.resolve(next).then(sendTo, () => sendTo([]));
  return 1;
}

/**
 * Sends a stateful copy of the request somewhere else and swallows what comes back (t_replicate).
 * @param uri destination URI, empty for $du or $ru
 * @returns 1 sent or being resolved; -1 not
 */
export function replicate(services: ProxyServices, state: RequestState, uri: string, options: RelayOptions): number {
  const target = new Target(state.target.uri);
  target.dstUri = uri === '' ? state.target.dstUri : uri;
  target.socket = state.target.socket;
  const next = nextHopUri(target, options);
  if (next === null) return -1;
  markVia(state, services.options);
  // What the route changes afterwards is not for the copy.
  const changes = state.changes.clone();
  return send(services, next, {
    method: state.message.method,
    suffix: 'r',
    destination: (to) => {
      const chosen = destinationFor(services.sender, to, target.socket, state.received.socket);
      return chosen === null ? null : withWishes(chosen, state.forwardStream, state.largeBy);
    },
    build: (destination, viaBranch) => {
      const branch = new Branch(0, target, 0);
      branch.request = changes;
      return branchRequest(state, branch, services.options, outboundOf(state, destination), viaBranch);
    },
    lost: () => services.report('TM_REPLICATE_FAILED', `t_replicate: no way to ${next.text}`),
  });
}

/** A request of our own, without a dialog (t_uac_send). */
export interface OwnRequest {
  readonly method: string;
  readonly ruri: string;
  /** Next hop URI, empty for the Request-URI. */
  readonly nextHop: string;
  /** Header lines with CRLF: From and To are expected there or made from the Request-URI. */
  readonly headers: string;
  readonly body: string;
}

/**
 * Sends a request of our own and forgets its replies. A route of ours may change it first (event_route[tm:local-request]).
 * @returns 1 sent, being resolved, or dropped by that route; -1 not
 */
export function sendOwnRequest(services: ProxyServices, request: OwnRequest, userAgent: string): number {
  const { method, ruri, nextHop } = request;
  const local = { method, ruri, nextHop, socket: null, rest: restOf(services, request, userAgent) };
  const shaped = services.localRequest === null ? local : services.localRequest(local);
  if (!(shaped instanceof Promise)) return sendLocal(services, shaped);
  shaped.then(
    (changed) => sendLocal(services, changed),
    () => services.report('TM_SEND_FAILED', 't_uac_send: event_route[tm:local-request] failed'),
  );
  return 1;
}

function sendLocal(services: ProxyServices, request: LocalRequest | null): number {
  if (request === null) return 1;
  const { method, ruri, nextHop, socket: wanted, rest } = request;
  const target = new Target(ruri);
  target.dstUri = nextHop;
  const next = nextHopUri(target, {});
  if (next === null) return -1;
  return send(services, next, {
    method,
    suffix: '0',
    destination: (to) => destinationFor(services.sender, to, wanted, null),
    build: ({ socket, proto }, branch) =>
      `${method} ${ruri} SIP/2.0\r\nVia: SIP/2.0/${proto.toUpperCase()} ${socket.displayHost}:${socket.displayPort};branch=${branch}\r\n${rest}`,
    lost: () => services.report('TM_SEND_FAILED', `t_uac_send: no way to ${next.text}`),
  });
}

/** Everything after Via. */
function restOf(
  { random, sender }: ProxyServices,
  { method, ruri, headers, body }: OwnRequest,
  userAgent: string,
): string {
  const [socket] = sender.sockets;
  const at = socket === undefined ? 'localhost' : `${socket.displayHost}:${socket.displayPort}`;
  const has = (name: string): boolean => new RegExp(`(^|\\n)${name}[ \\t]*:`, 'i').test(headers);
  return (
    (has('(From|f)') ? '' : `From: <sip:${at}>;tag=${random.token(8)}\r\n`) +
    (has('(To|t)') ? '' : `To: <${ruri}>\r\n`) +
    (has('(Call-ID|i)') ? '' : `Call-ID: ${random.token(16)}\r\n`) +
    `CSeq: 1 ${method}\r\nMax-Forwards: 70\r\n${userAgent === '' ? '' : `${userAgent}\r\n`}` +
    `${sanitizeHeaderLines(headers)}Content-Length: ${body.length}\r\n\r\n${body}`
  );
}
