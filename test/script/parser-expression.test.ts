import assert from 'node:assert/strict';
import { test } from 'node:test';
import { condition, errors, expression, parse, problems } from './parse-support.ts';

/** Text to fully parenthesized text. Precedence low to high: || && | & ^ << >> equality relation + - * / mod unary. */
const trees: readonly (readonly [string, string])[] = [
  ['1 + 2 * 3', '(1 + (2 * 3))'],
  ['1 - 2 - 3', '((1 - 2) - 3)'],
  ['7 mod 2 + 1', '((7 mod 2) + 1)'],
  ['8 / 4 / 2', '((8 / 4) / 2)'],
  ['1 | 2 == 2', '(1 | (2 == 2))'],
  ['1 | 2 & 3 ^ 4', '(1 | (2 & (3 ^ 4)))'],
  ['1 ^ 2 << 3 >> 4', '(1 ^ (2 << (3 >> 4)))'],
  ['1 << 2 == 3', '(1 << (2 == 3))'],
  ['1 == 2 < 3', '(1 == (2 < 3))'],
  ['1 < 2 + 3', '(1 < (2 + 3))'],
  ['$a == 1 || $b == 5 && $c == 6', '(($a == 1) || (($b == 5) && ($c == 6)))'],
  ['$a and $b or not $c', '(($a && $b) || (! $c))'],
  ['!$a == 1', '((! $a) == 1)'],
  ['!!$a', '(! (! $a))'],
  ['-$a * 2', '((- $a) * 2)'],
  ['- -5', '(- (- 5))'],
  ['~0 & 1', '((~ 0) & 1)'],
  ['!defined $a', '(! defined($a))'],
  ['defined $a == 1', '(defined($a) == 1)'],
  ['defined (int)$a', 'defined(((int) $a))'],
  ['(int)$a + 1', '(((int) $a) + 1)'],
  ['(str)12+1', '(((str) 12) + 1)'],
  ['(str)(int)"5"', '((str) ((int) "5"))'],
  ['!(int)$a', '(! ((int) $a))'],
  ['(int) -3', '((int) (- 3))'],
  ['(int)!$a + 1', '(((int) (! $a)) + 1)'],
  ['$a eq "1"', '($a eq "1")'],
  ['$a ne "1" && $b ieq 1 && $c ine 2', '((($a ne "1") && ($b ieq 1)) && ($c ine 2))'],
  ['$a =~ "^x" && $b != $null', '(($a =~ "^x") && ($b != $null))'],
  ['5-3', '(5 - 3)'],
  ['$var(a)-1', '($var(a) - 1)'],
  ['($a)', '$a'],
  ['($a + 1) * 2', '(($a + 1) * 2)'],
  ['strempty($a)', 'strempty($a)'],
  ['strlen($a) > 3', '(strlen($a) > 3)'],
  ['selval($a == 1, "yes", "no")', 'selval(($a == 1), "yes", "no")'],
  ['yes', '1'],
  ['disable', '0'],
  ['@ruri.user', '@ruri.user'],
  ['@via[1].branch =~ "z9"', '(@via[1].branch =~ "z9")'],
  ['@hf_value.diversion[0].param["x"]', '@hf_value.diversion[0].param["x"]'],
  ['$(hdr(Via)[-1]{s.len})', '$(hdr(Via)[-1]{s.len})'],
  ['is_method("INVITE") && !has_totag()', '(is_method("INVITE") && (! has_totag()))'],
  ['f("a" "b", 1 + 2)', 'f("ab", (1 + 2))'],
  ['route(R)', 'route("R")'],
  ['route(R) + 1', '(route("R") + 1)'],
  ['route("R" + "7")', 'route(("R" + "7"))'],
  ['route($var(n))', 'route($var(n))'],
  ['route(01)', 'route("1")'],
  ['route(1+1)', 'route((1 + 1))'],
  ['{ return 5; }', '{ return 5; }'],
  ['isflagset(5)', 'core.isflagset(5)'],
  ['isflagset(FLT_NAT) && isflagset("FLT_ACC")', '(core.isflagset(FLT_NAT) && core.isflagset(FLT_ACC))'],
];

for (const [text, tree] of trees) {
  test(`expression ${text}`, () => assert.equal(expression(text), tree));
}

