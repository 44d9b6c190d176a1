import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseNameAddr } from '../../src/message/name-addr.ts';
import { parsed } from '../modules/support.ts';
import { Bench, type BenchOptions, header, type Route, requestText, type Sent } from './bench.ts';

const N = 'sip:batman@gotham.org';
const ALICE = '"Alice A" <sip:alice@atlanta.example.com>;tag=t';

function first(list: Sent[]): Sent {
  const found = list.find((one) => one.message.isRequest);
  if (found === undefined) throw new Error(list.map((one) => one.text).join('\n'));
  return found;
}

/** The From that leaves when the request route makes these calls. */
function shape(from: string, ...calls: (readonly [name: string, ...args: unknown[]])[]): string {
  const b = new Bench({ request: (_ctx, call) => void calls.map(([name, ...args]) => call(name, ...args)) });
  return header(first(b.receive(requestText({ from }))).message, 'From');
}

test('header shapes', () => {
  const from = 'uac_replace_from';
  const addr = 'sip:alice@atlanta.example.com;tag=t';
  for (const [original, call, expected] of [
    [ALICE, [from, N], `"Alice A" <${N}>;tag=t`],
    [ALICE, [from, 'Bruce', N], `Bruce <${N}>;tag=t`],
    [ALICE, [from, '', N], `<${N}>;tag=t`],
    [ALICE, [from, 'x', ''], 'x <sip:alice@atlanta.example.com>;tag=t'],
    [ALICE, [from, '', ''], '<sip:alice@atlanta.example.com>;tag=t'],
    ['<sip:alice@a.example>;tag=t', [from, 'Bruce', N], `Bruce <${N}>;tag=t`],
    ['<sip:alice@a.example>;tag=t', [from, '', N], `<${N}>;tag=t`],
    [addr, [from, N], `${N};tag=t`],
    [addr, [from, `${N};p=1`], `<${N};p=1>;tag=t`],
    [addr, [from, '"B W"', N], `"B W" <${N}>;tag=t`],
    [addr, [from, '"B W"', `${N};p=1`], `"B W" <${N};p=1>;tag=t`],
    [addr, [from, 'B', ''], 'B <sip:alice@atlanta.example.com>;tag=t'],
    ['"Alice A"   <  sip:alice@a >', [from, N], null],
    ['"Alice A"   <sip:alice@a.example>  ;  tag=1', [from, N], `"Alice A"   <${N}>  ;  tag=1`],
    ['"Alice A"<sip:alice@a.example>;tag=1', [from, 'B', N], `B <${N}>;tag=1`],
    [ALICE, [from, `<${N}>`], `"Alice A" <${N}>;tag=t`],
    [ALICE, [from, 'Bruce Wayne', N], `Bruce Wayne <${N}>;tag=t`],
    [ALICE, [from, '"bat\\"man"', N], `"bat\\"man" <${N}>;tag=t`],
    [ALICE, [from, 'Müller, Büro'.normalize(), N], `"Müller, Büro" <${N}>;tag=t`],
    [ALICE, [from, 'half "quoted', N], `"half \\"quoted" <${N}>;tag=t`],
    [ALICE, [from, 'x <sip:evil@x>', N], `"x <sip:evil@x>" <${N}>;tag=t`],
  ] as const) {
    if (expected === null) continue;
    const out = shape(original, call);
    assert.equal(out, expected);
    assert.ok(parseNameAddr(out, 0, out.length));
  }
});

/** UTF-8 as this stack holds it: one character a byte. */
function bytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

test('UTF-8 display names whose last byte is A0 stay whole', () => {
  assert.equal(shape(ALICE, ['uac_replace_from', bytes(' Voilà '), N]), `"${bytes('Voilà')}" <${N}>;tag=t`);
  assert.equal(shape(ALICE, ['uac_replace_from', bytes('"Voilà"'), N]), `"${bytes('Voilà')}" <${N}>;tag=t`);
});

