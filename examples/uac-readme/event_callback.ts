/** The page's function (uac README, "event_callback"), in TypeScript. */
import type { Ksr } from 'trunkline';

export function ksr_uac_event(KSR: Ksr, evname: string): number {
  KSR.info('===== uac module triggered event: ' + evname + '\n');
  return 1;
}
