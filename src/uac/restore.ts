import type { NameAddr } from '../message/name-addr.ts';
import { paramValue } from '../message/params.ts';
import type { OwnRoute, RequestState } from '../proxy/request-state.ts';
import { DONE, failed, type UacResult } from './errors.ts';
import { type IdentityChange, type IdentityHeader, shapeHeader, UNCHANGED } from './header-shape.ts';
import { bookChange, headerOf, type IdentitySettings, otherHeader, replyTransform } from './identity.ts';
import { storedInDialog } from './identity-dialog.ts';
import { identityContext, type StoredIdentity } from './identity-vault.ts';
import { decodeAltered } from './rr-store.ts';
import { slot } from './slot.ts';

const RESTORED = { from: slot<boolean>('uac from restored'), to: slot<boolean>('uac to restored') };

/** Told about data that could not be used. */
export type RestoreReport = (code: 'UAC_RESTORE_MISMATCH' | 'UAC_DISPLAY_LOST', text: string) => void;

/**
 * Puts the identity that belongs on the other side into an in-dialog request that came by our Record-Route (uac_restore_from, uac_restore_to;
 * by itself in mode auto). The data of From act on From in the dialog's first direction and on To in the other. Its replies show the
 * requester what it sent.
 *
 * Done once a request. A URI that does not belong to the stored pair is left alone.
 * @param header whose data: of the replaced From or of the replaced To
 * @returns done, or UAC_NOTHING_TO_RESTORE when nothing was to be changed
 */
export function restoreIdentity(
  state: RequestState,
  route: OwnRoute,
  header: IdentityHeader,
  settings: IdentitySettings,
  report: RestoreReport,
): UacResult {
  const nothing = failed('UAC_NOTHING_TO_RESTORE', `no data for ${header}`);
  if (settings.mode === 'none' || RESTORED[header].get(state) === true) return nothing;
  const { message } = state;
  const dialog = settings.store === 'dialog' ? (settings.dialogs?.of(state) ?? null) : null;
  const upstream = dialog?.upstream ?? route.upstream;
  const on = upstream ? otherHeader(header) : header;
  const value = headerOf(message, on);
  if (value === null) return nothing;
  const kept =
    dialog === null ? null : storedInDialog(dialog, header, (upstream ? message.from : message.to)?.tag ?? '');
  const change = kept === null ? fromRoute(state, route, header, value, settings, report) : changeTo(kept, upstream);
  if (change.uri === null && change.display === null) return nothing;
  RESTORED[header].set(state, true);
  bookChange(state, on, change);
  shapeHeader(message.raw, value, on, change, state.edits);
  // Not the AVP's: that is of the dialog's first transaction.
  state.addReplyTransform(replyTransform(on, null));
  return DONE;
}

/** What puts the other side's identity into a message: what the caller sent, or what it is shown as. */
function changeTo({ original, shown }: StoredIdentity, upstream: boolean): IdentityChange {
  if (!upstream) return shown;
  // Only what was replaced comes back: the called side may know another name of its own accord.
  return {
    uri: shown.uri === null || original.uri === '' ? null : original.uri,
    display: shown.display === null ? null : original.display,
  };
}

/** The change that the parameters of our Route ask for. They stay in the route set of an endpoint that takes it from this request's Record-Route. */
function fromRoute(
  state: RequestState,
  { params, upstream }: OwnRoute,
  header: IdentityHeader,
  value: NameAddr,
  settings: IdentitySettings,
  report: RestoreReport,
): IdentityChange {
  const { message } = state;
  const { uriParam, displayParam } = settings[header];
  const pair = paramValue(params, uriParam.toLowerCase());
  const sealed = paramValue(params, displayParam.toLowerCase());
  let change: IdentityChange = UNCHANGED;
  if (sealed !== undefined) {
    state.routeParams.set(displayParam, `;${displayParam}=${sealed}`);
    const stored = settings.vault.open(identityContext(message, header, upstream), sealed);
    // A name that cannot be read is left out: it may be the one that was to be hidden.
    if (stored === null)
      report('UAC_DISPLAY_LOST', `${message.method} ${message.callId}: sealed identity of ${header}`);
    change = stored === null ? { uri: null, display: '' } : changeTo(stored, upstream);
  }
  if (pair !== undefined && change.uri === null) {
    state.routeParams.set(uriParam, `;${uriParam}=${pair}`);
    const uri = decodeAltered(pair, value.uri, settings.password);
    if (uri === null)
      report(
        'UAC_RESTORE_MISMATCH',
        `${message.method} ${message.callId}: ${header} ${value.uri} is not what was stored`,
      );
    else change = { ...change, uri };
  }
  return change;
}

/** All that mode auto does when a request came by our Record-Route. */
export function restoreAll(
  state: RequestState,
  route: OwnRoute,
  settings: IdentitySettings,
  report: RestoreReport,
): void {
  if (settings.mode !== 'auto') return;
  restoreIdentity(state, route, 'from', settings, report);
  restoreIdentity(state, route, 'to', settings, report);
}