test('a URI or display name that was set by a variable survives a change of the other', () => {
  const addr = 'sip:alice@atlanta.example.com;tag=t';
  for (const level of ['request', 'branch'] as const)
    for (const from of [ALICE, addr]) {
      // As $fu and $fn write: under the same keys.
      const set: Route = (ctx) => {
        const value = parsed(requestText({ from })).from!;
        const text = value.bracketed ? 'sip:hidden@x.example' : '<sip:hidden@x.example>';
        ctx.state.edits.replace(value.uriStart, value.uriEnd, text, 'from-uri');
      };
      const name: Route = (_ctx, call) => assert.equal(call('uac_replace_from', 'Nobody', ''), 1);
      const b = new Bench({
        request: (ctx, call) => {
          set(ctx, call);
          if (level === 'request') name(ctx, call);
        },
        ...(level === 'branch' ? { branch: name } : {}),
      });
      const out = first(b.receive(requestText({ from })));
      assert.equal(header(out.message, 'From'), 'Nobody <sip:hidden@x.example>;tag=t');
      assert.doesNotMatch(header(out.message, 'From'), /alice/);
    }
  const b = new Bench({
    request: (ctx, call) => {
      const value = ctx.message.from!;
      ctx.state.edits.replace(value.displayStart, value.uriStart - 1, '"Anonymous" ', 'from-display');
      call('uac_replace_from', N);
    },
  });
  assert.equal(header(first(b.receive(requestText())).message, 'From'), `"Anonymous" <${N}>;tag=F`);
});

test('a folded From comes back on one line, in replies and for the other side of the dialog', () => {
  const b = new Bench({
    request: (ctx, call) => {
      if ((ctx.message.to?.tag ?? '') === '') call('uac_replace_from', '"X"', N);
    },
  });
  const from = '"Alice\r\n\tA" \r\n <sip:alice@atlanta.example.com>;tag=F';
  const out = first(b.receive(requestText({ from })));
  assert.equal(header(out.message, 'From').replace(/\s+/g, ' '), `"X" <${N}>;tag=F`);
  const [up] = b.reply(out, 200);
  assert.equal(header(up!.message, 'From').replace(/ +/g, ' '), '"Alice A" <sip:alice@atlanta.example.com>;tag=F');
  const bye = requestText({
    method: 'BYE',
    ruri: 'sip:alice@192.0.2.7',
    from: '<sip:bob@biloxi.example.com>;tag=callee',
    to: `"X" <${N}>;tag=F`,
    headers: `Route: ${header(out.message, 'Record-Route')}\r\n`,
  });
  const down = first(b.receive(bye, '192.0.2.99', 5060));
  assert.equal(header(down.message, 'To'), '"Alice A" <sip:alice@atlanta.example.com>;tag=F');
});

test('compact header names stay, To works alike', () => {
  const b = new Bench({ request: (_ctx, call) => void call('uac_replace_to', '"J"', 'sip:joker@gotham.org') });
  const text = requestText().replace('To: ', 't: ').replace('From: ', 'f: ');
  const out = first(b.receive(text)).text;
  assert.match(out, /\r\nt: "J" <sip:joker@gotham\.org>\r\n/);
  assert.match(out, /\r\nf: "Alice A" <sip:alice@atlanta\.example\.com>;tag=F\r\n/);
});

test('Record-Route and replies as the original makes them', () => {
  const b = new Bench({
    request: (_ctx, call) => {
      call('uac_replace_from', N);
      call('uac_replace_to', 'sip:joker@gotham.org');
    },
  });
  const out = first(b.receive(requestText()));
  assert.equal(
    header(out.message, 'Record-Route'),
    '<sip:127.0.0.1;lr;ftag=F;vsf=AAAAAAMNHQ4ELiETAxUGFQwACgoGbXBsZS5jb20-;vst=AAAAAAgACSUQKQsADAFPCFYOHxdsZS5jb20->',
  );
  for (const status of [180, 183, 200]) {
    const [up] = b.reply(out, status);
    assert.equal(header(up!.message, 'From'), '"Alice A" <sip:alice@atlanta.example.com>;tag=F');
    assert.equal(header(up!.message, 'To'), '<sip:bob@biloxi.example.com>;tag=callee');
    assert.match(header(up!.message, 'Record-Route'), /vsf=/);
  }
});

