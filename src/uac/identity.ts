import { HDR_FROM, HDR_TO } from '../message/header-name.ts';
import type { SipMessage } from '../message/message.ts';
import { type NameAddr, parseNameAddr } from '../message/name-addr.ts';
import { hasCrlf, unfold } from '../message/sanitize.ts';
import type { Branch } from '../proxy/branch.ts';
import type { ReplyTransform, RequestState } from '../proxy/request-state.ts';
import { type IdentityChange, type IdentityHeader, identityEnd, shapeHeader, UNCHANGED } from './header-shape.ts';
import { type DialogTexts, type IdentityDialogs, storeAnswered, storeInDialog } from './identity-dialog.ts';
import { type IdentityVault, identityContext } from './identity-vault.ts';
import { encodePair } from './rr-store.ts';
import { type Slot, slot } from './slot.ts';

/** How replaced identities come back (`restore_mode`). */
export type RestoreMode = 'none' | 'manual' | 'auto';

/**
 * Where both identities of a dialog are kept (`restore_store`, `restore_dlg`): in Kamailio's Record-Route parameter, which servers of both kinds
 * read; in one of ours, sealed; or with the dialog, and in Kamailio's parameter for requests without one.
 */
export type RestoreStore = 'kamailio' | 'sealed' | 'dialog';

/** Names that belong to one header. */
export interface IdentityNames {
  /** Record-Route URI parameter with both URIs (rr_from_store_param, rr_to_store_param). */
  readonly uriParam: string;
  /** Record-Route URI parameter of ours, sealed: display names, and URIs as well where {@link IdentitySettings.store} says so. */
  readonly displayParam: string;
  /** AVP that keeps the original for replies; null for none. */
  readonly avp: string | null;
}

/** Settings of identity replacement. */
export interface IdentitySettings {
  readonly mode: RestoreMode;
  readonly from: IdentityNames;
  readonly to: IdentityNames;
  /** restore_passwd. */
  readonly password: string;
  readonly vault: IdentityVault;
  readonly store: RestoreStore;
  /** The dialogs, for store `dialog`; null while there are none. */
  readonly dialogs: IdentityDialogs | null;
}

const CHANGES: Readonly<Record<IdentityHeader, Slot<IdentityChange>>> = {
  from: slot('uac from'),
  to: slot('uac to'),
};

/** Branches show different identities; undefined before the dialog knows of any. */
const FORKED: Readonly<Record<IdentityHeader, Slot<boolean>>> = {
  from: slot('uac from forked'),
  to: slot('uac to forked'),
};

/** Longer display names are not carried through a dialog, characters. */
const MAX_DISPLAY = 256;

/** What a header of the request, or of one branch, was changed to; undefined when it was not. */
export function changeOf(of: RequestState | Branch, header: IdentityHeader): IdentityChange | undefined {
  return CHANGES[header].get(of);
}

/** Books a change, so that a later one can build on it. */
export function bookChange(of: RequestState | Branch, header: IdentityHeader, change: IdentityChange): void {
  CHANGES[header].set(of, change);
}

export function otherHeader(header: IdentityHeader): IdentityHeader {
  return header === 'from' ? 'to' : 'from';
}

/** The header's value as received, or null when it is unreadable. */
export function headerOf(message: SipMessage, header: IdentityHeader): NameAddr | null {
  return header === 'from' ? message.from : message.to;
}

/** What stands before tag and parameters, as received but on one line: display name and URI. */
export function identityText(message: SipMessage, header: IdentityHeader): string | null {
  const value = headerOf(message, header);
  return value === null ? null : unfold(message.raw.slice(value.start, identityEnd(value)));
}

/**
 * Puts a change into force for a request or one branch: the header's edits, and unless the mode is none the way back for replies and for
 * later requests of the dialog.
 * @param branch null: for every branch
 * @returns false when the header is unreadable
 */
