/** Calls through the uac module, every message of which is looked at: who is named, and with which number. */
import assert from 'node:assert/strict';
import type { SipMessage } from '../../src/message/message.ts';
import { textopsx } from '../../src/modules/textopsx.ts';
import type { RequestState } from '../../src/proxy/request-state.ts';
import type { DialogTexts, IdentityDialogs } from '../../src/uac/identity-dialog.ts';
import { load } from '../modules/support.ts';
import { Bench, header, headers, type Sent } from './bench.ts';

/** One end of a dialog: what it believes about the other and about its own numbers (RFC 3261 §12). */
export class Endpoint {
  readonly ip: string;
  readonly tag: string;
  /** Own and remote address as this side writes them, display names included. */
  own: string;
  remote: string;
  remoteTag = '';
  target = '';
  routes: string[] = [];
  cseq: number;
  /** Highest number seen from the other side. */
  seen = 0;
  /** Everything received, for the search for what was to be hidden. */
  readonly received: SipMessage[] = [];

  constructor(ip: string, tag: string, own: string, remote: string, cseq: number) {
    this.ip = ip;
    this.tag = tag;
    this.own = own;
    this.remote = remote;
    this.cseq = cseq;
  }
}

let serial = 0;

/** What a request has beyond what its dialog says. */
export interface Extra {
  /** Header lines. */
  readonly more?: string;
  /** Addresses in the place of those that the dialog has: an endpoint writes them in its own way. */
  readonly own?: string;
  readonly remote?: string;
}

/** A request of a side, as it writes it. */
export function build(side: Endpoint, method: string, cseq: number, extra: Extra = {}): string {
  const routes = side.routes.map((route) => `Route: ${route}\r\n`).join('');
  const remote = extra.remote ?? side.remote;
  const to = side.remoteTag === '' ? remote : `${remote};tag=${side.remoteTag}`;
  return (
    `${method} ${side.target} SIP/2.0\r\nVia: SIP/2.0/UDP ${side.ip}:5060;branch=z9hG4bKd${++serial}\r\n` +
    `Max-Forwards: 70\r\nFrom: ${extra.own ?? side.own};tag=${side.tag}\r\nTo: ${to}\r\nCall-ID: call@x\r\n` +
    `CSeq: ${cseq} ${method}\r\n${routes}${extra.more ?? ''}Content-Length: 0\r\n\r\n`
  );
}

export const CHALLENGE = 'WWW-Authenticate: Digest realm="r", nonce="';
export const REAL = '"Alice Secret" <sip:alice@secret.example.com>';
export const CALLED = '"Bob" <sip:bob@biloxi.example.com>';

/** What one called side sees: who calls, and whom. */
export interface Shown {
  readonly caller: string;
  readonly called: string;
}

export const SHOWN: Shown = {
  caller: '"Nobody" <sip:anonymous@anonymous.invalid>',
  called: '"Desk" <sip:4711@trunk.example.net>',
};

/** Texts of dialogs as the dialog module keeps them. */
class Dialogs implements IdentityDialogs {
  private readonly texts = new Map<string, Map<string, string>>();

  of({ pristine }: RequestState): DialogTexts | null {
    const texts = this.texts.get(pristine.callId) ?? new Map<string, string>();
    this.texts.set(pristine.callId, texts);
    return {
      upstream: pristine.from?.tag !== 'F',
      get: (name) => texts.get(name) ?? null,
      set: (name, value) => texts.set(name, value),
    };
  }
}

/** How a call begins. */
export interface CallOptions {
  readonly params?: Readonly<Record<string, string | number>>;
  /** Called sides that ring together, each with what it is shown; one without. */
  readonly sides?: readonly Shown[];
  /** Where the names are replaced: in the request route, in the branch route, or first there and then otherwise here. */
  readonly where?: 'request' | 'branch' | 'both';
  /** msg_apply_changes() after what the request route replaced. */
  readonly apply?: boolean;
}

function parts(text: string): [display: string, uri: string] {
  const at = text.indexOf(' <');
  return [text.slice(0, at), text.slice(at + 2, -1)];
}

/** A call through a proxy that hides who calls and whom, both sides challenging as they like. */
export class Call {
  readonly bench: Bench;
  readonly options: CallOptions;
  /** Dialogs of the call, one for each called side: the caller's end, and the other. */
  readonly legs: readonly { readonly caller: Endpoint; readonly callee: Endpoint }[];
  private readonly peers = new Map<Endpoint, Endpoint>();
  private nonce = 0;
  private readonly number = 7;

