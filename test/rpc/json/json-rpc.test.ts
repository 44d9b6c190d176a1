import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { JsonFramer } from '../../../src/rpc/json/framer.ts';
import { JsonRpcServer } from '../../../src/rpc/json/server.ts';
import { slices } from '../../../src/rpc/json/slices.ts';
import { RpcFault } from '../../../src/rpc/method.ts';
import { RpcRegistry } from '../../../src/rpc/registry.ts';
import {
  RpcArray,
  RpcDouble,
  type RpcResult,
  RpcSeveral,
  RpcStruct,
  type RpcValue,
  struct,
} from '../../../src/rpc/value.ts';

/** Commands whose results have every shape. */
function registry(): RpcRegistry {
  const made = new RpcRegistry();
  const add = (
    name: string,
    run: (args: readonly unknown[]) => RpcResult | Promise<RpcResult>,
    array = false,
  ): void => {
    made.add({ name, doc: [], array, run: (args) => run(args.list.map(({ kind, value }) => `${kind}:${value}`)) });
  };
  add('one', () => 'kamailio 5.6.3 ');
  add('none', () => undefined);
  add('args', (args) => new RpcSeveral(args as string[]), true);
  add('several', (args) => new RpcSeveral(args as string[]));
  add('uptime', async () => struct({ now: 'Sat', uptime: 2 }));
  add(
    'sockets',
    () => new RpcSeveral(['udp', 'tcp'].map((proto) => struct({ socket: struct({ proto, port: '5060' }) }))),
  );
  const socket = (proto: string) => ['socket', struct({ proto })] as const;
  add('listed', () => new RpcStruct([socket('udp'), socket('tcp')]), true);
  add('odd', () => struct({ d: new RpcDouble(1.5), nothing: null, list: new RpcArray([1, 'é"\\\n', struct({})]) }));
  add('refuses', () => {
    throw new RpcFault(409, 'uuid already exists');
  });
  add('breaks', () => {
    throw new Error('secret detail');
  });
  return made;
}

const failed: string[] = [];

async function ask(request: unknown, pretty = false): Promise<string> {
  const server = new JsonRpcServer(registry(), { pretty, failed: (method) => failed.push(method) });
  const { pieces } = await server.answer(typeof request === 'string' ? request : JSON.stringify(request));
  return pieces === null ? '(nothing)' : [...pieces].join('');
}

const call = (method: string, more: Readonly<Record<string, unknown>> = { id: 1 }) => ({
  jsonrpc: '2.0',
  method,
  ...more,
});

