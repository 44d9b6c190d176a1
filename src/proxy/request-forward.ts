import type { Outbound } from '../message/edits.ts';
import { HDR_ROUTE } from '../message/header-name.ts';
import { addReceivedRport, buildForwardedRequest } from '../message/serializer.ts';
import type { TransactionTimers } from '../transaction/transaction.ts';
import type { Destination } from '../transport/transport.ts';
import type { Branch } from './branch.ts';
import type { BranchHost } from './branch-host.ts';
import { destinationFor, type NextHopFailure, NO_SOCKET, SEND_FAILED, withWishes } from './next-hop.ts';
import type { ProxyOptions } from './options.ts';
import { renderRecordRoute } from './record-route.ts';
import type { RequestState, ViaWishes } from './request-state.ts';

/** Our address as Via and Record-Route show it for a message that leaves by this destination. */
export function outboundOf(state: RequestState, destination: Destination): Outbound {
  const { socket, proto } = destination;
  return {
    proto,
    host: state.advertisedHost === '' ? socket.displayHost : state.advertisedHost,
    port: state.advertisedPort === 0 ? socket.displayPort : state.advertisedPort,
  };
}

/** Value of our Via (RFC 3261 §16.6 step 8). Without a port the Via of a TLS socket would mean 5061, and that of WebSocket 80 (§18.2.2). */
export function viaValue(out: Outbound, branch: string, rport: boolean): string {
  const port = out.port === 5060 && (out.proto === 'udp' || out.proto === 'tcp') ? '' : `:${out.port}`;
  return `SIP/2.0/${out.proto.toUpperCase()} ${out.host}${port};branch=${branch}${rport ? ';rport' : ''}`;
}

/** Our address as Via shows it where the route wants another there. Record-Route keeps the socket's. */
function viaAddress(out: Outbound, wishes: ViaWishes | null): Outbound {
  const wanted = wishes?.address() ?? null;
  return wanted === null ? out : { ...out, host: wanted.host, port: wanted.port || out.port };
}

/** Marks the top Via with received and rport once per message (RFC 3261 §18.2.1, RFC 3581 §4). */
export function markVia(state: RequestState, options: ProxyOptions): void {
  if (state.viaMarkedOn === state.message) return;
  state.viaMarkedOn = state.message;
  addReceivedRport(
    state.message,
    state.edits,
    state.received.ip,
    state.received.port,
    state.forceRport || options.forceRport,
  );
}

/**
 * Text of the request as one branch sends it, start line to body (RFC 3261 §16.6 steps 1-8).
 * @param statelessParam parameter for our Via that the replies bring back
 */
export function branchRequest(
  state: RequestState,
  branch: Branch,
  options: ProxyOptions,
  out: Outbound,
  viaBranch: string,
  statelessParam = '',
): string {
  const { message, viaWishes } = state;
  markVia(state, options);
  const recordRoute = renderRecordRoute(state, branch, options.recordRoute, out);
  if (recordRoute !== '') branch.edits.insert(message.headersStart, recordRoute, 'record-route');
  if (branch.target.path !== '') {
    const at = message.find(HDR_ROUTE)?.start ?? message.headersEnd;
    branch.edits.insert(at, `Route: ${branch.target.path}\r\n`, 'path');
  }
  return buildForwardedRequest(message, {
    requestUri: branch.target.uri,
    via:
      viaValue(viaAddress(out, viaWishes), viaBranch, options.localRport || state.localRport) +
      state.viaParams +
      (viaWishes?.params() ?? '') +
      statelessParam,
    edits: branch.request?.edits ?? state.edits,
    branchEdits: branch.edits,
    out,
  });
}

/** Timers of a branch: tm's, the request's own over them, and for a later leg what is left of the transaction's lifetime. */
function timersOf(state: RequestState, leg: number, base: TransactionTimers, now: number): TransactionTimers {
  const own = state.fr | state.frInv | state.retr1 | state.retr2 | state.maxInvLifetime | state.maxNonInvLifetime;
  if (own === 0 && leg === 0) return base;
  const elapsed = leg === 0 ? 0 : Math.max(0, now - state.received.at);
  const left = (lifetime: number): number => Math.max(1000, lifetime - elapsed);
  return {
    ...base,
    fr: state.fr || base.fr,
    frInv: state.frInv || base.frInv,
    retr1: state.retr1 || base.retr1,
    retr2: state.retr2 || base.retr2,
    maxInvLifetime: left(state.maxInvLifetime || base.maxInvLifetime),
    maxNonInvLifetime: left(state.maxNonInvLifetime || base.maxNonInvLifetime),
  };
}

/**
 * Builds and sends a branch to its current candidate address (RFC 3261 §16.6 steps 8-10). A request that is too large for UDP goes by a stream,
 * with Via, Record-Route and timers of that stream (§18.1.1).
 * @param anySize by UDP even so: the stream could not be opened
 * @returns why it could not be sent, or null
 */
export function sendBranch(host: BranchHost, branch: Branch, anySize = false): NextHopFailure | null {
  const { state, services } = host;
  const { options } = services;
  const resolved = branch.candidates[branch.candidate];
  if (resolved === undefined) return NO_SOCKET;
  const chosen = destinationFor(services.sender, resolved, branch.target.socket, state.received.socket);
  if (chosen === null) return NO_SOCKET;
  const wished = withWishes(chosen, state.forwardStream | branch.target.stream, state.largeBy);
  const wanted = anySize ? { ...wished, anySize } : wished;
  const viaBranch = `${host.branchBase}.${branch.index}${branch.attempts === 0 ? '' : `-${branch.attempts}`}`;
  branch.attempts++;
  let text = branchRequest(state, branch, options, outboundOf(state, wanted), viaBranch);
  const destination = services.sender.fitTransport?.(wanted, text.length) ?? wanted;
  branch.movedForSize = destination !== wanted;
  if (branch.movedForSize) text = branchRequest(state, branch, options, outboundOf(state, destination), viaBranch);
  branch.sentRuri = branch.target.uri;
  branch.destination = destination;
  const { onsendRoute } = state.hooks;
  if (onsendRoute !== null && !onsendRoute(state, branch, text))
    return { status: 500, reason: 'Blocked by onsend_route (500/TM)' };
  const client = services.transactions.createClient({
    branch: viaBranch,
    method: state.message.method,
    text,
    destination,
    timers: timersOf(state, branch.leg, options.timers, services.clock.now()),
    user: host,
  });
  if (client === 'TRANSACTION_LIMIT') return { status: 503, reason: 'Too many transactions (503/TM)' };
  if (client === 'TRANSACTION_EXISTS') return SEND_FAILED;
  branch.client = client;
  branch.status = 0;
  branch.replies = 0;
  return null;
}
