/** Log levels with Kamailio's numbers: `debug` prints what is at or below it. */
export const L_ALERT = -5;
export const L_BUG = -4;
export const L_CRIT = -3;
export const L_ERR = -1;
export const L_WARN = 0;
export const L_NOTICE = 1;
export const L_INFO = 2;
export const L_DBG = 3;

/** Where log lines go. Text from the network is encoded by the sink, never by the caller. */
export interface Log {
  /** Current threshold; a line above it is dropped. */
  level: number;
  /**
   * @param module who speaks: 'core', 'tm', 'uac', or '<script>' for xlog
   * @param code stable error code, empty for none
   */
  write(level: number, module: string, text: string, code?: string): void;
}
