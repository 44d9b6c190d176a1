import { EditList } from '../../src/message/edits.ts';
import { SipMessage } from '../../src/message/message.ts';
import { parseMessage } from '../../src/message/parser.ts';
import type { ProxyCore } from '../../src/proxy/proxy-core.ts';
import { RequestState } from '../../src/proxy/request-state.ts';
import { RpcRegistry } from '../../src/rpc/registry.ts';
import { compileConfig, knownVariables, type LinkedProgram, type LinkResult } from '../../src/script/compile.ts';
import type { ScriptContext } from '../../src/script/context.ts';
import type { Diagnostic } from '../../src/script/diagnostic.ts';
import { Keep } from '../../src/script/keep.ts';
import type { Log } from '../../src/script/log.ts';
import { type AnyModule, defineModule, fn, intParam, listParam, strParam } from '../../src/script/module-definition.ts';
import { parseConfig } from '../../src/script/parse-config.ts';
import { makeRequestContext } from '../../src/script/runtime-context.ts';
import type { CheckOptions } from '../../src/script/scope.ts';
import { Statistics } from '../../src/script/statistics.ts';
import { ROUTE_ANY, ROUTE_BRANCH, ROUTE_FAILURE, ROUTE_ONREPLY, ROUTE_REQUEST } from '../../src/script/values.ts';
import type { Clock } from '../../src/time/clock.ts';
import { HashedTimerWheel } from '../../src/time/hashed-timer-wheel.ts';
import { seededRandom } from '../../src/time/random.ts';
import type { Transactions } from '../../src/transaction/transaction.ts';
import type { ListenSocket, Received, TransportSender } from '../../src/transport/transport.ts';

/** Port of the tests' socket: not 5060, so that `dst_port==5060` is false and a URI without a port is not ours. */
export const PORT = 17353;

export const SOCKET: ListenSocket = {
  index: 0,
  proto: 'udp',
  address: '127.0.0.1',
  family: 4,
  port: PORT,
  name: '',
  displayHost: '127.0.0.1',
  displayPort: PORT,
};

export const RECEIVED: Received = { socket: SOCKET, ip: '127.0.0.1', port: 40682, connection: 0, at: 0 };

/** The request of the conformance vectors. */
export function optionsRequest(headers = '', method = 'OPTIONS'): SipMessage {
  return parsed(
    `${method} sip:bob@127.0.0.1:${PORT} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:40682;branch=z9hG4bK1\r\n` +
      `From: "Alice A" <sip:alice@example.com>;tag=ft1\r\nTo: <sip:bob@example.org>\r\nCall-ID: cid1@x\r\n` +
      `CSeq: 1 ${method}\r\nMax-Forwards: 70\r\n${headers}Content-Length: 0\r\n\r\n`,
  );
}

/** Parses a message, which must be good. */
export function parsed(raw: string): SipMessage {
  const message = parseMessage(raw);
  if (!(message instanceof SipMessage)) throw new Error(`${message.code}: ${message.reason}`);
  return message;
}

/** A log that keeps its lines. */
export class MemoryLog implements Log {
  level = 3;
  /** What scripts wrote: xlog() and log(). */
  readonly script: string[] = [];
  /** What the server wrote, `CODE text`. */
  readonly core: string[] = [];
  write(_level: number, module: string, text: string, code = ''): void {
    if (module === '<script>') this.script.push(text.replace(/\n$/, ''));
    else this.core.push(`${code} ${text}`);
  }
}

/** A compiled configuration with everything a test may want to look at. */
export interface Compiled {
  readonly result: LinkResult;
  readonly log: MemoryLog;
  /** `status reason` of every reply sent by sl_send_reply(). */
  readonly replies: string[];
  /** Calls of `forward()`, by destination. */
  readonly forwarded: string[];
  readonly linked: LinkedProgram;
}

