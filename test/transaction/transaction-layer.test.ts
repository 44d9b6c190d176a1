import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TRANSACTION_ERRORS, TransactionError } from '../../src/transaction/errors.ts';
import { DEFAULT_TIMERS } from '../../src/transaction/transaction.ts';
import type { TransactionLayer } from '../../src/transaction/transaction-layer.ts';
import {
  destination,
  type RequestParts,
  received,
  request,
  requestText,
  response,
  responseText,
  type World,
  world,
} from './fixtures.ts';

function server(w: World, parts: RequestParts = {}): ReturnType<TransactionLayer['createServer']> {
  return w.layer.createServer(request(parts), received(), w.user, DEFAULT_TIMERS);
}

function client(w: World, parts: RequestParts = {}): ReturnType<TransactionLayer['createClient']> {
  const { method = 'INVITE', branch = 'z9hG4bKabc.1' } = parts;
  return w.layer.createClient({
    branch,
    method,
    text: requestText(parts),
    destination: destination(),
    timers: DEFAULT_TIMERS,
    user: w.user,
  });
}

describe('TransactionLayer', () => {
  it('finds the INVITE of a CANCEL, and gives the CANCEL a transaction of its own', () => {
    const w = world();
    assert.equal(w.layer.matchRequest(request({ method: 'CANCEL' }), received()).kind, 'new');
    const invite = server(w);
    const cancel = request({ method: 'CANCEL' });
    const match = w.layer.matchRequest(cancel, received());
    assert.ok(match.kind === 'cancel' && match.invite === invite);
    const own = w.layer.createServer(cancel, received(), w.user, DEFAULT_TIMERS);
    assert.ok(typeof own === 'object' && !own.isInvite);
    own.respond(200, responseText(200, { method: 'CANCEL' }), destination());
    assert.equal(w.layer.matchRequest(request({ method: 'CANCEL' }), received()).kind, 'absorbed');
    assert.deepEqual(w.sender.take(), ['0 SIP/2.0 200', '0 SIP/2.0 200']);
    assert.equal(w.layer.findServer(cancel, 'INVITE'), invite);
    assert.equal(w.layer.findServer(cancel), own);
    assert.equal(w.layer.findServer(request({ branch: 'z9hG4bKother' })), null);
  });

  it('finds a CANCELled INVITE that is already answered', () => {
    const w = world();
    const invite = server(w);
    assert.ok(typeof invite === 'object');
    invite.respond(486, responseText(486), destination());
    const match = w.layer.matchRequest(request({ method: 'CANCEL' }), received());
    assert.ok(match.kind === 'cancel' && match.invite.lastStatus === 486);
  });

  it('matches responses by branch and CSeq method (§17.1.3)', () => {
    const w = world();
    const invite = client(w);
    assert.equal(w.layer.findClient(response(180)), invite);
    assert.equal(w.layer.findClient(response(180, { branch: 'z9hG4bKabc.2' })), null);
    assert.equal(w.layer.findClient(response(200, { method: 'OPTIONS' })), null);
    assert.equal(w.layer.findClient(response(200, { method: 'CANCEL' })), null);
    assert.equal(w.layer.receiveResponse(response(200, { method: 'CANCEL' }), received()), false);
    assert.equal(w.layer.receiveResponse(response(180, { via: 'SIP/2.0/UDP x.example.com' }), received()), false);
    assert.deepEqual(w.user.take(), []);
  });

  it('refuses a second transaction with the same key', () => {
    const w = world();
    server(w);
    client(w);
    assert.equal(server(w), 'TRANSACTION_EXISTS');
    assert.equal(client(w), 'TRANSACTION_EXISTS');
    assert.equal(typeof client(w, { method: 'CANCEL' }), 'object');
    assert.equal(w.layer.size, 3);
  });

  it('creates nothing beyond its limit; what runs goes on, CANCEL included', () => {
    const w = world(2);
    const uas = server(w);
    const uac = client(w);
    assert.ok(typeof uas === 'object' && typeof uac === 'object');
    assert.equal(server(w, { branch: 'z9hG4bK2' }), 'TRANSACTION_LIMIT');
    assert.equal(client(w, { branch: 'z9hG4bK2' }), 'TRANSACTION_LIMIT');
    assert.equal(w.layer.stats.limitReached, 2);
    w.layer.receiveResponse(response(180), received());
    uac.cancel('');
    assert.equal(w.layer.size, 3);
    w.layer.receiveResponse(response(487), received());
    uas.respond(487, responseText(487), destination());
    w.layer.matchRequest(request({ method: 'ACK' }), received());
    w.clock.advance(60_000);
    assert.equal(w.layer.size, 0);
    assert.equal(typeof server(w, { branch: 'z9hG4bK2' }), 'object');
  });

  it('counts the pending ones for an orderly stop', () => {
    const w = world();
    const uas = server(w);
    assert.ok(typeof uas === 'object');
    client(w);
    client(w, { method: 'OPTIONS', branch: 'z9hG4bK2' });
    assert.equal(w.layer.pendingCount, 3);
    assert.equal(w.layer.serverSize, 1);
    assert.equal(w.layer.clientSize, 2);
    uas.respond(200, responseText(200), destination());
    w.layer.receiveResponse(response(200), received());
    assert.equal(w.layer.pendingCount, 1);
    assert.equal(w.layer.size, 3);
    w.clock.advance(30_000);
    assert.equal(w.layer.pendingCount, 0);
    w.clock.advance(5_000);
    assert.equal(w.layer.size, 0);
    assert.equal(w.wheel.size, 0);
  });

  it('survives users that throw', () => {
    const w = world();
    w.user.hook = () => {
      throw new Error('broken user');
    };
    client(w);
    client(w, { method: 'OPTIONS', branch: 'z9hG4bK2' });
    const uas = server(w);
    assert.ok(typeof uas === 'object');
    w.layer.receiveResponse(response(180), received());
    w.layer.receiveResponse(response(486), received());
    uas.respond(200, responseText(200), destination());
    w.clock.advance(60_000);
    assert.equal(w.layer.size, 0);
    assert.equal(w.layer.pendingCount, 0);
    assert.equal(w.errors.length, 4);
    assert.equal(w.layer.stats.userErrors, 4);
    for (const error of w.errors) {
      assert.equal(error.code, 'TRANSACTION_USER_ERROR');
      assert.equal((error.cause as Error).message, 'broken user');
    }
  });

  it('lets a user act from within its callbacks', () => {
    const w = world();
    const next: RequestParts = { branch: 'z9hG4bK2' };
    // A challenge is answered by a new transaction, as uac_auth does it.
    w.user.hook = (entry) => {
      if (entry === '401') client(w, next);
    };
    client(w);
    w.layer.receiveResponse(response(401), received());
    w.layer.receiveResponse(response(200, next), received());
    assert.deepEqual(w.user.take(), ['0 401', '0 200']);
    assert.deepEqual(w.sender.take(), ['0 INVITE', '0 ACK', '0 INVITE']);
  });

  it('explains every error code', () => {
    for (const [code, { explanation, action }] of Object.entries(TRANSACTION_ERRORS)) {
      assert.match(code, /^TRANSACTION_[A-Z_]+$/);
      assert.ok(explanation.length > 20 && action.length > 7);
    }
    const error = new TransactionError('TRANSACTION_LIMIT', 'INVITE from 192.0.2.1', 1);
    assert.equal(error.code, 'TRANSACTION_LIMIT');
    assert.match(error.message, /^TRANSACTION_LIMIT: INVITE from 192\.0\.2\.1\. /);
  });
});
