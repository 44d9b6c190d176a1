import type { BindingRow } from '../registrar/binding.ts';

/** A column of the table `location` (Kamailio's database documentation). */
export interface LocationColumn {
  /** Kamailio's name. */
  readonly name: string;
  /** Parameter of usrloc that gives it another name, empty for none. */
  readonly parameter: string;
  /** Characters of a text; null for another kind. */
  readonly length: number | null;
  readonly kind: 'text' | 'integer' | 'real' | 'time';
  /** What the column definition says after its type. */
  readonly constraint: string;
}

function column(
  name: string,
  parameter: string,
  kind: LocationColumn['kind'],
  constraint: string,
  length: number | null = null,
): LocationColumn {
  return { name, parameter, kind, constraint, length };
}

const EMPTY = "DEFAULT '' NOT NULL";
const ZERO = 'DEFAULT 0 NOT NULL';

/** In the order in which Kamailio's own scripts make them; `id` stands before them. */
export const LOCATION_COLUMNS = {
  ruid: column('ruid', 'ruid_column', 'text', EMPTY, 64),
  user: column('username', 'user_column', 'text', EMPTY, 64),
  domain: column('domain', 'domain_column', 'text', 'DEFAULT NULL', 64),
  contact: column('contact', 'contact_column', 'text', EMPTY, 512),
  received: column('received', 'received_column', 'text', 'DEFAULT NULL', 128),
  path: column('path', 'path_column', 'text', 'DEFAULT NULL', 512),
  expires: column('expires', 'expires_column', 'time', "DEFAULT '2030-05-28 21:32:15' NOT NULL"),
  q: column('q', 'q_column', 'real', 'DEFAULT 1.0 NOT NULL'),
  callId: column('callid', 'callid_column', 'text', "DEFAULT 'Default-Call-ID' NOT NULL", 255),
  cseq: column('cseq', 'cseq_column', 'integer', 'DEFAULT 1 NOT NULL'),
  modified: column('last_modified', '', 'time', "DEFAULT '2000-01-01 00:00:01' NOT NULL"),
  flags: column('flags', 'flags_column', 'integer', ZERO),
  cflags: column('cflags', 'cflags_column', 'integer', ZERO),
  userAgent: column('user_agent', 'user_agent_column', 'text', EMPTY, 255),
  socket: column('socket', 'socket_column', 'text', 'DEFAULT NULL', 64),
  methods: column('methods', 'methods_column', 'integer', 'DEFAULT NULL'),
  instance: column('instance', 'instance_column', 'text', 'DEFAULT NULL', 255),
  regId: column('reg_id', 'reg_id_column', 'integer', ZERO),
  serverId: column('server_id', 'server_id_column', 'integer', ZERO),
  connection: column('connection_id', 'connection_id_column', 'integer', ZERO),
  keepalive: column('keepalive', 'keepalive_column', 'integer', ZERO),
  partition: column('partition', 'partition_column', 'integer', ZERO),
} as const satisfies Readonly<Record<string, LocationColumn>>;

export type LocationField = keyof typeof LOCATION_COLUMNS;

/** Names of the columns in one database. */
export type LocationColumns = Readonly<Record<LocationField, string>>;

export const LOCATION_FIELDS = Object.keys(LOCATION_COLUMNS) as readonly LocationField[];

/** Kamailio's names. */
export const DEFAULT_LOCATION_COLUMNS: LocationColumns = Object.fromEntries(
  Object.entries(LOCATION_COLUMNS).map(([field, { name }]) => [field, name]),
) as unknown as LocationColumns;

/** Name that the table has by default: the argument of save() and lookup(). */
export const LOCATION = 'location';

/** The version of tables made here. */
export const LOCATION_VERSION = 9;

/** Key of the address of record, taken apart into the columns username and domain. */
export function splitAor({ aor }: BindingRow, useDomain: boolean): readonly [user: string, domain: string | null] {
  if (!useDomain) return [aor, null];
  const at = aor.lastIndexOf('@');
  return at < 0 ? ['', aor] : [aor.slice(0, at), aor.slice(at + 1)];
}
