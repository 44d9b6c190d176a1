import type { CallDialog, DialogSide } from '../../dialog/call-dialog.ts';
import { TIMEOUT_BYE, TIMEOUT_NORESET } from '../../dialog/call-dialog.ts';
import {
  learnCallee,
  learnCaller,
  noteOtherAnswer,
  noteReply,
  noteRequest,
  refreshTargets,
} from '../../dialog/dialog-legs.ts';
import { UNCONFIRMED } from '../../dialog/dialog-state.ts';
import { didText, parseDid } from '../../dialog/did.ts';
import { HDR_ROUTE } from '../../message/header-name.ts';
import type { SipMessage } from '../../message/message.ts';
import { M_ACK, M_BYE, M_CANCEL, M_INVITE, M_SUBSCRIBE, M_UPDATE } from '../../message/method.ts';
import { paramValue, parseNameAddr } from '../../message/name-addr.ts';
import { parseUri } from '../../message/uri.ts';
import type { Branch } from '../../proxy/branch.ts';
import type { RequestState } from '../../proxy/request-state.ts';
import type { ScriptContext } from '../../script/context.ts';
import { L_INFO } from '../../script/log.ts';
import { slot } from '../../uac/slot.ts';
import { runMessageEvent } from './events.ts';
import { currentOf, type DialogModule, setCurrent, wishesOf } from './instance.ts';
import { END_ROUTE, FAILED_ROUTE, START_ROUTE } from './settings.ts';

/** A request was handed to its call once. */
const FOLLOWED = slot<boolean>('dialog followed');

/** What a number of timeout_avp or $dlg_ctx(timeout) is good for; 0 for nothing. */
function seconds(value: string | number | null): number {
  const number = Math.trunc(Number(value ?? 0));
  return Number.isFinite(number) && number > 0 && number < 2 ** 31 ? number : 0;
}

function lifetimeOf(module: DialogModule, ctx: ScriptContext | null, state: RequestState): number {
  const avp = ctx === null ? 0 : seconds(module.settings.timeoutAvp?.get(ctx) ?? null);
  return avp || (wishesOf(state)?.timeout ?? 0);
}

/** What the script said before there was a call, and of a later message, goes to the call. */
function takeWishes({ table }: DialogModule, state: RequestState, dialog: CallDialog): void {
  const wishes = wishesOf(state);
  if (wishes === null) return;
  for (const [name, value] of wishes.variables) dialog.setVariable(name, value);
  wishes.variables.clear();
  for (const link of wishes.profiles.splice(0)) table.addToProfile(dialog, link);
  if (wishes.timeoutRoute !== '') dialog.timeoutRoute = wishes.timeoutRoute;
  dialog.properties |= wishes.properties;
  dialog.flags |= wishes.flags;
}

/**
 * Begins a call with an INVITE outside of one (dlg_manage(), dlg_flag). A spiral, the same INVITE once more, gets the call that is there.
 * @returns false for a request that begins no call
 */
export function beginDialog(module: DialogModule, state: RequestState, ctx: ScriptContext | null): boolean {
  const { message, pristine } = state;
  if (message.methodId !== M_INVITE || (message.to?.tag ?? '') !== '') return false;
  if (currentOf(state) !== null) return true;
  const { table, settings } = module;
  const fromTag = message.from?.tag ?? '';
  if (fromTag === '' || message.callId === '' || message.from === null || message.to === null) return false;
  const spiral = settings.detectSpirals ? table.begunBy(message.callId, fromTag) : null;
  if (spiral !== null) {
    setCurrent(state, { dialog: spiral, side: 'caller', initial: true });
    takeWishes(module, state, spiral);
    recordDid(module, state, spiral);
    return true;
  }
  const dialog = table.create(
    {
      callId: message.callId,
      fromUri: message.from.uri,
      toUri: message.to.uri,
      requestUri: state.target.uri,
    },
    lifetimeOf(module, ctx, state) || settings.lifetime,
  );
  learnCaller(dialog, pristine, state.received.socket);
  if (settings.sendBye) dialog.properties |= TIMEOUT_BYE;
  if (settings.timeoutNoReset) dialog.properties |= TIMEOUT_NORESET;
  setCurrent(state, { dialog, side: 'caller', initial: true });
  takeWishes(module, state, dialog);
  for (const watcher of module.watchers) watcher.began(dialog);
  recordDid(module, state, dialog);
  state.replyWatchers.push((request, status, reply, branch) =>
    answered(module, dialog, request, status, reply, branch),
  );
  // A stateless reply, or nothing at all: no reply will tell what became of the call.
  state.unhandledWatcher = () => {
    if (dialog.state === UNCONFIRMED) table.remove(dialog);
  };
  table.touched(dialog);
  return true;
}

