/** Tables of users that a script names: whether they are there is told at the start, not by the first phone. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { initSubscriberTable } from '../../src/storage/tables.ts';
import { type LogLine, start, testFolder, until } from './support.ts';

function configuration(url: string): string {
  return `listen=udp:127.0.0.1:0
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "db_sqlite.so"
loadmodule "db_mysql.so"
loadmodule "auth.so"
loadmodule "auth_db.so"
modparam("auth_db", "db_url", "${url}")
request_route {
  $var(table) = "computed";
  if (!auth_check("x", "subscriber", "0") && !www_authenticate("x", "$var(table)") && !proxy_authenticate("x", "old_users")) exit;
  is_subscriber("sip:a@b", "subscriber", "0");
}
`;
}

const told = (lines: readonly LogLine[]): string[] =>
  lines.filter(({ text }) => text.startsWith('nobody can be let in by')).map(({ level, code }) => `${level} ${code}`);

test('each that is not there is told once, those that are are not', async () => {
  const file = join(testFolder(), 'users.db');
  const { log } = await start(configuration(`sqlite:///${file}`));
  await until(() => told(log.lines).length === 2);
  assert.deepEqual(told(log.lines), ['0 STORAGE_NO_TABLE', '0 STORAGE_NO_TABLE']);
  await initSubscriberTable(`sqlite:///${file}`);
  const again = await start(configuration(`sqlite:///${file}`));
  await until(() => told(again.log.lines).length === 1);
  assert.match(again.log.lines.map(({ text }) => text).join('\n'), /nobody can be let in by old_users now: /);
});

test('a database that is not there keeps nobody from starting, and is told without its password', async () => {
  const { log, server } = await start(configuration('mysql://u:hidden@127.0.0.1:1/d'));
  await until(() => told(log.lines).length > 0);
  assert.match(told(log.lines)[0] ?? '', /^0 STORAGE_/);
  assert.doesNotMatch(JSON.stringify(log.lines), /hidden/);
  assert.equal(server.sockets.length, 1);
});
