import { readFileSync } from 'node:fs';
import type { RpcArgument } from '../rpc/method.ts';
import type { AccountStore } from '../storage/account-store.ts';
import { openDatabase } from '../storage/database.ts';
import { openAccountStore } from '../storage/uacreg.ts';
import { accountProblem } from '../uac/registration/account.ts';
import type { AccountRow } from '../uac/registration/account-row.ts';
import { databaseUrl } from './db.ts';
import { CliError, usageError } from './errors.ts';
import {
  caller,
  eachAccount,
  int,
  quoted,
  REFUSED,
  type RegOptions,
  storageFailure,
  string,
  told,
} from './reg-calls.ts';
import { duration } from './reg-view.ts';
import { printable } from './rpc-output.ts';

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
  await eachAccount(uuids, options, out, async (uuid) => {
    await call(`uac.reg_${action}`, string('l_uuid'), string(uuid));
    return DONE[action];
  });
}

/** `trunkline reg refresh`: reads accounts from the database again; without a name, all of them. @throws CliError */
export async function refreshAccounts(
  uuids: readonly string[],
  options: RegOptions,
  out: NodeJS.WriteStream,
): Promise<void> {
  const call = caller(options);
  await eachAccount(uuids, options, out, async (uuid) => {
    await call('uac.reg_refresh', string(uuid));
    return 'was read again';
  });
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

/** First line of a file, `-` for standard input; empty without a file. @throws CliError */
function secret(file: string | undefined, option: string): string {
  if (file === undefined) return '';
  let line: string | undefined;
  try {
    [line] = readFileSync(file === '-' ? 0 : file, 'utf8').split(/\r?\n/);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw usageError(`${option}: ${reason}`, 'Name a file that can be read, or "-" for standard input.');
  }
  if (line === undefined || line === '')
    throw usageError(`${option}: the first line of ${quoted(file)} is empty`, 'It has to be the password, or the HA1.');
  return line;
}

/** What a new account does now. */
function fate(uuid: string, { flags, expires, delay }: AccountRow): string {
  if (flags !== 0) return `is disabled; "trunkline reg enable ${printable(uuid)}" lets it register`;
  if (expires === 0) return 'does not register: its expires is 0';
  return delay > 0 ? `registers in ${duration(delay)}` : 'is being registered';
}

/**
 * `trunkline reg add`: to the running server, and with `--save` to the database first, from where the server takes it.
 * @throws CliError
 */
export async function addAccount(uuid: string, options: RegAddOptions, out: NodeJS.WriteStream): Promise<void> {
  const row = accountRow(uuid, options);
  const call = caller(options);
  if (options.save !== undefined) {
    await withStore(options.save, (store) => store.insert(row));
    try {
      await call('uac.reg_refresh', string(uuid));
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      throw new CliError(
        error.code,
        `${quoted(uuid)} was saved; ${error.message}`,
        error.code === REFUSED
          ? 'The server has to read the same database (reg_db_url) and the table uacreg (reg_db_table).'
          : `${error.advice}\nIt takes the account when it starts, or by "trunkline reg refresh ${printable(uuid)}".`,
      );
    }
    out.write(told(options, uuid, `was saved and ${fate(uuid, row)}`));
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
  out.write(told(options, uuid, `was added to memory and ${fate(uuid, row)}; a reload drops it (--save keeps it)`));
}

/** `trunkline reg remove`: from the running server, and with `--save` from the database. @throws CliError */
export async function removeAccounts(
  uuids: readonly string[],
  options: RegRemoveOptions,
  out: NodeJS.WriteStream,
): Promise<void> {
  const call = caller(options);
  const remove = async (uuid: string): Promise<void> => {
    await call('uac.reg_remove', string(uuid));
  };
  if (options.save === undefined)
    await eachAccount(uuids, options, out, async (uuid) => {
      await remove(uuid);
      return 'was removed from memory; a reload brings it back, if the database has it';
    });
  else
    await withStore(options.save, (store) =>
      eachAccount(uuids, options, out, async (uuid) => {
        const deleted = await store.delete(uuid);
        try {
          await remove(uuid);
        } catch (error) {
          if (!(error instanceof CliError)) throw error;
          if (error.code === REFUSED && deleted) return `was removed from the database; ${error.message}`;
          if (error.code === REFUSED)
            throw new CliError(REFUSED, `${error.message}, nor has the database`, error.advice);
          if (!deleted) throw error;
          const text = `${quoted(uuid)} was removed from the database; ${error.message}`;
          throw new CliError(error.code, text, `${error.advice}\nThe server drops it by "trunkline reg reload".`);
        }
        return deleted ? 'was removed' : 'was removed from memory; the database did not have it';
      }),
    );
}

async function withStore<T>(save: string | true, act: (store: AccountStore) => Promise<T>): Promise<T> {
  const url = databaseUrl(save === true ? undefined : save);
  try {
    // A name mistyped is no reason for a new file.
    const store = openAccountStore(openDatabase(url, { create: false }));
    try {
      return await act(store);
    } finally {
      await store.close();
    }
  } catch (error) {
    throw storageFailure(error);
  }
}
