/** Observed results of Kamailio 5.6.3: conditions and assignments. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineModule } from '../../src/script/module-definition.ts';
import { compileText, optionsRequest, runBody, runCompiled } from './support.ts';

const CONDITION_SETUP =
  '$var(a)=1; $var(b)="abc"; $var(c)="12abc"; $var(d)="12"; $var(n)=-5; $avp(s)="abc"; $avp(e)="";';

const CONDITIONS: readonly (readonly [string, boolean])[] = [
  ['$var(b)', false],
  ['$var(c)', false],
  ['$var(d)', true],
  ['$avp(s)', false],
  ['$avp(e)', false],
  ['$avp(undef)', false],
  ['$fU', false],
  ['$rm', true],
  ['$var(n)', false],
  ['!$var(n)', false],
  ['$var(n) && 1', false],
  ['!$var(b)', true],
  ['!$avp(s)', true],
  ['!$avp(undef)', true],
  ['$avp(undef)==0', true],
  ['$avp(undef)==""', true],
  ['$avp(undef)==$null', true],
  ['$avp(undef)!=$null', false],
  ['$avp(e)==$null', false],
  ['$var(undef)==$null', false],
  ['$var(undef)==0', true],
  ['$var(undef)==""', false],
  ['$vn(undef)==$null', true],
  ['$var(undef)!=$null', true],
  ['defined $avp(undef)', false],
  ['defined $avp(s)', true],
  ['!defined $avp(undef)', true],
  ['not defined $avp(undef)', true],
  ['strempty($avp(undef))', true],
  ['strempty($var(undef))', false],
  ['strempty($avp(e))', true],
  ['strlen($var(b))==3', true],
  ['"abc"==$var(b)', true],
  ['$var(b)=="ABC"', false],
  ['$rm=="options"', false],
  ['method=="options"', true],
  ['method==OPTIONS', true],
  ['$var(b)=~"^AB"', true],
  ['"12"==12', true],
  ['$var(d)==12', true],
  ['$var(a)=="1"', true],
  ['$var(a)==1', true],
  ['$var(d) > 5', true],
  ['$var(b) < 5', true],
  ['$var(a) eq "1"', true],
  ['$var(a) ieq 1', true],
  ['$var(d) ieq 12', true],
  ['(str)$var(a)=="1"', true],
  ['(int)$var(d)==12', true],
  ['$hdr(X-No)==$null', true],
  ['$hdr(X-No)==""', true],
  ['$(hdr(X-No))==$null', true],
  ['$hdr(From)=~"alice"', true],
  ['$rc==1', true],
  ['$var(a)==1 || $var(b)==5 && $var(b)==6', true],
  ['!$var(a)==0', true],
  ['1 | 2 == 2', true],
  ['5 & 4', true],
  ['$var(a)+1==2', true],
  ['uri==myself', true],
  ['uri=~"^sip:bob@"', true],
  ['from_uri==myself', false],
  ['src_ip==127.0.0.1', true],
  ['src_ip==127.0.0.0/8', true],
  ['src_ip=="127.0.0.1"', true],
  ['src_ip==myself', true],
  ['dst_port==5060', false],
  ['proto==UDP', true],
  ['proto==udp', true],
  ['af==INET', true],
  ['msg:len > 100', true],
  ['$si=="127.0.0.1"', true],
  ['$proto=="udp"', true],
  ['$proto=="UDP"', false],
  ['$pr=="udp"', true],
  ['is_method("OPTIONS|INVITE")', true],
  ['is_method("INVITE")', false],
  ['!is_method("INVITE")', true],
  ['is_method("INVITE") || $var(a)==1', true],
  ['$ua==$null', true],
  ['$ua==""', true],
  ['$rU==$null', false],
  ['$null==$null', true],
  ['$null==0', true],
  ['$null==""', true],
  ['$T_branch_idx==0', true],
  ['$var(a)=="1" and $var(d)=="12"', true],
  ['$var(a)=="1" or 0', true],
  ['"abc" =~ "^a.c$"', true],
  ['"abc" =~ "B"', true],
  ['!("abc" =~ "B")', false],
];

/** A stand-in for tmx, whose variable one of the conditions reads. */
const tmx = defineModule<unknown>({
  name: 'tmx',
  after: [],
  parameters: [],
  functions: [],
  variables: [
    {
      name: 'T_branch_idx',
      writable: false,
      inner: 'none',
      bind: () => (_inner, _index, text) => ({ text, get: () => 0, int: null, set: null }),
      support: 'yes',
    },
  ],
  transformations: [],
  eventRoutes: [],
  create: () => ({}),
});

