import { totalmem } from 'node:os';
import { type RpcArguments, RpcFault, type RpcMethod } from '../../rpc/method.ts';
import { RpcDouble, RpcSeveral, RpcStruct, type RpcValue, struct } from '../../rpc/value.ts';
import { hideInArguments, hideInDefine } from '../../script/define-secrets.ts';
import { packageVersion } from '../version.ts';
import { type CommandContext, command } from './context.ts';
import { ctime, days } from './time.ts';

const NAME = 'trunkline';
const DESCRIPTION = 'main process';
/** x86_64 and aarch64, as everybody but Node calls them. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64', ia32: 'i386' };
/** What there is of Kamailio's compile time options. */
const FLAGS = 'USE_TCP, USE_TLS, USE_WS, DNS_IP_HACK';
/** Milliseconds for the reply of core.kill to leave. */
const KILL_DELAY = 50;
const SIGTERM = 15;
/** Highest signal of Linux. */
const LAST_SIGNAL = 64;

/** Units of core.shmmem by their first letter. */
const UNITS: ReadonlyMap<string, number> = new Map([
  ['b', 1],
  ['k', 1024],
  ['m', 1024 ** 2],
  ['g', 1024 ** 3],
]);

/** The parameters up to the first that is of another type; Kamailio refuses only when that is the first. @throws RpcFault */
function echo(args: RpcArguments, type: string, read: (index: number) => RpcValue): RpcSeveral {
  const values: RpcValue[] = [];
  for (let index = 0; index < args.count; index++) {
    const value = read(index);
    if (value === null && index === 0) throw mismatch(index, type);
    if (value === null) break;
    values.push(value);
  }
  return new RpcSeveral(values);
}

function mismatch(index: number, type: string): RpcFault {
  const reason = "but record doesn't match type";
  return new RpcFault(400, `error at parameter ${index}: expected ${type} type ${reason}`);
}

