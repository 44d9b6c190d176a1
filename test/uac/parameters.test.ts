import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DigestCredentials, parseCredentials } from '../../src/message/auth-header.ts';
import type { SipMessage } from '../../src/message/message.ts';
import { Bench, type BenchOptions, header, type Route, requestText, type Sent } from './bench.ts';

/** What each parameter of the module does to the messages that pass, one test for each. */

const ALICE = '"Alice A" <sip:alice@atlanta.example.com>';
const BOB = '<sip:bob@biloxi.example.com>';
const N = 'sip:batman@gotham.org';
const J = 'sip:joker@gotham.org';
const CHALLENGE = 'WWW-Authenticate: Digest realm="realm1.test", nonce="n1"\r\n';

type Params = NonNullable<BenchOptions['params']>;

/** Hides both ends of a dialog-forming request. */
const HIDE: Route = (ctx, call) => {
  ctx.state.onFailure = 'f';
  if ((ctx.message.to?.tag ?? '') !== '') return;
  call('uac_replace_from', '"B"', N);
  call('uac_replace_to', '"J"', J);
};

function bench(params: Params, request: Route = HIDE): Bench {
  const b: Bench = new Bench({
    params,
    request,
    failure: (ctx, call) => {
      ctx.state.onFailure = 'f';
      if (call('uac_auth') > 0) b.proxy.relay(ctx.state);
    },
  });
  return b;
}

function request(list: readonly Sent[], method = 'INVITE'): Sent {
  const found = list.find((one) => one.message.isRequest && one.message.method === method);
  assert.ok(found, list.map((one) => one.text).join('\n'));
  return found;
}

/** Names of the parameters of the Record-Route that a request leaves with. */
function routeParams(out: Sent): string[] {
  return [...header(out.message, 'Record-Route').matchAll(/;([^;=>]+)/g)].map((match) => match[1]!);
}

function routeParam(out: Sent, name: string): string | undefined {
  return new RegExp(`;${name}=([^;>]*)`).exec(header(out.message, 'Record-Route'))?.[1];
}

/** A request of the caller, or of the called side, in the dialog that `out` began. */
function inDialog(b: Bench, out: Sent, method: string, upstream: boolean, cseq: number): SipMessage {
  const text = requestText({
    method,
    cseq,
    ruri: upstream ? 'sip:alice@192.0.2.7' : 'sip:callee@192.0.2.99',
    from: upstream ? `"J" <${J}>;tag=callee` : `${ALICE};tag=F`,
    to: upstream ? `"B" <${N}>;tag=F` : `${BOB};tag=callee`,
    headers: `Route: ${header(out.message, 'Record-Route')}\r\n`,
  });
  return request(b.receive(text, upstream ? '192.0.2.99' : '192.0.2.7', 5060), method).message;
}

/** Both directions of a dialog show each side what it knows. */
function restores(b: Bench, out: Sent): void {
  const down = inDialog(b, out, 'INFO', false, 8);
  assert.equal(header(down, 'From'), `"B" <${N}>;tag=F`);
  assert.equal(header(down, 'To'), `"J" <${J}>;tag=callee`);
  const up = inDialog(b, out, 'INFO', true, 900);
  assert.equal(header(up, 'From'), `${BOB};tag=callee`);
  assert.equal(header(up, 'To'), `${ALICE};tag=F`);
}

test('the names of the Record-Route parameters: rr_from_store_param, rr_to_store_param, rr_from_display_param, rr_to_display_param', () => {
  const usual = bench({});
  const out = request(usual.receive(requestText()));
  assert.deepEqual(routeParams(out), ['lr', 'ftag', 'vsf', 'vsd', 'vst', 'vtd']);
  restores(usual, out);
  const names = {
    rr_from_store_param: 'My_F',
    rr_to_store_param: 'My_T',
    rr_from_display_param: 'My_FD',
    rr_to_display_param: 'My_TD',
  };
  const own = bench(names);
  const renamed = request(own.receive(requestText()));
  assert.deepEqual(routeParams(renamed), ['lr', 'ftag', 'My_F', 'My_FD', 'My_T', 'My_TD']);
  assert.equal(routeParam(renamed, 'My_F'), routeParam(out, 'vsf'));
  restores(own, renamed);
  // A server that uses other names does not know these.
  const [text] = [inDialog(bench({}), renamed, 'INFO', false, 8)];
  assert.equal(header(text, 'From'), `${ALICE};tag=F`);
});

