import { SipMessage } from '../../src/message/message.ts';
import { parseMessage } from '../../src/message/parser.ts';
import { uac } from '../../src/modules/uac.ts';
import type { Branch } from '../../src/proxy/branch.ts';
import { looseRoute } from '../../src/proxy/loose-route.ts';
import type { NextHopResolver, ResolvedTarget } from '../../src/proxy/next-hop.ts';
import { defaultProxyOptions } from '../../src/proxy/options.ts';
import { SipProxy } from '../../src/proxy/proxy.ts';
import { RequestState, type RouteHooks } from '../../src/proxy/request-state.ts';
import { ScriptContext } from '../../src/script/context.ts';
import type { ModuleHost } from '../../src/script/module-definition.ts';
import { ROUTE_BRANCH, ROUTE_BRANCH_FAILURE, ROUTE_FAILURE, ROUTE_REQUEST } from '../../src/script/values.ts';
import { seededRandom } from '../../src/time/random.ts';
import { TransactionLayer } from '../../src/transaction/transaction-layer.ts';
import type { Received, SendObserver } from '../../src/transport/transport.ts';
import { type LoadedModule, load, parsed, SOCKET, type TestHost, testHost } from '../modules/support.ts';

/** What left the proxy. */
export interface Sent {
  readonly message: SipMessage;
  readonly text: string;
  readonly to: string;
}

type Params = Readonly<Record<string, number | string | readonly (string | number)[]>>;
/** A route: gets its context and a way to call uac's functions. */
export type Route = (ctx: ScriptContext, call: (name: string, ...args: unknown[]) => number) => void;

export interface BenchOptions {
  readonly params?: Params;
  readonly request?: Route;
  readonly failure?: Route;
  readonly branch?: Route;
  readonly branchFailure?: Route;
  /** Methods that are forwarded without a transaction. */
  readonly stateless?: readonly string[];
  /** Instances of other modules. */
  readonly modules?: Readonly<Record<string, unknown>>;
  /** Addresses of names; literal addresses need none. */
  readonly names?: Readonly<Record<string, readonly string[]>>;
}

/** The default request route: record-routes, loose-routes, relays, arms the failure route. */
export const RELAY: Route = (ctx) => {
  ctx.state.onFailure = 'f';
};

/** A proxy with the uac module over faked time and transport: messages go in as text and come out in a list. */
export class Bench {
  readonly host: TestHost;
  readonly proxy: SipProxy;
  readonly transactions: TransactionLayer;
  readonly uac: LoadedModule;
  readonly sent: Sent[] = [];
  private readonly hooks: RouteHooks;
  private readonly options: BenchOptions;

  constructor(options: BenchOptions = {}) {
    this.options = options;
    const base = testHost();
    const sender = {
      ...base.sender,
      send: (text: string, to: { ip: string; port: number }, _observer: SendObserver | null): boolean => {
        const message = parseMessage(text);
        if (!(message instanceof SipMessage)) throw new Error(`unreadable message sent: ${message.reason}\n${text}`);
        this.sent.push({ message, text, to: `${to.ip}:${to.port}` });
        return true;
      },
    };
    this.transactions = new TransactionLayer({ sender, wheel: base.wheel });
    this.proxy = new SipProxy({
      options: { ...defaultProxyOptions(), autoInv100: false },
      sender,
      transactions: this.transactions,
      resolver: this.resolver(options.names ?? {}),
      random: seededRandom(7),
      clock: base.clock,
      report: (code, text) => base.log.write(0, 'proxy', text, code),
    });
    this.hooks = {
      branchRoute: (_name, state, branch) => {
        options.branch?.(this.context(ROUTE_BRANCH, state, branch), this.caller(ROUTE_BRANCH, state, branch));
        return true;
      },
      replyRoute: () => true,
      failureRoute: (_name, state, branch) => {
        const run = options.failure;
        run?.(this.context(ROUTE_FAILURE, state, branch), this.caller(ROUTE_FAILURE, state, branch));
      },
      branchFailureRoute: (_name, state, branch) => {
        const run = options.branchFailure;
        run?.(this.context(ROUTE_BRANCH_FAILURE, state, branch), this.caller(ROUTE_BRANCH_FAILURE, state, branch));
      },
      onsendRoute: null,
    };
    base.modules.set('tm', {}).set('rr', {});
    for (const [name, instance] of Object.entries(options.modules ?? {})) base.modules.set(name, instance);
    const program = { ...base.program(), hooks: this.hooks };
    const host: TestHost & ModuleHost = { ...base, proxy: this.proxy, sender, program: () => program };
    this.host = host;
    this.uac = load(uac, host, options.params ?? {});
  }

  private resolver(names: Readonly<Record<string, readonly string[]>>): NextHopResolver {
    return {
      resolveNow: (uri): readonly ResolvedTarget[] =>
        (names[uri.host] ?? (/^[\d.]+$/.test(uri.host) ? [uri.host] : [])).map((ip) => ({
          proto: 'udp',
          ip,
          port: uri.port === 0 ? 5060 : uri.port,
          serverName: '',
        })),
      resolve: () => Promise.resolve([]),
      denied: () => {},
    };
  }

