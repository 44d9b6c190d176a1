import type { EditList } from '../../src/message/edits.ts';
import { buildForwardedRequest } from '../../src/message/forward.ts';
import { SipMessage } from '../../src/message/message.ts';
import { parseMessage } from '../../src/message/parser.ts';
import type { ResolvedTarget } from '../../src/proxy/next-hop.ts';
import type { ProxyCore } from '../../src/proxy/proxy-core.ts';
import { RequestState, type RouteHooks } from '../../src/proxy/request-state.ts';
import { RpcRegistry } from '../../src/rpc/registry.ts';
import { ScriptContext } from '../../src/script/context.ts';
import { Keep } from '../../src/script/keep.ts';
import type { Log } from '../../src/script/log.ts';
import type {
  AnyModule,
  BoundFunction,
  KnownCall,
  ModuleHost,
  ModuleParameters,
  SedExpression,
  VariableAccess,
} from '../../src/script/module-definition.ts';
import type { CompiledRoute, Program } from '../../src/script/program.ts';
import type { Settings } from '../../src/script/settings.ts';
import { Statistics } from '../../src/script/statistics.ts';
import { ROUTE_REQUEST, type Value } from '../../src/script/values.ts';
import { type FakeClock, fakeTime } from '../../src/time/fake-clock.ts';
import { seededRandom } from '../../src/time/random.ts';
import type { Transactions } from '../../src/transaction/transaction.ts';
import { HttpEntry } from '../../src/transport/http-entry.ts';
import type { ListenSocket, Received, TransportSender } from '../../src/transport/transport.ts';

/** The socket tests receive on. */
export const SOCKET: ListenSocket = {
  index: 0,
  proto: 'udp',
  address: '127.0.0.1',
  family: 4,
  port: 5060,
  name: 'main',
  displayHost: '127.0.0.1',
  displayPort: 5060,
};

export const RECEIVED: Received = { socket: SOCKET, ip: '192.0.2.7', port: 5062, connection: 0, at: 0 };

export const SDP =
  'v=0\r\no=al 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\na=sendrecv\r\n';

/** What a test message differs in from {@link request}'s INVITE. */
export interface RequestOptions {
  readonly method?: string;
  readonly ruri?: string;
  readonly from?: string;
  readonly to?: string;
  /** Whole Contact line with CRLF; '' for none. */
  readonly contact?: string;
  /** More header lines, each with CRLF. */
  readonly headers?: string;
  readonly maxForwards?: string | null;
  readonly body?: string;
  readonly contentType?: string;
}

/** A parsed request: an INVITE with SDP unless told otherwise. */
export function request(options: RequestOptions = {}): SipMessage {
  const method = options.method ?? 'INVITE';
  const body = options.body ?? SDP;
  const type = options.contentType ?? (body === '' ? '' : 'application/sdp');
  return parsed(
    `${method} ${options.ruri ?? 'sip:bob@example.com:5070;transport=udp'} SIP/2.0\r\n` +
      'Via: SIP/2.0/UDP 192.0.2.7:5062;branch=z9hG4bKabc;rport\r\n' +
      `From: ${options.from ?? '"Al" <sip:alice@ex.com>;tag=f1'}\r\nTo: ${options.to ?? '<sip:bob@example.com>'}\r\n` +
      `Call-ID: c1@h\r\nCSeq: 1 ${method}\r\n` +
      (options.maxForwards === null ? '' : `Max-Forwards: ${options.maxForwards ?? '70'}\r\n`) +
      (options.contact ?? 'Contact: <sip:alice@10.0.0.1:5062;ob>\r\n') +
      (options.headers ?? '') +
      (type === '' ? '' : `Content-Type: ${type}\r\n`) +
      `Content-Length: ${body.length}\r\n\r\n${body}`,
  );
}

/** Parses a message, which must be good. */
export function parsed(raw: string): SipMessage {
  const message = parseMessage(raw);
  if (!(message instanceof SipMessage)) throw new Error(`${message.code}: ${message.reason}`);
  return message;
}

export const HOOKS: RouteHooks = {
  branchRoute: () => true,
  replyRoute: () => true,
  failureRoute: () => {},
  branchFailureRoute: () => {},
  onsendRoute: null,
};

