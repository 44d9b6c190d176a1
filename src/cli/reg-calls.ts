/** How the `trunkline reg` commands ask the server, and what they say when it refuses. */
import { callRpc } from '../rpc/binrpc/client.ts';
import { type RpcArgument, RpcFault } from '../rpc/method.ts';
import type { RpcResult } from '../rpc/value.ts';
import { STORAGE_ERRORS, StorageError } from '../storage/errors.ts';
import { callFailure, controlAddress } from './control-address.ts';
import { CliError, usageError } from './errors.ts';
import { printable } from './rpc-output.ts';

/** Options that every `trunkline reg` command has. */
export interface RegOptions {
  readonly socket?: string;
  /** Seconds. */
  readonly timeout: number;
  readonly json?: boolean;
}

/** Asks the server. @throws CliError */
export type Call = (method: string, ...args: readonly RpcArgument[]) => Promise<RpcResult>;

export const string = (value: string): RpcArgument => ({ kind: 'string', value });
export const int = (value: number): RpcArgument => ({ kind: 'int', value });

/** Calls to the server that the options name. @throws CliError CLI_USAGE for what is no address */
export function caller({ socket, timeout }: RegOptions): Call {
  const address = controlAddress(socket);
  return async (method, ...args) => {
    try {
      return await callRpc(address, method, args, { timeoutMs: timeout * 1000 });
    } catch (error) {
      throw error instanceof RpcFault ? refusal(error, method, args) : callFailure(error);
    }
  };
}

/** Code of {@link refusal}: the server is there and said no. */
export const REFUSED = 'CLI_RPC_FAULT';

/** A refusal of one of uac's commands, in words for who typed `trunkline reg …`. */
export function refusal({ code, message }: RpcFault, method: string, args: readonly RpcArgument[]): CliError {
  const account = accountOf(method, args);
  const refused = (text: string, advice: string): CliError => new CliError(REFUSED, text, advice);
  if (code === 404 && method === 'uac.reg_refresh')
    return refused(
      `the server's database has no account ${account}`,
      'Nothing changes for one that is in memory alone. "trunkline reg add … --save URL" writes accounts to a database.',
    );
  if (code === 404)
    return refused(`the server has no account ${account}`, '"trunkline reg list" shows the accounts of the server.');
  if (code === 409)
    return refused(
      `the server has an account ${account} already`,
      '"trunkline reg show" shows it, "trunkline reg remove" takes it away.',
    );
  const states = /^Unknown state; one of (.*)$/.exec(message)?.[1];
  if (states !== undefined) return usageError(`there is no state ${account}`, `Give one of ${printable(states)}.`);
  const why = `the server refused: ${code} - ${printable(message)}`;
  return refused(method === 'uac.reg_list' || account === '' ? why : `${account}: ${why}`, adviceOn(message));
}

function adviceOn(message: string): string {
  if (/^command .* not found$/s.test(message))
    return 'Its configuration needs loadmodule "uac.so"; Kamailio itself has some of these commands only ("trunkline rpc" lists them).';
  if (message === 'Not enabled')
    return 'Its configuration needs modparam("uac", "reg_db_url", "…"): a database, or "" for accounts that come by command alone.';
  if (message.startsWith('Failed to shift records'))
    return 'The reload before is less than reload_delta seconds ago (30 unless set): wait, or refresh single accounts.';
  if (/^Failed to re(load|fresh) records? - check log/.test(message))
    return '"trunkline reg status" shows what is wrong with the database; the accounts go on as they were.';
  return message.endsWith('check log messages') ? 'The log of the server says why.' : '';
}

/** The account, or state, that a call is about, in quotation marks; empty for none. */
function accountOf(method: string, args: readonly RpcArgument[]): string {
  // These have the name of an attribute first.
  const named = /^uac\.reg_(info|enable|disable|register|unregister)$/.test(method);
  const word = args[named ? 1 : 0];
  return word?.kind === 'string' ? quoted(word.value) : '';
}

export function quoted(name: string): string {
  return `"${printable(name)}"`;
}

/** What a database says, as an error of the command line; other errors stay what they are. */
export function storageFailure(error: unknown): unknown {
  return error instanceof StorageError
    ? new CliError(error.code, printable(error.message), STORAGE_ERRORS[error.code].action)
    : error;
}

/** The line that tells what was done to an account. */
export function told({ json }: RegOptions, uuid: string, what: string): string {
  return json === true ? `${JSON.stringify({ l_uuid: uuid, done: true })}\n` : `${printable(uuid)} ${what}\n`;
}

/**
 * Does something to accounts, one after the other. One that is refused holds up no other; a server or database that cannot be asked does.
 * @param act returns what was done
 * @throws CliError that names those it was not done to
 */
export async function eachAccount(
  uuids: readonly string[],
  options: RegOptions,
  out: NodeJS.WritableStream,
  act: (uuid: string) => Promise<string>,
): Promise<void> {
  const failures: CliError[] = [];
  let untried: readonly string[] = [];
  for (const [index, uuid] of uuids.entries()) {
    try {
      out.write(told(options, uuid, await act(uuid)));
    } catch (thrown) {
      const error = storageFailure(thrown);
      if (!(error instanceof CliError)) throw error;
      if (options.json === true)
        out.write(`${JSON.stringify({ l_uuid: uuid, done: false, error: error.message, code: error.code })}\n`);
      failures.push(error);
      if (error.code === REFUSED) continue;
      untried = uuids.slice(index + 1);
      break;
    }
  }
  const [first] = failures;
  if (first === undefined) return;
  if (failures.length === 1 && untried.length === 0) throw first;
  const lines = failures.map(({ message }) => message);
  if (untried.length > 0) lines.push(`not tried: ${untried.map(quoted).join(', ')}`);
  const advice = failures.map((failure) => failure.advice).filter((text) => text !== '');
  const last = failures.at(-1) ?? first;
  throw new CliError(
    last.code,
    `${failures.length + untried.length} of ${uuids.length} accounts failed`,
    [...lines, ...new Set(advice)].join('\n'),
  );
}
