import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DiagnosticList } from '../../src/script/diagnostic.ts';
import { evaluateGlobals, type Globals } from '../../src/script/globals.ts';
import { parseConfig } from '../../src/script/parse-config.ts';
import { describe } from './support.ts';

function globals(text: string): Globals & { readonly problems: string[] } {
  const { ast, defines, diagnostics: read } = parseConfig({ file: 'test.cfg', text });
  const diagnostics = new DiagnosticList();
  const found = evaluateGlobals(ast, defines, diagnostics);
  return { ...found, problems: [...read, ...diagnostics.all].map(describe) };
}

test('defaults are those of Kamailio where they can be', () => {
  const { settings, server, problems } = globals('request_route { ; }');
  assert.deepEqual(problems, []);
  assert.equal(settings.debug, 0);
  assert.equal(settings.maxWhileLoops, 100);
  assert.equal(settings.maxRecursiveLevel, 256);
  assert.equal(settings.maxBranches, 12);
  assert.equal(settings.serverSignature, true);
  assert.equal(settings.phone2tel, true);
  assert.deepEqual(server.listen, []);
  assert.equal(server.enableTcp, true);
  assert.equal(server.enableTls, false);
  assert.equal(server.autoAliases, false);
});

test('settings', () => {
  const { settings, problems } = globals(
    [
      'debug=-1',
      'server_header="Server: X"',
      'user_agent_header=""',
      'server_signature=no',
      'max_while_loops=7',
      'mhomed=yes',
      'udp_mtu=1300',
      'udp_mtu_try_proto=TCP',
      'log_prefix="{$mt} "',
      'pstn.gw_ip = "192.0.2.1" desc "gateway"',
      'pstn.port = 5070',
      '#!define NAME "text"',
    ].join('\n'),
  );
  assert.deepEqual(problems, []);
  assert.equal(settings.debug, -1);
  assert.equal(settings.serverHeader, 'Server: X');
  assert.equal(settings.userAgentHeader, '');
  assert.equal(settings.serverSignature, false);
  assert.equal(settings.maxWhileLoops, 7);
  assert.equal(settings.mhomed, true);
  assert.equal(settings.udpMtu, 1300);
  assert.equal(settings.udpMtuTryProto, 'tcp');
  assert.equal(settings.logPrefix, '{$mt} ');
  assert.equal(settings.custom.get('pstn.gw_ip'), '192.0.2.1');
  assert.equal(settings.custom.get('pstn.port'), 5070);
  assert.equal(settings.defines.get('NAME'), 'text');
});

test('sockets and names', () => {
  const { server, problems } = globals(
    [
      '#!define ADDR udp:192.0.2.1:5060',
      'listen=ADDR',
      'listen=tcp:192.0.2.1:5060-5062 advertise sip.example.com:5080 name "out"',
      'listen=[2001:db8::1]',
      'alias=example.com www.example.com:5070',
      'advertised_address="198.51.100.7"',
      'disable_tcp=yes',
      'enable_tls=yes',
      'tcp_connection_lifetime=3605',
    ].join('\n'),
  );
  assert.deepEqual(problems, []);
  const advertise = { host: 'sip.example.com', port: 5080 };
  const all = { host: '198.51.100.7' };
  assert.deepEqual(server.listen, [
    { host: '192.0.2.1', proto: 'udp', advertise: all, port: 5060 },
    { host: '192.0.2.1', proto: 'tcp', name: 'out', advertise, port: 5060 },
    { host: '192.0.2.1', proto: 'tcp', name: 'out', advertise, port: 5061 },
    { host: '192.0.2.1', proto: 'tcp', name: 'out', advertise, port: 5062 },
    { host: '2001:db8::1', advertise: all },
  ]);
  assert.deepEqual(server.aliases, [{ host: 'example.com' }, { host: 'www.example.com', port: 5070 }]);
  assert.equal(server.enableTcp, false);
  assert.equal(server.enableTls, true);
  assert.deepEqual(server.limits, { connectionLifetime: 3_605_000 });
});

test('flags get numbers', () => {
  const { flags, problems } = globals('flags ONE:1, A, B;\nflags C:33');
  assert.deepEqual(Object.fromEntries(flags), { ONE: 1, A: 0, B: 2 });
  assert.deepEqual(problems, ['error CFG_VALUE 2:9: flags are numbered 0 to 31']);
});

test('what cannot be used is said', () => {
  const { problems } = globals('listen=sctp:192.0.2.1:5060\nserver_header="A: b\\r\\nC: d"\n');
  assert.deepEqual(problems, [
    'error CFG_VALUE 2:15: server_header is one header line',
    'warning CFG_UNSUPPORTED_PROTOCOL 1:8: protocol sctp is not supported; the socket is left out',
  ]);
});
