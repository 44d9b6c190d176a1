import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { callRpc } from '../rpc/binrpc/client.ts';
import type { RpcArgument } from '../rpc/method.ts';
import { RpcArray, type RpcResult, struct } from '../rpc/value.ts';
import { STORAGE_ERRORS, StorageError } from '../storage/errors.ts';
import { openAccountStore } from '../storage/uacreg.ts';
import { accountProblem } from '../uac/registration/account.ts';
import type { AccountRow } from '../uac/registration/account-row.ts';
import { callFailure, controlAddress } from './control-address.ts';
import { databaseUrl } from './db.ts';
import { CliError, usageError } from './errors.ts';
import {
  accountDetails,
  accountTable,
  databaseLine,
  type Fields,
  fields,
  number,
  structs,
  totalsLine,
} from './reg-view.ts';
import { json, printable } from './rpc-output.ts';

/** Options that every `trunkline reg` command has. */
export interface RegOptions {
  readonly socket?: string;
  /** Seconds. */
  readonly timeout: number;
  readonly json?: boolean;
}

export interface RegListOptions extends RegOptions {
  /** Most accounts to show. */
  readonly limit: number;
}

export interface RegWatchOptions extends RegListOptions {
  /** Seconds between two looks. */
  readonly every: number;
}

export interface RegAddOptions extends RegOptions {
  readonly user: string;
  readonly domain: string;
  readonly proxy?: string;
  readonly authUser?: string;
  readonly realm?: string;
  readonly passwordFile?: string;
  readonly ha1File?: string;
  readonly localUser?: string;
  readonly localDomain?: string;
  readonly expires: number;
  readonly delay: number;
  readonly contact?: string;
  readonly contactUser?: string;
  readonly from?: string;
  readonly disabled?: boolean;
  /** URL of a database; true for that of the environment. */
  readonly save?: string | true;
}

export interface RegRemoveOptions extends RegOptions {
  /** As {@link RegAddOptions.save}. */
  readonly save?: string | true;
}

/** Accounts of one `uac.reg_list`, at most. */
const PAGE = 1000;
/** Clears the screen and goes to its first line. */
const HOME = '\x1b[H\x1b[2J';

type Call = (method: string, ...args: readonly RpcArgument[]) => Promise<RpcResult>;

function caller({ socket, timeout }: RegOptions): Call {
  const address = controlAddress(socket);
  return async (method, ...args) => {
    try {
      return await callRpc(address, method, args, { timeoutMs: timeout * 1000 });
    } catch (error) {
      throw callFailure(error);
    }
  };
}

const string = (value: string): RpcArgument => ({ kind: 'string', value });
const int = (value: number): RpcArgument => ({ kind: 'int', value });

function seconds(): number {
  return Math.floor(Date.now() / 1000);
}

/** Accounts in a state, up to a number, page by page. */
async function accountsOf(call: Call, state: string, limit: number): Promise<{ total: number; accounts: RpcArray }> {
  const items: RpcArray['items'][number][] = [];
  let total = 0;
  do {
    const page = fields(
      await call('uac.reg_list', string(state), int(items.length), int(Math.min(PAGE, limit - items.length))),
    );
    const accounts = page.get('accounts');
    total = number(page, 'total');
    if (!(accounts instanceof RpcArray) || accounts.items.length === 0) break;
    items.push(...accounts.items);
  } while (items.length < Math.min(limit, total));
  return { total, accounts: new RpcArray(items) };
}

/**
 * `trunkline reg list`: the accounts and how each is doing.
 * @param state a state, or all, online, failing
 * @throws CliError
 */
export async function listAccounts(state: string, options: RegListOptions, out: NodeJS.WriteStream): Promise<void> {
  const call = caller(options);
  const { total, accounts } = await accountsOf(call, state, options.limit);
  if (options.json === true) {
    out.write(json(struct({ total, accounts })));
    return;
  }
  const status = fields(await call('uac.reg_status'));
  out.write(listing(status, total, structs(accounts), out, '; --limit shows more'));
}

/** @param advice what to do when not all are shown */
function listing(
  status: Fields,
  total: number,
  accounts: readonly Fields[],
  out: NodeJS.WriteStream,
  advice: string,
): string {
  const colour = out.isTTY === true;
  const columns = colour ? out.columns : Number.POSITIVE_INFINITY;
  const table = accounts.length === 0 ? '' : `${accountTable(accounts, colour, columns)}\n`;
  const more = total > accounts.length ? `${accounts.length} of ${total} shown${advice}\n` : '';
  return `${table}${more}${totalsLine(status, colour)}${databaseLine(status, seconds())}`;
}

