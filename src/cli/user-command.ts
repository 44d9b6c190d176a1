import type { Command } from 'commander';
import { usageError } from './errors.ts';
import { printable } from './rpc-output.ts';
import type { UserOptions, UserSecretOptions } from './user.ts';

const EXAMPLES = `
Users are rows of the table subscriber, which "trunkline db init" makes, and so
do OpenSER's, OpenSIPS' and Kamailio's scripts. What is written are HA1s for MD5,
SHA-256 and SHA-512-256, where the table has a column for them; the password
itself only with --clear-text, which a configuration with calculate_ha1 needs
(Kamailio's stock one has it). The realm is the one that challenges name: the
domain, unless --realm says another.

Examples:
  trunkline db init sqlite:////var/lib/trunkline/users.db
  export TRUNKLINE_DB_URL=sqlite:////var/lib/trunkline/users.db
  echo "$SECRET" | trunkline user add alice@example.com --password-file -
  trunkline user list
`;

function withOptions(command: Command): Command {
  return command
    .allowExcessArguments(false)
    .option('--db <url>', 'the database; else $TRUNKLINE_DB_URL')
    .option('--table <name>', 'the table, where it is not called subscriber', 'subscriber')
    .option('--json', 'print JSON');
}

function withSecret(command: Command): Command {
  return withOptions(command)
    .option('--password-file <file>', 'file with the password; - for standard input')
    .option('--realm <realm>', 'realm that is asked for (default: the domain); give it again with each passwd')
    .option('--clear-text', 'keep the password itself, too: only for configurations with calculate_ha1 1');
}

/** Adds `trunkline user` and its commands. */
export function buildUser(program: Command): void {
  const user = program
    .command('user')
    .description('users who register and call here (table subscriber of module auth_db)')
    .addHelpText('after', EXAMPLES)
    .allowExcessArguments()
    .action((_options: unknown, { args: [word] }: Command) => {
      const text = word === undefined ? 'needs a command, such as list' : `has no command ${printable(word)}`;
      throw usageError(`"trunkline user" ${text}`, 'Run "trunkline user --help".');
    });
  withSecret(user.command('add'))
    .description('add a user')
    .argument('<user@domain>')
    .action(async (name: string, options: UserSecretOptions) => {
      await (await import('./user.ts')).addUser(name, options, process.stdout);
    });
  withSecret(user.command('passwd'))
    .description('give a user another password; a running server knows it after cache_expire, or auth_db.cache_drop')
    .argument('<user@domain>')
    .action(async (name: string, options: UserSecretOptions) => {
      await (await import('./user.ts')).changePassword(name, options, process.stdout);
    });
  withOptions(user.command('remove'))
    .description('remove a user')
    .argument('<user@domain>')
    .action(async (name: string, options: UserOptions) => {
      await (await import('./user.ts')).removeUser(name, options, process.stdout);
    });
  withOptions(user.command('list'))
    .description('users, and which kinds of secrets are there')
    .action(async (options: UserOptions) => {
      await (await import('./user.ts')).listUsers(options, process.stdout);
    });
}
