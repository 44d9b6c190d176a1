/**
 * Reads variables out of text: `"$fU said $var(x)"` into segments, `$(hdr(X)[1]{s.len})` into its parts.
 *
 * Nothing is evaluated and no name is refused: what a name means is the variable table's business. Kamailio's syntax:
 * `$name`, `$name(inner)`, `$(name(inner)[index]{transformation,params}…)`, and `$$` for a dollar sign.
 */
import type { Segment, Transformation, TransformationParam, VariableIndex, VariableRef } from './variable-reference.ts';

/** A place in a text that cannot be read. */
export interface InterpolationError {
  readonly message: string;
  /** Offset in the text. */
  readonly offset: number;
  readonly length: number;
  readonly hint?: string;
}

export interface InterpolationOptions {
  /**
   * Tells whether a variable of that name exists. It is used for one leniency only: `.` and `?` are name characters, so
   * Kamailio reads `"from $si."` as the unknown variable `si.` and refuses to start. Here the longest known name before a
   * `.` or `?` is taken and the rest is text. Without this function a trailing `.` or `?` is cut off.
   */
  readonly isKnownName?: (name: string) => boolean;
}

export interface InterpolatedText {
  readonly segments: readonly Segment[];
  readonly errors: readonly InterpolationError[];
}

export type ParsedReference =
  | { readonly ref: VariableRef; readonly end: number; readonly errors: readonly InterpolationError[] }
  | { readonly ref: null; readonly error: InterpolationError };

/**
 * Most parameters each transformation takes. The last one keeps commas and blanks: in `{s.select,0,,}` the separator is a
 * comma, in `{s.ftime,%d, %Y}` the format holds one. What is not listed is split at every comma.
 */
const parameterLimits: Readonly<Record<string, number>> = {
  's.select': 2,
  's.substr': 2,
  's.replace': 2,
  's.rm': 1,
  's.ftime': 1,
  's.after': 1,
  's.before': 1,
  's.rafter': 1,
  's.rbefore': 1,
  's.count': 1,
  'param.value': 2,
  'param.valueat': 2,
  'param.name': 2,
  'param.count': 1,
  'param.in': 2,
  'line.sw': 1,
  'uri.param': 1,
  'uri.rmparam': 1,
  're.subst': 1,
};

const maxDepth = 16;

/**
 * Splits a text into characters to copy and variables to evaluate. Neighbouring text is one segment; an empty text has no
 * segments. A `$` that starts no variable is an error and stays in the text.
 */
export function parseInterpolatedText(text: string, options: InterpolationOptions = {}): InterpolatedText {
  return parseText(text, 0, options, 0);
}

/**
 * Reads the variable at `text[start]`, which must be its `$`. `end` is the offset behind its last character.
 */
export function parseVariableReference(text: string, start = 0, options: InterpolationOptions = {}): ParsedReference {
  return new ReferenceReader(text, start, options, 0).read();
}

function parseText(text: string, base: number, options: InterpolationOptions, depth: number): InterpolatedText {
  if (depth > maxDepth) {
    const error = { message: 'variables are nested too deeply', offset: base, length: 1 };
    return { segments: [{ kind: 'text', text, offset: base }], errors: [error] };
  }
  const segments: Segment[] = [];
  const errors: InterpolationError[] = [];
  let pending = '';
  let pendingAt = 0;
  const flush = (): void => {
    if (pending !== '') segments.push({ kind: 'text', text: pending, offset: base + pendingAt });
    pending = '';
  };
  const copy = (characters: string, at: number): void => {
    if (pending === '') pendingAt = at;
    pending += characters;
  };
  for (let index = 0; index < text.length; ) {
    const dollar = text.indexOf('$', index);
    if (dollar !== index) {
      const end = dollar < 0 ? text.length : dollar;
      copy(text.slice(index, end), index);
      index = end;
    } else if (text[index + 1] === '$') {
      copy('$', index);
      index += 2;
    } else {
      const parsed = new ReferenceReader(text, index, options, depth).read();
      if (parsed.ref === null) {
        errors.push({ ...parsed.error, offset: base + parsed.error.offset });
        copy('$', index);
        index += 1;
      } else {
        flush();
        for (const error of parsed.errors) errors.push({ ...error, offset: base + error.offset });
        segments.push({ kind: 'variable', ref: parsed.ref, offset: base + index });
        index = parsed.end;
      }
    }
  }
  flush();
  return { segments, errors };
}

