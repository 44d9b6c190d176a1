import type { ScriptContext } from '../context.ts';
import type { TextGetter, TransformationDefinition } from '../module-definition.ts';
import type { Value } from '../values.ts';
import { character, integer, string, text, textWith } from './define.ts';

/** One `name=value`; the value without its quotes, '' for a flag. */
interface Entry {
  readonly name: string;
  readonly value: string;
}

/** Takes `a=1;b="q;q";c` apart at a separator outside quotes. Names and values lose the blanks around them. */
export function parseParameters(input: string, separator: string): Entry[] {
  const list: Entry[] = [];
  let from = 0;
  let quote = '';
  for (let i = 0; i <= input.length; i++) {
    const c = input.charAt(i);
    if (i < input.length && quote !== '') {
      if (c === '\\') i++;
      else if (c === quote) quote = '';
    } else if (i === input.length || c === separator) {
      const piece = input.slice(from, i).trim();
      from = i + 1;
      if (piece === '') continue;
      const equals = piece.indexOf('=');
      const name = (equals < 0 ? piece : piece.slice(0, equals)).trim();
      list.push({ name, value: equals < 0 ? '' : unquote(piece.slice(equals + 1).trim()) });
    } else if (c === '"' || c === "'") quote = c;
  }
  return list;
}

function unquote(value: string): string {
  return value.replace(/^(["'])(.*)\1$/s, '$2');
}

/** A transformation of a parameter list; the last of its parameters is the separator. */
function parameters(
  name: string,
  before: number,
  make: (params: readonly TextGetter[]) => ((list: Entry[], ctx: ScriptContext) => Value) | string,
): TransformationDefinition {
  return textWith(`param.${name}`, before, before + 1, (params) => {
    const separator = params.length > before ? character(params[before]) : (): string => ';';
    if (typeof separator === 'string') return separator;
    const read = make(params);
    if (typeof read === 'string') return read;
    return (input, ctx) => (input === '' ? null : read(parseParameters(input, separator(ctx)), ctx));
  });
}

function named(list: Entry[], name: string): Entry | undefined {
  const wanted = name.toLowerCase();
  return list.find((entry) => entry.name.toLowerCase() === wanted);
}

function byIndex(name: string, read: (entry: Entry) => string): TransformationDefinition {
  return parameters(name, 1, (params) => {
    const index = integer(params[0]);
    if (typeof index === 'string') return index;
    return (list, ctx) => {
      const at = index(ctx);
      if (Number.isNaN(at)) return null;
      const entry = list.at(at);
      return entry === undefined ? '' : read(entry);
    };
  });
}

/** Lines without their ends; a line end at the very end starts no other line. */
function lines(input: string): string[] {
  const list = input.split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  if (list.at(-1) === '') list.pop();
  return list;
}

/** {param.…} and {line.…}. */
export const listTransformations: readonly TransformationDefinition[] = [
  parameters('value', 1, (params) => {
    const name = string(params[0]);
    return (list, ctx) => named(list, name(ctx))?.value ?? '';
  }),
  parameters('in', 1, (params) => {
    const name = string(params[0]);
    return (list, ctx) => (named(list, name(ctx)) === undefined ? 0 : 1);
  }),
  byIndex('valueat', (entry) => entry.value),
  byIndex('name', (entry) => entry.name),
  parameters('count', 0, () => (list) => list.length),
  text('line.count', (input) => (input === '' ? null : lines(input).length)),
  textWith('line.at', 1, 1, (params) => {
    const index = integer(params[0]);
    if (typeof index === 'string') return index;
    return (input, ctx) => {
      const at = index(ctx);
      return Number.isNaN(at) ? null : (lines(input).at(at) ?? '');
    };
  }),
  textWith('line.sw', 1, 1, (params) => {
    const start = string(params[0]);
    return (input, ctx) => {
      const wanted = start(ctx);
      return lines(input).find((line) => line.startsWith(wanted)) ?? '';
    };
  }),
];
