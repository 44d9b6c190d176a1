import { hash } from 'node:crypto';
import { openDatabase } from '../../src/storage/database.ts';
import { BENCH_PASSWORD, benchUser } from './users.ts';

/** Kamailio 5.6.3's table, version 7 (auth_db-create.sql), in words that SQLite and PostgreSQL know. */
const SCHEMA = [
  'CREATE TABLE version (table_name VARCHAR(32) NOT NULL, table_version INTEGER DEFAULT 0 NOT NULL)',
  "INSERT INTO version VALUES ('subscriber', 7)",
  `CREATE TABLE subscriber (
    id INTEGER PRIMARY KEY NOT NULL,
    username VARCHAR(64) DEFAULT '' NOT NULL,
    domain VARCHAR(64) DEFAULT '' NOT NULL,
    password VARCHAR(64) DEFAULT '' NOT NULL,
    ha1 VARCHAR(128) DEFAULT '' NOT NULL,
    ha1b VARCHAR(128) DEFAULT '' NOT NULL,
    CONSTRAINT subscriber_account_idx UNIQUE (username, domain)
  )`,
  'CREATE INDEX subscriber_username_idx ON subscriber (username)',
];

/** Rows of one INSERT. */
const CHUNK = 100;

/** Makes the table of users in an empty database, with HA1s of MD5. @param url as db_url has it */
export async function makeSubscribers(url: string, count: number): Promise<void> {
  const database = openDatabase(url);
  try {
    for (const statement of SCHEMA) await database.query(statement);
    for (let from = 0; from < count; from += CHUNK) {
      const values: (string | number)[] = [];
      for (let n = from; n < Math.min(from + CHUNK, count); n++) {
        const user = benchUser(n);
        values.push(n + 1, user, 'bench.example.com', hash('md5', `${user}:bench.example.com:${BENCH_PASSWORD}`));
      }
      const rows = Array.from({ length: values.length / 4 }, () => '(?, ?, ?, ?)').join(', ');
      await database.query(`INSERT INTO subscriber (id, username, domain, ha1) VALUES ${rows}`, values);
    }
  } finally {
    await database.close();
  }
}
