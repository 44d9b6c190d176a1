import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { peer } from '../support/peers.ts';
import { type ServerKind, sleep, startServer, type TestServer } from '../support/servers.ts';
import { Dialog, requestText } from '../support/sip-dialog.ts';
import { type PeerMessage, SipPeer } from '../support/sip-peer.ts';

/** Header X-F says which flags a request gets: 1 accounted, 2 missed, 3 failed ones too. */
const CFG = `
debug=2
listen=LISTEN_AT
alias=test.example
loadmodule "tm.so"
loadmodule "tmx.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "siputils.so"
DRIVER
loadmodule "acc.so"
modparam("tm", "fr_timer", 400)
modparam("tm", "fr_inv_timer", 800)
modparam("acc", "early_media", 1)
modparam("acc", "report_ack", 1)
modparam("acc", "report_cancels", 1)
modparam("acc", "detect_direction", 1)
modparam("acc", "failed_filter", "433")
modparam("acc", "log_flag", 1)
modparam("acc", "log_missed_flag", 2)
modparam("acc", "failed_transaction_flag", 3)
modparam("acc", "log_extra", "src=$fU;ip=$si;dst=$rU;none=$avp(none);q=$(hdr(X-Q){s.substr,1,0})")
modparam("acc", "multi_leg_info", "from=$avp(src);to=$avp(dst)")
DATABASE
request_route {
  if ($hdr(X-F) =~ "1") setflag(1);
  if ($hdr(X-F) =~ "2") setflag(2);
  if ($hdr(X-F) =~ "3") setflag(3);
  if ($hdr(X-L) != $null) { $avp(src) = "a"; $avp(dst) = "x"; $avp(src) = "b"; $avp(dst) = "y"; }
  if ($rU == "log") {
    acc_log_request("404 Nope there");
    acc_log_request("hello");
    acc_log_request("500");
    acc_log_request("$rm x");
    sl_send_reply("404", "No");
    exit;
  }
  if ($rU == "local") { t_newtran(); t_reply("486", "Mine"); exit; }
  if ($rU == "stateless") { sl_send_reply("486", "Mine"); exit; }
  if ($rU == "later") { t_newtran(); setflag(1); setflag(3); t_reply("404", "No"); exit; }
  if (is_method("CANCEL")) { t_relay(); exit; }
  if (has_totag()) {
    if (loose_route()) { t_relay(); exit; }
    exit;
  }
  record_route();
  $ru = "sip:phone@CALLEE";
  if ($hdr(X-R) != $null) t_on_failure("F");
  t_relay();
}
failure_route[F] {
  if ($hdr(X-R) == "again") {
    $ru = "sip:second@CALLEE";
    setflag(2);
    t_relay();
  }
}
`;

const REASONS: Readonly<Record<string, string>> = {
  '180': 'Ringing',
  '183': 'Progress',
  '200': 'Fine',
  '404': 'Not Found',
  '486': 'Busy; "really"',
  '433': 'Some',
};

interface Case {
  readonly what: string;
  readonly method?: string;
  readonly user?: string;
  readonly headers: readonly string[];
  /** Records, without time and Call-ID. Those of Kamailio 5.6.3. */
  readonly lines: readonly string[];
}

const END = 'src=alice;ip=127.0.0.1;dst=phone;none=;q=';
const NO_LEGS = 'from=;to=';

function line(
  occasion: string,
  method: string,
  tag: string,
  code: string,
  reason: string,
  rest = `${END};${NO_LEGS}`,
): string {
  return `${occasion}: method=${method};from_tag=ft;to_tag=${tag};code=${code};reason=${reason};${rest}`;
}
const answered = (code: string, reason: string, tag = 'callee', rest?: string): string =>
  line('transaction answered', 'INVITE', tag, code, reason, rest);
const missed = (code: string, reason: string, tag = 'callee', rest?: string): string =>
  line('call missed', 'INVITE', tag, code, reason, rest);
