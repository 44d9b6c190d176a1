/** SIPp as caller or called side of a scenario test. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peer } from './peers.ts';
import { freePort } from './ports.ts';
import { portBound, sleep } from './servers.ts';

/** One SIPp process. */
export interface SippPlan {
  /** Name of a file in test/scenario/sipp. */
  readonly scenario: string;
  /** Where the caller sends; a called side has none. */
  readonly remotePort?: number;
  readonly port?: number;
  /** Where others reach it, [public_port] in the scenario: of a relay before it. Its own without one. */
  readonly publicPort?: number;
  readonly calls: number;
  /** New calls a second. */
  readonly rate?: number;
  /** Values for [name] in the scenario. */
  readonly keys?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** Seconds after which it gives up. */
  readonly timeout?: number;
}

/** How a SIPp process ended. */
export interface SippResult {
  readonly code: number;
  readonly successful: number;
  readonly failed: number;
  /** Messages that it sent again. */
  readonly retransmissions: number;
  /** Its own account of what went wrong. */
  readonly errors: string;
}

/** A SIPp process that runs. */
export interface SippRun {
  readonly port: number;
  readonly done: Promise<SippResult>;
  stop(): void;
}

const scenarios = join(import.meta.dirname, '..', 'scenario', 'sipp');

/** Starts SIPp; a called side has its socket open when this returns. */
export async function startSipp(plan: SippPlan): Promise<SippRun> {
  const port = plan.port ?? (await freePort());
  const directory = mkdtempSync(join(tmpdir(), 'trunkline-sipp-'));
  const child = spawn(
    peer('sipp').path,
    [
      ...(plan.remotePort === undefined ? [] : [`127.0.0.1:${plan.remotePort}`]),
      ...['-sf', join(scenarios, plan.scenario), '-i', '127.0.0.1', '-p', `${port}`, '-m', `${plan.calls}`, '-nostdin'],
      ...['-r', `${plan.rate ?? 10}`, '-timeout', `${plan.timeout ?? 60}s`, '-timeout_error', '-trace_err'],
      ...['-trace_stat', '-fd', '1', '-stf', join(directory, 'stat.csv'), '-error_file', join(directory, 'errors.log')],
      ...['-key', 'public_port', `${plan.publicPort ?? port}`],
      ...Object.entries(plan.keys ?? {}).flatMap(([name, value]) => ['-key', name, value]),
      ...(plan.args ?? []),
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], cwd: directory },
  );
  let output = '';
  child.stderr.on('data', (data: Buffer) => {
    output += data.toString('latin1');
  });
  const kill = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', kill);
  const done = new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? -1))).then((code) => {
    process.removeListener('exit', kill);
    const result = read(directory, code, output);
    rmSync(directory, { recursive: true, force: true });
    return result;
  });
  if (plan.remotePort === undefined)
    for (let tries = 0; tries < 400 && !portBound('udp', port) && child.exitCode === null; tries++) await sleep(25);
  return { port, done, stop: kill };
}

function read(directory: string, code: number, output: string): SippResult {
  const text = (name: string): string => {
    try {
      return readFileSync(join(directory, name), 'latin1');
    } catch {
      return '';
    }
  };
  const rows = text('stat.csv').trimEnd().split('\n');
  const names = rows[0]?.split(';') ?? [];
  const values = rows.length > 1 ? (rows.at(-1)?.split(';') ?? []) : [];
  const value = (name: string): number => Number(values[names.indexOf(name)] ?? Number.NaN);
  const errors = readdirSync(directory)
    .filter((name) => name.endsWith('errors.log'))
    .map(text)
    .join('');
  return {
    code,
    successful: value('SuccessfulCall(C)'),
    failed: value('FailedCall(C)'),
    retransmissions: value('Retransmissions(C)'),
    errors: `${output}${errors}`.slice(0, 1_500),
  };
}
