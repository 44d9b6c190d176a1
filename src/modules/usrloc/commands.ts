import { sanitizeReason } from '../../message/sanitize.ts';
import { parseUri } from '../../message/uri.ts';
import { aorHash } from '../../registrar/aor.ts';
import { ALL_METHODS, type Binding } from '../../registrar/binding.ts';
import { type RpcArguments, RpcFault } from '../../rpc/method.ts';
import { RpcDouble, RpcMembers, type RpcStruct, type RpcValue, struct } from '../../rpc/value.ts';
import { type RpcDefinition, rpc } from '../../script/module-definition.ts';
import { fromBytes, toBytes } from '../../script/utf8.ts';
import { StorageError } from '../../storage/errors.ts';
import type { LocationCounts } from '../../storage/location-store.ts';
import type { UsrlocModule } from './instance.ts';
import type { LocationTable } from './location.ts';

/** What ul.add writes where a client would have said something. */
const RPC_AGENT = 'kamailio SIP Router - RPC Server';
const RPC_CALL_ID = 'dfjrewr12386fd6-343@kamailio.rpc';

function refuse(text: string, code = 500): RpcFault {
  return new RpcFault(code, text);
}

function shown(text: string): string {
  return text === '' ? '[not set]' : fromBytes(text);
}

function expiryOf({ expires, live }: Binding, now: number): RpcValue {
  if (!live) return 'deleted';
  if (expires === 0) return 'permanent';
  return expires <= now ? 'expired' : expires - now;
}

/** A contact as ul.dump and ul.lookup show it: Kamailio's names, order and types. */
function contactStruct(m: UsrlocModule, table: LocationTable, binding: Binding, now: number): RpcStruct {
  const { natBflag } = m.settings;
  const pinged = natBflag >= 0 && (binding.cflags & (1 << natBflag)) !== 0;
  return struct({
    Address: fromBytes(binding.uri),
    Expires: expiryOf(binding, now),
    Q: binding.q < 0 ? -1 : new RpcDouble(binding.q / 1000),
    'Call-ID': fromBytes(binding.callId),
    CSeq: binding.cseq,
    'User-Agent': shown(binding.userAgent),
    Received: shown(binding.received),
    Path: shown(binding.path),
    State: `CS_${table.writer === null ? 'NEW' : table.writer.isDirty(binding.ruid) ? 'DIRTY' : 'SYNC'}`,
    Flags: binding.flags,
    CFlags: binding.cflags,
    Socket: shown(binding.socket),
    Methods: binding.methods === ALL_METHODS ? -1 : binding.methods,
    Ruid: shown(binding.ruid),
    Instance: shown(binding.instance),
    'Reg-Id': binding.regId,
    'Server-Id': binding.serverId,
    'Tcpconn-Id': binding.connection,
    Keepalive: pinged ? 1 : 0,
    'Last-Keepalive': binding.seen,
    'KA-Roundtrip': binding.roundTrip,
    'Last-Modified': binding.modified,
  });
}

type Member = readonly [name: string, value: RpcValue];

/** Contacts that one dump may show: more would hold up calls for seconds. */
const MOST_DUMPED = 100_000;

function contactsOf(m: UsrlocModule, table: LocationTable, first: Binding, now: number): RpcMembers {
  const items: Member[] = [];
  for (let one: Binding | null = first; one !== null; one = one.next)
    items.push(['Contact', contactStruct(m, table, one, now)]);
  return new RpcMembers(items);
}

/** Contacts of addresses of record, as one struct for each domain. @throws RpcFault */
function dump(m: UsrlocModule, args: RpcArguments): RpcStruct {
  const brief = args.text(0) === 'brief';
  const { now } = m.location;
  const domains: Member[] = [];
  for (const table of m.location.all()) {
    const { bindings } = table;
    if ((brief ? bindings.users : bindings.contacts) > MOST_DUMPED) throw refuse('Too many contacts: use ul.lookup');
    const aors: Member[] = [];
    for (const first of bindings.all()) {
      const AoR = fromBytes(first.aor);
      if (brief) aors.push(['AoR', AoR]);
      else
        aors.push([
          'Info',
          struct({ AoR, HashID: aorHash(first.aor) | 0, Contacts: contactsOf(m, table, first, now) }),
        ]);
    }
    const stats = struct({ Records: bindings.users, 'Max-Slots': Math.min(bindings.users, 1) });
    domains.push([
      'Domain',
      struct({ Domain: table.name, Size: m.hashSize, AoRs: new RpcMembers(aors), Stats: stats }),
    ]);
  }
  return struct({ Domains: new RpcMembers(domains) });
}

/** Table and address of record of the first two parameters. @throws RpcFault */
function target(m: UsrlocModule, args: RpcArguments, missing: string): { table: LocationTable; aor: string } {
  const name = args.text(0);
  const aor = args.textOrInt(1);
  if (name === null || aor === null) throw refuse(missing);
  const table = m.location.find(name);
  if (table === null) throw refuse('Domain table not found');
  const key = toBytes(aor);
  if (m.settings.useDomain && !key.includes('@')) throw refuse('Domain missing in AOR');
  return { table, aor: key };
}

