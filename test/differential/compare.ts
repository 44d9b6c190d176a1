import type { Outcome } from './world.ts';

/**
 * What differs between two outcomes, one line each, in a fixed order: `leg n start-line: - line` is what only the first has,
 * `+ line` only the second. Lines that both have in another order show up on both sides.
 */
export function differences(first: Outcome, second: Outcome): string[] {
  const found: string[] = [];
  const legs = new Set([...Object.keys(first.legs), ...Object.keys(second.legs)]);
  for (const leg of legs) {
    const ours = first.legs[leg] ?? [];
    const theirs = second.legs[leg] ?? [];
    for (let n = 0; n < Math.max(ours.length, theirs.length); n++) {
      const one = ours[n];
      const other = theirs[n];
      if (one === other) continue;
      if (one === undefined || other === undefined) {
        found.push(`${leg} ${n}: ${one === undefined ? '+' : '-'} ${startLine(one ?? other ?? '')} (whole message)`);
        continue;
      }
      for (const line of lineDifferences(one, other)) found.push(`${leg} ${n} ${startLine(one)}: ${line}`);
    }
  }
  for (const line of lineDifferences(first.printed.join('\n'), second.printed.join('\n')))
    found.push(`printed: ${line}`);
  return found;
}

function startLine(text: string): string {
  return text.slice(0, Math.max(text.indexOf('\r\n'), 0)) || text;
}

/** Longest common subsequence of lines; what is not in it, in reading order. */
function lineDifferences(first: string, second: string): string[] {
  const a = first.split(/\r?\n/);
  const b = second.split(/\r?\n/);
  const table = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  const at = (i: number, j: number): number => table[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      (table[i] as number[])[j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  const out: string[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      i++;
      j++;
    } else if (j >= b.length || (i < a.length && at(i + 1, j) >= at(i, j + 1))) out.push(`- ${a[i++]}`);
    else out.push(`+ ${b[j++]}`);
  }
  return out;
}
