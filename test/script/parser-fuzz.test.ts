import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDiagnostics } from '../../src/script/diagnostic.ts';
import { parse } from './parse-support.ts';

const sample = `#!KAMAILIO
#!define WITH_NAT
#!define FLT_NAT 5
#!substdef "!MY_IP!10.0.0.1!g"
#!ifdef WITH_TLS
enable_tls=yes
#!else
debug=2
#!endif
listen=udp:MY_IP:5060 advertise 1.2.3.4:5060
alias="a.com" b.com
flags ACC:1, MISSED;
loadmodule "tm.so"
modparam("tm|rr", "fr_timer", 5000)
pstn.gw = "1.2.3.4" desc "x"
request_route {
	if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
	if (is_method("INVITE|SUBSCRIBE") && $rU =~ "^\\+[0-9]{3,}$" || src_ip == 10.0.0.0/8) setflag(FLT_NAT);
	$var(x) = $(ru{uri.user}{s.substr,1,0}) + "a" "b" + @from.tag; # comment
	switch ($rm) { case "INVITE": route(RELAY); break; case /"^OPT": exit; default: drop; }
	while ($var(i) < 5) $var(i) = $var(i) + 1;
	if (uri == myself) { route("to pstn"); } else if (method == ACK) { return -1; } else { forward(uri:host, 5060); }
	/* block /* nested */ */
	xlog("L_INFO", 'raw $ru' "$fU\\n"); uac_auth()
}
route[RELAY] { t_relay(); }
failure_route[F] { if (t_check_status("401|407")) { uac_auth(); t_relay(); } }
event_route[tm:local-request] { exit; }
onreply_route { if (status =~ "2..") drop; }
`;

const insertions = [
  ...'{}()[]";\'$#!=,\\/*@%~-\n',
  '$(',
  '#!ifdef A\n',
  '#!else\n',
  '#!endif\n',
  '#!define A B\n',
  '#!define X X\n',
  '/*',
  '*/',
  '==',
  '“',
  '”',
  'case 1:',
  'switch(',
  'if ',
  'else ',
  'route[',
  'route(',
  'loadmodule "',
  'modparam(',
  '\0',
  'é',
  '{s.len}',
  'include_file "a"\n',
  '#!subst "/a/b/"\n',
  '1b',
  '::1',
  'request_route {',
  'listen=',
  '\r\n',
];

/** Mutations are the same in every run; a failure prints its number. */
test('mutated configs never throw, always end, and have places for all their problems', () => {
  let state = 20260731;
  const random = (limit: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >> 8) % limit;
  };
  for (let round = 0; round < 20_000; round++) {
    const start = random(sample.length - 400);
    let text = round % 10 === 0 ? sample : sample.slice(start, start + 400);
    for (let count = 1 + random(5); count > 0; count--) {
      const at = random(text.length + 1);
      const insertion = insertions[random(insertions.length)] ?? '';
      const from = random(text.length + 1);
      const replacement = [insertion, '', text.slice(from, from + 60), insertion][random(4)] ?? '';
      text = text.slice(0, at) + replacement + text.slice(at + random(8));
    }
    const parsed = parse(text, { readFile: (path) => (path === 'a' ? text.slice(0, 60) : null) });
    for (const { line, column, length, message } of parsed.diagnostics) {
      assert.ok(line > 0 && column > 0 && length > 0 && message !== '', `round ${round}: ${JSON.stringify(text)}`);
    }
    assert.equal(typeof formatDiagnostics(parsed.diagnostics, parsed.files), 'string');
  }
});
