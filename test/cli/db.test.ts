import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import { command } from '../support/command.ts';
import { databaseSkip, startDatabase } from '../support/databases.ts';

describe('trunkline db', () => {
  let folder: string;
  let file: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'trunkline-db-'));
    file = join(folder, 'accounts.db');
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('check finds no file and makes none', async () => {
    const { code, stdout } = await command(['db', 'check', `sqlite:///${file}`]);
    assert.equal(code, 1);
    assert.match(stdout, /^reachable +no$/m);
    assert.match(stdout, /no such file \[STORAGE_UNREACHABLE\]\n {2}\S/);
    assert.equal(existsSync(file), false);
  });

  it('init makes the tables once, check finds them', async () => {
    const first = await command(['db', 'init', `sqlite:///${file}`]);
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stdout, /^uacreg +6 +made$/m);
    const second = await command(['db', 'init', `sqlite:///${file}`, '--json']);
    assert.deepEqual(JSON.parse(second.stdout), {
      tables: [
        { table: 'version', made: false, version: 1 },
        { table: 'uacreg', made: false, version: 6 },
        { table: 'subscriber', made: false, version: 7 },
        { table: 'dialog', made: false, version: 7 },
        { table: 'dialog_vars', made: false, version: 1 },
        { table: 'location', made: false, version: 9 },
        { table: 'location_attrs', made: false, version: 1 },
      ],
    });
    const check = await command(['db', 'check', `sqlite:///${file}`]);
    assert.equal(check.code, 0);
    assert.match(check.stdout, /^rows +0$/m);
    // Columns stand under each other.
    const starts = check.stdout
      .trimEnd()
      .split('\n')
      .map((line) => /^\S+(?: \S+)* {2,}/.exec(line)?.[0].length);
    assert.equal(new Set(starts).size, 1, check.stdout);
  });

  it('check names rows that cannot be accounts, without secrets and without what disturbs a terminal', async () => {
    const database = new DatabaseSync(file);
    database.exec(`INSERT INTO uacreg (l_uuid, auth_password) VALUES ('bad' || char(27) || '[31m', 'top-secret')`);
    database.exec('ALTER TABLE uacreg ADD COLUMN remark TEXT');
    database.close();
    const { code, stdout } = await command(['db', 'check', `sqlite:///${file}`]);
    assert.equal(code, 1);
    assert.match(stdout, /^bad\\x1b\[31m +l_username is empty +UAC_REG_EMPTY_FIELD$/m);
    assert.match(stdout, /^columns not read +remark$/m);
    assert.doesNotMatch(stdout, /top-secret|\x1b/);
    const json = JSON.parse((await command(['db', 'check', `sqlite:///${file}`, '--json'])).stdout);
    assert.equal(json.ok, false);
    assert.equal(json.unusable, 1);
    assert.doesNotMatch(JSON.stringify(json), /top-secret/);
  });

  it('a missing column and a wrong version are told', async () => {
    const database = new DatabaseSync(file);
    database.exec('ALTER TABLE uacreg DROP COLUMN realm');
    database.close();
    const lacking = await command(['db', 'check', `sqlite:///${file}`]);
    assert.equal(lacking.code, 1);
    assert.match(lacking.stdout, /^columns missing +realm$/m);
    assert.match(lacking.stdout, /\[STORAGE_COLUMN\]/);
    const again = new DatabaseSync(file);
    again.exec("UPDATE version SET table_version = 9 WHERE table_name = 'uacreg'");
    again.close();
    assert.match((await command(['db', 'check', `sqlite:///${file}`])).stdout, /version 9.*\[STORAGE_TABLE_VERSION\]/);
  });

  it('the URL may stand in the environment; no URL, or a wrong one, is told without its password', async () => {
    const env = { TRUNKLINE_DB_URL: `sqlite:///${join(folder, 'two.db')}` };
    assert.equal((await command(['db', 'init', '--table', 'accounts'], { env })).code, 0);
    assert.equal((await command(['db', 'check', '--table', 'accounts'], { env })).code, 0);
    const none = await command(['db', 'check'], { env: { TRUNKLINE_DB_URL: undefined } });
    assert.equal(none.code, 2);
    assert.match(none.stderr, /TRUNKLINE_DB_URL/);
    for (const url of ['oracle://u:hidden@h/d', 'mysql://u:hidden@h', 'mysql://u:hidden@127.0.0.1:1/d']) {
      const wrong = await command(['db', 'check', url]);
      assert.equal(wrong.code, 1);
      assert.match(wrong.stdout + wrong.stderr, /\[STORAGE_(?:URL|UNREACHABLE)\]/);
      assert.doesNotMatch(wrong.stdout + wrong.stderr, /hidden/);
    }
    assert.match((await command(['db'])).stderr, /init or check/);
  });

  for (const kind of ['postgres', 'mysql'] as const) {
    it(`works with ${kind}`, { skip: databaseSkip(kind) }, async () => {
      const place = await startDatabase(kind);
      try {
        const url = await place.fresh();
        assert.equal((await command(['db', 'check', url])).code, 1);
        const made = await command(['db', 'init', url]);
        assert.equal(made.code, 0, made.stderr);
        const { code, stdout } = await command(['db', 'check', url]);
        assert.equal(code, 0, stdout);
        assert.match(stdout, kind === 'postgres' ? /^server +PostgreSQL \d/m : /^server +\d+\.\d+/m);
        assert.doesNotMatch(stdout, /p@ss/);
      } finally {
        await place.destroy();
      }
    });
  }
});
