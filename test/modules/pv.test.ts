import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pv } from '../../src/modules/pv.ts';
import { ModuleError } from '../../src/script/module-definition.ts';
import { sharedVariables } from '../../src/script/variables/stores/shared.ts';
import { type Bench, bench } from '../script/variables/support.ts';
import { type LoadedModule, load } from './support.ts';

function setup(params: Readonly<Record<string, readonly string[]>> = {}): Bench & {
  module: LoadedModule;
  call(name: string, ...args: unknown[]): number;
} {
  const one = bench();
  const module = load(pv, one.host, params);
  return {
    ...one,
    module,
    call: (name, ...args) => {
      // As the compiler does: a variable's name becomes the variable.
      const given = args.map((arg) => (typeof arg === 'string' && arg.startsWith('$') ? one.access(arg) : arg));
      return module.call(one.ctx, name, ...given) as number;
    },
  };
}

describe('pv: tests of a variable', () => {
  it('pv_isset and pv_unset', () => {
    const { call, set, value } = setup();
    set('$avp(x)', '1');
    assert.equal(call('pv_isset', '$avp(x)'), 1);
    assert.equal(call('pv_isset', '$avp(q)'), -1);
    assert.equal(call('pv_isset', '$var(zzz)'), 1);
    assert.equal(call('pv_unset', '$avp(x)'), 1);
    assert.equal(value('$avp(x)'), null);
    assert.equal(call('pv_unset', '$si'), 1);
  });
  it('is_int, typeof, not_empty', () => {
    const { call, set } = setup();
    set('$var(a)', 1);
    set('$var(s)', 'txt');
    set('$avp(y)', '');
    const table: readonly (readonly [string, unknown[], number])[] = [
      ['is_int', ['$var(a)'], 1],
      ['is_int', ['$var(s)'], -1],
      ['is_int', ['$avp(q)'], -1],
      ['is_int', ['$rm'], 1],
      ['is_int', ['$rs'], -1],
      ['typeof', ['$avp(q)', 'null'], 1],
      ['typeof', ['$avp(q)', 'str'], -1],
      ['typeof', ['$var(s)', 'str'], 1],
      ['typeof', ['$var(a)', 'int'], 1],
      ['typeof', ['$rm', 'str'], 1],
      ['typeof', ['$rm', 'what'], -1],
      ['not_empty', ['$avp(y)'], -1],
      ['not_empty', ['$var(a)'], -1],
      ['not_empty', ['$var(s)'], 1],
      ['not_empty', ['$avp(q)'], -1],
    ];
    for (const [name, args, expected] of table)
      assert.equal(call(name, ...args), expected, `${name} ${args.join(', ')}`);
  });
});

