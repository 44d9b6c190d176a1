import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DIGEST_ALGORITHMS, digestAlgorithm } from '../../src/digest/algorithm.ts';
import { computeResponse, userHa1 } from '../../src/digest/digest.ts';
import { type DigestCredentials, parseCredentials } from '../../src/message/auth-header.ts';
import type { SipMessage } from '../../src/message/message.ts';
import { Bench, header, headers, type Route, requestText, type Sent } from './bench.ts';

const CREDENTIAL = 'carol:realm1.test:pw3';
const PARAMS = { credential: [CREDENTIAL] };

/** failure_route of the README: answers challenges and relays. */
const ANSWER: Route = (ctx, call) => {
  ctx.state.onFailure = 'f';
  if (call('uac_auth') > 0) relayAgain(ctx);
};

const relays = new WeakMap<object, () => void>();
function relayAgain(ctx: Parameters<Route>[0]): void {
  relays.get(ctx.state.hooks)?.();
}

/** A bench whose failure route may relay. */
function bench(options: ConstructorParameters<typeof Bench>[0] = {}): Bench {
  const made: Bench = new Bench({
    params: PARAMS,
    ...options,
    failure: (ctx, call) => {
      relays.set(ctx.state.hooks, () => made.proxy.relay(ctx.state));
      (options.failure ?? ANSWER)(ctx, call);
    },
  });
  return made;
}

function challenge(realm = 'realm1.test', more = '', nonce = 'abcdef0123456789'): string {
  return `Digest realm="${realm}", nonce="${nonce}"${more}`;
}

function www(value: string): string {
  return `WWW-Authenticate: ${value}\r\n`;
}
function proxyAuth(value: string): string {
  return `Proxy-Authenticate: ${value}\r\n`;
}

function digest(message: SipMessage, name: string): DigestCredentials {
  const all = parseCredentials(header(message, name));
  const [one] = all;
  if (one?.kind !== 'digest' || all.length !== 1) throw new Error(`no ${name}: ${header(message, name)}`);
  return one;
}

/** Recomputes a response from what the message says, as the peer does. */
function verify(message: SipMessage, name: string, password: string): void {
  const one = digest(message, name);
  const algorithm = digestAlgorithm(one.algorithm);
  assert.ok(algorithm);
  const expected = computeResponse({
    algorithm,
    ha1: userHa1(algorithm.hash, one.username, one.realm, password),
    method: message.method,
    uri: one.uri,
    nonce: one.nonce,
    qop: one.qop,
    nc: one.nc,
    cnonce: one.cnonce,
    body: message.body,
  });
  assert.equal(one.response, expected);
  assert.equal(one.uri, message.requestUri);
}

function only(list: Sent[], isRequest: boolean): Sent {
  const found = list.filter((one) => one.message.isRequest === isRequest && one.message.method !== 'ACK');
  assert.equal(found.length, 1, `one ${isRequest ? 'request' : 'reply'} of ${list.map((one) => one.text).join('\n')}`);
  return found[0]!;
}

test('a 401 is answered to the same place, with the original’s header shape and CSeq + 1', () => {
  const b = bench();
  const first = only(b.receive(requestText({ headers: 'X-Last: 1\r\n' })), true);
  assert.equal(header(first.message, 'CSeq'), '7 INVITE');
  const out = b.reply(first, 401, www(challenge('realm1.test', ', opaque="opq123", qop="auth"')));
  const ack = out.find((one) => one.message.method === 'ACK' && one.message.isRequest);
  assert.equal(header(ack!.message, 'CSeq'), '7 ACK');
  const retry = only(out, true);
  assert.equal(retry.to, first.to);
  assert.equal(retry.message.requestUri, first.message.requestUri);
  assert.equal(header(retry.message, 'CSeq'), '8 INVITE');
  assert.notEqual(retry.message.topVia?.branch, first.message.topVia?.branch);
  verify(retry.message, 'Authorization', 'pw3');
  assert.match(
    header(retry.message, 'Authorization'),
    /^Digest username="carol", realm="realm1\.test", nonce="abcdef0123456789", uri="sip:bob@192\.0\.2\.99", opaque="opq123", qop=auth, nc=00000001, cnonce="[0-9a-f]{32}", response="[0-9a-f]{32}", algorithm=MD5$/,
  );
  assert.match(retry.text, /X-Last: 1\r\nContent-Length: 0\r\nAuthorization: /);
  assert.match(header(retry.message, 'Record-Route'), /;lr;ftag=F;csd=1>$/);
  const up = only(b.reply(retry, 200), false);
  assert.equal(up.message.status, 200);
  assert.equal(header(up.message, 'CSeq'), '7 INVITE');
});