test('restore_passwd: encodes both kinds of data, and only who has it reads them', () => {
  const b = bench({ restore_passwd: 's3cret' }, (ctx, call) => {
    if ((ctx.message.to?.tag ?? '') === '') call('uac_replace_from', '"B"', N);
  });
  const out = request(b.receive(requestText()));
  // As Kamailio writes it for this pair and password.
  assert.equal(routeParam(out, 'vsf'), 'czNjcmZ5bj1nXERncCZlZ2l0eTllHxUYFh0AHQg-');
  assert.equal(header(inDialog(b, out, 'INFO', false, 8), 'From'), `"B" <${N}>;tag=F`);
  // Another node of the same password reads it, display name and all.
  const twin = bench({ restore_passwd: 's3cret' });
  assert.equal(header(inDialog(twin, out, 'INFO', true, 900), 'To'), `${ALICE};tag=F`);
  for (const restore_passwd of ['other', '']) {
    const stranger = bench({ restore_passwd });
    const seen = header(inDialog(stranger, out, 'INFO', true, 900), 'To');
    assert.doesNotMatch(seen, /alice|Alice/, seen);
    assert.deepEqual(stranger.codes, ['UAC_DISPLAY_LOST', 'UAC_RESTORE_MISMATCH']);
  }
});

test('restore_mode: auto restores requests and replies, manual replies, none nothing', () => {
  for (const [restore_mode, params, reply, info] of [
    ['auto', ['vsf', 'vsd', 'vst', 'vtd'], `${ALICE};tag=F`, `"B" <${N}>;tag=F`],
    ['manual', ['vsf', 'vsd', 'vst', 'vtd'], `${ALICE};tag=F`, `${ALICE};tag=F`],
    ['none', [], `"B" <${N}>;tag=F`, `${ALICE};tag=F`],
  ] as const) {
    const b = bench({ restore_mode });
    const out = request(b.receive(requestText()));
    assert.deepEqual(routeParams(out).slice(2), params);
    assert.equal(header(b.reply(out, 180)[0]!.message, 'From'), reply);
    assert.equal(header(inDialog(b, out, 'INFO', false, 8), 'From'), info);
  }
});

for (const [parameter, name, header1, original] of [
  ['restore_from_avp', 'uac_replace_from', 'From', ALICE],
  ['restore_to_avp', 'uac_replace_to', 'To', BOB],
] as const) {
  test(`${parameter}: gets the original, and what it holds is what replies show`, () => {
    const seen: unknown[] = [];
    const avps: Route = (ctx, call) => {
      call(name, '"X"', N);
      seen.push(ctx.state.attributes.avps.get('kept'));
    };
    const plain = bench({ [parameter]: '$avp(kept)' }, avps);
    const out = request(plain.receive(requestText()));
    assert.deepEqual(seen, [original]);
    assert.ok(header(plain.reply(out, 180)[0]!.message, header1).startsWith(`${original};tag=`));
    const changed = bench({ [parameter]: '$avp(s:kept)' }, (ctx, call) => {
      avps(ctx, call);
      ctx.state.attributes.avps.replaceAll('kept', '"Kept" <sip:kept@x.example>');
    });
    const again = request(changed.receive(requestText()));
    assert.match(header(changed.reply(again, 200)[0]!.message, header1), /^"Kept" <sip:kept@x\.example>;tag=/);
    // Without the parameter the AVP is the script's own.
    seen.length = 0;
    bench({}, avps).receive(requestText());
    assert.deepEqual(seen, [undefined]);
  });
}

