import type { Destination, ListenSocket } from '../../transport/transport.ts';
import { PROTO_ID } from '../../transport/transport.ts';
import type { ScriptContext } from '../context.ts';
import type { Value } from '../values.ts';
import { alias, type CoreVariable, type Faces, type Getter, keyed, simple } from './define.ts';
import { replyHop, socketText } from './destination.ts';
import { hostOf, portOf } from './uri-parts.ts';

/** Numbers of the address families on Linux, which scripts compare with $K(IPv4) and $K(IPv6). */
const AF_INET = 2;
const AF_INET6 = 10;

function bracketed(ip: string): string {
  return ip.includes(':') ? `[${ip}]` : ip;
}

/** `sip:host:port`, with the transport when it is not UDP, or always. */
function uriOf(host: string, port: number, proto: string, always: boolean): string {
  return `sip:${host}:${port}${always || proto !== 'udp' ? `;transport=${proto}` : ''}`;
}

function source(ctx: ScriptContext): string {
  return bracketed(ctx.from.ip);
}

function own(ctx: ScriptContext): ListenSocket {
  return ctx.from.socket;
}

function family(ctx: ScriptContext): number {
  return ctx.from.socket.family === 6 ? AF_INET6 : AF_INET;
}

/** What an onsend_route is about to send, and where to. */
export interface Sending {
  readonly destination: Destination;
  readonly text: string;
}

const SENDING = Symbol('sending');

/** Tells $snd and $sndto, before an onsend_route runs, what is being sent. */
export function setSending(ctx: ScriptContext, sending: Sending): void {
  ctx.setCached(SENDING, sending);
}

function sending<T extends Value>(read: (sending: Sending) => T): Getter {
  return (ctx) => {
    const current = ctx.cached<Sending>(SENDING);
    return current === undefined ? null : read(current);
  };
}

const common: Record<string, Getter> = {
  proto: sending((s) => s.destination.proto),
  sproto: sending((s) => s.destination.proto),
  af: sending((s) => (s.destination.socket.family === 6 ? AF_INET6 : AF_INET)),
  buf: sending((s) => s.text),
  len: sending((s) => s.text.length),
};
const from: Record<string, Getter> = {
  ip: sending((s) => s.destination.socket.address),
  port: sending((s) => s.destination.socket.port),
  ...common,
};
const to: Record<string, Getter> = {
  ip: sending((s) => s.destination.ip),
  port: sending((s) => s.destination.port),
  ...common,
};

const received: Record<string, Getter> = {
  buf: (ctx) => ctx.message.raw,
  len: (ctx) => ctx.message.raw.length,
  proto: (ctx) => own(ctx).proto,
  sproto: (ctx) => own(ctx).proto,
  af: family,
  srcip: (ctx) => ctx.from.ip,
  srcport: (ctx) => ctx.from.port,
  rcvip: (ctx) => own(ctx).address,
  rcvport: (ctx) => own(ctx).port,
};

const proto: Faces = { get: (ctx) => own(ctx).proto, int: (ctx) => PROTO_ID[own(ctx).proto] };
const si = simple('si', (ctx) => ctx.from.ip);
const rcv = keyed('rcv', false, received, 'partly: read-only');
const snd = keyed('snd', false, from);

/** Where the message came from, our socket it came to, and where a reply or an outgoing message goes. */
export const addressVariables: readonly CoreVariable[] = [
  si,
  alias('src_ip', si),
  simple('siz', source),
  simple('sp', (ctx) => ctx.from.port),
  simple('su', (ctx) => uriOf(source(ctx), ctx.from.port, own(ctx).proto, false)),
  simple('sut', (ctx) => uriOf(source(ctx), ctx.from.port, own(ctx).proto, true)),
  simple('sas', (ctx) => `${own(ctx).proto}:${source(ctx)}:${ctx.from.port}`),
  simple('Ri', (ctx) => own(ctx).address),
  simple('Rp', (ctx) => own(ctx).port),
  simple('Rn', (ctx) => own(ctx).name || null),
  simple('Ru', (ctx) => uriOf(bracketed(own(ctx).address), own(ctx).port, own(ctx).proto, false)),
  simple('Rut', (ctx) => uriOf(bracketed(own(ctx).address), own(ctx).port, own(ctx).proto, true)),
  simple('Ras', (ctx) => socketText(own(ctx))),
  simple('RAi', (ctx) => own(ctx).displayHost.replace(/^\[|\]$/g, '')),
  simple('RAp', (ctx) => own(ctx).displayPort),
  simple('RAu', (ctx) => uriOf(own(ctx).displayHost, own(ctx).displayPort, own(ctx).proto, false)),
  simple('RAut', (ctx) => uriOf(own(ctx).displayHost, own(ctx).displayPort, own(ctx).proto, true)),
  simple('pr', proto),
  simple('proto', proto),
  simple('prid', (ctx) => PROTO_ID[own(ctx).proto]),
  keyed('af', false, { id: family, name: (ctx) => (own(ctx).family === 6 ? 'IPv6' : 'IPv4') }),
  simple('conid', (ctx) => ctx.from.connection || null),
  keyed('K', false, {
    IPv4: () => AF_INET,
    IPv6: () => AF_INET6,
    UDP: () => 1,
    TCP: () => 2,
    TLS: () => 3,
    SCTP: () => 4,
    WS: () => 5,
    WSS: () => 6,
  }),
  keyed('rpl', false, {
    duri: (ctx) => replyHop(ctx)?.text ?? null,
    dhost: (ctx) => hostOf(replyHop(ctx)),
    dport: (ctx) => (replyHop(ctx) === null ? null : portOf(replyHop(ctx))),
    dproto: (ctx) => replyHop(ctx)?.transport.toUpperCase() || (replyHop(ctx) === null ? null : 'UDP'),
    cntvia: (ctx) => (ctx.message.isRequest ? null : ctx.message.vias.length),
  }),
  snd,
  alias('sndfrom', snd),
  keyed('sndto', false, to),
  rcv,
  alias('recv', rcv),
];
