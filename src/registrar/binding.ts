import type { AvpValue } from '../proxy/attributes.ts';

/** Every method: a contact that says nothing of its methods takes all. */
export const ALL_METHODS = -1;
/** Bit of every method that has none of its own, as databases of Kamailio have it. */
export const OTHER_METHODS = 0x80000;

/** Flag of a contact that no database is told of (save() with flag 1). */
export const MEMORY_ONLY = 1;

/** What a script keeps with a contact: the fields of one XAVP record, each a stack of values, newest first. */
export type ContactAttributes = ReadonlyMap<string, readonly AvpValue[]>;

/** What is kept of one contact (Kamailio's table `location`). Texts are latin1, one character a byte; absent ones are empty. */
export interface BindingFields {
  /** The contact's URI as it was registered. */
  uri: string;
  /** Seconds since 1970 at which it ends; 0: never. */
  expires: number;
  /** q in thousandths, -1 unset. */
  q: number;
  callId: string;
  cseq: number;
  flags: number;
  /** Branch flags that were set when it was saved. */
  cflags: number;
  userAgent: string;
  /** Where its REGISTER came from, as a URI; empty when its own address is good. */
  received: string;
  /** Path of its REGISTER (RFC 3327), comma-separated. */
  path: string;
  /** Socket that received it, as `udp:192.0.2.1:5060`. */
  socket: string;
  /** Bits of method.ts; {@link ALL_METHODS} for all. */
  methods: number;
  /** +sip.instance with its brackets (RFC 5626 §4.1). */
  instance: string;
  /** reg-id (RFC 5626 §4.2), 0 for none. */
  regId: number;
  serverId: number;
  /** Number of the connection it came by, -1 for none. */
  connection: number;
  /** Seconds since 1970 of its last REGISTER. */
  modified: number;
  /** Absent or null for none (usrloc xavp_contact). */
  attributes?: ContactAttributes | null;
}

/** A contact as databases keep it. */
export interface BindingRow extends Readonly<BindingFields> {
  /** Its own name, unique in the table. */
  readonly ruid: string;
  /** Key of the address of record: user, or user@domain. */
  readonly aor: string;
}

/** A contact of an address of record. Who keeps one across a wait asks {@link Binding.live} again. */
export class Binding implements BindingRow {
  readonly aor: string;
  readonly ruid: string;
  uri = '';
  expires = 0;
  q = -1;
  callId = '';
  cseq = 0;
  flags = 0;
  cflags = 0;
  userAgent = '';
  received = '';
  path = '';
  socket = '';
  methods = ALL_METHODS;
  instance = '';
  regId = 0;
  serverId = 0;
  connection = -1;
  modified = 0;
  attributes: ContactAttributes | null = null;
  /** Seconds since 1970 of the last sign of life (an answered ping), 0 for none. */
  seen = 0;
  /** Microseconds that the last answered ping took. */
  roundTrip = 0;
  /** False once it was removed. */
  live = true;
  /** The next contact of the same address of record. */
  next: Binding | null = null;
  /** Place in the calendar of ends: its second, and the neighbours there; -1 when it is in none. */
  slot = -1;
  before: Binding | null = null;
  after: Binding | null = null;

  constructor(aor: string, ruid: string) {
    this.aor = aor;
    this.ruid = ruid;
  }

  /** True when it still counts. @param now seconds since 1970 */
  valid(now: number): boolean {
    return this.live && (this.expires === 0 || this.expires > now);
  }
}
