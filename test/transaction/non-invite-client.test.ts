import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NON_INVITE_CLIENT, type NonInviteClientState } from '../../src/transaction/non-invite-client.ts';
import { checkTable, RecordingEffects, type Row } from './recording-effects.ts';

const STATES: readonly NonInviteClientState[] = ['trying', 'proceeding', 'completed', 'terminated'];
const EVENTS = [
  '1xx',
  '2xx',
  '3xx-6xx',
  'retransmit 500',
  'retransmit 4000',
  'expire',
  'failure',
  'cancel',
  'abandon',
  'rearm',
];

function step(state: NonInviteClientState, event: string, effects: RecordingEffects): NonInviteClientState {
  switch (event) {
    case '1xx':
      return NON_INVITE_CLIENT.response(state, 100, effects);
    case '2xx':
      return NON_INVITE_CLIENT.response(state, 200, effects);
    case '3xx-6xx':
      return NON_INVITE_CLIENT.response(state, 404, effects);
    case 'retransmit 500':
      return NON_INVITE_CLIENT.retransmit(state, 500, effects);
    case 'retransmit 4000':
      return NON_INVITE_CLIENT.retransmit(state, 4_000, effects);
    case 'expire':
      return NON_INVITE_CLIENT.expire(state, effects);
    case 'failure':
      return NON_INVITE_CLIENT.sendFailed(state, effects);
    case 'cancel':
      return NON_INVITE_CLIENT.cancel(state, true, effects);
    case 'abandon':
      return NON_INVITE_CLIENT.abandon(state, effects);
    default:
      return NON_INVITE_CLIENT.rearm(state, effects);
  }
}

function table(reliable: boolean): {
  readonly [K in NonInviteClientState]?: { readonly [event: string]: Row<NonInviteClientState> };
} {
  const final: Row<NonInviteClientState> = reliable
    ? ['terminated', 'report response', 'stop']
    : ['completed', 'report response', 'stop', 'end 5000'];
  const pending = {
    '1xx': ['proceeding', 'report response'],
    '2xx': final,
    '3xx-6xx': final,
    expire: ['completed', 'stop', 'report timeout', 'end 5000'],
    failure: ['terminated', 'stop', 'report failure'],
    abandon: ['completed', 'stop', 'end 5000'],
  } as const;
  return {
    trying: {
      ...pending,
      'retransmit 500': ['trying', 'request', 'retransmit 1000'],
      'retransmit 4000': ['trying', 'request', 'retransmit 4000'],
      rearm: ['trying', 'timeout 30000'],
    },
    proceeding: {
      ...pending,
      'retransmit 500': ['proceeding', 'request', 'retransmit 4000'],
      'retransmit 4000': ['proceeding', 'request', 'retransmit 4000'],
      rearm: ['proceeding', 'timeout 30000'],
    },
    completed: { expire: ['terminated'] },
    terminated: { expire: ['terminated'] },
  };
}

describe('non-INVITE client machine', () => {
  it('starts with timers E and F, on reliable transports with F only (§17.1.2.2)', () => {
    const effects = new RecordingEffects();
    assert.equal(NON_INVITE_CLIENT.start(effects), 'trying');
    assert.deepEqual(effects.log.splice(0), ['request', 'retransmit 500', 'timeout 30000']);
    effects.reliable = true;
    assert.equal(NON_INVITE_CLIENT.start(effects), 'trying');
    assert.deepEqual(effects.log, ['request', 'timeout 30000']);
  });

  it('follows its table', () => {
    for (const reliable of [false, true]) checkTable(STATES, EVENTS, table(reliable), step, reliable);
  });
});
