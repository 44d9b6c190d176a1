/** The same trunk call routed by kamailio.cfg and by TypeScript, in turn in one run, and the ratio of the CPU that they take. */
import { measure, type Row } from './support/measure.ts';
import { median } from './support/values.ts';

const ROW: Row = { name: 'trunk', what: 'trunk call', units: 6000, warmUp: 2000, outstanding: 32, budget: 1.1 };

/** Measures and prints. @param units calls of each run */
export async function runTypeScriptRow(rounds: number, units: number): Promise<void> {
  const taken: { cfg: number[]; code: number[] } = { cfg: [], code: [] };
  let failed = 0;
  for (let round = 0; round < rounds; round++) {
    for (const [list, routes] of [
      [taken.cfg, ''],
      [taken.code, 'trunk-routes.ts'],
    ] as const) {
      const reading = await measure(ROW, 'trunkline', units, { routes });
      list.push(reading.microseconds);
      failed += reading.failed;
    }
  }
  const [cfg, code] = [median(taken.cfg), median(taken.code)];
  process.stdout.write(
    `typescript ${ROW.what}: kamailio.cfg ${cfg.toFixed(1)} µs, routes.ts ${code.toFixed(1)} µs, ratio ${(code / cfg).toFixed(2)}, budget ${ROW.budget.toFixed(2)}, failed ${failed}\n`,
  );
}
