import assert from 'node:assert/strict';
import { test } from 'node:test';
import { corex } from '../../src/modules/corex.ts';
import { routeLabel } from '../../src/script/placed-variable.ts';
import { compileText, describe, runCompiled } from './support.ts';

test('$cfg says where it stands, each time it is written', () => {
  const { lines } = runCompiled(
    compileText(
      [
        'request_route {',
        '  xlog("$cfg(line) $cfg(name) $cfg(route)");',
        '  route(SUB);',
        '  $var(l) = $cfg(line);',
        '  xlog("$var(l) $cfg(line)");',
        '}',
        'route[SUB] {',
        '  if ($cfg(line) == 8 && $cfg(route) == "SUB") xlog("in $cfg(route) $(cfg(name){s.len})");',
        '}',
      ].join('\n'),
      { modules: [corex] },
    ),
  );
  assert.deepEqual(lines, ['2 test.cfg DEFAULT_ROUTE', 'in SUB 8', '4 5']);
});

test('an unknown key is an error', () => {
  const { result } = compileText('request_route { xlog("$cfg(foo)"); }', { modules: [corex] });
  assert.deepEqual(result.diagnostics.map(describe), [
    'error CFG_VARIABLE_NAME 1:23: $cfg takes one of line, name, route',
  ]);
});

test('names of routes', () => {
  assert.deepEqual(
    [
      routeLabel('request', ''),
      routeLabel('reply', ''),
      routeLabel('onsend', ''),
      routeLabel('branch', 'B'),
      routeLabel('event', 'tm:branch-failure:x'),
    ],
    ['DEFAULT_ROUTE', 'DEFAULT_ONREPLY', 'DEFAULT_SEND', 'B', 'tm:branch-failure:x'],
  );
});
