import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { CliError } from './errors.ts';

/** True when a process of this id runs, whoever owns it. */
function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/**
 * Refuses when the PID file names a process that runs: a second server on the same file would be stopped for the first one.
 * A file left by a process that is gone is no hindrance.
 * @throws CliError CLI_PID_FILE
 */
export function checkPidFile(path: string): void {
  const pid = Number.parseInt(read(path), 10);
  if (pid > 0 && pid !== process.pid && runs(pid)) {
    throw new CliError(
      'CLI_PID_FILE',
      `${path} says that process ${pid} is running`,
      `Stop it first, or remove the file if ${pid} is something else.`,
    );
  }
}

/**
 * Writes the process id.
 * @throws CliError CLI_PID_FILE
 */
export function writePidFile(path: string): void {
  checkPidFile(path);
  try {
    writeFileSync(path, `${process.pid}\n`);
  } catch (error) {
    throw new CliError(
      'CLI_PID_FILE',
      `cannot write ${path}: ${(error as Error).message}`,
      'Create its directory and give it to the user that the server runs as (RuntimeDirectory= in a systemd unit does both).',
    );
  }
}

/** Removes the file if it is still ours. Never fails: a server that stops has nobody left to tell. */
export function removePidFile(path: string): void {
  if (Number.parseInt(read(path), 10) !== process.pid) return;
  try {
    rmSync(path);
  } catch {
    // Privileges were dropped and the directory is not ours: an empty file at least names nobody.
    try {
      truncateSync(path);
    } catch {
      // Nothing more can be done.
    }
  }
}
