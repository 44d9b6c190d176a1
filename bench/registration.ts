/**
 * Rows of `npm run bench` about remote registration: a table of trunk accounts against a cheap registrar (support/registrar.ts).
 * CPU is counted from the process's start, less what the same server with an empty table has used after the same kind of start.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeAccounts } from './support/accounts.ts';
import { cpuOf, ownMemoryOf } from './support/cpu.ts';
import { nextPorts } from './support/ports.ts';
import type { Counts } from './support/registrar.ts';
import { RegistrarProcess } from './support/registrar-process.ts';
import { BenchServer, type ServerKind } from './support/server.ts';
import { sleep } from './support/values.ts';

/** What one run of a row gave. */
export interface RegistrationReading {
  /** CPU microseconds for one registration or refresh. */
  readonly microseconds: number;
  /** REGISTERs that arrived for each one that was needed: two for a first registration, one for a refresh. */
  readonly sent: number;
  readonly retransmissions: number;
  /** Seconds from the first REGISTER to the last account's grant. */
  readonly seconds: number;
  readonly memory: number;
  /** Accounts that were not registered (or not refreshed) when time was up. */
  readonly missing: number;
}

/** One server with a table, against one registrar. */
export interface RegistrationSetup {
  readonly server: BenchServer;
  readonly registrar: RegistrarProcess;
  readonly control: string;
  readonly port: number;
  /** Bytes of text of an average row. */
  readonly rowBytes: number;
  stop(): Promise<void>;
}

/** Makes the table, opens the registrar, starts the server. */
export async function setUp(
  kind: ServerKind,
  count: number,
  expires: number,
  node: readonly string[] = [],
): Promise<RegistrationSetup> {
  const directory = mkdtempSync(join(tmpdir(), 'trunkline-bench-'));
  const [port, registrarPort] = nextPorts(2) as [number, number];
  const database = join(directory, 'accounts.sqlite');
  const control = join(directory, 'ctl');
  const rowBytes = makeAccounts({ file: database, count, registrar: `127.0.0.1:${registrarPort}`, expires });
  const registrar = await RegistrarProcess.start(registrarPort, Math.max(count, 1));
  const server = new BenchServer({
    kind,
    cfg: 'registrations',
    port,
    directory,
    // Kamailio holds 1000 rows at a time in a process's own memory, and asks for all their texts at once.
    privateMemory: 128,
    subst: { DB_PATH: database, CTL_PATH: control, LISTEN_PORT: port },
    node,
  });
  return {
    server,
    registrar,
    control,
    port,
    rowBytes,
    async stop() {
      // At its stop our server takes its bindings back; that is no part of what is measured, and is not waited for.
      await server.stop(1_000);
      registrar.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/**
 * Waits until every account has been granted a binding.
 * @param patience milliseconds
 */
export async function allRegistered(setup: RegistrationSetup, count: number, patience: number): Promise<Counts> {
  const deadline = Date.now() + patience;
  for (;;) {
    const counts = await setup.registrar.counts();
    if (counts.accounts >= count || Date.now() > deadline) return counts;
    setup.server.check();
    await sleep(100);
  }
}

/** CPU microseconds that a server uses to start with an empty table. */
export async function startCost(kind: ServerKind): Promise<number> {
  const setup = await setUp(kind, 0, 3600);
  try {
    await setup.server.listening();
    await sleep(3_000);
    return cpuOf(setup.server.pid);
  } finally {
    await setup.stop();
  }
}

function reading(
  counts: Counts,
  cpu: number,
  memory: number,
  count: number,
  units: number,
  needed: number,
): RegistrationReading {
  const { plain, credentials, retransmissions, first, last, accounts } = counts;
  return {
    microseconds: cpu / Math.max(units, 1),
    sent: (plain + credentials + retransmissions) / Math.max(needed, 1),
    retransmissions,
    seconds: (last - first) / 1000,
    memory,
    missing: count - accounts,
  };
}

/** Row `reg-start`: every account registers at the start, 401 and 200 each. */
export async function measureStart(kind: ServerKind, count: number): Promise<RegistrationReading> {
  const idle = await startCost(kind);
  const setup = await setUp(kind, count, 3600);
  try {
    await allRegistered(setup, count, 120_000);
    // Late retransmissions belong to it.
    await sleep(2_000);
    const used = cpuOf(setup.server.pid) - idle;
    return reading(await setup.registrar.counts(), used, ownMemoryOf(setup.server.pid), count, count, 2 * count);
  } finally {
    await setup.stop();
  }
}

/** Row `reg-steady`: accounts with 60 seconds each are kept registered, watched for `seconds`. */
export async function measureSteady(kind: ServerKind, count: number, seconds: number): Promise<RegistrationReading> {
  const setup = await setUp(kind, count, 60);
  try {
    await allRegistered(setup, count, 120_000);
    await sleep(2_000);
    await setup.registrar.clear();
    const before = cpuOf(setup.server.pid);
    await sleep(seconds * 1000);
    const used = cpuOf(setup.server.pid) - before;
    const counts = await setup.registrar.counts();
    return reading(counts, used, ownMemoryOf(setup.server.pid), count, counts.credentials, counts.credentials);
  } finally {
    await setup.stop();
  }
}
