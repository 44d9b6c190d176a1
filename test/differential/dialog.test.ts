/** One call with the dialog module on both servers: every command by Kamailio's own kamcmd, and what the script sees. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { peer } from '../support/peers.ts';
import { type ServerKind, startServer, type TestServer } from '../support/servers.ts';
import { Dialog, requestText } from '../support/sip-dialog.ts';
import { SipPeer } from '../support/sip-peer.ts';

const skip = peer('kamailio').skip || peer('kamcmd').skip;
const kamcmd = peer('kamcmd').path;

const CFG = `#!KAMAILIO
debug=2
log_stderror=yes
fork=yes
children=1
auto_aliases=no
loadmodule "kex.so"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "xlog.so"
loadmodule "statistics.so"
loadmodule "dialog.so"
loadmodule "uac.so"
loadmodule "ctl.so"
modparam("ctl", "binrpc", "unix:ctl")
modparam("dialog", "profiles_with_value", "caller;other")
modparam("dialog", "profiles_no_value", "all")
modparam("dialog", "default_timeout", 100)
modparam("dialog", "dlg_match_mode", 1)
modparam("dialog", "dlg_extra_hdrs", "X-Extra: 1\\r\\n")
modparam("uac", "restore_dlg", 1)
request_route {
  $dlg_var(method) = $rm;
  if (is_method("INVITE")) $dlg_ctx(timeout_route) = "LATE";
  dlg_manage();
  xlog("L_NOTICE", "@@$rm rc=$rc status=$DLG_status count=$DLG_count set=$dlg_ctx(set) life=$dlg(lifetime) flags=$dlg(sflags) cid=$dlg(callid) to=$dlg(to_uri) tt=$dlg(to_tag) fu=$dlg(from_uri) ft=$dlg(from_tag) toroute=$dlg(toroute) contact=$dlg(from_contact) $dlg(to_contact) var=$dlg_var(method) $dlg_var(foo)\\n");
  if (is_known_dlg()) xlog("L_NOTICE", "@@known\\n");
  if (is_method("INVITE") && !has_totag()) {
    xlog("L_NOTICE", "@@$dlg_ctx(timeout) $dlg_ctx(timeout_bye) $dlg_ctx(timeout_route)\\n");
    set_dlg_profile("caller", "$fU");
    set_dlg_profile("all");
    set_dlg_profile("all");
    $dlg_var(foo) = "bar";
    get_profile_size("caller", "$fU", "$var(n)");
    get_profile_size("all", "$var(m)");
    if ($rU == "nobody") { sl_send_reply("404", "Nobody"); exit; }
    xlog("L_NOTICE", "@@sizes $var(n) $var(m)\\n");
    dlg_setflag("3");
    uac_replace_from("Anon", "sip:anon@example.org");
    record_route();
    t_on_reply("R");
    t_on_failure("F");
  }
  if (has_totag()) loose_route();
  t_relay();
}
onreply_route[R] { xlog("L_NOTICE", "@@reply $rs $DLG_status $dlg_var(foo) $dlg(to_tag)\\n"); }
failure_route[F] { xlog("L_NOTICE", "@@failure $DLG_status $dlg_var(foo)\\n"); }
route[LATE] { xlog("L_NOTICE", "@@late\\n"); }
event_route[dialog:start] { xlog("L_NOTICE", "@@start $rm $rs $DLG_status $dlg_var(foo)\\n"); }
event_route[dialog:end] { xlog("L_NOTICE", "@@end $rm $DLG_status $dlg_var(foo)\\n"); }
event_route[dialog:failed] { xlog("L_NOTICE", "@@failed $rm $rs $DLG_status $dlg_var(foo)\\n"); }
`;

const RUN = mkdtempSync(join(tmpdir(), 'trunkline-dialog-'));

const FROM = '"Alice" <sip:alice@a.example>;tag=ft1';

/** A server with its peers. Call-IDs are the same on both. */
class Side {
  readonly kind: ServerKind;
  readonly server: TestServer;
  readonly caller: SipPeer;
  readonly callee: SipPeer;
  private constructor(kind: ServerKind, server: TestServer, caller: SipPeer, callee: SipPeer) {
    this.kind = kind;
    this.server = server;
    this.caller = caller;
    this.callee = callee;
  }

  static async start(kind: ServerKind): Promise<Side> {
    // The socket stands in the run directory: -Y for one, the folder of the test for the other.
    const server = await startServer({
      kind,
      cfg: CFG,
      ...(kind === 'trunkline' ? { args: ['-Y', RUN] } : {}),
    });
    return new Side(kind, server, await SipPeer.open({ name: 'caller' }), await SipPeer.open({ name: 'callee' }));
  }

