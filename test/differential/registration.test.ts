/**
 * The commands of remote registration through the real kamcmd, on Kamailio and on Trunkline: the same table, the same registrar, the same words,
 * the same output. Kamailio's moments in time and the differences that documentation names are left out of the comparison.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import { peer } from '../support/peers.ts';
import { freePort } from '../support/ports.ts';
import { ScriptedRegistrar } from '../support/scripted-registrar.ts';
import { type ServerKind, sleep, startServer, type TestServer } from '../support/servers.ts';

const SCRIPTS = '/usr/share/kamailio/db_sqlite';
const kamcmd = peer('kamcmd');
const SKIP =
  peer('kamailio').skip ||
  kamcmd.skip ||
  (existsSync(join(SCRIPTS, 'uac-create.sql'))
    ? false
    : 'Kamailio’s SQLite scripts are not installed (Debian package kamailio-sqlite-modules)');

/** Fields that hold a moment: compared for their kind only. */
const MOMENTS = /^(\tdiff_expires|\ttimer_expires|\treg_init): -?\d+$/;

/** What a command printed, as it is compared. */
function comparable(output: string): string {
  const kept: string[] = [];
  let ours = false;
  for (const line of output.split('\n')) {
    if (line === '{' || line === '}') ours = false;
    // Version 5.6.3 has no contact_user yet; ours come after it.
    if (line.startsWith('\tcontact_user: ')) ours = true;
    if (!ours) kept.push(line.replace(MOMENTS, '$1: N'));
  }
  return sortedRecords(kept.join('\n'));
}

/** Records in the order of their names: the original has the order of its hash table. */
function sortedRecords(text: string): string {
  const records = text.split(/(?<=^\}\n)/m);
  return records.toSorted().join('');
}

const COLUMNS =
  'l_uuid, l_username, l_domain, r_username, r_domain, realm, auth_username, auth_password, auth_ha1, auth_proxy, expires, flags, reg_delay, contact_addr, socket';

/** A server with its own copy of the table. */
class Side {
  readonly server: TestServer;
  readonly database: DatabaseSync;
  private readonly control: string;

  private constructor(server: TestServer, database: DatabaseSync, control: string) {
    this.server = server;
    this.database = database;
    this.control = control;
  }

  static async start(
    kind: ServerKind,
    directory: string,
    rows: readonly (readonly (string | number)[])[],
  ): Promise<Side> {
    const file = join(directory, `${kind}.db`);
    const control = join(directory, `${kind}.ctl`);
    const database = new DatabaseSync(file, { timeout: 5000 });
    for (const script of ['standard-create.sql', 'uac-create.sql'])
      database.exec(readFileSync(join(SCRIPTS, script), 'utf8'));
    const port = await freePort();
    const side = new Side(
      await startServer({
        kind,
        port,
        cfg: `
          debug=2
          log_stderror=yes
          loadmodule "db_sqlite.so"
          loadmodule "tm.so"
          loadmodule "sl.so"
          loadmodule "rr.so"
          loadmodule "pv.so"
          loadmodule "ctl.so"
          loadmodule "uac.so"
          modparam("rr", "append_fromtag", 1)
          modparam("ctl", "binrpc", "unix:${control}")
          modparam("uac", "reg_db_url", "sqlite:///${file}")
          modparam("uac", "reg_contact_addr", "127.0.0.1:5099")
          modparam("uac", "reg_timer_interval", 1)
          modparam("uac", "reg_retry_interval", 300)
          modparam("uac", "reg_gc_interval", 60)
          #!ifdef TRUNKLINE
          modparam("uac", "reload_delta", 60)
          modparam("uac", "reg_show_secrets", 1)
          modparam("uac", "reg_unregister", "none")
          #!endif
          request_route { sl_send_reply("404", "No"); }
        `,
      }),
      database,
      control,
    );
    // Not before the start: only then both read it in the same way.
    for (const row of rows) side.insert(row);
    return side;
  }

  insert(row: readonly (string | number)[]): void {
    this.database.prepare(`INSERT INTO uacreg (${COLUMNS}) VALUES (${row.map(() => '?').join(', ')})`).run(...row);
  }

  /** Both streams of kamcmd. */
  kamcmd(...words: readonly string[]): Promise<string> {
    return new Promise((resolve) => {
      execFile(kamcmd.path, ['-s', `unix:${this.control}`, ...words], { timeout: 10_000 }, (_error, stdout, stderr) =>
        resolve(stdout + stderr),
      );
    });
  }

  async stop(): Promise<void> {
    this.database.close();
    await this.server.stop();
  }
}

