/** Call data records beside a dialog module that does what the test says; the same calls through real servers: test/differential. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { CallDialog } from '../../src/dialog/call-dialog.ts';
import { UNACKED } from '../../src/dialog/dialog-state.ts';
import type { SipMessage } from '../../src/message/message.ts';
import { acc } from '../../src/modules/acc.ts';
import type { CallWatcher } from '../../src/modules/dialog/call-watcher.ts';
import { RequestState } from '../../src/proxy/request-state.ts';
import { openDatabase } from '../../src/storage/database.ts';
import type { RowQueue } from '../../src/storage/row-queue.ts';
import { until } from '../server/support.ts';
import { databaseSkip, startDatabase, type TestDatabase } from '../support/databases.ts';
import { HOOKS, load, parsed, RECEIVED, request, type TestHost, testHost } from './support.ts';

interface Bench {
  readonly host: TestHost;
  readonly watchers: ReadonlySet<CallWatcher>;
  /** Tells every watcher. */
  tell(occasion: (watcher: CallWatcher) => void): void;
  readonly queue: RowQueue | null;
  readonly drain: () => Promise<void>;
  readonly stop: () => void;
}

function bench(parameters: Record<string, string | number>, host: TestHost = testHost()): Bench {
  const watchers = new Set<CallWatcher>();
  host.modules.set('dialog', { watchers });
  Object.assign(host.proxy, { onTransaction: () => () => {} });
  const { instance } = load(acc, host, { cdr_enable: 1, ...parameters });
  const { queue } = instance as { readonly queue: { readonly value: RowQueue } | null };
  return {
    host,
    watchers,
    tell: (occasion) => {
      for (const watcher of watchers) occasion(watcher);
    },
    queue: queue?.value ?? null,
    drain: async () => acc.definition.drain?.(instance, 5_000),
    stop: () => acc.definition.stop?.(instance),
  };
}

const OWNER = { due: () => {}, touched: () => {} };

function call(callId = 'c1@h'): CallDialog {
  const parts = { entry: 1, id: 2, callId, fromUri: 'sip:a@x', toUri: 'sip:b@x', requestUri: 'sip:b@x' };
  return new CallDialog(parts, OWNER);
}

function bye(): RequestState {
  return new RequestState(request({ method: 'BYE', body: '', to: '<sip:b@x>;tag=t' }), RECEIVED, HOOKS);
}

function replied(state: RequestState, status: number): void {
  for (const watch of state.replyWatchers) watch(state, status, null, null);
}

/** A call of 1.5 seconds, over when this returns but for the final reply of its BYE, which is returned. */
function madeCall({ host, tell }: Bench, dialog = call()): RequestState {
  tell((watcher) => watcher.began(dialog));
  host.clock.advance(500);
  dialog.state = UNACKED;
  tell((watcher) => watcher.answered(dialog));
  host.clock.advance(1_000);
  const state = bye();
  tell((watcher) => watcher.ended(dialog, state));
  return state;
}

const records = ({ host }: Bench): string[] => host.log.lines.filter((text) => text.includes('start_time='));
const times = (line: string | undefined): string => (line ?? '').replace(/; ci=.*$/, '');
const text = (ms: number): string => (ms / 1000).toFixed(3);

