import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { typedArgument } from '../../../src/rpc/binrpc/client.ts';
import {
  faultPacket,
  PACKET_FAULT,
  PACKET_REPLY,
  PACKET_REQUEST,
  PacketStream,
  packetOf,
  readFault,
  readPacket,
  readReply,
  readRequest,
  requestPacket,
} from '../../../src/rpc/binrpc/packet.ts';
import { RecordReader } from '../../../src/rpc/binrpc/reader.ts';
import { RecordWriter } from '../../../src/rpc/binrpc/writer.ts';
import { RpcArray, RpcDouble, RpcSeveral, RpcStruct, type RpcValue, struct } from '../../../src/rpc/value.ts';

const hex = (text: string): Buffer => Buffer.from(text.replace(/[\s|]/g, ''), 'hex');
const cookie = (text: string): Buffer => Buffer.from(text, 'hex');

function written(value: RpcValue): string {
  const writer = new RecordWriter();
  writer.value(value);
  return Buffer.concat([...writer.chunks()]).toString('hex');
}

function readOne(bytes: Buffer): RpcValue {
  const read = new RecordReader(bytes).value();
  assert.ok(read.ok, JSON.stringify(read));
  return read.value;
}

// Captured between kamcmd 1.5 and Kamailio 5.6.3.
test('the bytes of a request are those of kamcmd', () => {
  const args = ['hello', '42', '3.14', 's:99'].map(typedArgument);
  assert.equal(
    requestPacket(cookie('5d213dfe'), 'core.echo', args).toString('hex'),
    hex('a1031c5d213dfe 910a636f72652e6563686f00 6168656c6c6f00 102a 220c44 31393900').toString('hex'),
  );
});

test('the bytes of a fault are those of Kamailio', () => {
  const fault = hex('a13323794119d3 2001f4 911e636f6d6d616e64206e6f2e737563682e636d64206e6f7420666f756e6400');
  assert.equal(
    faultPacket(cookie('794119d3'), 500, 'command no.such.cmd not found').toString('hex'),
    fault.toString('hex'),
  );
  const packet = readPacket(fault);
  assert.ok(packet.ok);
  assert.equal(packet.value.type, PACKET_FAULT);
  const read = readFault(packet.value.body);
  assert.ok(read.ok);
  assert.equal(read.value.code, 500);
  assert.equal(read.value.message, 'command no.such.cmd not found');
});

test('the bytes of values are those of Kamailio', () => {
  assert.equal(written(0), '00');
  assert.equal(written(823), '200337');
  assert.equal(written(-1), '40ffffffff');
  assert.equal(written(''), '1100');
  assert.equal(written('99'), '31393900');
  assert.equal(written('12345678'), '91093132333435363738' + '00');
  assert.equal(written(null), `910e${Buffer.from('<null string>\0').toString('hex')}`);
  assert.equal(written(new RpcDouble(3.14)), '220c44');
  // The size of a negative double takes the place of the flag.
  assert.equal(written(new RpcDouble(-1)), '82fffffffffffffc18');
  assert.equal(written(struct({ uptime: 823 })), '03 75757074696d6500 200337 83'.replaceAll(' ', ''));
  // Kamailio's ctl has no arrays: a struct without names.
  assert.equal(written(new RpcArray([1, 2])), '031001100283');
});

test('a whole number beyond 32 bits goes as a double and loses nothing', () => {
  for (const number of [2 ** 31, -(2 ** 31) - 1, 2 ** 40 + 1, 4_294_967_295]) {
    const read = readOne(Buffer.from(written(number), 'hex'));
    assert.ok(read instanceof RpcDouble);
    assert.equal(read.value, number);
  }
});

test('negative doubles of Kamailio are read as such', () => {
  assert.deepEqual(readOne(hex('82 fffffffffffffc18')), new RpcDouble(-1));
  assert.deepEqual(readOne(hex('22 0c44')), new RpcDouble(3.14));
});

test('real arrays and Kamailio’s structs without names are arrays', () => {
  assert.deepEqual(readOne(hex('04 1001 1002 84')), new RpcArray([1, 2]));
  assert.deepEqual(
    readOne(hex('03 55736c6f7400 03 03 256b00 1001 83 83 83')),
    new RpcStruct([['slot', new RpcArray([new RpcStruct([['k', 1]])])]]),
  );
});

test('arguments are typed as kamcmd types them', () => {
  const typed = (text: string): string => {
    const { kind, value } = typedArgument(text);
    return `${kind} ${value}`;
  };
  assert.equal(typed('12345'), 'int 12345');
  assert.equal(typed('0012345'), 'int 12345');
  assert.equal(typed('+12345'), 'int 12345');
  assert.equal(typed('-5'), 'int -5');
  assert.equal(typed('4912345678901'), `int ${Number(BigInt.asIntN(32, 4912345678901n))}`);
  assert.equal(typed('1e3'), 'double 1000');
  assert.equal(typed('0x1A'), 'double 26');
  assert.equal(typed('0x1.8p3'), 'double 12');
  assert.equal(typed('inf'), 'double Infinity');
  assert.equal(typed('.5'), 'double 0.5');
  assert.equal(typed('85030AXX'), 'string 85030AXX');
  assert.equal(typed('s:42'), 'string 42');
  assert.equal(typed('s:s:abc'), 'string s:abc');
  assert.equal(typed(''), 'string ');
  assert.equal(typed('4.2.1'), 'string 4.2.1');
});

