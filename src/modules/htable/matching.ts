import { type RegexCache, RegexError } from '../../script/regex.ts';

/** Tells whether a key or value is meant. */
export type Test = (text: string | number) => boolean;

function texts(test: (text: string) => boolean): Test {
  return (value) => typeof value === 'string' && test(value);
}

/** Test by a regular expression: case does not matter, lines are lines. @returns a text when it is bad */
export function regexTest(pattern: string, regexes: RegexCache): Test | string {
  try {
    const regex = regexes.get(pattern, { ignoreCase: true, newline: true });
    return texts((text) => regex.test(text));
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    return `bad expression "${pattern}": ${error.message}`;
  }
}

/** Operators of sht_match_name() and its sisters; those that remove know `re` and `sw` only. */
export type Operator = 'eq' | 'ne' | 're' | 'sw';

/** @returns the test, or a text that says what is wrong */
export function operatorTest(
  operator: string,
  operand: string,
  operators: readonly Operator[],
  regexes: RegexCache,
): Test | string {
  const known = operators.find((one) => one === operator);
  if (known === undefined) return `no operator "${operator}"; it takes ${operators.join(', ')}`;
  if (operand === '') return 'nothing to compare with';
  switch (known) {
    case 'eq':
      return texts((text) => text === operand);
    case 'ne':
      return texts((text) => text !== operand);
    case 'sw':
      return texts((text) => text.startsWith(operand));
    case 're':
      return regexTest(operand, regexes);
  }
}

/**
 * The expressions of $shtcn and $shtcv: a regular expression with or without `~~` before it, `%~start`, `~%end`, `==whole`, and `eq5` for the
 * integer 5. `**`, which counts all, is the caller's.
 * @returns the test, or a text that says what is wrong
 */
export function countTest(expression: string, regexes: RegexCache): Test | string {
  const operand = expression.slice(2);
  switch (operand === '' ? '' : expression.slice(0, 2)) {
    case '~~':
      return regexTest(operand, regexes);
    case '%~':
      return texts((text) => text.startsWith(operand));
    case '~%':
      return texts((text) => text.endsWith(operand));
    case '==':
      return texts((text) => text === operand);
    case 'eq':
      if (!/^-?\d+$/.test(operand)) return () => false;
      return (value) => value === Number(operand);
    default:
      return regexTest(expression, regexes);
  }
}
