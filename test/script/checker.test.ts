/** What the checker says about configurations: every problem with its place and what to do about it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDiagnostic } from '../../src/script/diagnostic.ts';
import { defineModule, strParam } from '../../src/script/module-definition.ts';
import { createSourceFile } from '../../src/script/source.ts';
import { compileText, describe } from './support.ts';

function problems(text: string, unsupported: 'error' | 'warn' = 'error'): string[] {
  return compileText(text, { unsupported }).result.diagnostics.map(describe);
}

/** Problems of statements in a request route, without their places. */
function inRoute(body: string, blocks = '', unsupported: 'error' | 'warn' = 'error'): string[] {
  return problems(`request_route {\n${body}\n}\n${blocks}`, unsupported).map((line) => line.replace(/ \d+:\d+:/, ''));
}

test('modules', () => {
  assert.deepEqual(
    problems('loadmodule "tm.so"\nloadmodule "ldap.so"\nloadmodule "textop.so"\nloadmodule "qqqqqqq.so"\n'),
    [
      'error CFG_UNSUPPORTED_MODULE 2:1: module ldap is not supported by Trunkline',
      "error CFG_UNKNOWN_MODULE 3:1: unknown module textop = did you mean 'textops'?",
      'error CFG_UNKNOWN_MODULE 4:1: unknown module qqqqqqq',
    ],
  );
  assert.deepEqual(problems('loadmodule "ldap.so"\nrequest_route { ; }', 'warn'), [
    'warning CFG_UNSUPPORTED_MODULE 1:1: module ldap is not supported by Trunkline',
  ]);
  assert.deepEqual(problems('loadmodule "proto_udp.so"\nrequest_route { ; }'), []);
});

test('parameters of modules', () => {
  assert.deepEqual(
    problems(
      [
        'loadmodule "tm.so"; loadmodule "sl.so"',
        'modparam("tm", "number", "12")',
        'modparam("tm", "number", "abc")',
        'modparam("tm", "txt", "abc")',
        'modparam("tm", "fr_timer", 5)',
        'modparam("tm|sl", "text", "abc")',
        'modparam("tm|sl", "text", 5)',
        'modparam("siputils", "text", "a")',
        'modparam("tn", "text", "a")',
        'modparam("nothing.*", "text", "a")',
      ].join('\n'),
    ),
    [
      'warning CFG_LENIENT 2:26: parameter number is a number; Kamailio refuses it in quotes = write 12',
      'error CFG_VALUE 3:26: parameter number is a number, not "abc"',
      "error CFG_UNKNOWN_MODPARAM 4:16: module tm has no parameter txt = did you mean 'text'?",
      'warning CFG_UNSUPPORTED_PARAMETER 5:16: parameter fr_timer of module tm is not supported by Trunkline and is ignored',
      'warning CFG_LENIENT 7:27: parameter text is a text; Kamailio refuses a number = write "5"',
      'error CFG_MODULE_NOT_LOADED 8:10: module siputils is not loaded = add loadmodule "siputils.so"',
      "error CFG_MODULE_NOT_LOADED 9:10: module tn is not loaded = did you mean 'tm'?",
      'error CFG_MODULE_NOT_LOADED 10:10: no loaded module matches "nothing.*"',
    ],
  );
});

test('functions', () => {
  assert.deepEqual(
    problems('loadmodule "sl.so"\nrequest_route {\n  t_relay();\n  t_realy();\n  ds_select_dst("1", "4");\n}'),
    [
      'error CFG_UNKNOWN_FUNCTION 3:3: t_relay() belongs to module tm, which is not loaded = add loadmodule "tm.so"',
      "error CFG_UNKNOWN_FUNCTION 4:3: unknown function t_realy() = did you mean 't_relay'?",
      'error CFG_UNSUPPORTED_FUNCTION 5:3: ds_select_dst() belongs to module dispatcher, which Trunkline does not have',
    ],
  );
  assert.deepEqual(inRoute('t_uac_send("a","b","c","d","e","f");'), [
    'error CFG_UNSUPPORTED_FUNCTION t_uac_send() of module tm is not supported by Trunkline',
  ]);
  assert.deepEqual(inRoute('t_relay("host");'), [
    'error CFG_ARGUMENT_COUNT t_relay() takes no or 2 arguments, 1 given',
  ]);
  assert.deepEqual(inRoute('sl_send_reply("404");'), [
    'error CFG_ARGUMENT_COUNT sl_send_reply() takes 2 arguments, 1 given',
  ]);
  assert.deepEqual(inRoute('xlog("a","b","c");'), [
    'error CFG_UNSUPPORTED_FUNCTION xlog() takes 1 or 2 arguments, 3 given = Kamailio has a form of it with 3 arguments, which is not supported by Trunkline',
  ]);
});

