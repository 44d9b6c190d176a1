/** alias_db, speeddial and domain: what tables say about users and domains. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { aliasDb } from '../../src/modules/alias_db.ts';
import { domain } from '../../src/modules/domain.ts';
import { speeddial } from '../../src/modules/speeddial.ts';
import { openDatabase } from '../../src/storage/database.ts';
import type { SqlDatabase } from '../../src/storage/sql-database.ts';
import { startDatabase, type TestDatabase } from '../support/databases.ts';
import { cell, context, load, request, testHost } from './support.ts';

describe('users and domains in tables', () => {
  let place: TestDatabase;
  let url: string;
  let database: SqlDatabase;
  before(async () => {
    place = await startDatabase('sqlite');
    url = await place.fresh();
    database = openDatabase(url);
    const statements = [
      'CREATE TABLE dbaliases (alias_username TEXT, alias_domain TEXT, username TEXT, domain TEXT)',
      "INSERT INTO dbaliases VALUES ('boss', 'example.com', 'al', 'example.com'), ('boss', 'other.com', 'bo', 'example.com')",
      "INSERT INTO dbaliases VALUES ('evil', 'example.com', 'x', 'h>' || char(13) || char(10) || 'Route: <sip:y>')",
      'CREATE TABLE speed_dial (username TEXT, domain TEXT, sd_username TEXT, sd_domain TEXT, new_uri TEXT)',
      "INSERT INTO speed_dial VALUES ('alice', 'ex.com', '42', 'example.com', 'sip:bob@z.com'), ('alice', 'ex.com', '43', '', 'no uri')",
      'CREATE TABLE domain (domain TEXT, did TEXT)',
      "INSERT INTO domain VALUES ('a.example', NULL), ('B.example', 'a.example')",
      'CREATE TABLE domain_attrs (did TEXT, name TEXT, type INTEGER, value TEXT)',
      "INSERT INTO domain_attrs VALUES ('a.example', 'color', 2, 'red'), ('a.example', 'size', 0, '7'), ('a.example', 'bad', 0, 'x')",
    ];
    for (const sql of statements) await database.query(sql);
  });
  after(async () => {
    await database?.close();
    await place?.destroy();
  });

  it('alias_db finds users by their other names, with and without domains, both ways', async () => {
    const host = testHost();
    const { call, instance } = load(aliasDb, host, { db_url: url, append_branches: 1 });
    after(() => aliasDb.definition.stop?.(instance));
    const lookup = async (ruri: string, flags = ''): Promise<readonly [number, string, readonly string[]]> => {
      const ctx = context(host, request({ ruri }));
      const code = await call(ctx, 'alias_db_lookup', 'dbaliases', ...(flags === '' ? [] : [flags]));
      return [code, ctx.target.uri, ctx.state.branches.map(({ uri }) => uri)];
    };
    assert.deepEqual(await lookup('sip:boss@example.com'), [1, 'sip:al@example.com', ['sip:bo@example.com']]);
    assert.deepEqual(await lookup('sip:boss@other.com', 'u'), [1, 'sip:bo@example.com', []]);
    assert.deepEqual(await lookup('sip:al@example.com', 'ru'), [1, 'sip:boss@example.com', []]);
    assert.deepEqual(await lookup("sip:nobody'OR'1'='1@example.com"), [-1, "sip:nobody'OR'1'='1@example.com", []]);
    assert.deepEqual(await lookup('sip:evil@example.com'), [-1, 'sip:evil@example.com', []]);
    assert.ok(host.log.codes.includes('TABLE_BAD_ROW'));
    const ctx = context(host);
    const output = cell(host.variables, '$avp(x)');
    assert.equal(await call(ctx, 'alias_db_find', 'dbaliases', 'sip:boss@other.com', output, 'u'), 1);
    assert.equal(host.variables.get('$avp(x)'), 'sip:bo@example.com');
    assert.equal(await call(ctx, 'alias_db_lookup', 'no_such_table'), -1);
    assert.equal(await call(ctx, 'alias_db_lookup', 'x; DROP TABLE dbaliases'), -1);
    assert.ok(host.log.codes.includes('STORAGE_TABLE_NAME'));
  });

  it('speeddial finds the short numbers of whoever calls', async () => {
    const host = testHost();
    const lookup = async (ruri: string, parameters: Record<string, number>, ...owner: string[]): Promise<unknown> => {
      const { call, instance } = load(speeddial, host, { db_url: url, ...parameters });
      const ctx = context(host, request({ ruri }));
      const code = await call(ctx, 'sd_lookup', 'speed_dial', ...owner);
      speeddial.definition.stop?.(instance);
      return [code, ctx.target.uri];
    };
    assert.deepEqual(await lookup('sip:42@example.com', {}), [1, 'sip:bob@z.com']);
    assert.deepEqual(await lookup('sip:42@example.com', { use_domain: 2 }), [1, 'sip:bob@z.com']);
    assert.deepEqual(await lookup('sip:42@example.com', {}, 'sip:carol@x'), [-1, 'sip:42@example.com']);
    assert.deepEqual(await lookup('sip:42@example.com', { use_domain: 1 }, 'sip:alice@x'), [-1, 'sip:42@example.com']);
    assert.deepEqual(await lookup('sip:43@example.com', {}), [-1, 'sip:43@example.com'], 'no URI in the table');
  });

  it('domain: which are served here, with their attributes; they are the server itself', async () => {
    let own: (host: string) => boolean = () => false;
    const host = testHost();
    Object.assign(host.sender, {
      addNames: (test: (host: string) => boolean) => {
        own = test;
        return () => {};
      },
    });
    const { call, instance } = load(domain, host, { db_url: url, register_myself: 1 });
    await domain.definition.open?.(instance);
    after(() => domain.definition.stop?.(instance));
    assert.deepEqual(
      ['a.example', 'b.example', 'A.EXAMPLE', 'c.example'].map((name) => call(context(host), 'is_domain_local', name)),
      [1, 1, 1, -1],
    );
    assert.deepEqual([own('b.example'), own('c.example')], [true, false]);
    assert.equal(call(context(host, request({ ruri: 'sip:x@b.example' })), 'is_uri_host_local'), 1);
    assert.equal(call(context(host, request({ from: '<sip:x@c.example>;tag=1' })), 'is_from_local'), -1);
    assert.equal(call(context(host), 'lookup_domain', 'B.example', 'p_'), 1);
    const values = ['did', 'color', 'size'].map((name) => host.variables.get(`$avp(s:p_${name})`));
    assert.deepEqual(values, ['a.example', 'red', 7]);
    assert.ok(host.log.codes.includes('TABLE_BAD_ROW'), 'the attribute that is no number');
  });
});
