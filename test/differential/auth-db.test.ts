/** auth_db on Kamailio and on Trunkline: the same table, the same requests, the same codes. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { peer } from '../support/peers.ts';
import type { ServerKind } from '../support/servers.ts';
import { credentials, PASSWORD, REALM, Side } from './auth-side.ts';

const SCRIPTS = '/usr/share/kamailio/db_sqlite';
const SKIP =
  peer('kamailio').skip ||
  (existsSync(`${SCRIPTS}/auth_db-create.sql`)
    ? false
    : 'Kamailio’s SQLite scripts are not installed (Debian package kamailio-sqlite-modules)');

function configuration(file: string, modparams: string): string {
  return `#!KAMAILIO
debug=2
log_stderror=yes
fork=yes
children=1
auto_aliases=no
loadmodule "db_sqlite.so"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "xlog.so"
loadmodule "auth.so"
loadmodule "auth_db.so"
modparam("auth_db", "db_url", "sqlite:///${file}")
modparam("auth_db", "load_credentials", "$avp(mail)=email;number")
${modparams}
request_route {
  $var(rc) = 0;
  if ($hdr(X-Do) == "www") { www_challenge("${REALM}", "$(hdr(X-Flags){s.int})"); exit; }
  if ($hdr(X-Do) == "proxy") { proxy_challenge("${REALM}", "0"); exit; }
  if ($hdr(X-Do) == "flags") { auth_check("${REALM}", "subscriber", "$(hdr(X-Flags){s.int})"); $var(rc) = $rc; }
  if ($hdr(X-Do) == "check") { www_authenticate("${REALM}", "subscriber"); $var(rc) = $rc; }
  if ($hdr(X-Do) == "authorize") { www_authorize("${REALM}", "subscriber"); $var(rc) = $rc; }
  if ($hdr(X-Do) == "identity") { auth_check("${REALM}", "subscriber", "1"); $var(rc) = $rc; }
  if ($hdr(X-Do) == "subscriber") { is_subscriber("$hdr(X-Uri)", "subscriber", "$(hdr(X-Flags){s.int})"); $var(rc) = $rc; }
  sl_send_reply("200", "rc=$var(rc) mail=$avp(mail) number=$avp(number)");
}
`;
}

const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

function fill(file: string): void {
  const database = new DatabaseSync(file, { timeout: 5000 });
  for (const script of ['standard-create.sql', 'auth_db-create.sql']) {
    database.exec(readFileSync(join(SCRIPTS, script), 'utf8'));
  }
  database.exec("ALTER TABLE subscriber ADD COLUMN email VARCHAR(64) DEFAULT ''");
  database.exec('ALTER TABLE subscriber ADD COLUMN number INTEGER DEFAULT 0');
  const add = database.prepare(
    'INSERT INTO subscriber (username, domain, password, ha1, ha1b, email, number) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  const ha1b = md5(`alice@${REALM}:${REALM}:${PASSWORD}`);
  add.run('alice', REALM, PASSWORD, md5(`alice:${REALM}:${PASSWORD}`), ha1b, 'al@x', 7);
  add.run('bob', 'other.example', PASSWORD, md5(`bob:${REALM}:${PASSWORD}`), '', '', 0);
  // Kamailio's one column holds the HA1s of whatever algorithm is offered.
  add.run('sha', REALM, PASSWORD, sha256(`sha:${REALM}:${PASSWORD}`), '', 'sha@x', 8);
  add.run('broken', REALM, '', 'nohash', 'nohash', '', 0);
  database.close();
}

interface Row {
  readonly name: string;
  readonly theirs: readonly string[];
  readonly ours?: readonly string[];
  readonly play: (side: Side) => Promise<readonly string[]>;
}

async function code(
  side: Side,
  action: string,
  answer: Parameters<typeof credentials>[1],
  options = {},
): Promise<string> {
  const { nonce } = await side.challenge(0);
  const text = await side.ask(action, [`Authorization: ${credentials(nonce, answer)}`], options);
  return /rc=(-?\d+)/.exec(text)?.[1] ?? text.slice(8, 11);
}

async function isSubscriber(side: Side, uri: string, flags: number): Promise<string> {
  return /rc=(.*)\r/.exec(await side.ask('subscriber', [`X-Uri: ${uri}`, `X-Flags: ${flags}`]))?.[1] ?? '';
}

const HASHED: readonly Row[] = [
  {
    name: 'right, wrong password, unknown user, none; a hash that is none',
    play: async (side) => [
      await code(side, 'check', {}),
      await code(side, 'authorize', {}),
      await code(side, 'check', { password: 'x' }),
      await code(side, 'check', { user: 'nobody' }),
      /rc=(\S+)/.exec(await side.ask('check'))?.[1] ?? '',
      await code(side, 'check', { user: 'broken' }),
    ],
    theirs: ['1', '1', '-2', '-3', '-5', '-2'],
    ours: ['1', '1', '-2', '-3', '-5', '-1'],
  },
  {
    name: 'user@domain takes the other hash',
    play: async (side) => [
      await code(side, 'check', { user: `alice@${REALM}` }),
      await code(side, 'check', { user: `sip:alice@${REALM}` }),
    ],
    theirs: ['1', '-2'],
  },
  {
    name: 'any domain',
    play: async (side) => [await code(side, 'check', { user: 'bob' })],
    theirs: ['1'],
  },
  {
    name: 'auth_check: own, another To',
    play: async (side) => [
      await code(side, 'identity', {}),
      await code(side, 'identity', {}, { to: 'bob' }),
      await code(side, 'identity', { user: 'nobody' }),
    ],
    theirs: ['1', '-8', '-3'],
  },
  {
    name: 'auth_check of somebody else by flag and method',
    play: async (side) => {
      const codes: string[] = [];
      for (const method of ['INVITE', 'MESSAGE', 'UPDATE', 'OPTIONS', 'PUBLISH']) {
        for (const flags of [0, 1, 3]) {
          const challenge = await side.ask('proxy', [], { method });
          const nonce = /nonce="([^"]+)"/.exec(challenge)?.[1] ?? '';
          const header = `Proxy-Authorization: ${credentials(nonce, {}, method)}`;
          const text = await side.ask('flags', [`X-Flags: ${flags}`, header], { method, from: 'bob', to: 'bob' });
          codes.push(/rc=(-?\d+)/.exec(text)?.[1] ?? text.slice(8, 11));
        }
      }
      return codes;
    },
    theirs: ['1', '-8', '1', '1', '-8', '1', '1', '-8', '1', '1', '-8', '-8', '1', '-8', '-8'],
  },
  {
    name: 'is_subscriber, with what it loads',
    play: async (side) => [
      await isSubscriber(side, `sip:alice@${REALM}`, 0),
      await isSubscriber(side, `sip:alice@${REALM}`, 2),
      await isSubscriber(side, 'sip:alice@elsewhere', 0),
      await isSubscriber(side, 'sip:alice@elsewhere', 1),
      await isSubscriber(side, 'sip:nobody@x', 0),
      await isSubscriber(side, 'nonsense', 0),
    ],
    theirs: [
      '1 mail=al@x number=7',
      '1 mail=<null> number=<null>',
      '1 mail=al@x number=7',
      '-2 mail=<null> number=<null>',
      '-2 mail=<null> number=<null>',
      '-1 mail=<null> number=<null>',
    ],
  },
  {
    name: 'load_credentials',
    play: async (side) => {
      const { nonce } = await side.challenge(0);
      const loaded = await side.ask('check', [`Authorization: ${credentials(nonce, {})}`]);
      const wrong = await side.ask('check', [`Authorization: ${credentials(nonce, { password: 'x' })}`]);
      return [loaded, wrong].map((text) => /mail=.*/.exec(text)?.[0].trim() ?? '');
    },
    theirs: ['mail=al@x number=7', 'mail=<null> number=<null>'],
  },
];

