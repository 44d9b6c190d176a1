import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type ClientTransactionHandle,
  DEFAULT_TIMERS,
  type TransactionTimers,
} from '../../src/transaction/transaction.ts';
import {
  destination,
  parse,
  type RequestParts,
  received,
  requestText,
  response,
  TCP,
  UDP,
  type World,
  world,
} from './fixtures.ts';

const BRANCH = 'z9hG4bKabc.1';

function start(
  w: World,
  parts: RequestParts = {},
  timers: TransactionTimers = DEFAULT_TIMERS,
  listen = UDP,
): ClientTransactionHandle {
  const { method = 'INVITE', branch = BRANCH } = parts;
  const to = destination(listen);
  const client = w.layer.createClient({
    branch,
    method,
    text: requestText(parts),
    destination: to,
    timers,
    user: w.user,
  });
  if (typeof client === 'string') assert.fail(client);
  return client;
}

function reply(w: World, status: number, parts: RequestParts = {}, toTag = 'bob1'): boolean {
  return w.layer.receiveResponse(response(status, parts, toTag), received());
}

describe('INVITE client transaction', () => {
  it('retransmits at 0.5, 1, 2, 4, 4… s until timer B', () => {
    const w = world();
    const client = start(w);
    assert.equal(client.isPending, true);
    w.clock.advance(29_999);
    assert.deepEqual(
      w.sender.take(),
      [0, 500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500].map((at) => `${at} INVITE`),
    );
    w.clock.advance(1);
    assert.deepEqual(w.user.take(), ['30000 timeout']);
    assert.equal(client.isPending, false);
    assert.equal(w.layer.pendingCount, 0);
    w.clock.advance(60_000);
    assert.deepEqual(w.sender.take(), []);
    assert.deepEqual(w.user.take(), []);
    assert.equal(w.layer.size, 0);
    assert.equal(w.wheel.size, 0);
  });

  it('does not retransmit over a stream', () => {
    const w = world();
    start(w, {}, DEFAULT_TIMERS, TCP);
    w.clock.advance(60_000);
    assert.deepEqual(w.sender.take(), ['0 INVITE']);
    assert.deepEqual(w.user.take(), ['30000 timeout']);
  });

  it('stops retransmitting at the first 1xx and ACKs a negative final, again for each repetition', () => {
    const w = world();
    const client = start(w);
    w.clock.advance(700);
    assert.equal(reply(w, 100), true);
    assert.equal(reply(w, 180), true);
    assert.equal(client.lastStatus, 180);
    w.clock.advance(10_000);
    assert.deepEqual(w.sender.take(), ['0 INVITE', '500 INVITE']);
    assert.notEqual(client.sentText, null);
    reply(w, 486);
    assert.equal(client.sentText, null);
    const ack = w.sender.sent.at(-1)!;
    assert.equal(ack.to, client.destination);
    const parsed = parse(ack.text);
    assert.equal(parsed.method, 'ACK');
    assert.equal(parsed.topVia?.branch, BRANCH);
    assert.equal(parsed.to?.tag, 'bob1');
    assert.equal(parsed.cseq?.seq, 1);
    w.clock.advance(1_000);
    reply(w, 486);
    reply(w, 180);
    reply(w, 200);
    assert.deepEqual(w.sender.take(), ['10700 ACK', '11700 ACK']);
    assert.equal(client.lastStatus, 486);
    assert.deepEqual(w.user.take(), ['700 100', '700 180', '10700 486']);
    w.clock.advance(31_990); // timer D
    assert.equal(w.layer.size, 1);
    w.clock.advance(10);
    assert.equal(w.layer.size, 0);
    assert.equal(reply(w, 486), false);
    assert.equal(w.layer.stats.responsesUnmatched, 1);
  });

  it('is gone at once after a negative final over a stream (timer D zero)', () => {
    const w = world();
    start(w, {}, DEFAULT_TIMERS, TCP);
    reply(w, 503);
    assert.deepEqual(w.sender.take(), ['0 INVITE', '0 ACK']);
    assert.deepEqual(w.user.take(), ['0 503']);
    assert.equal(w.layer.size, 0);
    assert.equal(w.wheel.size, 0);
  });

  it('passes up every 2xx, also over a stream, and sends no ACK (RFC 6026)', () => {
    for (const listen of [UDP, TCP]) {
      const w = world();
      const client = start(w, {}, DEFAULT_TIMERS, listen);
      reply(w, 200);
      assert.equal(client.isPending, false);
      w.clock.advance(4_000);
      reply(w, 200);
      reply(w, 200, {}, 'other-fork');
      reply(w, 486);
      reply(w, 180);
      // The one after it, 4 s later, was lost (RFC 3261 §13.3.1.4).
      w.clock.advance(8_000);
      reply(w, 200);
      w.clock.advance(31_990);
      reply(w, 486);
      w.clock.advance(10);
      assert.equal(reply(w, 200), false);
      assert.deepEqual(w.sender.take(), ['0 INVITE']);
      assert.deepEqual(w.user.take(), ['0 200', '4000 200', '4000 200', '12000 200']);
      assert.equal(w.layer.size, 0);
    }
  });

  it('is gone after wt when no 2xx came again', () => {
    const w = world();
    start(w);
    reply(w, 200);
    w.clock.advance(4_990);
    assert.equal(w.layer.size, 1);
    w.clock.advance(10);
    assert.equal(w.layer.size, 0);
  });

  it('times out fr_inv_timer after the last 1xx, and cancels (§16.8)', () => {
    const w = world();
    start(w);
    reply(w, 100);
    w.clock.advance(50_000);
    reply(w, 180);
    w.sender.take();
    w.clock.advance(119_999);
    assert.deepEqual(w.user.take(), ['0 100', '50000 180']);
    w.clock.advance(1);
    assert.deepEqual(w.user.take(), ['170000 timeout after 1xx']);
    assert.deepEqual(w.sender.take(), ['170000 CANCEL']);
    // The late replies to both are swallowed, the negative final is ACKed.
    assert.equal(reply(w, 200, { method: 'CANCEL' }), true);
    assert.equal(reply(w, 487), true);
    assert.equal(reply(w, 487), true);
    assert.deepEqual(w.sender.take(), ['170000 ACK', '170000 ACK']);
    w.clock.advance(60_000);
    assert.deepEqual(w.user.take(), []);
    assert.equal(w.layer.size, 0);
  });

  it('counts fr_inv_timer from the first 1xx only when restart_fr_on_each_reply is off', () => {
    const w = world();
    start(w, {}, { ...DEFAULT_TIMERS, restartFrOnEachReply: false });
    reply(w, 180);
    w.clock.advance(100_000);
    reply(w, 180);
    w.clock.advance(20_000);
    assert.deepEqual(w.user.take(), ['0 180', '100000 180', '120000 timeout after 1xx']);
  });

  it('never outlives max_inv_lifetime', () => {
    const w = world();
    start(w);
    for (let at = 0; at < 200_000; at += 10_000) {
      reply(w, 180);
      w.clock.advance(10_000);
    }
    assert.equal(w.user.take().at(-1), '180000 timeout after 1xx');
    const short = world();
    start(short, {}, { ...DEFAULT_TIMERS, maxInvLifetime: 2_000 });
    short.clock.advance(10_000);
    assert.deepEqual(short.user.take(), ['2000 timeout']);
    assert.deepEqual(short.sender.take(), ['0 INVITE', '500 INVITE', '1500 INVITE']);
  });

  it('swallows late replies after a timeout, ACKs a negative one', () => {
    const w = world();
    start(w);
    w.clock.advance(30_000);
    w.sender.take();
    assert.equal(reply(w, 180), true);
    assert.equal(reply(w, 200), true);
    assert.equal(reply(w, 480), true);
    assert.deepEqual(w.sender.take(), ['30000 ACK']);
    assert.deepEqual(w.user.take(), ['30000 timeout']);
  });

  it('takes new final-response timers while it runs; 0 keeps one', () => {
    const w = world();
    const client = start(w);
    w.clock.advance(1_000);
    client.setTimers(5_000, 9_000);
    w.clock.advance(4_000);
    client.setTimers(0, 8_000);
    reply(w, 180);
    w.clock.advance(7_990);
    assert.deepEqual(w.user.take(), ['5000 180']);
    w.clock.advance(10);
    assert.deepEqual(w.user.take(), ['13000 timeout after 1xx']);
    client.setTimers(1, 1);
    w.clock.advance(60_000);
    assert.equal(w.layer.size, 0);
  });

  it('can be abandoned: nothing is reported, late replies are swallowed', () => {
    const w = world();
    const client = start(w);
    reply(w, 180);
    w.user.take();
    client.abandon();
    assert.equal(client.isPending, false);
    assert.equal(w.layer.pendingCount, 0);
    assert.equal(reply(w, 200), true);
    assert.equal(reply(w, 486), true);
    w.clock.advance(5_000);
    client.abandon();
    client.cancel('');
    assert.deepEqual(w.user.take(), []);
    assert.deepEqual(w.sender.take(), ['0 INVITE', '0 ACK']);
    assert.equal(w.layer.size, 0);
  });

  it('can be abandoned after a 2xx', () => {
    const w = world();
    const client = start(w);
    reply(w, 200);
    client.abandon();
    assert.equal(reply(w, 200), true);
    assert.deepEqual(w.user.take(), ['0 200']);
    w.clock.advance(5_000);
    assert.equal(w.layer.size, 0);
  });
});

