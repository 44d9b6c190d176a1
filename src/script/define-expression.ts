/**
 * The expressions of `#!ifexp`, `#!defexp` and `#!defexps`: defined names, numbers, strings,
 * `== != < > <= >= + - * / && || !` and parentheses. A name that is not defined is 0 and the empty string.
 */
import type { DefineTable } from './defines.ts';

export type DefineValue = number | string;

export type DefineExpressionResult = { readonly value: DefineValue } | { readonly error: string };

const tokenPattern = /\s*(?:(\d+(?:\.\d+)?)|([A-Za-z_]\w*)|"([^"]*)"|'([^']*)'|(==|!=|<=|>=|&&|\|\||[<>+\-*/!()]))/y;

const levels: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['==', '!='],
  ['<', '>', '<=', '>='],
  ['+', '-'],
  ['*', '/'],
];

/** Evaluates the text behind `#!ifexp`. Truth is: a number other than 0, a string other than empty. */
export function evaluateDefineExpression(text: string, defines: DefineTable): DefineExpressionResult {
  const tokens: { text: string; value: DefineValue | null }[] = [];
  tokenPattern.lastIndex = 0;
  while (/\S/.test(text.slice(tokenPattern.lastIndex))) {
    const before = tokenPattern.lastIndex;
    const match = tokenPattern.exec(text);
    if (match === null) return { error: `'${text.slice(before).trim()[0]}' is not expected here` };
    const [, number, name, double, single, operator] = match;
    if (number !== undefined) tokens.push({ text: number, value: Number(number) });
    else if (name !== undefined) tokens.push({ text: name, value: nameValue(name, defines) });
    else if (operator !== undefined) tokens.push({ text: operator, value: null });
    else tokens.push({ text: 'string', value: double ?? single ?? '' });
  }
  if (tokens.length > 1000) return { error: 'the expression is too long' };
  let at = 0;
  let error: string | null = null;

  const primary = (): DefineValue => {
    const token = tokens[at++];
    if (token === undefined) error ??= 'the expression ends too early';
    else if (token.value !== null) return token.value;
    else if (token.text === '!') return isTrue(primary()) ? 0 : 1;
    else if (token.text === '-') return -toNumber(primary());
    else if (token.text === '(') {
      const value = binary(0);
      if (tokens[at++]?.text !== ')') error ??= `')' is missing`;
      return value;
    } else error ??= `'${token.text}' is not expected here`;
    return 0;
  };
  const binary = (level: number): DefineValue => {
    const operators = levels[level];
    if (operators === undefined) return primary();
    let left = binary(level + 1);
    for (let token = tokens[at]; token?.value === null && operators.includes(token.text); token = tokens[at]) {
      at++;
      left = apply(token.text, left, binary(level + 1));
    }
    return left;
  };

  const value = binary(0);
  if (at < tokens.length) error ??= `'${tokens[at]!.text}' is not expected here`;
  return error === null ? { value } : { error };
}

export function isTrue(value: DefineValue): boolean {
  return value !== 0 && value !== '';
}

/** A define's value: a number, the text between its quotes, or its text; a define without a value counts as 1. */
function nameValue(name: string, defines: DefineTable): DefineValue {
  const define = defines.get(name);
  if (define === undefined) return 0;
  const text = define.value.trim();
  if (text === '') return 1;
  if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  return /^(["'])(.*)\1$/s.exec(text)?.[2] ?? text;
}

function toNumber(value: DefineValue): number {
  const number = Number(value);
  return Number.isNaN(number) ? 0 : number;
}

function apply(operator: string, left: DefineValue, right: DefineValue): DefineValue {
  const truth = (condition: boolean): number => (condition ? 1 : 0);
  // An undefined name is 0; against a string it means "no such text".
  const textual = typeof left === 'string' || typeof right === 'string';
  const text = (value: DefineValue): string => (value === 0 ? '' : String(value));
  switch (operator) {
    case '||':
      return truth(isTrue(left) || isTrue(right));
    case '&&':
      return truth(isTrue(left) && isTrue(right));
    case '==':
      return truth(textual ? text(left) === text(right) : left === right);
    case '!=':
      return truth(textual ? text(left) !== text(right) : left !== right);
    case '+':
      return textual ? text(left) + text(right) : toNumber(left) + toNumber(right);
    case '-':
      return toNumber(left) - toNumber(right);
    case '*':
      return toNumber(left) * toNumber(right);
    case '/':
      return toNumber(right) === 0 ? 0 : Math.trunc(toNumber(left) / toNumber(right));
  }
  const order = textual
    ? text(left) < text(right)
      ? -1
      : text(left) > text(right)
        ? 1
        : 0
    : toNumber(left) - toNumber(right);
  switch (operator) {
    case '<':
      return truth(order < 0);
    case '>':
      return truth(order > 0);
    case '<=':
      return truth(order <= 0);
    default:
      return truth(order >= 0);
  }
}
