import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import type { AuthModule } from '../../src/modules/auth/instance.ts';
import { auth } from '../../src/modules/auth.ts';
import type { ScriptContext } from '../../src/script/context.ts';
import { ROUTE_REQUEST } from '../../src/script/values.ts';
import { AuthBench, masked } from './auth-bench.ts';
import { context, forwardedHeaders, load, RECEIVED, request } from './support.ts';

const ha1 = (user: string, realm: string, password: string): string =>
  createHash('md5').update(`${user}:${realm}:${password}`).digest('hex');

describe('challenges', () => {
  test('OpenSIPS: qop in the order given, algorithms strongest first, the script ends', () => {
    const bench = new AuthBench({ flavour: 'opensips' });
    const ask = (...args: unknown[]): readonly string[] => {
      assert.equal(bench.call(bench.ctx(), 'www_challenge', ...args), 0);
      return masked(bench.sent.at(-1));
    };
    assert.deepEqual(ask('r'), ['WWW-Authenticate: Digest realm="r", nonce="N"']);
    assert.deepEqual(ask('r', 'auth,auth-int'), ['WWW-Authenticate: Digest realm="r", nonce="N", qop="auth,auth-int"']);
    assert.deepEqual(ask('r', 'auth', 'MD5,sha-512-256, SHA-256'), [
      'WWW-Authenticate: Digest realm="r", nonce="N", qop="auth", algorithm=SHA-512-256',
      'WWW-Authenticate: Digest realm="r", nonce="N", qop="auth", algorithm=SHA-256',
      'WWW-Authenticate: Digest realm="r", nonce="N", qop="auth", algorithm=MD5',
    ]);
    assert.equal(bench.sent.at(-1)?.line, '401 Unauthorized');
    // RFC 8760: what names its algorithm asks for a qop.
    assert.match(ask('r', '0', 'MD5')[0] ?? '', /qop="auth", algorithm=MD5$/);
    assert.equal(bench.call(bench.ctx(), 'proxy_challenge', 'r', '1'), 0);
    assert.equal(bench.sent.at(-1)?.line, '407 Proxy Authentication Required');
    assert.deepEqual(masked(bench.sent.at(-1)), ['Proxy-Authenticate: Digest realm="r", nonce="N", qop="auth"']);
    for (const args of [
      ['r', 'auth-conf'],
      ['r', ''],
      ['r', 'auth', 'SHA-1'],
      ['r', 'auth', 'MD5,,'],
    ]) {
      assert.equal(bench.call(bench.ctx(), 'www_challenge', ...args), -1);
    }
    assert.deepEqual(
      bench.host.log.codes.filter((code) => code.startsWith('AUTH_')),
      ['AUTH_QOP', 'AUTH_QOP', 'AUTH_ALGORITHM', 'AUTH_ALGORITHM'],
    );
  });

  test('an empty realm: To for a registrar, From else, without realm_prefix; 400 where there is none', () => {
    const bench = new AuthBench({ flavour: 'openser', realm_prefix: 'reg.' });
    const realm = (name: string, options: Parameters<typeof request>[0] = {}): string => {
      assert.equal(bench.call(bench.ctx(options), name, '', '1'), 0);
      return /realm="([^"]*)"/.exec(bench.sent.at(-1)?.headers[0] ?? '')?.[1] ?? bench.sent.at(-1)?.line ?? '';
    };
    assert.equal(realm('www_challenge'), 'ex.com');
    assert.equal(realm('www_challenge', { to: '<sip:alice@other.com>' }), 'other.com');
    assert.equal(
      realm('www_challenge', { to: '<sip:alice@OTHER.Com>' }),
      'other.com',
      'secrets are made for one spelling',
    );
    assert.equal(realm('www_challenge', { to: '<sip:alice@Reg.Other.com>' }), 'other.com');
    assert.equal(realm('proxy_challenge', { to: '<sip:alice@other.com>' }), 'ex.com');
    assert.equal(realm('www_challenge', { method: 'INVITE', to: '<sip:b@other.com>' }), 'ex.com');
    assert.equal(realm('www_challenge', { to: '<tel:+123>' }), '400 Bad Request');
    // A realm that is given is not touched.
    assert.equal(bench.call(bench.ctx(), 'www_challenge', 'reg.x', '0'), 0);
    assert.match(bench.sent.at(-1)?.headers[0] ?? '', /realm="reg\.x", nonce="[^"]+"$/);
  });

  test('Kamailio: realm_prefix is taken off the argument, an empty realm is 500', () => {
    const bench = new AuthBench({ flavour: 'kamailio', realm_prefix: 'sip.' });
    assert.equal(bench.call(bench.ctx(), 'www_challenge', 'sip.x', '1'), 1);
    assert.match(bench.sent.at(-1)?.headers[0] ?? '', /realm="x"/);
    assert.equal(bench.call(bench.ctx(), 'www_challenge', '', '0'), -1);
    assert.equal(bench.sent.at(-1)?.line, '500 Server Internal Error');
    assert.equal(bench.call(bench.ctx(), 'www_challenge', null, '4'), -1);
    assert.equal(bench.sent.length, 2);
    assert.equal(bench.call(bench.ctx(), 'www_challenge', 'x', '1', 'SHA-256,MD5'), 1);
    assert.deepEqual(
      masked(bench.sent.at(-1)).map((line) => /algorithm=(.*)$/.exec(line)?.[1]),
      ['SHA-256', 'MD5'],
    );
    assert.equal(bench.call(bench.ctx(), 'auth_algorithm', 'SHA-512-256'), 1);
  });

  test('ACK and CANCEL are never challenged', () => {
    for (const flavour of ['kamailio', 'opensips']) {
      const bench = new AuthBench({ flavour });
      for (const method of ['ACK', 'CANCEL']) {
        assert.ok(bench.call(bench.ctx({ method }), 'www_challenge', 'r', '1') < 0);
        assert.ok(bench.call(bench.ctx({ method }), 'proxy_challenge', 'r', '1') < 0);
        assert.equal(bench.call(bench.ctx({ method }), 'auth_challenge', 'r', 0), 1);
      }
      assert.equal(bench.sent.length, 0);
    }
  });

  test('no realm can inject a header', () => {
    for (const flavour of ['kamailio', 'opensips']) {
      const bench = new AuthBench({ flavour });
      for (const realm of ['a\r\nX-Evil: 1', 'a\0b', 'a\nb', 'x'.repeat(300)]) {
        assert.ok(bench.call(bench.ctx(), 'www_challenge', realm, '5') <= 0);
        assert.ok(bench.sent.every(({ headers }) => headers.length === 0));
      }
      bench.call(bench.ctx(), 'www_challenge', 'a", nonce="x', '1');
      assert.match(bench.sent.at(-1)?.headers[0] ?? '', /realm="a\\", nonce=\\"x", nonce="[\w-]{48}"/);
    }
  });

  test('a call shows its dialect where nothing says it', () => {
    const bench = new AuthBench();
    assert.equal(bench.call(bench.ctx(), 'www_challenge', 'r', '1'), 1);
    assert.equal(bench.call(bench.ctx(), 'www_challenge', 'r', 'auth'), 0);
    assert.equal(bench.call(bench.ctx(), 'www_challenge', 'r'), 0);
    assert.equal(bench.call(bench.ctx(), 'www_challenge', '', '1'), 0);
    const hinted = new AuthBench({ calculate_ha1: 1 });
    assert.equal(hinted.call(hinted.ctx(), 'www_challenge', 'r', '1'), 0);
    assert.match(hinted.host.log.lines.join(), /those of opensips \(its parameters\)/);
  });
});

