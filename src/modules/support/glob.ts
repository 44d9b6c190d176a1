/**
 * Shell pattern matching as fnmatch(3) without flags: `*` any text, `?` one character, `[a-z]` and `[!a-z]` sets, `\` takes the next
 * character literally. The whole value has to match. Runs in time proportional to value × pattern at worst: no backtracking explosion.
 */
export function matchesGlob(value: string, pattern: string, ignoreCase: boolean): boolean {
  const text = ignoreCase ? value.toLowerCase() : value;
  const glob = ignoreCase ? pattern.toLowerCase() : pattern;
  let at = 0;
  let place = 0;
  // Where the last `*` stood and what it has swallowed so far.
  let star = -1;
  let swallowed = 0;
  while (at < text.length) {
    const end = place < glob.length && glob[place] !== '*' ? matchOne(text, at, glob, place) : -1;
    if (end >= 0) {
      at++;
      place = end;
    } else if (glob[place] === '*') {
      star = place++;
      swallowed = at;
    } else if (star >= 0) {
      place = star + 1;
      at = ++swallowed;
    } else return false;
  }
  while (glob[place] === '*') place++;
  return place === glob.length;
}

/** Offset behind the pattern element at `at` when it matches the character, else -1. */
function matchOne(text: string, index: number, glob: string, at: number): number {
  const c = text[index] as string;
  switch (glob[at]) {
    case '?':
      return at + 1;
    case '[': {
      const close = setEnd(glob, at);
      if (close < 0) return c === '[' ? at + 1 : -1;
      return inSet(glob.slice(at + 1, close), c) ? close + 1 : -1;
    }
    case '\\':
      return at + 1 < glob.length && glob[at + 1] === c ? at + 2 : -1;
    default:
      return glob[at] === c ? at + 1 : -1;
  }
}

/** Offset of the `]` that closes a set; a `]` in its first place is an element. -1 when it is not closed. */
function setEnd(glob: string, at: number): number {
  const first = glob[at + 1] === '!' || glob[at + 1] === '^' ? at + 2 : at + 1;
  return glob.indexOf(']', first + 1);
}

function inSet(set: string, c: string): boolean {
  const negated = set[0] === '!' || set[0] === '^';
  let found = false;
  for (let at = negated ? 1 : 0; at < set.length; at++) {
    const low = set[at] as string;
    if (set[at + 1] === '-' && at + 2 < set.length) {
      if (c >= low && c <= (set[at + 2] as string)) found = true;
      at += 2;
    } else if (low === c) found = true;
  }
  return found !== negated;
}
