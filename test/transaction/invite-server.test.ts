import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { INVITE_SERVER, type InviteServerState } from '../../src/transaction/invite-server.ts';
import { checkTable, RecordingEffects, type Row } from './recording-effects.ts';

const STATES: readonly InviteServerState[] = ['proceeding', 'completed', 'confirmed', 'accepted', 'terminated'];
const EVENTS = ['1xx', '2xx', '3xx-6xx', 'request', 'ack', 'retransmit 500', 'retransmit 4000', 'expire', 'release'];
const STATUS: Readonly<Record<string, number>> = { '1xx': 180, '2xx': 200, '3xx-6xx': 486 };

function step(state: InviteServerState, event: string, effects: RecordingEffects): InviteServerState {
  const status = STATUS[event];
  if (status !== undefined)
    return INVITE_SERVER.mayRespond(state, status) ? INVITE_SERVER.respond(state, status, effects) : state;
  switch (event) {
    case 'request':
      return INVITE_SERVER.request(state, effects);
    case 'ack':
      return INVITE_SERVER.ack(state, effects);
    case 'retransmit 500':
      return INVITE_SERVER.retransmit(state, 500, effects);
    case 'retransmit 4000':
      return INVITE_SERVER.retransmit(state, 4_000, effects);
    case 'expire':
      return INVITE_SERVER.expire(state, effects);
    default:
      return INVITE_SERVER.release(state, effects);
  }
}

function table(reliable: boolean): {
  readonly [K in InviteServerState]: { readonly [event: string]: Row<InviteServerState> };
} {
  const timerI = reliable ? 'end 0' : 'end 5000';
  return {
    proceeding: {
      '1xx': ['proceeding', 'response'],
      '2xx': ['accepted', 'response', 'forget', 'end 5000'],
      '3xx-6xx': reliable
        ? ['completed', 'response', 'end 30000']
        : ['completed', 'response', 'retransmit 500', 'end 30000'],
      request: ['proceeding', 'response'],
      expire: ['terminated', 'stop', 'unanswered'],
      release: ['confirmed', timerI],
    },
    completed: {
      request: ['completed', 'response'],
      ack: ['confirmed', 'stop', 'forget', timerI],
      'retransmit 500': ['completed', 'response', 'retransmit 1000'],
      'retransmit 4000': ['completed', 'response', 'retransmit 4000'],
      expire: ['terminated', 'stop', 'ack missing'],
    },
    confirmed: { expire: ['terminated', 'stop'] },
    // A repetition from either side: timer L, 64*T1.
    accepted: {
      '2xx': ['accepted', 'response', 'forget', 'end 32000'],
      request: ['accepted', 'end 32000'],
      expire: ['terminated', 'stop'],
    },
    terminated: { expire: ['terminated', 'stop'] },
  };
}

describe('INVITE server machine', () => {
  it('starts with nothing but the bound for a forgetful user', () => {
    const effects = new RecordingEffects();
    assert.equal(INVITE_SERVER.start(effects), 'proceeding');
    assert.deepEqual(effects.log, ['end 210000']);
  });

  it('follows its table', () => {
    for (const reliable of [false, true]) checkTable(STATES, EVENTS, table(reliable), step, reliable);
  });
});
