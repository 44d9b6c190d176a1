import { readFile, writeFile } from 'node:fs/promises';
import { parseUri } from '../message/uri.ts';
import { destinationFor, type ResolvedTarget } from '../proxy/next-hop.ts';
import type { ScriptContext } from '../script/context.ts';
import { addTcpAlias } from '../script/core-functions-send.ts';
import { L_WARN } from '../script/log.ts';
import {
  defineModule,
  type FunctionDefinition,
  fn,
  intParam,
  listParam,
  ModuleError,
  type ModuleHost,
  strParam,
} from '../script/module-definition.ts';
import { splitAddress } from '../script/socket-address.ts';
import {
  ROUTE_ANY,
  ROUTE_CORE_ONREPLY,
  ROUTE_FAILURE,
  ROUTE_LOCAL,
  ROUTE_ONSEND,
  ROUTE_REQUEST,
  ROUTE_TM_ONREPLY,
} from '../script/values.ts';
import { canonicalHost, ipFamily, unbracket } from '../transport/ip.ts';
import type { ListenSocket, Proto, Received } from '../transport/transport.ts';
import { COREX_VARIABLES } from './corex/variables.ts';
import { VIA_FUNCTIONS } from './corex/via.ts';
import { appendBranch } from './support/append-branch.ts';
import { failure } from './support/failure.ts';
import { viaFlagFunctions } from './support/via-flags.ts';

interface CorexModule {
  readonly host: ModuleHost;
}

const RF = ROUTE_REQUEST | ROUTE_FAILURE;
const PROTOS: readonly string[] = ['udp', 'tcp', 'tls', 'ws', 'wss'];

function fail(m: CorexModule, name: string, text: string, code: string): number {
  return failure(m.host.log, 'corex', `${name}: ${text}`, code);
}

/** A function that needs what this server does not have. */
function absent(
  name: string,
  args: FunctionDefinition<CorexModule>['args'],
  why: string,
): FunctionDefinition<CorexModule> {
  return fn(name, args, ROUTE_ANY, (m: CorexModule) => () => fail(m, name, why, 'COREX_NOT_SUPPORTED'), {
    support: `no: ${why}`,
  });
}

/** Our socket of an address such as `udp:127.0.0.1:5060`. */
function socketAt(host: ModuleHost, text: string): ListenSocket | undefined {
  const parts = splitAddress(text);
  if (parts === null) return undefined;
  const wanted = canonicalHost(parts.host);
  return host.sender.sockets.find(
    (socket) =>
      (parts.proto === null || socket.proto === parts.proto) &&
      (parts.port ?? 5060) === socket.port &&
      (canonicalHost(socket.address) === wanted || canonicalHost(socket.displayHost) === wanted),
  );
}

function socketNamed(host: ModuleHost, name: string): ListenSocket | undefined {
  return name === '' ? undefined : host.sender.sockets.find((socket) => socket.name === name);
}

/** Functions that choose a socket; without a match they warn and are true all the same, as in Kamailio. */
function socketFunction(
  name: string,
  find: (host: ModuleHost, text: string) => ListenSocket | undefined,
  act: (ctx: ScriptContext, socket: ListenSocket) => void,
  support = 'yes',
): FunctionDefinition<CorexModule> {
  return fn(
    name,
    ['str'],
    ROUTE_ANY,
    (m) => (ctx, text) => {
      const socket = find(m.host, text);
      if (socket === undefined) m.host.log.write(L_WARN, 'corex', `${name}: no socket ${text}`, 'COREX_NO_SOCKET');
      else act(ctx, socket);
      return 1;
    },
    { support },
  );
}

/** Changes how the message came; the answer and the relay of a request go by it, where the request is what is at hand. */
function receiveAs(ctx: ScriptContext, change: Partial<Pick<Received, 'socket' | 'ip' | 'port'>>): void {
  const { state } = ctx;
  const isOwn = ctx.from === state.received;
  ctx.from = { ...ctx.from, ...change };
  if (ctx.routeType === ROUTE_TM_ONREPLY) return;
  const { socket } = state.received;
  // A socket of another protocol or family cannot answer.
  if (change.socket !== undefined && (change.socket.proto !== socket.proto || change.socket.family !== socket.family))
    return;
  state.received = isOwn ? ctx.from : { ...state.received, ...change };
}

