import { HDR_PATH } from '../message/header-name.ts';
import { paramValue } from '../message/name-addr.ts';
import { parseUri, unescapeUser } from '../message/uri.ts';
import { socketAddress } from '../proxy/record-route.ts';
import type { OwnRoute, RequestState } from '../proxy/request-state.ts';
import type { ScriptContext } from '../script/context.ts';
import { defineModule, fn, intParam, type ModuleHost, strParam } from '../script/module-definition.ts';
import { ROUTE_REQUEST } from '../script/values.ts';
import { aliasUri, sourceAlias, sourceUri } from './nathelper/addresses.ts';
import { failure } from './support/failure.ts';

interface PathModule {
  readonly host: ModuleHost;
  /** Name of the parameter that says where the client is. */
  readonly receivedName: string;
  /** ip~port~proto instead of a URI. */
  readonly asAlias: boolean;
  /** A Path for each of the two sides. */
  readonly twice: boolean;
  /** The socket's name stands in the parameter sn. */
  readonly named: boolean;
  readonly release: () => void;
}

/** add_path() and add_path_received(): a Path of ours above those that are there (RFC 3327 §5.2). */
function addPath(
  m: PathModule,
  ctx: ScriptContext,
  name: string,
  user: string,
  params: string,
  received: boolean,
): number {
  const { message, from, edits } = ctx;
  if (/[\s<>"@\0-\x1f\x7f-\xff]/.test(user) || /[\s<>"\0-\x1f\x7f-\xff]/.test(params)) {
    return failure(m.host.log, 'path', `${name}: "${user}", "${params}" cannot stand in a URI`, 'PATH_BAD_ARGUMENT');
  }
  const source = m.asAlias ? sourceAlias(from) : sourceUri(from).replaceAll(';', '%3B').replaceAll('=', '%3D');
  const tail =
    `;lr${received ? `;${m.receivedName}=${source}` : ''}${params === '' ? '' : `;${params}`}` +
    (m.twice ? ';r2=on' : '');
  const lead = `Path: <sip:${user === '' ? '' : `${user}@`}`;
  const { socket } = from;
  const sn = m.named && socket.name !== '' ? `;sn=${socket.name}` : '';
  const inner = m.twice
    ? `${lead}${socketAddress({ host: socket.displayHost, port: socket.displayPort, proto: socket.proto })}${tail}${sn}>\r\n`
    : '';
  const at = message.findAll(HDR_PATH)[0]?.start ?? message.headersEnd;
  edits.insert(at, (out) => `${lead}${socketAddress(out)}${tail}${m.twice ? '' : sn}>\r\n${inner}`);
  return 1;
}

/** use_received: where the client is stands in our Route, which was its Path. */
function toReceived(m: PathModule, state: RequestState, route: OwnRoute): void {
  // After a reload there is one listener for each program; a request belongs to the program that it began with.
  if (state.hooks !== m.host.program().hooks) return;
  const value = paramValue(route.params, m.receivedName);
  if (value === undefined) return;
  const uri = m.asAlias ? aliasUri(value) : unescapeUser(value);
  if (typeof uri === 'string' && (parseUri(uri)?.host ?? '') !== '') state.target.dstUri = uri;
  else failure(m.host.log, 'path', `the Route ${route.uri} does not say where to`, 'PATH_BAD_ROUTE');
}

/** path: the way back to clients that register through this server (RFC 3327). */
export const path = defineModule<PathModule>({
  name: 'path',
  after: ['rr'],
  parameters: [
    intParam('use_received', 0),
    intParam('received_format', 0),
    strParam('received_name', 'received'),
    intParam('enable_r2', 0),
    intParam('sockname_mode', 0),
  ],
  functions: [
    fn(
      'add_path',
      ['str?', 'str?'],
      ROUTE_REQUEST,
      (m) => (ctx, user, params) => addPath(m, ctx, 'add_path', user ?? '', params ?? '', false),
    ),
    fn(
      'add_path_received',
      ['str?', 'str?'],
      ROUTE_REQUEST,
      (m) => (ctx, user, params) => addPath(m, ctx, 'add_path_received', user ?? '', params ?? '', true),
    ),
  ],
  variables: [],
  transformations: [],
  eventRoutes: [],
  create: (host, parameters) => {
    const used = parameters.int('use_received') !== 0;
    const module: PathModule = {
      host,
      receivedName: parameters.str('received_name'),
      asAlias: parameters.int('received_format') !== 0,
      twice: parameters.int('enable_r2') !== 0,
      named: parameters.int('sockname_mode') !== 0,
      release: used ? host.proxy.onOwnRoute((state, route) => toReceived(module, state, route)) : () => {},
    };
    return module;
  },
  stop: ({ release }) => release(),
});
