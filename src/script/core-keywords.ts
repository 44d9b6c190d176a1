/**
 * Core keywords in conditions: `method == INVITE`, `src_ip == 10.0.0.0/8`, `uri == myself`. Each test is made
 * ready at load and is one function call at run time.
 */

import { methodId } from '../message/method.ts';
import { parseUri } from '../message/uri.ts';
import { canonicalHost } from '../transport/ip.ts';
import type { CoreKeyword, CoreTest, CoreTestOperand } from './ast.ts';
import type { ScriptContext } from './context.ts';
import { matcherFor } from './core-keywords-address.ts';
import type { ModuleHost } from './module-definition.ts';
import { compilePosix, RegexCache } from './regex.ts';
import { toInteger, toText } from './runtime-convert.ts';
import type { Value } from './values.ts';

/** A test; `operand` is the right side's value where it is not a constant. */
export type KeywordTest = (ctx: ScriptContext, operand: Value) => boolean;

/** Keywords whose value is a text. */
const TEXT_KEYWORDS: ReadonlySet<CoreKeyword> = new Set(['uri', 'status', 'from_uri', 'to_uri', 'method']);
const ADDRESS_KEYWORDS: ReadonlySet<CoreKeyword> = new Set(['src_ip', 'dst_ip', 'to_ip', 'snd_ip']);
const INTEGER_KEYWORDS: ReadonlySet<CoreKeyword> = new Set([
  'src_port',
  'dst_port',
  'to_port',
  'snd_port',
  'msg:len',
  'max_len',
]);
/** The receive buffer's size, which a script can only compare with. */
const MAX_LENGTH = 65535;
const AF_INET = 2;
const AF_INET6 = 10;

const runtimePatterns = new RegexCache();

/**
 * Makes a test ready.
 * @param constant the right side's value when it is a constant expression, undefined when it is computed at run time
 * @param host null while a configuration is only checked
 * @returns a text that says what is wrong with the operands
 */
export function bindCoreTest(
  test: CoreTest,
  constant: Value | undefined,
  host: ModuleHost | null,
): KeywordTest | string {
  const { keyword, operator, operand } = test;
  if (operand.kind === 'myself') return myself(test, host);
  if (operator === '=~' || operator === '!~') {
    return TEXT_KEYWORDS.has(keyword)
      ? pattern(test, constant)
      : `${keyword} cannot be matched with a regular expression`;
  }
  const ordered = operator !== '==' && operator !== '!=';
  if (INTEGER_KEYWORDS.has(keyword) || (keyword === 'status' && ordered)) return integer(test, constant);
  if (ordered) return `${keyword} can only be compared with == and !=`;
  const equal = equality(keyword, operand, constant, host);
  if (typeof equal === 'string') return equal;
  return operator === '==' ? equal : (ctx, value) => !equal(ctx, value);
}

function equality(
  keyword: CoreKeyword,
  operand: CoreTestOperand,
  constant: Value | undefined,
  host: ModuleHost | null,
): KeywordTest | string {
  const word = operand.kind === 'word' ? operand.word : constant;
  if (ADDRESS_KEYWORDS.has(keyword)) return address(keyword, operand, constant, host);
  if (keyword === 'proto' || keyword === 'snd_proto') return protocol(keyword, word);
  if (keyword === 'af' || keyword === 'snd_af') return family(keyword, word);
  if (operand.kind === 'network') return `${keyword} cannot be compared with an IP address`;
  if (keyword === 'method') return method(word);
  // A text compared case-insensitively, the URIs as well as the status.
  const read = textReader(keyword);
  if (word === undefined) return (ctx, value) => same(read(ctx), toText(value));
  const wanted = toText(word);
  return (ctx) => same(read(ctx), wanted);
}

function same(left: string, right: string): boolean {
  return left === right || (left.length === right.length && left.toLowerCase() === right.toLowerCase());
}

function textReader(keyword: CoreKeyword): (ctx: ScriptContext) => string {
  switch (keyword) {
    case 'from_uri':
      return ({ message }) => message.from?.uri ?? '';
    case 'to_uri':
      return ({ message }) => message.to?.uri ?? '';
    case 'method':
      return ({ message }) => message.method;
    default:
      // `uri` and `status` are the same token: the second word of the first line.
      return (ctx) => (ctx.message.isRequest ? ctx.target.uri : String(ctx.message.status));
  }
}

function method(word: Value | undefined): KeywordTest | string {
  if (word === undefined) return ({ message }, value) => same(message.method, toText(value));
  const name = toText(word);
  const id = methodId(name.toUpperCase());
  return id !== 0 ? ({ message }) => message.methodId === id : ({ message }) => same(message.method, name);
}

function pattern({ keyword, operator }: CoreTest, constant: Value | undefined): KeywordTest {
  const read = textReader(keyword);
  const wanted = operator === '=~';
  const options = { ignoreCase: true, newline: false };
  if (constant === undefined) {
    return (ctx, value) => runtimePatterns.get(toText(value), options).test(read(ctx)) === wanted;
  }
  const regex = compilePosix(toText(constant), options);
  return (ctx) => regex.test(read(ctx)) === wanted;
}

