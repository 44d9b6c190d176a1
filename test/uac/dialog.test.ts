import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Bench, header } from './bench.ts';
import { build, CALLED, Call, type CallOptions, CHALLENGE, Endpoint, type Extra, REAL, SHOWN } from './call.ts';

let serial = 0;

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
    bench.receive(build(caller, method, cseq, { more }), caller.ip, 5060).find((one) => one.message.method === method)!;
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

/** Ways in which endpoints write addresses of their own or of the other side. */
const REWRITTEN = {
  caller: { own: '"A. Secret" <sip:ALICE@SECRET.example.com;x=y>', remote: '<sip:bob@biloxi.example.com:5060>' },
  callee: { own: 'Desk <sip:4711@TRUNK.example.net>', remote: '<sip:ANONYMOUS@anonymous.invalid;user=phone>' },
} as const;

/** What the sides of a forked call see. */
const SIDES = [
  SHOWN,
  { caller: '"Nobody 2" <sip:anonymous2@anonymous.invalid>', called: '"Desk 2" <sip:47112@trunk.example.net>' },
  { caller: '"Nobody 3" <sip:anonymous3@anonymous.invalid>', called: '"Desk 3" <sip:47113@trunk.example.net>' },
];

const STORES = [
  ["Kamailio's parameter", {}, false],
  ['sealed', { restore_store: 'sealed' }, true],
  ['dialog', { restore_dlg: 1 }, true],
] as const;

const who = fc.constantFrom('caller' as const, 'callee' as const);
const alter = fc.constantFrom('none' as const, 'none' as const, 'own' as const, 'remote' as const);
const where = fc.constantFrom('request' as const, 'branch' as const, 'both' as const);

/** An endpoint's own way to write an address, where the store does not need the text that it sent before. */
function written(free: boolean, side: 'caller' | 'callee', how: 'none' | 'own' | 'remote'): Extra {
  return free && how !== 'none' ? { [how]: REWRITTEN[side][how] } : {};
}

for (const [store, params, free] of STORES) {
  test(`any dialog, identities kept by ${store}: hidden is hidden, numbers rise, replies fit`, () => {
    const step = fc.record({
      side: who,
      method: fc.constantFrom('INVITE', 'INFO', 'UPDATE', 'MESSAGE', 'REFER', 'FOO', 'reliable'),
      challenges: fc.integer({ min: 0, max: 3 }),
      provisional: fc.boolean(),
      gap: fc.integer({ min: 0, max: 3 }),
      alter,
    });
    fc.assert(
      fc.property(
        fc.record({ first: fc.integer({ min: 0, max: 2 }), early: fc.boolean(), apply: fc.boolean(), where }),
        fc.array(step, { maxLength: 8 }),
        ({ first, early, ...options }, steps) => {
          const call = new Call({ params, ...options });
          call.start(first, early);
          for (const { side, method, challenges, provisional, gap, alter } of steps) {
            const from = call[side];
            // Endpoints may leave numbers out (RFC 3261 §12.2.1.1: strictly rising, no more).
            from.cseq += gap;
            const extra = written(free, side, alter);
            if (method === 'reliable') call.reliable(from, Math.min(challenges, 1));
            else call.exchange(from, method, challenges, provisional && method === 'INVITE', extra);
          }
          call.exchange(call.caller, 'BYE', 1, false);
          call.verifySecrets();
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test(`any ringing call, identities kept by ${store}: forks with names of their own, PRACK, UPDATE, BYE, CANCEL`, () => {
    const step = fc.record({
      leg: fc.nat(2),
      side: who,
      method: fc.constantFrom('PRACK', 'UPDATE', 'INFO', 'OPTIONS'),
      alter,
    });
    const end = fc.constantFrom('answer', 'cancel', 'bye', 'refuse', 'redirect');
    fc.assert(
      fc.property(
        fc.record<CallOptions>({
          sides: fc.constantFrom(...[1, 2, 3].map((n) => SIDES.slice(0, n))),
          apply: fc.boolean(),
          where,
        }),
        fc.record({ challenges: fc.nat(1), winner: fc.nat(2), end }),
        fc.array(step, { maxLength: 6 }),
        (options, { challenges, winner, end }, steps) => {
          // The request route shows the same to all.
          const sides = options.where === 'request' ? options.sides!.map(() => SHOWN) : options.sides!;
          const call = new Call({ ...options, params, sides });
          const { legs } = call;
          const ringing = call.ring(legs.length === 1 ? challenges : 0);
          for (const { leg, side, method, alter } of steps) {
            const at = legs[leg % legs.length]!;
            const extra = written(free, side, alter);
            if (method === 'PRACK') ringing.prack(leg % legs.length, written(free, 'caller', alter));
            else call.exchange(at[side], method, 0, false, extra);
          }
          const { caller, callee } = legs[winner % legs.length]!;
          if (end === 'bye') call.exchange(caller, 'BYE', 0, false);
          if (end === 'answer') {
            ringing.answer(winner % legs.length);
            call.exchange(caller, 'INVITE', 0, false);
            call.exchange(callee, 'INVITE', 0, true);
            call.exchange(callee, 'BYE', 0, false);
          } else if (end === 'refuse' || end === 'redirect') ringing.refuse(end === 'refuse' ? 603 : 302);
          else ringing.cancel();
          call.verifySecrets();
        },
      ),
      { numRuns: 1_400 },
    );
  });
}

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
    const call = new Call({ params });
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
  const call = new Call({ params: { restore_store: 'sealed' } });
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
    const call = new Call({ params });
    call.start(1, false);
    const { bench, caller, callee } = call;
    const [record = ''] = [...callee.routes];
    const late = (contact: string): string =>
      `SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKgone\r\n` +
      `Via: SIP/2.0/UDP ${caller.ip}:5060;branch=z9hG4bKcaller\r\nRecord-Route: ${record}\r\n` +
      `From: ${SHOWN.caller};tag=F\r\nTo: ${SHOWN.called};tag=C\r\nCall-ID: call@x\r\nCSeq: 8 INVITE\r\n${contact}Content-Length: 0\r\n\r\n`;
    const [out] = bench.receive(late('Contact: <sip:callee@192.0.2.99>\r\n'), callee.ip, 5060);
    assert.equal(header(out!.message, 'From'), `${REAL};tag=F`);
    assert.equal(header(out!.message, 'To'), `${CALLED};tag=C`);
    assert.equal(out!.message.cseq?.seq, 7);
    // Nothing of ours in it: it passes as it is.
    const [plain] = bench.receive(late('').replace(/Record-Route: [^\r]*\r\n/, ''), callee.ip, 5060);
    assert.equal(header(plain!.message, 'From'), `${SHOWN.caller};tag=F`);
    assert.equal(plain!.message.cseq?.seq, 8);
  });
}
