import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDiagnostics } from '../../src/script/diagnostic.ts';
import { locateInString } from '../../src/script/string-literal.ts';
import { didYouMean, editDistance, nearestName } from '../../src/script/suggestion.ts';
import { item, parse } from './parse-support.ts';

test('a diagnostic as text: place, line, carets, hint', () => {
  const parsed = parse('loadmodule "xlog.so"\nrequest_route {\n\tif (is_method(INVITE)) {\n\t\txlog("a")\n\t}\n}\n');
  assert.equal(
    formatDiagnostics(parsed.diagnostics, parsed.files),
    `test.cfg:3:16: error: 'INVITE' is neither a string nor a defined name [CFG_BARE_WORD]
     3 | \tif (is_method(INVITE)) {
       | \t              ^^^^^^
       = write "INVITE" for a string, or #!define INVITE before

test.cfg:4:12: warning: no ';' behind xlog(…); Kamailio wants one also before '}' [CFG_LENIENT]
     4 | \t\txlog("a")
       | \t\t         ^
       = add ';'`,
  );
});

test('diagnostics name the included file', () => {
  const parsed = parse('debug=1\ninclude_file "b.cfg"\n', {
    readFile: (path) => (path === 'b.cfg' ? '\n chidren=1' : null),
  });
  assert.match(
    formatDiagnostics(parsed.diagnostics, parsed.files),
    /^b\.cfg:2:2: error: .*\n {5}2 \| {2}chidren=1\n {7}\| {2}\^{7}$/m,
  );
});

test('places inside string literals', () => {
  const parsed = parse('request_route {\n f("a\\tb $x\\n\n $y" "\\x41$z");\n}');
  const statement = item(parsed.ast, 'routeBlock').body.statements[0];
  assert.ok(statement?.kind === 'callStatement');
  const [literal] = statement.call.args;
  assert.ok(literal?.kind === 'string');
  const place = (needle: string): string => {
    const { line, column, length } = locateInString(literal, literal.value.indexOf(needle), needle.length);
    return `${line}:${column}+${length}`;
  };
  assert.equal(place('$x'), '2:10+2');
  assert.equal(place('$y'), '3:2+2');
  assert.equal(place('$z'), '3:11+2');
});

test('a place inside a string that came out of a define is where the define was used', () => {
  const parsed = parse('#!define S "a $x"\nrequest_route { f(S); }');
  const statement = item(parsed.ast, 'routeBlock').body.statements[0];
  assert.ok(statement?.kind === 'callStatement');
  const [literal] = statement.call.args;
  assert.ok(literal?.kind === 'string');
  assert.deepEqual(locateInString(literal, 2, 2), { file: 'test.cfg', line: 2, column: 19, length: 1 });
});

test('edit distance', () => {
  assert.equal(editDistance('retrun', 'return', 3), 1, 'swapped neighbours are one edit');
  assert.equal(editDistance('abc', 'abc', 3), 0);
  assert.equal(editDistance('chidren', 'children', 3), 1);
  assert.equal(editDistance('kitten', 'sitting', 5), 3);
  assert.equal(editDistance('a', 'completely', 3), 4, 'beyond the limit it is not exact');
});

test('nearest name', () => {
  assert.equal(nearestName('t_realy', ['t_relay', 't_reply', 'save']), 't_relay');
  assert.equal(nearestName('XLOG', ['xlog', 'xdbg']), 'xlog', 'case is a small difference');
  assert.equal(nearestName('foo', ['bar', 'completely']), null);
  assert.equal(didYouMean('loadmodul', ['loadmodule']), "did you mean 'loadmodule'?");
  assert.equal(didYouMean('zzz', ['loadmodule']), undefined);
});
