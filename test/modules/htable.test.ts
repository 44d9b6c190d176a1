import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HtableModule } from '../../src/modules/htable/instance.ts';
import type { Table } from '../../src/modules/htable/table.ts';
import { htable } from '../../src/modules/htable.ts';
import { modules } from '../../src/modules/index.ts';
import { RequestState } from '../../src/proxy/request-state.ts';
import { compileConfig, knownVariables, type LinkedProgram } from '../../src/script/compile.ts';
import { parseConfig } from '../../src/script/parse-config.ts';
import { makeRequestContext } from '../../src/script/runtime-context.ts';
import { peer } from '../support/peers.ts';
import { type ServerKind, sleep, startServer } from '../support/servers.ts';
import { requestText } from '../support/sip-dialog.ts';
import { SipPeer } from '../support/sip-peer.ts';
import { load, RECEIVED, request, type TestHost, testHost } from './support.ts';

/** Statements, a text with variables, and what it prints then; in order, each works on what the ones before left. From Kamailio 5.6.3. */
const FACTS: readonly (readonly [statements: string, text: string, printed: string])[] = [
  ['', '$sht(a=>k)|$shtex(a=>k)|$(sht(a=>k){s.len})', '<null>|0|'],
  ['$sht(a=>k) = 5;', '$sht(a=>k)|$shtex(a=>k)', '5|0'],
  ['$sht(a=>k) = "5x";', '$sht(a=>k)', '5x'],
  ['$sht(a=>k) = "";', '[$sht(a=>k)]', '[]'],
  ['$sht(a=>k) = $null;', '$sht(a=>k)', '<null>'],
  ['$sht(a=>k) = $null;', '$rc', '1'],
  ['$var(x)="v"; $var(n)=7; $sht(a=>$var(x)::$var(n)) = "dyn";', '$sht(a=>v::7)', 'dyn'],
  ['$sht(a => sp) = "sp1";', '$sht(a=>sp)|$sht(a=> sp)|$sht(a => sp)|$sht(a=>sp )', '<null>|sp1|sp1|<null>'],
  ['', '$sht(nope=>k)', '<null>'],
  ['', '$sht(a=>$avp(undef))', '<null>'],
  ['$sht(a=>$avp(undef)) = "u";', '$sht(a=><null>)|$sht(a=>$avp(undef))|$shtcn(a=>**)', 'u|u|3'],
  ['$sht(a=>K) = 1;', '$sht(a=>k)|$sht(a=>K)', '<null>|1'],
  ['', '$sht(iv=>k)|$shtcn(iv=>**)|$shtex(iv=>k)', '8|0|0'],
  ['$sht(iv=>k) = 3; $sht(iv=>k) = $null;', '$sht(iv=>k)', '8'],
  ['', '$shtinc(iv=>inc)|$sht(iv=>inc)', '9|9'],
  ['', '$shtdec(iv=>dec)|$sht(iv=>dec)', '7|7'],
  ['', '$shtinc(a=>c1)|$sht(a=>c1)|$shtinc(a=>c1)', '<null>|<null>|<null>'],
  ['', '$shtdec(a=>c2)|$sht(a=>c2)|$shtdec(a=>c2)', '<null>|<null>|<null>'],
  ['$sht(a=>c3) = "abc";', '$shtinc(a=>c3)|$sht(a=>c3)', '<null>|abc'],
  ['$sht(a=>c4) = "12";', '$shtinc(a=>c4)|$sht(a=>c4)', '<null>|12'],
  ['$sht(a=>c5) = 2147483647;', '$shtinc(a=>c5)|$sht(a=>c5)', '-2147483648|-2147483648'],
  ['$sht(a=>c6) = -2147483648;', '$shtdec(a=>c6)', '2147483647'],
  ['', '$shtinc(nope=>c)', '<null>'],
  ['$sht(e=>k) = 1;', '$shtex(e=>k)', '100'],
  ['$shtex(e=>k) = 50;', '$shtex(e=>k)', '50'],
  ['$sht(e=>k) = 2;', '$shtex(e=>k)', '100'],
  ['$shtex(e=>k) = 50;', '$shtinc(e=>k)|$shtex(e=>k)', '3|100'],
  ['$shtex(e=>nokey) = 50;', '$rc|$shtex(e=>nokey)|$sht(e=>nokey)', '1|0|<null>'],
  ['', '$sht(e=>k)|$shtex(e=>k)', '3|100'],
  ['$shtex(e=>k) = 60;', '$sht(e=>k)|$shtex(e=>k)', '3|60'],
  ['$sht(e=>k2) = 1; $sht(a=>nx) = 1;', '$shtex(a=>nx)', '0'],
  ['$shtex(a=>nx) = 40;', '$shtex(a=>nx)', '0'],
  ['$sht(a=>nx) = 2;', '$shtex(a=>nx)', '0'],
  ['$sht(ue=>k) = 1; $shtex(ue=>k) = 50;', '$shtex(ue=>k)', '50'],
  ['$sht(ue=>k) = 2;', '$shtex(ue=>k)|$sht(ue=>k)', '50|2'],
  ['', '$shtinc(ue=>k)|$shtex(ue=>k)', '3|50'],
  ['$sht(ue=>k) = "s";', '$shtex(ue=>k)|$sht(ue=>k)', '50|s'],
  ['sht_reset("a");', '$rc', '1'],
  [
    '$sht(a=>abc) = "one"; $sht(a=>abd) = "two"; $sht(a=>xbd) = 5; $sht(a=>zz) = "onetwo"; $sht(a=>n5)="5";',
    '$shtcn(a=>ab)|$shtcn(a=>~~ab)|$shtcn(a=>~%ab)|$shtcn(a=>%~bd)|$shtcn(a=>~%bd)|$shtcn(a=>==abc)|$shtcn(a=>**)|$shtcn(a=>~~^AB)|$shtcn(a=>~~.b)|$shtcn(a=>%%b)',
    '2|2|0|0|2|1|5|2|3|0',
  ],
  [
    '',
    '$shtcv(a=>one)|$shtcv(a=>~~one)|$shtcv(a=>~%one)|$shtcv(a=>%~two)|$shtcv(a=>==one)|$shtcv(a=>**)|$shtcv(a=>5)|$shtcv(a=>==5)|$shtcv(a=>~~5)|$shtcv(a=>~%5)|$shtcv(a=>eq5)|$shtcv(a=>~~^o)|$shtcv(a=>~~^O)',
    '2|2|1|1|1|5|1|1|1|1|1|2|2',
  ],
  ['', '$shtcn(a=>eqabc)|$shtcn(a=>abc)|$shtcn(nope=>**)', '0|1|<null>'],
  ['', '$shtcn(a=>~~[)', '0'],
  ['', '$shtcv(a=>$var(x))', '0'],
  ['$var(p) = "~%ab";', '$shtcn(a=>$var(p))', '0'],
  ['sht_match_name("a", "eq", "abc");', '$rc', '1'],
  ['sht_match_name("a", "eq", "none");', '$rc', '-1'],
  ['sht_match_name("a", "ne", "abc");', '$rc', '1'],
  ['sht_match_name("a", "re", "^ab");', '$rc', '1'],
  ['sht_match_name("a", "re", "^AB");', '$rc', '1'],
  ['sht_match_name("a", "sw", "ab");', '$rc', '1'],
  ['sht_match_name("a", "ew", "bd");', '$rc', '-1'],
  ['sht_match_name("a", "in", "b");', '$rc', '-1'],
  ['sht_match_name("a", "xx", "ab");', '$rc', '-1'],
  ['sht_match_name("nope", "eq", "ab");', '$rc', '-1'],
  ['sht_match_name("a", "re", "[");', '$rc', '-1'],
  ['sht_has_name("a", "eq", "abc");', '$rc', '1'],
  ['sht_has_name("a", "eq", "none");', '$rc', '-1'],
  ['sht_has_name("a", "sw", "zz");', '$rc', '1'],
  ['sht_has_name("a", "ne", "abc");', '$rc', '1'],
  ['sht_match_str_value("a", "eq", "one");', '$rc', '1'],
  ['sht_match_str_value("a", "eq", "5");', '$rc', '1'],
  ['sht_match_str_value("a", "re", "^on");', '$rc', '1'],
  ['sht_match_str_value("a", "sw", "tw");', '$rc', '1'],
  ['sht_match_str_value("a", "ne", "one");', '$rc', '1'],
  ['sht_match_str_value("a", "eq", "nothing");', '$rc', '-1'],
  ['sht_has_str_value("a", "eq", "one");', '$rc', '1'],
  ['sht_has_str_value("a", "eq", "nothing");', '$rc', '-1'],
  ['sht_has_str_value("a", "sw", "nothing");', '$rc', '-1'],
  ['sht_has_str_value("a", "xx", "nothing");', '$rc', '-1'],
  ['sht_rm_name("a", "eq", "abc");', '$rc', '-1'],
  ['', '$shtcn(a=>**)', '5'],
  ['sht_rm_name("a", "eq", "abc");', '$rc', '-1'],
  ['sht_rm_name("a", "ne", "zz");', '$rc', '-1'],
  ['', '$shtcn(a=>**)', '5'],
  ['sht_rm_name("a", "sw", "z");', '$rc', '1'],
  ['', '$shtcn(a=>**)', '4'],
  ['sht_rm_name("a", "xx", "z");', '$rc', '-1'],
  ['sht_rm_name("nope", "eq", "z");', '$rc', '-1'],
  [
    '$sht(a=>abc) = "one"; $sht(a=>abd) = "two"; $sht(a=>xbd) = 5; $sht(a=>zz) = "onetwo"; $sht(a=>n5)="5"; sht_rm_name("a", "re", "^ab");',
    '$rc',
    '1',
  ],
  ['', '$shtcn(a=>**)', '3'],
  ['sht_rm_name("a", "re", "[");', '$rc', '-1'],
  ['sht_rm_value("a", "eq", "onetwo");', '$rc', '-1'],
  ['', '$shtcn(a=>**)', '3'],
  ['sht_rm_value("a", "sw", "5");', '$rc', '1'],
  ['', '$shtcn(a=>**)|$sht(a=>n5)|$sht(a=>xbd)', '2|<null>|5'],
  ['sht_rm_value("a", "eq", "5");', '$rc', '-1'],
  ['', '$shtcn(a=>**)|$sht(a=>xbd)', '2|5'],
  [
    '$sht(a=>abc) = "one"; $sht(a=>abd) = "two"; $sht(a=>xbd) = 5; $sht(a=>zz) = "onetwo"; $sht(a=>n5)="5"; sht_rm_value("a", "re", "^one");',
    '$rc',
    '1',
  ],
  ['', '$shtcn(a=>**)', '3'],
  ['sht_rm_value("a", "ne", "two");', '$rc', '-1'],
  ['', '$shtcn(a=>**)|$sht(a=>abd)|$sht(a=>xbd)|$sht(a=>n5)', '3|two|5|5'],
  [
    '$sht(a=>abc) = "one"; $sht(a=>abd) = "two"; $sht(a=>xbd) = 5; $sht(a=>zz) = "onetwo"; $sht(a=>n5)="5"; sht_rm_name_re("a=>^ab");',
    '$rc',
    '1',
  ],
  ['', '$shtcn(a=>**)', '3'],
  ['sht_rm_name_re("a=>none");', '$rc', '1'],
  ['sht_rm_value_re("a=>^onet");', '$rc', '1'],
  ['', '$shtcn(a=>**)', '2'],
  ['sht_rm_value_re("a=>5");', '$rc', '1'],
  ['', '$shtcn(a=>**)|$sht(a=>xbd)', '1|5'],
  ['$var(r) = "xb.*"; sht_rm_name_re("a=>$var(r)");', '$rc', '1'],
  ['', '$shtcn(a=>**)', '0'],
  ['sht_rm("a", "none");', '$rc', '1'],
  ['$sht(a=>abc) = "one"; sht_rm("a", "abc");', '$rc', '1'],
  ['sht_rm("nope", "abc");', '$rc', '-1'],
  ['', '$sht(a=>abc)', '<null>'],
  ['sht_reset("a");', '$rc', '1'],
  ['sht_reset("nope");', '$rc', '-1'],
  ['$var(t) = "a"; $sht(a=>q)=1; sht_reset("$var(t)");', '$rc', '1'],
  ['', '$sht(a=>q)', '<null>'],
  ['sht_setxs("a", "sx", "val", 30);', '$rc', '1'],
  ['', '$sht(a=>sx)|$shtex(a=>sx)', 'val|0'],
  ['', '$sht(a=>si)|$shtex(a=>si)', '<null>|0'],
  ['', '$sht(a=>si0)|$shtex(a=>si0)', '<null>|0'],
  ['sht_setxs("e", "si0", "42", 0);', '$rc', '1'],
  ['', '$sht(e=>si0)|$shtex(e=>si0)', '42|100'],
  ['sht_setxs("e", "si", "42", -1);', '$rc', '1'],
  ['', '$sht(e=>si)|$shtex(e=>si)', '42|100'],
  ['sht_setxs("nope", "si", "42", 1);', '$rc', '-1'],
  ['sht_reset("a");', '$rc', '1'],
  ['sht_iterator_start("i1", "a");', '$rc', '1'],
  ['sht_iterator_next("i1");', '$rc', '-1'],
  ['', '$shtitkey(i1)|$shtitval(i1)', '<null>|<null>'],
  ['sht_iterator_end("i1");', '$rc', '1'],
  ['$sht(a=>one) = 1;', '$shtitkey(i1)|$shtitval(i1)|$shtitkey(nope)', '<null>|<null>|<null>'],
  ['sht_iterator_next("nope");', '$rc', '-1'],
  ['sht_iterator_end("nope");', '$rc', '-1'],
  ['sht_iterator_start("i1", "nope");', '$rc', '-1'],
  ['sht_iterator_start("i1", "a");', '$rc', '1'],
  ['', '$shtitkey(i1)|$shtitval(i1)', '<null>|<null>'],
  ['sht_iterator_start("i1", "a");', '$rc', '1'],
  ['sht_iterator_next("i1");', '$rc', '1'],
  ['', '$shtitkey(i1)|$shtitval(i1)', 'one|1'],
  ['sht_iterator_sets("i1", "txt");', '$rc', '1'],
  ['', '$shtitkey(i1)|$shtitval(i1)|$sht(a=>one)', 'one|txt|txt'],
  ['sht_iterator_seti("i1", 9);', '$rc', '1'],
  ['', '$shtitkey(i1)|$shtitval(i1)|$sht(a=>one)', 'one|9|9'],
  ['sht_iterator_setex("i1", 20);', '$rc', '1'],
  ['', '$shtex(a=>one)', '0'],
  ['sht_iterator_rm("i1");', '$rc', '-2'],
  ['', '$shtitkey(i1)|$shtitval(i1)|$sht(a=>one)', '<null>|<null>|<null>'],
  ['sht_iterator_next("i1");', '$rc', '-1'],
  ['sht_iterator_rm("i1");', '$rc', '-1'],
  ['sht_iterator_next("i1");', '$rc', '-1'],
  ['', '$shtitkey(i1)|$shtitval(i1)', '<null>|<null>'],
  ['sht_iterator_end("i1");', '$rc', '1'],
  ['$sht(a=>one) = 1; sht_iterator_start("$var(x)", "$var(t)");', '$rc', '1'],
  ['sht_iterator_next("$var(x)");', '$rc', '1'],
  ['sht_iterator_end("$var(x)");', '$rc', '1'],
  ['sht_iterator_start("j1", "a");', '$rc', '1'],
  ['sht_iterator_start("j2", "a");', '$rc', '1'],
  ['sht_iterator_start("j3", "a");', '$rc', '1'],
  ['sht_iterator_start("j4", "a");', '$rc', '1'],
  ['sht_iterator_start("j5", "a");', '$rc', '-1'],
  ['sht_iterator_end("j1");', '$rc', '1'],
  ['sht_iterator_end("j2");', '$rc', '1'],
  ['sht_iterator_end("j3");', '$rc', '1'],
  ['sht_iterator_end("j4");', '$rc', '1'],
  ['sht_iterator_end("j5");', '$rc', '-1'],
  ['sht_iterator_sets("j9", "x");', '$rc', '-1'],
  ['sht_iterator_rm("j9");', '$rc', '-1'],
  ['', '$shtrecord(key)|$shtrecord(value)', '|'],
  ['sht_reset("a");', '$rc', '1'],
  [
    '$sht(a=>abc) = "one"; $sht(a=>abd) = "two"; $sht(a=>xbd) = 5; $sht(a=>i7) = 7; $sht(a=>im)=-3; $sht(a=>nl)="x\\nb2"; $sht(a=>sup)="Up";',
    '$shtcn(a=>%~ab)|$shtcn(a=>%~bd)|$shtcn(a=>~%bd)|$shtcn(a=>%~AB)|$shtcn(a=>~%BD)|$shtcn(a=>==ABC)',
    '2|0|2|0|0|0',
  ],
  [
    '',
    '$shtcv(a=>eq5)|$shtcv(a=>ne5)|$shtcv(a=>lt6)|$shtcv(a=>gt6)|$shtcv(a=>le5)|$shtcv(a=>ge7)|$shtcv(a=>eq-3)|$shtcv(a=>eqx)|$shtcv(a=>~~^b)|$shtcv(a=>x.b)|$shtcv(a=>up)|$shtcv(a=>==up)|$shtcv(a=>eq)',
    '1|0|0|0|0|0|1|0|1|0|1|0|0',
  ],
  ['', '$shtcv(a=>gt0)|$shtcv(a=>lt0)|$shtcv(a=>gt-5)', '0|0|0'],
  ['sht_match_str_value("a", "eq", "7");', '$rc', '-1'],
  ['sht_match_str_value("a", "re", "7");', '$rc', '-1'],
  ['sht_match_str_value("a", "re", "^b2");', '$rc', '1'],
  ['sht_match_str_value("a", "eq", "ONE");', '$rc', '-1'],
  ['sht_match_str_value("a", "sw", "ON");', '$rc', '-1'],
  ['sht_match_name("a", "sw", "AB");', '$rc', '-1'],
  ['sht_match_name("a", "ne", "");', '$rc', '-1'],
  ['sht_match_name("a", "sw", "");', '$rc', '-1'],
  ['sht_rm_name("a", "sw", "");', '$rc', '-1'],
  ['', '$shtcn(a=>**)', '7'],
  ['$sht(lim=>a)=1; $sht(lim=>b)=2; sht_match_name("lim", "ne", "a");', '$rc', '1'],
  ['sht_rm("lim","b");', '$rc', '1'],
  ['sht_match_name("lim", "ne", "a");', '$rc', '-1'],
  ['sht_reset("lim");', '$rc', '1'],
  ['sht_match_name("lim", "ne", "a");', '$rc', '-1'],
  ['sht_match_name("lim", "re", ".*");', '$rc', '-1'],
  ['', '$shtcn(lim=>**)|$shtcv(lim=>**)', '0|0'],
  ['sht_setxs("e", "si", "42", 20);', '$rc', '1'],
  ['', '$sht(e=>si)|$shtex(e=>si)', '42|20'],
  ['', '$sht(e=>v)|$shtex(e=>v)', '<null>|0'],
  ['sht_setxs("iv", "s", "t", 0);', '$rc', '1'],
  ['', '$sht(iv=>s)', 't'],
  ['', '$shtinc(a=> sp2)', '<null>'],
  ['sht_rm_name_re("nope=>a");', '$rc', '1'],
  ['sht_rm_value_re("nope=>a");', '$rc', '1'],
  ['sht_rm_name_re("a=>[");', '$rc', '-1'],
  ['sht_lock("nope=>k");', '$rc', '-11'],
  ['sht_unlock("nope=>k");', '$rc', '-11'],
  [
    '$avp(z) = "42"; $sht(e=>z) = $avp(z); $sht(e=>empty) = ""; $var(e) = ""; $sht(e=>$var(e)) = "emptykey"; $sht(a=>num) = 10; $var(s) = $sht(a=>num) + 5;',
    '$var(s)',
    '15',
  ],
  ['$sht(a=>str) = "10"; $var(s) = $sht(a=>str) + 5;', '$var(s)', '105'],
  ['$sht(lim=>a)=1; $sht(lim=>b)=2;', '$shtcn(lim=>**)', '2'],
  ['$sht(a=>cc:dd=>ee) = "arrow";', '$sht(a=>cc:dd=>ee)|$shtcn(a=>==cc:dd=>ee)', 'arrow|1'],
  ['$sht(a=>1) = "numkey";', '$sht(a=>1)', 'numkey'],
  ['', '$sht(a=>$var(n)x$var(x))', '<null>'],
  ['', '$shtex(nope=>k)|$shtdec(nope=>k)|$shtcv(nope=>**)', '<null>|<null>|<null>'],
  ['$sht(nope=>k) = 1;', '$rc', '1'],
  ['$shtex(nope=>k) = 1;', '$rc', '1'],
  ['$sht(e=>k)=1; $sht(e=>i)="5"; $sht(e=>i) = $sht(e=>i);', '$shtcv(e=>eq5)|$shtcv(e=>==5)', '0|1'],
  ['$sht(e=>$null) = 1;', '$sht(e=>$null)', '1'],
  ['sht_rm_name("e","re","^i");', '$rc', '1'],
  ['', '$sht(e=>i)', '<null>'],
  ['sht_rm_value("e","sw","");', '$rc', '-1'],
  ['sht_iterator_start("i1","a");', '$rc', '1'],
  ['sht_iterator_sets("i1","x");', '$rc', '-1'],
  ['sht_iterator_seti("i1",3);', '$rc', '-1'],
  ['sht_iterator_setex("i1",3);', '$rc', '-1'],
  ['sht_iterator_end("i1");', '$rc', '1'],
  ['sht_iterator_end("i1");', '$rc', '-1'],
  ['$var(x) = sht_rm("a","k");', '$var(x)', '1'],
  ['', '$(sht(e=>k){s.len})|$(shtcn(e=>**){s.len})', '1|1'],
];