function setReceived(ctx: ScriptContext, socket: ListenSocket): void {
  receiveAs(ctx, { socket });
}

function setSource(m: CorexModule, ctx: ScriptContext, text: string): number {
  const parts = splitAddress(text);
  if (parts === null || ipFamily(parts.host) === 0) {
    return fail(m, 'set_source_address', `"${text}" is no address`, 'COREX_BAD_ADDRESS');
  }
  receiveAs(ctx, { ip: unbracket(parts.host), port: parts.port ?? 5060 });
  return 1;
}

/**
 * Sends raw text; for a name that has to be looked up, as soon as that is done.
 * @param where host and port (0: by SRV, or the default); null for a text that is none
 */
function sendTo(
  m: CorexModule,
  name: string,
  proto: Proto,
  where: { readonly host: string; readonly port: number } | null,
  text: string,
  preferred: ListenSocket | null,
): number {
  const { resolver, sender, proxy } = m.host;
  const sendNow = (found: ResolvedTarget | undefined): number => {
    if (found === undefined) return fail(m, name, `${where?.host} has no address`, 'COREX_UNRESOLVED');
    const { ip, port } = found;
    const destination = destinationFor(sender, found, preferred, null);
    if (destination === null) return fail(m, name, `no ${proto} socket for ${ip}`, 'COREX_NO_SOCKET');
    return proxy.sendRaw(text, destination) ? 1 : fail(m, name, `cannot send to ${ip}:${port}`, 'COREX_SEND');
  };
  const host = where === null ? '' : unbracket(where.host);
  if (where !== null && ipFamily(host) !== 0)
    return sendNow({ proto, ip: host, port: where.port || (proto === 'tls' ? 5061 : 5060), serverName: '' });
  const at = where === null || where.port === 0 ? '' : `:${where.port}`;
  const uri = parseUri(`sip:${host}${at};transport=${proto}`);
  if (uri === null || host === '') return fail(m, name, 'the destination names no host', 'COREX_BAD_ADDRESS');
  const known = resolver.resolveNow(uri);
  if (known !== null) return sendNow(known[0]);
  resolver.resolve(uri).then(
    (found) => void sendNow(found[0]),
    () => void sendNow(undefined),
  );
  return 1;
}

/** send_udp / send_tcp: the message as received, without a Via of ours, to an address or to where $du or $ru point. */
function sendMessage(name: string, proto: Proto): FunctionDefinition<CorexModule> {
  return fn(name, ['str?'], RF, (m) => (ctx, address) => {
    let where: { host: string; port: number } | null;
    if (address === undefined || address === '') {
      const uri = parseUri(ctx.target.dstUri || ctx.target.uri);
      where = uri === null || uri.host === '' ? null : uri;
    } else {
      const parts = splitAddress(address);
      where = parts === null ? null : { host: parts.host, port: parts.port ?? 0 };
    }
    return sendTo(m, name, proto, where, ctx.message.raw, ctx.target.socket ?? ctx.from.socket);
  });
}

/** send_data / sendx: any text to a SIP URI. */
function sendData(m: CorexModule, name: string, uriText: string, data: string, socketText: string | null): number {
  const uri = parseUri(uriText);
  if (uri === null || uri.host === '') return fail(m, name, `"${uriText}" is no SIP URI`, 'COREX_BAD_URI');
  const socket = socketText === null ? null : (socketAt(m.host, socketText) ?? null);
  if (socketText !== null && socket === null) return fail(m, name, `no socket ${socketText}`, 'COREX_NO_SOCKET');
  const transport = uri.transport || socket?.proto || (uri.scheme === 'sips' ? 'tls' : 'udp');
  if (!PROTOS.includes(transport)) return fail(m, name, `unknown transport ${transport}`, 'COREX_BAD_URI');
  return sendTo(m, name, transport as Proto, uri, data, socket);
}

/** forward_uac: without a transaction and with no Via but ours, so that what comes back ends here. */
function forwardAlone(m: CorexModule, ctx: ScriptContext, nextHop: string, index: number | undefined): number {
  const branchIndex = index !== undefined && Number.isInteger(index) && index >= 0 ? { branchIndex: index } : {};
  return m.host.proxy.forward(ctx.state, { ownViaOnly: true, nextHop, ...branchIndex });
}

