import { execFileSync } from 'node:child_process';
import { chownSync } from 'node:fs';
import { CliError } from './errors.ts';

/** Ids to run as; null for what is not to change. */
export interface Identity {
  readonly uid: number | null;
  readonly gid: number | null;
  /** Name or number as it was given, for the supplementary groups. */
  readonly user: string;
}

/** Missing in the type declarations of Node, there since 0.9.4 on POSIX systems. */
type WithGroups = NodeJS.Process & { initgroups?(user: string | number, extraGroup: number): void };

/** Asks the system's user database, whatever is behind it (files, LDAP…); Node has no call for it. */
function lookUp(database: 'passwd' | 'group', name: string): string[] | null {
  try {
    const line = execFileSync('getent', [database, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return line.trimEnd().split(':');
  } catch {
    return null;
  }
}

/**
 * Resolves -u and -g before anything starts, so that a misspelt name costs nothing. A user without a group brings its own.
 * @returns null when there is nothing to change
 * @throws CliError CLI_PRIVILEGES
 */
export function resolveIdentity(user: string, group: string): Identity | null {
  if (user === '' && group === '') return null;
  let uid: number | null = null;
  let gid: number | null = null;
  if (user !== '') {
    const entry = lookUp('passwd', user);
    if (entry === null && !/^\d+$/.test(user)) {
      throw new CliError('CLI_PRIVILEGES', `there is no user "${user}"`, `Create it: adduser --system --group ${user}`);
    }
    uid = Number(entry?.[2] ?? user);
    if (entry !== null) gid = Number(entry[3]);
  }
  if (group !== '') {
    const entry = lookUp('group', group);
    if (entry === null && !/^\d+$/.test(group)) {
      throw new CliError('CLI_PRIVILEGES', `there is no group "${group}"`, `Create it: addgroup --system ${group}`);
    }
    gid = Number(entry?.[2] ?? group);
  }
  return { uid, gid, user };
}

/**
 * Takes the identity for good. Called when the sockets are bound: ports below 1024 need what is given up here.
 * @param pidFile handed over to the new user so that it can be emptied at the end; empty for none
 * @throws CliError CLI_PRIVILEGES
 */
export function takeIdentity(identity: Identity, pidFile: string): void {
  const { uid, gid, user } = identity;
  const unchanged = (uid === null || uid === process.getuid?.()) && (gid === null || gid === process.getgid?.());
  if (unchanged) return;
  try {
    if (pidFile !== '') chownSync(pidFile, uid ?? -1, gid ?? -1);
    // Order matters: without the user's rights the groups can no longer be set.
    if (gid !== null) {
      if (uid !== null) (process as WithGroups).initgroups?.(user === String(uid) ? uid : user, gid);
      process.setgid?.(gid);
    }
    if (uid !== null) process.setuid?.(uid);
  } catch (error) {
    throw new CliError(
      'CLI_PRIVILEGES',
      `cannot run as ${user === '' ? '' : `user "${user}" `}uid ${uid ?? '-'} gid ${gid ?? '-'}: ${(error as Error).message}`,
      'Only root can change to another user; start it as root, or leave -u and -g out.',
    );
  }
}
