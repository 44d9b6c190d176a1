import { type Command, InvalidArgumentError } from 'commander';
import { usageError } from './errors.ts';
import type { RegListOptions, RegWatchOptions } from './reg.ts';
import type { RegOptions } from './reg-calls.ts';
import type { RegAction, RegAddOptions, RegRemoveOptions } from './reg-changes.ts';
import { printable } from './rpc-output.ts';

const EXAMPLES = `
Examples:
  trunkline reg list                     every account and how it is doing
  trunkline reg list failing             those that need somebody
  trunkline reg show trunk1              all about one
  trunkline reg watch                    the list, kept up to date
  trunkline reg disable trunk1 trunk2    keep them from registering
  echo "$SECRET" | trunkline reg add trunk3 --user 4711 --domain sip.example.com \\
      --password-file - --save sqlite:////var/lib/trunkline/trunkline.db
`;

/** Largest number that BINRPC and the columns of the table hold. */
const MAX_INT = 2 ** 31 - 1;

function count(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > MAX_INT) throw new InvalidArgumentError(`It is a number from 0 to ${MAX_INT}.`);
  return value;
}

function seconds(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < 1e6)) throw new InvalidArgumentError('It is a number of seconds.');
  return value;
}

function withOptions(command: Command): Command {
  return command
    .allowExcessArguments(false)
    .option(
      '--socket <address>',
      'unix:/path, tcp:host:port or udp:host:port; else $TRUNKLINE_RPC, else /run/kamailio/kamailio_ctl',
    )
    .option('--json', 'print JSON')
    .option('--timeout <seconds>', 'how long to wait for a reply', seconds, 10);
}

const ACTIONS: Readonly<Record<RegAction, string>> = {
  enable: 'let accounts register again',
  disable: 'keep accounts from registering',
  register: 'send a REGISTER now',
  unregister: 'remove the binding now, until the account is enabled or registered again',
};

/** Adds `trunkline reg` and its commands. */
export function buildReg(program: Command): void {
  const reg = program
    .command('reg')
    .description('accounts of a running server that are registered at carriers (its modules uac and ctl)')
    .addHelpText('after', EXAMPLES)
    .allowExcessArguments()
    .action((_options: unknown, { args: [word] }: Command) => {
      const text = word === undefined ? 'needs a command, such as list' : `has no command ${printable(word)}`;
      throw usageError(`"trunkline reg" ${text}`, 'Run "trunkline reg --help".');
    });
  const STATES = 'all, online, failing, or a state such as registered, retrying, rejected, disabled';

  withOptions(reg.command('list'))
    .description('accounts with state, time left, next attempt and last answer')
    .argument('[state]', STATES, 'all')
    .option('--limit <number>', 'most accounts to show', count, 100)
    .action(async (state: string, options: RegListOptions) => {
      await (await import('./reg.ts')).listAccounts(state, options, process.stdout);
    });
  withOptions(reg.command('show'))
    .description('everything about one account')
    .argument('<account>', 'its l_uuid')
    .action(async (uuid: string, options: RegOptions) => {
      await (await import('./reg.ts')).showAccount(uuid, options, process.stdout);
    });
  withOptions(reg.command('status'))
    .description('totals, what attempts came to, and the database')
    .action(async (options: RegOptions) => {
      await (await import('./reg.ts')).showStatus(options, process.stdout);
    });
  withOptions(reg.command('watch'))
    .description('the list, again and again')
    .argument('[state]', STATES, 'all')
    .option('--limit <number>', 'most accounts to show', count, 30)
    .option('--every <seconds>', 'time between two looks', seconds, 1)
    .action(async (state: string, options: RegWatchOptions) => {
      const stop = new AbortController();
      process.once('SIGINT', () => stop.abort());
      await (await import('./reg.ts')).watchAccounts(state, options, process.stdout, stop.signal);
    });
  withOptions(reg.command('add'))
    .description('add an account to the running server')
    .argument('<account>', 'its l_uuid, a name of your choice')
    .requiredOption('--user <user>', 'user part of the address that is registered (r_username)')
    .requiredOption('--domain <domain>', "the carrier's domain (r_domain)")
    .option('--password-file <file>', 'file with the password; - for standard input')
    .option('--ha1-file <file>', 'file with the HA1 (32 hex digits) in its place')
    .option('--auth-user <user>', 'user for the credentials (default: --user)')
    .option('--realm <realm>', 'realm that the carrier must ask for (default: any)')
    .option('--proxy <uri>', 'next hop (default: sip:DOMAIN)')
    .option('--local-user <user>', 'user that calls to this account are for (l_username; default: --user)')
    .option('--local-domain <domain>', 'its domain (l_domain; default: --domain)')
    .option('--expires <seconds>', 'time to ask for', count, 3600)
    .option('--delay <seconds>', 'wait before the first REGISTER', count, 0)
    .option('--contact <address>', 'host[:port][;params] of the Contact (default: reg_contact_addr)')
    .option('--contact-user <user>', 'user part of the Contact (default: the account)')
    .option('--from <socket>', 'our socket to send from, proto:host:port')
    .option('--disabled', 'add it without registering')
    .option('--save [url]', 'write it to this database, too; without a URL to that of $TRUNKLINE_DB_URL')
    .action(async (uuid: string, options: RegAddOptions) => {
      await (await import('./reg-changes.ts')).addAccount(uuid, options, process.stdout);
    });
  withOptions(reg.command('remove'))
    .description('remove accounts from the running server')
    .argument('<account...>', 'their l_uuid')
    .option('--save [url]', 'remove them from this database, too; without a URL from that of $TRUNKLINE_DB_URL')
    .action(async (uuids: string[], options: RegRemoveOptions) => {
      await (await import('./reg-changes.ts')).removeAccounts(uuids, options, process.stdout);
    });
  for (const [action, description] of Object.entries(ACTIONS) as [RegAction, string][])
    withOptions(reg.command(action))
      .description(description)
      .argument('<account...>', 'their l_uuid')
      .action(async (uuids: string[], options: RegOptions) => {
        await (await import('./reg-changes.ts')).actOnAccounts(action, uuids, options, process.stdout);
      });
  withOptions(reg.command('refresh'))
    .description('read accounts from the database again; without a name all, of which only changed ones are touched')
    .argument('[account...]', 'their l_uuid')
    .action(async (uuids: string[], options: RegOptions) => {
      await (await import('./reg-changes.ts')).refreshAccounts(uuids, options, process.stdout);
    });
  withOptions(reg.command('reload'))
    .description('the same for all of them')
    .action(async (options: RegOptions) => {
      await (await import('./reg-changes.ts')).refreshAccounts([], options, process.stdout);
    });
}
