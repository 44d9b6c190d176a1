/** The same calls through both servers: the call data records that acc writes, in the log and in a table of Kamailio's own making. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { until } from '../server/support.ts';
import { kamailioWithSqlite } from '../support/peers.ts';
import { pair, parsed, type Side, secondsOf } from './acc-cdr-side.ts';

const skip = kamailioWithSqlite();

// Kamailio’s days count from Greenwich.
process.env.TZ = 'UTC';

const NOTHING: readonly string[] = [];

describe('acc: call data records as Kamailio has them', { skip, timeout: 60_000 }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'trunkline-cdr-'));
  let sides: Side[] = [];
  before(async () => {
    sides = await pair(directory, '');
  });
  after(async () => {
    for (const side of sides) await side.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  /**
   * Makes a call through both and waits until a later call, of which there is a record for sure, has its row.
   * @returns of each server: the lines of the call
   */
  async function both(callId: string, act: (side: Side) => Promise<unknown>): Promise<string[][]> {
    return Promise.all(
      sides.map(async (side) => {
        await act(side);
        const last = `${callId}-last`;
        const { up } = await side.answered(last);
        await side.bye(last, up);
        await until(() => side.rows(`ci = '${last}'`).length === 1, `${side.kind}: row of ${last}`);
        return side.lines(`ci=${callId};`);
      }),
    );
  }

  /** Lines and rows of a call are there and the same, but for their times, which fit each other. */
  function same(callId: string, [theirs = NOTHING, ours = NOTHING]: readonly (readonly string[])[]): void {
    assert.ok(theirs.length > 0, 'Kamailio has a record');
    const plain = (lines: readonly string[], side: Side | undefined): unknown[] =>
      lines.map((line) => {
        const { names, start, end, duration, rest } = parsed(line);
        const isAnswered = duration !== '0';
        if (isAnswered) assert.equal(Number(duration), (end - start) / 1000, line);
        else assert.equal(start, end);
        return [names, isAnswered, side?.plain(rest)];
      });
    assert.deepEqual(plain(ours, sides[1]), plain(theirs, sides[0]));
    const rows = sides.map((side, index) =>
      side.rows(`ci = '${callId}'`).map(({ id: _, start_time, end_time, duration, ...rest }, at) => {
        const line = parsed((index === 0 ? theirs : ours)[at] ?? '');
        assert.equal(secondsOf(start_time), Math.floor(line.start / 1000), `${side.kind}: start`);
        assert.equal(secondsOf(end_time), Math.floor(line.end / 1000), `${side.kind}: end`);
        assert.equal(duration, Number(line.duration));
        // Kamailio's driver makes NULL of an empty text.
        return Object.fromEntries(
          Object.entries(rest).map(([name, value]) => [name, side.plain(`${value === '' ? null : value}`)]),
        );
      }),
    );
    assert.equal(rows[0]?.length, theirs.length);
    assert.deepEqual(rows[1], rows[0]);
  }

  const ANSWERED: readonly (readonly [string, (side: Side, callId: string) => Promise<unknown>])[] = [
    ['BYE of the caller', async (side, id) => side.bye(id, (await side.answered(id)).up)],
    ['BYE of the callee', async (side, id) => side.bye(id, (await side.answered(id)).down)],
    ['BYE before the ACK', async (side, id) => side.bye(id, (await side.answered(id, [], false)).down)],
    ['BYE that the other end does not know', async (side, id) => side.bye(id, (await side.answered(id)).up, 481)],
    [
      'BYE that nobody answers',
      async (side, id) => {
        await side.bye(id, (await side.answered(id)).up, 0);
        // Kamailio's timer writes it, and SQLite keeps its other processes from writing meanwhile.
        await until(() => side.rows(`ci = '${id}'`).length === 1, `${side.kind}: row of ${id}`);
      },
    ],
    [
      'BYE that is challenged and comes again',
      async (side, id) => {
        const { up } = await side.answered(id);
        await side.bye(id, up, 407);
        await side.bye(id, up);
      },
    ],
    [
      'BYE of both',
      async (side, id) => {
        const { up, down } = await side.answered(id);
        await side.bye(id, up);
        await side.bye(id, down);
      },
    ],
    [
      'busy',
      async (side, id) => {
        await side.invite(id);
        const invite = await side.arrived(side.callee, 'INVITE', id);
        await side.callee.reply(invite, 180, 'Ringing', { toTag: 'tt' });
        await side.callee.reply(invite, 486, 'Busy', { toTag: 'tt', headers: ['X-B: busy'] });
        await side.refused(id, 486);
      },
    ],
    [
      'nobody there',
      async (side, id) => {
        await side.invite(id);
        await side.refused(id, 408);
      },
    ],
    [
      'given up',
      async (side, id) => {
        await side.invite(id);
        const invite = await side.arrived(side.callee, 'INVITE', id);
        await side.callee.reply(invite, 180, 'Ringing', { toTag: 'tt' });
        await side.caller.expect((m) => m.callId === id && m.status === 180);
        await side.cancel(id);
        await side.callee.reply(invite, 487, 'Stopped', { toTag: 'tt' });
        await side.refused(id, 487);
      },
    ],
    [
      'refused by the script',
      async (side, id) => {
        await side.invite(id, ['X-Do: reply']);
        await side.refused(id, 488);
      },
    ],
  ];
  for (const [index, [what, act]] of ANSWERED.entries())
    it(what, async () => {
      const callId = `call-${index}`;
      same(callId, await both(callId, (side) => act(side, callId)));
    });

  it('the start is that of the INVITE, and the script may write another', async () => {
    const asked = new Map<Side, number>();
    const lines = await both('start', async (side) => {
      const call = await side.answered('start');
      asked.set(side, call.asked);
      await side.bye('start', call.up);
    });
    for (const [index, side] of sides.entries())
      assert.ok(parsed(lines[index]?.[0] ?? '').start < (asked.get(side) ?? 0), side.kind);
    const other = await both('other', async (side) => {
      const { up } = await side.answered('other', ['X-Start: 1700000000.250']);
      await side.bye('other', up);
    });
    for (const [line = ''] of other) assert.equal(parsed(line).start, 1_700_000_000_250);
    same('other', other);
  });

  it('none for calls with the variable of cdr_skip, whatever its value and whenever it is set', async () => {
    const lines = await both('skip', async (side) => {
      const { up } = await side.answered('skip', ['X-Skip: 1']);
      await side.bye('skip', up);
    });
    assert.deepEqual(lines, [[], []]);
    const late = await both('skip-late', async (side) => {
      const { up } = await side.answered('skip-late');
      await side.bye('skip-late', up, 200, ['X-Skip: 0']);
    });
    assert.deepEqual(late, [[], []]);
    for (const side of sides) assert.deepEqual(side.rows(`ci LIKE 'skip%' AND ci NOT LIKE '%-last'`), []);
  });

  it('on purpose: calls that Kamailio has no record of', async () => {
    const [theirs = [], ours = []] = await both('stateless', async (side) => {
      const { up } = await side.answered('stateless');
      await up.send('BYE', { headers: ['X-Do: sl'] });
      await side.caller.expect((m) => m.callId === 'stateless' && m.method === 'BYE' && m.status === 200);
    });
    assert.deepEqual([theirs.length, ours.length], [0, 1]);
    assert.match(ours[0] ?? '', /; m=BYE; .*avp=bye/);
    await both('command', async (side) => {
      const { up } = await side.answered('command');
      await up.send('INFO');
      await side.taken('command');
    });
    const own = sides.map((side) => side.lines('; ci=; '));
    assert.deepEqual(
      own.map((lines) => lines.map((line) => parsed(line).rest)),
      [[], ['ci=; m=; rs=; fu=; tt=; v=d v,;x=1; none=; late=set at the end; avp=; hdr=; cs=; sp=']],
    );
  });
});

