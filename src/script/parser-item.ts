/** Items outside route blocks: global parameters, modules, flags, custom settings. */
import type { Identifier, IntLiteral, StringLiteral } from './ast.ts';
import type { ConfigItem, CustomSetting, FlagsDeclaration, GlobalValue } from './ast-config.ts';
import { counterpartOf, type GlobalParameter, globalParameter, globalParameterNames } from './global-parameters.ts';
import { integerWords, itemWords } from './keywords.ts';
import { parseAddressList, parseSocketAddress, parseSocketBlock } from './parser-address.ts';
import type { Cursor } from './parser-cursor.ts';
import { didYouMean } from './suggestion.ts';
import { describeToken, type Token } from './token.ts';

/** Reads an item that begins with a name: `children = 8`, `group.name = 1`, `group[id].name = 1`, `socket = { … }`. */
export function parseAssignmentItem(cursor: Cursor): ConfigItem {
  const start = cursor.next();
  if (cursor.isPunct('.') || (cursor.isPunct('[') && start.text !== 'coreparam'))
    return parseCustomSetting(cursor, start);
  const key = start.text === 'coreparam' && cursor.isPunct('[') ? parseKey(cursor) : null;
  const name = start.text;
  if (!cursor.isPunct('=')) failWithoutEquals(cursor, start);
  cursor.next();
  if (name === 'socket') {
    if (cursor.isPunct('{')) return parseSocketBlock(cursor, start);
    cursor.warn('CFG_DIALECT', `'socket = address' is OpenSIPS syntax`, start, `write 'listen = …'`);
    return { kind: 'socketDefinition', address: parseSocketAddress(cursor), at: cursor.spanFrom(start) };
  }
  const parameter = globalParameter(name);
  if (parameter === undefined) {
    const hint = didYouMean(name, globalParameterNames()) ?? 'settings of your own are written group.name = value';
    cursor.error('CFG_UNKNOWN_PARAMETER', `there is no global parameter '${name}'`, start, hint);
    return { kind: 'globalAssignment', name, key, value: anyValue(cursor), at: cursor.spanFrom(start) };
  }
  if (parameter.foreign) {
    const counterpart = counterpartOf(name);
    const hint = counterpart === undefined ? undefined : `write '${counterpart} = …'`;
    cursor.warn('CFG_DIALECT', `'${name}' is not a parameter of Kamailio (any more); it has no effect`, start, hint);
  }
  const value = parseValue(cursor, parameter);
  return { kind: 'globalAssignment', name, key, value, at: cursor.spanFrom(start) };
}

function failWithoutEquals(cursor: Cursor, start: Token): never {
  const { text } = start;
  if (globalParameter(text) !== undefined) {
    return cursor.fail(
      `expected '=' after '${text}', found ${describeToken(cursor.peek())}`,
      undefined,
      `write ${text} = value`,
    );
  }
  if (cursor.isPunct('(')) {
    const hint = didYouMean(text, ['modparam', 'modparamx', 'loadmodule']) ?? 'calls belong into a route block';
    return cursor.fail(`'${text}(' is not expected outside of route blocks`, start, hint);
  }
  const hint = didYouMean(text, [...itemWords, ...globalParameterNames()]);
  return cursor.fail(`expected a global parameter, a module or a route block, found '${text}'`, start, hint);
}

function parseValue(cursor: Cursor, parameter: GlobalParameter): GlobalValue {
  const { name, kind } = parameter;
  const token = cursor.peek();
  if (token.newlineBefore && token.kind === 'word' && kind !== 'addresses') {
    cursor.fail(`the value of '${name}' is missing`, cursor.previous);
  }
  switch (kind) {
    case 'addresses':
      return parseAddressList(cursor);
    case 'int':
    case 'signed':
      return parseInteger(cursor, parameter);
    case 'host': {
      if (token.kind === 'string') return cursor.takeString();
      const text = cursor.takeAdjacent(';=');
      const host = token.kind === 'ip' && text === token.text ? token.address : text;
      if (host === '') cursor.fail(`expected an address for '${name}', found ${describeToken(token)}`, token);
      return { kind: 'identifier', name: host, at: cursor.spanFrom(token) };
    }
    default:
      return anyValue(cursor);
  }
}

function parseInteger(cursor: Cursor, { name, kind }: GlobalParameter): IntLiteral {
  const token = cursor.peek();
  if (token.kind === 'string' && /^-?\d+$/.test(token.value)) {
    cursor.lenient(`'${name}' is a number; Kamailio refuses a string`, token, `write ${name} = ${token.value}`);
    return { kind: 'int', value: Number(cursor.takeString().value) | 0, at: token.at };
  }
  const negative = cursor.accept('-') !== null;
  const value = integerOf(cursor.peek());
  if (value === null) {
    cursor.fail(
      `'${name}' takes a number, yes or no, found ${describeToken(cursor.peek())}`,
      undefined,
      undefined,
      'CFG_VALUE',
    );
  }
  cursor.next();
  if (negative && kind === 'int') cursor.error('CFG_VALUE', `'${name}' cannot be negative`, token);
  return { kind: 'int', value: negative ? -value | 0 : value, at: cursor.spanFrom(token) };
}

