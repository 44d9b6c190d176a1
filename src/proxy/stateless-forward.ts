import type { EditList } from '../message/edits.ts';
import { HDR_VIA } from '../message/header-name.ts';
import type { SipMessage } from '../message/message.ts';
import { M_CANCEL } from '../message/method.ts';
import type { Via } from '../message/via.ts';
import type { Destination, Proto, Received, SendObserver, TransportSender } from '../transport/transport.ts';
import { Branch } from './branch.ts';
import { statelessBranch } from './branch-id.ts';
import { destinationFor, nextHopUri, type ResolvedTarget, withWishes } from './next-hop.ts';
import type { ForwardOptions } from './proxy-core.ts';
import type { ProxyServices } from './proxy-services.ts';
import { addReplyViaParams, forwardedReply } from './reply-forward.ts';
import { branchRequest, outboundOf } from './request-forward.ts';
import type { RequestState } from './request-state.ts';

/** Forwards a request without a transaction (RFC 3261 §16.11). @returns 1 sent or being resolved; -1 not */
export function forwardRequest(services: ProxyServices, state: RequestState, options: ForwardOptions): number {
  // It was cancelled and answered while its route waited.
  if (state.transaction?.isCanceled === true) return -1;
  const { resolver } = services;
  const { nextHop = '' } = options;
  let { target } = state;
  if (nextHop !== '') {
    target = target.clone();
    target.dstUri = nextHop;
  }
  const uri = nextHopUri(target, options);
  if (uri === null) return -1;
  const known = resolver.resolveNow(uri);
  if (known !== null) return sendTo(services, state, known[0], options);
  resolver.resolve(uri).then(
    (found) => {
      if (sendTo(services, state, found[0], options) < 0)
        services.report('PROXY_FORWARD_FAILED', `cannot forward ${state.message.method} to ${uri.text}`);
    },
    () => services.report('PROXY_FORWARD_FAILED', `cannot resolve ${uri.text}: the ${state.message.method} is lost`),
  );
  return 1;
}

function sendTo(
  services: ProxyServices,
  state: RequestState,
  resolved: ResolvedTarget | undefined,
  wishes: ForwardOptions,
): number {
  const { sender, options } = services;
  if (resolved === undefined) return -1;
  const chosen = destinationFor(sender, resolved, state.target.socket, state.received.socket);
  if (chosen === null) return -1;
  const wanted = withWishes(chosen, state.forwardStream, state.largeBy);
  const branch = new Branch(0, state.target, 0);
  const { branchIndex, ownViaOnly = false } = wishes;
  const viaBranch = `${statelessBranch(state.message)}${branchIndex === undefined ? '' : `.${branchIndex}`}`;
  if (ownViaOnly) removeVias(state.message, branch.edits);
  const build = (to: Destination): string =>
    branchRequest(state, branch, options, outboundOf(state, to), viaBranch, state.statelessViaParam);
  let text = build(wanted);
  // A CANCEL has to go the way of its INVITE (RFC 3261 §9.1), which nobody remembers here: by the URI.
  const fits = state.message.methodId === M_CANCEL;
  const destination = fits ? wanted : (sender.fitTransport?.(wanted, text.length) ?? wanted);
  let observer: SendObserver | null = null;
  if (destination !== wanted) {
    text = build(destination);
    const byDatagram = { ...wanted, anySize: true };
    observer = { sendFailed: () => void sender.send(build(byDatagram), byDatagram, null) };
  }
  branch.destination = destination;
  const { onsendRoute } = state.hooks;
  if (onsendRoute !== null && !onsendRoute(state, branch, text)) return -1;
  services.counters.forwarded++;
  return sender.send(text, destination, observer) ? 1 : -1;
}

/** Takes every Via of the received request away: the wider edit wins over marks in them. */
function removeVias(message: SipMessage, edits: EditList): void {
  for (const { start, end } of message.findAll(HDR_VIA)) edits.replace(start, end, '');
}

/** Forwards a reply that no transaction waits for by its second Via. @returns 1 sent; -1 dropped */
export function forwardReply(services: ProxyServices, state: RequestState, reply: SipMessage, edits: EditList): number {
  const { sender, counters } = services;
  const next = reply.vias[1];
  // Without one the reply was for us and its transaction has gone.
  const destination = next === undefined ? null : viaDestination(sender, next, state.received);
  if (destination === null) {
    counters.droppedReplies++;
    return -1;
  }
  counters.repliesForwarded++;
  services.restoreReply(reply, edits);
  addReplyViaParams(state, reply, edits);
  const wanted = withWishes(destination, state.forwardStream | state.replyStream, '');
  if (sender.send(forwardedReply(reply, edits), wanted, null)) return 1;
  counters.droppedReplies++;
  return -1;
}

/** RFC 3261 §18.2.2 for a reply that carries the way in its Via; null when it names no address. */
function viaDestination(sender: TransportSender, via: Via, from: Received): Destination | null {
  const proto = via.transport.toLowerCase();
  if (!isProto(proto)) return null;
  const host = via.received === '' ? via.host : via.received;
  const ip = host.startsWith('[') ? host.slice(1, -1) : host;
  if (!/^[\d.]+$|:/.test(ip)) return null;
  const port =
    via.rport > 0 ? via.rport : via.port === 0 ? (proto === 'tls' || proto === 'wss' ? 5061 : 5060) : via.port;
  return destinationFor(sender, { proto, ip, port, serverName: '' }, null, from.socket);
}

function isProto(text: string): text is Proto {
  return text === 'udp' || text === 'tcp' || text === 'tls' || text === 'ws' || text === 'wss';
}
