/** `switch (expr) { case 1: … case "x": … case /"^a": … default: … }` */
import type { Expression, Statement, Switch, SwitchCase, SwitchLabel } from './ast.ts';
import { integerWords } from './keywords.ts';
import { type Cursor, ParseFailure } from './parser-cursor.ts';
import { describeToken, type Token } from './token.ts';

type ParseStatements = (cursor: Cursor, open: Token, inSwitch: boolean) => readonly Statement[];
type ParseCondition = (cursor: Cursor, keyword: string) => Expression;

/** The next token must be `switch`. */
export function parseSwitch(cursor: Cursor, parseStatements: ParseStatements, parseCondition: ParseCondition): Switch {
  const start = cursor.next();
  const subject = parseCondition(cursor, 'switch');
  const open = cursor.expect('{', 'behind the head of switch');
  const cases: SwitchCase[] = [];
  const types = new Set<string>();
  while (!cursor.isPunct('}') && !cursor.atEnd && !cursor.atItem) {
    const caseToken = cursor.peek();
    if (!cursor.isWord('case') && !cursor.isWord('default')) {
      const before = cursor.index;
      cursor.error(
        'CFG_SYNTAX',
        `expected 'case' or 'default' in switch, found ${describeToken(caseToken)}`,
        caseToken,
      );
      parseStatements(cursor, open, true);
      if (cursor.index === before) break;
      continue;
    }
    const label = parseLabel(cursor, types);
    const statements = parseStatements(cursor, open, true);
    cases.push({ kind: 'case', label, statements, at: caseToken.at });
  }
  if (cursor.accept('}') === null) parseStatements(cursor, open, true);
  if (cases.length === 0) cursor.lenient('the switch has no cases; Kamailio wants at least one', start);
  return { kind: 'switch', subject, cases, at: start.at };
}

function parseLabel(cursor: Cursor, types: Set<string>): SwitchLabel {
  const start = cursor.peek();
  try {
    const label = readLabel(cursor);
    const type = label.kind === 'regex' ? 'string' : label.kind;
    if (type !== 'default') {
      types.add(type);
      if (types.size === 2) {
        types.add('reported');
        cursor.error(
          'CFG_CASE_TYPES',
          'a switch has either numbers or strings as labels',
          start,
          'quote the numbers, or convert the subject',
        );
      }
    }
    if (cursor.accept(':') === null) {
      cursor.fail(
        `expected ':' behind the label, found ${describeToken(cursor.peek())}`,
        undefined,
        'one label for each case: case 1: case 2: …',
      );
    }
    return label;
  } catch (failure) {
    if (!(failure instanceof ParseFailure)) throw failure;
    while (
      !cursor.atEnd &&
      !cursor.isPunct(':') &&
      !cursor.isPunct('}') &&
      !cursor.isPunct(';') &&
      !cursor.atStatementLine
    )
      cursor.next();
    cursor.accept(':');
    return { kind: 'string', value: '' };
  }
}

function readLabel(cursor: Cursor): SwitchLabel {
  if (cursor.next().text === 'default') return { kind: 'default' };
  const token = cursor.peek();
  if (token.kind === 'string') return { kind: 'string', value: cursor.takeString().value };
  if (cursor.accept('/') !== null) {
    if (!cursor.is('string'))
      cursor.fail('the expression of a regex label is a string', token, 'write case /"^abc": without a second slash');
    return { kind: 'regex', pattern: cursor.takeString().value };
  }
  const negative = cursor.accept('-') !== null;
  const number = cursor.next();
  const value =
    number.kind === 'int' ? number.value : number.kind === 'word' ? integerWords.get(number.text) : undefined;
  if (value === undefined) {
    const hint =
      number.kind === 'variable'
        ? 'labels are constants; use if for variables'
        : `quote it for a string: case "${number.text}":`;
    cursor.fail(`expected a number or a string as label, found ${describeToken(number)}`, number, hint);
  }
  return { kind: 'int', value: negative ? -value | 0 : value };
}
