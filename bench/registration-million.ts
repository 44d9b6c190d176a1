import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type RegistrationSetup, setUp } from './registration.ts';
import { timedCommand } from './support/control.ts';
import { cpuOf, ownMemoryOf } from './support/cpu.ts';
import type { ProbeReading } from './support/options-probe.ts';
import { nextPorts } from './support/ports.ts';
import { median, sleep } from './support/values.ts';

/** A million accounts have to fit: Node.js sets its limit by the machine otherwise. */
const NODE = ['--max-old-space-size=6144'];
/** Milliseconds to wait for the wave, and no longer. */
const PATIENCE = 30 * 60_000;

const out = (text: string): void => {
  process.stdout.write(`  ${text}\n`);
};

/** The probe of support/options-probe.ts. */
class Probe {
  private readonly child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.child = child;
  }

  static async start(server: number): Promise<Probe> {
    const [port] = nextPorts(1) as [number];
    const child = fork(join(import.meta.dirname, 'support', 'options-probe.ts'), [JSON.stringify({ port, server })]);
    await once(child, 'message');
    return new Probe(child);
  }

  /** What it saw since the last call. */
  async read(word: 'read' | 'forget' = 'read'): Promise<ProbeReading> {
    const answer = once(this.child, 'message');
    this.child.send(word);
    return (await answer)[0] as ProbeReading;
  }

  /** Waits until the server answers at all, and forgets what was before. */
  async firstAnswer(): Promise<void> {
    while ((await this.read()).answered === 0) await sleep(20);
    await this.read('forget');
  }

  stop(): void {
    this.child.disconnect();
  }
}

function felt({ longest, mean, answered, lost }: ProbeReading): string {
  return `OPTIONS round trip ${mean.toFixed(1)} ms in the mean, ${longest.toFixed(0)} ms at worst (${answered} answered, ${lost} lost)`;
}

/** Milliseconds until the last account of the table can be asked for. */
async function loaded(setup: RegistrationSetup, count: number, started: number): Promise<number> {
  for (;;) {
    setup.server.check();
    try {
      const { fault } = await timedCommand(setup.control, 'uac.reg_info', ['l_uuid', `uuid${count - 1}`]);
      if (!fault) return performance.now() - started;
    } catch {
      // The socket is not open yet.
    }
    await sleep(50);
  }
}

/** One registration of every account, while an operator asks and a probe watches. */
async function wave(setup: RegistrationSetup, probe: Probe, count: number): Promise<void> {
  const reactions: number[] = [];
  const deadline = Date.now() + PATIENCE;
  const before = cpuOf(setup.server.pid);
  let counts = await setup.registrar.counts();
  while (counts.accounts < count && Date.now() < deadline) {
    await sleep(250);
    setup.server.check();
    const uuid = `uuid${(reactions.length * 7919) % count}`;
    reactions.push((await timedCommand(setup.control, 'uac.reg_info', ['l_uuid', uuid])).whole);
    counts = await setup.registrar.counts();
  }
  const { plain, credentials, retransmissions, first, last, accounts } = counts;
  const seconds = (last - first) / 1000;
  out(`registered ${accounts} in ${seconds.toFixed(1)} s, ${(accounts / seconds).toFixed(0)} a second`);
  out(
    `CPU ${((cpuOf(setup.server.pid) - before) / Math.max(accounts, 1)).toFixed(1)} µs each (without what passed before the table was loaded)`,
  );
  out(
    `REGISTERs ${plain} without and ${credentials} with credentials (${((plain + credentials + retransmissions) / (2 * count)).toFixed(3)} of those needed), ${retransmissions} retransmissions`,
  );
  if (reactions.length > 0)
    out(
      `uac.reg_info meanwhile: median ${median(reactions).toFixed(1)} ms, longest ${Math.max(...reactions).toFixed(0)} ms`,
    );
  out(felt(await probe.read()));
}

/**
 * Row `reg-million`: ours alone, so many accounts in one process. Prints load time, memory, a wave of registrations, and what operators and
 * calls feel of it and of a dump.
 */
export async function measureMillion(count: number): Promise<void> {
  process.stdout.write(`reg-million  ${count} accounts in one process\n`);
  const empty = await setUp('trunkline', 0, 3600, NODE);
  await sleep(3_000);
  const emptyMemory = ownMemoryOf(empty.server.pid);
  await empty.stop();
  const setup = await setUp('trunkline', count, 3600, NODE);
  const started = performance.now();
  const probe = await Probe.start(setup.port);
  try {
    await probe.firstAnswer();
    out(`loaded ${((await loaded(setup, count, started)) / 1000).toFixed(1)} s after the process was started`);
    out(`while loading: ${felt(await probe.read())}`);
    await wave(setup, probe, count);
    const memory = ownMemoryOf(setup.server.pid);
    const each = ((memory - emptyMemory) * 1048576) / count;
    out(
      `memory ${memory.toFixed(0)} MiB, ${emptyMemory.toFixed(0)} with an empty table: ${each.toFixed(0)} bytes an account, ${(each - setup.rowBytes).toFixed(0)} over the ${setup.rowBytes.toFixed(0)} of its row's text`,
    );
    const dump = await timedCommand(setup.control, 'uac.reg_dump');
    out(
      `uac.reg_dump: ${(dump.bytes / 1048576).toFixed(0)} MiB, first byte after ${dump.first.toFixed(0)} ms, all after ${(dump.whole / 1000).toFixed(1)} s`,
    );
    out(`meanwhile: ${felt(await probe.read())}`);
  } finally {
    probe.stop();
    await setup.stop();
  }
}