const TABLES = `
loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "xlog.so"
loadmodule "htable.so"
modparam("htable", "htable", "a=>size=4;")
modparam("htable", "htable", "iv=>size=4;initval=8")
modparam("htable", "htable", "e=>size=4;autoexpire=100;")
modparam("htable", "htable", "ue=>size=4;autoexpire=100;updateexpire=0;")
modparam("htable", "htable", "lim=>size=1;")
modparam("htable", "htable", "ex=>size=2;autoexpire=2;")
modparam("htable", "timer_interval", 1)
`;

/** The facts as one configuration for both servers. */
const FACTS_CONFIGURATION = `#!KAMAILIO
debug=2
log_stderror=yes
children=1
auto_aliases=no
${TABLES}
event_route[htable:mod-init] { $sht(ex=>one) = "v1"; xlog("L_NOTICE", "@@init $sht(ex=>one) $rm\\n"); }
event_route[htable:expired:ex] {
  xlog("L_NOTICE", "@@expired $shtrecord(key) $shtrecord(value) $sht(ex=>one) $rm\\n");
}
request_route { route(FACTS); sl_send_reply("200", "OK"); }
route[FACTS] {
${FACTS.map(([statements, text]) => `  ${statements} xlog("L_NOTICE", "@@${text}\\n");`).join('\n')}
  return 1;
}
`;

