/** The control sockets of a running server, and `trunkline rpc` with them. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { json, printable, readable } from '../../src/cli/rpc-output.ts';
import { RpcArray, RpcSeveral, RpcStruct, struct } from '../../src/rpc/value.ts';
import { command, type Running, start } from '../support/command.ts';
import { freePort } from '../support/ports.ts';

const directory = mkdtempSync(join(tmpdir(), 'trunkline-ctl-'));
const running: Running[] = [];
after(async () => {
  for (const one of running) await stop(one);
  rmSync(directory, { recursive: true, force: true });
});

async function stop(server: Running): Promise<void> {
  server.process.kill('SIGTERM');
  await server.finished();
}

/** A configuration with ctl and some parameters of it. */
function cfg(name: string, parameters: string): string {
  const file = join(directory, `${name}.cfg`);
  writeFileSync(
    file,
    `loadmodule "sl.so"\nloadmodule "ctl.so"\n${parameters}\nrequest_route { sl_send_reply("200", "OK"); }\n`,
  );
  return file;
}

async function serve(file: string, more: readonly string[] = []): Promise<Running> {
  const server = start(['-f', file, '-DD', '-E', '-l', `udp:127.0.0.1:${await freePort()}`, ...more]);
  running.push(server);
  await server.output(/as process \d+/);
  return server;
}

const socket = join(directory, 'named');
before(async () => {
  await serve(cfg('named', `modparam("ctl", "binrpc", "unix:${socket}")\nmodparam("ctl", "mode", 0660)`));
});

const rpc = (...words: string[]) => command(['rpc', ...words], { env: { TRUNKLINE_RPC: `unix:${socket}` } });

test('rpc prints what the server says, aligned', async () => {
  const { code, stdout } = await rpc('core.uptime');
  assert.equal(code, 0);
  assert.match(stdout, /^now {7}\w.*\nup_since {2}\w.*\nuptime {4}\d+\n$/);
});

test('rpc --json prints JSON, wherever the option stands', async () => {
  const { stdout } = await rpc('core.psx', '--json');
  assert.equal((JSON.parse(stdout) as { IDX: number }).IDX, 0);
});

test('rpc types its arguments as kamcmd does; negative numbers are no options', async () => {
  assert.equal((await rpc('core.printi', '42', '-7')).stdout, '42\n-7\n');
  assert.equal((await rpc('core.prints', 's:42')).stdout, '42\n');
});

test('rpc without a command lists them with their help', async () => {
  const { stdout } = await rpc();
  assert.match(stdout, /^core\.uptime +Returns uptime of server\.$/m);
});

test('a refusal is exit code 1 with its reason, a misplaced option 2', async () => {
  const refused = await rpc('no.such');
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /500 - command no\.such not found \[CLI_RPC_FAULT\]/);
  const number = await rpc('system.methodHelp', '42');
  assert.match(
    number.stderr,
    /400 - .*\n {2}42 was sent as a number; "s:42" sends the text\.\n {2}"trunkline rpc system\.methodHelp /,
  );
  const text = await rpc('cfg.set', 'core', 'nope', 'x');
  assert.match(text.stderr, /400 - .*\n {2}"trunkline rpc system\.methodHelp cfg\.set" has the parameters\.\n$/);
  assert.equal((await rpc('core.ps', '--jsno')).code, 2);
});

test('an unreachable server is told with what to do', async () => {
  const { code, stderr } = await command(['rpc', '--socket', `unix:${join(directory, 'nobody')}`, 'core.ps']);
  assert.equal(code, 1);
  assert.match(stderr, /\[BINRPC_UNREACHABLE\]\n {2}Start the server/);
  assert.equal((await command(['rpc', '--socket', 'tcp:x:99999', 'core.ps'])).code, 2);
});

test('the socket has the mode of its parameter', () => {
  assert.equal(statSync(socket).mode & 0o777, 0o660);
});

