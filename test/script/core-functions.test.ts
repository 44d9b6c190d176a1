import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EditList } from '../../src/message/edits.ts';
import { Branch } from '../../src/proxy/branch.ts';
import { compileText, optionsRequest, PORT, runBody, runCompiled } from './support.ts';

const AT = `127.0.0.1:${PORT}`;

function ruri(body: string, from = ''): string {
  const { lines } = runBody(`${from === '' ? '' : `$ru = "${from}";`} ${body} xlog("$ru");`);
  return lines.at(-1) ?? '';
}

test('functions that rewrite the Request-URI', () => {
  const full = 'sip:bob:pw@h.com:5070;x=1?a=b';
  assert.equal(ruri('rewritehost("new.com");', full), 'sip:bob:pw@new.com:5070;x=1?a=b');
  assert.equal(ruri('sethostport("new.com:5080");', full), 'sip:bob:pw@new.com:5080;x=1?a=b');
  assert.equal(ruri('sethostport("new.com");', full), 'sip:bob:pw@new.com;x=1?a=b');
  assert.equal(
    ruri('sethpt("new.com:5080;transport=tcp");', 'sip:b@h;transport=udp;x=1'),
    'sip:b@new.com:5080;x=1;transport=tcp',
  );
  assert.equal(ruri('setport("5099");', full), 'sip:bob:pw@h.com:5099;x=1?a=b');
  assert.equal(ruri('setuser("al");', full), 'sip:al:pw@h.com:5070;x=1?a=b');
  assert.equal(ruri('setuserpass("al:secret");', full), 'sip:al:secret@h.com:5070;x=1?a=b');
  assert.equal(ruri('setuserpass("al");', full), 'sip:al@h.com:5070;x=1?a=b');
  assert.equal(ruri('rewriteuri("tel:+123");', full), 'tel:+123');
  assert.equal(ruri('revert_uri();', full), `sip:bob@${AT}`);
  assert.equal(ruri('prefix("00");', full), 'sip:00bob:pw@h.com:5070;x=1?a=b');
  assert.equal(ruri('strip(1);', full), 'sip:ob:pw@h.com:5070;x=1?a=b');
  assert.equal(ruri('strip_tail(2);', 'sip:bob@h'), 'sip:b@h');
  assert.equal(ruri('strip(9);', 'sip:bob@h'), 'sip:h', 'nothing is left of the user');
  assert.equal(ruri('userphone();', 'sip:bob@h'), 'sip:bob@h;user=phone');
  assert.equal(ruri('userphone();', 'sip:bob@h;user=phone'), 'sip:bob@h;user=phone');
  assert.equal(ruri('prefix("+49");', 'tel:123'), 'tel:+49123');
});

test('a URI that cannot be changed is refused and logged', () => {
  const run = runBody('$ru = "abc"; if (!strip(1)) { xlog("failed"); }');
  assert.deepEqual(run.lines, ['failed']);
  assert.match(run.log.core.at(-1) ?? '', /^SCRIPT_URI_REFUSED strip\(\)/);
});

test('flags', () => {
  const run = runBody(
    'setflag(5); if (isflagset(5)) { xlog("set"); } resetflag(5); if (!isflagset(5)) { xlog("reset"); } setflag(31); if (isflagset(31)) { xlog("31"); }',
  );
  assert.deepEqual(run.lines, ['set', 'reset', '31']);
  assert.equal(run.state.flags, 1 << 31);
});

test('where and how a request leaves', () => {
  const run = runBody(`
    force_rport(); add_local_rport(); force_send_socket(udp:${AT}); set_advertised_address("sip.example.com"); set_advertised_port(5080);
    $du = "sip:192.0.2.2"; forward(); forward("192.0.2.9", 5070); forward(192.0.2.8); forward(uri:host, uri:port); forward_tcp("h.com");
  `);
  assert.equal(run.state.forceRport, true);
  assert.equal(run.state.localRport, true);
  assert.equal(run.state.advertisedHost, 'sip.example.com');
  assert.equal(run.state.advertisedPort, 5080);
  assert.equal(run.state.target.socket?.port, PORT);
  assert.deepEqual(run.forwarded, [`sip:bob@${AT}`, '192.0.2.9:5070', '192.0.2.8:', AT, 'h.com:']);
});

