/** Calls with the dialog module over real sockets. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { freePort } from '../support/ports.ts';
import { Dialog, requestText } from '../support/sip-dialog.ts';
import { replyText, type SipPeer } from '../support/sip-peer.ts';
import { openPeer, type Started, start, until } from './support.ts';

const MODULES = ['tm', 'sl', 'rr', 'pv', 'xlog', 'siputils', 'textops', 'dialog', 'uac']
  .map((name) => `loadmodule "${name}.so"\n`)
  .join('');

/** A proxy that manages its calls; what is done with an INVITE, and more, are put in. */
interface Parts {
  readonly params?: string;
  /** At the beginning of the request_route, after loose_route() of a request in a call, after dlg_manage() of an INVITE. */
  readonly first?: string;
  readonly within?: string;
  readonly invite?: string;
  readonly more?: string;
}

function configuration(port: number, callee: SipPeer, parts: Parts): string {
  return `listen=udp:127.0.0.1:${port}
${MODULES}
modparam("uac", "restore_dlg", 1)
${parts.params ?? ''}
request_route {
  ${parts.first ?? ''}
  if (method == "CANCEL") { t_relay(); exit; }
  if (has_totag()) {
    loose_route();
    dlg_manage();
    ${parts.within ?? ''}
    xlog("L_NOTICE", "$rm status=$DLG_status dir=$dlg_ctx(dir) note=$dlg_var(note)");
    t_relay();
    exit;
  }
  $dlg_var(note) = "early";
  dlg_manage();
  ${parts.invite ?? ''}
  record_route();
  $du = "sip:${callee.address}";
  t_on_reply("R");
  t_relay();
}
onreply_route[R] { xlog("L_NOTICE", "reply $rs note=$dlg_var(note)"); }
event_route[dialog:start] { xlog("L_NOTICE", "start $rs note=$dlg_var(note)"); }
event_route[dialog:failed] { xlog("L_NOTICE", "failed $rm note=$dlg_var(note)"); }
event_route[dialog:end] { xlog("L_NOTICE", "end $rm note=$dlg_var(note) $dlg(callid)"); }
${parts.more ?? ''}
`;
}

/** A server, a caller and a called side. */
class World {
  readonly caller: SipPeer;
  readonly callee: SipPeer;
  readonly port: number;
  readonly started: Started;
  readonly text: string;

  private constructor(caller: SipPeer, callee: SipPeer, port: number, started: Started, text: string) {
    this.caller = caller;
    this.callee = callee;
    this.port = port;
    this.started = started;
    this.text = text;
  }

  static async open(parts: Parts = {}): Promise<World> {
    const caller = await openPeer({ name: 'caller' });
    const callee = await openPeer({ name: 'callee' });
    const port = await freePort();
    const text = configuration(port, callee, parts);
    return new World(caller, callee, port, await start(text), text);
  }

  get server() {
    return { host: '127.0.0.1', port: this.port };
  }

  get script(): string[] {
    return this.started.log.script;
  }

  get contact(): string {
    return `Contact: <sip:callee@${this.callee.address}>`;
  }

  async invite(headers: readonly string[] = []) {
    await this.caller.send(
      requestText(this.caller, { uri: 'sip:bob@example.com', from: `${REAL};tag=F`, to: CALLED, headers }),
      this.server,
    );
    return this.callee.expect('INVITE');
  }

  async answered() {
    const invite = await this.invite();
    await this.callee.reply(invite, 200, 'OK', { headers: [this.contact], toTag: 'C' });
    const ok = await this.caller.expect('200 INVITE');
    const up = Dialog.ofCaller(this.caller, ok, this.server);
    await up.send('ACK', { cseq: up.inviteCSeq });
    const ack = await this.callee.expect('ACK');
    return { invite, ok, ack, up, down: Dialog.ofCallee(this.callee, invite, 'C', this.server) };
  }
}

const REAL = '"Alice Secret" <sip:alice@secret.example.com>';
const CALLED = '<sip:bob@biloxi.example.com>';
const HIDE = 'uac_replace_from("Nobody", "sip:anonymous@anonymous.invalid");';
const SHOWN = 'Nobody <sip:anonymous@anonymous.invalid>';

