import { resolve } from 'node:path';
import { packageVersion } from '../server/version.ts';
import { checkFile } from './check.ts';
import { isDaemon, reportFailure, reportReady, startInBackground } from './daemon.ts';
import { CliError, EXIT, formatError } from './errors.ts';
import { type KamailioOptions, parseKamailioOptions } from './kamailio-options.ts';
import { runServer } from './run.ts';
import type { RunSettings } from './settings.ts';

/** Text of -h: what is acted upon, what is ignored, and that there is a shorter way. */
const HELP = `Usage: trunkline [Kamailio's options]

Kamailio's command line, so that unit files and scripts keep working. The
shorter way is "trunkline run FILE" and "trunkline check FILE": see "trunkline
--help".

  -f FILE          configuration file (default: /etc/kamailio/kamailio.cfg)
  -c               check it and exit: 0 when fine, else 255 and all problems
  -D, -DD          stay in the foreground; the server goes to the background
                   without it
  -P FILE          write the process id there when started, remove it at the end
  -E  -e           log to standard error; with colours
  -d, -dd, -ddd    log more: notices, information, debugging     (--debug=N)
  -l ADDRESS       listen on [proto:]host[:port][/advertised] instead of what
                   the file says; repeat it
  -A NAME[=VALUE]  define a name for the preprocessor; repeat it
  -a MODE          aliases from the system's names: yes or no
  -u USER -g GROUP run as these once the sockets are open
  -w DIR           work in this directory
  -Y DIR           directory for control sockets (default /run/kamailio)
  -T               no TCP
  --alias=  --domain=  --loadmodule=  --modparam=MOD:NAME:s|i:VALUE
  --subst=  --substdef=  --substdefs=  --server-id=
                   as if these lines stood before the first line of the file
  --log-engine=json   JSON lines also on a terminal
  --unsupported=MODE  ours: modules and functions that are known but not there
                   yet: error (default), or warn
  -v, -V, --version   version

Accepted and ignored, with a note:
  -m -M -n -N -Q -x -X -O -W -b -B -L -G -K -r -R -S --atexit
`;

function runSettings(options: KamailioOptions, cwd: string): RunSettings {
  return {
    load: {
      file: options.file,
      cwd,
      defines: options.defines,
      listen: options.listen,
      debug: options.debug,
      unsupported: options.unsupported,
      autoAliases: options.autoAliases,
      runtimeDirectory: options.runtimeDirectory,
    },
    prologue: options.prologue,
    log: { format: options.json ? 'json' : null, colour: options.colour },
    watch: false,
    pidFile: options.pidFile === '' ? '' : resolve(cwd, options.pidFile),
    // Kamailio's daemon leaves the directory it was started in, so that a file system can be unmounted.
    workingDirectory: options.workingDirectory !== '' ? options.workingDirectory : isDaemon() ? '/' : '',
    user: options.user,
    group: options.group,
    notes: options.notes,
  };
}

/** True for the number of -D that keeps Kamailio in the foreground. */
function staysInForeground(count: number): boolean {
  return count === 1 || count === 2;
}

/**
 * Runs a command line in Kamailio's option syntax.
 * @returns exit code; Kamailio's 255 for whatever went wrong
 */
export async function kamailioCommand(argv: readonly string[]): Promise<number> {
  try {
    const options = parseKamailioOptions(argv);
    if (options.show === 'help') {
      process.stdout.write(HELP);
      return EXIT.ok;
    }
    if (options.show === 'version') {
      // The shape that monitoring scripts cut up: `version: NAME NUMBER (arch/os)`.
      process.stdout.write(`version: trunkline ${packageVersion()} (${process.arch}/${process.platform})\n`);
      return EXIT.ok;
    }
    const settings = runSettings(options, process.cwd());
    if (options.check) {
      const ok = await checkFile(settings.load, settings.prologue, process.stderr);
      return ok ? EXIT.ok : EXIT.kamailio;
    }
    if (isDaemon()) {
      await runServer(settings, { onReady: reportReady });
      return EXIT.ok;
    }
    if (staysInForeground(options.foreground)) {
      await runServer(settings);
      return EXIT.ok;
    }
    return await startInBackground(options.logToStderr);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    const text = formatError(error);
    if (isDaemon()) await reportFailure(text);
    else process.stderr.write(text);
    return EXIT.kamailio;
  }
}