describe('JSON-RPC: replies', () => {
  // Texts of Kamailio 5.6.3, asked for the same shapes.
  it('has the layout of pretty_format', async () => {
    assert.equal(
      await ask(call('one'), true),
      '{\n\t"jsonrpc":\t"2.0",\n\t"result":\t"kamailio 5.6.3 ",\n\t"id":\t1\n}',
    );
    assert.equal(await ask(call('none'), true), '{\n\t"jsonrpc":\t"2.0",\n\t"result":\t{\n\t},\n\t"id":\t1\n}');
    assert.equal(
      await ask(call('args', { params: ['x', 5], id: 1 }), true),
      '{\n\t"jsonrpc":\t"2.0",\n\t"result":\t["string:x", "int:5"],\n\t"id":\t1\n}',
    );
    assert.equal(
      await ask(call('sockets'), true),
      '{\n\t"jsonrpc":\t"2.0",\n\t"result":\t[{\n\t\t\t"socket":\t{\n\t\t\t\t"proto":\t"udp",\n\t\t\t\t"port":\t"5060"\n\t\t\t}\n\t\t}, {\n' +
        '\t\t\t"socket":\t{\n\t\t\t\t"proto":\t"tcp",\n\t\t\t\t"port":\t"5060"\n\t\t\t}\n\t\t}],\n\t"id":\t1\n}',
    );
    assert.equal(
      await ask(call('nope'), true),
      '{\n\t"jsonrpc":\t"2.0",\n\t"error":\t{\n\t\t"code":\t500,\n\t\t"message":\t"Method Not Found"\n\t},\n\t"id":\t1\n}',
    );
  });

  it('is plain otherwise', async () => {
    assert.equal(await ask(call('uptime')), '{"jsonrpc":"2.0","result":{"now":"Sat","uptime":2},"id":1}');
    assert.equal(await ask(call('args')), '{"jsonrpc":"2.0","result":[],"id":1}');
    assert.equal(
      await ask(call('odd')),
      '{"jsonrpc":"2.0","result":{"d":1.5,"nothing":null,"list":[1,"é\\"\\\\\\n",{}]},"id":1}',
    );
  });

  it('has what JSON would leave to the terminal as escapes: DEL, C1, marks of direction', async () => {
    const reply = await ask(call('args', { id: 1, params: ['a\x7fb\u009bc\u202ed\u2066e\u061cf'] }));
    assert.ok(reply.includes(':a\\u007fb\\u009bc\\u202ed\\u2066e\\u061cf"'), reply);
  });

  it('one value of several is a value, none is {}', async () => {
    assert.match(await ask(call('several', { params: ['a'], id: 1 })), /"result":"string:a"/);
    assert.match(await ask(call('several', { params: ['a', 'b'], id: 1 })), /"result":\["string:a","string:b"\]/);
    assert.match(await ask(call('several')), /"result":\{\}/);
    assert.match(await ask(call('args', { params: ['a'], id: 1 })), /"result":\["string:a"\]/);
  });

  it('values of one name as a list', async () => {
    const list = '[{"socket":{"proto":"udp"}},{"socket":{"proto":"tcp"}}]';
    assert.equal(await ask(call('listed')), `{"jsonrpc":"2.0","result":${list},"id":1}`);
  });

  it('errors: the code and text of the command, and never what is inside of us', async () => {
    assert.match(await ask(call('refuses')), /"error":\{"code":409,"message":"uuid already exists"\}/);
    failed.length = 0;
    assert.match(await ask(call('breaks')), /"error":\{"code":500,"message":"Internal error"\}/);
    assert.deepEqual(failed, ['breaks']);
  });
});

describe('JSON-RPC: requests', () => {
  it('ids are given back as they came; without one there is a reply without one', async () => {
    assert.match(await ask(call('one', { id: 'ab"c' })), /,"id":"ab\\"c"\}$/);
    assert.match(await ask(call('one', { id: 99999999999 })), /,"id":99999999999\}$/);
    assert.match(await ask(call('one', { id: null })), /,"id":null\}$/);
    assert.equal(await ask(call('one', {})), '{"jsonrpc":"2.0","result":"kamailio 5.6.3 "}');
  });

  it('parameters: by place, typed by what they are', async () => {
    const args = async (params: unknown) =>
      (JSON.parse(await ask(call('args', { params, id: 1 }))) as { result: unknown }).result;
    assert.deepEqual(await args(['5', 5, -1, 5.5, 2 ** 60]), [
      'string:5',
      'int:5',
      'int:-1',
      'double:5.5',
      `double:${2 ** 60}`,
    ]);
    assert.deepEqual(await args({ zone: 'x', area: 7 }), ['string:x', 'int:7']);
    for (const bad of [[true], [null], [[1]], [{}]])
      assert.match(
        await ask(call('args', { params: bad, id: 1 })),
        /"error":\{"code":400,"message":"Invalid Parameters"\}/,
      );
  });

  it('what is no request gets an error of JSON-RPC 2.0', async () => {
    const parse = '{"jsonrpc":"2.0","error":{"code":-32700,"message":"Parse error"},"id":null}';
    for (const text of ['', 'not json', '{"jsonrpc":', '\u0000']) assert.equal(await ask(text), parse);
    const invalid = (id: string) => `{"jsonrpc":"2.0","error":{"code":-32600,"message":"Invalid Request"},"id":${id}}`;
    for (const text of ['42', '"x"', 'null', '[]']) assert.equal(await ask(text), invalid('null'));
    for (const request of [
      { method: 'one', id: 7 },
      { jsonrpc: '1.0', method: 'one', id: 7 },
      { jsonrpc: '2.0', id: 7 },
      call('one', { id: 7, params: 'x' }),
    ])
      assert.equal(await ask(request), invalid('7'));
    assert.equal(await ask(call('one', { id: {} })), invalid('null'));
  });

  it('a batch without measure is one error, and nothing of it is done', async () => {
    let done = 0;
    const commands = registry();
    commands.add({ name: 'count', doc: [], array: false, run: () => void done++ });
    const server = new JsonRpcServer(commands, { pretty: false, failed: () => {} });
    const batch = (size: number): string =>
      JSON.stringify(Array.from({ length: size }, () => ({ jsonrpc: '2.0', method: 'count', id: 1 })));
    const { pieces } = await server.answer(batch(1001));
    assert.equal(JSON.parse([...(pieces ?? [])].join('')).error.code, -32600);
    assert.equal(done, 0);
    await server.answer(batch(1000));
    assert.equal(done, 1000);
  });

  it('batches: a reply for each call with an id, none for notifications', async () => {
    const batch = [call('none', { id: 'a' }), call('one', {}), 1, call('nope', { id: 2 })];
    assert.deepEqual(JSON.parse(await ask(batch, true)), [
      { jsonrpc: '2.0', result: {}, id: 'a' },
      { jsonrpc: '2.0', error: { code: -32600, message: 'Invalid Request' }, id: null },
      { jsonrpc: '2.0', error: { code: 500, message: 'Method Not Found' }, id: 2 },
    ]);
    assert.equal(await ask([call('one', {}), call('nope', {})]), '(nothing)');
  });
});

