/** Which dialect a configuration is written in, by its calls; and calls that can never work, at a check already. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AuthModule } from '../../src/modules/auth/instance.ts';
import { auth } from '../../src/modules/auth.ts';
import { authDb } from '../../src/modules/auth_db.ts';
import { siputils } from '../../src/modules/siputils.ts';
import { compileText } from '../script/support.ts';

/** A configuration with these statements, and parameters of auth. */
function compiled(body: string, params: Readonly<Record<string, number | string>> = {}) {
  const lines = Object.entries(params).map(
    ([name, value]) => `modparam("auth", "${name}", ${typeof value === 'number' ? value : `"${value}"`})`,
  );
  const text = [...lines, body.includes('request_route') ? body : `request_route { ${body} }`].join('\n');
  const { result } = compileText(text, { modules: [auth, authDb] });
  const linked = result.linked;
  const module = linked?.modules.find(({ name }) => name === 'auth')?.instance as AuthModule | undefined;
  linked?.stop();
  const found = result.diagnostics.map(({ severity, code, message, line }) => ({ severity, code, message, line }));
  return { module, found };
}

/** The dialect that nothing but calls and parameters show, and how long nonces live, in seconds. */
function dialect(body: string, params: Readonly<Record<string, number | string>> = {}): readonly unknown[] {
  const { module, found } = compiled(body, params);
  assert.ok(module !== undefined, JSON.stringify(found));
  const scope = { hop: 'www', realm: 'r', algorithm: 'MD5', bound: '' } as const;
  const nonce = module.nonces.check(module.nonces.issue(scope, []), scope, '');
  return [module.known, (nonce.expiresAt - nonce.issuedAt) / 1000];
}

describe('the dialect', () => {
  test('is that of calls which no other has', () => {
    for (const call of ['www_challenge("r", "auth");', 'proxy_challenge("", "auth,auth-int");', 'www_challenge("r");'])
      assert.deepEqual(dialect(call), ['opensips', 30], call);
    assert.deepEqual(dialect('pv_www_authorize("r"); www_challenge("r", "1");'), ['opensips', 30]);
    for (const call of [
      'auth_challenge("r", "1");',
      'auth_check("r", "subscriber", "1");',
      'www_authenticate("r", "subscriber");',
      'www_authorize("r", "subscriber", "INVITE");',
      'pv_proxy_authorize("r", "p", "0");',
    ])
      assert.deepEqual(dialect(`${call} exit;`), ['kamailio', 300], call);
  });

  test('is not told by what several have, or by calls of both', () => {
    for (const call of ['www_challenge("r", "1");', 'www_authorize("", "subscriber");', 'www_challenge("", "0");'])
      assert.deepEqual(dialect(call), [null, 300], call);
    assert.deepEqual(dialect('www_challenge("r", "auth"); auth_challenge("r", "1");'), [null, 300]);
  });

  test('is OpenSER’s where only parameters show that it is not Kamailio’s, OpenSIPS’ with those of its own', () => {
    assert.deepEqual(dialect('www_challenge("r", "1");', { rpid_avp: '$avp(s:rpid)' }), ['openser', 300]);
    assert.deepEqual(dialect('exit;', { rpid_prefix: '<', calculate_ha1: 1 }), ['opensips', 30]);
    assert.deepEqual(dialect('www_challenge("r", "auth");', { rpid_prefix: '<' }), ['opensips', 30]);
    assert.deepEqual(dialect('www_challenge("r", "auth");', { flavour: 'openser' }), ['openser', 300]);
    assert.deepEqual(dialect('www_challenge("r", "auth");', { nonce_expire: 77 }), ['opensips', 77]);
  });
});

test('append_rpid_hf() of siputils is warned of where auth has the parameters for it', () => {
  const warned = (names: readonly string[], parameter: string): number => {
    const lines = names.map((name) => `loadmodule "${name}.so"`);
    const text = `${lines.join('\n')}\n${parameter}\nrequest_route { append_rpid_hf(); is_rpid_user_e164(); }`;
    const { result } = compileText(text, { modules: [auth, siputils] });
    result.linked?.stop();
    assert.ok(result.ok, text);
    return result.diagnostics.filter(({ code }) => code === 'CFG_AMBIGUOUS_CALL').length;
  };
  const parameter = 'modparam("auth", "rpid_prefix", "<")';
  assert.equal(warned(['siputils', 'auth'], parameter), 2);
  assert.equal(warned(['siputils', 'auth'], ''), 0);
  assert.equal(warned(['auth', 'siputils'], parameter), 0);
});

