/** docs/errors.md */
import { type ErrorGroup, errorGroups } from './error-sources.ts';
import { anchor, bullets, code, page, prose, table } from './markdown.ts';

export function errorsPage(): string {
  return page([
    '# Error codes',
    '<!-- Made by "npm run docs" from the records of codes in src/. Do not edit. -->',
    prose(
      `Everything that goes wrong has a code that stays the same from release to release: in brackets at the end of a line for people, in the
      field \`code\` of a JSON log line. This page says what each means and what to do about it. Search it for the code.`,
    ),
    bullets(errorGroups.map(({ title, codes }) => `[${title}](#${anchor(title)}): ${Object.keys(codes).length} codes`)),
    ...errorGroups.map(section),
  ]);
}

function section({ title, intro, codes }: ErrorGroup): string {
  const entries = Object.entries(codes).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const whole = entries.every(([, text]) => typeof text === 'string');
  const rows = entries.map(([name, text]) =>
    typeof text === 'string' ? [code(name), text] : [code(name), text.explanation, text.action],
  );
  const head = whole ? ['code', 'what it means, and what to do'] : ['code', 'what it means', 'what to do'];
  return page([`## ${title}`, prose(intro), table(head, rows)]).trimEnd();
}
