/** Tests with a core keyword: `method == INVITE`, `src_ip == 10.0.0.0/8`, `uri == myself`. They are one operand. */
import type { CoreKeyword, CoreTest, CoreTestOperand, Expression, Identifier } from './ast.ts';
import { coreKeywords, integerWords } from './keywords.ts';
import type { Cursor } from './parser-cursor.ts';
import { didYouMean } from './suggestion.ts';
import { describeToken, type Token } from './token.ts';

/** Reads an expression whose operators bind at least as tightly as `minimum`. */
type ParseExpression = (cursor: Cursor, minimum: number) => Expression;

/** One more than the binding strength of `==`: `src_port == 5060 + 1 && …`. */
const operandPrecedence = 9;

const integerKeywords: ReadonlySet<string> = new Set(
  'src_port dst_port to_port snd_port msg:len max_len af snd_af'.split(' '),
);
/** Keywords whose right side may be a bare word. */
const wordKeywords: ReadonlySet<string> = new Set(
  'method proto snd_proto af snd_af src_ip dst_ip to_ip snd_ip msg:len'.split(' '),
);
const myselfKeywords: ReadonlySet<string> = new Set('uri status from_uri to_uri src_ip dst_ip to_ip snd_ip'.split(' '));

const protocols: readonly string[] = ['udp', 'tcp', 'tls', 'sctp', 'ws', 'wss'];
const families: readonly string[] = ['inet', 'inet6'];

/** What to use where the value of a keyword is wanted. */
const variables: Readonly<Record<string, string>> = {
  uri: '$ru',
  status: '$rs',
  from_uri: '$fu',
  to_uri: '$tu',
  method: '$rm',
  src_ip: '$si',
  dst_ip: '$Ri',
  src_port: '$sp',
  dst_port: '$Rp',
  proto: '$proto',
  af: '$af(id)',
  'msg:len': '$ml',
};

/** The next token must be a core keyword. `max_len` alone is a value of SER's: `len_gt(max_len)`. */
export function parseCoreTest(cursor: Cursor, parseExpression: ParseExpression): CoreTest | Identifier {
  const start = cursor.peek();
  if (cursor.isWord('myself')) return parseReversed(cursor, start);
  const keyword = takeKeyword(cursor);
  if (keyword === 'max_len' && !['==', '!=', '<', '>', '<=', '>='].includes(cursor.peek().text)) {
    return { kind: 'identifier', name: keyword, at: start.at };
  }
  const operator = takeOperator(cursor, keyword, start);
  const operandStart = cursor.peek();
  const operand = parseOperand(cursor, keyword, parseExpression);
  const operandAt = cursor.spanFrom(operandStart);
  return { kind: 'coreTest', keyword, operator, operand, operandAt, at: cursor.spanFrom(start) };
}

function takeKeyword(cursor: Cursor): CoreKeyword {
  const word = cursor.next().text;
  if (word !== 'msg') return word as CoreKeyword;
  cursor.expect(':', `after 'msg'`, `the keyword is msg:len`);
  if (cursor.acceptWord('len') === null)
    cursor.fail(`there is no keyword 'msg:${cursor.peek().text}'`, undefined, `the keyword is msg:len`);
  return 'msg:len';
}

function takeOperator(cursor: Cursor, keyword: CoreKeyword, start: Token): CoreTest['operator'] {
  const token = cursor.peek();
  const orders = ['<', '>', '<=', '>='];
  if (token.kind === 'punct') {
    if (token.text === '=') {
      cursor.error('CFG_SYNTAX', `'=' assigns, it does not compare`, token, `write '=='`);
      cursor.next();
      return '==';
    }
    if (token.text === '!' && cursor.isPunct('~', 1)) {
      cursor.next();
      cursor.next();
      cursor.warn('CFG_DIALECT', `'!~' is an OpenSIPS operator`, token, `write !(${keyword} =~ "…")`);
      return '!~';
    }
    const known = ['==', '!=', ...(integerKeywords.has(keyword) || keyword === 'status' ? orders : ['=~'])];
    if (keyword === 'status') known.push('=~');
    if (known.includes(token.text)) return cursor.next().text as CoreTest['operator'];
  }
  const variable = variables[keyword];
  const hint = variable === undefined ? undefined : `compare it (${keyword} == …), or use ${variable} as a value`;
  return cursor.fail(
    `'${keyword}' must be followed by a comparison, found ${describeToken(token)}`,
    token.kind === 'eof' ? start : token,
    hint,
  );
}

