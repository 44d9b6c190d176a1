/** Commands of the modules that keep tables in memory: permissions, domain, pike, usrloc, htable; asked of both servers with the same rows. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { kamailioWithSqlite, peer } from '../support/peers.ts';
import { requestText } from '../support/sip-dialog.ts';
import { SipPeer } from '../support/sip-peer.ts';
import { RpcPair } from './rpc-pair.ts';

const skip = kamailioWithSqlite() || peer('kamcmd').skip;
const SCRIPTS = '/usr/share/kamailio/db_sqlite';

const CFG = `#!KAMAILIO
debug=2
log_stderror=yes
fork=yes
children=1
auto_aliases=no
loadmodule "db_sqlite.so"
loadmodule "kex.so"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "htable.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "textops.so"
loadmodule "permissions.so"
loadmodule "domain.so"
loadmodule "pike.so"
loadmodule "ctl.so"
modparam("ctl", "binrpc", "unix:CTL_DIR/ctl")
modparam("permissions|domain|usrloc|htable", "db_url", "sqlite:///CTL_DIR/tables.db")
modparam("permissions", "peer_tag_avp", "$avp(tag)")
modparam("permissions", "db_mode", 1)
modparam("permissions", "reload_delta", 0)
modparam("permissions", "default_allow_file", "CTL_DIR/rules/permissions.allow")
modparam("permissions", "default_deny_file", "CTL_DIR/rules/permissions.deny")
modparam("usrloc", "db_mode", 1)
modparam("usrloc", "timer_interval", 600)
modparam("htable", "htable", "kept=>size=2;dbtable=htable;")
modparam("htable", "htable", "ints=>size=1;initval=7;")
modparam("pike", "reqs_density_per_unit", 5)
modparam("pike", "sampling_time_unit", 60)
request_route {
  if (pike_check_req() < 0) exit;
  if (is_method("REGISTER")) save("location");
  sl_send_reply("200", "OK");
  exit;
}
`;

const ROWS = `
  INSERT INTO address (grp, ip_addr, mask, port, tag) VALUES (1, '192.0.2.1', 32, 0, NULL);
  INSERT INTO address (grp, ip_addr, mask, port, tag) VALUES (1, '198.51.100.0', 24, 5060, 'net');
  INSERT INTO address (grp, ip_addr, mask, port, tag) VALUES (2, '2001:db8::', 32, 0, NULL);
  INSERT INTO address (grp, ip_addr, mask, port, tag) VALUES (3, 'gw.example.com', 32, 5070, 'name');
  INSERT INTO trusted (src_ip, proto, from_pattern, ruri_pattern, tag, priority) VALUES ('192.0.2.9', 'udp', '^sip:.*', NULL, 'peer', 0);
  INSERT INTO domain (domain, did) VALUES ('one.example', 'first');
  INSERT INTO domain_attrs (did, name, type, value) VALUES ('first', 'colour', 2, 'red');
  INSERT INTO htable (key_name, key_type, value_type, key_value, expires) VALUES ('k', 0, 0, 'v', 0);
`;

/** Prepared in each server's folder. */
function prepare(directory: string): void {
  const database = new DatabaseSync(join(directory, 'tables.db'));
  for (const name of ['standard', 'permissions', 'domain', 'usrloc', 'htable'])
    database.exec(readFileSync(join(SCRIPTS, `${name}-create.sql`), 'utf8'));
  database.exec(ROWS);
  database.close();
  mkdirSync(join(directory, 'rules'));
  writeFileSync(
    join(directory, 'rules', 'permissions.allow'),
    'ALL : "^sip:361[0-9]*@abc\\.com"\n"^sip:boss@" : ALL EXCEPT "^sip:no"\n',
  );
  writeFileSync(join(directory, 'rules', 'permissions.deny'), 'ALL : ALL\n');
}

/** Slots of hash tables, moments, and names that are made up. */
const plain = (text: string): string =>
  text
    .replace(/^(\s*(?:table|slot|entry|Last-Modified|Last-Keepalive|id|Expires)): -?\d+$/gm, '$1: N')
    .replace(/^(\s*Ruid): \S+$/gm, '$1: NAME');
/** Which slot comes first is the table's own business. */
const unordered = (text: string): string => plain(text).split('\n').toSorted().join('\n');

