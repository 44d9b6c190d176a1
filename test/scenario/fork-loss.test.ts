/** Forked calls on a network that loses packets: the winner is acknowledged, the loser hears that it lost, nobody is left ringing. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { LossyRelay, type Way } from '../support/lossy-relay.ts';
import { PatientCallee, PatientCaller } from '../support/patient-peer.ts';
import { freePort } from '../support/ports.ts';
import { serverUnderTest, sleep, startServer } from '../support/servers.ts';

const CALLS = 80;
/** At every fourth call both pick up at the same moment: the caller may get two answers (RFC 3261 §13.2.2.4). */
const BOTH = 4;
const LOSS = 0.05;
const PICK_UP = 300;
const TALK = 300;
/** Longest time that repetitions may need: an answer lost again and again is repeated for 64*T1. */
const PATIENCE = 45_000;
const WAYS: readonly Way[] = ['to server', 'to peer'];

/** TRUNKLINE_LOSS_SEED repeats the losses of an earlier run. */
const seed = process.env.TRUNKLINE_LOSS_SEED ?? randomBytes(4).toString('hex');

const CFG = `#!KAMAILIO
debug=2
log_stderror=yes
loadmodule "corex.so"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "siputils.so"
loadmodule "textops.so"
loadmodule "uac.so"
modparam("tm", "wt_timer", 32000)
modparam("rr", "append_fromtag", 1)
request_route {
  if (is_method("CANCEL")) { t_relay(); exit; }
  if (has_totag()) { if (loose_route()) t_relay(); else if (t_check_trans()) t_relay(); exit; }
  t_check_trans();
  record_route();
  uac_replace_from("", "sip:anonymous@anonymous.invalid");
  $du = "sip:127.0.0.1:CALLEE_0";
  append_branch();
  $du = "sip:127.0.0.1:CALLEE_1";
  t_relay();
}
`;

/** Number of a call, which its Call-ID begins with. */
function numberOf(callId: string): number {
  return Number.parseInt(callId, 10);
}

describe('forked calls, 5 % of the packets lost, in both directions, on every leg', () => {
  it(`${CALLS} calls: each is answered and ended, no branch is left ringing`, { timeout: 80_000 }, async (t) => {
    t.diagnostic(`TRUNKLINE_LOSS_SEED=${seed}`);
    const serverPort = await freePort();
    const leg = async (
      name: string,
    ): Promise<{ relay: LossyRelay; place: Parameters<typeof PatientCaller.open>[0] }> => {
      const port = await freePort();
      const relay = await LossyRelay.open({ name, peerPort: port, serverPort, loss: LOSS, seed });
      const place = { port, publicPort: relay.serverSide, server: { host: '127.0.0.1', port: relay.peerSide } };
      return { relay, place };
    };
    const inside = await leg('caller');
    const outside = [await leg('callee 0'), await leg('callee 1')] as const;
    const relays = [inside.relay, ...outside.map(({ relay }) => relay)];
    const cfg = CFG.replace('CALLEE_0', `${outside[0].relay.serverSide}`).replace(
      'CALLEE_1',
      `${outside[1].relay.serverSide}`,
    );
    const server = await startServer({ kind: serverUnderTest, cfg, port: serverPort });
    const caller = await PatientCaller.open(inside.place, TALK);
    const callees = [
      await PatientCallee.open(outside[0].place, () => PICK_UP),
      await PatientCallee.open(outside[1].place, (callId) => (numberOf(callId) % BOTH === 0 ? PICK_UP : null)),
    ] as const;
    try {
      for (let i = 0; i < CALLS; i++) {
        caller.call(`${i}@fork.example.com`);
        await sleep(20);
      }

      /** What is still missing of a call; empty when it is over everywhere. */
      const missing = (callId: string): string => {
        const call = caller.calls.get(callId);
        if (call === undefined || call.status !== 200) return `INVITE: ${call?.status}`;
        const unended = [...call.legs].filter(([, { byeStatus }]) => byeStatus !== 200);
        if (unended.length > 0) return `BYE: ${unended.map(([, { byeStatus }]) => byeStatus)}`;
        const states = callees.map((callee) => callee.stateOf(callId));
        const ended = states.filter((state) => state === 'ended').length;
        const over = states.every((state) => state === 'ended' || state === 'refused');
        return over && ended === call.legs.size ? '' : `callees: ${states}, answers: ${call.legs.size}`;
      };
      const open = (): string[] => [...caller.calls.keys()].filter((callId) => missing(callId) !== '');
      const deadline = Date.now() + PATIENCE;
      while (open().length > 0 && Date.now() < deadline) await sleep(100);
      const account = [
        `seed ${seed}`,
        ...open()
          .slice(0, 3)
          .flatMap((callId) => [`${callId} ${missing(callId)}`, ...relays.flatMap((relay) => relay.trace(callId))]),
        server.tail(20),
      ].join('\n');
      assert.deepEqual([caller.calls.size, open().length], [CALLS, 0], account);

      for (const { relay } of outside)
        for (const { way, message } of relay.passages)
          if (way === 'to peer')
            assert.match(message.header('From'), /^<sip:anonymous@anonymous\.invalid>;tag=/, message.text);
      for (const { way, message } of inside.relay.passages)
        if (way === 'to peer')
          assert.match(message.header('From'), /^"Alice A" <sip:alice@atlanta\.example\.com>;tag=/, message.text);

      // So that nobody believes in a loss, or in two answers, that did not happen.
      for (const relay of relays)
        for (const way of WAYS) assert.ok(relay.lossRate(way) > 0.01, `${relay.lossRate(way)} of the packets ${way}`);
      const answers = [...caller.calls.values()].map(({ legs }) => legs.size);
      t.diagnostic(`${answers.filter((count) => count === 2).length} calls with two answers`);
      assert.ok(answers.includes(1) && answers.includes(2), `${answers}`);
    } finally {
      await server.stop();
      await Promise.all([caller, ...callees].map((one) => one.close()));
      await Promise.all(relays.map((relay) => relay.close()));
    }
  });
});
