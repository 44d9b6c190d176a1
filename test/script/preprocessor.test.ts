import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errors, item, parse, parseClean, problems } from './parse-support.ts';

/** Value of `debug` in a config that must be clean. */
function debug(text: string, options: Parameters<typeof parse>[1] = {}): unknown {
  const { value } = item(parseClean(text, options), 'globalAssignment');
  return value.kind === 'int' || value.kind === 'string' ? value.value : value.kind;
}

test('define, its aliases and variants', () => {
  assert.equal(debug('#!define X 5\ndebug=X'), 5);
  assert.equal(debug('!!define X 5\ndebug=X'), 5);
  assert.equal(debug('   #!define   X   5   \ndebug=X'), 5);
  assert.equal(debug('#!def X 5\n#!trydef X 6\ndebug=X'), 5);
  assert.equal(debug('#!trydefine X 6\ndebug=X'), 6);
  assert.equal(debug('#!define X 5\n#!redefine X 7\ndebug=X'), 7);
  assert.equal(debug('#!define X 5\n#!undef X\n#!define X 8\ndebug=X'), 8);
  assert.equal(debug('#!define A 5\n#!define B A\ndebug=B'), 5, 'a define in the value of another');
  assert.equal(debug('#!define X 5\\\n5\ndebug=X'), 55, 'continued line');
  assert.equal(debug('#!define A debug =\nA 4'), 4, 'any tokens');
  assert.equal(debug('#!define debug 5\ndebug=2'), 2, 'keywords are not replaced');
  assert.equal(debug('#!define X\ndebug=X 3'), 3, 'a define without value is replaced by nothing');
});

test('what cannot be defined', () => {
  assert.deepEqual(problems(parse('#!define X 1\n#!define X 1\n')), ['2:1 error CFG_DEFINE_AGAIN']);
  assert.match(errors(parse('#!define X 1\n#!define X 1\n'))[0]?.message ?? '', /test\.cfg:1/);
  assert.deepEqual(problems(parse('#!define A-B 1\n')), ['1:1 error CFG_DIRECTIVE']);
  // Kamailio takes these for comments.
  assert.deepEqual(problems(parse('#!define F(x) 1\n#!define\n#! define X 1\n#!unknown\n')), [
    '1:1 warning CFG_DIRECTIVE',
    '2:1 warning CFG_DIRECTIVE',
    '3:1 warning CFG_DIRECTIVE',
  ]);
});

test('a comment behind a value is cut off with a warning (Kamailio keeps it)', () => {
  const parsed = parse('#!define FLT 5 # note\nflags X:1; request_route { setflag(FLT); }');
  assert.deepEqual(problems(parsed), ['1:1 warning CFG_LENIENT']);
  assert.equal(parsed.defines.get('FLT')?.value, '5');
  assert.equal(parse('#!define U "mysql://a#b" // note\n').defines.get('U')?.value, '"mysql://a#b"');
  assert.equal(parse('#!define U http://a#b\n').defines.get('U')?.value, 'http://a#b');
});

test('a define that leads to itself is an error', () => {
  assert.deepEqual(problems(parse('#!define A B\n#!define B A\nrequest_route { route(A); }')), [
    '3:23 error CFG_DEFINE_RECURSIVE',
  ]);
});

test('expansion that explodes comes to an end', () => {
  const lines = Array.from({ length: 40 }, (_, index) => `#!define A${index} A${index + 1} A${index + 1}`);
  for (const last of ['#!define A40', '#!define A40 x']) {
    assert.ok(
      errors(parse([...lines, last, 'A0'].join('\n'))).some(
        ({ code }) => code === 'CFG_TOO_LARGE' || code === 'CFG_DEFINE_RECURSIVE',
      ),
    );
  }
});

test('problems in expanded text are reported where the define is used, and say so', () => {
  const [error] = errors(parse('#!define COND $a ==\nrequest_route {\n  if (COND) exit;\n}'));
  assert.deepEqual([error?.line, error?.column], [3, 11]);
  const [other] = errors(parse('#!define CALL f(g())\nrequest_route {\n  CALL;\n}'));
  assert.deepEqual([other?.line, other?.column, other?.length], [3, 3, 4]);
  assert.match(other?.hint ?? '', /from the value of 'CALL'/);
  const [empty] = errors(parse('#!define RELAY\nrequest_route { route(RELAY); }'));
  assert.match(empty?.hint ?? '', /'RELAY' before it is defined without a value/);
});

