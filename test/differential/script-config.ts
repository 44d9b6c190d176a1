import { ASSIGNMENTS, CONDITIONS, TRANSFORMATIONS, VARIABLES } from './vectors.ts';

/** Inputs of the transformations. */
const INPUTS = String.raw`
$var(x) = "abcdef"; $var(n) = "12,34,56"; $var(num) = "42"; $var(nu) = "-42x"; $var(k) = "2"; $var(esc) = "a'b\"c\\d";
$var(us) = "a b@c;d"; $var(w) = "  ab c  "; $var(e) = "";
$var(u) = "sip:al%20ice:pw@Host.com:5062;transport=tcp;x=1;lr;user=phone;maddr=1.2.3.4;ttl=5;method=INVITE;r2=on?a=b&c=d";
$var(p) = "a=1;b=\"q;q\";c;d=4"; $var(q) = "a=1&b=2"; $var(t) = "\"Bob X\" <sip:bob@ex.com:5061;transport=udp>;tag=zz;q=0.5";
$var(l) = "v=0\r\no=- 1\r\nm=audio 1";
`;

/** Routes, loops and switch: what is printed is the vector. */
const FLOW = String.raw`
route(R1); xlog("L_NOTICE", "@@after R1 rc=$rc retcode=$retcode ?=$?\n");
route(RM5); xlog("L_NOTICE", "@@after return -5 rc=$rc\n");
if (route(RM5)) { xlog("L_NOTICE", "@@if route(RM5) true rc=$rc\n"); } else { xlog("L_NOTICE", "@@if route(RM5) false rc=$rc\n"); }
if (route(R7)) { xlog("L_NOTICE", "@@if route(R7) true rc=$rc\n"); } else { xlog("L_NOTICE", "@@if route(R7) false rc=$rc\n"); }
$var(x) = route(RM5); xlog("L_NOTICE", "@@var=route(RM5) -> $var(x) rc=$rc\n");
$var(x) = route(R7) + 1; xlog("L_NOTICE", "@@var=route(R7)+1 -> $var(x)\n");
route(NORET); xlog("L_NOTICE", "@@after NORET rc=$rc\n");
route(LASTFALSE); xlog("L_NOTICE", "@@after LASTFALSE rc=$rc\n");
route(EMPTY); xlog("L_NOTICE", "@@after EMPTY rc=$rc\n");
$var(r) = "R7"; route($var(r)); xlog("L_NOTICE", "@@dyn rc=$rc\n");
$var(r) = "7"; route("R" + $var(r)); xlog("L_NOTICE", "@@dynconcat rc=$rc\n");
is_method("INVITE"); xlog("L_NOTICE", "@@after is_method false rc=$rc\n");
$var(i) = 0;
while ($var(i) < 5) { $var(i) = $var(i) + 1; if ($var(i) == 2) { break; } xlog("L_NOTICE", "@@loop $var(i)\n"); }
xlog("L_NOTICE", "@@after while i=$var(i)\n");
$var(s) = 1;
while ($var(s) < 10) {
  switch ($var(s)) {
    case 1: xlog("L_NOTICE", "@@sw 1 case1\n");
    case 2: xlog("L_NOTICE", "@@sw $var(s) case2\n"); break;
    case 3: xlog("L_NOTICE", "@@sw 3 case3\n"); break;
    default: xlog("L_NOTICE", "@@sw $var(s) default\n");
  }
  if ($var(s) == 3) { $var(s) = 9; } else if ($var(s) == 9) { $var(s) = 10; } else { $var(s) = $var(s) + 1; }
}
switch ($rm) { case /"^OPT": xlog("L_NOTICE", "@@regex ^OPT\n"); break; default: xlog("L_NOTICE", "@@regex none\n"); }
switch ($rm) { case /"^opt": xlog("L_NOTICE", "@@regex folds case\n"); break; default: xlog("L_NOTICE", "@@regex is case sensitive in switch\n"); }
$var(d) = "2";
switch ($var(d)) { case "2": xlog("L_NOTICE", "@@string case matches\n"); break; default: xlog("L_NOTICE", "@@string case does not match\n"); }
if (is_method("OPTIONS") && $rc == 1) { xlog("L_NOTICE", "@@rc inside && sees $rc\n"); }
$avp(st) = "one"; $avp(st) = "two"; $avp(st) = "three";
xlog("L_NOTICE", "@@avp stack: $avp(st) | $(avp(st)[0]) $(avp(st)[1]) $(avp(st)[2]) $(avp(st)[3]) | all=$(avp(st)[*])\n");
$(avp(st)[*]) = "only"; xlog("L_NOTICE", "@@avp assign [*]: $(avp(st)[*])\n");
$avp(st) = "two"; $avp(st) = $null; xlog("L_NOTICE", "@@avp after =null: $avp(st) all=$(avp(st)[*])\n");
$avp(st) = "two"; $avp(st) = "three"; $(avp(st)[0]) = "repl"; xlog("L_NOTICE", "@@avp assign [0]: all=$(avp(st)[*])\n");
$(avp(st)[*]) = $null; xlog("L_NOTICE", "@@avp [*]=null: [$avp(st)]\n");
$xavp(a=>b) = 1; $xavp(a=>c) = "cc"; $xavp(a=>b) = 3;
xlog("L_NOTICE", "@@xavp $xavp(a=>b) $xavp(a=>c) [0]b=$xavp(a[0]=>b) [1]b=$xavp(a[1]=>b)\n");
$xavp(a=>b) = $null; xlog("L_NOTICE", "@@xavp null b: $xavp(a=>b)\n");
$var(loopless) = 0; while ($var(loopless) >= 0) { $var(loopless) = $var(loopless) + 1; }
xlog("L_NOTICE", "@@after runaway i=$var(loopless) rc=$rc\n");
`;

