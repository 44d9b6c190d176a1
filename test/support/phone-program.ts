/** Programs of phones that are told on their standard input what to do. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Finished, type Running, startProgram } from './command.ts';

/** Who a phone is at a server. */
export interface PhoneAccount {
  readonly user: string;
  readonly password: string;
  /** How it reaches the server; udp unless told. */
  readonly transport?: 'udp' | 'tcp' | 'tls';
  /** Port of the server, on 127.0.0.1. */
  readonly port: number;
}

/** Milliseconds in which a program that was told to end must have unregistered and ended. */
const PATIENCE = 10_000;

/** A program with a home directory of its own. */
export class PhoneProgram {
  readonly home: string;
  private running: Running | null = null;
  private readonly kill = (): void => {
    this.running?.process.kill('SIGKILL');
  };

  constructor(name: string) {
    this.home = mkdtempSync(join(tmpdir(), `trunkline-${name}-`));
  }

  /** Starts the program; its home has what it needs by then. */
  run(program: string, args: readonly string[]): void {
    this.running = startProgram(program, args, { cwd: this.home, env: { HOME: this.home }, input: true });
    this.running.process.stdin.on('error', () => {});
    process.once('exit', this.kill);
  }

  /** Everything it printed, but for complaints. */
  get output(): string {
    return this.running?.stdout ?? '';
  }

  /** Waits until its output matches. @throws Error with the output */
  async printed(pattern: RegExp, timeout = 15_000): Promise<void> {
    await this.running?.output(pattern, timeout);
  }

  /** Types a line. */
  type(line: string): void {
    this.running?.process.stdin.write(`${line}\n`);
  }

  /** Waits for its end, which a command has asked for. @returns null when it had to be killed */
  async ended(): Promise<Finished | null> {
    const { running } = this;
    if (running === null) return null;
    let killed = false;
    const force = setTimeout(() => {
      killed = true;
      this.kill();
    }, PATIENCE);
    const finished = await running.finished();
    clearTimeout(force);
    process.removeListener('exit', this.kill);
    rmSync(this.home, { recursive: true, force: true });
    return killed ? null : finished;
  }
}
