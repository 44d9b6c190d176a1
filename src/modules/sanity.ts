import type { RequestState } from '../proxy/request-state.ts';
import type { ScriptContext } from '../script/context.ts';
import { L_WARN } from '../script/log.ts';
import { defineModule, fn, intParam, type ModuleHost, strParam } from '../script/module-definition.ts';
import { ROUTE_ONREPLY, ROUTE_REQUEST } from '../script/values.ts';
import { failure } from './support/failure.ts';
import { checkSanity, type SanityFailure, type SanityOptions } from './support/sanity-checks.ts';

interface SanityModule {
  readonly host: ModuleHost;
  readonly checks: number;
  readonly uriChecks: number;
  readonly autodrop: boolean;
  readonly noreply: boolean;
  readonly options: SanityOptions;
}

/** Reply a failed check left for sanity_reply(). */
const PENDING: unique symbol = Symbol('sanity reply');

const ROUTES = ROUTE_REQUEST | ROUTE_ONREPLY;
const SIZES = 'ignored: every size_ limit is checked by bit 65536';

function send(m: SanityModule, state: RequestState, failed: SanityFailure): number {
  state.replyHeaders += failed.headers;
  return m.host.proxy.statelessReply(state, failed.status, failed.reason);
}

function check(m: SanityModule, ctx: ScriptContext, checks: number, uris: number): number {
  if (!Number.isInteger(checks) || !Number.isInteger(uris)) {
    return failure(m.host.log, 'sanity', 'sanity_check: an argument is no integer', 'SANITY_BAD_ARGUMENT');
  }
  const { message, state } = ctx;
  const failed = checkSanity(message, checks, uris, m.options);
  if (failed === null) return 1;
  m.host.log.write(L_WARN, 'sanity', `${message.method} from ${ctx.from.ip}: ${failed.reason}`, 'SANITY_FAILED');
  // A reply is only refused, never answered.
  if (message.isRequest && failed.status !== 0) {
    if (m.noreply) {
      state.extensions ??= new Map();
      state.extensions.set(PENDING, failed);
    } else send(m, state, failed);
  }
  return m.autodrop ? 0 : -1;
}

/** sanity: checks on a message's form, each failure with its precise reply. */
export const sanity = defineModule<SanityModule>({
  name: 'sanity',
  after: ['sl'],
  parameters: [
    intParam('default_checks', 3047),
    intParam('uri_checks', 7),
    strParam('proxy_require', null),
    intParam('autodrop', 1),
    intParam('noreply', 0),
    intParam('size_checks', 0, SIZES),
    intParam('size_message', 16384),
    intParam('size_headers', 8192),
    intParam('size_header', 2048),
    intParam('size_body', 8192),
    intParam('size_method', 32),
    intParam('size_ruri', 256),
    intParam('size_from_uri', 256),
    intParam('size_to_uri', 256),
    intParam('size_contact_uri', 256),
    intParam('size_pai_uri', 256),
    intParam('size_path_uri', 256),
    intParam('size_route_uri', 256),
  ],
  functions: [
    fn('sanity_check', ['int?', 'int?'], ROUTES, (m) => (ctx, checks, uris) => {
      return check(m, ctx, checks ?? m.checks, uris ?? m.uriChecks);
    }),
    fn('sanity_reply', [], ROUTES, (m) => (ctx) => {
      const { state } = ctx;
      const failed = state.extensions?.get(PENDING) as SanityFailure | undefined;
      if (!m.noreply || failed === undefined) return -1;
      state.extensions?.delete(PENDING);
      return send(m, state, failed) > 0 ? 1 : -1;
    }),
  ],
  variables: [],
  transformations: [],
  eventRoutes: [],
  create: (host, parameters) => ({
    host,
    checks: parameters.int('default_checks'),
    uriChecks: parameters.int('uri_checks'),
    autodrop: parameters.int('autodrop') !== 0,
    noreply: parameters.int('noreply') !== 0,
    options: {
      proxyRequire: new Set(
        parameters
          .str('proxy_require')
          .toLowerCase()
          .split(',')
          .map((token) => token.trim())
          .filter((token) => token !== ''),
      ),
      sizes: {
        message: parameters.int('size_message'),
        headers: parameters.int('size_headers'),
        header: parameters.int('size_header'),
        body: parameters.int('size_body'),
        method: parameters.int('size_method'),
        ruri: parameters.int('size_ruri'),
        from: parameters.int('size_from_uri'),
        to: parameters.int('size_to_uri'),
        contact: parameters.int('size_contact_uri'),
        pai: parameters.int('size_pai_uri'),
        path: parameters.int('size_path_uri'),
        route: parameters.int('size_route_uri'),
      },
    },
  }),
});
