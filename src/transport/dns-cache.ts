import type { Clock } from '../time/clock.ts';
import { type DnsClient, DnsError, type DnsRecord, type DnsType } from './dns-client.ts';

/** Settings of a {@link DnsCache}; times in seconds. */
export interface DnsCacheSettings {
  readonly maxEntries?: number;
  /** TTLs above this are cut (dns_cache_max_ttl). */
  readonly maxTtl?: number;
  /** For "not found" without a SOA record (dns_cache_negative_ttl); also the most that is believed of one. */
  readonly negativeTtl?: number;
  /** For timeouts and server failures (RFC 2308 §7 allows 5 minutes): short, but a dead DNS server is not asked per call. */
  readonly failureTtl?: number;
  /** How long after its end an answer may still be used when no server answers (RFC 8767); 0 for never. */
  readonly staleTtl?: number;
}

/** What is known about a question. */
export interface DnsAnswer {
  readonly records: readonly DnsRecord[];
  /** Why there are none, null when there are. */
  readonly error: DnsError | null;
  /** When it is to be asked again, milliseconds of the clock. */
  readonly expires: number;
  /** When its TTL ended or ends; before `expires` for a stale answer that is used again. */
  readonly fresh: number;
}

// RFC 8767 §5: a stale answer is used for 30 seconds before the servers are asked again.
const STALE_REUSE = 30;

/** Answers of the DNS, good and bad, for their TTL; look-ups for one question at one time are one query. */
export class DnsCache {
  private readonly client: DnsClient;
  private readonly clock: Clock;
  private readonly settings: Required<DnsCacheSettings>;
  private readonly answers = new Map<string, DnsAnswer>();
  private readonly inFlight = new Map<string, Promise<DnsAnswer>>();

  constructor(client: DnsClient, clock: Clock, settings: DnsCacheSettings = {}) {
    this.client = client;
    this.clock = clock;
    this.settings = {
      maxEntries: 10_000,
      maxTtl: 86_400,
      negativeTtl: 60,
      failureTtl: 5,
      staleTtl: 86_400,
      ...settings,
    };
  }

  get size(): number {
    return this.answers.size;
  }

  /** The answer that is still good, without asking. */
  peek(name: string, type: DnsType): DnsAnswer | undefined {
    const answer = this.answers.get(`${type} ${name}`);
    return answer !== undefined && answer.expires > this.clock.now() ? answer : undefined;
  }

  /** The answer, from the cache or by a query. Never rejects. */
  lookup(name: string, type: DnsType): Promise<DnsAnswer> {
    const known = this.peek(name, type);
    if (known !== undefined) return Promise.resolve(known);
    const key = `${type} ${name}`;
    const running = this.inFlight.get(key);
    if (running !== undefined) return running;
    const started = this.ask(key, name, type).finally(() => this.inFlight.delete(key));
    this.inFlight.set(key, started);
    return started;
  }

  /** Forgets everything. */
  clear(): void {
    this.answers.clear();
  }

  private async ask(key: string, name: string, type: DnsType): Promise<DnsAnswer> {
    const { maxTtl } = this.settings;
    try {
      const records = await this.client.query(name, type);
      if (records.length === 0) throw new DnsError('DNS_NOT_FOUND', `${type} ${name}`);
      let ttl = maxTtl;
      for (const record of records) ttl = Math.min(ttl, record.ttl);
      return this.keep(key, records, null, ttl);
    } catch (caught) {
      const error =
        caught instanceof DnsError
          ? caught
          : new DnsError('DNS_SERVER_FAILURE', `${type} ${name}: ${caught}`, -1, caught);
      return this.failed(key, error);
    }
  }

  private failed(key: string, error: DnsError): DnsAnswer {
    const { negativeTtl, failureTtl, staleTtl } = this.settings;
    if (error.code === 'DNS_NOT_FOUND') {
      return this.keep(key, [], error, error.ttl < 0 ? negativeTtl : Math.min(error.ttl, negativeTtl));
    }
    const old = this.answers.get(key);
    const now = this.clock.now();
    if (old !== undefined && old.records.length > 0 && now - old.fresh < staleTtl * 1000) {
      // The end of its real life is kept, so that a dead server cannot lengthen it for ever.
      return this.store(key, {
        records: old.records,
        error: null,
        expires: now + STALE_REUSE * 1000,
        fresh: old.fresh,
      });
    }
    return this.keep(key, [], error, failureTtl);
  }

  private keep(key: string, records: readonly DnsRecord[], error: DnsError | null, ttl: number): DnsAnswer {
    const expires = this.clock.now() + ttl * 1000;
    return this.store(key, { records, error, expires, fresh: expires });
  }

  private store(key: string, answer: DnsAnswer): DnsAnswer {
    this.answers.delete(key); // to the end of the order, which is the order of age
    this.answers.set(key, answer);
    if (this.answers.size > this.settings.maxEntries) {
      const oldest = this.answers.keys().next();
      if (oldest.done !== true) this.answers.delete(oldest.value);
    }
    return answer;
  }
}