test('the option lets unsupported names through; calling them fails', () => {
  const compiled = compileText(
    'loadmodule "xlog.so"\nloadmodule "ldap.so"\nrequest_route {\n if (!ldap_search("x")) { xlog("failed rc=$rc"); }\n ldap_search("y");\n}',
    { unsupported: 'warn' },
  );
  assert.deepEqual(compiled.result.diagnostics.map(describe), [
    'warning CFG_UNSUPPORTED_MODULE 2:1: module ldap is not supported by Trunkline',
    'warning CFG_UNSUPPORTED_FUNCTION 4:7: ldap_search() of module ldap is not supported by Trunkline',
    'warning CFG_UNSUPPORTED_FUNCTION 5:2: ldap_search() of module ldap is not supported by Trunkline',
  ]);
});

test('a module under another name is the one it has here, in modparam too', () => {
  const here = defineModule<unknown>({
    name: 'tls',
    after: [],
    parameters: [strParam('config', null)],
    functions: [],
    variables: [],
    transformations: [],
    eventRoutes: [],
    create: () => ({}),
  });
  for (const name of ['tls', 'tls_wolfssl'])
    assert.deepEqual(
      compileText(`loadmodule "tls_wolfssl.so"\nmodparam("${name}", "config", "x")\nrequest_route { exit; }`, {
        modules: [here],
      }).result.diagnostics.map(describe),
      [],
    );
});

test('arguments', () => {
  assert.deepEqual(inRoute('probe_code("abc");'), [
    "error CFG_ARGUMENT argument 1 of probe_code() is 'abc', which is not a number = a name from #!define is only replaced outside quotes: write abc",
  ]);
  assert.deepEqual(inRoute('search("(");'), ['error CFG_REGEX bad regular expression "(": unmatched ( at character 2']);
  assert.deepEqual(inRoute('subst_user("/a/b");'), [
    'error CFG_ARGUMENT argument 1 of subst_user() is no substitution: third "/" missing, expected /regex/replacement/flags',
  ]);
  assert.deepEqual(inRoute('probe_set("x", "1");'), [
    'error CFG_ARGUMENT \'x\' is not a variable = name one variable, for example "$var(x)"',
  ]);
  assert.deepEqual(inRoute('is_method(INVITE);'), [
    `error CFG_BARE_WORD 'INVITE' is neither a string nor a defined name = write "INVITE" for a string, or #!define INVITE before`,
  ]);
  assert.deepEqual(inRoute('search("a$|^$b$");'), [], 'a $ that starts no variable is an anchor');
  assert.deepEqual(inRoute('xlog("cost $5");'), ['error CFG_UNKNOWN_VARIABLE unknown variable $5']);
  assert.deepEqual(inRoute('xlog("from $si.");'), [], 'the longest known name');
});

test('where a function may be called', () => {
  assert.deepEqual(
    problems('branch_route[B] { t_relay(); }\nonsend_route { t_relay(); }\nreply_route { sl_send_reply("1","x"); }'),
    [
      'error CFG_WRONG_ROUTE 1:19: t_relay() cannot be called in branch_route[B] = it may be called in request_route or failure_route',
      'error CFG_WRONG_ROUTE 2:16: t_relay() cannot be called in onsend_route = it may be called in request_route or failure_route',
      'error CFG_WRONG_ROUTE 3:15: sl_send_reply() cannot be called in reply_route = it may be called in request_route or failure_route',
    ],
  );
  // A helper is judged by who calls it.
  assert.deepEqual(problems('failure_route[F] { route(H); }\nroute[H] { t_check_status("408"); }'), []);
  assert.deepEqual(problems('request_route { route(H); }\nroute[H] { t_check_status("408"); }'), [
    'error CFG_WRONG_ROUTE 2:12: t_check_status() cannot be called in route[H] = it may be called in failure_route, onreply_route or reply_route',
  ]);
});

