/** The configuration and the calls of the tests of call data records: one server with its peers and its table. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { until } from '../server/support.ts';
import { type ServerKind, startServer, type TestServer } from '../support/servers.ts';
import { Dialog, requestText } from '../support/sip-dialog.ts';
import { type PeerMessage, SipPeer } from '../support/sip-peer.ts';

const SCRIPTS = '/usr/share/kamailio/db_sqlite';

const FIELDS =
  'ci=$ci;m=$rm;rs=$rs;fu=$fU;tt=$tt;v=$dlg_var(v);none=$dlg_var(none);late=$dlg_var(late);avp=$avp(a);hdr=$hdr(X-B);cs=$cs;sp=$sp';
const NAMES = FIELDS.split(';').map((field) => field.split('=')[0] ?? '');

const cfg = (file: string, parameters: string): string => `#!KAMAILIO
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
loadmodule "db_sqlite.so"
loadmodule "dialog.so"
loadmodule "acc.so"
modparam("tm", "fr_timer", 700)
modparam("tm", "fr_inv_timer", 900)
modparam("dialog", "dlg_match_mode", 1)
modparam("acc", "cdr_enable", 1)
modparam("acc", "cdr_extra", "${FIELDS}")
modparam("acc", "cdr_skip", "skip")
modparam("acc", "db_url", "sqlite:///${file}")
modparam("acc", "cdrs_table", "acc_cdrs")
${parameters}
request_route {
  if (is_method("CANCEL")) { t_relay(); exit; }
  if (is_method("INVITE") && !has_totag()) {
    $avp(a) = "invite";
    $dlg_var(v) = "d v,;x=1";
    if ($hdr(X-Skip) != $null) $dlg_var(skip) = $hdr(X-Skip);
  }
  if (is_method("BYE")) $avp(a) = "bye";
  if (has_totag()) loose_route();
  dlg_manage();
  if (is_method("BYE") && $hdr(X-Skip) != $null) $dlg_var(skip) = $hdr(X-Skip);
  if ($hdr(X-Start) != $null) $dlg_var(start_time) = $hdr(X-Start);
  if ($hdr(X-Do) == "reply") { t_newtran(); t_reply("488", "Mine"); exit; }
  if ($hdr(X-Do) == "sl") { sl_send_reply("200", "Mine"); exit; }
  if (is_method("INFO")) { dlg_bye("all"); sl_send_reply("200", "OK"); exit; }
  if (is_method("INVITE") && !has_totag()) record_route();
  t_relay();
}
event_route[dialog:end] {
  $dlg_var(late) = "set at the end";
  xlog("L_NOTICE", "@@end $dlg_var(v)\\n");
}
`;

/** One server with its peers and its table. Call-IDs are the same on both. */
export class Side {
  readonly kind: ServerKind;
  server: TestServer;
  readonly caller: SipPeer;
  readonly callee: SipPeer;
  private readonly file: string;
  private readonly cfg: string;

  private constructor(
    kind: ServerKind,
    server: TestServer,
    caller: SipPeer,
    callee: SipPeer,
    file: string,
    cfg: string,
  ) {
    this.kind = kind;
    this.server = server;
    this.caller = caller;
    this.callee = callee;
    this.file = file;
    this.cfg = cfg;
  }

  static async start(kind: ServerKind, directory: string, parameters: string): Promise<Side> {
    const file = join(directory, `${kind}.db`);
    const database = new DatabaseSync(file, { timeout: 5000 });
    // Whoever reads keeps nobody from writing.
    database.exec('PRAGMA journal_mode = WAL');
    for (const name of ['standard', 'acc', 'dialog'])
      database.exec(readFileSync(join(SCRIPTS, `${name}-create.sql`), 'utf8'));
    for (const name of NAMES) database.exec(`ALTER TABLE acc_cdrs ADD COLUMN ${name} VARCHAR(64)`);
    for (const name of ['s', 'e', 'd']) database.exec(`ALTER TABLE acc_cdrs ADD COLUMN ${name} REAL`);
    database.close();
    const text = cfg(file, parameters).replaceAll('DB_FILE', file);
    const server = await startServer({ kind, cfg: text });
    const caller = await SipPeer.open({ name: 'caller' });
    const callee = await SipPeer.open({ name: 'callee' });
    return new Side(kind, server, caller, callee, file, text);
  }

  /** Another process on the same port. */
  async restart(): Promise<void> {
    const { kind, cfg: text } = this;
    const { port } = this.server;
    await this.server.stop();
    this.server = await startServer({ kind, cfg: text, port });
  }

  private get to(): { readonly host: string; readonly port: number } {
    return { host: '127.0.0.1', port: this.server.port };
  }

  private plan(callId: string) {
    const from = '"Alice" <sip:alice@a.example>;tag=ft';
    return { uri: `sip:bob@${this.callee.address}`, from, callId, branch: `z9hG4bK${callId}` };
  }

  private send(callId: string, method: string, parts: { headers?: readonly string[]; to?: string } = {}) {
    return this.caller.send(requestText(this.caller, { ...this.plan(callId), method, ...parts }), this.to);
  }

