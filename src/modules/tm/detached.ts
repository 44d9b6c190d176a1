import { hasCrlf } from '../../message/serializer.ts';
import type { RelayOptions } from '../../proxy/proxy-core.ts';
import type { ScriptContext } from '../../script/context.ts';
import { L_ERR } from '../../script/log.ts';
import { fn } from '../../script/module-definition.ts';
import { ROUTE_ANY, ROUTE_REQUEST } from '../../script/values.ts';
import { type TmFunction, type TmModule, to } from './instance.ts';

function replicate(module: TmModule, ctx: ScriptContext, uri: string, options: RelayOptions): number {
  return module.host.proxy.replicate(ctx.state, uri, options);
}

/** What sends requests whose replies nobody waits for. */
export const DETACHED_FUNCTIONS: readonly TmFunction[] = [
  fn('t_replicate', ['str?'], ROUTE_REQUEST, (m) => (ctx, uri) => replicate(m, ctx, uri ?? '', {})),
  fn('t_replicate', ['str', 'str'], ROUTE_REQUEST, (m) => (ctx, host, port) => replicate(m, ctx, '', to(host, port))),
  fn(
    't_replicate_to',
    ['str', 'str'],
    ROUTE_REQUEST,
    (m) => (ctx, host, port) => replicate(m, ctx, '', to(host, port)),
  ),
  ...['udp', 'tcp', 'tls'].map((proto) =>
    fn(
      `t_replicate_${proto}`,
      ['str', 'str'],
      ROUTE_REQUEST,
      (m: TmModule) => (ctx, host, port) => replicate(m, ctx, '', to(host, port, proto)),
    ),
  ),
  fn(
    't_uac_send',
    ['str', 'str', 'str', 'str', 'str', 'str'],
    ROUTE_ANY,
    (m) => (_ctx, method, ruri, next, _socket, headers, body) => {
      if (hasCrlf(method) || hasCrlf(ruri) || hasCrlf(next) || /\r?\n\r?\n/.test(headers)) {
        m.host.log.write(L_ERR, 'tm', 't_uac_send: an argument has a line end where none may be', 'TM_BAD_ARGUMENT');
        return -1;
      }
      const lines = headers === '' || headers.endsWith('\n') ? headers : `${headers}\r\n`;
      return m.host.proxy.sendOwn({ method, ruri, nextHop: next, headers: lines, body });
    },
    { support: 'partly: the socket is chosen by the destination' },
  ),
  fn('t_use_uac_headers', [], ROUTE_ANY, () => () => 1, {
    support: 'partly: own requests always start from their own headers',
  }),
];