const LOCAL = `src=alice;ip=127.0.0.1;dst=local;none=;q=;${NO_LEGS}`;
const LOG = `src=alice;ip=127.0.0.1;dst=log;none=;q=;${NO_LEGS}`;

const CASES: readonly Case[] = [
  { what: 'answered', headers: ['X-F: 1', 'X-A: 180,200'], lines: [answered('200', 'Fine')] },
  { what: 'no flag', headers: ['X-A: 200'], lines: [] },
  {
    what: 'values as they are',
    headers: ['X-F: 1', 'X-A: 200', 'X-Q: a;c "d", e=f'],
    lines: [answered('200', 'Fine', 'callee', `src=alice;ip=127.0.0.1;dst=phone;none=;q=;c "d", e=f;${NO_LEGS}`)],
  },
  {
    what: 'early media',
    headers: ['X-F: 1', 'X-A: 183,180,200'],
    lines: [answered('183', 'Progress'), answered('200', 'Fine')],
  },
  { what: 'failed, not wanted', headers: ['X-F: 1', 'X-A: 404'], lines: [] },
  { what: 'failed, wanted', headers: ['X-F: 13', 'X-A: 404'], lines: [answered('404', 'Not Found')] },
  { what: 'failed, filtered out', headers: ['X-F: 13', 'X-A: 433'], lines: [] },
  { what: 'failed flag alone', headers: ['X-F: 3', 'X-A: 404'], lines: [] },
  { what: 'missed', headers: ['X-F: 12', 'X-A: 180,486'], lines: [missed('486', 'Busy; "really"')] },
  { what: 'missed flag alone', headers: ['X-F: 2', 'X-A: 486'], lines: [missed('486', 'Busy; "really"')] },
  {
    what: 'missed and failed',
    headers: ['X-F: 123', 'X-A: 486'],
    lines: [missed('486', 'Busy; "really"'), answered('486', 'Busy; "really"')],
  },
  {
    what: 'missed with a failure_route',
    headers: ['X-F: 12', 'X-A: 486', 'X-R: no'],
    lines: [missed('486', 'Busy; "really"')],
  },
  {
    what: 'two attempts missed',
    headers: ['X-F: 1', 'X-F: 2', 'X-A: 486', 'X-A2: 404', 'X-R: again'],
    lines: [missed('404', 'Not Found', 'callee', `src=alice;ip=127.0.0.1;dst=second;none=;q=;${NO_LEGS}`)],
  },
  {
    what: 'missed, then answered elsewhere',
    headers: ['X-F: 12', 'X-A: 486', 'X-A2: 200', 'X-R: again'],
    lines: [
      missed('486', 'Busy; "really"'),
      answered('200', 'Fine', 'callee', `src=alice;ip=127.0.0.1;dst=second;none=;q=;${NO_LEGS}`),
    ],
  },
  {
    what: 'nobody answers',
    headers: ['X-F: 123', 'X-A: none'],
    lines: [missed('408', 'Request Timeout', 'LOCAL'), answered('408', 'Request Timeout', 'LOCAL')],
  },
  {
    what: 'rings for too long',
    headers: ['X-F: 123', 'X-A: 180'],
    lines: [missed('408', 'Request Timeout', 'LOCAL'), answered('408', 'Request Timeout', 'LOCAL')],
  },
  {
    what: 'answered here',
    user: 'local',
    headers: ['X-F: 123'],
    lines: [missed('486', 'Busy Here', 'LOCAL', LOCAL), answered('486', 'Busy Here', 'LOCAL', LOCAL)],
  },
  { what: 'answered without a transaction', user: 'stateless', headers: ['X-F: 123'], lines: [] },
  { what: 'flags set too late', user: 'later', headers: [], lines: [] },
  {
    what: 'two legs',
    headers: ['X-F: 1', 'X-L: 1', 'X-A: 200'],
    lines: [answered('200', 'Fine', 'callee', `${END};from=b;to=y;from=a;to=x`)],
  },
  {
    what: 'OPTIONS',
    method: 'OPTIONS',
    headers: ['X-F: 12', 'X-A: 200'],
    lines: [line('transaction answered', 'OPTIONS', 'callee', '200', 'Fine')],
  },
  { what: 'OPTIONS is never missed', method: 'OPTIONS', headers: ['X-F: 2', 'X-A: 404'], lines: [] },
  {
    what: 'acc_log_request()',
    method: 'OPTIONS',
    user: 'log',
    headers: [],
    lines: [
      ['404', 'Nope there'],
      ['', 'hello'],
      ['500', ''],
      ['', 'OPTIONS x'],
    ].map(([code = '', reason = '']) => line('request accounted', 'OPTIONS', 'LOCAL', code, reason, LOG)),
  },
];

