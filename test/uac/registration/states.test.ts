import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { RegistrationStateName } from '../../../src/uac/registration/engine.ts';
import {
  type Goal,
  isLive,
  isOutstanding,
  type MachineEvent,
  type MachineState,
  machineState,
  transition,
} from '../../../src/uac/registration/states.ts';

const on = (name: RegistrationStateName): MachineState => machineState(name, 'on');

/** State and goal after an event, and what is asked for. */
function go(state: MachineState, event: MachineEvent): string {
  const step = transition(state, event);
  const effects = step.effects.map((effect) => {
    if (effect.kind === 'queue') return `queue ${effect.urgency}`;
    return effect.kind === 'wake' ? `wake ${effect.ms}` : effect.kind;
  });
  return `${step.state.name}/${step.state.goal}: ${effects.join(', ')}`;
}

const place = (held: boolean): MachineEvent => ({ type: 'place', held });
const failed = (retryIn: number, lasting = false, held = false): MachineEvent => ({
  type: 'failed',
  retryIn,
  lasting,
  held,
});
const off = (goal: Exclude<Goal, 'on'>, unregister: boolean): MachineEvent => ({ type: 'off', goal, unregister });
const start = (goal: Goal, delay = 0): MachineEvent => ({ type: 'start', goal, delay });
const DUE: MachineEvent = { type: 'due' };
const MOVED: MachineEvent = { type: 'moved' };
const REMOVED: MachineEvent = { type: 'removed' };
const REGISTERED: MachineEvent = { type: 'registered', refreshIn: 9 };
const ON: MachineEvent = { type: 'on', again: false };
const AGAIN: MachineEvent = { type: 'on', again: true };

describe('transitions', () => {
  const table: readonly (readonly [MachineState, MachineEvent, string])[] = [
    [machineState('idle', 'idle'), start('on'), 'queued/on: queue normal'],
    [machineState('idle', 'idle'), start('on', 5), 'waiting/on: wake 5'],
    [machineState('idle', 'idle'), start('disabled'), 'disabled/disabled: rest'],
    [on('registering'), start('on'), 'queued/on: drop, queue normal'],
    [on('queued'), start('idle'), 'idle/idle: unqueue, rest'],
    [on('waiting'), DUE, 'queued/on: queue normal'],
    [on('registered'), DUE, 'queued/on: queue urgent'],
    [on('rejected'), DUE, 'queued/on: queue normal'],
    [on('refreshing'), DUE, 'refreshing/on: lost'],
    [on('faulty'), DUE, 'faulty/on: '],
    [on('queued'), place(false), 'registering/on: send'],
    [on('queued'), place(true), 'refreshing/on: send'],
    [machineState('queued', 'disabled'), place(true), 'unregistering/disabled: send'],
    [on('refreshing'), MOVED, 'queued/on: queue forced'],
    [on('registering'), REGISTERED, 'registered/on: wake 9'],
    [machineState('refreshing', 'disabled'), REGISTERED, 'queued/disabled: queue forced'],
    [on('registered'), REGISTERED, 'registered/on: '],
    [on('registering'), failed(7), 'retrying/on: wake 7'],
    [on('registering'), failed(7, true), 'rejected/on: wake 7'],
    [on('queued'), failed(7), 'retrying/on: wake 7'],
    [on('registering'), failed(-1), 'disabled/disabled: rest'],
    [machineState('registering', 'gone'), failed(7), 'unregistered/gone: rest, forget'],
    [machineState('refreshing', 'gone'), failed(7, false, true), 'queued/gone: queue forced'],
    [machineState('unregistering', 'unregistered'), failed(7), 'unregistered/unregistered: rest'],
    [machineState('unregistering', 'gone'), REMOVED, 'unregistered/gone: rest, forget'],
    [machineState('unregistering', 'on'), REMOVED, 'queued/on: queue forced'],
    [on('registered'), ON, 'registered/on: '],
    [on('registered'), AGAIN, 'queued/on: queue forced'],
    [on('retrying'), ON, 'queued/on: queue forced'],
    [machineState('unregistering', 'disabled'), ON, 'unregistering/on: '],
    [machineState('queued', 'disabled'), ON, 'queued/on: unqueue, queue forced'],
    [on('registered'), off('disabled', true), 'queued/disabled: queue forced'],
    [on('registered'), off('disabled', false), 'disabled/disabled: rest'],
    [on('registering'), off('disabled', true), 'registering/disabled: '],
    [on('registering'), off('disabled', false), 'disabled/disabled: drop, rest'],
    [on('queued'), off('gone', false), 'unregistered/gone: unqueue, rest, forget'],
    [machineState('unregistering', 'disabled'), off('gone', true), 'unregistering/gone: '],
    [on('queued'), { type: 'faulty' }, 'faulty/on: rest'],
    [machineState('queued', 'gone'), { type: 'faulty' }, 'unregistered/gone: rest, forget'],
  ];
  for (const [state, event, expected] of table)
    it(`${state.name}/${state.goal} ${JSON.stringify(event)} → ${expected}`, () =>
      assert.equal(go(state, event), expected));
});

