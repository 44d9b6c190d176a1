import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseUri } from '../../src/message/uri.ts';
import { FakeClock } from '../../src/time/fake-clock.ts';
import { Resolver, type ResolverSettings, type Target } from '../../src/transport/index.ts';
import { FakeDns } from './fake-dns.ts';

function show(targets: readonly Target[] | null): string[] | null {
  return targets === null ? null : targets.map(({ proto, ip, port }) => `${proto} ${ip} ${port}`);
}

function uri(text: string) {
  const parsed = parseUri(text);
  assert.ok(parsed, text);
  return parsed;
}

function make(dns: FakeDns, settings: ResolverSettings = {}): { resolver: Resolver; clock: FakeClock } {
  const clock = new FakeClock();
  return { clock, resolver: new Resolver({ client: dns, clock, random: () => 0, ...settings }) };
}

describe('addresses need no look-up (RFC 3263 §4.1, §4.2)', () => {
  const table: readonly (readonly [string, string])[] = [
    ['sip:192.0.2.1', 'udp 192.0.2.1 5060'],
    ['sip:192.0.2.1:5070', 'udp 192.0.2.1 5070'],
    ['sip:192.0.2.1;transport=tcp', 'tcp 192.0.2.1 5060'],
    ['sip:192.0.2.1;transport=tls', 'tls 192.0.2.1 5061'],
    ['sip:192.0.2.1;transport=ws', 'ws 192.0.2.1 80'],
    ['sip:192.0.2.1;transport=wss', 'wss 192.0.2.1 443'],
    ['sips:192.0.2.1', 'tls 192.0.2.1 5061'],
    ['sips:192.0.2.1:5099;transport=tcp', 'tls 192.0.2.1 5099'],
    ['sips:192.0.2.1;transport=ws', 'wss 192.0.2.1 443'],
    ['sip:[2001:DB8::0:1]', 'udp 2001:db8::1 5060'],
    ['sip:[2001:db8::1]:5080;transport=tcp', 'tcp 2001:db8::1 5080'],
    ['sip:example.com;maddr=192.0.2.9', 'udp 192.0.2.9 5060'],
  ];
  for (const [text, expected] of table) {
    it(text, () => {
      const dns = new FakeDns();
      assert.deepEqual(show(make(dns).resolver.resolveNow(uri(text))), [expected]);
      assert.deepEqual(dns.asked, []);
    });
  }

  it('a transport that nobody here speaks has no target', async () => {
    const { resolver } = make(new FakeDns());
    assert.deepEqual(resolver.resolveNow(uri('sip:192.0.2.1;transport=sctp')), []);
    await assert.rejects(resolver.resolve(uri('sip:192.0.2.1;transport=sctp')), { code: 'DNS_NOT_FOUND' });
  });
});

