import { callRpc, typedArgument } from '../rpc/binrpc/client.ts';
import { type RpcResult, RpcSeveral } from '../rpc/value.ts';
import { written } from './check.ts';
import { callFailure, controlAddress } from './control-address.ts';
import { usageError } from './errors.ts';
import { json, printable, readable } from './rpc-output.ts';

/** Options of `trunkline rpc`. */
export interface RpcCommandOptions {
  readonly socket?: string;
  /** Seconds. */
  readonly timeout: number;
  readonly json?: boolean;
}

/**
 * Runs a command of a running server, or lists its commands.
 * @param words the command and its arguments, typed as kamcmd types them; none for the list
 * @throws CliError CLI_RPC_FAULT when the server refuses, BINRPC_… when it cannot be asked
 */
export async function runRpc(
  words: readonly string[],
  options: RpcCommandOptions,
  out: NodeJS.WriteStream,
): Promise<void> {
  const misplaced = words.find((word) => word.startsWith('--'));
  if (misplaced !== undefined)
    throw usageError(
      `there is no option ${printable(misplaced)}`,
      `Write "s:${printable(misplaced)}" to send it to the server.`,
    );
  const address = controlAddress(options.socket);
  const call = (method: string, args: readonly string[]): Promise<RpcResult> =>
    callRpc(address, method, args.map(typedArgument), { timeoutMs: options.timeout * 1000 });
  try {
    const [method, ...args] = words;
    if (method === undefined) out.write(await commandList(call, options.json === true));
    else {
      const result = await call(method, args);
      out.write(options.json === true ? json(result) : readable(result, out.columns));
    }
  } catch (error) {
    throw callFailure(error, words);
  }
  await written(out);
}

/** Every command with the first line of its help. */
async function commandList(
  call: (method: string, args: readonly string[]) => Promise<RpcResult>,
  asJson: boolean,
): Promise<string> {
  const names = texts(await call('system.listMethods', []));
  const rows: (readonly [name: string, help: string])[] = [];
  for (const name of names) {
    const help = texts(await call('system.methodHelp', [`s:${name}`])).join('\n');
    rows.push([name, help]);
  }
  if (asJson)
    return `${JSON.stringify(
      rows.map(([name, help]) => ({ name, help })),
      null,
      2,
    )}\n`;
  const widest = rows.reduce((most, [name]) => Math.max(most, name.length), 0);
  return rows
    .map(([name, help]) => `${printable(name).padEnd(widest)}  ${printable(help.split('\n')[0] ?? '')}`.trimEnd())
    .map((line) => `${line}\n`)
    .join('');
}

function texts(result: RpcResult): readonly string[] {
  const values = result instanceof RpcSeveral ? [...result.values] : [result];
  return values.filter((value) => typeof value === 'string');
}
