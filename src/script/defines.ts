/** The preprocessor's names: what is defined, with which value, since where. */
import type { Span } from './source.ts';

/** The Kamailio version that configurations see: `#!ifdef KAMAILIO_5`, `#!ifexp KAMAILIO_VERSION >= 5006000`. */
export const emulatedVersion = { major: 5, minor: 6, patch: 3 } as const;

export interface Define {
  /** Replacement text; empty for a bare `#!define ID`. */
  readonly value: string;
  /** Where it was defined; `null` when predefined or given on the command line. */
  readonly at: Span | null;
}

/** Defined names with their replacement text, as `$def(NAME)` reads them. */
export type DefineTable = ReadonlyMap<string, Define>;

/**
 * The names that are there before the first line: `KAMAILIO_5`, `KAMAILIO_5_6`, `KAMAILIO_5_6_3`, `KAMAILIO_VERSION`,
 * `OS_NAME`, and ours for configurations that both programs read: `TRUNKLINE`. `MOD_<name>` is added by each `loadmodule`.
 */
export function predefinedNames(osName: string): Map<string, Define> {
  const { major, minor, patch } = emulatedVersion;
  const define = (value: string): Define => ({ value, at: null });
  return new Map([
    [`KAMAILIO_${major}`, define('')],
    [`KAMAILIO_${major}_${minor}`, define('')],
    [`KAMAILIO_${major}_${minor}_${patch}`, define('')],
    ['KAMAILIO_VERSION', define(String(major * 1_000_000 + minor * 1000 + patch))],
    ['OS_NAME', define(`"${osName}"`)],
    ['TRUNKLINE', define('')],
  ]);
}

/**
 * Cuts a trailing comment off a define's value. Kamailio keeps it, so that `setflag(FLT);` with `#!define FLT 5 # note`
 * loses its `);` to the comment; nobody wants that. A comment needs a blank before it and must not be inside quotes.
 */
export function stripTrailingComment(value: string): string {
  let quote: string | null = null;
  for (let index = 0; index < value.length; index++) {
    const character = value[index]!;
    if (quote !== null) {
      if (character === '\\' && quote === '"') index++;
      else if (character === quote) quote = null;
    } else if (character === '"' || character === "'") {
      quote = character;
    } else if (index > 0 && /\s/.test(value[index - 1]!)) {
      if (character === '#' || value.startsWith('//', index)) return value.slice(0, index).trimEnd();
    }
  }
  return value;
}
