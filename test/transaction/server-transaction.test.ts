import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DEFAULT_TIMERS, type RequestMatch, type ServerTransactionHandle } from '../../src/transaction/transaction.ts';
import {
  destination,
  type RequestParts,
  received,
  request,
  responseText,
  TCP,
  UDP,
  type World,
  world,
} from './fixtures.ts';

function start(w: World, parts: RequestParts = {}, listen = UDP): ServerTransactionHandle {
  const message = request(parts);
  assert.equal(w.layer.matchRequest(message, received(listen)).kind, 'new');
  const server = w.layer.createServer(message, received(listen), w.user, DEFAULT_TIMERS);
  if (typeof server === 'string') assert.fail(server);
  assert.equal(server.request, message);
  return server;
}

function respond(server: ServerTransactionHandle, status: number, parts: RequestParts = {}): boolean {
  return server.respond(status, responseText(status, parts), destination());
}

function again(w: World, parts: RequestParts = {}): RequestMatch['kind'] {
  return w.layer.matchRequest(request(parts), received()).kind;
}

describe('INVITE server transaction', () => {
  it('absorbs the request again in silence until there is a response, then repeats the last one', () => {
    const w = world();
    const server = start(w);
    assert.equal(again(w), 'absorbed');
    assert.deepEqual(w.sender.take(), []);
    respond(server, 100);
    assert.equal(again(w), 'absorbed');
    respond(server, 180);
    assert.equal(again(w), 'absorbed');
    assert.deepEqual(w.sender.take(), ['0 SIP/2.0 100', '0 SIP/2.0 100', '0 SIP/2.0 180', '0 SIP/2.0 180']);
    assert.equal(server.lastStatus, 180);
    assert.equal(w.layer.stats.requestsAbsorbed, 3);
  });

  it('repeats a negative final at 0.5, 1, 2, 4, 4… s until timer H', () => {
    const w = world();
    const server = start(w);
    assert.equal(respond(server, 486), true);
    assert.equal(server.request, null);
    assert.equal(respond(server, 500), false);
    assert.equal(respond(server, 200), false);
    assert.equal(respond(server, 180), false);
    w.clock.advance(40_000);
    assert.deepEqual(
      w.sender.take(),
      [0, 500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500].map((at) => `${at} SIP/2.0 486`),
    );
    assert.deepEqual(w.user.take(), ['30000 terminated']);
    assert.equal(w.layer.stats.ackMissing, 1);
    assert.equal(w.layer.size, 0);
    assert.equal(w.wheel.size, 0);
  });

  it('ends the repetition with the ACK, absorbs more of them for wt', () => {
    const w = world();
    const server = start(w);
    respond(server, 486);
    w.clock.advance(600);
    assert.equal(again(w), 'absorbed');
    assert.equal(again(w, { method: 'ACK', toTag: 'bob1' }), 'absorbed');
    assert.equal(again(w, { method: 'ACK', toTag: 'bob1' }), 'absorbed');
    assert.equal(again(w), 'absorbed');
    w.clock.advance(4_990);
    assert.equal(again(w, { method: 'ACK', toTag: 'bob1' }), 'absorbed');
    assert.deepEqual(w.sender.take(), ['0 SIP/2.0 486', '500 SIP/2.0 486', '600 SIP/2.0 486']);
    assert.deepEqual(w.user.take(), []);
    w.clock.advance(10);
    assert.deepEqual(w.user.take(), ['5600 terminated']);
    assert.equal(again(w, { method: 'ACK', toTag: 'bob1' }), 'new');
    assert.equal(w.layer.stats.acksAbsorbed, 3);
  });

  it('does not repeat over a stream; timer I is zero there', () => {
    const w = world();
    const server = start(w, { proto: 'TCP' }, TCP);
    respond(server, 404, { proto: 'TCP' });
    w.clock.advance(10_000);
    assert.deepEqual(w.sender.take(), ['0 SIP/2.0 404']);
    assert.equal(again(w, { method: 'ACK', proto: 'TCP' }), 'absorbed');
    assert.deepEqual(w.user.take(), []);
    w.clock.advance(10);
    assert.deepEqual(w.user.take(), ['10010 terminated']);
  });

  it('after a 2xx passes further 2xx, absorbs the INVITE silently, hands over an ACK of the same branch (RFC 6026)', () => {
    const w = world();
    const server = start(w);
    respond(server, 180);
    assert.equal(respond(server, 200), true);
    assert.equal(server.request, null);
    assert.equal(respond(server, 486), false);
    assert.equal(respond(server, 180), false);
    w.clock.advance(500);
    assert.equal(respond(server, 200), true);
    assert.equal(again(w), 'absorbed');
    assert.deepEqual(w.sender.take(), ['0 SIP/2.0 180', '0 SIP/2.0 200', '500 SIP/2.0 200']);
    const match = w.layer.matchRequest(request({ method: 'ACK', toTag: 'bob1' }), received());
    assert.ok(match.kind === 'ack' && match.invite === server);
    w.clock.advance(31_990);
    assert.deepEqual(w.user.take(), []);
    w.clock.advance(10);
    assert.deepEqual(w.user.take(), ['32500 terminated']);
    assert.equal(respond(server, 200), false);
  });

  it('drops an ACK that comes before the final response', () => {
    const w = world();
    const server = start(w);
    respond(server, 180);
    assert.equal(again(w, { method: 'ACK' }), 'absorbed');
    assert.equal(respond(server, 486), true);
  });

  it('is given up when its user never answers', () => {
    const w = world();
    start(w);
    w.clock.advance(209_999);
    assert.deepEqual(w.user.take(), []);
    w.clock.advance(1);
    assert.deepEqual(w.user.take(), ['210000 terminated']);
    assert.equal(w.layer.stats.unanswered, 1);
  });

  it('released, absorbs what comes late for wt', () => {
    const w = world();
    const server = start(w);
    server.release();
    assert.equal(server.request, null);
    assert.equal(w.layer.pendingCount, 0);
    assert.equal(again(w), 'absorbed');
    assert.equal(respond(server, 200), false);
    server.release();
    w.clock.advance(5_000);
    server.release();
    assert.deepEqual(w.user.take(), ['5000 terminated']);
    assert.deepEqual(w.sender.take(), []);
    assert.equal(again(w), 'new');
  });

  it('only counts responses that cannot be sent', () => {
    const w = world();
    const server = start(w);
    respond(server, 180);
    const { observer, to } = w.sender.sent[0]!;
    observer?.sendFailed('TRANSPORT_UNREACHABLE', to);
    w.sender.refuse = true;
    assert.equal(respond(server, 486), true);
    assert.equal(w.layer.stats.responseSendFailed, 2);
    w.sender.refuse = false;
    w.clock.advance(500);
    assert.deepEqual(w.sender.take(), ['0 SIP/2.0 180', '500 SIP/2.0 486']);
  });
});

