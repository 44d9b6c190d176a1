import { existsSync } from 'node:fs';
import { type ControlAddress, parseControlAddress } from '../rpc/binrpc/address.ts';
import { typedArgument } from '../rpc/binrpc/client.ts';
import { BINRPC_ERRORS, BinrpcError } from '../rpc/binrpc/errors.ts';
import { RpcFault } from '../rpc/method.ts';
import { CliError, usageError } from './errors.ts';
import { printable } from './rpc-output.ts';

/** Where a server on this machine has its control socket, when nobody says where. Directories that only the system's users write to. */
export const DEFAULT_SOCKETS: readonly string[] = [
  '/run/kamailio/kamailio_ctl',
  '/var/run/kamailio/kamailio_ctl',
  '/run/trunkline/kamailio_ctl',
];

/**
 * The control socket to call: what `--socket` says, else the variable TRUNKLINE_RPC, else the first default socket that is there.
 * @param socket value of --socket
 * @throws CliError CLI_USAGE for what is no address
 */
export function controlAddress(
  socket: string | undefined,
  environment: NodeJS.ProcessEnv = process.env,
): ControlAddress {
  const asked = socket ?? (environment.TRUNKLINE_RPC || undefined);
  if (asked === undefined) {
    return { kind: 'unix', path: DEFAULT_SOCKETS.find((path) => existsSync(path)) ?? (DEFAULT_SOCKETS[0] as string) };
  }
  const address = parseControlAddress(asked, process.cwd());
  const from = socket === undefined ? 'TRUNKLINE_RPC' : '--socket';
  if (typeof address === 'string') throw usageError(`${from}: ${address}`, BINRPC_ERRORS.BINRPC_ADDRESS.action);
  return address;
}

/**
 * A call that failed, as an error of the command line; other errors stay what they are.
 * @param words command and arguments as they were typed
 */
export function callFailure(error: unknown, words: readonly string[] = []): unknown {
  if (error instanceof RpcFault) {
    return new CliError(
      'CLI_RPC_FAULT',
      `the server refused: ${error.code} - ${printable(error.message)}`,
      faultAdvice(error, words),
    );
  }
  if (!(error instanceof BinrpcError)) return error;
  return new CliError(error.code, printable(error.message), BINRPC_ERRORS[error.code].action);
}

function faultAdvice({ code, message }: RpcFault, [method, ...args]: readonly string[]): string {
  if (code === 500 && /^command .* not found$/s.test(message))
    return '"trunkline rpc" lists the commands of the server.';
  // What the commands of uac say of an account that is not there.
  if (code === 404 && message === 'Record not found') return '"trunkline reg list" shows the accounts of the server.';
  if (code !== 400) return '';
  const number = args.find((word) => typedArgument(word).kind !== 'string');
  const sent =
    number === undefined ? '' : `${printable(number)} was sent as a number; "s:${printable(number)}" sends the text.`;
  const help = `"trunkline rpc system.methodHelp ${printable(method ?? '')}" has the parameters.`;
  return sent === '' ? help : `${sent}\n${help}`;
}
