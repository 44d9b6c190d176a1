import { isIPv6 } from '../../message/host.ts';
import type { SipUri } from '../../message/uri.ts';
import type { ListenSocket } from '../../transport/transport.ts';
import type { ScriptContext } from '../context.ts';
import { L_WARN } from '../log.ts';
import type { ModuleHost } from '../module-definition.ts';
import type { Value } from '../values.ts';
import { alias, type CoreVariable, hasControl, hosted, keyed, simple } from './define.ts';
import { currentUri } from './ruri.ts';
import { hostOf, portOf, portText, protoId, transportOf, UriMemo, userOf } from './uri-parts.ts';

const memo = new UriMemo();

/** $du: empty text and replies have none. */
function dstUri(ctx: ScriptContext): Value {
  return ctx.message.isRequest && ctx.target.dstUri !== '' ? ctx.target.dstUri : null;
}

function dst(ctx: ScriptContext): SipUri | null {
  const text = dstUri(ctx);
  return typeof text === 'string' ? memo.parse(text) : null;
}

function setDstUri(ctx: ScriptContext, value: Value): boolean {
  if (!ctx.message.isRequest || typeof value === 'number') return false;
  if (value !== null && hasControl(value)) return false;
  ctx.target.dstUri = value ?? '';
  return true;
}

/** The URI the request would be sent by; for replies the second Via's address is in {@link replyHop}. */
function nextHop(ctx: ScriptContext): SipUri | null {
  if (!ctx.message.isRequest) return replyHop(ctx);
  return dst(ctx) ?? (dstUri(ctx) === null ? currentUri(ctx) : null);
}

const replyMemo = new UriMemo();

/** Where a reply goes next (RFC 3261 §18.2.2): its second Via's received or sent-by, as a URI. */
export function replyHop(ctx: ScriptContext): SipUri | null {
  const via = ctx.message.isRequest ? undefined : ctx.message.vias[1];
  if (via === undefined) return null;
  const host = via.received !== '' && isIPv6(via.received) ? `[${via.received}]` : via.received || via.host;
  const port = via.rport > 0 ? via.rport : via.port;
  const transport = via.transport === 'UDP' ? '' : `;transport=${via.transport.toLowerCase()}`;
  return replyMemo.parse(`sip:${host}${port === 0 ? '' : `:${port}`}${transport}`);
}

function nextHopUri(ctx: ScriptContext): Value {
  if (!ctx.message.isRequest) return replyHop(ctx)?.text ?? null;
  return dstUri(ctx) ?? ctx.target.uri;
}

/** `proto:ip:port` of one of our sockets. */
export function socketText(socket: ListenSocket): string {
  return `${socket.proto}:${socket.family === 6 ? `[${socket.address}]` : socket.address}:${socket.port}`;
}

/**
 * Our socket that `[proto:]host[:port]` names; without protocol the destination's one first, without port the first that fits.
 * @param proto lower-case protocol to prefer when none is given
 */
export function findSocket(sockets: readonly ListenSocket[], text: string, proto: string): ListenSocket | null {
  const match = /^(?:([a-z]+):)?(\[[0-9a-fA-F:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/i.exec(text);
  const host = match?.[2];
  if (host === undefined) return null;
  const address = host.startsWith('[') ? host.slice(1, -1) : host;
  const wanted = match?.[1]?.toLowerCase();
  const port = match?.[3] === undefined ? 0 : Number(match[3]);
  let found: ListenSocket | null = null;
  for (const socket of sockets) {
    const here = port === 0 || socket.port === port;
    const there = port === 0 || socket.displayPort === port;
    if (!(here && socket.address === address) && !(there && socket.displayHost === host)) continue;
    if (wanted === undefined ? socket.proto === proto : socket.proto === wanted) return socket;
    if (wanted === undefined) found ??= socket;
  }
  return found;
}

/** Protocol the request would leave by, lower case. */
function destinationProto(ctx: ScriptContext): string {
  const uri = nextHop(ctx);
  if (uri?.transport) return uri.transport;
  return uri?.scheme === 'sips' ? 'tls' : 'udp';
}

function setSocket(host: ModuleHost, ctx: ScriptContext, value: Value): boolean {
  if (value === null) {
    ctx.target.socket = null;
    return true;
  }
  if (typeof value !== 'string' || value === '') return false;
  const socket = findSocket(host.settings.sockets, value, destinationProto(ctx));
  // As Kamailio has it: the script goes on with the socket it had.
  if (socket === null) host.log.write(L_WARN, 'pv', `no socket matches [${value}]`, 'PV_SOCKET_UNKNOWN');
  else ctx.target.socket = socket;
  return true;
}

function setSocketName(host: ModuleHost, ctx: ScriptContext, value: Value): boolean {
  if (value === null) {
    ctx.target.socket = null;
    return true;
  }
  if (typeof value !== 'string' || value === '') return false;
  const socket = host.settings.sockets.find((other) => other.name === value);
  if (socket === undefined) host.log.write(L_WARN, 'pv', `no socket is named [${value}]`, 'PV_SOCKET_UNKNOWN');
  else ctx.target.socket = socket;
  return true;
}

/** $ds: the destination set as the Contact header of a 302 would print it. */
function destinationSet(ctx: ScriptContext): Value {
  const { state, message } = ctx;
  if (!message.isRequest) return null;
  const list = ctx.target.uri === message.requestUri ? [] : [`<${ctx.target.uri}>${q(ctx.target.q)}`];
  for (const branch of state.branches) list.push(`<${branch.uri}>${q(branch.q)}`);
  return list.length === 0 ? null : `Contact: ${list.join(', ')}`;
}

function q(value: number): string {
  return value < 0 ? '' : `;q=${value / 1000}`;
}

const du = simple('du', { get: dstUri, set: setDstUri });

/** $du and its parts, the forced send socket, the next hop. */
export const destinationVariables: readonly CoreVariable[] = [
  du,
  alias('duri', du),
  simple('dd', (ctx) => hostOf(dst(ctx))),
  simple('dp', { get: (ctx) => portText(dst(ctx)), int: (ctx) => portOf(dst(ctx)) }),
  simple('dP', { get: (ctx) => transportOf(dst(ctx)), int: (ctx) => protoId(transportOf(dst(ctx))) }),
  simple('ds', destinationSet),
  hosted('fs', true, (host) => ({
    get: (ctx) => (ctx.target.socket === null ? null : socketText(ctx.target.socket)),
    set: (ctx, value) => setSocket(host, ctx, value),
  })),
  hosted('fsn', true, (host) => ({
    get: (ctx) => ctx.target.socket?.name || null,
    set: (ctx, value) => setSocketName(host, ctx, value),
  })),
  simple('fsp', (ctx) => ctx.target.socket?.port ?? null),
  keyed('nh', false, {
    u: nextHopUri,
    U: (ctx) => userOf(nextHop(ctx)),
    d: (ctx) => hostOf(nextHop(ctx)),
    p: { get: (ctx) => portText(nextHop(ctx)), int: (ctx) => portOf(nextHop(ctx)) },
    P: { get: (ctx) => transportOf(nextHop(ctx)), int: (ctx) => protoId(transportOf(nextHop(ctx))) },
  }),
];
