import type { AccountRow } from '../uac/registration/account-row.ts';

/** A column of the table `uacreg` (Kamailio's database documentation, table "uacreg"). */
export interface UacregColumn {
  readonly name: string;
  /** Where its value goes. */
  readonly field: keyof AccountRow;
  /** Characters of a text; null for an integer. */
  readonly length: number | null;
  /** Version of the table that brought it. */
  readonly since: number;
}

/** Name that the table has by default (uac README, reg_db_table). */
export const UACREG = 'uacreg';

/** The version of tables made here: the newest that Kamailio knows. */
export const UACREG_VERSION = 6;

/** In the order in which Kamailio's own scripts make them; `id` stands before them. */
export const UACREG_COLUMNS: readonly UacregColumn[] = [
  { name: 'l_uuid', field: 'uuid', length: 64, since: 1 },
  { name: 'l_username', field: 'localUser', length: 64, since: 1 },
  { name: 'l_domain', field: 'localDomain', length: 64, since: 1 },
  { name: 'r_username', field: 'remoteUser', length: 64, since: 1 },
  { name: 'r_domain', field: 'remoteDomain', length: 64, since: 1 },
  { name: 'realm', field: 'realm', length: 64, since: 1 },
  { name: 'auth_username', field: 'authUser', length: 64, since: 1 },
  { name: 'auth_password', field: 'authPassword', length: 64, since: 1 },
  { name: 'auth_ha1', field: 'authHa1', length: 128, since: 3 },
  { name: 'auth_proxy', field: 'proxy', length: 255, since: 1 },
  { name: 'expires', field: 'expires', length: null, since: 1 },
  { name: 'flags', field: 'flags', length: null, since: 2 },
  { name: 'reg_delay', field: 'delay', length: null, since: 2 },
  { name: 'contact_addr', field: 'contactAddr', length: 255, since: 5 },
  { name: 'contact_user', field: 'contactUser', length: 255, since: 6 },
  { name: 'socket', field: 'socket', length: 128, since: 4 },
];

/** Columns that a table of this version must have. */
export function requiredColumns(version: number): readonly string[] {
  return UACREG_COLUMNS.filter(({ since }) => since <= version).map(({ name }) => name);
}

export const EMPTY_ACCOUNT: AccountRow = {
  uuid: '',
  localUser: '',
  localDomain: '',
  remoteUser: '',
  remoteDomain: '',
  realm: '',
  authUser: '',
  authPassword: '',
  authHa1: '',
  proxy: '',
  expires: 0,
  flags: 0,
  delay: 0,
  contactAddr: '',
  contactUser: '',
  socket: '',
};