  constructor(options: CallOptions = {}) {
    this.options = options;
    const sides = options.sides ?? [SHOWN];
    this.legs = sides.map(({ caller, called }, i) => ({
      caller: new Endpoint('192.0.2.7', 'F', REAL, CALLED, this.number),
      callee: new Endpoint(`192.0.2.${99 + i}`, i === 0 ? 'C' : `C${i}`, called, caller, 100 * (i + 1)),
    }));
    for (const { caller, callee } of this.legs) this.peers.set(caller, callee).set(callee, caller);
    const where = options.where ?? 'request';
    this.bench = new Bench({
      params: { credential: ['u:r:p'], ...options.params },
      modules: { dialog: new Dialogs() },
      request: (ctx, call) => {
        const { state } = ctx;
        state.onFailure = 'f';
        if ((ctx.message.to?.tag ?? '') !== '' || ctx.message.method === 'CANCEL') return;
        for (let i = 1; i < sides.length; i++) {
          const target = state.target.clone();
          target.uri = `sip:callee@192.0.2.${99 + i}`;
          state.branches.push(target);
        }
        const record = state.recordRoute;
        if (where === 'request') show(call, SHOWN);
        if (where === 'both') show(call, { caller: '"First" <sip:first@thought.invalid>', called: CALLED });
        if (options.apply !== true) return;
        state.recordRoute = null;
        assert.equal(apply.call(ctx, 'msg_apply_changes'), 1);
        state.recordRoute = record;
      },
      branch: (ctx, call) => {
        // A branch that takes the place of a challenged one has its names already.
        const side = sides[ctx.branch?.index ?? 0];
        const first = (ctx.message.to?.tag ?? '') === '' && ctx.message.method !== 'CANCEL';
        if (where !== 'request' && first && side !== undefined) show(call, side);
      },
      failure: (ctx, call) => {
        ctx.state.onFailure = 'f';
        if (call('uac_auth') > 0) this.bench.proxy.relay(ctx.state);
      },
    });
    const apply = load(textopsx, this.bench.host, {});
  }

  get caller(): Endpoint {
    return this.legs[0]!.caller;
  }

  get callee(): Endpoint {
    return this.legs[0]!.callee;
  }

  private send(side: Endpoint, text: string): Sent[] {
    return this.bench.receive(text, side.ip, 5060);
  }

  /** A request arrives at an endpoint: its numbers must rise, and it must show the right people. */
  private arrive(side: Endpoint, sent: Sent, fresh: boolean): void {
    const { message } = sent;
    assert.equal(sent.to.split(':')[0], side.ip);
    side.received.push(message);
    const { seq, method } = message.cseq!;
    assert.equal(method, message.method);
    if (fresh) assert.ok(seq > side.seen, `${message.method} ${seq} after ${side.seen}`);
    side.seen = Math.max(side.seen, seq);
    assert.equal(header(message, 'From'), `${side.remote};tag=${this.other(side).tag}`);
    assert.match(header(message, 'To'), new RegExp(`^${literal(side.own)}(;tag=${side.tag})?$`));
    assert.doesNotMatch(sent.text, /P-K-CSeq/);
  }

  other(side: Endpoint): Endpoint {
    return this.peers.get(side)!;
  }

  /** The one request that went to a side. */
  private request(side: Endpoint, list: Sent[], method: string): Sent {
    const found = list.filter(({ message, to }) => {
      return message.isRequest && message.method === method && to.startsWith(`${side.ip}:`);
    });
    assert.equal(found.length, 1, `${method} to ${side.ip}\n${list.map((one) => one.text).join('\n')}`);
    return found[0]!;
  }

  /** A reply reaches the requester: its own number, its own names as it wrote them. */
  private back(side: Endpoint, list: Sent[], status: number, cseq: number, extra: Extra = {}): SipMessage {
    const found = list.filter(({ message }) => !message.isRequest && message.status === status);
    assert.equal(found.length, 1, `${status}\n${list.map((one) => one.text).join('\n')}`);
    const { message } = found[0]!;
    assert.equal(message.cseq?.seq, cseq);
    assert.equal(header(message, 'From'), `${extra.own ?? side.own};tag=${side.tag}`);
    assert.match(header(message, 'To'), new RegExp(`^${literal(extra.remote ?? side.remote)}(;tag=|$)`));
    side.received.push(message);
    return message;
  }