describe('a challenge after which the script goes on', () => {
  const warned = (body: string, params: Readonly<Record<string, number | string>> = {}): boolean => {
    const { module, found } = compiled(body, params);
    assert.ok(module !== undefined, JSON.stringify(found));
    const list = found.filter(({ code }) => code === 'CFG_AMBIGUOUS_CALL');
    for (const { severity, message } of list) {
      assert.equal(severity, 'warning');
      assert.match(message, /^(www|proxy)_challenge\(\): ends the script on OpenSER/);
    }
    return list.length > 0;
  };
  const openser = 'if (!www_authorize("r", "subscriber")) { www_challenge("r", "1"); }; forward();';

  test('is warned of where nothing tells the dialect', () => {
    assert.equal(warned(openser), true);
    assert.equal(warned('proxy_challenge("r", "$var(x)"); forward();'), true);
    assert.equal(warned('request_route { route(A); forward(); } route[A] { www_challenge("r", "1"); }'), true);
    assert.equal(warned('while ($var(i) < 3) { if ($var(i) == 2) { www_challenge("r", "1"); } } exit;'), false);
    assert.equal(warned('switch ($var(i)) { case 1: www_challenge("r", "1"); break; } forward();'), true);
  });

  test('is not where it is told, or where an exit follows', () => {
    for (const flavour of ['kamailio', 'opensips', 'openser']) assert.equal(warned(openser, { flavour }), false);
    assert.equal(warned(openser, { rpid_avp: '$avp(rpid)' }), false);
    assert.equal(warned(openser.replace('"1"', '"auth"')), false);
    for (const end of ['exit;', 'drop;', 'return;', 'xlog("x"); exit;'])
      assert.equal(warned(`if ($var(x)) { www_challenge("r", "1"); ${end} } forward();`), false, end);
    assert.equal(warned('if ($var(x)) { www_challenge("r", "1"); } exit;'), false);
    assert.equal(warned('if ($var(x)) { www_challenge("r", "1"); }'), false, 'the end of the script');
    assert.equal(warned('if (!www_challenge("r", "1")) { forward(); } forward();'), false);
  });
});

test('calls that can never work are refused, where they stand', () => {
  const kamailio = { flavour: 'kamailio' };
  const opensips = { flavour: 'opensips' };
  for (const [call, code, params] of [
    ['www_challenge("r", "auth-conf")', 'AUTH_QOP', {}],
    ['www_challenge("r", "5x")', 'AUTH_QOP', {}],
    ['proxy_challenge("r", "")', 'AUTH_QOP', opensips],
    ['www_challenge("r", "auth", "SHA-1")', 'AUTH_ALGORITHM', opensips],
    ['www_challenge("r", "1", "MD5,,")', 'AUTH_ALGORITHM', kamailio],
    ['www_challenge("r", "1", "")', 'AUTH_ALGORITHM', kamailio],
    ['www_challenge("r", "auth")', 'AUTH_BAD_ARGUMENT', kamailio],
    ['www_challenge("r")', 'AUTH_BAD_ARGUMENT', kamailio],
    ['proxy_challenge("", "1")', 'AUTH_REALM', kamailio],
    ['proxy_challenge("sip.", "1")', 'AUTH_REALM', { ...kamailio, realm_prefix: 'sip.' }],
    ['auth_challenge("", "1")', 'AUTH_REALM', {}],
    ['auth_challenge("r", "1", "MD4")', 'AUTH_ALGORITHM', {}],
    ['auth_algorithm("MD4")', 'AUTH_ALGORITHM', {}],
    ['auth_get_www_authenticate("", "1", "$var(x)")', 'AUTH_REALM', {}],
    ['pv_www_authenticate("r", "", "0")', 'AUTH_BAD_ARGUMENT', {}],
    ['pv_proxy_authorize("", "p", "0")', 'AUTH_REALM', {}],
    ['pv_auth_check("r", "", "0", "1")', 'AUTH_BAD_ARGUMENT', {}],
    ['www_authenticate("", "subscriber")', 'AUTH_REALM', {}],
    ['www_authorize("", "subscriber")', 'AUTH_REALM', kamailio],
    ['proxy_authorize("r", "")', 'STORAGE_TABLE_NAME', {}],
    ['auth_check("r", "sub scriber", "1")', 'STORAGE_TABLE_NAME', {}],
  ] as const) {
    const { module, found } = compiled(`\n  ${call}; exit;`, params);
    assert.equal(module, undefined, call);
    const errors = found.filter(({ severity }) => severity === 'error');
    assert.equal(errors.length, 1, call);
    assert.equal(errors[0]?.code, 'CFG_ARGUMENT');
    assert.equal(errors[0]?.line, Object.keys(params).length + 2);
    assert.ok(errors[0]?.message.endsWith(`(${code})`), errors[0]?.message);
  }
});

test('calls that can work are not', () => {
  for (const [call, params] of [
    ['www_challenge("", "auth", "MD5,SHA-256")', {}],
    ['www_challenge("r", "auth", " ")', { flavour: 'opensips' }],
    ['www_challenge("", "1")', {}],
    ['www_challenge("$var(r)", "$var(q)", "$var(a)")', { flavour: 'kamailio' }],
    ['www_authorize("", "subscriber")', {}],
    ['pv_www_authenticate("$var(r)", "$var(p)", "0")', {}],
    ['auth_check("$fd", "$var(t)", "1")', {}],
  ] as const) {
    const { module, found } = compiled(`${call}; exit;`, params);
    assert.ok(module !== undefined, `${call} ${JSON.stringify(found)}`);
  }
});
