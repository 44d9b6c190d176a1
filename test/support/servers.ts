/**
 * Real servers for tests: Kamailio or Trunkline as its own process, started with the same words on the command line, on free ports of
 * this machine. Only processes that were started here are ended, by their own id.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peer } from './peers.ts';
import { freePort } from './ports.ts';

/** Which program runs a configuration. */
export type ServerKind = 'kamailio' | 'trunkline';

/** What to start. */
export interface ServerPlan {
  readonly kind: ServerKind;
  /** Text of the configuration; `file` is the other way. */
  readonly cfg?: string;
  readonly file?: string;
  /** Listen addresses with PORT in the place of the port: `udp:127.0.0.1:PORT`. Each gets the same port. */
  readonly listen?: readonly string[];
  readonly port?: number;
  /** Texts that are replaced everywhere in the configuration, strings included (`--subst`). */
  readonly subst?: Readonly<Record<string, string | number>>;
  readonly defines?: readonly string[];
  readonly args?: readonly string[];
}

/** From the sources, whatever a build left in dist/. */
const trunkline = join(import.meta.dirname, 'trunkline.ts');

/** The program that scenario tests run on; TRUNKLINE_TEST_SERVER=kamailio tries the scenarios themselves on the original. */
export const serverUnderTest: ServerKind = process.env.TRUNKLINE_TEST_SERVER === 'kamailio' ? 'kamailio' : 'trunkline';

const living = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});

/** A server that runs, or ran. */
export class TestServer {
  readonly kind: ServerKind;
  readonly port: number;
  readonly directory: string;
  private readonly child: ChildProcess;
  private output = '';
  private readonly ended: Promise<number>;

  constructor(kind: ServerKind, port: number, directory: string, child: ChildProcess) {
    this.kind = kind;
    this.port = port;
    this.directory = directory;
    this.child = child;
    living.add(child);
    child.stderr?.on('data', (data: Buffer) => {
      this.output += data.toString('latin1');
    });
    child.stdout?.on('data', (data: Buffer) => {
      this.output += data.toString('latin1');
    });
    this.ended = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        living.delete(child);
        resolve(code ?? (signal === null ? -1 : 128));
      });
    });
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Everything printed so far. */
  get log(): string {
    return this.output;
  }

  /** Exit code, once the process has ended. */
  get exit(): Promise<number> {
    return this.ended;
  }

  /** Waits until the log holds the text. */
  async logged(pattern: RegExp, timeout = 10_000): Promise<void> {
    const deadline = Date.now() + timeout;
    while (!pattern.test(this.output)) {
      if (Date.now() > deadline) throw new Error(`${this.kind}: nothing like ${pattern} in the log:\n${this.tail()}`);
      await sleep(20);
    }
  }

  /** End of the log, for messages of failed tests. */
  tail(lines = 60): string {
    return this.output.split('\n').slice(-lines).join('\n');
  }

  /**
   * Texts that the script printed with xlog, in order: those that begin with the mark, without it.
   * Both programs' line formats are undone; control characters look as in Trunkline's log.
   */
  marked(mark = '@@'): string[] {
    const found: string[] = [];
    for (const line of this.output.split('\n')) {
      const at = line.indexOf(mark);
      if (at < 0) continue;
      if (line.startsWith('{')) {
        const { msg } = JSON.parse(line) as { msg: string };
        if (msg.startsWith(mark)) found.push(msg.slice(mark.length));
      } else if (this.kind === 'kamailio') found.push(line.slice(at + mark.length).replaceAll('\t', '\\t'));
    }
    return found;
  }

  /** Ends the process: politely, and after a while not. */
  async stop(): Promise<number> {
    if (this.running) this.child.kill('SIGTERM');
    const force = setTimeout(() => this.child.kill('SIGKILL'), 8_000);
    const code = await this.ended;
    clearTimeout(force);
    rmSync(this.directory, { recursive: true, force: true });
    return code;
  }

  /**
   * Ends the process when the tests are done with it and its stop is none of them: Trunkline, which would wait up to five seconds for what is
   * under way, at once. Kamailio is stopped: its processes would outlive the first of them.
   */
  async discard(): Promise<void> {
    if (this.kind === 'trunkline' && this.running) this.child.kill('SIGKILL');
    await this.stop();
  }
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Whether some process has the port open: read from the kernel, because trying to bind it could take it from the server. */
export function portBound(proto: string, port: number): boolean {
  const hex = `:${port.toString(16).toUpperCase().padStart(4, '0')} `;
  for (const table of [`/proc/net/${proto}`, `/proc/net/${proto}6`]) {
    try {
      for (const line of readFileSync(table, 'latin1').split('\n')) {
        const local = line.trim().split(/\s+/)[1];
        if (local !== undefined && `${local} `.endsWith(hex)) return true;
      }
    } catch {
      // No IPv6 on this machine, or no /proc.
    }
  }
  return false;
}

/** Starts a server and does not wait; for servers that are expected to refuse. */
export async function launchServer(plan: ServerPlan): Promise<TestServer> {
  const port = plan.port ?? (await freePort());
  const directory = mkdtempSync(join(tmpdir(), `trunkline-${plan.kind}-`));
  const file = plan.file ?? join(directory, 'test.cfg');
  if (plan.cfg !== undefined) writeFileSync(file, plan.cfg, 'latin1');
  const words = [
    ...['-f', file, '-DD', '-E'],
    ...(plan.listen ?? ['udp:127.0.0.1:PORT']).flatMap((address) => ['-l', address.replace('PORT', `${port}`)]),
    ...(plan.defines ?? []).flatMap((define) => ['-A', define]),
    ...Object.entries(plan.subst ?? {}).map(([name, value]) => `--subst=!${name}!${value}!g`),
    ...(plan.args ?? []),
  ];
  const child =
    plan.kind === 'kamailio'
      ? spawn(peer('kamailio').path, [...words, '-Y', directory, '-w', directory, '-m', '64', '-M', '8'], {
          stdio: ['ignore', 'pipe', 'pipe'],
        })
      : spawn(process.execPath, [trunkline, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  return new TestServer(plan.kind, port, directory, child);
}

/**
 * Starts a server and waits until its ports are open; packets wait in the sockets for whatever is not ready then.
 * @throws Error with the log when it does not start
 */
export async function startServer(plan: ServerPlan): Promise<TestServer> {
  const server = await launchServer(plan);
  const protocols = new Set((plan.listen ?? ['udp:']).map((address) => (address.startsWith('udp') ? 'udp' : 'tcp')));
  const deadline = Date.now() + 20_000;
  while (![...protocols].every((proto) => portBound(proto, server.port))) {
    if (!server.running || Date.now() > deadline) {
      const text = `${plan.kind} did not start on port ${server.port}:\n${server.tail()}`;
      await server.stop();
      throw new Error(text);
    }
    await sleep(25);
  }
  // Both programs open their ports before they know that the rest of the configuration is right.
  const settled = Date.now() + (plan.kind === 'kamailio' ? 250 : 1_500);
  while (server.running && Date.now() < settled && !server.log.includes(' as process ')) await sleep(25);
  if (!server.running) throw new Error(`${plan.kind} did not start:\n${server.tail()}`);
  return server;
}
