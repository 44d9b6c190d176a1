import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errors, item, parse, problems, statements } from './parse-support.ts';

const accepted: readonly (readonly [string, string])[] = [
  ['t_relay();', 't_relay();'],
  ['$ru = "sip:a@b";', '$ru = "sip:a@b";'],
  ['$(avp(x)[*]) = $null;', '$(avp(x)[*]) = $null;'],
  ['if ($a) exit;', 'if $a { exit; }'],
  ['if $a == 1 { exit; }', 'if ($a == 1) { exit; }'],
  ['if ($a) { f(); } else { g(); }', 'if $a { f(); } else { g(); }'],
  ['if ($a) f(); else if ($b) g(); else h();', 'if $a { f(); } else { if $b { g(); } else { h(); } }'],
  ['if ($a) { f(); };', 'if $a { f(); } ;'],
  ['if ($a) ; else exit;', 'if $a { ; } else { exit; }'],
  ['while ($i < 5) { $i = $i + 1; }', 'while ($i < 5) { $i = ($i + 1); }'],
  ['while (1) break;', 'while 1 { break; }'],
  ['return;', 'return;'],
  ['return -1;', 'return (- 1);'],
  ['return(7);', 'return 7;'],
  ['return ($a) + 1;', 'return ($a + 1);'],
  ['return();', 'return;'],
  ['exit 5; drop(); drop;', 'exit 5; drop; drop;'],
  ['route(RELAY);', 'route("RELAY");'],
  ['route("to pstn");', 'route("to pstn");'],
  ['route(1);', 'route("1");'],
  [';', ';'],
  [
    'switch ($a) { case 1: case 2: f(); break; default: exit; }',
    'switch $a { case 1:  case 2: f(); break; default: exit; }',
  ],
  ['switch $rm { case "A" "B": exit; case /"^C": drop; }', 'switch $rm { case "AB": exit; case /"^C": drop; }'],
  [
    'switch ($a) { case -1: exit; case 1+2: exit; case yes: exit; }',
    'switch $a { case -1: exit; case 3: exit; case 1: exit; }',
  ],
  ['switch ($a) { case 1: }', 'switch $a { case 1:  }'],
  ['switch ($a) { }', 'switch $a {  }'],
  // Core functions: canonical names, constants of their own kinds.
  [
    'seth("a"); sethp("a:1"); setu("u"); seturi("sip:x");',
    'core.rewritehost("a"); core.rewritehostport("a:1"); core.rewriteuser("u"); core.rewriteuri("sip:x");',
  ],
  ['add_rport(); force_rport; revert_uri;', 'core.force_rport(); core.force_rport(); core.revert_uri();'],
  [
    'setflag(5); setflag(FLT_NAT); resetflag("FLT_NAT");',
    'core.setflag(5); core.setflag(FLT_NAT); core.resetflag(FLT_NAT);',
  ],
  ['forward();', 'core.forward();'],
  ['forward(1.2.3.4, 5060);', 'core.forward(socket null:1.2.3.4:null, 5060);'],
  ['forward(sip.example.com, 5060);', 'core.forward(socket null:sip.example.com:null, 5060);'],
  ['forward(uri:host, uri:port);', 'core.forward(uri:host, uri:port);'],
  ['forward("host", 5060);', 'core.forward("host", 5060);'],
  ['force_send_socket(udp:1.2.3.4:5060);', 'core.force_send_socket(socket udp:1.2.3.4:5060);'],
  ['force_send_socket([::1]:5060);', 'core.force_send_socket(socket null:::1:5060);'],
  [
    'set_advertised_address(1.2.3.4); set_advertised_port(5060);',
    'core.set_advertised_address(socket null:1.2.3.4:null); core.set_advertised_port(5060);',
  ],
  ['udp_mtu_try_proto(TCP);', 'core.udp_mtu_try_proto(TCP);'],
  ['strip(2); strip_tail(1); prefix("00");', 'core.strip(2); core.strip_tail(1); core.prefix("00");'],
  ['log(1, "x"); log("y"); cfg_select("g", 1);', 'core.log(1, "x"); core.log("y"); core.cfg_select("g", 1);'],
];

for (const [text, tree] of accepted) {
  test(`statement ${text}`, () => {
    assert.equal(statements(text), tree);
    assert.deepEqual(problems(parse(`request_route { ${text} }`)), []);
  });
}

/** Accepted with one warning, where Kamailio refuses or OpenSIPS has a syntax of its own. */
const lenient: readonly (readonly [string, string, string])[] = [
  ['t_relay()', 't_relay();', 'CFG_LENIENT'],
  ['$a = 1', '$a = 1;', 'CFG_LENIENT'],
  ['exit', 'exit;', 'CFG_LENIENT'],
  ['if ($a) { }', 'if $a {  }', 'CFG_LENIENT'],
  ['if ($a) { # nothing yet\n }', 'if $a {  }', 'CFG_LENIENT'],
  ['{ exit; }', '{ exit; }', 'CFG_LENIENT'],
  ['break();', 'break;', 'CFG_LENIENT'],
  ['route(TO-PSTN);', 'route("TO-PSTN");', 'CFG_LENIENT'],
  ['route(log);', 'route("log");', 'CFG_LENIENT'],
  ['strip("2");', 'core.strip(2);', 'CFG_LENIENT'],
  ['setflag("5");', 'core.setflag(5);', 'CFG_LENIENT'],
  ['forward(1.2.3.4:5060);', 'core.forward(socket null:1.2.3.4:5060);', 'CFG_LENIENT'],
  ['force_send_socket("udp:1.2.3.4:5060");', 'core.force_send_socket(socket udp:1.2.3.4:5060);', 'CFG_LENIENT'],
  ['$avp(x) := 1;', '$avp(x) := 1;', 'CFG_DIALECT'],
  ['$var(x) += 1;', '$var(x) += 1;', 'CFG_DIALECT'],
  ['route(R, 1, "b");', 'route("R", 1, "b");', 'CFG_DIALECT'],
  ['if ($rU == NULL) exit;', 'if ($rU == $null) { exit; }', 'CFG_DIALECT'],
  ['$a = $b % 2;', '$a = ($b mod 2);', 'CFG_DIALECT'],
  ['if ($a !~ "x") exit;', 'if ($a !~ "x") { exit; }', 'CFG_DIALECT'],
  ['for ($var(i) in $(avp(x)[*])) f();', 'for $var(i) in $(avp(x)[*]) { f(); }', 'CFG_DIALECT'],
];

