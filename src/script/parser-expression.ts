/** Expressions: operators by precedence, and the operands except core tests (parser-core-test.ts). */
import type { BinaryOperator, Expression, Identifier, IntLiteral, RouteCall, StringLiteral, Variable } from './ast.ts';
import { coreFunctions, coreKeywords, integerWords, isReservedWord } from './keywords.ts';
import { parseCall } from './parser-call.ts';
import { parseCoreTest } from './parser-core-test.ts';
import type { Cursor } from './parser-cursor.ts';
import { describeToken, type Token } from './token.ts';

/** Binding strength of the binary operators, low to high. All associate to the left. */
const precedence: ReadonlyMap<string, number> = new Map([
  ['||', 1],
  ['&&', 2],
  ['|', 3],
  ['&', 4],
  ['^', 5],
  ['<<', 6],
  ['>>', 7],
  ['==', 8],
  ['!=', 8],
  ['=~', 8],
  ['!~', 8],
  ['eq', 8],
  ['ne', 8],
  ['ieq', 8],
  ['ine', 8],
  ['<', 9],
  ['>', 9],
  ['<=', 9],
  ['>=', 9],
  ['+', 10],
  ['-', 10],
  ['*', 11],
  ['/', 11],
  ['mod', 11],
]);

/** Binding strength of `==`: the right side of a core test binds tighter. */
export const equalityPrecedence = 8;

/** Reads an expression. `minimum` leaves operators that bind less tightly to the caller. */
export function parseExpression(cursor: Cursor, minimum = 1): Expression {
  return cursor.nested(() => {
    const start = cursor.peek();
    let left = parseUnary(cursor);
    for (;;) {
      const operator = binaryOperator(cursor);
      const strength = operator === null ? undefined : precedence.get(operator.name);
      if (operator === null || strength === undefined || strength < minimum) return left;
      const operatorToken = cursor.next();
      if (operator.tokens === 2) cursor.next();
      if (operator.name === '!~')
        cursor.warn('CFG_DIALECT', `'!~' is an OpenSIPS operator`, operatorToken, 'write !($x =~ "…")');
      const right = parseExpression(cursor, strength + 1);
      const at = cursor.spanFrom(start);
      left = { kind: 'binary', operator: operator.name, left, right, operatorAt: operatorToken.at, at };
    }
  });
}

function binaryOperator(cursor: Cursor): { name: BinaryOperator; tokens: 1 | 2 } | null {
  const token = cursor.peek();
  if (token.kind === 'word') {
    const name = token.text === 'or' ? '||' : token.text === 'and' ? '&&' : token.text;
    return precedence.has(name) ? { name: name as BinaryOperator, tokens: 1 } : null;
  }
  if (token.kind !== 'punct') return null;
  const second = cursor.peek(1);
  if (token.text === '!' && second.text === '~' && !second.spaceBefore) return { name: '!~', tokens: 2 };
  if (token.text === '=') {
    cursor.error('CFG_SYNTAX', `'=' assigns, it does not compare`, token, `write '=='`);
    return { name: '==', tokens: second.text === '=' && !second.spaceBefore ? 2 : 1 };
  }
  if (token.text === '%') {
    cursor.warn('CFG_DIALECT', `'%' is an OpenSIPS operator`, token, `write 'mod'`);
    return { name: 'mod', tokens: 1 };
  }
  if (token.text === '?') cursor.fail(`there is no '?:' operator`, token, 'write selval(condition, a, b)');
  if (token.text === '==' && second.text === '=' && !second.spaceBefore) {
    cursor.error('CFG_SYNTAX', `there is no '===' operator`, token, `write '=='`);
    return { name: '==', tokens: 2 };
  }
  return precedence.has(token.text) ? { name: token.text as BinaryOperator, tokens: 1 } : null;
}

function parseUnary(cursor: Cursor): Expression {
  const start = cursor.peek();
  const operator = cursor.isWord('not') ? '!' : start.kind === 'punct' ? start.text : '';
  if (operator !== '!' && operator !== '-' && operator !== '~') return parseDefined(cursor);
  return cursor.nested(() => {
    cursor.next();
    const operand = parseUnary(cursor);
    return { kind: 'unary', operator, operand, at: cursor.spanFrom(start) };
  });
}

/** `defined` binds tighter than `!`, looser than a cast. */
function parseDefined(cursor: Cursor): Expression {
  const start = cursor.peek();
  if (cursor.acceptWord('defined') === null) return parseCast(cursor);
  const operand = cursor.nested(() => parseDefined(cursor));
  return { kind: 'defined', operand, at: cursor.spanFrom(start) };
}

