/**
 * POSIX extended regular expressions, as kamailio.cfg uses them, translated to JavaScript's. The differences that matter:
 * bracket expressions have classes and take a backslash literally, `\<` and `\>` are word borders, `.` may or may not match a line
 * feed, anchors stand anywhere, `a+?` is a repeated repetition and not a lazy one, an unmatched `)` is a character.
 * One difference stays: among alternatives POSIX takes the longest match, JavaScript the first; a mere test is not affected.
 */

/** How a pattern is meant. */
export interface RegexOptions {
  readonly ignoreCase: boolean;
  /** REG_NEWLINE: `.` and negated brackets do not match a line feed, `^` and `$` also match next to one. */
  readonly newline: boolean;
  /** For replacing every match. */
  readonly global?: boolean;
}

/** Why a pattern is refused. */
export class RegexError extends Error {
  /** Offset in the pattern. */
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(message);
    this.name = 'RegexError';
    this.offset = offset;
  }
}

/** Longest pattern taken from a message or variable at run time; a longer one is refused, as its cost cannot be judged. */
export const MAX_RUNTIME_PATTERN = 1024;

const CLASSES: Readonly<Record<string, string>> = {
  alpha: 'a-zA-Z',
  digit: '0-9',
  alnum: 'a-zA-Z0-9',
  upper: 'A-Z',
  lower: 'a-z',
  space: ' \\t\\n\\r\\f\\v',
  blank: ' \\t',
  punct: '!-\\/:-@\\[-`{-~',
  print: ' -~',
  graph: '!-~',
  cntrl: '\\x00-\\x1f\\x7f',
  xdigit: '0-9A-Fa-f',
};

/** Deepest nesting of groups. */
const MAX_DEPTH = 100;

/** GNU escapes that both engines know by the same letter. */
const SAME_ESCAPES = 'wWsSbB';

/**
 * Compiles a POSIX extended regular expression.
 * @throws RegexError with the offset of the problem
 */
export function compilePosix(pattern: string, options: RegexOptions): RegExp {
  // The engine of linear time, which takes over when a match runs away, does not know the flag i: letters are spelt in both cases instead. A back
  // reference has to compare what it refers to without case, which only the flag can do.
  const fold = options.ignoreCase && !/\\[1-9]/.test(pattern);
  const source = new Translator(pattern, options.newline, fold).translate();
  const flags = `${options.ignoreCase && !fold ? 'i' : ''}${options.newline ? '' : 's'}${options.global === true ? 'g' : ''}`;
  try {
    return new RegExp(source, flags);
  } catch (error) {
    // What the translation lets through and JavaScript refuses: a back-reference to nothing never fails here, so this is rare.
    throw new RegexError(error instanceof Error ? error.message : String(error), 0);
  }
}

class Translator {
  private readonly text: string;
  private readonly newline: boolean;
  /** Letters match in both cases. */
  private readonly fold: boolean;
  private at = 0;

  constructor(text: string, newline: boolean, fold: boolean) {
    this.text = text;
    this.newline = newline;
    this.fold = fold;
  }

  translate(): string {
    return this.alternatives(0);
  }

  /** Alternatives up to the end, or to the `)` that closes their group. */
  private alternatives(depth: number): string {
    if (depth > MAX_DEPTH) throw this.error('groups nested too deeply');
    const { text } = this;
    let out = '';
    while (this.at < text.length) {
      const c = text[this.at] as string;
      if (c === ')' && depth > 0) return out;
      if (c === '|') {
        out += '|';
        this.at++;
      } else if (c === '^' || c === '$') {
        out += this.anchor(c);
      } else if (c === '*' || c === '+' || c === '?') {
        throw this.error(`nothing to repeat before "${c}"`);
      } else {
        out += this.repeated(c === '(' ? this.group(depth) : this.atom());
      }
    }
    if (depth > 0) throw this.error('unmatched (');
    return out;
  }

  private group(depth: number): string {
    this.at++;
    if (this.text[this.at] === '?') throw this.error('"(?" is not a POSIX group');
    const inner = this.alternatives(depth + 1);
    this.at++;
    return `(${inner})`;
  }

