import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { EditList } from '../../src/message/edits.ts';
import { HDR_VIA } from '../../src/message/header-name.ts';
import { corex } from '../../src/modules/corex.ts';
import type { ScriptContext } from '../../src/script/context.ts';
import { ROUTE_CORE_ONREPLY, ROUTE_TM_ONREPLY, type Value } from '../../src/script/values.ts';
import type { ListenSocket } from '../../src/transport/transport.ts';
import { request as forwardable, type Sent, sentTo } from '../proxy/support.ts';
import { ModuleBench } from './proxy-bench.ts';
import { cell, context, load, parsed, replyContext, SOCKET, testHost } from './support.ts';

const OTHER: ListenSocket = { ...SOCKET, index: 1, proto: 'tcp', port: 5070, name: 'second' };
const host = testHost({ sockets: [SOCKET, OTHER], settings: { maxBranches: 4 } });
const module = load(corex, host);

function call(ctx: ScriptContext, name: string, ...args: unknown[]): number {
  return module.call(ctx, name, ...args) as number;
}

describe('append_branch', () => {
  test('with a URI it takes the main target’s attributes along', () => {
    const ctx = context(host);
    ctx.target.dstUri = 'sip:next';
    ctx.target.socket = OTHER;
    ctx.target.flags = 8;
    assert.equal(call(ctx, 'append_branch', 'sip:x@y', '0.5'), 1);
    const [branch] = ctx.state.branches;
    assert.deepEqual(
      [branch?.uri, branch?.dstUri, branch?.socket, branch?.flags, branch?.q],
      ['sip:x@y', 'sip:next', OTHER, 8, 500],
    );
    assert.equal(ctx.target.dstUri, 'sip:next');
  });

  test('without one the main target becomes the branch', () => {
    const ctx = context(host);
    ctx.target.dstUri = 'sip:next';
    ctx.target.socket = OTHER;
    ctx.target.flags = 8;
    const { uri } = ctx.target;
    assert.equal(call(ctx, 'append_branch'), 1);
    const [branch] = ctx.state.branches;
    assert.deepEqual([branch?.uri, branch?.dstUri, branch?.flags, branch?.q], [uri, 'sip:next', 8, -1]);
    assert.deepEqual([ctx.target.uri, ctx.target.dstUri, ctx.target.socket, ctx.target.flags], [uri, '', null, 0]);
  });

  test('bad q, bad URI, too many', () => {
    const ctx = context(host);
    assert.equal(call(ctx, 'append_branch', 'sip:x@y', '2'), -1);
    assert.equal(call(ctx, 'append_branch', 'sip:x@y', 'abc'), -1);
    assert.equal(call(ctx, 'append_branch', 'sip:x y'), -1);
    for (let n = 0; n < 3; n++) assert.equal(call(ctx, 'append_branch', 'sip:x@y'), 1);
    assert.equal(call(ctx, 'append_branch', 'sip:x@y'), -1);
    assert.equal(host.log.codes.at(-1), 'APPEND_BRANCH_FULL');
  });
});

