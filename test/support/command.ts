import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Root of the checkout. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const ENTRY = fileURLToPath(new URL('./trunkline.ts', import.meta.url));

/** How a finished command ended. */
export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Settings of {@link start}. */
export interface StartOptions {
  readonly cwd?: string;
  /** Added to the environment; undefined takes a variable out. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Leaves the standard input open, for a program that is told by it what to do. */
  readonly input?: boolean;
}

/** A command that runs. */
export class Running {
  readonly process: ChildProcessWithoutNullStreams;
  stdout = '';
  stderr = '';
  private readonly ended: Promise<Finished>;

  constructor(child: ChildProcessWithoutNullStreams) {
    this.process = child;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.ended = once(child, 'close').then(([code, signal]) => ({
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
      stdout: this.stdout,
      stderr: this.stderr,
    }));
  }

  /** Resolves when the command has ended. */
  finished(): Promise<Finished> {
    return this.ended;
  }

  /**
   * Waits until its output (either stream) matches.
   * @param timeout milliseconds
   * @throws Error with the output so far when it ends or the time is up before
   */
  async output(pattern: RegExp, timeout = 20_000): Promise<RegExpExecArray> {
    const deadline = Date.now() + timeout;
    for (;;) {
      const match = pattern.exec(`${this.stdout}\n${this.stderr}`);
      if (match !== null) return match;
      const over = this.process.exitCode !== null || this.process.signalCode !== null;
      if (over || Date.now() > deadline) {
        throw new Error(`${over ? 'ended' : 'timed out'} before ${pattern}\n${this.stdout}\n${this.stderr}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** Starts any program. */
export function startProgram(program: string, args: readonly string[], options: StartOptions = {}): Running {
  const child = spawn(program, args, {
    cwd: options.cwd ?? ROOT,
    env: { ...process.env, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  if (options.input !== true) child.stdin.end();
  return new Running(child);
}

/** Starts `trunkline …` from the sources. */
export function start(args: readonly string[], options: StartOptions = {}): Running {
  return startProgram(process.execPath, [ENTRY, ...args], options);
}

/** Runs `trunkline …` from the sources to its end. */
export function command(args: readonly string[], options: StartOptions = {}): Promise<Finished> {
  return start(args, options).finished();
}