function printedBy(host: TestHost): string[] {
  return host.log.lines.filter((line) => line.startsWith('@@')).map((line) => line.slice(2));
}

/** Compiles a configuration with the real modules on a fake clock. */
function compile(text: string, host: TestHost): LinkedProgram {
  const config = parseConfig({ file: 'test.cfg', text }, { isKnownVariable: knownVariables(modules) });
  const result = compileConfig(config, modules, host);
  if (result.linked === null) throw new Error(result.diagnostics.map(({ message }) => message).join('\n'));
  return result.linked;
}

/** Runs the request route once. */
async function run({ program }: LinkedProgram): Promise<void> {
  const state = new RequestState(request(), RECEIVED, program.hooks);
  const route = program.route('request', '');
  assert.ok(route !== null);
  await program.run(route, makeRequestContext(program, state, 1));
}

/** A program of statements in the request route. */
function program(statements: string, more = ''): { readonly host: TestHost; readonly linked: LinkedProgram } {
  const host = testHost();
  const linked = compile(`${TABLES}${more}\nrequest_route { ${statements} }`, host);
  linked.start();
  return { host, linked };
}

describe('as Kamailio 5.6.3', () => {
  it('prints the same', async () => {
    const host = testHost();
    const linked = compile(FACTS_CONFIGURATION, host);
    linked.start();
    await run(linked);
    const printed = printedBy(host);
    assert.equal(printed[0], 'init v1 OPTIONS');
    assert.deepEqual(
      printed.slice(1).map((line, n) => [FACTS[n]?.[0], FACTS[n]?.[1], line]),
      FACTS,
    );
    linked.stop();
  });

  it('on a live Kamailio', { skip: peer('kamailio').skip }, async () => {
    for (const kind of ['kamailio', 'trunkline'] as const) {
      const lines = await live(kind);
      const texts = FACTS.map(([, , printed]) => printed.replaceAll('\n', ''));
      assert.deepEqual(
        lines.filter((line) => !/^(init|expired) /.test(line)),
        texts,
        kind,
      );
      assert.deepEqual(
        lines.filter((line) => /^(init|expired) /.test(line)),
        ['init v1 OPTIONS', 'expired one v1 <null> OPTIONS'],
        kind,
      );
    }
  });
});