/** Our Record-Route names the call (rr_param), so that its requests are found at once. */
function recordDid({ settings }: DialogModule, state: RequestState, dialog: CallDialog): void {
  const { rrParam, matchMode } = settings;
  if (matchMode !== 2) state.routeParams.set(rrParam, `;${rrParam}=${didText(dialog)}`);
}

/** A reply to the INVITE has gone to the caller. */
function answered(
  module: DialogModule,
  dialog: CallDialog,
  state: RequestState,
  status: number,
  reply: SipMessage | null,
  branch: Branch | null,
): void {
  const { table, settings, host } = module;
  if (status <= 100) return;
  if (reply !== null) noteReply(dialog, 'caller', reply);
  // The watcher of another answer gets a state of its own.
  if (currentOf(state) === null) setCurrent(state, { dialog, side: 'caller', initial: true });
  if (status < 200) {
    table.apply(dialog, 'ringing');
    return;
  }
  if (status >= 300) {
    if (table.apply(dialog, 'refused') !== 'failed') return;
    runMessageEvent(module, FAILED_ROUTE, state, reply, branch);
    for (const watcher of module.watchers) watcher.refused(dialog, state, reply, branch);
    return;
  }
  if (dialog.isActive && reply !== null) {
    noteOtherAnswer(dialog, reply.to?.tag ?? '');
    return;
  }
  if (dialog.isOver) return;
  if (reply !== null) {
    const isMyself = (name: string, port: number): boolean => host.sender.isMyself(name, port);
    const socket = branch?.destination?.socket ?? state.received.socket;
    learnCallee(dialog, reply, socket, isMyself, settings.keepOwnRecordRoute);
  }
  if (table.apply(dialog, 'answered') !== 'start') return;
  runMessageEvent(module, START_ROUTE, state, reply, branch);
  for (const watcher of module.watchers) watcher.answered(dialog);
}

/** The text of our parameter in a Route of this request; null for none. */
function didOf(
  state: RequestState,
  { rrParam }: DialogModule['settings'],
  isMyself: (uri: string) => boolean,
): string | null {
  const name = rrParam.toLowerCase();
  if (state.ownRoute !== null) return paramValue(state.ownRoute.params, name) ?? null;
  // dlg_manage() may stand before loose_route().
  const header = state.message.find(HDR_ROUTE);
  const top = header === undefined ? null : parseNameAddr(state.message.raw, header.valueStart, header.valueEnd);
  if (top === null || !isMyself(top.uri)) return null;
  return paramValue(parseUri(top.uri)?.params ?? '', name) ?? null;
}

/** The call that a request inside one belongs to, and the side it comes from. */
export function findDialog(
  module: DialogModule,
  state: RequestState,
): { readonly dialog: CallDialog; readonly side: DialogSide } | null {
  const { table, settings, host } = module;
  const { message } = state;
  const fromTag = message.from?.tag ?? '';
  const toTag = message.to?.tag ?? '';
  if (toTag === '' || fromTag === '') return null;
  if (settings.matchMode !== 2) {
    const text = didOf(state, settings, (uri) => {
      const parsed = parseUri(uri);
      return parsed !== null && host.sender.isMyself(parsed.host, parsed.port);
    });
    const id = text === null ? null : parseDid(text);
    const dialog = id === null ? null : table.byNumber(id);
    const side = dialog?.sideOf(message.callId, fromTag, toTag) ?? null;
    if (dialog !== null && side !== null) return { dialog, side };
    if (settings.matchMode === 0) return null;
  }
  return table.match(message.callId, fromTag, toTag);
}