const ALWAYS: readonly Row[] = [
  {
    name: 'columns are loaded though the password was wrong',
    play: async (side) => {
      const { nonce } = await side.challenge(0);
      const texts = [
        await side.ask('check', [`Authorization: ${credentials(nonce, { password: 'x' })}`]),
        await side.ask('check', [`Authorization: ${credentials(nonce, { user: 'nobody' })}`]),
      ];
      return texts.map((text) => /rc=.*/.exec(text)?.[0].trim() ?? '');
    },
    theirs: ['rc=-2 mail=al@x number=7', 'rc=-3 mail=<null> number=<null>'],
  },
];

const SHA256: readonly Row[] = [
  {
    name: 'the one column holds HA1s of SHA-256',
    play: async (side) => [
      await code(side, 'check', { user: 'sha', algorithm: 'SHA-256', hash: 'sha256' }),
      await code(side, 'check', { user: 'sha', algorithm: 'SHA-256', hash: 'sha256', password: 'x' }),
    ],
    theirs: ['1', '-2'],
  },
];

const CLEAR: readonly Row[] = [
  {
    name: 'passwords in clear, by domain',
    play: async (side) => [
      await code(side, 'check', {}),
      await code(side, 'check', { user: `alice@${REALM}` }),
      await code(side, 'check', { password: 'x' }),
      await code(side, 'check', { user: 'bob' }),
      await code(side, 'check', { user: 'bob@other.example' }),
    ],
    theirs: ['1', '1', '-2', '-3', '1'],
  },
];

const GROUPS = [
  { title: 'hashes', modparams: '', rows: HASHED },
  { title: 'force_generate_avps', modparams: 'modparam("auth_db", "force_generate_avps", 1)', rows: ALWAYS },
  { title: 'algorithm SHA-256', modparams: 'modparam("auth", "algorithm", "SHA-256")', rows: SHA256 },
  {
    title: 'calculate_ha1 and use_domain',
    modparams:
      'modparam("auth_db", "calculate_ha1", 1)\nmodparam("auth_db", "password_column", "password")\nmodparam("auth_db", "use_domain", 1)',
    rows: CLEAR,
  },
];

for (const { title, modparams, rows } of GROUPS) {
  describe(`auth_db, ${title}`, { skip: SKIP }, () => {
    let folder: string;
    const sides = new Map<ServerKind, Side>();
    before(async () => {
      folder = mkdtempSync(join(tmpdir(), 'trunkline-auth-db-'));
      for (const kind of ['kamailio', 'trunkline'] as const) {
        const file = join(folder, `${kind}.db`);
        fill(file);
        sides.set(kind, await Side.start(kind, configuration(file, modparams)));
      }
    });
    after(async () => {
      for (const side of sides.values()) await side.stop();
      rmSync(folder, { recursive: true, force: true });
    });
    for (const { name, play, theirs, ours } of rows) {
      test(name, async () => {
        assert.deepEqual(await play(sides.get('kamailio') as Side), theirs, 'Kamailio');
        assert.deepEqual(await play(sides.get('trunkline') as Side), ours ?? theirs, 'Trunkline');
      });
    }
  });
}
