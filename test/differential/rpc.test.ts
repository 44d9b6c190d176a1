/** Every command of the server, of htable and of sl, asked of both servers with Kamailio's own kamcmd. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { peer } from '../support/peers.ts';
import { freePort } from '../support/ports.ts';
import { startServer } from '../support/servers.ts';
import { askKamcmd as ask, type RpcSide } from './rpc-pair.ts';

const skip = peer('kamailio').skip || peer('kamcmd').skip;

const CFG = `#!KAMAILIO
#!define WITH_X
#!define NUM 5
debug=2
log_stderror=yes
fork=yes
children=1
auto_aliases=no
alias="example.org"
loadmodule "kex.so"
loadmodule "corex.so"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "htable.so"
loadmodule "statistics.so"
loadmodule "cfg_rpc.so"
loadmodule "ctl.so"
modparam("ctl", "binrpc", "unix:CTL_DIR/ctl")
modparam("ctl", "binrpc", "tcp:127.0.0.1:CTL_TCP")
modparam("ctl", "binrpc", "udp:127.0.0.1:CTL_UDP")
modparam("htable", "htable", "a=>size=4;autoexpire=600;")
modparam("htable", "htable", "b=>size=2;initval=0;")
modparam("statistics", "variable", "mine")
modparam("statistics", "variable", "other")
request_route {
  update_stat("mine", "+3");
  sl_send_reply("200", "OK");
  exit;
}
`;

/** With the ports of its ctl sockets. */
interface Side extends RpcSide {
  readonly tcp: number;
  readonly udp: number;
}

const sides: Side[] = [];
before(async () => {
  if (skip !== false) return;
  for (const kind of ['kamailio', 'trunkline'] as const) {
    const directory = mkdtempSync(join(tmpdir(), 'trunkline-rpc-'));
    const [tcp, udp] = [await freePort(), await freePort()];
    // cfg_rpc is a module of its own there; here the commands are always there.
    const text = CFG.replace('CTL_DIR', directory).replace('CTL_TCP', `${tcp}`).replace('CTL_UDP', `${udp}`);
    const server = await startServer({
      kind,
      cfg: kind === 'kamailio' ? text : text.replace('loadmodule "cfg_rpc.so"\n', ''),
      listen: ['udp:127.0.0.1:PORT', 'tcp:127.0.0.1:PORT'],
    });
    sides.push({ kind, server, directory, tcp, udp });
  }
});

after(async () => {
  for (const { server, directory } of sides) {
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  }
});

/** What must differ: ports, paths, moments. */
function plain(side: Side, text: string): string {
  return text
    .replaceAll(side.directory, 'DIR')
    .replaceAll(`${side.server.port}`, 'PORT')
    .replaceAll(`${side.tcp}`, 'TCP')
    .replaceAll(`${side.udp}`, 'UDP')
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, 'MOMENT');
}