describe('sockets', () => {
  test('set_send_socket and its relatives', () => {
    const ctx = context(host);
    assert.equal(call(ctx, 'set_send_socket', 'tcp:127.0.0.1:5070'), 1);
    assert.equal(ctx.target.socket, OTHER);
    assert.equal(call(ctx, 'set_send_socket_name', 'main'), 1);
    assert.equal(ctx.target.socket, SOCKET);
    assert.equal(call(ctx, 'set_send_socket', 'udp:9.9.9.9:1'), 1);
    assert.equal(ctx.target.socket, SOCKET);
    assert.equal(host.log.codes.at(-1), 'COREX_NO_SOCKET');
    assert.equal(call(ctx, 'set_recv_socket', 'tcp:127.0.0.1:5070'), 1);
    assert.equal(ctx.from.socket, OTHER);
    assert.equal(call(ctx, 'set_recv_socket_name', 'main'), 1);
    assert.equal(ctx.from.socket, SOCKET);
    assert.equal(call(ctx, 'set_source_address', 'udp:1.2.3.4:5099'), 1);
    assert.deepEqual([ctx.from.ip, ctx.from.port], ['1.2.3.4', 5099]);
    assert.equal(call(ctx, 'set_source_address', 'zz'), -1);
    assert.equal(call(ctx, 'is_socket_name', 'second'), 1);
    assert.equal(call(ctx, 'is_socket_name', ''), -1);
  });

  test('variables', () => {
    const ctx = context(host);
    assert.equal(module.read(ctx, 'lsock', 'n/second/listen'), 'tcp:127.0.0.1:5070');
    assert.equal(module.read(ctx, 'lsock', 'l/udp:127.0.0.1:5060/name'), 'main');
    assert.equal(module.read(ctx, 'lsock', 'n/nope/port'), null);
    assert.equal(module.read(ctx, 'lsock', 'tcp'), '', 'no expression: nothing, as in the original');
    assert.throws(() => module.read(ctx, 'lsock', 'n/second/colour'), /expected n\/name\/attribute/);
    assert.equal(module.read(ctx, 'atkv', 'type'), null);
  });
});

test('set_recv_socket and set_source_address act on the answer and the relay', () => {
  const third: ListenSocket = { ...SOCKET, index: 2, port: 5090, name: 'third' };
  const own = testHost({ sockets: [SOCKET, OTHER, third] });
  const loaded = load(corex, own);
  const ctx = context(own);
  loaded.call(ctx, 'set_recv_socket', 'udp:127.0.0.1:5090');
  assert.deepEqual([ctx.from.socket, ctx.state.received.socket], [third, third]);
  loaded.call(ctx, 'set_source_address', 'udp:1.2.3.4:5099');
  assert.deepEqual(
    [ctx.state.received.ip, ctx.state.received.port, ctx.state.received.socket],
    ['1.2.3.4', 5099, third],
  );
  loaded.call(ctx, 'set_recv_socket_name', 'second');
  assert.deepEqual(
    [ctx.from.socket, ctx.state.received.socket],
    [OTHER, third],
    'a TCP socket cannot answer what came by UDP',
  );
  const reply = context(own);
  reply.routeType = ROUTE_TM_ONREPLY;
  const before = reply.state.received;
  loaded.call(reply, 'set_source_address', '1.2.3.4');
  assert.equal(reply.from.ip, '1.2.3.4');
  assert.equal(reply.state.received, before, 'the request of a reply came from where it came');
});

test('is_faked_msg knows what nobody sent', () => {
  const ctx = context(host);
  assert.equal(call(ctx, 'is_faked_msg'), -1);
  ctx.state.faked = true;
  assert.equal(call(ctx, 'is_faked_msg'), 1);
});

test('alias_subdomains and add_tcp_alias reach the transports', () => {
  const own = testHost();
  const told: unknown[] = [];
  own.sender.addSubdomains = (...args) => void told.push(args);
  own.sender.addConnectionAlias = (...args) => {
    told.push(args);
    return args[1] !== 5071;
  };
  const loaded = load(corex, own, { alias_subdomains: ['udp:a.example:5080', 'b.example'] });
  const ctx = context(own);
  assert.equal(loaded.call(ctx, 'add_tcp_alias', 5070), 1, 'UDP has no connections');
  ctx.from = { ...ctx.from, socket: OTHER, connection: 9 };
  assert.equal(loaded.call(ctx, 'add_tcp_alias', 5070), 1);
  assert.equal(loaded.call(ctx, 'add_tcp_alias', 5071), -1);
  assert.equal(own.log.codes.at(-1), 'SCRIPT_ALIAS_REFUSED');
  assert.deepEqual(told, [
    ['a.example', 5080, 'udp'],
    ['b.example', 0, null],
    [9, 5070],
    [9, 5071],
  ]);
  assert.throws(() => load(corex, own, { alias_subdomains: ['sctp:a.example'] }), { code: 'COREX_SUBDOMAINS' });
});