/** `trunkline reg show`: everything about one account. @throws CliError */
export async function showAccount(uuid: string, options: RegOptions, out: NodeJS.WriteStream): Promise<void> {
  const info = await caller(options)('uac.reg_info', string('l_uuid'), string(uuid));
  out.write(options.json === true ? json(info) : accountDetails(fields(info), seconds(), out.isTTY === true));
}

/** `trunkline reg status`: totals, results, database, registrars. @throws CliError */
export async function showStatus(options: RegOptions, out: NodeJS.WriteStream): Promise<void> {
  const status = await caller(options)('uac.reg_status');
  if (options.json === true) {
    out.write(json(status));
    return;
  }
  const of = fields(status);
  const results = fields(of.get('results') ?? null);
  const told = [...results.keys()].filter((name) => number(results, name) > 0);
  out.write(totalsLine(of, out.isTTY === true));
  out.write(`${number(of, 'sent')} REGISTERs sent`);
  out.write(
    told.length === 0 ? '\n' : `; ended: ${told.map((name) => `${number(results, name)} ${name}`).join(', ')}\n`,
  );
  out.write(databaseLine(of, seconds()));
}

/** Lines of a screen of `watch` that are no accounts: head, totals (two where it is narrow), how many are shown, database, its end. */
const OTHER_LINES = 9;

/** Accounts of one look: no more than stand on the screen, which would lose its head otherwise. */
function watched({ limit, json: asJson }: RegWatchOptions, out: NodeJS.WriteStream): number {
  return asJson === true || !out.isTTY || !(out.rows > 0)
    ? limit
    : Math.max(1, Math.min(limit, out.rows - OTHER_LINES));
}

/**
 * `trunkline reg watch`: the list again and again until it is interrupted; on a terminal in place, else one after the other.
 * @param signal ends it
 * @throws CliError when the first look fails; later ones are waited for
 */
export async function watchAccounts(
  state: string,
  options: RegWatchOptions,
  out: NodeJS.WriteStream,
  signal: AbortSignal,
): Promise<void> {
  const call = caller(options);
  let first = true;
  while (!signal.aborted) {
    try {
      const { total, accounts } = await accountsOf(call, state, watched(options, out));
      if (options.json === true) out.write(`${JSON.stringify(JSON.parse(json(struct({ total, accounts }))))}\n`);
      else {
        const status = fields(await call('uac.reg_status'));
        const screen = listing(status, total, structs(accounts), out, '');
        out.write(out.isTTY ? `${HOME}${screen}\nevery ${options.every} s; Ctrl-C ends\n` : `${screen}\n`);
      }
    } catch (error) {
      // A server that restarts comes back; one that was never there does not.
      if (first || !(error instanceof CliError)) throw error;
      out.write(`${error.message}; asking again\n`);
    }
    first = false;
    try {
      await sleep(options.every * 1000, undefined, { signal });
    } catch {
      return;
    }
  }
}

/** One of the commands that act on an account. */
export type RegAction = 'enable' | 'disable' | 'register' | 'unregister';

const DONE: Readonly<Record<RegAction, string>> = {
  enable: 'may register again',
  disable: 'is disabled',
  register: 'is being registered',
  unregister: 'is being unregistered; "trunkline reg enable" brings it back',
};

/** `trunkline reg enable|disable|register|unregister`. @throws CliError */
export async function actOnAccounts(
  action: RegAction,
  uuids: readonly string[],
  options: RegOptions,
  out: NodeJS.WriteStream,
): Promise<void> {
  const call = caller(options);
  for (const uuid of uuids) {
    await call(`uac.reg_${action}`, string('l_uuid'), string(uuid));
    out.write(told(options, uuid, DONE[action]));
  }
}

function told({ json: asJson }: RegOptions, uuid: string, what: string): string {
  return asJson === true ? `${JSON.stringify({ l_uuid: uuid, done: true })}\n` : `${uuid} ${what}\n`;
}

/** `trunkline reg refresh`: reads accounts from the database again; without a name, all of them. @throws CliError */
export async function refreshAccounts(
  uuids: readonly string[],
  options: RegOptions,
  out: NodeJS.WriteStream,
): Promise<void> {
  const call = caller(options);
  for (const uuid of uuids) {
    await call('uac.reg_refresh', string(uuid));
    out.write(told(options, uuid, 'was read again and is being registered'));
  }
  if (uuids.length > 0) return;
  await call('uac.reg_reload');
  out.write(
    options.json === true
      ? '{"done":true}\n'
      : 'the accounts are being read again; those that have not changed are not touched\n',
  );
}