test('conditions', async (t) => {
  for (const [condition, expected] of CONDITIONS) {
    await t.test(condition, () => {
      // $rc of the last function is 1 at this point of the original run.
      const text = `request_route { ${CONDITION_SETUP} xlog("start"); if (${condition}) { xlog("true"); } else { xlog("false"); } }`;
      const { lines } = runCompiled(compileText(text, { modules: [tmx] }));
      assert.deepEqual(lines, ['start', String(expected)]);
    });
  }
});

const ASSIGNMENT_SETUP = '$var(a)=1; $var(d)="12"; $var(s)="abc"; $avp(i)=7; $avp(t)="t7"; $var(n)=-5; $var(x)=-2;';

const ASSIGNMENTS: readonly (readonly [string, string])[] = [
  ['$var(x)="5"+3;', '53'],
  ['$var(x)=$var(d)+1;', '121'],
  ['$var(x)=$var(a)+"2";', '3'],
  ['$var(x)=$var(a)+"abc";', '1'],
  ['$var(x)=$avp(undef)+1;', '1'],
  ['$var(x)=1+$avp(undef);', '1'],
  ['$var(x)=$avp(undef)-1;', '-1'],
  ['$var(x)=$var(d)*2;', '24'],
  ['$var(x)=7/2;', '3'],
  ['$var(x)=-7/2;', '-3'],
  ['$var(x)=-7 mod 3;', '-1'],
  ['$var(x)=1<<4;', '16'],
  ['$var(x)=6 & 3;', '2'],
  ['$var(x)=6 | 3;', '7'],
  ['$var(x)=6 ^ 3;', '5'],
  ['$var(x)= ~0;', '-1'],
  ['$var(x)=2147483647; $var(x)=$var(x)+1;', '-2147483648'],
  ['$var(x)=4294967296;', '0'],
  ['$var(x)="4294967296"; $var(x)=(int)$var(x);', '0'],
  ['$var(x)=0x1F;', '31'],
  ['$var(x)=017;', '15'],
  ['$var(x)=101b;', '5'],
  ['$var(x)=yes;', '1'],
  ['$var(x)=(int) -3;', '-3'],
  ['$var(x)=(int)"12abc";', '0'],
  ['$var(x)=(int)"0x1f";', '31'],
  ['$var(x)=(str)12+1;', '121'],
  ['$var(x)="a"+1+2;', 'a12'],
  ['$var(x)="a"+(1+2);', 'a3'],
  ['$var(x)=$rs;', '0'],
  ['$var(x)=$null;', '0'],
  ['$var(x)=$hdr(X-No);', '0'],
  ['$var(x)=$avp(undef);', '0'],
  ['$var(x)=!$var(a);', '0'],
  ['$var(x)=$var(a)==1;', '1'],
  ['$var(x)=is_method("OPTIONS");', '1'],
  ['$var(x)=is_method("INVITE");', '-1'],
  ['$var(x)=!is_method("INVITE");', '1'],
  ['$var(x)=is_method("INVITE")+0;', '-1'],
  ['$var(x)=has_totag();', '-1'],
  ['$var(x)=strlen("abcd");', '4'],
  ['$var(x)=strempty("");', '1'],
  ['$var(x)=$var(s)+$var(d);', 'abc12'],
  ['$var(x)="$var(s)-$rm";', '$var(s)-$rm'],
  ['$var(x)="tab\\there";', 'tab\there'],
  ["$var(x)='tab\\there';", 'tab\\there'],
  ['$var(x)="q\\"q";', 'q"q'],
  ['$var(x)="\\x41\\102";', 'AB'],
  ['$var(x)="$$";', '$$'],
  ['$var(x)="100%% \\\\1";', '100%% \\1'],
  ['$var(x)=$(var(s){s.len});', '3'],
  ['$var(x)=$_s($ru/$fU);', 'sip:bob@127.0.0.1:17353/alice'],
  ['$var(x)=-$var(a);', '-1'],
  ['$var(x)=- -5;', '5'],
  ['$var(x)=5 - 3;', '2'],
  ['$var(x)=5-3;', '2'],
  ['$var(x)=$var(a)-1;', '0'],
  ['$var(x)=$var(n)/2;', '-2'],
  ['$var(x)=1/0;', '-2'],
  ['$var(x)=$var(a)/0;', '-2'],
  ['$var(x)=defined $avp(undef);', '0'],
  ['$var(x)=selval($var(a)==1,"yes","no");', 'yes'],
  ['$var(x)=selval(is_method("INVITE"),1,2);', '2'],
  ['$var(x)=1 > 0;', '1'],
  ['$var(x)=(1 and 0) or 1;', '1'],
  ['$var(x)=$avp(i)+$avp(t);', '7'],
  ['$var(x)=$avp(t)+$avp(i);', 't77'],
];

