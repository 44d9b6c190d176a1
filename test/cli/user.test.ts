import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { it } from 'node:test';
import { command } from '../support/command.ts';
import { Folder } from './fixtures.ts';

it('trunkline user: HA1s are written, passwords only when asked for', async () => {
  using folder = new Folder();
  const file = folder.file('users.db');
  const env = { TRUNKLINE_DB_URL: `sqlite:///${file}` };
  const secret = folder.write('secret', 'top-secret\n');
  const user = (...words: string[]): ReturnType<typeof command> => command(['user', ...words], { env });
  const missing = await user('add', 'alice@example.com', '--password-file', secret);
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /there is no such file \[STORAGE_UNREACHABLE\]\n.*trunkline db init/);
  assert.equal(existsSync(file), false, 'a mistyped URL leaves no file behind');
  new DatabaseSync(file).close();
  assert.match((await user('add', 'alice@example.com', '--password-file', secret)).stderr, /STORAGE_NO_TABLE/);
  const typo = await user('lst');
  assert.equal(typo.code, 2);
  assert.match(typo.stderr, /"trunkline user" has no command lst/);
  assert.equal((await command(['db', 'init'], { env })).code, 0);
  assert.equal((await user('add', 'alice@example.com', '--password-file', secret)).code, 0);
  assert.match((await user('add', 'alice@example.com', '--password-file', secret)).stderr, /STORAGE_EXISTS/);
  assert.equal(
    (await user('add', 'bob@example.com', '--password-file', secret, '--clear-text', '--realm', 'r')).code,
    0,
  );
  const database = new DatabaseSync(file);
  const rows = database.prepare('SELECT * FROM subscriber ORDER BY username').all();
  const hash = (name: string, text: string): string => createHash(name).update(text).digest('hex');
  assert.deepEqual(
    { ...rows[0] },
    {
      id: 1,
      username: 'alice',
      domain: 'example.com',
      password: '',
      ha1: hash('md5', 'alice:example.com:top-secret'),
      ha1b: hash('md5', 'alice@example.com:example.com:top-secret'),
      ha1_sha256: hash('sha256', 'alice:example.com:top-secret'),
      ha1_sha512t256: hash('sha512-256', 'alice:example.com:top-secret'),
    },
  );
  assert.deepEqual([rows[1]?.password, rows[1]?.ha1], ['top-secret', hash('md5', 'bob:r:top-secret')]);
  database.close();
  const list = await user('list');
  assert.match(list.stdout, /^alice@example\.com +yes +yes +yes +-$/m);
  assert.match(list.stdout, /^bob@example\.com +yes +yes +yes +yes$/m);
  // Another password takes the one in clear away.
  const other = folder.write('other', 'another\n');
  const changed = await user('passwd', 'bob@example.com', '--password-file', other, '--realm', 'r');
  assert.equal(changed.stdout, 'bob@example.com changed, for the realm r\n');
  const again = new DatabaseSync(file);
  const [bob] = again.prepare("SELECT ha1 FROM subscriber WHERE username = 'bob'").all();
  assert.equal(bob?.ha1, hash('md5', 'bob:r:another'));
  again.close();
  assert.deepEqual(JSON.parse((await user('passwd', 'alice@example.com', '--password-file', other, '--json')).stdout), {
    changed: 'alice@example.com',
    realm: 'example.com',
  });
  // Names are hashed: another spelling would lock the user out.
  const spelled = await user('passwd', 'ALICE@example.com', '--password-file', other);
  assert.equal(spelled.code, 1);
  assert.match(spelled.stderr, /there is no user ALICE@example\.com.*\n.*There is alice@example\.com/);
  assert.match((await user('list')).stdout, /^bob@example\.com +yes +yes +yes +-$/m);
  assert.equal((await user('remove', 'bob@example.com')).code, 0);
  assert.equal((await user('remove', 'bob@example.com')).code, 1);
  assert.equal(JSON.parse((await user('list', '--json')).stdout).users.length, 1);
  const looked = await command(['db', 'check'], { env });
  assert.equal(looked.code, 0);
  const alone = new DatabaseSync(file);
  alone.exec('DROP TABLE uacreg');
  alone.close();
  // A database of users alone is whole.
  const users = await command(['db', 'check'], { env });
  assert.equal(users.code, 0);
  assert.match(users.stdout, /^table uacreg +missing$/m);
  assert.match(looked.stdout, /^table subscriber +there, 1 users; password, ha1, ha1b, ha1_sha256, ha1_sha512t256$/m);
  for (const words of [
    ['add', 'alice', '--password-file', secret],
    ['add', 'a:b@c', '--password-file', secret],
    ['add', 'a@b@c', '--password-file', secret],
    [],
    ['add', 'carol@example.com'],
    ['add', 'carol@example.com', '--password-file', folder.write('empty', '\n')],
  ]) {
    const { code, stdout, stderr } = await user(...words);
    assert.equal(code, 2, words.join(' '));
    assert.doesNotMatch(stdout + stderr, /top-secret/);
  }
});
