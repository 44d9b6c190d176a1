import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { callRpc } from '../../src/rpc/binrpc/client.ts';
import { StartError } from '../../src/server/server-api.ts';
import { freePort } from '../support/ports.ts';
import { requestText } from '../support/sip-dialog.ts';
import { openPeer, start, until } from './support.ts';

const MODULES = `
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "siputils.so"
loadmodule "textops.so"
`;

/** A server that answers OPTIONS with a reason, and what its file is. */
async function answering(reason: string, options: Parameters<typeof start>[1] = {}) {
  const port = await freePort();
  const text = (word: string, more = ''): string =>
    `listen=udp:127.0.0.1:${port}\n${MODULES}${more}request_route { sl_send_reply("200", "${word}"); }`;
  const started = await start(text(reason), options);
  const write = (config: string): void => writeFileSync(join(started.directory, 'test.cfg'), config);
  const phone = await openPeer({ name: 'phone' });
  const ask = async (): Promise<string> => {
    await phone.send(requestText(phone, { method: 'OPTIONS', uri: 'sip:x@example.com' }), { host: '127.0.0.1', port });
    return (await phone.expect('200 OPTIONS')).startLine.slice('SIP/2.0 200 '.length);
  };
  return { ...started, port, text, write, ask };
}

test('a reload puts the new file into force; statistics go on', async () => {
  const { server, text, write, ask, log } = await answering('first');
  assert.equal(await ask(), 'first');
  const received = () => server.statistics().find(({ name }) => name === 'rcv_requests')?.value;
  const before = received();
  write(text('second'));
  assert.deepEqual(await server.reload(), []);
  assert.equal(await ask(), 'second');
  assert.equal(received(), (before ?? 0) + 1);
  assert.ok(log.lines.some((line) => line.text.includes('is in force')));
});

test('a broken file leaves the old one in force, with every problem in the error', async () => {
  const { server, text, write, ask, log } = await answering('good');
  for (const broken of [
    'request_route { sl_send_reply("200" }',
    text('bad').replace('sl_send_reply', 'sl_sned_reply'),
    text('bad', 'modparam("tm", "no_such", 1)\n'),
  ]) {
    write(broken);
    await assert.rejects(server.reload(), (error: StartError) => {
      assert.ok(error instanceof StartError);
      assert.equal(error.code, 'CFG_INVALID');
      assert.match(error.details, /test\.cfg:\d+:\d+: error/);
      return true;
    });
    assert.equal(await ask(), 'good');
  }
  assert.ok(log.lines.some((line) => line.text.startsWith('reload refused')));
});

test('a module that refuses its parameters leaves the old ones in force, core settings too', async () => {
  const { server, text, write, ask } = await answering('good');
  write(
    `server_header="Server: other"\n${text('bad', 'loadmodule "htable.so"\nmodparam("htable", "htable", "=>")\n')}`,
  );
  await assert.rejects(server.reload(), /error/);
  assert.equal(await ask(), 'good');
});

test('a socket that cannot be opened costs nothing but itself: the log tells that the new file is in force, the others stay', async () => {
  const { server, directory, text, write, ask, log } = await answering('first', { debug: 3 });
  const path = join(directory, 'ctl');
  const good = `loadmodule "ctl.so"\nmodparam("ctl", "binrpc", "unix:${path}")\n`;
  write(text('good', good));
  await server.reload();
  const occupied = createServer().listen(0, '127.0.0.1');
  await once(occupied, 'listening');
  const { port: taken } = occupied.address() as AddressInfo;
  const bad = good.replace('modparam', `modparam("ctl", "binrpc", "tcp:127.0.0.1:${taken}")\nmodparam`);
  write(text('half', bad));
  await assert.rejects(server.reload(), { code: 'BINRPC_ADDRESS_IN_USE' });
  occupied.close();
  assert.equal(await ask(), 'half');
  assert.ok(log.lines.some((line) => /is in force, but not all of its sockets/.test(line.text)));
  await until(() => log.lines.filter((line) => line.text.includes('has no transaction left')).length === 2);
  assert.ok((await callRpc({ kind: 'unix', path }, 'system.listMethods', [])) !== undefined);
});

test('a call keeps the program that it began with; the old one ends with its last transaction', async () => {
  const port = await freePort();
  const [caller, callee] = [await openPeer({ name: 'caller' }), await openPeer({ name: 'callee' })];
  const text = (word: string): string => `listen=udp:127.0.0.1:${port}\ndebug=3\n${MODULES}
    request_route { if (is_method("CANCEL")) { t_relay(); exit; } t_on_reply("r"); $du = "sip:${callee.address}"; t_relay(); }
    onreply_route[r] { append_hf("X-Program: ${word}\\r\\n"); }`;
  const { server, directory, log } = await start(text('old'), { debug: 3 });
  const to = { host: '127.0.0.1', port };
  await caller.send(requestText(caller, { uri: 'sip:bob@example.com' }), to);
  const invite = await callee.expect('INVITE');
  writeFileSync(join(directory, 'test.cfg'), text('new'));
  await server.reload();
  await callee.reply(invite, 180, 'Ringing');
  assert.equal((await caller.expect(180)).header('X-Program'), 'old');
  await caller.send(requestText(caller, { method: 'OPTIONS', uri: 'sip:bob@example.com' }), to);
  await callee.reply(await callee.expect('OPTIONS'), 200, 'OK');
  assert.equal((await caller.expect('200 OPTIONS')).header('X-Program'), 'new');
  await callee.reply(invite, 486, 'Busy');
  assert.equal((await caller.expect('486 INVITE')).header('X-Program'), 'old');
  await until(
    () => log.lines.some((line) => line.text.includes('no transaction left')),
    'the end of the old program',
    15_000,
  );
});

test('what only a start can change is named', async () => {
  const { server, text, write, ask, log, port } = await answering('one');
  write(text('two').replace(`:${port}`, `:${await freePort()}`));
  await server.reload();
  assert.equal(await ask(), 'two');
  assert.ok(log.has('SERVER_NEEDS_RESTART'));
  assert.ok(log.lines.some((line) => line.text.startsWith('listen changed')));
});
