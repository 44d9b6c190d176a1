/** `switch (expr) { case 1: … case "x": … case /"^a": … default: … }` */
import type { Expression, Statement, Switch, SwitchCase, SwitchLabel } from './ast.ts';
import { integerWords } from './keywords.ts';
import { type Cursor, ParseFailure } from './parser-cursor.ts';
import { parseExpression } from './parser-expression.ts';
import { describeToken, type Token } from './token.ts';

type ParseStatements = (cursor: Cursor, open: Token, inSwitch: boolean) => readonly Statement[];
type ParseCondition = (cursor: Cursor, keyword: string) => Expression;

/** The next token must be `switch`. */
export function parseSwitch(cursor: Cursor, parseStatements: ParseStatements, parseCondition: ParseCondition): Switch {
  const start = cursor.next();
  const subject = parseCondition(cursor, 'switch');
  const open = cursor.expect('{', 'behind the head of switch');
  const cases: SwitchCase[] = [];
  const labels = new LabelChecker();
  while (!cursor.isPunct('}') && !cursor.atEnd && !cursor.atItem) {
    const caseToken = cursor.peek();
    if (!cursor.isWord('case') && !cursor.isWord('default')) {
      const before = cursor.index;
      const found = describeToken(caseToken);
      cursor.error('CFG_SYNTAX', `expected 'case' or 'default' in switch, found ${found}`, caseToken);
      parseStatements(cursor, open, true);
      if (cursor.index === before) break;
      continue;
    }
    const label = parseLabel(cursor);
    if (label !== null) labels.check(cursor, label, caseToken);
    const statements = parseStatements(cursor, open, true);
    // A label that could not be read: its statements were worth reading all the same.
    if (label !== null) cases.push({ kind: 'case', label, statements, at: caseToken.at });
  }
  if (cursor.accept('}') === null) parseStatements(cursor, open, true);
  return { kind: 'switch', subject, cases, at: start.at };
}

/** Labels are all numbers or all strings, and there is one `default`. */
class LabelChecker {
  readonly #kinds = new Set<string>();

  check(cursor: Cursor, label: SwitchLabel, place: Token): void {
    const kind = label.kind === 'regex' ? 'string' : label.kind;
    if (kind === 'default' && this.#kinds.has('default')) cursor.error('CFG_SYNTAX', `a second 'default'`, place);
    const mixed = (kind === 'int' && this.#kinds.has('string')) || (kind === 'string' && this.#kinds.has('int'));
    if (mixed && !this.#kinds.has('mixed')) {
      this.#kinds.add('mixed');
      const hint = 'quote the numbers, or write all labels as numbers';
      cursor.error('CFG_CASE_TYPES', 'the labels of a switch are all numbers or all strings', place, hint);
    }
    this.#kinds.add(kind);
  }
}

function parseLabel(cursor: Cursor): SwitchLabel | null {
  try {
    const label = readLabel(cursor);
    if (cursor.accept(':') === null) {
      const hint = 'one label for each case: case 1: case 2: …';
      cursor.fail(`expected ':' behind the label, found ${describeToken(cursor.peek())}`, undefined, hint);
    }
    return label;
  } catch (failure) {
    if (!(failure instanceof ParseFailure)) throw failure;
    while (!cursor.atEnd && !':;}'.includes(cursor.peek().text) && !cursor.atStatementLine) cursor.next();
    cursor.accept(':');
    return null;
  }
}

function readLabel(cursor: Cursor): SwitchLabel {
  if (cursor.next().text === 'default') return { kind: 'default' };
  const token = cursor.peek();
  if (cursor.accept('/') !== null) {
    const hint = 'write case /"^abc": with quotes and without a second slash';
    if (!cursor.is('string')) cursor.fail('the expression of a regex label is a string', token, hint);
    return { kind: 'regex', pattern: cursor.takeString().value };
  }
  if (token.kind === 'word' && cursor.isPunct(':', 1) && !integerWords.has(token.text)) {
    cursor.fail(`'${token.text}' is not a label`, token, `write case "${token.text}": for a string`);
  }
  const value = constantOf(parseExpression(cursor));
  if (value === null) {
    const hint = token.kind === 'variable' ? 'use if to compare with a variable' : undefined;
    cursor.fail('a label is a constant number or string', token, hint);
  }
  return typeof value === 'number' ? { kind: 'int', value } : { kind: 'string', value };
}

/** The value of a constant expression, `null` when it is not constant. */
function constantOf(expression: Expression): number | string | null {
  if (expression.kind === 'int' || expression.kind === 'string') return expression.value;
  if (expression.kind === 'unary') {
    const operand = constantOf(expression.operand);
    if (typeof operand !== 'number') return null;
    return expression.operator === '-' ? -operand | 0 : expression.operator === '~' ? ~operand : operand === 0 ? 1 : 0;
  }
  if (expression.kind !== 'binary') return null;
  const left = constantOf(expression.left);
  const right = constantOf(expression.right);
  if (typeof left === 'string' && typeof right === 'string') return expression.operator === '+' ? left + right : null;
  if (typeof left !== 'number' || typeof right !== 'number') return null;
  switch (expression.operator) {
    case '+':
      return (left + right) | 0;
    case '-':
      return (left - right) | 0;
    case '*':
      return Math.imul(left, right);
    case '|':
      return left | right;
    case '&':
      return left & right;
    case '<<':
      return left << right;
    default:
      return null;
  }
}