/** What a server prints for the facts; a second may begin while it does. */
async function live(kind: ServerKind): Promise<string[]> {
  const server = await startServer({ kind, cfg: FACTS_CONFIGURATION });
  const client = await SipPeer.open();
  try {
    const text = requestText(client, { method: 'OPTIONS', uri: 'sip:bob@example.com' });
    await client.send(text, { host: '127.0.0.1', port: server.port });
    await client.expect(200);
    await server.logged(/@@expired/);
    await sleep(100);
    return server.marked().map((line) => line.replace(/\b(?:99|49|29|19)$/, (seconds) => `${Number(seconds) + 1}`));
  } finally {
    await client.close();
    await server.stop();
  }
}

describe('entries', () => {
  it('expire: at once for whoever reads, swept by the timer, with an event for each', async () => {
    const host = testHost();
    const linked = compile(
      `${TABLES}
event_route[htable:expired:ex] { xlog("@@expired $shtrecord(key) $shtrecord(value) $sht(ex=>$shtrecord(key)) $rm"); $sht(ex=>next) = 7; }
request_route { $sht(ex=>k) = "v"; $sht(ex=>kept) = 1; $shtex(ex=>kept) = 0; xlog("@@$sht(ex=>k) $shtex(ex=>k) $shtex(ex=>kept)"); }`,
      host,
    );
    linked.start();
    await run(linked);
    assert.deepEqual(printedBy(host), ['v 2 0']);
    host.clock.advance(1900);
    assert.deepEqual(printedBy(host).slice(1), []);
    host.clock.advance(200);
    assert.deepEqual(printedBy(host).slice(1), ['expired k v <null> OPTIONS']);
    host.clock.advance(3000);
    assert.deepEqual(printedBy(host).slice(2), ['expired next 7 <null> OPTIONS']);
    linked.stop();
    assert.equal(host.wheel.size, 0);
  });

  it('a time that was just given is left whole, whatever fraction of a millisecond the clock shows', () => {
    const host = testHost();
    const { instance } = load(htable, host, { htable: ['t=>autoexpire=60'] });
    const table = tableOf(instance, 't');
    for (let n = 0; n < 200; n++) {
      host.clock.advance(100 * Math.sqrt(n + 2));
      table.write(`k${n}`, n);
      table.write('again', n);
      table.setExpire('again', 60);
      assert.deepEqual([table.secondsLeft(`k${n}`), table.secondsLeft('again')], [60, 60], `${host.clock.now()}`);
    }
  });

  it('a large table is swept in slices', () => {
    const host = testHost();
    const { instance } = load(htable, host, { htable: ['t=>autoexpire=1'], timer_interval: 5 });
    const table = tableOf(instance, 't');
    for (let n = 0; n < 50_000; n++) table.write(`k${n}`, n);
    host.clock.advance(4999);
    assert.equal(table.size, 50_000);
    assert.equal(table.count(), 0);
    host.clock.advance(100);
    assert.equal(table.size, 0);
  });

  it('have a limit, and a refusal is told once a minute', async () => {
    const { host, linked } = program(
      '$sht(a=>1) = 1; $sht(a=>2) = 2; $sht(a=>3) = 3; $sht(a=>1) = 4; xlog("@@$shtcn(a=>**) $sht(a=>1)");',
      'modparam("htable", "max_entries", 2)',
    );
    const told = (): number => host.log.codes.filter((code) => code === 'HTABLE_FULL').length;
    await run(linked);
    await run(linked);
    assert.deepEqual(printedBy(host), ['2 4', '2 4']);
    assert.equal(told(), 1);
    host.clock.advance(61_000);
    await run(linked);
    assert.equal(told(), 2);
  });

  it('keep strange keys apart', async () => {
    const { host, linked } = program(
      '$sht(a=>__proto__) = "p"; $sht(a=>constructor) = 1; xlog("@@$sht(a=>__proto__) $sht(a=>toString) $shtcn(a=>**)");',
    );
    await run(linked);
    assert.deepEqual(printedBy(host), ['p <null> 2']);
  });

  it('outlive the message they came from', () => {
    const { instance } = load(htable, testHost(), { htable: ['t=>size=3'] });
    const table = tableOf(instance, 't');
    const message = 'x'.repeat(100_000);
    table.write(message.slice(10, 40), message.slice(50, 80));
    assert.deepEqual(
      [...table.all()].map(([key, { value }]) => [key, value]),
      [['x'.repeat(30), 'x'.repeat(30)]],
    );
  });
});