describe('OpenSIPS', () => {
  const bench = (more: Record<string, number | string> = {}): AuthBench => {
    const made = new AuthBench({
      flavour: 'opensips',
      username_spec: '$var(user)',
      password_spec: '$var(password)',
      calculate_ha1: 1,
      ...more,
    });
    made.host.variables.set('$var(user)', 'alice').set('$var(password)', 'secret');
    return made;
  };

  test('codes', () => {
    const b = bench();
    const www = (ctx: ScriptContext): number => b.call(ctx, 'pv_www_authorize', 'r');
    assert.equal(www(b.ctx()), -4);
    assert.equal(www(b.answered(['r', 'auth'])), 1);
    assert.equal(www(b.answered(['r', 'auth', 'SHA-256'])), 1);
    assert.equal(www(b.answered(['r', 'auth'], { password: 'x' })), -2);
    assert.equal(www(b.answered(['r', 'auth'], { user: 'bob' })), -1);
    assert.equal(www(b.answered(['other', 'auth'])), -4);
    const late = b.answered(['r', 'auth']);
    b.host.clock.advance(31_000);
    assert.equal(www(late), -3);
    assert.equal(b.call(late, 'www_challenge', 'r', 'auth'), 0);
    assert.match(b.sent.at(-1)?.headers[0] ?? '', /, stale=true$/);
    assert.equal(www(b.ctx({ method: 'ACK' })), 1);
    assert.equal(www(b.ctx({ headers: 'Authorization: Digest username="a"\r\n' })), 0);
    assert.equal(b.sent.at(-1)?.line, '400 Bad Request');
    b.host.variables.delete('$var(password)');
    assert.equal(www(b.answered(['r', 'auth'])), 0);
    assert.equal(b.sent.at(-1)?.line, '500 Server Internal Error');
  });

  test('an HA1 in the place of the password, the proxy, an empty realm', () => {
    const b = bench({ calculate_ha1: 0 });
    b.host.variables.set('$var(password)', ha1('alice', 'ex.com', 'secret'));
    assert.equal(b.call(b.answered(['', 'auth'], { proxy: true, method: 'INVITE' }), 'pv_proxy_authorize', ''), 1);
    b.host.variables.set('$var(password)', 'no HA1');
    assert.equal(b.call(b.answered(['', 'auth'], { proxy: true, method: 'INVITE' }), 'pv_proxy_authorize', ''), -5);
  });

  test('OpenSER knows one code for all that fails', () => {
    const b = bench({ flavour: 'openser' });
    const www = (ctx: ScriptContext): number => b.call(ctx, 'pv_www_authorize', 'r');
    assert.equal(www(b.ctx()), -1);
    assert.equal(www(b.answered(['r', '1'], { password: 'x' })), -1);
    assert.equal(www(b.answered(['r', '0'])), 1);
    assert.equal(www(b.answered(['r', '1'])), 1);
  });
});

