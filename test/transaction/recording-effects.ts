import assert from 'node:assert/strict';
import type { ClientEffects, ServerEffects } from '../../src/transaction/effects.ts';
import { DEFAULT_TIMERS, type TransactionTimers } from '../../src/transaction/transaction.ts';

/** Effects that are only written down, as short words: `request`, `retransmit 500`, `timeout 30000`, `end 5000`, `stop`… */
export class RecordingEffects implements ClientEffects, ServerEffects {
  readonly log: string[] = [];
  timers: TransactionTimers = DEFAULT_TIMERS;
  reliable = false;
  repeated = false;
  lastStatus = 0;
  lingers = true;
  retransmitIn(ms: number): void {
    this.log.push(`retransmit ${ms}`);
  }
  stopRetransmitting(): void {
    this.log.push('stop');
  }
  endStateIn(ms: number): void {
    this.log.push(`end ${ms}`);
  }
  timeoutIn(ms: number): void {
    this.log.push(`timeout ${ms}`);
  }
  sendRequest(): void {
    this.log.push('request');
  }
  sendAck(): void {
    this.log.push('ack');
  }
  resendAck(): void {
    this.log.push('ack again');
  }
  sendCancel(): void {
    this.log.push('cancel');
  }
  reportResponse(): void {
    this.log.push('report response');
  }
  reportTimeout(): void {
    this.log.push('report timeout');
  }
  reportSendFailed(): void {
    this.log.push('report failure');
  }
  sendResponse(): void {
    this.log.push('response');
  }
  forgetResponse(): void {
    this.log.push('forget');
  }
  ackMissing(): void {
    this.log.push('ack missing');
  }
  unanswered(): void {
    this.log.push('unanswered');
  }
}

/** One row of a machine's table: next state and effects, in their order. */
export type Row<S extends string> = readonly [next: S, ...effects: string[]];

/**
 * Checks a machine against a complete table: a pair of state and event that is not in the table must leave the state as it is and
 * do nothing.
 * @param step performs a named event
 */
export function checkTable<S extends string>(
  states: readonly S[],
  events: readonly string[],
  table: { readonly [K in S]?: { readonly [event: string]: Row<S> } },
  step: (state: S, event: string, effects: RecordingEffects) => S,
  reliable: boolean,
): void {
  for (const row of Object.values(table) as { readonly [event: string]: Row<S> }[]) {
    for (const event of Object.keys(row)) assert.ok(events.includes(event), `unknown event ${event}`);
  }
  for (const state of states) {
    for (const event of events) {
      const effects = new RecordingEffects();
      effects.reliable = reliable;
      const [next, ...expected] = table[state]?.[event] ?? ([state] as const);
      const name = `${state} on ${event}, ${reliable ? 'reliable' : 'unreliable'}`;
      assert.equal(step(state, event, effects), next, name);
      assert.deepEqual(effects.log, expected, name);
    }
  }
}
