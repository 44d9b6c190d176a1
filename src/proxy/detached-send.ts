import type { SipMessage } from '../message/message.ts';
import { sanitizeHeaderLines } from '../message/serializer.ts';
import type { ClientTransactionHandle, ClientTransactionUser } from '../transaction/transaction.ts';
import { Branch } from './branch.ts';
import { destinationFor, nextHopUri, withWishes } from './next-hop.ts';
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
  const sendTo = (found: Branch['candidates']): number => {
    const resolved = found[0];
    const chosen =
      resolved === undefined ? null : destinationFor(services.sender, resolved, target.socket, state.received.socket);
    if (chosen === null) {
      services.report('TM_REPLICATE_FAILED', `t_replicate: no way to ${next.text}`);
      return -1;
    }
    const destination = withWishes(chosen, state.forwardStream, state.largeBy);
    const branch = new Branch(0, target, 0);
    branch.request = changes;
    const viaBranch = `z9hG4bK${services.random.token(8)}.r`;
    const text = branchRequest(state, branch, services.options, outboundOf(state, destination), viaBranch);
    const client = services.transactions.createClient({
      branch: viaBranch,
      method: state.message.method,
      text,
      destination,
      timers: services.options.timers,
      user: SWALLOW,
    });
    return typeof client === 'string' ? -1 : 1;
  };
  const known = services.resolver.resolveNow(next);
  if (known !== null) return sendTo(known);
  services.resolver.resolve(next).then(sendTo, () => sendTo([]));
  return 1;
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
 * Sends a request of our own and forgets its replies.
 * @returns 1 sent or being resolved; -1 not
 */
export function sendOwnRequest(services: ProxyServices, request: OwnRequest, userAgent: string): number {
  const target = new Target(request.ruri);
  target.dstUri = request.nextHop;
  const next = nextHopUri(target, {});
  if (next === null) return -1;
  const sendTo = (found: Branch['candidates']): number => {
    const resolved = found[0];
    const destination = resolved === undefined ? null : destinationFor(services.sender, resolved, null, null);
    if (destination === null) {
      services.report('TM_SEND_FAILED', `t_uac_send: no way to ${next.text}`);
      return -1;
    }
    const viaBranch = `z9hG4bK${services.random.token(8)}.0`;
    const { socket } = destination;
    const at = `${socket.displayHost}:${socket.displayPort}`;
    const has = (name: string): boolean => new RegExp(`(^|\\n)${name}[ \\t]*:`, 'i').test(request.headers);
    const text =
      `${request.method} ${request.ruri} SIP/2.0\r\n` +
      `Via: SIP/2.0/${destination.proto.toUpperCase()} ${at};branch=${viaBranch}\r\n` +
      (has('(From|f)') ? '' : `From: <sip:${at}>;tag=${services.random.token(8)}\r\n`) +
      (has('(To|t)') ? '' : `To: <${request.ruri}>\r\n`) +
      (has('(Call-ID|i)') ? '' : `Call-ID: ${services.random.token(16)}\r\n`) +
      `CSeq: 1 ${request.method}\r\nMax-Forwards: 70\r\n${userAgent === '' ? '' : `${userAgent}\r\n`}` +
      `${sanitizeHeaderLines(request.headers)}Content-Length: ${request.body.length}\r\n\r\n${request.body}`;
    const client = services.transactions.createClient({
      branch: viaBranch,
      method: request.method,
      text,
      destination,
      timers: services.options.timers,
      user: SWALLOW,
    });
    return typeof client === 'string' ? -1 : 1;
  };
  const known = services.resolver.resolveNow(next);
  if (known !== null) return sendTo(known);
  services.resolver.resolve(next).then(sendTo, () => sendTo([]));
  return 1;
}
