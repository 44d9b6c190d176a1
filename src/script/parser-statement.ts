/** Statements and blocks, and going on behind an error inside them. */
import type { Assignment, Block, EmptyStatement, Expression, If, Statement } from './ast.ts';
import { coreFunctions, integerWords, statementWords } from './keywords.ts';
import { parseCall, statementHint } from './parser-call.ts';
import { type Cursor, ParseFailure } from './parser-cursor.ts';
import { parseExpression, parseRouteCall } from './parser-expression.ts';
import { parseSwitch } from './parser-switch.ts';
import { describeToken, type Token } from './token.ts';

/** Reads `{ … }`. Kamailio wants at least one statement in it; here it may be empty. */
export function parseBlock(cursor: Cursor): Block {
  return cursor.nested(() => {
    const open = cursor.expect('{', 'to begin a block');
    const errors = cursor.diagnostics.errorCount;
    const statements = parseStatements(cursor, open);
    cursor.accept('}');
    if (statements.length === 0 && cursor.diagnostics.errorCount === errors)
      cursor.lenient('the block is empty; Kamailio wants a statement in it', open, `write { ; }`);
    return { kind: 'block', statements, at: open.at };
  });
}

/**
 * Reads statements up to the `}` of a block, or up to `case` and `default` when `inSwitch`; neither is consumed.
 *
 * @param open the brace that began the block
 */
export function parseStatements(cursor: Cursor, open: Token, inSwitch = false): readonly Statement[] {
  const statements: Statement[] = [];
  while (!cursor.isPunct('}')) {
    if (inSwitch && (cursor.isWord('case') || cursor.isWord('default'))) break;
    if (cursor.atEnd || cursor.atItem) {
      const hint = `the block that began at line ${open.at.line} is not closed`;
      cursor.error('CFG_SYNTAX', `expected '}' before ${describeToken(cursor.peek())}`, cursor.peek(), hint);
      break;
    }
    parseOrRecover(cursor, statements);
  }
  return statements;
}

/** Reads one statement, for a place where none may be; what it is does not matter. */
export function parseStrayStatement(cursor: Cursor): void {
  parseOrRecover(cursor, []);
}

function parseOrRecover(cursor: Cursor, statements: Statement[]): void {
  const before = cursor.index;
  try {
    statements.push(parseStatement(cursor));
  } catch (failure) {
    if (!(failure instanceof ParseFailure)) throw failure;
    recover(cursor, statements);
    // Something must have been consumed, else the next round fails on the same token.
    if (cursor.index === before && !cursor.isPunct('}')) cursor.next();
  }
}

/** Goes on behind the next `;`, before the block's `}`, or where a line looks like a statement. */
function recover(cursor: Cursor, statements: Statement[]): void {
  while (!cursor.atEnd && !cursor.isPunct('}') && !cursor.atItem) {
    if (cursor.accept(';') !== null) return;
    if (cursor.isPunct('{')) {
      // The block of a statement that could not be read: what is wrong inside it shall be found as well.
      try {
        statements.push(cursor.parseBlock(cursor));
      } catch (failure) {
        if (!(failure instanceof ParseFailure)) throw failure;
      }
      return;
    }
    cursor.next();
    if (cursor.atStatementLine) return;
  }
}

function parseStatement(cursor: Cursor): Statement {
  const token = cursor.peek();
  if (token.kind === 'variable') return parseAssignment(cursor, token);
  if (token.kind === 'word') return parseWordStatement(cursor, token);
  if (cursor.accept(';') !== null) return { kind: 'empty', at: token.at };
  if (cursor.isPunct('{')) {
    cursor.lenient('a block of its own; Kamailio has blocks only behind if, else, while and case', token);
    return parseBlock(cursor);
  }
  return cursor.fail(`expected a statement, found ${describeToken(token)}`, token);
}

