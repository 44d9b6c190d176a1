import { DatabaseSync } from 'node:sqlite';

/** Accounts to make. */
export interface AccountsPlan {
  /** File of the database; it must not exist yet. */
  readonly file: string;
  readonly count: number;
  /** Of the registrar, `host:port`. */
  readonly registrar: string;
  /** Seconds to ask for. */
  readonly expires: number;
}

/** Kamailio 5.6.3's table, version 5 (db_sqlite/uac-create.sql). */
const SCHEMA = `
CREATE TABLE version (table_name VARCHAR(32) NOT NULL, table_version INTEGER DEFAULT 0 NOT NULL);
INSERT INTO version VALUES ('uacreg', 5);
CREATE TABLE uacreg (
  id INTEGER PRIMARY KEY NOT NULL,
  l_uuid VARCHAR(64) DEFAULT '' NOT NULL,
  l_username VARCHAR(64) DEFAULT '' NOT NULL,
  l_domain VARCHAR(64) DEFAULT '' NOT NULL,
  r_username VARCHAR(64) DEFAULT '' NOT NULL,
  r_domain VARCHAR(64) DEFAULT '' NOT NULL,
  realm VARCHAR(64) DEFAULT '' NOT NULL,
  auth_username VARCHAR(64) DEFAULT '' NOT NULL,
  auth_password VARCHAR(64) DEFAULT '' NOT NULL,
  auth_ha1 VARCHAR(128) DEFAULT '' NOT NULL,
  auth_proxy VARCHAR(255) DEFAULT '' NOT NULL,
  expires INTEGER DEFAULT 0 NOT NULL,
  flags INTEGER DEFAULT 0 NOT NULL,
  reg_delay INTEGER DEFAULT 0 NOT NULL,
  contact_addr VARCHAR(255) DEFAULT '' NOT NULL,
  socket VARCHAR(128) DEFAULT '' NOT NULL,
  CONSTRAINT uacreg_l_uuid_idx UNIQUE (l_uuid)
);`;

/**
 * Writes a table of trunk accounts as both servers read it. The number of an account is the digits of its r_username, from 0.
 * @returns bytes of text of an average row
 */
export function makeAccounts(plan: AccountsPlan): number {
  const database = new DatabaseSync(plan.file);
  database.exec('PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;');
  database.exec(SCHEMA);
  const insert = database.prepare(
    'INSERT INTO uacreg (l_uuid,l_username,l_domain,r_username,r_domain,realm,auth_username,auth_password,auth_proxy,expires) VALUES (?,?,?,?,?,?,?,?,?,?)',
  );
  let bytes = 0;
  database.exec('BEGIN');
  for (let n = 0; n < plan.count; n++) {
    const texts = [
      `uuid${n}`,
      `line${n}`,
      'pbx.example.com',
      `trunk${n}`,
      'carrier.example.com',
      'carrier.example.com',
      `trunk${n}`,
      `secret-${n * 7919}`,
      `sip:${plan.registrar}`,
    ];
    for (const text of texts) bytes += text.length;
    insert.run(...texts, plan.expires);
  }
  database.exec('COMMIT');
  database.close();
  return plan.count === 0 ? 0 : bytes / plan.count;
}