test('the last call counts, and the store restores the original', () => {
  const b = new Bench({
    request: (_ctx, call) => {
      assert.equal(call('uac_replace_from', 'A', 'sip:first@x.example'), 1);
      assert.equal(call('uac_replace_from', '"Second"', ''), 1);
      assert.equal(call('uac_replace_from', N), 1);
    },
  });
  const out = first(b.receive(requestText()));
  assert.equal(header(out.message, 'From'), `"Second" <${N}>;tag=F`);
  const route = header(out.message, 'Record-Route');
  assert.equal(route.match(/vsf=/g)?.length, 1);
  assert.match(route, /vsf=AAAAAAMNHQ4ELiETAxUGFQwACgoGbXBsZS5jb20-[;>]/);
  assert.equal(route.match(/vsd=/g)?.length, 1);
});

test('a branch’s identity goes over the request’s, each branch its own', () => {
  const b = new Bench({
    request: (ctx, call) => {
      call('uac_replace_from', 'Req', 'sip:req@x.example');
      ctx.state.branches.push(ctx.state.target.clone());
      ctx.state.branches[0]!.uri = 'sip:bob@198.51.100.7';
    },
    branch: (ctx, call) => {
      if (ctx.branch?.index === 1) assert.equal(call('uac_replace_from', N), 1);
    },
  });
  const [one, two] = b.receive(requestText());
  assert.equal(header(one!.message, 'From'), 'Req <sip:req@x.example>;tag=F');
  assert.equal(header(two!.message, 'From'), `Req <${N}>;tag=F`);
  assert.match(header(two!.message, 'Record-Route'), /vsf=AAAAAAMNHQ4ELiETAxUGFQwACgoGbXBsZS5jb20-[;>]/);
  assert.equal(header(two!.message, 'Record-Route').match(/vsf=/g)?.length, 1);
  const [up] = b.reply(two!, 180);
  assert.equal(header(up!.message, 'From'), '"Alice A" <sip:alice@atlanta.example.com>;tag=F');
});

test('the answer to a challenge shows the same identity', () => {
  const options: BenchOptions = {
    params: { credential: ['u:r:p'] },
    request: (ctx) => {
      ctx.state.onFailure = 'f';
    },
    branch: (ctx, call) => {
      // Only once: the repetition must not depend on it.
      if (ctx.branch?.index === 0) call('uac_replace_from', 'Anonymous', 'sip:anonymous@anonymous.invalid');
    },
    failure: (ctx, call) => {
      assert.equal(call('uac_auth'), 1);
      b.proxy.relay(ctx.state);
    },
  };
  const b = new Bench(options);
  const out = first(b.receive(requestText()));
  const retry = b
    .reply(out, 401, 'WWW-Authenticate: Digest realm="r", nonce="n"\r\n')
    .find((one) => one.message.method === 'INVITE' && one.message.isRequest);
  assert.equal(header(retry!.message, 'From'), 'Anonymous <sip:anonymous@anonymous.invalid>;tag=F');
  assert.match(header(retry!.message, 'Record-Route'), /;vsf=[^;]+;vsd=[^;]+;csd=1>$/);
  const [up] = b.reply(retry!, 200);
  assert.equal(header(up!.message, 'From'), '"Alice A" <sip:alice@atlanta.example.com>;tag=F');
});

test('values that cannot be sent are refused and change nothing', () => {
  for (const [args, code] of [
    [[null], 'UAC_NULL_VALUE'],
    [['sip:<null>@x'], 'UAC_NULL_VALUE'],
    [[null, N], 'UAC_NULL_VALUE'],
    [['a', null], 'UAC_NULL_VALUE'],
    [['not a uri'], 'UAC_BAD_VALUE'],
    [['sip:a@b\r\nEvil: 1'], 'UAC_BAD_VALUE'],
    [['sip:a@b\r\n'], 'UAC_BAD_VALUE'],
    [['sip:a@b>;x=<sip:c'], 'UAC_BAD_VALUE'],
    [['x\r\nEvil: 1', N], 'UAC_BAD_VALUE'],
    [['x\u0000', N], 'UAC_BAD_VALUE'],
    [[`sip:${'a'.repeat(1100)}@b`], 'UAC_BAD_VALUE'],
  ] as const) {
    const b = new Bench({ request: (_ctx, call) => assert.equal(call('uac_replace_from', ...args), -1) });
    const out = first(b.receive(requestText()));
    assert.equal(header(out.message, 'From'), '"Alice A" <sip:alice@atlanta.example.com>;tag=F');
    assert.deepEqual(b.codes, [code]);
    assert.doesNotMatch(out.text, /vsf|Evil/);
  }
});