for (const { name } of DIGEST_ALGORITHMS) {
  for (const qop of ['', 'auth', 'auth-int', 'auth,auth-int', 'auth-int, auth', 'foo , AUTH']) {
    test(`${name} with qop "${qop}"`, () => {
      const b = bench();
      const body = 'v=0\r\ns=x\r\n';
      const first = only(b.receive(requestText({ body })), true);
      const text = challenge('realm1.test', `, algorithm=${name}${qop === '' ? '' : `, qop="${qop}"`}`);
      const retry = only(b.reply(first, 407, proxyAuth(text)), true);
      verify(retry.message, 'Proxy-Authorization', 'pw3');
      const one = digest(retry.message, 'Proxy-Authorization');
      assert.equal(one.algorithm, name);
      assert.equal(one.qop, qop === '' ? '' : qop === 'auth-int' ? 'auth-int' : 'auth');
      assert.equal(one.nc, qop === '' ? '' : '00000001');
    });
  }
}

test('the known answers of Kamailio: MD5 without qop, MD5 and SHA-256 by HA1', () => {
  const names = { 'biloxi.example.com': ['192.0.2.50'] };
  const b = bench({ names });
  const first = only(b.receive(requestText({ ruri: 'sip:bob@biloxi.example.com' })), true);
  const retry = only(b.reply(first, 407, proxyAuth(challenge())), true);
  assert.equal(digest(retry.message, 'Proxy-Authorization').response, '739f9dfb40bddf0b011cd10675b7aa25');
});

test('auth-int hashes the body as it is sent, edits included', () => {
  const b = bench({
    request: (ctx) => {
      ctx.state.onFailure = 'f';
      ctx.state.edits.replace(ctx.message.bodyStart, ctx.message.bodyEnd, 'another body', 'body');
    },
  });
  const first = only(b.receive(requestText({ body: 'body' })), true);
  const retry = only(b.reply(first, 401, www(challenge('realm1.test', ', qop="auth-int"'))), true);
  assert.equal(retry.message.body, 'another body');
  verify(retry.message, 'Authorization', 'pw3');
});

test('401 speaks by WWW-Authenticate, 407 by Proxy-Authenticate, others not at all', () => {
  for (const [status, line] of [
    [407, www(challenge())],
    [401, proxyAuth(challenge())],
    [403, www(challenge())],
  ] as const) {
    const b = bench();
    const first = only(b.receive(requestText()), true);
    const up = only(b.reply(first, status, line), false);
    assert.equal(up.message.status, status);
    assert.match(b.codes.join(), status === 403 ? /UAC_AUTH_NOT_CHALLENGED/ : /DIGEST_NO_CHALLENGE/);
  }
});

test('a timeout has nothing to answer', () => {
  const b = bench();
  b.receive(requestText());
  b.host.clock.advance(31_000);
  assert.deepEqual(b.codes, ['UAC_AUTH_NO_REPLY']);
  assert.equal(b.sent.at(-1)?.message.status, 408);
});

test('of several challenges: unusable ones and those without a credential are passed over, then the strongest', () => {
  const b = bench();
  const first = only(b.receive(requestText()), true);
  const lines =
    www('Basic realm="realm1.test"') +
    www(challenge('stranger', ', algorithm=SHA-512-256')) +
    www(challenge('realm1.test', ', algorithm=AKAv1-MD5')) +
    www(challenge('realm1.test', ', algorithm=SHA-256, qop="token"')) +
    www(challenge('realm1.test', ', algorithm=MD5, qop="auth"')) +
    www(`${challenge('realm1.test', ', algorithm=SHA-256, qop="auth"')}, Bearer abc`);
  const retry = only(b.reply(first, 401, lines), true);
  assert.equal(digest(retry.message, 'Authorization').algorithm, 'SHA-256');
  verify(retry.message, 'Authorization', 'pw3');
});