test('variables and transformations', () => {
  assert.deepEqual(inRoute('$var(x) = $rux;'), [
    "error CFG_UNKNOWN_VARIABLE unknown variable $rux = did you mean 'ru'?",
  ]);
  assert.deepEqual(inRoute('xlog("a $dlg(ref)");'), [
    'error CFG_UNSUPPORTED_VARIABLE $dlg belongs to module dialog, which Trunkline does not have',
  ]);
  assert.deepEqual(inRoute('$var(x) = $(ru{s.lenn});'), [
    "error CFG_UNKNOWN_TRANSFORMATION unknown transformation {s.lenn} = did you mean 's.len'?",
  ]);
  assert.deepEqual(inRoute('$var(x) = $(ru{s.substr,1});'), [
    'error CFG_TRANSFORMATION {s.substr} takes 2 parameters, 1 given',
  ]);
  assert.deepEqual(inRoute('$hdr(X) = "a";'), ['error CFG_READ_ONLY $hdr cannot be assigned: it is read-only']);
  assert.deepEqual(inRoute('$(var(x){s.len}) = "a";'), [
    'error CFG_SYNTAX $(var(x){s.len}) has a transformation, so nothing can be assigned to it = assign to the variable itself; transformations are for reading',
  ]);
  assert.deepEqual(inRoute('$var(x) = $hdr;'), [
    'error CFG_VARIABLE_NAME $hdr needs a name in parentheses = write $hdr(name)',
  ]);
  assert.deepEqual(inRoute('$var(x) = $ru(a);'), ['error CFG_VARIABLE_NAME $ru takes nothing in parentheses']);
  assert.match(inRoute('$avp(a:b) = 1;').join(), /^error CFG_VARIABLE_NAME/, 'known when names are bound');
});

test('routes', () => {
  assert.deepEqual(inRoute('route(RELY);', 'route[RELAY] { ; }'), [
    "error CFG_UNKNOWN_ROUTE there is no route[RELY] = did you mean 'RELAY'?",
  ]);
  assert.deepEqual(inRoute('t_on_failure("F1"); t_on_failure("0");', 'failure_route[F] { ; }'), [
    "warning CFG_UNKNOWN_ROUTE there is no failure_route[F1] = did you mean 'F'?",
  ]);
  assert.deepEqual(problems('event_route[htable:init] { ; }'), [
    'warning CFG_UNKNOWN_EVENT 1:1: no loaded module runs event_route[htable:init]',
  ]);
});

test('types and conditions', () => {
  assert.deepEqual(inRoute('if (1) { ; }'), ['warning CFG_CONSTANT_CONDITION constant value in if(…)']);
  assert.deepEqual(inRoute('$var(x) = 1 + "a";'), [
    'error CFG_TYPE + adds a text to an integer = put (str) before the left side to concatenate, (int) before the right to add',
  ]);
  assert.deepEqual(inRoute('$var(x) = $var(y) - "3";'), [
    "error CFG_TYPE '-' works on integers and this is a text = put (int) before it",
  ]);
  assert.deepEqual(inRoute('if (! $ru =~ "x") { ; }'), [
    "error CFG_TYPE the left side of '=~' is an integer = '!' binds tighter than '=~': write !(… =~ …)",
  ]);
  assert.deepEqual(inRoute('if ($ru =~ "(a") { ; }'), [
    'error CFG_REGEX bad regular expression "(a": unmatched ( at character 3',
  ]);
  assert.deepEqual(inRoute('switch($ru) { case /"[": ; }'), [
    'error CFG_REGEX bad regular expression "[": unmatched [ at character 1',
  ]);
  assert.deepEqual(inRoute('$var(x) = 1 / 0;'), ['warning CFG_DIVISION division by zero; the statement always fails']);
  assert.deepEqual(inRoute('route(X);', 'route[X] { return is_method("INVITE"); }'), [
    'warning CFG_RETURN_CALL is_method() is 1 or 0 here, and a return of 0 ends the script = call is_method() first and return $rc',
  ]);
  assert.deepEqual(inRoute('exit; xlog("a");'), ['warning CFG_UNREACHABLE this statement is never reached']);
  assert.deepEqual(inRoute('if (src_port == 10.0.0.1) { ; }'), [
    'error CFG_SYNTAX an address is compared with src_ip or dst_ip only = write it as a string: "10.0.0.1"',
  ]);
  assert.deepEqual(inRoute('if (proto == "UPD") { ; }'), [
    "error CFG_TYPE 'UPD' is no protocol; known are UDP, TCP, TLS, SCTP, WS and WSS",
  ]);
});

