import { L_ERR, type Log } from '../../script/log.ts';

/**
 * Logs why a script function fails and gives its code.
 * @param module Kamailio's module name
 * @param text what went wrong, with the function's name
 * @param code stable error code
 */
export function failure(log: Log, module: string, text: string, code: string, result = -1): number {
  log.write(L_ERR, module, text, code);
  return result;
}
