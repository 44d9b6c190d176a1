import { fn } from '../../script/module-definition.ts';
import { RegexError } from '../../script/regex.ts';
import type { Value } from '../../script/values.ts';
import { ROUTE_ANY, ROUTE_BRANCH, ROUTE_FAILURE, ROUTE_ONREPLY, ROUTE_REQUEST } from '../../script/values.ts';
import { fail, type TextopsFunction, type TextopsModule } from './instance.ts';

/** Kamailio's codes of a comparison: 1 equal, -1 the first is greater, -2 it is smaller. */
function order(a: string, b: string): number {
  if (a === b) return 1;
  return a > b ? -1 : -2;
}

/** str_find: place from 1, -1 when it is not there; an empty text is found behind the end. */
function find(text: string, wanted: string): number {
  if (wanted === '') return text.length + 1;
  const at = text.indexOf(wanted);
  return at < 0 ? -1 : at + 1;
}

/** Items of a list without the blanks around them; null (logged) for arguments that make no sense. */
function listItems(m: TextopsModule, name: string, subject: string, list: string, separator: string): string[] | null {
  let problem = '';
  if (subject === '') problem = 'subject is empty';
  else if (list === '') problem = 'list is empty';
  else if (separator.length !== 1) problem = 'separator is not one character';
  if (problem !== '') {
    fail(m, name, problem, 'TEXTOPS_BAD_ARGUMENT');
    return null;
  }
  return list.split(separator).map((item) => item.trim());
}

/** regex_substring: 1 found, -1 wrong arguments or no such group, -2 no match. */
function substring(
  m: TextopsModule,
  text: string,
  pattern: string,
  index: number,
  count: number,
  assign: (value: Value) => boolean,
): number {
  if (!(index >= 0 && index < count)) {
    return fail(m, 'regex_substring', `index ${index} is not below ${count}`, 'TEXTOPS_BAD_ARGUMENT');
  }
  let regex: RegExp;
  try {
    regex = m.regexes.get(pattern, { ignoreCase: false, newline: false });
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    return fail(m, 'regex_substring', `bad expression "${pattern}": ${error.message}`, 'TEXTOPS_BAD_REGEX');
  }
  const match = regex.exec(text);
  if (match === null) return -2;
  const group = match[index];
  return group !== undefined && assign(group) ? 1 : -1;
}

export const STRING_FUNCTIONS: readonly TextopsFunction[] = [
  fn('cmp_str', ['str', 'str'], ROUTE_ANY, () => (_ctx, a, b) => order(a, b)),
  fn('cmp_istr', ['str', 'str'], ROUTE_ANY, () => (_ctx, a, b) => order(a.toLowerCase(), b.toLowerCase())),
  fn('starts_with', ['str', 'str'], ROUTE_ANY, () => (_ctx, text, start) => {
    return text.length < start.length ? -1 : order(text.slice(0, start.length), start);
  }),
  fn('ends_with', ['str', 'str'], ROUTE_ANY, () => (_ctx, text, end) => {
    return text.length < end.length ? -1 : order(text.slice(text.length - end.length), end);
  }),
  fn('str_find', ['str', 'str'], ROUTE_ANY, () => (_ctx, text, wanted) => find(text, wanted)),
  fn('str_ifind', ['str', 'str'], ROUTE_ANY, () => (_ctx, text, wanted) => {
    return find(text.toLowerCase(), wanted.toLowerCase());
  }),
  fn('str_any_in', ['str', 'str'], ROUTE_ANY, () => (_ctx, text, set) => {
    return [...text].some((character) => set.includes(character)) ? 1 : -1;
  }),
  fn('str_all_in', ['str', 'str'], ROUTE_ANY, () => (_ctx, text, set) => {
    return text !== '' && [...text].every((character) => set.includes(character)) ? 1 : -1;
  }),
  fn('in_list', ['str', 'str', 'str'], ROUTE_ANY, (m) => (_ctx, subject, list, separator) => {
    return listItems(m, 'in_list', subject, list, separator)?.includes(subject) === true ? 1 : -1;
  }),
  fn('in_list_prefix', ['str', 'str', 'str'], ROUTE_ANY, (m) => (_ctx, subject, list, separator) => {
    const items = listItems(m, 'in_list_prefix', subject, list, separator) ?? [];
    return items.some((item) => item !== '' && subject.startsWith(item)) ? 1 : -1;
  }),
  fn(
    'regex_substring',
    ['str', 'str', 'int', 'int', 'var'],
    ROUTE_REQUEST | ROUTE_FAILURE | ROUTE_BRANCH | ROUTE_ONREPLY,
    (m) => (ctx, text, pattern, index, count, variable) => {
      const { set } = variable;
      if (set === null) return fail(m, 'regex_substring', `${variable.text} is read-only`, 'TEXTOPS_READ_ONLY');
      return substring(m, text, pattern, index, count, (value) => set(ctx, value));
    },
  ),
];