test('core functions', () => {
  assert.deepEqual(inRoute('setflag(32);'), ['error CFG_ARGUMENT setflag(): there is no flag 32; flags are 0 to 31']);
  assert.deepEqual(problems('flags FLT_ACC:3\nrequest_route { setflag(FLT_AC); }'), [
    "error CFG_ARGUMENT 2:25: setflag(): no flag 'FLT_AC' is declared with flags; did you mean 'FLT_ACC'?",
  ]);
  assert.deepEqual(inRoute('force_send_socket(udp:192.0.2.9:5060);'), [
    'error CFG_ARGUMENT force_send_socket(): udp:192.0.2.9:5060 is not a socket this server listens on',
  ]);
  assert.deepEqual(inRoute('rewriteuri("not a uri");'), ["error CFG_ARGUMENT rewriteuri(): 'not a uri' is not a URI"]);
  assert.deepEqual(inRoute('strip();'), ['error CFG_ARGUMENT_COUNT strip() takes 1 argument, 0 given']);
});

test('all problems in one run, each with its place in the text', () => {
  const text = '\nrequest_route {\n  xlog("hello $fx");\n  if (is_metod("INVITE")) { route(NO); }\n}\n';
  const { diagnostics } = compileText(text).result;
  assert.equal(diagnostics.length, 3);
  const files = new Map([['test.cfg', createSourceFile('test.cfg', text)]]);
  assert.equal(
    formatDiagnostic(diagnostics[0]!, files),
    [
      'test.cfg:3:15: error: unknown variable $fx [CFG_UNKNOWN_VARIABLE]',
      '     3 |   xlog("hello $fx");',
      '       |               ^^^',
      `       = did you mean 'fs'?`,
    ].join('\n'),
  );
});

test('what is there and always fails', () => {
  const message = 'CFG_UNSUPPORTED_FUNCTION exec() is not supported: shell commands are refused';
  assert.deepEqual(inRoute('exec("ls");'), [`error ${message}`]);
  assert.deepEqual(inRoute('exec("ls");', '', 'warn'), [`warning ${message}`]);
});

test('calls do not nest', () => {
  assert.deepEqual(inRoute('probe_value(is_method("A") + 1);'), [
    'error CFG_ARGUMENT argument 1 of probe_value() calls a function = assign the result to a variable first',
  ]);
});

test('a key that cannot be written', () => {
  assert.deepEqual(inRoute('$branch(count) = 1;'), [
    'error CFG_READ_ONLY $branch(count) cannot be assigned: it is read-only',
  ]);
});

test('transformations and variables of modules that are missing', () => {
  assert.deepEqual(inRoute('$var(x) = $(var(y){json.parse,a});'), [
    'error CFG_UNSUPPORTED_TRANSFORMATION transformation {json.parse} belongs to module json, which Trunkline does not have',
  ]);
  const { result, log } = compileText(
    'request_route { $dlg_ctx(on) = "x"; if ($dlg_ctx(on) == $null) { xlog("$(var(y){json.parse,a})"); } }',
    { unsupported: 'warn' },
  );
  assert.equal(result.ok, true);
  assert.deepEqual(log.script, []);
});
