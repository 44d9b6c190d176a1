import { statSync } from 'node:fs';
import { BINRPC_ERRORS } from '../rpc/binrpc/errors.ts';
import { L_CRIT, L_ERR, L_NOTICE, L_WARN } from '../script/log.ts';
import { type RunningServer, StartError } from '../server/server-api.ts';
import { TRANSPORT_ERRORS } from '../transport/errors.ts';
import type { ListenSocket } from '../transport/transport.ts';
import { requireFile, unsupportedAdvice } from './check.ts';
import { CliError, EXIT } from './errors.ts';
import { openLogs, type ServerLogs } from './logging.ts';
import { checkPidFile, removePidFile, writePidFile } from './pid-file.ts';
import { resolveIdentity, takeIdentity } from './privileges.ts';
import { withPrologue } from './prologue.ts';
import type { RunSettings } from './settings.ts';
import { watchFiles } from './watch.ts';

/** Milliseconds that calls being set up get to finish. */
const GRACE = 4000;
/** Milliseconds after which the process ends whatever is still open: five seconds is what was promised. */
const LAST_CALL = 4800;

/**
 * Milliseconds in which a second signal is taken for the first one: a terminal's Ctrl-C reaches this process and the launcher
 * that restarted it under a newer Node, and the launcher passes it on.
 */
export const SAME_SIGNAL = 300;

/** `udp:127.0.0.1:5060`, with what it is advertised as when that differs. */
export function socketText(socket: ListenSocket): string {
  const host = socket.family === 6 ? `[${socket.address}]` : socket.address;
  const shown =
    socket.displayHost === host && socket.displayPort === socket.port
      ? ''
      : ` advertised as ${socket.displayHost}:${socket.displayPort}`;
  return `${socket.proto}:${host}:${socket.port}${shown}`;
}

/** A start that was refused, as an error of the command line: diagnostics first, then what it means. */
export function startFailure(error: unknown, tell: (text: string) => string = (text) => text): CliError {
  if (error instanceof CliError) return error;
  if (!(error instanceof StartError)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return new CliError(
      'CLI_INTERNAL',
      `a fault of trunkline itself: ${text}`,
      'Please report it with the text above.',
    );
  }
  if (error.details !== '') process.stderr.write(`${tell(error.details)}\n\n`);
  const { message, advice } = splitMessage(error);
  return new CliError(error.code, tell(message), advice);
}

/** Transport errors carry code, explanation and advice in one text; here each has its own place. */
function splitMessage(error: StartError): { message: string; advice: string } {
  let message = error.message.startsWith(`${error.code}: `)
    ? error.message.slice(error.code.length + 2)
    : error.message;
  const known = Object.entries(TRANSPORT_ERRORS).find(([code]) => code === error.code)?.[1];
  if (known === undefined) return { message, advice: adviceFor(error) };
  message = message.replace(`. ${known.explanation} ${known.action}`, '');
  return { message, advice: `${known.explanation}\n${known.action}${moreAdvice(error.code)}` };
}

function moreAdvice(code: string): string {
  return code === 'TRANSPORT_ADDRESS_IN_USE' ? '\nThe option --listen udp:HOST:PORT replaces the listen lines.' : '';
}

/** What to do about a control socket that cannot be opened. */
const BINRPC_ADVICE: ReadonlyMap<string, string> = new Map(
  Object.entries(BINRPC_ERRORS).map(([code, { action }]) => [code, action]),
);

function adviceFor(error: StartError): string {
  if (error.details !== '') {
    const advice = unsupportedAdvice(error.details);
    return `Nothing was started. "trunkline check FILE" shows the same list.${advice === '' ? '' : `\n${advice}`}`;
  }
  return BINRPC_ADVICE.get(error.code) ?? '';
}

/** Writes all statistics to the log, one line a group. */
export function dumpStatistics(server: RunningServer, logs: ServerLogs): void {
  const groups = new Map<string, string[]>();
  for (const { group, name, value } of server.statistics()) {
    const list = groups.get(group) ?? [];
    list.push(`${name}=${value}`);
    groups.set(group, list);
  }
  for (const [group, list] of groups) logs.life.write(L_NOTICE, 'statistics', `${group}: ${list.join(' ')}`);
}

function changeDirectory(path: string): void {
  try {
    process.chdir(path);
  } catch (error) {
    throw new CliError(
      'CLI_DIRECTORY',
      `cannot change to ${path}: ${(error as Error).message}`,
      'Let the user that the server runs as enter it, or give -w another one.',
    );
  }
}

