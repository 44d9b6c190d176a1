import { splitUserName } from '../../auth/identity.ts';
import { parseUri } from '../../message/uri.ts';
import type { ScriptContext } from '../../script/context.ts';
import type { ModuleHost } from '../../script/module-definition.ts';
import { AUTHORIZED, type AuthorizedCredentials } from '../../script/variables/credentials.ts';
import type { SqlDatabase } from '../../storage/sql-database.ts';
import { askTable } from './user-lookup.ts';

/** Codes of functions that ask whose a URI is; OpenSER, OpenSIPS and Kamailio have the same ones. */
export const OWNER_BAD_URI = -1;
export const OWNER_NO_CREDENTIALS = -2;
export const OWNER_NO_USER = -4;
export const OWNER_NOBODY = -5;
export const OWNER_QUERY = -8;
/** The table knows no such pair: the URI is somebody else's. */
export const OWNER_SPOOFED = -9;
/** The names are not the same. */
export const OWNER_OTHER = -10;

/** A table that says which users may use which user parts of URIs. */
export interface UriTable {
  readonly host: ModuleHost;
  /** Module that asks, for messages. */
  readonly module: string;
  readonly database: SqlDatabase;
  readonly table: string;
  readonly userColumn: string;
  readonly domainColumn: string;
  readonly uriUserColumn: string;
}

/** Somebody who has shown credentials: name without domain, and the domain of the name or else the realm. */
export interface Owner {
  readonly user: string;
  readonly domain: string;
}

/** Whoever was let in by credentials of this request; null for nobody. */
export function authorizedOwner(ctx: ScriptContext): Owner | null {
  const known = ctx.state.extensions?.get(AUTHORIZED) as AuthorizedCredentials | undefined;
  return known === undefined ? null : { user: known.user, domain: known.domain === '' ? known.realm : known.domain };
}

/** @param name of credentials, with a domain or without */
export function ownerOf(name: string, realm: string): Owner {
  const { user, domain } = splitUserName(name, true);
  return { user, domain: domain === '' ? realm : domain };
}

/** User part of a URI as it is written. @returns the code of what is missing instead */
export function uriUser(text: string): string | typeof OWNER_BAD_URI | typeof OWNER_NO_USER {
  const uri = parseUri(text);
  if (uri === null) return OWNER_BAD_URI;
  return uri.user === undefined || uri.user === '' ? OWNER_NO_USER : uri.user;
}

/** Whether a user may use a user part of URIs. @returns 1, {@link OWNER_SPOOFED} or {@link OWNER_QUERY} */
export async function mayUse(
  { host, module, database, table, userColumn, domainColumn, uriUserColumn }: UriTable,
  { user, domain }: Owner,
  part: string,
): Promise<number> {
  const rows = await askTable(
    host,
    module,
    database,
    table,
    [uriUserColumn],
    [
      [userColumn, user],
      [domainColumn, domain],
      [uriUserColumn, part],
    ],
  );
  if (rows === null) return OWNER_QUERY;
  // MySQL compares without case and trailing blanks.
  return rows.some(([found]) => found === part) ? 1 : OWNER_SPOOFED;
}
