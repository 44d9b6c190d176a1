import type { NextHopResolver } from '../proxy/next-hop.ts';
import { defaultProxyOptions, type ProxyOptions } from '../proxy/options.ts';
import { SipProxy } from '../proxy/proxy.ts';
import { RpcRegistry } from '../rpc/registry.ts';
import { Keep } from '../script/keep.ts';
import { L_DBG, L_ERR, L_INFO, L_WARN, type Log } from '../script/log.ts';
import { type Clock, realClock } from '../time/clock.ts';
import { HashedTimerWheel } from '../time/hashed-timer-wheel.ts';
import { type Random, realRandom } from '../time/random.ts';
import { TransactionLayer } from '../transaction/transaction-layer.ts';
import { HttpEntry } from '../transport/http-entry.ts';
import type { TransportLogLevel, TransportOptions } from '../transport/options.ts';
import { Resolver, type ResolverSettings } from '../transport/resolver.ts';
import { TransportLayer } from '../transport/transport-layer.ts';
import { MessageRouter } from './message-router.ts';

/** What a server core is made of. */
export interface CoreSettings {
  readonly transport: TransportOptions;
  /** Stream sockets take HTTP requests (xhttp). */
  readonly takesHttp?: boolean;
  readonly resolver: ResolverSettings;
  readonly maxTransactions: number;
  readonly log: Log;
  readonly clock?: Clock;
  readonly random?: Random;
}

const LEVELS: Readonly<Record<TransportLogLevel, number>> = { debug: L_DBG, info: L_INFO, warn: L_WARN, error: L_ERR };

/** The layers from the sockets to the proxy, put together; a program is all that is missing. */
export class ServerCore {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly wheel: HashedTimerWheel;
  readonly transport: TransportLayer;
  readonly transactions: TransactionLayer;
  readonly resolver: Resolver;
  readonly options: ProxyOptions = defaultProxyOptions();
  readonly proxy: SipProxy;
  readonly router: MessageRouter;
  readonly rpc = new RpcRegistry();
  readonly keep = new Keep();
  readonly http = new HttpEntry();

  constructor(settings: CoreSettings) {
    const { log } = settings;
    this.log = log;
    this.clock = settings.clock ?? realClock;
    this.random = settings.random ?? realRandom;
    this.wheel = new HashedTimerWheel({ clock: this.clock });
    this.transport = new TransportLayer({
      ...settings.transport,
      clock: this.clock,
      ...(settings.takesHttp === true
        ? { onHttpRequest: (request, response, socket) => this.http.handle(request, response, socket) }
        : {}),
      // Codes are in capitals and explained in errors.md; the others are events, and part of what is told.
      log: (level, code, text) =>
        /^[A-Z]/.test(code)
          ? log.write(LEVELS[level], 'transport', text, code)
          : log.write(LEVELS[level], 'transport', `${code}: ${text}`),
    });
    this.transactions = new TransactionLayer({
      sender: this.transport,
      wheel: this.wheel,
      maxTransactions: settings.maxTransactions,
      onError: (error) => log.write(L_ERR, 'tm', error.message, error.code),
    });
    this.resolver = new Resolver({
      ...settings.resolver,
      clock: this.clock,
      supports: (proto, family) => this.transport.socketFor(proto, family, null) !== null,
    });
    const nextHops: NextHopResolver = {
      resolveNow: (uri) => this.resolver.resolveNow(uri),
      resolve: (uri) => this.resolver.resolve(uri),
      denied: (target) => this.resolver.denied(target),
    };
    this.proxy = new SipProxy({
      options: this.options,
      sender: this.transport,
      transactions: this.transactions,
      resolver: nextHops,
      random: this.random,
      clock: this.clock,
      report: (code, text) => log.write(L_ERR, 'tm', text, code),
    });
    this.router = new MessageRouter({
      proxy: this.proxy,
      transactions: this.transactions,
      sender: this.transport,
      log,
    });
  }

  /** Opens the sockets and begins to route. @throws TransportError */
  async start(): Promise<void> {
    await this.transport.start(this.router);
  }

  /**
   * Takes nothing new, lets what is under way finish, then closes everything.
   * @param graceMs milliseconds to wait at most
   */
  async stop(graceMs: number): Promise<void> {
    this.router.drain();
    const deadline = performance.now() + graceMs;
    while ((this.transactions.pendingCount > 0 || this.router.running > 0) && performance.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 20));
    await this.transport.stop(Math.max(100, deadline - performance.now()));
    this.wheel.clear();
  }
}
