import { Command, type CommanderError, InvalidArgumentError, Option } from 'commander';
import type { LoadOptions } from '../server/server-api.ts';
import { checkFile } from './check.ts';
import { checkDatabase, type DbOptions, databaseUrl, initDatabase, URL_VARIABLE } from './db.ts';
import { CliError, EXIT, formatError, usageError } from './errors.ts';
import { parseDebug, parseDefine, parseListen } from './kamailio-options.ts';
import { buildReg } from './reg-command.ts';
import type { RpcCommandOptions } from './rpc.ts';
import { printable } from './rpc-output.ts';
import { runServer } from './run.ts';
import { buildUser } from './user-command.ts';
import { versionLine } from './version.ts';

const EXAMPLES = `
Examples:
  trunkline demo                 a call through a carrier that wants a password
  trunkline check /etc/kamailio/kamailio.cfg
                                 every problem of a configuration, with its line
  trunkline run kamailio.cfg     run it here; Ctrl-C stops it
  trunkline run kamailio.cfg -l udp:192.0.2.10:5060 -A WITH_TLS --debug 2
                                 other address, a define, and more in the log
  trunkline db check mysql://kamailio:secret@127.0.0.1/kamailio
                                 whether accounts can be read from there
  trunkline rpc core.uptime      ask a running server; "trunkline rpc" lists what
                                 it can be asked
  trunkline reg list             the accounts of a running server, and how they are

Kamailio's own options work too, for unit files and scripts ("trunkline -h"):
  trunkline -f /etc/kamailio/kamailio.cfg -c
  trunkline -f /etc/kamailio/kamailio.cfg -P /run/trunkline.pid -m 64 -M 8

Exit codes: 0 fine; 1 configuration wrong, server not started, or demo call
failed; 2 wrong command line. With Kamailio's options every failure is 255.
`;

/** Options that say how a file is read; run and check share them. */
interface FileOptions {
  readonly define?: readonly { readonly name: string; readonly value: string }[];
  readonly listen?: readonly string[];
  readonly unsupported: 'error' | 'warn';
}

interface RunOptions extends FileOptions {
  readonly debug?: number;
  readonly logFormat?: 'readable' | 'json';
  readonly watch?: boolean;
  readonly pidFile?: string;
  readonly user?: string;
  readonly group?: string;
}

interface DemoOptions {
  readonly once?: boolean;
  readonly port: number;
  readonly carrierPort: number;
  readonly challenge: '401' | '407';
  readonly debug?: number;
}

/** Commander repeats an option by calling its reader with what came before. */
function collected<T>(read: (text: string) => T): (text: string, before: readonly T[] | undefined) => readonly T[] {
  return (text, before = []) => [...before, read(text)];
}

function port(text: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number > 65535) throw new InvalidArgumentError('A port is a number from 0 to 65535.');
  return number;
}

function seconds(text: string): number {
  const number = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || number <= 0 || number > 86_400)
    throw new InvalidArgumentError('It is a number of seconds.');
  return number;
}

function loadOptions(file: string, options: FileOptions, debug: number | null): LoadOptions {
  return {
    file,
    cwd: process.cwd(),
    defines: options.define ?? [],
    listen: options.listen ?? [],
    debug,
    unsupported: options.unsupported,
    autoAliases: null,
  };
}

function withFileOptions(command: Command): Command {
  return command
    .option(
      '-A, --define <name[=value]>',
      'define a name for the preprocessor (#!ifdef); repeat it',
      collected((text) => parseDefine(text, '--define')),
    )
    .option(
      '-l, --listen <address>',
      'listen on [proto:]host[:port][/advertised] instead of what the file says; repeat it',
      collected((text) => parseListen(text, '--listen')),
    )
    .addOption(
      new Option('--unsupported <mode>', 'modules and functions that are known but not there yet')
        .choices(['error', 'warn'])
        .default('error'),
    );
}

/** Sets the exit code of a command that has run. */
export type Finish = (code: number) => void;

