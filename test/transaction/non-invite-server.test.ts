import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NON_INVITE_SERVER, type NonInviteServerState } from '../../src/transaction/non-invite-server.ts';
import { checkTable, RecordingEffects, type Row } from './recording-effects.ts';

const STATES: readonly NonInviteServerState[] = ['trying', 'proceeding', 'completed', 'terminated'];
const EVENTS = ['1xx', '2xx', '3xx-6xx', 'request', 'ack', 'retransmit', 'expire', 'release'];
const STATUS: Readonly<Record<string, number>> = { '1xx': 100, '2xx': 200, '3xx-6xx': 404 };

function step(state: NonInviteServerState, event: string, effects: RecordingEffects): NonInviteServerState {
  const status = STATUS[event];
  if (status !== undefined)
    return NON_INVITE_SERVER.mayRespond(state, status) ? NON_INVITE_SERVER.respond(state, status, effects) : state;
  switch (event) {
    case 'request':
      return NON_INVITE_SERVER.request(state, effects);
    case 'ack':
      return NON_INVITE_SERVER.ack(state, effects);
    case 'retransmit':
      return NON_INVITE_SERVER.retransmit(state, 500, effects);
    case 'expire':
      return NON_INVITE_SERVER.expire(state, effects);
    default:
      return NON_INVITE_SERVER.release(state, effects);
  }
}

function table(reliable: boolean): {
  readonly [K in NonInviteServerState]?: { readonly [event: string]: Row<NonInviteServerState> };
} {
  const timerJ = reliable ? 'end 0' : 'end 5000';
  const pending = {
    '1xx': ['proceeding', 'response'],
    '2xx': ['completed', 'response', timerJ],
    '3xx-6xx': ['completed', 'response', timerJ],
    expire: ['terminated', 'unanswered'],
    release: ['completed', timerJ],
  } as const;
  return {
    trying: pending,
    proceeding: { ...pending, request: ['proceeding', 'response'] },
    // Over UDP a repetition makes the wait timer J's, 64*T1.
    completed: {
      request: reliable ? ['completed', 'response'] : ['completed', 'response', 'end 32000'],
      expire: ['terminated'],
    },
    terminated: { expire: ['terminated'] },
  };
}

describe('non-INVITE server machine', () => {
  it('starts with nothing but the bound for a forgetful user', () => {
    const effects = new RecordingEffects();
    assert.equal(NON_INVITE_SERVER.start(effects), 'trying');
    assert.deepEqual(effects.log, ['end 62000']);
  });

  it('follows its table', () => {
    for (const reliable of [false, true]) checkTable(STATES, EVENTS, table(reliable), step, reliable);
  });
});
