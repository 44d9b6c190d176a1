/**
 * What a command says when it cannot do its work: one line with a code, and a line with what to do.
 */

/** Exit codes of the command line, as docs/cli.md lists them. */
export const EXIT = {
  ok: 0,
  /** The configuration has errors, the server did not start, or the demo's call failed. */
  failed: 1,
  /** The command line itself is wrong. */
  usage: 2,
  /** Whoever read the output has closed it: what a shell reports of a program ended by SIGPIPE. */
  pipe: 141,
  /** Kamailio's own code for both, used when its option syntax was used: unit files and scripts test for it. */
  kamailio: 255,
} as const;

/** Codes of the command line itself; docs/errors.md lists them with those of the other folders. */
export const cliCodes = {
  CLI_USAGE: 'A command or an option that does not exist, or one without its value.',
  CLI_OPTION_UNSUPPORTED: "An option of Kamailio's that has no meaning here and would be dangerous to ignore.",
  CLI_NODE: 'The Node.js that runs the program is too old for it, and no newer one lies beside it.',
  CLI_INSTALLATION: 'A part of the program cannot be loaded or started.',
  CLI_FILE: 'A file that was named cannot be read, or the output cannot be written.',
  CLI_DIRECTORY: 'A directory given by an option does not exist.',
  CLI_PID_FILE: 'The PID file cannot be written, or belongs to a process that runs.',
  CLI_PRIVILEGES: 'The user or group of -u and -g cannot be taken.',
  CLI_DAEMON: 'The process in the background ended before it was ready.',
  CLI_DEMO_PORT: 'A port of the demo is in use.',
  CLI_DEMO_CALL: "The demo's test call did not go through.",
  CLI_RPC_FAULT: 'The running server refused a command.',
  CLI_INTERNAL: 'A fault of the program itself.',
} as const satisfies Record<string, string>;

export type CliCode = keyof typeof cliCodes;

/** An error that ends the command, told to the user as it stands. */
export class CliError extends Error {
  /** A {@link CliCode}, or the code of the part that refused (`TRANSPORT_…`, `CFG_…`). */
  readonly code: string;
  /** What to do about it; empty when the message says it all. */
  readonly advice: string;
  readonly exitCode: number;

  constructor(code: string, message: string, advice = '', exitCode: number = EXIT.failed) {
    super(message);
    this.name = 'CliError';
    this.code = code;
    this.advice = advice;
    this.exitCode = exitCode;
  }
}

/** A {@link CliError} for a wrong command line. */
export function usageError(message: string, advice = 'Run "trunkline --help" for the commands and options.'): CliError {
  return new CliError('CLI_USAGE', message, advice, EXIT.usage);
}

/** The text printed for an error that ends the command. */
export function formatError(error: CliError): string {
  const advice = error.advice === '' ? '' : `${error.advice.replace(/^/gm, '  ')}\n`;
  return `trunkline: error: ${error.message} [${error.code}]\n${advice}`;
}