test('assignments', async (t) => {
  for (const [statements, expected] of ASSIGNMENTS) {
    await t.test(statements, () => {
      const { lines } = runBody(`${ASSIGNMENT_SETUP} ${statements} xlog("$var(x)");`);
      assert.equal(lines[0], expected);
    });
  }
});

test('neighbouring strings are glued across lines', () => {
  assert.deepEqual(runBody('$var(x)="a"  "b"\n"c"; xlog("$var(x)");').lines, ['abc']);
});

test('a condition that is folded keeps the value of what is left', () => {
  const setup = '$var(n)=-5; $var(d)="12"; $var(z)=0;';
  const lines = (expression: string): string[] =>
    runBody(`${setup} $var(x) = ${expression}; $var(y) = $var(x) + 1; xlog("$var(x) $var(y)");`).lines;
  assert.deepEqual(lines('$var(n) || 0'), ['-5 -4']);
  assert.deepEqual(lines('$var(n) && $var(n)'), ['1 2']);
  assert.deepEqual(lines('5 && $var(n)'), ['1 2']);
  assert.deepEqual(lines('1 && $var(d)'), ['12 13']);
  assert.deepEqual(lines('$var(d) && 1'), ['12 13']);
  assert.deepEqual(lines('$var(d) + 0'), ['120 1201']);
  assert.deepEqual(lines('0 + $var(d)'), ['12 13']);
  assert.deepEqual(lines('$var(d) - 0'), ['12 13']);
  assert.deepEqual(lines('$var(d) + ""'), ['12 121']);
  assert.deepEqual(lines('$var(d) + 1 + 2'), ['1212 12121']);
  assert.deepEqual(lines('$var(z) + 1 + 2'), ['3 4']);
  assert.deepEqual(lines('1 + $var(d) + 2'), ['15 16']);
  assert.deepEqual(lines('1 << 33'), ['2 3']);
  assert.deepEqual(lines('$var(n) >> 1'), ['-3 -2']);
  assert.deepEqual(lines('2147483647 * 2'), ['-2 -1']);
  assert.deepEqual(lines('!$var(d) + 1'), ['1 2']);
});

test('a call that folding leaves alone keeps its code', () => {
  const value = (expression: string): string | undefined =>
    runBody(`$var(x) = ${expression}; xlog("$var(x)");`, 'route[R7] { return 7; }').lines[0];
  for (const kept of ['route(R7)||0', '0||route(R7)', 'route(R7)&&1', '1&&route(R7)', 'route(R7)-0', 'route(R7)*1']) {
    assert.equal(value(kept), '7', kept);
  }
  for (const kept of ['1*route(R7)', 'route(R7)|0', '0+route(R7)', 'route(R7)+0', 'route(R7)/1', '(route(R7))']) {
    assert.equal(value(kept), '7', kept);
  }
  for (const changed of ['route(R7)^0', '(int)route(R7)', '(str)route(R7)', 'route(R7)&&2']) {
    assert.equal(value(changed), '1', changed);
  }
});

