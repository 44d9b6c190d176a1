/** Observed results of Kamailio 5.6.3: routes, loops, switch, the end of a script. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DROP, EXIT } from '../../src/script/context.ts';
import { runBody, runConfig } from './support.ts';

const ROUTES = `
route[R1] { return; }
route[RM5] { return -5; }
route[R7] { return(7); }
route[NORET] { $var(q)=1; }
route[LASTFALSE] { is_method("INVITE"); }
route[EMPTY] {;}
`;

function lines(body: string, blocks = ROUTES): string[] {
  return runBody(body, blocks).lines;
}

test('return codes of routes', () => {
  assert.deepEqual(lines('route(R1); xlog("rc=$rc retcode=$retcode ?=$?"); route(RM5); xlog("rc=$rc");'), [
    'rc=1 retcode=1 ?=1',
    'rc=-5',
  ]);
  assert.deepEqual(lines('if (route(RM5)) { xlog("true"); } else { xlog("false rc=$rc"); }'), ['false rc=-5']);
  assert.deepEqual(lines('if (route(R7)) { xlog("true rc=$rc"); }'), ['true rc=7']);
  assert.deepEqual(lines('$var(x)=route(RM5); xlog("$var(x) rc=$rc");'), ['-5 rc=-5']);
  assert.deepEqual(lines('$var(x)=route(R7)+1; xlog("$var(x)");'), ['2']);
  assert.deepEqual(lines('route(NORET); xlog("rc=$rc");'), ['rc=1']);
  assert.deepEqual(lines('route(LASTFALSE); xlog("rc=$rc");'), ['rc=-1']);
  assert.deepEqual(lines('route(EMPTY); xlog("rc=$rc");'), ['rc=1']);
  assert.deepEqual(
    lines('if (route(RM5) == -2) { xlog("raw"); } else { xlog("1 or 0"); }'),
    ['1 or 0'],
    'a comparison sees 1 or 0',
  );
});

test('routes by computed names', () => {
  const unknown = runBody('xlog("x"); $var(n)="NOEXIST"; route($var(n)); xlog("rc=$rc");', ROUTES);
  assert.deepEqual(unknown.lines, ['x', 'rc=1']);
  assert.deepEqual(unknown.log.core, ['SCRIPT_UNKNOWN_ROUTE test.cfg:2: route(): there is no route[NOEXIST]']);
  assert.deepEqual(lines('$var(n)="R7"; route($var(n)); xlog("rc=$rc");'), ['rc=7']);
  assert.deepEqual(lines('route("R"+"7"); xlog("rc=$rc");'), ['rc=7']);
});

test('$rc is the code of the last function or route', () => {
  assert.deepEqual(lines('if (is_method("INVITE")) { ; } else { xlog("rc=$rc"); }'), ['rc=-1']);
  const after = (body: string): string[] => lines(`is_method("INVITE"); ${body} $var(k)=$rc; xlog("$var(k)");`);
  assert.deepEqual(after('if (method=="OPTIONS") { ; }'), ['-1']);
  assert.deepEqual(after('if ($var(a)==1) { ; }'), ['-1']);
  assert.deepEqual(after('setflag(1);'), ['-1'], 'a core function leaves it alone');
  assert.deepEqual(after('if (isflagset(1)) { ; }'), ['0'], 'but not in an expression');
  assert.deepEqual(after('if (is_method("OPTIONS") && isflagset(3)) { ; }'), ['0']);
  assert.deepEqual(after('if (is_method("OPTIONS") && method=="OPTIONS") { ; }'), ['1']);
  assert.deepEqual(after('$var(x) = { return 5; } + 1;'), ['0']);
  assert.deepEqual(lines('if (is_method("OPTIONS") && $rc==1) { xlog("sees 1"); }'), ['sees 1']);
});

test('values of last actions', () => {
  const value = (body: string): string =>
    lines('route(X); $var(k)=$rc; xlog("$var(k)");', `route[X] { ${body} }`)[0] ?? '';
  assert.equal(value('if(is_method("OPTIONS")) { is_method("INVITE"); }'), '-1');
  assert.equal(value('is_method("INVITE"); if ($var(zz)) { ; }'), '1', 'no branch was taken');
  assert.equal(value('switch(1) { case 1: is_method("INVITE"); break; }'), '0', 'break is an action of value 0');
  assert.equal(value('switch($rm) { case "OPTIONS": is_method("INVITE"); }'), '-1');
  assert.equal(
    value('is_method("INVITE"); switch($rm) { case "X": is_method("INVITE"); break; }'),
    '1',
    'no case fits',
  );
  assert.equal(value('while(1) { is_method("INVITE"); break; }'), '0');
  assert.equal(value('$var(i)=0; while($var(i)<2) { $var(i)=$var(i)+1; is_method("INVITE"); }'), '-1');
  assert.equal(value('is_method("INVITE"); while(0) { ; }'), '1');
  assert.equal(value('while(1) { is_method("OPTIONS"); }'), '-1', 'a runaway loop has failed');
  assert.equal(value('$var(q)=1/$var(zz);'), '-1', 'so has an assignment that could not be made');
  assert.equal(value('if (1/$var(zz)) { ; }'), '1', 'a condition that fails is false');
  assert.equal(value('is_method("INVITE"); if (1==1) { break; } xlog("not reached");'), '0');
  assert.equal(value('$var(n)="NOPE"; route($var(n));'), '-10');
  assert.equal(value('$var(s)="12"; return $var(s);'), '12');
  assert.equal(value('is_method("INVITE"); isflagset(7);'), '-1');
  assert.equal(value('is_method("INVITE"); ;'), '-1', 'a lone ; is no action');
});

test('loops', () => {
  assert.deepEqual(
    lines('$var(i)=0; while($var(i)<2) { $var(i)=$var(i)+1; xlog("loop $var(i)"); } xlog("i=$var(i)");'),
    ['loop 1', 'loop 2', 'i=2'],
  );
  const runaway = runBody('$var(i)=0; while(1) { $var(i)=$var(i)+1; } xlog("i=$var(i)");');
  assert.deepEqual(runaway.lines, ['i=100']);
  assert.match(runaway.log.core[0] ?? '', /^SCRIPT_LOOP_LIMIT test\.cfg:2: while: runaway loop: more than 100 rounds/);
  assert.deepEqual(
    lines('$var(n)=-2; while($var(n)) { $var(n)=$var(n)+1; xlog("$var(n)"); }'),
    ['-1', '0'],
    'a negative value goes on',
  );
  assert.deepEqual(
    lines('$var(i)=0; while($var(i)<3) { $var(i)=$var(i)+1; route(B); } xlog("$var(i)");', 'route[B] { break; }'),
    ['3'],
    "a break ends its own route, not the caller's loop",
  );
  assert.deepEqual(
    lines('$var(i)=0; while($var(i)<9) { $var(i)=$var(i)+1; if ($var(i)==2) { break; } } xlog("$var(i)");'),
    ['2'],
  );
  assert.deepEqual(
    runConfig('max_while_loops=3\nrequest_route { $var(i)=0; while(1) { $var(i)=$var(i)+1; } xlog("$var(i)"); }').lines,
    ['3'],
  );
});

test('switch', () => {
  const sw = (value: string): string[] =>
    lines(
      `$var(v)=${value}; switch($var(v)) { case 1: xlog("case1"); case 2: xlog("case2"); break; case 3: xlog("case3"); break; default: xlog("default"); }`,
    );
  assert.deepEqual(sw('1'), ['case1', 'case2']);
  assert.deepEqual(sw('2'), ['case2']);
  assert.deepEqual(sw('3'), ['case3']);
  assert.deepEqual(sw('9'), ['default']);
  assert.deepEqual(sw('"2"'), ['case2'], 'the value takes the type of the labels');
  assert.deepEqual(lines('switch($rm) { case /"^OPT": xlog("regex"); }'), ['regex']);
  assert.deepEqual(lines('switch($rm) { case /"^opt": xlog("regex"); break; default: xlog("case matters"); }'), [
    'case matters',
  ]);
  assert.deepEqual(lines('switch($rm) { default: xlog("d"); break; case "OPTIONS": xlog("o"); break; }'), ['o']);
  assert.deepEqual(lines('switch(is_method("INVITE")) { case 0: xlog("swf 0"); }'), ['swf 0']);
  assert.deepEqual(lines('is_method("INVITE"); switch($rc) { case -1: xlog("swrc -1"); }'), ['swrc -1']);
  assert.deepEqual(
    lines('switch($avp(none)) { case "": xlog("empty"); } switch($avp(none)) { case 0: xlog("zero"); }'),
    ['empty', 'zero'],
  );
});

test('what ends the script', async (t) => {
  const ends: readonly (readonly [string, string, string, number])[] = [
    ['exit in route', 'route(E);', 'route[E] { exit; }', EXIT],
    ['return 0', 'route(E);', 'route[E] { return 0; }', EXIT],
    ['drop in route', 'route(E);', 'route[E] { drop; }', DROP],
    ['exit in if expression', 'if (route(E)) { xlog("then"); }', 'route[E] { exit; }', EXIT],
    ['return 0 in if expression', 'if (!route(E)) { xlog("then"); }', 'route[E] { return 0; }', EXIT],
    ['return 0 in assignment', '$var(x)=route(E); xlog("$var(x)");', 'route[E] { return 0; }', EXIT],
    ['function that yields 0', 'probe_code("0");', '', EXIT],
    [
      'function that yields 0 in an expression',
      'if (probe_code("0") || is_method("OPTIONS")) { xlog("then"); }',
      '',
      EXIT,
    ],
    [
      'exit before the other side of &&',
      'if (!route(E) && route(G)) { ; }',
      'route[E] { exit; } route[G] { xlog("G"); }',
      EXIT,
    ],
    ['return of a false function', 'route(E);', 'route[E] { return is_method("INVITE"); }', EXIT],
    ['exit in switch', 'switch(route(E)) { case 0: xlog("0"); }', 'route[E] { exit; }', EXIT],
    ['exit in while', 'while(route(E)) { xlog("in"); }', 'route[E] { exit; }', EXIT],
    ['exit from two levels', 'route(O);', 'route[O] { route(E); xlog("O"); } route[E] { exit; }', EXIT],
  ];
  for (const [name, body, blocks, stop] of ends) {
    await t.test(name, () => {
      const run = runBody(`xlog("start"); ${body} xlog("reached"); sl_send_reply("200", "OK");`, blocks);
      assert.deepEqual(run.lines, ['start']);
      assert.deepEqual(run.replies, []);
      assert.equal(run.ctx.stop, stop);
    });
  }
});

test('a block is an expression', () => {
  const run = runBody('$var(x) = { return 5; }; xlog("blk $var(x)"); sl_send_reply("200", "OK");');
  assert.deepEqual(run.lines, ['blk 5']);
  assert.deepEqual(run.replies, ['200 OK']);
  assert.deepEqual(lines('if ({ return -5; }) { xlog("true"); } else { xlog("false"); }'), ['false']);
  assert.deepEqual(lines('$var(x) = { break; }; xlog("$var(x)");'), ['0']);
});

test('several request routes are one', () => {
  assert.deepEqual(runConfig('request_route { xlog("a"); }\nroute { xlog("b"); }').lines, ['a', 'b']);
});

test('a failed assignment leaves the variable alone and the script goes on', () => {
  const run = runBody('$var(x) = 7;\n$var(x) = 1 / $var(zero);\nxlog("$var(x)");');
  assert.deepEqual(run.lines, ['7']);
  assert.deepEqual(run.log.core, ['SCRIPT_DIVISION test.cfg:3: assignment to $var(x): division by zero']);
});

test('an exception in a function is logged with its place and counts as -1', () => {
  const run = runBody('probe_throw();\nxlog("rc=$rc");\nif (probe_throw()) { xlog("true"); } else { xlog("false"); }');
  assert.deepEqual(run.lines, ['rc=-1', 'false']);
  assert.deepEqual(run.log.core, [
    'SCRIPT_FUNCTION_FAILED test.cfg:2: probe_throw(): probe failed',
    'SCRIPT_FUNCTION_FAILED test.cfg:4: probe_throw(): probe failed',
  ]);
});

test('routes that call each other without end are stopped', () => {
  const run = runConfig(
    'max_recursive_level=10\nrequest_route { $var(n)=0; route(A); xlog("$var(n)"); }\nroute[A] { $var(n)=$var(n)+1; route(A); }',
  );
  assert.deepEqual(run.lines, ['10']);
  assert.match(run.log.core[0] ?? '', /^SCRIPT_TOO_DEEP route\[A\]/);
});

test('arguments', () => {
  const run = runBody(`
    $var(i) = 5; $var(s) = "abc"; $var(no) = "x";
    probe_value("$var(i)"); probe_value($var(i)); probe_value("<$var(i)>"); probe_value(7); probe_value("$avp(none)");
    probe_optional("$avp(none)"); probe_optional($var(s), "$var(i)"); probe_optional("a$$b", 0x10);
    probe_optional("x", "$var(no)"); xlog("rc=$rc");
    probe_set("$var(t)", "$var(i)"); probe_set($var(u), "u$var(i)"); xlog("$var(t) $var(u)");
    subst_user('/^b(.)b$/<\\1-$var(i)>/');
  `);
  assert.deepEqual(run.lines, [
    'number:5',
    'number:5',
    'string:<5>',
    'number:7',
    'object:null',
    '<null>:undefined',
    'abc:5',
    'a$b:16',
    'rc=-1',
    '5 u5',
    '<o-5>',
  ]);
  assert.deepEqual(run.log.core, ['SCRIPT_ARGUMENT test.cfg:6: probe_optional(): argument 2 is x and not a number']);
});

test('patterns made at run time', () => {
  const run = runBody(`
    $var(p) = "^sip:B"; if ($ru =~ $var(p)) { xlog("match"); }
    $var(p) = "("; if ($ru =~ $var(p)) { xlog("match"); } else { xlog("bad"); }
    if (search("^from:.*$fU")) { xlog("found"); }
  `);
  assert.deepEqual(run.lines, ['match', 'bad', 'found']);
  assert.deepEqual(run.log.core, ['SCRIPT_REGEX test.cfg:4: if condition: unmatched (']);
});

test('asynchronous functions', async () => {
  const run = runBody(
    `$var(x) = probe_later("5"); xlog("x=$var(x) rc=$rc");
     if (probe_later("-1") || probe_later("2")) { xlog("rc=$rc"); }
     route(LATER); xlog("after"); $var(n) = "LATER"; route($var(n)); probe_later("0"); xlog("never");`,
    'route[LATER] { xlog("in"); probe_later("1"); return 3; }',
  );
  assert.ok(run.code instanceof Promise);
  await run.code;
  assert.deepEqual(run.lines, ['x=5 rc=5', 'rc=2', 'in', 'after', 'in']);
  assert.equal(run.ctx.stop, EXIT);
});

test('a route that waits for nothing is synchronous though another waits', () => {
  const run = runBody('xlog("a"); route(S);', 'route[S] { xlog("s"); } route[LATER] { probe_later("1"); }');
  assert.equal(run.code, 1);
});
