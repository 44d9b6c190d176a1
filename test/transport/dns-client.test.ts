import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Answer, decode, encode, type Packet, streamEncode } from 'dns-packet';
import { PacketDnsClient, SystemDnsClient } from '../../src/transport/index.ts';
import { parseHosts } from '../../src/transport/system-dns-client.ts';
import { FakeDns } from './fake-dns.ts';

const TRUNCATED = 1 << 9;

const ZONE: Readonly<Record<string, Partial<Packet>>> = {
  'A a.example.com': { answers: [{ name: 'a.example.com', type: 'A', ttl: 30, data: '192.0.2.1' }] },
  'AAAA a.example.com': { answers: [{ name: 'a.example.com', type: 'AAAA', ttl: 31, data: '2001:db8::1' }] },
  'A alias.example.com': {
    answers: [
      { name: 'alias.example.com', type: 'CNAME', ttl: 7, data: 'a.example.com' },
      { name: 'a.example.com', type: 'A', ttl: 30, data: '192.0.2.1' },
    ],
  },
  'SRV _sip._udp.example.com': {
    answers: [srv(10, 60, 'a.example.com'), srv(20, 0, 'b.example.com')],
  },
  'NAPTR example.com': {
    answers: [
      {
        name: 'example.com',
        type: 'NAPTR',
        ttl: 90,
        data: {
          order: 1,
          preference: 2,
          flags: 's',
          services: 'SIP+D2U',
          regexp: '',
          replacement: '_sip._udp.example.com',
        },
      },
    ],
  },
  'A nowhere.example.com': { flags: 3, authorities: [soa(40, 25)] },
  'A broken.example.com': { flags: 2 },
  'A big.example.com': { flags: TRUNCATED },
};

function srv(priority: number, weight: number, target: string): Answer {
  return { name: '_sip._udp.example.com', type: 'SRV', ttl: 60, data: { priority, weight, port: 5060, target } };
}

function soa(ttl: number, minimum: number): Answer {
  const data = { mname: 'ns', rname: 'me', serial: 1, refresh: 1, retry: 1, expire: 1, minimum };
  return { name: 'example.com', type: 'SOA', ttl, data };
}