const ROUTES = `
route[R1] { return; }
route[RM5] { return -5; }
route[R7] { return(7); }
route[NORET] { $var(q) = 1; }
route[LASTFALSE] { is_method("INVITE"); }
route[EMPTY] { ; }
`;

/**
 * Requests that must end without a reply or with one, depending on how the script leaves: the body of the route and the replies.
 * The words after the dash are the route that is called.
 */
export const ENDINGS: readonly (readonly [string, string, number])[] = [
  ['exit in route', 'route(EXIT); sl_send_reply("200", "OK");', 0],
  ['return 0', 'route(RET0); sl_send_reply("200", "OK");', 0],
  ['drop in route', 'route(DROP); sl_send_reply("200", "OK");', 0],
  ['exit in if', 'if (route(EXIT)) { sl_send_reply("200", "OK"); } sl_send_reply("201", "OK");', 0],
  ['return 0 in if', 'if (route(RET0)) { sl_send_reply("200", "OK"); } sl_send_reply("201", "OK");', 0],
  ['return 0 assigned', '$var(x) = route(RET0); sl_send_reply("200", "OK");', 0],
  ['return -1', 'route(RETM1); sl_send_reply("200", "OK");', 1],
  ['return 1', 'route(RET1); sl_send_reply("200", "OK");', 1],
  ['exit after reply', 'sl_send_reply("200", "OK"); exit; sl_send_reply("201", "OK");', 1],
];

function print(mark: string, value: string): string {
  return `xlog("L_NOTICE", "@@${mark}=[${value}]\\n");`;
}

/** One configuration that evaluates every vector, each kind for the request that carries its name in X-Case. */
export function scriptConfiguration(): string {
  return `#!KAMAILIO
debug=2
log_stderror=yes
fork=yes
children=1
auto_aliases=no
max_while_loops=100
loadmodule "kex.so"
loadmodule "corex.so"
loadmodule "tm.so"
loadmodule "tmx.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "xlog.so"
loadmodule "cfgutils.so"
modparam("pv", "shvset", "a=i:1")
request_route {
  if ($hdr(X-Case) == "conditions") { route(CONDITIONS); sl_send_reply("200", "OK"); exit; }
  if ($hdr(X-Case) == "assignments") { route(ASSIGNMENTS); sl_send_reply("200", "OK"); exit; }
  if ($hdr(X-Case) == "transformations") { route(TRANSFORMATIONS); sl_send_reply("200", "OK"); exit; }
  if ($hdr(X-Case) == "variables") { route(VARIABLES); sl_send_reply("200", "OK"); exit; }
  if ($hdr(X-Case) == "flow") { route(FLOW); sl_send_reply("200", "OK"); exit; }
${ENDINGS.map(([name, body]) => `  if ($hdr(X-Case) == "${name}") { ${body} exit; }`).join('\n')}
}
route[EXIT] { exit; }
route[RET0] { return 0; }
route[DROP] { drop; }
route[RETM1] { return -1; }
route[RET1] { return 1; }
${ROUTES}
route[CONDITIONS] {
  $var(a) = 1; $var(b) = "abc"; $var(c) = "12abc"; $var(d) = "12"; $var(n) = -5; $avp(s) = "abc"; $avp(e) = "";
${CONDITIONS.map(
  ([text], n) =>
    `  is_method("OPTIONS"); if (${text}) { xlog("L_NOTICE", "@@${n}=true\\n"); } else { xlog("L_NOTICE", "@@${n}=false\\n"); }`,
).join('\n')}
  return 1;
}
route[ASSIGNMENTS] {
  $var(a) = 1; $var(d) = "12"; $var(s) = "abc"; $avp(i) = 7; $avp(t) = "t7"; $var(n) = -5;
${ASSIGNMENTS.map(([text], n) => `  ${text} ${print(`${n}`, '$var(x)')}`).join('\n')}
  return 1;
}
route[TRANSFORMATIONS] {
${INPUTS}
${TRANSFORMATIONS.map(([text], n) => `  ${print(`${n}`, text)}`).join('\n')}
  return 1;
}
route[VARIABLES] {
${VARIABLES.map((text, n) => `  ${print(`${n}`, text)}`).join('\n')}
  return 1;
}
route[FLOW] {
${FLOW}
  return 1;
}
`;
}
