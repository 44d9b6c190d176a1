import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ScriptContext } from '../../../src/script/context.ts';
import { ROUTE_FAILURE } from '../../../src/script/values.ts';
import { bench } from './support.ts';

describe('$dlg_var', () => {
  it('holds texts', () => {
    const { set, value, show } = bench();
    assert.equal(value('$dlg_var(x)'), null);
    set('$dlg_var(x)', 5);
    assert.equal(value('$dlg_var(x)'), '5');
    set('$dlg_var(x)', 'v');
    set('$var(n)', 'x');
    assert.equal(show('$dlg_var($var(n)) $dlg_var(y)'), 'v <null>');
    set('$dlg_var(x)', null);
    assert.equal(value('$dlg_var(x)'), null);
  });

  it('belongs to the request: its later routes see it, other requests do not', () => {
    const one = bench();
    one.set('$dlg_var(x)', 'v');
    const { program, message, state, target, edits, from } = one.ctx;
    const later = new ScriptContext(program, ROUTE_FAILURE, message, state, target, edits, null, null, from, 2);
    assert.equal(one.access('$dlg_var(x)').get(later), 'v');
    assert.equal(bench().value('$dlg_var(x)'), null);
  });

  it('needs a name and takes no index', () => {
    const { value } = bench();
    assert.throws(() => value('$dlg_var()'));
    assert.throws(() => value('$(dlg_var(x)[1])'));
  });
});
