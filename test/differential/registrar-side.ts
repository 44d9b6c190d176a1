/** Kamailio and Trunkline as registrars of one configuration, for tests that compare them. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { peer } from '../support/peers.ts';
import { type ServerKind, startServer, type TestServer } from '../support/servers.ts';
import { token } from '../support/sip-peer.ts';

const skip = peer('kamailio').skip || peer('kamcmd').skip;

const cfg = (control: string, more: string): string => `
debug=2
log_stderror=yes
children=1
auto_aliases=no
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "textops.so"
loadmodule "textopsx.so"
loadmodule "siputils.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "nathelper.so"
loadmodule "ctl.so"
loadmodule "kex.so"
loadmodule "corex.so"
modparam("ctl", "binrpc", "unix:${control}")
modparam("nathelper|registrar", "received_avp", "$avp(rcv)")
modparam("usrloc", "timer_interval", 1)
modparam("usrloc", "xavp_contact", "ulattrs")
modparam("registrar", "xavp_cfg", "reg")
modparam("registrar", "xavp_rcd", "ulrcd")
${more}
request_route {
  if (is_method("REGISTER")) {
    if ($hdr(X-Nat) != $null) { fix_nated_register(); setbflag(6); }
    if ($hdr(X-Max) != $null) $xavp(reg=>max_contacts) = 1;
    if ($hdr(X-Expires) != $null) $xavp(reg=>expires) = $(hdr(X-Expires){s.int});
    if ($hdr(X-Q) != $null) $xavp(reg=>q) = $(hdr(X-Q){s.int});
    if ($hdr(X-Socket) != $null) $xavp(reg=>socket) = $hdr(X-Socket);
    if ($hdr(X-Bflag) != $null) setbflag(3);
    if ($hdr(Sock-Info) != $null) setflag(5);
    if ($hdr(X-Color) != $null) { $xavp(ulattrs=>color) = $hdr(X-Color); $xavp(ulattrs[0]=>size) = 7; }
    if ($hdr(X-Flags) == "1") $var(rc) = save("location", "0x01");
    else if ($hdr(X-Flags) == "4") $var(rc) = save("location", "0x04");
    else if ($hdr(X-Flags) == "2") { $var(rc) = save("location", "2"); append_to_reply("X-Rc: $var(rc)\\r\\n"); sl_send_reply("200", "Fine"); exit; }
    else if ($hdr(X-Flags) == "16") { $var(rc) = save("location", "0x10"); reg_send_reply(); exit; }
    else if ($hdr(X-Flags) == "18") { $var(rc) = save("location", "18"); $var(sent) = reg_send_reply(); exit; }
    else if ($hdr(X-Flags) == "2+") { $var(rc) = save("location", "2"); $var(sent) = reg_send_reply(); if ($var(sent) < 0) sl_send_reply("299", "R $var(rc) $var(sent)"); exit; }
    else if ($hdr(X-Uri) != $null) $var(rc) = save("location", "0", "$hdr(X-Uri)");
    else $var(rc) = save("location");
    xlog("L_NOTICE", "save: $var(rc)\\n");
    exit;
  }
  if (is_method("MESSAGE")) {
    $var(a) = registered("location");
    $var(b) = lookup("location");
    # xavp_rcd of Kamailio tells of contacts that lookup() does not take, too.
    if ($var(b) != 1) { sl_send_reply("299", "R $var(a) $var(b) ru=$ru du=$du n=$branch(count)"); exit; }
    sl_send_reply("299", "R $var(a) $var(b) ru=$ru du=$du n=$branch(count) $bF $(branch(uri)[0]) $(branch(q)[0]) $(branch(dst_uri)[0]) $(branch(path)[0]) $(branch(uri)[1]) rcd=$xavp(ulrcd[0]=>contact)");
    exit;
  }
  if (is_method("SUBSCRIBE")) {
    $var(b) = lookup_to_dset("location");
    sl_send_reply("299", "R $var(b) ru=$ru n=$branch(count) $(branch(uri)[0]) $(branch(uri)[1])");
    exit;
  }
  if (is_method("PUBLISH")) {
    if ($hdr(X-Second) != $null) append_branch("$hdr(X-Second)");
    $var(b) = lookup_branches("location");
    sl_send_reply("299", "R $var(b) ru=$ru du=$du n=$branch(count) $(branch(uri)[0]) $(branch(uri)[1]) $(branch(uri)[2]) $(branch(dst_uri)[0])");
    exit;
  }
  if (is_method("PRACK")) {
    if ($hdr(X-Bflags) != $null) $xavp(reg=>rlf_bflags) = $(hdr(X-Bflags){s.int});
    $var(b) = lookup("location");
    sl_send_reply("299", "R $var(b) ru=$ru n=$branch(count) $(branch(uri)[0]) $(branch(uri)[1]) a=$xavp(ulattrs[0]=>color) $xavp(ulattrs[0]=>size) $xavp(ulattrs[1]=>color)");
    exit;
  }
  if (is_method("REFER")) {
    $xavp(reg=>match_callid) = $hdr(X-Callid);
    $xavp(reg[0]=>match_received) = $hdr(X-Received);
    $xavp(reg[0]=>match_contact) = $hdr(X-Contact);
    $var(a) = registered("location", "$ru", 1);
    $var(b) = registered("location", "$ru", 2);
    $var(c) = registered("location", "$ru", 4);
    $var(d) = registered("location", "$ru", 7);
    $var(e) = $xavp(ulrcd=>contact);
    $xavp(ulrcd) = $null;
    $var(f) = registered("location", "$ru", 0, 1);
    $var(g) = $xavp(ulrcd=>contact);
    $xavp(ulrcd) = $null;
    $var(k) = $xavp(ulattrs=>color);
    $xavp(ulattrs) = $null;
    $var(h) = registered("location", "$ru", 0, 2);
    $var(i) = $xavp(ulrcd=>contact);
    $var(l) = $xavp(ulattrs=>color);
    sl_send_reply("299", "R $var(a) $var(b) $var(c) $var(d) $var(e) | $var(f) $var(g) $var(k) | $var(h) $var(i) $var(l)");
    exit;
  }
  if (is_method("OPTIONS")) {
    if ($hdr(X-Du) != $null) $du = $hdr(X-Du);
    $var(x) = "";
    if (nat_uac_test("1")) $var(x) = $var(x) + "1,";
    if (nat_uac_test("4")) $var(x) = $var(x) + "4,";
    if (nat_uac_test("8")) $var(x) = $var(x) + "8,";
    if (nat_uac_test("512")) $var(x) = $var(x) + "512,";
    if (nat_uac_test("1023")) $var(x) = $var(x) + "all,";
    if (is_rfc1918("$hdr(X-Ip)")) $var(x) = $var(x) + "private,";
    $var(s) = add_sock_hdr("Sock-Info");
    $var(p) = add_rcv_param("1");
    $var(h) = handle_ruri_alias();
    msg_apply_changes();
    sl_send_reply("299", "R $var(x) $var(s) $hdr(Sock-Info) $var(p) $ct $var(h) $ru $du");
    exit;
  }
  if (is_method("INFO")) {
    $var(f) = reg_fetch_contacts("location", "$ru", "a");
    $var(t) = "$var(f) $ulc(a=>count) $(ulc(a=>aor)[0]) $(ulc(a=>domain)[0]) $(ulc(a=>addr)[0]) $(ulc(a=>path)[0]) $(ulc(a=>received)[0]) $(ulc(a=>callid)[0]) $(ulc(a=>q)[0]) $(ulc(a=>cseq)[0]) $(ulc(a=>flags)[0]) $(ulc(a=>cflags)[0]) $(ulc(a=>user_agent)[0]) $(ulc(a=>methods)[0]) $(ulc(a=>regid)[0]) $(ulc(a=>instance)[0]) $(ulc(a=>conid)[0]) $(ulc(a=>server_id)[0]) $(ulc(a=>addr)[1])";
    $var(u) = unregister("location", "sip:nobody@127.0.0.1");
    $var(v) = unregister("location", "$ru", "no-such-ruid");
    $var(w) = unregister("location", "$ru", "$(ulc(a=>ruid)[0])");
    $var(x) = unregister("location", "$ru");
    sl_send_reply("299", "R $var(t) | $var(u) $var(v) $var(w) $var(x)");
    exit;
  }
  if (is_method("UPDATE")) {
    $var(x) = "";
    if (nat_uac_test("1")) $var(x) = $var(x) + "1,";
    if (nat_uac_test("2")) $var(x) = $var(x) + "2,";
    if (nat_uac_test("4")) $var(x) = $var(x) + "4,";
    if (nat_uac_test("8")) $var(x) = $var(x) + "8,";
    if (nat_uac_test("16")) $var(x) = $var(x) + "16,";
    if (nat_uac_test("32")) $var(x) = $var(x) + "32,";
    if (nat_uac_test("64")) $var(x) = $var(x) + "64,";
    if (nat_uac_test("128")) $var(x) = $var(x) + "128,";
    if (nat_uac_test("256")) $var(x) = $var(x) + "256,";
    $var(al) = add_contact_alias();
    $var(s) = set_alias_to_pv("$avp(al)");
    $var(h) = handle_ruri_alias();
    msg_apply_changes();
    sl_send_reply("299", "R $var(x) $var(al) $var(s) $avp(al) $var(h) ru=$ru du=$du ct=$ct rr=$rr_count $rr_top_count");
    exit;
  }
  if (is_method("NOTIFY")) {
    $var(rc) = 0;
    if ($hdr(X-W) == "contact") $var(rc) = fix_nated_contact();
    if ($hdr(X-W) == "trim") $var(rc) = set_contact_alias("1");
    if ($hdr(X-W) == "alias") $var(rc) = set_contact_alias();
    if ($hdr(X-W) == "alias3") $var(rc) = add_contact_alias("1.2.3.4", "5", "tcp");
    if ($hdr(X-W) == "received") $var(rc) = add_rcv_param();
    if ($hdr(X-W) == "sdp1") $var(rc) = fix_nated_sdp("1");
    if ($hdr(X-W) == "sdp2") $var(rc) = fix_nated_sdp("2");
    if ($hdr(X-W) == "sdp4") $var(rc) = fix_nated_sdp("4");
    if ($hdr(X-W) == "sdp8") $var(rc) = fix_nated_sdp("8");
    if ($hdr(X-W) == "sdp15") $var(rc) = fix_nated_sdp("15", "9.8.7.6");
    msg_apply_changes();
    sl_send_reply("299", "R $var(rc) $ct $(rb{s.encode.hexa})");
    exit;
  }
}
`;

/** A request of the table, and what the two servers may say differently, and why. */
export interface Step {
  readonly method?: string;
  readonly user?: string;
  readonly ruri?: string;
  readonly to?: string;
  readonly callId?: string;
  readonly cseq?: number;
  readonly headers?: readonly string[];
  readonly body?: string;
  /** Why replies differ; empty when they must not. */
  readonly differs?: string;
}

