/** Parameters and functions of auth that change what is sent. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { AuthModule } from '../../src/modules/auth/instance.ts';
import { ScriptContext } from '../../src/script/context.ts';
import { ROUTE_ONREPLY } from '../../src/script/values.ts';
import { authParameters } from '../scenario/digest-oracle.ts';
import { AuthBench, masked } from './auth-bench.ts';
import { cell, parsed, RECEIVED } from './support.ts';

test('names of the challenge headers', () => {
  const b = new AuthBench({ www_challenge_header: 'X-Www', proxy_challenge_header: 'X-Proxy' });
  b.call(b.ctx(), 'www_challenge', 'r', '1');
  assert.deepEqual(masked(b.sent.at(-1)), ['X-Www: Digest realm="r", nonce="N", qop="auth"']);
  b.call(b.ctx(), 'proxy_challenge', 'r', '1');
  assert.deepEqual(masked(b.sent.at(-1)), ['X-Proxy: Digest realm="r", nonce="N", qop="auth"']);
  const target = cell(b.host.variables, '$var(x)');
  assert.equal(b.call(b.ctx(), 'auth_get_www_authenticate', 'r', 2, target), 1);
  assert.match(String(b.host.variables.get('$var(x)')), /^X-Www: Digest realm="r", nonce="[^"]+", qop="auth-int"$/);
});

test('the challenge that pv_… leave, by flag, in the AVP of challenge_attr', () => {
  for (const [attr, name] of [
    ['$avp(s:left)', 'left'],
    ['$mine', 'mine'],
  ] as const) {
    const b = new AuthBench({ challenge_attr: attr });
    for (const [flags, qop] of [
      [2, ''],
      [4, ', qop="auth"'],
      [8, ', qop="auth-int"'],
      [14, ', qop="auth-int"'],
    ] as const) {
      const ctx = b.ctx();
      assert.equal(b.call(ctx, 'pv_www_authenticate', 'r', 'secret', flags), -5);
      const left = String(ctx.state.attributes.avps.get(name)).replace(/nonce="[^"]+"/, 'nonce="N"');
      assert.equal(left, `WWW-Authenticate: Digest realm="r", nonce="N"${qop}\r\n`);
      assert.equal(ctx.state.attributes.avps.get('digest_challenge') ?? null, null);
    }
    const none = b.ctx();
    assert.equal(b.call(none, 'pv_www_authenticate', 'r', 'secret', 0), -5);
    assert.equal(none.state.attributes.avps.get(name) ?? null, null);
  }
});

test('force_stateless_reply: a challenge that no transaction sends', () => {
  const ways = (params: Readonly<Record<string, number>>, transaction: boolean): readonly string[] => {
    const b = new AuthBench(params);
    const used: string[] = [];
    const noted = (way: string) => (): number => used.push(way);
    Object.assign(b.host.proxy, { reply: noted('stateful'), statelessReply: noted('stateless') });
    const ctx = b.ctx();
    // Only whether there is one is asked.
    if (transaction) ctx.state.transaction = {} as NonNullable<typeof ctx.state.transaction>;
    assert.equal(b.call(ctx, 'www_challenge', 'r', '1'), 1);
    return used;
  };
  assert.deepEqual(ways({}, true), ['stateful']);
  assert.deepEqual(ways({}, false), ['stateless']);
  assert.deepEqual(ways({ force_stateless_reply: 1 }, true), ['stateless']);
});

test('a challenge of a reply route is for who sent the request', () => {
  const b = new AuthBench({ ban_source_limit: 5, auth_checks_register: 8 });
  const { state } = b.ctx();
  const reply = parsed(
    `SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:a@x>;tag=2\r\n` +
      'Call-ID: a\r\nCSeq: 1 REGISTER\r\nContent-Length: 0\r\n\r\n',
  );
  const program = b.host.program();
  const from = { ...RECEIVED, ip: '10.0.0.9' };
  const ctx = new ScriptContext(program, ROUTE_ONREPLY, reply, state, state.target, state.edits, null, reply, from, 1);
  assert.equal(b.call(ctx, 'www_challenge', 'r', '1'), 1);
  const nonce = /nonce="([^"]+)"/.exec(b.sent.at(-1)?.headers[0] ?? '')?.[1] ?? '';
  const { nonces } = b.module.instance as AuthModule;
  assert.deepEqual([nonces.isIssuedTo(nonce, RECEIVED.ip), nonces.isIssuedTo(nonce, '10.0.0.9')], [true, false]);
  const scope = { hop: 'www', realm: 'r', algorithm: 'MD5', bound: '\xc0\0\x02\x07' } as const;
  assert.equal(nonces.check(nonce, scope, 'auth').state, 'fresh');
});

test('auth_algorithm() chooses for this request, and for no other', () => {
  const b = new AuthBench({ algorithm: 'MD5' });
  const algorithms = (ctx: ScriptContext): string[] => {
    b.call(ctx, 'www_challenge', 'r', '1');
    return (b.sent.at(-1)?.headers ?? []).map((line) => /algorithm=(.*)$/.exec(line)?.[1] ?? '');
  };
  const ctx = b.ctx();
  assert.equal(b.call(ctx, 'auth_algorithm', 'SHA-512-256,SHA-256'), 1);
  assert.deepEqual(algorithms(ctx), ['SHA-512-256', 'SHA-256']);
  assert.equal(b.call(ctx, 'auth_algorithm', 'MD4'), -1);
  assert.deepEqual(algorithms(ctx), ['SHA-512-256', 'SHA-256']);
  assert.deepEqual(algorithms(b.ctx()), ['MD5']);
});

test('Authentication-Info proves that the server knows the password, and its nonce is good for the next request', () => {
  const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
  for (const proxy of [false, true]) {
    const b = new AuthBench({ add_authinfo_hdr: 1 });
    const method = proxy ? 'INVITE' : 'REGISTER';
    const authenticate = proxy ? 'pv_proxy_authenticate' : 'pv_www_authenticate';
    const ctx = b.answered(['r', '1'], { proxy, method });
    assert.equal(b.call(ctx, authenticate, 'r', 'secret', 0), 1);
    const [name = '', value = ''] = ctx.state.replyHeaders.trim().split(': ');
    assert.equal(name, proxy ? 'Proxy-Authentication-Info' : 'Authentication-Info');
    const info = authParameters(`Digest ${value}`);
    const [header] = ctx.message.findByName(proxy ? 'Proxy-Authorization' : 'Authorization');
    assert.ok(header !== undefined);
    const given = authParameters(ctx.message.valueOf(header));
    const ha1 = md5('alice:r:secret');
    // RFC 7616 §3.5: the response's formula with an empty method.
    const middle = `${given.get('nonce')}:${given.get('nc')}:${given.get('cnonce')}:auth`;
    assert.equal(info.get('rspauth'), md5(`${ha1}:${middle}:${md5(`:${given.get('uri')}`)}`));
    const scope = { hop: proxy ? 'proxy' : 'www', realm: 'r', algorithm: 'MD5', bound: '' } as const;
    const { nonces } = b.module.instance as AuthModule;
    assert.equal(nonces.check(info.get('nextnonce') ?? '', scope, 'auth').state, 'fresh');
    assert.notEqual(info.get('nextnonce'), given.get('nonce'));
  }
});