describe('pv: records', () => {
  it('explode and implode', () => {
    const { call, show } = setup();
    assert.equal(call('xavp_params_explode', 'a=1;b="q;q";A=3;c', 'pp'), 1);
    assert.equal(show('$xavp(pp=>a)|$xavp(pp=>b)|$xavp(pp=>A)|[$xavp(pp=>c)]'), '1|q;q|3|[]');
    assert.equal(call('xavp_params_implode', 'pp', '$var(o)'), 1);
    assert.equal(show('$var(o)'), 'a=1;b=q;q;A=3;c=;');
    assert.equal(call('xavp_params_implode_qval', 'pp', '$var(o)'), 1);
    assert.equal(show('$var(o)'), 'a="1";b="q;q";A="3";c="";');
    assert.equal(call('xavp_params_implode', 'nope', '$var(o)'), -1);
    assert.equal(call('xavp_params_explode', '', 'pp'), -1);
    assert.equal(call('xavp_xparams_explode', 'a=1,b=2', ',', 'xx'), 1);
    assert.equal(show('$xavp(xx=>b)'), '2');
  });
  it('the same for $xavu; 5.6 always fails to implode it', () => {
    const { call, show } = setup();
    assert.equal(call('xavu_params_explode', 'a=1;b=2', 'uu'), 1);
    assert.equal(call('xavu_params_explode', 'a=3', 'uu'), 1);
    assert.equal(show('$xavu(uu=>a)|$xavu(uu=>b)'), '3|<null>');
    assert.equal(call('xavu_params_implode', 'uu', '$var(o)'), 1);
    assert.equal(show('$var(o)'), 'a=3;');
  });
  it('lists become values of the field v', () => {
    const { call, show } = setup();
    assert.equal(call('xavp_slist_explode', 'a, b,,c', ',', 't', 'sl'), 1);
    assert.equal(show('$xavp(sl=>v)|$xavp(sl=>v[1])|$xavp(sl=>v[2])|$xavp(sl=>v[3])'), 'a|b|c|<null>');
    assert.equal(call('xavp_slist_explode', ' a, b', ',', '', 's2'), 1);
    assert.equal(show('[$xavp(s2=>v)]'), '[ a]');
    assert.equal(call('xavp_slist_explode', '', ',', 't', 's3'), -1);
  });
  it('copies share nothing', () => {
    const { call, set, show } = setup();
    set('$xavp(pp=>a)', '1');
    assert.equal(call('xavp_copy', 'pp', 0, 'pc'), 1);
    set('$xavp(pc[0]=>a)', 'other');
    assert.equal(show('$xavp(pp=>a)|$xavp(pc=>a)'), '1|other');
    assert.equal(call('xavp_copy', 'pp', 5, 'pc'), -1);
    assert.equal(call('xavp_copy', 'pp', 0, 'pc', 0), 1);
    assert.equal(show('$xavp(pc=>a)|$xavp(pc[1]=>a)'), '1|<null>');
    assert.equal(call('xavp_copy', 'pp', 0, 'pc', 9), -1);
    assert.equal(call('xavp_copy', 'pp', 0, 'pc'), 1);
    assert.equal(show('$xavp(pc[1]=>a)'), '1');
  });
  it('fields are set, replaced and removed', () => {
    const { call, show } = setup();
    assert.equal(call('xavp_child_seti', 'ch', 'n', 5), 1);
    assert.equal(call('xavp_child_sets', 'ch', 's', 'txt'), 1);
    assert.equal(call('xavp_child_seti', 'ch', 'n', 6), 1);
    assert.equal(show('$xavp(ch=>n)|$xavp(ch=>n[1])|$xavp(ch=>s)|$xavp(ch[1]=>n)'), '6|<null>|txt|<null>');
    assert.equal(call('xavp_child_rm', 'ch', 'n'), 1);
    assert.equal(call('xavp_child_rm', 'ch', 'n'), 1);
    assert.equal(show('$xavp(ch=>n)'), '<null>');
    assert.equal(call('xavp_rm', 'ch'), 1);
    assert.equal(call('xavp_rm', 'ch'), 1);
    assert.equal(show('$xavp(ch=>s)'), '<null>');
    assert.equal(call('xavi_child_sets', 'Ch', 'S', 'i'), 1);
    assert.equal(show('$xavi(cH=>s)'), 'i');
    assert.equal(call('xavi_rm_all', 'CH'), 1);
    assert.equal(show('$xavi(ch=>s)'), '<null>');
  });
  it('xavp_rm takes the newest, xavp_rm_all every one, xavp_lshift the one named', () => {
    const { call, set, show } = setup();
    for (const one of ['1', '2', '3', '4']) set('$xavp(l)', one);
    call('xavp_rm', 'l');
    assert.equal(call('xavp_lshift', 'l', 1), 1);
    assert.equal(show('$xavp(l)$xavp(l[1])$xavp(l[2])'), '31<null>');
    assert.equal(call('xavp_lshift', 'l', 7), -1);
    call('xavp_rm_all', 'l');
    assert.equal(show('$xavp(l)'), '<null>');
  });
  it('$var to $xavp and back', () => {
    const { call, set, show } = setup();
    set('$var(s)', 'txt');
    set('$var(a)', 1);
    set('$vn(n)', 'not this');
    assert.equal(call('pv_var_to_xavp', 's', 'gx'), 1);
    assert.equal(show('$xavp(gx=>s)|$xavp(gx=>a)'), 'txt|<null>');
    assert.equal(call('pv_var_to_xavp', '*', 'gy'), 1);
    assert.equal(show('$xavp(gy=>s)|$xavp(gy=>a)'), 'txt|1');
    assert.equal(call('pv_var_to_xavp', 'none', 'gz'), -1);
    set('$xavp(gz=>mm)', 'm1');
    assert.equal(call('pv_xavp_to_var', 'gz'), 1);
    assert.equal(show('$var(mm)'), 'm1');
    assert.equal(call('pv_xavp_to_var', 'none'), -1);
  });
  it('are printed into the log', () => {
    const { call, set, host } = setup();
    set('$xavp(a=>x)', 1);
    set('$xavp(a[0]=>y)', 's');
    set('$xavp(b)', 5);
    for (const name of ['pv_xavp_print', 'pv_xavi_print', 'pv_xavu_print']) assert.equal(call(name), 1);
    assert.deepEqual(host.log.lines, ['a[0]: x=1; y=s', 'b[0]: 5']);
  });
});