describe('a call', () => {
  test('from INVITE to BYE: Record-Route parameter, states, events, variables', async () => {
    const world = await World.open({ params: 'modparam("dialog", "rr_param", "call")' });
    const { invite, up } = await world.answered();
    assert.match(invite.header('Record-Route'), /;call=[0-9a-f]+\.[0-9a-f]+>/);
    await up.send('BYE');
    await world.callee.reply(await world.callee.expect('BYE'), 200, 'OK');
    await world.caller.expect('200 BYE');
    assert.deepEqual(world.script, [
      'reply 200 note=early',
      'start 200 note=early',
      'ACK status=4 dir=1 note=early',
      `end BYE note=early ${up.callId}`,
      'BYE status=5 dir=1 note=early',
    ]);
  });

  test('refused, and answered here: event_route[dialog:failed]', async () => {
    const world = await World.open({ invite: 'if ($hdr(X-Here) == "1") { t_newtran(); t_reply("403", "No"); exit; }' });
    const invite = await world.invite();
    await world.callee.reply(invite, 486, 'Busy Here', { toTag: 'C' });
    await world.caller.expect(486);
    await world.caller.send(
      requestText(world.caller, { uri: 'sip:bob@example.com', headers: ['X-Here: 1'] }),
      world.server,
    );
    await until(() => world.script.filter((line) => line.startsWith('failed')).length === 2);
  });

  test('a second answer of a forking proxy: its BYE does not end the call', async () => {
    const world = await World.open();
    const { invite, up } = await world.answered();
    await world.callee.reply(invite, 200, 'OK', { headers: [world.contact], toTag: 'C2' });
    const other = Dialog.ofCaller(world.caller, await world.caller.expect('200 INVITE'), world.server);
    await other.send('ACK', { cseq: other.inviteCSeq });
    await world.callee.expect('ACK');
    await other.send('BYE');
    await world.callee.expect('BYE');
    assert.equal(world.script.filter((line) => line.startsWith('end')).length, 0);
    await up.send('BYE');
    await world.callee.expect('BYE');
    assert.equal(world.script.filter((line) => line.startsWith('end')).length, 1);
  });

  test('dlg_flag and setflag() begin a call without dlg_manage()', async () => {
    const world = await World.open({ params: 'modparam("dialog", "dlg_flag", 4)' });
    world.started.log.lines.length = 0;
    const text = world.text.replace('  dlg_manage();\n  \n', '  setflag(4);\n').replace('    dlg_manage();\n', '');
    assert.doesNotMatch(text, /dlg_manage/);
    const port = await freePort();
    const other = await start(text.replace(`:${world.port}\n`, `:${port}\n`));
    await world.caller.send(requestText(world.caller, { uri: 'sip:bob@example.com' }), { host: '127.0.0.1', port });
    const invite = await world.callee.expect('INVITE');
    assert.match(invite.header('Record-Route'), /;did=/);
    await world.callee.reply(invite, 200, 'OK', { headers: [world.contact], toTag: 'C' });
    await world.caller.expect('200 INVITE');
    assert.ok(other.log.script.includes('start 200 note=early'));
  });
});

describe('identities kept with the call (restore_dlg)', () => {
  test('every request of both sides, and the replies', async () => {
    const world = await World.open({ invite: HIDE });
    const { invite, ok, ack, up, down } = await world.answered();
    assert.equal(invite.header('From'), `${SHOWN};tag=F`);
    assert.doesNotMatch(invite.header('Record-Route'), /vsf=/);
    assert.equal(ok.header('From'), `${REAL};tag=F`);
    assert.equal(ack.header('From'), `${SHOWN};tag=F`);
    for (const method of ['INFO', 'UPDATE', 'INVITE', 'BYE']) {
      for (const [side, from, to] of [
        [up, world.caller, world.callee],
        [down, world.callee, world.caller],
      ] as const) {
        if (method === 'BYE' && side === down) continue;
        await side.send(method);
        const got = await to.expect(method);
        const hidden = to === world.callee;
        assert.equal(got.header(hidden ? 'From' : 'To'), `${hidden ? SHOWN : REAL};tag=F`, `${method} to ${to.name}`);
        await to.reply(got, 200, 'OK', { headers: [`Contact: <sip:${to.name}@${to.address}>`] });
        const reply = await from.expect(`200 ${method}`);
        assert.equal(reply.header(hidden ? 'From' : 'To'), `${hidden ? REAL : SHOWN};tag=F`, `200 to ${from.name}`);
        if (method === 'INVITE') {
          await side.send('ACK', { cseq: side.cseq });
          const again = await to.expect('ACK');
          assert.equal(again.header(hidden ? 'From' : 'To'), `${hidden ? SHOWN : REAL};tag=F`);
        }
      }
    }
  });

  test('before the answer: PRACK, UPDATE of both sides, and BYE', async () => {
    const world = await World.open({ invite: HIDE });
    const invite = await world.invite();
    await world.callee.reply(invite, 183, 'Session Progress', {
      headers: [world.contact, 'Require: 100rel', 'RSeq: 1'],
      toTag: 'C',
    });
    const progress = await world.caller.expect('183 INVITE');
    assert.equal(progress.header('From'), `${REAL};tag=F`);
    const up = Dialog.ofCaller(world.caller, progress, world.server);
    const down = Dialog.ofCallee(world.callee, invite, 'C', world.server);
    for (const method of ['PRACK', 'UPDATE', 'BYE']) {
      await up.send(method, { headers: method === 'PRACK' ? ['RAck: 1 1 INVITE'] : [] });
      assert.equal((await world.callee.expect(method)).header('From'), `${SHOWN};tag=F`, method);
    }
    await down.send('UPDATE');
    assert.equal((await world.caller.expect('UPDATE')).header('To'), `${REAL};tag=F`);
    assert.equal(world.script.filter((line) => /^(?:end|failed)/.test(line)).length, 0);
  });

  test('a reloaded configuration goes on with the calls of the one before', async () => {
    const world = await World.open({ invite: HIDE });
    const { up } = await world.answered();
    await world.started.server.reload();
    await up.send('INFO');
    assert.equal((await world.callee.expect('INFO')).header('From'), `${SHOWN};tag=F`);
    await up.send('BYE');
    assert.equal((await world.callee.expect('BYE')).header('From'), `${SHOWN};tag=F`);
    assert.ok(world.script.includes('INFO status=4 dir=1 note=early'));
  });
});

