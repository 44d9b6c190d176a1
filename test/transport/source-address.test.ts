import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fakeTime } from '../../src/time/fake-clock.ts';
import {
  type NetworkTables,
  parseRoutes4,
  parseRoutes6,
  SourceAddresses,
  sourceFor,
} from '../../src/transport/source-address.ts';

const ROUTES4 = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
wan\t00000000\t0100000A\t0003\t0\t0\t100\t00000000\t0\t0\t0
lan\t00000000\t0101A8C0\t0003\t0\t0\t200\t00000000\t0\t0\t0
wan\t0000000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
lan\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
lan\t000010AC\t0101A8C0\t0003\t0\t0\t0\t0000F0FF\t0\t0\t0
wan\t000011AC\t0100000A\t0203\t0\t0\t0\t0000FFFF\t0\t0\t0
`;
const ROUTES6 =
  'fd000000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     wan\n' +
  '00000000000000000000000000000000 00 00000000000000000000000000000000 00 fd000000000000000000000000000001 00000400 00000002 00000000 00000003     wan\n' +
  '00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo\n';

const TABLES: NetworkTables = {
  addresses: [
    { device: 'lo', address: '127.0.0.1', prefix: 8 },
    { device: 'lo', address: '::1', prefix: 128 },
    { device: 'wan', address: '10.0.0.5', prefix: 24 },
    { device: 'wan', address: 'fd00::5', prefix: 64 },
    { device: 'lan', address: '192.168.7.9', prefix: 24 },
    { device: 'lan', address: '192.168.1.5', prefix: 24 },
  ],
  routes: [...parseRoutes4(ROUTES4), ...parseRoutes6(ROUTES6)],
};

describe('our address towards a destination', () => {
  for (const [ip, source] of [
    ['10.0.0.77', '10.0.0.5'],
    ['192.168.1.77', '192.168.1.5'],
    ['192.168.7.77', '192.168.7.9'],
    ['203.0.113.1', '10.0.0.5'],
    ['172.16.4.4', '192.168.1.5'],
    ['172.31.255.1', '192.168.1.5'],
    ['172.17.0.1', '192.168.1.5'],
    ['172.32.0.1', '10.0.0.5'],
    ['192.168.1.5', '192.168.1.5'],
    ['127.0.0.9', '127.0.0.1'],
    ['fd00::77', 'fd00::5'],
    ['[2001:db8::1]', 'fd00::5'],
    ['::1', '::1'],
    ['::ffff:1.2.3.4', 'fd00::5'],
    ['example.com', null],
  ] as const)
    test(`${ip}: ${source}`, () => assert.equal(sourceFor(ip, TABLES), source));

  test('without a routing table the networks of the interfaces decide, and nothing else', () => {
    const tables = { ...TABLES, routes: [] };
    assert.equal(sourceFor('192.168.1.77', tables), '192.168.1.5');
    assert.equal(sourceFor('203.0.113.1', tables), null);
  });
});

test('what was read is kept for some seconds', () => {
  let reads = 0;
  const { clock } = fakeTime();
  const sources = new SourceAddresses(clock, () => {
    reads++;
    return TABLES;
  });
  for (let i = 0; i < 3; i++) assert.equal(sources.towards('10.0.0.77'), '10.0.0.5');
  assert.equal(reads, 1);
  clock.advance(5_000);
  sources.towards('10.0.0.77');
  assert.equal(reads, 2);
});

test('this machine knows the way to itself', () => {
  assert.equal(new SourceAddresses().towards('127.0.0.1'), '127.0.0.1');
});