  /** JavaScript's m flag would also stop at a carriage return, so line anchors are spelt out. */
  private anchor(c: string): string {
    this.at++;
    if (c === '$') return this.newline ? '(?![^\\n])' : '$';
    const next = this.text[this.at];
    if (next === '*' || next === '+' || next === '?') throw this.error(`nothing to repeat before "${next}"`);
    return this.newline ? '(?<![^\\n])' : '^';
  }

  /** One character, bracket expression or escape. */
  private atom(): string {
    const c = this.text[this.at++] as string;
    if (c === '[') return this.bracket();
    if (c === '.') return this.newline ? '[^\\n]' : '.';
    if (c === '\\') return this.escape();
    return this.character(c);
  }

  private character(c: string): string {
    return this.fold && isLetter(c) ? `[${c.toLowerCase()}${c.toUpperCase()}]` : literal(c);
  }

  private escape(): string {
    const c = this.text[this.at];
    if (c === undefined) throw this.error('trailing backslash');
    this.at++;
    if (SAME_ESCAPES.includes(c)) return `\\${c}`;
    if (c >= '1' && c <= '9') return `(?:\\${c})`;
    if (c === '<') return '\\b(?=\\w)';
    if (c === '>') return '\\b(?<=\\w)';
    if (c === '`') return '(?<![^])';
    if (c === "'") return '(?![^])';
    return this.character(c);
  }

  /** A bracket expression; its `[` is behind us. */
  private bracket(): string {
    const { text } = this;
    const start = this.at - 1;
    let out = '[';
    if (text[this.at] === '^') {
      out += this.newline ? '^\\n' : '^';
      this.at++;
    }
    let first = true;
    for (;;) {
      const c = text[this.at];
      if (c === undefined) throw new RegexError('unmatched [', start);
      if (c === ']' && !first) break;
      first = false;
      const named = this.named();
      if (named !== null) {
        out += named;
        continue;
      }
      this.at++;
      // A range, unless the minus is the last character.
      let high = c;
      if (text[this.at] === '-' && text[this.at + 1] !== ']' && text[this.at + 1] !== undefined) {
        high = text[this.at + 1] as string;
        if (high < c) throw new RegexError(`range "${c}-${high}" runs backwards`, this.at - 1);
        this.at += 2;
      }
      out += high === c ? inClass(c) : `${inClass(c)}-${inClass(high)}`;
      if (this.fold) out += otherCase(c, high);
    }
    this.at++;
    return `${out}]`;
  }

  /** `[:digit:]`, `[=a=]`, `[.-.]` inside a bracket expression; null when there is none here. */
  private named(): string | null {
    const { text } = this;
    if (text[this.at] !== '[') return null;
    const mark = text[this.at + 1];
    if (mark !== ':' && mark !== '=' && mark !== '.') return null;
    const end = text.indexOf(`${mark}]`, this.at + 2);
    if (end < 0) return null;
    const name = text.slice(this.at + 2, end);
    if (mark === ':') {
      const set = this.fold && (name === 'upper' || name === 'lower') ? CLASSES.alpha : CLASSES[name];
      if (set === undefined) throw this.error(`unknown character class [:${name}:]`);
      this.at = end + 2;
      return set;
    }
    if (name.length !== 1) throw this.error(`unknown collating element "${name}"`);
    this.at = end + 2;
    return inClass(name) + (this.fold ? otherCase(name, name) : '');
  }

  /** An atom with the repetitions that follow it; `a+?` is one repetition that means the same, `a{2}{3}` a group repeated. */
  private repeated(atom: string): string {
    let first = this.bounds();
    if (first === null) return atom;
    // An escape can stand for two assertions in a row; a repetition has to take them as one.
    let out = atom.startsWith('\\b(') ? `(?:${atom})` : atom;
    for (let next = this.bounds(); next !== null; next = this.bounds()) {
      if (first.simple && next.simple) {
        first = { simple: true, min: first.min * next.min, max: Math.max(first.max, next.max) };
      } else {
        out = `(?:${out}${quantifier(first)})`;
        first = next;
      }
    }
    return out + quantifier(first);
  }

