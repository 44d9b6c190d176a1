import assert from 'node:assert/strict';
import type { EditList } from '../../src/message/edits.ts';
import type { SipMessage } from '../../src/message/message.ts';
import { ParseFailure, parseMessage } from '../../src/message/parser.ts';
import type { SipUri } from '../../src/message/uri.ts';
import type { Branch } from '../../src/proxy/branch.ts';
import type { NextHopResolver, ResolvedTarget } from '../../src/proxy/next-hop.ts';
import { defaultProxyOptions } from '../../src/proxy/options.ts';
import { SipProxy } from '../../src/proxy/proxy.ts';
import { RequestState, type RouteHooks } from '../../src/proxy/request-state.ts';
import { fakeTime } from '../../src/time/fake-clock.ts';
import { seededRandom } from '../../src/time/random.ts';
import { TransactionLayer } from '../../src/transaction/transaction-layer.ts';
import type {
  Destination,
  ListenSocket,
  Proto,
  Received,
  SendObserver,
  TransportSender,
} from '../../src/transport/transport.ts';

/** One message that left. */
export interface Sent {
  readonly message: SipMessage;
  readonly destination: Destination;
  readonly observer: SendObserver | null;
}

export function parse(text: string): SipMessage {
  const message = parseMessage(text);
  if (message instanceof ParseFailure) assert.fail(`${message.code}: ${message.reason}\n${text}`);
  return message;
}

function socket(index: number, proto: Proto, address: string, port: number): ListenSocket {
  const family = address.includes(':') ? 6 : 4;
  return {
    index,
    proto,
    address,
    family,
    port,
    name: '',
    displayHost: family === 6 ? `[${address}]` : address,
    displayPort: port,
  };
}

/** A sender that keeps what was sent and knows two sockets: udp and tcp on 10.0.0.1:5070. */
export class FakeSender implements TransportSender {
  readonly sockets = [socket(0, 'udp', '10.0.0.1', 5070), socket(1, 'tcp', '10.0.0.1', 5070)];
  readonly sent: Sent[] = [];
  refuse = false;

  send(text: string, destination: Destination, observer: SendObserver | null): boolean {
    if (this.refuse) return false;
    this.sent.push({ message: parse(text), destination, observer });
    return true;
  }

  socketFor(proto: Proto, family: 4 | 6, preferred: ListenSocket | null): ListenSocket | null {
    if (preferred?.proto === proto && preferred.family === family) return preferred;
    return this.sockets.find((one) => one.proto === proto && one.family === family) ?? null;
  }

  isMyself(host: string, port: number): boolean {
    return host === '10.0.0.1' && (port === 0 || port === 5070);
  }

  /** Takes the messages sent since the last call. */
  take(): Sent[] {
    return this.sent.splice(0);
  }
}

/** Names that resolve: `a.test` at once, `slow.test` when released, `none.test` never; several addresses under `multi.test`. */
export class FakeResolver implements NextHopResolver {
  readonly waiting: (() => void)[] = [];
  readonly deniedTargets: ResolvedTarget[] = [];

  resolveNow(uri: SipUri): readonly ResolvedTarget[] | null {
    const proto = (uri.transport === '' ? 'udp' : uri.transport) as Proto;
    const port = uri.port === 0 ? 5060 : uri.port;
    const at = (ip: string): ResolvedTarget => ({ proto, ip, port, serverName: '' });
    if (/^[\d.]+$/.test(uri.host)) return [at(uri.host)];
    if (uri.host === 'multi.test') return [at('192.0.2.1'), at('192.0.2.2')];
    if (uri.host === 'none.test') return [];
    return null;
  }

  resolve(uri: SipUri): Promise<readonly ResolvedTarget[]> {
    const port = uri.port === 0 ? 5060 : uri.port;
    return new Promise((resolve, reject) => {
      this.waiting.push(() =>
        uri.host === 'slow.test'
          ? resolve([{ proto: 'udp', ip: '192.0.2.9', port, serverName: '' }])
          : reject(new Error('no')),
      );
    });
  }

  denied(target: ResolvedTarget): void {
    this.deniedTargets.push(target);
  }
}

/** Routes of a test; every one may be left out. */
export interface TestRoutes {
  request: (state: RequestState, proxy: SipProxy) => void;
  branch?: (state: RequestState, branch: Branch) => boolean;
  reply?: (state: RequestState, branch: Branch, reply: SipMessage, edits: EditList) => boolean | Promise<boolean>;
  failure?: (state: RequestState, branch: Branch, proxy: SipProxy) => void | Promise<void>;
  branchFailure?: (state: RequestState, branch: Branch, proxy: SipProxy) => void | Promise<void>;
}

/** A proxy on a fake network and a fake clock. */
export class ProxyBench {
  readonly time = fakeTime();
  readonly sender = new FakeSender();
  readonly resolver = new FakeResolver();
  readonly reports: string[] = [];
  readonly transactions: TransactionLayer;
  readonly proxy: SipProxy;
  readonly hooks: RouteHooks;
  private readonly routes: TestRoutes;

