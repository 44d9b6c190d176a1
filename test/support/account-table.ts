import { DatabaseSync } from 'node:sqlite';
import type { AccountRow } from '../../src/uac/registration/account-row.ts';

/** Columns of Kamailio 5.6.3's table (db_sqlite/uac-create.sql) and the fields they hold. */
const COLUMNS: readonly (readonly [column: string, field: keyof AccountRow])[] = [
  ['l_uuid', 'uuid'],
  ['l_username', 'localUser'],
  ['l_domain', 'localDomain'],
  ['r_username', 'remoteUser'],
  ['r_domain', 'remoteDomain'],
  ['realm', 'realm'],
  ['auth_username', 'authUser'],
  ['auth_password', 'authPassword'],
  ['auth_ha1', 'authHa1'],
  ['auth_proxy', 'proxy'],
  ['expires', 'expires'],
  ['flags', 'flags'],
  ['reg_delay', 'delay'],
  ['contact_addr', 'contactAddr'],
  ['socket', 'socket'],
];

const NUMBERS: readonly string[] = ['expires', 'flags', 'reg_delay'];

/** Kamailio's db_sqlite goes by the declared types. */
function declaration(column: string): string {
  return NUMBERS.includes(column)
    ? `${column} INTEGER DEFAULT 0 NOT NULL`
    : `${column} VARCHAR(255) DEFAULT '' NOT NULL`;
}

/** Makes the SQLite file of a table `uacreg` as Kamailio 5.6.3 wants it, with these accounts. */
export function makeAccountTable(file: string, rows: Iterable<AccountRow>): void {
  const database = new DatabaseSync(file);
  const names = COLUMNS.map(([column]) => column);
  database.exec(`
    CREATE TABLE version (table_name VARCHAR(32) NOT NULL, table_version INTEGER DEFAULT 0 NOT NULL);
    INSERT INTO version VALUES ('uacreg', 5);
    CREATE TABLE uacreg (id INTEGER PRIMARY KEY NOT NULL, ${names.map(declaration).join(', ')}, UNIQUE (l_uuid));
    BEGIN`);
  const insert = database.prepare(`INSERT INTO uacreg (${names.join(',')}) VALUES (${names.map(() => '?').join(',')})`);
  for (const row of rows) insert.run(...COLUMNS.map(([, field]) => row[field]));
  database.exec('COMMIT');
  database.close();
}
