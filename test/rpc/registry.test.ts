import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RpcArguments } from '../../src/rpc/method.ts';
import { RpcRegistry } from '../../src/rpc/registry.ts';

const method = (text: string) => ({ name: 'group.say', doc: [text], array: false, run: () => text });
const none = new RpcArguments([]);

test('a program that goes before the one it replaced leaves the commands of that one', async () => {
  const registry = new RpcRegistry();
  const removeOld = registry.add(method('old'));
  const removeNew = registry.add(method('new'));
  assert.equal(await registry.call('group.say', none), 'new');
  removeNew();
  assert.equal(await registry.call('group.say', none), 'old');
  assert.deepEqual(
    registry.list().map(({ doc }) => doc[0]),
    ['old'],
  );
  removeOld();
  assert.equal(registry.find('group.say'), undefined);
  assert.deepEqual(registry.list(), []);
});

test('a program that goes after it was replaced takes nothing away from the new one', async () => {
  const registry = new RpcRegistry();
  const removeOld = registry.add(method('old'));
  registry.add(method('new'));
  removeOld();
  removeOld();
  assert.equal(await registry.call('group.say', none), 'new');
  assert.equal(registry.list().length, 1);
});
