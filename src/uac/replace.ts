import { trimBlanks } from '../message/sanitize.ts';
import type { Branch } from '../proxy/branch.ts';
import type { RequestState } from '../proxy/request-state.ts';
import { DONE, failed, type UacResult } from './errors.ts';
import { displayName, type IdentityHeader, identityUri, UNCHANGED } from './header-shape.ts';
import { applyChange, changeOf, headerOf, type IdentitySettings, identityText } from './identity.ts';
import { slot } from './slot.ts';

const KEPT = { from: slot<boolean>('uac from kept'), to: slot<boolean>('uac to kept') };

/** What a script wants a header to show. */
export interface WantedIdentity {
  /** Absent: the display name stays; empty: it is removed; null: a variable without a value, which is refused. */
  readonly display?: string | null;
  /** Empty: the URI stays. */
  readonly uri: string | null;
}

/**
 * Replaces the identity in From or To (uac_replace_from, uac_replace_to). May be called any number of times, in request and branch routes: the
 * last value counts, a branch's over the request's, and what is restored is always the original.
 * @param branch the branch in a branch_route, null for the request
 * @returns done, or UAC_NULL_VALUE, UAC_BAD_VALUE, UAC_NO_HEADER or UAC_SEQUENTIAL_REQUEST; nothing was changed then
 */
export function replaceIdentity(
  state: RequestState,
  branch: Branch | null,
  header: IdentityHeader,
  wanted: WantedIdentity,
  settings: IdentitySettings,
): UacResult {
  const name = header === 'from' ? 'From' : 'To';
  if (isNull(wanted.uri) || (wanted.display !== undefined && isNull(wanted.display)))
    return failed('UAC_NULL_VALUE', `${name}: an argument has no value`);
  if (headerOf(state.message, header) === null || headerOf(state.pristine, header) === null)
    return failed('UAC_NO_HEADER', `${name} is missing or unreadable`);
  const display = wanted.display === undefined ? undefined : displayName(wanted.display);
  if (display === null) return failed('UAC_BAD_VALUE', `${name}: the display name cannot be sent`);
  const uri = trimBlanks(wanted.uri) === '' ? '' : identityUri(wanted.uri);
  if (uri === null) return failed('UAC_BAD_VALUE', `${name}: ${JSON.stringify(wanted.uri)} is no URI`);
  if (uri !== '' && settings.mode === 'auto' && (state.message.to?.tag ?? '') !== '')
    return failed('UAC_SEQUENTIAL_REQUEST', `${name} of an in-dialog ${state.message.method}`);
  keepOriginal(state, header, settings[header].avp);
  const before = (branch === null ? undefined : changeOf(branch, header)) ?? changeOf(state, header) ?? UNCHANGED;
  const change = { display: display ?? before.display, uri: uri === '' ? before.uri : uri };
  applyChange(state, branch, header, change, settings);
  return DONE;
}

/** A text that was made with a variable without a value has `<null>` in it, which nobody means to send. */
function isNull(text: string | null): text is null {
  return text === null || text.includes('<null>');
}

/** restore_from_avp, restore_to_avp: the original goes there once. */
function keepOriginal(state: RequestState, header: IdentityHeader, avp: string | null): void {
  if (avp === null || KEPT[header].get(state) === true) return;
  const text = identityText(state.pristine, header);
  if (text === null) return;
  KEPT[header].set(state, true);
  state.attributes.avps.push(avp, text);
}
