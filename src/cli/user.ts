import { readFileSync } from 'node:fs';
import { utf8Bytes } from '../digest/credentials.ts';
import { userHa1 } from '../digest/digest.ts';
import { openDatabase } from '../storage/database.ts';
import { STORAGE_ERRORS, StorageError } from '../storage/errors.ts';
import { openSubscriberStore } from '../storage/subscriber.ts';
import type { ListedSubscriber, NewSubscriber, SubscriberStore } from '../storage/subscriber-store.ts';
import { aligned } from './aligned.ts';
import { databaseUrl } from './db.ts';
import { CliError, usageError } from './errors.ts';
import { printable } from './rpc-output.ts';

/** Settings of every `trunkline user` command. */
export interface UserOptions {
  readonly db?: string;
  readonly table: string;
  readonly json?: boolean;
}

export interface UserSecretOptions extends UserOptions {
  readonly passwordFile?: string;
  readonly realm?: string;
  readonly clearText?: boolean;
}

/** alice@example.com taken apart. @throws CliError */
function party(text: string): { readonly user: string; readonly domain: string } {
  const at = text.indexOf('@');
  const user = text.slice(0, at);
  const domain = text.slice(at + 1);
  // A colon would make two users of one in what is hashed.
  if (at < 1 || domain === '' || domain.includes('@') || /[:\s\x00-\x1f\x7f]/.test(text)) {
    throw usageError(
      `"${text.replace(/[\x00-\x1f\x7f]/g, '?')}" is no user`,
      'Write it as user@domain, with one @, without blanks and colons.',
    );
  }
  return { user, domain };
}

/** The password: the first line of a file, or of standard input. It is no option: the list of processes would show it. */
function password({ passwordFile }: UserSecretOptions): string {
  if (passwordFile === undefined) {
    throw usageError('a user needs a password', 'Give --password-file; "-" reads it from standard input.');
  }
  let text: string;
  try {
    text = readFileSync(passwordFile === '-' ? 0 : passwordFile, 'utf8');
  } catch (error) {
    throw new CliError(
      'CLI_FILE',
      `--password-file: ${error instanceof Error ? error.message : 'cannot be read'}`,
      'Give a file whose first line is the password; "-" reads it from standard input.',
    );
  }
  const [line = ''] = text.split(/\r?\n/);
  if (line === '') throw usageError('the password is empty', 'An empty password lets everybody in.');
  return line;
}

/** The row of a user: HA1s of every algorithm, so that the password itself need not be kept (RFC 7616 §3.4.2). */
function row(name: string, options: UserSecretOptions): NewSubscriber {
  const { user, domain } = party(name);
  const secret = password(options);
  const realm = utf8Bytes(realmOf(name, options));
  const [own, clear] = [utf8Bytes(user), utf8Bytes(secret)];
  return {
    user,
    domain,
    ha1: userHa1('MD5', own, realm, clear),
    ha1b: userHa1('MD5', `${own}@${utf8Bytes(domain)}`, realm, clear),
    sha256: userHa1('SHA-256', own, realm, clear),
    sha512t256: userHa1('SHA-512-256', own, realm, clear),
    password: options.clearText === true ? secret : '',
  };
}

async function using(options: UserOptions, work: (store: SubscriberStore) => Promise<void>): Promise<void> {
  let store: SubscriberStore | null = null;
  try {
    // A mistyped URL must not leave an empty SQLite file behind: "trunkline db init" is what makes one.
    store = openSubscriberStore(openDatabase(databaseUrl(options.db), { create: false }), options.table);
    await work(store);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    if (error.code === 'STORAGE_EXISTS') {
      throw new CliError(
        error.code,
        'there is such a user already',
        'Change the password with "trunkline user passwd".',
      );
    }
    throw new CliError(error.code, error.message, STORAGE_ERRORS[error.code].action);
  } finally {
    await store?.close();
  }
}

/** @param realm what the secrets were made for; empty when none were made */
function tell(out: NodeJS.WritableStream, options: UserOptions, done: string, name: string, realm: string): void {
  if (options.json === true) out.write(`${JSON.stringify({ [done]: name, ...(realm === '' ? {} : { realm }) })}\n`);
  else out.write(`${name} ${done}${realm === '' ? '' : `, for the realm ${printable(realm)}`}\n`);
}

/** The realm that secrets are made for. The table does not keep it: it has to be given each time, unless it is the domain. */
function realmOf(name: string, options: UserSecretOptions): string {
  return options.realm ?? party(name).domain;
}

/** `trunkline user add`. @throws CliError with a STORAGE_ code */
export async function addUser(name: string, options: UserSecretOptions, out: NodeJS.WritableStream): Promise<void> {
  const subscriber = row(name, options);
  await using(options, (store) => store.insert(subscriber));
  tell(out, options, 'added', name, realmOf(name, options));
}

/** `trunkline user passwd`. @throws CliError with a STORAGE_ code, CLI_USAGE for an unknown user */
export async function changePassword(
  name: string,
  options: UserSecretOptions,
  out: NodeJS.WritableStream,
): Promise<void> {
  const subscriber = row(name, options);
  await using(options, async (store) => {
    if (!(await store.update(subscriber))) throw await unknown(store, name);
  });
  tell(out, options, 'changed', name, realmOf(name, options));
}

/** `trunkline user remove`. @throws CliError as {@link changePassword} */
export async function removeUser(name: string, options: UserOptions, out: NodeJS.WritableStream): Promise<void> {
  const { user, domain } = party(name);
  await using(options, async (store) => {
    if (!(await store.delete(user, domain))) throw await unknown(store, name);
  });
  tell(out, options, 'removed', name, '');
}

async function unknown(store: SubscriberStore, name: string): Promise<CliError> {
  const { user, domain } = party(name);
  const [other] = await store.spellings(user, domain);
  const advice =
    other === undefined
      ? 'See "trunkline user list".'
      : `There is ${printable(`${other.user}@${other.domain}`)}: names are hashed, so letter case counts.`;
  return new CliError('CLI_USAGE', `there is no user ${name}`, advice);
}

/** `trunkline user list`: who there is, and which kinds of secrets; never a secret. @throws CliError with a STORAGE_ code */
export async function listUsers(options: UserOptions, out: NodeJS.WritableStream): Promise<void> {
  const all: ListedSubscriber[] = [];
  await using(options, (store) =>
    store.list((rows) => {
      all.push(...rows);
    }),
  );
  if (options.json === true) {
    out.write(`${JSON.stringify({ users: all })}\n`);
    return;
  }
  const yes = (there: boolean): string => (there ? 'yes' : '-');
  const rows = all.map(({ user, domain, md5, sha256, sha512t256, clearText }) => [
    printable(`${user}@${domain}`),
    yes(md5),
    yes(sha256),
    yes(sha512t256),
    yes(clearText),
  ]);
  out.write(aligned(['user', 'MD5', 'SHA-256', 'SHA-512-256', 'clear text'], rows));
}
