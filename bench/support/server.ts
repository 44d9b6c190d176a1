import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sleep } from './values.ts';

/** Which program runs a configuration. */
export type ServerKind = 'kamailio' | 'trunkline';

/** Root of the checkout. */
export const ROOT = join(import.meta.dirname, '..', '..');

/** What to start. */
export interface ServerPlan {
  readonly kind: ServerKind;
  /** Name in bench/cfg, without `.cfg`. */
  readonly cfg: string;
  readonly port: number;
  /** Directory for what the server puts down. */
  readonly directory: string;
  /** Words that are replaced in the configuration's strings. */
  readonly subst: Readonly<Record<string, string | number>>;
  /** `#!define`s. */
  readonly defines?: Readonly<Record<string, string | number>>;
  /** MiB of each process's own memory for Kamailio. Default 16. */
  readonly privateMemory?: number;
  /** A routes file in bench/cfg that our own runs in the place of the configuration; it finds the words in its environment. Empty for none. */
  readonly routes?: string;
  /** Options of Node.js for our own. */
  readonly node?: readonly string[];
}

/** A server of a benchmark, ended by {@link BenchServer.stop}. */
export class BenchServer {
  readonly child: ChildProcess;
  private readonly kind: ServerKind;
  private readonly port: number;
  private log = '';

  constructor(plan: ServerPlan) {
    const { port, directory } = plan;
    const routes = plan.routes ?? '';
    const environment = Object.entries(plan.subst).map(([name, value]) => [name, String(value)]);
    const run = ['run', join(ROOT, 'bench', 'cfg', routes), '-l', `udp:127.0.0.1:${port}`, '--debug', '0'];
    const words = [
      ...['-f', join(ROOT, 'bench', 'cfg', `${plan.cfg}.cfg`), '-DD', '-E', '-l', `udp:127.0.0.1:${port}`],
      ...Object.entries(plan.subst).map(([name, value]) => `--subst=!${name}!${value}!g`),
      ...Object.entries(plan.defines ?? {}).flatMap(([name, value]) => ['-A', `${name}=${value}`]),
    ];
    this.kind = plan.kind;
    this.port = port;
    const stdio = ['ignore', 'ignore', 'pipe'] as const;
    this.child =
      plan.kind === 'kamailio'
        ? spawn(
            'kamailio',
            [...words, '-Y', directory, '-w', directory, '-m', '512', '-M', `${plan.privateMemory ?? 16}`],
            {
              stdio: [...stdio],
            },
          )
        : spawn(
            process.execPath,
            [...(plan.node ?? []), join(ROOT, 'bin', 'trunkline'), ...(routes === '' ? words : run)],
            {
              stdio: [...stdio],
              env: { ...process.env, ...Object.fromEntries(environment) },
            },
          );
    this.child.stderr?.on('data', (data: Buffer) => {
      this.log = (this.log + data.toString('latin1')).slice(-20_000);
    });
  }

  get pid(): number {
    return this.child.pid as number;
  }

  /** @throws Error with the log when it has ended */
  check(): void {
    const { exitCode, signalCode } = this.child;
    if (exitCode !== null || signalCode !== null) throw new Error(`${this.kind} has ended:\n${this.log}`);
  }

  /** Waits until its UDP port is open: read from the kernel, because trying to bind it could take it from the server. */
  async listening(): Promise<void> {
    const hex = `:${this.port.toString(16).toUpperCase().padStart(4, '0')} `;
    while (!readFileSync('/proc/net/udp', 'latin1').includes(hex)) {
      this.check();
      await sleep(20);
    }
  }

  /** Ends it: politely, and after a while not. */
  async stop(patience = 6_000): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGTERM');
    const force = setTimeout(() => this.child.kill('SIGKILL'), patience);
    await ended;
    clearTimeout(force);
  }
}