const goal = fc.constantFrom<Goal>('on', 'disabled', 'unregistered', 'idle', 'gone');
const rest = fc.constantFrom<Exclude<Goal, 'on'>>('disabled', 'unregistered', 'idle', 'gone');
const event: fc.Arbitrary<MachineEvent> = fc.oneof(
  fc.record({ type: fc.constant('start' as const), goal, delay: fc.nat(5) }),
  fc.constantFrom(DUE, MOVED, REMOVED, REGISTERED, ON, AGAIN, { type: 'faulty' } as const),
  fc.record({ type: fc.constant('place' as const), held: fc.boolean() }),
  fc.record({
    type: fc.constant('failed' as const),
    retryIn: fc.integer({ min: -1, max: 9 }),
    lasting: fc.boolean(),
    held: fc.boolean(),
  }),
  fc.record({ type: fc.constant('off' as const), goal: rest, unregister: fc.boolean() }),
);

describe('any events in any order', () => {
  it('a live account has a deadline, a place in a queue or a request that is out', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        let state = machineState('idle', 'idle');
        let timer = false;
        let queued = false;
        let out = false;
        for (const one of events) {
          // What the runner never tells: a place to who does not wait, an answer to who has not asked.
          if (one.type === 'place' && !queued) continue;
          if ((one.type === 'registered' || one.type === 'removed' || one.type === 'moved') && !out) continue;
          const removing = state.name === 'unregistering';
          if ((one.type === 'registered' && removing) || (one.type === 'removed' && !removing)) continue;
          if (one.type === 'failed' && !out && !queued) continue;
          if (one.type === 'faulty' && !queued) continue;
          if (one.type !== 'start' && one.type !== 'on' && one.type !== 'off' && one.type !== 'due') {
            queued = false;
            out = false;
          }
          const { state: next, effects } = transition(state, one);
          for (const effect of effects) {
            if (effect.kind === 'drop' || effect.kind === 'lost') out = false;
            else if (effect.kind === 'unqueue') queued = false;
            else if (effect.kind === 'queue') {
              queued = true;
              timer = false;
            } else if (effect.kind === 'send') out = true;
            else if (effect.kind === 'wake') timer = true;
            else if (effect.kind === 'rest') timer = false;
          }
          state = next;
          if (effects.some(({ kind }) => kind === 'lost')) {
            // The runner ends it as a failure.
            ({ state } = transition(state, { type: 'failed', retryIn: 1, lasting: false, held: false }));
            out = false;
            queued = state.name === 'queued';
            timer = state.name === 'retrying';
          }
          assert.equal(isLive(state), timer || queued || out, `${state.name}/${state.goal} after ${one.type}`);
          assert.equal(isOutstanding(state), out, `${state.name}/${state.goal}: a request is out`);
          assert.equal(state.name === 'queued', queued);
          if (effects.some(({ kind }) => kind === 'forget')) return;
        }
      }),
      { numRuns: 2000 },
    );
  });
});
