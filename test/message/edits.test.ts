import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { applyEdits, EditList, type Outbound } from '../../src/message/edits.ts';
import { parsed, request } from './support.ts';

const OUT: Outbound = { proto: 'udp', host: '198.51.100.1', port: 5060 };
const message = parsed(request());

function apply(edits: EditList | null, branch: EditList | null = null, from = 0, to = 20): string {
  return applyEdits(message, edits, branch, OUT, from, to);
}

test('without edits the text is the received one', () => {
  assert.equal(apply(null), message.raw.slice(0, 20));
  assert.equal(apply(new EditList(), new EditList()), message.raw.slice(0, 20));
});

test('insertions keep their order and come before a replacement at the same place', () => {
  const edits = new EditList();
  edits.replace(0, 6, 'R');
  edits.insert(0, 'a');
  edits.insert(0, 'b');
  edits.insert(20, 'end');
  assert.equal(apply(edits), `abR${message.raw.slice(6, 20)}end`);
});

test('the last write of a key wins, a branch over its message', () => {
  const edits = new EditList();
  edits.replace(0, 6, 'one', 'k');
  edits.replace(0, 6, 'two', 'k');
  assert.equal(apply(edits), `two${message.raw.slice(6, 20)}`);
  const branch = new EditList();
  branch.replace(0, 6, 'three', 'k');
  assert.equal(apply(edits, branch), `three${message.raw.slice(6, 20)}`);
  assert.equal(edits.drop('k'), true);
  assert.equal(edits.isEmpty, true);
});

test('an edit inside a replaced range is dropped; text may depend on the way out', () => {
  const edits = new EditList();
  edits.replace(2, 4, 'in');
  edits.replace(0, 6, (out) => `${out.host}:${out.port}`);
  assert.equal(apply(edits), `198.51.100.1:5060${message.raw.slice(6, 20)}`);
});

test('of two replacements that begin together the wider one counts', () => {
  for (const ends of [
    [3, 6],
    [6, 3],
  ] as const) {
    const edits = new EditList();
    for (const end of ends) edits.replace(0, end, `${end}`);
    assert.equal(apply(edits), `6${message.raw.slice(6, 20)}`);
  }
});

test('edits that do not overlap all take effect, in whatever order they were recorded', () => {
  const ranges = fc.uniqueArray(fc.integer({ min: 0, max: 40 }), { minLength: 2, maxLength: 12 });
  fc.assert(
    fc.property(ranges, fc.infiniteStream(fc.nat()), (points, order) => {
      const sorted = [...points].sort((a, b) => a - b);
      const cuts: [number, number][] = [];
      for (let i = 0; i + 1 < sorted.length; i += 2) cuts.push([sorted[i] as number, sorted[i + 1] as number]);
      let wanted = '';
      let at = 0;
      for (const [start, end] of cuts) {
        wanted += `${message.raw.slice(at, start)}<${start}>`;
        at = end;
      }
      wanted += message.raw.slice(at, 50);
      const shuffled = cuts.map((cut) => ({ cut, key: order.next().value as number })).sort((a, b) => a.key - b.key);
      const edits = new EditList();
      const branch = new EditList();
      for (const { cut, key } of shuffled) (key % 2 === 0 ? edits : branch).replace(cut[0], cut[1], `<${cut[0]}>`);
      assert.equal(apply(edits, branch, 0, 50), wanted);
    }),
  );
});