describe('Kamailio', () => {
  test('an undefined or empty password lets nobody in', () => {
    const b = new AuthBench();
    for (const password of [null, '', '<null>']) {
      for (const used of ['', '<null>']) {
        const ctx = b.answered(['r', '1'], { password: used });
        const code = b.call(ctx, 'pv_www_authenticate', 'r', password, 0);
        assert.equal(code > 0, password === '<null>' && used === '<null>');
      }
    }
  });

  test('identity, the method to hash, the challenge left behind', () => {
    const b = new AuthBench();
    const ctx = b.answered(['r', '1'], { user: 'alice' });
    assert.equal(b.call(ctx, 'pv_auth_check', 'r', 'secret', 0, 1), 1);
    const other = b.answered(['r', '1'], { user: 'bob' });
    assert.equal(b.call(other, 'pv_auth_check', 'r', 'secret', 0, 1), -8);
    const told = new AuthBench({ check_identity: 1 });
    assert.equal(told.call(told.answered(['r', '1'], { user: 'bob' }), 'pv_www_authenticate', 'r', 'secret', 0), -8);
    assert.equal(b.call(b.answered(['r', '1']), 'pv_www_authenticate', 'r', 'secret', 0, 'INVITE'), -2);
    const failing = b.ctx();
    assert.equal(b.call(failing, 'pv_www_authenticate', 'r', 'secret', 4), -5);
    assert.match(
      String(failing.state.attributes.avps.get('digest_challenge')),
      /^WWW-Authenticate: Digest realm="r", nonce="[^"]+", qop="auth"\r\n$/,
    );
  });

  test('asking twice in one run is no replay', () => {
    const b = new AuthBench();
    const ctx = b.answered(['r', '1']);
    assert.equal(b.call(ctx, 'pv_www_authenticate', 'r', 'secret', 0), 1);
    assert.equal(b.call(ctx, 'pv_www_authenticate', 'r', 'secret', 0), 1);
    const again = context(
      b.host,
      request({
        method: 'REGISTER',
        body: '',
        headers: `X: 1\r\nAuthorization: ${ctx.message.valueOf(ctx.message.findByName('Authorization')[0]!)}\r\n`,
      }),
    );
    assert.equal(b.call(again, 'pv_www_authenticate', 'r', 'secret', 0), -4);
  });
});

