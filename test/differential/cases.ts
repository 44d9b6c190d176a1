/** The table of calls. Each is played on Kamailio and on Trunkline with the same configuration. */

import { sleep } from '../support/servers.ts';
import { SDP } from '../support/sip-dialog.ts';
import type { PeerMessage } from '../support/sip-peer.ts';
import type { DiffCase, Profile, World } from './world.ts';

export const PROFILES: Readonly<Record<string, Profile>> = {
  auto: {
    modparams: `modparam("uac", "restore_mode", "auto")
modparam("uac", "credential", "trunk:carrier.example.com:secret")
modparam("uac", "auth_username_avp", "$avp(auser)")
modparam("uac", "auth_password_avp", "$avp(apass)")
modparam("uac", "auth_realm_avp", "$avp(arealm)")
#!ifdef TRUNKLINE
modparam("uac", "cseq_update", 0)
#!endif`,
  },
  improved: {
    modparams: `modparam("uac", "restore_mode", "auto")
modparam("uac", "credential", "trunk:carrier.example.com:secret")`,
  },
  secret: {
    modparams: `modparam("uac", "restore_mode", "auto")
modparam("uac", "restore_passwd", "s3cret")
modparam("uac", "rr_from_store_param", "from_was")
modparam("uac", "rr_to_store_param", "to_was")`,
  },
  manual: { modparams: 'modparam("uac", "restore_mode", "manual")' },
  none: { modparams: 'modparam("uac", "restore_mode", "none")' },
  tcp: {
    modparams: 'modparam("uac", "restore_mode", "auto")',
    listen: ['udp:127.0.0.1:PORT', 'tcp:127.0.0.1:PORT'],
    callerProto: 'tcp',
  },
  ipv6: { modparams: 'modparam("uac", "restore_mode", "auto")', listen: ['udp:[::1]:PORT'], host: '::1' },
};

/** What every route begins with: requests of a call that is up, CANCEL, and ACK. */
const IN_DIALOG = `
  if (is_method("CANCEL")) { if (t_check_trans()) { t_relay(); } exit; }
  if (has_totag()) {
    if (loose_route()) { t_relay(); exit; }
    if (is_method("ACK")) { if (t_check_trans()) { t_relay(); } exit; }
    sl_send_reply("404", "Not here");
    exit;
  }
`;

const TO_CALLEE = '$du = "sip:127.0.0.1:CALLEE_PORT";';

/** INVITE to 200 with its 180; the two dialogs. */
async function establish(world: World, plan: Parameters<World['send']>[0] = {}) {
  await world.send({ body: SDP, ...plan });
  const invite = await world.expectCallee('INVITE');
  await world.callee.reply(invite, 180, 'Ringing', { headers: [world.contact] });
  await world.expectCaller('180 INVITE');
  return answer(world, invite);
}

async function answer(world: World, invite: PeerMessage) {
  await world.callee.reply(invite, 200, 'OK', {
    headers: [world.contact, 'Content-Type: application/sdp'],
    body: SDP,
  });
  const ok = await world.expectCaller('200 INVITE');
  const dialogs = world.dialogs(invite, ok);
  await world.ack(dialogs.caller);
  return dialogs;
}

async function call(world: World, plan: Parameters<World['send']>[0] = {}): Promise<void> {
  const { caller } = await establish(world, plan);
  await world.ask(caller, 'BYE');
}

/** A call with requests of both sides in it, ended by the called side. */
async function longCall(world: World, plan: Parameters<World['send']>[0] = {}): Promise<void> {
  const { caller, callee } = await establish(world, plan);
  await world.ask(caller, 'INFO');
  await world.ask(callee, 'INFO');
  await world.ask(caller, 'INVITE', [], SDP);
  await world.ack(caller, caller.cseq);
  await world.ask(callee, 'INVITE', [], SDP);
  await world.ack(callee, callee.cseq);
  await world.ask(callee, 'BYE');
}

async function refused(world: World, status: number, reason: string, headers: readonly string[] = []): Promise<void> {
  const text = await world.send({ body: SDP });
  const invite = await world.expectCallee('INVITE');
  await world.callee.reply(invite, status, reason, { headers });
  await world.expectCallee('ACK');
  const final = await world.expectCaller((m) => m.status >= 200);
  await world.hop('ACK', text, final);
}

/** The challenge is answered, the call goes up and down. */
async function challenged(world: World, status: 401 | 407, challenges: readonly string[]): Promise<void> {
  await world.send({ body: SDP });
  const first = await world.expectCallee('INVITE');
  const name = status === 401 ? 'WWW-Authenticate' : 'Proxy-Authenticate';
  await world.callee.reply(first, status, status === 401 ? 'Unauthorized' : 'Proxy Authentication Required', {
    headers: challenges.map((value) => `${name}: ${value}`),
  });
  await world.expectCallee('ACK');
  const second = await world.expectCallee('INVITE');
  await world.callee.reply(second, 180, 'Ringing', { headers: [world.contact] });
  await world.expectCaller('180 INVITE');
  const { caller, callee } = await answer(world, second);
  await world.ask(caller, 'INFO');
  await world.ask(callee, 'INFO');
  await world.ask(caller, 'BYE');
}

async function question(world: World, plan: Parameters<World['send']>[0] = {}): Promise<void> {
  await world.send({ method: 'OPTIONS', ...plan });
  const options = await world.expectCallee('OPTIONS');
  await world.callee.reply(options, 200, 'OK', { headers: ['Accept: application/sdp'] });
  await world.expectCaller(200);
}

