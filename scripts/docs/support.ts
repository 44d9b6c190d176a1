/** How a name stands against Kamailio's, read from the `support` text of its definition. */

/** - `yes`: as in Kamailio
 * - `partly`: works, with the difference that `why` says
 * - `ignored`: accepted without effect, because nothing here needs it
 * - `no`: known by name only */
export type Level = 'yes' | 'partly' | 'ignored' | 'no';

export interface Support {
  readonly level: Level;
  readonly why: string;
}

/** Reads 'yes', 'yes: note', 'partly: why', 'ignored: why', 'no: why'. */
export function readSupport(text: string): Support {
  const match = /^(yes|partly|ignored|no)(?::\s*(.+))?$/s.exec(text);
  if (match === null) throw new Error(`'${text}' is no support mark; it begins with yes, partly, ignored or no`);
  return { level: match[1] as Level, why: match[2] ?? '' };
}

const ORDER: readonly Level[] = ['yes', 'partly', 'ignored', 'no'];

/** How many there are of each level, as `40 yes, 2 no`; `–` for none at all. */
export function tally(levels: readonly Level[]): string {
  const parts = ORDER.map((level) => [levels.filter((each) => each === level).length, level] as const)
    .filter(([count]) => count > 0)
    .map(([count, level]) => `${count} ${level}`);
  return parts.length === 0 ? '–' : parts.join(', ');
}
