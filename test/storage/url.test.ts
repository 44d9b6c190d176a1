import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { StorageError } from '../../src/storage/errors.ts';
import { parseDatabaseUrl, type ServerAddress } from '../../src/storage/url.ts';

function server(url: string): ServerAddress {
  const address = parseDatabaseUrl(url);
  assert.ok(address.kind !== 'sqlite');
  return address;
}

test('SQLite: three slashes and a path from the working directory, four and an absolute one (as Kamailio 5.6.3)', () => {
  const path = (url: string, cwd = '/usr/lib'): string => {
    const address = parseDatabaseUrl(url, cwd);
    assert.ok(address.kind === 'sqlite');
    return address.path;
  };
  assert.equal(path('sqlite:////tmp/x.db'), '/tmp/x.db');
  assert.equal(path('sqlite:///x.db'), '/usr/lib/x.db');
  assert.equal(path('sqlite:////tmp/a%20b?c#d.db'), '/tmp/a%20b?c#d.db');
  assert.equal(path('sqlite:///:memory:'), ':memory:');
  // A daemon of Kamailio's stands in /: what its users write must work from any folder.
  assert.equal(path('sqlite:///etc/x.db'), '/etc/x.db');
  assert.equal(path('sqlite:///etc/x.db', '/'), '/etc/x.db');
  assert.equal(path('sqlite:///no-such-folder/x.db'), '/usr/lib/no-such-folder/x.db');
});

test('servers: user, password as it stands, host, port, database', () => {
  const address = server('mysql://us-er:p@s:s%41/w/d@db.example.org:3307/kamailio');
  assert.equal(address.kind, 'mysql');
  assert.equal(address.user, 'us-er');
  assert.equal(address.password.reveal(), 'p@s:s%41/w/d');
  assert.deepEqual([address.host, address.port, address.database], ['db.example.org', 3307, 'kamailio']);
  assert.equal(address.name, 'mysql://db.example.org:3307/kamailio');
  assert.doesNotMatch(inspect(address), /p@s/);
  for (const scheme of ['postgres', 'postgresql']) {
    const other = server(`${scheme}://u@[::1]/d`);
    assert.deepEqual([other.kind, other.host, other.port, other.password.reveal()], ['postgres', '::1', 5432, '']);
  }
});

test('sockets', () => {
  assert.deepEqual(
    [server('mysql://u:p@unix(/run/x.sock)/d').socket, server('postgres://u:p@unix(/run/pg/.s.PGSQL.5432)/d').socket],
    ['/run/x.sock', '/run/pg'],
  );
  assert.equal(server('mysql://u:p@localhost:3306/d').socket, null);
  const local = server('mysql://u:p@localhost/d');
  assert.ok(local.socket === null ? local.host === 'localhost' : existsSync(local.socket));
});

test('what is none is refused without its password', () => {
  const wrong = [
    '',
    'nothing',
    '/etc/x.db',
    'sqlite:/tmp/x.db',
    'sqlite://x.db',
    'sqlite:///',
    'text:///etc/dbtext',
    'unixodbc://u:secret@h/d',
    'MYSQL://u:secret@h/d',
    'mysql://u:secret@h',
    'mysql://u:secret@h/',
    'mysql://u:secret@h:99999/d',
    'mysql://u:secret@h:x/d',
    'mysql:u:secret@h/d',
    'mysql://u:secret@h/d?ssl=1',
    'postgres://u:secret@[x]/d',
  ];
  for (const url of wrong) {
    assert.throws(
      () => parseDatabaseUrl(url),
      (error: unknown) => {
        assert.ok(error instanceof StorageError, url);
        assert.equal(error.code, 'STORAGE_URL', url);
        assert.doesNotMatch(error.message, /secret/);
        return true;
      },
      url,
    );
  }
});
