import { openDatabase } from './database.ts';
import { quotedName } from './location.ts';
import { LOCATION, LOCATION_COLUMNS, LOCATION_VERSION, type LocationColumn } from './location-table.ts';
import type { DatabaseKind, SqlDatabase } from './sql-database.ts';
import { checkTableName, tableVersion } from './table-version.ts';
import { ID, make, makeVersionTable, setVersion, type TableMade } from './tables.ts';

const ATTRS_VERSION = 1;

function typeOf(kind: DatabaseKind, { kind: type, length }: LocationColumn): string {
  switch (type) {
    case 'text':
      return `VARCHAR(${length})`;
    case 'integer':
      return 'INTEGER';
    case 'real':
      return kind === 'mysql' ? 'FLOAT(10,2)' : 'REAL';
    case 'time':
      return kind === 'mysql' ? 'DATETIME' : 'TIMESTAMP WITHOUT TIME ZONE';
  }
}

/**
 * Makes the tables of contacts where they are not there, empty, as Kamailio's scripts do: `location`, `location_attrs`, and `version`.
 * @param source URL of a database, or one that is open, which stays open
 * @param table name in place of `location`
 * @returns what became of each
 * @throws as initTables()
 */
export async function initLocationTables(
  source: string | SqlDatabase,
  table: string = LOCATION,
): Promise<readonly TableMade[]> {
  checkTableName(table);
  if (typeof source !== 'string') return makeTables(source, table);
  const database = openDatabase(source);
  try {
    return await makeTables(database, table);
  } finally {
    await database.close();
  }
}

async function makeTables(database: SqlDatabase, table: string): Promise<readonly TableMade[]> {
  const { kind } = database;
  // An index has a name in its table for MySQL, in the whole database for others.
  const index = (owner: string, name: string): string => (kind === 'mysql' ? name : `${owner}_${name}`);
  await makeVersionTable(database);
  const made = await make(database, table, [
    `id ${ID[kind]}`,
    ...Object.values(LOCATION_COLUMNS).map(
      (column) => `${quotedName(kind, column.name)} ${typeOf(kind, column)} ${column.constraint}`,
    ),
    `CONSTRAINT ${index(table, 'ruid_idx')} UNIQUE (ruid)`,
  ]);
  if (made) {
    await database.query(`CREATE INDEX ${index(table, 'account_contact_idx')} ON ${table} (username, domain, contact)`);
    await database.query(`CREATE INDEX ${index(table, 'expires_idx')} ON ${table} (expires)`);
    await database.query(`CREATE INDEX ${index(table, 'tcpcon_idx')} ON ${table} (connection_id)`);
    await database.query(`CREATE INDEX ${index(table, 'connection_idx')} ON ${table} (server_id, connection_id)`);
    await setVersion(database, table, LOCATION_VERSION);
  }
  const attrs = `${table}_attrs`;
  const attrsMade = await make(database, attrs, [
    `id ${ID[kind]}`,
    "ruid VARCHAR(64) DEFAULT '' NOT NULL",
    "username VARCHAR(64) DEFAULT '' NOT NULL",
    'domain VARCHAR(64) DEFAULT NULL',
    "aname VARCHAR(64) DEFAULT '' NOT NULL",
    'atype INTEGER DEFAULT 0 NOT NULL',
    "avalue VARCHAR(512) DEFAULT '' NOT NULL",
    `last_modified ${kind === 'mysql' ? 'DATETIME' : 'TIMESTAMP WITHOUT TIME ZONE'} DEFAULT '2000-01-01 00:00:01' NOT NULL`,
  ]);
  if (attrsMade) {
    await database.query(`CREATE INDEX ${index(attrs, 'account_record_idx')} ON ${attrs} (username, domain, ruid)`);
    await database.query(`CREATE INDEX ${index(attrs, 'last_modified_idx')} ON ${attrs} (last_modified)`);
    await setVersion(database, attrs, ATTRS_VERSION);
  }
  return [
    { table, made, version: await tableVersion(database, table) },
    { table: attrs, made: attrsMade, version: await tableVersion(database, attrs) },
  ];
}
