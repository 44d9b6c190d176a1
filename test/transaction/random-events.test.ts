import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  type ClientTransactionHandle,
  DEFAULT_TIMERS,
  type ServerTransactionHandle,
  type TransactionTimers,
} from '../../src/transaction/transaction.ts';
import { destination, received, request, requestText, response, responseText, TCP, UDP, world } from './fixtures.ts';

const STATUSES = [100, 180, 183, 199, 200, 202, 302, 401, 408, 486, 487, 500, 603];

const timers: fc.Arbitrary<TransactionTimers> = fc.record({
  fr: fc.integer({ min: 0, max: 40_000 }),
  frInv: fc.integer({ min: 0, max: 200_000 }),
  retr1: fc.integer({ min: 10, max: 1_000 }),
  retr2: fc.integer({ min: 10, max: 8_000 }),
  wt: fc.integer({ min: 0, max: 10_000 }),
  maxInvLifetime: fc.integer({ min: 0, max: 200_000 }),
  maxNonInvLifetime: fc.integer({ min: 0, max: 40_000 }),
  restartFrOnEachReply: fc.boolean(),
});

/** Longest a transaction can live after the last event that can prolong it. */
function bound(t: TransactionTimers): number {
  return Math.max(t.maxInvLifetime, t.maxNonInvLifetime) + Math.max(DEFAULT_TIMERS.fr, t.fr) + t.wt + 40_000;
}

const clientStep = fc.oneof(
  fc.record({ kind: fc.constant('reply' as const), value: fc.constantFrom(...STATUSES) }),
  fc.record({ kind: fc.constant('wait' as const), value: fc.integer({ min: 0, max: 60_000 }) }),
  fc.record({ kind: fc.constant('cancel' as const), value: fc.integer({ min: 0, max: 1 }) }),
  fc.record({
    kind: fc.constantFrom(
      'abandon' as const,
      'fail' as const,
      'refuse' as const,
      'timers' as const,
      'cancel reply' as const,
    ),
    value: fc.integer({ min: 0, max: 30_000 }),
  }),
);

const serverStep = fc.oneof(
  fc.record({ kind: fc.constant('respond' as const), value: fc.constantFrom(...STATUSES) }),
  fc.record({ kind: fc.constant('wait' as const), value: fc.integer({ min: 0, max: 60_000 }) }),
  fc.record({
    kind: fc.constantFrom('request' as const, 'ack' as const, 'cancel' as const, 'release' as const, 'refuse' as const),
    value: fc.constant(0),
  }),
);

describe('any sequence of events', () => {
  it('ends a client transaction with at most one outcome', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('INVITE', 'OPTIONS'),
        fc.boolean(),
        timers,
        fc.array(clientStep, { maxLength: 30 }),
        (method, stream, t, steps) => {
          const w = world();
          const parts = { method };
          const client = w.layer.createClient({
            branch: 'z9hG4bKabc.1',
            method,
            text: requestText(parts),
            destination: destination(stream ? TCP : UDP),
            timers: t,
            user: w.user,
          }) as ClientTransactionHandle;
          const first = w.sender.sent[0]!;
          let abandoned = false;
          for (const { kind, value } of steps) {
            if (kind === 'reply') w.layer.receiveResponse(response(value, parts), received());
            else if (kind === 'cancel reply') w.layer.receiveResponse(response(200, { method: 'CANCEL' }), received());
            else if (kind === 'wait') w.clock.advance(value);
            else if (kind === 'cancel') client.cancel('', value === 1);
            else if (kind === 'fail') first.observer?.sendFailed('TRANSPORT_UNREACHABLE', first.to);
            else if (kind === 'refuse') w.sender.refuse = !w.sender.refuse;
            else if (kind === 'timers') client.setTimers(value, value);
            else {
              abandoned ||= client.isPending;
              client.abandon();
            }
          }
          w.clock.advance(bound(t));
          assert.equal(client.isPending, false);
          assert.equal(w.layer.size, 0);
          assert.equal(w.layer.pendingCount, 0);
          assert.equal(w.wheel.size, 0);
          assert.deepEqual(w.errors, []);
          const entries = w.user.take().map((line) => line.replace(/^\d+(\.\d+)? /, ''));
          const outcomes = entries.filter((entry) => !/^1\d\d$/.test(entry));
          if (abandoned) assert.equal(outcomes.length, 0);
          else if (method === 'INVITE' && /^2\d\d$/.test(outcomes[0] ?? '')) {
            for (const outcome of outcomes) assert.match(outcome, /^2\d\d$/);
          } else assert.equal(outcomes.length, 1);
          // Nothing provisional after the outcome.
          const at = entries.findIndex((entry) => !/^1\d\d$/.test(entry));
          if (at >= 0) for (const entry of entries.slice(at)) assert.doesNotMatch(entry, /^1\d\d$/);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('ends a server transaction with at most one final response', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('INVITE', 'OPTIONS'),
        fc.boolean(),
        fc.constantFrom('z9hG4bKabc.1', 'z9hG4bK'),
        timers,
        fc.array(serverStep, { maxLength: 30 }),
        (method, stream, branch, t, steps) => {
          const w = world();
          const parts = { method, branch };
          const from = received(stream ? TCP : UDP);
          const server = w.layer.createServer(request(parts), from, w.user, t) as ServerTransactionHandle;
          const accepted: number[] = [];
          for (const { kind, value } of steps) {
            if (kind === 'respond') {
              if (server.respond(value, responseText(value, parts), destination())) accepted.push(value);
            } else if (kind === 'wait') w.clock.advance(value);
            else if (kind === 'request') w.layer.matchRequest(request(parts), from);
            else if (kind === 'ack') w.layer.matchRequest(request({ branch, method: 'ACK', toTag: 'bob1' }), from);
            else if (kind === 'cancel') w.layer.matchRequest(request({ branch, method: 'CANCEL' }), from);
            else if (kind === 'refuse') w.sender.refuse = !w.sender.refuse;
            else server.release();
          }
          w.clock.advance(bound(t));
          assert.equal(w.layer.size, 0);
          assert.equal(w.layer.pendingCount, 0);
          assert.equal(w.wheel.size, 0);
          assert.deepEqual(w.errors, []);
          assert.equal(w.user.take().length, 1);
          const finals = accepted.filter((status) => status >= 200);
          if (method === 'INVITE' && (finals[0] ?? 0) < 300) for (const status of finals) assert.ok(status < 300);
          else assert.ok(finals.length <= 1);
        },
      ),
      { numRuns: 400 },
    );
  });
});