test('a second challenge of the realm is refused unless it says stale, and stale ends as well', () => {
  const b = bench();
  let request = only(b.receive(requestText()), true);
  request = only(b.reply(request, 401, www(challenge())), true);
  for (const nonce of ['second', 'third']) {
    request = only(b.reply(request, 401, www(challenge('realm1.test', ', stale=true, qop="auth"', nonce))), true);
    assert.equal(digest(request.message, 'Authorization').nonce, nonce);
    assert.equal(digest(request.message, 'Authorization').nc, '00000001');
    assert.equal(headers(request.message, 'Authorization').length, 1);
  }
  assert.equal(header(request.message, 'CSeq'), '10 INVITE');
  const up = only(b.reply(request, 401, www(challenge('realm1.test', ', stale=true', 'fourth'))), false);
  assert.equal(up.message.status, 401);
  assert.equal(b.codes.at(-1), 'UAC_AUTH_TOO_MANY');
  assert.equal(header(up.message, 'CSeq'), '7 INVITE');
});

test('wrong password: one retry, then the 401 goes up', () => {
  const b = bench();
  const first = only(b.receive(requestText()), true);
  const retry = only(b.reply(first, 401, www(challenge())), true);
  const up = only(b.reply(retry, 401, www(challenge('realm1.test', '', 'other'))), false);
  assert.equal(up.message.status, 401);
  assert.deepEqual(b.codes, ['UAC_AUTH_REFUSED']);
  assert.match(header(up.message, 'WWW-Authenticate'), /nonce="other"/);
});

test('stale with the same nonce is no reason to try again', () => {
  const b = bench();
  const first = only(b.receive(requestText()), true);
  const retry = only(b.reply(first, 401, www(challenge())), true);
  only(b.reply(retry, 401, www(challenge('realm1.test', ', stale=true'))), false);
  assert.deepEqual(b.codes, ['UAC_AUTH_REFUSED']);
});

test('ever new realms end', () => {
  const variables = { auth_username_avp: '$avp(u)', auth_realm_avp: '$avp(r)', auth_password_avp: '$avp(p)' };
  const b = bench({ params: variables });
  b.host.variables.set('$avp(u)', 'dave').set('$avp(p)', 'pw');
  let request = only(b.receive(requestText()), true);
  for (let i = 0; i < 6; i++) request = only(b.reply(request, 401, www(challenge(`realm${i}`))), true);
  only(b.reply(request, 401, www(challenge('realm6'))), false);
  assert.equal(b.codes.at(-1), 'UAC_AUTH_TOO_MANY');
});

test('407 of a proxy, then 401 of the server behind it: both are answered, nc counts', () => {
  const b = bench({ params: { credential: [CREDENTIAL, 'erin:other:x'] } });
  const first = only(b.receive(requestText()), true);
  const second = only(b.reply(first, 407, proxyAuth(challenge('realm1.test', ', qop="auth"'))), true);
  const third = only(b.reply(second, 401, www(challenge('other', ', qop="auth"'))), true);
  verify(third.message, 'Proxy-Authorization', 'pw3');
  verify(third.message, 'Authorization', 'x');
  assert.equal(digest(third.message, 'Proxy-Authorization').nc, '00000002');
  assert.equal(digest(third.message, 'Authorization').nc, '00000001');
  assert.equal(header(third.message, 'CSeq'), '9 INVITE');
  assert.match(header(third.message, 'Record-Route'), /;csd=2>/);
});