function parseWordStatement(cursor: Cursor, token: Token): Statement {
  switch (token.text) {
    case 'if':
      return parseIf(cursor);
    case 'while': {
      cursor.next();
      const condition = parseCondition(cursor, 'while');
      const body = parseBranch(cursor, 'while');
      return { kind: 'while', condition, body, at: token.at };
    }
    case 'for':
      return parseFor(cursor);
    case 'switch':
      return parseSwitch(cursor, parseStatements, parseCondition);
    case 'break':
      cursor.next();
      if (cursor.isPunct('(') && cursor.isPunct(')', 1)) {
        cursor.lenient(`Kamailio wants 'break' without parentheses`, token, `write 'break;'`);
        cursor.next();
        cursor.next();
      }
      endStatement(cursor, 'break');
      return { kind: 'break', at: token.at };
    case 'return':
    case 'exit':
    case 'drop': {
      cursor.next();
      const value = parseReturnValue(cursor);
      const at = cursor.spanFrom(token);
      endStatement(cursor, token.text);
      return { kind: token.text, value, at };
    }
    case 'else':
      return parseStrayElse(cursor, token);
    case 'case':
    case 'default':
      return cursor.fail(`'${token.text}' outside of switch`, token);
    case 'continue':
      if (cursor.isPunct(';', 1)) cursor.fail(`there is no 'continue'`, token, 'put the rest of the loop into an if');
  }
  if (token.text === 'route' && cursor.isPunct('(', 1)) {
    const call = parseRouteCall(cursor);
    endStatement(cursor, 'route(…)');
    return { kind: 'routeCallStatement', call, at: call.at };
  }
  if (statementWords.has(token.text) || !(cursor.isPunct('(', 1) || coreFunctions.has(token.text))) {
    cursor.fail(`expected a statement, found '${token.text}'`, token, statementHint(token.text, cursor.peek(1)));
  }
  const call = parseCall(cursor, parseExpression);
  endStatement(cursor, `${token.text}(…)`);
  return { kind: 'callStatement', call, at: call.at };
}

/** `return`, `return 5`, `return(-1)`, `return()`; a word on the next line is the next statement. */
function parseReturnValue(cursor: Cursor): Expression | null {
  const token = cursor.peek();
  if (cursor.isPunct(';') || cursor.isPunct('}') || cursor.atEnd) return null;
  if (cursor.isPunct('(') && cursor.isPunct(')', 1)) {
    cursor.next();
    cursor.next();
    return null;
  }
  if (token.newlineBefore && (token.kind === 'variable' || (token.kind === 'word' && !integerWords.has(token.text))))
    return null;
  return parseExpression(cursor);
}

function parseAssignment(cursor: Cursor, token: Token & { kind: 'variable' }): Assignment | EmptyStatement {
  cursor.next();
  const operator = cursor.peek();
  if (operator.kind !== 'punct' || !['=', ':=', '+='].includes(operator.text)) {
    const hints: Readonly<Record<string, string>> = {
      '==': `write '=' to assign`,
      '=~': `'=~' compares; for the value ~x write '= ~x' with a blank`,
      '+': `write ${token.text} = ${token.text} + 1`,
      '-': `write ${token.text} = ${token.text} - 1`,
      ';': `a variable alone does nothing; write ${token.text} = value`,
      '(': `no blank between the variable's name and '('`,
    };
    cursor.fail(`expected '=' after ${token.text}, found ${describeToken(operator)}`, operator, hints[operator.text]);
  }
  cursor.next();
  if (operator.text !== '=') {
    cursor.warn('CFG_DIALECT', `'${operator.text}' is OpenSIPS syntax`, operator, 'Kamailio assigns with = only');
  }
  const value = parseExpression(cursor);
  const at = cursor.spanFrom(token);
  endStatement(cursor, 'the assignment');
  // The reference could not be read, which has been reported; the rest of the statement was worth reading all the same.
  if (token.ref === null) return { kind: 'empty', at };
  if (token.ref.transformations.length > 0) {
    const hint = 'assign to the variable itself; transformations are for reading';
    cursor.error('CFG_SYNTAX', `${token.text} has a transformation, so nothing can be assigned to it`, token, hint);
  }
  const target = { kind: 'variable', ref: token.ref, at: token.at } as const;
  return { kind: 'assignment', target, operator: operator.text as Assignment['operator'], value, at };
}

/** The `;` behind a simple statement. */
function endStatement(cursor: Cursor, what: string): void {
  if (cursor.accept(';') !== null) return;
  const token = cursor.peek();
  if (cursor.isPunct('}')) {
    cursor.lenient(`no ';' behind ${what}; Kamailio wants one also before '}'`, cursor.behind, `add ';'`);
  } else if (token.newlineBefore || token.kind === 'eof') {
    cursor.error('CFG_SYNTAX', `expected ';' behind ${what}`, cursor.behind, `add ';'`);
  } else {
    const hint = token.text === '?' ? 'write selval(condition, a, b)' : undefined;
    cursor.fail(`expected ';' behind ${what}, found ${describeToken(token)}`, token, hint);
  }
}

