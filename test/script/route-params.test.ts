import assert from 'node:assert/strict';
import { describe as group, test } from 'node:test';
import { compileText, describe, runBody, runCompiled } from './support.ts';

group('$param: arguments of a route call (OpenSIPS)', () => {
  test('constants, variables and expressions, as they are when the route is called', () => {
    const { lines } = runBody(
      '$var(x) = 5; route(A, "text", $var(x), $var(x) + 2);',
      'route[A] { $var(x) = 9; xlog("$param(1) $param(2) $param(3) $param(4)"); if ($param(2) == 5) xlog("number"); }',
    );
    assert.deepEqual(lines, ['text 5 7 <null>', 'number']);
  });

  test('each call has its own; one without arguments has none', () => {
    const { lines } = runBody(
      'route(A, 1); xlog("[$param(1)]");',
      [
        'route[A] { xlog("A $param(1)"); route(B); route(B, $param(1) + 1); xlog("A $param(1)"); }',
        'route[B] { xlog("B $param(1)"); }',
      ].join('\n'),
    );
    assert.deepEqual(lines, ['A 1', 'B <null>', 'B 2', 'A 1', '[<null>]']);
  });

  test('the number may be computed, and so may the route', () => {
    const { lines } = runBody(
      '$var(i) = 2; $var(r) = "A"; route($var(r), "a", "b");',
      'route[A] { xlog("$param($var(i))"); }',
    );
    assert.deepEqual(lines, ['b']);
  });

  test('a computed name that is no route leaves nothing for the next call', () => {
    const { lines } = runBody('$var(r) = "Z"; route($var(r), "a"); route(A);', 'route[A] { xlog("$param(1)"); }');
    assert.deepEqual(lines, ['<null>']);
  });

  test('arguments stay while a route waits', async () => {
    const run = runCompiled(
      compileText(
        'request_route { route(A, "x"); xlog("[$param(1)]"); }\nroute[A] { probe_later(1); xlog("$param(1)"); }',
      ),
    );
    await run.code;
    assert.deepEqual(run.lines, ['x', '[<null>]']);
  });

  test('what is wrong with a number is said, and the call is pointed at', () => {
    const { result } = compileText('request_route { route(A, 1); xlog("$param(0)"); }\nroute[A] { xlog("x"); }');
    assert.deepEqual(result.diagnostics.map(describe), [
      'warning CFG_DIALECT 1:17: arguments of route() are OpenSIPS syntax = read them with $param(1)',
      'error CFG_VARIABLE_NAME 1:36: "0" is no number of an argument',
    ]);
  });
});

group('return_mode', () => {
  const routes = 'route[M] { return -3; }\nroute[P] { return 2; }';
  const body =
    'request_route { $var(a) = route(M) + 1; xlog("$var(a)"); if (route(M) == -3) xlog("equal"); if (route(M)) xlog("true"); if (route(P) == 2) xlog("two"); }';
  const lines = (head: string): string[] => runCompiled(compileText(`${head}\n${body}\n${routes}`)).lines;

  test('0: in expressions a call is 1 or 0', () => assert.deepEqual(lines(''), ['1']));
  test('1: it is its code, and every one but 0 is true', () =>
    assert.deepEqual(lines('return_mode = 1'), ['-2', 'equal', 'true', 'two']));
});

group('cfg_select', () => {
  const SETTINGS = 'pstn.node = "base"\npstn.num = 5\npstn[1].node = "one"\npstn[2].node = "two"\npstn[2].num = 22\n';
  const READ = '$sel(cfg_get.pstn.node) $sel(cfg_get.pstn.num) $ccp(pstn.node)';

  test('reads see the instance, and the group where the instance has nothing', () => {
    const compiled = compileText(
      `${SETTINGS}request_route { xlog("${READ}"); cfg_select("pstn", 1); xlog("${READ}"); cfg_select("pstn", 2); xlog("${READ}");` +
        ` if (!cfg_select("pstn", 9)) xlog("false"); xlog("${READ}"); cfg_reset("pstn"); xlog("${READ}"); cfg_select("pstn", 1); }`,
    );
    const expected = ['base 5 base', 'one 5 one', 'two 22 two', 'false', 'two 22 two', 'base 5 base'];
    assert.deepEqual(runCompiled(compiled).lines, expected);
    assert.match(compiled.log.core.join(), /SCRIPT_NO_INSTANCE/);
    assert.equal(runCompiled(compiled).lines[6], 'base 5 base', 'the next message begins anew');
  });
});
