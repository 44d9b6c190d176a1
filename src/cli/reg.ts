import { setTimeout as sleep } from 'node:timers/promises';
import { RpcArray, struct } from '../rpc/value.ts';
import { written } from './check.ts';
import { CliError } from './errors.ts';
import { type Call, caller, int, type RegOptions, string } from './reg-calls.ts';
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
import { json } from './rpc-output.ts';

export interface RegListOptions extends RegOptions {
  /** Most accounts to show. */
  readonly limit: number;
}

export interface RegWatchOptions extends RegListOptions {
  /** Seconds between two looks. */
  readonly every: number;
}

/** Accounts of one `uac.reg_list`, at most. */
const PAGE = 1000;
/** Clears the screen and goes to its first line. */
const HOME = '\x1b[H\x1b[2J';

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
  out.write(listing(status, state, total, structs(accounts), out, `; --limit ${total} shows all`));
}

/** Whether the output takes colours. https://no-color.org: any non-empty value says no. */
function coloured(out: NodeJS.WriteStream): boolean {
  return out.isTTY === true && (process.env.NO_COLOR ?? '') === '';
}

/** @param advice what to do when not all are shown */
function listing(
  status: Fields,
  state: string,
  total: number,
  accounts: readonly Fields[],
  out: NodeJS.WriteStream,
  advice: string,
): string {
  const colour = coloured(out);
  const columns = out.isTTY === true ? out.columns : Number.POSITIVE_INFINITY;
  const table = accounts.length === 0 ? '' : `${accountTable(accounts, colour, columns)}\n`;
  // Of none at all the totals tell.
  const none = total === 0 && state !== 'all' ? `no account is ${state}\n` : '';
  const more = total > accounts.length ? `${accounts.length} of ${total} shown${advice}\n` : none;
  return `${table}${more}${totalsLine(status, colour)}${databaseLine(status, seconds())}`;
}

/** `trunkline reg show`: everything about one account. @throws CliError */
export async function showAccount(uuid: string, options: RegOptions, out: NodeJS.WriteStream): Promise<void> {
  const info = await caller(options)('uac.reg_info', string('l_uuid'), string(uuid));
  out.write(options.json === true ? json(info) : accountDetails(fields(info), seconds(), coloured(out)));
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
  out.write(totalsLine(of, coloured(out)));
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
  // The first accounts of many are seldom those that one looks for.
  const elsewhere = state === 'all' ? ' ("watch failing": those that need somebody)' : '';
  let first = true;
  while (!signal.aborted) {
    try {
      const { total, accounts } = await accountsOf(call, state, watched(options, out));
      if (options.json === true) out.write(`${JSON.stringify(JSON.parse(json(struct({ total, accounts }))))}\n`);
      else {
        const status = fields(await call('uac.reg_status'));
        const screen = listing(status, state, total, structs(accounts), out, elsewhere);
        out.write(out.isTTY ? `${HOME}${screen}\nevery ${options.every} s; Ctrl-C ends\n` : `${screen}\n`);
      }
    } catch (error) {
      // A server that restarts comes back; one that was never there does not.
      if (first || !(error instanceof CliError)) throw error;
      const { message, code } = error;
      out.write(options.json === true ? `${JSON.stringify({ error: message, code })}\n` : `${message}; asking again\n`);
    }
    first = false;
    // Looks must not pile up for a reader that is slower.
    await written(out);
    try {
      await sleep(options.every * 1000, undefined, { signal });
    } catch {
      return;
    }
  }
}