/** Fake modules with the few functions that the vectors use. `extra` modules come on top. */
export function fakeModules(log: Log, replies: string[], extra: readonly AnyModule[] = []): Map<string, AnyModule> {
  const simple = (name: string, functions: ReturnType<typeof fn<unknown, readonly []>>[]): AnyModule =>
    defineModule<unknown>({
      name,
      after: [],
      parameters: [intParam('number', 5), strParam('text', 'x'), listParam('entry')],
      functions,
      variables: [],
      transformations: [],
      eventRoutes: [],
      create: () => ({}),
    });
  const modules = [
    simple('xlog', [
      fn('xlog', ['str'], ROUTE_ANY, () => (_ctx, text) => write(log, text)) as never,
      fn('xlog', ['const', 'str'], ROUTE_ANY, () => (_ctx, _level, text) => write(log, text)) as never,
    ]),
    simple('textops', [
      fn(
        'is_method',
        ['const'],
        ROUTE_ANY,
        () => (ctx, list) => (list.split('|').includes(ctx.message.method) ? 1 : -1),
      ) as never,
      fn('search', ['regex'], ROUTE_ANY, () => (ctx, regex) => (regex.test(ctx.message.raw) ? 1 : -1)) as never,
      fn('subst_user', ['sed'], ROUTE_REQUEST, () => (ctx, sed) => {
        const user = ctx.message.ruri?.user ?? '';
        const match = sed.regex.exec(user);
        if (match === null) return -1;
        write(
          log,
          user.slice(0, match.index) + sed.replacement(ctx, match) + user.slice(match.index + match[0].length),
        );
        return 1;
      }) as never,
    ]),
    simple('siputils', [
      fn(
        'has_totag',
        [],
        ROUTE_ANY,
        () =>
          ({ message }) =>
            message.to?.tag === '' ? -1 : 1,
      ) as never,
    ]),
    simple('sl', [
      fn('sl_send_reply', ['int', 'str'], ROUTE_REQUEST | ROUTE_FAILURE, () => (_ctx, status, reason) => {
        replies.push(`${status} ${reason}`);
        return 1;
      }) as never,
    ]),
    simple('tm', [
      fn('t_relay', [], ROUTE_REQUEST | ROUTE_FAILURE, () => () => 1) as never,
      fn('t_relay', ['const', 'const'], ROUTE_REQUEST | ROUTE_FAILURE, () => () => 1) as never,
      fn('t_on_failure', ['route'], ROUTE_REQUEST | ROUTE_FAILURE | ROUTE_BRANCH, () => (ctx, name) => {
        ctx.state.onFailure = name;
        return 1;
      }) as never,
      fn('t_check_status', ['regex'], ROUTE_FAILURE | ROUTE_ONREPLY, () => () => 1) as never,
    ]),
    simple('probe', [
      fn('probe_code', ['int'], ROUTE_ANY, () => (_ctx, code) => code) as never,
      fn('probe_later', ['int'], ROUTE_ANY, () => async (_ctx, code) => code, { async: true }) as never,
      fn('probe_throw', [], ROUTE_ANY, () => () => {
        throw new Error('probe failed');
      }) as never,
      fn(
        'probe_set',
        ['var', 'value'],
        ROUTE_ANY,
        () => (ctx, target, value) => (target.set?.(ctx, value) === true ? 1 : -1),
      ) as never,
      fn('probe_value', ['value'], ROUTE_ANY, () => (_ctx, value) => write(log, `${typeof value}:${value}`)) as never,
      fn('probe_optional', ['str', 'int?'], ROUTE_ANY, () => (_ctx, text, n) => write(log, `${text}:${n}`)) as never,
    ]),
    ...extra,
  ];
  return new Map(modules.map((module) => [module.definition.name, module]));
}

function write(log: Log, text: string): number {
  log.write(0, '<script>', text);
  return 1;
}

const LOADED = 'xlog textops siputils sl tm probe';