describe('names', () => {
  it('SRV of UDP when no transport is named; the second time from the cache', async () => {
    const dns = new FakeDns()
      .srv('_sip._udp.example.com', 10, 0, 5066, 'a.example.com')
      .srv('_sip._tcp.example.com', 10, 0, 5067, 'a.example.com')
      .a('a.example.com', '192.0.2.1');
    const { resolver } = make(dns);
    assert.equal(resolver.resolveNow(uri('sip:example.com')), null);
    assert.deepEqual(show(await resolver.resolve(uri('sip:example.com'))), ['udp 192.0.2.1 5066']);
    const { length } = dns.asked;
    assert.deepEqual(show(resolver.resolveNow(uri('sip:Example.COM'))), ['udp 192.0.2.1 5066']);
    assert.equal(dns.asked.length, length);
  });

  it('TCP when only TCP has SRV records', async () => {
    const dns = new FakeDns().srv('_sip._tcp.example.com', 1, 0, 5060, 'a.example.com').a('a.example.com', '192.0.2.1');
    assert.deepEqual(show(await make(dns).resolver.resolve(uri('sip:example.com'))), ['tcp 192.0.2.1 5060']);
  });

  it('A and AAAA by default port and transport without SRV records', async () => {
    const dns = new FakeDns().a('example.com', '192.0.2.1').a('example.com', '2001:db8::1');
    const { resolver } = make(dns);
    assert.deepEqual(show(await resolver.resolve(uri('sip:example.com'))), [
      'udp 192.0.2.1 5060',
      'udp 2001:db8::1 5060',
    ]);
    const tls = await resolver.resolve(uri('sips:example.com'));
    assert.deepEqual(show(tls), ['tls 192.0.2.1 5061', 'tls 2001:db8::1 5061']);
    assert.equal(tls[0]?.serverName, 'example.com');
  });

  it('a port in the URI means no SRV (§4.2)', async () => {
    const dns = new FakeDns().srv('_sip._udp.example.com', 1, 0, 9, 'x.example.com').a('example.com', '192.0.2.1');
    const { resolver } = make(dns);
    assert.deepEqual(show(await resolver.resolve(uri('sip:example.com:5090;transport=tcp'))), ['tcp 192.0.2.1 5090']);
    assert.ok(!dns.asked.some((question) => question.startsWith('SRV')));
  });

  it('a TLS target is checked for the domain, not for the SRV target (RFC 5922)', async () => {
    const dns = new FakeDns()
      .srv('_sips._tcp.example.com', 1, 0, 5061, 'edge7.carrier.net')
      .a('edge7.carrier.net', '192.0.2.7');
    const [target] = await make(dns).resolver.resolve(uri('sip:example.com;transport=tls'));
    assert.deepEqual(target, { proto: 'tls', ip: '192.0.2.7', port: 5061, serverName: 'example.com' });
  });

  it('families and transports without a socket are not asked for', async () => {
    const dns = new FakeDns().a('example.com', '192.0.2.1').a('example.com', '2001:db8::1');
    const { resolver } = make(dns, { supports: (proto, family) => proto === 'udp' && family === 4 });
    assert.deepEqual(show(await resolver.resolve(uri('sip:example.com'))), ['udp 192.0.2.1 5060']);
    assert.deepEqual(dns.asked, ['SRV _sip._udp.example.com', 'A example.com']);
  });

  it('IPv6 first when asked so', async () => {
    const dns = new FakeDns().a('example.com', '192.0.2.1').a('example.com', '2001:db8::1');
    const { resolver } = make(dns, { families: [6, 4] });
    assert.deepEqual(show(await resolver.resolve(uri('sip:example.com:5060'))), [
      'udp 2001:db8::1 5060',
      'udp 192.0.2.1 5060',
    ]);
  });

  it('SRV target "." says that there is no such service: the address is not tried', async () => {
    const dns = new FakeDns().srv('_sip._tcp.example.com', 0, 0, 0, '').a('example.com', '192.0.2.1');
    await assert.rejects(make(dns).resolver.resolve(uri('sip:example.com;transport=tcp')), { code: 'DNS_NOT_FOUND' });
  });

  it('NAPTR by order and preference, services we cannot speak left out', async () => {
    const dns = new FakeDns()
      .naptr('example.com', 50, 50, 'SIPS+D2T', '_sips._tcp.example.com')
      .naptr('example.com', 90, 50, 'SIP+D2T', '_sip._tcp.example.com')
      .naptr('example.com', 100, 50, 'SIP+D2U', '_sip._udp.example.com')
      .naptr('example.com', 10, 10, 'SIP+D2S', '_sip._sctp.example.com')
      .srv('_sips._tcp.example.com', 1, 0, 5061, 'a.example.com')
      .srv('_sip._tcp.example.com', 1, 0, 5060, 'a.example.com')
      .srv('_sip._udp.example.com', 1, 0, 5060, 'a.example.com')
      .a('a.example.com', '192.0.2.1');
    const { resolver } = make(dns, { tryNaptr: true, supports: (proto, family) => proto !== 'tls' && family === 4 });
    assert.deepEqual(show(await resolver.resolve(uri('sip:example.com'))), [
      'tcp 192.0.2.1 5060',
      'udp 192.0.2.1 5060',
    ]);
    const secure = make(dns, { tryNaptr: true }).resolver;
    assert.deepEqual(show(await secure.resolve(uri('sips:example.com'))), ['tls 192.0.2.1 5061']);
  });
});

describe('failover order', () => {
  const cluster = (): FakeDns =>
    new FakeDns()
      .srv('_sip._udp.example.com', 20, 0, 5060, 'backup.example.com')
      .srv('_sip._udp.example.com', 10, 60, 5060, 'a.example.com')
      .srv('_sip._udp.example.com', 10, 40, 5061, 'b.example.com')
      .a('a.example.com', '192.0.2.1')
      .a('b.example.com', '192.0.2.2')
      .a('backup.example.com', '192.0.2.3')
      .a('backup.example.com', '192.0.2.4');

  it('by priority, each host with all its addresses', async () => {
    const { resolver } = make(cluster());
    const targets = show(await resolver.resolve(uri('sip:example.com')));
    assert.deepEqual(targets?.slice(2), ['udp 192.0.2.3 5060', 'udp 192.0.2.4 5060']);
    assert.equal(targets?.length, 4);
  });

  it('by weight at random (RFC 2782): 60 to 40', async () => {
    let seed = 42;
    const random = (): number => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return seed / 0x1_0000_0000;
    };
    const { resolver } = make(cluster(), { random });
    await resolver.resolve(uri('sip:example.com'));
    let first = 0;
    const rounds = 20_000;
    for (let i = 0; i < rounds; i++) if (resolver.resolveNow(uri('sip:example.com'))?.[0]?.ip === '192.0.2.1') first++;
    assert.ok(Math.abs(first / rounds - 0.6) < 0.02, `${first} of ${rounds}`);
  });

  it('the heaviest first without balancing', async () => {
    const { resolver } = make(cluster(), { srvBalance: false, random: () => 0.999 });
    assert.equal((await resolver.resolve(uri('sip:example.com')))[0]?.ip, '192.0.2.1');
  });

  it('a failed target is skipped for a while, and used when all have failed', async () => {
    const { resolver, clock } = make(cluster(), { srvBalance: false, denyTime: 30_000 });
    const all = await resolver.resolve(uri('sip:example.com'));
    assert.equal(all.length, 4);
    const [a, ...others] = all;
    assert.ok(a);
    resolver.denied(a);
    assert.deepEqual(show(resolver.resolveNow(uri('sip:example.com'))), show(others));
    for (const target of others) resolver.denied(target);
    assert.deepEqual(show(resolver.resolveNow(uri('sip:example.com'))), show(all));
    clock.advance(30_001);
    assert.deepEqual(show(resolver.resolveNow(uri('sip:example.com'))), show(all));
    assert.deepEqual(resolver.blocklist.entries(), []);
    resolver.denied(a);
    resolver.blocklist.allow(a);
    assert.equal(resolver.resolveNow(uri('sip:example.com'))?.length, 4);
  });
});

