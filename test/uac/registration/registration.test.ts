import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Account } from '../../../src/uac/registration/account.ts';
import { isNews, keepTold } from '../../../src/uac/registration/news.ts';
import { SharedTables } from '../../../src/uac/registration/next-hop-table.ts';
import { ORDINARY } from '../../../src/uac/registration/particulars.ts';
import { RecordQueue } from '../../../src/uac/registration/record-queue.ts';
import { Registration } from '../../../src/uac/registration/registration.ts';
import { row } from './support.ts';

const record = (): Registration => new Registration(new Account(row(), new SharedTables()), 1, { due() {} });

const MARKS = ['listed', 'initialized', 'silenceSaid', 'learning', 'applying', 'doubtful'] as const;

/** What an account's marks say, all of them. */
function marks(of: Registration): unknown[] {
  return [...MARKS.map((mark) => of[mark]), of.urgency, of.misses];
}

it('changes one mark at a time', () => {
  for (const full of [false, true])
    for (const changed of MARKS.keys()) {
      const one = record();
      for (const mark of MARKS) one[mark] = full;
      one.urgency = full ? 'forced' : 'normal';
      one.misses = full ? 3 : 0;
      const before = marks(one);
      one[MARKS[changed] as (typeof MARKS)[number]] = !full;
      assert.deepEqual(marks(one), before.with(changed, !full));
    }
});

it('has an urgency and counts misses beside its marks', () => {
  const one = record();
  one.listed = true;
  for (const urgency of ['urgent', 'forced', 'normal'] as const)
    for (const misses of [1, 3, 0]) {
      one.urgency = urgency;
      one.misses = misses;
      assert.deepEqual(marks(one), [true, false, false, false, false, false, urgency, misses]);
    }
});

const particulars = (of: Registration): unknown => Reflect.get(of, 'particulars');

it('has particulars of its own as long as there is something to say', () => {
  const one = record();
  assert.equal(particulars(one), ORDINARY);
  one.failures = 2;
  one.learned = '192.0.2.7:5060';
  assert.deepEqual([one.failures, one.learned, one.raised, one.outdated], [2, '192.0.2.7:5060', 0, '']);
  one.failures = 0;
  assert.notEqual(particulars(one), ORDINARY);
  one.learned = '';
  assert.equal(particulars(one), ORDINARY);
});

const FULL = {
  raised: 600,
  learned: 'a',
  outdated: 'sip:b',
  failures: 1,
  toldCode: 403,
  serviceRoute: ['<sip:c>'],
} as const;

for (const key of Object.keys(FULL) as (keyof typeof FULL)[])
  it(`${key} is its alone`, () => {
    const one = record();
    Object.assign(one, { [key]: FULL[key] });
    assert.deepEqual(one[key], FULL[key]);
    assert.deepEqual(
      { ...ORDINARY },
      { raised: 0, learned: '', outdated: '', failures: 0, toldCode: 0, serviceRoute: [] },
    );
    Object.assign(one, { [key]: ORDINARY[key] });
    assert.equal(particulars(one), ORDINARY);
  });

it('was told a status only of a failure', () => {
  const one = record();
  keepTold(one, { state: 'registered', code: 200 });
  assert.deepEqual([one.toldState, particulars(one)], ['registered', ORDINARY]);
  keepTold(one, { state: 'rejected', code: 403 });
  assert.deepEqual([isNews(one, 'rejected', 403), isNews(one, 'rejected', 404)], [false, true]);
  keepTold(one, { state: 'registered', code: 200 });
  assert.equal(particulars(one), ORDINARY);
});

it('keeps its place in one queue only as long as it waits', () => {
  const [first, second] = [new RecordQueue(), new RecordQueue()];
  const all = [record(), record(), record()];
  for (const one of all) first.push(one);
  const [a, b, c] = all as [Registration, Registration, Registration];
  second.push(b);
  assert.deepEqual([first.size, second.size, b.queue === second], [2, 1, true]);
  assert.equal(first.shift(), a);
  assert.equal(first.shift(), c);
  assert.deepEqual([first.shift(), first.size], [null, 0]);
  assert.deepEqual([a.place, c.place], [null, null]);
});

it('gives from both ends of a queue', () => {
  const queue = new RecordQueue();
  const all = [record(), record(), record()];
  for (const one of all) queue.push(one);
  assert.deepEqual([queue.pop() === all[2], queue.shift() === all[0], queue.pop() === all[1]], [true, true, true]);
  assert.deepEqual([queue.pop(), queue.size], [null, 0]);
});