test('raw sending to a name that has to be looked up goes when that is done', async () => {
  const own = testHost();
  const sender = load(corex, own);
  assert.equal(sender.call(context(own), 'send_data', 'sip:slow.example:5099', 'text'), 1);
  assert.equal(own.sent.length, 0);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(own.sent, [{ text: 'text', to: 'udp:10.0.0.77:5099' }]);
});

test('raw sending', () => {
  const own = testHost({ sockets: [SOCKET, OTHER] });
  const sender = load(corex, own);
  const ctx = context(own);
  assert.equal(sender.call(ctx, 'send_udp', '10.0.0.9'), 1);
  assert.equal(sender.call(ctx, 'send_tcp', '10.0.0.9:5099'), 1);
  ctx.target.dstUri = 'sip:10.0.0.8:5090';
  assert.equal(sender.call(ctx, 'send_udp'), 1);
  assert.deepEqual(
    own.sent.map(({ to }) => to),
    ['udp:10.0.0.9:5060', 'tcp:10.0.0.9:5099', 'udp:10.0.0.8:5090'],
  );
  assert.equal(own.sent[0]?.text, ctx.message.raw);
  assert.equal(sender.call(ctx, 'send_udp', 'name.example'), 1);
  assert.equal(own.sent.at(-1)?.to, 'udp:10.0.0.77:5060');
  assert.equal(sender.call(ctx, 'send_udp', 'nowhere.invalid'), -1);
  assert.equal(own.log.codes.at(-1), 'COREX_UNRESOLVED');
  assert.equal(sender.call(ctx, 'send_data', 'sip:10.0.0.7;transport=tcp', 'hello'), 1);
  assert.deepEqual(own.sent.at(-1), { text: 'hello', to: 'tcp:10.0.0.7:5060' });
  assert.equal(sender.call(ctx, 'sendx', 'sip:10.0.0.7', 'tcp:127.0.0.1:5070', 'x'), 1);
  assert.equal(own.sent.at(-1)?.to, 'tcp:10.0.0.7:5060');
  assert.equal(sender.call(ctx, 'sendx', 'sip:10.0.0.7', 'udp:9.9.9.9:1', 'x'), -1);
  assert.equal(sender.call(ctx, 'send_data', 'zz', 'x'), -1);
  assert.equal(sender.call(ctx, 'send_data', 'sip:10.0.0.7;transport=sctp', 'x'), -1);
});

test('flags', () => {
  const ctx = context(host);
  assert.equal(call(ctx, 'setxflag', 3), 1);
  assert.equal(call(ctx, 'isxflagset', 3), 1);
  assert.equal(call(ctx, 'isxflagset', 63), -1);
  assert.equal(call(ctx, 'setxflag', 64), -1);
  assert.equal(call(ctx, 'setxflag', 63), 1);
  assert.equal(call(ctx, 'isxflagset', 63), 1);
  assert.equal(call(ctx, 'resetxflag', 63), 1);
  assert.equal(call(ctx, 'isxflagset', 63), -1);
  assert.equal(call(ctx, 'msg_iflag_is_set', 'UAC_AUTH'), -2);
  assert.equal(call(ctx, 'msg_iflag_set', 'UAC_AUTH'), 1);
  assert.equal(call(ctx, 'msg_iflag_is_set', 'UAC_AUTH'), 1);
  assert.equal(call(ctx, 'msg_iflag_reset', 'UAC_AUTH'), 1);
  assert.equal(call(ctx, 'msg_iflag_is_set', 'UAC_AUTH'), -2);
  assert.equal(call(ctx, 'msg_iflag_set', 'OTHER'), -1);
});