export function contact(value: string, ...more: string[]): readonly string[] {
  return [`Contact: ${value}`, ...more];
}

/** Seconds that are left, the next full ten: one of the two may have begun its second before the other. */
function inTens(_: string, name: string, seconds: string): string {
  return `${name}${Math.ceil(Number(seconds) / 10) * 10}`;
}

class Side {
  readonly kind: ServerKind;
  readonly directory = mkdtempSync(join(tmpdir(), 'trunkline-registrar-'));
  private server: TestServer | null = null;
  private socket: Socket | null = null;

  constructor(kind: ServerKind) {
    this.kind = kind;
  }

  async start(more: string): Promise<void> {
    this.server = await startServer({ kind: this.kind, cfg: cfg(join(this.directory, 'ctl'), more) });
    this.socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(this.socket, 'listening');
  }

  get port(): number {
    return this.socket?.address().port ?? 0;
  }

  async send(name: string, step: Step): Promise<string> {
    const { socket, server } = this;
    if (socket === null || server === null) throw new Error('not started');
    const user = step.user ?? name;
    const method = step.method ?? 'REGISTER';
    const body = step.body ?? '';
    const ruri =
      step.ruri?.replace('case', name) ?? (method === 'REGISTER' ? 'sip:127.0.0.1' : `sip:${name}@127.0.0.1`);
    const branch = `z9hG4bK${token()}`;
    const lines = [
      `${method} ${ruri} SIP/2.0`,
      `Via: SIP/2.0/UDP 127.0.0.1:${this.port};branch=${branch}`,
      `From: <sip:${user}@127.0.0.1>;tag=1`,
      `To: ${step.to ?? `<sip:${user}@127.0.0.1>`}`,
      `Call-ID: ${name}-${step.callId ?? 'one'}`,
      `CSeq: ${step.cseq ?? 1} ${method}`,
      ...(step.headers ?? []).map((line) => line.replace('PORT', `${this.port}`).replace('CASE', name)),
      `Content-Length: ${body.length}`,
    ];
    socket.send(`${lines.join('\r\n')}\r\n\r\n${body}`, server.port, '127.0.0.1');
    const signal = AbortSignal.timeout(3000);
    // A step may have had two replies; the second is not the next step's.
    for (;;) {
      const [bytes] = (await once(socket, 'message', { signal })) as [Buffer];
      const reply = bytes.toString('latin1');
      if (reply.includes(branch)) return this.neutral(reply);
    }
  }

