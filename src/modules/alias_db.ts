import { parseUri } from '../message/uri.ts';
import { Target } from '../proxy/target.ts';
import type { ScriptContext } from '../script/context.ts';
import { L_ERR } from '../script/log.ts';
import { defineModule, fn, intParam, type ModuleHost, strParam } from '../script/module-definition.ts';
import { ROUTE_BRANCH, ROUTE_FAILURE, ROUTE_LOCAL, ROUTE_ONREPLY, ROUTE_REQUEST } from '../script/values.ts';
import type { SqlDatabase } from '../storage/sql-database.ts';
import { failure } from './support/failure.ts';
import { moduleDatabase, sqlName } from './support/table-loader.ts';
import { askTable, withoutPrefix } from './support/user-lookup.ts';

interface AliasModule {
  readonly host: ModuleHost;
  readonly database: SqlDatabase;
  readonly user: string;
  readonly domain: string;
  readonly aliasUser: string;
  readonly aliasDomain: string;
  readonly useDomain: boolean;
  readonly prefix: string;
  readonly appendBranches: boolean;
}

/** @returns URIs that a URI stands for; null after a failure, which is logged */
async function resolve(m: AliasModule, table: string, uri: string, flags: string): Promise<readonly string[] | null> {
  const parsed = parseUri(uri);
  if (parsed === null || (parsed.scheme !== 'sip' && parsed.scheme !== 'sips')) {
    m.host.log.write(L_ERR, 'alias_db', `"${uri}" is no SIP URI`, 'ALIAS_DB_URI');
    return null;
  }
  if ((parsed.user ?? '') === '') return [];
  let useDomain = m.useDomain;
  for (const flag of flags) {
    if (flag === 'd') useDomain = false;
    else if (flag === 'u') useDomain = true;
  }
  const reverse = flags.includes('r');
  const [byUser, byDomain] = reverse ? [m.user, m.domain] : [m.aliasUser, m.aliasDomain];
  const where: (readonly [string, string])[] = [[byUser, parsed.user ?? '']];
  if (useDomain) where.push([byDomain, withoutPrefix(parsed.host, m.prefix)]);
  const columns = reverse ? [m.aliasUser, m.aliasDomain] : [m.user, m.domain];
  const rows = await askTable(m.host, 'alias_db', m.database, table, columns, where);
  if (rows === null) return null;
  const uris: string[] = [];
  for (const [user = '', domain = ''] of rows) {
    const found = `sip:${user}@${domain}`;
    // What a table holds becomes a part of messages.
    if (/[\s\0-\x1f]/.test(found) || parseUri(found) === null)
      m.host.log.write(L_ERR, 'alias_db', `table ${table}: "${found}" is no URI; the row is left out`, 'TABLE_BAD_ROW');
    else uris.push(found);
  }
  return uris;
}

async function lookup(m: AliasModule, ctx: ScriptContext, table: string, flags: string): Promise<number> {
  const [first, ...others] = (await resolve(m, table, ctx.target.uri, flags)) ?? [];
  if (first === undefined) return -1;
  ctx.target.uri = first;
  if (m.appendBranches) for (const uri of others) ctx.state.branches.push(new Target(uri));
  return 1;
}

const ANYWHERE = ROUTE_REQUEST | ROUTE_FAILURE | ROUTE_ONREPLY | ROUTE_BRANCH | ROUTE_LOCAL;

/** alias_db: other names of users, asked for in a table each time. */
export const aliasDb = defineModule<AliasModule>({
  name: 'alias_db',
  after: [],
  parameters: [
    strParam('db_url', 'mysql://kamailioro:kamailioro@localhost/kamailio'),
    strParam('user_column', 'username'),
    strParam('domain_column', 'domain'),
    strParam('alias_user_column', 'alias_username'),
    strParam('alias_domain_column', 'alias_domain'),
    intParam('use_domain', 0),
    strParam('domain_prefix', null),
    intParam('append_branches', 0),
  ],
  functions: [
    fn(
      'alias_db_lookup',
      ['str', 'const?'],
      ROUTE_REQUEST | ROUTE_FAILURE,
      (m) => (ctx, table, flags) => lookup(m, ctx, table, flags ?? ''),
      { async: true },
    ),
    fn(
      'alias_db_find',
      ['str', 'str', 'var', 'const?'],
      ANYWHERE,
      (m) => async (ctx, table, input, output, flags) => {
        const [first] = (await resolve(m, table, input, flags ?? '')) ?? [];
        if (first === undefined) return -1;
        if (output.set?.(ctx, first) === true) return 1;
        return failure(m.host.log, 'alias_db', `${output.text} cannot be written`, 'ALIAS_DB_READ_ONLY');
      },
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
      aliasUser: column('alias_user_column'),
      aliasDomain: column('alias_domain_column'),
      useDomain: parameters.int('use_domain') !== 0,
      prefix: parameters.str('domain_prefix'),
      appendBranches: parameters.int('append_branches') !== 0,
    };
  },
  stop: ({ database }) => void database.close(),
});