describe('CANCEL of a client transaction (§9.1)', () => {
  it('leaves at once after a 1xx, in a transaction of its own', () => {
    const w = world();
    const client = start(w);
    reply(w, 180);
    w.sender.take();
    client.cancel('SIP;cause=200;text="Call completed elsewhere"');
    const cancel = parse(w.sender.last);
    assert.equal(cancel.method, 'CANCEL');
    assert.equal(cancel.topVia?.branch, BRANCH);
    assert.match(cancel.raw, /\r\nReason: SIP;cause=200;text="Call completed elsewhere"\r\n/);
    assert.equal(w.layer.size, 2);
    client.cancel('');
    // The CANCEL is repeated like any non-INVITE request until its own answer comes.
    w.clock.advance(600);
    assert.deepEqual(w.sender.take(), ['0 CANCEL', '500 CANCEL']);
    assert.equal(reply(w, 200, { method: 'CANCEL' }), true);
    assert.equal(client.isPending, true);
    reply(w, 487);
    w.clock.advance(10_000);
    assert.deepEqual(w.sender.take(), ['600 ACK']);
    assert.deepEqual(w.user.take(), ['0 180', '600 487']);
    assert.equal(w.layer.size, 0);
  });

  it('waits for the first 1xx, the INVITE being retransmitted meanwhile', () => {
    const w = world();
    const client = start(w);
    client.cancel('');
    w.clock.advance(600);
    assert.deepEqual(w.sender.take(), ['0 INVITE', '500 INVITE']);
    reply(w, 100);
    assert.deepEqual(w.sender.take(), ['600 CANCEL']);
    reply(w, 180);
    reply(w, 200, { method: 'CANCEL' });
    w.clock.advance(29_990);
    assert.deepEqual(w.user.take(), ['600 100', '600 180']);
    w.clock.advance(10);
    assert.deepEqual(w.user.take(), ['30600 timeout after 1xx']);
    assert.deepEqual(w.sender.take(), []);
  });

  it('times out like any INVITE when no 1xx comes', () => {
    const w = world();
    start(w).cancel('');
    w.clock.advance(30_000);
    assert.deepEqual(w.user.take(), ['30000 timeout']);
    assert.ok(w.sender.take().every((line) => line.endsWith('INVITE')));
  });

  it('leaves without a 1xx when forced, and the INVITE is not repeated then', () => {
    const w = world();
    const client = start(w);
    client.cancel('', true);
    w.clock.advance(1_000);
    assert.deepEqual(w.sender.take(), ['0 INVITE', '0 CANCEL', '500 CANCEL']);
    reply(w, 481, { method: 'CANCEL' });
    w.clock.advance(29_000);
    assert.deepEqual(w.user.take(), ['30000 timeout']);
  });

  it('loses the race against a 2xx', () => {
    const w = world();
    const client = start(w);
    reply(w, 180);
    client.cancel('');
    reply(w, 200);
    assert.equal(client.isPending, false);
    assert.deepEqual(w.user.take(), ['0 180', '0 200']);
  });

  it('does nothing after a final response or for another method', () => {
    const w = world();
    const invite = start(w);
    reply(w, 486);
    invite.cancel('', true);
    const options = start(w, { method: 'OPTIONS', branch: 'z9hG4bKoptions' });
    options.cancel('', true);
    assert.deepEqual(w.sender.take(), ['0 INVITE', '0 ACK', '0 OPTIONS']);
  });

  it('may be asked for from within the report of a 1xx', () => {
    const w = world();
    w.user.hook = (entry, client) => {
      if (entry === '180') client?.cancel('');
    };
    start(w);
    reply(w, 180);
    assert.deepEqual(w.sender.take(), ['0 INVITE', '0 CANCEL']);
    reply(w, 487);
    assert.deepEqual(w.user.take(), ['0 180', '0 487']);
  });
});