const EXACT = `
permissions.addressDump
permissions.addressDump x
permissions.subnetDump
permissions.domainDump
permissions.trustedDump
permissions.addressReload
permissions.trustedReload
permissions.addressReload x
permissions.testUri
permissions.testUri DIR/rules/permissions
permissions.testUri DIR/rules/permissions sip:a@x.org
permissions.testUri DIR/rules/permissions sip:a@x.org sip:3615@abc.com
permissions.testUri DIR/rules/permissions sip:a@x.org sip:7@abc.com
permissions.testUri DIR/rules/permissions sip:boss@x.org sip:7@abc.com
permissions.testUri DIR/rules/permissions sip:boss@x.org sip:no@abc.com
permissions.testUri DIR/rules/none sip:a@x.org sip:7@abc.com
permissions.testUri DIR/rules/permissions nonsense sip:3615@abc.com
permissions.allowUri
permissions.allowUri DIR/rules/permissions sip:a@x.org sip:3615@abc.com
permissions.allowUri DIR/rules/permissions sip:a@x.org sip:7@abc.com
permissions.allowUri DIR/rules/permissions 5 6
permissions.nope
domain.dump
domain.dump x
domain.reload
domain.reload x
domain.dump
pike.top
pike.top HOT
pike.top WARM
pike.top ALL
pike.top x
pike.top 5
pike.list
pike.list ALL
ul.dump
ul.dump brief
ul.dump x
ul.lookup
ul.lookup location
ul.lookup location sip:bob@one.example
ul.lookup location bob
ul.lookup nope bob
ul.rm
ul.rm location
ul.rm location bob
ul.rm nope bob
ul.rm_contact
ul.rm_contact location
ul.rm_contact location bob
ul.rm_contact location bob sip:bob@10.0.0.1
ul.add
ul.add location
ul.add location bob sip:bob@10.0.0.1
ul.add location bob sip:bob@10.0.0.1 100 1.0 . 0 0 0
ul.add nope bob sip:bob@10.0.0.1 100 1.0 . 0 0 0
ul.lookup location bob
ul.dump brief
ul.add location bob sip:bob@10.0.0.2 0 0.5 . 0 4 5951
ul.lookup location bob
ul.db_users
ul.db_contacts
ul.db_expired_contacts
ul.flush
ul.flush x
ul.rm_contact location bob sip:bob@10.0.0.9
ul.rm_contact location bob sip:bob@10.0.0.1
ul.lookup location bob
ul.rm location bob
ul.lookup location bob
htable.dump kept
htable.get kept k
htable.sets kept k new
htable.reload kept
htable.get kept k
htable.sets kept k2 v2
htable.store kept
htable.flush kept
htable.dump kept
htable.reload kept
htable.dump kept
htable.store nope
htable.reload nope
htable.store ints
htable.reload ints
htable.get ints x
htable.seti ints x 4
htable.get ints x
htable.setex ints x 5
htable.delete ints x
htable.get ints x
stats.get_statistics usrloc:
stats.get_statistics registrar:
`
  .trim()
  .split('\n');

/** What Kamailio answers, and what we do: on purpose. */
const DIFFERENT: readonly (readonly [words: string, theirs: string, ours: string])[] = [
  // A contact that nobody could call.
  ['ul.add location eve nonsense 100 1.0 . 0 0 0', '', 'error: 500 - Invalid contact\n'],
  // Its queries are none for SQLite.
  ['ul.db_users location', 'error: 500 - Failed to query AoR count\n', '1\n'],
  ['ul.db_contacts location', 'error: 500 - Failed to query contact count\n', '1\n'],
  ['ul.db_expired_contacts location', 'error: 500 - Failed to query contact count\n', '0\n'],
  // Only tables of the configuration are asked.
  ['ul.db_users nope', 'error: 500 - Failed to query AoR count\n', 'error: 500 - Domain table not found\n'],
];

describe('commands about tables', { skip, timeout: 120_000 }, () => {
  let pair: RpcPair;
  before(async () => {
    pair = await RpcPair.start(CFG, prepare);
    await pair.answers();
  });
  after(() => pair?.stop());

  for (const [n, words] of EXACT.entries()) test(`${n} kamcmd ${words}`, () => pair.same(words, plain));

  for (const [words, ...answers] of DIFFERENT)
    test(`kamcmd ${words}: different on purpose`, async () => {
      if (words.startsWith('ul.db_')) await pair.both('ul.add location amy sip:amy@10.0.0.1 100 1.0 . 0 0 0');
      assert.deepEqual(await pair.both(words), answers);
    });

  test('rows of several groups, attributes and types: the same set', async () => {
    for (const { directory } of pair.sides) {
      const database = new DatabaseSync(join(directory, 'tables.db'), { timeout: 5000 });
      database.exec(`
        INSERT INTO address (grp, ip_addr, mask, port, tag) VALUES (2, '192.0.2.2', 32, 5080, 'two');
        INSERT INTO address (grp, ip_addr, mask, port, tag) VALUES (2, '2001:db8::7', 128, 0, '');
        INSERT INTO address (grp, ip_addr, mask, port, tag) VALUES (1, 'pbx.example.com', 32, 0, NULL);
        INSERT INTO trusted (src_ip, proto, from_pattern, ruri_pattern, tag, priority) VALUES ('192.0.2.8', 'any', NULL, '^sip:1', NULL, 3);
        INSERT INTO trusted (src_ip, proto, from_pattern, ruri_pattern, tag, priority) VALUES ('192.0.2.7', 'tcp', NULL, NULL, '', 1);
        INSERT INTO domain (domain, did) VALUES ('two.example', NULL);
        INSERT INTO domain (domain, did) VALUES ('TWO-A.example', 'two.example');
        INSERT INTO domain_attrs (did, name, type, value) VALUES ('first', 'size', 0, '42');
        INSERT INTO domain_attrs (did, name, type, value) VALUES ('two.example', 'colour', 2, 'blue');`);
      database.close();
    }
    for (const words of ['permissions.addressReload', 'permissions.trustedReload', 'domain.reload'])
      await pair.same(words);
    for (const words of ['addressDump', 'subnetDump', 'domainDump', 'trustedDump'])
      await pair.same(`permissions.${words}`, unordered);
    // Names are kept as they are compared.
    await pair.same('domain.dump', (text) => unordered(text.toLowerCase()));
  });

  test('a source that sends too much is hot on both', async () => {
    for (const { server } of pair.sides) {
      const flooder = await SipPeer.open({ name: 'flooder' });
      const to = { host: '127.0.0.1', port: server.port };
      for (let n = 0; n < 40; n++)
        await flooder.send(requestText(flooder, { method: 'OPTIONS', uri: 'sip:x@one.example' }), to);
      await server.logged(/BLOCKing ip 127\.0\.0\.1/);
      await flooder.close();
    }
    const counts = (text: string): string => text.replace(/^(\s*(?:leaf_hits_\w+|expires)): \d+$/gm, '$1: N');
    for (const words of ['pike.top', 'pike.top HOT', 'pike.top ALL', 'pike.list']) await pair.same(words, counts);
  });
});
