import type { SrvRecord } from './dns-client.ts';

/**
 * SRV records in the order in which they are to be tried (RFC 2782): by priority, and within one by chance in proportion to the weights.
 * @param random returns 0 ≤ x < 1
 * @param balance false: within a priority by weight alone, the heaviest first (Kamailio with dns_srv_lb=no)
 */
export function orderSrv(records: readonly SrvRecord[], random: () => number, balance = true): SrvRecord[] {
  // Records of weight 0 go first in a draw, which gives them "a very small chance of being selected".
  const sorted = records.toSorted(
    (a, b) => a.priority - b.priority || (balance ? a.weight - b.weight : b.weight - a.weight),
  );
  if (!balance) return sorted;
  const ordered: SrvRecord[] = [];
  let start = 0;
  while (start < sorted.length) {
    const { priority } = sorted[start] as SrvRecord;
    let end = start;
    while (sorted[end]?.priority === priority) end++;
    draw(sorted.slice(start, end), random, ordered);
    start = end;
  }
  return ordered;
}

function draw(group: SrvRecord[], random: () => number, ordered: SrvRecord[]): void {
  let total = 0;
  for (const { weight } of group) total += weight;
  while (group.length > 0) {
    // "a uniform random number between 0 and the sum computed (inclusive)"
    const chosen = Math.floor(random() * (total + 1));
    let sum = 0;
    const at = group.findIndex(({ weight }) => {
      sum += weight;
      return sum >= chosen;
    });
    const [record] = group.splice(at < 0 ? group.length - 1 : at, 1);
    if (record === undefined) return;
    total -= record.weight;
    ordered.push(record);
  }
}