describe('cache', () => {
  it('an answer is good for its TTL and no longer', async () => {
    const dns = new FakeDns().a('example.com', '192.0.2.1', 20);
    const { resolver, clock } = make(dns, { families: [4] });
    await resolver.resolve(uri('sip:example.com:5060'));
    clock.advance(19_999);
    assert.ok(resolver.resolveNow(uri('sip:example.com:5060')));
    clock.advance(1);
    assert.equal(resolver.resolveNow(uri('sip:example.com:5060')), null);
    dns.clear();
    dns.a('example.com', '192.0.2.2', 20);
    assert.deepEqual(show(await resolver.resolve(uri('sip:example.com:5060'))), ['udp 192.0.2.2 5060']);
    assert.equal(dns.asked.length, 2);
  });

  it('a TTL of 0 serves the look-up that asked', async () => {
    const dns = new FakeDns()
      .srv('_sip._udp.example.com', 1, 0, 5060, 'a.example.com', 0)
      .a('a.example.com', '192.0.2.1', 0);
    const { resolver } = make(dns);
    assert.deepEqual(show(await resolver.resolve(uri('sip:example.com'))), ['udp 192.0.2.1 5060']);
    assert.equal(resolver.resolveNow(uri('sip:example.com')), null);
  });

  it('"not found" is remembered, for the time that the zone says or a default', async () => {
    const dns = new FakeDns();
    const { resolver, clock } = make(dns, { families: [4], cache: { negativeTtl: 60 } });
    await assert.rejects(resolver.resolve(uri('sip:nowhere.example.com:5060')), { code: 'DNS_NOT_FOUND' });
    assert.deepEqual(resolver.resolveNow(uri('sip:nowhere.example.com:5060')), []);
    await assert.rejects(resolver.resolve(uri('sip:nowhere.example.com:5060')), { code: 'DNS_NOT_FOUND' });
    assert.equal(dns.asked.length, 1);
    clock.advance(60_000);
    dns.negativeTtl = 5;
    await assert.rejects(resolver.resolve(uri('sip:nowhere.example.com:5060')));
    clock.advance(5_000);
    dns.a('nowhere.example.com', '192.0.2.1');
    assert.equal((await resolver.resolve(uri('sip:nowhere.example.com:5060'))).length, 1);
    assert.equal(dns.asked.length, 3);
  });

  it('timeouts and server failures are told apart, and remembered for a short time', async () => {
    const dns = new FakeDns()
      .fail('A', 'slow.example.com', 'DNS_TIMEOUT')
      .fail('A', 'broken.example.com', 'DNS_SERVER_FAILURE');
    const { resolver, clock } = make(dns, { families: [4] });
    await assert.rejects(resolver.resolve(uri('sip:slow.example.com:5060')), { code: 'DNS_TIMEOUT' });
    await assert.rejects(resolver.resolve(uri('sip:broken.example.com:5060')), { code: 'DNS_SERVER_FAILURE' });
    assert.deepEqual(resolver.resolveNow(uri('sip:slow.example.com:5060')), []);
    clock.advance(5_000);
    assert.equal(resolver.resolveNow(uri('sip:slow.example.com:5060')), null);
  });

  it('an old answer is used while no DNS server answers (RFC 8767), but not for ever', async () => {
    const dns = new FakeDns().a('example.com', '192.0.2.1', 20);
    const { resolver, clock } = make(dns, { families: [4], cache: { staleTtl: 100 } });
    await resolver.resolve(uri('sip:example.com:5060'));
    dns.fail('A', 'example.com', 'DNS_TIMEOUT');
    clock.advance(25_000);
    assert.deepEqual(show(await resolver.resolve(uri('sip:example.com:5060'))), ['udp 192.0.2.1 5060']);
    clock.advance(31_000);
    assert.equal((await resolver.resolve(uri('sip:example.com:5060'))).length, 1);
    clock.advance(100_000);
    await assert.rejects(resolver.resolve(uri('sip:example.com:5060')), { code: 'DNS_TIMEOUT' });
  });

  it('look-ups for one name at one time are one query', async () => {
    const dns = new FakeDns().a('example.com', '192.0.2.1');
    const { resolver } = make(dns, { families: [4] });
    await Promise.all(Array.from({ length: 50 }, () => resolver.resolve(uri('sip:example.com:5060'))));
    assert.deepEqual(dns.asked, ['A example.com']);
  });
});