test('+ adds where an integer is wanted, whatever a variable on its left holds', () => {
  const setup = '$var(s)="abc"; $var(d)="12"; $var(one)=1;';
  const value = (expression: string): string | undefined =>
    runBody(`${setup} $var(x) = ${expression}; xlog("$var(x)");`).lines[0];
  const table: readonly (readonly [string, string])[] = [
    ['($var(s)+2)*1', '2'],
    ['($var(d)+2)*2', '28'],
    ['-($var(d)+2)', '-14'],
    ['($var(d)+2) > 50', '0'],
    ['($var(d)+2) == 14', '0'],
    ['($var(d)+2) == "122"', '1'],
    ['14 == ($var(d)+2)', '1'],
    ['($var(d)+2) ieq 14', '1'],
    ['1 + ($var(d)+2)', '15'],
    ['!($var(s)+2)', '0'],
    ['(int)($var(d)+2)', '14'],
    ['$var(d)+2+3', '1223'],
    ['($var(d)+2+3)*1', '17'],
  ];
  for (const [expression, expected] of table) assert.equal(value(expression), expected, expression);
  const { lines } = runBody(
    `${setup}
    if ($var(d)+2 == "122") { xlog("text"); }
    if ("abc"+$var(one)) { xlog("true"); } else { xlog("false"); }
    switch ($var(d)+2) { case 14: xlog("14"); break; case 122: xlog("122"); break; }
    route(R); xlog("$rc");`,
    'route[R] { $var(d)="12"; return $var(d)+2; }',
  );
  assert.deepEqual(lines, ['text', 'false', '14', '14']);
});

test('comparisons with $null ask whether the left side is defined', () => {
  const value = (expression: string): string | undefined =>
    runBody(`$avp(e)=""; $var(z)=0; $var(x) = ${expression}; xlog("$var(x)");`).lines[0];
  const table: readonly (readonly [string, string])[] = [
    ['"" eq $null', '0'],
    ['$null eq ""', '1'],
    ['$avp(u) eq $null', '1'],
    ['$avp(e) eq $null', '0'],
    ['$avp(u) eq ""', '1'],
    ['$avp(u) ieq $null', '1'],
    ['$var(z) ine $null', '1'],
    ['$var(z) == $null', '0'],
    ['$null != $null', '0'],
    ['$null != 5', '1'],
    ['$null + 1', '1'],
    ['$null || $rm', '1'],
  ];
  for (const [expression, expected] of table) assert.equal(value(expression), expected, expression);
});

test('a variable with two faces is a text unless an integer is asked for', () => {
  const { lines } = runBody(`
    $var(x) = $rm ieq 512; xlog("$var(x)");
    $var(x) = (int)$rm; xlog("$var(x)");
    $var(x) = $rm + 1; xlog("$var(x)");
    $var(x) = 1 + $rm; xlog("$var(x)");
    $var(x) = $proto + 1; xlog("$var(x)");
    $var(x) = $mt + 1; xlog("$var(x)");
    if ($rm == 512) { xlog("int"); } else { xlog("text"); }
  `);
  assert.deepEqual(lines, ['1', '512', 'OPTIONS1', '513', 'udp1', '2', 'text']);
});

test('text beyond ASCII reaches the wire as UTF-8, an escape as the byte it says', () => {
  const message = optionsRequest(`X-Name: ${Buffer.from('Jürgen').toString('latin1')}\r\n`);
  const { lines } = runBody(
    'if ($hdr(X-Name) == "Jürgen") { xlog("same"); } $var(x) = "\\xfc"; $var(l) = strlen($var(x)); xlog("$var(l)");',
    '',
    message,
  );
  assert.deepEqual(lines, ['same', '1']);
});