for (const [text, tree, code] of lenient) {
  test(`accepted with ${code}: ${text}`, () => {
    assert.equal(statements(text), tree);
    const codes = parse(`request_route { ${text} }`).diagnostics.map((diagnostic) => diagnostic.code);
    assert.deepEqual(codes, [code]);
  });
}

test('OpenSIPS async(): a call and a bare route name as arguments', () => {
  assert.equal(statements('async(avp_db_query("select 1"), resume);'), 'async(avp_db_query("select 1"), resume);');
});

test('a very long else-if chain', () => {
  const chain = Array.from({ length: 3000 }, (_, index) => `if ($a == ${index}) exit;`).join(' else ');
  assert.deepEqual(problems(parse(`request_route { ${chain} }`)), []);
});

const refused: readonly (readonly [string, string, RegExp])[] = [
  ['t_relay;', '1:17', /parentheses: t_relay\(\)/],
  ['retrun;', '1:17', /did you mean 'return'/],
  ['$a == 1;', '1:20', /expected '=' after \$a.*write '=' to assign/],
  ['$a++;', '1:19', /write \$a = \$a \+ 1/],
  ['$var (x) = 1;', '1:22', /no blank between/],
  ['$var(x)=~0;', '1:24', /with a blank/],
  ['$(var(x){s.len}) = 1;', '1:17', /has a transformation/],
  ['if () exit;', '1:20', /condition of 'if' is empty/],
  ['else exit;', '1:17', /'else' without 'if'/],
  ['if ($a) exit;; else drop;', '1:32', /the ';' before it ended the if/],
  ['case 1: exit;', '1:17', /'case' outside of switch/],
  ['continue;', '1:17', /there is no 'continue'/],
  ['route RELAY;', '1:17', /write.* route\(NAME\)|written route\(NAME\)/],
  ['route();', '1:23', /needs the name/],
  ['switch ($a) { case INVITE: exit; }', '1:36', /write case "INVITE"/],
  ['switch ($a) { case $b: exit; }', '1:36', /use if to compare/],
  ['switch ($a) { case /^x/: exit; }', '1:36', /with quotes/],
  ['switch ($a) { case 1: exit; case "b": exit; }', '1:45', /all numbers or all strings/],
  ['switch ($a) { default: exit; default: drop; }', '1:46', /a second 'default'/],
  ['switch ($a) { exit; case 1: drop; }', '1:31', /expected 'case' or 'default'/],
];

for (const [text, place, message] of refused) {
  test(`refused: ${text}`, () => {
    const [first, ...more] = errors(parse(`request_route { ${text} }`));
    assert.ok(first !== undefined, 'no error');
    assert.match(`${first.message}. ${first.hint}`, message);
    assert.equal(`${first.line}:${first.column}`, place);
    assert.deepEqual(more, [], 'one mistake, one error');
  });
}

test('every mistake is found in one run, and what is between them is kept', () => {
  const parsed = parse(`request_route {
	xlog("a")
	retrun;
	if (is_method("INVITE") {
		$a = ;
		t_relay();
	}
	$var(z = 5;
	exit;
}
route[A] { exit; }
`);
  assert.deepEqual(problems(parsed), [
    '2:11 error CFG_SYNTAX',
    '3:2 error CFG_SYNTAX',
    '4:26 error CFG_SYNTAX',
    '5:8 error CFG_SYNTAX',
    '8:6 error CFG_VARIABLE_SYNTAX',
  ]);
  assert.equal(parsed.ast.items.length, 2);
});

test(`a missing '}' is one error, and the next block is read`, () => {
  const parsed = parse('request_route {\n if (1) {\n  exit;\n\nroute[A] {\n exit;\n}\n');
  assert.deepEqual(problems(parsed), ['5:1 error CFG_SYNTAX']);
  assert.match(errors(parsed)[0]?.hint ?? '', /line 2 is not closed/);
  assert.equal(parsed.ast.items.length, 2);
});

test(`a '}' too much is one error`, () => {
  const parsed = parse('request_route { exit; }\n}\nroute[A] { exit; }\n');
  assert.deepEqual(problems(parsed), ['2:1 error CFG_SYNTAX']);
  assert.equal(item(parsed.ast, 'routeBlock').routeKind, 'request');
});

test('absurd nesting is an error, not a crash', () => {
  for (const text of [
    '('.repeat(50_000),
    '{'.repeat(50_000),
    '!'.repeat(50_000),
    'if(1)'.repeat(50_000),
    '(int)'.repeat(50_000),
  ]) {
    assert.ok(errors(parse(`request_route { $a = ${text}`)).length > 0);
    assert.ok(errors(parse(`request_route { ${text}`)).length > 0);
  }
});
