import Table from 'cli-table3';

const NO_LINES = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

/** Columns between two columns. */
export const GAP = NO_LINES.middle.length;

/** Rows that are laid out at once: the library's time grows with the square of them. */
const BLOCK = 200;

type Rows = readonly (readonly string[])[];

/** Rows in blocks, the head before the first. */
function blocks(head: readonly string[], rows: Rows): Rows[] {
  const all = head.length === 0 ? rows : [head, ...rows];
  return Array.from({ length: Math.ceil(all.length / BLOCK) }, (_, i) => all.slice(i * BLOCK, (i + 1) * BLOCK));
}

function tableOf(rows: Rows, widths: readonly number[], right: readonly number[]): Table.Table {
  const columns = rows.reduce((most, row) => Math.max(most, row.length), 0);
  const table = new Table({
    chars: NO_LINES,
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
    colWidths: [...widths],
    colAligns: Array.from({ length: columns }, (_, i) => (right.includes(i) ? 'right' : 'left')),
  });
  for (const row of rows) table.push([...row]);
  return table;
}

/** What each column takes on a terminal, where some characters take two places and colours none. */
export function columnWidths(head: readonly string[], rows: Rows): number[] {
  const widths: number[] = [];
  for (const block of blocks(head, rows)) {
    const table = tableOf(block, [], []);
    // The library writes the widths that it has found into its options.
    table.toString();
    for (const [i, width] of table.options.colWidths.entries()) widths[i] = Math.max(widths[i] ?? 0, width ?? 0);
  }
  return widths;
}

/**
 * A table without lines: columns two blanks apart.
 * @param right indexes of columns that are aligned at their right side: numbers
 * @param widths of the columns; what is longer is cut and ends with a dot character (…)
 */
export function aligned(
  head: readonly string[],
  rows: Rows,
  right: readonly number[] = [],
  widths: readonly number[] = columnWidths(head, rows),
): string {
  const lines = blocks(head, rows).map((block) => tableOf(block, widths, right).toString());
  return `${lines.join('\n').replace(/ +$/gm, '')}\n`;
}