  private bounds(): Bounds | null {
    const { text } = this;
    const c = text[this.at];
    if (c === '*') {
      this.at++;
      return { simple: true, min: 0, max: Number.POSITIVE_INFINITY };
    }
    if (c === '+') {
      this.at++;
      return { simple: true, min: 1, max: Number.POSITIVE_INFINITY };
    }
    if (c === '?') {
      this.at++;
      return { simple: true, min: 0, max: 1 };
    }
    if (c !== '{') return null;
    const match = /^\{(\d*)(,?)(\d*)\}/.exec(text.slice(this.at, this.at + 16));
    if (match === null || (match[1] === '' && match[3] === '')) return null;
    const min = match[1] === '' ? 0 : Number(match[1]);
    const max = match[2] === '' ? min : match[3] === '' ? Number.POSITIVE_INFINITY : Number(match[3]);
    if (max < min) throw this.error(`interval ${match[0]} runs backwards`);
    // RE_DUP_MAX of the original library.
    if (min > 32767 || (max !== Number.POSITIVE_INFINITY && max > 32767))
      throw this.error(`interval ${match[0]} is too large`);
    this.at += match[0].length;
    return { simple: false, min, max };
  }

  private error(message: string): RegexError {
    return new RegexError(message, this.at);
  }
}

/** A repetition; `simple` ones are `*`, `+` and `?`. */
interface Bounds {
  readonly simple: boolean;
  readonly min: number;
  readonly max: number;
}

function quantifier({ min, max }: Bounds): string {
  if (max === Number.POSITIVE_INFINITY) return min === 0 ? '*' : min === 1 ? '+' : `{${min},}`;
  if (min === 0 && max === 1) return '?';
  return min === max ? `{${min}}` : `{${min},${max}}`;
}

function isLetter(c: string): boolean {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/** The letters of a range of a bracket expression in their other case, as ranges; empty when it has none. */
function otherCase(low: string, high: string): string {
  const part = (first: string, last: string, change: (text: string) => string): string => {
    const from = low > first ? low : first;
    const to = high < last ? high : last;
    if (from > to) return '';
    return from === to ? change(from) : `${change(from)}-${change(to)}`;
  };
  return part('a', 'z', (text) => text.toUpperCase()) + part('A', 'Z', (text) => text.toLowerCase());
}

function literal(c: string): string {
  return /[\\^$.*+?()[\]{}|/]/.test(c) ? `\\${c}` : c;
}

function inClass(c: string): string {
  return c === '\\' || c === ']' || c === '[' || c === '^' || c === '-' ? `\\${c}` : c;
}

/** Patterns compiled at run time, the most recently used ones kept. */
export class RegexCache {
  private readonly entries = new Map<string, RegExp>();
  private readonly capacity: number;

  /** @param capacity number of patterns kept */
  constructor(capacity = 512) {
    this.capacity = capacity;
  }

  /**
   * @throws RegexError when the pattern is bad or longer than {@link MAX_RUNTIME_PATTERN}
   */
  get(pattern: string, options: RegexOptions): RegExp {
    if (pattern.length > MAX_RUNTIME_PATTERN) {
      throw new RegexError(`pattern of ${pattern.length} characters (at most ${MAX_RUNTIME_PATTERN} at run time)`, 0);
    }
    const key = `${options.ignoreCase ? 'i' : '-'}${options.newline ? 'n' : '-'}${options.global === true ? 'g' : '-'}${pattern}`;
    const known = this.entries.get(key);
    if (known !== undefined) {
      // A map keeps insertion order: taking an entry out and in again makes it the newest.
      this.entries.delete(key);
      this.entries.set(key, known);
      return known;
    }
    const made = compilePosix(pattern, options);
    if (this.entries.size >= this.capacity) {
      const oldest = this.entries.keys().next();
      if (oldest.done !== true) this.entries.delete(oldest.value);
    }
    this.entries.set(key, made);
    return made;
  }
}