describe('consume_credentials', () => {
  const named = (ctx: ScriptContext): string[] => forwardedHeaders(ctx).filter((line) => /authorization/i.test(line));

  test('all that were proven, and no others', () => {
    const b = new AuthBench();
    const www = b.answered(['r', '1']).message;
    const proxy = b.answered(['r', '1'], { proxy: true }).message;
    const value = (message: typeof www, name: string): string => message.valueOf(message.findByName(name)[0]!);
    const ctx = b.ctx({
      headers:
        `Authorization: ${value(www, 'Authorization')}\r\nAuthorization: Digest username="a", realm="other", nonce="n", uri="u", response="r"\r\n` +
        `Proxy-Authorization: ${value(proxy, 'Proxy-Authorization')}\r\n`,
    });
    assert.equal(b.call(ctx, 'consume_credentials'), -1);
    assert.equal(b.call(ctx, 'pv_www_authenticate', 'r', 'wrong', 0), -2);
    assert.equal(b.call(ctx, 'consume_credentials'), -1);
    assert.equal(b.call(ctx, 'pv_www_authenticate', 'r', 'secret', 0), 1);
    assert.equal(b.call(ctx, 'pv_proxy_authenticate', 'r', 'secret', 0), 1);
    assert.equal(b.call(ctx, 'consume_credentials'), 1);
    assert.deepEqual(
      named(ctx).map((line) => /realm="(\w+)"/.exec(line)?.[1]),
      ['other'],
    );
  });

  test('on ACK, those that answer a challenge of ours', () => {
    const b = new AuthBench();
    const message = b.answered(['r', '1'], { proxy: true, method: 'INVITE' }).message;
    const value = message.valueOf(message.findByName('Proxy-Authorization')[0]!);
    const foreign = 'Proxy-Authorization: Digest username="a", realm="r", nonce="n", uri="u", response="r"\r\n';
    const ctx = b.ctx({ method: 'ACK', headers: `Proxy-Authorization: ${value}\r\n${foreign}` });
    assert.equal(b.call(ctx, 'consume_credentials'), 1);
    assert.equal(named(ctx).length, 1);
    assert.equal(b.call(b.ctx({ method: 'ACK', headers: foreign }), 'consume_credentials'), -1);
    assert.deepEqual(
      b.host.log.codes.filter((code) => code !== ''),
      [],
    );
  });
});

test('consume_credentials on ACK and CANCEL knows nonces that are bound to their INVITE', () => {
  for (const bits of [1, 2, 4, 8, 11, 15]) {
    const b = new AuthBench({ auth_checks_no_dlg: bits });
    const { message } = b.answered(['r', '1'], { proxy: true, method: 'INVITE', ruri: 'sip:ex.com' });
    const headers = `Proxy-Authorization: ${message.valueOf(message.findByName('Proxy-Authorization')[0]!)}\r\n`;
    const consumed = (more: Parameters<typeof request>[0]): number =>
      b.call(b.ctx({ method: 'ACK', headers, ...more }), 'consume_credentials');
    assert.equal(consumed({ method: 'CANCEL', ruri: 'sip:ex.com' }), 1, `CANCEL, ${bits}`);
    // To the Contact of who answered.
    assert.equal(consumed({ ruri: 'sip:phone@192.0.2.9', to: '<sip:b@ex.com>;tag=2' }), 1, `ACK, ${bits}`);
    assert.equal(consumed({ from: '<sip:alice@ex.com>;tag=other' }), (bits & 4) === 0 ? 1 : -1, `From, ${bits}`);
  }
});

test('Remote-Party-ID: numbers, prefix and suffix, and nothing that injects', () => {
  const b = new AuthBench({ rpid_avp: '$avp(x)', rpid_prefix: '<', rpid_suffix: '>;party=calling' });
  const rpid = (value: string | null, ...args: string[]): string | number => {
    if (value === null) b.host.variables.delete('$avp(x)');
    else b.host.variables.set('$avp(x)', value);
    const ctx = b.ctx();
    const code = b.call(ctx, 'append_rpid_hf', ...args);
    return forwardedHeaders(ctx).find((line) => line.startsWith('Remote-Party-ID')) ?? code;
  };
  assert.equal(rpid('sip:+358401234@x.y'), 'Remote-Party-ID: <sip:+358401234@x.y>;party=calling');
  assert.equal(rpid('+358401234', '"W" <', '@1.2.3.4>'), 'Remote-Party-ID: "W" <+358401234@1.2.3.4>');
  assert.equal(rpid(null), -1);
  assert.equal(rpid('sip:a@b\r\nX-Evil: 1'), -1);
  assert.equal(rpid('sip:a@b', 'x\r\nX-Evil: 1\r\nY: ', ''), -1);
  const e164 = (value: string): number => {
    b.host.variables.set('$avp(x)', value);
    return b.call(b.ctx(), 'is_rpid_user_e164');
  };
  for (const good of ['sip:+12@x', '"A" <sip:+123456789012345@x>;x=1', 'tel:+12']) assert.equal(e164(good), 1, good);
  for (const bad of ['sip:+1234567890123456@x', 'sip:+1@x', 'sip:12@x', 'sip:+abc@x', 'nonsense', '+'])
    assert.equal(e164(bad), -1, bad);
});

