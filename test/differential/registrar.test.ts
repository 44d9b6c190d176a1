/** The same REGISTERs, lookups and commands to Kamailio and to Trunkline. */
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
modparam("registrar", "xavp_cfg", "reg")
modparam("registrar", "xavp_rcd", "ulrcd")
${more}
request_route {
  if (is_method("REGISTER")) {
    if ($hdr(X-Nat) != $null) { fix_nated_register(); setbflag(6); }
    if ($hdr(X-Max) != $null) $xavp(reg=>max_contacts) = 1;
    if ($hdr(X-Flags) == "4") $var(rc) = save("location", "0x04");
    else if ($hdr(X-Flags) == "2") { $var(rc) = save("location", "2"); append_to_reply("X-Rc: $var(rc)\\r\\n"); sl_send_reply("200", "Fine"); exit; }
    else if ($hdr(X-Flags) == "16") { $var(rc) = save("location", "0x10"); reg_send_reply(); exit; }
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
interface Step {
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

function contact(value: string, ...more: string[]): readonly string[] {
  return [`Contact: ${value}`, ...more];
}

const INSTANCE = ';+sip.instance="<urn:uuid:abc>"';
const SDP =
  'v=0\r\no=al 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\na=sendrecv\r\nm=video 4002 RTP/AVP 31\r\nc=IN IP4 10.0.0.2\r\n';
const NAT_SDP = SDP.replaceAll('10.0.0.', '192.168.7.');

/** Names of the cases say what they are about; steps of one case follow each other. */
const PLAIN: Readonly<Record<string, readonly Step[]>> = {
  'refreshed, listed, removed': [
    { headers: contact('<sip:bob@10.0.0.1:5060>') },
    { cseq: 2, headers: contact('<sip:bob@10.0.0.1:5060>;expires=100') },
    { cseq: 3 },
    { cseq: 3, headers: ['Expires: 0'] },
    { method: 'MESSAGE' },
    { cseq: 4, headers: contact('<sip:bob@10.0.0.1:5060>;expires=0') },
    { cseq: 5, headers: contact('<sip:bob@10.0.0.9>;expires=0') },
    { method: 'MESSAGE' },
  ],
  'repeated and old CSeq': [
    { headers: contact('<sip:bob@10.0.0.1>;expires=100'), cseq: 5 },
    { headers: contact('<sip:bob@10.0.0.1>;expires=200'), cseq: 5 },
    { headers: contact('<sip:bob@10.0.0.1>;expires=300'), cseq: 4 },
    { headers: contact('<sip:bob@10.0.0.1>;expires=400'), cseq: 1, callId: 'other' },
  ],
  star: [
    { headers: contact('<sip:a@10.0.0.1>, <sip:b@10.0.0.1>', 'Contact: <sip:c@10.0.0.1>, <sip:d@10.0.0.1>') },
    { cseq: 2, headers: contact('*') },
    { cseq: 3, headers: contact('*', 'Expires: 1') },
    { cseq: 4, headers: contact('*', 'Expires: 0', 'Contact: <sip:a@b>') },
    { cseq: 5, headers: contact('*', 'Expires: 0') },
    { cseq: 6 },
  ],
  'q values': [
    {
      headers: contact(
        '<sip:a@10.0.0.1>;q=1.0, <sip:b@10.0.0.1>;q=0.333;expires=100, <sip:c@10.0.0.1>;q=0',
        'Expires: 200',
      ),
    },
    { cseq: 2, headers: contact('<sip:d@10.0.0.1>') },
    { cseq: 3, headers: contact('<sip:e@10.0.0.1>;q=0.5') },
    { cseq: 4, headers: contact('<sip:f@10.0.0.1>;q=2') },
    { cseq: 5, headers: contact('<sip:f@10.0.0.1>;q=abc') },
    { method: 'MESSAGE' },
    { method: 'SUBSCRIBE' },
  ],
  times: [
    { headers: contact('<sip:a@10.0.0.1>;expires=10') },
    { cseq: 2, headers: contact('<sip:b@10.0.0.1>;expires=99999') },
    { cseq: 3, headers: contact('<sip:c@10.0.0.1>;expires=abc') },
    { cseq: 4, headers: contact('<sip:d@10.0.0.1>', 'Expires: abc') },
    { cseq: 5, headers: contact('sip:e@10.0.0.1;expires=100') },
  ],
  unreadable: [
    { headers: contact('<sip:d@10.0.0.1') },
    { headers: contact('<sip:a@b>,*', 'Expires: 0') },
    { headers: contact('<sip:d@10.0.0.1>', 'X-Uri: nonsense') },
    { headers: contact(`<sip:d@${'a'.repeat(600)}>`) },
    { user: 'e'.repeat(300), headers: contact('<sip:d@10.0.0.1>') },
  ],
  'too many': [
    { headers: contact('<sip:a@10.0.0.1>', 'X-Max: 1') },
    { cseq: 2, headers: contact('<sip:b@10.0.0.1>', 'X-Max: 1') },
    { cseq: 3, headers: contact('<sip:a@10.0.0.1>;expires=0, <sip:b@10.0.0.1>', 'X-Max: 1') },
  ],
  flags: [
    { headers: contact('<sip:a@10.0.0.1>') },
    { cseq: 2, headers: contact('<sip:b@10.0.0.1>') },
    { cseq: 3, headers: contact('<sip:c@10.0.0.1>', 'X-Flags: 4') },
    { cseq: 4, headers: contact('<sip:d@10.0.0.1>', 'X-Flags: 2') },
    { cseq: 5, headers: contact('<sip:f@10.0.0.1>', 'X-Uri: sip:Other@example.com') },
    { cseq: 6, headers: contact('<sip:e@10.0.0.1>', 'X-Flags: 16') },
    { method: 'MESSAGE', ruri: 'sip:oTHER@127.0.0.1' },
  ],
  'path stored, not required': [
    {
      headers: contact(
        '<sip:p@10.0.0.1>',
        'Path: <sip:10.9.9.9;lr>,<sip:10.9.9.8;lr>',
        'Path: <sip:10.9.9.7;lr>',
        'Supported: path',
      ),
    },
    { method: 'MESSAGE' },
    { cseq: 2, headers: contact('<sip:p@10.0.0.1>', 'Path: foo', 'Supported: path') },
  ],
  'behind NAT': [
    { headers: contact('<sip:n@10.0.0.1;transport=udp>', 'X-Nat: 1', 'User-Agent: Phone 1') },
    { method: 'MESSAGE' },
    { cseq: 2, headers: contact('<sip:n@10.0.0.2>;received="sip:1.2.3.4:5"') },
    { method: 'INFO' },
  ],
  'instances and GRUUs': [
    { headers: contact(`<sip:g@10.0.0.1>${INSTANCE}`, 'Supported: gruu') },
    { cseq: 2, headers: contact(`<sip:g@10.0.0.2>${INSTANCE}`, 'Supported: gruu') },
    { cseq: 3, headers: contact(`<sip:g@10.0.0.2>${INSTANCE};reg-id=1`, 'Supported: gruu, path, outbound') },
    { cseq: 4, headers: contact(`<sip:g@10.0.0.3>${INSTANCE}`) },
    { method: 'MESSAGE', ruri: 'sip:case@127.0.0.1;gr=urn:uuid:abc' },
    { method: 'MESSAGE', ruri: 'sip:case@127.0.0.1;gr=urn:uuid:other' },
    { method: 'INFO' },
  ],
  users: [
    { to: '<sip:127.0.0.1>', headers: contact('<sip:a@10.0.0.1>') },
    { to: '<tel:+123>', headers: contact('<sip:a@10.0.0.1>') },
    { to: '<sip:a%41@127.0.0.1>', headers: contact('<tel:+123>') },
    { method: 'MESSAGE', ruri: 'sip:aA@127.0.0.1' },
    { method: 'MESSAGE', ruri: 'sip:nobody@127.0.0.1' },
  ],
  methods: [
    { headers: contact('<sip:m@10.0.0.2>;methods="INVITE,BYE"', 'Allow: MESSAGE') },
    { method: 'MESSAGE' },
    { cseq: 2, headers: contact('<sip:m@10.0.0.3>', 'Allow: MESSAGE, INVITE') },
    { method: 'MESSAGE' },
  ],
  'nat tests and aliases': [
    {
      method: 'UPDATE',
      ruri: 'sip:x@10.0.0.1;alias=10.2.3.4~5070~2;foo=1',
      headers: contact('"X" <sip:x@10.0.0.1:5060;transport=udp>;x=y'),
    },
    {
      method: 'UPDATE',
      ruri: 'sip:x@10.0.0.1;alias=10.2.3.4~5070~1',
      headers: contact(
        '<sip:x@127.0.0.1:PORT;transport=udp>',
        'Record-Route: <sip:1.1.1.1;lr>,<sip:2.2.2.2;lr>',
        'Record-Route: <sip:3.3.3.3;lr>',
      ),
    },
    { method: 'UPDATE', ruri: 'sip:x@10.0.0.1;alias=junk', headers: contact('<sip:x@1.1.1.1;alias=1.2.3.4~5~5>') },
    { method: 'UPDATE', ruri: 'sip:x@10.0.0.1;alias=[::1]~5~3', headers: contact('sip:x@8.8.8.8') },
    {
      method: 'UPDATE',
      ruri: 'sip:x@10.0.0.1',
      headers: contact('sip:x@8.8.8.8', 'Content-Type: application/sdp'),
      body: NAT_SDP,
    },
  ],
  fixes: [
    ...['contact', 'alias', 'alias3', 'received'].flatMap((what): Step[] => [
      { method: 'NOTIFY', headers: contact('"X" <sip:x@10.0.0.1:5060;transport=udp>;x=y', `X-W: ${what}`) },
      { method: 'NOTIFY', headers: contact('sip:x@10.0.0.1;x=y', `X-W: ${what}`) },
    ]),
    ...['sdp1', 'sdp2', 'sdp4', 'sdp8', 'sdp15'].map(
      (what): Step => ({
        method: 'NOTIFY',
        headers: [`X-W: ${what}`, 'Content-Type: application/sdp'],
        body: SDP,
      }),
    ),
  ],
};

const REFUSING: Readonly<Record<string, readonly Step[]>> = {
  'too brief': [
    { headers: contact('<sip:a@10.0.0.1>;expires=100') },
    { cseq: 2, headers: contact('<sip:a@10.0.0.1>;expires=10') },
    { cseq: 3, headers: contact('<sip:b@10.0.0.1>;expires=0') },
  ],
  'path required': [
    { headers: contact('<sip:p@10.0.0.1>', 'Path: <sip:10.9.9.9;lr>'), differs: 'a refused contact is not saved' },
    { cseq: 2, headers: contact('<sip:p@10.0.0.1>', 'Path: <sip:10.9.9.9;lr>', 'Supported: path') },
  ],
  'server full': [
    { headers: contact('<sip:a@10.0.0.1>') },
    { cseq: 2, headers: contact('<sip:b@10.0.0.1>, <sip:c@10.0.0.1>') },
  ],
  outbound: [
    { headers: contact(`<sip:o@10.0.0.1>${INSTANCE};reg-id=1`, 'Supported: outbound, path') },
    {
      cseq: 2,
      headers: contact(
        `<sip:o@10.0.0.1>${INSTANCE};reg-id=1`,
        'Supported: outbound, path',
        'Path: <sip:1.1.1.1;lr;received=sip:8.8.8.8:7%3Btransport%3Dtcp>,<sip:2.2.2.2;lr;ob>',
      ),
    },
    {
      cseq: 3,
      headers: contact(
        `<sip:o@10.0.0.1>${INSTANCE};reg-id=1`,
        'Supported: outbound',
        'Via: SIP/2.0/UDP 9.9.9.9;branch=z9hG4bK1',
      ),
    },
  ],
};

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
      ...(step.headers ?? []).map((line) => line.replace('PORT', `${this.port}`)),
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
    const [status = '', ...headers] = reply.split('\r\n');
    const kept = headers.filter(
      (line) => line !== '' && !/^(?:Via|From|To|Call-ID|CSeq|Server|Content-Length|Record-Route):/i.test(line),
    );
    return (
      [status, ...kept]
        .join('\n')
        .replaceAll(`127.0.0.1:${this.port}`, '(source)')
        .replaceAll(`127.0.0.1~${this.port}`, '(source alias)')
        .replaceAll(Buffer.from(`${this.port}`).toString('hex'), '(port)')
        // The second may have turned between the two.
        .replace(/(expires=)(\d+9)\b/g, (_, name: string, seconds: string) => `${name}${Number(seconds) + 1}`)
        .replace(/temp-gruu="sip:uloc-[0-9a-f]+-[0-9a-f]+-[0-9a-f]+-/g, 'temp-gruu="sip:(ruid)-')
    );
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
              .replace(/((?:Last-Keepalive|Last-Modified): )\d+/g, '$1(time)')
              .replace(/(Socket: udp:127\.0\.0\.1:)\d+/g, '$1(port)')
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

function compare(
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
        for (const [at, step] of steps.entries()) {
          const user = `case${index}`;
          const [theirs, ours] = await Promise.all(sides.map((side) => side.send(user, step)));
          const what = `step ${at + 1}: ${JSON.stringify(step)}`;
          if (step.differs === undefined) assert.equal(ours, theirs, what);
          else assert.notEqual(ours, theirs, `no difference any more; ${what}`);
        }
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

const REGISTRAR = `
modparam("registrar", "use_path", 1)
modparam("registrar", "path_mode", 0)
modparam("registrar", "max_expires", 3600)
modparam("registrar", "method_filtering", 1)
`;

compare('registrar beside Kamailio', REGISTRAR, PLAIN, [
  ['ul.lookup', 'location', 'case1'],
  ['ul.lookup', 'location', 'case4'],
  ['ul.lookup', 'location', 'case8'],
  ['ul.lookup', 'location', 'nobody'],
  ['ul.lookup', 'nowhere', 'nobody'],
  ['ul.lookup'],
  ['ul.rm', 'location', 'nobody'],
  ['ul.rm', 'location', 'case4'],
  ['ul.rm_contact', 'location', 'case1', 'sip:nobody@x'],
  ['ul.rm_contact', 'location', 'nobody', 'sip:nobody@x'],
  ['ul.rm_contact', 'location', 'case1', 'sip:bob@10.0.0.1'],
  ['ul.lookup', 'location', 'case1'],
  ['ul.add', 'location', 'added', 'sip:a@10.1.1.1', '3600', '0.5', '<sip:1.1.1.1;lr>', '0', '0', '1'],
  ['ul.add', 'location', 'added', 'sip:b@10.1.1.1', '0', '1.0', '<sip:1.1.1.1;lr>', '0', '0', '1'],
  ['ul.add', 'location', 'added'],
  ['ul.flush'],
  ['ul.db_users', 'location'],
  ['ul.db_contacts', 'location'],
  ['nathelper.enable_ping', '1'],
  ['stats.get_statistics', 'usrloc:'],
]);

compare(
  'a strict registrar beside Kamailio',
  `
modparam("registrar", "use_path", 1)
modparam("registrar", "path_mode", 2)
modparam("registrar", "path_use_received", 1)
modparam("registrar", "min_expires_mode", 1)
modparam("registrar", "min_expires", 60)
modparam("registrar", "max_contacts", 2)
modparam("registrar", "retry_after", 30)
modparam("registrar", "default_q", 500)
modparam("registrar", "outbound_mode", 1)
modparam("registrar", "flow_timer", 25)
modparam("registrar", "received_param", "rcv")
modparam("registrar", "case_sensitive", 1)
`,
  REFUSING,
  [['ul.dump', 'brief']],
);
