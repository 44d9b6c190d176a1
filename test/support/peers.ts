import { accessSync, constants, existsSync } from 'node:fs';
import { join } from 'node:path';

/** Programs of other projects that some tests talk to, and the Debian package each comes with. */
const PACKAGES = {
  sipp: 'sip-tester',
  kamailio: 'kamailio',
  kamcmd: 'kamailio',
  baresip: 'baresip-core',
  linphonec: 'linphone-cli',
  'linphone-daemon': 'linphone-cli',
  'twinkle-console': 'twinkle-console',
  sipsak: 'sipsak',
  openssl: 'openssl',
  tshark: 'tshark',
  perl: 'perl-base',
  kamctl: 'kamailio',
  curl: 'curl',
  svwar: 'sipvicious',
  svcrack: 'sipvicious',
} as const;

export type PeerName = keyof typeof PACKAGES;

/** A peer program: where it is, or why tests that need it are skipped. */
export interface Peer {
  /** Absolute path; the bare name when the program is missing, for tests that are skipped anyway. */
  readonly path: string;
  /** False when it is there, else the reason, for node:test's `skip` option. */
  readonly skip: string | false;
}

/**
 * Looks a peer program up. A test that needs one says `{ skip: peer('sipp').skip }`: where it is missing, the test is reported
 * as skipped, by name, at the end of `npm test`.
 */
export function peer(name: PeerName): Peer {
  const directories = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/local/sbin'];
  for (const directory of directories) {
    const path = join(directory, name);
    try {
      accessSync(path, constants.X_OK);
      return { path, skip: false };
    } catch {
      // Not in this directory.
    }
  }
  return { path: name, skip: `${name} is not installed (Debian package ${PACKAGES[name]})` };
}

/** Where Debian's packages put the scripts that make the tables of Kamailio's database modules. */
const SCRIPTS = '/usr/share/kamailio';

/** Kamailio with its module for SQLite: false when both are there, else why the tests that need them are skipped. */
export function kamailioWithSqlite(): string | false {
  const { skip } = peer('kamailio');
  if (skip !== false) return skip;
  return existsSync(join(SCRIPTS, 'db_sqlite'))
    ? false
    : 'db_sqlite is not installed (Debian package kamailio-sqlite-modules)';
}
