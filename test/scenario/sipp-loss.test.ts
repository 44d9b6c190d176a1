/** The trunk example on a network that loses packets, between SIPp as the phone and SIPp as the carrier. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { LossyRelay, type Way } from '../support/lossy-relay.ts';
import { peer } from '../support/peers.ts';
import { freePort } from '../support/ports.ts';
import { serverUnderTest, sleep, startServer } from '../support/servers.ts';
import type { SipText } from '../support/sip-text.ts';
import { startSipp } from '../support/sipp.ts';
import { EXAMPLE } from './trunk.ts';

const CALLS = 1_000;
const LOSS = 0.05;
const WAYS: readonly Way[] = ['to server', 'to peer'];

/** TRUNKLINE_LOSS_SEED repeats the losses of an earlier run. */
const seed = process.env.TRUNKLINE_LOSS_SEED ?? randomBytes(4).toString('hex');

/**
 * A peer repeats until timers B, F and H, 64*T1 (RFC 3261 §17.1.1.2, §17.1.2.2, §13.3.1.4): 7 repetitions of an INVITE, 10 of the others. SIPp by
 * itself gives up after 5 and 7. Nor does it end a call because a message comes twice.
 */
const PATIENT = [
  ...['-max_retrans', '10', '-max_invite_retrans', '7', '-max_non_invite_retrans', '10'],
  ...['-default_behaviors', 'all,-abortunexp'],
];

/** Call-IDs of messages that fit. */
function callsWith(messages: readonly SipText[], fits: (message: SipText) => boolean): Set<string> {
  return new Set(messages.filter(fits).map((message) => message.callId));
}

describe('5 % of the packets lost, in both directions, on both sides of the server', {
  skip: peer('sipp').skip,
}, () => {
  it(`${CALLS} calls: none is lost`, { timeout: 150_000 }, async (t) => {
    t.diagnostic(`TRUNKLINE_LOSS_SEED=${seed}`);
    const [serverPort, phonePort, carrierPort] = [await freePort(), await freePort(), await freePort()];
    const leg = (name: string, peerPort: number): Promise<LossyRelay> =>
      LossyRelay.open({ name, peerPort, serverPort, loss: LOSS, seed });
    const inside = await leg('phone', phonePort);
    const outside = await leg('carrier', carrierPort);
    const server = await startServer({
      kind: serverUnderTest,
      file: EXAMPLE,
      port: serverPort,
      defines: [`CARRIER="sip:127.0.0.1:${outside.serverSide}"`],
    });
    try {
      const carrier = await startSipp({
        scenario: 'carrier-401-lossy.xml',
        port: carrierPort,
        publicPort: outside.serverSide,
        calls: CALLS,
        args: PATIENT,
        timeout: 110,
      });
      const caller = await startSipp({
        scenario: 'caller.xml',
        port: phonePort,
        publicPort: inside.serverSide,
        remotePort: inside.peerSide,
        calls: CALLS,
        rate: 100,
        // The same Call-IDs in each run: the seed's losses hang on them.
        args: [...PATIENT, '-cid_str', '%u@loss.example.com'],
        timeout: 90,
      });
      const called = await caller.done;
      // The carrier waits for repetitions a while after its last call.
      await Promise.race([carrier.done, sleep(15_000)]);
      carrier.stop();
      const answered = await carrier.done;

      const ended = callsWith(inside.delivered('to peer'), (m) => m.status === 200 && m.method === 'BYE');
      const hungUp = callsWith(outside.delivered('to peer'), (m) => m.isRequest && m.method === 'BYE');
      const started = [...callsWith(inside.delivered('to server'), (m) => m.isRequest && m.method === 'INVITE')];
      const open = started.filter((callId) => !ended.has(callId) || !hungUp.has(callId));
      const account = [
        `seed ${seed}`,
        ...open.slice(0, 3).flatMap((callId) => [callId, ...inside.trace(callId), ...outside.trace(callId)]),
        ...[called.errors, answered.errors, server.tail(20)],
      ].join('\n');
      assert.deepEqual([called.successful, called.failed], [CALLS, 0], account);
      assert.deepEqual([answered.successful, answered.failed], [CALLS, 0], account);
      // What SIPp counts is its own opinion; this is what went over the wire.
      assert.deepEqual([started.length, open.length], [CALLS, 0], account);

      // Lost or not, first or repeated: nothing shows a side the other side's name.
      for (const { way, message } of outside.passages)
        if (way === 'to peer')
          assert.match(message.header('From'), /^<sip:anonymous@anonymous\.invalid>;tag=/, account);
      for (const { way, message } of inside.passages)
        if (way === 'to peer')
          assert.match(message.header('From'), /^"Alice A" <sip:alice@atlanta\.example\.com>;tag=/, message.text);

      // So that nobody believes in a loss that did not happen.
      for (const relay of [inside, outside])
        for (const way of WAYS) {
          const rate = relay.lossRate(way);
          assert.ok(rate > 0.035 && rate < 0.065, `${rate} of the packets ${way}`);
        }
      assert.ok(called.retransmissions > 20 && answered.retransmissions > 20, `${called.retransmissions}`);
    } finally {
      await server.stop();
      await inside.close();
      await outside.close();
    }
  });
});
