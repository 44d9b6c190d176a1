/** Calls that outlive the process: a server of its own, killed and started again. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, describe, test } from 'node:test';
import { peer } from '../support/peers.ts';
import { freePort } from '../support/ports.ts';
import { type ServerKind, sleep, startServer, type TestServer } from '../support/servers.ts';
import { Dialog, requestText } from '../support/sip-dialog.ts';
import { SipPeer } from '../support/sip-peer.ts';

const MODULES = ['tm', 'sl', 'rr', 'pv', 'xlog', 'siputils', 'textops', 'db_sqlite', 'dialog', 'uac']
  .map((name) => `loadmodule "${name}.so"\n`)
  .join('');

const CFG = `#!KAMAILIO
debug=2
log_stderror=yes
fork=yes
children=1
auto_aliases=no
mpath="/usr/lib/x86_64-linux-gnu/kamailio/modules/"
${MODULES}
modparam("uac", "restore_dlg", 1)
modparam("dialog", "db_url", "sqlite:///DB_FILE")
modparam("dialog", "db_mode", DB_MODE)
modparam("dialog", "db_update_period", 1)
modparam("dialog", "profiles_with_value", "user")
modparam("dialog", "send_bye", 1)
request_route {
  if (has_totag()) {
    loose_route();
    dlg_manage();
    get_profile_size("user", "alice", "$var(n)");
    xlog("L_NOTICE", "@@$rm $DLG_status $dlg_var(note) $var(n) $DLG_count\\n");
    if ($hdr(X-Bye) == "1") { dlg_bye("all"); exit; }
    t_relay();
    exit;
  }
  $dlg_ctx(timeout) = LIFETIME;
  $dlg_var(note) = "kept";
  dlg_manage();
  set_dlg_profile("user", "$fU");
  uac_replace_from("Nobody", "sip:anonymous@anonymous.invalid");
  record_route();
  t_relay();
}
`;

const folders: string[] = [];
const servers: TestServer[] = [];
const peers: SipPeer[] = [];
after(async () => {
  await Promise.all(servers.map((server) => server.discard()));
  for (const peer of peers) await peer.close();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Starts calls, and the server anew, on one database. */
class Life {
  readonly file: string;
  readonly port: number;
  readonly caller: SipPeer;
  readonly callee: SipPeer;
  private readonly cfg: string;

  constructor(file: string, port: number, caller: SipPeer, callee: SipPeer, mode: number, lifetime: number) {
    this.file = file;
    this.port = port;
    this.caller = caller;
    this.callee = callee;
    this.cfg = CFG.replace('DB_FILE', file).replace('DB_MODE', `${mode}`).replace('LIFETIME', `${lifetime}`);
  }

  static async begin(mode: number, lifetime: number): Promise<Life> {
    const folder = mkdtempSync(join(tmpdir(), 'trunkline-dialogs-'));
    folders.push(folder);
    const caller = await SipPeer.open({ name: 'caller' });
    const callee = await SipPeer.open({ name: 'callee' });
    peers.push(caller, callee);
    return new Life(join(folder, 'calls.db'), await freePort(), caller, callee, mode, lifetime);
  }

  async start(kind: ServerKind = 'trunkline'): Promise<TestServer> {
    const server = await startServer({ kind, cfg: this.cfg, port: this.port });
    servers.push(server);
    return server;
  }

  async call() {
    const { caller, callee, port } = this;
    const server = { host: '127.0.0.1', port };
    const from = '"Alice" <sip:alice@secret.example.com>;tag=F';
    await caller.send(requestText(caller, { uri: `sip:bob@${callee.address}`, from, cseq: 7 }), server);
    const invite = await callee.expect('INVITE');
    await callee.reply(invite, 200, 'OK', { headers: [`Contact: <sip:bob@${callee.address}>`], toTag: 'C' });
    const up = Dialog.ofCaller(caller, await caller.expect('200 INVITE'), server);
    await up.send('ACK', { cseq: 7 });
    await callee.expect('ACK');
    return { up, down: Dialog.ofCallee(callee, invite, 'C', server) };
  }

