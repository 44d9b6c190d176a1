import { TransportError } from './errors.ts';

export type DnsType = 'A' | 'AAAA' | 'SRV' | 'NAPTR';

/** An A or AAAA record. `ttl` of every record is in seconds. */
export interface AddressRecord {
  readonly type: 'A' | 'AAAA';
  readonly address: string;
  readonly ttl: number;
}

/** RFC 2782. */
export interface SrvRecord {
  readonly type: 'SRV';
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  /** Without a final dot; empty for the root, which says that the service does not exist. */
  readonly target: string;
  readonly ttl: number;
}

/** RFC 3403. */
export interface NaptrRecord {
  readonly type: 'NAPTR';
  readonly order: number;
  readonly preference: number;
  readonly flags: string;
  readonly service: string;
  readonly replacement: string;
  readonly ttl: number;
}

export type DnsRecord = AddressRecord | SrvRecord | NaptrRecord;

/** Asks the DNS. Knows no cache: that is {@link DnsCache}'s. */
export interface DnsClient {
  /**
   * @returns the records of that type, one at least
   * @throws DnsError DNS_NOT_FOUND (no such name, or none of this type), DNS_TIMEOUT, DNS_SERVER_FAILURE
   */
  query(name: string, type: DnsType): Promise<readonly DnsRecord[]>;
}

/** A look-up that failed. */
export class DnsError extends TransportError {
  declare readonly code: 'DNS_NOT_FOUND' | 'DNS_TIMEOUT' | 'DNS_SERVER_FAILURE';
  /** Seconds for which a "not found" may be believed (RFC 2308 §5), -1 when the server did not say. */
  readonly ttl: number;
  constructor(code: 'DNS_NOT_FOUND' | 'DNS_TIMEOUT' | 'DNS_SERVER_FAILURE', what: string, ttl = -1, cause?: unknown) {
    super(code, what, cause);
    this.name = 'DnsError';
    this.ttl = ttl;
  }
}