function parseCast(cursor: Cursor): Expression {
  const start = cursor.peek();
  const type = cursor.isPunct('(') && cursor.isPunct(')', 2) ? cursor.peek(1) : null;
  if (type === null || type.kind !== 'word' || (type.text !== 'int' && type.text !== 'str'))
    return parsePrimary(cursor);
  const name = type.text;
  for (let count = 0; count < 3; count++) cursor.next();
  // `(int) -3` and `(int) !$x` are valid.
  const operand = cursor.nested(() => parseUnary(cursor));
  return { kind: 'cast', type: name, operand, at: cursor.spanFrom(start) };
}

function parsePrimary(cursor: Cursor): Expression {
  const token = cursor.peek();
  switch (token.kind) {
    case 'int':
      cursor.next();
      return { kind: 'int', value: token.value, at: token.at };
    case 'string':
      return cursor.takeString();
    case 'variable':
      cursor.next();
      return variableNode(token);
    case 'select':
      cursor.next();
      return { kind: 'select', path: token.text.slice(1), at: token.at };
    case 'word':
      return parseWord(cursor, token);
    case 'ip':
      return cursor.fail(
        `an address is compared with src_ip or dst_ip only`,
        token,
        `write it as a string: "${token.address}"`,
      );
  }
  if (cursor.isPunct('(')) {
    cursor.next();
    const inner = parseAssignmentValue(cursor) ?? parseExpression(cursor);
    closeParenthesis(cursor, token);
    return inner;
  }
  if (cursor.isPunct('{')) {
    const body = cursor.parseBlock(cursor);
    return { kind: 'blockExpression', body, at: cursor.spanFrom(token) };
  }
  return cursor.fail(`expected a value, found ${describeToken(token)}`, token, valueHint(cursor, token));
}

/**
 * `if ($var(x) = 1)` is valid: it assigns, and the value is that of an assignment, 1. Kamailio allows it directly behind a
 * parenthesis only; nearly always `==` was meant.
 */
function parseAssignmentValue(cursor: Cursor): Expression | null {
  const token = cursor.peek();
  if (token.kind !== 'variable' || token.ref === null || !cursor.isPunct('=', 1) || cursor.isPunct('=', 2)) return null;
  cursor.next();
  const operator = cursor.next();
  cursor.warn(
    'CFG_ASSIGNMENT_AS_VALUE',
    `this assigns to ${token.text} and is always true`,
    operator,
    `write '==' to compare`,
  );
  const value = parseExpression(cursor);
  const at = cursor.spanFrom(token);
  const target = { kind: 'variable', ref: token.ref, at: token.at } as const;
  const assignment = { kind: 'assignment', target, operator: '=', value, at } as const;
  return { kind: 'blockExpression', body: { kind: 'block', statements: [assignment], at }, at };
}

function valueHint(cursor: Cursor, token: Token): string | undefined {
  if (token.text === ')' && cursor.previous.text === '(') return 'put a condition between the parentheses';
  if (token.text === '=') return `comparing is '==' or '=~'`;
  if (token.text === '%') return `attributes of SER (%name) are not supported, use $avp(name)`;
  return undefined;
}

/** A parenthesis that is never closed is reported where it opens when that is another line. */
function closeParenthesis(cursor: Cursor, open: Token): void {
  if (cursor.accept(')') !== null) return;
  const elsewhere = `the '(' at ${open.at.line}:${open.at.column} is not closed`;
  cursor.fail(`expected ')', found ${describeToken(cursor.peek())}`, undefined, elsewhere);
}

/** The node of a variable token; one that could not be read stands as an error expression. */
export function variableNode(token: Token & { kind: 'variable' }): Expression {
  return token.ref === null ? { kind: 'error', at: token.at } : { kind: 'variable', ref: token.ref, at: token.at };
}