test('an own credential takes the place of the caller’s for the realm, others stay', () => {
  const b = bench();
  const mine = 'Digest username="al", realm="realm1.test", nonce="n", uri="sip:x", response="00"';
  const other = 'Digest username="al", realm="elsewhere", nonce="n", uri="sip:x", response="11"';
  const lines = `Proxy-Authorization: ${mine}\r\nAuthorization: ${mine}\r\nProxy-Authorization: ${other}\r\nProxy-Authorization: ${mine}, ${other}\r\n`;
  const first = only(b.receive(requestText({ headers: lines })), true);
  const retry = only(b.reply(first, 407, proxyAuth(challenge())), true);
  const left = headers(retry.message, 'Proxy-Authorization').map((text) =>
    /realm="([^"]*)".*response="(..)/.exec(text),
  );
  assert.deepEqual(
    left.map((match) => match?.[1]),
    ['elsewhere', 'elsewhere', 'realm1.test'],
  );
  assert.equal(header(retry.message, 'Authorization'), mine);
});

test('variables come first, their realm limits them, an empty one fits all', () => {
  const params = {
    ...PARAMS,
    auth_username_avp: '$avp(u)',
    auth_realm_avp: '$avp(r)',
    auth_password_avp: '$avp(p)',
  };
  for (const [user, realm, password, expected, secret] of [
    ['dave', 'realm1.test', 'pw', 'dave', 'pw'],
    ['dave', null, 'pw', 'dave', 'pw'],
    ['dave', '', 'pw', 'dave', 'pw'],
    ['dave', 'other', 'pw', 'carol', 'pw3'],
    ['dave', 'realm1.test', null, 'carol', 'pw3'],
    ['', 'realm1.test', 'pw', 'carol', 'pw3'],
  ] as const) {
    const b = bench({ params });
    b.host.variables.set('$avp(u)', user).set('$avp(r)', realm).set('$avp(p)', password);
    const first = only(b.receive(requestText()), true);
    const retry = only(b.reply(first, 407, proxyAuth(challenge())), true);
    assert.equal(digest(retry.message, 'Proxy-Authorization').username, expected);
    verify(retry.message, 'Proxy-Authorization', secret);
  }
});

test('the last credential of a realm counts; none: -1', () => {
  const b = bench({ params: { credential: [CREDENTIAL, 'late:realm1.test:x'] } });
  const first = only(b.receive(requestText()), true);
  const retry = only(b.reply(first, 401, www(challenge())), true);
  assert.equal(digest(retry.message, 'Authorization').username, 'late');
  const none = bench({ params: {} });
  only(none.reply(only(none.receive(requestText()), true), 401, www(challenge())), false);
  assert.deepEqual(none.codes, ['DIGEST_NO_CREDENTIAL']);
});

test('HA1 mode: the hash’s length chooses among challenges, and mode 0 afterwards takes passwords again', () => {
  const ha1 = userHa1('MD5', 'carol', 'realm1.test', 'pw3');
  const b = bench({
    params: { credential: [`carol:realm1.test:${ha1}`] },
    failure: (ctx, call) => {
      if (call('uac_auth_mode', 1) > 0) relayAgain(ctx);
    },
  });
  const first = only(b.receive(requestText()), true);
  const lines = www(challenge('realm1.test', ', algorithm=SHA-256')) + www(challenge('realm1.test', ', algorithm=md5'));
  const retry = only(b.reply(first, 401, lines), true);
  verify(retry.message, 'Authorization', 'pw3');
  assert.match(header(retry.message, 'Authorization'), /algorithm=md5$/);
  const bad = bench({ failure: (_ctx, call) => assert.equal(call('uac_auth', 1), -1) });
  only(bad.reply(only(bad.receive(requestText()), true), 401, www(challenge())), false);
  assert.deepEqual(bad.codes, ['DIGEST_HA1_INVALID']);
});