describe('pv: destinations', () => {
  it('the static branch', () => {
    const { call, set, show } = setup();
    assert.equal(call('sbranch_append'), -1);
    assert.equal(call('sbranch_set_ruri'), -1);
    set('$sbranch(uri)', 'sip:sb@x');
    set('$sbranch(dst_uri)', 'sip:du@x');
    set('$sbranch(path)', '<sip:p;lr>');
    set('$sbranch(q)', 300);
    set('$sbranch(flags)', 3);
    set('$sbranch(send_socket)', 'udp:127.0.0.1:15099');
    assert.equal(
      show('$sbranch(uri)|$sbranch(q)|$sbranch(flags)|$sbranch(dst_uri)|$sbranch(path)|$sbranch(send_socket)'),
      'sip:sb@x|300|3|sip:du@x|<sip:p;lr>|udp:127.0.0.1:15099',
    );
    assert.equal(call('sbranch_append'), 1);
    assert.equal(show('$branch(count) $branch(uri)'), '1 sip:sb@x');
    assert.equal(call('sbranch_set_ruri'), 1);
    assert.equal(show('$ru $du $bf $fs'), 'sip:sb@x sip:du@x 3 udp:127.0.0.1:15099');
    assert.equal(call('sbranch_reset'), 1);
    assert.equal(show('$sbranch(uri) $branch(uri)'), '<null> sip:sb@x');
  });
  it('branches have a limit', () => {
    const { call, set, show } = setup();
    set('$sbranch(uri)', 'sip:sb@x');
    for (let i = 0; i < 20; i++) call('sbranch_append');
    assert.equal(show('$branch(count)'), '11');
  });
  it('xavp_push_dst', () => {
    const { call, set, show } = setup();
    assert.equal(call('xavp_push_dst', 'd'), -1);
    set('$xavp(d=>uri)', 'sip:a@b');
    set('$xavp(d[0]=>dst_uri)', 'sip:gw');
    assert.equal(call('xavp_push_dst', 'd'), 1);
    assert.equal(show('$ru $du $xavp(d=>uri)'), 'sip:a@b sip:gw <null>');
  });
});

describe('pv: parameters', () => {
  it('give $var and $shv their first values', () => {
    const { show, value, host } = setup({ varset: ['i=i:5', 's=s:a=b'], shvset: ['x=i:7'] });
    assert.equal(show('$var(i) $var(s) $shv(x)'), '5 a=b 7');
    assert.equal(typeof value('$shv(x)'), 'number');
    assert.equal(sharedVariables(host).get('x'), 7);
  });
  it('that are malformed are refused with their name', () => {
    for (const params of [{ varset: ['x'] }, { shvset: ['x=q:5'] }, { shvset: ['x=i:abc'] }, { avp_aliases: ['x'] }])
      assert.throws(
        () => setup(params),
        (error) => error instanceof ModuleError && error.parameter === Object.keys(params)[0],
      );
  });
  it('pv_evalx evaluates what the text yields', () => {
    const { call, show } = setup();
    assert.equal(call('pv_evalx', '$var(o)', 'plain'), 1);
    assert.equal(show('$var(o)'), 'plain');
  });
});
