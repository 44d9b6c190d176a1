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

/**
 * Writes a replaced identity into its dialog, as Kamailio does with restore_dlg (uac README): the original of the first change stays, what is
 * shown is that of the last.
 * @param own the caller's identity as received
 */
export function storeInDialog(
  texts: DialogTexts,
  header: IdentityHeader,
  own: { readonly display: string; readonly uri: string },
  change: IdentityChange,
): void {
  const names = NAMES[header];
  // In the original's order, which its commands show.
  const first = texts.get(names.uri) === null;
  if (first) texts.set(names.uri, own.uri);
  texts.set(names.newUri, change.uri ?? own.uri);
  if (first) texts.set(names.display, own.display);
  texts.set(names.newDisplay, change.display ?? '');
  const keeps = change.display === null;
  if (keeps || texts.get(names.keeps) !== null) texts.set(names.keeps, keeps ? '1' : '0');
}

/** The identity that a dialog keeps for a header; null when it has none. */
export function storedInDialog(texts: DialogTexts, header: IdentityHeader): StoredIdentity | null {
  const names = NAMES[header];
  const uri = texts.get(names.uri);
  if (uri === null) return null;
  const shownUri = texts.get(names.newUri);
  const keeps = texts.get(names.keeps) === '1';
  return {
    original: { display: texts.get(names.display) ?? '', uri },
    shown: {
      uri: shownUri === null || shownUri === '' ? null : shownUri,
      display: keeps ? null : (texts.get(names.newDisplay) ?? ''),
    },
  };
}
