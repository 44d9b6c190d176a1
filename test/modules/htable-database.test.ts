import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { HtableModule } from '../../src/modules/htable/instance.ts';
import { htable } from '../../src/modules/htable.ts';
import { RpcArguments } from '../../src/rpc/method.ts';
import { openDatabase } from '../../src/storage/database.ts';
import { databaseSkip, startDatabase, type TestDatabase } from '../support/databases.ts';
import { load, testHost } from './support.ts';

const argument = (value: string): RpcArguments => new RpcArguments([{ kind: 'string', value }]);

for (const kind of ['sqlite', 'mysql', 'postgres'] as const) {
  describe(`htable in ${kind}`, { skip: databaseSkip(kind) }, () => {
    let place: TestDatabase;
    before(async () => {
      place = await startDatabase(kind);
    });
    after(() => place?.destroy());

    it('is read at the start and on command, and written back at the end', async () => {
      const url = await place.fresh();
      const database = openDatabase(url);
      await database.query(
        'CREATE TABLE ban (key_name VARCHAR(64), key_type INTEGER, value_type INTEGER, key_value VARCHAR(128), expires INTEGER)',
      );
      const host = testHost();
      const now = Math.floor(host.clock.wall() / 1000);
      for (const row of [
        ['10.0.0.1', 0, 1, '7', 0],
        ['späm', 0, 0, "te'xt", now + 60],
        ['old', 0, 0, 'gone', now - 5],
        ['list', 1, 0, 'a', 0],
        ['list', 1, 0, 'b', 0],
        ['bad', 0, 1, 'x', 0],
      ])
        await database.query('INSERT INTO ban VALUES (?, ?, ?, ?, ?)', row);
      const { instance } = load(htable, host, {
        htable: ['ban=>autoexpire=300;dbtable=ban;dbmode=1', 'other=>size=4'],
        db_url: url,
        db_expires: 1,
      });
      const m = instance as HtableModule;
      m.tables.get('ban')?.write('early', 1);
      await htable.definition.open?.(instance);
      const shown = (): unknown =>
        Object.fromEntries(
          [...(m.tables.get('ban')?.live() ?? [])].map(([key, { value }]) => [
            Buffer.from(key, 'latin1').toString(),
            value,
          ]),
        );
      const expected = { '10.0.0.1': 7, späm: "te'xt", 'list[0]': 'a', 'list[1]': 'b', 'list::size': 2 };
      assert.deepEqual(shown(), { early: 1, ...expected });
      assert.equal(m.tables.get('ban')?.secondsLeft(Buffer.from('späm').toString('latin1')), 60);
      assert.ok(host.log.codes.includes('TABLE_BAD_ROW'));
      const run = (name: string, table: string): unknown =>
        htable.definition.rpc?.find((one) => one.name === name)?.run(instance, argument(table));
      m.tables.get('ban')?.write('mine', 'x');
      await run('htable.reload', 'ban');
      assert.deepEqual(shown(), expected);
      await assert.rejects(async () => run('htable.reload', 'other'));
      m.tables.get('ban')?.clear();
      m.tables.get('ban')?.write('kept', 5);
      await htable.definition.drain?.(instance, 1_000);
      const { rows } = await database.query('SELECT key_name, key_type, value_type, key_value FROM ban');
      assert.deepEqual(rows, [['kept', 0, 1, '5']]);
      htable.definition.stop?.(instance);
      await database.close();
    });
  });
}

describe('htable without a database', () => {
  it('says that dbtable has no effect', () => {
    const host = testHost();
    load(htable, host, { htable: ['a=>dbtable=a'] });
    assert.ok(host.log.codes.includes('HTABLE_NO_EFFECT'));
  });
});
