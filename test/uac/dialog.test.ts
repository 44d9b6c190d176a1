import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { SipMessage } from '../../src/message/message.ts';
import type { RequestState } from '../../src/proxy/request-state.ts';
import type { DialogTexts, IdentityDialogs } from '../../src/uac/identity-dialog.ts';
import { Bench, header, headers, type Sent } from './bench.ts';

/** One end of a dialog: what it believes about the other and about its own numbers (RFC 3261 §12). */
class Endpoint {
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

function build(side: Endpoint, method: string, cseq: number, more = ''): string {
  const routes = side.routes.map((route) => `Route: ${route}\r\n`).join('');
  const to = side.remoteTag === '' ? side.remote : `${side.remote};tag=${side.remoteTag}`;
  return (
    `${method} ${side.target} SIP/2.0\r\nVia: SIP/2.0/UDP ${side.ip}:5060;branch=z9hG4bKd${++serial}\r\n` +
    `Max-Forwards: 70\r\nFrom: ${side.own};tag=${side.tag}\r\nTo: ${to}\r\nCall-ID: call@x\r\n` +
    `CSeq: ${cseq} ${method}\r\n${routes}${more}Content-Length: 0\r\n\r\n`
  );
}

const CHALLENGE = 'WWW-Authenticate: Digest realm="r", nonce="';
const REAL = '"Alice Secret" <sip:alice@secret.example.com>';
const SHOWN = '"Nobody" <sip:anonymous@anonymous.invalid>';
const CALLED = '"Bob" <sip:bob@biloxi.example.com>';
const CALLED_AS = '"Desk" <sip:4711@trunk.example.net>';

/** Texts of dialogs as the dialog module keeps them. */
class Dialogs implements IdentityDialogs {
  private readonly texts = new Map<string, Map<string, string>>();

  of({ pristine }: RequestState): DialogTexts {
    const texts = this.texts.get(pristine.callId) ?? new Map<string, string>();
    this.texts.set(pristine.callId, texts);
    return {
      upstream: pristine.from?.tag !== 'F',
      get: (name) => texts.get(name) ?? null,
      set: (name, value) => texts.set(name, value),
    };
  }
}

/** A call through a proxy that hides who calls and whom, both sides challenging as they like. */
class Call {
  readonly bench: Bench;
  readonly caller = new Endpoint('192.0.2.7', 'F', REAL, CALLED, 7);
  readonly callee = new Endpoint('192.0.2.99', 'C', CALLED_AS, SHOWN, 100);
  private nonce = 0;

  constructor(params: Readonly<Record<string, string | number>> = {}) {
    this.bench = new Bench({
      params: { credential: ['u:r:p'], ...params },
      modules: { dialog: new Dialogs() },
      request: (ctx, call) => {
        ctx.state.onFailure = 'f';
        if ((ctx.message.to?.tag ?? '') !== '') return;
        assert.equal(call('uac_replace_from', '"Nobody"', 'sip:anonymous@anonymous.invalid'), 1);
        assert.equal(call('uac_replace_to', '"Desk"', 'sip:4711@trunk.example.net'), 1);
      },
      failure: (ctx, call) => {
        ctx.state.onFailure = 'f';
        if (call('uac_auth') > 0) this.bench.proxy.relay(ctx.state);
      },
    });
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
    return side === this.caller ? this.callee : this.caller;
  }

  /** The one request that went to the other side. */
  private request(side: Endpoint, list: Sent[], method: string): Sent {
    const found = list.filter((one) => one.message.isRequest && one.message.method === method);
    assert.equal(found.length, 1, list.map((one) => one.text).join('\n'));
    assert.ok(found[0]!.to.startsWith(side.ip));
    return found[0]!;
  }

  /** A reply reaches the requester: its own number, its own names. */
  private back(side: Endpoint, list: Sent[], status: number, cseq: number): SipMessage {
    const found = list.filter((one) => !one.message.isRequest);
    assert.equal(found.length, 1, list.map((one) => one.text).join('\n'));
    const { message } = found[0]!;
    assert.equal(message.status, status);
    assert.equal(message.cseq?.seq, cseq);
    assert.equal(header(message, 'From'), `${side.own};tag=${side.tag}`);
    assert.match(header(message, 'To'), new RegExp(`^${literal(side.remote)};tag=`));
    side.received.push(message);
    return message;
  }