describe('what a script does with its calls', () => {
  test('dlg_bye(): a BYE to each side as the other would send it, beyond the proxies in between; the call is over', async () => {
    const world = await World.open({
      invite: HIDE,
      params: 'modparam("dialog", "dlg_extra_hdrs", "X-Why: credit\\r\\n")',
      within: 'if (method == "INFO") { dlg_bye("all"); exit; }',
    });
    const { caller, callee, server } = world;
    // A proxy before us and one behind us stand in the route sets.
    const edge = await openPeer({ name: 'edge' });
    const invite = await world.invite([`Record-Route: <sip:${edge.address};lr;edge=1>`]);
    const beyond = `<sip:${callee.address};lr;core=1>`;
    const records = [beyond, ...invite.routes('Record-Route')].map((one) => `Record-Route: ${one}`);
    const own = invite.routes('Record-Route').find((one) => one.includes('did='));
    await callee.send(
      replyText(invite, 200, 'OK', { headers: [world.contact], toTag: 'C' }).replace(
        /(?:Record-Route: [^\r]*\r\n)+/,
        `${records.join('\r\n')}\r\n`,
      ),
      server,
    );
    const up = Dialog.ofCaller(caller, await caller.expect('200 INVITE'), server);
    const only = (text: string): string =>
      text.replace(/(?:Route: [^\r]*\r\n)+/, `Route: ${own}\r\nRoute: ${beyond}\r\n`);
    await caller.send(only(up.text('ACK', { cseq: up.inviteCSeq })), server);
    await callee.expect('ACK');
    await caller.send(only(up.text('INFO')), server);
    const bye = await callee.expect('BYE');
    assert.equal(bye.header('From'), `${SHOWN};tag=F`);
    assert.equal(bye.header('To'), `${CALLED};tag=C`);
    assert.equal(bye.header('CSeq'), '3 BYE');
    assert.equal(bye.header('X-Why'), 'credit');
    assert.deepEqual(bye.routes('Route'), [beyond]);
    assert.equal(bye.uri, `sip:callee@${callee.address}`);
    const other = await edge.expect('BYE');
    assert.equal(other.header('From'), `${CALLED};tag=C`);
    assert.equal(other.header('To'), `${REAL};tag=F`);
    assert.equal(other.header('CSeq'), '1 BYE');
    assert.deepEqual(other.routes('Route'), [`<sip:${edge.address};lr;edge=1>`]);
    assert.equal(other.uri, `sip:alice@${caller.address}`);
    assert.equal(world.script.filter((line) => line.startsWith('end ')).length, 1);
  });

  test('$dlg_ctx(timeout): the route runs, both sides get a BYE, and the event is told once', async () => {
    const world = await World.open({
      invite: '$dlg_ctx(timeout) = 1; $dlg_ctx(timeout_route) = "TIMEOUT"; $dlg_ctx(timeout_bye) = 1;',
      more: 'route[TIMEOUT] { xlog("L_NOTICE", "timeout note=$dlg_var(note) $DLG_status $dlg(state)"); }',
    });
    const { up } = await world.answered();
    for (const peer of [world.caller, world.callee]) {
      const bye = await peer.expect('BYE');
      assert.equal(bye.callId, up.callId);
      assert.match(bye.header(peer === world.caller ? 'To' : 'From'), /tag=F/);
      await peer.reply(bye, 200, 'OK');
    }
    assert.deepEqual(world.script.slice(-2), ['timeout note=early 4 4', `end OPTIONS note=early ${up.callId}`]);
  });

  test('a call that is not answered is ended by a final reply, which cancels what rings', async () => {
    const world = await World.open({
      first: 'if (method == "OPTIONS") { if (dlg_get("$hdr(X-Call)", "F", "")) dlg_bye("all"); exit; }',
    });
    const invite = await world.invite();
    await world.callee.reply(invite, 180, 'Ringing', { toTag: 'C' });
    await world.caller.expect('180 INVITE');
    await world.caller.send(
      requestText(world.caller, {
        method: 'OPTIONS',
        uri: 'sip:x@example.com',
        headers: [`X-Call: ${invite.callId}`],
      }),
      world.server,
    );
    assert.equal((await world.caller.expect('480 INVITE')).status, 480);
    await world.callee.expect('CANCEL');
    assert.ok(world.script.includes('failed INVITE note=early'));
  });

  test('profiles, flags, variables by name, timeouts', async () => {
    const world = await World.open({
      params:
        'modparam("dialog", "profiles_with_value", "user; other")\nmodparam("dialog", "profiles_no_value", "all")',
      invite: `set_dlg_profile("user", "$fU"); set_dlg_profile("all"); dlg_setflag("3");
        get_profile_size("user", "$fU", "$var(n)"); get_profile_size("all", "$var(m)"); get_profile_size("user", "nobody", "$var(k)");
        if (is_in_profile("user", "alice") && is_in_profile("all") && !is_in_profile("user", "x") && !is_in_profile("other")
            && dlg_isflagset("3") && !dlg_isflagset("4") && is_known_dlg()) xlog("L_NOTICE", "sizes $var(n) $var(m) $var(k)");
        dlg_get_var("$ci", "$ft", "", "note", "$var(note)");
        dlg_set_var("$ci", "$ft", "", "more", "set");
        dlg_set_timeout("77"); dlg_set_timeout("78", "$dlg(h_entry)", "$dlg(h_id)");
        xlog("L_NOTICE", "$var(note) $dlg_var(more) $dlg(lifetime) $dlg(sflags) $DLG_count $dlg(from_uri)");
        dlg_set_timeout_by_profile("user", "alice", "79"); dlg_set_timeout_by_profile("user", "x", "80");
        unset_dlg_profile("all"); get_profile_size("all", "$var(m)"); xlog("L_NOTICE", "all $var(m) $dlg(lifetime)");`,
    });
    await world.answered();
    assert.deepEqual(world.script.slice(0, 3), [
      'sizes 1 1 0',
      'early set 78 8 0 sip:alice@secret.example.com',
      'all 0 79',
    ]);
  });

  test('dlg_req_within(): a number above all that the side has seen', async () => {
    const world = await World.open({
      within: 'if (method == "MESSAGE") dlg_req_within("callee", "INFO", "X-A: 1\\r\\n", "text/plain", "hi");',
    });
    const { up } = await world.answered();
    await up.send('MESSAGE');
    const info = await world.callee.expect('INFO');
    assert.equal(info.cseq.seq, up.cseq + 1);
    assert.equal(info.header('X-A'), '1');
    assert.equal(info.header('Content-Type'), 'text/plain');
    assert.equal(info.body, 'hi');
  });

  test('dlg_set_ruri(): the remote target in place of a Request-URI that came wrong', async () => {
    const world = await World.open({ within: '$ru = "sip:lost@127.0.0.1:9"; dlg_set_ruri();' });
    const { up } = await world.answered();
    await up.send('INFO');
    assert.equal((await world.callee.expect('INFO')).uri, `sip:callee@${world.callee.address}`);
  });

  test('a challenge answered here: our BYE counts on from what the called side has seen', async () => {
    const world = await World.open({
      params: 'modparam("uac", "credential", "u:r:p")',
      invite: 't_on_failure("F");',
      within: 'if (method == "INFO") { dlg_bye("callee"); exit; }',
      more: 'failure_route[F] { if (t_check_status("401|407") && uac_auth()) t_relay(); }',
    });
    const first = await world.invite();
    const challenge = 'WWW-Authenticate: Digest realm="r", nonce="n"';
    await world.callee.reply(first, 401, 'Unauthorized', { headers: [challenge], toTag: 'X' });
    await world.callee.expect('ACK');
    const second = await world.callee.expect('INVITE');
    assert.equal(second.cseq.seq, first.cseq.seq + 1);
    await world.callee.reply(second, 200, 'OK', { headers: [world.contact], toTag: 'C' });
    const up = Dialog.ofCaller(world.caller, await world.caller.expect('200 INVITE'), world.server);
    await up.send('ACK', { cseq: up.inviteCSeq });
    await world.callee.expect('ACK');
    await up.send('MESSAGE');
    const message = await world.callee.expect('MESSAGE');
    await up.send('INFO');
    const bye = await world.callee.expect('BYE');
    assert.ok(bye.cseq.seq > message.cseq.seq, `${bye.cseq.seq} after ${message.cseq.seq}`);
  });
});