  constructor(routes: TestRoutes, maxTransactions = 1000) {
    this.routes = routes;
    this.transactions = new TransactionLayer({ sender: this.sender, wheel: this.time.wheel, maxTransactions });
    this.proxy = new SipProxy({
      options: defaultProxyOptions(),
      sender: this.sender,
      transactions: this.transactions,
      resolver: this.resolver,
      random: seededRandom(1),
      clock: this.time.clock,
      report: (code) => this.reports.push(code),
    });
    this.hooks = {
      branchRoute: (_name, state, branch) => routes.branch?.(state, branch) ?? true,
      replyRoute: (_name, state, branch, reply, _from, edits) => routes.reply?.(state, branch, reply, edits) ?? true,
      failureRoute: (_name, state, branch) => routes.failure?.(state, branch, this.proxy),
      branchFailureRoute: (_name, state, branch) => routes.branchFailure?.(state, branch, this.proxy),
      onsendRoute: null,
    };
  }

  /** A message arrives, as the server's router would handle it. */
  receive(text: string, ip = '10.0.0.9', port = 5060, tcp = false): void {
    const message = parse(text);
    const from: Received = {
      socket: this.sender.sockets[tcp ? 1 : 0] as ListenSocket,
      ip,
      port,
      connection: tcp ? 7 : 0,
      at: this.time.clock.now(),
    };
    if (!message.isRequest) {
      if (!this.transactions.receiveResponse(message, from))
        this.proxy.forwardReply(new RequestState(message, from, this.hooks), message);
      return;
    }
    if (this.proxy.isAckOfStatelessReply(message)) return;
    const match = this.transactions.matchRequest(message, from);
    if (match.kind === 'absorbed') return;
    const state = new RequestState(message, from, this.hooks);
    if (match.kind === 'cancel') {
      state.cancelsInvite = true;
      state.cancels = this.proxy.cellOf(match.invite);
    }
    this.routes.request(state, this.proxy);
    this.proxy.routed(state);
  }

  /** A branch's server answers a request that was sent. */
  answer(sent: Sent, status: number, options: { tag?: string; headers?: string } = {}): void {
    const { message, destination } = sent;
    const vias = message.headers.filter((h) => h.id === 1).map((h) => `Via: ${message.valueOf(h)}\r\n`);
    const rr = message.headers.filter((h) => h.id === 8).map((h) => `Record-Route: ${message.valueOf(h)}\r\n`);
    const to = message.to?.tag === '' ? `${message.value(3)};tag=${options.tag ?? 'uas'}` : message.value(3);
    this.receive(
      `SIP/2.0 ${status} X\r\n${vias.join('')}${rr.join('')}From: ${message.value(2)}\r\nTo: ${to}\r\nCall-ID: ${message.callId}\r\n` +
        `CSeq: ${message.value(5)}\r\n${options.headers ?? ''}Content-Length: 0\r\n\r\n`,
      destination.ip,
      destination.port,
    );
  }

  take(): Sent[] {
    return this.sender.take();
  }

  /** What left since the last take, one word each: `INVITE>192.0.2.1:5060`, `180>10.0.0.9:5060`. */
  trace(): string[] {
    return this.take().map(({ message, destination }) => {
      const what = message.isRequest ? message.method : String(message.status);
      return `${what}>${destination.ip}:${destination.port}`;
    });
  }
}

/** The request sent to an address. */
export function sentTo(sent: readonly Sent[], ip: string, method = 'INVITE'): Sent {
  const found = sent.find((one) => one.destination.ip === ip && one.message.method === method && one.message.isRequest);
  assert.ok(
    found,
    `${method} to ${ip} in ${sent.map((one) => `${one.message.method}>${one.destination.ip}`).join(' ')}`,
  );
  return found;
}

/** Lets promises that are settled run on. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** An INVITE (or another request) of a caller at 10.0.0.9:5060. */
export function request(
  method: string,
  options: { uri?: string; branch?: string; toTag?: string; cseq?: number; headers?: string } = {},
): string {
  const { uri = 'sip:bob@192.0.2.1', branch = 'z9hG4bKcaller1', toTag = '', cseq = 1, headers = '' } = options;
  return (
    `${method} ${uri} SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.9:5060;branch=${branch}\r\nMax-Forwards: 70\r\n` +
    `From: "Alice" <sip:alice@a.test>;tag=f1\r\nTo: <sip:bob@b.test>${toTag === '' ? '' : `;tag=${toTag}`}\r\nCall-ID: call-1\r\n` +
    `CSeq: ${cseq} ${method}\r\nContact: <sip:alice@10.0.0.9>\r\n${headers}Content-Length: 0\r\n\r\n`
  );
}
