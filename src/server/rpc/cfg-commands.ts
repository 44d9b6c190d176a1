import { type RpcArguments, RpcFault, type RpcMethod } from '../../rpc/method.ts';
import { RpcSeveral, struct } from '../../rpc/value.ts';
import { DEFAULT_TRANSPORT_LIMITS } from '../../transport/options.ts';
import { type CommandContext, command } from './context.ts';

/** A setting that the commands show. */
interface Variable {
  readonly help: string;
  readonly read: () => number;
  /** Takes a new value; null when only a start or cfg.reload can change it. */
  readonly write: ((value: number) => void) | null;
}

type Groups = ReadonlyMap<string, ReadonlyMap<string, Variable>>;

/** Kamailio's words for parameters that are not as they should be. */
function parameter(args: RpcArguments, index: number): string {
  const text = args.text(index);
  if (text !== null) return text;
  const why = index < args.count ? "record doesn't match type" : 'end of packet encountered';
  throw new RpcFault(400, `error at parameter ${index}: expected string type but ${why}`);
}

function groupsOf({ log, plan }: CommandContext): Groups {
  const settings = () => plan().globals.settings;
  const server = () => plan().globals.server;
  const limits = () => ({ ...DEFAULT_TRANSPORT_LIMITS, ...server().limits });
  const shown = (help: string, read: () => number): Variable => ({ help, read, write: null });
  const core: readonly (readonly [string, Variable])[] = [
    [
      'debug',
      {
        help: 'level of the log',
        read: () => log.level,
        write: (level) => {
          log.level = level;
        },
      },
    ],
    ['dns_try_ipv6', shown('IPv6 addresses are looked up, too', () => Number(server().dns.tryIpv6))],
    ['dns_try_naptr', shown('NAPTR records are looked up', () => Number(server().dns.tryNaptr))],
    ['dns_srv_lb', shown('weights of SRV records count', () => Number(server().dns.srvLoadBalancing))],
    ['max_while_loops', shown('most turns of a while loop', () => settings().maxWhileLoops)],
    ['udp_mtu', shown('larger requests leave by another protocol', () => settings().udpMtu)],
    ['force_rport', shown('rport is added for everybody', () => Number(settings().forceRport))],
  ];
  const tcp: readonly (readonly [string, Variable])[] = [
    ['connect_timeout', shown('seconds for a connection to open', () => limits().connectTimeout / 1000)],
    ['send_timeout', shown('seconds for a peer to take what it is sent', () => limits().sendTimeout / 1000)],
    ['connection_lifetime', shown('seconds that an idle connection stays', () => limits().connectionLifetime / 1000)],
    ['max_connections', shown('most stream connections', () => limits().maxConnections)],
    ['no_connect', shown('connections are only accepted', () => Number(server().tcpNoConnect))],
    ['keepalive', shown("the system's keepalive", () => Number(server().tcpKeepalive))],
    ['crlf_ping', shown('CRLF keepalives are answered', () => Number(server().tcpCrlfPing))],
    ['accept_aliases', shown('the alias parameter of a Via counts', () => Number(server().tcpAcceptAliases))],
  ];
  return new Map([
    ['tcp', new Map(tcp)],
    ['core', new Map(core)],
  ]);
}

/** cfg.*: settings of a running server; only the level of the log can be changed here, everything by cfg.reload. */
export function cfgCommands(context: CommandContext): readonly RpcMethod[] {
  const groups = groupsOf(context);
  const find = (args: RpcArguments): Variable | undefined => groups.get(parameter(args, 0))?.get(parameter(args, 1));
  const set = (args: RpcArguments): undefined => {
    const variable = find(args);
    const value = args.int(2);
    if (value === null) {
      const why = args.count > 2 ? "record doesn't match type" : 'end of packet encountered';
      throw new RpcFault(400, `error at parameter 2: expected integer type but ${why}`);
    }
    if (variable === undefined || variable.write === null) throw new RpcFault(400, 'Failed to set the variable');
    variable.write(value);
    return undefined;
  };
  const setDoc = 'Sets a variable: group, name, number. core debug is the level of the log.';
  return [
    command(
      'cfg.list',
      'Lists the variables, of a group or of all.',
      (args) => {
        const only = args.text(0);
        return new RpcSeveral(
          [...groups].flatMap(([group, variables]) =>
            only === null || only === group ? [...variables.keys()].map((name) => `${group}: ${name}`) : [],
          ),
        );
      },
      true,
    ),
    command('cfg.get', 'Value of a variable: group and name; of all of a group without a name.', (args) => {
      const group = args.text(0);
      if (group === null) throw new RpcFault(500, 'Failed to get the parameters');
      const name = args.text(1);
      if (name === null)
        return struct(Object.fromEntries([...(groups.get(group) ?? [])].map(([key, { read }]) => [key, read()])));
      const variable = groups.get(group)?.get(name);
      if (variable === undefined) throw new RpcFault(400, 'Failed to get the variable');
      return variable.read();
    }),
    command('cfg.help', 'What a variable is: group and name.', (args) => {
      const variable = find(args);
      if (variable === undefined) throw new RpcFault(400, 'Failed to get the variable description');
      return new RpcSeveral([variable.help, '(parameter type is integer)']);
    }),
    command('cfg.seti', setDoc, set),
    command('cfg.set', setDoc, set),
    command('cfg.set_now_int', setDoc, set),
    command('corex.debug', 'Level of the log; sets it when one is given.', (args) => {
      const level = args.int(0);
      const { log } = context;
      if (level === null) return struct({ debug: log.level });
      const old = log.level;
      log.level = level;
      return struct({ old, new: level });
    }),
  ];
}