describe('non-INVITE client transaction', () => {
  const OPTIONS = { method: 'OPTIONS' };

  it('retransmits at 0.5, 1, 2, 4, 4… s until timer F', () => {
    const w = world();
    start(w, OPTIONS);
    w.clock.advance(40_000);
    assert.deepEqual(
      w.sender.take(),
      [0, 500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500].map((at) => `${at} OPTIONS`),
    );
    assert.deepEqual(w.user.take(), ['30000 timeout']);
    assert.equal(w.layer.size, 0);
  });

  it('retransmits every T2 after a 1xx, and timer F goes on', () => {
    const w = world();
    start(w, OPTIONS);
    w.clock.advance(600);
    reply(w, 100, OPTIONS);
    w.clock.advance(12_000);
    assert.deepEqual(w.sender.take(), ['0 OPTIONS', '500 OPTIONS', '1500 OPTIONS', '5500 OPTIONS', '9500 OPTIONS']);
    w.clock.advance(30_000);
    assert.deepEqual(w.user.take(), ['600 100', '30000 timeout']);
  });

  it('ends a brief one with its final response, but not when the request was repeated', () => {
    const w = world();
    const begin = () =>
      w.layer.createClient({
        branch: BRANCH,
        method: 'OPTIONS',
        text: requestText(OPTIONS),
        destination: destination(UDP),
        timers: DEFAULT_TIMERS,
        user: w.user,
        brief: true,
      });
    begin();
    reply(w, 100, OPTIONS);
    assert.equal(w.layer.size, 1);
    reply(w, 200, OPTIONS);
    assert.equal(w.layer.size, 0);
    assert.equal(w.layer.pendingCount, 0);
    begin();
    w.clock.advance(600);
    reply(w, 200, OPTIONS);
    assert.equal(reply(w, 200, OPTIONS), true, 'the answer to the repetition is absorbed');
    w.clock.advance(5_000);
    assert.equal(w.layer.size, 0);
    assert.deepEqual(w.user.take(), ['0 100', '0 200', '600 200']);
  });

  it('reports the final once and absorbs repetitions for wt; over a stream it is gone at once', () => {
    const w = world();
    start(w, OPTIONS);
    reply(w, 404, OPTIONS);
    assert.equal(reply(w, 404, OPTIONS), true);
    assert.equal(reply(w, 100, OPTIONS), true);
    w.clock.advance(4_990);
    assert.equal(reply(w, 404, OPTIONS), true);
    w.clock.advance(10);
    assert.equal(reply(w, 404, OPTIONS), false);
    assert.deepEqual(w.user.take(), ['0 404']);
    assert.deepEqual(w.sender.take(), ['0 OPTIONS']);
    start(w, OPTIONS, DEFAULT_TIMERS, TCP);
    reply(w, 200, OPTIONS);
    assert.equal(w.layer.size, 0);
  });

  it('never outlives max_noninv_lifetime', () => {
    const w = world();
    start(w, OPTIONS, { ...DEFAULT_TIMERS, fr: 60_000 });
    w.clock.advance(32_000);
    assert.deepEqual(w.user.take(), ['32000 timeout']);
  });

  it('can be abandoned', () => {
    const w = world();
    start(w, OPTIONS).abandon();
    w.clock.advance(1_000);
    assert.equal(reply(w, 200, OPTIONS), true);
    w.clock.advance(4_000);
    assert.equal(reply(w, 200, OPTIONS), false);
    assert.deepEqual(w.user.take(), []);
    assert.deepEqual(w.sender.take(), ['0 OPTIONS']);
  });
});

