import { parseUri } from '../message/uri.ts';
import { RpcFault } from '../rpc/method.ts';
import { RpcArray, type RpcStruct, struct } from '../rpc/value.ts';
import type { ScriptContext } from '../script/context.ts';
import {
  defineModule,
  fn,
  intParam,
  ModuleError,
  type ModuleHost,
  rpc,
  strParam,
} from '../script/module-definition.ts';
import { fromBytes, toBytes } from '../script/utf8.ts';
import { ROUTE_BRANCH, ROUTE_FAILURE, ROUTE_LOCAL, ROUTE_REQUEST, type Value } from '../script/values.ts';
import type { SqlDatabase } from '../storage/sql-database.ts';
import { canonicalHost } from '../transport/ip.ts';
import { failure } from './support/failure.ts';
import { moduleDatabase, rowText, sqlName, TableLoader } from './support/table-loader.ts';

/** A row of domain_attrs. */
interface Attribute {
  readonly did: string;
  readonly name: string;
  readonly value: string | number;
}

/** Domains in memory: each has the name of its group, and groups have attributes. */
interface Domains {
  readonly dids: ReadonlyMap<string, string>;
  readonly attributes: ReadonlyMap<string, readonly Attribute[]>;
}

interface DomainModule {
  readonly host: ModuleHost;
  readonly database: SqlDatabase;
  domains: Domains;
  attributes: readonly Attribute[];
  readonly loaders: readonly { load(): Promise<boolean>; stop(): void }[];
  readonly registerMyself: boolean;
  forget: (() => void) | null;
}

const ROUTES = ROUTE_REQUEST | ROUTE_FAILURE | ROUTE_BRANCH | ROUTE_LOCAL;
const TYPE_TEXT = 2;
const NO_DOMAINS: Domains = { dids: new Map(), attributes: new Map() };

function didOf(m: DomainModule, host: string): string | undefined {
  return m.domains.dids.get(canonicalHost(host));
}

function isLocal(m: DomainModule, host: Value): number {
  return host !== null && didOf(m, `${host}`) !== undefined ? 1 : -1;
}

/** lookup_domain(): also sets an AVP for each attribute of the domain. */
function lookup(m: DomainModule, ctx: ScriptContext, host: string, prefix: string): number {
  const did = didOf(m, host);
  if (did === undefined) return -1;
  const set = (name: string, value: Value): void => {
    const variable = m.host.variable(`$avp(s:${prefix}${name})`);
    if (typeof variable !== 'string') variable.set?.(ctx, value);
  };
  set('did', did);
  for (const { name, value } of m.domains.attributes.get(did) ?? []) set(name, value);
  return 1;
}

function grouped(attributes: readonly Attribute[]): ReadonlyMap<string, readonly Attribute[]> {
  return Map.groupBy(attributes, ({ did }) => did);
}

function dump(m: DomainModule): RpcStruct {
  const { dids, attributes } = m.domains;
  return struct({
    domains: new RpcArray([...dids].map(([domain, did]) => struct({ domain: fromBytes(domain), did: fromBytes(did) }))),
    attributes: new RpcArray(
      [...attributes].map(([did, list]) =>
        struct({ did: fromBytes(did), attrs: new RpcArray(list.map(({ name }) => fromBytes(name))) }),
      ),
    ),
  });
}

/** domain: which domains are served here, from a table. */
export const domain = defineModule<DomainModule>({
  name: 'domain',
  after: ['pv'],
  parameters: [
    strParam('db_url', 'mysql://kamailioro:kamailioro@localhost/kamailio'),
    strParam('domain_table', 'domain'),
    strParam('domain_col', 'domain'),
    strParam('did_col', 'did'),
    strParam('domain_attrs_table', 'domain_attrs'),
    strParam('name_col', 'name'),
    strParam('type_col', 'type'),
    strParam('value_col', 'value'),
    intParam('register_myself', 0),
  ],
  functions: [
    fn('is_domain_local', ['value'], ROUTES, (m) => (_ctx, host) => isLocal(m, host)),
    fn('is_from_local', [], ROUTES, (m) => (ctx) => {
      const uri = parseUri(ctx.state.message.from?.uri ?? '');
      return uri === null
        ? failure(m.host.log, 'domain', 'is_from_local: From has no SIP URI', 'DOMAIN_URI')
        : isLocal(m, uri.host);
    }),
    fn('is_uri_host_local', [], ROUTES, (m) => (ctx) => {
      const uri = parseUri(ctx.target.uri);
      return uri === null
        ? failure(m.host.log, 'domain', 'is_uri_host_local: no SIP URI', 'DOMAIN_URI')
        : isLocal(m, uri.host);
    }),
    fn('lookup_domain', ['str', 'str?'], ROUTES, (m) => (ctx, host, prefix) => lookup(m, ctx, host, prefix ?? '')),
  ],
  variables: [],
  transformations: [],
  eventRoutes: [],
  rpc: [
    rpc('domain.reload', ['Reads the tables again.'], async (m) => {
      if ((await Promise.all(m.loaders.map((loader) => loader.load()))).includes(false))
        throw new RpcFault(500, 'Domain Table Reload Failed');
      return undefined;
    }),
    rpc('domain.dump', ['Domains in memory.'], dump),
  ],
  create: (host, parameters) => {
    const url = parameters.str('db_url');
    if (url === '') throw new ModuleError('DOMAIN_DATABASE', 'domains are kept in a database', 'db_url');
    const database = moduleDatabase(url);
    const name = (parameter: string): string => sqlName(parameters.str(parameter), parameter);
    const module: DomainModule = {
      host,
      database,
      domains: NO_DOMAINS,
      attributes: [],
      registerMyself: parameters.int('register_myself') !== 0,
      forget: null,
      loaders: [
        new TableLoader(host, {
          database,
          module: 'domain',
          table: name('domain_attrs_table'),
          columns: ['did_col', 'name_col', 'type_col', 'value_col'].map(name),
          rest: '',
          entry: ([did, attribute, type, value]): Attribute | string => {
            const text = toBytes(rowText(value));
            if (Number(type) !== TYPE_TEXT && !/^[+-]?\d{1,10}$/.test(text))
              return `attribute ${rowText(attribute)} of ${rowText(did)} is no number`;
            const is = Number(type) === TYPE_TEXT ? text : Number(text) | 0;
            return { did: toBytes(rowText(did)), name: toBytes(rowText(attribute)), value: is };
          },
          take: (entries) => {
            module.domains = { ...module.domains, attributes: grouped(entries) };
          },
        }),
        new TableLoader(host, {
          database,
          module: 'domain',
          table: name('domain_table'),
          columns: ['domain_col', 'did_col'].map(name),
          rest: '',
          entry: ([host, did]): readonly [string, string] | string => {
            const domain = canonicalHost(toBytes(rowText(host)));
            return domain === '' ? 'a domain has no name' : [domain, toBytes(rowText(did)) || domain];
          },
          take: (entries) => {
            module.domains = { ...module.domains, dids: new Map(entries) };
          },
        }),
      ],
    };
    return module;
  },
  start: (module) => {
    if (!module.registerMyself) return;
    module.forget = module.host.sender.addNames?.((host) => module.domains.dids.has(host)) ?? null;
  },
  open: async (module) => {
    await Promise.all(module.loaders.map((loader) => loader.load()));
  },
  stop: (module) => {
    module.forget?.();
    for (const loader of module.loaders) loader.stop();
    void module.database.close();
  },
});