function lookup(m: UsrlocModule, args: RpcArguments): RpcStruct {
  const { table, aor } = target(m, args, 'Not enough parameters (table and AOR to lookup)');
  const first = table.bindings.first(aor);
  if (first === null) throw refuse(`AOR not found in ${table.name} table`);
  return struct({ AoR: fromBytes(aor), Contacts: contactsOf(m, table, first, m.location.now) });
}

function remove(m: UsrlocModule, args: RpcArguments): undefined {
  const { table, aor } = target(m, args, 'Not enough parameters (table and AOR to lookup)');
  let one = table.bindings.first(aor);
  while (one !== null) {
    const { next }: Binding = one;
    table.bindings.remove(one);
    one = next;
  }
}

function removeContact(m: UsrlocModule, args: RpcArguments): undefined {
  const missing = 'Not enough parameters (table, AOR and contact)';
  const uri = args.text(2);
  if (uri === null) throw refuse(missing);
  const { table, aor } = target(m, args, missing);
  let one = table.bindings.first(aor);
  if (one === null) throw refuse('AOR not found', 404);
  const wanted = toBytes(uri);
  while (one !== null && one.uri !== wanted) one = one.next;
  if (one === null) throw refuse('Contact not found', 404);
  table.bindings.remove(one);
}

/** A number that kamcmd may have made an integer or a double of. */
function number(args: RpcArguments, index: number): number | null {
  const found = args.list[index];
  if (found === undefined || found.kind === 'string') return null;
  return found.value;
}

async function add(m: UsrlocModule, args: RpcArguments): Promise<undefined> {
  const missing = 'Not enough parameters or wrong format';
  if (args.count !== 9) throw refuse(missing);
  const uri = args.text(2);
  const [seconds, q] = [number(args, 3), number(args, 4)];
  const path = args.textOrInt(5);
  const [flags, cflags, methods] = [args.int(6), args.int(7), args.int(8)];
  if (uri === null || seconds === null || q === null || path === null) throw refuse(missing);
  if (flags === null || cflags === null || methods === null) throw refuse(missing);
  const { table, aor } = target(m, args, missing);
  if (parseUri(toBytes(uri)) === null) throw refuse('Invalid contact');
  const { now } = m.location;
  const fields = {
    uri: toBytes(uri),
    expires: seconds <= 0 ? 0 : now + Math.trunc(seconds),
    q: q < 0 ? -1 : Math.min(Math.round(q * 1000), 1000),
    callId: RPC_CALL_ID,
    cseq: 1,
    flags,
    cflags,
    userAgent: RPC_AGENT,
    received: '',
    // kamcmd's users write 0 or a dot where there is none.
    path: path === '0' || path === '.' ? '' : sanitizeReason(toBytes(path)),
    socket: '',
    methods,
    instance: '',
    regId: 0,
    serverId: 0,
    connection: -1,
    modified: now,
  };
  let binding = table.bindings.first(aor);
  while (binding !== null && binding.uri !== fields.uri) binding = binding.next;
  if (binding === null) binding = table.bindings.add(aor, () => m.location.ruid(), fields);
  else table.bindings.update(binding, fields);
  await m.location.settle(table, [binding.ruid]);
}

async function counts(m: UsrlocModule, args: RpcArguments): Promise<LocationCounts> {
  if (m.settings.databaseMode === 0) throw refuse('Command is not supported in db_mode=0');
  const name = args.text(0);
  if (name === null) throw refuse('Not enough parameters (table to lookup)');
  const table = m.location.find(name);
  if (table === null) throw refuse('Domain table not found');
  if (table.store === null) throw refuse('Failed to query AoR count');
  try {
    return await table.store.count(m.location.now);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    throw refuse('Failed to query AoR count');
  }
}

/** ul.*: names, parameters, fields and faults of Kamailio 5.6.3. */
export const USRLOC_COMMANDS: readonly RpcDefinition<UsrlocModule>[] = [
  rpc('ul.dump', ['Every contact; with "brief" the addresses of record alone.'], dump),
  rpc('ul.lookup', ['Contacts of an address of record: table, address of record.'], lookup),
  rpc('ul.rm', ['Removes an address of record: table, address of record.'], remove),
  rpc('ul.rm_contact', ['Removes a contact: table, address of record, contact URI.'], removeContact),
  rpc(
    'ul.add',
    [
      'Adds a contact, or changes one: table, address of record, contact URI, seconds (0: for ever), q, path (0: none),',
      'flags, cflags, methods.',
    ],
    add,
  ),
  rpc('ul.flush', ['Writes to the database what is not written yet.'], async (m) => {
    if (!(await m.location.flush())) throw refuse('Database failure: see the log');
    return undefined;
  }),
  rpc('ul.db_users', ['Addresses of record in the database: table.'], async (m, args) => (await counts(m, args)).users),
  rpc('ul.db_contacts', ['Contacts in the database: table.'], async (m, args) => (await counts(m, args)).contacts),
  rpc(
    'ul.db_expired_contacts',
    ['Contacts in the database whose time is over: table.'],
    async (m, args) => (await counts(m, args)).expired,
  ),
];
