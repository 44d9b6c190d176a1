import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { EditList } from '../../src/message/edits.ts';
import { corex } from '../../src/modules/corex.ts';
import type { ScriptContext } from '../../src/script/context.ts';
import { ROUTE_CORE_ONREPLY, type Value } from '../../src/script/values.ts';
import type { ListenSocket } from '../../src/transport/transport.ts';
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
    assert.throws(() => module.read(ctx, 'lsock', 'zz'));
    assert.equal(module.read(ctx, 'cfg', 'line'), null);
  });
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
  assert.equal(sender.call(ctx, 'send_udp', 'name.example'), -1);
  assert.equal(own.log.codes.at(-1), 'COREX_BAD_ADDRESS');
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
  assert.equal(call(ctx, 'is_incoming'), -1);
  for (const name of [
    'add_tcp_alias',
    'via_add_srvid',
    'via_add_xavp_params',
    'via_reply_add_xavp_params',
    'via_use_xavp_fields',
  ]) {
    assert.equal(call(ctx, name, 1), -1, name);
  }
  for (const name of ['msg_vbflag_set', 'msg_vbflag_reset', 'msg_vbflag_is_set', 'msg_vbflag_parse']) {
    assert.equal(call(ctx, name, 'x'), -1, name);
  }
  assert.equal(call(ctx, 'forward_uac'), -1);
  assert.equal(call(ctx, 'forward_uac_uri', 'sip:x'), -1);
});

test('alias_subdomains is handed to a transport that can', () => {
  const own = testHost();
  const calls: unknown[] = [];
  Object.assign(own.sender, { addSubdomains: (...args: unknown[]) => calls.push(args) });
  load(corex, own, { alias_subdomains: ['udp:example.com:5060', 'example.org'] });
  assert.deepEqual(calls, [
    ['example.com', 5060, 'udp'],
    ['example.org', 0, null],
  ]);
  const plain = testHost();
  load(corex, plain, { alias_subdomains: ['example.org'] });
  assert.deepEqual(plain.log.codes, ['COREX_SUBDOMAINS']);
  assert.throws(() => load(corex, plain, { alias_subdomains: ['a b'] }), { code: 'COREX_SUBDOMAINS' });
});