/** A server, a caller and a callee that answers as header X-A of the request says. */
class AccBench {
  readonly server: TestServer;
  readonly caller: SipPeer;
  readonly callee: SipPeer;

  private constructor(server: TestServer, caller: SipPeer, callee: SipPeer) {
    this.server = server;
    this.caller = caller;
    this.callee = callee;
  }

  static async open(kind: ServerKind, database = ''): Promise<AccBench> {
    const caller = await SipPeer.open({ name: 'caller' });
    const callee = await SipPeer.open({ name: 'callee' });
    const cfg = CFG.replaceAll('CALLEE', callee.address)
      .replace('listen=LISTEN_AT\n', '')
      .replace('DRIVER', database === '' ? '' : 'loadmodule "db_sqlite.so"')
      .replace('DATABASE', database);
    const server = await startServer({ kind, cfg });
    const bench = new AccBench(server, caller, callee);
    callee.on(
      (m) => m.isRequest && m.method !== 'ACK',
      (m) => void bench.answer(m),
    );
    return bench;
  }

  private async answer(request: PeerMessage): Promise<void> {
    const { callee } = this;
    if (request.method === 'CANCEL') {
      await callee.reply(request, 200, 'OK');
      const invite = callee.messages('in').find((m) => m.method === 'INVITE' && m.callId === request.callId);
      if (invite !== undefined) await callee.reply(invite, 487, 'Stopped');
      return;
    }
    const plan = request.header(request.startLine.includes('sip:second@') ? 'X-A2' : 'X-A') || '200';
    for (const code of plan.split(',')) {
      if (code === 'none') continue;
      const headers = [`Contact: <sip:phone@${callee.address}>`];
      const body = code === '183' ? 'x' : '';
      // One at a time: the original's processes would overtake each other.
      await sleep(10);
      await callee.reply(request, Number(code), REASONS[code] ?? 'OK', { headers, body });
    }
  }

  get to(): { readonly host: string; readonly port: number } {
    return { host: '127.0.0.1', port: this.server.port };
  }

  /** Sends a request and acknowledges a final answer. @returns the final answer */
  async ask(method: string, user: string, headers: readonly string[], callId: string): Promise<PeerMessage> {
    const { caller } = this;
    const branch = `z9hG4bK${callId}`;
    const plan = { uri: `sip:${user}@test.example`, from: '"A; B" <sip:alice@test.example>;tag=ft', callId, branch };
    await caller.send(requestText(caller, { method, headers, ...plan }), this.to);
    const final = await caller.expect((m) => m.callId === callId && m.status >= 200);
    if (method === 'INVITE' && final.status >= 300)
      await caller.send(requestText(caller, { method: 'ACK', to: final.header('To'), ...plan }), this.to);
    return final;
  }

  /**
   * Records about a call, without time and Call-ID, with LOCAL in the place of tags made by the server. The original's are empty or those of an
   * earlier reply of the same process.
   */
  private written(callId: string): string[] {
    return this.server
      .marked('ACC: ')
      .filter((text) => text.includes(`;call_id=${callId};`))
      .map((text) =>
        text
          .replace(/timestamp=\d+;/, '')
          .replace(`call_id=${callId};`, '')
          .replace(/;to_tag=(?!callee;|ft;)[^;]*/, ';to_tag=LOCAL'),
      );
  }

