/** Calls with the dialog module over real sockets. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { freePort } from '../support/ports.ts';
import { Dialog, requestText } from '../support/sip-dialog.ts';
import type { SipPeer } from '../support/sip-peer.ts';
import { openPeer, type Started, start, until } from './support.ts';

const MODULES = ['tm', 'sl', 'rr', 'pv', 'xlog', 'siputils', 'textops', 'dialog', 'uac']
  .map((name) => `loadmodule "${name}.so"\n`)
  .join('');

/** A proxy that manages its calls; what is done with an INVITE, and more, are put in. */
function configuration(
  port: number,
  callee: SipPeer,
  parts: { params?: string; invite?: string; more?: string },
): string {
  return `listen=udp:127.0.0.1:${port}
${MODULES}
modparam("uac", "restore_dlg", 1)
${parts.params ?? ''}
request_route {
  if (method == "CANCEL") { t_relay(); exit; }
  if (has_totag()) {
    loose_route();
    dlg_manage();
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

  static async open(parts: { params?: string; invite?: string; more?: string } = {}): Promise<World> {
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
