import assert from 'node:assert/strict';
import { test } from 'node:test';
import { websocket } from '../../src/modules/websocket.ts';
import { registryModules } from '../../src/script/registry.ts';
import type { Proto } from '../../src/transport/transport.ts';
import { context, load, SOCKET, testHost } from './support.ts';

function bench() {
  const host = testHost();
  const closed: number[] = [];
  host.sender.closeConnection = (connection) => closed.push(connection) > 0 && connection !== 99;
  const module = load(websocket, host);
  const by = (proto: Proto, connection: number) => {
    const ctx = context(host);
    ctx.from = { socket: { ...SOCKET, proto }, ip: '192.0.2.7', port: 4000, connection, at: 0 };
    return ctx;
  };
  return { host, module, closed, by };
}

test('every parameter, function and variable of the original is declared', () => {
  const known = registryModules().get('websocket');
  assert.ok(known);
  const { parameters, functions, variables } = websocket.definition;
  assert.deepEqual(
    parameters.map(({ name, type }) => `${name} ${type}`).toSorted(),
    [...known.parameters].map(([name, { type }]) => `${name} ${type}`).toSorted(),
  );
  assert.deepEqual([...new Set(functions.map(({ name }) => name))].toSorted(), [...known.functions.keys()].toSorted());
  assert.deepEqual(
    variables.map(({ name }) => name),
    [...known.variables],
  );
});

test('$ws_conid is the number of the connection, of WebSocket only', () => {
  const { module, by } = bench();
  assert.equal(module.read(by('ws', 12), 'ws_conid'), 12);
  assert.equal(module.read(by('wss', 13), 'ws_conid'), 13);
  assert.equal(module.read(by('tcp', 14), 'ws_conid'), null);
  assert.equal(module.read(by('udp', 0), 'ws_conid'), null);
});

test('ws_close ends the connection of the message, or the one that is named', () => {
  const { host, module, closed, by } = bench();
  assert.equal(module.call(by('ws', 12), 'ws_close'), 1);
  assert.equal(module.call(by('wss', 13), 'ws_close', 1000, 'bye'), 1);
  assert.equal(module.call(by('udp', 0), 'ws_close', 1000, 'bye', 14), 1);
  assert.equal(module.call(by('udp', 0), 'ws_close', 1000, 'bye', 99), -1, 'it is closed already');
  assert.deepEqual(closed, [12, 13, 14, 99]);
  assert.equal(module.call(by('tcp', 15), 'ws_close'), -1);
  assert.deepEqual(host.log.codes, ['WEBSOCKET_NO_CONNECTION']);
});

test('a handshake has been done before a route could ask for it; what is not offered fails', () => {
  const { host, module, by } = bench();
  assert.equal(module.call(by('tcp', 1), 'ws_handle_handshake'), 1);
  assert.equal(module.call(by('ws', 1), 'ws_connect_url', 'a', 'b'), -1);
  assert.deepEqual(host.log.codes, ['WEBSOCKET_NOT_SUPPORTED']);
});