/** Signals that the reference cannot be read; never leaves this file. */
class ReferenceFailure extends Error {
  readonly error: InterpolationError;
  constructor(error: InterpolationError) {
    super(error.message);
    this.error = error;
  }
}

/** Reads one reference. Offsets are those of `text`. */
class ReferenceReader {
  readonly #text: string;
  readonly #start: number;
  readonly #options: InterpolationOptions;
  readonly #depth: number;
  readonly #errors: InterpolationError[] = [];
  #at: number;

  constructor(text: string, start: number, options: InterpolationOptions, depth: number) {
    this.#text = text;
    this.#start = start;
    this.#options = options;
    this.#depth = depth;
    this.#at = start + 1;
  }

  read(): ParsedReference {
    try {
      if (this.#depth > maxDepth) this.#fail('variables are nested too deeply', this.#start, 1);
      const ref = this.#text[this.#at] === '(' ? this.#bracketed() : this.#plain();
      return { ref, end: this.#at, errors: this.#errors };
    } catch (failure) {
      if (failure instanceof ReferenceFailure) return { ref: null, error: failure.error };
      throw failure;
    }
  }

  /** `$name`, `$name(inner)` */
  #plain(): VariableRef {
    const name = this.#name();
    let inner: string | null = null;
    let innerSegments: readonly Segment[] | null = null;
    if (this.#text[this.#at] === '(' && name.complete) {
      ({ inner, innerSegments } = this.#inner());
    }
    return this.#finish(name.name, inner, innerSegments, null, []);
  }

  /** `$(name(inner)[index]{transformation}…)` */
  #bracketed(): VariableRef {
    this.#at++;
    this.#blanks();
    // `$($var(x){s.len})` is a common slip; the inner dollar is not allowed and not needed.
    if (this.#text[this.#at] === '$') {
      this.#fail(`'$' inside '$('`, this.#at, 1, 'write the name without it, for example $(var(x){s.len})');
    }
    const { name } = this.#name();
    let inner: string | null = null;
    let innerSegments: readonly Segment[] | null = null;
    let index: VariableIndex | null = null;
    const transformations: Transformation[] = [];
    if (this.#text[this.#at] === '(') ({ inner, innerSegments } = this.#inner());
    this.#blanks();
    if (this.#text[this.#at] === '[') index = this.#index();
    this.#blanks();
    while (this.#text[this.#at] === '{') {
      transformations.push(this.#transformation());
      this.#blanks();
    }
    if (this.#text[this.#at] !== ')') {
      this.#fail(
        this.#at >= this.#text.length ? `'$(' is not closed` : `'${this.#text[this.#at]}' is not expected in '$('`,
        this.#at >= this.#text.length ? this.#start : this.#at,
        this.#at >= this.#text.length ? 2 : 1,
        'the form is $(name(inner)[index]{transformation})',
      );
    }
    this.#at++;
    return this.#finish(name, inner, innerSegments, index, transformations);
  }

  #finish(
    name: string,
    inner: string | null,
    innerSegments: readonly Segment[] | null,
    index: VariableIndex | null,
    transformations: readonly Transformation[],
  ): VariableRef {
    const raw = this.#text.slice(this.#start, this.#at);
    return { name, inner, innerSegments, index, transformations, raw, offset: this.#start };
  }

  /** The name; `complete` is false when characters were left over as text. */
  #name(): { name: string; complete: boolean } {
    const written = /^[A-Za-z0-9_.?]*/.exec(this.#text.slice(this.#at, this.#at + 256))![0];
    if (written === '') {
      const next = this.#text[this.#at];
      const hint = next === '{' ? 'variables are written $name or $(name)' : `write '$$' for a dollar sign`;
      this.#fail(`'$' without a variable name`, this.#start, 1, hint);
    }
    const name = this.#knownPart(written);
    this.#at += name.length;
    return { name, complete: name === written };
  }

  #knownPart(written: string): string {
    const isKnown = this.#options.isKnownName;
    if (isKnown?.(written) === true) return written;
    if (isKnown === undefined) return written.replace(/(?<=.)[.?]+$/, '');
    for (let end = written.length - 1; end > 0; end--) {
      if (/[.?]/.test(written[end]!) && isKnown(written.slice(0, end))) return written.slice(0, end);
    }
    return written.replace(/(?<=.)[.?]+$/, '');
  }

  /** `(…)` with balanced parentheses. */
  #inner(): { inner: string; innerSegments: readonly Segment[] | null } {
    const open = this.#at;
    let level = 0;
    let end = open;
    for (; end < this.#text.length; end++) {
      if (this.#text[end] === '(') level++;
      else if (this.#text[end] === ')' && --level === 0) break;
    }
    if (end >= this.#text.length) {
      this.#fail(`'(' of ${this.#text.slice(this.#start, open)} is not closed`, open, 1, `add ')'`);
    }
    const inner = this.#text.slice(open + 1, end);
    this.#at = end + 1;
    if (!inner.includes('$')) return { inner, innerSegments: null };
    const nested = parseText(inner, open + 1, this.#options, this.#depth + 1);
    this.#errors.push(...nested.errors);
    return { inner, innerSegments: nested.segments };
  }

  #index(): VariableIndex {
    const open = this.#at++;
    this.#blanks();
    let index: VariableIndex;
    if (this.#text[this.#at] === '$') {
      index = this.#nested();
    } else {
      const written = /^(\*|[+-]?\d+)/.exec(this.#text.slice(this.#at, this.#at + 16))?.[0];
      if (written === undefined) {
        this.#fail('an index is a number, * or a variable', open, 2, 'for example $(hdr(Via)[0]), $(avp(x)[*])');
      }
      this.#at += written.length;
      index = written === '*' ? '*' : Number.parseInt(written, 10);
    }
    this.#blanks();
    if (this.#text[this.#at] !== ']') this.#fail(`'[' is not closed`, open, 1, `add ']'`);
    this.#at++;
    return index;
  }

  /** `{class.operation,param,…}` */
  #transformation(): Transformation {
    const open = this.#at++;
    this.#blanks();
    const offset = this.#at;
    const name = /^[A-Za-z0-9_.]*/.exec(this.#text.slice(this.#at, this.#at + 64))![0];
    if (name === '') this.#fail('a transformation needs a name', open, 1, 'for example {s.len} or {uri.user}');
    this.#at += name.length;
    this.#blanks();
    const limit = parameterLimits[name] ?? Number.POSITIVE_INFINITY;
    const params: TransformationParam[] = [];
    let rawParams = '';
    if (this.#text[this.#at] === ',') {
      const first = this.#at + 1;
      while (this.#text[this.#at] === ',') {
        this.#at++;
        params.push(this.#param(params.length + 1 >= limit, open));
      }
      rawParams = this.#text.slice(first, this.#at);
    }
    if (this.#text[this.#at] !== '}') {
      this.#fail(`'{' of the transformation is not closed`, open, 1 + name.length, `add '}'`);
    }
    this.#at++;
    return { name, params, rawParams, offset };
  }

  /** A parameter starts behind a comma; `$` at its start makes it a variable. `last` takes all up to the brace. */
  #param(last: boolean, open: number): TransformationParam {
    if (this.#text[this.#at] === '$' && /[A-Za-z_(]/.test(this.#text[this.#at + 1] ?? '')) {
      const start = this.#at;
      const ref = this.#nested();
      this.#blanks();
      if (this.#text[this.#at] === ',' || this.#text[this.#at] === '}') return ref;
      this.#at = start;
    }
    const start = this.#at;
    let level = 0;
    for (; this.#at < this.#text.length; this.#at++) {
      const character = this.#text[this.#at];
      if (character === '{') level++;
      else if (character === '}' && level-- === 0) break;
      else if (character === ',' && level === 0 && !last) break;
    }
    if (this.#at >= this.#text.length) this.#fail(`'{' of the transformation is not closed`, open, 1, `add '}'`);
    return this.#text.slice(start, this.#at);
  }

  #nested(): VariableRef {
    const parsed = new ReferenceReader(this.#text, this.#at, this.#options, this.#depth + 1).read();
    if (parsed.ref === null) throw new ReferenceFailure(parsed.error);
    this.#errors.push(...parsed.errors);
    this.#at = parsed.end;
    return parsed.ref;
  }

  #blanks(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++;
  }

  #fail(message: string, offset: number, length: number, hint?: string): never {
    throw new ReferenceFailure(hint === undefined ? { message, offset, length } : { message, offset, length, hint });
  }
}
