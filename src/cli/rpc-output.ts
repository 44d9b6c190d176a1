/** What a command of the server gave back, for people and for programs. Its texts may come from the network. */
import { NULL_TEXT } from '../rpc/binrpc/writer.ts';
import { codeOf, printableJson, UNPRINTABLE } from '../rpc/unprintable.ts';
import { RpcArray, RpcDouble, type RpcResult, RpcSeveral, RpcStruct, type RpcValue } from '../rpc/value.ts';

/** Columns of a table where the output is no terminal. */
const WIDTH = 120;

/** A text that does nothing to a terminal: control characters are shown by their codes. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => {
    if (character === '\n') return '\\n';
    if (character === '\r') return '\\r';
    return character === '\t' ? '\\t' : codeOf(character);
  });
}

/** A result for people. @param width columns of the terminal */
export function readable(result: RpcResult, width: number = WIDTH): string {
  if (result === undefined) return '';
  if (!(result instanceof RpcSeveral)) return `${block(result, '').join('\n')}\n`;
  const values = [...result.values];
  const table = asTable(values, width);
  if (table !== null) return table;
  const structs = values.some((value) => value instanceof RpcStruct || value instanceof RpcArray);
  return values.map((value) => `${block(value, '').join('\n')}\n`).join(structs ? '\n' : '');
}

/** Lines of a value. */
function block(value: RpcValue, indent: string): string[] {
  if (value instanceof RpcArray) return value.items.flatMap((item) => listItem(item, indent));
  if (!(value instanceof RpcStruct)) return scalar(value).map((line) => indent + line);
  const widths = value.members.map(([name, member]) => (isScalar(member) ? printable(name).length : 0));
  const widest = widths.reduce((most, one) => Math.max(most, one), 0);
  return value.members.flatMap(([name, member]) => {
    const shown = printable(name);
    if (isScalar(member)) return [`${indent}${shown.padEnd(widest)}  ${cell(member)}`.trimEnd()];
    return [`${indent}${shown}:`, ...block(member, `${indent}  `)];
  });
}

/** One item of an array, set apart by a dash. */
function listItem(item: RpcValue, indent: string): string[] {
  return block(item, `${indent}  `).map((line, index) =>
    index === 0 ? `${indent}- ${line.slice(indent.length + 2)}` : line,
  );
}

function isScalar(value: RpcValue): boolean {
  return !(value instanceof RpcStruct || value instanceof RpcArray);
}

/** A value on one line. */
function cell(value: RpcValue): string {
  if (value instanceof RpcDouble) return `${value.value}`;
  if (value === null || value === NULL_TEXT) return '-';
  return typeof value === 'string' ? printable(value.trimEnd()) : `${value as number}`;
}

/** A value on its own: a text keeps its lines. */
function scalar(value: RpcValue): string[] {
  if (typeof value !== 'string') return [cell(value)];
  return value
    .replace(/\r?\n$/, '')
    .split(/\r?\n/)
    .map(printable);
}

/** Structs of one shape as a table; null when they are none, or too wide. */
function asTable(values: readonly RpcValue[], width: number): string | null {
  const [first] = values;
  if (!(first instanceof RpcStruct) || values.length < 2) return null;
  const names = first.members.map(([name]) => name);
  const rows = [names.map(printable)];
  for (const value of values) {
    if (!(value instanceof RpcStruct) || value.members.length !== names.length) return null;
    if (!value.members.every(([name, member], index) => name === names[index] && isScalar(member))) return null;
    rows.push(value.members.map(([, member]) => cell(member)));
  }
  const widths = names.map((_, column) => rows.reduce((most, row) => Math.max(most, row[column]?.length ?? 0), 0));
  if (widths.reduce((sum, one) => sum + one + 2, -2) > width) return null;
  const line = (row: readonly string[]): string =>
    row
      .map((text, column) => text.padEnd(widths[column] as number))
      .join('  ')
      .trimEnd();
  return `${rows.map(line).join('\n')}\n`;
}

/** A result for programs: JSON, several values as an array, none as null. */
export function json(result: RpcResult): string {
  const value =
    result instanceof RpcSeveral ? [...result.values].map(plain) : result === undefined ? null : plain(result);
  return `${printableJson(JSON.stringify(value, null, 2))}\n`;
}

type Plain = string | number | null | readonly Plain[] | { readonly [name: string]: Plain };

function plain(value: RpcValue): Plain {
  if (value instanceof RpcDouble) return value.value;
  if (value instanceof RpcArray) return value.items.map(plain);
  if (!(value instanceof RpcStruct)) return value === NULL_TEXT ? null : value;
  // A struct may have several members of a name (core.sockets_list); an object cannot.
  const members = new Map<string, Plain[]>();
  for (const [name, member] of value.members) {
    const found = members.get(name);
    if (found === undefined) members.set(name, [plain(member)]);
    else found.push(plain(member));
  }
  return Object.fromEntries([...members].map(([name, list]) => [name, list.length === 1 ? (list[0] as Plain) : list]));
}
