/**
 * One server between a caller and two called sides, all scripted: what a table of calls is played in, once for each server.
 * Everything that the peers write is the same for both servers, so what differs comes from the server.
 */

import { type ServerKind, sleep, startServer, type TestServer } from '../support/servers.ts';
import { Dialog, type RequestPlan, requestText } from '../support/sip-dialog.ts';
import { type PeerMessage, type Remote, type Selector, SipPeer } from '../support/sip-peer.ts';

/** One row of the table: script fragments and what is played. */
export interface DiffCase {
  readonly name: string;
  /** Group of global settings, see PROFILES. */
  readonly profile?: string;
  /** Text of the request route; FAIL, BRANCH and REPLY name the routes below. */
  readonly request: string;
  readonly failure?: string;
  readonly branch?: string;
  readonly reply?: string;
  play(world: World): Promise<void>;
}

/** Global settings that rows share: each is one pair of servers. */
export interface Profile {
  readonly globals?: string;
  readonly modparams: string;
  readonly listen?: readonly string[];
  readonly callerProto?: 'udp' | 'tcp';
  readonly host?: string;
}

const STEP = 3_000;

/** The configuration of all rows of a profile: a header says which row a request belongs to. */
export function configuration(cases: readonly DiffCase[], profile: Profile): string {
  const named = (text: string, n: number): string => text.replace(/\b(FAIL|BRANCH|REPLY)\b/g, (name) => `${name}_${n}`);
  const route = (kind: string, name: string, n: number, text: string | undefined): string =>
    text === undefined ? '' : `${kind}[${name}_${n}] {\n${named(text, n)}\n}\n`;
  return `#!KAMAILIO
debug=2
log_stderror=yes
fork=yes
children=1
auto_aliases=no
server_signature=no
user_agent_header="User-Agent: diff"
${profile.globals ?? ''}
loadmodule "kex.so"
loadmodule "corex.so"
loadmodule "tm.so"
loadmodule "tmx.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "textopsx.so"
loadmodule "siputils.so"
loadmodule "xlog.so"
loadmodule "uac.so"
modparam("rr", "append_fromtag", 1)
modparam("tm", "fr_timer", 2000)
modparam("tm", "fr_inv_timer", 8000)
${profile.modparams}
request_route {
${cases.map((one, n) => `  if ($hdr(X-Case) == "${one.name}") { route(CASE_${n}); exit; }`).join('\n')}
  sl_send_reply("404", "No such case");
  exit;
}
${cases
  .map(
    (one, n) =>
      `route[CASE_${n}] {\n${named(one.request, n)}\n}\n` +
      route('failure_route', 'FAIL', n, one.failure) +
      route('branch_route', 'BRANCH', n, one.branch) +
      route('onreply_route', 'REPLY', n, one.reply),
  )
  .join('')}`;
}

/** What happened in one row on one server. */
export interface Outcome {
  /** Leg name → messages it received, normalised, in order. */
  readonly legs: Readonly<Record<string, readonly string[]>>;
  /** Lines that the script printed. */
  readonly printed: readonly string[];
}

/** A server and its peers. */
export class World {
  readonly server: TestServer;
  readonly caller: SipPeer;
  readonly callee: SipPeer;
  readonly second: SipPeer;
  private row = '';
  private count = 0;
  private printedBefore = 0;
  private marks: readonly number[] = [];

  private constructor(server: TestServer, caller: SipPeer, callee: SipPeer, second: SipPeer) {
    this.server = server;
    this.caller = caller;
    this.callee = callee;
    this.second = second;
  }

  static async start(kind: ServerKind, cases: readonly DiffCase[], profile: Profile): Promise<World> {
    const host = profile.host ?? '127.0.0.1';
    const caller = await SipPeer.open({ name: 'caller', proto: profile.callerProto ?? 'udp', host });
    const callee = await SipPeer.open({ name: 'callee', host });
    const second = await SipPeer.open({ name: 'second', host });
    const server = await startServer({
      kind,
      cfg: configuration(cases, profile),
      listen: profile.listen ?? ['udp:127.0.0.1:PORT'],
      subst: { CALLEE_PORT: callee.port, SECOND_PORT: second.port },
      ...(kind === 'trunkline' ? { defines: ['TRUNKLINE'] } : {}),
    });
    return new World(server, caller, callee, second);
  }

  get remote(): Remote {
    return { host: this.caller.host, port: this.server.port };
  }

  private get peers(): readonly SipPeer[] {
    return [this.caller, this.callee, this.second];
  }

  /** Plays one row. What goes wrong in it is part of the outcome: on the other server it must go wrong in the same way. */
  async play(one: DiffCase): Promise<Outcome> {
    this.row = one.name;
    this.count = 0;
    this.printedBefore = this.server.marked().length;
    this.marks = this.peers.map((peer) => peer.trace.length);
    for (const peer of this.peers) {
      peer.clear();
      peer.accepts = (message) => message.callId.startsWith(one.name);
    }
    let problem = '';
    try {
      await one.play(this);
    } catch (error) {
      problem = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    }
    // What must not come gets a moment to come all the same.
    await sleep(120);
    const legs: Record<string, readonly string[]> = {};
    this.peers.forEach((peer, i) => {
      legs[peer.name] = peer.trace
        .slice(this.marks[i])
        .filter((m) => m.direction === 'in' && !m.repeated && m.text.trim() !== '' && m.callId.startsWith(one.name))
        .map((m) => this.normalise(m));
    });
    if (problem !== '') legs.problem = [problem];
    return {
      legs,
      printed: this.server
        .marked()
        .slice(this.printedBefore)
        .map((line) => this.plain(line)),
    };
  }

