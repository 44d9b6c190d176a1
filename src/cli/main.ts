import { type Command, CommanderError } from 'commander';
import { written } from './check.ts';
import { CliError, EXIT, formatError, usageError } from './errors.ts';
import { kamailioCommand } from './kamailio-command.ts';
import { buildProgram, commanderFailure } from './program.ts';
import { guardRegexes } from './regex-guard.ts';

/** Our own long options; every other first word with a dash is Kamailio's syntax. */
const OWN_OPTIONS = new Set(['--help', '--version']);

/** Commands that run until they are stopped: what they print is no result. */
const SERVERS = new Set(['run', 'demo']);

/** True when the words are Kamailio's options: `-f FILE -DD …` rather than `run FILE`. */
export function isKamailioStyle(argv: readonly string[]): boolean {
  const first = argv[0];
  return first?.startsWith('-') === true && !OWN_OPTIONS.has(first);
}

/** The command and its sub-command that the first words name, as they were typed; empty for none. */
function commandPath(program: Command, argv: readonly string[]): string {
  const command = program.commands.find((one) => one.name() === argv[0]);
  const sub = command?.commands.find((one) => one.name() === argv[1]);
  return [command, sub].flatMap((one) => one?.name() ?? []).join(' ');
}

async function runProgram(argv: readonly string[]): Promise<number> {
  let code: number = EXIT.ok;
  const program = buildProgram((result) => {
    code = result;
  });
  if (argv.length === 0) {
    process.stderr.write(program.helpInformation());
    throw usageError('no command', 'Try "trunkline demo".');
  }
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    const failure = commanderFailure(error, commandPath(program, argv));
    if (failure !== null) throw failure;
  }
  return code;
}

/**
 * The command line: `trunkline run|check|demo …`, or Kamailio's own options.
 *
 * Ends the process: whatever a command leaves open must not keep it alive after the command is done.
 * @param argv the words after the program's name
 */
export async function main(argv: string[]): Promise<void> {
  let code: number;
  guardRegexes();
  // Who reads the output has had enough (`… | head`): nothing to say and nobody to say it to.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT.pipe);
    const failure = new CliError('CLI_FILE', `the output cannot be written: ${error.message}`, 'Is the disk full?');
    process.stderr.write(formatError(failure));
    process.exit(EXIT.failed);
  });
  // A log whose reader has gone (`… 2>&1 | head`) must not take the calls down.
  process.stderr.on('error', () => {});
  try {
    code = isKamailioStyle(argv) ? await kamailioCommand(argv) : await runProgram(argv);
  } catch (error) {
    if (error instanceof CliError) {
      process.stderr.write(formatError(error));
      code = error.exitCode;
    } else {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      process.stderr.write(
        `trunkline: error: a fault of trunkline itself [CLI_INTERNAL]\n${text}\n  Please report it with the text above.\n`,
      );
      code = EXIT.failed;
    }
  }
  // Results are wanted whole, however slowly they are read.
  if (!isKamailioStyle(argv) && !SERVERS.has(argv[0] ?? '')) await written(process.stdout);
  // A reader that stands still must not keep a stopped server from ending.
  const patience = new Promise((resolve) => setTimeout(resolve, 500));
  await Promise.race([Promise.all([written(process.stdout), written(process.stderr)]), patience]);
  process.exit(code);
}
