import { M_ACK } from '../../message/method.ts';
import type { RelayOptions } from '../../proxy/proxy-core.ts';
import type { ScriptContext } from '../../script/context.ts';
import { L_ERR } from '../../script/log.ts';
import { fn } from '../../script/module-definition.ts';
import { ROUTE_REQUEST, type Value } from '../../script/values.ts';
import { RELAY, type TmFunction, type TmModule, to } from './instance.ts';

const PROTOS: readonly string[] = ['udp', 'tcp', 'tls', 'ws', 'wss'];

function relay(module: TmModule, ctx: ScriptContext, options: RelayOptions): number {
  const { state } = ctx;
  if (module.frAvp !== null) state.fr = seconds(module.frAvp.get(ctx)) || state.fr;
  if (module.frInvAvp !== null) state.frInv = seconds(module.frInvAvp.get(ctx)) || state.frInv;
  return module.host.proxy.relay(state, options);
}

function seconds(value: string | number | null): number {
  const number = Number(value ?? 0);
  return Number.isFinite(number) && number > 0 ? number * 1000 : 0;
}

/** `proto:host:port` of t_relay_to; parts may be missing. Null when it is none. */
function proxyAddress(text: string): RelayOptions | null {
  const match = /^(?:(udp|tcp|tls|ws|wss):)?(\[[\da-f:.]+\]|[\w.-]+)(?::(\d{1,5}))?$/i.exec(text.trim());
  if (match === null) return null;
  return { proto: match[1]?.toLowerCase() ?? '', host: match[2] ?? '', port: Number(match[3] ?? 0) };
}

function relayTo(module: TmModule, ctx: ScriptContext, where: string, flags: number): number {
  const address = where === '' ? {} : proxyAddress(where);
  if (address === null) {
    // Anywhere else would be a place that nobody asked for.
    module.host.log.write(L_ERR, 'tm', `t_relay_to: "${where}" is no address`, 'TM_BAD_ARGUMENT');
    return -1;
  }
  return relay(module, ctx, {
    ...address,
    no100: (flags & 1) !== 0,
    noInternalReply: (flags & 2) !== 0,
    noDnsFailover: (flags & 4) !== 0,
  });
}

/** t_relay_to_avp: by this protocol to the `host:port` that a variable holds. */
function relayToValue(module: TmModule, ctx: ScriptContext, proto: string, where: Value): number {
  const text = `${where ?? ''}`;
  const address = proxyAddress(text);
  const wanted = proto.toLowerCase();
  if (address !== null && address.proto === '' && (wanted === '' || PROTOS.includes(wanted)))
    return relay(module, ctx, { ...address, proto: wanted });
  module.host.log.write(L_ERR, 'tm', `t_relay_to_avp: no way by "${proto}" to "${text}"`, 'TM_BAD_ARGUMENT');
  return -1;
}

/** t_relay_to_udp and its like, with and without an address. */
function relayBy(proto: string): TmFunction[] {
  const name = `t_relay_to_${proto}`;
  return [
    fn(name, [], RELAY, (m: TmModule) => (ctx) => relay(m, ctx, { proto })),
    fn(name, ['str', 'str'], RELAY, (m: TmModule) => (ctx, host, port) => relay(m, ctx, to(host, port, proto))),
  ];
}

export const RELAY_FUNCTIONS: readonly TmFunction[] = [
  fn('t_relay', [], RELAY, (m) => (ctx) => relay(m, ctx, {})),
  fn('t_relay', ['str', 'str'], RELAY, (m) => (ctx, host, port) => relay(m, ctx, to(host, port))),
  ...['udp', 'tcp', 'tls'].flatMap(relayBy),
  fn('t_relay_to', [], RELAY, (m) => (ctx) => relayTo(m, ctx, '', 0)),
  fn(
    't_relay_to',
    ['str'],
    RELAY,
    (m) => (ctx, where) =>
      /^(0x[\da-f]+|\d+)$/i.test(where) ? relayTo(m, ctx, '', Number(where)) : relayTo(m, ctx, where, 0),
  ),
  fn('t_relay_to', ['str', 'int'], RELAY, (m) => (ctx, where, flags) => relayTo(m, ctx, where, flags)),
  fn('t_relay_to_proxy', ['str'], RELAY, (m) => (ctx, where) => relayTo(m, ctx, where, 0)),
  ...['', '_udp', '_tcp', '_tls'].map((suffix) =>
    fn(
      `t_forward_nonack${suffix}`,
      ['str', 'str'],
      ROUTE_REQUEST,
      (m: TmModule) => (ctx, host, port) =>
        ctx.message.methodId === M_ACK ? -1 : relay(m, ctx, to(host, port, suffix.slice(1))),
    ),
  ),
  fn(
    't_forward_nonack_to',
    ['str', 'str'],
    ROUTE_REQUEST,
    (m) => (ctx, host, port) => (ctx.message.methodId === M_ACK ? -1 : relay(m, ctx, to(host, port))),
  ),
  fn(
    't_forward_nonack_uri',
    [],
    ROUTE_REQUEST,
    (m) => (ctx) => (ctx.message.methodId === M_ACK ? -1 : relay(m, ctx, {})),
  ),
  fn(
    't_relay_to_avp',
    ['str', 'value'],
    ROUTE_REQUEST,
    (m) => (ctx, proto, where) => relayToValue(m, ctx, proto, where),
    {
      support: 'yes: the second argument is a variable or text with host:port; bare $name of SER is not read',
    },
  ),
];