test('a socket in use keeps the second server from starting; the first keeps it', async () => {
  const file = join(directory, 'named.cfg');
  const { code, stderr } = await command(['-f', file, '-DD', '-E', '-l', `udp:127.0.0.1:${await freePort()}`]);
  assert.equal(code, 255);
  assert.match(stderr, /BINRPC_ADDRESS_IN_USE/);
  assert.equal((await rpc('core.ps')).code, 0);
});

test('check opens nothing', async () => {
  const path = join(directory, 'checked');
  const { code } = await command(['check', cfg('checked', `modparam("ctl", "binrpc", "unix:${path}")`)]);
  assert.equal(code, 0);
  assert.equal(existsSync(path), false);
});

test('wrong parameters are errors of the configuration', async () => {
  for (const [parameters, code] of [
    ['modparam("ctl", "binrpc", "foo:bar")', 'BINRPC_ADDRESS'],
    ['modparam("ctl", "user", "no such user")', 'CTL_ACCOUNT'],
    ['modparam("ctl", "mode", 7777)', 'CTL_MODE'],
  ] as const) {
    const { code: exit, stdout } = await command(['check', cfg('wrong', parameters)]);
    assert.equal(exit, 1);
    assert.ok(stdout.includes(code), stdout);
  }
});

test('without a parameter the socket is in the runtime directory and goes away with the server', async () => {
  const place = join(directory, 'run');
  const server = await serve(cfg('default', ''), ['-Y', place]);
  const path = join(place, 'kamailio_ctl');
  assert.equal((await command(['rpc', '--socket', path, 'core.ps'])).code, 0);
  await stop(server);
  assert.equal(existsSync(path), false);
});

test('a default socket that cannot be made is a warning', async () => {
  const place = join(directory, 'file');
  writeFileSync(place, '');
  const server = await serve(cfg('warned', ''), ['-Y', join(place, 'below')]);
  await server.output(/BINRPC_DEFAULT_SOCKET/);
});

test('core.kill stops the server', async () => {
  const place = join(directory, 'killed');
  mkdirSync(place);
  const server = await serve(cfg('killed', ''), ['-Y', place]);
  await command(['rpc', '--socket', join(place, 'kamailio_ctl'), 'core.kill']);
  assert.equal((await server.finished()).code, 0);
});

test('results for people and for programs', () => {
  const table = new RpcSeveral([struct({ a: 1, b: 'x' }), struct({ a: 22, b: null })]);
  assert.equal(readable(table), 'a   b\n1   x\n22  -\n');
  assert.equal(readable(table, 3), 'a  1\nb  x\n\na  22\nb  -\n');
  assert.equal(
    readable(struct({ list: new RpcArray([struct({ k: 1, long: 2 }), 3]) })),
    'list:\n  - k     1\n    long  2\n  - 3\n',
  );
  assert.equal(readable(undefined), '');
  assert.equal(readable('two\r\nlines\r\n'), 'two\nlines\n');
  const twice = new RpcStruct([
    ['socket', 1],
    ['socket', 2],
  ]);
  assert.deepEqual(JSON.parse(json(twice)), { socket: [1, 2] });
});

test('a text that is not there is null, for people a dash', () => {
  const info = struct({ realm: '<null string>', user: 'u' });
  assert.deepEqual(JSON.parse(json(info)), { realm: null, user: 'u' });
  assert.equal(readable(info), 'realm  -\nuser   u\n');
});

test('nothing that the server sends reaches the terminal as a control character', () => {
  const hostile = 'a\x1b]0;x\x07b\u009bc\u202ed\x7f\u2066\u061c\u200f';
  for (const text of [
    readable(hostile),
    readable(struct({ [hostile]: hostile })),
    readable(new RpcSeveral([struct({ [hostile]: hostile }), struct({ [hostile]: 1 })])),
    json(struct({ [hostile]: hostile })),
    printable(hostile),
  ])
    assert.doesNotMatch(text.replaceAll('\n', ''), /[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/);
  assert.deepEqual(JSON.parse(json(hostile)), hostile);
});