  /** A name for a tag, branch or Call-ID: the same on both servers. */
  token(): string {
    return `${this.row}-${++this.count}`;
  }

  /** A request of the caller outside of a dialog, with all that makes it the same on both servers. */
  request(plan: Partial<RequestPlan> = {}): string {
    const mark = `X-Case: ${this.row}`;
    return requestText(this.caller, {
      uri: 'sip:bob@biloxi.example.com',
      callId: `${this.row}@diff`,
      branch: `z9hG4bK${this.token()}`,
      from: '"Alice A" <sip:alice@atlanta.example.com>;tag=alice1',
      to: '"Bob B" <sip:bob@biloxi.example.com>',
      ...plan,
      headers: [mark, ...(plan.headers ?? [])],
    });
  }

  async send(plan: Partial<RequestPlan> = {}): Promise<string> {
    const text = this.request(plan);
    await this.caller.send(text, this.remote);
    return text;
  }

  expectCaller(selector: Selector): Promise<PeerMessage> {
    return this.caller.expect(selector, STEP);
  }

  expectCallee(selector: Selector): Promise<PeerMessage> {
    return this.callee.expect(selector, STEP);
  }

  expectSecond(selector: Selector): Promise<PeerMessage> {
    return this.second.expect(selector, STEP);
  }

  /** What comes first: a message at the called side or one at the caller. */
  async firstOf(atCallee: Selector, atCaller: Selector): Promise<PeerMessage> {
    for (let waited = 0; waited < STEP; waited += 20) {
      if (this.callee.waiting(atCallee).length > 0) return this.callee.expect(atCallee);
      if (this.caller.waiting(atCaller).length > 0) return this.caller.expect(atCaller);
      await sleep(20);
    }
    throw new Error(`neither ${atCallee} at the called side nor ${atCaller} at the caller`);
  }

  get contact(): string {
    return `Contact: <sip:bob@${this.callee.address}>`;
  }

  /** Both sides of the call that an answered INVITE made. */
  dialogs(invite: PeerMessage, ok: PeerMessage, toTag = 'callee'): { caller: Dialog; callee: Dialog } {
    return {
      caller: Dialog.ofCaller(this.caller, ok, this.remote),
      callee: Dialog.ofCallee(this.callee, invite, toTag, this.remote),
    };
  }

  /** Sends a request inside a call and lets the other side answer 200. */
  async ask(dialog: Dialog, method: string, headers: readonly string[] = [], body = ''): Promise<PeerMessage> {
    const other = dialog.peer === this.caller ? this.callee : this.caller;
    await dialog.send(method, {
      headers: [`X-Case: ${this.row}`, ...headers],
      branch: `z9hG4bK${this.token()}`,
      ...(body === '' ? {} : { body }),
    });
    const request = await other.expect(method, STEP);
    await other.reply(request, 200, 'OK', { headers: [`Contact: <sip:${other.name}@${other.address}>`] });
    return dialog.peer.expect((m) => m.status === 200 && m.method === method && m.cseq.seq === dialog.cseq, STEP);
  }

  async ack(dialog: Dialog, cseq = dialog.inviteCSeq): Promise<PeerMessage> {
    const other = dialog.peer === this.caller ? this.callee : this.caller;
    await dialog.send('ACK', { cseq, headers: [`X-Case: ${this.row}`], branch: `z9hG4bK${this.token()}` });
    return other.expect('ACK', STEP);
  }

  /** ACK to a final reply other than 2xx, or CANCEL: same branch and numbers as the INVITE. */
  async hop(method: 'ACK' | 'CANCEL', invite: string, reply?: PeerMessage): Promise<void> {
    const via = /\r\n(Via: [^\r]*)/.exec(invite)?.[1] ?? '';
    const head = /^INVITE (\S+)/.exec(invite)?.[1] ?? '';
    const line = (name: string): string => new RegExp(`\\r\\n((?:${name}): [^\\r]*)`).exec(invite)?.[1] ?? '';
    const text = [
      `${method} ${head} SIP/2.0`,
      via,
      'Max-Forwards: 70',
      line('From|f'),
      reply === undefined ? line('To|t') : `To: ${reply.header('To')}`,
      line('Call-ID|i'),
      line('CSeq').replace('INVITE', method),
      `X-Case: ${this.row}`,
      'Content-Length: 0',
      '',
      '',
    ].join('\r\n');
    await this.caller.send(text, this.remote);
  }

  private plain(text: string): string {
    const names: readonly (readonly [number, string])[] = [
      [this.server.port, 'SERVER'],
      [this.caller.port, 'CALLER'],
      [this.callee.port, 'CALLEE'],
      [this.second.port, 'SECOND'],
    ];
    let out = text;
    for (const [port, name] of names) out = out.replaceAll(new RegExp(`\\b${port}\\b`, 'g'), name);
    for (const remote of this.caller.ephemeralPorts())
      out = out.replaceAll(new RegExp(`\\b${remote}\\b`, 'g'), 'CALLER');
    return out;
  }

  /** A message without what two runs of one server differ in. */
  private normalise(message: PeerMessage): string {
    return this.plain(message.text)
      .replace(new RegExp(`branch=(?!z9hG4bK${this.row}-)[^;,\\r\\s>]+`, 'g'), 'branch=*')
      .replace(/(;tag=)(?!alice|callee|second)[^;\s>]+/g, '$1*')
      .replace(/;v([st])d=[^;>]+/g, ';v$1d=*')
      .replace(/\b(cnonce|response)="[^"]*"/g, '$1="*"');
  }

  async stop(): Promise<void> {
    for (const peer of this.peers) await peer.close();
    await this.server.discard();
  }
}