describe('acc: call data records', () => {
  it('one for each call, with the final reply of the BYE and not before', () => {
    const one = bench({ cdr_extra: 'ci=$ci;none=$avp(none);n=$cs' });
    one.host.variables.set('$ci', 'c1');
    one.host.variables.set('$cs', 7);
    const at = one.host.clock.wall();
    const state = madeCall(one);
    replied(state, 100);
    assert.deepEqual(records(one), []);
    replied(state, 200);
    replied(state, 200);
    assert.deepEqual(records(one), [
      `start_time=${text(at)}; end_time=${text(at + 1_500)}; duration=1.500; ci=c1; none=; n=7`,
    ]);
    one.stop();
    assert.equal(one.watchers.size, 0);
    assert.equal(records(one).length, 1);
  });

  it('a BYE that no transaction answers: when the route is through; when the call is forgotten; when the server stops', async () => {
    const one = bench({});
    const unhandled = madeCall(one);
    let told = 0;
    unhandled.unhandledWatcher?.();
    assert.equal(records(one).length, 1);
    const forgotten = call();
    madeCall(one, forgotten);
    one.tell((watcher) => watcher.removed(forgotten));
    one.tell((watcher) => watcher.removed(forgotten));
    assert.equal(records(one).length, 2);
    const late = madeCall(one);
    await one.drain();
    assert.equal(records(one).length, 3);
    replied(late, 200);
    madeCall(one);
    one.stop();
    assert.equal(records(one).length, 4);
    // What another module wanted to know of the request, it still hears.
    const two = bench({});
    const state = bye();
    state.unhandledWatcher = () => {
      told++;
    };
    two.tell((watcher) => watcher.ended(call(), state));
    state.unhandledWatcher();
    assert.deepEqual([told, records(two).length], [1, 1]);
    two.stop();
  });

  it('the start is the INVITE’s, or the answer’s; a script’s own counts, nonsense does not', () => {
    const start = (one: Bench, written?: string): [string, string] => {
      const dialog = call();
      one.tell((watcher) => watcher.began(dialog));
      const began = one.host.clock.wall();
      dialog.initAt = Math.floor(began / 1000);
      one.host.clock.advance(500);
      one.tell((watcher) => watcher.answered(dialog));
      if (written !== undefined) dialog.setVariable('start_time', written);
      const state = bye();
      one.tell((watcher) => watcher.ended(dialog, state));
      replied(state, 200);
      const [, found = '', duration = ''] = /start_time=(.*?);.*duration=(.*)$/.exec(records(one).at(-1) ?? '') ?? [];
      return [text(Number(found) * 1000 - began), duration];
    };
    assert.deepEqual(start(bench({})), ['0.000', '0.500']);
    assert.deepEqual(start(bench({ cdr_start_on_confirmed: 1 })), ['0.500', '0.000']);
    const one = bench({});
    assert.deepEqual(start(one, text(one.host.clock.wall() - 2_000)), ['-2.000', '2.500']);
    for (const nonsense of ['', 'x', '1e9', '-5.000', '1.2.3', '1; end_time=2']) {
      const [from, duration] = start(one, nonsense);
      assert.ok(Number(from) <= 0 && Number(from) > -1, `${nonsense}: the whole second that the call began in`);
      assert.match(duration, /^\d\.\d{3}$/);
    }
    // A clock that was put back, or a start that is still to come.
    assert.equal(start(one, text(one.host.clock.wall() + 60_000))[1], '0.000');
  });

  it('calls that began before there were records have the dialog’s own times', () => {
    const one = bench({});
    const dialog = call();
    dialog.initAt = Math.floor(one.host.clock.wall() / 1000) - 100;
    const state = bye();
    one.tell((watcher) => watcher.ended(dialog, state));
    replied(state, 200);
    const [line = ''] = records(one);
    assert.ok(line.startsWith(`start_time=${dialog.initAt}.000; `), line);
    assert.match(line, /duration=10\d\.\d{3}$/);
    one.stop();
  });

  it('refused calls: the reply where there is one; none when they are not wanted', () => {
    const one = bench({ cdr_extra: 'ci=$ci' });
    const seen: SipMessage[] = [];
    const reply = parsed(
      'SIP/2.0 486 Busy\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKa\r\nFrom: <sip:a@x>;tag=f\r\nTo: <sip:b@x>;tag=t\r\n' +
        'Call-ID: c1@h\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n',
    );
    const state = new RequestState(request(), RECEIVED, HOOKS);
    const two = bench({ cdr_extra: 'ci=$ci', cdr_on_failed: 0 });
    const host = testHost();
    const three = bench(
      { cdr_extra: 'ci=$ci' },
      Object.assign(host, {
        variable: (name: string) => ({
          text: name,
          get: ({ message }: { readonly message: SipMessage }) => {
            seen.push(message);
            return null;
          },
          int: null,
          set: null,
        }),
      }),
    );
    for (const each of [one, two, three]) {
      const dialog = call();
      each.tell((watcher) => watcher.began(dialog));
      each.host.clock.advance(3_000);
      each.tell((watcher) => watcher.refused(dialog, state, reply, null));
      each.tell((watcher) => watcher.refused(dialog, state, null, null));
    }
    const at = one.host.clock.wall() - 3_000;
    assert.deepEqual(
      records(one).map(times),
      Array(2).fill(`start_time=${text(at)}; end_time=${text(at)}; duration=0`),
    );
    assert.deepEqual(records(two), []);
    assert.deepEqual(seen, [reply, state.message]);
  });

  it('calls that run out have one where that is wanted, those that we end have one; only what is of the call is in it', () => {
    for (const [expired, lines] of [
      [0, 1],
      [1, 2],
    ] as const) {
      const one = bench({
        cdr_extra: 'ci=$ci;v=$dlg_var(v);w=$(dlg_var(w){s.len});t=$dlg(to_tag)',
        cdr_expired_dlg_enable: expired,
      });
      one.host.variables.set('$ci', 'nobody');
      one.host.variables.set('$dlg_var(v)', 'v1');
      one.host.variables.set('$(dlg_var(w){s.len})', 5);
      one.host.variables.set('$dlg(to_tag)', 'tt');
      for (const by of ['lifetime', 'command'] as const) {
        const dialog = call();
        one.tell((watcher) => watcher.began(dialog));
        one.host.clock.advance(2_000);
        one.tell((watcher) => watcher.ending(dialog));
        assert.equal(dialog.variables.get('duration'), '2.000');
        one.tell((watcher) => watcher.ended(dialog, by));
        one.tell((watcher) => watcher.removed(dialog));
      }
      assert.deepEqual(
        records(one).map((line) => line.replace(/^.*?; duration/, 'duration')),
        Array(lines).fill('duration=2.000; ci=; v=v1; w=5; t=tt'),
      );
    }
  });

  it('skips what has the variable of cdr_skip, an empty one too', () => {
    const one = bench({ cdr_skip: 'nocdr' });
    const dialog = call();
    dialog.setVariable('nocdr', '');
    replied(madeCall(one, dialog), 200);
    assert.deepEqual(records(one), []);
    replied(madeCall(one), 200);
    assert.equal(records(one).length, 1);
  });

  it('refuses what cannot be', () => {
    const refused = (parameters: Record<string, string | number>): string => {
      try {
        bench(parameters);
        return '';
      } catch (error) {
        return (error as { code: string }).code;
      }
    };
    assert.equal(refused({ cdr_extra: 'a=b' }), 'ACC_FIELDS');
    assert.equal(refused({ cdr_start_id: '' }), 'ACC_COLUMN');
    assert.equal(refused({ cdr_end_id: 'end time' }), 'ACC_COLUMN');
    assert.equal(refused({ cdr_duration_id: 'd)--' }), 'ACC_COLUMN');
    assert.equal(refused({ cdrs_table: 'a;b' }), 'ACC_TABLE');
    assert.equal(refused({ cdrs_table: 'cdrs', cdr_extra: 'a.b=$ci' }), 'ACC_COLUMN');
    // In the log alone a name may be any.
    assert.equal(refused({ cdr_extra: 'a.b=$ci' }), '');
    assert.equal(refused({ cdr_enable: 0, cdrs_table: 'a;b' }), '');
    const host = testHost();
    Object.assign(host.proxy, { onTransaction: () => () => {} });
    assert.throws(() => load(acc, host, { cdr_enable: 1 }), { code: 'ACC_NEEDS_DIALOG' });
    const one = bench({ cdrs_table: 'cdrs' });
    assert.deepEqual(one.host.log.codes, ['ACC_NO_DATABASE']);
    replied(madeCall(one), 200);
    assert.equal(records(one).length, 1);
  });

  it('rows wait for a database that is down; the log has those that a stop leaves behind', async () => {
    const url = 'mysql://u:p@127.0.0.1:1/none';
    const one = bench({ db_url: url, cdrs_table: 'cdrs', cdr_log_enable: 0, cdr_extra: 'ci=$ci' });
    one.host.variables.set('$ci', 'kept');
    for (let n = 0; n < 3; n++) replied(madeCall(one), 200);
    await until(() => one.host.log.codes.includes('STORAGE_UNREACHABLE'), 'the failure');
    assert.deepEqual([one.queue?.waiting, one.queue?.lost], [3, 0]);
    assert.deepEqual(records(one), []);
    one.stop();
    await until(() => records(one).length === 3, 'a line for each row');
    for (const line of records(one)) assert.match(line, /cdrs not written: .*duration=1\.5;ci=kept$/);
    assert.ok(!one.host.log.lines.some((line) => line.includes('u:p')), 'no password in the log');
  });

  for (const kind of ['sqlite', 'mysql', 'postgres'] as const) {
    describe(kind, { skip: databaseSkip(kind) }, () => {
      let place: TestDatabase;
      before(async () => {
        place = await startDatabase(kind);
      });
      after(() => place?.destroy());

      it('writes rows', async () => {
        const url = await place.fresh();
        const database = openDatabase(url);
        after(() => database.close());
        const moment = kind === 'mysql' ? 'DATETIME' : 'TIMESTAMP';
        await database.query(
          `CREATE TABLE acc_cdrs (start_time ${moment} NOT NULL, e ${moment} NOT NULL, duration DOUBLE PRECISION NOT NULL, ` +
            'ci VARCHAR(64), none VARCHAR(64), code VARCHAR(3), n INTEGER)',
        );
        for (const nullable of [0, 1]) {
          const one = bench({
            db_url: url,
            cdrs_table: 'acc_cdrs',
            cdr_end_id: 'e',
            cdr_extra: 'ci=$ci;none=$avp(none);code=$rs;n=$cs',
            cdr_extra_nullable: nullable,
            time_mode: 4,
          });
          one.host.variables.set('$ci', "b\xc3\xbc'ro");
          one.host.variables.set('$rs', 486);
          one.host.variables.set('$cs', 7);
          const at = one.host.clock.wall();
          replied(madeCall(one), 200);
          await one.drain();
          const { rows } = await database.query('SELECT ci, none, code, n, duration FROM acc_cdrs');
          assert.deepEqual(rows, [["bü'ro", nullable === 1 ? null : '', '486', 7, 1.5]]);
          const { rows: moments } = await database.query('SELECT start_time, e FROM acc_cdrs');
          const utc = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
          assert.deepEqual(
            moments[0]?.map((value) => `${value}`.replace('T', ' ').slice(0, 19)),
            [utc(at), utc(at + 1_500)],
          );
          await database.query('DELETE FROM acc_cdrs');
          one.stop();
        }
      });
    });
  }
});