/** The row that the options describe. @throws CliError */
export function accountRow(uuid: string, options: RegAddOptions): AccountRow {
  const password = secret(options.passwordFile, '--password-file');
  const ha1 = secret(options.ha1File, '--ha1-file');
  if (password === '' && ha1 === '')
    throw usageError(
      'an account needs a password',
      'Give --password-file (or --ha1-file); "-" reads it from standard input. It is no option itself: the list of processes would show it.',
    );
  const domain = options.domain;
  const row: AccountRow = {
    uuid,
    localUser: options.localUser ?? options.user,
    localDomain: options.localDomain ?? domain,
    remoteUser: options.user,
    remoteDomain: domain,
    realm: options.realm ?? '',
    authUser: options.authUser ?? options.user,
    authPassword: password,
    authHa1: ha1,
    proxy: options.proxy ?? `sip:${domain}`,
    expires: options.expires,
    flags: options.disabled === true ? 1 : 0,
    delay: options.delay,
    contactAddr: options.contact ?? '',
    contactUser: options.contactUser ?? '',
    socket: options.from ?? '',
  };
  // The server would leave such a row out, and say so in its log only.
  const problem = accountProblem(row);
  if (problem !== null) throw new CliError(problem.code, `it cannot be an account: ${printable(problem.text)}`, ADVICE);
  return row;
}

const ADVICE =
  'The columns: --local-user l_username, --local-domain l_domain, --user r_username, --domain r_domain, --proxy auth_proxy, --contact contact_addr, --from socket.';

/** First line of a file, `-` for standard input. @throws CliError */
function secret(file: string | undefined, option: string): string {
  if (file === undefined) return '';
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8').split(/\r?\n/)[0] ?? '';
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw usageError(`${option}: ${reason}`, 'Name a file that can be read, or "-" for standard input.');
  }
}

/**
 * `trunkline reg add`: to the running server, and with `--save` to the database first, from where the server takes it.
 * @throws CliError
 */
export async function addAccount(uuid: string, options: RegAddOptions, out: NodeJS.WriteStream): Promise<void> {
  const row = accountRow(uuid, options);
  const call = caller(options);
  if (options.save !== undefined) {
    await stored(options.save, (store) => store.insert(row));
    await call('uac.reg_refresh', string(uuid));
    out.write(told(options, uuid, 'was saved and is being registered'));
    return;
  }
  // A lone dot stands for an empty text where Kamailio's command takes none.
  const orDot = (text: string): RpcArgument => string(text === '' ? '.' : text);
  await call(
    'uac.reg_add',
    ...[row.uuid, row.localUser, row.localDomain, row.remoteUser, row.remoteDomain].map(string),
    orDot(row.realm),
    string(row.authUser),
    orDot(row.authPassword),
    orDot(row.authHa1),
    string(row.proxy),
    ...[row.expires, row.flags, row.delay].map(int),
    orDot(row.socket),
    orDot(row.contactAddr),
    orDot(row.contactUser),
  );
  out.write(told(options, uuid, 'was added to memory and is being registered; a reload drops it (--save keeps it)'));
}

/** `trunkline reg remove`: from the running server, and with `--save` from the database. @throws CliError */
export async function removeAccounts(
  uuids: readonly string[],
  options: RegRemoveOptions,
  out: NodeJS.WriteStream,
): Promise<void> {
  const call = caller(options);
  for (const uuid of uuids) {
    if (options.save !== undefined) await stored(options.save, (store) => store.delete(uuid));
    await call('uac.reg_remove', string(uuid));
    out.write(
      told(
        options,
        uuid,
        options.save === undefined ? 'was removed from memory; a reload brings it back' : 'was removed',
      ),
    );
  }
}

async function stored<T>(
  save: string | true,
  act: (store: ReturnType<typeof openAccountStore>) => Promise<T>,
): Promise<T> {
  const url = databaseUrl(save === true ? undefined : save);
  try {
    const store = openAccountStore(url);
    try {
      return await act(store);
    } finally {
      await store.close();
    }
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    throw new CliError(error.code, error.message, STORAGE_ERRORS[error.code].action);
  }
}