/** Only the names of members, in order, and of what kind each value is. */
function shape(text: string): string {
  return text.replace(/^(\s*[^:\n]+:) (?!\{)(.*)$/gm, (_, name: string, value: string) =>
    /^-?\d+$/.test(value) ? `${name} NUMBER` : `${name} TEXT`,
  );
}

async function both(words: string, normal: (text: string) => string = (text) => text): Promise<readonly string[]> {
  const args = words.split(' ').filter((word) => word !== '');
  return Promise.all(
    sides.map(async (side) => normal(plain(side, await ask(`unix:${join(side.directory, 'ctl')}`, args)))),
  );
}

async function same(words: string, normal?: (text: string) => string): Promise<void> {
  const [theirs, ours] = await both(words, normal);
  assert.equal(ours, theirs, words);
}

const sorted = (text: string): string => text.split('\n').toSorted().join('\n');

/** Asked in this order, with the same answer from both. */
const EXACT = `
no.such.command
core.version.x
system.methodHelp
system.methodHelp no.such.command
system.methodHelp 5
system.methodSignature
system.methodSignature core.version
core.echo
core.echo a b
core.echo 5 s:5 x
core.printi
core.printi 3 -4
core.printi x
core.printi 1 x
core.printi 1.5
core.prints
core.prints a b
core.prints 3
core.prints a 3.5
core.prints s:3
core.sockets_list
core.sockets_list x
core.aliases_list
core.ppdefines
core.ppdefines_full
core.tcp_list
core.tcp_list x
core.udp4_raw_info
core.shmmem x
core.kill 0
core.modules
ctl.listen
ctl.connections
ctl.who
tm.stats
tm.stats x
tm.list
tm.clean
tm.cancel
tm.cancel x
tm.cancel x 1
tm.cancel s:x s:1
sl.stats
stats.get_statistics
stats.get_statistics 5
stats.get_statistics script:
stats.get_statistics mine
stats.get_statistics mine other
stats.get_statistics no_such
stats.get_statistics no_such:
stats.fetch
stats.fetch 5
stats.fetch script:
stats.fetch mine
stats.fetch script.mine
stats.fetch mine no_such
stats.fetchn
stats.fetchn script:
stats.fetchn no_such
stats.reset_statistics
stats.reset_statistics 5
stats.reset_statistics no_such
stats.clear_statistics
stats.get_statistics rcv_requests
stats.clear_statistics rcv_requests
stats.get_statistics rcv_requests
stats.reset_statistics core:
stats.clear_statistics mine
stats.get_statistics mine
stats.clear_statistics script:
cfg.get
cfg.get 5
cfg.get core debug
cfg.get core no_such
cfg.get no_such debug
cfg.get core max_while_loops
cfg.list no_such
cfg.help
cfg.help core
cfg.help core no_such
cfg.seti
cfg.seti core
cfg.seti core debug
cfg.seti core debug x
cfg.seti core no_such 3
cfg.seti core debug 3
cfg.get core debug
cfg.set_now_int core debug 2
corex.debug
corex.debug x
corex.debug 3
corex.debug 2
htable.sets
htable.sets a
htable.sets a k
htable.sets a k v
htable.sets a 7 v
htable.sets a s:7 v
htable.delete a s:7
htable.sets no_such k v
htable.get
htable.get a
htable.get a k
htable.get a k extra
htable.get a none
htable.get b none
htable.get no_such k
htable.get a 7
htable.dump
htable.dump 5
htable.dump no_such
htable.sets a k 5
htable.get a k
htable.seti
htable.seti a k x
htable.seti a k 5
htable.get a k
htable.seti a s:k s:6
htable.seti a k 1.5
htable.get a k
htable.seti no_such k 5
htable.setex
htable.setex a k
htable.setex a k x
htable.setex no_such k 5
htable.setex b k 5
htable.setex a none 5
htable.setex a k 100
htable.setex a k 0
htable.get a k
htable.delete a k
htable.setxs
htable.setxs a k v
htable.setxs a k v 30
htable.setxs a k v x
htable.setxs no_such k v 5
htable.get a k
htable.setxi a k x 30
htable.setxi a k 5
htable.setxi a k 5 30
htable.setxi no_such k 5 5
htable.get a k
htable.delete
htable.delete a
htable.delete a none
htable.delete no_such k
htable.delete a k
htable.sets b k v
htable.get b k
htable.flush
htable.flush 5
htable.flush no_such
htable.flush a
htable.flush b
htable.dump a
htable.reload
htable.reload a
htable.store
htable.store a
`
  .trim()
  .split('\n');

/** Asked of both: the same members in the same order, with values of the same kind. */
const SHAPES = [
  'core.uptime',
  'core.uptime x',
  'core.info',
  'core.runinfo',
  'core.shmmem',
  'core.shmmem m',
  'core.tcp_info',
  'core.tcp_options',
  'htable.listTables',
  'htable.stats',
];

test('a request is counted on both', { skip }, async () => {
  for (const { server } of sides) {
    const socket = createSocket('udp4');
    const replied = new Promise((resolve) => socket.once('message', resolve));
    socket.bind(0, '127.0.0.1', () => {
      const { port } = socket.address();
      const lines = [
        'OPTIONS sip:a@127.0.0.1 SIP/2.0',
        `Via: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bK1`,
        'From: <sip:a@a>;tag=1',
        'To: <sip:b@b>',
        'Call-ID: rpc',
        'CSeq: 1 OPTIONS',
        'Max-Forwards: 70',
        'Content-Length: 0',
      ];
      socket.send(`${lines.join('\r\n')}\r\n\r\n`, server.port, '127.0.0.1');
    });
    await replied;
    socket.close();
  }
  await same('stats.get_statistics mine');
});

for (const words of EXACT) {
  const normal = /^core\.(modules|ppdefines)/.test(words)
    ? (text: string) => sorted(text.replace(/^cfg_rpc\n/m, '').replace(/^MOD_cfg_rpc\n/m, ''))
    : undefined;
  if (words === 'core.ppdefines_full') continue;
  test(`kamcmd ${words}`, { skip }, () => same(words, normal));
}

for (const words of SHAPES) test(`kamcmd ${words}: the same members`, { skip }, () => same(words, shape));

test('processes are shown in the same form', { skip }, async () => {
  for (const words of ['core.psx', 'core.psa']) {
    const first = (text: string): string => shape(text.slice(0, text.indexOf('}') + 1));
    await same(words, first);
  }
  const [theirs = '', ours = ''] = await both('core.ps');
  for (const text of [theirs, ours]) assert.match(text, /^\d+\n\w+/);
});

test('a dump has the same members; each entry stands alone here', { skip }, async () => {
  await both('htable.sets a one 1');
  await both('htable.seti a two 2');
  const items = (text: string): string => sorted(text.match(/\t\t\t\w+: .*/g)?.join('\n') ?? '');
  await same('htable.dump a', items);
  const members = (text: string): string =>
    shape(text.slice(0, text.indexOf('\n}') + 2)).replace(/TEXT|NUMBER/g, 'VALUE');
  await same('htable.dump a', members);
});

test('version and help', { skip }, async () => {
  const [theirs = '', ours = ''] = await both('core.version');
  assert.match(theirs, /^kamailio \S+ \(\w+\/linux\)/);
  assert.match(ours, /^trunkline \S+ \(\w+\/linux\)/);
  for (const text of await both('system.listMethods')) assert.match(text, /^core\.uptime$/m);
});

test('every command of ours is one of Kamailio’s too, but for what is ours', { skip }, async () => {
  const [theirs = '', ours = ''] = await both('system.listMethods');
  const known = new Set(theirs.split('\n'));
  assert.deepEqual(
    ours.split('\n').filter((name) => !known.has(name)),
    ['cfg.reload'],
  );
});

test('kamcmd works over TCP and UDP, with its own names of commands', { skip }, async () => {
  const [, side] = sides;
  assert.ok(side !== undefined);
  for (const where of [
    `tcp:127.0.0.1:${side.tcp}`,
    `udp:127.0.0.1:${side.udp}`,
    `unix:${join(side.directory, 'ctl')}`,
  ]) {
    assert.match(await ask(where, ['core.uptime']), /^\{\n\tnow: .*\n\tup_since: .*\n\tuptime: \d+\n\}/);
    assert.match(await ask(where, ['ps']), /^\d+\tmain process/);
    assert.match(await ask(where, ['ls']), /^core\.uptime$/m);
    assert.match(await ask(where, ['ver']), /^trunkline/);
    assert.match(await ask(where, ['help']), /core\.uptime/);
    assert.match(await ask(where, ['listen']), /unix_stream/);
    assert.equal(await ask(where, ['nix']), 'error: 500 - command nix not found\n');
  }
});

test('core.kill stops the server', { skip }, async () => {
  // Kamailio's signal goes to its whole process group, which is that of this test.
  const [, side] = sides;
  assert.ok(side !== undefined);
  const where = `unix:${join(side.directory, 'ctl')}`;
  assert.equal(await ask(where, ['core.kill', '99']), 'error: 400 - no such signal\n');
  assert.equal(await ask(where, ['core.kill', 'x']), 'error: 400 - no such signal\n');
  assert.equal(await ask(where, ['core.kill']), '');
  assert.equal(await side.server.exit, 0);
});