  private context(type: number, state: RequestState, branch: Branch | null): ScriptContext {
    const inBranch = type === ROUTE_BRANCH && branch !== null;
    return new ScriptContext(
      this.host.program(),
      type,
      state.message,
      state,
      inBranch ? branch.target : state.target,
      inBranch ? branch.edits : state.edits,
      branch,
      branch?.reply ?? null,
      state.received,
      1,
    );
  }

  private caller(type: number, state: RequestState, branch: Branch | null) {
    return (name: string, ...args: unknown[]): number => {
      const code = this.uac.call(this.context(type, state, branch), name, ...args);
      if (typeof code !== 'number') throw new Error(`${name} is asynchronous`);
      return code;
    };
  }

  /** A message arrives. @returns what the proxy sent because of it */
  receive(text: string, ip = '192.0.2.7', port = 5062): Sent[] {
    const before = this.sent.length;
    const message = parsed(text);
    const from: Received = { socket: SOCKET, ip, port, connection: 0, at: 0 };
    if (!message.isRequest) {
      if (!this.transactions.receiveResponse(message, from))
        this.proxy.forwardReply(new RequestState(message, from, this.hooks), message);
    } else this.onRequest(message, from);
    return this.sent.slice(before);
  }

  private onRequest(message: SipMessage, from: Received): void {
    const match = this.transactions.matchRequest(message, from);
    if (match.kind === 'absorbed') return;
    const state = new RequestState(message, from, this.hooks);
    if (match.kind === 'cancel') {
      state.cancels = this.proxy.cellOf(match.invite);
      state.cancelsInvite = true;
    }
    const { proxy } = this;
    if ((message.to?.tag ?? '') !== '')
      looseRoute(state, this.host.sender, (one, route) => proxy.announceOwnRoute(one, route));
    else state.recordRoute = { params: '', preset: [], advertised: '' };
    (this.options.request ?? RELAY)(this.context(ROUTE_REQUEST, state, null), this.caller(ROUTE_REQUEST, state, null));
    if (this.options.branch !== undefined) state.onBranch = 'b';
    if (this.options.branchFailure !== undefined) state.onBranchFailure = 'bf';
    if (this.options.stateless?.includes(message.method) === true) proxy.forward(state);
    else proxy.relay(state);
  }

  /** A reply to a request that the proxy sent, from where it was sent to. */
  reply(to: Sent, status: number, headers = '', toTag = 'callee'): Sent[] {
    return this.receive(replyText(to.message, status, headers, toTag), ...addressOf(to));
  }

  get codes(): readonly string[] {
    return this.host.log.codes;
  }
}

function addressOf(sent: Sent): [string, number] {
  const [ip = '', port = '0'] = sent.to.split(':');
  return [ip, Number(port)];
}

/** A reply as a user agent makes it (RFC 3261 §8.2.6). */
export function replyText(request: SipMessage, status: number, headers: string, toTag: string): string {
  const lines = request.headers
    .filter((header) => /^(?:Via|From|Call-ID|CSeq|Record-Route)$/i.test(request.nameOf(header)))
    .map((header) => request.raw.slice(header.start, header.end))
    .join('');
  const to = request.value(3) ?? '';
  const tagged = (request.to?.tag ?? '') === '' && toTag !== '' ? `${to};tag=${toTag}` : to;
  return `SIP/2.0 ${status} Text\r\n${lines}To: ${tagged}\r\n${headers}Content-Length: 0\r\n\r\n`;
}

export interface TextOptions {
  readonly method?: string;
  readonly ruri?: string;
  readonly from?: string;
  readonly to?: string;
  readonly cseq?: number;
  readonly headers?: string;
  readonly body?: string;
  readonly branch?: string;
  readonly callId?: string;
}

let serial = 0;

/** A request as a user agent sends it. */
export function requestText(options: TextOptions = {}): string {
  const method = options.method ?? 'INVITE';
  const body = options.body ?? '';
  return (
    `${method} ${options.ruri ?? 'sip:bob@192.0.2.99'} SIP/2.0\r\n` +
    `Via: SIP/2.0/UDP 192.0.2.7:5062;branch=${options.branch ?? `z9hG4bKua${++serial}`}\r\n` +
    'Max-Forwards: 70\r\n' +
    `From: ${options.from ?? '"Alice A" <sip:alice@atlanta.example.com>;tag=F'}\r\n` +
    `To: ${options.to ?? '<sip:bob@biloxi.example.com>'}\r\n` +
    `Call-ID: ${options.callId ?? 'call-1@ua'}\r\nCSeq: ${options.cseq ?? 7} ${method}\r\n` +
    (options.headers ?? '') +
    `Content-Length: ${body.length}\r\n\r\n${body}`
  );
}

/** Value of a message's first header of this name; empty when there is none. */
export function header(message: SipMessage, name: string): string {
  const found = message.findByName(name)[0];
  return found === undefined ? '' : message.valueOf(found);
}

/** Every value of a header. */
export function headers(message: SipMessage, name: string): string[] {
  return message.findByName(name).map((found) => message.valueOf(found));
}