/** A log that keeps its lines as `code: text`. */
export class MemoryLog implements Log {
  level = 3;
  readonly lines: string[] = [];
  readonly codes: string[] = [];
  write(_level: number, _module: string, text: string, code = ''): void {
    this.lines.push(text);
    this.codes.push(code);
  }
}

/** A host with a fake clock, a log that remembers, and a proxy that notes its replies. */
export interface TestHost extends ModuleHost {
  readonly log: MemoryLog;
  readonly clock: FakeClock;
  /** `status reason` of every reply asked for. */
  readonly replies: string[];
  /** Raw texts handed to the transport, with `ip:port`. */
  readonly sent: { readonly text: string; readonly to: string }[];
  /** Routes that the program has, by name. */
  readonly routes: Map<string, CompiledRoute>;
  /** Values behind the variables that `variable()` gives out, by text. */
  readonly variables: Map<string, Value>;
  readonly modules: Map<string, unknown>;
  /** Listeners of ended connections. */
  readonly ends: Set<(connection: number) => void>;
}

export interface HostOptions {
  readonly sockets?: readonly ListenSocket[];
  /** Names isMyself() accepts, each with any port. */
  readonly myself?: readonly string[];
  readonly settings?: Partial<Settings>;
  /** Calls in the configuration. */
  readonly calls?: readonly KnownCall[];
}

export function testHost(options: HostOptions = {}): TestHost {
  const { clock, wheel } = fakeTime();
  const log = new MemoryLog();
  const replies: string[] = [];
  const sent: { text: string; to: string }[] = [];
  const routes = new Map<string, CompiledRoute>();
  const variables = new Map<string, Value>();
  const modules = new Map<string, unknown>();
  const ends = new Set<(connection: number) => void>();
  const sockets = options.sockets ?? [SOCKET];
  const program: Program = {
    hooks: HOOKS,
    log,
    route: (kind, name) => (kind === 'route' ? (routes.get(name) ?? null) : null),
    callback: () => null,
    run: (route, ctx) => route(ctx),
    vars: new Map(),
  };
  const reply = (_state: RequestState, status: number, reason: string): number => {
    replies.push(`${status} ${reason}`);
    return 1;
  };
  const proxy: Partial<ProxyCore> = {
    reply,
    statelessReply: reply,
    forward: () => 1,
    forwardReply: () => 1,
    onStatelessAnswer: () => () => {},
    sendRaw: (text, to) => sent.push({ text, to: `${to.proto}:${to.ip}:${to.port}` }) > 0,
  };
  const sender: TransportSender = {
    sockets,
    send: (text, to) => sent.push({ text, to: `${to.proto}:${to.ip}:${to.port}` }) > 0,
    socketFor: (proto) => sockets.find((socket) => socket.proto === proto) ?? null,
    isMyself: (host, port) =>
      (options.myself ?? []).includes(host.toLowerCase()) ||
      sockets.some((socket) => socket.address === host && (port === 0 || port === socket.port)),
  };
  return {
    // Only what modules under test call is there.
    proxy: proxy as ProxyCore,
    sender,
    transactions: {} as Transactions,
    random: seededRandom(1),
    rpc: new RpcRegistry(),
    keep: new Keep(),
    runtime: { directory: '/nowhere', owner: null },
    http: new HttpEntry(),
    resolver: {
      resolveNow: ({ host, port }) => (host === 'slow.example' ? null : named(host, port)),
      resolve: async ({ host, port }) => named(host, port),
      denied: () => {},
    },
    wheel,
    clock,
    log,
    settings: { debug: 2, sockets, ...options.settings } as Settings,
    statistics: new Statistics(),
    module: <T>(name: string) => (modules.get(name) as T | undefined) ?? null,
    calls: options.calls ?? [],
    useStore: null,
    connectionEnds: (listener) => {
      ends.add(listener);
      return () => ends.delete(listener);
    },
    variable: (text) => cell(variables, text),
    format: (text) => ({ constant: text, get: () => text }),
    program: () => program,
    replies,
    sent,
    routes,
    variables,
    modules,
    ends,
  };
}

/** What the tests' names resolve to: those below example have one address. */
function named(host: string, port: number): ResolvedTarget[] {
  return host.endsWith('.example') ? [{ proto: 'udp', ip: '10.0.0.77', port: port || 5060, serverName: host }] : [];
}