test('rpid_strip: what the client says of itself goes, whether there is an identity to show or not', () => {
  const own =
    'Remote-Party-ID: <sip:boss@x>\r\nremote-party-id: <sip:king@x>\r\nP-Asserted-Identity: <sip:boss@x>\r\nP-Preferred-Identity: <sip:b@x>\r\n';
  const left = (strip: number, value: string | null): readonly string[] => {
    const b = new AuthBench({ rpid_avp: '$avp(x)', rpid_strip: strip });
    if (value !== null) b.host.variables.set('$avp(x)', value);
    const ctx = b.ctx({ headers: own });
    b.call(ctx, 'append_rpid_hf', '<', '>');
    return forwardedHeaders(ctx).filter((line) => /^(?:remote-party|p-(?:asserted|preferred))/i.test(line));
  };
  const lines = own.trim().split('\r\n');
  const [first = '', second = '', asserted = '', preferred = ''] = lines;
  assert.deepEqual(left(0, 'sip:al@x'), [first, second, asserted, preferred, 'Remote-Party-ID: <sip:al@x>']);
  assert.deepEqual(left(1, 'sip:al@x'), [asserted, preferred, 'Remote-Party-ID: <sip:al@x>']);
  assert.deepEqual(left(7, 'sip:al@x'), ['Remote-Party-ID: <sip:al@x>']);
  assert.deepEqual(left(3, null), [preferred]);
  assert.throws(() => new AuthBench({ rpid_strip: 8 }), { code: 'AUTH_BAD_PARAMETER' });
});

test('what every packet can bring about is logged once a minute', () => {
  const b = new AuthBench({ flavour: 'opensips', username_spec: '$var(u)', password_spec: '$var(p)' });
  b.host.variables.set('$var(u)', 'alice').set('$var(p)', 'no HA1');
  const logged = (code: string): number => b.host.log.codes.filter((one) => one === code).length;
  const again = (): void => {
    for (let at = 0; at < 5; at++) {
      assert.equal(b.call(b.answered(['r', 'auth'], { nc: at + 1 }), 'pv_www_authorize', 'r'), -5);
      assert.equal(b.call(b.ctx({ to: '<tel:+1>' }), 'pv_www_authorize', ''), 0);
      assert.equal(b.call(b.ctx({ to: '<tel:+1>' }), 'www_challenge', '', 'auth'), 0);
    }
  };
  again();
  assert.deepEqual([logged('AUTH_HA1'), logged('AUTH_REALM')], [1, 1]);
  b.host.clock.advance(60_000);
  again();
  assert.deepEqual([logged('AUTH_HA1'), logged('AUTH_REALM')], [2, 2]);
});

test('a forged datagram gets nobody refused; over a connection every wrong answer counts', () => {
  const wrong = (nonce: string): string =>
    `Authorization: Digest username="al", realm="r", nonce="${nonce}", uri="u", response="${'0'.repeat(32)}"\r\n`;
  const b = new AuthBench({ ban_source_limit: 3, add_authinfo_hdr: 1 });
  const ask = (ctx: ScriptContext): number => b.call(ctx, 'pv_www_authenticate', 'r', 'secret', 0);
  for (let at = 0; at < 5; at++) {
    const ctx = b.ctx({ headers: wrong('x') });
    assert.equal(ask(ctx), -1);
    b.call(ctx, 'www_challenge', 'r', '1');
    assert.match(b.sent.at(-1)?.headers[0] ?? '', /, stale=true$/);
  }
  const own = b.answered(['r', '1']);
  assert.equal(ask(own), 1);
  const next = /nextnonce="([^"]+)"/.exec(own.state.replyHeaders)?.[1] ?? '';
  assert.equal(ask(b.ctx({ headers: wrong(next) })), -2, 'the nonce of Authentication-Info shows as much');
  const tcp = { ...RECEIVED, socket: { ...RECEIVED.socket, proto: 'tcp' as const } };
  const message = request({ method: 'REGISTER', body: '', headers: wrong('x') });
  const codes = [1, 2, 3].map(() => ask(context(b.host, message, ROUTE_REQUEST, tcp)));
  assert.deepEqual(codes, [-2, -2, -2]);
  assert.equal(b.call(b.ctx(), 'auth_banned'), 1);
  const farm = new AuthBench({ ban_source_limit: 3, secret: 'topsecret', nonce_format: 'kamailio' });
  assert.match(farm.host.log.lines.join(), /wrong credentials in datagrams are not counted/);
});

