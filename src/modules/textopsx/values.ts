import { skipQuoted } from '../../message/chars.ts';
import type { EditList } from '../../message/edits.ts';
import type { HeaderField } from '../../message/message.ts';
import type { ScriptContext } from '../../script/context.ts';

/** `Name`, `Name[2]`, `Name[*]`, each perhaps with `.param`. */
export interface ValueSpec {
  readonly name: string;
  /** Counted from 1, negative from the end; null when the text has none. */
  readonly index: number | '*' | null;
  readonly param: string;
}

/** Reads a value's name; null when it is none. */
export function parseValueSpec(text: string): ValueSpec | null {
  const match = /^([!%'*+\-`~\w]+)\s*(?:\[\s*(\*|-?\d+)\s*\])?(?:\.([!%'*+\-`~\w.]+))?$/.exec(text.trim());
  if (match?.[1] === undefined) return null;
  const [, name, index, param] = match;
  const place = index === undefined ? null : index === '*' ? '*' : Number(index);
  return place === 0 ? null : { name, index: place, param: param ?? '' };
}

/** One value of a header as received, and what was done to it. */
export interface Slot {
  readonly received: string;
  /** Text now; null once it was removed. */
  text: string | null;
  /** Values put before and after it. */
  readonly before: string[];
  readonly after: string[];
}

/** A header taken apart into its values. */
interface Line {
  readonly header: HeaderField;
  readonly slots: readonly Slot[];
}

// Changes of one header's values build on each other, so each edit list keeps what was done to them. Values are counted as received.
const lines = new WeakMap<EditList, Map<number, Line>>();

/** The values of all headers of a name. */
export class HeaderValues {
  private readonly ctx: ScriptContext;
  readonly lines: readonly Line[];
  readonly slots: readonly Slot[];

  /** @param list true: a comma separates values; false: each header is one value (Authorization) */
  constructor(ctx: ScriptContext, name: string, list: boolean) {
    this.ctx = ctx;
    const known = linesOf(ctx);
    const { message } = ctx;
    const found: Line[] = [];
    for (const header of message.findByName(name)) {
      let line = known.get(header.start);
      if (line === undefined) {
        const text = message.valueOf(header);
        const values = list ? splitValues(text) : [text];
        line = { header, slots: values.map((value) => ({ received: value, text: value, before: [], after: [] })) };
        known.set(header.start, line);
      }
      found.push(line);
    }
    this.lines = found;
    this.slots = found.flatMap((line) => line.slots);
  }

  /** The value at an index; null counts as `fallback`. */
  at(index: number | null, fallback = 1): Slot | undefined {
    const place = index ?? fallback;
    return place > 0 ? this.slots[place - 1] : this.slots.at(place);
  }

  /** Slots a spec means: one, or all for `*`. */
  select(index: number | '*' | null): readonly Slot[] {
    if (index === '*') return this.slots;
    const slot = this.at(index);
    return slot === undefined ? [] : [slot];
  }

  /** Records the headers that are not as received any more; those without a value go. */
  record(): void {
    const { edits } = this.ctx;
    for (const { header, slots } of this.lines) {
      const changed = slots.some(({ received, text, before, after }) => {
        return text !== received || before.length > 0 || after.length > 0;
      });
      if (!changed) continue;
      const values = slots.flatMap(({ before, text, after }) => [
        ...before,
        ...(text === null ? [] : [text]),
        ...after,
      ]);
      const key = `values@${header.start}`;
      if (values.length === 0) edits.replace(header.start, header.end, '', key);
      else edits.replace(header.valueStart, header.valueEnd, values.join(', '), key);
    }
  }
}

/** What was done so far; a branch goes on from what was done for all. */
function linesOf(ctx: ScriptContext): Map<number, Line> {
  let known = lines.get(ctx.edits);
  if (known === undefined) {
    known = new Map();
    const common = ctx.message === ctx.state.message ? lines.get(ctx.state.edits) : undefined;
    for (const [start, { header, slots }] of common ?? []) {
      const copies = slots.map((slot) => ({ ...slot, before: [...slot.before], after: [...slot.after] }));
      known.set(start, { header, slots: copies });
    }
    lines.set(ctx.edits, known);
  }
  return known;
}

/** Splits at commas outside quotes and angle brackets. */
export function splitValues(text: string): string[] {
  const values: string[] = [];
  let from = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const c = text[at];
    if (c === '"') {
      const end = skipQuoted(text, at, text.length);
      if (end < 0) break;
      at = end - 1;
    } else if (c === '<') depth++;
    else if (c === '>') depth = Math.max(0, depth - 1);
    else if (c === ',' && depth === 0) {
      values.push(text.slice(from, at).trim());
      from = at + 1;
    }
  }
  values.push(text.slice(from).trim());
  return values;
}

// One parameter of a value with its semicolon, or of credentials with its comma; quoted strings are taken whole.
// The look-behind keeps a long run of blanks from being tried at each of its characters.
const PARAM = /(?<!\s)\s*;\s*([^\s;=<>"]+)\s*(?:=\s*("(?:[^"\\]|\\.)*"|[^;\s]*))?/g;
const AUTH_PARAM = /(?<!\s)(\s*,\s*|\s+)([^\s,="]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^,\s]*)/g;

/**
 * A value with a parameter set or removed.
 * @param value new text, '' for a flag; null removes it
 * @returns null when it was to be removed and is not there
 */
export function withValueParam(text: string, name: string, value: string | null): string | null {
  // Parameters inside <…> are the URI's.
  const from = text.indexOf('<') < 0 ? 0 : text.lastIndexOf('>') + 1;
  const head = text.slice(0, from);
  const tail = text.slice(from);
  const wanted = value === null ? '' : value === '' ? `;${name}` : `;${name}=${value}`;
  let done = false;
  const changed = tail.replace(PARAM, (whole, own: string) => {
    if (done || own.toLowerCase() !== name.toLowerCase()) return whole;
    done = true;
    return wanted;
  });
  if (done) return head + changed;
  return value === null ? null : text + wanted;
}

/** As {@link withValueParam} for credentials: `Digest a=b, c="d"`. */
export function withAuthParam(text: string, name: string, value: string | null): string | null {
  let done = false;
  const changed = text.replace(AUTH_PARAM, (whole, separator: string, own: string) => {
    if (done || own.toLowerCase() !== name.toLowerCase()) return whole;
    done = true;
    if (value !== null) return `${separator}${name}=${value}`;
    // The first parameter leaves the blank behind the scheme.
    return separator.includes(',') ? '' : separator;
  });
  if (done) return value === null ? changed.replace(/^(\S+)\s*,\s*/, '$1 ') : changed;
  if (value === null) return null;
  return text.includes('=') ? `${text},${name}=${value}` : `${text} ${name}=${value}`;
}