test('ifdef, ifndef, else, endif', () => {
  assert.equal(debug('#!define A\n#!ifdef A\ndebug=1\n#!else\ndebug=2\n#!endif'), 1);
  assert.equal(debug('#!ifdef A\ndebug=1\n#!else\ndebug=2\n#!endif'), 2);
  assert.equal(debug('#!ifndef A\ndebug=1\n#!endif'), 1);
  assert.equal(debug('#!ifdef A\n#!ifdef B\n#!else\ndebug=1\n#!endif\n#!else\ndebug=2\n#!endif'), 2, 'nested');
  assert.equal(
    debug('#!ifdef A\n"never closed /* nor this\n#!define A\n#!endif\ndebug=3'),
    3,
    'nothing is read in an unwanted branch',
  );
  assert.equal(debug(`#!ifdef A\n# don't #!endif\ndebug=3`), 3, 'there directives count anywhere');
  assert.equal(debug('##!ifdef A\n# #!ifdef A\ndebug=3'), 3, 'a directive in a comment is a comment');
  assert.equal(debug('debug=3 #!define A 4'), 3, 'a directive behind code');
});

test('ifdef in the middle of an expression', () => {
  const parsed = parse('request_route {\n if ($a == 1\n#!ifdef X\n && $b == 2\n#!endif\n ) exit;\n}');
  assert.deepEqual(problems(parsed), []);
});

test('unbalanced conditionals', () => {
  assert.deepEqual(problems(parse('debug=1\n#!ifdef A\ndebug=3\n')), ['2:1 error CFG_DIRECTIVE_UNBALANCED']);
  assert.deepEqual(problems(parse('debug=1\n#!endif\n')), ['2:1 error CFG_DIRECTIVE_UNBALANCED']);
  assert.deepEqual(problems(parse('#!ifdef\n#!endif\n')), ['1:1 error CFG_DIRECTIVE']);
  // Kamailio lets these pass.
  assert.deepEqual(problems(parse('#!else\ndebug=1\n')), ['1:1 warning CFG_DIRECTIVE_UNBALANCED']);
  assert.deepEqual(problems(parse('#!ifdef A\n#!else\n#!else\n#!endif\n')), ['3:1 warning CFG_DIRECTIVE_UNBALANCED']);
});

test('text behind a conditional', () => {
  assert.equal(debug('#!ifndef A # note\ndebug=1\n#!endif'), 1);
  // Kamailio does not see these two, which is never meant.
  const parsed = parse('#!ifdef A\ndebug=1\n#!else # not A\ndebug=2\n#!endif # A\n');
  assert.deepEqual(problems(parsed), ['3:1 warning CFG_LENIENT', '5:1 warning CFG_LENIENT']);
  assert.equal(parsed.ast.items.length, 1);
});

test('predefined names, and MOD_ names behind loadmodule', () => {
  for (const name of ['KAMAILIO_5', 'KAMAILIO_5_6', 'KAMAILIO_5_6_3', 'OS_NAME', 'TRUNKLINE']) {
    assert.equal(debug(`#!ifdef ${name}\ndebug=1\n#!else\ndebug=2\n#!endif`), 1, name);
  }
  assert.equal(debug('debug=KAMAILIO_VERSION'), 5006003);
  assert.equal(debug('#!ifexp KAMAILIO_VERSION >= 5006000\ndebug=1\n#!endif'), 1);
  const loaded = (line: string): unknown =>
    parse(`${line}\n#!ifdef MOD_tm\ndebug=1\n#!else\ndebug=2\n#!endif`).defines.has('MOD_tm');
  assert.ok(loaded('loadmodule "tm.so"'));
  assert.ok(loaded('loadmodule "/x/tm"'));
  assert.ok(loaded('loadmodule("tm")'));
  assert.ok(loaded('loadmodule tm.so'));
  assert.ok(!loaded('loadmodule "pv.so"'));
});

test('names from the command line', () => {
  const defines = new Map([
    ['WITH_X', ''],
    ['PORT', '5070'],
  ]);
  assert.equal(debug('#!ifdef WITH_X\ndebug=PORT\n#!endif', { defines }), 5070);
});

test('ifexp, defexp, defexps', () => {
  assert.equal(debug('#!define A 5\n#!ifexp A > 4 && !B\ndebug=1\n#!endif'), 1);
  assert.equal(debug('#!ifexp B\ndebug=1\n#!else\ndebug=2\n#!endif'), 2);
  assert.equal(debug('#!define A "x"\n#!ifexp A == "x" || 0\ndebug=1\n#!endif'), 1);
  assert.equal(debug('#!defexp A (1 + 2) * 3\ndebug=A'), 9);
  assert.equal(parse('#!defexps A "x" + 1\n').defines.get('A')?.value, '"x1"');
  assert.deepEqual(problems(parse('#!ifexp 1 +\n#!endif\n')), ['1:1 error CFG_DIRECTIVE']);
  assert.deepEqual(problems(parse('#!ifdef NO\n#!ifexp 1 +\n#!endif\n#!endif\n')), [], 'not looked at');
});