  /** Sends a request, has it challenged some times, and answers it. @returns number the other side answered */
  exchange(side: Endpoint, method: string, challenges: number, provisional: boolean, more = ''): number {
    const peer = this.other(side);
    const cseq = side.cseq++;
    let out = this.request(peer, this.send(side, build(side, method, cseq, more)), method);
    this.arrive(peer, out, true);
    for (let i = 0; i < challenges; i++) {
      const stale = i === 0 ? '' : ', stale=true';
      const list = this.bench.reply(out, 401, `${CHALLENGE}n${++this.nonce}"${stale}\r\n`, peer.tag);
      const previous = out;
      out = this.request(peer, list, method);
      assert.equal(headers(out.message, 'Authorization').length, 1);
      this.arrive(peer, out, true);
      if (method === 'INVITE') {
        const ack = this.request(peer, list, 'ACK');
        assert.equal(ack.message.cseq?.seq, previous.message.cseq?.seq);
      }
    }
    const contact = `Contact: <sip:${peer === this.callee ? 'callee' : 'caller'}@${peer.ip}>\r\n`;
    if (provisional) this.back(side, this.bench.reply(out, 183, `${contact}RSeq: 1\r\n`, peer.tag), 183, cseq);
    const sent = out.message.cseq!.seq;
    this.learn(side, this.back(side, this.bench.reply(out, 200, contact, peer.tag), 200, cseq), out.message);
    if (method === 'INVITE') this.ack(side, cseq, sent);
    return sent;
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
  private ack(side: Endpoint, cseq: number, sent: number): void {
    const peer = this.other(side);
    const ack = this.request(peer, this.send(side, build(side, 'ACK', cseq)), 'ACK');
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
    for (let i = 0; i < challenges; i++) {
      out = this.request(peer, this.bench.reply(out, 401, `${CHALLENGE}n${++this.nonce}"\r\n`, peer.tag), 'INVITE');
      this.arrive(peer, out, true);
    }
    this.back(side, this.bench.reply(out, 183, 'RSeq: 4\r\n', peer.tag), 183, cseq);
    const sent = out.message.cseq!.seq;
    this.exchange(side, 'PRACK', 0, false, `RAck: 4 ${cseq} INVITE\r\n`);
    const prack = peer.received.at(-1)!;
    assert.equal(header(prack, 'RAck'), `4 ${sent} INVITE`);
    this.back(side, this.bench.reply(out, 200, '', peer.tag), 200, cseq);
    this.ack(side, cseq, sent);
  }

  /** Nobody saw what is the other side's. */
  verifySecrets(): void {
    for (const message of this.callee.received) assert.doesNotMatch(visible(message), /Alice|alice|secret|bob@|Bob/);
    for (const message of this.caller.received) assert.doesNotMatch(visible(message), /Nobody|anonymous|Desk|4711/);
  }
}

/** What of a message names somebody. Encoded parameters are left out: random base64 may spell any name by chance. */
function visible(message: SipMessage): string {
  const all = ['From', 'To', 'Contact', 'Record-Route', 'Route'].flatMap((name) => headers(message, name)).join('\n');
  return all.replace(/;(?:vsf|vst|vsd|vtd)=[^;>]*/g, '');
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

test('a call: challenged INVITE, ACK, INFO and BYE of the caller, BYE of the callee', () => {
  for (const end of ['caller', 'callee'] as const) {
    const call = new Call();
    call.start(1, true);
    assert.match(call.caller.routes.join(), /;csd=1>/);
    call.exchange(call.caller, 'INFO', 0, false);
    call.exchange(call.callee, 'INFO', 0, false);
    call.exchange(call[end], 'BYE', 0, false);
    call.verifySecrets();
  }
});

test('challenges inside the dialog, both ways, leave the numbers in step', () => {
  const call = new Call();
  call.start(0, false);
  call.exchange(call.caller, 'INVITE', 1, true);
  call.exchange(call.callee, 'INVITE', 2, true);
  call.exchange(call.caller, 'UPDATE', 1, false);
  call.reliable(call.caller, 1);
  call.reliable(call.callee, 1);
  call.exchange(call.callee, 'BYE', 1, false);
  call.verifySecrets();
});

test('a challenge inside the dialog goes above what the same side has under way, whose ACK keeps its number', () => {
  const call = new Call();
  call.start(1, false);
  const { bench, caller, callee } = call;
  const sendOf = (method: string, cseq: number, more = '') =>
    bench.receive(build(caller, method, cseq, more), caller.ip, 5060).find((one) => one.message.method === method)!;
  // 8 and 9 are under way together; they leave as 9 and 10.
  const info = sendOf('INFO', 8);
  const invite = sendOf('INVITE', 9);
  assert.deepEqual([info.message.cseq?.seq, invite.message.cseq?.seq], [9, 10]);
  const again = bench.reply(info, 401, `${CHALLENGE}parallel"\r\n`, callee.tag).find((one) => one.message.isRequest)!;
  assert.equal(again.message.cseq?.seq, 11);
  const [ok] = bench.reply(invite, 200, '', callee.tag);
  assert.equal(ok!.message.cseq?.seq, 9);
  assert.equal(sendOf('ACK', 9).message.cseq?.seq, 10);
  assert.equal(bench.reply(again, 200, '', callee.tag)[0]!.message.cseq?.seq, 8);
  assert.equal(sendOf('INFO', 10).message.cseq?.seq, 12);
});

for (const [store, params, runs] of [
  ["Kamailio's parameter", {}, 3_500],
  ['sealed', { restore_store: 'sealed' }, 3_500],
  ['dialog', { restore_dlg: 1 }, 3_500],
] as const)
  test(`any dialog, identities kept by ${store}: hidden is hidden, numbers rise, replies fit`, () => {
    const step = fc.record({
      side: fc.constantFrom('caller' as const, 'callee' as const),
      method: fc.constantFrom('INVITE', 'INFO', 'UPDATE', 'MESSAGE', 'REFER', 'FOO', 'reliable'),
      challenges: fc.integer({ min: 0, max: 3 }),
      provisional: fc.boolean(),
      gap: fc.integer({ min: 0, max: 3 }),
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 }),
        fc.boolean(),
        fc.array(step, { maxLength: 12 }),
        (first, early, steps) => {
          const call = new Call(params);
          call.start(first, early);
          for (const { side, method, challenges, provisional, gap } of steps) {
            const from = call[side];
            // Endpoints may leave numbers out (RFC 3261 §12.2.1.1: strictly rising, no more).
            from.cseq += gap;
            if (method === 'reliable') call.reliable(from, Math.min(challenges, 1));
            else call.exchange(from, method, challenges, provisional && method === 'INVITE');
          }
          call.exchange(call.caller, 'BYE', 1, false);
          call.verifySecrets();
        },
      ),
      { numRuns: runs },
    );
  });

test('restoring is idempotent: the functions have nothing to do in mode auto', () => {
  const call = new Call();
  call.start(0, false);
  const codes: number[] = [];
  const run = call.bench as unknown as { options: { request: unknown } };
  run.options.request = (_ctx: unknown, f: (name: string) => number) => {
    codes.push(f('uac_restore_from'), f('uac_restore_to'));
    codes.push(f('uac_restore_from'));
  };
  call.exchange(call.caller, 'INFO', 0, false);
  assert.deepEqual(codes, [-1, -1, -1]);
});

test('mode manual: nothing by itself, everything on demand', () => {
  let wanted = false;
  const b = new Bench({
    params: { restore_mode: 'manual' },
    request: (ctx, call) => {
      if ((ctx.message.to?.tag ?? '') === '') call('uac_replace_from', 'sip:batman@gotham.org');
      else if (wanted) assert.deepEqual([call('uac_restore_from'), call('uac_restore_from')], [1, -1]);
    },
  });
  const [out] = b.receive(
    build(new Endpoint('192.0.2.7', 'F', REAL, CALLED, 1), 'INVITE', 1).replace('INVITE  ', 'INVITE sip:x@192.0.2.99 '),
  );
  const [up] = b.reply(out!, 200, '', 'C');
  const route = header(up!.message, 'Record-Route');
  for (wanted of [false, true]) {
    const side = new Endpoint('192.0.2.7', 'F', REAL, CALLED, 2);
    side.remoteTag = 'C';
    side.target = 'sip:callee@192.0.2.99';
    side.routes = [route];
    const [info] = b.receive(build(side, 'INFO', 2));
    assert.equal(
      header(info!.message, 'From'),
      wanted ? '"Alice Secret" <sip:batman@gotham.org>;tag=F' : `${REAL};tag=F`,
    );
  }
});

test('an altered URI is left alone with a log line, a lost display name is dropped', () => {
  const call = new Call();
  call.start(0, false);
  call.caller.own = '"Alice Secret" <sip:ALICE@secret.example.com>';
  const b = call.bench;
  const [out] = b.receive(build(call.caller, 'INFO', 50));
  assert.match(header(out!.message, 'From'), /^"Nobody" <sip:[\x21-\x7e]+>;tag=F$/);
  call.caller.own = '"Alice Secret" <sip:x@y.z;a=b?c>';
  const [odd] = b.receive(build(call.caller, 'INFO', 51));
  assert.equal(header(odd!.message, 'From'), '"Nobody" <sip:x@y.z;a=b?c>;tag=F');
  assert.ok(b.codes.includes('UAC_RESTORE_MISMATCH'));
  call.caller.own = REAL;
  call.caller.routes = call.caller.routes.map((route) => route.replace(/vsd=..../, 'vsd=AAAA'));
  const [lost] = b.receive(build(call.caller, 'INFO', 52));
  assert.equal(header(lost!.message, 'From'), '<sip:anonymous@anonymous.invalid>;tag=F');
  assert.ok(b.codes.includes('UAC_DISPLAY_LOST'));
});

test('whatever a Route says: a readable request leaves, with the headers it came with and no more', () => {
  const b = new Bench({ params: { restore_passwd: 'k' } });
  const value = fc.oneof(
    fc.string({ unit: 'binary-ascii', maxLength: 40 }),
    fc.stringMatching(/^[A-Za-z0-9+/%-]{0,60}$/),
    fc.constantFrom(
      '-1',
      '0',
      '1',
      '999',
      '1000',
      '1e3',
      'NaN',
      '99999999999999999999',
      '%0d%0aEvil: 1',
      '='.repeat(99),
    ),
  );
  const params = fc.array(fc.tuple(fc.constantFrom('vsf', 'vst', 'vsd', 'vtd', 'csd', 'ftag', 'r2'), value), {
    maxLength: 6,
  });
  const from = fc.constantFrom('"A" <sip:alice@x.example>', 'sip:alice@x.example', '<tel:+1>', 'A<sip:a@b;c?d=e>');
  const numbers = fc.integer({ min: 0, max: 0x7fffffff });
  fc.assert(
    fc.property(params, from, numbers, fc.boolean(), (list, own, cseq, strict) => {
      const text = list.map(([name, what]) => `;${name}=${what.replace(/[<>"?@\x00-\x20\x7f]/g, '')}`).join('');
      const route = `sip:127.0.0.1;lr${text}`;
      const routes = strict ? 'Route: <sip:x@192.0.2.99>\r\n' : `Route: <${route}>\r\n`;
      const lines = `Via: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKr${++serial}\r\nMax-Forwards: 70\r\nFrom: ${own};tag=F\r\nTo: <sip:b@x>;tag=C\r\nCall-ID: c@x\r\nCSeq: ${cseq} INFO\r\n`;
      const target = strict ? route : 'sip:x@192.0.2.99';
      // The bench refuses to send what cannot be parsed.
      for (const { message } of b.receive(`INFO ${target} SIP/2.0\r\n${lines}${routes}Content-Length: 0\r\n\r\n`)) {
        if (!message.isRequest) continue;
        const names = message.headers.map((one) => message.nameOf(one));
        assert.deepEqual(names.filter((name) => name !== 'Route').sort(), [
          'CSeq',
          'Call-ID',
          'Content-Length',
          'From',
          'Max-Forwards',
          'To',
          'Via',
          'Via',
        ]);
        assert.equal(message.from?.tag, 'F');
        assert.equal(message.to?.tag, 'C');
        const { seq } = message.cseq!;
        assert.ok(seq >= cseq && seq <= cseq + 999 && seq <= 0x7fffffff, `${cseq} became ${seq}`);
      }
    }),
    { numRuns: 2000 },
  );
});

for (const [store, params] of [
  ['sealed', { restore_store: 'sealed' }],
  ['dialog', { restore_dlg: 1 }],
] as const) {
  test(`identities kept by ${store}: what an endpoint made of its URI does not matter`, () => {
    const call = new Call(params);
    call.start(0, false);
    for (const own of [
      '"A. Secret" <sip:ALICE@secret.example.com>',
      '<sip:batman@elsewhere.example;x=y>',
      'sip:other@x.y',
    ]) {
      call.caller.own = own;
      const [out] = call.bench.receive(build(call.caller, 'INFO', call.caller.cseq++));

      assert.match(header(out!.message, 'From'), /^"Nobody" <sip:anonymous@anonymous\.invalid>;tag=F$/);
      const [ok] = call.bench.reply(out!, 200, '', 'C');
      assert.equal(header(ok!.message, 'From'), `${own};tag=F`);
    }
    assert.deepEqual(call.bench.codes, []);
  });
}

test('sealed identities: a parameter of another dialog, or an altered one, restores nothing and shows no name', () => {
  const call = new Call({ restore_store: 'sealed' });
  call.start(0, false);
  assert.doesNotMatch(call.callee.routes.join(), /;vs[f]=|;vst=/);
  const { bench, caller } = call;
  const foreign = build(caller, 'INFO', 20).replace('Call-ID: call@x', 'Call-ID: other@x');
  const [other] = bench.receive(foreign, caller.ip, 5060);
  assert.equal(header(other!.message, 'From'), '<sip:alice@secret.example.com>;tag=F');
  assert.ok(bench.codes.includes('UAC_DISPLAY_LOST'));
  const thief = build({ ...caller, tag: 'G' } as Endpoint, 'INFO', 21);
  const [stolen] = bench.receive(thief, caller.ip, 5060);
  assert.doesNotMatch(stolen!.text.replace(/;v[st]d=[^;>]*/g, ''), /anonymous.*tag=G|Alice Secret/);
});

for (const params of [{}, { restore_store: 'sealed' }]) {
  test(`a 2xx whose transaction has gone is put right by its own Record-Route (${JSON.stringify(params)})`, () => {
    const call = new Call(params);
    call.start(1, false);
    const { bench, caller, callee } = call;
    const [record = ''] = [...callee.routes];
    const late = (contact: string): string =>
      `SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKgone\r\n` +
      `Via: SIP/2.0/UDP ${caller.ip}:5060;branch=z9hG4bKcaller\r\nRecord-Route: ${record}\r\n` +
      `From: ${SHOWN};tag=F\r\nTo: ${CALLED_AS};tag=C\r\nCall-ID: call@x\r\nCSeq: 8 INVITE\r\n${contact}Content-Length: 0\r\n\r\n`;
    const [out] = bench.receive(late('Contact: <sip:callee@192.0.2.99>\r\n'), callee.ip, 5060);
    assert.equal(header(out!.message, 'From'), `${REAL};tag=F`);
    assert.equal(header(out!.message, 'To'), `${CALLED};tag=C`);
    assert.equal(out!.message.cseq?.seq, 7);
    // Nothing of ours in it: it passes as it is.
    const [plain] = bench.receive(late('').replace(/Record-Route: [^\r]*\r\n/, ''), callee.ip, 5060);
    assert.equal(header(plain!.message, 'From'), `${SHOWN};tag=F`);
    assert.equal(plain!.message.cseq?.seq, 8);
  });
}
