import { parseUri } from '../../message/uri.ts';
import { Target } from '../../proxy/target.ts';
import { aorKey } from '../../registrar/aor.ts';
import type { Binding } from '../../registrar/binding.ts';
import { gruuOf } from '../../registrar/gruu.ts';
import { type LookupResult, lookupContacts, wayTo } from '../../registrar/lookup.ts';
import type { ScriptContext } from '../../script/context.ts';
import { L_WARN } from '../../script/log.ts';
import { findSocket } from '../../script/variables/destination.ts';
import type { LocationTable } from '../usrloc/location.ts';
import { fail, intOrder, NO_TABLE, order, type RegistrarModule, restore, tableFor, tell } from './instance.ts';

/** Bits of lookup_filter_mode. */
const FILTER_FLAGS = 1;
const FILTER_CONNECTIONS = 2;

/** lookup()'s code for what is no address of record. */
const BAD_ADDRESS = -1;

/** Runs `act` with the contacts' table and the key of an address of record, once both are there. */
export function withRecord(
  m: RegistrarModule,
  name: string,
  uri: string,
  act: (table: LocationTable, aor: string) => number,
): number | Promise<number> {
  const aor = aorKey(uri, m.settings);
  if (aor === null) return BAD_ADDRESS;
  const table = tableFor(m, name);
  if (table === null) return NO_TABLE;
  if (table instanceof Promise) return table.then((loaded) => fresh(m, loaded, aor, act));
  return fresh(m, table, aor, act);
}

function fresh(
  m: RegistrarModule,
  table: LocationTable,
  aor: string,
  act: (table: LocationTable, aor: string) => number,
): number | Promise<number> {
  const refreshed = m.location.refresh(table, aor);
  return refreshed === undefined ? act(table, aor) : refreshed.then(() => act(table, aor));
}

function find(m: RegistrarModule, ctx: ScriptContext, table: LocationTable, aor: string, uri: string): LookupResult {
  const parsed = parseUri(uri);
  const gruu = parsed === null || !m.settings.gruu ? null : gruuOf(parsed);
  const filter = {
    request: m.script.methodFiltering && ctx.message.isRequest ? ctx.message : null,
    flags: (m.script.filterMode & FILTER_FLAGS) === 0 ? 0 : (intOrder(m, ctx, 'rlf_bflags') ?? 0),
    connected: (m.script.filterMode & FILTER_CONNECTIONS) !== 0,
  };
  // Whoever has ended and is not swept yet counts from the beginning of time.
  const now = m.script.useExpired ? 0 : m.location.now;
  return lookupContacts(table.bindings, aor, gruu, filter, now);
}

/** The script is told of contacts that were found, and gets their attributes. */
function tellAll(m: RegistrarModule, ctx: ScriptContext, found: readonly Binding[], more = false): void {
  tell(m, ctx, found, more);
  restore(m, ctx, found);
}

/** Makes a target the way to a contact. */
function aim(m: RegistrarModule, target: Target, binding: Binding): void {
  const { host, script } = m;
  const isOurs = (name: string, port: number): boolean => host.sender.isMyself(name, port);
  const { nextHop, path } = wayTo(binding, script.pathCheckLocal ? isOurs : null);
  target.uri = binding.uri;
  target.dstUri = nextHop;
  target.path = path;
  target.socket = binding.socket === '' ? null : findSocket(host.sender.sockets, binding.socket, 'udp');
  target.flags = binding.cflags;
  target.q = binding.q;
  target.ruid = binding.ruid;
  target.instance = binding.instance;
  target.locationUa = binding.userAgent;
}

/** Adds contacts as branches. @returns false when there is no room for all */
function append(m: RegistrarModule, ctx: ScriptContext, bindings: readonly Binding[]): boolean {
  const { state } = ctx;
  for (const binding of bindings) {
    // The main target counts as a branch.
    if (state.branches.length + 1 >= m.host.settings.maxBranches) {
      const text = `max_branches is reached: contacts of ${binding.aor} are left out`;
      m.host.log.write(L_WARN, 'registrar', text, 'APPEND_BRANCH_FULL');
      return false;
    }
    const target = new Target(binding.uri);
    aim(m, target, binding);
    state.branches.push(target);
  }
  return true;
}

/** lookup(): the first contact becomes the destination, the others branches. */
export function lookup(m: RegistrarModule, ctx: ScriptContext, name: string, given: string): number | Promise<number> {
  const uri = given === '' ? ctx.target.uri : given;
  return withRecord(m, name, uri, (table, aor) => {
    const found = find(m, ctx, table, aor, uri);
    if (typeof found === 'number') return found;
    const [first, ...others] = found;
    if (first === undefined) return -1;
    aim(m, ctx.target, first);
    ctx.state.flags |= first.flags;
    tellAll(m, ctx, m.script.appendBranches ? found : [first]);
    if (m.script.appendBranches) append(m, ctx, others);
    return 1;
  });
}