test('cseq_update and rr_cseq_store_param: the raised number and the name of what keeps a dialog in step', () => {
  for (const [params, number, names] of [
    [{}, 8, ['csd']],
    [{ rr_cseq_store_param: 'My_C' }, 8, ['My_C']],
    [{ cseq_update: 0 }, 7, []],
  ] as const) {
    const b = bench({ ...params, credential: ['u:realm1.test:p'] }, (ctx) => {
      ctx.state.onFailure = 'f';
    });
    const first = request(b.receive(requestText()));
    const again = request(b.reply(first, 401, CHALLENGE));
    assert.equal(header(again.message, 'CSeq'), `${number} INVITE`);
    assert.deepEqual(routeParams(again).slice(2), names);
    assert.equal(header(b.reply(again, 200)[0]!.message, 'CSeq'), '7 INVITE');
    assert.equal(header(inDialog(b, again, 'ACK', false, 7), 'CSeq'), `${number} ACK`);
    assert.equal(header(inDialog(b, again, 'BYE', false, 8), 'CSeq'), `${number + 1} BYE`);
  }
});

function credentials(list: readonly Sent[]): DigestCredentials | null {
  const retry = list.find((one) => one.message.isRequest && one.message.method === 'INVITE');
  const [one] = retry === undefined ? [] : parseCredentials(header(retry.message, 'Authorization'));
  return one?.kind === 'digest' ? one : null;
}

test('auth_username_avp, auth_realm_avp, auth_password_avp: the request’s own credentials', () => {
  const params = {
    auth_username_avp: '$avp(user)',
    auth_realm_avp: '$avp(realm)',
    auth_password_avp: '$avp(password)',
    credential: ['listed:realm1.test:p'],
  };
  for (const [user, realm, password, expected] of [
    ['dave', 'realm1.test', 'pw', 'dave'],
    ['dave', null, 'pw', 'dave'],
    ['dave', 'elsewhere', 'pw', 'listed'],
    ['dave', 'realm1.test', null, 'listed'],
    [null, 'realm1.test', 'pw', 'listed'],
  ] as const) {
    const b = bench(params, (ctx) => {
      ctx.state.onFailure = 'f';
    });
    b.host.variables.set('$avp(user)', user).set('$avp(realm)', realm).set('$avp(password)', password);
    const first = request(b.receive(requestText()));
    assert.equal(credentials(b.reply(first, 401, CHALLENGE))?.username, expected);
  }
});

test('credential_destination: whose 401 is answered', () => {
  for (const [credential_destination, answered] of [
    [[], true],
    [['realm1.test:192.0.2.99'], true],
    [['realm1.test:192.0.2.99:5060'], true],
    [['realm1.test:192.0.2.99:5070'], false],
    [['realm1.test:198.51.100.1'], false],
    [['*:198.51.100.1'], false],
    [['*:198.51.100.1', 'realm1.test:192.0.2.99'], true],
    [['elsewhere:198.51.100.1'], true],
  ] as const) {
    const b = bench({ credential: ['u:realm1.test:p'], credential_destination }, (ctx) => {
      ctx.state.onFailure = 'f';
    });
    const first = request(b.receive(requestText()));
    const list = b.reply(first, 401, CHALLENGE);
    assert.equal(credentials(list) !== null, answered, credential_destination.join());
    if (!answered) assert.deepEqual(b.codes, ['DIGEST_DESTINATION_MISMATCH']);
  }
});

test('auth_algorithms: which challenges are answered', () => {
  for (const [auth_algorithms, answered] of [
    ['', true],
    ['SHA-256', false],
    ['sha-256, md5', true],
  ] as const) {
    const b = bench({ credential: ['u:realm1.test:p'], auth_algorithms }, (ctx) => {
      ctx.state.onFailure = 'f';
    });
    const list = b.reply(request(b.receive(requestText())), 401, CHALLENGE);
    assert.equal(credentials(list) !== null, answered, auth_algorithms);
    if (!answered) assert.deepEqual(b.codes, ['DIGEST_ALGORITHM_REFUSED']);
  }
  assert.throws(() => bench({ auth_algorithms: 'MD4' }), /UAC_BAD_ALGORITHMS|auth_algorithms/);
});