export function applyChange(
  state: RequestState,
  branch: Branch | null,
  header: IdentityHeader,
  change: IdentityChange,
  settings: IdentitySettings,
): boolean {
  const level = branch ?? state;
  const { message, pristine } = state;
  const value = headerOf(message, header);
  const own = headerOf(pristine, header);
  if (value === null || own === null) return false;
  bookChange(level, header, change);
  shapeHeader(message.raw, value, header, change, level.edits, branch === null ? null : state.edits);
  if (settings.mode === 'none') return true;
  level.addReplyTransform(REPLY[header](settings[header].avp));
  keep(state, level, header, own, change, settings);
  return true;
}

/** Keeps what later requests of the dialog are restored from. */
function keep(
  state: RequestState,
  level: RequestState | Branch,
  header: IdentityHeader,
  own: NameAddr,
  change: IdentityChange,
  { store, dialogs, vault, password, [header]: names }: IdentitySettings,
): void {
  const { pristine } = state;
  const text = unfold(own.display);
  const original = { display: text.length > MAX_DISPLAY ? '' : text, uri: own.uri };
  const dialog = store === 'dialog' ? (dialogs?.of(state) ?? null) : null;
  if (dialog !== null) {
    const differs = storeInDialog(dialog, header, original, change);
    watchAnswers(state, header, dialog, differs);
    return;
  }
  const { uriParam, displayParam } = names;
  const sealed = store === 'sealed';
  // The first request's own identity is what the caller knows, whatever was changed or applied since.
  if (change.uri !== null && !sealed)
    level.routeParams.set(uriParam, `;${uriParam}=${encodePair(own.uri, change.uri, password)}`);
  if ((pristine.to?.tag ?? '') !== '' || (change.display === null && !sealed)) return;
  const stored = sealed
    ? { original, shown: change }
    : { original: { ...original, uri: '' }, shown: { ...change, uri: null } };
  const value = vault.seal(identityContext(pristine, header, false), stored);
  level.routeParams.set(displayParam, `;${displayParam}=${value}`);
}

/** Which branch a called side is on shows when it replies. */
function watchAnswers(state: RequestState, header: IdentityHeader, dialog: DialogTexts, differs: boolean): void {
  const known = FORKED[header].get(state);
  FORKED[header].set(state, known === true || differs);
  if (known !== undefined) return;
  state.replyWatchers.push((_state, status, reply, branch) => {
    const tag = reply?.to?.tag ?? '';
    if (branch === null || tag === '' || status <= 100 || status > 299) return;
    const change = changeOf(branch, header) ?? changeOf(state, header) ?? UNCHANGED;
    const forked = FORKED[header].get(state) === true;
    storeAnswered(dialog, header, tag, change, { forked, answered: status >= 200 });
  });
}

/** Repeats a branch's own identities on the branch that takes its place (a challenge was answered). */
export function carryIdentities(state: RequestState, from: Branch, to: Branch, settings: IdentitySettings): void {
  for (const header of ['from', 'to'] as const) {
    const change = changeOf(from, header);
    if (change !== undefined) applyChange(state, to, header, change, settings);
  }
}

const REPLY: Readonly<Record<IdentityHeader, (avp: string | null) => ReplyTransform>> = {
  from: (avp) => replyTransform('from', avp),
  to: (avp) => replyTransform('to', avp),
};

/** Replies show the requester the identities that it sent; tag and parameters are the reply's. */
export function replyTransform(header: IdentityHeader, avp: string | null): ReplyTransform {
  return {
    key: header,
    apply(state, _branch, reply, edits) {
      const kept = avp === null ? undefined : state.attributes.avps.get(avp);
      const usable = kept !== undefined && kept !== '' && !hasCrlf(`${kept}`);
      const text = usable ? `${kept}` : identityText(state.pristine, header);
      const field = reply.find(header === 'from' ? HDR_FROM : HDR_TO);
      if (text === null || field === undefined) return;
      const value = parseNameAddr(reply.raw, field.valueStart, field.valueEnd);
      if (value !== null) {
        edits.replace(value.start, identityEnd(value), text, header);
        return;
      }
      // Unreadable, as peers make it of what they could not read themselves: nothing of it is worth keeping but the tag.
      const tag = /;\s*tag\s*=\s*([^\s;,"<>]+)/i.exec(reply.valueOf(field))?.[1];
      edits.replace(field.valueStart, field.valueEnd, tag === undefined ? text : `${text};tag=${tag}`, header);
    },
  };
}
