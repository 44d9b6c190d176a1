import type { CallDialog, DialogLeg } from '../../dialog/call-dialog.ts';
import { CONFIRMED, DELETED } from '../../dialog/dialog-state.ts';
import { RpcArray, RpcStruct, type RpcValue, struct } from '../../rpc/value.ts';
import { fromBytes } from '../../script/utf8.ts';
import type { ListenSocket } from '../../transport/transport.ts';

/** `proto:address:port`, as the original names a socket. */
export function socketText(socket: ListenSocket | null): string {
  if (socket === null) return '';
  const { proto, address, port, family } = socket;
  return `${proto}:${family === 6 ? `[${address}]` : address}:${port}`;
}

/** The original's flags of a dialog: answered, acknowledged, over; variables changed; with a transaction; profiles changed. */
export function dialogFlags(dialog: CallDialog): number {
  const { state, startAt } = dialog;
  let flags = 0x200;
  if (startAt > 0) flags |= 1;
  if (startAt > 0 && state >= CONFIRMED) flags |= 2;
  if (startAt > 0 && state === DELETED) flags |= 4;
  if (dialog.variablesChanged) flags |= 0x80;
  if (dialog.profilesChanged) flags |= 0x400;
  return flags;
}

/** Who holds it: the table, and its timer while its lifetime runs. */
export function references({ expiresAt }: CallDialog): number {
  return expiresAt === 0 ? 1 : 2;
}

function leg({ tag, contact, cseq, routes, socket }: DialogLeg): RpcStruct {
  const known = tag !== '';
  const shown = (text: string): RpcValue => (known ? fromBytes(text) : null);
  return struct({
    tag: shown(tag),
    contact: shown(contact),
    cseq: shown(`${cseq}`),
    route_set: shown(routes.join(',')),
    socket: shown(socketText(socket)),
  });
}

/** The profiles of a call, the latest first: names of those without values, one struct for each with a value. */
function profiles({ profiles: links }: CallDialog): RpcArray {
  return new RpcArray(
    links
      .toReversed()
      .map(({ profile, value }) => (value === null ? profile : new RpcStruct([[profile, fromBytes(value)]]))),
  );
}

/** The variables, the latest first. Of a call that is over the original has none any more. */
function variables({ variables: texts, isOver }: CallDialog): RpcArray {
  if (isOver) return new RpcArray([]);
  return new RpcArray([...texts].reverse().map(([name, value]) => new RpcStruct([[name, fromBytes(value)]])));
}

/** All of a call, as dlg.list shows it. @param now seconds since 1970 */
export function dialogRecord(dialog: CallDialog, now: number): RpcStruct {
  const { startAt, endAt } = dialog;
  return struct({
    h_entry: dialog.entry,
    h_id: dialog.id,
    ref: references(dialog),
    'call-id': fromBytes(dialog.callId),
    from_uri: fromBytes(dialog.fromUri),
    to_uri: fromBytes(dialog.toUri),
    state: dialog.state,
    start_ts: startAt,
    init_ts: dialog.initAt,
    end_ts: endAt,
    duration: startAt === 0 ? 0 : (endAt || now) - startAt,
    timeout: dialog.timeoutAt,
    lifetime: dialog.lifetime,
    dflags: dialogFlags(dialog),
    sflags: dialog.flags,
    iflags: dialog.properties,
    caller: leg(dialog.caller),
    callee: leg(dialog.callee),
    profiles: profiles(dialog),
    variables: variables(dialog),
  });
}

/** Members of dlg.briefing by the letter that asks for them. */
const BRIEF: Readonly<Record<string, readonly [name: string, read: (dialog: CallDialog) => RpcValue]>> = {
  f: ['from_uri', ({ fromUri }) => fromBytes(fromUri)],
  t: ['to_uri', ({ toUri }) => fromBytes(toUri)],
  c: ['call-id', ({ callId }) => fromBytes(callId)],
  F: ['from_tag', ({ caller }) => fromBytes(caller.tag)],
  T: ['to_tag', ({ callee }) => (callee.tag === '' ? null : fromBytes(callee.tag))],
  I: ['init_ts', ({ initAt }) => initAt],
  S: ['start_ts', ({ startAt }) => startAt],
  E: ['end_ts', ({ endAt }) => endAt],
  s: ['state', ({ state }) => state],
};

/** Some of a call, as dlg.briefing shows it. @param letters which members, in this order */
export function dialogSummary(dialog: CallDialog, letters: string): RpcStruct {
  const members: (readonly [string, RpcValue])[] = [
    ['h_entry', dialog.entry],
    ['h_id', dialog.id],
  ];
  for (const letter of letters) {
    const found = Object.hasOwn(BRIEF, letter) ? BRIEF[letter] : undefined;
    if (found !== undefined) members.push([found[0], found[1](dialog)]);
  }
  return new RpcStruct(members);
}

/** One line of dlg.dump_file: the members of dlg.list by the original's JSON names. */
export function dialogJson(dialog: CallDialog): string {
  const side = ({ tag, contact, cseq, routes, socket }: DialogLeg): object =>
    tag === ''
      ? {}
      : {
          tag: fromBytes(tag),
          contact: fromBytes(contact),
          cseq: `${cseq}`,
          route_set: fromBytes(routes.join(',')),
          socket: socketText(socket),
        };
  return JSON.stringify({
    h_entry: dialog.entry,
    h_id: dialog.id,
    ref: references(dialog),
    call_id: fromBytes(dialog.callId),
    from_uri: fromBytes(dialog.fromUri),
    to_uri: fromBytes(dialog.toUri),
    state: dialog.state,
    start_ts: dialog.startAt,
    init_ts: dialog.initAt,
    end_ts: dialog.endAt,
    timeout: dialog.timeoutAt,
    lifetime: dialog.lifetime,
    dflags: dialogFlags(dialog),
    sflags: dialog.flags,
    iflags: dialog.properties,
    caller: side(dialog.caller),
    callee: side(dialog.callee),
    // A name may stand several times in the original; here its last value does.
    profiles: Object.fromEntries(dialog.profiles.map(({ profile, value }) => [profile, fromBytes(value ?? '')])),
    variables: Object.fromEntries([...dialog.variables].map(([name, value]) => [name, fromBytes(value)])),
  });
}
