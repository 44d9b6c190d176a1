import { CallDialog, type DialogLeg, type DialogOwner } from '../../dialog/call-dialog.ts';
import type { DialogProfiles, ProfileLink } from '../../dialog/dialog-profiles.ts';
import type { DialogState } from '../../dialog/dialog-state.ts';
import { fromBytes, toBytes } from '../../script/utf8.ts';
import type { DialogRow } from '../../storage/dialog-store.ts';
import type { ListenSocket } from '../../transport/transport.ts';
import { socketByName } from '../uac/socket-name.ts';
import { socketText } from './record.ts';

/** Names of variables that only the database sees: what the original’s table has no column for. */
const OWN = '_trunkline_';

/** Longest text of a variable in the table. */
const MAX_VALUE = 512;

function legTexts(dialog: CallDialog): Map<string, string> {
  const { caller, callee, otherTags, fromUri, toUri } = dialog;
  const texts = new Map<string, string>();
  const put = (name: string, value: string, known: string): void => {
    if (value !== '' && value !== known && value.length <= MAX_VALUE) texts.set(OWN + name, value);
  };
  put('caller_self', caller.self, `<${fromUri}>`);
  put('caller_peer', caller.peer, `<${toUri}>`);
  put('callee_self', callee.self, `<${toUri}>`);
  put('callee_peer', callee.peer, `<${fromUri}>`);
  put('caller_seen', `${caller.seen}`, `${callee.cseq}`);
  put('callee_seen', `${callee.seen}`, `${caller.cseq}`);
  put('lifetime', `${dialog.lifetime}`, '');
  put('other_tags', otherTags.join(' '), '');
  return texts;
}

/** A call as its row. */
export function rowOfDialog(dialog: CallDialog): DialogRow {
  const { caller, callee } = dialog;
  const variables = new Map<string, string>();
  for (const [name, value] of [...dialog.variables, ...legTexts(dialog)])
    variables.set(fromBytes(name), fromBytes(value));
  const profiles = dialog.profiles.map(({ profile, value }, at) => ({
    name: profile,
    ...(value === null ? {} : { value: fromBytes(value) }),
    puid: `${dialog.entry}-${dialog.id}-${at}`,
  }));
  return {
    entry: dialog.entry,
    id: dialog.id,
    callId: fromBytes(dialog.callId),
    fromUri: fromBytes(dialog.fromUri),
    fromTag: fromBytes(caller.tag),
    toUri: fromBytes(dialog.toUri),
    toTag: fromBytes(callee.tag),
    callerCSeq: `${caller.cseq}`,
    calleeCSeq: `${callee.cseq}`,
    callerRoutes: fromBytes(caller.routes.join(',')),
    calleeRoutes: fromBytes(callee.routes.join(',')),
    callerContact: fromBytes(caller.contact),
    calleeContact: fromBytes(callee.contact),
    callerSocket: socketText(caller.socket),
    calleeSocket: socketText(callee.socket),
    state: dialog.state,
    startTime: dialog.startAt,
    timeout: dialog.timeoutAt,
    scriptFlags: dialog.flags,
    properties: dialog.properties,
    timeoutRoute: dialog.timeoutRoute,
    requestUri: fromBytes(dialog.requestUri),
    extra: profiles.length === 0 ? '' : JSON.stringify({ profiles }),
    variables,
  };
}

/** Route sets are lists of name-addrs, in which commas stand only between brackets or quotes. */
function routeList(text: string): string[] {
  return (text.match(/(?:"(?:[^"\\]|\\.)*"|<[^>]*>|[^,"<])+/g) ?? [])
    .map((one) => one.trim())
    .filter((one) => one !== '');
}