describe('transport failures of a client transaction (§17.1.4)', () => {
  it('reports a refused send from the timer, after the caller got its handle', () => {
    const w = world();
    w.sender.refuse = true;
    const client = start(w);
    assert.equal(client.isPending, true);
    assert.deepEqual(w.user.take(), []);
    w.clock.advance(10);
    assert.deepEqual(w.user.take(), ['10 TRANSPORT_SEND_FAILED']);
    assert.equal(client.isPending, false);
    assert.equal(w.layer.size, 0);
    assert.equal(w.wheel.size, 0);
  });

  it('reports a later failure with its code, once', () => {
    const w = world();
    start(w);
    const { observer, to } = w.sender.sent[0]!;
    observer?.sendFailed('TRANSPORT_CONNECT_REFUSED', to);
    observer?.sendFailed('TRANSPORT_UNREACHABLE', to);
    w.clock.advance(1_000);
    observer?.sendFailed('TRANSPORT_UNREACHABLE', to);
    w.clock.advance(60_000);
    assert.deepEqual(w.user.take(), ['10 TRANSPORT_CONNECT_REFUSED']);
    assert.deepEqual(w.sender.take(), ['0 INVITE']);
    assert.equal(w.layer.stats.requestSendFailed, 1);
  });

  it('ignores a failure once an INVITE got a 1xx, and after a final response', () => {
    const w = world();
    const client = start(w);
    const { observer, to } = w.sender.sent[0]!;
    reply(w, 180);
    observer?.sendFailed('TRANSPORT_UNREACHABLE', to);
    w.clock.advance(1_000);
    assert.equal(client.isPending, true);
    reply(w, 486);
    observer?.sendFailed('TRANSPORT_UNREACHABLE', to);
    w.clock.advance(60_000);
    assert.deepEqual(w.user.take(), ['0 180', '1000 486']);
    assert.equal(w.layer.size, 0);
  });

  it('ignores a failure that a final response overtook', () => {
    const w = world();
    start(w, { method: 'OPTIONS' });
    const { observer, to } = w.sender.sent[0]!;
    observer?.sendFailed('TRANSPORT_UNREACHABLE', to);
    reply(w, 200, { method: 'OPTIONS' });
    w.clock.advance(60_000);
    assert.deepEqual(w.user.take(), ['0 200']);
    assert.equal(w.layer.size, 0);
  });

  it('reports a refused retransmission of a request that was accepted at first', () => {
    const w = world();
    start(w, { method: 'OPTIONS' });
    w.sender.refuse = true;
    w.clock.advance(1_000);
    assert.deepEqual(w.user.take(), ['510 TRANSPORT_SEND_FAILED']);
  });

  it('only counts an ACK that cannot be sent', () => {
    const w = world();
    start(w);
    w.sender.refuse = true;
    reply(w, 486);
    assert.deepEqual(w.user.take(), ['0 486']);
    assert.equal(w.layer.stats.responseSendFailed, 1);
  });
});