  /** Sends a request, has it challenged some times, and answers it. @returns number the other side answered */
  exchange(side: Endpoint, method: string, challenges: number, provisional: boolean, extra: Extra = {}): number {
    const peer = this.other(side);
    const cseq = side.cseq++;
    let out = this.request(peer, this.send(side, build(side, method, cseq, extra)), method);
    this.arrive(peer, out, true);
    for (let i = 0; i < challenges; i++) out = this.challenge(peer, out, i > 0);
    const contact = `Contact: <sip:${peer === this.callee ? 'callee' : 'caller'}@${peer.ip}>\r\n`;
    if (provisional) {
      const list = this.bench.reply(out, 183, `${contact}RSeq: 1\r\n`, peer.tag);
      this.back(side, list, 183, cseq, extra);
    }
    const sent = out.message.cseq!.seq;
    const ok = this.back(side, this.bench.reply(out, 200, contact, peer.tag), 200, cseq, extra);
    this.learn(side, ok, out.message);
    if (method === 'INVITE') this.ack(side, cseq, sent, extra);
    return sent;
  }

  /** A request is challenged, and comes again with an answer. */
  private challenge(peer: Endpoint, previous: Sent, stale: boolean): Sent {
    const { method } = previous.message;
    const more = stale ? ', stale=true' : '';
    const list = this.bench.reply(previous, 401, `${CHALLENGE}n${++this.nonce}"${more}\r\n`, peer.tag);
    const out = this.request(peer, list, method);
    assert.equal(headers(out.message, 'Authorization').length, 1);
    this.arrive(peer, out, true);
    if (method === 'INVITE') {
      const ack = this.request(peer, list, 'ACK');
      assert.equal(ack.message.cseq?.seq, previous.message.cseq?.seq);
      this.arrive(peer, ack, false);
    }
    return out;
  }

  private learn(side: Endpoint, reply: SipMessage, request: SipMessage): void {
    if (side.remoteTag !== '') return;
    const peer = this.other(side);
    side.remoteTag = peer.tag;
    side.target = `sip:callee@${peer.ip}`;
    side.routes = headers(reply, 'Record-Route').reverse();
    peer.remoteTag = side.tag;
    peer.target = `sip:caller@${side.ip}`;
    peer.routes = headers(request, 'Record-Route');
  }

  /** The ACK of a 2xx has the number of the INVITE that was answered. */
  private ack(side: Endpoint, cseq: number, sent: number, extra: Extra = {}): void {
    const peer = this.other(side);
    const ack = this.request(peer, this.send(side, build(side, 'ACK', cseq, extra)), 'ACK');
    assert.equal(ack.message.cseq?.seq, sent);
    this.arrive(peer, ack, false);
  }

  start(challenges: number, provisional: boolean): void {
    this.caller.target = 'sip:callee@192.0.2.99';
    this.exchange(this.caller, 'INVITE', challenges, provisional);
  }

  /** An INVITE with a reliable provisional reply and its PRACK (RFC 3262). */
  reliable(side: Endpoint, challenges: number): void {
    const peer = this.other(side);
    const cseq = side.cseq++;
    let out = this.request(peer, this.send(side, build(side, 'INVITE', cseq)), 'INVITE');
    this.arrive(peer, out, true);
    for (let i = 0; i < challenges; i++) out = this.challenge(peer, out, i > 0);
    this.back(side, this.bench.reply(out, 183, 'RSeq: 4\r\n', peer.tag), 183, cseq);
    const sent = out.message.cseq!.seq;
    this.prack(side, 4, cseq, sent);
    this.back(side, this.bench.reply(out, 200, '', peer.tag), 200, cseq);
    this.ack(side, cseq, sent);
  }

  private prack(side: Endpoint, rseq: number, cseq: number, sent: number, extra: Extra = {}): void {
    this.exchange(side, 'PRACK', 0, false, { ...extra, more: `RAck: ${rseq} ${cseq} INVITE\r\n` });
    assert.equal(header(this.other(side).received.at(-1)!, 'RAck'), `${rseq} ${sent} INVITE`);
  }

  /** An INVITE that rings at every called side with a reliable 183 (RFC 3262). */
  ring(challenges: number): RingingCall {
    const text = build(Object.assign(this.caller, { target: 'sip:callee@192.0.2.99' }), 'INVITE', this.number);
    const list = this.send(this.caller, text);
    const invites = this.legs.map(({ caller, callee }) => {
      let out = this.request(callee, list, 'INVITE');
      this.arrive(callee, out, true);
      for (let i = 0; i < challenges; i++) out = this.challenge(callee, out, i > 0);
      const lines = `Contact: <sip:callee@${callee.ip}>\r\nRequire: 100rel\r\nRSeq: 31\r\n`;
      caller.cseq = this.number + 1;
      this.learn(
        caller,
        this.back(caller, this.bench.reply(out, 183, lines, callee.tag), 183, this.number),
        out.message,
      );
      return out;
    });
    return new RingingCall(this, text, invites, {
      arrive: (side, sent) => this.arrive(side, sent, false),
      request: (side, sent, method) => this.request(side, sent, method),
      back: (side, sent, status) => this.back(side, sent, status, this.number),
      ack: (side, sent) => this.ack(side, this.number, sent),
      prack: (side, sent, extra) => this.prack(side, 31, this.number, sent, extra),
    });
  }

