import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type DialogEvent, type DialogState, dialogStep } from '../../src/dialog/dialog-state.ts';

const EVENTS: readonly DialogEvent[] = ['ringing', 'answered', 'refused', 'acked', 'bye', 'expired', 'lost'];

/** Runs events from the INVITE on. @returns the states, and what the steps meant */
function run(events: readonly DialogEvent[]): { states: DialogState[]; changes: string[] } {
  const states: DialogState[] = [1];
  const changes: string[] = [];
  for (const event of events) {
    const step = dialogStep(states.at(-1) ?? 1, event);
    if (step === null) continue;
    states.push(step.state);
    changes.push(step.change);
  }
  return { states, changes };
}

test('the ways a call goes', () => {
  assert.deepEqual(run(['ringing', 'answered', 'acked', 'bye']), {
    states: [1, 2, 3, 4, 5],
    changes: ['early', 'start', 'confirmed', 'end'],
  });
  assert.deepEqual(run(['answered', 'bye']).changes, ['start', 'end']);
  assert.deepEqual(run(['ringing', 'refused', 'answered', 'acked']), {
    states: [1, 2, 5],
    changes: ['early', 'failed'],
  });
  assert.deepEqual(run(['lost']).changes, ['lost']);
  assert.deepEqual(run(['answered', 'expired', 'bye']).changes, ['start', 'expired']);
});

test('a BYE before the answer ends one early dialog, not the call; a repetition means nothing', () => {
  assert.deepEqual(run(['bye', 'ringing', 'bye', 'answered']).states, [1, 2, 3]);
  assert.deepEqual(run(['answered', 'answered', 'ringing', 'refused', 'lost']).states, [1, 3]);
});

test('any events: states only rise, one beginning and one end at most, and nothing follows the end', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...EVENTS), { maxLength: 30 }), (events) => {
      const { states, changes } = run(events);
      assert.deepEqual(states, [...states].sort());
      const count = (...names: string[]): number => changes.filter((one) => names.includes(one)).length;
      assert.ok(count('start') <= 1 && count('failed', 'end', 'expired', 'lost') <= 1);
      assert.ok(count('end', 'expired') <= count('start'));
      const end = states.indexOf(5);
      assert.ok(end < 0 || end === states.length - 1);
    }),
  );
});