/**
 * A request inside a call: the call becomes the message's, and goes on. Done once for each request.
 * @returns whether it belongs to one
 */
export function followRequest(module: DialogModule, state: RequestState, ctx: ScriptContext | null): boolean {
  if (FOLLOWED.get(state) === true) return true;
  const found = findDialog(module, state);
  if (found === null) return false;
  FOLLOWED.set(state, true);
  const { dialog, side } = found;
  setCurrent(state, { dialog, side, initial: false });
  takeWishes(module, state, dialog);
  const { message } = state;
  // Nothing comes after a BYE that its number would matter for.
  if ((message.methodId & (M_ACK | M_CANCEL | M_BYE)) === 0) noteRequest(dialog, side, state.pristine);
  // In the other direction the route set of the called side is made of our Record-Route of a request like this one.
  if ((message.methodId & (M_INVITE | M_SUBSCRIBE | M_UPDATE)) !== 0) recordDid(module, state, dialog);
  advance(module, dialog, side, state, ctx);
  if (message.methodId !== M_ACK) watch(module, dialog, side, state);
  return true;
}

/** What a request means for the call. One with the tag of another answer means nothing for it. */
function advance(
  module: DialogModule,
  dialog: CallDialog,
  side: DialogSide,
  state: RequestState,
  ctx: ScriptContext | null,
): void {
  const { table } = module;
  const { message } = state;
  const calleeTag = (side === 'caller' ? message.to?.tag : message.from?.tag) ?? '';
  if (dialog.callee.tag !== '' && dialog.callee.tag !== calleeTag) return;
  if (message.methodId === M_BYE) {
    if (table.apply(dialog, 'bye') !== 'end') return;
    runMessageEvent(module, END_ROUTE, state, null, null);
    for (const watcher of module.watchers) watcher.ended(dialog, state);
    return;
  }
  if (!dialog.isActive) return;
  if (message.methodId === M_ACK) table.apply(dialog, 'acked');
  const wanted = lifetimeOf(module, ctx, state);
  if (wanted !== 0) dialog.lifetime = wanted;
  if ((dialog.properties & TIMEOUT_NORESET) === 0 || wanted !== 0) table.startLifetime(dialog, dialog.lifetime);
  table.touched(dialog);
}

/** The replies of a request inside a call: numbers, and the remote targets that a refresh changes (RFC 3261 §12.2, RFC 3311). */
function watch(module: DialogModule, dialog: CallDialog, side: DialogSide, state: RequestState): void {
  const refreshes = (state.message.methodId & (M_INVITE | M_UPDATE)) !== 0;
  state.replyWatchers.push((request, status, reply) => {
    if (reply === null || status <= 100) return;
    noteReply(dialog, side, reply);
    if (refreshes && status < 300 && status >= 200 && dialog.isActive) {
      refreshTargets(dialog, side, request.pristine, reply);
      module.table.touched(dialog);
    }
  });
}

/**
 * dlg_manage(): the call of this request, begun or found.
 * @returns 1, or -1 for a request that begins no call
 */
export function manage(module: DialogModule, ctx: ScriptContext): number {
  const { state } = ctx;
  if ((state.message.to?.tag ?? '') === '') return beginDialog(module, state, ctx) ? 1 : -1;
  if (!followRequest(module, state, ctx))
    module.host.log.write(
      L_INFO,
      'dialog',
      `${state.message.method} ${state.message.callId} is of no call known`,
      'DIALOG_UNKNOWN',
    );
  return 1;
}