  async invite(callId: string, headers: readonly string[] = []): Promise<void> {
    await this.send(callId, 'INVITE', { headers });
  }

  arrived(at: SipPeer, method: string, callId: string): Promise<PeerMessage> {
    return at.expect((m) => m.isRequest && m.method === method && m.callId === callId);
  }

  /** A negative final reply to the caller, acknowledged. */
  async refused(callId: string, status: number): Promise<void> {
    const final = await this.caller.expect((m) => m.callId === callId && m.status === status);
    await this.send(callId, 'ACK', { to: final.header('To') });
  }

  async cancel(callId: string): Promise<void> {
    await this.send(callId, 'CANCEL');
    const cancel = await this.arrived(this.callee, 'CANCEL', callId);
    await this.callee.reply(cancel, 200, 'OK');
  }

  /** Rings, and then answers. @returns both ends, and a moment between ringing and answer, in ms */
  async answered(callId: string, headers: readonly string[] = [], acknowledged = true) {
    await this.invite(callId, headers);
    const invite = await this.arrived(this.callee, 'INVITE', callId);
    await this.callee.reply(invite, 180, 'Ringing', { toTag: 'tt' });
    await this.caller.expect((m) => m.callId === callId && m.status === 180);
    // Moments of records are whole milliseconds.
    const asked = Date.now() + 2;
    await until(() => Date.now() > asked, 'a later millisecond');
    const contact = `Contact: <sip:bob@${this.callee.address}>`;
    await this.callee.reply(invite, 200, 'OK', { headers: [contact], toTag: 'tt' });
    const up = Dialog.ofCaller(
      this.caller,
      await this.caller.expect((m) => m.callId === callId && m.status === 200),
      this.to,
    );
    if (acknowledged) {
      await up.send('ACK', { cseq: up.inviteCSeq });
      await this.arrived(this.callee, 'ACK', callId);
    }
    return { up, down: Dialog.ofCallee(this.callee, invite, 'tt', this.to), asked };
  }

  /** A BYE of one end, answered by the other; 0: by nobody. */
  async bye(callId: string, by: Dialog, status = 200, headers: readonly string[] = []): Promise<void> {
    await by.send('BYE', { headers: ['X-B: bye', ...headers] });
    const other = by.peer === this.caller ? this.callee : this.caller;
    const bye = await this.arrived(other, 'BYE', callId);
    if (status > 0) await other.reply(bye, status, 'So', { headers: ['X-B: reply'] });
    await by.peer.expect((m) => m.callId === callId && m.method === 'BYE' && m.status === (status || 408));
  }

  /** Answers the BYEs that the server sends. */
  async taken(callId: string): Promise<void> {
    for (const one of [this.caller, this.callee])
      await one.reply(await this.arrived(one, 'BYE', callId), 200, 'OK', { headers: ['X-B: reply'] });
  }

  /** Log lines with this text, from the record's beginning on. */
  lines(holding: string): string[] {
    return this.server.log
      .split('\n')
      .map((text) => /(?:log_write_cdr\(\): |"msg":")((?:start_time|s)=\d.*?)(?:"[,}].*)?$/.exec(text)?.[1] ?? '')
      .filter((text) => text !== '' && text.includes(holding))
      .map((text) => text.trim());
  }

  rows(where: string): Record<string, unknown>[] {
    const database = new DatabaseSync(this.file, { timeout: 5_000 });
    try {
      return database.prepare(`SELECT * FROM acc_cdrs WHERE ${where} ORDER BY id`).all();
    } finally {
      database.close();
    }
  }

  plain(text: string): string {
    return text.replaceAll(`${this.caller.port}`, 'CALLER').replaceAll(`${this.callee.port}`, 'CALLEE');
  }

  async stop(): Promise<void> {
    await this.server.stop();
    await this.caller.close();
    await this.callee.close();
  }
}

/** What a line says: its times apart from the rest. */
export function parsed(line: string) {
  const match = /^(\w+)=(\d+)\.(\d{3}); (\w+)=(\d+)\.(\d{3}); (\w+)=([\d.]+); (.*)$/.exec(line);
  assert.ok(match, line);
  const [, s = '', s1 = '', s2 = '', e = '', e1 = '', e2 = '', d = '', duration = '', rest = ''] = match;
  const [start, end] = [Number(s1 + s2), Number(e1 + e2)];
  return { names: [s, e, d], start, end, duration, rest };
}

/** Seconds since 1970 of a column: a text of ours, a day of Kamailio's. */
export function secondsOf(value: unknown): number {
  // Its driver's days are half a second early.
  return typeof value === 'number' ? Math.ceil((value - 2_440_587.5) * 86_400) : Date.parse(`${value}Z`) / 1000;
}

export async function pair(directory: string, parameters: string): Promise<Side[]> {
  const sides: Side[] = [];
  for (const kind of ['kamailio', 'trunkline'] as const) sides.push(await Side.start(kind, directory, parameters));
  return sides;
}
