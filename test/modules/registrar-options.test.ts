/** Parameters and functions of usrloc, registrar and nathelper that need no database. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { byConnection, RegistrarBench } from './registrar-bench.ts';
import { context, forwardedHeaders, parsed, request } from './support.ts';

const A = '<sip:a@192.0.2.1>';
const REPLY =
  'SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKk\r\nTo: <sip:bob@home.example>\r\nFrom: <sip:x@y>;tag=1\r\nCall-ID: k\r\nCSeq: 1 OPTIONS\r\n\r\n';

describe('keepalives of usrloc (ka_mode)', () => {
  async function pinged(mode: number, more: Readonly<Record<string, number | string>> = {}): Promise<RegistrarBench> {
    const bench = new RegistrarBench({ ka_mode: mode, nat_bflag: 6, ...more }, { use_path: 1, path_mode: 0 }, 3);
    await bench.save(bench.register(A, 'Path: <sip:10.9.9.9;lr>\r\n'));
    const nated = bench.register('<sip:n@192.0.2.2>');
    nated.target.flags = 64;
    await bench.save(nated);
    await bench.save(bench.register('<sip:t@192.0.2.3;transport=tcp>', '', byConnection(7)));
    bench.host.clock.advance(1100);
    return bench;
  }
  const users = ({ begun }: RegistrarBench): readonly string[] => begun.map(({ ruri }) => ruri.slice(4, 5)).sort();

  test('which contacts get them', async () => {
    assert.deepEqual(users(await pinged(0)), []);
    assert.deepEqual(users(await pinged(1)), ['a', 'n', 't']);
    assert.deepEqual(users(await pinged(2)), ['n']);
    assert.deepEqual(users(await pinged(5)), ['a', 'n']);
    const filtered = await pinged(1, { ka_filter: 1 });
    assert.deepEqual(users(filtered), ['a', 'n', 't']);
    const binding = filtered.contact('sip:a@192.0.2.1');
    if (binding !== undefined) binding.serverId = 4;
    filtered.begun.length = 0;
    filtered.host.clock.advance(1100);
    assert.deepEqual(users(filtered), ['n', 't']);
  });

  test('what they say, and what their answers leave', async () => {
    const more = { ka_method: 'NOTIFY', ka_from: 'sip:ping@ex.com', ka_domain: 'home.example', ka_loglevel: 1 };
    const bench = await pinged(1, { ...more, ka_logmsg: ' from us' });
    const [first] = bench.begun.filter(({ ruri }) => ruri === 'sip:a@192.0.2.1');
    assert.ok(first !== undefined);
    const { method, to, from, nextHop, headers } = first;
    assert.deepEqual(
      { method, to, from, nextHop, headers },
      {
        method: 'NOTIFY',
        to: 'sip:bob@home.example',
        from: 'sip:ping@ex.com',
        nextHop: 'sip:10.9.9.9;lr',
        headers: 'Route: <sip:10.9.9.9;lr>\r\n',
      },
    );
    const sent = bench.host.clock.now();
    bench.host.clock.advance(30);
    const took = bench.host.clock.now() - sent;
    first.final({ reply: parsed(REPLY), from: byConnection(0), status: 200 });
    const binding = bench.contact('sip:a@192.0.2.1');
    assert.ok(binding !== undefined && binding.roundTrip >= took * 1000);
    const line = bench.host.log.lines.find((text) => text.startsWith('keepalive roundtrip: '));
    assert.match(line ?? '', new RegExp(`^keepalive roundtrip: 0\\.\\d{6} sec - ruid \\[${binding.ruid}\\] from us$`));
  });

  test('with use_domain the To URI is the address of record', async () => {
    const bench = await pinged(1, { use_domain: 1 });
    assert.equal(bench.begun[0]?.to, 'sip:bob@example.com');
  });

  test('what an address of record had escaped is escaped in the To URI, and is no header', async () => {
    for (const [use_domain, to] of [
      [0, 'sip:a%0D%0Ax:%20y%3E%40%3C@kamailio.org'],
      [1, 'sip:a%0D%0Ax:%20y%3E%40%3C@example.com'],
    ] as const) {
      const bench = new RegistrarBench({ ka_mode: 1, use_domain });
      await bench.save(bench.register(A, '', byConnection(0), 'sip:a%0d%0aX%3a%20y%3e%40%3c@example.com'));
      bench.host.clock.advance(1100);
      assert.deepEqual(
        bench.begun.map((ping) => ping.to),
        [to],
      );
    }
  });

  test('ka_timeout: a silent contact ends, and the event route is told', async () => {
    const bench = await pinged(1, { ka_timeout: 3 });
    for (let second = 0; second < 5; second++) {
      for (const { ruri, final } of bench.begun.splice(0))
        if (ruri === 'sip:a@192.0.2.1') final({ reply: parsed(REPLY), from: byConnection(0), status: 200 });
      bench.host.clock.advance(1000);
    }
    assert.deepEqual(bench.contacts, ['sip:a@192.0.2.1']);
    assert.deepEqual(bench.ended.toSorted(), ['sip:n@192.0.2.2', 'sip:t@192.0.2.3;transport=tcp']);
  });

  test('what cannot be is refused', () => {
    for (const [name, value] of [
      ['ka_method', 'no method'],
      ['ka_from', 'no URI'],
    ] as const)
      assert.throws(() => new RegistrarBench({ ka_mode: 1, [name]: value }), { code: 'USRLOC_PARAMETER' });
  });
});

describe('connections', () => {
  test('handle_lost_tcp: contacts of a connection that ends go with it, and the event route is told', async () => {
    const bench = new RegistrarBench({ handle_lost_tcp: 1 });
    await bench.save(bench.register(A, '', byConnection(7)));
    await bench.save(bench.register('<sip:b@192.0.2.2>', '', byConnection(8)));
    // The device has come by another connection since.
    await bench.save(bench.register('<sip:c@192.0.2.3>', '', byConnection(7)));
    await bench.save(bench.register('<sip:c@192.0.2.3>', '', byConnection(9)));
    for (const listener of bench.host.ends) listener(7);
    assert.deepEqual(bench.contacts, ['sip:b@192.0.2.2', 'sip:c@192.0.2.3']);
    assert.deepEqual(bench.ended, ['sip:a@192.0.2.1']);
  });

  test('a connection that ended before its REGISTER was handled is none', async () => {
    for (const [handle_lost_tcp, contacts] of [
      [1, []],
      [0, ['sip:a@192.0.2.1']],
    ] as const) {
      const bench = new RegistrarBench({ handle_lost_tcp }, { lookup_filter_mode: 2 });
      Object.assign(bench.host.sender, { connectionPongs: (connection: number) => (connection === 7 ? -1 : 0) });
      await bench.save(bench.register(A, '', byConnection(7)));
      assert.deepEqual(bench.contacts, contacts);
      assert.equal((await bench.found()).code, -1);
      await bench.save(bench.register(A, '', byConnection(8)));
      assert.equal((await bench.found()).code, 1);
    }
  });

  test('without it they stay; lookup_filter_mode 2 passes them over', async () => {
    for (const [mode, uri] of [
      [0, 'sip:a@192.0.2.1'],
      [2, 'sip:u@192.0.2.2'],
    ] as const) {
      const bench = new RegistrarBench({}, { lookup_filter_mode: mode, append_branches: 0 });
      await bench.save(bench.register(`${A};q=0.9`, '', byConnection(7)));
      await bench.save(bench.register('<sip:u@192.0.2.2>;q=0.1'));
      assert.equal((await bench.found()).target.uri, 'sip:a@192.0.2.1');
      for (const listener of bench.host.ends) listener(7);
      assert.equal(bench.contacts.length, 2);
      assert.equal((await bench.found()).target.uri, uri);
    }
  });

  test('close_expired_tcp: the connection of a contact that ended is closed', async () => {
    for (const [on, closed] of [
      [1, [7]],
      [0, []],
    ] as const) {
      const bench = new RegistrarBench({ close_expired_tcp: on });
      await bench.save(bench.register(`${A};expires=60`, '', byConnection(7)));
      bench.host.clock.advance(63_000);
      assert.deepEqual(bench.contacts, []);
      assert.deepEqual(bench.closed, closed);
    }
  });
});

describe('registrar', () => {
  test('lookup_branches: the destination and bare branches become contacts', async () => {
    const bench = new RegistrarBench();
    await bench.save(bench.register(`${A};q=0.9, <sip:b@192.0.2.2>;q=0.5`));
    await bench.save(bench.register('<sip:c@192.0.2.3>', '', undefined, 'sip:carol@example.com'));
    const ctx = context(bench.host, request({ ruri: 'sip:bob@example.com' }));
    ctx.state.branches.push(Object.assign(ctx.target.clone(), { uri: 'sip:carol@example.com' }));
    assert.equal(await bench.registrar.call(ctx, 'lookup_branches', 'location'), 1);
    assert.deepEqual(
      [ctx.target.uri, ...ctx.state.branches.map(({ uri }) => uri)],
      ['sip:a@192.0.2.1', 'sip:c@192.0.2.3', 'sip:b@192.0.2.2'],
    );
  });

  test('sockets: as a header or the script names them, of ours only; sock_mode keeps the advertised one', async () => {
    const kept = async (
      parameters: Readonly<Record<string, number | string>>,
      header: string,
      flag: boolean,
      ordered = '',
    ): Promise<string | undefined> => {
      const bench = new RegistrarBench({}, { xavp_cfg: 'reg', ...parameters });
      const ctx = bench.register(A, header === '' ? '' : `Sock-Info: ${header}\r\n`);
      if (flag) ctx.state.flags |= 1 << 5;
      if (ordered !== '') ctx.state.attributes.xavps.push('reg', new Map([['socket', [ordered]]]));
      await bench.save(ctx);
      return bench.contact('sip:a@192.0.2.1')?.socket;
    };
    const header = { sock_flag: 5, sock_hdr_name: 'Sock-Info' };
    assert.equal(await kept(header, 'tcp:127.0.0.1:5062', true), 'tcp:127.0.0.1:5062');
    assert.equal(await kept(header, 'tcp:127.0.0.1:5062', false), 'udp:127.0.0.1:5060');
    assert.equal(await kept({ sock_flag: 5 }, 'tcp:127.0.0.1:5062', true), 'udp:127.0.0.1:5060');
    assert.equal(await kept(header, 'udp:10.1.1.1:5060', true), 'udp:127.0.0.1:5060');
    assert.equal(await kept({}, '', false, 'tcp:127.0.0.1:5062'), 'tcp:127.0.0.1:5062');
    assert.equal(await kept({ ...header, sock_mode: 1 }, 'tcp:127.0.0.1:5062', true), 'tcp:203.0.113.9:5099');
  });

  test('add_sock_hdr: the socket of the request, in a header of this name', () => {
    const bench = new RegistrarBench();
    const ctx = bench.register(A, '', byConnection(7));
    assert.equal(bench.registrar.call(ctx, 'add_sock_hdr', 'Sock-Info'), 1);
    assert.ok(forwardedHeaders(ctx).includes('Sock-Info: tcp:127.0.0.1:5062'));
    assert.equal(bench.registrar.call(ctx, 'add_sock_hdr', 'no name'), -1);
    assert.equal(bench.host.log.codes.at(-1), 'REGISTRAR_BAD_HEADER');
  });

  test('realm_prefix: a subdomain for SIP is the domain', async () => {
    for (const [prefix, code] of [
      ['sip.', 1],
      ['', -1],
    ] as const) {
      const bench = new RegistrarBench({ use_domain: 1 }, { realm_prefix: prefix });
      await bench.save(bench.register(A, '', undefined, 'sip:bob@sip.example.com'));
      assert.equal((await bench.found('sip:bob@example.com')).code, code);
    }
  });

  test('lookup_filter_mode 1: contacts with one of the branch flags that the script orders', async () => {
    const bench = new RegistrarBench({}, { lookup_filter_mode: 1, xavp_cfg: 'reg' });
    const flagged = bench.register(A);
    flagged.target.flags = 8;
    await bench.save(flagged);
    await bench.save(bench.register('<sip:b@192.0.2.2>'));
    const looked = async (flags: number): Promise<readonly [number, number]> => {
      const ctx = context(bench.host, request({ ruri: 'sip:bob@example.com' }));
      ctx.state.attributes.xavps.push('reg', new Map([['rlf_bflags', [flags]]]));
      return [await bench.registrar.call(ctx, 'lookup', 'location'), ctx.state.branches.length];
    };
    assert.deepEqual(
      [await looked(0), await looked(12), await looked(4)],
      [
        [1, 1],
        [1, 0],
        [-1, 0],
      ],
    );
  });

  test('xavp_contact: what the script keeps with contacts comes back with lookup() and registered()', async () => {
    const bench = new RegistrarBench({ xavp_contact: 'kept' });
    for (const [contact, color] of [
      [`${A};q=0.9`, 'red'],
      ['<sip:b@192.0.2.2>;q=0.5', 'blue'],
    ] as const) {
      const ctx = bench.register(contact);
      ctx.state.attributes.xavps.push('kept', new Map([['color', [color, 'older']]]));
      await bench.save(ctx);
      // It is a copy: what the script does with its own record later is its own affair.
      ctx.state.attributes.xavps.records('kept')[0]?.set('color', ['changed']);
    }
    const colors = (ctx: ReturnType<typeof context>): unknown =>
      ctx.state.attributes.xavps.records('kept').map((record) => record.get('color'));
    assert.deepEqual(colors(await bench.found()), [
      ['red', 'older'],
      ['blue', 'older'],
    ]);
    const ctx = context(bench.host, request({ ruri: 'sip:bob@example.com' }));
    assert.equal(await bench.registrar.call(ctx, 'registered', 'location', '', 0, 1), 1);
    assert.deepEqual(colors(ctx), [['red', 'older']]);
  });

  test('use_expired_contacts: those whose time is over are found until they are taken out', async () => {
    for (const [use, code] of [
      [1, 1],
      [0, -1],
    ] as const) {
      const bench = new RegistrarBench({ timer_interval: 600 }, { use_expired_contacts: use });
      await bench.save(bench.register(`${A};expires=60`));
      bench.host.clock.advance(90_000);
      assert.equal((await bench.found()).code, code);
    }
  });
});

describe('pings of nathelper', () => {
  const base = { natping_interval: 10 };
  async function sentTo(
    parameters: Readonly<Record<string, number | string>>,
    flags = 64,
    path = '',
  ): Promise<readonly string[]> {
    const bench = new RegistrarBench({ nat_bflag: 6 }, { use_path: 1, path_mode: 0, received_avp: '$avp(r)' }, 3);
    const ctx = bench.register(A, path === '' ? '' : `Path: ${path}\r\n`);
    bench.host.variables.set('$avp(r)', 'sip:192.0.2.77:4000');
    ctx.target.flags = flags;
    await bench.save(ctx);
    const { pinger } = bench.nathelper({ ...base, ...parameters });
    const binding = bench.contact('sip:a@192.0.2.1');
    if (binding !== undefined && parameters.filter_server_id !== undefined) binding.serverId = 4;
    bench.host.clock.advance(12_000);
    pinger?.end();
    return bench.host.sent.map(({ to }) => to);
  }

  test('which contacts get them, and where', async () => {
    assert.deepEqual(await sentTo({}), ['udp:192.0.2.77:4000']);
    assert.deepEqual(await sentTo({ ping_nated_only: 1 }, 0), []);
    assert.deepEqual(await sentTo({ natping_disable_bflag: 6 }), []);
    assert.deepEqual(await sentTo({ filter_server_id: 1 }), []);
    assert.deepEqual(await sentTo({}, 64, '<sip:10.9.9.9;lr>'), ['udp:192.0.2.77:4000']);
    assert.deepEqual(await sentTo({ udpping_from_path: 1 }, 64, '<sip:10.9.9.9;lr>'), ['udp:10.9.9.9:5060']);
  });

  test('nathelper.enable_ping stops and resumes them', async () => {
    const bench = new RegistrarBench({ nat_bflag: 6 });
    await bench.save(bench.register(A));
    const { pinger } = bench.nathelper(base);
    assert.ok(pinger !== null);
    pinger.enabled = false;
    bench.host.clock.advance(12_000);
    assert.equal(bench.host.sent.length, 0);
    pinger.enabled = true;
    bench.host.clock.advance(12_000);
    assert.ok(bench.host.sent.length > 0);
    pinger.end();
  });
});
