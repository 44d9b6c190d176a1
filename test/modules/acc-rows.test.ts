import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { SipMessage } from '../../src/message/message.ts';
import { acc } from '../../src/modules/acc.ts';
import { Branch } from '../../src/proxy/branch.ts';
import type { ProxyCore, TransactionListener } from '../../src/proxy/proxy-core.ts';
import { RequestState } from '../../src/proxy/request-state.ts';
import { Target } from '../../src/proxy/target.ts';
import { openDatabase } from '../../src/storage/database.ts';
import type { RowQueue } from '../../src/storage/row-queue.ts';
import { until } from '../server/support.ts';
import { databaseSkip, startDatabase, type TestDatabase } from '../support/databases.ts';
import { sleep } from '../support/servers.ts';
import { HOOKS, load, RECEIVED, request, type TestHost, testHost } from './support.ts';

interface AccHost {
  readonly host: TestHost;
  readonly module: { readonly queue: { readonly value: RowQueue } | null };
  /** Tells acc of a new transaction and of a reply made here. */
  reply(state: RequestState, status: number): void;
  /** Tells it of a leg that failed. */
  fail(state: RequestState, status: number): void;
}

/** The module beside a proxy that does nothing. */
function accHost(parameters: Record<string, string | number>): AccHost {
  const host = testHost();
  let began: TransactionListener = () => {};
  const proxy: Partial<ProxyCore> = {
    onTransaction: (listener) => {
      began = listener;
      return () => {};
    },
    localToTag: () => 'local',
  };
  Object.assign(host.proxy, proxy);
  const { instance } = load(acc, host, parameters);
  return {
    host,
    module: instance as AccHost['module'],
    reply: (state, status) => {
      if (state.replyWatchers.length === 0) began(state);
      for (const watch of state.replyWatchers) watch(state, status, null, null);
    },
    fail: (state, status) => {
      began(state);
      const branch = new Branch(0, new Target('sip:x@y'), 0);
      branch.fail({ status, reason: '' });
      for (const watch of state.failureWatchers) watch(state, branch);
    },
  };
}

function stateOf(message: SipMessage, flags: number): RequestState {
  const state = new RequestState(message, RECEIVED, HOOKS);
  state.flags = flags;
  return state;
}

describe('acc: rows', () => {
  for (const kind of ['sqlite', 'mysql', 'postgres'] as const) {
    describe(kind, { skip: databaseSkip(kind) }, () => {
      let place: TestDatabase;
      before(async () => {
        place = await startDatabase(kind);
      });
      after(() => place?.destroy());

      it('writes records and missed calls, a row for each leg', async () => {
        const url = await place.fresh();
        const database = openDatabase(url);
        after(() => database.close());
        for (const table of ['acc', 'missed_calls'])
          await database.query(
            `CREATE TABLE ${table} (method VARCHAR(16), from_tag VARCHAR(128), to_tag VARCHAR(128), callid VARCHAR(255), sip_code VARCHAR(3), ` +
              'sip_reason VARCHAR(128), time TIMESTAMP, src VARCHAR(64), undefd VARCHAR(64) NOT NULL, leg VARCHAR(64))',
          );
        const { host, module, reply, fail } = accHost({
          log_flag: -1,
          db_flag: 1,
          db_missed_flag: 2,
          db_url: url,
          db_extra: 'src=$fU;undefd=$avp(none)',
          multi_leg_info: 'leg=$avp(leg)',
        });
        host.variables.set('$fU', 'al\xc3\xbcce');
        host.variables.set('$(avp(leg)[0])', 'one');
        host.variables.set('$(avp(leg)[1])', "t'wo");
        const long = 'x'.repeat(300);
        const state = stateOf(request({ from: `<sip:a@b>;tag=${long}` }), 0b110);
        fail(state, 486);
        reply(state, 200);
        assert.equal(await module.queue?.value.drain(5_000), 0);
        const shown = async (table: string): Promise<unknown> =>
          (
            await database.query(
              `SELECT method, from_tag, sip_code, sip_reason, src, undefd, leg FROM ${table} ORDER BY leg`,
            )
          ).rows;
        const rows = (code: string, reason: string): unknown => [
          ['INVITE', long.slice(0, 128), code, reason, 'alüce', '', 'one'],
          ['INVITE', long.slice(0, 128), code, reason, 'alüce', '', "t'wo"],
        ];
        assert.deepEqual(await shown('missed_calls'), rows('486', 'Busy Here'));
        assert.deepEqual(await shown('acc'), rows('200', 'OK'));
        const { rows: times } = await database.query('SELECT time FROM acc');
        assert.match(`${times[0]?.[0]}`, /^\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d/);
        acc.definition.stop?.(module);
      });
    });
  }

  it('keeps rows while the database is down, drops and counts what is too much, tells it once', async () => {
    const { host, module, reply } = accHost({ db_flag: 1, db_url: 'mysql://u:p@127.0.0.1:1/none', db_queue: 3 });
    for (let n = 0; n < 5; n++) reply(stateOf(request(), 0b10), 200);
    await until(() => host.log.codes.includes('STORAGE_UNREACHABLE'), 'the failure');
    const { value: queue } = module.queue as NonNullable<typeof module.queue>;
    assert.deepEqual([queue.waiting, queue.lost, queue.written], [3, 2, 0]);
    assert.equal(host.statistics.read('acc.db_dropped'), 2);
    assert.equal(host.log.codes.filter((code) => code === 'ACC_DROPPED').length, 1);
    for (let n = 0; n < 5; n++) {
      host.clock.advance(40_000);
      await sleep(20);
    }
    assert.equal(host.log.codes.filter((code) => code === 'STORAGE_UNREACHABLE').length, 1);
    assert.equal(queue.waiting, 3);
    assert.ok(!host.log.lines.some((text) => text.includes('u:p')), 'no password in the log');
    acc.definition.stop?.(module);
  });

  it('a row that the database refuses is not tried again: the log has it', async () => {
    const place = await startDatabase('sqlite');
    after(() => place.destroy());
    const { host, module, reply } = accHost({ db_flag: 1, db_url: await place.fresh() });
    reply(stateOf(request(), 0b10), 200);
    await module.queue?.value.drain(2_000);
    assert.ok(host.log.codes.includes('STORAGE_NO_TABLE'));
    assert.ok(
      host.log.lines.some((text) => text.includes('callid=c1@h')),
      'what the row held is in the log',
    );
    acc.definition.stop?.(module);
  });

  it('refuses what cannot be', () => {
    const refused = (parameters: Record<string, string | number>): string => {
      try {
        accHost(parameters);
        return '';
      } catch (error) {
        return (error as { code: string }).code;
      }
    };
    assert.equal(refused({ log_flag: 32 }), 'ACC_FLAG');
    assert.equal(refused({ log_extra: 'a=b' }), 'ACC_FIELDS');
    assert.equal(refused({ db_extra: 'a b=$fU' }), 'ACC_FIELDS');
    assert.equal(refused({ db_extra: 'a;drop=$fU' }), 'ACC_FIELDS');
    assert.equal(refused({ acc_time_column: 'time)--' }), 'ACC_COLUMN');
    assert.equal(refused({ multi_leg_info: 'a=$fU' }), 'ACC_FIELDS');
    assert.equal(refused({ failed_filter: '404,200' }), 'ACC_FILTER');
    assert.equal(refused({ db_url: 'nonsense' }), 'STORAGE_URL');
    assert.equal(refused({ db_url: 'sqlite:////tmp/x', db_queue: 0 }), 'ACC_QUEUE');
  });
});