test('what cannot be read is an error value with a code and the words of Kamailio', () => {
  const body = (text: string) => {
    const read = readRequest(hex(text));
    assert.ok(!read.ok);
    return `${read.code} ${read.reason}`;
  };
  assert.equal(body(''), 'BINRPC_RECORD bad request method: end of packet encountered');
  assert.equal(body('1005'), "BINRPC_RECORD bad request method: record doesn't match type");
  assert.equal(body('7141'), 'BINRPC_RECORD bad request method: more data needed');
  const packet = readPacket(hex('b1030f01020304910d'));
  assert.ok(!packet.ok);
  assert.equal(packet.code, 'BINRPC_CORRUPTED');
});

test('structs in structs without end are refused, not followed', () => {
  const read = new RecordReader(Buffer.alloc(1_000_000, 3)).value();
  assert.ok(!read.ok);
});

const scalar = fc.oneof(
  fc.integer(),
  fc.string({ unit: 'grapheme' }),
  fc.integer({ min: -(2 ** 50), max: 2 ** 50 }).map((n) => new RpcDouble(n / 1000)),
);
const { value: anyValue } = fc.letrec<{ value: RpcValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    scalar,
    fc.array(fc.tuple(fc.string(), tie('value')), { maxLength: 5 }).map((members) => new RpcStruct(members)),
    // An empty array and an empty struct look the same.
    fc.array(tie('value'), { minLength: 1, maxLength: 5 }).map((items) => new RpcArray(items)),
  ),
}));

test('every value comes back as it was written', () => {
  fc.assert(
    fc.property(
      fc.array(anyValue, { maxLength: 8 }),
      fc.uint8Array({ minLength: 1, maxLength: 4 }),
      (values, bytes) => {
        const body = new RecordWriter(1);
        for (const value of values) body.value(value);
        const packet = readPacket(packetOf(PACKET_REPLY, Buffer.from(bytes), body));
        assert.ok(packet.ok);
        assert.deepEqual([...packet.value.cookie], [...bytes]);
        const read = readReply(packet.value.body);
        assert.ok(read.ok);
        const got =
          read.value === undefined ? [] : read.value instanceof RpcSeveral ? [...read.value.values] : [read.value];
        assert.deepEqual(got, values);
      },
    ),
  );
});

test('requests come back as they were written', () => {
  const argument = fc.oneof(
    fc.integer().map((value) => ({ kind: 'int' as const, value })),
    fc.string({ unit: 'grapheme' }).map((value) => ({ kind: 'string' as const, value })),
    fc.integer({ min: -(2 ** 50), max: 2 ** 50 }).map((value) => ({ kind: 'double' as const, value: value / 1000 })),
  );
  fc.assert(
    fc.property(fc.string(), fc.array(argument), (method, args) => {
      const packet = readPacket(requestPacket(cookie('01020304'), method, args));
      assert.ok(packet.ok && packet.value.type === PACKET_REQUEST);
      const read = readRequest(packet.value.body);
      assert.ok(read.ok);
      assert.deepEqual(read.value, { method, args });
    }),
  );
});

test('nothing throws on bytes that are no packet, nor on packets that were cut or changed', () => {
  const good = requestPacket(cookie('01020304'), 'core.echo', ['a', '1', '2.5'].map(typedArgument));
  const taste = (bytes: Buffer): void => {
    readPacket(bytes);
    readRequest(bytes);
    readReply(bytes);
    readFault(bytes);
    const stream = new PacketStream(1000);
    stream.add(bytes);
    for (let packet = stream.next(); packet?.ok; packet = stream.next());
  };
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => taste(Buffer.from(bytes))));
  fc.assert(
    fc.property(fc.nat(good.length), fc.nat(good.length - 1), fc.nat(255), (cut, at, byte) => {
      const bytes = Buffer.from(good);
      bytes[at] = byte;
      taste(bytes.subarray(0, cut));
    }),
  );
});

test('a stream gives the same packets however it is cut', () => {
  const packets = [1, 2, 3, 4].map((n) =>
    requestPacket(cookie(`0${n}`), 'core.echo', [typedArgument('x'.repeat(n * 90))]),
  );
  const all = Buffer.concat(packets);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1 }), (sizes) => {
      const stream = new PacketStream(1000);
      const bodies: string[] = [];
      let at = 0;
      for (let i = 0; at < all.length; i++) {
        const size = sizes[i % sizes.length] as number;
        stream.add(all.subarray(at, at + size));
        at += size;
        for (let packet = stream.next(); packet !== null; packet = stream.next()) {
          assert.ok(packet.ok);
          bodies.push(packet.value.body.toString('hex'));
        }
      }
      assert.equal(bodies.length, packets.length);
      assert.equal(stream.partial, false);
    }),
  );
});

test('a packet that says it is larger than what is taken is refused at once', () => {
  const stream = new PacketStream(1000);
  stream.add(hex('a10f ffffffff 01020304'));
  const packet = stream.next();
  assert.ok(packet !== null && !packet.ok);
  assert.equal(packet.code, 'BINRPC_TOO_LARGE');
  assert.equal(packet.cookie?.toString('hex'), '01020304');
});
