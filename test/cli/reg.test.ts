import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { accountDetails, accountTable, databaseLine, duration, totalsLine } from '../../src/cli/reg-view.ts';
import { callRpc } from '../../src/rpc/binrpc/client.ts';
import type { RpcArgument } from '../../src/rpc/method.ts';
import { struct } from '../../src/rpc/value.ts';
import { RegistrarSimulator } from '../../src/server/simulator/registrar.ts';
import { openAccountStore } from '../../src/storage/uacreg.ts';
import { command, type Finished, type Running, start } from '../support/command.ts';
import { freePort } from '../support/ports.ts';
import { Folder } from './fixtures.ts';

const folder = new Folder();
const socket = `unix:${folder.file('ctl')}`;
const url = `sqlite:///${folder.file('accounts.db')}`;
let registrar: RegistrarSimulator;
let server: Running;
let port = 0;

function reg(...words: string[]): Promise<Finished> {
  return command(['reg', ...words], { env: { TRUNKLINE_RPC: socket } });
}

async function until(look: () => Promise<Finished>, pattern: RegExp): Promise<Finished> {
  for (let i = 0; ; i++) {
    const seen = await look();
    if (pattern.test(seen.stdout)) return seen;
    assert.ok(i < 20, `${pattern} was not seen in:\n${seen.stdout}${seen.stderr}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function account(name: string, password: string): string[] {
  writeFileSync(folder.file('secret'), `${password}\n`);
  const proxy = `sip:127.0.0.1:${registrar.endpoint.socket.port}`;
  return [
    name,
    '--user',
    'demo',
    '--domain',
    'carrier.example',
    '--proxy',
    proxy,
    '--password-file',
    folder.file('secret'),
  ];
}

function argument(word: string | number): RpcArgument {
  return typeof word === 'number' ? { kind: 'int', value: word } : { kind: 'string', value: word };
}

describe('trunkline reg', () => {
  before(async () => {
    registrar = new RegistrarSimulator({
      host: '127.0.0.1',
      port: 0,
      realm: 'carrier.example',
      challenge: 'www',
      passwordOf: (user) => (user === 'demo' ? 'right' : undefined),
      log: () => {},
    });
    await registrar.start();
    port = await freePort();
    const text = `listen=udp:127.0.0.1:${port}
      loadmodule "db_sqlite.so"
      loadmodule "tm.so"
      loadmodule "rr.so"
      loadmodule "pv.so"
      loadmodule "sl.so"
      loadmodule "ctl.so"
      loadmodule "uac.so"
      modparam("rr", "append_fromtag", 1)
      modparam("ctl", "binrpc", "${socket}")
      modparam("uac", "reg_db_url", "${url}")
      modparam("uac", "reg_contact_addr", "127.0.0.1:${port}")
      request_route { exit; }\n`;
    server = start(['run', folder.write('reg.cfg', text)]);
    await server.output(/listening on/);
  });
  after(async () => {
    server.process.kill('SIGTERM');
    await server.finished();
    await registrar.stop();
    folder[Symbol.dispose]();
  });

  it('adds accounts to memory, and shows how they are doing', async () => {
    const added = await reg('add', ...account('good', 'right'));
    assert.equal(added.code, 0, added.stderr);
    assert.match(added.stdout, /^good was added to memory/);
    assert.equal((await reg('add', ...account('bad', 'wrong'))).code, 0);
    const { stdout } = await until(() => reg('list'), /rejected/);
    const lines = stdout.split('\n');
    assert.match(
      lines[0] ?? '',
      /^ACCOUNT {2}REGISTERED AS +REGISTRAR +STATE +EXPIRES +NEXT +LAST ANSWER +FAILED +TOOK$/,
    );
    assert.match(lines[1] ?? '', /^good +sip:demo@carrier\.example +udp:127\.0\.0\.1:\d+ +registered +\d+ (min|h)/);
    assert.match(lines[2] ?? '', /^bad .* rejected +- .* 401 /);
    assert.match(stdout, /\n1 of 2 accounts online: 1 registered, 1 rejected\n$/);
    assert.doesNotMatch(stdout, /right|wrong/);
  });

  it('shows one account, without its password', async () => {
    const { stdout, code } = await reg('show', 'good');
    assert.equal(code, 0);
    assert.match(stdout, /^account +good\nstate +registered, online\n/);
    assert.match(stdout, /^secret +password \*\*\*$/m);
    assert.match(stdout, /^contact +sip:good@127\.0\.0\.1:\d+$/m);
    const json = JSON.parse((await reg('show', 'good', '--json')).stdout) as Record<string, unknown>;
    assert.equal(json.state, 'registered');
    assert.equal(json.auth_password, '***');
  });

  it('filters, limits and speaks JSON', async () => {
    const failing = JSON.parse((await reg('list', 'failing', '--json')).stdout) as { accounts: { l_uuid: string }[] };
    assert.deepEqual(
      failing.accounts.map(({ l_uuid }) => l_uuid),
      ['bad'],
    );
    assert.match((await reg('list', '--limit', '1')).stdout, /1 of 2 shown; --limit 2 shows all/);
    const wrong = await reg('list', 'sleeping');
    assert.equal(wrong.code, 2);
    assert.match(
      wrong.stderr,
      /there is no state "sleeping" \[CLI_USAGE\]\n {2}Give one of all, online, failing, waiting, /,
    );
    assert.match((await reg('list', 'good', 'bad')).stderr, /too many arguments.*\n.*trunkline reg list --help/);
    assert.match((await reg('list', 'idle')).stdout, /^no account is idle\n1 of 2 accounts online/);
  });

  it('disables, enables, unregisters and registers', async () => {
    assert.match((await reg('disable', 'good')).stdout, /^good is disabled\n$/);
    await until(() => reg('show', 'good'), /^state +disabled$/m);
    assert.equal((await reg('enable', 'good')).code, 0);
    await until(() => reg('show', 'good'), /^state +registered, online$/m);
    assert.equal((await reg('unregister', 'good')).code, 0);
    await until(() => reg('show', 'good'), /^state +unregistered$/m);
    assert.equal((await reg('register', 'good')).code, 0);
    await until(() => reg('show', 'good'), /^state +registered, online$/m);
    const nobody = await reg('enable', 'nobody');
    assert.equal(nobody.code, 1);
    assert.match(nobody.stderr, /the server has no account "nobody" \[CLI_RPC_FAULT\]\n.*trunkline reg list/);
  });

  it('an account that is refused holds up no other', async () => {
    for (const [action, done] of [
      ['disable', 'is disabled'],
      ['enable', 'may register again'],
    ] as const) {
      const { code, stdout, stderr } = await reg(action, 'nobody', 'good', 'gone');
      assert.deepEqual([code, stdout], [1, `good ${done}\n`]);
      assert.match(
        stderr,
        /: 2 of 3 accounts failed \[CLI_RPC_FAULT\]\n {2}.* "nobody"\n {2}.* "gone"\n {2}"trunkline reg list"/,
      );
    }
    const refreshed = await reg('refresh', 'nobody', 'good', '--json');
    assert.equal(refreshed.code, 1);
    assert.deepEqual(
      refreshed.stdout.split('\n', 2).map((line) => (JSON.parse(line) as { l_uuid: string; done: boolean }).done),
      [false, false],
    );
    // What is in memory alone is no row of the database, and goes on.
    assert.match(refreshed.stderr, /database has no account "good"/);
    await until(() => reg('show', 'good'), /^state +registered, online$/m);
  });

  it('without a command it says where they are', async () => {
    for (const words of [[], ['nope']]) {
      const { code, stderr } = await reg(...words);
      assert.equal(code, 2);
      assert.match(stderr, /needs a command|has no command nope/);
      assert.match(stderr, /trunkline reg --help/);
    }
  });

  it('an account that the server would leave out is refused, and not saved', async () => {
    const refused = await reg('add', ...account('odd', 'right'), '--contact', 'a b>', '--save', url);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /contact_addr .*\[UAC_REG_BAD_TEXT\]/);
    assert.equal((await openAccountStore(url).read('odd')) ?? null, null);
  });

  it('a database without its URL on the command line is that of the environment', async () => {
    const env = { TRUNKLINE_RPC: socket, TRUNKLINE_DB_URL: url };
    const saved = await command(['reg', 'add', ...account('env', 'right'), '--save'], { env });
    assert.equal(saved.code, 0, saved.stderr);
    assert.equal((await command(['reg', 'remove', 'env', '--save'], { env })).code, 0);
    const nowhere = await command(['reg', 'remove', 'env', '--save'], { env: { ...env, TRUNKLINE_DB_URL: '' } });
    assert.equal(nowhere.code, 2);
    assert.match(nowhere.stderr, /TRUNKLINE_DB_URL/);
  });

  it('makes no database of a name mistyped', async () => {
    const file = folder.file('mistyped.sqlite');
    for (const words of [
      ['add', ...account('lost', 'right')],
      ['remove', 'lost'],
    ]) {
      const { code, stderr } = await reg(...words, '--save', `sqlite:///${file}`);
      assert.equal(code, 1);
      assert.match(stderr, /there is no such file \[STORAGE_UNREACHABLE\]/);
      assert.equal(existsSync(file), false);
    }
  });

  it('saves accounts, reads them again, and removes them', async () => {
    const saved = await reg('add', ...account('kept', 'right'), '--save', url);
    assert.equal(saved.code, 0, saved.stderr);
    await until(() => reg('show', 'kept'), /^state +registered, online$/m);
    // What is in memory alone goes with a reload.
    assert.equal((await reg('refresh')).code, 0);
    await until(() => reg('list', '--json'), /"total": 1/);
    const store = openAccountStore(url);
    assert.equal((await store.read('kept'))?.authUser, 'demo');
    assert.equal((await reg('refresh', 'kept')).code, 0);
    await reg('add', ...account('memory', 'right'), '--disabled');
    const removed = await reg('remove', 'nobody', 'kept', 'memory', '--save', url);
    assert.equal(removed.code, 1);
    assert.equal(removed.stdout, 'kept was removed\nmemory was removed from memory; the database did not have it\n');
    assert.match(removed.stderr, /the server has no account "nobody", nor has the database/);
    assert.equal(await store.read('kept'), null);
    await store.close();
    const { stdout } = await reg('list');
    assert.match(stdout, /^0 of 0 accounts online\n$/);
  });

  it('says what was saved when the server cannot be asked, and what was not tried', async () => {
    const nowhere = ['--save', url, '--socket', `unix:${folder.file('nowhere')}`];
    const added = await reg('add', ...account('early', 'right'), ...nowhere);
    assert.equal(added.code, 1);
    assert.match(added.stderr, /"early" was saved; .*\[BINRPC_UNREACHABLE\]\n.*\n {2}.*trunkline reg refresh early/);
    const removed = await reg('remove', 'early', 'later', ...nowhere);
    assert.equal(removed.code, 1);
    assert.match(
      removed.stderr,
      /2 of 2 accounts failed .*\n {2}"early" was removed from the database; .*\n {2}not tried: "later"\n/,
    );
  });

  it('says what becomes of a new account', async () => {
    assert.match(
      (await reg('add', ...account('off', 'right'), '--disabled')).stdout,
      /memory and is disabled; .* enable off/,
    );
    assert.match(
      (await reg('add', ...account('none', 'right'), '--expires', '0')).stdout,
      /does not register: its expires is 0/,
    );
    assert.match((await reg('add', ...account('slow', 'right'), '--delay', '300')).stdout, /registers in 5 min/);
    assert.match((await reg('add', ...account('off', 'right'))).stderr, /has an account "off" already/);
    assert.match(
      (await reg('add', ...account('big', 'right'), '--expires', '4294967295')).stderr,
      /from 0 to 2147483647/,
    );
    assert.equal((await reg('remove', 'off', 'none', 'slow')).code, 0);
    writeFileSync(folder.file('secret'), '\n');
    const empty = await reg('add', 'x', '--user', 'u', '--domain', 'd', '--password-file', folder.file('secret'));
    assert.deepEqual([empty.code, /first line of ".*secret" is empty/.test(empty.stderr)], [2, true]);
  });

  it('watches until it is interrupted', async () => {
    await reg('add', ...account('watched', 'right'));
    const watching = start(['reg', 'watch', '--every', '0.2'], { env: { TRUNKLINE_RPC: socket } });
    await watching.output(/registered[\s\S]*registered/);
    watching.process.kill('SIGINT');
    assert.equal((await watching.finished()).code, 0);
  });

  it('tells totals and results', async () => {
    const { stdout } = await reg('status');
    assert.match(stdout, /^1 of 1 accounts online: 1 registered\n\d+ REGISTERs sent; ended: \d+ ok, \d+ credentials\n/);
  });

  it('says what is missing', async () => {
    const bare = await reg('add', 'x', '--user', 'u', '--domain', 'd.example');
    assert.equal(bare.code, 2);
    assert.match(bare.stderr, /an account needs a password/);
    const nowhere = await command(['reg', 'list', '--socket', 'unix:/nowhere/at/all']);
    assert.equal(nowhere.code, 1);
    assert.match(nowhere.stderr, /cannot be reached.*\[BINRPC_UNREACHABLE\]/);
  });

  it('a reader that takes its time gets all of it', async () => {
    const address = { kind: 'unix', path: folder.file('ctl') } as const;
    const count = 1200;
    for (let n = 0; n < count; n++) {
      const words = [`many${n}`, 'u', 'd', 'u', 'd', '.', 'u', 'secret', '.', 'sip:d', 300, 1, 0, '.', '.'];
      await callRpc(address, 'uac.reg_add', words.map(argument));
    }
    const listing = start(['reg', 'list', 'disabled', '--limit', '2000', '--json'], { env: { TRUNKLINE_RPC: socket } });
    listing.process.stdout.pause();
    // More than the command would need to end without its reader.
    await new Promise((resolve) => setTimeout(resolve, 2500));
    listing.process.stdout.resume();
    const { code, stdout } = await listing.finished();
    assert.equal(code, 0);
    assert.equal((JSON.parse(stdout) as { accounts: unknown[] }).accounts.length, count);
  });
});