test('credentials bound to a destination: a stranger’s 401 learns nothing', () => {
  const bind = (...values: string[]) => ({ ...PARAMS, credential_destination: values });
  for (const [values, answered] of [
    [['realm1.test:192.0.2.99'], true],
    [['realm1.test:192.0.2.99:5060'], true],
    [['realm1.test:192.0.2.99:5070'], false],
    [['realm1.test:198.51.100.1'], false],
    [['realm1.test:198.51.100.1', 'realm1.test:192.0.2.99'], true],
    [['other:198.51.100.1'], true],
    [['realm1.test:sbc.example.com'], false],
  ] as const) {
    const b = bench({ params: bind(...values) });
    const out = b.reply(only(b.receive(requestText()), true), 401, www(challenge()));
    assert.equal(
      out.some((one) => one.message.isRequest && one.message.method === 'INVITE'),
      answered,
      values.join(),
    );
    if (!answered) assert.deepEqual(b.codes, ['DIGEST_DESTINATION_MISMATCH']);
  }
  const named = bench({
    params: bind('realm1.test:SBC.example.com:5060'),
    names: { 'sbc.example.com': ['192.0.2.3'] },
  });
  const first = only(named.receive(requestText({ ruri: 'sip:bob@sbc.example.com' })), true);
  only(named.reply(first, 401, www(challenge())), true);
});

test('the retry goes to the address that challenged, by the same next hop and socket', () => {
  const b = bench({
    names: { 'sbc.example.com': ['192.0.2.3', '192.0.2.4'] },
    request: (ctx) => {
      ctx.state.onFailure = 'f';
      ctx.state.target.dstUri = 'sip:sbc.example.com';
      ctx.state.target.uri = 'sip:4711@trunk.example.com';
    },
  });
  const first = only(b.receive(requestText()), true);
  assert.equal(first.to, '192.0.2.3:5060');
  const moved = only(b.reply(first, 503), true);
  assert.equal(moved.to, '192.0.2.4:5060');
  const retry = only(b.reply(moved, 401, www(challenge())), true);
  assert.equal(retry.to, '192.0.2.4:5060');
  assert.equal(retry.message.requestUri, 'sip:4711@trunk.example.com');
  assert.equal(digest(retry.message, 'Authorization').uri, 'sip:4711@trunk.example.com');
});

test('bound credentials do not follow the request to a next address, nor to where the script sends it', () => {
  const bound = { ...PARAMS, credential_destination: ['realm1.test:192.0.2.3'] };
  const names = { 'sbc.example.com': ['192.0.2.3', '192.0.2.4'] };
  const failover = bench({ params: bound, names });
  const ruri = 'sip:bob@sbc.example.com';
  const retry = only(failover.reply(only(failover.receive(requestText({ ruri })), true), 401, www(challenge())), true);
  verify(retry.message, 'Authorization', 'pw3');
  const moved = only(failover.reply(retry, 503), true);
  assert.equal(moved.to, '192.0.2.4:5060');
  assert.equal(header(moved.message, 'Authorization'), '');
  const moving = bench({
    params: { ...PARAMS, credential_destination: ['realm1.test:192.0.2.99'] },
    failure: (ctx, call) => {
      assert.equal(call('uac_auth'), 1);
      ctx.state.target.dstUri = 'sip:198.51.100.7';
      relayAgain(ctx);
    },
  });
  const elsewhere = only(moving.reply(only(moving.receive(requestText()), true), 401, www(challenge())), true);
  assert.equal(elsewhere.to, '198.51.100.7:5060');
  assert.equal(header(elsewhere.message, 'Authorization'), '');
  // By name it may go to each of the name's addresses, and each sending counts for the nonce.
  const named = bench({ params: { ...PARAMS, credential_destination: ['realm1.test:sbc.example.com'] }, names });
  const first = only(named.receive(requestText({ ruri })), true);
  const one = only(named.reply(first, 401, www(challenge('realm1.test', ', qop="auth"'))), true);
  const two = only(named.reply(one, 503), true);
  verify(two.message, 'Authorization', 'pw3');
  assert.deepEqual(
    [one, two].map(({ message }) => digest(message, 'Authorization').nc),
    ['00000001', '00000002'],
  );
});

test('a request that is written twice to be sent once uses its nonce once', () => {
  const b = bench();
  let written = 0;
  // As a sender that finds a request too large for UDP: it is written again for the stream.
  Object.assign(b.host.sender, {
    fitTransport: (to: object) => {
      written++;
      return { ...to };
    },
  });
  const first = only(b.receive(requestText()), true);
  const retry = only(b.reply(first, 401, www(challenge('realm1.test', ', qop="auth"'))), true);
  assert.equal(written, 2);
  verify(retry.message, 'Authorization', 'pw3');
  assert.equal(digest(retry.message, 'Authorization').nc, '00000001');
});

