import { parseUri, type SipUri } from '../message/uri.ts';
import type { Destination, ListenSocket, Proto, TransportSender } from '../transport/transport.ts';
import type { RequestState } from './request-state.ts';
import type { Target } from './target.ts';

/** One address that RFC 3263 found for a next hop. */
export interface ResolvedTarget {
  readonly proto: Proto;
  readonly ip: string;
  readonly port: number;
  /** Name to check a TLS certificate against. */
  readonly serverName: string;
}

/** RFC 3263 as the proxy needs it. */
export interface NextHopResolver {
  /**
   * Addresses in order of preference when no look-up is needed (IP literal, cached names).
   * @returns null when a look-up has to be waited for; an empty list when the name is known not to exist
   */
  resolveNow(uri: SipUri): readonly ResolvedTarget[] | null;
  /** @throws an error with a DNS_… code */
  resolve(uri: SipUri): Promise<readonly ResolvedTarget[]>;
  /** The target just failed: prefer others for a while. */
  denied(target: ResolvedTarget): void;
}

/** Why a next hop cannot be used; status and text are what tm answers. */
export interface NextHopFailure {
  readonly status: number;
  readonly reason: string;
}

export const UNRESOLVABLE: NextHopFailure = { status: 478, reason: 'Unresolvable destination (478/TM)' };
export const BAD_DESTINATION: NextHopFailure = { status: 479, reason: 'Unparsable destination (479/TM)' };
export const SEND_FAILED: NextHopFailure = { status: 477, reason: 'Send failed (477/TM)' };
export const NO_SOCKET: NextHopFailure = { status: 500, reason: 'No socket for this destination (500/TM)' };
export const FAULT: NextHopFailure = { status: 500, reason: 'Server Internal Error (500/TM)' };

/** URI to resolve for a target, with a forced protocol or address put over it; null when it is unreadable. */
export function nextHopUri(target: Target, force: { proto?: string; host?: string; port?: number }): SipUri | null {
  const uri = parseUri(target.nextHop);
  if (uri === null || (uri.scheme !== 'sip' && uri.scheme !== 'sips')) {
    // A tel: URI needs a next hop of its own.
    if (force.host === undefined || uri === null) return null;
  }
  if (force.host === undefined && (force.proto === undefined || force.proto === '')) return uri;
  const host = force.host ?? uri.host;
  const port = force.host === undefined ? uri.port : (force.port ?? 0);
  const transport = force.proto === undefined || force.proto === '' ? uri.transport : force.proto;
  return parseUri(`sip:${host}${port === 0 ? '' : `:${port}`}${transport === '' ? '' : `;transport=${transport}`}`);
}

/**
 * A destination with what the route wants of connections and size.
 * @param stream STREAM_ bits
 * @param largeBy how it goes when it is too large for UDP
 */
export function withWishes(destination: Destination, stream: number, largeBy: RequestState['largeBy']): Destination {
  if (stream === 0 && largeBy === '') return destination;
  const size = largeBy === '' ? {} : largeBy === 'udp' ? { anySize: true } : { largeBy };
  return { ...destination, stream, ...size };
}

/**
 * The destination for a resolved target: the forced socket if it fits, else the one that the routing table says (mhomed), else the one the
 * request came in by, else the first that serves the protocol and family.
 */
export function destinationFor(
  sender: TransportSender,
  resolved: ResolvedTarget,
  forced: ListenSocket | null,
  receivedOn: ListenSocket | null,
): Destination | null {
  const family = resolved.ip.includes(':') ? 6 : 4;
  const socket = sender.socketFor(
    resolved.proto,
    family,
    forced ?? sender.socketTowards?.(resolved.proto, resolved.ip) ?? receivedOn,
  );
  if (socket === null) return null;
  return {
    socket,
    proto: resolved.proto,
    ip: resolved.ip,
    port: resolved.port,
    connection: 0,
    serverName: resolved.serverName,
  };
}