describe('the table of accounts', () => {
  const row = new Map<string, string | number>(
    Object.entries({
      l_uuid: 'trunk',
      aor: 'sip:u@d.example',
      registrar: 'udp:192.0.2.1:5060',
      state: 'registered',
      online: 1,
    }),
  );
  it('leaves columns out that do not fit', () => {
    const widths = [200, 80, 60, 40].map((width) => accountTable([row], true, width).split('\n')[0]?.trim() ?? '');
    assert.match(widths[0] ?? '', /TOOK$/);
    for (const head of widths) assert.match(head, /^ACCOUNT .*STATE.*LAST ANSWER/);
    assert.ok((widths[3] ?? '').length < (widths[1] ?? '').length);
  });
  it('fits the terminal, wide characters counted as two: reasons are cut, then names; elsewhere nothing is', () => {
    const wide = new Map([...row, ['l_uuid', '日本語日本語日本語'], ['last_reason', 'refused '.repeat(30)]]);
    const long = new Map([...row, ['l_uuid', 'n'.repeat(64)]]);
    const wideCharacters = (line: string): number => line.match(/\p{Script=Han}/gu)?.length ?? 0;
    for (const columns of [200, 120, 80, 72])
      for (const line of accountTable([wide, long, row], false, columns).split('\n'))
        assert.ok(line.length + wideCharacters(line) <= columns, `${columns}: ${line}`);
    const [head = '', first = ''] = accountTable([wide, row], false, 120).split('\n');
    assert.equal(head.indexOf('STATE'), first.indexOf('registered') + wideCharacters(first));
    assert.match(first, / registered .* refused refused .*…$/);
    const free = accountTable([wide, long], false, Number.POSITIVE_INFINITY);
    assert.ok(free.includes('refused '.repeat(30).trim()) && free.includes('n'.repeat(64)));
  });
  it('many accounts stand in the same columns', () => {
    const accounts = Array.from({ length: 1001 }, (_, n) => new Map([...row, ['l_uuid', 'a'.repeat(1 + (n >> 5))]]));
    const lines = accountTable(accounts, false, 200).trim().split('\n');
    assert.equal(lines.length, 1002);
    assert.deepEqual([...new Set(lines.slice(1).map((line) => line.indexOf(' registered ')))].length, 1);
  });
  it('says why an account cannot work as it is', () => {
    const faulty = new Map([
      ...row,
      ['state', 'faulty'],
      ['last_code', 0],
      ['last_reason', 'socket x is none of ours'],
    ]);
    assert.match(accountTable([faulty], false, 200), / faulty .* socket x is none of ours/);
    assert.match(accountDetails(faulty, 0, false), /^last answer +socket x is none of ours$/m);
  });
  it('cuts what would widen the table for all; the details have all of it', () => {
    const registrar = `sip:${'x'.repeat(500)}.example`;
    const long = new Map([...row, ['registrar', registrar]]);
    const [head = '', line = ''] = accountTable([long, row], false, 1000).split('\n');
    assert.ok(head.length < 200, `${head.length}`);
    assert.match(line, / sip:x{43}… /);
    assert.ok(accountDetails(long, 0, false).includes(registrar));
  });
  it('the last answer under way is said to be that of the attempt before', () => {
    const refused = new Map([...row, ['last_code', 403], ['last_reason', 'No']]);
    assert.match(accountDetails(refused, 0, false), /^last answer +403 No$/m);
    const again = new Map([...refused, ['state', 'registering']]);
    assert.match(accountDetails(again, 0, false), /^last answer +403 No \(of the attempt before this one\)$/m);
    const first = new Map([...row, ['state', 'registering']]);
    assert.doesNotMatch(accountDetails(first, 0, false), /last answer/);
  });
  it('no field brings a control character or a mark of direction to the terminal', () => {
    const hostile = 'a\x1b[2Jb\u009bc\u202ed\u2066e\u061cf\rg\nh';
    const shown = 'a\\x1b[2Jb\\x9bc\\u202ed\\u2066e\\u061cf\\rg\\nh';
    const names =
      'l_uuid l_username l_domain r_username r_domain realm auth_username auth_password auth_ha1 auth_proxy contact_addr socket ' +
      'contact_user state last_reason registrar public_address service_route aor';
    const info = new Map(names.split(' ').map((name) => [name, hostile]));
    const details = accountDetails(info, 0, false);
    const line = accountTable([info], false, Number.POSITIVE_INFINITY);
    const totals = totalsLine(new Map([['states', struct({ [hostile]: 1 })]]), false);
    const database = databaseLine(
      new Map([['database', struct({ name: hostile, state: hostile, code: hostile, text: hostile })]]),
      0,
    );
    for (const text of [details, line, totals, database]) {
      assert.ok(text.includes(shown), text);
      assert.doesNotMatch(text, /[\0-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/);
    }
    // Only `aor` and the password, for which the HA1 stands, are not among them; the account is named by the Contact too.
    assert.equal(details.split(shown).length - 1, names.split(' ').length - 2 + 1);
  });
  it('what has been is ago, what comes is in, whatever the server rounds', () => {
    const times = { since: 101, last_attempt: 100, last_success: 90, next_attempt: 99 };
    const details = accountDetails(new Map([...row, ...Object.entries(times)]), 100, false);
    assert.deepEqual(details.match(/\((in )?\d+ s( ago)?\)/g), ['(0 s ago)', '(0 s ago)', '(10 s ago)', '(in 0 s)']);
  });
  it('shows what there is of an account that has the fields of Kamailio alone', () => {
    const theirs = new Map([
      ['l_uuid', 'trunk'],
      ['realm', '<null string>'],
      ['auth_ha1', 'none'],
      ['auth_password', '***'],
    ]);
    const labels = accountDetails(theirs, 0, false).match(/^[a-z]+( [a-z]+)*/gm);
    assert.deepEqual(labels, ['account', 'registered as', 'calls go to', 'contact', 'realm', 'secret', 'asked for']);
  });
  it('tells a database that fails once', () => {
    const url = 'sqlite:////a/b.db';
    const failing = struct({
      name: `table uacreg of ${url}`,
      state: 'failing',
      code: 'X',
      text: `${url}: no such file`,
    });
    const line = databaseLine(new Map([['database', failing]]), 0);
    assert.equal(line, `database table uacreg of ${url} is failing: no such file [X]\n`);
  });
  it('shows times at a glance', () => {
    assert.deepEqual([0, 119, 120, 7199, 12_000, 200_000].map(duration), [
      '0 s',
      '119 s',
      '2 min',
      '119 min',
      '3 h 20 min',
      '2 d 7 h',
    ]);
  });
});
