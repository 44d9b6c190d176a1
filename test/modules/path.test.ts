import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { path } from '../../src/modules/path.ts';
import type { OwnRoute, RequestState } from '../../src/proxy/request-state.ts';
import {
  context,
  forwardedHeaders,
  type LoadedModule,
  load,
  request,
  SOCKET,
  type TestHost,
  testHost,
} from './support.ts';

type Listener = (state: RequestState, route: OwnRoute) => void;

interface Made extends LoadedModule {
  readonly host: TestHost;
  readonly listeners: ReadonlySet<Listener>;
}

function made(parameters: Readonly<Record<string, number | string>> = {}): Made {
  const host = testHost({ sockets: [SOCKET] });
  const listeners = new Set<Listener>();
  Object.assign(host.proxy, {
    onOwnRoute: (listener: Listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  });
  return { host, listeners, ...load(path, host, parameters) };
}

describe('path', () => {
  test('Path stands above those that are there, with the address of the socket that the request leaves by', () => {
    const { host, call } = made();
    const ctx = context(host, request({ method: 'REGISTER', headers: 'Path: <sip:1.1.1.1;lr>\r\n', body: '' }));
    assert.equal(call(ctx, 'add_path_received', 'in', 'ob'), 1);
    const lines = forwardedHeaders(ctx).filter((line) => line.startsWith('Path:'));
    assert.deepEqual(lines, ['Path: <sip:in@127.0.0.1;lr;received=sip:192.0.2.7:5062;ob>', 'Path: <sip:1.1.1.1;lr>']);
  });

  test('the name of the socket, when it is wanted', () => {
    const { host, call } = made({ sockname_mode: 1 });
    const ctx = context(host, request({ method: 'REGISTER', body: '' }));
    call(ctx, 'add_path');
    assert.ok(forwardedHeaders(ctx).includes('Path: <sip:127.0.0.1;lr;sn=main>'));
  });

  test('what would break out of the URI is refused', () => {
    const { host, call } = made();
    for (const [user, params] of [
      ['a>\r\nX: y', ''],
      ['a b', ''],
      ['a@b', ''],
      ['a', 'x=">'],
    ] as const) {
      const ctx = context(host, request({ method: 'REGISTER', body: '' }));
      assert.equal(call(ctx, 'add_path', user, params), -1);
      assert.ok(!forwardedHeaders(ctx).some((line) => line.startsWith('Path:')));
    }
    assert.equal(host.log.codes.at(-1), 'PATH_BAD_ARGUMENT');
  });

  test('use_received: the next hop is where the client was; what is no URI is passed over; the listener ends with the module', () => {
    const { host, listeners, instance } = made({ use_received: 1 });
    const next = (params: string): string => {
      const ctx = context(host);
      for (const listener of listeners) listener(ctx.state, { uri: `sip:x${params}`, params, upstream: false });
      return ctx.target.dstUri;
    };
    assert.equal(next(';lr;received=sip:9.9.9.9:5%3Btransport%3Dtcp'), 'sip:9.9.9.9:5;transport=tcp');
    assert.equal(next(';lr'), '');
    assert.equal(next(';lr;received=junk'), '');
    assert.equal(host.log.codes.at(-1), 'PATH_BAD_ROUTE');
    path.definition.stop?.(instance);
    assert.equal(listeners.size, 0);
    assert.equal(made().listeners.size, 0);
  });
});
