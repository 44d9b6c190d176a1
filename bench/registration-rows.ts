import { measureStart, measureSteady, type RegistrationReading } from './registration.ts';
import { measureMillion } from './registration-million.ts';
import type { ServerKind } from './support/server.ts';
import { median } from './support/values.ts';

/** What of the command line concerns these rows. */
export interface RegistrationRun {
  /** Rows asked for by name; none for all. */
  readonly wanted: readonly string[];
  /** Also those that take minutes. */
  readonly long: boolean;
  readonly hasKamailio: boolean;
  readonly rounds: number;
  /** Accounts, null for the row's own number. */
  readonly units: number | null;
}

interface Row {
  readonly name: string;
  readonly what: string;
  readonly accounts: number;
  readonly long: boolean;
  readonly rounds: number;
  readonly measure: (kind: ServerKind, accounts: number) => Promise<RegistrationReading>;
}

/** Seconds that the steady state is watched: each account with its 60 seconds comes by once at least. */
const WATCHED = 70;

const ROWS: readonly Row[] = [
  {
    name: 'reg-start',
    what: 'registrations at start, 401 and 200 each',
    accounts: 20_000,
    long: false,
    rounds: 3,
    measure: measureStart,
  },
  {
    name: 'reg-steady',
    what: `refreshes of accounts with 60 s each, for ${WATCHED} s`,
    accounts: 20_000,
    long: true,
    rounds: 1,
    measure: (kind, accounts) => measureSteady(kind, accounts, WATCHED),
  },
];

/** Budgets: ratio of CPU to Kamailio's, REGISTERs for each one needed, MiB for 20 000 accounts. */
const BUDGET = 'budget: ratio 0.60, sent 1.01, no retransmission, 100 MiB';

const pad = (value: string, width: number): string => value.padStart(width);

/** Runs the rows about registration that were asked for and prints their figures. */
export async function runRegistrationRows(run: RegistrationRun): Promise<void> {
  const chosen = (name: string, long: boolean): boolean =>
    run.wanted.includes(name) || (run.wanted.length === 0 && (!long || run.long));
  for (const row of ROWS) if (chosen(row.name, row.long)) await runRow(row, run);
  if (chosen('reg-million', true)) await measureMillion(run.units ?? 1_000_000);
}

async function runRow(row: Row, run: RegistrationRun): Promise<void> {
  const accounts = run.units ?? row.accounts;
  const kinds: readonly ServerKind[] = run.hasKamailio ? ['kamailio', 'trunkline'] : ['trunkline'];
  const readings = new Map<ServerKind, RegistrationReading[]>(kinds.map((kind) => [kind, []]));
  for (let round = 0; round < Math.min(run.rounds, row.rounds); round++) {
    for (const kind of kinds) readings.get(kind)?.push(await row.measure(kind, accounts));
  }
  process.stdout.write(`${row.name}  ${row.what}; ${accounts} accounts (${BUDGET})\n`);
  process.stdout.write(
    `${' '.repeat(12)}${pad('µs', 9)}${pad('sent', 8)}${pad('again', 8)}${pad('seconds', 9)}${pad('MiB', 7)}${pad('missing', 9)}\n`,
  );
  for (const [kind, list] of readings) {
    const of = (pick: (reading: RegistrationReading) => number): number => median(list.map(pick));
    process.stdout.write(
      `  ${kind.padEnd(10)}${pad(of((one) => one.microseconds).toFixed(1), 9)}${pad(of((one) => one.sent).toFixed(3), 8)}${pad(of((one) => one.retransmissions).toFixed(0), 8)}${pad(of((one) => one.seconds).toFixed(1), 9)}${pad(of((one) => one.memory).toFixed(0), 7)}${pad(of((one) => one.missing).toFixed(0), 9)}\n`,
    );
  }
  const cost = (kind: ServerKind): number => median((readings.get(kind) ?? []).map((one) => one.microseconds));
  if (run.hasKamailio) process.stdout.write(`  ratio ${(cost('trunkline') / cost('kamailio')).toFixed(2)}\n`);
}
