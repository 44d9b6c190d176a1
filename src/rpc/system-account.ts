import { execFileSync } from 'node:child_process';

/**
 * Number of a user or group, by name or number. It asks the system's database, whatever is behind it (files, LDAP…); Node has no call for that.
 * @returns null when there is none of that name
 */
export function accountId(kind: 'user' | 'group', name: string): number | null {
  if (/^\d+$/.test(name)) return Number(name);
  // A name that begins with a dash would be an option.
  if (name === '' || name.startsWith('-')) return null;
  try {
    const database = kind === 'user' ? 'passwd' : 'group';
    const line = execFileSync('getent', [database, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    const id = Number(line.split(':')[2]);
    return Number.isInteger(id) ? id : null;
  } catch {
    return null;
  }
}