/** Extended flags, 64 of them: they stay with the request's transaction. */
const XFLAGS: unique symbol = Symbol('corex xflags');
/** Names of internal flags that are set. */
const IFLAGS: unique symbol = Symbol('corex iflags');
const IFLAG_NAMES: readonly string[] = ['USE_UAC_FROM', 'USE_UAC_TO', 'UAC_AUTH'];

function slot<T>(ctx: ScriptContext, key: symbol): Set<T> {
  ctx.state.extensions ??= new Map();
  let set = ctx.state.extensions.get(key) as Set<T> | undefined;
  if (set === undefined) {
    set = new Set();
    ctx.state.extensions.set(key, set);
  }
  return set;
}

function xflag(name: string, act: (flags: Set<number>, flag: number) => boolean): FunctionDefinition<CorexModule> {
  return fn(name, ['int'], ROUTE_ANY, () => (ctx, flag) => {
    if (!(Number.isInteger(flag) && flag >= 0 && flag < 64)) return -1;
    return act(slot(ctx, XFLAGS), flag) ? 1 : -1;
  });
}

function iflag(name: string, act: (flags: Set<string>, flag: string) => number): FunctionDefinition<CorexModule> {
  return fn(
    name,
    ['str'],
    ROUTE_ANY,
    (m) => (ctx, flag) => {
      if (!IFLAG_NAMES.includes(flag)) return fail(m, name, `unknown flag ${flag}`, 'COREX_BAD_FLAG');
      return act(slot(ctx, IFLAGS), flag);
    },
    { support: 'partly: kept and told, nothing acts on it' },
  );
}

const RECEIVED = 'partly: the answer and the relay go by a socket of the same protocol and address family only';

/** alias_subdomains: `[proto:]domain[:port]`. */
function addSubdomains(host: ModuleHost, text: string): void {
  const parts = splitAddress(text);
  if (parts === null || (parts.proto !== null && !PROTOS.includes(parts.proto))) {
    throw new ModuleError('COREX_SUBDOMAINS', `"${text}" is not of the form proto:domain:port`, 'alias_subdomains');
  }
  host.sender.addSubdomains?.(parts.host, parts.port ?? 0, parts.proto as Proto | null);
}

