import type { Binding } from '../../registrar/binding.ts';
import type { ScriptContext } from '../../script/context.ts';
import type { IndexSpec, VariableDefinition } from '../../script/module-definition.ts';
import type { Value } from '../../script/values.ts';
import { access } from '../../script/variables/define.ts';
import { slot } from '../../uac/slot.ts';
import { expiredOf } from '../usrloc/expired-route.ts';
import type { RegistrarModule } from './instance.ts';
import { withRecord } from './lookup.ts';

/** Contacts that a script fetched, under a name of its own. */
interface Fetched {
  readonly table: string;
  readonly aor: string;
  readonly contacts: readonly Binding[];
}

const FETCHED = slot<Map<string, Fetched>>('registrar fetched contacts');

/** Name under which an event route finds the contact that ended. */
const EXPIRED = 'exp';

/** reg_fetch_contacts(): keeps the contacts of an address of record for $ulc. */
export function fetchContacts(
  m: RegistrarModule,
  ctx: ScriptContext,
  name: string,
  uri: string,
  profile: string,
): number | Promise<number> {
  FETCHED.get(ctx.state)?.delete(profile);
  return withRecord(m, name, uri, (table, aor) => {
    const contacts = table.bindings.list(aor, m.location.now);
    if (contacts.length === 0) return -1;
    let fetched = FETCHED.get(ctx.state);
    if (fetched === undefined) {
      fetched = new Map();
      FETCHED.set(ctx.state, fetched);
    }
    // Copies: a contact that is refreshed meanwhile stays as it was fetched.
    fetched.set(profile, {
      table: name,
      aor,
      contacts: contacts.map((binding) => ({ ...binding, valid: binding.valid })),
    });
    return 1;
  });
}

export function freeContacts(ctx: ScriptContext, profile: string): number {
  FETCHED.get(ctx.state)?.delete(profile);
  return 1;
}

function profileOf(ctx: ScriptContext, name: string): Fetched | undefined {
  const expired = name === EXPIRED ? expiredOf(ctx) : undefined;
  if (expired === undefined) return FETCHED.get(ctx.state)?.get(name);
  return { table: expired.table.name, aor: expired.binding.aor, contacts: [expired.binding] };
}

type Reader = (fetched: Fetched, binding: Binding) => Value;

/** What $ulc knows of a contact; names are Kamailio's. */
const ATTRIBUTES: Readonly<Record<string, Reader>> = {
  aor: ({ aor }) => aor,
  domain: ({ table }) => table,
  aorhash: () => 0,
  count: ({ contacts }) => contacts.length,
  addr: (_, { uri }) => uri,
  path: (_, { path }) => path,
  received: (_, { received }) => received,
  expires: (_, { expires }) => expires,
  callid: (_, { callId }) => callId,
  regid: (_, { regId }) => regId,
  q: (_, { q }) => q,
  cseq: (_, { cseq }) => cseq,
  flags: (_, { flags }) => flags,
  cflags: (_, { cflags }) => cflags,
  user_agent: (_, { userAgent }) => userAgent,
  socket: (_, { socket }) => (socket === '' ? null : socket),
  modified: (_, { modified }) => modified,
  methods: (_, { methods }) => methods >>> 0,
  ruid: (_, { ruid }) => ruid,
  instance: (_, { instance }) => instance,
  conid: (_, { connection }) => (connection < 0 ? null : connection),
  server_id: (_, { serverId }) => serverId,
};

function elementOf<T>(list: readonly T[], index: IndexSpec, ctx: ScriptContext): T | undefined {
  if (index === null || index === '*') return list[0];
  return list.at(typeof index === 'number' ? index : index(ctx));
}

/** $ulc(profile=>attribute)[index]. */
export const CONTACTS_VARIABLE: VariableDefinition<RegistrarModule> = {
  name: 'ulc',
  writable: false,
  inner: 'required',
  support: 'partly: cannot be written; aorhash is always 0, as in Kamailio',
  bind: () => (inner, index, text) => {
    const match = /^\s*([^=]+?)\s*=>\s*(\w+)\s*$/.exec(inner?.constant ?? '');
    const [, profile = '', attribute = ''] = match ?? [];
    const read = Object.hasOwn(ATTRIBUTES, attribute) ? ATTRIBUTES[attribute] : undefined;
    if (read === undefined) {
      return `$ulc(profile=>name) knows the names ${Object.keys(ATTRIBUTES).join(', ')}`;
    }
    return access(text, (ctx) => {
      const fetched = profileOf(ctx, profile);
      const binding = fetched === undefined ? undefined : elementOf(fetched.contacts, index, ctx);
      return fetched === undefined || binding === undefined ? null : read(fetched, binding);
    });
  },
};