/** Parses, checks and links a configuration. The fake modules are loaded unless the text loads modules itself. */
export function compileText(
  text: string,
  options: Partial<CheckOptions> & { readonly modules?: readonly AnyModule[]; readonly clock?: Clock } = {},
): Compiled {
  const log = new MemoryLog();
  const replies: string[] = [];
  const forwarded: string[] = [];
  const modules = fakeModules(log, replies, options.modules);
  const extra = (options.modules ?? []).map(({ definition }) => definition.name);
  const names = /^\s*loadmodule/m.test(text) ? [] : [...LOADED.split(' '), ...extra];
  // Behind the text, so that places in it stay what they are.
  const source = [text, ...names.map((name) => `loadmodule "${name}.so"`)].join('\n');
  const config = parseConfig({ file: 'test.cfg', text: source }, { isKnownVariable: knownVariables(modules) });
  const clock = options.clock ?? { now: () => 0, wall: () => 0 };
  const sender: TransportSender = {
    sockets: [SOCKET],
    send: () => true,
    socketFor: () => SOCKET,
    isMyself: (host, port) => host === '127.0.0.1' && (port === 0 || port === PORT),
  };
  const reply = (_state: RequestState, status: number, reason: string): number => {
    replies.push(`${status} ${reason}`);
    return 1;
  };
  const proxy: Partial<ProxyCore> = {
    reply,
    statelessReply: reply,
    forward: (state, relay) => {
      forwarded.push(relay?.host === undefined ? state.target.uri : `${relay.host}:${relay.port ?? ''}`);
      return 1;
    },
  };
  const result = compileConfig(
    { ast: config.ast, defines: config.defines, diagnostics: config.diagnostics },
    modules,
    // Only what scripts can reach from here is there.
    {
      proxy: proxy as ProxyCore,
      sender,
      transactions: {} as Transactions,
      random: seededRandom(1),
      rpc: new RpcRegistry(),
      keep: new Keep(),
      resolver: { resolveNow: () => [], resolve: async () => [], denied: () => {} },
      wheel: new HashedTimerWheel({ clock }),
      clock,
      log,
      statistics: new Statistics(),
    },
    { unsupported: options.unsupported ?? 'error' },
  );
  const compiled = { result, log, replies, forwarded };
  return {
    ...compiled,
    get linked() {
      if (result.linked === null) throw new Error(result.diagnostics.map(describe).join('\n'));
      return result.linked;
    },
  };
}

/** A diagnostic as one line: `error CFG_X 1:2: message = hint`. */
export function describe({ severity, code, line, column, message, hint }: Diagnostic): string {
  return `${severity} ${code} ${line}:${column}: ${message}${hint === undefined ? '' : ` = ${hint}`}`;
}

/** One run of the request route. */
export interface Run extends Compiled {
  readonly ctx: ScriptContext;
  readonly state: RequestState;
  readonly code: number | Promise<number>;
  /** Lines of xlog(), in order. */
  readonly lines: string[];
}

/** Compiles a whole configuration and runs its request route for one message. */
export function runConfig(text: string, message: SipMessage = optionsRequest()): Run {
  return runCompiled(compileText(text), message);
}

/** Runs the request route of a compiled configuration. */
export function runCompiled(compiled: Compiled, message: SipMessage = optionsRequest()): Run {
  const { program } = compiled.linked;
  const state = new RequestState(message, RECEIVED, program.hooks);
  const ctx = makeRequestContext(program, state, 1);
  const route = program.route('request', '');
  if (route === null) throw new Error('no request_route');
  const code = program.run(route, ctx);
  return { ...compiled, linked: compiled.linked, ctx, state, code, lines: compiled.log.script };
}

/** Runs statements as a request route, with more blocks after it. */
export function runBody(body: string, blocks = '', message?: SipMessage): Run {
  return runConfig(`request_route {\n${body}\n}\n${blocks}`, message);
}

/** Value of an expression, assigned to a variable and printed as xlog prints it. */
export function evaluate(expression: string, setup = '', message?: SipMessage): string {
  const { lines } = runBody(`${setup}\n$var(result) = ${expression};\nxlog("[$var(result)]");`, '', message);
  return lines.at(-1) ?? '';
}

/** The text in which xlog prints a variable or format. */
export function show(format: string, setup = '', message?: SipMessage): string {
  const { lines } = runBody(`${setup}\nxlog("${format.replace(/(["\\])/g, '\\$1')}");`, '', message);
  return lines.at(-1) ?? '';
}

export { EditList };