  /** Records about a call, as {@link written}: waits until as many are there as are expected, and a moment for one too many. */
  async records(callId: string, expected: number): Promise<string[]> {
    const deadline = Date.now() + 5_000;
    while (this.written(callId).length < expected && Date.now() < deadline) await sleep(10);
    await sleep(40);
    return this.written(callId);
  }

  async close(): Promise<void> {
    await this.server.stop();
    await this.caller.close();
    await this.callee.close();
  }
}

for (const kind of ['trunkline', 'kamailio'] as const) {
  describe(`acc: records of ${kind}`, { skip: kind === 'kamailio' && peer('kamailio').skip }, () => {
    let bench: AccBench;
    before(async () => {
      bench = await AccBench.open(kind);
    });
    after(() => bench?.close());

    for (const [index, { what, method = 'INVITE', user = 'bob', headers, lines }] of CASES.entries()) {
      it(what, async () => {
        const callId = `case-${index}`;
        await bench.ask(method, user, headers, callId);
        assert.deepEqual(await bench.records(callId, lines.length), lines);
      });
    }

    it('CANCEL and the call that it ends', async () => {
      const { caller } = bench;
      const plan = {
        uri: 'sip:bob@test.example',
        from: '<sip:alice@test.example>;tag=ft',
        callId: 'cancelled',
        branch: 'z9hG4bKcancelled',
      };
      await caller.send(requestText(caller, { ...plan, headers: ['X-F: 123', 'X-A: 180'] }), bench.to);
      await caller.expect((m) => m.callId === 'cancelled' && m.status === 180);
      await caller.send(requestText(caller, { ...plan, method: 'CANCEL', headers: ['X-F: 1'] }), bench.to);
      const final = await caller.expect((m) => m.callId === 'cancelled' && m.status === 487);
      await caller.send(requestText(caller, { ...plan, method: 'ACK', to: final.header('To') }), bench.to);
      const bob = `src=alice;ip=127.0.0.1;dst=bob;none=;q=;${NO_LEGS}`;
      const records = await bench.records('cancelled', 3);
      const cancel = line('transaction answered', 'CANCEL', 'LOCAL', '200', 'OK', bob);
      // One of Kamailio's processes takes the CANCEL, another the 487: either may write first.
      const at = kind === 'kamailio' ? records.indexOf(cancel) : 0;
      assert.deepEqual(records.splice(at, 1), [cancel]);
      assert.deepEqual(records, [missed('487', 'Stopped'), answered('487', 'Stopped')]);
    });

    it('ACK, and BYE of the callee: the tags are those of the INVITE', async () => {
      const { caller, callee } = bench;
      const ok = await bench.ask('INVITE', 'bob', ['X-F: 1', 'X-A: 200'], 'dialog');
      const up = Dialog.ofCaller(caller, ok, bench.to);
      await up.send('ACK', { cseq: up.inviteCSeq, headers: ['X-F: 1'] });
      const invite = callee.messages('in').find((m) => m.callId === 'dialog' && m.method === 'INVITE') as PeerMessage;
      const down = Dialog.ofCallee(callee, invite, 'callee', bench.to);
      await sleep(40);
      await down.send('BYE', { headers: ['X-F: 1'] });
      const bye = await caller.expect('BYE');
      await caller.reply(bye, 200, 'Bye');
      const records = (await bench.records('dialog', 3)).map((text) => text.replace(/;src=.*/, ''));
      // Kamailio's processes write to one pipe, in whatever order they come to it.
      assert.deepEqual(records.sort(), [
        'request acknowledged: method=ACK;from_tag=ft;to_tag=callee;code=200;reason=OK',
        'transaction answered: method=BYE;from_tag=ft;to_tag=callee;code=200;reason=Bye',
        'transaction answered: method=INVITE;from_tag=ft;to_tag=callee;code=200;reason=Fine',
      ]);
    });
  });
}
