import type { TransformationDefinition } from '../module-definition.ts';
import type { Value } from '../values.ts';
import { localTime, strftime } from '../variables/strftime.ts';
import { character, integer, MAX_LENGTH, type Made, string, text, textWith } from './define.ts';

/** {s.substr,offset,length}: a negative offset counts from the end, length 0 is all the rest, out of range is undefined. */
function substring(input: string, offset: number, length: number): Value {
  const start = offset < 0 ? input.length + offset : offset;
  if (Number.isNaN(start) || Number.isNaN(length) || start < 0 || start >= input.length) return null;
  return length === 0 ? input.slice(start) : input.slice(start, start + length);
}

/** Whole decimal number as a 32-bit integer; undefined for anything else. */
function wholeNumber(input: string): Value {
  return /^[-+]?\d{1,10}$/.test(input) ? Number(input) | 0 : null;
}

function prefixes(name: string, quote: string): TransformationDefinition {
  return textWith(name, 0, 1, (params) => {
    const limit = integer(params[0]);
    if (typeof limit === 'string') return limit;
    return (input, ctx) => {
      const wanted = limit(ctx);
      const count = wanted > 0 ? Math.min(wanted, input.length) : input.length;
      // The result grows with the square of the input, which may come from anybody.
      if ((count * (count + 1)) / 2 + count * (1 + 2 * quote.length) > MAX_LENGTH) return null;
      const list: string[] = [];
      for (let i = 1; i <= count; i++) list.push(quote + input.slice(0, i) + quote);
      return list.join(',');
    };
  });
}

function strip(name: string, cut: (input: string, count: number) => string): TransformationDefinition {
  return textWith(name, 1, 1, (params) => {
    const count = integer(params[0]);
    if (typeof count === 'string') return count;
    return (input, ctx) => {
      const wanted = count(ctx);
      if (Number.isNaN(wanted)) return null;
      return wanted <= 0 ? input : wanted >= input.length ? '' : cut(input, wanted);
    };
  });
}

/** Part of the text next to a separator; what `absent` gives when it is not there. */
function around(
  name: string,
  find: (input: string, separator: string) => number,
  part: (input: string, at: number) => string,
  absent: (input: string) => string,
): TransformationDefinition {
  return textWith(name, 1, 1, (params) => {
    if (params[0]?.constant === '') return 'the separator is empty';
    const separator = string(params[0]);
    return (input, ctx) => {
      // One character: Kamailio ignores what is written behind it.
      const wanted = separator(ctx).charAt(0);
      const at = wanted === '' ? -1 : find(input, wanted);
      return at < 0 ? absent(input) : part(input, at);
    };
  });
}

const whole = (input: string): string => input;
const empty = (): string => '';
const behind = (input: string, at: number): string => input.slice(at + 1);
const before = (input: string, at: number): string => input.slice(0, at);

/** Lines of `width` characters, the following ones indented (as folded header fields are). */
function formatLines(name: string, indent: string): TransformationDefinition {
  return textWith(name, 2, 2, (params) => {
    const width = integer(params[0]);
    const depth = integer(params[1]);
    if (typeof width === 'string') return width;
    if (typeof depth === 'string') return depth;
    return (input, ctx) => {
      const columns = width(ctx);
      const margin = depth(ctx);
      if (!(columns > 0) || !(margin >= 0) || margin > 1024) return null;
      const lines: string[] = [];
      for (let at = 0; at < input.length; at += columns) lines.push(input.slice(at, at + columns));
      if (lines.length * margin > MAX_LENGTH) return null;
      return lines.join(`\r\n${indent.repeat(margin)}`);
    };
  });
}

/** Separators written with a backslash (6.x); `\s` is any blank. */
const ESCAPED: Readonly<Record<string, string | RegExp>> = {
  '\\\\': '\\',
  '\\t': '\t',
  '\\n': '\n',
  '\\r': '\r',
  '\\s': /[ \t\r\n]/,
};

function select(): TransformationDefinition {
  return textWith('s.select', 2, 2, (params) => {
    const index = integer(params[0]);
    if (typeof index === 'string') return index;
    const escaped = ESCAPED[params[1]?.constant ?? ''];
    const separator = escaped === undefined ? character(params[1]) : () => escaped;
    if (typeof separator === 'string') return separator;
    return (input, ctx) => {
      const at = index(ctx);
      const by = separator(ctx);
      if (Number.isNaN(at) || by === '') return null;
      return input.split(by).at(at) ?? '';
    };
  });
}