  /** Nobody saw what is the other side's. */
  verifySecrets(): void {
    for (const { caller, callee } of this.legs) {
      for (const message of callee.received) assert.doesNotMatch(visible(message), /alice|secret|bob|first/i);
      for (const message of caller.received) assert.doesNotMatch(visible(message), /nobody|anonymous|desk|4711|first/i);
    }
  }
}

/** What a call lends to its ringing part. */
interface Checks {
  arrive(side: Endpoint, sent: Sent): void;
  request(side: Endpoint, list: Sent[], method: string): Sent;
  back(side: Endpoint, list: Sent[], status: number): SipMessage;
  ack(side: Endpoint, sent: number): void;
  prack(side: Endpoint, sent: number, extra: Extra): void;
}

/** A call that rings: its early dialogs and the ways in which it ends. */
export class RingingCall {
  private readonly call: Call;
  private readonly text: string;
  private readonly invites: readonly Sent[];
  private readonly checks: Checks;

  constructor(call: Call, text: string, invites: readonly Sent[], checks: Checks) {
    this.call = call;
    this.text = text;
    this.invites = invites;
    this.checks = checks;
  }

  prack(leg: number, extra: Extra = {}): void {
    this.checks.prack(this.call.legs[leg]!.caller, this.invites[leg]!.message.cseq!.seq, extra);
  }

  /** One called side answers; the others are cancelled. */
  answer(leg: number): void {
    const { caller, callee } = this.call.legs[leg]!;
    const out = this.invites[leg]!;
    const list = this.call.bench.reply(out, 200, `Contact: <sip:callee@${callee.ip}>\r\n`, callee.tag);
    this.checks.back(caller, list, 200);
    this.end(list, leg);
    this.checks.ack(caller, out.message.cseq!.seq);
  }

  /** The caller gives up (RFC 3261 §9.1). */
  cancel(): void {
    const text = this.text.replace(/^INVITE/, 'CANCEL').replace(/(CSeq: \d+) INVITE/, '$1 CANCEL');
    const { caller } = this.call;
    const list = this.call.bench.receive(text, caller.ip, 5060);
    this.checks.back(caller, list, 200);
    this.checks.back(caller, this.end(list, -1), 487);
  }

  /** Every called side refuses, the first with a status of its own. */
  refuse(status: number): void {
    const list: Sent[] = [];
    for (const [leg, { callee }] of this.call.legs.entries()) {
      const lines = status === 302 ? `Contact: <sip:elsewhere@192.0.2.200>\r\n` : '';
      const out = this.call.bench.reply(this.invites[leg]!, leg === 0 ? status : 486, lines, callee.tag);
      this.checks.arrive(callee, this.checks.request(callee, out, 'ACK'));
      list.push(...out);
    }
    const [final] = list.filter(({ message }) => message.status >= 300);
    this.checks.back(this.call.caller, list, final!.message.status);
  }

  /** Each cancelled side gets CANCEL and ends its INVITE. @returns what came of the last one's */
  private end(list: Sent[], winner: number): Sent[] {
    let last: Sent[] = [];
    for (const [leg, { callee }] of this.call.legs.entries()) {
      if (leg === winner) continue;
      const cancel = this.checks.request(callee, list, 'CANCEL');
      this.checks.arrive(callee, cancel);
      this.call.bench.reply(cancel, 200, '', callee.tag);
      last = this.call.bench.reply(this.invites[leg]!, 487, '', callee.tag);
      this.checks.arrive(callee, this.checks.request(callee, last, 'ACK'));
    }
    return last;
  }
}

function show(call: (name: string, ...args: unknown[]) => number, { caller, called }: Shown): void {
  assert.equal(call('uac_replace_from', ...parts(caller)), 1);
  assert.equal(call('uac_replace_to', ...parts(called)), 1);
}

/** What of a message names somebody. Encoded parameters are left out: random base64 may spell any name by chance. */
function visible(message: SipMessage): string {
  const all = ['From', 'To', 'Contact', 'Record-Route', 'Route'].flatMap((name) => headers(message, name)).join('\n');
  return all.replace(/;(?:vsf|vst|vsd|vtd)=[^;>]*/g, '');
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