test('files', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'corex-'));
  try {
    const ctx = context(host);
    const variable = cell(new Map<string, Value>(), '$var(x)');
    assert.equal(await call(ctx, 'file_write', join(folder, 'a'), 'abc \xe4'), 1);
    assert.equal(await call(ctx, 'file_read', join(folder, 'a'), variable), 1);
    assert.equal(variable.get(ctx), 'abc \xe4');
    assert.equal(await call(ctx, 'file_read', join(folder, 'none'), variable), -1);
    assert.equal(await call(ctx, 'file_write', join(folder, 'no', 'way'), 'x'), -1);
    assert.equal(host.log.codes.at(-1), 'COREX_FILE');
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('forward_reply, and what is not there', () => {
  const reply = parsed(
    'SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKa\r\nVia: SIP/2.0/UDP i;branch=z9hG4bKb\r\nFrom: <sip:a@b>;tag=1\r\n' +
      'To: <sip:b@c>;tag=2\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n\r\n',
  );
  assert.equal(call(replyContext(host, reply, ROUTE_CORE_ONREPLY, new EditList()), 'forward_reply'), 1);
  const ctx = context(host);
  assert.equal(call(ctx, 'is_faked_msg'), -1);
  assert.equal(call(ctx, 'is_incoming'), 1);
  assert.equal(call(ctx, 'via_add_srvid', 1), 1);
  assert.equal(ctx.state.viaParams, `;srvid=${host.settings.serverId}`);
  assert.equal(call(ctx, 'via_add_srvid', 0), 1);
  assert.equal(ctx.state.viaParams, '');
  assert.equal(call(ctx, 'msg_vbflag_parse', 'x'), -1);
});

test('msg_vbflag_*: flags of the message’s top Via', () => {
  const ctx = context(host);
  assert.equal(call(ctx, 'msg_vbflag_is_set', 3), -1);
  assert.equal(call(ctx, 'msg_vbflag_set', 3), 1);
  assert.equal(call(ctx, 'msg_vbflag_set', 31), 1);
  assert.equal(call(ctx, 'msg_vbflag_is_set', 3), 1);
  assert.equal(call(ctx, 'msg_vbflag_is_set', 31), 1);
  assert.equal(call(ctx, 'msg_vbflag_reset', 3), 1);
  assert.equal(call(ctx, 'msg_vbflag_is_set', 3), -1);
  assert.equal(call(ctx, 'msg_vbflag_set', 32), -1);
  assert.equal(call(ctx, 'msg_vbflag_set', -1), -1);
  assert.equal(call(context(host), 'msg_vbflag_is_set', 31), -1, 'another message');
});

describe('forward_uac', () => {
  /** What leaves when a request with two Vias is forwarded. */
  function left(...args: readonly unknown[]): Sent[] {
    const bench = new ModuleBench(corex, {
      request: ({ call: run }) =>
        void run(args.length === 0 || typeof args[0] === 'number' ? 'forward_uac' : 'forward_uac_uri', ...args),
    });
    bench.wire.receive(forwardable('MESSAGE', { headers: 'Via: SIP/2.0/UDP 10.9.9.9;branch=z9hG4bKx\r\n' }));
    return bench.wire.take();
  }

  test('our Via is the only one', () => {
    const [sent, ...more] = left();
    assert.deepEqual(more, []);
    assert.equal(sent?.destination.ip, '192.0.2.1');
    assert.deepEqual(
      sent?.message.vias.map(({ host: name, port }) => `${name}:${port}`),
      ['10.0.0.1:5070'],
    );
  });

  test('bindex ends the Via branch', () => {
    assert.match(left(7)[0]?.message.topVia?.branch ?? '', /^z9hG4bK\S+\.7$/);
    assert.doesNotMatch(left(-1)[0]?.message.topVia?.branch ?? '', /-1$/);
  });

  test('forward_uac_uri goes elsewhere with the same Request-URI', () => {
    const [sent] = left('sip:mirror@192.0.2.9:5099', 2);
    assert.deepEqual([sent?.destination.ip, sent?.destination.port], ['192.0.2.9', 5099]);
    assert.equal(sent?.message.requestUri, 'sip:bob@192.0.2.1');
    assert.equal(sent?.message.vias.length, 1);
    assert.deepEqual(left('zz'), []);
  });

  test('what comes back ends here', () => {
    const bench = new ModuleBench(corex, {
      request: ({ call: run }) => void run('forward_uac'),
    });
    bench.wire.receive(forwardable('MESSAGE'));
    bench.wire.answer(sentTo(bench.wire.take(), '192.0.2.1', 'MESSAGE'), 200);
    assert.deepEqual(bench.wire.trace(), []);
  });
});

describe('Via values made of xavps', () => {
  const own = testHost({ settings: { viaXavps: { params: 'xvia', fields: 'mvia', replyParams: 'xr' } } });
  const loaded = load(corex, own);

  /** The Via that the request leaves with, and that of a reply made here. */
  function vias(fill: (ctx: ScriptContext) => void): [sent: string, replied: string] {
    const bench = new ModuleBench(corex, {
      request: ({ ctx }) => {
        fill(ctx);
        bench.wire.proxy.relay(ctx.state);
      },
    });
    bench.wire.receive(forwardable('INVITE'));
    const [trying, sent] = bench.wire.take().map(({ message }) => message.value(HDR_VIA) ?? '');
    return [(sent ?? '').replace(/;branch=[^;]*/, ''), trying ?? ''];
  }

  function record(ctx: ScriptContext, name: string, fields: Record<string, string | number>): void {
    ctx.state.attributes.xavps.push(name, new Map(Object.entries(fields).map(([key, value]) => [key, [value]])));
  }

  test('parameters, the newest first, also those written after the call', () => {
    const [sent] = vias((ctx) => {
      assert.equal(loaded.call(ctx, 'via_add_xavp_params', 1), 1);
      record(ctx, 'xvia', { one: '1', two: 'xyz', num: 7 });
    });
    assert.equal(sent, 'SIP/2.0/UDP 10.0.0.1:5070;num=7;two=xyz;one=1');
  });

  test('off again; only the newest record counts; line ends stay out', () => {
    const [off] = vias((ctx) => {
      record(ctx, 'xvia', { one: '1' });
      loaded.call(ctx, 'via_add_xavp_params', 1);
      loaded.call(ctx, 'via_add_xavp_params', 0);
    });
    assert.equal(off, 'SIP/2.0/UDP 10.0.0.1:5070');
    const [two] = vias((ctx) => {
      record(ctx, 'xvia', { one: '1' });
      record(ctx, 'xvia', { two: 'a', bad: 'x\r\nX: y' });
      loaded.call(ctx, 'via_add_xavp_params', 1);
    });
    assert.equal(two, 'SIP/2.0/UDP 10.0.0.1:5070;two=a');
  });

  test('address and port; an address that is none leaves the socket’s', () => {
    const use = (fields: Record<string, string | number>): string =>
      vias((ctx) => {
        record(ctx, 'mvia', fields);
        loaded.call(ctx, 'via_use_xavp_fields', 1);
      })[0];
    assert.equal(use({ address: '10.10.10.10', port: '5999' }), 'SIP/2.0/UDP 10.10.10.10:5999');
    assert.equal(use({ address: '10.10.10.10' }), 'SIP/2.0/UDP 10.10.10.10:5070');
    assert.equal(use({ address: '2001:db8::1', port: 5060 }), 'SIP/2.0/UDP [2001:db8::1]');
    assert.equal(use({ address: 'zz zz', port: 12 }), 'SIP/2.0/UDP 10.0.0.1:5070');
    assert.equal(use({ port: 12 }), 'SIP/2.0/UDP 10.0.0.1:5070');
  });

  test('replies: of our own and relayed ones; the request itself has none of it', () => {
    const bench = new ModuleBench(corex, {
      request: ({ ctx }) => {
        record(ctx, 'xr', { srv: '1' });
        loaded.call(ctx, 'via_reply_add_xavp_params', 1);
        bench.wire.proxy.relay(ctx.state);
      },
    });
    bench.wire.receive(forwardable('INVITE'), '10.0.0.8');
    const [trying, sent] = bench.wire.take();
    assert.match(trying?.message.value(HDR_VIA) ?? '', /;branch=z9hG4bKcaller1;received=10.0.0.8;srv=1$/);
    assert.doesNotMatch(sent?.message.raw ?? '', /srv=1/);
    bench.wire.answer(sent as Sent, 200);
    assert.match(bench.wire.take()[0]?.message.value(HDR_VIA) ?? '', /;received=10.0.0.8;srv=1$/);
  });
});