test('mode none: replaced, never restored', () => {
  const b = new Bench({
    params: { restore_mode: 'none' },
    request: (_ctx, call) => {
      call('uac_replace_from', 'x', 'sip:first@x.example');
      assert.equal(call('uac_replace_from', N), 1);
      assert.equal(call('uac_restore_from'), -1);
    },
  });
  const out = first(b.receive(requestText()));
  assert.equal(header(out.message, 'From'), `x <${N}>;tag=F`);
  assert.doesNotMatch(out.text, /vsf|vsd/);
  assert.equal(header(b.reply(out, 200)[0]!.message, 'From'), `x <${N}>;tag=F`);
});

test('a mirrored header that nobody can read is put right in the reply', () => {
  const b = new Bench({ request: (_ctx, call) => void call('uac_replace_to', 'sip:joker@gotham.org') });
  const out = first(b.receive(requestText()));
  const bad =
    'SIP/2.0 200 OK\r\n' +
    `Via: ${header(out.message, 'Via')}\r\nVia: ${out.message.valueOf(out.message.findByName('Via')[1]!)}\r\n` +
    `From: ${header(out.message, 'From')}\r\nTo: <sip:joker@gotham.org>;tag=9;;x="\r\n` +
    `Call-ID: call-1@ua\r\nCSeq: 7 INVITE\r\nContent-Length: 0\r\n\r\n`;
  try {
    const [up] = b.receive(bad, '192.0.2.99', 5060);
    if (up !== undefined) assert.equal(header(up.message, 'To'), '<sip:bob@biloxi.example.com>;tag=9');
  } catch (error) {
    // The parser may refuse such a reply as a whole: then nothing leaks either.
    assert.match(String(error), /SIP_PARSE/);
  }
});

test('restore AVPs: kept once, used for replies when they hold something', () => {
  const seen: unknown[] = [];
  const request: Route = (ctx, call) => {
    call('uac_replace_from', 'x', N);
    call('uac_replace_from', 'sip:other@gotham.org');
    seen.push(...ctx.state.attributes.avps.all('orig'));
    ctx.state.attributes.avps.replaceAll('orig', '"Kept" <sip:kept@x.example>');
  };
  const b = new Bench({ params: { restore_from_avp: '$avp(s:orig)' }, request });
  const out = first(b.receive(requestText()));
  assert.deepEqual(seen, ['"Alice A" <sip:alice@atlanta.example.com>']);
  assert.equal(header(b.reply(out, 180)[0]!.message, 'From'), '"Kept" <sip:kept@x.example>;tag=F');
  // A value that cannot stand in a header is none: the caller gets its own back.
  const bad: Route = (ctx, call) => {
    request(ctx, call);
    ctx.state.attributes.avps.replaceAll('orig', '<sip:kept@x.example>\r\nEvil: 1');
  };
  const other = new Bench({ params: { restore_from_avp: '$avp(orig)' }, request: bad });
  const [reply] = other.reply(first(other.receive(requestText())), 180);
  assert.equal(header(reply!.message, 'From'), '"Alice A" <sip:alice@atlanta.example.com>;tag=F');
  assert.doesNotMatch(reply!.text, /Evil/);
});

test('display-only changes are undone in replies too', () => {
  const b = new Bench({ request: (_ctx, call) => void call('uac_replace_from', 'batman', '') });
  const out = first(b.receive(requestText()));
  assert.equal(header(out.message, 'From'), 'batman <sip:alice@atlanta.example.com>;tag=F');
  assert.equal(header(b.reply(out, 200)[0]!.message, 'From'), '"Alice A" <sip:alice@atlanta.example.com>;tag=F');
});