describe('DNS over the wire', () => {
  let udp: Socket;
  let tcp: Server;
  let client: PacketDnsClient;
  let asked = 0;

  before(async () => {
    udp = createSocket('udp4');
    udp.on('message', (data, from) => {
      asked++;
      const { id, questions } = decode(data);
      const [question] = questions;
      const found = ZONE[`${question?.type} ${question?.name}`];
      if (found === undefined) return; // silence
      // A forged answer with another id comes first: it must be passed over.
      const forged = { name: 'a.example.com', type: 'A', ttl: 1, data: '203.0.113.66' };
      udp.send(
        encode({ id: (id + 1) & 0xffff, type: 'response', questions, answers: [forged] }),
        from.port,
        from.address,
      );
      udp.send(encode({ id, type: 'response', questions, ...found }), from.port, from.address);
    });
    await new Promise<void>((resolve) => udp.bind(0, '127.0.0.1', resolve));
    tcp = createServer((socket) => {
      socket.once('data', (data) => {
        const { id, questions } = decode(data.subarray(2));
        const answers = Array.from({ length: 90 }, (_, i) => ({
          name: 'big.example.com',
          type: 'A',
          ttl: 9,
          data: `192.0.2.${i}`,
        }));
        socket.end(streamEncode({ id, type: 'response', questions, answers }));
      });
      socket.on('error', () => {});
    });
    const { port } = udp.address();
    await new Promise<void>((resolve) => tcp.listen(port, '127.0.0.1', resolve));
    client = new PacketDnsClient({ servers: [`127.0.0.1:${port}`], timeout: 200, attempts: 2 });
  });

  after(() => {
    udp.close();
    tcp.close();
  });

  it('A and AAAA, with their TTL', async () => {
    assert.deepEqual(await client.query('a.example.com', 'A'), [{ type: 'A', address: '192.0.2.1', ttl: 30 }]);
    assert.deepEqual(await client.query('a.example.com', 'AAAA'), [{ type: 'AAAA', address: '2001:db8::1', ttl: 31 }]);
  });

  it("an alias's TTL bounds that of its address", async () => {
    assert.deepEqual(await client.query('alias.example.com', 'A'), [{ type: 'A', address: '192.0.2.1', ttl: 7 }]);
  });

  it('SRV and NAPTR, with their TTL', async () => {
    const records = await client.query('_sip._udp.example.com', 'SRV');
    assert.deepEqual(records[0], {
      type: 'SRV',
      priority: 10,
      weight: 60,
      port: 5060,
      target: 'a.example.com',
      ttl: 60,
    });
    assert.deepEqual(await client.query('example.com', 'NAPTR'), [
      {
        type: 'NAPTR',
        order: 1,
        preference: 2,
        flags: 's',
        service: 'SIP+D2U',
        replacement: '_sip._udp.example.com',
        ttl: 90,
      },
    ]);
  });

  it('"not found" carries the time that the zone says (RFC 2308)', async () => {
    await assert.rejects(client.query('nowhere.example.com', 'A'), { code: 'DNS_NOT_FOUND', ttl: 25 });
  });

  it('a server failure is tried again, then told', async () => {
    asked = 0;
    await assert.rejects(client.query('broken.example.com', 'A'), { code: 'DNS_SERVER_FAILURE' });
    assert.equal(asked, 2);
  });

  it('silence is a timeout', async () => {
    await assert.rejects(client.query('silent.example.com', 'A'), { code: 'DNS_TIMEOUT' });
  });

  it('a truncated answer is fetched over TCP', async () => {
    assert.equal((await client.query('big.example.com', 'A')).length, 90);
  });
});

describe('names of this machine', () => {
  it('localhost needs no DNS', async () => {
    const dns = new FakeDns();
    const client = new SystemDnsClient(dns, '');
    assert.deepEqual(await client.query('localhost', 'A'), [{ type: 'A', address: '127.0.0.1', ttl: 30 }]);
    assert.deepEqual(await client.query('sip.localhost', 'AAAA'), [{ type: 'AAAA', address: '::1', ttl: 30 }]);
    await assert.rejects(client.query('localhost', 'SRV'), { code: 'DNS_NOT_FOUND' });
    assert.deepEqual(dns.asked, []);
  });

  it('the hosts file comes before DNS', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'hosts-'));
    const file = join(directory, 'hosts');
    writeFileSync(file, '192.0.2.5 pbx PBX.example.com # ours\n\n2001:db8::5\tpbx\nnonsense line\n');
    const dns = new FakeDns().a('other.example.com', '192.0.2.6');
    const client = new SystemDnsClient(dns, file);
    const addresses = async (name: string, type: 'A' | 'AAAA'): Promise<string[]> =>
      (await client.query(name, type)).map((record) => ('address' in record ? record.address : ''));
    assert.deepEqual(await addresses('pbx.example.com', 'A'), ['192.0.2.5']);
    assert.deepEqual(await addresses('pbx', 'AAAA'), ['2001:db8::5']);
    await assert.rejects(client.query('pbx.example.com', 'AAAA'), { code: 'DNS_NOT_FOUND' });
    assert.deepEqual(dns.asked, []);
    assert.deepEqual(await addresses('other.example.com', 'A'), ['192.0.2.6']);
    rmSync(directory, { recursive: true });
  });

  it('a hosts file line has an address and names', () => {
    assert.deepEqual(
      [...parseHosts('127.0.0.1 a b\n# c\n::1 a')],
      [
        ['a', ['127.0.0.1', '::1']],
        ['b', ['127.0.0.1']],
      ],
    );
  });
});
