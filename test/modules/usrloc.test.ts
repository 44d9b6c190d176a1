import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { M_INVITE } from '../../src/message/method.ts';
import { nathelper } from '../../src/modules/nathelper.ts';
import { registrar } from '../../src/modules/registrar.ts';
import type { UsrlocModule } from '../../src/modules/usrloc/instance.ts';
import { usrloc } from '../../src/modules/usrloc.ts';
import { ALL_METHODS } from '../../src/registrar/binding.ts';
import type { CompiledRoute } from '../../src/script/program.ts';
import { context, type LoadedModule, load, request, SOCKET, type TestHost, testHost } from './support.ts';

interface Loaded {
  readonly host: TestHost;
  readonly usrloc: LoadedModule;
  readonly registrar: LoadedModule;
}

function loaded(params: Readonly<Record<string, number | string>> = {}): Loaded {
  const host = testHost({ settings: { maxBranches: 12, serverId: 0 } });
  const events = new Map<string, CompiledRoute>();
  const program = host.program();
  Object.assign(program, {
    route: (kind: string, name: string) => (kind === 'event' ? (events.get(name) ?? null) : null),
  });
  Object.assign(host, { events });
  const store = load(usrloc, host, { timer_interval: 1, ...params });
  host.modules.set('usrloc', store.instance);
  return { host, usrloc: store, registrar: load(registrar, host, { method_filtering: 1, xavp_rcd: 'rcd' }) };
}

async function save({ host, registrar: module }: Loaded, contact: string, user = 'bob'): Promise<number> {
  const message = request({
    method: 'REGISTER',
    ruri: 'sip:example.com',
    to: `<sip:${user}@example.com>`,
    contact: `Contact: ${contact}\r\n`,
    body: '',
  });
  return module.call(context(host, message), 'save', 'location');
}

describe('usrloc and registrar', () => {
  test('a contact that ends is told to event_route[usrloc:contact-expired] with $ulc(exp=>…)', async () => {
    const all = loaded();
    const seen: unknown[] = [];
    const { events } = all.host as TestHost & { events: Map<string, CompiledRoute> };
    events.set('usrloc:contact-expired', (ctx) => {
      seen.push(all.registrar.read(ctx, 'ulc', 'exp=>aor'), all.registrar.read(ctx, 'ulc', 'exp=>addr'));
      return 1;
    });
    assert.equal(await save(all, '<sip:bob@192.0.2.1>;expires=60'), 1);
    all.host.clock.advance(58_000);
    assert.deepEqual(seen, []);
    all.host.clock.advance(4000);
    assert.deepEqual(seen, ['bob', 'sip:bob@192.0.2.1']);
    assert.equal(all.host.statistics.read('usrloc:location_contacts'), 0);
    assert.equal(all.host.statistics.read('usrloc:location_expires'), 1);
  });

  test('lookup takes the best contact, adds the others as branches, and tells of them', async () => {
    const all = loaded();
    await save(all, '<sip:a@192.0.2.1>;q=0.1');
    await save(all, '<sip:b@192.0.2.2>;q=0.9;methods="INVITE"');
    await save(all, '<sip:c@192.0.2.3>;q=0.5;methods="MESSAGE"');
    const ctx = context(all.host, request({ ruri: 'sip:bob@example.com' }));
    assert.equal(await all.registrar.call(ctx, 'lookup', 'location'), 1);
    assert.deepEqual(
      [ctx.target.uri, ctx.target.q, ctx.target.socket, ctx.state.branches.map(({ uri }) => uri)],
      ['sip:b@192.0.2.2', 900, SOCKET, ['sip:a@192.0.2.1']],
    );
    assert.equal(ctx.state.attributes.xavps.records('rcd')[0]?.get('contact')?.[0], 'sip:b@192.0.2.2');
    const missing = context(all.host, request({ ruri: 'sip:alice@example.com' }));
    assert.equal(await all.registrar.call(missing, 'lookup', 'location'), -1);
  });

  test('no more branches than max_branches', async () => {
    const all = loaded();
    for (let n = 0; n < 20; n++) await save(all, `<sip:u${n}@192.0.2.1>`);
    const ctx = context(all.host, request({ ruri: 'sip:bob@example.com' }));
    await all.registrar.call(ctx, 'lookup', 'location');
    assert.equal(ctx.state.branches.length, 11);
    assert.ok(all.host.log.codes.includes('APPEND_BRANCH_FULL'));
  });

  test('contacts behind NAT are pinged by UDP and by OPTIONS; one that answers nothing is removed', () => {
    const { host, usrloc: store } = loaded({ nat_bflag: 6 });
    const { location } = store.instance as UsrlocModule;
    const began: { ruri: string; final: (outcome: unknown) => void }[] = [];
    Object.assign(host.proxy, {
      begin: (parts: { ruri: string }, user: { final: (outcome: unknown) => void }) =>
        began.push({ ruri: parts.ruri, final: (outcome) => user.final(outcome) }),
    });
    Object.assign(host.resolver, {
      resolveNow: ({ host: name, port }: { host: string; port: number }) => [
        { proto: 'udp', ip: name, port: port || 5060, serverName: '' },
      ],
    });
    const add = (user: string, cflags: number): void => {
      const fields = {
        q: -1,
        callId: 'c',
        cseq: 1,
        flags: 0,
        cflags,
        userAgent: '',
        path: '',
        socket: '',
        instance: '',
      };
      location.table('location').bindings.insert(user, user, {
        ...fields,
        uri: `sip:${user}@10.0.0.1`,
        received: `sip:192.0.2.7:${4000 + cflags}`,
        expires: location.now + 3600,
        methods: ALL_METHODS & ~M_INVITE,
        regId: 0,
        serverId: 0,
        connection: -1,
        modified: location.now,
      });
    };
    add('open', 0);
    add('nat', 64);
    add('sip', 192);
    load(nathelper, host, {
      natping_interval: 10,
      ping_nated_only: 1,
      sipping_bflag: 7,
      sipping_from: 'sip:pinger@example.com',
      keepalive_timeout: 15,
    });
    host.clock.advance(12_000);
    assert.deepEqual(host.sent, [{ text: '\0\0\0\0', to: 'udp:192.0.2.7:4064' }]);
    assert.deepEqual(
      began.map(({ ruri }) => ruri),
      ['sip:sip@10.0.0.1'],
    );
    began[0]?.final({ reply: {}, status: 200 });
    host.clock.advance(12_000);
    assert.equal(location.table('location').bindings.byName('sip')?.live, true);
    host.clock.advance(12_000);
    assert.equal(location.table('location').bindings.byName('sip'), null);
    assert.notEqual(location.table('location').bindings.byName('nat'), null);
  });
});
