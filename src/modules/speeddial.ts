import { parseUri } from '../message/uri.ts';
import type { ScriptContext } from '../script/context.ts';
import { defineModule, fn, intParam, type ModuleHost, strParam } from '../script/module-definition.ts';
import { ROUTE_REQUEST } from '../script/values.ts';
import type { SqlDatabase } from '../storage/sql-database.ts';
import { failure } from './support/failure.ts';
import { moduleDatabase, sqlName } from './support/table-loader.ts';
import { askTable, withoutPrefix } from './support/user-lookup.ts';

interface SpeeddialModule {
  readonly host: ModuleHost;
  readonly database: SqlDatabase;
  readonly user: string;
  readonly domain: string;
  readonly shortUser: string;
  readonly shortDomain: string;
  readonly newUri: string;
  readonly prefix: string;
  /** 0 no domains, 1 the owner's, 2 that of the short number too. */
  readonly useDomain: number;
}

async function lookup(m: SpeeddialModule, ctx: ScriptContext, table: string, ownerUri: string): Promise<number> {
  const bad = (text: string): number => failure(m.host.log, 'speeddial', `sd_lookup: ${text}`, 'SPEEDDIAL_URI');
  const owner = parseUri(ownerUri);
  if (owner === null) return bad(`the owner "${ownerUri}" is no URI`);
  const short = parseUri(ctx.target.uri);
  if (short === null) return bad(`"${ctx.target.uri}" is no URI`);
  const where: (readonly [string, string])[] = [
    [m.user, owner.user ?? ''],
    [m.shortUser, short.user ?? ''],
  ];
  if (m.useDomain >= 1) where.push([m.domain, withoutPrefix(owner.host, m.prefix)]);
  if (m.useDomain >= 2) where.push([m.shortDomain, withoutPrefix(short.host, m.prefix)]);
  const rows = await askTable(m.host, 'speeddial', m.database, table, [m.newUri], where);
  const uri = rows?.[0]?.[0];
  if (uri === undefined) return -1;
  // What a table holds becomes a part of messages.
  if (/[\s\0-\x1f]/.test(uri) || parseUri(uri) === null) return bad(`"${uri}" of table ${table} is no URI`);
  ctx.target.uri = uri;
  return 1;
}

/** speeddial: short numbers of users, asked for in a table each time. */
export const speeddial = defineModule<SpeeddialModule>({
  name: 'speeddial',
  after: [],
  parameters: [
    strParam('db_url', 'mysql://kamailioro:kamailioro@localhost/kamailio'),
    strParam('user_column', 'username'),
    strParam('domain_column', 'domain'),
    strParam('sd_user_column', 'sd_username'),
    strParam('sd_domain_column', 'sd_domain'),
    strParam('new_uri_column', 'new_uri'),
    strParam('domain_prefix', null),
    intParam('use_domain', 0),
  ],
  functions: [
    fn(
      'sd_lookup',
      ['str', 'str?'],
      ROUTE_REQUEST,
      (m) => (ctx, table, owner) => lookup(m, ctx, table, owner ?? ctx.state.message.from?.uri ?? ''),
      { async: true },
    ),
  ],
  variables: [],
  transformations: [],
  eventRoutes: [],
  create: (host, parameters) => {
    const column = (name: string): string => sqlName(parameters.str(name), name);
    return {
      host,
      database: moduleDatabase(parameters.str('db_url')),
      user: column('user_column'),
      domain: column('domain_column'),
      shortUser: column('sd_user_column'),
      shortDomain: column('sd_domain_column'),
      newUri: column('new_uri_column'),
      prefix: parameters.str('domain_prefix'),
      useDomain: parameters.int('use_domain'),
    };
  },
  stop: ({ database }) => void database.close(),
});