  /** Waits until the table has so many calls in this state. */
  async rows(count: number, state = 4): Promise<void> {
    const deadline = Date.now() + 8000;
    for (;;) {
      if (Date.now() > deadline) throw new Error(`not ${count} rows of state ${state}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
      try {
        const database = new DatabaseSync(this.file, { readOnly: true, timeout: 5000 });
        const [found] = database.prepare('SELECT COUNT(*) AS n FROM dialog WHERE state = ?').all(state);
        database.close();
        if (Number(found?.n) === count) return;
      } catch {
        // The table is not there yet, or is being written.
      }
    }
  }
}

async function killed(server: TestServer): Promise<void> {
  process.kill(server.pid, 'SIGKILL');
  await server.exit;
}

describe('calls in a database', { timeout: 60_000 }, () => {
  for (const mode of [1, 2])
    test(`db_mode ${mode}: after a kill -9 the call goes on, identities, numbers and profiles with it`, async () => {
      const life = await Life.begin(mode, 600);
      const first = await life.start();
      const { up, down } = await life.call();
      await life.rows(1);
      await killed(first);
      const second = await life.start();
      await second.logged(/1 calls of table dialog/);
      await up.send('INFO');
      const info = await life.callee.expect('INFO');
      assert.equal(info.header('From'), 'Nobody <sip:anonymous@anonymous.invalid>;tag=F');
      await life.callee.reply(info, 200, 'OK');
      assert.equal((await life.caller.expect('200 INFO')).header('From'), up.local);
      await down.send('INFO');
      const back = await life.caller.expect('INFO');
      assert.match(back.header('To'), /<sip:alice@secret\.example\.com>;tag=F$/);
      // The lines come by a pipe, after the messages.
      for (let i = 0; i < 100 && second.marked().length < 2; i++) await sleep(20);
      assert.deepEqual(second.marked(), ['INFO 4 kept 1 1', 'INFO 4 kept 1 1']);
      await down.send('INFO', { headers: ['X-Bye: 1'] });
      const bye = await life.callee.expect('BYE');
      assert.equal(bye.header('From'), 'Nobody <sip:anonymous@anonymous.invalid>;tag=F');
      assert.equal(bye.cseq.seq, 9);
      const other = await life.caller.expect('BYE');
      assert.match(other.header('To'), /^"Alice" <sip:alice@secret\.example\.com>;tag=F$/);
      assert.equal(other.cseq.seq, down.cseq + 1);
      await life.rows(0);
    });

  test('the rest of a lifetime runs on: BYE to both sides when it is over', async () => {
    const life = await Life.begin(1, 4);
    const first = await life.start();
    await life.call();
    await life.rows(1);
    await killed(first);
    await life.start();
    await life.callee.expect('BYE', 8000);
    await life.caller.expect('BYE', 8000);
    await life.rows(0);
  });

  test('db_mode 3: written when the server stops', async () => {
    const life = await Life.begin(3, 600);
    const first = await life.start();
    const { up } = await life.call();
    await first.stop();
    await life.rows(1);
    const second = await life.start();
    await second.logged(/1 calls of table dialog/);
    await up.send('BYE');
    assert.match((await life.callee.expect('BYE')).header('From'), /^Nobody /);
  });

  const scripts = '/usr/share/kamailio/db_sqlite';
  const without = peer('kamailio').skip || (existsSync(scripts) ? false : 'no scripts of Kamailio for SQLite');
  for (const [from, to] of [
    ['kamailio', 'trunkline'],
    ['trunkline', 'kamailio'],
  ] as const)
    test(`a call that ${from} began goes on with ${to}, by the table and the Record-Route`, {
      skip: without,
    }, async () => {
      const life = await Life.begin(1, 600);
      const database = new DatabaseSync(life.file, { timeout: 5000 });
      for (const script of ['standard', 'dialog'])
        database.exec(readFileSync(`${scripts}/${script}-create.sql`, 'utf8'));
      database.close();
      const first = await life.start(from);
      const { up, down } = await life.call();
      await life.rows(1);
      // Kamailio's processes would outlive the first of them.
      await first.stop();
      const second = await life.start(to);
      await up.send('INFO');
      const info = await life.callee.expect('INFO');
      assert.match(info.header('From'), /^Nobody <sip:anonymous@anonymous\.invalid>;tag=F$/);
      await life.callee.reply(info, 200, 'OK');
      await life.caller.expect('200 INFO');
      await down.send('INFO');
      assert.match((await life.caller.expect('INFO')).header('To'), /<sip:alice@secret\.example\.com>;tag=F$/);
      // The lines come by a pipe, after the messages.
      for (let i = 0; i < 100 && second.marked().length < 2; i++) await sleep(20);
      assert.deepEqual(second.marked(), ['INFO 4 kept 1 1', 'INFO 4 kept 1 1']);
      await up.send('BYE');
      assert.match((await life.callee.expect('BYE')).header('From'), /^Nobody /);
      // Kamailio deletes the row some time after the transaction.
      if (to === 'trunkline') await life.rows(0);
    });
});