/** Waits for the signal to stop, and stops. */
function serveUntilStopped(server: RunningServer, logs: ServerLogs): Promise<void> {
  return new Promise((resolve) => {
    let asked = 0;
    const stop = (signal: NodeJS.Signals, number: number): void => {
      if (asked > 0) {
        if (performance.now() - asked < SAME_SIGNAL) return;
        logs.life.write(L_WARN, 'core', `${signal} again: stopped at once`);
        process.exit(128 + number);
      }
      asked = performance.now();
      logs.life.write(L_NOTICE, 'core', `${signal}: stopping; calls being set up have ${GRACE / 1000} seconds`);
      const late = setTimeout(() => {
        logs.life.write(L_WARN, 'core', 'stopped; not everything could be finished in time');
        resolve();
      }, LAST_CALL);
      server.stop(GRACE).then(
        () => {
          clearTimeout(late);
          logs.life.write(L_NOTICE, 'core', 'stopped');
          resolve();
        },
        (error: unknown) => {
          clearTimeout(late);
          logs.life.write(L_WARN, 'core', `stopped, with a fault: ${String(error)}`, 'CLI_INTERNAL');
          resolve();
        },
      );
    };
    process.on('SIGTERM', () => stop('SIGTERM', 15));
    process.on('SIGINT', () => stop('SIGINT', 2));
  });
}

/** What outlives a single call of {@link runServer}: told when the server is ready. */
export interface RunObserver {
  onReady(): void;
}

/**
 * Runs a server in this process until it is told to stop.
 *
 * SIGTERM and SIGINT stop it within five seconds, a second one at once; SIGHUP reads the configuration again; SIGUSR1 writes the
 * statistics to the log.
 * @throws CliError when it cannot start
 */
export async function runServer(settings: RunSettings, observer?: RunObserver): Promise<void> {
  const { load, pidFile } = settings;
  requireFile(load.file, load.cwd);
  const identity = resolveIdentity(settings.user, settings.group);
  if (
    settings.workingDirectory !== '' &&
    !statSync(settings.workingDirectory, { throwIfNoEntry: false })?.isDirectory()
  ) {
    throw new CliError(
      'CLI_DIRECTORY',
      `there is no directory ${settings.workingDirectory}`,
      'Create it, or give -w another one.',
    );
  }
  if (pidFile !== '') checkPidFile(pidFile);

  const logs = openLogs(settings.log);
  for (const note of settings.notes) logs.life.write(L_NOTICE, 'core', note);
  process.on('uncaughtException', (error) => {
    logs.life.write(L_CRIT, 'core', `a fault of trunkline itself: ${error.stack ?? error.message}`, 'CLI_INTERNAL');
    if (pidFile !== '') removePidFile(pidFile);
    process.exit(EXIT.failed);
  });

  // Code beside a configuration may forget a promise; what runs for other calls must not end for that.
  process.on('unhandledRejection', (error) => {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    logs.life.write(L_ERR, 'script', `a promise failed that nobody waits for: ${text}`, 'API_UNHANDLED_REJECTION');
  });

  const { startServer } = await import('../server/server.ts');
  const wrapped = withPrologue({ ...load, owner: identity }, settings.prologue);
  let server: RunningServer;
  try {
    server = await startServer(wrapped.load, logs.server);
  } catch (error) {
    wrapped.remove();
    throw startFailure(error, wrapped.tell);
  }
  try {
    if (pidFile !== '') writePidFile(pidFile);
    if (identity !== null) takeIdentity(identity, pidFile);
    if (settings.workingDirectory !== '') changeDirectory(settings.workingDirectory);
  } catch (error) {
    wrapped.remove();
    await server.stop(0);
    if (pidFile !== '') removePidFile(pidFile);
    throw error;
  }
  const reload = (cause: string): void => {
    logs.life.write(L_NOTICE, 'core', `${cause}: reading ${load.file} again`);
    // The server has logged what became of it; the problems of a broken file are many lines.
    server.reload().catch((error: unknown) => {
      if (error instanceof StartError && error.details !== '') process.stderr.write(`${wrapped.tell(error.details)}\n`);
    });
  };
  process.on('SIGHUP', () => reload('SIGHUP'));
  const unwatch = settings.watch
    ? watchFiles(
        () => server.files,
        () => reload('a file changed'),
      )
    : () => {};
  process.on('SIGUSR1', () => dumpStatistics(server, logs));
  logs.life.write(
    L_NOTICE,
    'core',
    `running ${load.file} as process ${process.pid}, listening on ${server.sockets.map(socketText).join(', ')}`,
  );
  const stopped = serveUntilStopped(server, logs);
  observer?.onReady();
  await stopped;
  unwatch();
  wrapped.remove();
  if (pidFile !== '') removePidFile(pidFile);
}