const tests: readonly (readonly [string, string])[] = [
  ['method == "INVITE"', '<method == "INVITE">'],
  ['method==INVITE || method=~"ACK|BYE"', '(<method == INVITE> || <method =~ "ACK|BYE">)'],
  ['!method=="INVITE"', '(! <method == "INVITE">)'],
  ['uri == myself', '<uri == myself>'],
  ['myself != from_uri', '<from_uri != myself>'],
  ['not uri==myself and 1', '((! <uri == myself>) && 1)'],
  ['uri == "a" + "b"', '<uri == ("a" + "b")>'],
  ['uri =~ "^sip:b@" && 1', '(<uri =~ "^sip:b@"> && 1)'],
  ['uri == $fu', '<uri == $fu>'],
  ['status == 200', '<status == 200>'],
  ['status=~"2.."', '<status =~ "2..">'],
  ['src_ip == 127.0.0.1', '<src_ip == 127.0.0.1>'],
  ['src_ip==10.0.0.0/8', '<src_ip == 10.0.0.0/8>'],
  ['src_ip != 10.0.0.0/255.255.240.0', '<src_ip != 10.0.0.0/20>'],
  ['src_ip == 0.0.0.0/0.0.0.0', '<src_ip == 0.0.0.0/0>'],
  ['src_ip == [2001:db8::1]', '<src_ip == 2001:db8::1>'],
  ['src_ip == 2001:db8::/32', '<src_ip == 2001:db8::/32>'],
  ['src_ip == "1.2.3.4"', '<src_ip == "1.2.3.4">'],
  ['src_ip == foo-bar.example.com && 1', '(<src_ip == foo-bar.example.com> && 1)'],
  ['src_ip == myself', '<src_ip == myself>'],
  ['dst_ip == $var(x)', '<dst_ip == $var(x)>'],
  ['src_port >= 5060', '<src_port >= 5060>'],
  ['src_port == 5060 + 1 && proto==UDP', '(<src_port == (5060 + 1)> && <proto == UDP>)'],
  ['proto==wss', '<proto == wss>'],
  ['af==INET6', '<af == INET6>'],
  ['msg:len >= 65536', '<msg:len >= 65536>'],
  ['msg:len > max_len', '<msg:len > max_len>'],
];

for (const [text, tree] of tests) {
  test(`core test ${text}`, () => assert.equal(condition(text), tree));
}

test('the position of an expression covers it, that of an operator is the operator', () => {
  const block = parse('request_route { $x = $var(a) + 12; }').ast.items[0];
  assert.ok(block?.kind === 'routeBlock');
  const [statement] = block.body.statements;
  assert.ok(statement?.kind === 'assignment' && statement.value.kind === 'binary');
  assert.deepEqual(statement.value.at, { file: 'test.cfg', line: 1, column: 22, length: 12 });
  assert.deepEqual(statement.value.operatorAt, { file: 'test.cfg', line: 1, column: 30, length: 1 });
});

test('an assignment directly in parentheses is a value, as in Kamailio, and draws a warning', () => {
  assert.equal(condition('$var(x) = 1'), '{ $var(x) = 1; }');
  assert.deepEqual(problems(parse('request_route { if ($var(x) = 1) exit; }')), [
    '1:29 warning CFG_ASSIGNMENT_AS_VALUE',
  ]);
});

/** What is refused: text, column of the error within the condition (from 1), part of message and hint. */
const refused: readonly (readonly [string, number, RegExp])[] = [
  ['$a == ', 7, /expected a value/],
  ['$a === 1', 4, /there is no '==='.*write '=='/],
  ['1 == 2 = 3', 8, /'=' assigns/],
  ['method = "INVITE"', 8, /'=' assigns/],
  ['method', 7, /'method' must be followed by a comparison.*\$rm/],
  ['myself', 1, /'myself' must be compared/],
  ['$ru == myself', 8, /'myself' must be compared.*is_myself/],
  ['uri == from_uri', 8, /not with the word 'from_uri'.*\$fu/],
  ['$si == 10.0.0.1', 8, /write it as a string/],
  ['src_ip == 10.0.0.0/33', 20, /prefix length of 0 to 32/],
  ['is_method(INVITE)', 11, /neither a string nor a defined name.*write "INVITE"/],
  ['f(g())', 3, /cannot be an argument/],
  ['f("a" $b)', 7, /expected ',' or '\)'.*separate arguments/],
  ['f("a", )', 8, /an argument of f\(\) is missing/],
  ['$a ? 1 : 2', 4, /there is no '\?:'.*selval/],
  ['selval($a, 1)', 13, /expected ','/],
  ['setflag($a)', 9, /takes constants only/],
  ['%x', 1, /attributes of SER/],
];

for (const [text, column, message] of refused) {
  test(`refused: if (${text})`, () => {
    const [first, ...more] = errors(parse(`if_route_test.x = 1 request_route { if (${text}) exit; }`));
    assert.ok(first !== undefined, 'no error');
    assert.match(`${first.message}. ${first.hint}`, message);
    assert.equal(first.column - 'if_route_test.x = 1 request_route { if ('.length, column);
    assert.deepEqual(more, [], 'one mistake, one error');
  });
}