/** Profiles of the JSON text that the original writes; what cannot be read, or is no profile of ours, is left out. */
function linksOf(extra: string, profiles: DialogProfiles): ProfileLink[] {
  if (extra === '') return [];
  let parsed: unknown;
  try {
    parsed = JSON.parse(extra);
  } catch {
    return [];
  }
  const list = (parsed as { profiles?: unknown } | null)?.profiles;
  if (!Array.isArray(list)) return [];
  const links: ProfileLink[] = [];
  for (const one of list as readonly { name?: unknown; value?: unknown }[]) {
    if (typeof one?.name !== 'string') continue;
    const link = profiles.link(one.name, typeof one.value === 'string' ? toBytes(one.value) : null);
    if (link !== null) links.push(link);
  }
  return links;
}

interface RowLeg {
  readonly tag: string;
  readonly contact: string;
  readonly routes: string;
  readonly cseq: string;
  readonly socket: string;
}

function fillLeg(leg: DialogLeg, row: RowLeg, sockets: readonly ListenSocket[]): void {
  leg.tag = toBytes(row.tag);
  leg.contact = toBytes(row.contact);
  leg.routes = routeList(toBytes(row.routes));
  leg.cseq = Number(row.cseq) || 0;
  leg.socket = socketByName(sockets, row.socket);
}

/**
 * The call that a row is about, of a table that this server or Kamailio wrote.
 * @param lifetime seconds where the row does not say
 * @returns null for a row that is none: without Call-ID or tag, or of a call that is over
 */
export function dialogOfRow(
  row: DialogRow,
  owner: DialogOwner,
  parts: { readonly sockets: readonly ListenSocket[]; readonly profiles: DialogProfiles; readonly lifetime: number },
): CallDialog | null {
  const { entry, id, state } = row;
  if (row.callId === '' || row.fromTag === '' || state < 1 || state > 4) return null;
  const dialog = new CallDialog(
    {
      entry,
      id,
      callId: toBytes(row.callId),
      fromUri: toBytes(row.fromUri),
      toUri: toBytes(row.toUri),
      requestUri: toBytes(row.requestUri),
    },
    owner,
  );
  const { caller, callee } = dialog;
  const { sockets, profiles, lifetime } = parts;
  fillLeg(
    caller,
    {
      tag: row.fromTag,
      contact: row.callerContact,
      routes: row.callerRoutes,
      cseq: row.callerCSeq,
      socket: row.callerSocket,
    },
    sockets,
  );
  fillLeg(
    callee,
    {
      tag: row.toTag,
      contact: row.calleeContact,
      routes: row.calleeRoutes,
      cseq: row.calleeCSeq,
      socket: row.calleeSocket,
    },
    sockets,
  );
  const own = new Map<string, string>();
  for (const [name, value] of row.variables) {
    if (name.startsWith(OWN)) own.set(name.slice(OWN.length), toBytes(value));
    else dialog.variables.set(toBytes(name), toBytes(value));
  }
  const text = (name: string, other: string): string => own.get(name) ?? other;
  caller.self = text('caller_self', `<${dialog.fromUri}>`);
  caller.peer = text('caller_peer', `<${dialog.toUri}>`);
  callee.self = text('callee_self', `<${dialog.toUri}>`);
  callee.peer = text('callee_peer', `<${shownUri(dialog)}>`);
  caller.seen = Number(text('caller_seen', '')) || callee.cseq;
  callee.seen = Number(text('callee_seen', '')) || caller.cseq;
  dialog.otherTags = text('other_tags', '')
    .split(' ')
    .filter((tag) => tag !== '');
  dialog.state = state as DialogState;
  dialog.initAt = row.startTime;
  dialog.startAt = row.startTime;
  dialog.lifetime = Number(text('lifetime', '')) || lifetime;
  dialog.flags = row.scriptFlags;
  dialog.properties = row.properties;
  dialog.timeoutRoute = row.timeoutRoute;
  dialog.profiles = linksOf(row.extra, profiles);
  return dialog;
}

/** The caller as the called side knows it: uac's restore_dlg keeps a replaced URI among the variables. */
function shownUri({ variables, fromUri }: CallDialog): string {
  return variables.get('_uac_funew') || fromUri;
}
