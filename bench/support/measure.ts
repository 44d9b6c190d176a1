/** Starts a server, loads it, and says what CPU each unit of work took. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpuOf, memoryOf } from './cpu.ts';
import { nextPorts } from './ports.ts';
import { BenchServer, ROOT, type ServerKind } from './server.ts';
import { sleep } from './values.ts';

/** A kind of load. */
export interface Row {
  readonly name: string;
  readonly what: string;
  readonly units: number;
  readonly warmUp: number;
  readonly outstanding: number;
  /** Budget as a ratio to Kamailio. */
  readonly budget: number;
  /** Kind of load and configuration in bench/cfg, where they are not of the row's name. */
  readonly mode?: string;
  readonly cfg?: string;
  /** Digest algorithm that is answered with; default MD5. */
  readonly algorithm?: 'MD5' | 'SHA-256';
  /** Users that register, in turn; default alice alone. */
  readonly users?: number;
}

/** What one run took. */
export interface Reading {
  readonly microseconds: number;
  readonly memory: number;
  readonly failed: number;
}

/** What a run has besides its row. */
export interface MeasureOptions {
  /** A routes file in bench/cfg in the place of the row's configuration. */
  readonly routes?: string;
  /** Words that are replaced in the configuration's strings. */
  readonly subst?: Readonly<Record<string, string | number>>;
  readonly defines?: Readonly<Record<string, string | number>>;
}

/** Runs one server under the load of a row. Only the server's own processes are counted, no database server's. */
export async function measure(
  row: Row,
  kind: ServerKind,
  units: number,
  options: MeasureOptions = {},
): Promise<Reading> {
  const [port, callerPort, carrierPort] = nextPorts(3) as [number, number, number];
  const directory = mkdtempSync(join(tmpdir(), 'trunkline-bench-'));
  // The carrier's port stands in a string, where a define is not replaced: both get it as a substitution.
  const server = new BenchServer({
    kind,
    cfg: row.cfg ?? row.name,
    port,
    directory,
    subst: { CARRIER_PORT: carrierPort, ...options.subst },
    defines: options.defines ?? {},
    routes: options.routes ?? '',
  });
  try {
    await server.listening();
    await sleep(1500);
    server.check();
    return await drive(row, { serverPort: port, callerPort, carrierPort }, units, server.pid);
  } finally {
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

interface Ports {
  readonly serverPort: number;
  readonly callerPort: number;
  readonly carrierPort: number;
}

function drive(row: Row, ports: Ports, units: number, server: number): Promise<Reading> {
  const plan = {
    mode: row.mode ?? row.name,
    ...ports,
    units,
    warmUp: row.warmUp,
    outstanding: row.outstanding,
    algorithm: row.algorithm ?? 'MD5',
    users: row.users ?? 0,
  };
  const load = spawn(process.execPath, [join(ROOT, 'bench', 'support', 'load.ts'), JSON.stringify(plan)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    let before = 0;
    let text = '';
    const limit = setTimeout(() => {
      load.kill('SIGKILL');
      reject(new Error(`${row.name}: not done after two minutes`));
    }, 120_000);
    load.stdout.on('data', (data: Buffer) => {
      text += data.toString();
      for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n')) {
        const line = JSON.parse(text.slice(0, at)) as { event: string; failed?: number };
        text = text.slice(at + 1);
        if (line.event === 'warm') before = cpuOf(server);
        if (line.event === 'done') {
          clearTimeout(limit);
          const used = cpuOf(server) - before;
          resolve({ microseconds: used / units, memory: memoryOf(server), failed: line.failed ?? 0 });
        }
      }
    });
    load.on('error', reject);
  });
}
