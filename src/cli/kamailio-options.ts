/**
 * Kamailio's own command line (kamailio 5.6, `kamailio -h`): short options that may be clustered (`-DDE`, `-dd`, `-A X=1`,
 * `-Pfile`), and a few long ones with `=value` or the value as the next word. No option library reads this: most cannot count
 * `-ddd`, and getopt's clusters with a value at their end are the form that unit files use.
 */
import { parseListenOption } from '../server/listen-option.ts';
import { StartError } from '../server/server-api.ts';
import { CliError, EXIT, usageError } from './errors.ts';

/** What Kamailio's options ask for. */
export interface KamailioOptions {
  /** -f; Kamailio's default when absent. */
  readonly file: string;
  /** -c: only check. */
  readonly check: boolean;
  /** Number of -D: 0 and 3 go to the background, 1 and 2 stay in the foreground. */
  readonly foreground: number;
  /** -E: log to standard error. */
  readonly logToStderr: boolean;
  /** -e */
  readonly colour: boolean;
  /** -d counted from 0, or --debug=N; null when neither was given. */
  readonly debug: number | null;
  /** --log-engine=json… */
  readonly json: boolean;
  /** -P; empty for none. */
  readonly pidFile: string;
  /** -w; empty for none. */
  readonly workingDirectory: string;
  /** -Y; empty for none. */
  readonly runtimeDirectory: string;
  /** -u and -g; empty for none. */
  readonly user: string;
  readonly group: string;
  /** -a */
  readonly autoAliases: boolean | null;
  /** -l, in order. */
  readonly listen: readonly string[];
  /** -A, in order. */
  readonly defines: readonly { readonly name: string; readonly value: string }[];
  /** Lines of configuration that stand for options: --alias, --loadmodule, --modparam, --subst…; read before the file. */
  readonly prologue: readonly string[];
  /** --unsupported, ours: what a module or function means that is known but not there. */
  readonly unsupported: 'error' | 'warn';
  /** What was accepted and has no effect, one sentence each. */
  readonly notes: readonly string[];
  /** -v, -V, --version, -h, --help, -I: print and stop. */
  readonly show: 'version' | 'help' | null;
}

/** Options that take a value and are ignored, with why. */
const IGNORED_WITH_VALUE = new Map<string, string>([
  ['m', 'shared memory has no fixed size here'],
  ['M', 'private memory has no fixed size here'],
  ['n', 'there are no worker processes to count'],
  ['N', 'there are no TCP worker processes to count'],
  ['Q', 'SCTP is not supported'],
  ['x', 'memory is managed by Node.js'],
  ['X', 'memory is managed by Node.js'],
  ['O', 'the script is always compiled'],
  ['W', 'polling is done by Node.js'],
  ['b', 'UDP buffers are sized by the system'],
  ['B', 'UDP buffers are sized by the system'],
  ['L', 'modules are built in'],
  ['G', 'there is no process group to write down'],
]);

/** Options without a value that are ignored, with why. */
const IGNORED_FLAGS = new Map<string, string>([
  ['r', '"received" is always added when it is needed'],
  ['R', '"received" is always added when it is needed'],
  ['K', 'replies are checked by their transaction'],
  ['S', 'SCTP is not supported'],
]);

/** Short options with a value that are acted upon. */
const WITH_VALUE = new Set(['f', 'l', 'A', 'P', 'w', 'Y', 'u', 'g', 'a', 't']);

/** Long options; all but the first two take a value. */
const LONG = new Set([
  'version',
  'help',
  'all-errors',
  'cfg-print',
  'debug',
  'alias',
  'domain',
  'modparam',
  'loadmodule',
  'subst',
  'substdef',
  'substdefs',
  'log-engine',
  'server-id',
  'atexit',
  'unsupported',
]);
const LONG_WITHOUT_VALUE = new Set(['version', 'help', 'all-errors', 'cfg-print']);

const KAMAILIO_HELP = 'Run "trunkline -h" for Kamailio\'s options, "trunkline --help" for the commands.';