function parseWord(cursor: Cursor, token: Token): Expression {
  const word = token.text;
  const integer = integerWords.get(word);
  if (integer !== undefined) {
    cursor.next();
    return { kind: 'int', value: integer, at: token.at } satisfies IntLiteral;
  }
  if (word === 'strempty' || word === 'strlen') {
    cursor.next();
    const operand = parenthesized(cursor, word);
    return { kind: word, operand, at: cursor.spanFrom(token) };
  }
  if (word === 'selval') return parseSelVal(cursor, token);
  if (word === 'route' && cursor.isPunct('(', 1)) return parseRouteCall(cursor);
  if (coreKeywords.has(word) || (word === 'msg' && cursor.isPunct(':', 1)))
    return parseCoreTest(cursor, parseExpression);
  if (cursor.isPunct('(', 1) || coreFunctions.has(word)) return parseCall(cursor, parseExpression);
  cursor.next();
  if (word === 'NULL' || word === 'null') {
    cursor.warn('CFG_DIALECT', `'${word}' is OpenSIPS syntax`, token, 'write $null');
    const ref = {
      name: 'null',
      inner: null,
      innerSegments: null,
      index: null,
      transformations: [],
      raw: '$null',
      offset: 0,
    };
    return { kind: 'variable', ref, at: token.at };
  }
  reportBareWord(cursor, token);
  return { kind: 'identifier', name: word, at: token.at } satisfies Identifier;
}

/** A word that is neither defined nor known. */
export function reportBareWord(cursor: Cursor, token: Token): void {
  // The define may be in a file that could not be read, which has been reported.
  if (cursor.diagnostics.has('CFG_INCLUDE_MISSING')) return;
  if (isReservedWord(token.text)) {
    cursor.fail(`expected a value, found the keyword '${token.text}'`, token);
  }
  const hint = `write "${token.text}" for a string, or #!define ${token.text} before`;
  cursor.error('CFG_BARE_WORD', `'${token.text}' is neither a string nor a defined name`, token, hint);
}

function parenthesized(cursor: Cursor, name: string): Expression {
  const open = cursor.expect('(', `after '${name}'`);
  const operand = parseExpression(cursor);
  closeParenthesis(cursor, open);
  return operand;
}

function parseSelVal(cursor: Cursor, start: Token): Expression {
  cursor.next();
  const hint = 'selval(condition, value if true, value if false)';
  const open = cursor.expect('(', `after 'selval'`, hint);
  const condition = parseExpression(cursor);
  cursor.expect(',', 'behind the condition of selval', hint);
  const then = parseExpression(cursor);
  cursor.expect(',', 'behind the second argument of selval', hint);
  const otherwise = parseExpression(cursor);
  closeParenthesis(cursor, open);
  return { kind: 'selval', condition, then, else: otherwise, at: cursor.spanFrom(start) };
}

/** `route(NAME)`, `route("R" + $var(n))`, OpenSIPS `route(NAME, a, b)`. The next token must be `route`. */
export function parseRouteCall(cursor: Cursor): RouteCall {
  const start = cursor.next();
  cursor.expect('(', `after 'route'`, 'route(NAME) calls route[NAME]');
  if (cursor.isPunct(')'))
    cursor.fail('route() needs the name of a route block', undefined, 'for example route(RELAY)');
  const name = bareRouteName(cursor, '),;{') ?? parseExpression(cursor);
  const args: Expression[] = [];
  while (cursor.accept(',') !== null) args.push(parseExpression(cursor));
  cursor.expect(')', 'to end the route call', 'for example route(RELAY); a name with blanks needs quotes');
  const at = cursor.spanFrom(start);
  if (args.length > 0)
    cursor.warn('CFG_DIALECT', 'arguments of route() are OpenSIPS syntax', at, 'read them with $param(1)');
  return { kind: 'routeCall', name, args, at };
}

/**
 * A route name without quotes, or `null` when the text is something else. `TO-PSTN` is accepted, where Kamailio wants
 * quotes.
 */
export function bareRouteName(cursor: Cursor, stop: string): StringLiteral | null {
  const first = cursor.peek();
  if (first.kind !== 'word' && first.kind !== 'int') return null;
  const count = cursor.adjacentCount(stop);
  // `route(1+1)` is a computed name.
  if (first.kind === 'int' && count > 1 && '+*/'.includes(cursor.peek(1).text)) return null;
  const after = cursor.peek(count);
  if (after.kind !== 'punct' || !stop.includes(after.text)) return null;
  const name = cursor.takeAdjacent(stop);
  const at = cursor.spanFrom(first);
  if (count > 1 || (first.kind === 'word' && isReservedWord(name))) {
    const why = count > 1 ? 'has other characters than letters, digits and _' : 'is a keyword';
    cursor.lenient(`the route name '${name}' ${why}; Kamailio wants it in quotes`, at, `write "${name}"`);
  }
  // `route(01)` and `route(1)` are the same route.
  const value = first.kind === 'int' && count === 1 ? String(first.value) : name;
  return { kind: 'string', value, pieces: [], at };
}

/** A variable that stands where something is stored. */
export function asVariable(expression: Expression): Variable | null {
  return expression.kind === 'variable' ? expression : null;
}
