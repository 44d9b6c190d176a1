import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SocketAddress } from '../../src/script/ast-config.ts';
import { errors, item, parse, parseClean, problems } from './parse-support.ts';

function addresses(text: string): readonly SocketAddress[] {
  const { value } = item(parseClean(text), 'globalAssignment');
  assert.ok(value.kind === 'addresses');
  return value.addresses;
}

/** `proto host port advertise name virtual` of the first address. */
function address(text: string): string {
  const found = addresses(text)[0];
  assert.ok(found !== undefined);
  const advertise = found.advertise === null ? '' : ` advertise ${found.advertise.host} ${found.advertise.port}`;
  return `${found.proto} ${found.host} ${found.port}${advertise}${found.name === null ? '' : ` name ${found.name}`}${found.virtual ? ' virtual' : ''}`;
}

const listens: readonly (readonly [string, string])[] = [
  ['listen=udp:127.0.0.1:5060', 'udp 127.0.0.1 5060'],
  ['listen=127.0.0.1', 'null 127.0.0.1 null'],
  ['listen=UDP:127.0.0.1:5060', 'udp 127.0.0.1 5060'],
  ['listen = tls : 127.0.0.1 : 5061', 'tls 127.0.0.1 5061'],
  ['listen=udp:[2001:db8::1]:5060', 'udp 2001:db8::1 5060'],
  ['listen=2001:db8::1', 'null 2001:db8::1 null'],
  ['listen=eth0', 'null eth0 null'],
  ['listen=udp:eth0.5:5060', 'udp eth0.5 5060'],
  ['listen=sip.my-host.example.com:5060', 'null sip.my-host.example.com 5060'],
  ['listen=udp:5g.example.com', 'udp 5g.example.com null'],
  ['listen="sip.example.com"', 'null sip.example.com null'],
  ['listen=udp:"127.0.0.1":5060', 'udp 127.0.0.1 5060'],
  ['listen=udp:10.0.0.1:5060 advertise 1.2.3.4:5080', 'udp 10.0.0.1 5060 advertise 1.2.3.4 5080'],
  [
    'listen=udp:10.0.0.1:5060 advertise sip.example.com name "out" virtual',
    'udp 10.0.0.1 5060 advertise sip.example.com null name out virtual',
  ],
  ['#!define A udp:1.2.3.4:5060\nlisten=A', 'udp 1.2.3.4 5060'],
  ['#!define IP 1.2.3.4\n#!define PORT 5060\nlisten=udp:IP:PORT', 'udp 1.2.3.4 5060'],
  ['#!define IP "1.2.3.4"\nlisten=udp:IP:5060', 'udp 1.2.3.4 5060'],
  ['#!substdef "!MY_IP!10.1.1.1!g"\nlisten=udp:MY_IP:5060', 'udp 10.1.1.1 5060'],
  ['alias=sip.example.com:5060', 'null sip.example.com 5060'],
  ['alias=*:5060', 'null * 5060'],
  ['domain="example.com"', 'null example.com null'],
];

for (const [text, shown] of listens) {
  test(JSON.stringify(text), () => assert.equal(address(text), shown));
}

test('several addresses, also over lines, end where the next item begins', () => {
  assert.deepEqual(
    addresses('alias=a.com b.com:5060 udp:c-d.com "e.com"\n  f.com\nchildren=4\n').map(({ host }) => host),
    ['a.com', 'b.com', 'c-d.com', 'e.com', 'f.com'],
  );
  assert.equal(addresses('listen=udp:1.2.3.4:5060\nfoo.bar = 5\n').length, 1);
  assert.equal(addresses('listen=udp:1.2.3.4:5060\nfoo[1].bar = 5\n').length, 1);
  assert.equal(addresses('listen=udp:1.2.3.4:5060\nrequest_route { exit; }\n').length, 1);
  assert.equal(addresses('listen=udp:1.2.3.4:5060 children=2').length, 1);
  assert.equal(addresses('alias=a.com\nloadmodule "tm.so"\n').length, 1);
});

test('a quoted address with protocol, and a keyword in a host name, are accepted where Kamailio refuses', () => {
  const quoted = parse('listen="udp:127.0.0.1:5060"');
  const { value } = item(quoted.ast, 'globalAssignment');
  assert.ok(value.kind === 'addresses');
  assert.deepEqual(
    [value.addresses[0]?.proto, value.addresses[0]?.host, value.addresses[0]?.port],
    ['udp', '127.0.0.1', 5060],
  );
  assert.deepEqual(problems(quoted), ['1:8 warning CFG_LENIENT']);
  assert.deepEqual(problems(parse('alias=port.example.com')), ['1:7 warning CFG_LENIENT']);
});

