/**
 * Where Trunkline's messages differ from Kamailio's on purpose: row of the table → why, and exactly what. A row that is not listed must be
 * the same byte for byte; a listed one must differ in exactly this way, so that a return to the old behaviour is noticed as well.
 * docs/kamailio-compat-differences.md says the same for people.
 */
export interface AllowedDifference {
  readonly reason: string;
  /** As compare.ts says it: `-` is Kamailio's line, `+` Trunkline's. */
  readonly lines: readonly string[];
}

export const ALLOWED: Readonly<Record<string, AllowedDifference>> = {};
