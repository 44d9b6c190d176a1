import type { AorOptions } from './aor.ts';

/** What makes two contacts of an address of record the same one (usrloc matching_mode). */
export type MatchingMode = 'contact' | 'contact-callid' | 'contact-path' | 'callid';

/** How a registrar decides; names are those of Kamailio's parameters. Times are seconds. */
export interface RegistrarSettings extends AorOptions {
  readonly matching: MatchingMode;
  /** How long a repetition (same Call-ID and CSeq) is answered without a change. */
  readonly cseqDelay: number;
  readonly defaultExpires: number;
  /** Percent by which the default varies, both ways. */
  readonly defaultExpiresRange: number;
  readonly minExpires: number;
  /** True: a shorter time is refused with 423; false: it is made longer. */
  readonly minExpiresRefuse: boolean;
  /** 0: none. */
  readonly maxExpires: number;
  /** Percent by which a granted time may be shorter than what was asked for. */
  readonly expiresRange: number;
  /** q of contacts without one, in thousandths; -1 none. */
  readonly defaultQ: number;
  /** 0: any number. */
  readonly maxContacts: number;
  /** Longest contact URI. */
  readonly contactMaxSize: number;
  readonly gruu: boolean;
  readonly usePath: boolean;
  /** 0 stored and not shown, 1 shown to those who support it, 2 refused with 420 from those who do not. */
  readonly pathMode: number;
  readonly pathUseReceived: boolean;
  /** 0 off, 1 for clients that support it, 2 refused with 421 from those who do not. */
  readonly outboundMode: number;
  /** Flow-Timer in replies (RFC 5626 §5.4), 0 for none. */
  readonly flowTimer: number;
  /** reg-id without outbound: 0 kept, 1 not. */
  readonly regIdOnlyOutbound: boolean;
  /** Parameter name for the received URI, in Contacts of requests and replies. */
  readonly receivedParam: string;
  /** Retry-After of 5xx replies, 0 for none. */
  readonly retryAfter: number;
  /** Kamailio’s server_id. */
  readonly serverId: number;
}