/** corex: branches, raw sending, sockets, files. */
export const corex = defineModule<CorexModule>({
  name: 'corex',
  after: [],
  parameters: [
    listParam('alias_subdomains', 'str'),
    listParam('dns_cache', 'str', 'ignored: names are put into /etc/hosts instead'),
    listParam('dns_file', 'str', 'ignored: names are put into /etc/hosts instead'),
    strParam('evcb_reply_out', null, 'ignored: a callback of other script languages'),
    intParam('nio_intercept', 0, 'ignored: no event_route[network:msg]'),
    intParam('nio_min_msg_len', 0, 'ignored: no event_route[network:msg]'),
    strParam('nio_msg_avp', null, 'ignored: no event_route[network:msg]'),
    intParam('network_io_intercept', 0, 'ignored: no event_route[network:msg]'),
    intParam('min_msg_len', 0, 'ignored: no event_route[network:msg]'),
    strParam('msg_avp', null, 'ignored: no event_route[network:msg]'),
  ],
  functions: [
    fn('append_branch', ['str?', 'str?'], RF, (m) => (ctx, uri, q) => {
      return appendBranch(m.host, 'corex', ctx, uri ?? '', q ?? '');
    }),
    sendMessage('send_udp', 'udp'),
    sendMessage('send_tcp', 'tcp'),
    sendMessage('send', 'udp'),
    fn('send_data', ['str', 'str'], ROUTE_ANY, (m) => (_ctx, uri, data) => sendData(m, 'send_data', uri, data, null)),
    fn('sendx', ['str', 'str', 'str'], ROUTE_ANY, (m) => (_ctx, uri, socket, data) => {
      return sendData(m, 'sendx', uri, data, socket);
    }),
    fn('forward_reply', [], ROUTE_CORE_ONREPLY, (m) => (ctx) => {
      return m.host.proxy.forwardReply(ctx.state, ctx.message, ctx.edits) > 0 ? 1 : -1;
    }),
    socketFunction('set_send_socket', socketAt, (ctx, socket) => {
      ctx.target.socket = socket;
    }),
    socketFunction('set_send_socket_name', socketNamed, (ctx, socket) => {
      ctx.target.socket = socket;
    }),
    socketFunction('set_recv_socket', socketAt, setReceived, RECEIVED),
    socketFunction('set_recv_socket_name', socketNamed, setReceived, RECEIVED),
    fn('set_source_address', ['str'], ROUTE_ANY, (m) => (ctx, text) => setSource(m, ctx, text)),
    fn('is_socket_name', ['str'], ROUTE_ANY, (m) => (_ctx, name) => {
      return socketNamed(m.host, name) === undefined ? -1 : 1;
    }),
    xflag('setxflag', (flags, flag) => flags.add(flag).has(flag)),
    xflag('resetxflag', (flags, flag) => {
      flags.delete(flag);
      return true;
    }),
    xflag('isxflagset', (flags, flag) => flags.has(flag)),
    iflag('msg_iflag_set', (flags, flag) => {
      flags.add(flag);
      return 1;
    }),
    iflag('msg_iflag_reset', (flags, flag) => {
      flags.delete(flag);
      return 1;
    }),
    iflag('msg_iflag_is_set', (flags, flag) => (flags.has(flag) ? 1 : -2)),
    fn(
      'file_read',
      ['str', 'var'],
      ROUTE_ANY,
      (m) => async (ctx, path, variable) => {
        if (variable.set === null) return fail(m, 'file_read', `${variable.text} is read-only`, 'COREX_READ_ONLY');
        try {
          return variable.set(ctx, await readFile(path, 'latin1')) ? 1 : -1;
        } catch (error) {
          return fail(m, 'file_read', `${path}: ${error instanceof Error ? error.message : error}`, 'COREX_FILE');
        }
      },
      { async: true },
    ),
    fn(
      'file_write',
      ['str', 'str'],
      ROUTE_ANY,
      (m) => async (_ctx, path, content) => {
        try {
          await writeFile(path, content, 'latin1');
          return 1;
        } catch (error) {
          return fail(m, 'file_write', `${path}: ${error instanceof Error ? error.message : error}`, 'COREX_FILE');
        }
      },
      { async: true },
    ),
    fn(
      'is_faked_msg',
      [],
      ROUTE_ANY,
      () =>
        ({ state }) =>
          state.faked ? 1 : -1,
    ),
    fn(
      'is_incoming',
      [],
      ROUTE_ANY,
      () =>
        ({ routeType }) =>
          routeType & (ROUTE_ONSEND | ROUTE_LOCAL) ? -1 : 1,
      {
        support:
          'partly: there is no event_route[network:msg]; elsewhere it says whether the message came in or is about to leave',
      },
    ),
    fn('add_tcp_alias', ['int'], ROUTE_ANY, (m) => (ctx, port) => addTcpAlias(m.host, ctx, port)),
    fn('forward_uac', ['int?'], ROUTE_REQUEST, (m) => (ctx, index) => forwardAlone(m, ctx, '', index)),
    fn('forward_uac_uri', ['str', 'int?'], ROUTE_REQUEST, (m) => (ctx, uri, index) => {
      const parsed = parseUri(uri);
      if (parsed === null || parsed.host === '')
        return fail(m, 'forward_uac_uri', `"${uri}" is no SIP URI`, 'COREX_BAD_URI');
      return forwardAlone(m, ctx, uri, index);
    }),
    fn('via_add_srvid', ['int'], ROUTE_ANY, (m) => (ctx, on) => {
      ctx.state.viaParams = on === 0 ? '' : `;srvid=${m.host.settings.serverId}`;
      return 1;
    }),
    ...VIA_FUNCTIONS,
    ...viaFlagFunctions<CorexModule>('msg_vbflag', ({ message }) => message),
    absent('msg_vbflag_parse', ['str'], 'what it does is documented nowhere'),
  ],
  variables: COREX_VARIABLES,
  transformations: [],
  eventRoutes: [],
  create: (host, parameters) => {
    for (const text of parameters.list('alias_subdomains')) addSubdomains(host, `${text}`);
    return { host };
  },
});