test('socket blocks of Kamailio 5.7 and the socket lines of OpenSIPS', () => {
  const { address: found } = item(
    parseClean(
      'socket = {\n bind = udp:10.0.0.1:5060-5068;\n advertise = 1.2.3.4:5060;\n name = "s1";\n virtual = yes;\n agname = "g";\n}',
    ),
    'socketDefinition',
  );
  const { at, ...rest } = found;
  assert.equal(at.line, 2);
  assert.deepEqual(rest, {
    kind: 'socketAddress',
    proto: 'udp',
    host: '10.0.0.1',
    port: 5060,
    portEnd: 5068,
    advertise: { host: '1.2.3.4', port: 5060 },
    name: 's1',
    virtual: true,
    agname: 'g',
    vrf: null,
  });
  const opensips = parse('socket=udp:10.0.0.1:5060 as 1.2.3.4 use_workers 4');
  assert.deepEqual(item(opensips.ast, 'socketDefinition').address.advertise, { host: '1.2.3.4', port: null });
  assert.deepEqual(errors(opensips), []);
});

test('global parameters: numbers, words of numbers, strings, bare words', () => {
  const { items } = parseClean(
    'debug=-1\nfork=yes\nchildren=0x10\nlog_facility=LOG_LOCAL0\nserver_header="a" "b"\nadvertised_address=a.b-c.com\nuser=kamailio; mhomed=off',
  );
  const values = items.map((found) => {
    assert.ok(found.kind === 'globalAssignment');
    const { value } = found;
    return [found.name, value.kind === 'identifier' ? value.name : value.kind === 'addresses' ? '' : value.value];
  });
  assert.deepEqual(values, [
    ['debug', -1],
    ['fork', 1],
    ['children', 16],
    ['log_facility', 'LOG_LOCAL0'],
    ['server_header', 'ab'],
    ['advertised_address', 'a.b-c.com'],
    ['user', 'kamailio'],
    ['mhomed', 0],
  ]);
});

test('parameters of OpenSIPS are taken, have no effect, and name what Kamailio has in their place', () => {
  const parsed = parse('log_level=3\nudp_workers=4\n');
  assert.deepEqual(problems(parsed), ['1:1 warning CFG_DIALECT', '2:1 warning CFG_DIALECT']);
  assert.deepEqual(
    parsed.diagnostics.map(({ hint }) => hint),
    ["write 'debug = …'", undefined],
  );
});

test('coreparam and kemi parameters', () => {
  assert.equal(item(parseClean('coreparam["x"] = 1'), 'globalAssignment').key, 'x');
  assert.equal(
    item(parseClean('kemi.onsend_route_callback="f"'), 'globalAssignment').name,
    'kemi.onsend_route_callback',
  );
});

test('custom settings', () => {
  const setting = item(parseClean('pstn.gw_ip = "1.2.3.4" desc "gateway"'), 'customSetting');
  assert.deepEqual([setting.group, setting.id, setting.name, setting.description], ['pstn', null, 'gw_ip', 'gateway']);
  assert.equal(item(parseClean('pstn[1].gw_port = 5060'), 'customSetting').id, '1');
  assert.deepEqual(problems(parse('a.b = word')), ['1:7 error CFG_BARE_WORD']);
});

test('flags', () => {
  const { flags, scope } = item(parseClean('flags NAT:3, ACC;'), 'flags');
  assert.equal(scope, 'message');
  assert.deepEqual(
    flags.map(({ name, number }) => [name, number]),
    [
      ['NAT', 3],
      ['ACC', null],
    ],
  );
  assert.deepEqual(problems(parse('flags X:32;')), ['1:9 error CFG_VALUE']);
});

test('loadmodule', () => {
  const loads = (text: string): unknown => {
    const { name, path, options } = item(parse(text).ast, 'loadModule');
    return [name, path, options];
  };
  assert.deepEqual(loads('loadmodule "tm.so"'), ['tm', 'tm.so', null]);
  assert.deepEqual(loads('loadmodule "/usr/lib/ser/modules/tm.so";'), ['tm', '/usr/lib/ser/modules/tm.so', null]);
  assert.deepEqual(loads('loadmodule("tm", "opts")'), ['tm', 'tm', 'opts']);
  assert.deepEqual(loads('loadmodule tm.so'), ['tm', 'tm.so', null]);
  assert.deepEqual(loads('loadmodule db-mysql'), ['db-mysql', 'db-mysql', null]);
  assert.deepEqual(problems(parse('loadmodule tm.so')), ['1:12 warning CFG_LENIENT']);
  assert.deepEqual(problems(parse('loadmodule "tm.so"\nloadmodule "tm"')), ['2:1 error CFG_MODULE_TWICE']);
  assert.equal(item(parseClean('loadpath="/a:/b"'), 'modulePath').path, '/a:/b');
  assert.equal(item(parseClean('mpath "/a"'), 'modulePath').path, '/a');
});