function integer({ keyword, operator, operand }: CoreTest, constant: Value | undefined): KeywordTest | string {
  if (operand.kind === 'network') return `${keyword} is a number and cannot be compared with an IP address`;
  const right = operand.kind === 'word' ? (operand.word === 'max_len' ? MAX_LENGTH : undefined) : constant;
  if (operand.kind === 'word' && right === undefined)
    return `${keyword} is a number and cannot be compared with '${operand.word}'`;
  const read = integerReader(keyword);
  const compare = COMPARE[operator];
  if (compare === undefined) return `${keyword} cannot be compared with ${operator}`;
  if (right === undefined) return (ctx, value) => compare(read(ctx), toInteger(value));
  const fixed = toInteger(right);
  return (ctx) => compare(read(ctx), fixed);
}

const COMPARE: Readonly<Partial<Record<string, (left: number, right: number) => boolean>>> = {
  '==': (left, right) => left === right,
  '!=': (left, right) => left !== right,
  '<': (left, right) => left < right,
  '>': (left, right) => left > right,
  '<=': (left, right) => left <= right,
  '>=': (left, right) => left >= right,
};

function integerReader(keyword: CoreKeyword): (ctx: ScriptContext) => number {
  switch (keyword) {
    case 'src_port':
      return ({ from }) => from.port;
    case 'dst_port':
      return ({ from }) => from.socket.port;
    case 'to_port':
      return ({ branch }) => branch?.destination?.port ?? 0;
    case 'snd_port':
      return ({ branch }) => branch?.destination?.socket.port ?? 0;
    case 'status':
      return ({ message }) => message.status;
    case 'msg:len':
      return ({ message }) => message.raw.length;
    default:
      return () => MAX_LENGTH;
  }
}

function protocol(keyword: CoreKeyword, word: Value | undefined): KeywordTest | string {
  const read = (ctx: ScriptContext): string =>
    keyword === 'proto' ? ctx.from.socket.proto : (ctx.branch?.destination?.proto ?? '');
  if (word === undefined) return (ctx, value) => read(ctx) === toText(value).toLowerCase();
  const name = toText(word).toLowerCase();
  if (!['udp', 'tcp', 'tls', 'sctp', 'ws', 'wss'].includes(name))
    return `'${toText(word)}' is no protocol; known are UDP, TCP, TLS, SCTP, WS and WSS`;
  return keyword === 'proto' ? ({ from }) => from.socket.proto === name : (ctx) => read(ctx) === name;
}

function family(keyword: CoreKeyword, word: Value | undefined): KeywordTest | string {
  const read = (ctx: ScriptContext): number =>
    keyword === 'af' ? ctx.from.socket.family : (ctx.branch?.destination?.socket.family ?? 0);
  if (word === undefined) return (ctx, value) => read(ctx) === familyNumber(value);
  const wanted = familyNumber(word);
  return wanted === 0
    ? `'${toText(word)}' is no address family; known are INET and INET6`
    : (ctx) => read(ctx) === wanted;
}

function familyNumber(word: Value): number {
  const text = toText(word).toUpperCase();
  if (text === 'INET' || word === AF_INET) return 4;
  return text === 'INET6' || word === AF_INET6 ? 6 : 0;
}

function addressReader(keyword: CoreKeyword): (ctx: ScriptContext) => string {
  switch (keyword) {
    case 'src_ip':
      return ({ from }) => from.ip;
    case 'dst_ip':
      return ({ from }) => from.socket.address;
    case 'to_ip':
      return ({ branch }) => branch?.destination?.ip ?? '';
    default:
      return ({ branch }) => branch?.destination?.socket.address ?? '';
  }
}

function address(
  keyword: CoreKeyword,
  operand: CoreTestOperand,
  constant: Value | undefined,
  host: ModuleHost | null,
): KeywordTest | string {
  const read = addressReader(keyword);
  const text = operand.kind === 'word' ? operand.word : operand.kind === 'network' ? operand.address : constant;
  if (text === undefined) return (ctx, value) => canonicalHost(read(ctx)) === canonicalHost(toText(value));
  const matches = matcherFor(toText(text), operand.kind === 'network' ? operand.prefix : null, host);
  return typeof matches === 'string' ? matches : (ctx) => matches(read(ctx));
}

/** `uri == myself` and its relatives: the host names this server and the port agrees. */
function myself({ keyword, operator }: CoreTest, host: ModuleHost | null): KeywordTest | string {
  if (operator !== '==' && operator !== '!=') return 'myself can only be compared with == and !=';
  const wanted = operator === '==';
  if (ADDRESS_KEYWORDS.has(keyword)) {
    // The port is ignored here.
    const read = addressReader(keyword);
    return (ctx) => (host?.sender.isMyself(read(ctx), 0) ?? false) === wanted;
  }
  if (keyword !== 'uri' && keyword !== 'status' && keyword !== 'from_uri' && keyword !== 'to_uri') {
    return `${keyword} cannot be compared with myself; uri, from_uri, to_uri, src_ip and dst_ip can`;
  }
  const read = textReader(keyword);
  return (ctx) => {
    const { message } = ctx;
    const text = read(ctx);
    const uri = keyword === 'uri' && text === message.requestUri ? message.ruri : parseUri(text);
    return (uri !== null && uri.host !== '' && (host?.sender.isMyself(uri.host, portOf(uri)) ?? false)) === wanted;
  };
}

/** A URI without a port counts as 5060, 5061 for sips. */
function portOf(uri: { readonly port: number; readonly scheme: string }): number {
  return uri.port !== 0 ? uri.port : uri.scheme === 'sips' ? 5061 : 5060;
}