  /** What kamcmd prints, without what must differ. */
  ask(words: string): Promise<string> {
    const directory = this.kind === 'kamailio' ? this.server.directory : RUN;
    const args = words.split(' ').filter((word) => word !== '');
    return new Promise((resolve) => {
      execFile(kamcmd, ['-s', `unix:${join(directory, 'ctl')}`, ...args], { timeout: 10_000 }, (_error, out, err) =>
        resolve(this.plain(out + err)),
      );
    });
  }

  plain(text: string): string {
    return text
      .replaceAll(`${this.server.port}`, 'PORT')
      .replaceAll(this.caller.address, 'CALLER')
      .replaceAll(this.callee.address, 'CALLEE')
      .replace(/(h_id|duration): \d+/g, '$1: N')
      .replace(/\b1\d{9}\b/g, 'MOMENT');
  }

  async stop(): Promise<void> {
    await this.server.stop();
    await this.caller.close();
    await this.callee.close();
  }
}

/** Differences on purpose: docs/dialog.md. */
const TO_TAG = /^\tto_tag: .*$/gm;

describe('calls as Kamailio has them', { skip, timeout: 60_000 }, () => {
  const sides: Side[] = [];
  before(async () => {
    for (const kind of ['kamailio', 'trunkline'] as const) sides.push(await Side.start(kind));
  });
  after(async () => {
    for (const side of sides) await side.stop();
    rmSync(RUN, { recursive: true, force: true });
  });

  async function same(words: string, normal: (text: string) => string = (text) => text): Promise<void> {
    const [theirs, ours] = await Promise.all(sides.map(async (side) => normal(await side.ask(words))));
    assert.equal(ours, theirs, words);
  }

  async function allSame(commands: string): Promise<void> {
    for (const words of commands.trim().split('\n')) await same(words, (text) => text.replace(TO_TAG, ''));
  }

  /** Does something on both. */
  function both<T>(act: (side: Side) => Promise<T>): Promise<T[]> {
    return Promise.all(sides.map(act));
  }

  async function invite(side: Side, callId: string) {
    await side.caller.send(
      requestText(side.caller, { uri: `sip:bob@${side.callee.address}`, from: FROM, callId, cseq: 1 }),
      { host: '127.0.0.1', port: side.server.port },
    );
    return side.callee.expect('INVITE');
  }

  async function answered(side: Side, callId: string) {
    const got = await invite(side, callId);
    const remote = { host: '127.0.0.1', port: side.server.port };
    const headers = [`Contact: <sip:bob@${side.callee.address}>`];
    await side.callee.reply(got, 200, 'OK', { headers, toTag: 'tt1' });
    const up = Dialog.ofCaller(side.caller, await side.caller.expect('200 INVITE'), remote);
    return { side, up, down: Dialog.ofCallee(side.callee, got, 'tt1', remote) };
  }

  const NO_CALL = `
dlg.list
dlg.list_ctx
dlg.dlg_list
dlg.dlg_list nope
dlg.profile_list
dlg.profile_list nope
dlg.profile_list caller
dlg.profile_get_size
dlg.profile_get_size nope
dlg.profile_get_size caller x
dlg.stats_active
dlg.is_alive
dlg.is_alive a b c
dlg.list_match
dlg.list_match xx eq y
dlg.list_match furi xx y
dlg.list_match furi eq y
dlg.list_match start_ts gt 1
dlg.set_state
dlg.set_state a b c 5
dlg.set_state a b c 9
dlg.end_dlg
dlg.end_dlg x y
dlg.end_dlg 1 2
dlg.terminate_dlg
dlg.terminate_dlg a b c
dlg.dump_file
stats.get_statistics dialog:
system.methodHelp dlg.list
system.methodHelp dlg.briefing
system.methodHelp dlg.terminate_dlg
`;

  test('commands without a call', () => allSame(NO_CALL));

  test('a call from ringing to BYE: commands, variables, events', async () => {
    const invites = await both(async (side) => ({ side, got: await invite(side, 'one@x') }));
    await allSame('dlg.list\ndlg.briefing\ndlg.stats_active\nstats.get_statistics dialog:');
    for (const { side, got } of invites) {
      await side.callee.reply(got, 180, 'Ringing', { toTag: 'tt1' });
      await side.caller.expect('180 INVITE');
    }
    await allSame('dlg.list\ndlg.stats_active\nstats.get_statistics dialog:');
    const calls = [];
    for (const { side, got } of invites) {
      const remote = { host: '127.0.0.1', port: side.server.port };
      await side.callee.reply(got, 200, 'OK', {
        headers: [`Contact: <sip:bob@${side.callee.address}>`],
        toTag: 'tt1',
      });
      const up = Dialog.ofCaller(side.caller, await side.caller.expect('200 INVITE'), remote);
      calls.push({ side, up, down: Dialog.ofCallee(side.callee, got, 'tt1', remote) });
    }
    await allSame('dlg.list\ndlg.stats_active');
    for (const { side, up } of calls) {
      await up.send('ACK', { cseq: 1 });
      await side.callee.expect('ACK');
    }
    await allSame(`
dlg.list
dlg.list_ctx
dlg.dlg_list one@x ft1
dlg.dlg_list one@x
dlg.dlg_list one@x other
dlg.dlg_list_ctx one@x ft1
dlg.briefing
dlg.briefing ftcFISEs
dlg.profile_list caller
dlg.profile_list caller alice
dlg.profile_list caller bob
dlg.profile_list all
dlg.profile_get_size caller
dlg.profile_get_size caller alice
dlg.profile_get_size caller x
dlg.profile_get_size all
dlg.stats_active
dlg.stats_active 1
dlg.is_alive one@x ft1 tt1
dlg.is_alive one@x ft1 x
dlg.is_alive one@x
dlg.list_match furi eq sip:alice@a.example
dlg.list_match furi sw sip:zz
dlg.list_match furi re ali 1
dlg.list_match callid eq one@x
dlg.list_match start_ts gt s:1
dlg.set_state one@x ft1 nope 5
dlg.set_state one@x ft1 tt1 4
dlg.set_state one@x ft1 tt1 9
dlg.terminate_dlg one@x
dlg.terminate_dlg one@x ft1 nope
stats.get_statistics dialog:
`);
    for (const { side, up, down } of calls)
      for (const [from, to, dialog] of [
        [side.callee, side.caller, down],
        [side.caller, side.callee, up],
      ] as const) {
        await dialog.send('INFO');
        await to.reply(await to.expect('INFO'), 200, 'OK');
        await from.expect('200 INFO');
      }
    await allSame('dlg.list');
    for (const { side, up } of calls) {
      await up.send('BYE');
      await side.callee.reply(await side.callee.expect('BYE'), 200, 'OK');
      await side.caller.expect('200 BYE');
    }
    await allSame('dlg.list\ndlg.stats_active\nstats.get_statistics dialog:');
    const [theirs, ours] = sides.map((side) => side.plain(side.server.marked().join('\n')));
    // event_route[dialog:start] sees the To tag of the answer here.
    assert.equal(ours, theirs);
  });

  test('a call that is refused without a transaction is forgotten at once', async () => {
    for (const side of sides) {
      const plan = { uri: `sip:nobody@${side.callee.address}`, from: FROM, callId: 'none@x', cseq: 1 };
      await side.caller.send(requestText(side.caller, plan), { host: '127.0.0.1', port: side.server.port });
      await side.caller.expect(404);
    }
    await allSame('dlg.dlg_list none@x\ndlg.profile_get_size all\ndlg.stats_active\nstats.get_statistics dialog:');
  });

  test('a refused call', async () => {
    const invites = await both(async (side) => ({ side, got: await invite(side, 'two@x') }));
    for (const { side, got } of invites) {
      await side.callee.reply(got, 486, 'Busy Here', { toTag: 'tt1' });
      await side.caller.expect(486);
    }
    await allSame('dlg.dlg_list two@x\ndlg.stats_active\nstats.get_statistics dialog:');
    const [theirs, ours] = sides.map((side) => side.plain(side.server.marked().slice(-2).join('\n')));
    assert.equal(ours, theirs);
  });

  test('BYEs of the server: the same but for the names, which only here are those that each side knows', async () => {
    const calls = await both((side) => answered(side, 'three@x'));
    for (const { side, up } of calls) {
      await up.send('ACK', { cseq: 1 });
      await side.callee.expect('ACK');
    }
    await same('dlg.terminate_dlg three@x ft1 tt1');
    const byes = await both(async (side) => {
      const all = [await side.caller.expect('BYE'), await side.callee.expect('BYE')];
      return all.map((bye) =>
        [bye.uri, bye.header('CSeq'), bye.header('From'), bye.header('To'), bye.header('X-Extra'), bye.all('Route')]
          .map((part) => side.plain(`${part}`))
          .join('|'),
      );
    });
    assert.deepEqual(byes[0], [
      'sip:alice@CALLER|1 BYE|<sip:bob@biloxi.example.com>;tag=tt1|<sip:alice@a.example>;tag=ft1|1|',
      'sip:bob@CALLEE|2 BYE|<sip:alice@a.example>;tag=ft1|<sip:bob@biloxi.example.com>;tag=tt1|1|',
    ]);
    assert.deepEqual(byes[1], [
      'sip:alice@CALLER|1 BYE|<sip:bob@biloxi.example.com>;tag=tt1|"Alice" <sip:alice@a.example>;tag=ft1|1|',
      'sip:bob@CALLEE|2 BYE|Anon <sip:anon@example.org>;tag=ft1|<sip:bob@biloxi.example.com>;tag=tt1|1|',
    ]);
  });
});