describe('acc: call data records in other ways', { skip, timeout: 60_000 }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'trunkline-cdr-'));
  const parameters = `
modparam("acc", "cdr_start_on_confirmed", 1)
modparam("acc", "cdr_on_failed", 0)
modparam("acc", "cdr_expired_dlg_enable", 1)
modparam("acc", "cdr_extra_nullable", 1)
modparam("acc", "cdr_start_id", "s")
modparam("acc", "cdr_end_id", "e")
modparam("acc", "cdr_duration_id", "d")
modparam("acc", "time_mode", 4)
modparam("acc", "log_level", 2)
modparam("dialog", "default_timeout", 2)
`;
  let sides: Side[] = [];
  before(async () => {
    sides = await pair(directory, parameters);
  });
  after(async () => {
    for (const side of sides) await side.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it('start at the answer, none of failed calls, ended by the server, run out', async () => {
    const seen = await Promise.all(
      sides.map(async (side) => {
        await side.invite('refused', ['X-Do: reply']);
        await side.refused('refused', 488);
        const call = await side.answered('answered');
        await side.bye('answered', call.up);
        await until(() => side.lines('ci=answered;').length === 1, `${side.kind}: answered`);
        const { up } = await side.answered('command');
        await up.send('INFO');
        await side.taken('command');
        await until(() => side.lines('; ci=; ').length === 1, `${side.kind}: ended by the server`);
        await side.answered('expired');
        await until(() => side.lines('; ci=; ').length === 2, `${side.kind}: expired`, 10_000);
        await until(() => side.rows('1').length === 3, `${side.kind}: rows`);
        const lines = side.lines('').map(parsed);
        assert.ok((lines[0]?.start ?? 0) >= call.asked, `${side.kind}: start`);
        for (const { start, end, duration } of lines) assert.equal(Number(duration), (end - start) / 1000);
        const rows = side.rows('1').map(({ id: _, s, e, d, ...rest }, index) => {
          const line = lines[index];
          // Texts in UTC at both.
          assert.match(`${s} ${e}`, /^(?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ?){2}$/);
          assert.equal(secondsOf(s), Math.floor((line?.start ?? 0) / 1000));
          assert.equal(secondsOf(e), Math.floor((line?.end ?? 0) / 1000));
          assert.equal(d, Number(line?.duration));
          return rest;
        });
        const plain = JSON.stringify([lines.map(({ names, rest }) => [names, rest]), rows]);
        return JSON.parse(side.plain(plain)) as unknown;
      }),
    );
    assert.deepEqual(seen[1], seen[0]);
  });
});