function integerOf(token: Token): number | null {
  if (token.kind === 'int') return token.value;
  return token.kind === 'word' ? (integerWords.get(token.text) ?? null) : null;
}

/** A string, a number, or bare text up to the next blank. */
function anyValue(cursor: Cursor): IntLiteral | StringLiteral | Identifier {
  const token = cursor.peek();
  if (token.kind === 'string') return cursor.takeString();
  const ahead = cursor.isPunct('-') ? 1 : 0;
  const value = integerOf(cursor.peek(ahead));
  if (value !== null && cursor.adjacentCount(';,') <= ahead + 1) {
    if (ahead === 1) cursor.next();
    cursor.next();
    return { kind: 'int', value: ahead === 1 ? -value | 0 : value, at: cursor.spanFrom(token) };
  }
  const text = cursor.takeAdjacent(';=(){}');
  if (text === '') cursor.fail(`expected a value, found ${describeToken(token)}`, token);
  return { kind: 'identifier', name: text, at: cursor.spanFrom(token) };
}

function parseKey(cursor: Cursor): string {
  cursor.expect('[', 'here');
  const key = cursor.is('string') ? cursor.takeString().value : cursor.takeAdjacent(']');
  cursor.expect(']', 'behind the name in brackets');
  return key;
}

/** `group.name = value [desc "text"]`, `group[id].name = value`; `kemi.…` are parameters with a dot. */
function parseCustomSetting(cursor: Cursor, start: Token): ConfigItem {
  const group = start.text;
  const id = cursor.isPunct('[') ? parseKey(cursor) : null;
  cursor.expect('.', `after '${group}'`, 'settings of your own are written group.name = value');
  const nameToken = cursor.next();
  if (nameToken.kind !== 'word')
    cursor.fail(`expected a name after '${group}.', found ${describeToken(nameToken)}`, nameToken);
  const name = nameToken.text;
  cursor.expect('=', `after '${group}.${name}'`);
  const valueToken = cursor.peek();
  const value = anyValue(cursor);
  const parameter = globalParameter(`${group}.${name}`);
  if (parameter !== undefined) {
    return { kind: 'globalAssignment', name: parameter.name, key: null, value, at: cursor.spanFrom(start) };
  }
  if (value.kind === 'identifier') {
    cursor.error(
      'CFG_BARE_WORD',
      `'${value.name}' is neither a number nor a string`,
      valueToken,
      `write "${value.name}"`,
    );
  } else if (value.kind === 'int' && value.value < 0) {
    cursor.lenient('Kamailio takes no negative number here', valueToken);
  }
  let description: string | null = null;
  if (cursor.isWord('desc') || cursor.isWord('descr') || cursor.isWord('description')) {
    if (cursor.is('string', 1)) {
      cursor.next();
      description = cursor.takeString().value;
    }
  }
  return {
    kind: 'customSetting',
    group,
    id,
    name,
    value,
    description,
    at: cursor.spanFrom(start),
  } satisfies CustomSetting;
}

/** `flags NAME:3, OTHER`; `bool` is another name for it, `avpflags` declares flags of AVPs. */
export function parseFlags(cursor: Cursor): FlagsDeclaration {
  const start = cursor.next();
  const flags: { name: string; number: number | null; at: Token['at'] }[] = [];
  do {
    const token = cursor.peek();
    if (token.kind !== 'word' && token.kind !== 'string') {
      cursor.fail(`expected the name of a flag, found ${describeToken(token)}`, token, 'write flags NAME:3, OTHER;');
    }
    const name = token.kind === 'string' ? cursor.takeString().value : cursor.next().text;
    let number: number | null = null;
    if (cursor.accept(':') !== null) {
      const numberToken = cursor.next();
      if (numberToken.kind !== 'int')
        cursor.fail(`expected the number of the flag, found ${describeToken(numberToken)}`, numberToken);
      number = numberToken.value;
      if (number < 0 || number > 31) cursor.error('CFG_VALUE', `flags are numbered 0 to 31`, numberToken);
    }
    flags.push({ name, number, at: token.at });
  } while (cursor.accept(',') !== null);
  return { kind: 'flags', scope: start.text === 'avpflags' ? 'avp' : 'message', flags, at: cursor.spanFrom(start) };
}
