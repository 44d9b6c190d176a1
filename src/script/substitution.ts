/** `#!subst`, `#!substdef`: sed-style replacement in the string literals, variables and include names that follow. */
import { compilePosix, RegexError } from './regex.ts';
import { parseReplacement, parseSed } from './sed.ts';

export interface Substitution {
  /** Replaces in one text. */
  apply(text: string): string;
  /** The part between the first two separators; for `substdef` it is also the name to define. */
  readonly pattern: string;
  /** The part between the second and third separator, expanded. */
  readonly replacement: string;
}

/**
 * Parses `/pattern/replacement/flags`; any character may be the separator, flags are `g` (all occurrences), `i` and `s`.
 *
 * @param expand turns the replacement as written into the one to use (`$env(NAME)`, `$def(NAME)` of substdef)
 * @returns a sentence when it cannot be read
 */
export function parseSubstitution(text: string, expand: (replacement: string) => string): Substitution | string {
  try {
    const sed = parseSed(text);
    if (sed.pattern === '') return 'the pattern is empty';
    const replacement = expand(sed.replacement);
    const expression = compilePosix(sed.pattern, {
      ignoreCase: sed.ignoreCase,
      newline: sed.newline,
      global: sed.global,
    });
    const parts = parseReplacement(replacement);
    const apply = (subject: string): string =>
      subject.replace(expression, (...groups: unknown[]) =>
        parts.map((part) => (part.kind === 'text' ? part.text : groupText(groups, part.group))).join(''),
      );
    return { apply, pattern: sed.pattern, replacement };
  } catch (error) {
    if (error instanceof RegexError) return error.message;
    throw error;
  }
}

/** The arguments of a replace callback are the match, its groups, the offset and the subject. */
function groupText(groups: readonly unknown[], group: number): string {
  const text = groups[group];
  return group < groups.length - 2 && typeof text === 'string' ? text : '';
}
