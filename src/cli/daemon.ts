/**
 * Going to the background, as Kamailio does without -D: the command returns when the server is ready, so that a unit of
 * `Type=forking` and scripts that test its exit code see whether it started.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { CliError, EXIT } from './errors.ts';

/** Set in the environment of the process in the background. */
const MARK = 'TRUNKLINE_DAEMON';

/** What the process in the background tells the one that started it. */
type Report = { readonly kind: 'ready' } | { readonly kind: 'failed'; readonly text: string };

/** True in the process that was started in the background. */
export function isDaemon(): boolean {
  return process.env[MARK] === '1' && process.send !== undefined;
}

/** Tells the starting process that all is well, and lets it go. */
export function reportReady(): void {
  delete process.env[MARK];
  process.send?.({ kind: 'ready' } satisfies Report, () => process.disconnect());
}

/** Hands the text of an error to the starting process, which still has the user's terminal. */
export function reportFailure(text: string): Promise<void> {
  return new Promise((resolve) => {
    process.send?.({ kind: 'failed', text } satisfies Report, () => resolve());
  });
}

/**
 * Where the log goes. Kamailio's rule: standard error with -E, syslog without. A standard error that is not a terminal (the
 * journal, a file) is somebody's choice and is kept.
 */
function logTarget(logToStderr: boolean): 'inherit' | 'syslog' {
  const wantsSyslog = !logToStderr && process.stderr.isTTY === true;
  return wantsSyslog && existsSync('/dev/log') && existsSync('/usr/bin/logger') ? 'syslog' : 'inherit';
}

/**
 * Starts this same command line again in the background and waits until it is ready.
 * @returns exit code for this process
 */
export function startInBackground(logToStderr: boolean): Promise<number> {
  const script = process.argv[1];
  if (script === undefined) throw new CliError('CLI_DAEMON', 'cannot find out how this program was started');
  let logger: ReturnType<typeof spawn> | null = null;
  if (logTarget(logToStderr) === 'syslog') {
    logger = spawn('/usr/bin/logger', ['--tag', 'trunkline', '--priority', 'daemon.notice'], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
    logger.unref();
  }
  const child = spawn(process.execPath, [...process.execArgv, script, ...process.argv.slice(2)], {
    detached: true,
    env: { ...process.env, [MARK]: '1' },
    stdio: ['ignore', 'ignore', logger?.stdin ?? 'inherit', 'ipc'],
  });
  logger?.stdin?.destroy();
  return new Promise((resolve) => {
    child.on('message', (message) => {
      const report = message as Report;
      if (report.kind === 'failed') {
        process.stderr.write(report.text);
        return;
      }
      child.unref();
      if (child.connected) child.disconnect();
      resolve(EXIT.ok);
    });
    child.on('error', (error) => {
      process.stderr.write(`trunkline: error: cannot start in the background: ${error.message} [CLI_DAEMON]\n`);
      resolve(EXIT.kamailio);
    });
    child.on('exit', (code) => resolve(code === null || code === 0 ? EXIT.kamailio : code));
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  });
}
