/** SIPp on both sides of calls that fork, are given up, are sent elsewhere, and change while they last: who sees which name, in every message. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LossyRelay } from '../support/lossy-relay.ts';
import { peer } from '../support/peers.ts';
import { freePort } from '../support/ports.ts';
import { serverUnderTest, startServer, type TestServer } from '../support/servers.ts';
import { startSipp } from '../support/sipp.ts';

const CALLS = 20;

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
modparam("rr", "append_fromtag", 1)
STORE
request_route {
  if (is_method("CANCEL")) { t_relay(); exit; }
  if (has_totag()) { if (loose_route()) t_relay(); else if (t_check_trans()) t_relay(); exit; }
  record_route();
  uac_replace_from("", "sip:anonymous@anonymous.invalid");
  $du = "sip:127.0.0.1:CARRIER_0";
  HOW
  t_relay();
}
failure_route[ELSEWHERE] {
  if (t_is_canceled()) exit;
  if (t_check_status("302")) { $du = "sip:127.0.0.1:CARRIER_1"; t_relay(); }
}
`;

/** A scenario for the caller, one for each carrier, and what the route does. */
interface Plan {
  readonly title: string;
  readonly caller: string;
  readonly carriers: readonly string[];
  readonly how?: string;
  readonly store?: string;
}

const FORK = 'append_branch(); $du = "sip:127.0.0.1:CARRIER_1";';

const PLANS: readonly Plan[] = [
  {
    title: 'a fork: one answers, the other is cancelled',
    caller: 'caller.xml',
    carriers: ['carrier-plain.xml', 'carrier-cancelled.xml'],
    how: FORK,
  },
  { title: 'CANCEL', caller: 'caller-cancel.xml', carriers: ['carrier-cancelled.xml'] },
  {
    title: 'CANCEL of a fork',
    caller: 'caller-cancel.xml',
    carriers: ['carrier-cancelled.xml', 'carrier-cancelled.xml'],
    how: FORK,
  },
  {
    title: '302, and the script goes on',
    caller: 'caller.xml',
    carriers: ['carrier-302.xml', 'carrier-plain.xml'],
    how: 't_on_failure("ELSEWHERE");',
  },
  { title: 'PRACK, re-INVITEs of both sides', caller: 'caller-long.xml', carriers: ['carrier-long.xml'] },
  {
    title: 'PRACK, re-INVITEs of both sides, sealed',
    caller: 'caller-long.xml',
    carriers: ['carrier-long.xml'],
    store: 'modparam("uac", "restore_store", "sealed")',
  },
];

async function play({ caller, carriers, how = '', store = '' }: Plan): Promise<void> {
  const serverPort = await freePort();
  // Nothing is lost here (sipp-loss.test.ts does that): the relays write every message down.
  const relay = (name: string, peerPort: number): Promise<LossyRelay> =>
    LossyRelay.open({ name, peerPort, serverPort, loss: 0, seed: 'calls' });
  const phonePort = await freePort();
  const inside = await relay('phone', phonePort);
  const ports = await Promise.all(carriers.map(() => freePort()));
  const outside = await Promise.all(ports.map((port, i) => relay(`carrier ${i}`, port)));
  const places = outside.map(({ serverSide }, i) => [`CARRIER_${i}`, `${serverSide}`] as const);
  let cfg = CFG.replace('HOW', how).replace('STORE', store);
  for (const [name, port] of places) cfg = cfg.replaceAll(name, port);
  let server: TestServer | null = null;
  try {
    server = await startServer({ kind: serverUnderTest, cfg, port: serverPort });
    const runs = await Promise.all(
      carriers.map((scenario, i) =>
        startSipp({ scenario, port: ports[i]!, publicPort: outside[i]!.serverSide, calls: CALLS, timeout: 50 }),
      ),
    );
    const phone = await startSipp({
      scenario: caller,
      port: phonePort,
      publicPort: inside.serverSide,
      remotePort: inside.peerSide,
      calls: CALLS,
      rate: 20,
      args: ['-cid_str', '%u@calls.example.com'],
      timeout: 45,
    });
    const called = await phone.done;
    const ends = await Promise.all(
      runs.map(async (run) => {
        const late = setTimeout(() => run.stop(), 15_000);
        const result = await run.done;
        clearTimeout(late);
        return result;
      }),
    );
    const account = [called, ...ends].map(({ errors }) => errors).join('\n') + server.tail(20);
    for (const one of [called, ...ends]) assert.deepEqual([one.successful, one.failed], [CALLS, 0], account);

    for (const one of outside)
      for (const { way, message } of one.passages) {
        if (way !== 'to peer') continue;
        assert.doesNotMatch(message.text, /alice@|Alice/, message.text);
        const byPhone = message.isRequest;
        assert.match(message.header(byPhone ? 'From' : 'To'), /^<sip:anonymous@anonymous\.invalid>;tag=/, message.text);
      }
    for (const { way, message } of inside.passages) {
      if (way !== 'to peer') continue;
      assert.doesNotMatch(message.text, /anonymous/, message.text);
      const named = message.header(message.isRequest ? 'To' : 'From');
      assert.match(named, /^"Alice A" <sip:alice@atlanta\.example\.com>;tag=/, message.text);
    }
  } finally {
    await server?.stop();
    await Promise.all([inside, ...outside].map((one) => one.close()));
  }
}

describe('SIPp on both sides, every message looked at', { skip: peer('sipp').skip }, () => {
  for (const plan of PLANS) it(plan.title, { timeout: 70_000 }, () => play(plan));
});
