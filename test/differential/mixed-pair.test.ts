/**
 * A call that begins at one server and goes on at the other, which has taken its place: what one wrote into Record-Route the other reads, in both
 * directions, for requests and their replies.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { peer } from '../support/peers.ts';
import { type ServerKind, startServer, type TestServer } from '../support/servers.ts';
import { Dialog, requestText, SDP } from '../support/sip-dialog.ts';
import { type PeerMessage, SipPeer } from '../support/sip-peer.ts';

const { skip } = peer('kamailio');

const CFG = `#!KAMAILIO
debug=2
log_stderror=yes
fork=yes
children=1
auto_aliases=no
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "siputils.so"
loadmodule "uac.so"
modparam("rr", "append_fromtag", 1)
modparam("uac", "restore_passwd", "the farm's own")
PARAMS
request_route {
  if (has_totag()) {
    if (loose_route()) t_relay();
    exit;
  }
  record_route();
  REPLACE
  $du = "sip:127.0.0.1:CALLEE_PORT";
  t_relay();
}
`;

const CALLER = 'sip:alice@atlanta.example.com';
const CALLED = 'sip:bob@biloxi.example.com';
const SHOWN_CALLER = 'sip:anonymous@anonymous.invalid;x=a+b/c';
const SHOWN_CALLED = 'sip:4711@trunk.example.net';

interface Plan {
  readonly title: string;
  readonly replace: string;
  /** Names besides the URIs: only ours keep them for the whole call, so the other server shows what it is sent. */
  readonly names: boolean;
  readonly params?: string;
}

const PLANS: readonly Plan[] = [
  {
    title: 'URIs',
    replace: `uac_replace_from("${SHOWN_CALLER}"); uac_replace_to("${SHOWN_CALLED}");`,
    names: false,
  },
  {
    title: 'display names and URIs',
    replace: `uac_replace_from("Nobody", "${SHOWN_CALLER}"); uac_replace_to("", "${SHOWN_CALLED}");`,
    names: true,
  },
  {
    title: 'URIs, other names of the parameters',
    replace: `uac_replace_from("${SHOWN_CALLER}"); uac_replace_to("${SHOWN_CALLED}");`,
    names: false,
    params: 'modparam("uac", "rr_from_store_param", "was_f")\nmodparam("uac", "rr_to_store_param", "was_t")',
  },
];

/** Who is named in a message that a side got: `mine` are its own names. */
function judge(message: PeerMessage, side: 'caller' | 'callee', plan: Plan): void {
  const [caller, called] = side === 'caller' ? [CALLER, CALLED] : [SHOWN_CALLER, SHOWN_CALLED];
  const byCaller = message.isRequest === (side === 'callee');
  assert.equal(message.uriOf('From'), byCaller ? caller : called, message.text);
  assert.equal(message.uriOf('To'), byCaller ? called : caller, message.text);
  if (plan.names) return;
  assert.match(message.header(byCaller ? 'From' : 'To'), /^"Alice A" </);
  assert.match(message.header(byCaller ? 'To' : 'From'), /^"Bob B" </);
}

async function run(plan: Plan, first: ServerKind, second: ServerKind, world: Sides): Promise<void> {
  const { caller, callee } = world;
  caller.clear();
  callee.clear();
  const cfg = CFG.replace('PARAMS', plan.params ?? '').replace('REPLACE', plan.replace);
  const subst = { CALLEE_PORT: callee.port };
  let server: TestServer = await startServer({ kind: first, cfg, subst });
  const { port } = server;
  try {
    const remote = { host: '127.0.0.1', port };
    const callId = `${first}-${PLANS.indexOf(plan)}@mixed`;
    await caller.send(
      requestText(caller, {
        uri: CALLED,
        from: `"Alice A" <${CALLER}>;tag=alice`,
        to: `"Bob B" <${CALLED}>`,
        callId,
        body: SDP,
      }),
      remote,
    );
    const invite = await callee.expect('INVITE');
    judge(invite, 'callee', plan);
    const contact = `Contact: <sip:callee@${callee.address}>`;
    await callee.reply(invite, 180, 'Ringing', { headers: [contact] });
    judge(await caller.expect('180 INVITE'), 'caller', plan);
    await callee.reply(invite, 200, 'OK', { headers: [contact, 'Content-Type: application/sdp'], body: SDP });
    const ok = await caller.expect('200 INVITE');
    judge(ok, 'caller', plan);
    const up = Dialog.ofCaller(caller, ok, remote);
    const down = Dialog.ofCallee(callee, invite, 'callee', remote);
    // Both sides write the names that they know.
    await server.stop();
    server = await startServer({ kind: second, cfg, subst, port });

    const ask = async (dialog: Dialog, method: string, body = ''): Promise<void> => {
      const [here, there] = dialog === up ? ([caller, callee] as const) : ([callee, caller] as const);
      await dialog.send(method, { body });
      const request = await there.expect(method);
      judge(request, there === callee ? 'callee' : 'caller', plan);
      await there.reply(request, 200, 'OK', { headers: [`Contact: <sip:${there.name}@${there.address}>`] });
      judge(await here.expect(`200 ${method}`), here === callee ? 'callee' : 'caller', plan);
      if (method !== 'INVITE') return;
      await dialog.send('ACK', { cseq: dialog.cseq });
      judge(await there.expect('ACK'), there === callee ? 'callee' : 'caller', plan);
    };
    await up.send('ACK', { cseq: up.inviteCSeq });
    judge(await callee.expect('ACK'), 'callee', plan);
    await ask(up, 'INFO');
    await ask(down, 'INFO');
    await ask(up, 'INVITE', SDP);
    await ask(down, 'INVITE', SDP);
    await ask(up, 'UPDATE', SDP);
    await ask(down, 'BYE');
  } finally {
    await server.stop();
  }
}

interface Sides {
  readonly caller: SipPeer;
  readonly callee: SipPeer;
}

describe('a call begins at one server and goes on at the other', { skip }, () => {
  let sides: Sides;
  before(async () => {
    sides = { caller: await SipPeer.open({ name: 'caller' }), callee: await SipPeer.open({ name: 'callee' }) };
  });
  after(async () => {
    await sides.caller.close();
    await sides.callee.close();
  });
  for (const plan of PLANS) {
    it(`${plan.title}: Kamailio, then Trunkline`, () => run(plan, 'kamailio', 'trunkline', sides));
    it(`${plan.title}: Trunkline, then Kamailio`, () => run(plan, 'trunkline', 'kamailio', sides));
  }
});
