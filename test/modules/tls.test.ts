import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tls } from '../../src/modules/tls.ts';
import { registryModules } from '../../src/script/registry.ts';
import type { ListenSocket, Received } from '../../src/transport/transport.ts';
import { context, load, SOCKET, testHost } from './support.ts';

test('every parameter and function of the original is declared, with its type, and no other', () => {
  const known = registryModules().get('tls');
  assert.ok(known);
  const { parameters, functions } = tls.definition;
  assert.deepEqual(
    parameters.map(({ name, type, repeat }) => `${name} ${type} ${repeat}`).toSorted(),
    [...known.parameters].map(([name, { type, repeat }]) => `${name} ${type} ${repeat}`).toSorted(),
  );
  assert.deepEqual(functions.map(({ name }) => name).toSorted(), [...known.functions.keys()].toSorted());
});

test('is_peer_verified asks the transport about the connection that the message came by', () => {
  const host = testHost();
  const asked: number[] = [];
  host.sender.peerVerified = (connection) => {
    asked.push(connection);
    return connection === 7;
  };
  const module = load(tls, host);
  const socket: ListenSocket = { ...SOCKET, proto: 'tls' };
  const by = (connection: number): Received => ({ socket, ip: '192.0.2.7', port: 5061, connection, at: 0 });
  const ctx = context(host);
  ctx.from = by(7);
  assert.equal(module.call(ctx, 'is_peer_verified'), 1);
  ctx.from = by(8);
  assert.equal(module.call(ctx, 'is_peer_verified'), -1);
  assert.deepEqual(asked, [7, 8]);
});

test('what is not offered fails and says so', () => {
  const host = testHost();
  assert.equal(load(tls, host).call(context(host), 'tls_set_connect_server_id', 'x'), -1);
  assert.deepEqual(host.log.codes, ['TLS_NOT_SUPPORTED']);
});
