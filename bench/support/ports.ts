/** Ports of one measurement; a new set for each, so that late packets of the last one meet nobody. */
let next = 21000 + (process.pid % 500) * 20;

/** @returns so many ports in a row that no measurement of this run has had */
export function nextPorts(count: number): number[] {
  const ports = Array.from({ length: count }, (_, index) => next + index);
  next += count;
  return ports;
}