/** lookup_to_dset(): every contact becomes a branch; the destination stays. */
export function lookupToSet(
  m: RegistrarModule,
  ctx: ScriptContext,
  name: string,
  given: string,
): number | Promise<number> {
  const uri = given === '' ? ctx.target.uri : given;
  return withRecord(m, name, uri, (table, aor) => {
    const found = find(m, ctx, table, aor, uri);
    if (typeof found === 'number') return found;
    tellAll(m, ctx, found);
    // Numbers are those of the branches: the destination is the first.
    restore(m, ctx, [null]);
    append(m, ctx, found);
    return 1;
  });
}

/** lookup_branches(): the destination and each branch that is an address of record become its contacts. */
export async function lookupBranches(m: RegistrarModule, ctx: ScriptContext, name: string): Promise<number> {
  let code = await lookup(m, ctx, name, '');
  for (const branch of [...ctx.state.branches]) {
    // Contacts that the lookup before added.
    if (branch.ruid !== '') continue;
    const uri = branch.uri;
    const done = await withRecord(m, name, uri, (table, aor) => {
      const found = find(m, ctx, table, aor, uri);
      if (typeof found === 'number') return found;
      const [first, ...others] = found;
      if (first === undefined) return -1;
      aim(m, branch, first);
      tellAll(m, ctx, m.script.appendBranches ? found : [first], true);
      if (m.script.appendBranches) append(m, ctx, others);
      return 1;
    });
    if (done === 1) code = 1;
  }
  return code;
}

/** Bits of registered(): what has to be as the script orders (xavp_cfg). */
const MATCH_CALLID = 1;
const MATCH_RECEIVED = 2;
const MATCH_CONTACT = 4;
/** Its actions: the attributes of the contact that was found come back; it is not told of. */
const ACTION_RESTORE = 1;
const ACTION_QUIET = 2;

export function registered(
  m: RegistrarModule,
  ctx: ScriptContext,
  name: string,
  given: string,
  match: number,
  action: number,
): number | Promise<number> {
  const own = ctx.message.isRequest ? ctx.target.uri : (ctx.message.to?.uri ?? '');
  const uri = given === '' ? own : given;
  const wanted = (bit: number, field: string): string | null => {
    const value = (match & bit) === 0 ? undefined : order(m, ctx, field);
    return value === undefined ? null : `${value}`;
  };
  const callId = wanted(MATCH_CALLID, 'match_callid');
  const received = wanted(MATCH_RECEIVED, 'match_received');
  const contact = wanted(MATCH_CONTACT, 'match_contact');
  return withRecord(m, name, uri, (table, aor) => {
    const found = table.bindings
      .list(aor, m.location.now)
      .find(
        (binding) =>
          (callId === null || binding.callId === callId) &&
          (received === null || binding.received === received) &&
          (contact === null || binding.uri === contact),
      );
    if (found === undefined) return -1;
    if ((action & ACTION_RESTORE) !== 0) restore(m, ctx, [found]);
    if ((action & ACTION_QUIET) === 0) tell(m, ctx, [found]);
    return 1;
  });
}

/** unregister()'s code for a contact that is not there. */
const NO_CONTACT = -3;

/** unregister(): removes an address of record, or one contact of it. */
export async function unregister(m: RegistrarModule, name: string, uri: string, ruid: string): Promise<number> {
  const table = await tableFor(m, name);
  if (table === null) return NO_TABLE;
  if (uri === '') {
    const named = table.bindings.byName(ruid);
    return named === null ? NO_CONTACT : remove(m, table, [named]);
  }
  const aor = aorKey(uri, m.settings);
  if (aor === null) return fail(m, 'unregister', `"${uri}" is no address of record`, 'REGISTRAR_BAD_ADDRESS');
  await m.location.refresh(table, aor);
  const all = table.bindings.of(aor);
  if (ruid === '') return remove(m, table, all);
  const chosen = all.filter((binding) => binding.ruid === ruid);
  return chosen.length === 0 ? NO_CONTACT : remove(m, table, chosen);
}

async function remove(m: RegistrarModule, table: LocationTable, bindings: readonly Binding[]): Promise<number> {
  for (const binding of bindings) table.bindings.remove(binding);
  await m.location.settle(
    table,
    bindings.map(({ ruid }) => ruid),
  );
  return 1;
}
