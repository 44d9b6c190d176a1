/** A registration engine on real sockets, and what its tests put around it. */

import assert from 'node:assert/strict';
import { realClock } from '../../src/time/clock.ts';
import { HashedTimerWheel } from '../../src/time/hashed-timer-wheel.ts';
import { DEFAULT_TIMERS, type TransactionTimers } from '../../src/transaction/transaction.ts';
import { TransactionLayer } from '../../src/transaction/transaction-layer.ts';
import { type DnsClient, DnsError, type DnsRecord, type DnsType } from '../../src/transport/dns-client.ts';
import { Resolver } from '../../src/transport/resolver.ts';
import { TransportLayer } from '../../src/transport/transport-layer.ts';
import type { AccountRow } from '../../src/uac/registration/account-row.ts';
import { createRegistrationEngine, type WatchedRegistrationEngine } from '../../src/uac/registration/create-engine.ts';
import type { RegistrationEvent, RegistrationStateName } from '../../src/uac/registration/engine.ts';
import type { RegistrationSettings } from '../../src/uac/registration/settings.ts';
import { sleep } from './servers.ts';

/** Names that a test makes up, and changes as it goes. Answers are believed for a second. */
export class FakeDns implements DnsClient {
  readonly asked: string[] = [];
  /** By `TYPE name`. */
  private readonly records = new Map<string, readonly DnsRecord[]>();
  /** Every look-up fails as if no name server answered. */
  down = false;

  /** SRV records of `_sip._udp.NAME`, the first one preferred; all on 127.0.0.1. */
  srv(name: string, ...ports: readonly number[]): void {
    this.records.set(
      `SRV _sip._udp.${name}`,
      ports.map((port, index) => ({ type: 'SRV', priority: index, weight: 1, port, target: `host.${name}`, ttl: 1 })),
    );
    this.records.set(`A host.${name}`, [{ type: 'A', address: '127.0.0.1', ttl: 1 }]);
  }

  query(name: string, type: DnsType): Promise<readonly DnsRecord[]> {
    this.asked.push(`${type} ${name}`);
    if (this.down) return Promise.reject(new DnsError('DNS_TIMEOUT', name));
    const found = this.records.get(`${type} ${name}`);
    return found === undefined ? Promise.reject(new DnsError('DNS_NOT_FOUND', name, 1)) : Promise.resolve(found);
  }
}

/** An account of tests: password `secret`, 60 seconds, everything else by its name. */
export function accountRow(uuid: string, proxy: string, over: Partial<AccountRow> = {}): AccountRow {
  return {
    uuid,
    localUser: `l-${uuid}`,
    localDomain: 'pbx.test',
    remoteUser: uuid,
    remoteDomain: 'carrier.test',
    realm: '',
    authUser: uuid,
    authPassword: 'secret',
    authHa1: '',
    proxy,
    expires: 60,
    flags: 0,
    delay: 0,
    contactAddr: '',
    contactUser: '',
    socket: '',
    ...over,
  };
}

/** Timers of RFC 3261 made ten times as fast. */
export const FAST_TIMERS: TransactionTimers = {
  ...DEFAULT_TIMERS,
  fr: 1_600,
  retr1: 100,
  retr2: 400,
  wt: 500,
  maxNonInvLifetime: 3_200,
};

/** An engine with its own socket and transactions. */
export class EngineBench {
  readonly engine: WatchedRegistrationEngine;
  readonly dns: FakeDns;
  readonly events: RegistrationEvent[] = [];
  /** What was logged: level, code, text. */
  readonly log: string[] = [];
  readonly port: number;
  private readonly transport: TransportLayer;

  private constructor(engine: WatchedRegistrationEngine, dns: FakeDns, transport: TransportLayer, log: string[]) {
    this.engine = engine;
    this.dns = dns;
    this.transport = transport;
    this.log = log;
    this.port = transport.sockets[0]?.port ?? 0;
    engine.onChange((event) => this.events.push(event));
  }

  /** @param settings what differs from: Contact by our socket's address, default timers ten times as fast */
  static async open(
    settings: Partial<RegistrationSettings> = {},
    timers: TransactionTimers = FAST_TIMERS,
  ): Promise<EngineBench> {
    const wheel = new HashedTimerWheel({ clock: realClock });
    const transport = new TransportLayer({
      listen: (['udp', 'tcp'] as const).map((proto) => ({ proto, host: '127.0.0.1', port: 0 })),
    });
    const transactions = new TransactionLayer({ sender: transport, wheel });
    await transport.start({
      onMessage: (message, from) => {
        if (!message.isRequest) transactions.receiveResponse(message, from);
      },
      onParseFailure: () => {},
    });
    const dns = new FakeDns();
    const log: string[] = [];
    const resolver = new Resolver({ client: dns, denyTime: 1_000 });
    const engine = createRegistrationEngine({
      settings: { contactAddr: `127.0.0.1:${transport.sockets[0]?.port ?? 0}`, ...settings },
      sender: transport,
      transactions,
      resolver: {
        resolveNow: (uri) => resolver.resolveNow(uri),
        resolve: (uri) => resolver.resolve(uri),
        denied: (target) => resolver.denied(target),
      },
      wheel,
      timers,
      log: (level, code, text) => log.push(`${level} ${code} ${text}`),
    });
    return new EngineBench(engine, dns, transport, log);
  }

  /** Waits until the account is in the state. @throws Error with its story */
  async until(uuid: string, state: RegistrationStateName, timeout = 5_000): Promise<void> {
    await this.holds(
      () => this.engine.find('l_uuid', uuid)?.state === state,
      timeout,
      () => `${uuid} is not ${state}: ${this.story(uuid)}`,
    );
  }

  /** Waits until a condition holds. @throws Error */
  async holds(condition: () => boolean, timeout: number, complaint: () => string): Promise<void> {
    const deadline = performance.now() + timeout;
    while (!condition()) {
      if (performance.now() > deadline) throw new Error(complaint());
      await sleep(5);
    }
  }

  /** What became of an account, on one line. */
  story(uuid: string): string {
    const moves = this.events
      .filter((event) => event.account.row.uuid === uuid)
      .map(({ to, code, reason }) => `${to} (${code} ${reason})`);
    return `${moves.join(', ')}\n${this.log.join('\n')}`;
  }

  /** Removes bindings and closes the socket. @throws AssertionError when an account was ever found without a deadline or an outstanding request */
  async close(unregister = false): Promise<void> {
    assert.deepEqual(this.engine.assertAlive(), []);
    assert.equal(this.engine.repairs, 0);
    await this.engine.stop(unregister, 1_000);
    await this.transport.stop(100);
  }
}
