import { HDR_ROUTE } from '../message/header-name.ts';
import type { HeaderField, SipMessage } from '../message/message.ts';
import { type NameAddr, paramValue, parseNameAddr } from '../message/name-addr.ts';
import { parseUri, type SipUri, unescapeUser } from '../message/uri.ts';
import type { ListenSocket, Proto, TransportSender } from '../transport/transport.ts';
import type { OwnRoute, RequestState } from './request-state.ts';

/** What loose routing found; codes as in rr. */
export type LooseRouteCode = 1 | -1 | -3;

interface RouteValue {
  readonly header: HeaderField;
  readonly value: NameAddr;
  readonly uri: SipUri;
}

/** Every Route value in order; null when one is unreadable. */
function routeValues(message: SipMessage): RouteValue[] | null {
  const values: RouteValue[] = [];
  for (const header of message.headers) {
    if (header.id !== HDR_ROUTE) continue;
    let at = header.valueStart;
    while (at < header.valueEnd) {
      const value = parseNameAddr(message.raw, at, header.valueEnd);
      if (value === null) return null;
      const uri = parseUri(value.uri);
      if (uri === null) return null;
      values.push({ header, value, uri });
      at = value.end + 1;
    }
  }
  return values;
}

function defaultPort(uri: SipUri): number {
  if (uri.port !== 0) return uri.port;
  return uri.scheme === 'sips' || uri.transport === 'tls' ? 5061 : 5060;
}

function isOurs(sender: TransportSender, uri: SipUri): boolean {
  return (uri.scheme === 'sip' || uri.scheme === 'sips') && sender.isMyself(uri.host, defaultPort(uri));
}

/** Removes the first `count` Route values: whole lines where all of a line's values go, else the head of the list. */
function removeRoutes(state: RequestState, values: readonly RouteValue[], count: number): void {
  const { edits } = state;
  let at = 0;
  while (at < count) {
    const { header } = values[at] as RouteValue;
    let next = at;
    while (next < values.length && values[next]?.header === header) next++;
    if (next <= count) edits.replace(header.start, header.end, '');
    else edits.replace(header.valueStart, (values[count] as RouteValue).value.start, '');
    at = next;
  }
}

function socketOf(sender: TransportSender, uri: SipUri): ListenSocket | null {
  const proto = (uri.transport === '' ? (uri.scheme === 'sips' ? 'tls' : 'udp') : uri.transport) as Proto;
  const port = defaultPort(uri);
  const host = uri.host.toLowerCase();
  for (const socket of sender.sockets) {
    if (socket.proto !== proto) continue;
    const bare = socket.family === 6 ? `[${socket.address}]` : socket.address;
    if (
      (socket.port === port && bare === host) ||
      (socket.displayPort === port && socket.displayHost.toLowerCase() === host)
    )
      return socket;
  }
  return null;
}

/**
 * Loose routing of a request (RFC 3261 §16.4, §16.12; rr's loose_route).
 *
 * Our own topmost Route (and its RFC 5658 twin) is removed; the next one becomes the next hop. Requests of strict routers (our URI in the
 * Request-URI) get their Request-URI back from the last Route.
 * @param strictCheck false skips the strict-router test (loose_route_mode 1)
 * @returns 1 routed by Route headers; -1 no Route or an unreadable one; -3 the only Route was ours and the request is no in-dialog one
 */
export function looseRoute(
  state: RequestState,
  sender: TransportSender,
  onOwnRoute: (state: RequestState, route: OwnRoute) => void,
  strictCheck = true,
): LooseRouteCode {
  const { message } = state;
  if (message.find(HDR_ROUTE) === undefined) return -1;
  const values = routeValues(message);
  if (values === null || values.length === 0) return -1;
  const inDialog = (message.to?.tag ?? '') !== '';
  if (inDialog && strictCheck) {
    const ruri = parseUri(state.target.uri);
    if (ruri !== null && isOurs(sender, ruri) && paramValue(ruri.params, 'gr') === undefined)
      return afterStrict(state, sender, values, ruri, onOwnRoute);
  }
  return afterLoose(state, sender, values, inDialog, onOwnRoute);
}

function afterLoose(
  state: RequestState,
  sender: TransportSender,
  values: readonly RouteValue[],
  inDialog: boolean,
  onOwnRoute: (state: RequestState, route: OwnRoute) => void,
): LooseRouteCode {
  const first = values[0] as RouteValue;
  let removed = 0;
  let own: RouteValue | null = null;
  if (isOurs(sender, first.uri)) {
    own = first;
    removed = 1;
    const second = values[1];
    if (paramValue(first.uri.params, 'r2') !== undefined && second !== undefined && isOurs(sender, second.uri)) {
      removed = 2;
      // The twin names the socket of the other side: leave by it (RFC 5658 §5).
      state.target.socket = socketOf(sender, second.uri);
    }
  }
  if (removed > 0) removeRoutes(state, values, removed);
  const next = values[removed];
  if (next !== undefined) {
    if (paramValue(next.uri.params, 'lr') !== undefined) {
      state.target.dstUri = next.value.uri;
    } else {
      // RFC 3261 §16.6 step 6: a strict router is next; it finds its own URI as Request-URI and ours at the end of the Routes.
      const last = values[values.length - 1] as RouteValue;
      removeRoutes(state, values, removed + 1);
      state.edits.insert(last.header.end, `Route: <${state.target.uri}>\r\n`);
      state.target.uri = next.value.uri;
    }
  }
  if (own !== null) announce(state, own, onOwnRoute);
  if (next === undefined && !inDialog) return -3;
  return 1;
}

function afterStrict(
  state: RequestState,
  sender: TransportSender,
  values: readonly RouteValue[],
  ruri: SipUri,
  onOwnRoute: (state: RequestState, route: OwnRoute) => void,
): LooseRouteCode {
  let removed = 0;
  const first = values[0] as RouteValue;
  // A double Record-Route by us: the Request-URI had the first half, the top Route is the second.
  if (paramValue(ruri.params, 'r2') !== undefined && isOurs(sender, first.uri)) removed = 1;
  const rest = values.slice(removed);
  if (rest.length === 0) {
    removeRoutes(state, values, removed);
    return 1;
  }
  const last = rest[rest.length - 1] as RouteValue;
  removeRoutes(state, values, removed);
  const head = rest[0] as RouteValue;
  if (rest.length > 1 && paramValue(head.uri.params, 'lr') !== undefined) state.target.dstUri = head.value.uri;
  state.target.uri = last.value.uri;
  const sameLine = rest.length > 1 && rest[rest.length - 2]?.header === last.header;
  if (sameLine) state.edits.replace((rest[rest.length - 2] as RouteValue).value.end, last.value.end, '');
  else state.edits.replace(last.header.start, last.header.end, '');
  const route: OwnRoute = ownRoute(state, ruri.text, ruri.params);
  state.ownRoute = route;
  onOwnRoute(state, route);
  return 1;
}

function announce(
  state: RequestState,
  own: RouteValue,
  onOwnRoute: (state: RequestState, route: OwnRoute) => void,
): void {
  const route = ownRoute(state, own.value.uri, own.uri.params);
  state.ownRoute = route;
  onOwnRoute(state, route);
}

function ownRoute(state: RequestState, uri: string, params: string): OwnRoute {
  const ftag = paramValue(params, 'ftag') ?? '';
  const fromTag = state.message.from?.tag ?? '';
  // Upstream only when both are known and differ (byte compare): the original's rule. What record_route escaped is undone.
  return { uri, params, upstream: ftag !== '' && fromTag !== '' && ftag !== fromTag && unescapeUser(ftag) !== fromTag };
}
