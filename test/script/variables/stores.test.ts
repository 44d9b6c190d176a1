import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pv } from '../../../src/modules/pv.ts';
import { load } from '../../modules/support.ts';
import { bench } from './support.ts';

describe('$var, $vn, $shv', () => {
  it('$var is 0 until it is set; undefined makes it 0', () => {
    const { set, value, show } = bench();
    assert.equal(value('$var(a b.c)'), 0);
    set('$var(a)', 'x');
    assert.equal(show('$var(a)$vz(a)'), 'xx');
    set('$vz(a)', null);
    assert.equal(value('$var(a)'), 0);
  });
  it('$vn is undefined until it is set, and another variable than $var', () => {
    const { set, value } = bench();
    set('$vn(q)', 'x');
    set('$var(q)', 3);
    assert.deepEqual([value('$vn(q)'), value('$var(q)')], ['x', 3]);
    set('$vn(q)', null);
    assert.deepEqual([value('$vn(q)'), value('$var(q)')], [null, 3]);
  });
  it('a name may be made at run time', () => {
    const { set, value } = bench();
    set('$var(n)', 'dyn');
    set('$var($var(n))', 5);
    assert.equal(value('$var(dyn)'), 5);
    set('$avp($var(n))', 'a');
    assert.equal(value('$avp(dyn)'), 'a');
  });
  it('$shv belongs to the server, $shvinc counts', () => {
    const { set, value } = bench();
    assert.equal(value('$shv(b)'), 0);
    set('$shv(b)', 5);
    assert.deepEqual([value('$shvinc(b)'), value('$shvinc(b)'), value('$shv(b)')], [6, 7, 7]);
  });
});

describe('$avp', () => {
  it('is a stack', () => {
    const { set, show, value } = bench();
    for (const one of ['one', 'two', 'three']) set('$avp(a)', one);
    assert.equal(show('$avp(a) | $(avp(a)[0]) $(avp(a)[1]) $(avp(a)[2]) $(avp(a)[3])'), 'three | three two one <null>');
    assert.equal(
      show('all=$(avp(a)[*]) n=$(avp(b)[*]) $cnt($avp(a)) $(avp(a)[-1])'),
      'all=three, two, one n=<null> 3 one',
    );
    set('$(avp(a)[*])', 'only');
    assert.equal(show('$(avp(a)[*])'), 'only');
    set('$avp(a)', 'new');
    set('$avp(a)', null);
    assert.equal(show('$avp(a) all=$(avp(a)[*])'), 'only all=only');
    set('$avp(a)', 'two');
    set('$(avp(a)[0])', 'repl');
    assert.equal(show('$(avp(a)[*])'), 'repl, two, only');
    set('$(avp(a)[*])', null);
    assert.equal(value('$avp(a)'), null);
    set('$avp(a)', null);
    assert.equal(value('$avp(a)'), null);
  });
  it('keeps integers', () => {
    const { set, value } = bench();
    set('$avp(i)', 7);
    assert.equal(value('$avp(i)'), 7);
  });
  it('class prefixes s: and i: are the same name, others are refused', () => {
    const { set, value, show } = bench();
    set('$avp(s:x)', 'x');
    set('$avp(i:5)', 'five');
    assert.deepEqual([value('$avp(x)'), value('$avp(5)')], ['x', 'five']);
    for (const text of ['$avp(a:b)', '$avp(x.y)', '$avp()']) assert.throws(() => show(text));
  });
  it('may have another name', () => {
    const one = bench();
    const host = one.host;
    host.modules.set('pv', load(pv, host, { avp_aliases: ['uuid=i:50;email=s:email_addr'] }).instance);
    one.set('$avp(email)', 'a@b');
    assert.equal(one.value('$avp(s:email_addr)'), 'a@b');
  });
});