/** A request that the server answers itself. */
function local(method = 'OPTIONS', headers: readonly string[] = []) {
  return async (world: World): Promise<void> => {
    await world.send({ method, headers });
    await world.expectCaller((m) => m.status >= 200);
  };
}

const RELAY = `${IN_DIALOG} ${TO_CALLEE} t_relay();`;
const RECORDED = `${IN_DIALOG} record_route(); ${TO_CALLEE} t_relay();`;
const AUTH = `${IN_DIALOG} record_route(); ${TO_CALLEE} t_on_failure("FAIL"); t_relay();`;
const AUTH_FAIL = 'if (t_is_canceled()) exit; if (t_check_status("401|407")) { uac_auth(); t_relay(); exit; }';
const DIGEST = 'Digest realm="carrier.example.com", nonce="4f2a"';

export const CASES: readonly DiffCase[] = [
  { name: 'relay-options', request: RELAY, play: question },
  { name: 'relay-call', request: `if (is_method("ACK|BYE")) { ${TO_CALLEE} t_relay(); exit; } ${RELAY}`, play: call },
  { name: 'record-route', request: RECORDED, play: call },
  { name: 'record-route-long', request: RECORDED, play: longCall },
  {
    name: 'record-route-params',
    request: `${IN_DIALOG} record_route(";lead=1"); add_rr_param(";more=2"); ${TO_CALLEE} t_relay();`,
    play: call,
  },
  {
    name: 'record-route-preset',
    request: `${IN_DIALOG} record_route_preset("127.0.0.1:5999"); ${TO_CALLEE} t_relay();`,
    async play(world) {
      await world.send({ method: 'SUBSCRIBE', headers: ['Event: x'] });
      await world.callee.reply(await world.expectCallee('SUBSCRIBE'), 202, 'Accepted');
      await world.expectCaller(202);
    },
  },
  {
    name: 'replace-from',
    request: `${IN_DIALOG} record_route(); uac_replace_from("sip:batman@gotham.org"); ${TO_CALLEE} t_relay();`,
    play: longCall,
  },
  {
    name: 'replace-from-after',
    request: `${IN_DIALOG} uac_replace_from("sip:batman-the-dark-knight@gotham.city.example.org"); record_route(); ${TO_CALLEE} t_relay();`,
    play: longCall,
  },
  {
    name: 'replace-from-display',
    request: `${IN_DIALOG} record_route(); uac_replace_from("\\"Anonymous\\"", "sip:anonymous@anonymous.invalid"); ${TO_CALLEE} t_relay();`,
    play: longCall,
  },
  {
    name: 'replace-from-no-display',
    request: `${IN_DIALOG} record_route(); uac_replace_from("", "sip:anonymous@anonymous.invalid"); ${TO_CALLEE} t_relay();`,
    play: call,
  },
  {
    name: 'replace-from-variable',
    request: `${IN_DIALOG} record_route(); $var(user) = "trunk"; uac_replace_from("sip:$var(user)@$td"); ${TO_CALLEE} t_relay();`,
    play: call,
  },
  {
    name: 'replace-from-bare',
    request: `${IN_DIALOG} record_route(); uac_replace_from("sip:batman@gotham.org"); ${TO_CALLEE} t_relay();`,
    play: (world) => longCall(world, { from: 'sip:alice@atlanta.example.com;tag=alice1' }),
  },
  {
    name: 'replace-from-blanks',
    request: `${IN_DIALOG} record_route(); uac_replace_from("sip:batman@gotham.org"); ${TO_CALLEE} t_relay();`,
    play: (world) => call(world, { from: '"Alice A"   <sip:alice@atlanta.example.com>  ;  tag=alice1' }),
  },
  {
    name: 'replace-to',
    request: `${IN_DIALOG} record_route(); uac_replace_to("sip:joker@gotham.org"); ${TO_CALLEE} t_relay();`,
    play: longCall,
  },
  {
    name: 'replace-to-display',
    request: `${IN_DIALOG} record_route(); uac_replace_to("Joker", "sip:joker@gotham.org"); ${TO_CALLEE} t_relay();`,
    play: longCall,
  },
  {
    name: 'replace-both',
    request: `${IN_DIALOG} record_route(); uac_replace_from("sip:batman@gotham.org"); uac_replace_to("sip:penguin@gotham.org"); ${TO_CALLEE} t_relay();`,
    play: longCall,
  },
  {
    name: 'replace-in-branch',
    request: `${IN_DIALOG} record_route(); t_on_branch("BRANCH"); ${TO_CALLEE} t_relay();`,
    branch: 'uac_replace_from("sip:batman@gotham.org");',
    play: longCall,
  },
  {
    name: 'replace-refused',
    request: `${IN_DIALOG} record_route(); uac_replace_from("sip:batman@gotham.org"); ${TO_CALLEE} t_relay();`,
    play: (world) => refused(world, 486, 'Busy Here'),
  },
  {
    name: 'replace-no-record',
    request: `uac_replace_from("sip:batman@gotham.org"); ${TO_CALLEE} t_relay();`,
    play: question,
  },
  {
    name: 'replace-early',
    request: `${IN_DIALOG} record_route(); uac_replace_from("sip:batman@gotham.org"); ${TO_CALLEE} t_relay();`,
    async play(world) {
      await world.send({ body: SDP });
      const invite = await world.expectCallee('INVITE');
      await world.callee.reply(invite, 183, 'Session Progress', {
        headers: [world.contact, 'Require: 100rel', 'RSeq: 1'],
      });
      const progress = await world.expectCaller('183 INVITE');
      const { caller, callee } = world.dialogs(invite, progress);
      await world.ask(caller, 'PRACK', ['RAck: 1 1 INVITE']);
      await world.ask(caller, 'UPDATE');
      await world.ask(callee, 'UPDATE');
      await answer(world, invite);
      await world.ask(callee, 'BYE');
    },
  },
  {
    name: 'auth-401',
    profile: 'auto',
    request: AUTH,
    failure: AUTH_FAIL,
    play: (w) => challenged(w, 401, [`${DIGEST}, qop="auth"`]),
  },
  { name: 'auth-401-plain', request: AUTH, failure: AUTH_FAIL, play: (w) => challenged(w, 401, [DIGEST]) },
  {
    name: 'auth-407',
    request: AUTH,
    failure: AUTH_FAIL,
    play: (w) => challenged(w, 407, [`${DIGEST}, opaque="op-1", algorithm=MD5, qop="auth,auth-int"`]),
  },
  {
    name: 'auth-407-plain',
    request: AUTH,
    failure: AUTH_FAIL,
    play: (w) => challenged(w, 407, [`${DIGEST}, algorithm=MD5`]),
  },
  {
    name: 'auth-avp',
    request: AUTH,
    failure:
      'if (t_check_status("401|407")) { $avp(auser) = "test"; $avp(apass) = "test"; uac_auth(); t_relay(); exit; }',
    play: (w) => challenged(w, 407, [`Digest realm="anything", nonce="n", qop="auth"`]),
  },
  {
    name: 'auth-replaced',
    request: `${IN_DIALOG} record_route(); uac_replace_from("sip:trunk@carrier.example.com"); ${TO_CALLEE} t_on_failure("FAIL"); t_relay();`,
    failure: AUTH_FAIL,
    play: (w) => challenged(w, 401, [`${DIGEST}, qop="auth"`]),
  },
  {
    name: 'auth-no-credential',
    request: AUTH,
    failure: AUTH_FAIL,
    play: (w) =>
      refused(w, 407, 'Proxy Authentication Required', ['Proxy-Authenticate: Digest realm="other", nonce="n"']),
  },
  {
    name: 'auth-wrong-header',
    request: AUTH,
    failure: AUTH_FAIL,
    play: (w) => refused(w, 407, 'Proxy Authentication Required', [`WWW-Authenticate: ${DIGEST}`]),
  },
  {
    name: 'auth-cseq',
    profile: 'improved',
    request: AUTH,
    failure: AUTH_FAIL,
    play: (w) => challenged(w, 407, [`${DIGEST}, qop="auth"`]),
  },
  {
    name: 'auth-sha256-first',
    profile: 'improved',
    request: AUTH,
    failure: AUTH_FAIL,
    async play(world) {
      const text = await world.send({ body: SDP });
      const first = await world.expectCallee('INVITE');
      await world.callee.reply(first, 407, 'Proxy Authentication Required', {
        headers: [
          'Proxy-Authenticate: Digest realm="carrier.example.com", nonce="256", algorithm=SHA-256, qop="auth"',
          `Proxy-Authenticate: ${DIGEST}, algorithm=MD5, qop="auth"`,
        ],
      });
      await world.expectCallee('ACK');
      const either = await world.firstOf('INVITE', (m) => m.status >= 200);
      if (either.isRequest) {
        await world.callee.reply(either, 486, 'Busy Here');
        await world.expectCallee('ACK');
        await world.hop('ACK', text, await world.expectCaller(486));
      } else await world.hop('ACK', text, either);
    },
  },
  ...(
    [
      [300, 'Multiple Choices'],
      [302, 'Moved Temporarily'],
      [404, 'Not Found'],
      [486, 'Busy Here'],
      [500, 'Server Error'],
      [503, 'Service Unavailable'],
      [603, 'Decline'],
    ] as const
  ).map(
    ([status, reason]): DiffCase => ({
      name: `refused-${status}`,
      request: RECORDED,
      play: (w) =>
        refused(w, status, reason, status < 400 ? ['Contact: <sip:carol@chicago.example.com>'] : ['Retry-After: 3']),
    }),
  ),
  {
    name: 'provisional',
    request: RECORDED,
    async play(world) {
      await world.send({ body: SDP });
      const invite = await world.expectCallee('INVITE');
      await world.callee.reply(invite, 100, 'Trying');
      await world.callee.reply(invite, 180, 'Ringing');
      await world.callee.reply(invite, 183, 'Session Progress', {
        headers: ['Content-Type: application/sdp'],
        body: SDP,
      });
      await world.callee.reply(invite, 199, 'Early Dialog Terminated');
      await world.expectCaller(180);
      await world.expectCaller(183);
      await world.expectCaller(199);
      const { caller } = await answer(world, invite);
      await world.ask(caller, 'BYE');
    },
  },
  {
    name: 'cancel',
    request: RECORDED,
    async play(world) {
      const text = await world.send({ body: SDP });
      const invite = await world.expectCallee('INVITE');
      await world.callee.reply(invite, 180, 'Ringing', { headers: [world.contact] });
      await world.expectCaller(180);
      await world.hop('CANCEL', text);
      await world.expectCaller('200 CANCEL');
      const cancel = await world.expectCallee('CANCEL');
      await world.callee.reply(cancel, 200, 'OK');
      await world.callee.reply(invite, 487, 'Request Terminated');
      await world.expectCallee('ACK');
      await world.hop('ACK', text, await world.expectCaller('487 INVITE'));
    },
  },
  {
    name: 'cancel-replaced',
    request: `${IN_DIALOG} record_route(); uac_replace_from("sip:batman@gotham.org"); ${TO_CALLEE} t_relay();`,
    async play(world) {
      const text = await world.send({ body: SDP });
      const invite = await world.expectCallee('INVITE');
      await world.callee.reply(invite, 180, 'Ringing', { headers: [world.contact] });
      await world.expectCaller(180);
      await world.hop('CANCEL', text);
      const cancel = await world.expectCallee('CANCEL');
      await world.callee.reply(cancel, 200, 'OK');
      await world.callee.reply(invite, 487, 'Request Terminated');
      await world.expectCallee('ACK');
      await world.hop('ACK', text, await world.expectCaller('487 INVITE'));
    },
  },
  {
    name: 'cancel-unknown',
    request: IN_DIALOG,
    async play(world) {
      await world.hop('CANCEL', world.request());
      await sleep(100);
    },
  },
  { name: 'stateless-200', request: 'sl_send_reply("200", "Fine");', play: local() },
  { name: 'stateless-486', request: 'sl_send_reply("486", "Busy"); exit;', play: local('INVITE') },
  {
    name: 'stateless-headers',
    request:
      'append_to_reply("Contact: <sip:elsewhere@example.com>\\r\\nX-Reply: 1\\r\\n"); sl_send_reply("302", "Moved");',
    play: local(),
  },
  {
    name: 'stateless-variable',
    request: '$var(code) = 480; sl_send_reply("$var(code)", "No $rU here");',
    play: local(),
  },
  { name: 'stateful-reply', request: 't_newtran(); t_reply("480", "Away");', play: local() },
  {
    name: 'stateful-invite',
    request:
      'if (is_method("ACK")) { t_check_trans(); exit; } t_newtran(); t_reply("180", "Ringing"); append_to_reply("X-Why: test\\r\\n"); t_reply("600", "Busy Everywhere");',
    async play(world) {
      const text = await world.send();
      await world.expectCaller(180);
      await world.hop('ACK', text, await world.expectCaller(600));
    },
  },
  { name: 'send-reply', request: 'send_reply("403", "Forbidden");', play: local() },
  {
    name: 'sl-reply-error',
    request: '$du = "sip:no-such-name.invalid"; if (!t_relay()) { sl_reply_error(); }',
    play: local(),
  },
  { name: 'stateless-forward', request: `${TO_CALLEE} forward();`, play: question },
  {
    name: 'forward-rport',
    request: RELAY,
    async play(world) {
      const text = world
        .request({ method: 'OPTIONS' })
        .replace(/Via: SIP\/2.0\/UDP [^;]+;/, 'Via: SIP/2.0/UDP 192.0.2.77:5060;rport;');
      await world.caller.send(text, world.remote);
      await world.callee.reply(await world.expectCallee('OPTIONS'), 200, 'OK');
      await world.expectCaller(200);
    },
  },
  {
    name: 'force-rport',
    request: `force_rport(); ${RELAY}`,
    async play(world) {
      const text = world
        .request({ method: 'OPTIONS' })
        .replace(/Via: SIP\/2.0\/UDP [^;]+;/, 'Via: SIP/2.0/UDP 192.0.2.77;');
      await world.caller.send(text, world.remote);
      await world.callee.reply(await world.expectCallee('OPTIONS'), 200, 'OK');
      await world.expectCaller(200);
    },
  },
  {
    name: 'headers',
    request: `append_hf("X-End: 1\\r\\n"); insert_hf("X-Start: 2\\r\\n"); remove_hf("X-Gone"); append_hf("X-After: 3\\r\\n", "Call-ID"); insert_hf("X-Before: 4\\r\\n", "Call-ID"); ${TO_CALLEE} t_relay();`,
    play: (w) => question(w, { headers: ['X-Gone: a', 'X-Stays: b', 'X-Gone: c'] }),
  },
  {
    name: 'headers-regex',
    request: `remove_hf_re("^X-G.*"); if (is_present_hf("Subject")) append_hf("X-Had: $hdr(Subject)\\r\\n"); ${TO_CALLEE} t_relay();`,
    play: (w) => question(w, { headers: ['X-Gone: a', 'Subject: lunch, again', 'X-Stays: b', 'X-Go: c'] }),
  },
  {
    name: 'substitution',
    request: `subst_hf("X-Say", "/hello (.*)/bye \\1/", "a"); subst("/^User-Agent: .*$/User-Agent: ours/"); replace("World", "world"); ${TO_CALLEE} t_relay();`,
    play: (w) => question(w, { headers: ['User-Agent: Phone/1', 'X-Say: hello World', 'X-Say: hello you'] }),
  },
  {
    name: 'substitution-uri',
    request: `subst_user("/(.*)/+49\\1/"); subst_uri("/@.*$/@carrier.example.com/"); ${TO_CALLEE} t_relay();`,
    play: question,
  },
  {
    name: 'body',
    request: `replace_body("PCMU", "PCMA"); append_hf("X-Size: $bs\\r\\n"); if (search_body("m=audio")) { append_hf("X-Audio: yes\\r\\n"); } ${TO_CALLEE} t_relay();`,
    play: (w) => question(w, { body: SDP }),
  },
  {
    name: 'body-set',
    request: `set_body("hello", "text/plain"); ${TO_CALLEE} t_relay();`,
    play: (w) => question(w, { body: SDP }),
  },
  {
    name: 'body-gone',
    request: `remove_body(); ${TO_CALLEE} t_relay();`,
    play: (w) => question(w, { body: SDP }),
  },
  {
    name: 'apply-changes',
    request: `append_hf("X-New: yes\\r\\n"); $fu = "sip:carol@chicago.example.com"; msg_apply_changes(); append_hf("X-Seen: $hdr(X-New) $fU\\r\\n"); ${TO_CALLEE} t_relay();`,
    play: question,
  },
  {
    name: 'ruri',
    request: `$rU = "carol"; $rd = "chicago.example.com"; $rp = 5070; prefix("00"); strip_tail(1); append_hf("X-Ru: $ru $ou\\r\\n"); ${TO_CALLEE} t_relay();`,
    play: question,
  },
  {
    name: 'ruri-whole',
    request: `$ru = "sip:+15551234@carrier.example.com;user=phone?x=y"; strip(1); ${TO_CALLEE} t_relay();`,
    play: question,
  },
  {
    name: 'route-through',
    request: `if (loose_route()) { xlog("L_NOTICE", "@@$ru $du $route_uri\\n"); t_relay(); exit; } sl_send_reply("404", "No route");`,
    play: (w) =>
      question(w, {
        headers: [
          `Route: <sip:127.0.0.1:${w.server.port};lr>, <sip:127.0.0.1:${w.callee.port};lr;x=1>`,
          'Route: "Third" <sip:third.example.com;lr>',
        ],
      }),
  },
  {
    name: 'route-foreign',
    request: `if (loose_route()) { xlog("L_NOTICE", "@@loose $ru $du\\n"); } else { xlog("L_NOTICE", "@@no\\n"); } t_relay();`,
    play: (w) =>
      question(w, { headers: [`Route: <sip:127.0.0.1:${w.callee.port};lr>`, 'Route: <sip:third.example.com;lr>'] }),
  },
  {
    name: 'route-strict',
    request: `if (loose_route()) { xlog("L_NOTICE", "@@$ru $du\\n"); t_relay(); exit; } sl_send_reply("404", "No route");`,
    play: (w) =>
      question(w, {
        uri: `sip:127.0.0.1:${w.server.port}`,
        headers: [`Route: <sip:127.0.0.1:${w.callee.port};lr>, <sip:bob@biloxi.example.com>`],
      }),
  },
  {
    name: 'maxfwd',
    request: `if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; } ${TO_CALLEE} t_relay();`,
    async play(world) {
      await question(world, { maxForwards: 70, callId: 'maxfwd-1' });
      await question(world, { maxForwards: 5, callId: 'maxfwd-2' });
      await question(world, { maxForwards: null, callId: 'maxfwd-3' });
      await local()(world);
      await world.send({ method: 'OPTIONS', maxForwards: 0, callId: 'maxfwd-4' });
      await world.expectCaller(483);
    },
  },
  {
    name: 'fork',
    request: `${IN_DIALOG} record_route(); ${TO_CALLEE} append_branch("sip:bob@second.example.com"); $(branch(dst_uri)[0]) = "sip:127.0.0.1:SECOND_PORT"; t_relay();`,
    async play(world) {
      await world.send({ body: SDP });
      const one = await world.expectCallee('INVITE');
      const two = await world.expectSecond('INVITE');
      await world.callee.reply(one, 180, 'Ringing', { headers: [world.contact] });
      await world.expectCaller(180);
      await world.second.reply(two, 183, 'Session Progress', { toTag: 'second' });
      await world.expectCaller(183);
      const dialogs = answer(world, one);
      const cancel = await world.expectSecond('CANCEL');
      await world.second.reply(cancel, 200, 'OK', { toTag: 'second' });
      await world.second.reply(two, 487, 'Request Terminated', { toTag: 'second' });
      await world.expectSecond('ACK');
      await world.ask((await dialogs).caller, 'BYE');
    },
  },
  {
    name: 'fork-best',
    request: `${IN_DIALOG} ${TO_CALLEE} append_branch("sip:bob@second.example.com"); $(branch(dst_uri)[0]) = "sip:127.0.0.1:SECOND_PORT"; t_relay();`,
    async play(world) {
      const text = await world.send({ body: SDP });
      const one = await world.expectCallee('INVITE');
      const two = await world.expectSecond('INVITE');
      await world.callee.reply(one, 486, 'Busy Here');
      await world.expectCallee('ACK');
      await world.second.reply(two, 404, 'Not Found', { toTag: 'second' });
      await world.expectSecond('ACK');
      await world.hop('ACK', text, await world.expectCaller((m) => m.status >= 300));
    },
  },
  {
    // Branch flags belong to a branch: what its branch_route and its onreply_route set is seen there, and by the failure_route.
    name: 'fork-flags',
    request: `${IN_DIALOG} setbflag(2); ${TO_CALLEE} append_branch("sip:bob@second.example.com"); $(branch(dst_uri)[0]) = "sip:127.0.0.1:SECOND_PORT"; t_on_branch("BRANCH"); t_on_reply("REPLY"); t_on_failure("FAIL"); t_relay();`,
    branch:
      'if ($T_branch_idx == 0) setbflag(6); else setbflag(7); xlog("L_NOTICE", "@@branch $T_branch_idx $bF $(bf)\\n");',
    reply:
      'xlog("L_NOTICE", "@@reply $rs $T_branch_idx $bF\\n"); if ($rs == 183) setbflag(10); if (isbflagset(6)) xlog("L_NOTICE", "@@six\\n"); if (is_first_hop()) xlog("L_NOTICE", "@@first\\n");',
    failure:
      'xlog("L_NOTICE", "@@failure $bF\\n"); setbflag(9); $du = "sip:127.0.0.1:SECOND_PORT"; t_on_branch("BRANCH"); t_on_reply("REPLY"); t_relay();',
    async play(world) {
      const text = await world.send({ body: SDP });
      const one = await world.expectCallee('INVITE');
      const two = await world.expectSecond('INVITE');
      await world.callee.reply(one, 183, 'Session Progress', { headers: [world.contact] });
      await world.expectCaller(183);
      await world.second.reply(two, 180, 'Ringing', { toTag: 'second' });
      await world.expectCaller(180);
      await world.second.reply(two, 486, 'Busy Here', { toTag: 'second' });
      await world.expectSecond('ACK');
      await world.callee.reply(one, 404, 'Not Found');
      await world.expectCallee('ACK');
      const again = await world.expectSecond('INVITE');
      await world.second.reply(again, 603, 'Decline', { toTag: 'second' });
      await world.expectSecond('ACK');
      await world.hop('ACK', text, await world.expectCaller((m) => m.status >= 300));
    },
  },
  {
    name: 'fork-decline',
    request: `${IN_DIALOG} ${TO_CALLEE} append_branch("sip:bob@second.example.com"); $(branch(dst_uri)[0]) = "sip:127.0.0.1:SECOND_PORT"; t_relay();`,
    async play(world) {
      const text = await world.send({ body: SDP });
      const one = await world.expectCallee('INVITE');
      const two = await world.expectSecond('INVITE');
      await world.second.reply(two, 180, 'Ringing', { toTag: 'second' });
      await world.expectCaller(180);
      await world.callee.reply(one, 603, 'Decline');
      await world.expectCallee('ACK');
      const cancel = await world.expectSecond('CANCEL');
      await world.second.reply(cancel, 200, 'OK', { toTag: 'second' });
      await world.second.reply(two, 487, 'Request Terminated', { toTag: 'second' });
      await world.expectSecond('ACK');
      await world.hop('ACK', text, await world.expectCaller((m) => m.status >= 300));
    },
  },
  {
    // Each failure_route begins with what the request_route left: destination, headers, Record-Route parameters.
    name: 'serial-fresh',
    request: `${IN_DIALOG} record_route(); append_hf("X-Call: 1\\r\\n"); prefix("0"); ${TO_CALLEE} $avp(leg) = 1; t_on_failure("FAIL"); t_relay();`,
    failure: `t_on_failure("FAIL"); xlog("L_NOTICE", "@@leg $avp(leg) $rU $du $T_reply_code\\n"); if (t_branch_replied()) xlog("L_NOTICE", "@@replied\\n"); if (t_any_replied()) xlog("L_NOTICE", "@@any\\n"); if ($avp(leg) > 2) exit; prefix("1"); append_hf("X-Leg: $avp(leg)\\r\\n"); add_rr_param(";leg=$avp(leg)"); $avp(leg) = $avp(leg) + 1; $du = "sip:127.0.0.1:SECOND_PORT"; t_relay();`,
    async play(world) {
      await world.send({ body: SDP });
      const one = await world.expectCallee('INVITE');
      await world.callee.reply(one, 180, 'Ringing');
      await world.callee.reply(one, 486, 'Busy Here');
      for (const status of [480, 500]) {
        const next = await world.expectSecond('INVITE');
        await world.second.reply(next, status, 'No', { toTag: 'second' });
        await world.expectSecond('ACK');
      }
      await world.expectCaller((m) => m.status >= 400);
    },
  },
  {
    name: 'serial',
    request: `${IN_DIALOG} record_route(); ${TO_CALLEE} t_on_failure("FAIL"); t_relay();`,
    failure: `if (t_is_canceled()) exit; xlog("L_NOTICE", "@@$T_reply_code $rs $T_branch_idx $(T_rpl($rr))\\n"); if (t_check_status("486|408")) { $ru = "sip:voicemail@second.example.com"; $du = "sip:127.0.0.1:SECOND_PORT"; append_hf("Diversion: <sip:bob@biloxi.example.com>;reason=user-busy\\r\\n"); t_relay(); }`,
    async play(world) {
      await world.send({ body: SDP });
      const one = await world.expectCallee('INVITE');
      await world.callee.reply(one, 486, 'Busy Here');
      await world.expectCallee('ACK');
      const two = await world.expectSecond('INVITE');
      await world.second.reply(two, 200, 'OK', {
        toTag: 'second',
        headers: [`Contact: <sip:second@${world.second.address}>`],
      });
      await world.expectCaller('200 INVITE');
    },
  },
  ...(
    [
      [408, 480],
      [480, 408],
      [486, 480],
      [404, 401],
      [503, 408],
      [302, 404],
    ] as const
  ).map(
    ([one, two]): DiffCase => ({
      name: `fork-${one}-${two}`,
      request: `${IN_DIALOG} ${TO_CALLEE} append_branch("sip:bob@second.example.com"); $(branch(dst_uri)[0]) = "sip:127.0.0.1:SECOND_PORT"; t_relay();`,
      async play(world) {
        const text = await world.send({ body: SDP });
        await world.callee.reply(await world.expectCallee('INVITE'), one, 'One');
        await world.expectCallee('ACK');
        await world.second.reply(await world.expectSecond('INVITE'), two, 'Two', { toTag: 'second' });
        await world.expectSecond('ACK');
        await world.hop('ACK', text, await world.expectCaller((m) => m.status >= 300));
      },
    }),
  ),
  ...([401, 404, 408, 486, 604] as const).map(
    (status): DiffCase => ({
      name: `serial-${status}`,
      request: `${IN_DIALOG} ${TO_CALLEE} t_on_failure("FAIL"); t_relay();`,
      failure: '$du = "sip:127.0.0.1:SECOND_PORT"; $ru = "sip:second@example.com"; t_relay();',
      async play(world) {
        const text = await world.send({ body: SDP });
        await world.callee.reply(await world.expectCallee('INVITE'), status, 'One');
        await world.expectCallee('ACK');
        await world.second.reply(await world.expectSecond('INVITE'), 480, 'Two', { toTag: 'second' });
        await world.expectSecond('ACK');
        await world.hop('ACK', text, await world.expectCaller((m) => m.status >= 300));
      },
    }),
  ),
  ...(
    [
      [404, 486],
      [486, 404],
    ] as const
  ).map(
    ([one, two]): DiffCase => ({
      name: `fork-serial-${one}-${two}`,
      request: `${IN_DIALOG} ${TO_CALLEE} append_branch("sip:bob@second.example.com"); $(branch(dst_uri)[0]) = "sip:127.0.0.1:SECOND_PORT"; t_on_failure("FAIL"); t_relay();`,
      failure: '$du = "sip:127.0.0.1:SECOND_PORT"; $ru = "sip:third@example.com"; t_relay();',
      async play(world) {
        const text = await world.send({ body: SDP });
        await world.callee.reply(await world.expectCallee('INVITE'), one, 'One');
        await world.expectCallee('ACK');
        await world.second.reply(await world.expectSecond('INVITE'), two, 'Two', { toTag: 'second' });
        await world.expectSecond('ACK');
        await world.second.reply(await world.expectSecond('INVITE'), 480, 'Three', { toTag: 'second' });
        await world.expectSecond('ACK');
        await world.hop('ACK', text, await world.expectCaller((m) => m.status >= 300));
      },
    }),
  ),
  {
    name: 'serial-timeout',
    request: `${IN_DIALOG} t_set_fr(0, 700); ${TO_CALLEE} t_on_failure("FAIL"); t_relay();`,
    failure: '$du = "sip:127.0.0.1:SECOND_PORT"; $ru = "sip:second@example.com"; t_relay();',
    async play(world) {
      const text = await world.send({ body: SDP });
      await world.expectCallee('INVITE');
      await world.second.reply(await world.expectSecond('INVITE'), 480, 'Two', { toTag: 'second' });
      await world.expectSecond('ACK');
      await world.hop('ACK', text, await world.expectCaller((m) => m.status >= 300));
    },
  },
  {
    name: 'fork-timeout',
    request: `${IN_DIALOG} t_set_fr(0, 700); ${TO_CALLEE} append_branch("sip:bob@second.example.com"); $(branch(dst_uri)[0]) = "sip:127.0.0.1:SECOND_PORT"; t_relay();`,
    async play(world) {
      const text = await world.send({ body: SDP });
      await world.expectCallee('INVITE');
      await world.second.reply(await world.expectSecond('INVITE'), 480, 'Two', { toTag: 'second' });
      await world.expectSecond('ACK');
      await world.hop('ACK', text, await world.expectCaller((m) => m.status >= 300));
    },
  },
  {
    name: 'branch-route',
    request: `${IN_DIALOG} t_on_branch("BRANCH"); append_hf("X-All: 1\\r\\n"); ${TO_CALLEE} append_branch("sip:bob@second.example.com"); $(branch(dst_uri)[0]) = "sip:127.0.0.1:SECOND_PORT"; t_relay();`,
    branch: 'append_hf("X-Branch: $T_branch_idx $rd\\r\\n"); remove_hf("Contact"); $rU = "b$T_branch_idx";',
    async play(world) {
      const text = await world.send({ body: SDP });
      const one = await world.expectCallee('INVITE');
      const two = await world.expectSecond('INVITE');
      await world.callee.reply(one, 480, 'Away');
      await world.expectCallee('ACK');
      await world.second.reply(two, 480, 'Away', { toTag: 'second' });
      await world.expectSecond('ACK');
      await world.hop('ACK', text, await world.expectCaller((m) => m.status >= 300));
    },
  },
  {
    name: 'reply-route',
    request: `${IN_DIALOG} t_on_reply("REPLY"); record_route(); ${TO_CALLEE} t_relay();`,
    reply: `xlog("L_NOTICE", "@@$rs $rr $rm $cs $T_branch_idx $si\\n"); if (status == "183") drop; append_hf("X-Reply: $rs\\r\\n"); remove_hf("X-Gone"); if (status =~ "2[0-9][0-9]") { append_hf("P-Up: yes\\r\\n"); }`,
    async play(world) {
      await world.send({ body: SDP });
      const invite = await world.expectCallee('INVITE');
      await world.callee.reply(invite, 183, 'Session Progress');
      await world.callee.reply(invite, 180, 'Ringing', { headers: ['X-Gone: 1', 'X-Stays: 2'] });
      await world.expectCaller(180);
      const { caller } = await answer(world, invite);
      await world.ask(caller, 'BYE');
    },
  },
  {
    name: 'timeout',
    request: `${IN_DIALOG} t_set_fr(0, 700); t_on_failure("FAIL"); ${TO_CALLEE} t_relay();`,
    failure: 'xlog("L_NOTICE", "@@$T_reply_code\\n"); if (t_branch_timeout()) { t_reply("480", "No Answer"); }',
    async play(world) {
      const text = await world.send({ method: 'INVITE' });
      await world.expectCallee('INVITE');
      await world.hop('ACK', text, await world.expectCaller((m) => m.status >= 300));
    },
  },
  {
    name: 'timeout-408',
    request: `t_set_fr(0, 700); ${TO_CALLEE} t_relay();`,
    async play(world) {
      await world.send({ method: 'MESSAGE' });
      await world.expectCaller((m) => m.status >= 300);
    },
  },
  {
    name: 'as-written',
    request: RELAY,
    play: (w) =>
      question(w, {
        headers: [
          's:  compact subject ',
          'k: timer,100rel ,  replaces',
          'X-Folded: first\r\n  second\r\n\tthird',
          'x-lower:no blank',
          'X-UTF8: \u00c3\u00a9t\u00c3\u00a9',
          'Accept: text/plain;q=0.5, application/sdp',
          'P-Asserted-Identity: "A" <sip:a@x.example>, <tel:+1555>',
          'X-Empty:',
        ],
      }),
  },
  {
    name: 'escapes',
    request: RELAY,
    play: (w) =>
      question(w, {
        uri: 'sip:b%6fb;par=a%20b@biloxi.example.com;method=INVITE;x=%22',
        from: '"A \\"q\\" B" <sip:a%40b@atlanta.example.com;p=1?h=2>;tag=alice1;x="y;z"',
      }),
  },
  {
    name: 'ruri-headers',
    request: RELAY,
    async play(world) {
      await world.send({ method: 'OPTIONS', uri: 'sip:bob@biloxi.example.com?Subject=x' });
      const either = await world.firstOf('OPTIONS', (m) => m.status >= 200);
      if (either.isRequest) await world.callee.reply(either, 200, 'OK');
      if (either.isRequest) await world.expectCaller(200);
    },
  },
  {
    name: 'variables',
    request: `${[
      '$ru',
      '$rU',
      '$rd',
      '$rp',
      '$rP',
      '$rz',
      '$rm',
      '$rv',
      '$ou',
      '$oU',
      '$od',
      '$du',
      '$fu',
      '$fU',
      '$fd',
      '$fn',
      '$ft',
      '$tu',
      '$tU',
      '$td',
      '$tn',
      '$tt',
      '$ci',
      '$cs',
      '$ct',
      '$cT',
      '$cl',
      '$ua',
      '$si',
      '$sp',
      '$Ri',
      '$Rp',
      '$proto',
      '$pr',
      '$mf',
      '$bs',
      '$hdr(X-A)',
      '$(hdr(X-A)[1])',
      '$(hdr(X-A)[-1])',
      '$(hdr(X-A)[*])',
      '$(hdrc(X-A))',
      '$hdr(Via)',
      '$mt',
      '$mts',
      '$expires(min)',
      '$via0(host)',
      '$via0(port)',
      '$via0(branch)',
      '$sel(cseq.num)',
      '$csb',
      '$rdir(name)',
      '$hfl(X-A)',
      '$(fu{uri.user})',
      '$(ct{nameaddr.uri})',
      '$(rb{line.count})',
      '$(rb{line.at,1})',
      '$ai',
      '$re',
      '$pu',
      '$di',
      '$nh(d)',
      '$nh(p)',
      '$Ras',
      '$sas',
      '$af(name)',
      '$siz',
      '$ruid',
      '$fti',
      '$tti',
    ]
      .map((name) => `xlog("L_NOTICE", "@@${name.replace('$', '').replace(/"/g, '')}=[${name}]\\n");`)
      .join('\n')}
      setflag(3); setbflag(2); if (isflagset(3)) { xlog("L_NOTICE", "@@flags $mf $bf\\n"); } resetflag(3); xlog("L_NOTICE", "@@flags $mf\\n");
      sl_send_reply("200", "OK");`,
    play: async (world) => {
      await world.send({
        method: 'OPTIONS',
        headers: [
          'X-A: one',
          'X-A: two',
          'X-A: three, four',
          'User-Agent: UA/1.0',
          'P-Asserted-Identity: <sip:pai@x.y>',
          'Expires: 60',
          'Remote-Party-ID: "Bob" <sip:rpid@x.y>;party=calling',
        ],
        body: SDP,
      });
      await world.expectCaller(200);
    },
  },
  {
    name: 'secret-replace',
    profile: 'secret',
    request: `${IN_DIALOG} record_route(); uac_replace_from("sip:batman@gotham.org"); uac_replace_to("sip:penguin@gotham.org"); ${TO_CALLEE} t_relay();`,
    play: longCall,
  },
  {
    name: 'manual-replace',
    profile: 'manual',
    request: `if (has_totag()) { if (loose_route()) { uac_restore_from(); t_relay(); } exit; } record_route(); uac_replace_from("sip:batman@gotham.org"); ${TO_CALLEE} t_relay();`,
    async play(world) {
      const { caller, callee } = await establish(world);
      await world.ask(caller, 'INFO');
      await world.ask(callee, 'INFO');
      await world.ask(caller, 'BYE');
    },
  },
  {
    name: 'none-replace',
    profile: 'none',
    request: `${IN_DIALOG} record_route(); uac_replace_from("sip:batman@gotham.org"); ${TO_CALLEE} t_relay();`,
    async play(world) {
      const { caller } = await establish(world);
      await world.ask(caller, 'BYE');
    },
  },
  { name: 'tcp-call', profile: 'tcp', request: RECORDED, play: longCall },
  {
    name: 'tcp-replace',
    profile: 'tcp',
    request: `${IN_DIALOG} record_route(); uac_replace_from("sip:batman@gotham.org"); ${TO_CALLEE} t_relay();`,
    play: longCall,
  },
  {
    name: 'ipv6-call',
    profile: 'ipv6',
    request: `${IN_DIALOG} record_route(); uac_replace_from("sip:batman@gotham.org"); $du = "sip:[::1]:CALLEE_PORT"; t_relay();`,
    play: longCall,
  },
];