test('modparam', () => {
  const read = (text: string): unknown => {
    const { modules, param, value, interpolated } = item(parse(text).ast, 'modParam');
    return [modules, param, value.kind === 'identifier' ? value.name : value.value, interpolated];
  };
  assert.deepEqual(read('modparam("tm", "fr_timer", 5000)'), ['tm', 'fr_timer', 5000, false]);
  assert.deepEqual(read('modparam( "auth_db|usrloc" , "db_url" ,\n "mysql://" "x" ) ;'), [
    'auth_db|usrloc',
    'db_url',
    'mysql://x',
    false,
  ]);
  assert.deepEqual(read('modparam("tm", "x", -1)'), ['tm', 'x', -1, false]);
  assert.deepEqual(read('modparamx("tm", "x", "$def(A)")'), ['tm', 'x', '$def(A)', true]);
  assert.deepEqual(problems(parse('modparam("tm", "x", yes)')), []);
  // Old SER files: paths, and words without quotes.
  assert.deepEqual(read('modparam("/usr/lib/ser/modules/tm.so", "x", 1)'), ['tm', 'x', 1, false]);
  assert.deepEqual(read('modparam(tm, x, some_word)'), ['tm', 'x', 'some_word', false]);
  assert.deepEqual(errors(parse('modparam(tm, x, some_word)')), []);
});

test('route blocks', () => {
  const kinds = (text: string): unknown =>
    parse(text).ast.items.map((found) => found.kind === 'routeBlock' && [found.routeKind, found.name]);
  assert.deepEqual(kinds('request_route { exit; } route{exit;} route[0] { exit; }'), [
    ['request', null],
    ['request', null],
    ['request', null],
  ]);
  assert.deepEqual(kinds('route[R] { exit; } route [1] { exit; } route["a b"] { exit; }'), [
    ['route', 'R'],
    ['route', '1'],
    ['route', 'a b'],
  ]);
  assert.deepEqual(
    kinds('reply_route { exit; } onreply_route { exit; } onreply_route[0] { exit; } onreply_route[R] { exit; }'),
    [
      ['reply', null],
      ['reply', null],
      ['reply', null],
      ['onreply', 'R'],
    ],
  );
  assert.deepEqual(
    kinds('failure_route[F] { exit; } branch_route[B] { exit; } onsend_route { exit; } failure_route { exit; }'),
    [
      ['failure', 'F'],
      ['branch', 'B'],
      ['onsend', null],
      ['failure', '0'],
    ],
  );
  assert.deepEqual(kinds('event_route[tm:local-request] { exit; } event_route ["htable:expired:ban_list"] { exit; }'), [
    ['event', 'tm:local-request'],
    ['event', 'htable:expired:ban_list'],
  ]);
  assert.deepEqual(
    kinds('startup_route { exit; } local_route { exit; } timer_route[t, 60] { exit; } error_route { exit; }'),
    [
      ['startup', null],
      ['local', null],
      ['timer', 't'],
      ['error', null],
    ],
  );
  assert.equal(item(parse('timer_route[t, 60] { exit; }').ast, 'routeBlock').interval, 60);
  assert.deepEqual(kinds('#!define R 5\nroute[R] { exit; }'), [['route', '5']]);
  assert.deepEqual(kinds('route[TO-PSTN] { exit; } route[1A] { exit; }'), [
    ['route', 'TO-PSTN'],
    ['route', '1A'],
  ]);
});

const refused: readonly (readonly [string, string, RegExp])[] = [
  ['chidren=8', '1:1', /did you mean 'children'/],
  ['debug', '1:5', /expected '=' after 'debug'/],
  ['debug = loud', '1:9', /takes a number, yes or no/],
  ['children=-1', '1:10', /cannot be negative/],
  ['children=1+1', '1:11', /constants, not expressions/],
  ['loadmodul "tm.so"', '1:1', /did you mean 'loadmodule'/],
  ['modparm("a", "b", 1)', '1:1', /did you mean 'modparam'/],
  ['loadmodule', '1:10', /expected the name of a module/],
  ['modparam("tm" "x", 5)', '1:20', /missing between the strings/],
  ['modparam("tm", "x", $var(x))', '1:21', /constant.*write "\$var\(x\)"/],
  ['modparam("tm", "x", 1 + 1)', '1:23', /constants, not expressions/],
  ['modparam "tm", "x", 5', '1:10', /the form is modparam/],
  ['listen=(udp:1.2.3.4, udp:1.2.3.5)', '1:8', /not put into parentheses/],
  ['listen=udp:1.2.3.4, udp:1.2.3.5', '1:19', /separated by blanks/],
  ['listen=udp:1.2.3.4:99999', '1:20', /not a port number/],
  ['flags X Y;', '1:9', /expected a global parameter|expected '='/],
  ['request_route[X] { exit; }', '1:14', /takes no name/],
  ['event_route { exit; }', '1:1', /needs a name/],
  ['route[] { exit; }', '1:7', /expected the name/],
  ['route["x"] exit;', '1:12', /expected '\{'/],
  ['route[X] { exit; } route[X] { drop; }', '1:20', /there twice.*line 1/],
  ['if (1) { exit; }', '1:1', /outside of route blocks/],
  ['{ exit; }', '1:1', /outside of route blocks/],
  ['"abc"', '1:1', /expected a global parameter/],
];

for (const [text, place, message] of refused) {
  test(`refused: ${text}`, () => {
    const [first, ...more] = errors(parse(`${text}\n`));
    assert.ok(first !== undefined, 'no error');
    assert.match(`${first.message}. ${first.hint}`, message);
    assert.equal(`${first.line}:${first.column}`, place);
    assert.deepEqual(more, [], 'one mistake, one error');
  });
}