function parseOperand(cursor: Cursor, keyword: CoreKeyword, parseExpression: ParseExpression): CoreTestOperand {
  const token = cursor.peek();
  if (token.kind === 'word' && token.text === 'myself') {
    cursor.next();
    if (!myselfKeywords.has(keyword)) cursor.error('CFG_SYNTAX', `'${keyword}' cannot be compared with myself`, token);
    return { kind: 'myself' };
  }
  if (token.kind === 'word' && token.text === 'max_len') {
    cursor.next();
    return { kind: 'word', word: 'max_len' };
  }
  if (keyword.endsWith('_ip') && token.kind === 'ip') return parseNetwork(cursor, token.address);
  const isHost = keyword.endsWith('_ip') && token.kind === 'int' && cursor.adjacentCount('()=!&|;{},') > 1;
  if (isHost || isBareWord(cursor, token)) {
    // Host names may have dots and hyphens.
    const word = keyword.endsWith('_ip') ? cursor.takeAdjacent('()=!&|;{},') : cursor.next().text;
    checkWord(cursor, keyword, word, token);
    return { kind: 'word', word };
  }
  return { kind: 'expression', expression: parseExpression(cursor, operandPrecedence) };
}

function checkWord(cursor: Cursor, keyword: CoreKeyword, word: string, token: Token): void {
  if (!wordKeywords.has(keyword) || coreKeywords.has(word)) {
    const hint = coreKeywords.has(word) ? `use ${variables[word] ?? 'a variable'} as the value` : `write "${word}"`;
    const takes = `a string, a variable${myselfKeywords.has(keyword) ? ' or myself' : ''}`;
    cursor.error('CFG_BARE_WORD', `'${keyword}' is compared with ${takes}, not with the word '${word}'`, token, hint);
  }
  const known = keyword.endsWith('proto') ? protocols : keyword.endsWith('af') ? families : null;
  if (known !== null && !known.includes(word.toLowerCase())) {
    const hint = didYouMean(word, known) ?? `known are ${known.join(', ')}`;
    cursor.error(
      'CFG_BARE_WORD',
      `'${word}' is not a ${known === protocols ? 'transport protocol' : 'address family'}`,
      token,
      hint,
    );
  }
}

function isBareWord(cursor: Cursor, token: Token): boolean {
  if (token.kind !== 'word' || cursor.isPunct('(', 1) || integerWords.has(token.text)) return false;
  return !['not', 'defined', 'strlen', 'strempty', 'selval'].includes(token.text);
}

/** `10.0.0.1`, `10.0.0.0/8`, `10.0.0.0/255.0.0.0`, `2001:db8::/32` */
function parseNetwork(cursor: Cursor, address: string): CoreTestOperand {
  cursor.next();
  if (cursor.accept('/') === null) return { kind: 'network', address, prefix: null };
  const mask = cursor.peek();
  const longest = address.includes(':') ? 128 : 32;
  if (mask.kind === 'int' && mask.value >= 0 && mask.value <= longest) {
    cursor.next();
    return { kind: 'network', address, prefix: mask.value };
  }
  const prefix = mask.kind === 'ip' ? prefixOfMask(mask.address) : null;
  if (prefix === null) {
    cursor.fail(
      `expected a prefix length of 0 to ${longest} or a netmask, found ${describeToken(mask)}`,
      mask,
      'for example 10.0.0.0/8',
    );
  }
  cursor.next();
  return { kind: 'network', address, prefix };
}

/** Number of leading ones of an IPv4 netmask, `null` when it is none. */
function prefixOfMask(mask: string): number | null {
  const bits = mask
    .split('.')
    .map((byte) => Number(byte).toString(2).padStart(8, '0'))
    .join('');
  return /^1*0*$/.test(bits) && bits.length === 32 ? bits.lastIndexOf('1') + 1 : null;
}

/** `myself == uri` is `uri == myself`. */
function parseReversed(cursor: Cursor, start: Token): CoreTest {
  cursor.next();
  const operator = cursor.accept('==') ?? cursor.accept('!=');
  const keyword = cursor.peek();
  if (operator === null || keyword.kind !== 'word' || !myselfKeywords.has(keyword.text)) {
    const hint = 'write uri == myself, from_uri == myself or src_ip == myself; for a variable use is_myself("$ru")';
    cursor.fail(
      `'myself' must be compared with uri, from_uri, to_uri, src_ip or dst_ip`,
      operator === null ? start : keyword,
      hint,
    );
  }
  cursor.next();
  return {
    kind: 'coreTest',
    keyword: keyword.text as CoreKeyword,
    operator: operator.text as '==' | '!=',
    operand: { kind: 'myself' },
    operandAt: start.at,
    at: cursor.spanFrom(start),
  };
}
