import {
  type CallDialog,
  type DialogSide,
  KEEPALIVE_CALLEE,
  KEEPALIVE_CALLER,
  TIMEOUT_BYE,
} from '../../dialog/call-dialog.ts';
import { CONFIRMED } from '../../dialog/dialog-state.ts';
import { LAST_SECONDS } from '../../dialog/dialog-table.ts';
import { legRequest } from '../../dialog/leg-request.ts';
import type { OwnOutcome } from '../../proxy/own-request.ts';
import { L_ERR, L_INFO, L_NOTICE } from '../../script/log.ts';
import { CallbackTimer } from '../../time/callback-timer.ts';
import type { CallEnd } from './call-watcher.ts';
import { runOwnEvent } from './events.ts';
import type { DialogModule } from './instance.ts';
import { END_ROUTE } from './settings.ts';

/** Which sides get a BYE. */
export type ByeSide = DialogSide | 'all';

/** Finals that say that a side knows nothing of the call any more, or is not there (RFC 3261 §12.2.1.2). */
function isDead(status: number): boolean {
  return status === 408 || status === 481 || status === 477 || status === 478;
}

/** What sends requests inside calls, and what becomes of them. */
export interface SideRequest {
  readonly method: string;
  /** Header lines with CRLF. */
  readonly headers: string;
  readonly body: string;
  readonly counts: boolean;
}

/**
 * Sends a request to one side of a call.
 * @returns false when that side is not known well enough
 */
export function sendWithin(
  { host, settings }: DialogModule,
  dialog: CallDialog,
  side: DialogSide,
  request: SideRequest,
  done: (outcome: OwnOutcome) => void,
): boolean {
  const headers = settings.extraHeaders + (side === 'callee' ? settings.calleeHeaders : '') + request.headers;
  const parts = legRequest(dialog, side, { ...request, headers });
  if (parts === null) {
    const text = `${request.method} to the ${side} of ${dialog.callId} is not possible: no Contact is known`;
    host.log.write(L_ERR, 'dialog', text, 'DIALOG_NO_TARGET');
    return false;
  }
  host.proxy.begin(parts, { final: done });
  return true;
}

/**
 * Ends a call from here: BYE to the sides of an answered one (RFC 3261 §15.1.1), a negative final reply to the INVITE of one that is not
 * answered yet, which cancels what is under way.
 * @param headers lines with CRLF for the BYEs
 * @returns false when nothing could be sent
 */
export function endDialog(module: DialogModule, dialog: CallDialog, sides: ByeSide, headers = ''): boolean {
  const { host, settings, table } = module;
  if (dialog.isOver) return false;
  if (!dialog.isActive) {
    const { earlyByeCode: code, earlyByeReason: reason } = settings;
    return host.proxy.forCallId(dialog.callId, dialog.caller.cseq, (cell) => cell.reply(code, reason)) > 0;
  }
  const sent = sendByes(module, dialog, sides, headers);
  if (sent && table.apply(dialog, 'bye') === 'end') tellEnd(module, dialog, 'command');
  return sent;
}

/** @returns whether one was sent */
function sendByes(module: DialogModule, dialog: CallDialog, sides: ByeSide, headers: string): boolean {
  const wanted: readonly DialogSide[] = sides === 'all' ? ['caller', 'callee'] : [sides];
  let open = 0;
  const done = (): void => {
    // Nothing of it comes any more.
    if (--open === 0 && dialog.isOver) module.table.remove(dialog);
  };
  for (const side of wanted) {
    open++;
    if (!sendWithin(module, dialog, side, { method: 'BYE', headers, body: '', counts: true }, done)) open--;
  }
  return open > 0;
}

/** A call's lifetime is over: its BYEs, if it wants them, and its event route. */
export function expireDialog(module: DialogModule, dialog: CallDialog): void {
  if ((dialog.properties & TIMEOUT_BYE) !== 0) sendByes(module, dialog, 'all', '');
  tellEnd(module, dialog, 'lifetime');
}

/** The event route of a call that no BYE of a side ended, and the modules that follow it. */
function tellEnd(module: DialogModule, dialog: CallDialog, by: CallEnd): void {
  for (const watcher of module.watchers) watcher.ending(dialog);
  runOwnEvent(module, 'event', END_ROUTE, dialog);
  for (const watcher of module.watchers) watcher.ended(dialog, by);
}

/** OPTIONS to the sides of the calls that want them (ka_timer, ka_interval). @returns what ends them; null when there are none */
export function startKeepalives(module: DialogModule): (() => void) | null {
  const { host, settings, table } = module;
  const every = settings.keepaliveEvery * 1000;
  if (every === 0 || settings.keepaliveInterval === 0) return null;
  const timer = new CallbackTimer(() => {
    host.wheel.start(timer, every);
    const now = host.clock.now();
    for (const dialog of table.all()) {
      if (dialog.state !== CONFIRMED || (dialog.properties & (KEEPALIVE_CALLER | KEEPALIVE_CALLEE)) === 0) continue;
      if (dialog.keptAliveAt === 0) dialog.keptAliveAt = now;
      if (now - dialog.keptAliveAt < settings.keepaliveInterval * 1000) continue;
      dialog.keptAliveAt = now;
      if ((dialog.properties & KEEPALIVE_CALLER) !== 0) keepAlive(module, dialog, 'caller');
      if ((dialog.properties & KEEPALIVE_CALLEE) !== 0) keepAlive(module, dialog, 'callee');
    }
  });
  host.wheel.start(timer, every);
  return () => host.wheel.stop(timer);
}

function keepAlive(module: DialogModule, dialog: CallDialog, side: DialogSide): void {
  const { host, settings, table } = module;
  const request = { method: 'OPTIONS', headers: '', body: '', counts: false };
  sendWithin(module, dialog, side, request, ({ status }) => {
    if (!isDead(status)) {
      dialog.missed[side] = 0;
      return;
    }
    dialog.missed[side]++;
    host.log.write(L_INFO, 'dialog', `keepalive of ${dialog.callId}: ${side} gives ${status}`, 'DIALOG_KEEPALIVE');
    if (dialog.missed[side] < settings.keepaliveLimit || !dialog.isActive) return;
    const text = `${dialog.callId}: the ${side} is not there any more; the call ends in ${LAST_SECONDS} s`;
    host.log.write(L_NOTICE, 'dialog', text, 'DIALOG_KEEPALIVE');
    table.setLifetime(dialog, LAST_SECONDS);
  });
}