describe('acc: call data records of calls that outlive the server', { skip, timeout: 60_000 }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'trunkline-cdr-'));
  const parameters = `
modparam("dialog", "db_mode", 1)
modparam("dialog", "db_url", "sqlite:///DB_FILE")
`;
  let sides: Side[] = [];
  before(async () => {
    sides = await pair(directory, parameters);
  });
  after(async () => {
    for (const side of sides) await side.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it('the times of before the restart, and the variables', async () => {
    const seen = await Promise.all(
      sides.map(async (side) => {
        const sent = Date.now();
        const { up } = await side.answered('old');
        await side.restart();
        const again = Date.now();
        await side.bye('old', up);
        await until(() => side.rows('1').length === 1, `${side.kind}: row`);
        const [line = '', ...more] = side.lines('ci=old;');
        assert.deepEqual(more, []);
        const { start, end, duration, rest } = parsed(line);
        assert.ok(start >= sent && start < again && end >= again, line);
        assert.equal(Number(duration), (end - start) / 1000);
        const [row] = side.rows('1');
        assert.equal(secondsOf(row?.start_time), Math.floor(start / 1000));
        assert.equal(row?.v, 'd v,;x=1');
        return side.plain(rest);
      }),
    );
    assert.equal(seen[1], seen[0]);
  });
});
