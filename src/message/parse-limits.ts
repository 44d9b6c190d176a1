/** Limits on what is accepted, in bytes or counts; settings of the server. */
export interface ParseLimits {
  /** Whole message, bytes. */
  readonly maxMessage: number;
  /** Header lines (a folded header counts once). */
  readonly maxHeaders: number;
  /** One header with its name and folded lines, bytes. */
  readonly maxHeader: number;
  /** Request-URI, bytes. */
  readonly maxUri: number;
}

export const DEFAULT_LIMITS: ParseLimits = { maxMessage: 65536, maxHeaders: 256, maxHeader: 8192, maxUri: 1024 };
