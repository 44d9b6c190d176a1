/** Checks constant regular expressions. */
import { compilePosix, RegexError, type RegexOptions } from './regex.ts';
import type { Scope } from './scope.ts';
import type { Span } from './source.ts';

/** Compiles a constant pattern. @returns null after reporting that it is bad */
export function checkRegex(scope: Scope, pattern: string, at: Span, options: RegexOptions): RegExp | null {
  try {
    return compilePosix(pattern, options);
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    const message = `bad regular expression "${pattern}": ${error.message} at character ${error.offset + 1}`;
    scope.diagnostics.error('CFG_REGEX', message, at);
    return null;
  }
}