/** The commands, ready to parse. Errors are thrown, never printed: {@link CliError} or commander's own. */
export function buildProgram(finish: Finish): Command {
  const program = new Command('trunkline')
    .description('A SIP server for the client side of SIP trunks. It runs an unmodified kamailio.cfg.')
    .version(versionLine().trimEnd(), '--version', 'print the version')
    .helpOption('--help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .addHelpText('after', EXAMPLES)
    .exitOverride()
    .configureOutput({ writeErr: () => {} });

  withFileOptions(program.command('run'))
    .description('run a configuration in the foreground until SIGTERM or Ctrl-C')
    .argument('<file>', 'the kamailio.cfg, or a routes file in TypeScript')
    .option(
      '--debug <level>',
      "log level instead of the file's: -1 errors … 1 notices, 2 information, 3 debugging",
      (text) => parseDebug(text, '--debug'),
    )
    .addOption(
      new Option('--log-format <format>', 'how log lines look; readable on a terminal, else json').choices([
        'readable',
        'json',
      ]),
    )
    .option('--watch', 'read the configuration again when one of its files changes (as on SIGHUP)')
    .option('--pid-file <file>', 'write the process id there when started, remove it at the end')
    .option('--user <user>', 'run as this user once the sockets are open')
    .option('--group <group>', 'run as this group once the sockets are open')
    .action(async (file: string, options: RunOptions) => {
      await runServer({
        load: loadOptions(file, options, options.debug ?? null),
        prologue: [],
        log: { format: options.logFormat ?? null, colour: false },
        watch: options.watch === true,
        pidFile: options.pidFile ?? '',
        workingDirectory: '',
        user: options.user ?? '',
        group: options.group ?? '',
        notes: [],
      });
    });

  withFileOptions(program.command('check'))
    .description('read a configuration and report every problem as file:line:column, without starting anything')
    .argument('<file...>', 'the kamailio.cfg or routes file; several are checked one after the other')
    .action(async (files: string[], options: FileOptions) => {
      let ok = true;
      for (const file of files) {
        try {
          if (!(await checkFile(loadOptions(file, options, null), [], process.stdout))) ok = false;
        } catch (error) {
          // One that cannot be read is no reason to leave out those after it.
          if (!(error instanceof CliError) || files.length === 1) throw error;
          process.stderr.write(formatError(error));
          ok = false;
        }
      }
      finish(ok ? EXIT.ok : EXIT.failed);
    });

  program
    .command('rpc')
    .description('run a command of a running server (its module ctl), as kamcmd does; without a command, list them')
    .argument('[method]', 'the command, such as core.uptime')
    .argument('[args...]', 'its arguments: 42 is a number, 4.2 a fraction, anything else and s:42 a text')
    .option(
      '--socket <address>',
      'unix:/path, tcp:host:port or udp:host:port; else $TRUNKLINE_RPC, else /run/kamailio/kamailio_ctl',
    )
    .option('--json', 'print the result as JSON')
    .option('--timeout <seconds>', 'how long to wait for the reply', seconds, 10)
    // An argument may be a negative number.
    .allowUnknownOption()
    .action(async (method: string | undefined, args: string[], options: RpcCommandOptions) => {
      const { runRpc } = await import('./rpc.ts');
      await runRpc(method === undefined ? [] : [method, ...args], options, process.stdout);
    });

  buildReg(program);
  buildUser(program);

  program
    .command('demo')
    .description(
      'place a call through examples/trunk/kamailio.cfg to a simulated carrier, and stay up for your own calls',
    )
    .option('--once', 'end after the test call; the exit code says whether it went through')
    .option('--port <port>', "the server's port on 127.0.0.1; 0 takes any", port, 5070)
    .option('--carrier-port <port>', "the simulated carrier's port on 127.0.0.1; 0 takes any", port, 5080)
    .addOption(
      new Option('--challenge <status>', 'how the carrier asks for credentials').choices(['401', '407']).default('407'),
    )
    .option('--debug <level>', "show the server's log at this level", (text) => parseDebug(text, '--debug'))
    .action(async (options: DemoOptions) => {
      const { runDemo } = await import('./demo.ts');
      finish(
        await runDemo({
          once: options.once === true,
          port: options.port,
          carrierPort: options.carrierPort,
          challenge: options.challenge === '401' ? 401 : 407,
          debug: options.debug ?? null,
        }),
      );
    });
  addDatabaseCommands(program, finish);
  return program;
}

const DATABASE_HELP = `
A URL is sqlite:////absolute/path, mysql://user:password@host[:port]/database
(MySQL, MariaDB) or postgres://user:password@host[:port]/database. Without one
it is taken from ${URL_VARIABLE}, which no list of processes shows.

Examples:
  trunkline db init sqlite:////var/lib/trunkline/accounts.db
  trunkline db check mysql://kamailio:secret@127.0.0.1/kamailio
`;

interface DatabaseCommandOptions {
  readonly table: string;
  readonly json?: boolean;
}

function addDatabaseCommands(program: Command, finish: Finish): void {
  const db = program
    .command('db')
    .description('the database: tables of accounts (uacreg), users (subscriber), contacts (location) and dialogs')
    .addHelpText('after', DATABASE_HELP)
    .allowExcessArguments()
    .action((_options: unknown, { args: [word] }: Command) => {
      const text = word === undefined ? '' : `, and has none called ${printable(word)}`;
      throw usageError(`"trunkline db" needs a command: init or check${text}`, 'Run "trunkline db --help".');
    });
  const settings = ({ table, json }: DatabaseCommandOptions): DbOptions => ({ table, json: json === true });
  const sub = (name: string, description: string): Command =>
    db
      .command(name)
      .allowExcessArguments(false)
      .description(description)
      .argument('[url]', 'the database')
      .option('--table <name>', 'the table, where it is not called uacreg', 'uacreg')
      .option('--json', 'print one JSON object')
      .addHelpText('after', DATABASE_HELP);
  sub(
    'init',
    'make the tables that are not there (version, uacreg, subscriber, dialog, dialog_vars, location, location_attrs); those that are there stay as they are',
  ).action(async (url: string | undefined, options: DatabaseCommandOptions) => {
    await initDatabase(databaseUrl(url), settings(options), process.stdout);
  });
  sub('check', 'say whether accounts can be read from it, and which rows cannot be accounts; changes nothing').action(
    async (url: string | undefined, options: DatabaseCommandOptions) => {
      const ok = await checkDatabase(databaseUrl(url), settings(options), process.stdout);
      finish(ok ? EXIT.ok : EXIT.failed);
    },
  );
}

/**
 * What commander found wrong, in our words; null when it only printed help or the version.
 * @param command the command (and its sub-command) that was given, empty when there is none of that name
 */
export function commanderFailure(error: CommanderError, command: string): CliError | null {
  if (error.exitCode === 0) return null;
  if (error.code === 'commander.help') return usageError('there is no help for that: no such command');
  const [message = '', guess] = error.message.replace(/^error: /, '').split('\n');
  const found = /^\(Did you mean (.+)\?\)$/.exec(guess ?? '')?.[1];
  const advice = found === undefined ? '' : `Did you mean "${found}"? `;
  const help = command === '' ? '"trunkline --help" for the commands' : `"trunkline ${command} --help" for the options`;
  return usageError(message, `${advice}Run ${help}.`);
}