describe('registration commands give what Kamailio’s give', { skip: SKIP }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'trunkline-registration-'));
  let registrar: ScriptedRegistrar;
  const sides: Side[] = [];

  before(async () => {
    registrar = await ScriptedRegistrar.open();
    const rows = [
      row('u1'),
      row('12345', { realm: '', ha1: true }),
      row('+abc', { expires: 300, contact: '127.0.0.1:5098;x=y' }),
      row('s:abc', { flags: 1 }),
      row('1e3', { flags: 1 }),
      row('poor', { password: '' }),
    ];
    for (const kind of ['kamailio', 'trunkline'] as const) sides.push(await Side.start(kind, directory, rows));
  });
  after(async () => {
    for (const side of sides) await side.stop();
    await registrar?.leave();
    rmSync(directory, { recursive: true, force: true });
  });

  interface Over {
    readonly realm?: string;
    readonly ha1?: boolean;
    readonly password?: string;
    readonly expires?: number;
    readonly flags?: number;
    readonly contact?: string;
  }

  function row(uuid: string, over: Over = {}): readonly (string | number)[] {
    const realm = over.realm ?? registrar.realm;
    // Wins over the password, which is wrong.
    const ha1 = over.ha1 === true ? createHash('md5').update(`a-${uuid}:${registrar.realm}:secret`).digest('hex') : '';
    const password = over.password ?? (over.ha1 === true ? 'wrong' : 'secret');
    const { expires = 60, flags = 0, contact = '' } = over;
    const names = [uuid, `l-${uuid}`, 'l.dom', `r-${uuid}`, 'r.dom', realm, `a-${uuid}`, password, ha1];
    return [...names, registrar.uri, expires, flags, 0, contact, ''];
  }

  async function both(...words: readonly string[]): Promise<string> {
    const [theirs = '', ours = ''] = await Promise.all(sides.map((side) => side.kamcmd(...words)));
    assert.equal(comparable(ours), comparable(theirs), words.join(' '));
    return theirs;
  }

  /** Waits until both show it. */
  async function eventually(pattern: RegExp, ...words: readonly string[]): Promise<void> {
    const deadline = Date.now() + 10_000;
    for (;;) {
      const outputs = await Promise.all(sides.map((side) => side.kamcmd(...words)));
      if (outputs.every((output) => pattern.test(output))) return;
      if (Date.now() > deadline) assert.fail(`${words.join(' ')}: ${outputs.join('\n')}`);
      await sleep(200);
    }
  }

  it('reg_reload, reg_dump, and the limit of reloads', async () => {
    assert.equal((await both('uac.reg_reload')).trim(), '');
    for (const uuid of ['u1', 's:12345', '+abc']) await eventually(/flags: 20$/m, 'uac.reg_info', 'l_uuid', uuid);
    const dump = await both('uac.reg_dump');
    assert.equal(dump.match(/l_uuid: /g)?.length, 5, dump);
    assert.match(await both('uac.reg_reload'), /500 - Failed to shift records - check log messages/);
  });

  for (const words of [
    ['uac.reg_info'],
    ['uac.reg_info', 'l_uuid'],
    ['uac.reg_info', 'l_uuid', 'u1'],
    ['uac.reg_info', 'l_uuid', '12345'],
    ['uac.reg_info', 'l_uuid', 's:12345'],
    ['uac.reg_info', 'l_uuid', '0012345'],
    ['uac.reg_info', 'l_uuid', 's:0012345'],
    ['uac.reg_info', 'l_uuid', 's:s:abc'],
    ['uac.reg_info', 'l_uuid', '1e3'],
    ['uac.reg_info', 'l_uuid', 's:1e3'],
    ['uac.reg_info', 'l_uuid', 's:'],
    ['uac.reg_info', 's:', 'u1'],
    ['uac.reg_info', '5', 'u1'],
    ['uac.reg_info', 'l_uuid', 'nope'],
    ['uac.reg_info', 'l_username', 'l-u1'],
    ['uac.reg_info', 'r_username', 'r-u1'],
    ['uac.reg_info', 'auth_username', 'a-12345'],
    ['uac.reg_info', 'l_domain', 'l.dom'],
    ['uac.reg_info', 'L_UUID', 'u1'],
    ['uac.reg_enable', 'l_uuid', 'nope'],
    ['uac.reg_enable'],
    ['uac.reg_disable', 'l_domain', 'l.dom'],
    ['uac.reg_disable', 'l_uuid', 's:'],
    ['uac.reg_unregister', 'l_uuid', 'nope'],
    ['uac.reg_unregister', 'colour', 'red'],
    ['uac.reg_refresh'],
    ['uac.reg_refresh', '12345'],
    ['uac.reg_refresh', 'nope'],
    ['uac.reg_refresh', 's:'],
    ['uac.reg_remove'],
    ['uac.reg_remove', '12345'],
    ['uac.reg_remove', 'nope'],
    ['uac.reg_remove', 's:'],
    ['uac.reg_active'],
    ['uac.reg_active', 'on'],
    ['uac.reg_active', 's:1'],
    ['uac.reg_active', '0'],
    ['uac.reg_active', '5'],
    ['uac.reg_active', '1'],
  ] as const)
    it(words.join(' '), async () => {
      await both(...words);
    });

  it('reg_disable and reg_enable', async () => {
    assert.equal((await both('uac.reg_disable', 'l_uuid', 'u1')).trim(), '');
    await eventually(/flags: (17|21)$/m, 'uac.reg_info', 'l_uuid', 'u1');
    assert.equal((await both('uac.reg_enable', 'l_uuid', 'u1')).trim(), '');
    await eventually(/flags: 20$/m, 'uac.reg_info', 'l_uuid', 'u1');
  });

  it('reg_refresh: a changed row', async () => {
    for (const side of sides) side.database.exec("UPDATE uacreg SET expires = 120 WHERE l_uuid = 'u1'");
    assert.equal((await both('uac.reg_refresh', 'u1')).trim(), '');
    await eventually(/expires: 120\n\tflags: 20$/m, 'uac.reg_info', 'l_uuid', 'u1');
    // A row that cannot be an account: nothing changes; Kamailio calls that a success, here it is said.
    const poor = await Promise.all(sides.map((side) => side.kamcmd('uac.reg_refresh', 'poor')));
    assert.deepEqual(
      poor.map((output) => output.trim()),
      ['', 'error: 500 - Failed to refresh record - auth_password and auth_ha1 are both empty'],
    );
    await both('uac.reg_info', 'l_uuid', 'poor');
  });

  it('reg_add, reg_remove', async () => {
    const add = (uuid: string, ...over: readonly [at: number, value: string][]): Promise<string> => {
      const words = [
        uuid,
        'lu',
        'l.dom',
        'ru',
        'r.dom',
        registrar.realm,
        'au',
        'secret',
        '.',
        registrar.uri,
        '60',
        '0',
        '0',
        '127.0.0.1:9',
        '.',
      ];
      for (const [at, value] of over) words[at] = value;
      return both('uac.reg_add', ...words);
    };
    assert.equal((await add('n1')).trim(), '');
    await eventually(/l_uuid: n1/, 'uac.reg_info', 'l_uuid', 'n1');
    assert.match(await add('n1'), /409 - uuid already exists/);
    assert.match(await add('n2', [7, '.']), /500 - Failed to add record - invalid password or ha1/);
    assert.match(await add('n2', [7, '.'], [8, 'abc']), /500/);
    assert.match(await add('n2', [7, '12']), /400 - Invalid Parameters/);
    assert.match(await add('77'), /400 - Invalid Parameters/);
    assert.match(await add('n2', [10, 's:60']), /400 - Invalid Parameters/);
    assert.match(await add('n2', [10, '1.5']), /400 - Invalid Parameters/);
    assert.match(await both('uac.reg_add', 'n3', 'lu'), /400 - Invalid Parameters/);
    assert.equal((await add('s:77')).trim(), '');
    assert.equal((await both('uac.reg_remove', 's:77')).trim(), '');
    assert.match(await both('uac.reg_info', 'l_uuid', 's:77'), /404/);
    await both('uac.reg_remove', 'n1');
  });

  it('reg_add refuses what the original’s loader refuses, too', async () => {
    const words = [
      'n4',
      's:',
      'l.dom',
      'ru',
      'r.dom',
      '.',
      'au',
      'secret',
      '.',
      registrar.uri,
      '60',
      '0',
      '0',
      '.',
      '.',
    ];
    const [theirs = '', ours = ''] = await Promise.all(sides.map((side) => side.kamcmd('uac.reg_add', ...words)));
    assert.equal(theirs, '');
    assert.match(ours, /500 - Failed to add record - check log messages/);
    await sides[0]?.kamcmd('uac.reg_remove', 'n4');
  });

  it('reg_unregister removes the binding', async () => {
    assert.equal((await both('uac.reg_unregister', 'l_uuid', '+abc')).trim(), '');
    const removals = (): number =>
      registrar.log.of('r-+abc').filter(({ message }) => message.header('Expires') === '0').length;
    for (let i = 0; i < 50 && removals() < 2; i++) await sleep(100);
    assert.ok(removals() >= 2, registrar.log.story('r-+abc'));
  });

  it('commands of ours exist on one side only', async () => {
    const [theirs = '', ours = ''] = await Promise.all(sides.map((side) => side.kamcmd('uac.reg_status')));
    assert.match(theirs, /500 - command uac\.reg_status not found/);
    assert.match(ours, /total: \d+/);
  });
});