test('defenv', () => {
  const env = { HOST: 'a.com', QUOTED: 'x"y' };
  assert.equal(parse('#!defenv HOST\n', { env }).defines.get('HOST')?.value, 'a.com');
  assert.equal(parse('#!defenv H=HOST\n', { env }).defines.get('H')?.value, 'a.com');
  assert.equal(parse('#!defenvs QUOTED\n', { env }).defines.get('QUOTED')?.value, '"x\\"y"');
  assert.deepEqual(problems(parse('#!defenv NONE\n', { env })), ['1:1 error CFG_DEFINE_ENVIRONMENT']);
  assert.deepEqual(problems(parse('#!trydefenv NONE\n', { env })), []);
});

test('subst changes strings, variables and include names that follow', () => {
  const config = parseClean(
    'mpath "/OLD/OLD"\n#!subst "/OLD/new/g"\nmpath "/OLD/OLD"\nrequest_route { $var(OLD) = OLD2(); }',
  );
  const paths = config.items.map((found) => (found.kind === 'modulePath' ? found.path : ''));
  assert.deepEqual(paths.slice(0, 2), ['/OLD/OLD', '/new/new']);
  const { body } = item(config, 'routeBlock');
  assert.ok(body.statements[0]?.kind === 'assignment');
  assert.equal(body.statements[0].target.ref.inner, 'new');
});

test('substdef defines and replaces', () => {
  const config = parseClean('#!substdef "!MY_IP!10.0.0.1!g"\nlisten=udp:MY_IP:5060\nserver_header="X MY_IP MY_IP"\n');
  const header = config.items[1];
  assert.ok(header?.kind === 'globalAssignment' && header.value.kind === 'string');
  assert.equal(header.value.value, 'X 10.0.0.1 10.0.0.1');
  assert.equal(parse('#!substdefs "!X!a.com!g"\n').defines.get('X')?.value, '"a.com"');
  const parsed = parse('#!define B 2\n#!substdef "!A!$env(E)-$def(B)!g"\n', { env: { E: '1' } });
  assert.equal(parsed.defines.get('A')?.value, '1-2');
  assert.deepEqual(problems(parse('#!substdef "!A!b"\n')), ['1:1 error CFG_DIRECTIVE']);
  assert.deepEqual(problems(parse('#!subst "/(/b/"\n')), ['1:1 error CFG_DIRECTIVE']);
});

test('include_file and import_file', () => {
  const files: Readonly<Record<string, string>> = {
    '/etc/k/a.cfg': 'debug=1\ninclude_file "sub/b.cfg"\n',
    '/etc/k/sub/b.cfg': 'children=2\nimport_file "c.cfg"\n#!define IN 7\n',
    '/etc/k/sub/c.cfg': 'mhomed=1\n',
    '/run/b.cfg': 'fork=1\n',
  };
  const readFile = (path: string): string | null => files[path] ?? null;
  const read = (text: string) => parse(text, { readFile, cwd: '/run' });
  const names = (text: string): string[] =>
    read(text).ast.items.map((found) => (found.kind === 'globalAssignment' ? `${found.at.file} ${found.name}` : ''));
  assert.deepEqual(names('include_file "/etc/k/a.cfg"\ndebug=IN'), [
    '/etc/k/a.cfg debug',
    '/etc/k/sub/b.cfg children',
    '/etc/k/sub/c.cfg mhomed',
    'test.cfg debug',
  ]);
  assert.deepEqual(names('#!include_file "b.cfg"'), ['/run/b.cfg fork'], 'the working directory comes first');
  assert.deepEqual(names('#!define F "b.cfg"\ninclude_file F'), ['/run/b.cfg fork']);
  assert.deepEqual(problems(read('import_file "none.cfg"\n')), []);
  assert.deepEqual(problems(read('debug=1\ninclude_file "none.cfg"\n')), ['2:1 error CFG_INCLUDE_MISSING']);
});

test('a missing include does not make every name it may have defined an error', () => {
  const parsed = parse('include_file "none.cfg"\nrequest_route { setbflag(FLB_NAT); if ($a == LIMIT) exit; }');
  assert.deepEqual(problems(parsed), ['1:1 error CFG_INCLUDE_MISSING']);
});

test('a file that includes itself is an error', () => {
  const loop = 'include_file "/l.cfg"\n';
  const parsed = parse(loop, { readFile: () => loop });
  assert.deepEqual(
    parsed.diagnostics.map(({ code }) => code),
    ['CFG_INCLUDE_DEPTH'],
  );
});