function selectBlanks(): TransformationDefinition {
  return textWith('s.selectws', 1, 1, (params) => {
    const index = integer(params[0]);
    if (typeof index === 'string') return index;
    return (input, ctx) => {
      const at = index(ctx);
      return Number.isNaN(at)
        ? null
        : (input
            .split(/[ \t\r\n]+/)
            .filter((word) => word !== '')
            .at(at) ?? '');
    };
  });
}

function at(name: string, read: (input: string, index: number) => Value): TransformationDefinition {
  return textWith(name, 1, 1, (params) => {
    const index = integer(params[0]);
    if (typeof index === 'string') return index;
    return (input, ctx) => {
      const wanted = index(ctx);
      const position = wanted < 0 ? input.length + wanted : wanted;
      return position >= 0 && position < input.length ? read(input, position) : null;
    };
  });
}

function replace(name: string, withText: boolean): TransformationDefinition {
  return textWith(name, withText ? 2 : 1, withText ? 2 : 1, (params): Made => {
    if (params[0]?.constant === '') return 'there is nothing to look for';
    const match = string(params[0]);
    const by = string(params[1]);
    return (input, ctx) => {
      const wanted = match(ctx);
      if (wanted === '') return input;
      const result = input.replaceAll(wanted, () => by(ctx));
      return result.length > MAX_LENGTH ? null : result;
    };
  });
}

/** {s.…}: operations on text. */
export const stringTransformations: readonly TransformationDefinition[] = [
  text('s.len', (input) => input.length),
  text('s.int', wholeNumber),
  text('s.intv', (input) => wholeNumber(input) ?? 0),
  textWith('s.substr', 2, 2, (params) => {
    const offset = integer(params[0]);
    const length = integer(params[1]);
    if (typeof offset === 'string') return offset;
    if (typeof length === 'string') return length;
    if (Number(params[1]?.constant) < 0) return 'the length is negative';
    return (input, ctx) => substring(input, offset(ctx), Math.max(length(ctx), 0));
  }),
  select(),
  selectBlanks(),
  strip('s.strip', (input, count) => input.slice(count)),
  strip('s.striptail', (input, count) => input.slice(0, -count)),
  at('s.charat', (input, index) => input.charAt(index)),
  at('s.byteat', (input, index) => input.charCodeAt(index) & 0xff),
  text('s.trim', (input) => input.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '')),
  text('s.ltrim', (input) => input.replace(/^[ \t\r\n]+/, '')),
  text('s.rtrim', (input) => input.replace(/[ \t\r\n]+$/, '')),
  text('s.rmws', (input) => input.replace(/[ \t\r\n]/g, '')),
  // The end of a folded header line with the blanks of the next one: becomes a blank, or nothing.
  text('s.rmhdws', (input) => input.replace(/\r?\n[ \t]+/g, ' ')),
  text('s.rmhlws', (input) => input.replace(/\r?\n[ \t]+/g, '')),
  replace('s.rm', false),
  replace('s.replace', true),
  // The text is bytes: only ASCII letters have another case.
  text('s.tolower', (input) => input.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())),
  text('s.toupper', (input) => input.replace(/[a-z]+/g, (letters) => letters.toUpperCase())),
  text('s.numeric', (input) => input.replace(/[^0-9]/g, '')),
  prefixes('s.prefixes', ''),
  prefixes('s.prefixes.quoted', "'"),
  textWith('s.ftime', 1, 1, (params) => {
    const format = string(params[0]);
    return (input, ctx) => {
      const epoch = wholeNumber(input);
      return typeof epoch === 'number' ? strftime(format(ctx), localTime(epoch * 1000)) : null;
    };
  }),
  text('s.unquote', (input) => input.replace(/^(["'])(.*)\1$/s, '$2')),
  text('s.unbracket', (input) => input.replace(/^(?:<(.*)>|\((.*)\)|\[(.*)\]|\{(.*)\})$/s, '$1$2$3$4')),
  textWith('s.count', 1, 1, (params) => {
    if (params[0]?.constant === '') return 'there is nothing to count';
    const wanted = string(params[0]);
    return (input, ctx) => {
      const part = wanted(ctx).charAt(0);
      return part === '' ? 0 : input.split(part).length - 1;
    };
  }),
  around('s.after', (input, by) => input.indexOf(by), behind, empty),
  around('s.before', (input, by) => input.indexOf(by), before, whole),
  around('s.rafter', (input, by) => input.lastIndexOf(by), behind, empty),
  around('s.rbefore', (input, by) => input.lastIndexOf(by), before, whole),
  formatLines('s.fmtlines', ' '),
  formatLines('s.fmtlinet', '\t'),
];
