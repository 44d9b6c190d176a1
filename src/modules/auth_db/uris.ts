import { parseUri } from '../../message/uri.ts';
import type { ScriptContext } from '../../script/context.ts';
import { fn, type VariableAccess } from '../../script/module-definition.ts';
import { ROUTE_REQUEST } from '../../script/values.ts';
import { failure } from '../support/failure.ts';
import {
  authorizedOwner,
  mayUse,
  OWNER_BAD_URI,
  OWNER_NO_CREDENTIALS,
  OWNER_NO_USER,
  OWNER_NOBODY,
  OWNER_QUERY,
} from '../support/uri-owner.ts';
import { askTable } from '../support/user-lookup.ts';
import type { AuthDbFunction, AuthDbModule } from './instance.ts';

/** The user part and host of a URI, or the code of what is missing, which is logged. */
function partsOf(m: AuthDbModule, name: string, text: string): readonly [user: string, host: string] | number {
  const uri = parseUri(text);
  if (uri?.user !== undefined && uri.user !== '') return [uri.user, uri.host];
  const code = uri === null ? OWNER_BAD_URI : OWNER_NO_USER;
  return failure(m.host.log, 'auth_db', `${name}: "${text}" is no URI with a user`, 'AUTH_DB_URI', code);
}

/** db_is_to_authorized() and db_is_from_authorized(): whether the table gives this URI to whoever was let in. */
function isAuthorized(
  m: AuthDbModule,
  ctx: ScriptContext,
  name: string,
  text: string,
  table: string,
): number | Promise<number> {
  const owner = authorizedOwner(ctx);
  if (owner === null) {
    return failure(
      m.host.log,
      'auth_db',
      `${name}: nobody was let in yet`,
      'AUTH_DB_NO_CREDENTIALS',
      OWNER_NO_CREDENTIALS,
    );
  }
  const parts = partsOf(m, name, text);
  return typeof parts === 'number' ? parts : mayUse({ ...m.uris, table }, owner, parts[0]);
}

/** db_does_uri_exist(): whether somebody of the table of users has this URI. */
async function exists(m: AuthDbModule, text: string, table: string): Promise<number> {
  const parts = partsOf(m, 'db_does_uri_exist', text);
  if (typeof parts === 'number') return parts;
  const [user, domain] = parts;
  const { user: byUser, domain: byDomain } = m.columns;
  const where: (readonly [string, string])[] = [[byUser, user]];
  if (m.useDomain) where.push([byDomain, domain]);
  const rows = await askTable(m.host, 'auth_db', m.database, table, [byUser], where);
  if (rows === null) return OWNER_QUERY;
  return rows.some(([found]) => found === user) ? 1 : OWNER_NOBODY;
}

/** db_get_auth_id(): name and realm of whoever may use a URI. */
async function authIdOf(
  m: AuthDbModule,
  ctx: ScriptContext,
  table: string,
  text: string,
  name: VariableAccess,
  realm: VariableAccess,
): Promise<number> {
  const parts = partsOf(m, 'db_get_auth_id', text);
  if (typeof parts === 'number') return parts;
  const [user, domain] = parts;
  const { userColumn, domainColumn, uriUserColumn } = m.uris;
  const where: (readonly [string, string])[] = [[uriUserColumn, user]];
  if (m.useDomain) where.push([domainColumn, domain]);
  const columns = [userColumn, domainColumn, uriUserColumn];
  const rows = await askTable(m.host, 'auth_db', m.database, table, columns, where);
  if (rows === null) return OWNER_QUERY;
  const [id, realmOf] = rows.find(([, , part]) => part === user) ?? [];
  if (id === undefined || realmOf === undefined) return OWNER_NOBODY;
  return name.set?.(ctx, id) === true && realm.set?.(ctx, realmOf) === true ? 1 : -1;
}

const OPENSIPS = { async: true, support: 'yes: of OpenSIPS' };

/** Functions of OpenSIPS' auth_db that ask whose a URI is; their tables are named by the script. */
export const URI_FUNCTIONS: readonly AuthDbFunction[] = [
  fn(
    'db_is_to_authorized',
    ['str'],
    ROUTE_REQUEST,
    (m) => (ctx, table) => isAuthorized(m, ctx, 'db_is_to_authorized', ctx.message.to?.uri ?? '', table),
    OPENSIPS,
  ),
  fn(
    'db_is_from_authorized',
    ['str'],
    ROUTE_REQUEST,
    (m) => (ctx, table) => isAuthorized(m, ctx, 'db_is_from_authorized', ctx.message.from?.uri ?? '', table),
    OPENSIPS,
  ),
  fn('db_does_uri_exist', ['str', 'str'], ROUTE_REQUEST, (m) => (_ctx, uri, table) => exists(m, uri, table), OPENSIPS),
  fn(
    'db_get_auth_id',
    ['str', 'str', 'var', 'var'],
    ROUTE_REQUEST,
    (m) => (ctx, table, uri, name, realm) => authIdOf(m, ctx, table, uri, name, realm),
    OPENSIPS,
  ),
];
