import { HDR_RECORD_ROUTE, HDR_ROUTE } from '../message/header-name.ts';
import { parseNameAddr } from '../message/name-addr.ts';
import { looseRoute } from '../proxy/loose-route.ts';
import type { RecordRoute } from '../proxy/request-state.ts';
import type { ScriptContext } from '../script/context.ts';
import { L_ERR } from '../script/log.ts';
import {
  defineModule,
  fn,
  intParam,
  type ModuleHost,
  strParam,
  type VariableAccess,
  type VariableDefinition,
} from '../script/module-definition.ts';
import { ROUTE_ANY, ROUTE_BRANCH, ROUTE_FAILURE, ROUTE_REQUEST, type Value } from '../script/values.ts';

/** State of one program's rr module. */
interface RrModule {
  readonly host: ModuleHost;
  /** loose_route_mode bit 0 unset: requests of strict routers are recognised. */
  readonly strictCheck: boolean;
}

const RECORD = ROUTE_REQUEST | ROUTE_BRANCH | ROUTE_FAILURE;

/** Books the wish where it belongs: of this branch in a branch_route, else of the request. Once per request (RFC 3261 §16.6 step 4 adds one). */
function record(ctx: ScriptContext, wish: RecordRoute): number {
  if (ctx.routeType === ROUTE_BRANCH && ctx.branch !== null) {
    const before = ctx.branch.recordRoute;
    // A branch that repeats another has its wish already: the branch_route that made it asks again.
    if (before !== null) return isSame(before, wish) ? 1 : -1;
    if (ctx.state.recordRoute !== null) return -1;
    ctx.branch.recordRoute = wish;
    return 1;
  }
  if (ctx.state.recordRoute !== null) return -1;
  ctx.state.recordRoute = wish;
  return 1;
}

function isSame(a: RecordRoute, b: RecordRoute): boolean {
  return a.params === b.params && a.advertised === b.advertised && a.preset.join() === b.preset.join();
}

function withSemicolon(text: string): string {
  return text === '' || text.startsWith(';') ? text : `;${text}`;
}

