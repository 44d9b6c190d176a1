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

/** For what this stack wrote itself, in whatever lengths it was told to allow. */
export const NO_LIMITS: ParseLimits = {
  maxMessage: Number.MAX_SAFE_INTEGER,
  maxHeaders: Number.MAX_SAFE_INTEGER,
  maxHeader: Number.MAX_SAFE_INTEGER,
  maxUri: Number.MAX_SAFE_INTEGER,
};
