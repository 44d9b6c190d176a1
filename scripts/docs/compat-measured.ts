/** Differences that the comparison with a real Kamailio finds and takes for meant; its tests fail on any other, and when one is gone. */
import { ALLOWED } from '../../test/differential/allowed.ts';
import { ALLOWED_VECTORS } from '../../test/differential/allowed-vectors.ts';
import { bullets, code, page, prose, table } from './markdown.ts';

/** A section of the page; empty when there are none. */
export function measuredDifferences(): string {
  const calls = Object.entries(ALLOWED);
  if (calls.length === 0 && ALLOWED_VECTORS.length === 0) return '';
  return page([
    '### Measured differences',
    prose(
      `The same file runs on Kamailio and on Trunkline, and every message of a table of calls is compared header by header. These rows differ; the
      tests know exactly how, and fail on any other difference.`,
    ),
    bullets(calls.map(([row, { reason }]) => `**${row}**: ${reason}`)),
    ALLOWED_VECTORS.length === 0
      ? ''
      : table(
          ['Kamailio prints', 'Trunkline prints', 'why'],
          ALLOWED_VECTORS.map(({ theirs, ours, reason }) => [code(theirs), code(ours), reason]),
        ),
  ]).trimEnd();
}
