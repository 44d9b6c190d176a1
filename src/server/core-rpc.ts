import type { RpcMethod } from '../rpc/method.ts';
import { cfgCommands } from './rpc/cfg-commands.ts';
import type { CommandContext } from './rpc/context.ts';
import { coreCommands } from './rpc/core-commands.ts';
import { statsCommands } from './rpc/stats-commands.ts';
import { systemCommands } from './rpc/system-commands.ts';
import { tcpCommands } from './rpc/tcp-commands.ts';
import { tmCommands } from './rpc/tm-commands.ts';

/**
 * The commands that every server has, whatever modules it loads: names, parameters, results and refusals are those of Kamailio 5.6.3 with kex,
 * tm and counters.
 */
export function registerCoreCommands(context: CommandContext): void {
  const { rpc } = context.core;
  const all: readonly RpcMethod[] = [
    ...systemCommands(rpc),
    ...coreCommands(context),
    ...tcpCommands(context),
    ...statsCommands(context.statistics),
    ...tmCommands(context.core),
    ...cfgCommands(context),
  ];
  for (const method of all) rpc.add(method);
}
