import type { Outbound } from '../message/edits.ts';
import type { ListenSocket } from '../transport/transport.ts';
import type { Branch } from './branch.ts';
import type { RecordRoute, RequestState } from './request-state.ts';

/** rr parameters that shape the header. */
export interface RecordRouteOptions {
  /** append_fromtag: add `;ftag=<From tag>`. */
  readonly appendFromTag: boolean;
  /** enable_full_lr: `;lr=on` instead of `;lr`. */
  readonly fullLr: boolean;
  /** enable_double_rr: 0 never, 1 when the sockets differ, 2 always (RFC 5658). */
  readonly doubleRr: number;
  /** add_username: put the From user into the URI. */
  readonly addUsername: boolean;
}

export const DEFAULT_RECORD_ROUTE_OPTIONS: RecordRouteOptions = {
  appendFromTag: true,
  fullLr: false,
  doubleRr: 1,
  addUsername: false,
};

interface Face {
  readonly host: string;
  readonly port: number;
  readonly proto: string;
}

function face(socket: ListenSocket): Face {
  return { host: socket.displayHost, port: socket.displayPort, proto: socket.proto };
}

/** A tag as a URI parameter's value: what is no token character would end the parameter or make a user part of what stands before it. */
function paramText(tag: string): string {
  if (!/[^\w.!%*+`'~-]/.test(tag)) return tag;
  return tag.replace(/[^\w.!%*+`'~-]/g, (c) => `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/**
 * host[:port][;transport=x] as Record-Route shows a socket: UDP and its default port are not written. TLS and WebSocket have other default ports
 * (RFC 3261 §19.1.2, RFC 7118 §8), so theirs is always written, unless none is known (0).
 */
export function socketAddress({ host, port, proto }: Face): string {
  const portText = port === 0 || (port === 5060 && (proto === 'udp' || proto === 'tcp')) ? '' : `:${port}`;
  return `${host}${portText}${proto === 'udp' ? '' : `;transport=${proto}`}`;
}

/**
 * The Record-Route lines of an outgoing request, rendered when the outgoing socket is known. Two lines (RFC 5658) when the request leaves by
 * another socket than it came in by: the outbound one on top, then the inbound one.
 * @returns header lines with CRLF; empty when nothing was asked for
 */
export function renderRecordRoute(
  state: RequestState,
  branch: Branch,
  options: RecordRouteOptions,
  out: Outbound,
): string {
  const request = branch.request ?? state.changes;
  const wish = branch.recordRoute ?? request.recordRoute;
  if (wish === null) return '';
  const tag = options.appendFromTag ? (state.pristine.from?.tag ?? '') : '';
  const ftag = tag === '' ? '' : `;ftag=${paramText(tag)}`;
  const lr = options.fullLr ? ';lr=on' : ';lr';
  const params = wish.params + request.routeParams.text(branch.routeParams);
  if (wish.preset.length > 0) {
    const double = wish.preset.length > 1 ? ';r2=on' : '';
    // The literal address comes first, then ftag and lr: the original's order for record_route_preset.
    return wish.preset.map((text) => `Record-Route: <sip:${text}${double}${ftag}${lr}${params}>\r\n`).join('');
  }
  // RFC 3261 §16.6 step 4: a request to a sips URI stays on TLS inside the dialog, too.
  const scheme = /^sips:/i.test(branch.target.uri) ? 'sips:' : 'sip:';
  const user = options.addUsername ? userPart(state) : '';
  const outbound: Face = wish.advertised === '' ? out : { ...advertised(wish, out) };
  const inbound = face(state.received.socket);
  const differs = outbound.host !== inbound.host || outbound.port !== inbound.port || outbound.proto !== inbound.proto;
  if (options.doubleRr === 2 || (options.doubleRr === 1 && differs && wish.advertised === '')) {
    const tail = `;r2=on${lr}${ftag}${params}>\r\n`;
    return (
      `Record-Route: <${scheme}${user}${socketAddress(outbound)}${tail}` +
      `Record-Route: <${scheme}${user}${socketAddress(inbound)}${tail}`
    );
  }
  return `Record-Route: <${scheme}${user}${socketAddress(outbound)}${lr}${ftag}${params}>\r\n`;
}

function advertised(wish: RecordRoute, out: Outbound): Face {
  const colon = wish.advertised.lastIndexOf(':');
  const hasPort = colon > wish.advertised.lastIndexOf(']');
  return {
    host: hasPort ? wish.advertised.slice(0, colon) : wish.advertised,
    port: hasPort ? Number(wish.advertised.slice(colon + 1)) : 0,
    proto: out.proto,
  };
}

function userPart(state: RequestState): string {
  const uri = state.pristine.from?.uri ?? '';
  const at = uri.indexOf('@');
  const colon = uri.indexOf(':');
  return at > colon && colon >= 0 ? `${uri.slice(colon + 1, at)}@` : '';
}