/** A variable that lives in a map. */
export function cell(map: Map<string, Value>, text: string): VariableAccess {
  return {
    text,
    get: () => map.get(text) ?? null,
    int: null,
    set: (_ctx, value) => {
      map.set(text, value);
      return true;
    },
  };
}

/** A sed argument without variables. */
export function sed(regex: RegExp, replacement: string): SedExpression {
  return {
    regex,
    global: regex.global,
    replacement: (_ctx, match) => replacement.replace(/\\(\d)/g, (_, digit: string) => match[Number(digit)] ?? ''),
  };
}

/** A module with its functions, ready to be called by name. */
export interface LoadedModule {
  readonly instance: unknown;
  call(ctx: ScriptContext, name: string, ...args: unknown[]): number | Promise<number>;
  /** Value of a module variable. */
  read(ctx: ScriptContext, name: string, inner?: string): Value;
}

/** Makes a module instance and lets its functions be called by name and number of arguments, as the compiler does. */
export function load(
  module: AnyModule,
  host: ModuleHost,
  params: Readonly<Record<string, number | string | readonly (string | number)[]>> = {},
): LoadedModule {
  const { definition } = module;
  for (const name of Object.keys(params)) {
    if (!definition.parameters.some((parameter) => parameter.name === name)) throw new Error(`no parameter ${name}`);
  }
  const value = (name: string): unknown => params[name] ?? definition.parameters.find((p) => p.name === name)?.default;
  const parameters: ModuleParameters = {
    int: (name) => Number(value(name) ?? 0),
    str: (name) => String(value(name) ?? ''),
    list: (name) => (value(name) ?? []) as readonly (string | number)[],
    isSet: (name) => params[name] !== undefined,
  };
  const instance = definition.create(host, parameters);
  definition.start?.(instance, host.program());
  const bound = new Map<string, BoundFunction>();
  return {
    instance,
    call(ctx, name, ...args) {
      const key = `${name}/${args.length}`;
      let run = bound.get(key);
      if (run === undefined) {
        const found = definition.functions.find(
          (one) =>
            one.name === name &&
            args.length <= one.args.length &&
            args.length >= one.args.filter((kind) => !kind.endsWith('?')).length,
        );
        if (found === undefined) throw new Error(`no function ${key}`);
        run = found.bind(instance);
        bound.set(key, run);
      }
      return run(ctx, ...args);
    },
    read(ctx, name, inner) {
      const found = definition.variables.find((one) => one.name === name);
      if (found === undefined) throw new Error(`no variable ${name}`);
      const text = inner ?? null;
      const access = found.bind(instance)(text === null ? null : { constant: text, get: () => text }, null, `$${name}`);
      if (typeof access === 'string') throw new Error(access);
      return access.get(ctx);
    },
  };
}

/** A context of a request route. @param from where the request came from */
export function context(
  host: TestHost,
  message: SipMessage = request(),
  routeType = ROUTE_REQUEST,
  from = RECEIVED,
): ScriptContext {
  const state = new RequestState(message, from, HOOKS);
  return new ScriptContext(host.program(), routeType, message, state, state.target, state.edits, null, null, from, 1);
}

/** A context of a reply route for a reply as received. */
export function replyContext(host: TestHost, reply: SipMessage, routeType: number, edits: EditList): ScriptContext {
  const state = new RequestState(request(), RECEIVED, HOOKS);
  return new ScriptContext(host.program(), routeType, reply, state, state.target, edits, null, reply, RECEIVED, 1);
}

/** The request as it would leave, without our Via line. */
export function forwarded(ctx: ScriptContext): string {
  const { state } = ctx;
  const text = buildForwardedRequest(state.message, {
    requestUri: ctx.target.uri,
    via: 'X',
    edits: state.edits,
    branchEdits: ctx.branch?.edits ?? null,
    out: { proto: 'udp', host: '127.0.0.1', port: 5060 },
  });
  return text.replace('Via: X\r\n', '');
}

/** Header lines of {@link forwarded}, without the start line. */
export function forwardedHeaders(ctx: ScriptContext): string[] {
  return forwarded(ctx).split('\r\n\r\n')[0]!.split('\r\n').slice(1);
}

/** Body of {@link forwarded}. */
export function forwardedBody(ctx: ScriptContext): string {
  const text = forwarded(ctx);
  return text.slice(text.indexOf('\r\n\r\n') + 4);
}
