/**
 * Kamailio's stock configuration, as Debian's package installs it: read where it is, never changed. What it needs of its own stands beside a copy of
 * it, in the kamailio-local.cfg that it imports.
 */
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export const STOCK = '/etc/kamailio/kamailio.cfg';
const SCRIPTS = '/usr/share/kamailio/db_sqlite';

/** False when they are there, else why the tests that need them are skipped. */
export const noStock = existsSync(STOCK) ? false : `${STOCK} is not installed (Debian package kamailio)`;
export const noTables = existsSync(SCRIPTS)
  ? false
  : `${SCRIPTS} is not installed (Debian package kamailio-sqlite-modules)`;

/** A folder with a copy of the stock configuration and a database with its tables. */
export class StockPlace {
  readonly directory = mkdtempSync(join(tmpdir(), 'trunkline-stock-'));
  readonly file = join(this.directory, 'kamailio.cfg');
  readonly database: DatabaseSync;

  /** @param local more lines for the kamailio-local.cfg */
  constructor(local = '') {
    copyFileSync(STOCK, this.file);
    const path = join(this.directory, 'stock.db');
    const own = `#!define DBURL "sqlite:///${path}"\nalias="127.0.0.1"\nloadmodule "db_sqlite.so"\n`;
    writeFileSync(join(this.directory, 'kamailio-local.cfg'), own + local);
    this.database = new DatabaseSync(path, { timeout: 5000 });
    for (const name of ['standard', 'acc', 'usrloc', 'auth_db', 'permissions', 'alias_db', 'speeddial'])
      this.database.exec(readFileSync(join(SCRIPTS, `${name}-create.sql`), 'utf8'));
    // The stock configuration has the statements for its own columns in a comment.
    const comment = /#!ifdef ACCDB_COMMENT\n([\s\S]*?)#!endif/.exec(readFileSync(STOCK, 'utf8'))?.[1] ?? '';
    this.database.exec(comment.replace(/^\s*#?/gm, ''));
  }

  close(): void {
    this.database.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
