/** What the module makes of its parameters, its keepalives, and functions without a call, on a fake clock. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CallDialog } from '../../src/dialog/call-dialog.ts';
import { DialogModule } from '../../src/modules/dialog/instance.ts';
import { dialog } from '../../src/modules/dialog.ts';
import type { OwnRequestParts, OwnRequestUser } from '../../src/proxy/own-request.ts';
import type { ProxyCore } from '../../src/proxy/proxy-core.ts';
import { ModuleError } from '../../src/script/module-definition.ts';
import { context, load, SOCKET, type TestHost, testHost } from './support.ts';

type Params = Readonly<Record<string, number | string | readonly string[]>>;

interface Bench {
  readonly host: TestHost;
  readonly module: DialogModule;
  readonly loaded: ReturnType<typeof load>;
  /** Requests of ours, in order. */
  readonly sent: { readonly parts: OwnRequestParts; readonly user: OwnRequestUser }[];
  call(): CallDialog;
}

function bench(params: Params = {}): Bench {
  const base = testHost();
  const sent: Bench['sent'] = [];
  const proxy: Partial<ProxyCore> = {
    ...base.proxy,
    onOwnRoute: () => () => {},
    onTransaction: () => () => {},
    requestOf: () => null,
    begin: (parts, user) => {
      sent.push({ parts, user });
      return { end: () => {} };
    },
  };
  // Only what the module calls is there.
  const host: TestHost = { ...base, proxy: proxy as ProxyCore };
  const loaded = load(dialog, host, params);
  const { instance } = loaded;
  assert.ok(instance instanceof DialogModule);
  const { table } = instance;
  return {
    host,
    module: instance,
    loaded,
    sent,
    call() {
      const made = table.create({ callId: 'c', fromUri: 'sip:a@x', toUri: 'sip:b@x', requestUri: 'sip:b@y' }, 1000);
      Object.assign(made.caller, { tag: 'F', contact: 'sip:a@192.0.2.1', socket: SOCKET, cseq: 4, seen: 0 });
      Object.assign(made.callee, { tag: 'T', contact: 'sip:b@192.0.2.2;alias=198.51.100.9~5070~2', cseq: 0, seen: 4 });
      table.apply(made, 'answered');
      table.apply(made, 'acked');
      return made;
    },
  };
}

function outcome(status: number) {
  return { status, reply: null, from: null, destination: null, ruri: '' };
}

describe('parameters', () => {
  for (const [params, name] of [
    [{ default_timeout: 0 }, 'default_timeout'],
    [{ db_mode: 4 }, 'db_mode'],
    [{ dlg_match_mode: 3 }, 'dlg_match_mode'],
    [{ ka_interval: 10 }, 'ka_interval'],
    [{ dlg_flag: 32 }, 'dlg_flag'],
    [{ rr_param: 'a;b' }, 'rr_param'],
    [{ table_name: 'x; DROP' }, 'table_name'],
    [{ profiles_with_value: ['a;b'], profiles_no_value: ['b'] }, 'profiles_no_value'],
  ] as const)
    test(`${JSON.stringify(params)} is refused`, () => {
      assert.throws(
        () => bench(params),
        (error: unknown) =>
          error instanceof ModuleError && error.code === 'DIALOG_PARAMETER' && error.parameter === name,
      );
    });

  test('profiles and extra headers of several lines', () => {
    const { module } = bench({
      profiles_with_value: 'a ; b;c',
      dlg_extra_hdrs: 'X-A: 1\r\nX-B: 2\r\n',
    });
    assert.deepEqual(module.settings.profilesWithValue, ['a', 'b', 'c']);
    assert.equal(module.settings.extraHeaders, 'X-A: 1\r\nX-B: 2\r\n');
  });
});

describe('keepalives', () => {
  const params = { ka_timer: 5, ka_interval: 30, ka_failed_limit: 2 };

  test('OPTIONS to the sides that want it, with the number that they have seen last', () => {
    const { host, sent, call } = bench(params);
    const made = call();
    host.clock.advance(100_000);
    assert.equal(sent.length, 0);
    made.properties = 6;
    host.clock.advance(36_000);
    assert.deepEqual(
      sent.map(({ parts }) => [parts.method, parts.ruri, parts.cseq, parts.toTag, parts.nextHop]),
      [
        ['OPTIONS', 'sip:a@192.0.2.1', 1, 'F', ''],
        ['OPTIONS', 'sip:b@192.0.2.2;alias=198.51.100.9~5070~2', 4, 'T', 'sip:198.51.100.9:5070;transport=tcp'],
      ],
    );
  });

  test('a side that knows no call any more ends it within ten seconds; any other answer is good', () => {
    const { host, sent, call, module } = bench(params);
    const made = call();
    made.properties = 2;
    let rounds = 0;
    const round = (status: number): void => {
      while (sent.length === rounds) host.clock.advance(1000);
      sent[rounds++]?.user.final(outcome(status));
    };
    for (const status of [481, 200, 408, 500, 481]) round(status);
    assert.ok(made.lifetime > 10);
    round(408);
    assert.equal(made.lifetime, 10);
    host.clock.advance(11_000);
    assert.equal(made.state, 5);
    assert.equal(module.table.counters.expired, 1);
    assert.equal(sent.filter(({ parts }) => parts.method === 'BYE').length, 0);
  });
});

test('functions without a call, and with what there is not, fail and say so', () => {
  const { host, loaded } = bench({ profiles_with_value: ['user'] });
  const ctx = context(host);
  const run = (name: string, ...args: unknown[]): unknown => loaded.call(ctx, name, ...args);
  assert.equal(run('is_known_dlg'), -1);
  assert.equal(run('dlg_get', 'c', 'a', 'b'), -1);
  assert.equal(run('dlg_bye', 'all'), -1);
  assert.equal(run('dlg_bye', 'nobody'), -1);
  assert.equal(run('dlg_set_ruri'), -1);
  assert.equal(run('dlg_set_timeout', 5), -1);
  assert.equal(run('set_dlg_profile', 'none'), -1);
  assert.equal(run('set_dlg_profile', 'user'), -1);
  assert.equal(run('dlg_setflag', 32), -1);
  assert.equal(run('dlg_set_property', 'colour'), -1);
  assert.equal(run('dlg_bridge', 'a', 'b', 'c'), -1);
  assert.deepEqual(host.log.codes, [
    'DIALOG_BAD_ARGUMENT',
    'DIALOG_NO_PROFILE',
    'DIALOG_NO_PROFILE',
    'DIALOG_BAD_ARGUMENT',
    'DIALOG_BAD_ARGUMENT',
    'DIALOG_NOT_SUPPORTED',
  ]);
});

test('what is said before dlg_manage() goes to the call; a message without one keeps its variables to itself', () => {
  const { host, loaded, module } = bench({ profiles_with_value: ['user'] });
  const ctx = context(host);
  const run = (name: string, ...args: unknown[]): unknown => loaded.call(ctx, name, ...args);
  run('dlg_setflag', 3);
  run('dlg_set_property', 'ka-src');
  run('set_dlg_profile', 'user', 'u');
  assert.equal(module.table.profiles.size('user', 'u'), 0);
  assert.equal(run('dlg_manage'), 1);
  assert.equal(run('dlg_manage'), 1);
  const [made] = [...module.table.all()];
  assert.equal(module.table.size, 1);
  assert.deepEqual([made?.flags, made?.properties, module.table.profiles.size('user', 'u')], [8, 2, 1]);
  assert.equal(loaded.read(ctx, 'DLG_status'), null);
  assert.equal(loaded.read(ctx, 'dlg', 'state'), 1);
});