describe('JSON-RPC: large results', () => {
  it('a result of many structs comes in slices, drawn as they are written', async () => {
    const made = new RpcRegistry();
    let drawn = 0;
    function* many(): Generator<RpcValue> {
      for (; drawn < 200_000; drawn++) yield struct({ l_uuid: `trunk${drawn}`, flags: 20, socket: null });
    }
    made.add({ name: 'many', doc: [], array: true, run: () => new RpcSeveral(many()) });
    const server = new JsonRpcServer(made, { pretty: false, failed: () => {} });
    const { pieces } = await server.answer(JSON.stringify(call('many')));
    assert.equal(drawn, 0);
    assert.ok(pieces !== null);
    let turns = 0;
    let reading = true;
    const turn = (): void => {
      turns++;
      if (reading) setImmediate(turn);
    };
    setImmediate(turn);
    let length = 0;
    let count = 0;
    let largest = 0;
    for await (const slice of slices(pieces)) {
      if (count++ === 0) assert.ok(drawn < 5000, `${drawn} drawn for the first slice`);
      largest = Math.max(largest, slice.length);
      length += slice.length;
    }
    reading = false;
    assert.equal(drawn, 200_000);
    assert.ok(length > 9_000_000);
    assert.ok(largest < 70_000, `a slice of ${largest}`);
    // Others had their turn after each slice.
    assert.ok(turns >= count - 1, `${turns} turns for ${count} slices`);
  });
});

describe('JSON-RPC: streams', () => {
  it('cuts requests wherever they were cut in two', () => {
    const requests = ['{"a":"}\\"{\\\\"}', '[1,[2]]', 'garbage', '{"é":"{["}'];
    const stream = `${requests[0]}${requests[1]}\n garbage\n\n${requests[3]}`;
    for (let size = 1; size <= stream.length; size++) {
      const framer = new JsonFramer(1000);
      const found: string[] = [];
      for (let at = 0; at < stream.length; at += size)
        found.push(...(framer.push(stream.slice(at, at + size)) ?? ['too large']));
      assert.deepEqual(found, requests, `in pieces of ${size}`);
      assert.equal(framer.isOpen, false);
    }
  });

  it('forgets what is too large, and goes on', () => {
    const framer = new JsonFramer(20);
    assert.deepEqual(framer.push('{"a":"'), []);
    assert.equal(framer.push('x'.repeat(20)), null);
    assert.equal(framer.isOpen, false);
    assert.deepEqual(framer.push('{"b":1}'), ['{"b":1}']);
  });
});
