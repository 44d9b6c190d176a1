import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { INVITE_CLIENT, type InviteClientState } from '../../src/transaction/invite-client.ts';
import { DEFAULT_TIMERS } from '../../src/transaction/transaction.ts';
import { checkTable, RecordingEffects, type Row } from './recording-effects.ts';

const STATES: readonly InviteClientState[] = [
  'calling',
  'calling-cancel',
  'proceeding',
  'cancelling',
  'completed',
  'accepted',
  'absorbing',
  'terminated',
];

const EVENTS = ['1xx', '2xx', '3xx-6xx', 'retransmit', 'expire', 'failure', 'cancel', 'cancel now', 'abandon', 'rearm'];

function step(state: InviteClientState, event: string, effects: RecordingEffects): InviteClientState {
  switch (event) {
    case '1xx':
      return INVITE_CLIENT.response(state, 180, effects);
    case '2xx':
      return INVITE_CLIENT.response(state, 200, effects);
    case '3xx-6xx':
      return INVITE_CLIENT.response(state, 486, effects);
    case 'retransmit':
      return INVITE_CLIENT.retransmit(state, 1_000, effects);
    case 'expire':
      return INVITE_CLIENT.expire(state, effects);
    case 'failure':
      return INVITE_CLIENT.sendFailed(state, effects);
    case 'cancel':
      return INVITE_CLIENT.cancel(state, false, effects);
    case 'cancel now':
      return INVITE_CLIENT.cancel(state, true, effects);
    case 'abandon':
      return INVITE_CLIENT.abandon(state, effects);
    default:
      return INVITE_CLIENT.rearm(state, effects);
  }
}

const ACCEPT: Row<InviteClientState> = ['accepted', 'stop', 'end 5000', 'report response'];
const FAIL: Row<InviteClientState> = ['completed', 'stop', 'ack', 'report response', 'end 5000'];
const FAIL_RELIABLE: Row<InviteClientState> = ['terminated', 'stop', 'ack', 'report response'];
const EXPIRE: Row<InviteClientState> = ['absorbing', 'stop', 'report timeout', 'end 5000'];
const LOST: Row<InviteClientState> = ['terminated', 'stop', 'report failure'];
const CANCEL: Row<InviteClientState> = ['cancelling', 'stop', 'cancel', 'timeout 30000'];
const ABANDON: Row<InviteClientState> = ['absorbing', 'stop', 'end 5000'];

function table(reliable: boolean): {
  readonly [K in InviteClientState]: { readonly [event: string]: Row<InviteClientState> };
} {
  const failed = reliable ? FAIL_RELIABLE : FAIL;
  return {
    calling: {
      '1xx': ['proceeding', 'stop', 'timeout 120000', 'report response'],
      '2xx': ACCEPT,
      '3xx-6xx': failed,
      retransmit: ['calling', 'request', 'retransmit 2000'],
      expire: EXPIRE,
      failure: LOST,
      cancel: ['calling-cancel'],
      'cancel now': CANCEL,
      abandon: ABANDON,
      rearm: ['calling', 'timeout 30000'],
    },
    'calling-cancel': {
      '1xx': ['cancelling', 'report response', 'stop', 'cancel', 'timeout 30000'],
      '2xx': ACCEPT,
      '3xx-6xx': failed,
      retransmit: ['calling-cancel', 'request', 'retransmit 2000'],
      expire: EXPIRE,
      failure: LOST,
      'cancel now': CANCEL,
      abandon: ABANDON,
      rearm: ['calling-cancel', 'timeout 30000'],
    },
    proceeding: {
      '1xx': ['proceeding', 'timeout 120000', 'report response'],
      '2xx': ACCEPT,
      '3xx-6xx': failed,
      expire: ['absorbing', 'cancel', 'stop', 'report timeout', 'end 5000'],
      cancel: CANCEL,
      'cancel now': CANCEL,
      abandon: ABANDON,
      rearm: ['proceeding', 'timeout 120000'],
    },
    cancelling: {
      '1xx': ['cancelling', 'report response'],
      '2xx': ACCEPT,
      '3xx-6xx': failed,
      expire: EXPIRE,
      failure: LOST,
      abandon: ABANDON,
      rearm: ['cancelling', 'timeout 30000'],
    },
    // A repetition: timers D and M, 64*T1.
    completed: { '3xx-6xx': ['completed', 'ack again', 'end 32000'], expire: ['terminated'] },
    accepted: { '2xx': ['accepted', 'end 32000', 'report response'], expire: ['terminated'], abandon: ABANDON },
    absorbing: { '3xx-6xx': ['completed', 'ack'], expire: ['terminated'] },
    terminated: {},
  };
}

describe('INVITE client machine', () => {
  it('starts with timers A and B, on reliable transports with B only (§17.1.1.2)', () => {
    const effects = new RecordingEffects();
    assert.equal(INVITE_CLIENT.start(effects), 'calling');
    assert.deepEqual(effects.log.splice(0), ['request', 'retransmit 500', 'timeout 30000']);
    effects.reliable = true;
    assert.equal(INVITE_CLIENT.start(effects), 'calling');
    assert.deepEqual(effects.log, ['request', 'timeout 30000']);
  });

  it('follows its table', () => {
    for (const reliable of [false, true]) checkTable(STATES, EVENTS, table(reliable), step, reliable);
  });

  it('doubles timer A up to T2', () => {
    const effects = new RecordingEffects();
    for (const interval of [500, 1_000, 2_000, 4_000]) INVITE_CLIENT.retransmit('calling', interval, effects);
    assert.deepEqual(
      effects.log.filter((entry) => entry !== 'request'),
      ['retransmit 1000', 'retransmit 2000', 'retransmit 4000', 'retransmit 4000'],
    );
  });

  it('restarts timer C only on progress when restart_fr_on_each_reply is off', () => {
    const restarts = (lastStatus: number, status: number): boolean => {
      const effects = new RecordingEffects();
      effects.timers = { ...DEFAULT_TIMERS, restartFrOnEachReply: false };
      effects.lastStatus = lastStatus;
      assert.equal(INVITE_CLIENT.response('proceeding', status, effects), 'proceeding');
      return effects.log.includes('timeout 120000');
    };
    assert.equal(restarts(100, 100), false);
    assert.equal(restarts(100, 180), true);
    assert.equal(restarts(180, 180), false);
    assert.equal(restarts(180, 183), true);
    assert.equal(restarts(183, 180), false);
    assert.equal(restarts(100, 101), false);
  });

  it('is pending until the final outcome', () => {
    assert.deepEqual(
      STATES.filter((state) => INVITE_CLIENT.isPending(state)),
      ['calling', 'calling-cancel', 'proceeding', 'cancelling'],
    );
  });
});