/** Options of `run` and `check` that stand where a command is missing. */
function unknownAdvice(name: string): string {
  const ours = ['define', 'listen', 'log-format', 'pid-file', 'user', 'group'].includes(name);
  return ours ? `It comes after a command: trunkline run FILE --${name} …` : KAMAILIO_HELP;
}

/** Text as a string literal of the configuration language. */
function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n')}"`;
}

/** -A NAME or NAME=value; a define without a value is 1 as far as `#!ifdef` and arithmetic go in Kamailio. */
export function parseDefine(text: string, option: string): { name: string; value: string } {
  const equals = text.indexOf('=');
  const name = equals < 0 ? text : text.slice(0, equals);
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    throw usageError(`${option} wants NAME or NAME=value, not "${text}"`);
  }
  return { name, value: equals < 0 ? '' : text.slice(equals + 1) };
}

/** A debug level: an integer, Kamailio's -5 to 3 and above. */
export function parseDebug(text: string, option: string): number {
  if (!/^-?\d{1,3}$/.test(text)) throw usageError(`${option} wants a number from -5 to 3, not "${text}"`);
  return Number(text);
}

/**
 * An address to listen on, as it was given.
 * @throws CliError CLI_LISTEN
 */
export function parseListen(text: string, option: string): string {
  try {
    parseListenOption(text);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    const message = error.message.replace(/^-l /, `${option} `);
    throw new CliError(error.code, message, `For example: ${option} udp:192.0.2.10:5060`, EXIT.usage);
  }
  return text;
}

function onOff(text: string): boolean {
  if (/^(yes|on|1|true|enable)$/i.test(text)) return true;
  if (/^(no|off|0|false|disable)$/i.test(text)) return false;
  throw usageError(`-a wants yes, on, no or off, not "${text}"`);
}

/** --modparam=module:name:s|i:value as a modparam line. */
function modparamLine(text: string): string {
  const match = /^([^:]+):([^:]+):([si]):(.*)$/s.exec(text);
  if (match === null) throw usageError(`--modparam wants module:name:s|i:value, not "${text}"`);
  const [, module = '', name = '', type, value = ''] = match;
  if (type === 'i' && !/^-?\d+$/.test(value))
    throw usageError(`--modparam ${module}:${name}: "${value}" is not a number`);
  return `modparam(${quoted(module)}, ${quoted(name)}, ${type === 'i' ? value : quoted(value)})`;
}

function unsupported(option: string, advice: string): CliError {
  return new CliError('CLI_OPTION_UNSUPPORTED', `${option} is not supported`, advice, EXIT.usage);
}

class Reader {
  file = '/etc/kamailio/kamailio.cfg';
  check = false;
  foreground = 0;
  logToStderr = false;
  colour = false;
  debug: number | null = null;
  json = false;
  pidFile = '';
  workingDirectory = '';
  runtimeDirectory = '';
  user = '';
  group = '';
  autoAliases: boolean | null = null;
  readonly listen: string[] = [];
  readonly defines: { name: string; value: string }[] = [];
  readonly prologue: string[] = [];
  unsupported: 'error' | 'warn' = 'error';
  readonly notes: string[] = [];
  show: 'version' | 'help' | null = null;

  flag(letter: string): void {
    const ignored = IGNORED_FLAGS.get(letter);
    if (ignored !== undefined) {
      this.ignore(`-${letter}`, ignored);
      return;
    }
    switch (letter) {
      case 'c':
        this.check = true;
        break;
      case 'D':
        this.foreground++;
        break;
      case 'E':
        this.logToStderr = true;
        break;
      case 'e':
        this.colour = true;
        break;
      case 'd':
        this.debug = (this.debug ?? 0) + 1;
        break;
      case 'T':
        this.prologue.push('disable_tcp=yes');
        break;
      case 'v':
      case 'V':
      case 'I':
        this.show ??= 'version';
        break;
      case 'h':
        this.show ??= 'help';
        break;
      default:
        throw usageError(`unknown option -${letter}`, KAMAILIO_HELP);
    }
  }

