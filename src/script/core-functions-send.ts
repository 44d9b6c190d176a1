/** Core functions about where and how a request leaves. */
import { parseUri } from '../message/uri.ts';
import type { RelayOptions } from '../proxy/proxy-core.ts';
import { bracket } from '../transport/ip.ts';
import { defaultPort } from '../transport/listen.ts';
import { type ListenSocket, type Proto, STREAM_CLOSE, STREAM_NO_CONNECT } from '../transport/transport.ts';
import type { CoreArg } from './compile-ir.ts';
import type { ScriptContext } from './context.ts';
import { argInt, argText, type CoreCode, type CoreFunction, coreFunction } from './core-functions-define.ts';
import { L_ERR, L_WARN } from './log.ts';
import type { ModuleHost } from './module-definition.ts';
import { ROUTE_BRANCH, ROUTE_FAILURE, ROUTE_REQUEST, ROUTE_TM_ONREPLY } from './values.ts';

/** The only blocks in which a request may be sent on. */
const FORWARD_ROUTES = ROUTE_REQUEST | ROUTE_FAILURE;

/** forward() and its relatives, sockets, branches, connection flags. */
export function sendFunctions(): CoreFunction[] {
  return [
    forward('forward', ''),
    forward('forward_udp', 'udp'),
    forward('forward_tcp', 'tcp'),
    forward('forward_tls', 'tls'),
    forward('forward_sctp', 'sctp'),
    coreFunction('force_rport', 0, () => (ctx) => {
      ctx.state.forceRport = true;
      return 1;
    }),
    coreFunction('force_send_socket', 1, forceSendSocket, { routes: ROUTE_REQUEST | ROUTE_FAILURE | ROUTE_BRANCH }),
    coreFunction('remove_branch', [0, 1], ([arg]) => {
      const index = arg === undefined ? 0 : argInt(arg);
      if (index === null || index < 0) return 'needs the number of a branch';
      return ({ state }) => (state.branches.splice(index, 1).length === 1 ? 1 : -1);
    }),
    coreFunction('clear_branches', 0, () => ({ state }) => {
      state.branches = [];
      return 1;
    }),
    coreFunction('add_local_rport', 0, () => ({ state }) => {
      state.localRport = true;
      return 1;
    }),
    coreFunction('set_advertised_address', 1, ([arg]) => {
      const host = argText(arg) ?? (arg?.kind === 'socket' ? arg.host : null);
      if (host === null || !/^[\w.:[\]-]+$/.test(host)) return 'needs an address or host name';
      return ({ state }) => {
        state.advertisedHost = bracket(host);
        return 1;
      };
    }),
    coreFunction('set_advertised_port', 1, ([arg]) => {
      const port = argInt(arg);
      if (port === null || port < 1 || port > 65535) return 'a port is a number from 1 to 65535';
      return ({ state }) => {
        state.advertisedPort = port;
        return 1;
      };
    }),
    coreFunction('force_tcp_alias', [0, 1], forceTcpAlias),
    forwardStream('set_forward_no_connect', STREAM_NO_CONNECT),
    forwardStream('set_forward_close', STREAM_CLOSE),
    replyStream('set_reply_no_connect', STREAM_NO_CONNECT),
    replyStream('set_reply_close', STREAM_CLOSE),
    coreFunction('udp_mtu_try_proto', 1, ([arg]) => {
      const proto = argText(arg)?.toLowerCase();
      if (proto === 'sctp') return 'SCTP is not supported';
      if (proto !== 'tcp' && proto !== 'tls' && proto !== 'udp') return 'needs TCP, TLS or UDP';
      return ({ state }) => {
        state.largeBy = proto;
        return 1;
      };
    }),
  ];
}

/** For what goes on: in a branch_route for that branch, else for every branch of the message. The request of a reply is past it. */
function forwardStream(name: string, bit: number): CoreFunction {
  return coreFunction(name, 0, () => (ctx) => {
    if (ctx.routeType === ROUTE_BRANCH) ctx.target.stream |= bit;
    else if (ctx.routeType !== ROUTE_TM_ONREPLY) ctx.state.forwardStream |= bit;
    return 1;
  });
}

/** For the replies to a request; in the core's reply_route, for a reply that no transaction waits for. */
function replyStream(name: string, bit: number): CoreFunction {
  return coreFunction(name, 0, () => ({ state }) => {
    state.replyStream |= bit;
    return 1;
  });
}

function forceTcpAlias([arg]: readonly CoreArg[], { host }: { readonly host: ModuleHost | null }): CoreCode | string {
  const port = arg === undefined ? 0 : argInt(arg);
  if (port === null || port < 0 || port > 65535) return 'a port is a number from 1 to 65535';
  return (ctx) => (host === null ? -1 : addTcpAlias(host, ctx, port));
}

/**
 * Lets the connection of a message serve a further port of its peer.
 * @param wanted 0 for that of the top Via
 * @returns 1, also for what came by no such connection; -1 when another connection serves that port
 */