/** Characters that may stand in a URI parameter list; anything else could break out of the header. */
function isParamText(text: string): boolean {
  return !/[\s<>"]/.test(text) && !/[^\x21-\x7e]/.test(text);
}

function refuse(module: RrModule, name: string, text: string): number {
  module.host.log.write(L_ERR, 'rr', `${name}: "${text}" cannot stand in a URI`, 'RR_BAD_PARAMETER');
  return -1;
}

function variable(name: string, read: (ctx: ScriptContext) => Value): VariableDefinition<RrModule> {
  return {
    name,
    writable: false,
    inner: 'none',
    support: 'yes',
    bind:
      () =>
      (_inner, _index, text): VariableAccess => ({ text, get: read, int: null, set: null }),
  };
}

/** Direction of an in-dialog request: 1 downstream, 2 upstream (rr's numbers). */
function direction(ctx: ScriptContext): number {
  return ctx.state.ownRoute?.upstream === true ? 2 : 1;
}

/** rr: Record-Route and loose routing. */
export const rr = defineModule<RrModule>({
  name: 'rr',
  after: [],
  parameters: [
    intParam('append_fromtag', 1),
    intParam('enable_full_lr', 0),
    intParam('enable_double_rr', 1),
    intParam('add_username', 0),
    intParam('enable_socket_mismatch_warning', 1, 'ignored: the socket is chosen by the second Record-Route'),
    intParam('force_send_socket', 1, 'partly: always on'),
    intParam('ignore_sips', 0, 'ignored: a sips Request-URI gives a sips Record-Route'),
    intParam('sockname_mode', 0, 'ignored: sockets are found by address'),
    intParam('loose_route_mode', 0),
    strParam('custom_user_avp', null, 'ignored: add_username gives the From user'),
    strParam('ignore_user', null, 'ignored: removed in the original'),
  ],
  functions: [
    fn('record_route', ['str?'], RECORD, (m) => (ctx, params) => {
      const text = withSemicolon(params ?? '');
      return isParamText(text)
        ? record(ctx, { params: text, preset: [], advertised: '' })
        : refuse(m, 'record_route', text);
    }),
    fn('record_route_preset', ['str', 'str?'], RECORD, (m) => (ctx, first, second) => {
      const preset = second === undefined ? [first] : [first, second];
      for (const text of preset) if (!isParamText(text)) return refuse(m, 'record_route_preset', text);
      return record(ctx, { params: '', preset, advertised: '' });
    }),
    fn('record_route_advertised_address', ['str'], RECORD, (m) => (ctx, address) => {
      if (!isParamText(address)) return refuse(m, 'record_route_advertised_address', address);
      return record(ctx, { params: '', preset: [], advertised: address });
    }),
    fn('remove_record_route', [], ROUTE_REQUEST | ROUTE_FAILURE, () => (ctx) => {
      ctx.state.recordRoute = null;
      for (const header of ctx.message.findAll(HDR_RECORD_ROUTE)) ctx.edits.replace(header.start, header.end, '');
      return 1;
    }),
    fn('add_rr_param', ['str'], RECORD, (m) => (ctx, text) => {
      const param = withSemicolon(text);
      if (!isParamText(param)) return refuse(m, 'add_rr_param', text);
      const params =
        ctx.routeType === ROUTE_BRANCH && ctx.branch !== null ? ctx.branch.routeParams : ctx.state.routeParams;
      params.set('', param);
      return 1;
    }),
    fn('loose_route', [], ROUTE_REQUEST, (m) => (ctx) => route(m, ctx, m.strictCheck)),
    fn('loose_route_mode', ['int'], ROUTE_REQUEST, (m) => (ctx, mode) => route(m, ctx, (mode & 1) === 0)),
    fn('loose_route_preloaded', [], ROUTE_REQUEST, (m) => (ctx) => {
      if ((ctx.message.to?.tag ?? '') !== '') return -1;
      const code = route(m, ctx, true);
      return code === -3 ? 1 : code;
    }),
    fn('check_route_param', ['regex'], ROUTE_REQUEST, () => (ctx, regex) => {
      const own = ctx.state.ownRoute;
      return own !== null && regex.test(own.params) ? 1 : -1;
    }),
    fn('is_direction', ['const'], ROUTE_REQUEST, () => (ctx, wanted) => {
      if (ctx.state.ownRoute === null) return -1;
      const upstream = /^up/i.test(wanted);
      return ctx.state.ownRoute.upstream === upstream ? 1 : -1;
    }),
    fn('rr_next_hop_route', [], ROUTE_ANY, () => (ctx) => {
      const header = ctx.message.find(HDR_ROUTE);
      const value = header === undefined ? null : parseNameAddr(ctx.message.raw, header.valueStart, header.valueEnd);
      if (value === null) return -1;
      ctx.target.dstUri = value.uri;
      return 1;
    }),
  ],
  variables: [
    variable('route_uri', (ctx) => {
      if (ctx.state.ownRoute !== null) return ctx.state.ownRoute.uri;
      const header = ctx.message.find(HDR_ROUTE);
      if (header === undefined) return null;
      return parseNameAddr(ctx.message.raw, header.valueStart, header.valueEnd)?.uri ?? null;
    }),
    {
      name: 'rdir',
      writable: false,
      inner: 'required',
      support: 'yes',
      bind: () => (inner, _index, text) => {
        const key = inner?.constant;
        if (key === 'id') return { text, get: (ctx) => direction(ctx), int: null, set: null };
        if (key === 'name')
          return { text, get: (ctx) => (direction(ctx) === 2 ? 'upstream' : 'downstream'), int: null, set: null };
        return '$rdir takes id or name';
      },
    },
    // Tags of the dialog's first request, whatever way this one goes.
    variable('fti', (ctx) => {
      const tag = (direction(ctx) === 2 ? ctx.message.to : ctx.message.from)?.tag;
      return tag === undefined || tag === '' ? null : tag;
    }),
    variable('tti', (ctx) => {
      const tag = (direction(ctx) === 2 ? ctx.message.from : ctx.message.to)?.tag;
      return tag === undefined || tag === '' ? null : tag;
    }),
  ],
  transformations: [],
  eventRoutes: [],
  create: (host, parameters) => {
    host.proxy.options.recordRoute = {
      appendFromTag: parameters.int('append_fromtag') !== 0,
      fullLr: parameters.int('enable_full_lr') !== 0,
      doubleRr: parameters.int('enable_double_rr'),
      addUsername: parameters.int('add_username') !== 0,
    };
    return { host, strictCheck: (parameters.int('loose_route_mode') & 1) === 0 };
  },
});

function route(module: RrModule, ctx: ScriptContext, strictCheck: boolean): number {
  const { host } = module;
  return looseRoute(ctx.state, host.sender, (state, own) => host.proxy.announceOwnRoute(state, own), strictCheck);
}