test('bans by command; counters', async () => {
  const b = new AuthBench({ ban_source_limit: 3, ban_time: 60 });
  const guess = (password: string): number =>
    b.call(b.answered(['r', '1'], { password }), 'pv_www_authenticate', 'r', 'secret', 0);
  assert.deepEqual([guess('a'), guess('b'), guess('c'), guess('secret')], [-2, -2, -2, -2]);
  assert.equal(b.call(b.ctx(), 'auth_banned'), 1);
  assert.equal(b.host.log.codes.at(-1), 'AUTH_BANNED');
  assert.match(
    JSON.stringify([...((await b.rpc('auth.ban_list')) as { values: Iterable<unknown> }).values]),
    /192\.0\.2\.7.*seconds_left",60.*refused",1/,
  );
  await assert.rejects(b.rpc('auth.ban_lift', '10.0.0.1'), { code: 404 });
  await b.rpc('auth.ban_lift', '192.0.2.7');
  assert.equal(guess('secret'), 1);
  assert.equal(b.call(b.ctx(), 'auth_banned'), -1);
  const count = (name: string): number | undefined => b.host.statistics.read(`auth:${name}`);
  assert.deepEqual([count('wrong_password'), count('banned'), count('ok'), count('challenges')], [3, 1, 1, 5]);
  assert.match(JSON.stringify(await b.rpc('auth.stats')), /"flavour","kamailio"/);
});

test('parameters that cannot work are refused, and no secret is shown', () => {
  for (const [params, code] of [
    [{ flavour: 'ser' }, 'AUTH_FLAVOUR'],
    [{ secret: 'short' }, 'AUTH_SECRET'],
    [{ secret: 'topsecret', nonce_accept: 'opensips' }, 'AUTH_SECRET'],
    [{ nonce_accept: 'kamailio' }, 'AUTH_NONCE_FORMAT'],
    [{ nonce_format: 'x' }, 'AUTH_NONCE_FORMAT'],
    [{ nonce_expire: 0 }, 'AUTH_NONCE_EXPIRE'],
    [{ algorithm: 'SHA-1' }, 'AUTH_ALGORITHM'],
    [{ auth_checks_register: 16 }, 'AUTH_BAD_PARAMETER'],
    [{ www_challenge_header: 'a b' }, 'AUTH_BAD_PARAMETER'],
    [{ challenge_attr: 'x' }, 'AUTH_VARIABLE'],
    [{ rpid_avp: '$ru' }, 'AUTH_VARIABLE'],
    [{ qop: 'bogus' }, 'AUTH_QOP'],
    [{ qop: 'AUTH' }, 'AUTH_QOP'],
  ] as const) {
    assert.throws(
      () => new AuthBench(params),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, code);
        assert.doesNotMatch(error.message, /short|topsecret/);
        return true;
      },
    );
  }
  for (const good of [{ qop: '' }, { qop: 'auth-int' }, { rpid_avp: '$avp(s:rpid)' }, { rpid_avp: '' }])
    new AuthBench(good);
  const { settings } = new AuthBench({ secret: 'topsecret' }).module.instance as AuthModule;
  assert.doesNotMatch(JSON.stringify(settings), /topsecret/);
});

test('a configuration that is loaded anew knows what was used', () => {
  const first = new AuthBench({ secret: 'a long secret' });
  const ctx = first.answered(['r', '1']);
  assert.equal(first.call(ctx, 'pv_www_authenticate', 'r', 'secret', 0), 1);
  const second = load(auth, first.host, { secret: 'a long secret' });
  auth.definition.stop?.(first.module.instance);
  const replay = first.ctx({
    headers: `X: 1\r\nAuthorization: ${ctx.message.valueOf(ctx.message.findByName('Authorization')[0]!)}\r\n`,
  });
  assert.equal(second.call(replay, 'pv_www_authenticate', 'r', 'secret', 0), -4);
});