describe('functions', () => {
  it('sht_setxi, sht_inc, sht_dec, sht_is_null, which Kamailio 5.6.3 does not have or not working', async () => {
    const { host, linked } = program(`
      sht_setxi("e", "i", "42", 20); xlog("@@$rc $sht(e=>i) $shtex(e=>i) $shtcv(e=>eq42)");
      sht_setxi("nope", "i", "42", 20); xlog("@@$rc");
      sht_inc("e", "i"); xlog("@@$rc $sht(e=>i)");
      sht_dec("e", "i"); xlog("@@$rc");
      $sht(e=>i) = 1; sht_dec("e", "i"); xlog("@@$rc $sht(e=>i)");
      sht_inc("e", "none"); xlog("@@$rc");
      sht_is_null("e", "i"); xlog("@@$rc");
      sht_is_null("e", "none"); xlog("@@$rc");
      sht_is_null("nope", "none"); xlog("@@$rc");
      sht_lock("a=>k"); xlog("@@$rc"); sht_unlock("a=>k"); xlog("@@$rc");
      sht_print(); xlog("@@$rc");`);
    await run(linked);
    assert.deepEqual(printedBy(host), ['1 42 20 1', '-1', '43 43', '42', '1 0', '-255', '-2', '1', '2', '1', '1', '1']);
    assert.ok(host.log.lines.includes('e=>i = 0 expires=100'));
  });

  it('iterators walk through the entries, and removing one does not stop them', async () => {
    const { host, linked } = program(`
      $sht(a=>one) = 1; $sht(a=>two) = "2"; $sht(a=>three) = 3;
      sht_iterator_start("i", "a");
      while (sht_iterator_next("i")) {
        xlog("@@$shtitkey(i)=$shtitval(i)");
        if ($shtitkey(i) == "one") { $sht(a=>one) = $null; xlog("@@$shtitkey(i)"); }
      }
      sht_iterator_end("i");
      sht_iterator_start("i", "a"); sht_iterator_next("i"); sht_iterator_rm("i"); xlog("@@$rc $shtitkey(i)");
      sht_iterator_rm("i"); xlog("@@$rc $shtcn(a=>**)");`);
    await run(linked);
    assert.deepEqual(printedBy(host), ['one=1', '<null>', 'two=2', 'three=3', '1 three', '-2 0']);
  });

  it('sht_lock makes another message wait', async () => {
    const { host, linked } = program(
      'sht_lock("a=>k"); $var(n) = $sht(a=>k); usleep(1000); $sht(a=>k) = $var(n) + 1; sht_unlock("a=>k"); xlog("@@$sht(a=>k)");',
      'loadmodule "cfgutils.so"',
    );
    const both = [run(linked), run(linked)];
    for (let n = 0; n < 20; n++) {
      host.clock.advance(1);
      await Promise.resolve();
      await sleep(1);
    }
    await Promise.all(both);
    assert.deepEqual(printedBy(host), ['1', '2']);
  });
});