/** core.*: the process, its names, its memory. */
export function coreCommands(context: CommandContext): readonly RpcMethod[] {
  const { core } = context;
  const version = packageVersion();
  const machine = `${ARCHITECTURES[process.arch] ?? process.arch}/${process.platform}`;
  const started = Date.now();
  const uptime = (): number => Math.floor((Date.now() - started) / 1000);
  const processes: readonly RpcValue[] = [process.pid, DESCRIPTION];
  const compiler = `node ${process.versions.node}`;
  return [
    command('core.version', 'Returns the version string of the server.', () => `${NAME} ${version} (${machine})`),
    command('core.uptime', 'Returns uptime of server.', () =>
      struct({ now: ctime(Date.now()), up_since: ctime(started), uptime: uptime() }),
    ),
    command(
      'core.echo',
      'Returns back its parameters.',
      (args) =>
        // Kamailio's stops at the first double, and prints a negative number as a large one; here each comes back.
        echo(args, 'any', (index) => {
          const found = args.list[index];
          return found?.kind === 'double' ? new RpcDouble(found.value) : `${found?.value}`;
        }),
      true,
    ),
    command(
      'core.prints',
      'Returns the strings given as parameters.',
      (args) => echo(args, 'string', (index) => args.text(index)),
      true,
    ),
    command(
      'core.printi',
      'Returns the integers given as parameters.',
      (args) => echo(args, 'integer', (index) => args.int(index)),
      true,
    ),
    command('core.info', 'Verbose info about the server.', () =>
      struct({ version: `${NAME} ${version}`, id: '', compiler, compiled: '', flags: FLAGS }),
    ),
    command('core.runinfo', 'Verbose info about the running instance.', () =>
      struct({
        name: NAME,
        version,
        sourceid: '',
        compiler,
        compiled: '',
        time_now: ctime(Date.now()),
        time_started: ctime(started),
        uptime_secs: uptime(),
        utime_days: days(uptime()),
      }),
    ),
    command('core.flags', 'Returns the compile flags of the server.', () => FLAGS),
    command('core.ps', 'Returns the description of running processes.', () => new RpcSeveral(processes), true),
    command(
      'core.psx',
      'Returns the detailed description of running processes.',
      () => new RpcSeveral([struct({ IDX: 0, PID: process.pid, DSC: DESCRIPTION })]),
      true,
    ),
    command(
      'core.psa',
      'Return all the attributes of running processes.',
      () => new RpcSeveral([struct({ index: 0, pid: process.pid, status: 1, rank: 0, description: DESCRIPTION })]),
      true,
    ),
    command('core.pwd', 'Returns the working directory of the server.', () => process.cwd(), true),
    command(
      'core.arg',
      'Returns the list of command line arguments used on server startup.',
      () => new RpcSeveral(hideInArguments(process.argv)),
      true,
    ),
    command('core.kill', 'Sends the given signal to server.', (args) => {
      // Kamailio takes what it cannot read for SIGTERM; an operator's slip must not end the calls.
      const signal = args.count === 0 ? SIGTERM : args.intOrText(0);
      if (signal === null || signal < 0 || signal > LAST_SIGNAL) throw new RpcFault(400, 'no such signal');
      if (signal > 0) setTimeout(() => process.kill(process.pid, signal), KILL_DELAY);
      return undefined;
    }),
    command(
      'core.modules',
      'List of loaded modules.',
      () =>
        new RpcSeveral(
          context
            .plan()
            .modules.map(({ module }) => module.definition.name)
            .toReversed(),
        ),
      true,
    ),
    command(
      'core.ppdefines',
      'List preprocessor defines',
      () => new RpcSeveral(defines(context).map(([name]) => name)),
      true,
    ),
    command(
      'core.ppdefines_full',
      'List preprocessor defines with full details',
      () =>
        new RpcSeveral(
          defines(context).map(([name, value]) =>
            struct({ name, type: 0, value: value === '' ? 'none' : hideInDefine(name, value) }),
          ),
        ),
      true,
    ),
    command('core.shmmem', 'Memory of the process, which shares none: in bytes, or the unit b, k, m or g.', (args) => {
      const divisor = UNITS.get(/^[bkmg]/i.exec(args.text(0) ?? 'b')?.[0].toLowerCase() ?? '');
      if (divisor === undefined) throw new RpcFault(500, 'bad param, (use b|k|m|g)');
      const bytes = (count: number): number => Math.floor(count / divisor);
      const { rss, heapTotal, heapUsed, external } = process.memoryUsage();
      const total = memoryLimit();
      const used = heapUsed + external;
      return struct({
        total: bytes(Math.max(total, rss)),
        free: bytes(Math.max(0, total - rss)),
        used: bytes(used),
        real_used: bytes(heapTotal + external),
        max_used: bytes(process.resourceUsage().maxRSS * 1024),
        fragments: 0,
      });
    }),
    command(
      'core.sockets_list',
      'List SIP sockets',
      () =>
        new RpcStruct(
          core.transport.sockets.map((socket) => {
            const address = socket.family === 6 ? `[${socket.address}]` : socket.address;
            const own = socket.displayHost === address && socket.displayPort === socket.port;
            return [
              'socket',
              struct({
                proto: socket.proto,
                address,
                ipaddress: address,
                port: `${socket.port}`,
                ...(own ? {} : { advertise: `${socket.displayHost}:${socket.displayPort}` }),
                mcast: 'no',
                mhomed: 'no',
                virtual: 'no',
              }),
            ];
          }),
        ),
      true,
    ),
    command('core.aliases_list', 'List SIP domain aliases', () =>
      struct({
        myself_callbacks: context.plan().modules.some(({ parameters }) => parameters.has('alias_subdomains'))
          ? 'yes'
          : 'no',
        aliases: new RpcStruct(
          context
            .plan()
            .globals.server.aliases.map(({ proto, host, port }) => [
              'alias',
              struct({ proto: proto ?? '*', address: host, port: port ?? '*' }),
            ]),
        ),
      }),
    ),
    command('core.udp4_raw_info', 'Returns udp4_raw related info.', () =>
      struct({ udp4_raw: 0, udp4_raw_mtu: 1500, udp4_raw_ttl: 64 }),
    ),
  ];
}

/** Bytes that the process may take: the limit of its control group or the machine's memory. */
function memoryLimit(): number {
  return Math.min(process.constrainedMemory() || Number.POSITIVE_INFINITY, totalmem());
}

/** Names that the configuration or the command line defines, and those of Kamailio's version. */
function defines({ plan }: CommandContext): readonly (readonly [string, string])[] {
  const invisible = new Set(['KAMAILIO_VERSION', 'OS_NAME', 'TRUNKLINE']);
  return [...plan().globals.settings.defines].filter(([name]) => !invisible.has(name));
}
