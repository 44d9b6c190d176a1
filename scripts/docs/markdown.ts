/** Markdown pieces that the pages are made of. */

/** A table; columns are padded to one width, but for the last one, whose cells may be long. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [head, ...rows].map((row) => row.map(cell));
  const last = head.length - 1;
  const widths = head.map((_, column) => Math.max(3, ...cells.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]): string =>
    `| ${head.map((_, column) => (column === last ? (row[column] ?? '') : (row[column] ?? '').padEnd(widths[column] ?? 0))).join(' | ')} |`;
  const rule = `|${head.map((_, column) => '-'.repeat(column === last ? 5 : (widths[column] ?? 0) + 2)).join('|')}|`;
  return [line(cells[0] ?? []), rule, ...cells.slice(1).map(line)].join('\n');
}

/** Text as a table cell: one line, bars escaped (also those in code, which GitHub wants so). */
function cell(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ').replace(/(?<!\\)\|/g, '\\|');
}

/** Text as code. */
export function code(text: string): string {
  return text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``;
}

/** The name a heading gets in links. */
export function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replace(/ /g, '-');
}

/** Blocks with an empty line between them and one line end at the end. */
export function page(blocks: readonly string[]): string {
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

/** Lines of prose, wrapped for readers of the source. */
export function prose(text: string, width = 140): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter((each) => each !== '')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join('\n');
}

/** A bullet list, its items wrapped. */
export function bullets(items: readonly string[]): string {
  return items.map((item) => `* ${prose(item).replace(/\n/g, '\n  ')}`).join('\n');
}