test('the digest is of the Request-URI as it is written', () => {
  const b = bench({
    request: (ctx) => {
      ctx.state.onFailure = 'f';
      ctx.state.target.dstUri = 'sip:192.0.2.99';
      ctx.state.target.uri = 'sip:4 7 1 1@192.0.2.99';
    },
  });
  const retry = only(b.reply(only(b.receive(requestText()), true), 401, www(challenge())), true);
  assert.equal(retry.message.requestUri, 'sip:4711@192.0.2.99');
  assert.equal(digest(retry.message, 'Authorization').uri, 'sip:4711@192.0.2.99');
  verify(retry.message, 'Authorization', 'pw3');
});

test('works for any method; what forms no dialog gets the next number', () => {
  for (const method of ['REGISTER', 'OPTIONS', 'MESSAGE', 'SUBSCRIBE', 'FOO']) {
    const b = bench();
    const first = only(b.receive(requestText({ method })), true);
    const retry = only(b.reply(first, 401, www(challenge('realm1.test', ', qop="auth"'))), true);
    verify(retry.message, 'Authorization', 'pw3');
    assert.equal(header(retry.message, 'CSeq'), `8 ${method}`);
    const up = only(b.reply(retry, 200), false);
    assert.equal(header(up.message, 'CSeq'), `7 ${method}`);
    assert.equal(/csd/.test(header(retry.message, 'Record-Route')), method === 'SUBSCRIBE' || method === 'FOO');
  }
});

test('no Record-Route, or cseq_update 0: the number stays', () => {
  const without = bench({
    request: (ctx) => {
      ctx.state.onFailure = 'f';
      ctx.state.recordRoute = null;
    },
  });
  const off = bench({ params: { ...PARAMS, cseq_update: 0 } });
  for (const b of [without, off]) {
    const retry = only(b.reply(only(b.receive(requestText()), true), 401, www(challenge())), true);
    assert.equal(header(retry.message, 'CSeq'), '7 INVITE');
    assert.doesNotMatch(retry.text, /csd/);
  }
});

test('another trunk after a failed one begins without credentials and without offset', () => {
  let run = 0;
  const b = bench({
    failure: (ctx, call) => {
      ctx.state.onFailure = 'f';
      run++;
      if (run === 2) ctx.state.target.uri = 'sip:bob@198.51.100.7';
      else if (call('uac_auth') < 0) return;
      relayAgain(ctx);
    },
  });
  const first = only(b.receive(requestText()), true);
  const retry = only(b.reply(first, 401, www(challenge())), true);
  const second = only(b.reply(retry, 500), true);
  assert.equal(second.to, '198.51.100.7:5060');
  assert.equal(header(second.message, 'Authorization'), '');
  assert.equal(header(second.message, 'CSeq'), '7 INVITE');
  assert.doesNotMatch(second.text, /csd/);
  // The same realm is answered there anew.
  const last = only(b.reply(second, 401, www(challenge('realm1.test', '', 'n2'))), true);
  verify(last.message, 'Authorization', 'pw3');
  assert.equal(header(last.message, 'CSeq'), '8 INVITE');
});

test('forked branches each answer for themselves in branch-failure routes', () => {
  const b: Bench = new Bench({
    params: { credential: [CREDENTIAL, 'erin:other:x'] },
    request: (ctx) => {
      ctx.state.branches.push(ctx.state.target.clone());
      ctx.state.branches[0]!.uri = 'sip:bob@198.51.100.7';
    },
    branchFailure: (ctx, call) => {
      if (call('uac_auth') > 0) b.proxy.relay(ctx.state);
    },
  });
  const [one, two] = b.receive(requestText());
  assert.ok(one && two);
  const again1 = only(b.reply(one, 401, www(challenge())), true);
  const again2 = only(b.reply(two, 407, proxyAuth(challenge('other'))), true);
  assert.equal(again1.to, one.to);
  assert.equal(again2.to, two.to);
  assert.equal(header(again2.message, 'Authorization'), '');
  assert.equal(header(again1.message, 'CSeq'), '8 INVITE');
  assert.equal(header(again2.message, 'CSeq'), '8 INVITE');
  verify(again1.message, 'Authorization', 'pw3');
  verify(again2.message, 'Proxy-Authorization', 'x');
});