  /** The parts of a reply that the registrar makes. */
  private neutral(reply: string): string {
    const { server } = this;
    if (server === null) throw new Error('not started');
    const [status = '', ...headers] = reply.split('\r\n');
    const kept = headers.filter(
      (line) => line !== '' && !/^(?:Via|From|To|Call-ID|CSeq|Server|Content-Length|Record-Route):/i.test(line),
    );
    return [status, ...kept]
      .join('\n')
      .replaceAll(`127.0.0.1:${this.port}`, '(source)')
      .replaceAll(`127.0.0.1:${server.port}`, '(server)')
      .replaceAll(`127.0.0.1~${this.port}`, '(source alias)')
      .replaceAll(Buffer.from(`${this.port}`).toString('hex'), '(port)')
      .replace(/(expires=)(\d+)\b/g, inTens)
      .replace(/temp-gruu="sip:uloc-[0-9a-f]+-[0-9a-f]+-[0-9a-f]+-/g, 'temp-gruu="sip:(ruid)-');
  }

  rpc(words: readonly string[]): Promise<string> {
    return new Promise((resolve) => {
      execFile(
        peer('kamcmd').path,
        ['-s', `unix:${join(this.directory, 'ctl')}`, ...words],
        { timeout: 10_000 },
        (_error, stdout, stderr) =>
          resolve(
            (stdout + stderr)
              .replace(/(Ruid: )\S+/g, '$1(ruid)')
              .replace(/(Expires: )(\d+)\b/g, inTens)
              .replace(/((?:Last-Keepalive|Last-Modified): )\d+/g, '$1(time)')
              .replaceAll(`127.0.0.1:${this.port}`, '(source)')
              .replace(/(Socket: (?:udp|tcp):127\.0\.0\.1:)\d+/g, '$1(port)')
              .replace(/(User-Agent: )(?:kamailio|Trunkline).*/g, '$1(server)'),
          ),
      );
    });
  }

  async stop(): Promise<void> {
    this.socket?.close();
    await this.server?.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Sends every step to both servers and compares replies, then what the commands print. */
export function compare(
  title: string,
  more: string,
  table: Readonly<Record<string, readonly Step[]>>,
  commands: readonly (readonly string[])[],
): void {
  describe(title, { skip }, () => {
    const sides = [new Side('kamailio'), new Side('trunkline')] as const;
    before(async () => {
      for (const side of sides) await side.start(more);
    });
    after(async () => {
      for (const side of sides) await side.stop();
    });
    for (const [index, [name, steps]] of Object.entries(table).entries()) {
      it(name, async () => {
        const [theirs, ours]: [string[], string[]] = [[], []];
        for (const [at, step] of steps.entries()) {
          const user = `case${index}`;
          const [their, our] = await Promise.all([sides[0].send(user, step), sides[1].send(user, step)]);
          const what = `step ${at + 1}: ${JSON.stringify(step)}`;
          if (step.differs === undefined) {
            theirs.push(`${what}\n${their}`);
            ours.push(`${what}\n${our}`);
          } else assert.notEqual(our, their, `no difference any more; ${what}`);
        }
        assert.deepEqual(ours, theirs);
      });
    }
    for (const words of commands) {
      it(`kamcmd ${words.join(' ')}`, async () => {
        // Kamailio's order of addresses of record is that of its hash.
        const sorted = (text: string): string => (words[0] === 'ul.dump' ? text.split('\n').sort().join('\n') : text);
        const [theirs = '', ours = ''] = await Promise.all(sides.map((side) => side.rpc(words)));
        assert.equal(sorted(ours), sorted(theirs));
      });
    }
  });
}
