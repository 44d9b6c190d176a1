import { parseUri } from '../message/uri.ts';
import type { ScriptContext } from '../script/context.ts';
import { defineModule, fn, intParam, type ModuleHost, strParam } from '../script/module-definition.ts';
import { ROUTE_LOCAL, ROUTE_REQUEST } from '../script/values.ts';
import { failure } from './support/failure.ts';
import { moduleDatabase, sqlName } from './support/table-loader.ts';
import {
  authorizedOwner,
  mayUse,
  OWNER_NO_CREDENTIALS,
  OWNER_NOBODY,
  OWNER_OTHER,
  OWNER_QUERY,
  type Owner,
  ownerOf,
  type UriTable,
  uriUser,
} from './support/uri-owner.ts';
import { askTable } from './support/user-lookup.ts';

interface UriDbModule {
  readonly host: ModuleHost;
  readonly table: UriTable;
  /** Who may use a URI stands in the table, else it has to have the name of the credentials. */
  readonly useTable: boolean;
  readonly useDomain: boolean;
}

/** Whether a URI belongs to somebody. @param name of the function, for messages */
function checkUri(m: UriDbModule, name: string, text: string, owner: Owner | null): number | Promise<number> {
  if (owner === null) {
    return failure(
      m.host.log,
      'uri_db',
      `${name}: nobody was let in yet`,
      'URI_DB_NO_CREDENTIALS',
      OWNER_NO_CREDENTIALS,
    );
  }
  const part = uriUser(text);
  if (typeof part === 'number') {
    return failure(m.host.log, 'uri_db', `${name}: "${text}" has no user`, 'URI_DB_URI', part);
  }
  if (m.useTable) return mayUse(m.table, owner, part);
  return part.toLowerCase() === owner.user.toLowerCase() ? 1 : OWNER_OTHER;
}

/** does_uri_exist(): whether somebody has the user part of the Request-URI. */
async function exists(m: UriDbModule, ctx: ScriptContext): Promise<number> {
  const { host, database, table, userColumn, domainColumn, uriUserColumn } = m.table;
  const uri = parseUri(ctx.target.uri);
  if (uri === null) {
    return failure(host.log, 'uri_db', `does_uri_exist: "${ctx.target.uri}" is no URI`, 'URI_DB_URI');
  }
  const user = uri.user ?? '';
  if (user === '') return OWNER_NOBODY;
  const column = m.useTable ? uriUserColumn : userColumn;
  const where: (readonly [string, string])[] = [[column, user]];
  if (m.useDomain) where.push([domainColumn, uri.host]);
  const rows = await askTable(host, 'uri_db', database, table, [column], where);
  if (rows === null) return OWNER_QUERY;
  return rows.some(([found]) => found === user) ? 1 : OWNER_NOBODY;
}

const LATER = { async: true };

/** uri_db: whether users show the From, To and URIs that are theirs, and whether somebody is called. */
export const uriDb = defineModule<UriDbModule>({
  name: 'uri_db',
  after: ['auth', 'auth_db'],
  parameters: [
    strParam('db_url', 'mysql://kamailioro:kamailioro@localhost/kamailio'),
    strParam('db_table', 'subscriber'),
    strParam('user_column', 'username'),
    strParam('domain_column', 'domain'),
    strParam('uriuser_column', 'uri_user'),
    intParam('use_uri_table', 0),
    intParam('use_domain', 0),
  ],
  functions: [
    fn(
      'check_to',
      [],
      ROUTE_REQUEST,
      (m) => (ctx) => checkUri(m, 'check_to', ctx.message.to?.uri ?? '', authorizedOwner(ctx)),
      LATER,
    ),
    fn(
      'check_from',
      [],
      ROUTE_REQUEST,
      (m) => (ctx) => checkUri(m, 'check_from', ctx.message.from?.uri ?? '', authorizedOwner(ctx)),
      LATER,
    ),
    fn(
      'check_uri',
      ['str'],
      ROUTE_REQUEST,
      (m) => (ctx, uri) => checkUri(m, 'check_uri', uri, authorizedOwner(ctx)),
      LATER,
    ),
    fn(
      'check_uri',
      ['str', 'str', 'str'],
      ROUTE_REQUEST,
      (m) => (_ctx, uri, user, realm) => checkUri(m, 'check_uri', uri, user === '' ? null : ownerOf(user, realm)),
      LATER,
    ),
    fn('does_uri_exist', [], ROUTE_REQUEST | ROUTE_LOCAL, (m) => (ctx) => exists(m, ctx), LATER),
  ],
  variables: [],
  transformations: [],
  eventRoutes: [],
  create: (host, parameters) => {
    const name = (parameter: string): string => sqlName(parameters.str(parameter), parameter);
    return {
      host,
      table: {
        host,
        module: 'uri_db',
        database: moduleDatabase(parameters.str('db_url')),
        table: name('db_table'),
        userColumn: name('user_column'),
        domainColumn: name('domain_column'),
        uriUserColumn: name('uriuser_column'),
      },
      useTable: parameters.int('use_uri_table') !== 0,
      useDomain: parameters.int('use_domain') !== 0,
    };
  },
  stop: ({ table }) => void table.database.close(),
});
