import type { RequestState } from '../proxy/request-state.ts';
import type { IdentityChange, IdentityHeader } from './header-shape.ts';
import type { StoredIdentity } from './identity-vault.ts';

/** Texts that live with a dialog; the dialog module offers it (restore_dlg). */
export interface DialogTexts {
  /** The request that asks goes from the called side to the calling one. */
  readonly upstream: boolean;
  get(name: string): string | null;
  set(name: string, value: string): void;
}

/** What the dialog module knows about a request's dialog. */
export interface IdentityDialogs {
  /** The dialog that the request begins or belongs to; null when none is kept. */
  of(state: RequestState): DialogTexts | null;
}

/** Names of Kamailio's dialog variables, and one of ours that tells a removed display name from one that was let alone. */
const NAMES = {
  from: {
    uri: '_uac_fu',
    newUri: '_uac_funew',
    display: '_uac_fdp',
    newDisplay: '_uac_fdpnew',
    keeps: '_uac_fdpkeep',
  },
  to: { uri: '_uac_to', newUri: '_uac_tonew', display: '_uac_tdp', newDisplay: '_uac_tdpnew', keeps: '_uac_tdpkeep' },
} as const;

type Names = Readonly<Record<keyof (typeof NAMES)['from'], string>>;

/** Names of what one of several answering sides was shown; only what branches differ in has them. */
function namesOf(header: IdentityHeader, tag: string): Names {
  const names = NAMES[header];
  return {
    ...names,
    newUri: `${names.newUri}:${tag}`,
    newDisplay: `${names.newDisplay}:${tag}`,
    keeps: `${names.keeps}:${tag}`,
  };
}

function writeShown(texts: DialogTexts, names: Names, { uri, display }: IdentityChange, own: string): void {
  texts.set(names.newUri, uri ?? own);
  texts.set(names.newDisplay, display ?? '');
  const keeps = display === null;
  if (keeps || texts.get(names.keeps) !== null) texts.set(names.keeps, keeps ? '1' : '0');
}

function readShown(texts: DialogTexts, names: Names): IdentityChange {
  const uri = texts.get(names.newUri);
  return {
    uri: uri === null || uri === '' ? null : uri,
    display: texts.get(names.keeps) === '1' ? null : (texts.get(names.newDisplay) ?? ''),
  };
}

/**
 * Writes a replaced identity into its dialog, as Kamailio does with restore_dlg (uac README): the original of the first change stays, what is
 * shown is that of the last.
 * @param own the caller's identity as received
 * @returns whether another branch was shown something else before
 */
export function storeInDialog(
  texts: DialogTexts,
  header: IdentityHeader,
  own: { readonly display: string; readonly uri: string },
  change: IdentityChange,
): boolean {
  const names = NAMES[header];
  const first = texts.get(names.uri) === null;
  const differs = !first && !isShown(texts, names, change, own.uri);
  // In the original's order, which its commands show.
  if (first) texts.set(names.uri, own.uri);
  texts.set(names.newUri, change.uri ?? own.uri);
  if (first) texts.set(names.display, own.display);
  writeShown(texts, names, change, own.uri);
  return differs;
}

function isShown(texts: DialogTexts, names: Names, { uri, display }: IdentityChange, own: string): boolean {
  const shown = readShown(texts, names);
  return shown.uri === (uri ?? own) && shown.display === display;
}

/**
 * A side has answered a forked INVITE: its tag names what its branch was shown, where branches differ. Kamailio knows only what the last branch
 * got.
 * @param forked branches are known to differ
 * @param answered the call is this one's now
 */
export function storeAnswered(
  texts: DialogTexts,
  header: IdentityHeader,
  tag: string,
  change: IdentityChange,
  { forked, answered }: { readonly forked: boolean; readonly answered: boolean },
): void {
  const own = texts.get(NAMES[header].uri);
  if (own === null || (!forked && isShown(texts, NAMES[header], change, own))) return;
  writeShown(texts, namesOf(header, tag), change, own);
  // What the server itself sends in the call looks here.
  if (forked && answered) writeShown(texts, NAMES[header], change, own);
}

/**
 * The identity that a dialog keeps for a header; null when it has none.
 * @param tag of the called side
 */
export function storedInDialog(texts: DialogTexts, header: IdentityHeader, tag: string): StoredIdentity | null {
  const names = NAMES[header];
  const uri = texts.get(names.uri);
  if (uri === null) return null;
  const mine = namesOf(header, tag);
  return {
    original: { display: texts.get(names.display) ?? '', uri },
    shown: readShown(texts, texts.get(mine.newUri) === null ? names : mine),
  };
}