  value(letter: string, value: string): void {
    const ignored = IGNORED_WITH_VALUE.get(letter);
    if (ignored !== undefined) {
      this.ignore(`-${letter} ${value}`, ignored);
      return;
    }
    switch (letter) {
      case 'f':
        this.file = value;
        break;
      case 'l':
        this.listen.push(parseListen(value, '-l'));
        break;
      case 'A':
        this.defines.push(parseDefine(value, '-A'));
        break;
      case 'P':
        this.pidFile = value;
        break;
      case 'w':
        this.workingDirectory = value;
        break;
      case 'Y':
        this.runtimeDirectory = value;
        break;
      case 'u':
        this.user = value;
        break;
      case 'g':
        this.group = value;
        break;
      case 'a':
        this.autoAliases = onOff(value);
        break;
      default:
        // -t: a server that was told to lock itself up must not run outside.
        throw unsupported(`-${letter}`, 'Use RootDirectory= in the systemd unit, or a container.');
    }
  }

  long(name: string, value: string): void {
    switch (name) {
      case 'version':
      case 'help':
        this.show ??= name;
        break;
      case 'debug':
        this.debug = parseDebug(value, '--debug');
        break;
      case 'alias':
      case 'domain':
        this.prologue.push(`alias=${quoted(value)}`);
        break;
      case 'loadmodule':
        this.prologue.push(`loadmodule ${quoted(value)}`);
        break;
      case 'modparam':
        this.prologue.push(modparamLine(value));
        break;
      case 'subst':
      case 'substdef':
      case 'substdefs':
        this.prologue.push(`#!${name} ${quoted(value)}`);
        break;
      case 'server-id':
        this.prologue.push(`server_id=${value}`);
        break;
      case 'log-engine':
        if (/^json/i.test(value)) this.json = true;
        else this.ignore(`--log-engine=${value}`, 'lines are readable on a terminal and JSON otherwise');
        break;
      case 'all-errors':
        break;
      case 'unsupported':
        if (value !== 'error' && value !== 'warn')
          throw usageError(`--unsupported wants error or warn, not "${value}"`);
        this.unsupported = value;
        break;
      case 'atexit':
        this.ignore('--atexit', 'there are no such callbacks');
        break;
      default:
        throw unsupported(`--${name}`, 'Run "trunkline check FILE" to see how a file is read.');
    }
  }

  private ignore(option: string, why: string): void {
    this.notes.push(`${option} is ignored: ${why}`);
  }
}

/**
 * Reads Kamailio's options.
 * @param argv the words after the program's name
 * @throws CliError with code CLI_USAGE
 */
export function parseKamailioOptions(argv: readonly string[]): KamailioOptions {
  const reader = new Reader();
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? '';
    if (word.startsWith('--')) {
      const equals = word.indexOf('=');
      const name = word.slice(2, equals < 0 ? undefined : equals);
      if (!LONG.has(name)) throw usageError(`unknown option --${name}`, unknownAdvice(name));
      if (LONG_WITHOUT_VALUE.has(name)) reader.long(name, '');
      else if (equals >= 0) reader.long(name, word.slice(equals + 1));
      else {
        const value = argv[++i];
        if (value === undefined) throw usageError(`--${name} wants a value`, KAMAILIO_HELP);
        reader.long(name, value);
      }
      continue;
    }
    if (!word.startsWith('-') || word === '-') {
      throw usageError(
        `"${word}" stands alone`,
        'With Kamailio\'s options the file is given by -f FILE; or use "trunkline run FILE".',
      );
    }
    for (let at = 1; at < word.length; at++) {
      const letter = word[at] ?? '';
      if (!WITH_VALUE.has(letter) && !IGNORED_WITH_VALUE.has(letter)) {
        reader.flag(letter);
        continue;
      }
      // The rest of the word is the value; without a rest it is the next word.
      const value = at + 1 < word.length ? word.slice(at + 1) : argv[++i];
      if (value === undefined) throw usageError(`-${letter} wants a value`, KAMAILIO_HELP);
      reader.value(letter, value);
      break;
    }
  }
  return reader;
}
