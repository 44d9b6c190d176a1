import type { ScriptContext } from '../script/context.ts';
import { L_ERR } from '../script/log.ts';
import { callbackParam, defineModule, fn, intParam, type ModuleHost, strParam } from '../script/module-definition.ts';
import { ROUTE_ANY } from '../script/values.ts';

/** State of one program's websocket module: the connections are the transports'. */
interface WebSocketModule {
  readonly host: ModuleHost;
}

/** Number of the WebSocket connection that the message came by, 0 when it came by another transport. */
function connectionOf(ctx: ScriptContext): number {
  const { socket, connection } = ctx.from;
  return socket.proto === 'ws' || socket.proto === 'wss' ? connection : 0;
}

function close({ host }: WebSocketModule, connection: number): number {
  if (connection === 0) {
    host.log.write(L_ERR, 'websocket', 'ws_close: the message did not come by WebSocket', 'WEBSOCKET_NO_CONNECTION');
    return -1;
  }
  return host.sender.closeConnection?.(connection) === true ? 1 : -1;
}

function notHere(name: string): (module: WebSocketModule) => () => number {
  return ({ host }) =>
    () => {
      host.log.write(L_ERR, 'websocket', `${name} is not supported`, 'WEBSOCKET_NOT_SUPPORTED');
      return -1;
    };
}

const CLOSES = 'partly: the close frame always carries status 1000';
const NOT_OPENED = 'no: WebSocket connections to other servers are opened by routing to a URI with transport=ws';
const KEEPALIVE = 'ignored: pings of clients are answered; idle connections end after tcp_connection_lifetime';

/**
 * websocket: SIP over WebSocket (RFC 7118). With it loaded, tcp and tls sockets take WebSocket upgrades by themselves, before any route runs, so that
 * a configuration needs no xhttp for them.
 */
export const websocket = defineModule<WebSocketModule>({
  name: 'websocket',
  after: [],
  parameters: [
    intParam('sub_protocols', 1, 'partly: sip always, msrp never'),
    intParam('cors_mode', 0, 'ignored: the Origin of clients is not looked at'),
    intParam('keepalive_mechanism', 1, KEEPALIVE),
    intParam('keepalive_timeout', 180, KEEPALIVE),
    intParam('keepalive_interval', 1, KEEPALIVE),
    intParam('keepalive_processes', 1, 'ignored: one process does the work'),
    strParam('ping_application_data', 'Kamailio', KEEPALIVE),
    intParam('timer_interval', 1, 'ignored: a closed connection is removed at once'),
    intParam('rm_delay_interval', 5, 'ignored: a closed connection is removed at once'),
    intParam('verbose_list', 0, 'ignored'),
    callbackParam('event_callback', ['websocket:closed']),
  ],
  functions: [
    fn('ws_handle_handshake', [], ROUTE_ANY, () => () => 1, {
      support: 'partly: upgrades are answered before a route sees them',
    }),
    fn('ws_close', [], ROUTE_ANY, (m) => (ctx) => close(m, connectionOf(ctx)), { support: CLOSES }),
    fn('ws_close', ['int', 'str'], ROUTE_ANY, (m) => (ctx) => close(m, connectionOf(ctx)), { support: CLOSES }),
    fn('ws_close', ['int', 'str', 'int'], ROUTE_ANY, (m) => (_ctx, _status, _reason, id) => close(m, id), {
      support: CLOSES,
    }),
    fn('ws_connect', ['str', 'str', 'str', 'str', 'str'], ROUTE_ANY, notHere('ws_connect'), { support: NOT_OPENED }),
    fn('ws_connect_url', ['str', 'str'], ROUTE_ANY, notHere('ws_connect_url'), { support: NOT_OPENED }),
    fn('ws_send', ['str', 'str', 'str', 'str', 'str'], ROUTE_ANY, notHere('ws_send'), { support: 'no: not offered' }),
  ],
  variables: [
    {
      name: 'ws_conid',
      writable: false,
      inner: 'none',
      support: 'yes',
      bind: () => (_inner, _index, text) => ({
        text,
        get: (ctx) => connectionOf(ctx) || null,
        int: null,
        set: null,
      }),
    },
  ],
  transformations: [],
  eventRoutes: ['websocket:closed'],
  create: (host) => ({ host }),
});