/** Reads `if … else if … else …`; a long chain is read in a loop, so that its length has no limit. */
function parseIf(cursor: Cursor): If {
  const chain: { at: Token; condition: Expression; then: Block }[] = [];
  let otherwise: Block | null = null;
  for (;;) {
    const at = cursor.next();
    const condition = parseCondition(cursor, 'if');
    // biome-ignore lint/suspicious/noThenProperty: a syntax tree node, never awaited
    chain.push({ at, condition, then: parseBranch(cursor, 'if') });
    if (cursor.acceptWord('else') === null) break;
    if (!cursor.isWord('if')) {
      otherwise = parseBranch(cursor, 'else');
      break;
    }
  }
  let result: If | null = null;
  for (const { at, condition, then } of chain.reverse()) {
    const rest: Block | null = result === null ? otherwise : { kind: 'block', statements: [result], at: result.at };
    result = { kind: 'if', condition, then, else: rest, at: at.at };
  }
  return result!;
}

/**
 * The condition of if, while and switch. After an error in it the block behind it is read all the same.
 */
function parseCondition(cursor: Cursor, keyword: string): Expression {
  const start = cursor.peek();
  try {
    if (cursor.isPunct('(') && cursor.isPunct(')', 1)) {
      cursor.fail(`the condition of '${keyword}' is empty`, start, `write ${keyword} (condition)`);
    }
    const condition = parseExpression(cursor);
    if (cursor.isPunct(')'))
      cursor.fail(`')' without '('`, undefined, `the condition of '${keyword}' began at line ${start.at.line}`);
    return condition;
  } catch (failure) {
    if (!(failure instanceof ParseFailure)) throw failure;
    while (!cursor.atEnd && !cursor.isPunct('{') && !cursor.isPunct(';') && !cursor.isPunct('}')) {
      if (cursor.atItem || cursor.atStatementLine) break;
      cursor.next();
    }
    return { kind: 'error', at: start.at };
  }
}

/** The statement or block behind if, else, while: always a block in the tree. */
function parseBranch(cursor: Cursor, keyword: string): Block {
  if (cursor.isPunct('{')) return parseBlock(cursor);
  if (cursor.isPunct('}') || cursor.atEnd) {
    cursor.fail(`expected a statement behind '${keyword}', found ${describeToken(cursor.peek())}`);
  }
  return cursor.nested(() => {
    const start = cursor.peek();
    const statement = parseStatement(cursor);
    return { kind: 'block', statements: [statement], at: start.at };
  });
}

function parseStrayElse(cursor: Cursor, token: Token): Statement {
  const hint = cursor.previous.text === ';' ? `the ';' before it ended the if; remove it` : undefined;
  cursor.error('CFG_SYNTAX', `'else' without 'if'`, token, hint);
  cursor.next();
  if (cursor.isWord('if')) return parseIf(cursor);
  return parseBranch(cursor, 'else');
}

/** OpenSIPS `for ($var(i) in $(avp(x)[*])) …` */
function parseFor(cursor: Cursor): Statement {
  const start = cursor.next();
  const hint = 'the form is for ($var(i) in $(avp(x)[*])) { … }, an OpenSIPS statement; Kamailio has while';
  cursor.expect('(', `after 'for'`, hint);
  const variable = cursor.next();
  if (variable.kind !== 'variable' || variable.ref === null)
    cursor.fail(`expected a variable after 'for ('`, variable, hint);
  if (cursor.acceptWord('in') === null)
    cursor.fail(`expected 'in', found ${describeToken(cursor.peek())}`, undefined, hint);
  const source = parseExpression(cursor);
  cursor.expect(')', `to end the head of 'for'`);
  cursor.warn('CFG_DIALECT', `'for' is an OpenSIPS statement`, start, 'Kamailio has while');
  const target = { kind: 'variable', ref: variable.ref, at: variable.at } as const;
  return { kind: 'forEach', target, source, body: parseBranch(cursor, 'for'), at: start.at };
}