export function addTcpAlias(host: ModuleHost, { from, message }: ScriptContext, wanted: number): number {
  const { connection, socket, ip } = from;
  if (socket.proto !== 'tcp' && socket.proto !== 'tls') return 1;
  const port = wanted || message.topVia?.port || defaultPort(socket.proto);
  if (host.sender.addConnectionAlias?.(connection, port) === true) return 1;
  host.log.write(
    L_WARN,
    'core',
    `no alias for port ${port} of ${ip}: it has another connection`,
    'SCRIPT_ALIAS_REFUSED',
  );
  return -1;
}

/** What a forward() argument says, in one run. */
type Part<T> = T | ((ctx: ScriptContext) => T);

function forward(name: string, proto: string): CoreFunction {
  return coreFunction(
    name,
    [0, 2],
    (args, { host }) => {
      if (proto === 'sctp') return 'SCTP is not supported';
      const to = forwardHost(args[0]);
      if (to === null) return 'needs a host, an IP address or uri:host';
      const port = forwardPort(args[1], args[0]);
      if (port === null) return 'the second argument is a port from 1 to 65535 or uri:port';
      return forwardCode(host, proto, to, port);
    },
    { routes: FORWARD_ROUTES },
  );
}

function forwardCode(host: ModuleHost | null, proto: string, to: Part<string>, port: Part<number>): CoreCode {
  const base: RelayOptions = proto === '' ? {} : { proto };
  if (to === '') return ({ state }) => host?.proxy.forward(state, base) ?? -1;
  return (ctx) => {
    const where = typeof to === 'string' ? to : to(ctx);
    const at = typeof port === 'number' ? port : port(ctx);
    if (where === '') return -1;
    return host?.proxy.forward(ctx.state, { ...base, host: where, ...(at === 0 ? {} : { port: at }) }) ?? -1;
  };
}

/** '' when there is no argument: by $du or $ru. */
function forwardHost(arg: CoreArg | undefined): Part<string> | null {
  if (arg === undefined) return '';
  if (arg.kind === 'socket') return arg.host;
  if (arg.kind === 'uriPart') return arg.part === 'host' ? (ctx) => parseUri(ctx.target.uri)?.host ?? '' : null;
  const text = argText(arg);
  return text === null || text === '' ? null : text;
}

function forwardPort(arg: CoreArg | undefined, host: CoreArg | undefined): Part<number> | null {
  if (arg === undefined) return host?.kind === 'socket' ? (host.port ?? 0) : 0;
  if (arg.kind === 'uriPart') return arg.part === 'port' ? (ctx) => parseUri(ctx.target.uri)?.port ?? 0 : null;
  const port = argInt(arg);
  return port === null || port < 1 || port > 65535 ? null : port;
}

function forceSendSocket([arg]: readonly CoreArg[], { host }: { readonly host: ModuleHost | null }): CoreCode | string {
  const wanted = arg === undefined ? null : socketText(arg);
  if (wanted === null) return 'needs a socket such as udp:192.0.2.1:5060';
  if (host === null) return () => -1;
  const socket = findSocket(host.sender.sockets, wanted);
  if (socket === null) return `${wanted.proto}:${wanted.host}:${wanted.port} is not a socket this server listens on`;
  return (ctx) => {
    if (!ctx.message.isRequest) {
      host.log.write(L_ERR, 'core', 'force_send_socket() has no meaning for a reply', 'SCRIPT_SOCKET_REFUSED');
      return -1;
    }
    ctx.target.socket = socket;
    return 1;
  };
}

interface WantedSocket {
  readonly proto: string;
  readonly host: string;
  readonly port: number;
}

function socketText(arg: CoreArg): WantedSocket | null {
  if (arg.kind === 'socket') return wanted(arg.proto, arg.host, arg.port);
  const text = argText(arg);
  const match = text === null ? null : /^(?:([a-z]+):)?(\[[^\]]+\]|[^:]+)(?::(\d{1,5}))?$/i.exec(text);
  return match === null
    ? null
    : wanted(match[1] ?? null, match[2] as string, match[3] === undefined ? null : Number(match[3]));
}

function wanted(proto: string | null, host: string, port: number | null): WantedSocket {
  const name = (proto ?? 'udp').toLowerCase();
  const known = ['udp', 'tcp', 'tls', 'ws', 'wss'].includes(name);
  return { proto: name, host: host.replace(/^\[|\]$/g, ''), port: port ?? (known ? defaultPort(name as Proto) : 5060) };
}

function findSocket(sockets: readonly ListenSocket[], { proto, host, port }: WantedSocket): ListenSocket | null {
  const same = (socket: ListenSocket): boolean =>
    socket.proto === proto &&
    ((socket.port === port && socket.address === host) ||
      (socket.displayPort === port && socket.displayHost.replace(/^\[|\]$/g, '') === host));
  return sockets.find(same) ?? null;
}