test('a hostile challenge injects nothing', () => {
  const b = bench({
    params: { auth_username_avp: '$avp(u)', auth_realm_avp: '$avp(r)', auth_password_avp: '$avp(p)' },
  });
  b.host.variables.set('$avp(u)', 'da"ve\\').set('$avp(p)', 'pw');
  const first = only(b.receive(requestText()), true);
  const retry = only(b.reply(first, 401, www('Digest realm="a\\"b", nonce="x\\\\y", opaque="o\\"p"')), true);
  const one = digest(retry.message, 'Authorization');
  assert.deepEqual([one.username, one.realm, one.nonce, one.opaque], ['da"ve\\', 'a"b', 'x\\y', 'o"p']);
  const crlf = bench({
    params: { auth_username_avp: '$avp(u)', auth_realm_avp: '$avp(r)', auth_password_avp: '$avp(p)' },
  });
  crlf.host.variables.set('$avp(u)', 'x\r\nEvil: 1').set('$avp(p)', 'pw');
  only(crlf.reply(only(crlf.receive(requestText()), true), 401, www(challenge())), false);
  assert.deepEqual(crlf.codes, ['DIGEST_TEXT_UNSENDABLE']);
});

test('a canceled call is not tried again', () => {
  const b = bench();
  const text = requestText();
  const first = only(b.receive(text), true);
  b.reply(first, 180);
  const branch = /branch=([^\r;]*)/.exec(text)![1]!;
  b.receive(requestText({ method: 'CANCEL', branch, cseq: 7 }));
  const out = b.reply(first, 401, www(challenge()));
  assert.equal(out.filter((one) => one.message.isRequest && one.message.method === 'INVITE').length, 0);
});

test('uac_auth twice in one route counts once', () => {
  const b = bench({
    failure: (ctx, call) => {
      ctx.state.onFailure = 'f';
      if (call('uac_auth') > 0 && call('uac_auth') > 0) relayAgain(ctx);
    },
  });
  const retry = only(b.reply(only(b.receive(requestText()), true), 401, www(challenge())), true);
  assert.equal(header(retry.message, 'CSeq'), '8 INVITE');
  assert.equal(headers(retry.message, 'Authorization').length, 1);
});

test('what an earlier failure_route changed in the challenged request is in its repetition', () => {
  let runs = 0;
  const b = bench({
    failure: (ctx, call) => {
      ctx.state.onFailure = 'f';
      if (runs++ === 0) {
        ctx.target.uri = 'sip:bob@192.0.2.98';
        ctx.edits.insert(ctx.message.headersEnd, 'X-Backup: 1\r\n');
        relayAgain(ctx);
      } else if (call('uac_auth') > 0) {
        ctx.edits.insert(ctx.message.headersEnd, 'X-Again: 1\r\n');
        relayAgain(ctx);
      }
    },
  });
  const first = only(b.receive(requestText()), true);
  const backup = only(b.reply(first, 503), true);
  assert.deepEqual(headers(backup.message, 'X-Backup'), ['1']);
  const again = only(b.reply(backup, 401, www(challenge())), true);
  assert.equal(again.message.requestUri, 'sip:bob@192.0.2.98');
  verify(again.message, 'Authorization', 'pw3');
  assert.deepEqual(headers(again.message, 'X-Backup'), ['1']);
  assert.deepEqual(headers(again.message, 'X-Again'), ['1']);
});

test('a repetition that cannot be sent leaves the challenge to the caller', () => {
  const b = bench();
  const first = only(b.receive(requestText()), true);
  b.proxy.options.maxBranches = 1;
  const out = b.reply(first, 401, www(challenge()));
  const upstream = out.filter((one) => !one.message.isRequest);
  assert.deepEqual(
    upstream.map((one) => one.message.status),
    [401],
  );
});