describe('non-INVITE server transaction', () => {
  const OPTIONS = { method: 'OPTIONS' };

  it('absorbs the request again in silence, then repeats the response', () => {
    const w = world();
    const server = start(w, OPTIONS);
    assert.equal(again(w, OPTIONS), 'absorbed');
    assert.deepEqual(w.sender.take(), []);
    respond(server, 100, OPTIONS);
    assert.equal(again(w, OPTIONS), 'absorbed');
    assert.equal(respond(server, 200, OPTIONS), true);
    assert.equal(respond(server, 200, OPTIONS), false);
    w.clock.advance(4_990);
    assert.equal(again(w, OPTIONS), 'absorbed');
    assert.deepEqual(w.sender.take(), ['0 SIP/2.0 100', '0 SIP/2.0 100', '0 SIP/2.0 200', '4990 SIP/2.0 200']);
    w.clock.advance(31_990);
    assert.deepEqual(w.user.take(), []);
    w.clock.advance(10);
    assert.deepEqual(w.user.take(), ['36990 terminated']);
    assert.equal(again(w, OPTIONS), 'new');
  });

  it('is not forgotten when a request that came twice before its response goes on coming', () => {
    const w = world();
    const server = start(w, OPTIONS);
    w.clock.advance(500);
    assert.equal(again(w, OPTIONS), 'absorbed');
    assert.equal(respond(server, 200, OPTIONS), true);
    // The response is lost, and so are the repetitions at 1.5 and 3.5 s.
    w.clock.advance(7_000);
    assert.equal(again(w, OPTIONS), 'absorbed');
    assert.deepEqual(w.sender.take(), ['500 SIP/2.0 200', '7500 SIP/2.0 200']);
  });

  it('is gone after wt when nothing was repeated', () => {
    const w = world();
    respond(start(w, OPTIONS), 200, OPTIONS);
    w.clock.advance(5_000);
    assert.deepEqual(w.user.take(), ['5000 terminated']);
  });

  it('is not forgotten while a client goes on losing the response, also where its repetitions get lost (timer J)', () => {
    const w = world();
    respond(start(w, OPTIONS), 200, OPTIONS);
    w.sender.take();
    // Timer E: of the repetitions at 0.5, 1.5, 3.5, 7.5, 11.5… s until timer F only some arrive.
    for (const pause of [500, 7_000, 12_000, 12_000]) {
      w.clock.advance(pause);
      assert.equal(again(w, OPTIONS), 'absorbed');
    }
    assert.equal(w.sender.take().length, 4);
    w.clock.advance(32_000);
    assert.equal(again(w, OPTIONS), 'new');
  });

  it('is gone with the next tick over a stream (timer J zero)', () => {
    const w = world();
    const server = start(w, OPTIONS, TCP);
    respond(server, 200, OPTIONS);
    assert.deepEqual(w.user.take(), []);
    w.clock.advance(10);
    assert.deepEqual(w.user.take(), ['10 terminated']);
    assert.equal(w.layer.size, 0);
  });

  it('is given up when its user never answers', () => {
    const w = world();
    start(w, OPTIONS);
    w.clock.advance(62_000);
    assert.deepEqual(w.user.take(), ['62000 terminated']);
  });

  it('can be released', () => {
    const w = world();
    const server = start(w, OPTIONS);
    server.release();
    assert.equal(again(w, OPTIONS), 'absorbed');
    w.clock.advance(32_000);
    assert.deepEqual(w.user.take(), ['32000 terminated']);
    assert.deepEqual(w.sender.take(), []);
  });
});