describe('configuration', () => {
  const refused = (definitions: readonly string[]): string => {
    try {
      load(htable, testHost(), { htable: definitions });
      return '';
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  };

  it('takes what Kamailio takes', () => {
    for (const text of [
      'a=>',
      'a=>size=0',
      'a=>size=40;',
      'a=>size=4,autoexpire=3',
      ' a =>size=4;',
      "a=>size=4;cols='k,v'",
      'a=>size=4;dmqreplicate=1',
      'a=>size=4;initval=-3',
      'a=>size=4;dbtable=x',
      'a=> size = 4 ; autoexpire = 5',
    ])
      assert.equal(refused([text]), '', text);
  });

  it('refuses what Kamailio refuses', () => {
    for (const text of [
      'a',
      'a=>size=4;foo=1',
      'a=>size=x',
      'a=>autoexpire=x',
      'a=>autoexpire=-4',
      'a b=>size=4',
      'a=>size=4;;',
      'a=>autoexpire',
      'a=size=4',
      'a=>initval=str',
      'a=>autoexpire=7 200',
    ])
      assert.notEqual(refused([text]), '', text);
    assert.match(refused(['a=>size=4', 'a=>size=4']), /twice/);
    assert.throws(() => load(htable, testHost(), { max_entries: 0 }), { code: 'HTABLE_LIMIT' });
  });

  it('says what has no effect', () => {
    const host = testHost();
    load(htable, host, { htable: ['a=>dbtable=x;dmqreplicate=1'] });
    assert.deepEqual(host.log.codes, ['HTABLE_NO_EFFECT', 'HTABLE_NO_EFFECT']);
  });

  it('a reference needs a table and a key', () => {
    for (const text of ['$sht(a)', '$(sht(a=>k)[0])', '$shtrecord(foo)', '$shtitkey()'])
      assert.throws(() => program(`xlog("${text}");`), text);
    const { host } = program('$var(x) = $sht(nope=>$ci);');
    assert.deepEqual(host.log.codes, ['HTABLE_UNKNOWN']);
  });
});

function tableOf(instance: unknown, name: string): Table {
  const table = (instance as HtableModule).tables.get(name);
  assert.ok(table !== undefined);
  return table;
}
