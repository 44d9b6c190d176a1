import { printableJson } from '../unprintable.ts';
import { RpcArray, RpcDouble, type RpcResult, RpcSeveral, RpcStruct, type RpcValue } from '../value.ts';

/** Values of an array that are drawn while it is written. */
export class LazyArray {
  readonly items: Iterable<RpcValue>;
  constructor(items: Iterable<RpcValue>) {
    this.items = items;
  }
}

/** What can be written. */
export type Printable = RpcValue | LazyArray | PrintableStruct;

/** A struct of a reply, which may hold what a command's own cannot. */
export class PrintableStruct {
  readonly members: readonly (readonly [name: string, value: Printable])[];
  constructor(members: readonly (readonly [name: string, value: Printable])[]) {
    this.members = members;
  }
}

/**
 * A command's result as Kamailio's JSON has it: one value as it is, several in an array, none as `{}`; an `array` command's always in an array.
 * Of several values the first two are drawn here.
 */
export function shapeResult(result: RpcResult, array: boolean): Printable {
  if (!(result instanceof RpcSeveral)) {
    if (array) return new RpcArray(result === undefined ? [] : listed(result));
    return result === undefined ? new RpcStruct([]) : result;
  }
  if (array) return new LazyArray(result.values);
  const rest = result.values[Symbol.iterator]();
  const first = rest.next();
  if (first.done === true) return new RpcStruct([]);
  const second = rest.next();
  if (second.done === true) return first.value;
  return new LazyArray(chain([first.value, second.value], rest));
}

/** BINRPC has a list of named values as one struct whose members have the same name (core.sockets_list); in JSON each is a struct of its own. */
function listed(value: RpcValue): readonly RpcValue[] {
  if (!(value instanceof RpcStruct)) return [value];
  const { members } = value;
  const [first] = members;
  const alike = members.length > 1 && members.every(([name]) => name === first?.[0]);
  return alike ? members.map((member) => new RpcStruct([member])) : [value];
}

function* chain(begin: readonly RpcValue[], rest: Iterator<RpcValue>): Generator<RpcValue> {
  yield* begin;
  for (let next = rest.next(); next.done !== true; next = rest.next()) yield next.value;
}

/**
 * Writes a value piece by piece: nothing larger than a flat struct is ever one text.
 * @param pretty Kamailio's layout (pretty_format): members on lines of their own, indented by tabs, `"name":` tab value; arrays on one line
 */
export function* printJson(value: Printable, pretty: boolean, depth = 0): Generator<string> {
  if (value instanceof RpcStruct || value instanceof PrintableStruct) {
    const { members } = value;
    const indent = pretty ? '\t'.repeat(depth + 1) : '';
    const colon = pretty ? ':\t' : ':';
    const newline = pretty ? '\n' : '';
    let out = `{${newline}`;
    for (const [index, [name, inner]] of members.entries()) {
      out += `${indent}${JSON.stringify(name)}${colon}`;
      if (isScalar(inner)) out += scalar(inner);
      else {
        yield out;
        yield* printJson(inner, pretty, depth + 1);
        out = '';
      }
      out += index < members.length - 1 ? `,${newline}` : newline;
    }
    yield `${out}${pretty ? '\t'.repeat(depth) : ''}}`;
  } else if (value instanceof RpcArray || value instanceof LazyArray) {
    let before = '[';
    for (const item of value.items) {
      if (isScalar(item)) yield before + scalar(item);
      else {
        yield before;
        yield* printJson(item, pretty, depth + 1);
      }
      before = pretty ? ', ' : ',';
    }
    yield before === '[' ? '[]' : ']';
  } else yield scalar(value);
}

type Scalar = string | number | null | RpcDouble;

function isScalar(value: Printable): value is Scalar {
  return typeof value !== 'object' || value === null || value instanceof RpcDouble;
}

function scalar(value: Scalar): string {
  // JSON has no NaN and no infinity: JSON.stringify makes null of them.
  const json = JSON.stringify(value instanceof RpcDouble ? value.value : value);
  return typeof value === 'string' ? printableJson(json) : json;
}