test('connections and sizes', () => {
  const run = runBody(
    'set_forward_no_connect(); set_reply_close(); set_reply_no_connect(); udp_mtu_try_proto(TLS); if (force_tcp_alias()) { xlog("udp"); }',
  );
  assert.deepEqual([run.state.forwardStream, run.state.replyStream, run.state.largeBy], [1, 3, 'tls']);
  assert.deepEqual(run.lines, ['udp']);
  const { linked } = compileText(
    'branch_route[B] { set_forward_close(); }\nonreply_route[R] { set_forward_close(); set_reply_close(); }',
  );
  const { hooks } = linked.program;
  const { state } = run;
  const branch = new Branch(0, state.target.clone(), 0);
  hooks.branchRoute('B', state, branch);
  assert.deepEqual([branch.target.stream, branch.target.clone().stream, state.forwardStream], [2, 2, 1]);
  state.replyStream = 0;
  hooks.replyRoute('R', state, branch, state.message, state.received, new EditList());
  assert.deepEqual([state.forwardStream, state.replyStream], [1, 2], 'the request of a reply is past it');
  const refused = (call: string): boolean => !compileText(`request_route { ${call}; }`).result.ok;
  for (const call of ['udp_mtu_try_proto(SCTP)', 'udp_mtu_try_proto(5)', 'force_tcp_alias(70000)'])
    assert.ok(refused(call), call);
});

test('log, error, exec', () => {
  const body = 'log("plain $ru"); log(1, "level"); error("a", "b"); if (!exec("true")) { xlog("refused"); }';
  const run = runCompiled(compileText(`request_route { ${body} }`, { unsupported: 'warn' }));
  assert.deepEqual(run.lines, ['plain $ru', 'level', 'a: b', 'refused']);
  assert.match(run.log.core[0] ?? '', /^SCRIPT_EXEC_REFUSED/);
});

test('keywords in conditions', () => {
  const holds = (condition: string): boolean =>
    runBody(`if (${condition}) { xlog("true"); } else { xlog("false"); }`, '', optionsRequest()).lines[0] === 'true';
  const table: readonly (readonly [string, boolean])[] = [
    ['src_ip==127.0.0.0/8', true],
    ['src_ip==10.0.0.0/255.0.0.0', false],
    ['src_ip!=10.0.0.1', true],
    ['src_ip=="127.0.0.1"', true],
    ['src_ip==$si', true],
    ['src_ip==[::1]', false],
    ['src_ip==2001:db8::/32', false],
    ['dst_ip==127.0.0.1', true],
    [`dst_port==${PORT}`, true],
    [`dst_port > ${PORT}`, false],
    ['src_port==$sp', true],
    ['method=~"^opt|ack$"', true],
    ['method!=INVITE', true],
    ['method==$rm', true],
    ['uri=="SIP:BOB@127.0.0.1:17353"', true],
    ['uri!=myself', false],
    ['myself==uri', true],
    ['to_uri=="sip:bob@example.org"', true],
    ['to_uri=~"example"', true],
    ['from_uri==myself', false],
    ['proto!=TCP', true],
    ['af==INET6', false],
    ['msg:len < max_len', true],
    ['src_ip==localhost', false],
  ];
  for (const [condition, expected] of table) assert.equal(holds(condition), expected, condition);
  const uri = (text: string): boolean => runBody(`$ru="${text}"; if (uri==myself) { xlog("yes"); }`).lines.length === 1;
  assert.equal(uri('sip:a@127.0.0.1'), false, 'no port is 5060');
  assert.equal(uri('tel:123'), false);
});
