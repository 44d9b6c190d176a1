import type { CallDialog } from '../../dialog/call-dialog.ts';
import type { CdrSettings } from './cdr-settings.ts';

/** Milliseconds as seconds with three decimals: the form of moments and durations in records and dialog variables. */
function secondsText(ms: number): string {
  const whole = Math.floor(ms);
  return `${Math.floor(whole / 1000)}.${`${whole % 1000}`.padStart(3, '0')}`;
}

/** Milliseconds since 1970; null for a text that is no moment. */
function momentOf(text: string | undefined): number | null {
  const match = /^(\d{1,11})(?:\.(\d{1,3}))?$/.exec(text ?? '');
  return match === null ? null : Number(match[1]) * 1000 + Number((match[2] ?? '').padEnd(3, '0'));
}

/** Texts of a record's times, and milliseconds since 1970 of its moments. */
export interface CdrTimes {
  readonly start: number;
  readonly startText: string;
  readonly end: number;
  readonly endText: string;
  /** Seconds. */
  readonly duration: string;
}

/** A call begins, or is answered where that counts. The times live with the call, where the script sees them and a restart finds them. */
export function markStart(settings: CdrSettings, dialog: CallDialog, at: number): void {
  const text = secondsText(at);
  dialog.setVariable(settings.startId, text);
  dialog.setVariable(settings.endId, text);
  dialog.setVariable(settings.durationId, '0');
}

/** A call that was answered is over. */
export function markEnd(settings: CdrSettings, dialog: CallDialog, at: number): void {
  dialog.setVariable(settings.endId, secondsText(at));
  // The clock of the machine may have been put back meanwhile.
  dialog.setVariable(settings.durationId, secondsText(Math.max(0, at - startOf(settings, dialog))));
}

/** What the script wrote in the place of the start counts, if it is a moment. Calls of before cdr_enable have the dialog's own. */
function startOf({ startId, startOnConfirmed }: CdrSettings, dialog: CallDialog): number {
  const own = (startOnConfirmed ? dialog.startAt : 0) || dialog.initAt || dialog.startAt;
  return momentOf(dialog.variables.get(startId)) ?? own * 1000;
}

/** The times of a call that is over. */
export function timesOf(settings: CdrSettings, dialog: CallDialog): CdrTimes {
  const start = startOf(settings, dialog);
  const end = momentOf(dialog.variables.get(settings.endId)) ?? start;
  const text = dialog.variables.get(settings.durationId) ?? '';
  const duration = /^\d{1,11}(?:\.\d+)?$/.test(text) ? text : '0';
  return { start, startText: secondsText(start), end, endText: secondsText(end), duration };
}
