import { RpcFault, type RpcMethod } from '../../rpc/method.ts';
import type { RpcRegistry } from '../../rpc/registry.ts';
import { RpcSeveral } from '../../rpc/value.ts';
import { command } from './context.ts';

/** system.*: what a server can be asked. */
export function systemCommands(rpc: RpcRegistry): readonly RpcMethod[] {
  return [
    command(
      'system.listMethods',
      'Lists all RPC methods supported by the server.',
      () => new RpcSeveral(rpc.list().map(({ name }) => name)),
      true,
    ),
    command('system.methodHelp', 'Print the help string for given method.', (args) => {
      const name = args.text(0);
      if (name === null) throw new RpcFault(400, 'Method Name Expected');
      const method = rpc.find(name);
      if (method === undefined) throw new RpcFault(400, 'command not found');
      return method.doc.length === 0 ? 'undocumented' : method.doc.join('\n');
    }),
    command('system.methodSignature', 'Returns signature of given method.', () => {
      throw new RpcFault(500, 'Not Implemented Yet');
    }),
  ];
}