describe('$xavp, $xavu, $xavi', () => {
  it('a value without record index makes a record', () => {
    const { set, show } = bench();
    set('$xavp(b=>x)', 1);
    set('$xavp(b[0]=>y)', 'two');
    assert.equal(show('$xavp(b=>x)|$xavp(b=>y)|$xavp(b[0]=>y)|$xavp(b=>y[0])'), '1|two|two|two');
    set('$xavp(b[0]=>x)', 5);
    assert.equal(show('$xavp(b=>x)|$xavp(b=>x[1])|$xavp(b=>x[*])'), '5|1|5, 1');
    set('$xavp(b=>x)', 'n2');
    assert.equal(show('$xavp(b=>x)|$xavp(b[1]=>x)|$xavp(b[-1]=>x)|$xavp(b[0]=>y)|$xavp(b[1]=>y)'), 'n2|5|5|<null>|two');
  });
  it('undefined removes a field or a record', () => {
    const { set, show } = bench();
    set('$xavp(b=>x)', 1);
    set('$xavp(b=>x)', 2);
    set('$xavp(b=>x)', null);
    assert.equal(show('$xavp(b=>x)|$xavp(b[1]=>x)'), '<null>|1');
    set('$xavp(c=>x)', 1);
    set('$xavp(c=>x)', 2);
    set('$xavp(c)', null);
    assert.equal(show('$xavp(c=>x)|$xavp(c[1]=>x)'), '1|<null>');
    set('$xavp(c=>x)', 2);
    set('$xavp(c[1])', null);
    assert.equal(show('$xavp(c=>x)|$xavp(c[1]=>x)'), '2|<null>');
    set('$xavp(c[*])', null);
    assert.equal(show('$xavp(c=>x)'), '<null>');
  });
  it('a field index replaces one value and only one that is there', () => {
    const { set, show } = bench();
    set('$xavp(b=>x)', 1);
    set('$xavp(b[0]=>x)', 2);
    assert.equal(set('$xavp(b[0]=>x[1])', 'S'), true);
    assert.equal(set('$xavp(b[0]=>x[2])', 'T'), false);
    assert.equal(set('$xavp(b[0]=>z[0])', 'T'), false);
    assert.equal(show('$xavp(b=>x[*])|$xavp(b=>z)'), '2, S|<null>');
    assert.equal(set('$xavp(none[0]=>c)', 'new'), false);
  });
  it('plain values and records have one name', () => {
    const { set, show } = bench();
    set('$xavp(r)', 'one');
    assert.equal(set('$xavp(r[1])', 'uno'), false);
    set('$xavp(r)', 'two');
    set('$xavp(r[1])', 'uno');
    assert.equal(show('$xavp(r)|$xavp(r[1])|$xavp(r[*])'), 'two|uno|two');
    assert.equal(set('$xavp(r[0]=>k)', 5), false);
    set('$xavp(r=>k)', 'kk');
    assert.match(show('$xavp(r)|$xavp(r=>k)'), /^<<xavp:.+>>\|kk$/);
    assert.equal(
      show('$cnt($xavp(r)) $(cnt($xavp(r=>k))) $cnt($xavp(r[0]=>k)) $cnt($xavp(r[9])) $cnt($ru)'),
      '3 1 1 0 1',
    );
  });
  it('indexes and names may be variables', () => {
    const { set, show } = bench();
    set('$xavp(a=>k)', 1);
    set('$xavp(a=>k)', 2);
    set('$var(i)', 1);
    set('$var(f)', 'k');
    assert.equal(show('$xavp(a[$var(i)]=>$var(f))'), '1');
  });
  it('$xavu has one value for each field', () => {
    const { set, show } = bench();
    set('$xavu(a)', '1');
    set('$xavu(a)', 2);
    assert.equal(show('$xavu(a)'), '2');
    set('$xavu(a=>b)', 3);
    set('$xavu(a=>c)', 4);
    set('$xavu(a=>b)', 5);
    assert.equal(show('$xavu(a=>b) $xavu(a=>c)'), '5 4');
    set('$xavu(a=>b)', null);
    assert.equal(show('$xavu(a=>b) $xavu(a=>c)'), '<null> 4');
    set('$xavu(a)', null);
    assert.equal(show('$xavu(a=>c)'), '<null>');
  });
  it('$xavi does not mind the case of names', () => {
    const { set, show } = bench();
    set('$xavi(A=>B)', 1);
    set('$xavi(a[0]=>b)', 2);
    assert.equal(show('$xavi(A=>b) $xavi(a=>B[1])'), '2 1');
  });
  it('what is no path is refused', () => {
    const { show } = bench();
    for (const text of ['$xavp()', '$xavp(a=>)', '$xavp(a[x]=>b)', '$(xavp(a)[0])'])
      assert.throws(() => show(text), text);
  });
});
