import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  AddressBook,
  type AddressEntry,
  addressEntry,
  parseAddressFile,
} from '../../src/modules/permissions/addresses.ts';
import { allowed, parseRules } from '../../src/modules/permissions/rules.ts';
import { permissions } from '../../src/modules/permissions.ts';
import { RpcArguments } from '../../src/rpc/method.ts';
import { openDatabase } from '../../src/storage/database.ts';
import { databaseSkip, startDatabase, type TestDatabase } from '../support/databases.ts';
import { context, load, request, type TestHost, testHost } from './support.ts';

/** Rows of the table: group, address, mask, port, tag. */
const ROWS: readonly (readonly [number, string, number, number, string | null])[] = [
  [1, '10.0.0.1', 32, 0, 'one'],
  [1, '10.0.0.1', 32, 5070, 'onep'],
  [2, '10.0.0.1', 32, 0, null],
  [1, '10.1.0.0', 16, 0, 'net'],
  [3, '10.1.2.0', 24, 5060, 'net3'],
  [1, 'trunk.example', 32, 0, 'dom'],
  [4, 'trunk.example', 0, 5080, 'dom4'],
  [5, '2001:db8::1', 128, 0, 'six'],
  [5, '2001:db8:1::', 48, 0, 'six48'],
  [6, '10.9.9.9', 0, 0, 'zero'],
  [7, '127.0.0.1', 32, 0, 'lo'],
  [9, '[2001:db8::2]', 128, 0, 'br'],
];

/** Group, address, port; then what allow_address() gives, its tag, and what allow_address_group() gives. From Kamailio 5.6.3. */
const FACTS: readonly (readonly [number, string, number, code: number, tag: string | null, group: number])[] = [
  [1, '10.0.0.1', 5060, 1, 'one', 2],
  [1, '10.0.0.1', 5070, 1, 'onep', 2],
  [2, '10.0.0.1', 1, 1, null, 2],
  [3, '10.0.0.1', 0, -1, null, 2],
  [1, '10.1.2.3', 5060, 1, 'net', 1],
  [3, '10.1.2.3', 5060, 1, 'net3', 1],
  [3, '10.1.2.3', 5061, -1, null, 1],
  [1, 'trunk.example', 9, 1, 'dom', 1],
  [1, 'TRUNK.example', 9, -1, null, -1],
  [4, 'trunk.example', 5080, 1, 'dom4', 4],
  [4, 'trunk.example', 1, -1, null, 1],
  [5, '2001:db8::1', 1, 1, 'six', 5],
  [5, '[2001:db8::1]', 1, 1, 'six', 5],
  [5, '2001:db8:1::77', 1, 1, 'six48', 5],
  [6, '10.9.9.9', 1, 1, 'zero', 6],
  [7, '127.0.0.1', 1, 1, 'lo', 7],
  [9, '2001:db8::2', 1, 1, 'br', 9],
  [-1, '10.0.0.1', 1, -1, null, 2],
  [1, '10.0.0.2', 1, -1, null, -1],
];

async function loaded(host: TestHost, parameters: Record<string, string | number>) {
  const module = load(permissions, host, { peer_tag_avp: '$avp(tag)', ...parameters });
  await permissions.definition.open?.(module.instance);
  after(() => permissions.definition.stop?.(module.instance));
  return module;
}

for (const kind of ['sqlite', 'mysql', 'postgres'] as const) {
  describe(`permissions from ${kind}`, { skip: databaseSkip(kind) }, () => {
    let place: TestDatabase;
    let url: string;
    before(async () => {
      place = await startDatabase(kind);
      url = await place.fresh();
      const database = openDatabase(url);
      await database.query(
        'CREATE TABLE address (grp INTEGER, ip_addr VARCHAR(50), mask INTEGER, port INTEGER, tag VARCHAR(64))',
      );
      for (const row of [...ROWS, [8, '10.8.0.0', 40, 0, 'bad mask'], [0, '10.7.0.1', 32, 0, 'bad group']] as const)
        await database.query('INSERT INTO address VALUES (?, ?, ?, ?, ?)', row);
      await database.query(
        'CREATE TABLE trusted (src_ip VARCHAR(50), proto VARCHAR(4), from_pattern VARCHAR(64), ruri_pattern VARCHAR(64), tag VARCHAR(64), priority INTEGER)',
      );
      for (const row of [
        ['192.0.2.7', 'udp', '^sip:alice@', null, 't1', 1],
        ['192.0.2.7', 'any', null, null, 't2', 0],
        ['10.0.0.1', 'tcp', null, null, 't3', 0],
        ['10.0.0.2', 'udp', '^sip:z', '^sip:ok', 't4', 0],
        ['10.0.0.4', 'none', null, null, 't5', 0],
      ])
        await database.query('INSERT INTO trusted VALUES (?, ?, ?, ?, ?, ?)', row);
      await database.close();
    });
    after(() => place?.destroy());

    it('knows addresses, networks and names as Kamailio does; rows that are none are told', async () => {
      const host = testHost();
      const { call } = await loaded(host, { db_url: url });
      assert.equal(host.log.codes.filter((code) => code === 'TABLE_BAD_ROW').length, 2);
      for (const [group, address, port, code, tag, any] of FACTS) {
        const ctx = context(host);
        host.variables.clear();
        assert.equal(call(ctx, 'allow_address', group, address, port), code, `${group} ${address} ${port}`);
        assert.equal(host.variables.get('$avp(tag)') ?? null, tag, `tag of ${group} ${address} ${port}`);
        assert.equal(call(ctx, 'allow_address_group', address, port), any, `group of ${address} ${port}`);
      }
    });

    it('trusts sources by protocol, From and Request-URI, the most important first', async () => {
      const host = testHost();
      const { call } = await loaded(host, { db_url: url });
      const ctx = context(host);
      assert.equal(call(ctx, 'allow_trusted'), 1);
      assert.equal(host.variables.get('$avp(tag)'), 't1');
      assert.equal(call(ctx, 'allow_trusted', '10.0.0.1', 'udp'), -1);
      assert.equal(call(ctx, 'allow_trusted', '10.0.0.1', 'any', 'sip:zed@x'), 1);
      assert.equal(call(ctx, 'allow_trusted', '10.0.0.2', 'UDP', 'sip:zed@x'), -1, 'the Request-URI does not agree');
      ctx.target.uri = 'sip:ok@x';
      assert.equal(call(ctx, 'allow_trusted', '10.0.0.2', 'UDP', 'sip:zed@x'), 1);
      assert.equal(call(ctx, 'allow_trusted', '10.0.0.4', 'any'), -1, 'none agrees with nothing');
      const all = await loaded(host, { db_url: url, peer_tag_mode: 1 });
      assert.equal(all.call(context(host), 'allow_trusted'), 2);
    });

    it('reads the table again on command', async () => {
      const host = testHost();
      const { call, instance } = await loaded(host, { db_url: url });
      const reload = permissions.definition.rpc?.find(({ name }) => name === 'permissions.addressReload');
      assert.equal(call(context(host), 'allow_address', 1, '10.5.5.5', 1), -1);
      const database = openDatabase(url);
      await database.query("INSERT INTO address VALUES (1, '10.5.5.5', 32, 0, NULL)");
      assert.equal(await reload?.run(instance, new RpcArguments([])), 'Reload OK');
      assert.equal(call(context(host), 'allow_address', 1, '10.5.5.5', 1), 1);
      await assert.rejects(async () => reload?.run(instance, new RpcArguments([])), /ongoing reload/);
      await database.query("DELETE FROM address WHERE ip_addr = '10.5.5.5'");
      await database.close();
    });
  });
}

describe('permissions without a database', () => {
  const directory = mkdtempSync(join(tmpdir(), 'trunkline-permissions-'));
  after(() => rmSync(directory, { recursive: true, force: true }));

  it('nobody is let in while the database is down, and it is tried again', async () => {
    const host = testHost();
    const { call } = await loaded(host, { db_url: 'mysql://u:p@127.0.0.1:1/x', load_backends: 1 });
    assert.equal(call(context(host), 'allow_source_address'), -1);
    assert.ok(host.log.codes.includes('STORAGE_UNREACHABLE'));
    assert.equal(host.wheel.size, 1);
  });

  it('reads an address file', async () => {
    const file = join(directory, 'address.list');
    writeFileSync(
      file,
      '# comment\n1 192.0.2.7 32 0 tag1\n2 192.0.2.0 24\n3 [1:5ee::900d:c0de] # and more\nx 1.2.3.4\n1 1.2.3.4 99\n',
    );
    const host = testHost();
    const { call } = await loaded(host, { address_file: file });
    assert.equal(call(context(host), 'allow_source_address'), 1);
    assert.equal(host.variables.get('$avp(tag)'), 'tag1');
    assert.equal(call(context(host), 'allow_source_address', 2), 1);
    assert.equal(call(context(host), 'allow_address', 3, '1:5ee::900d:c0de', 0), 1);
    assert.equal(call(context(host), 'allow_source_address_group'), 1);
    assert.equal(host.log.codes.filter((code) => code === 'TABLE_BAD_ROW').length, 2);
  });

  it('takes whatever stands in a file', () => {
    for (const text of ['', '\n\n', '1', '1 ', '1 x y z', '\0\0', '9'.repeat(5000), '1 1.2.3.4 32 0 tag more words'])
      assert.ok(Array.isArray(parseAddressFile(text).entries));
  });

  it('a mask counts bits, an IPv4-mapped address is the IPv4 address', () => {
    const entry = (...parts: Parameters<typeof addressEntry>): AddressEntry => addressEntry(...parts) as AddressEntry;
    const book = new AddressBook([entry(1, '10.128.0.0', 9, 0, null), entry(2, '::ffff:192.0.2.9', 32, 0, null)]);
    assert.equal(book.find(1, '10.200.1.1', 5)?.group, 1);
    assert.equal(book.find(1, '10.127.255.255', 5), null);
    assert.equal(book.find(0, '192.0.2.9', 5)?.group, 2);
  });

  it('rules: allowed where every pair is, denied where one is, else allowed', () => {
    const allow = parseRules('# c\n"^sip:alice@" : "ok"\nALL : "^sip:free@" EXCEPT "free@bad"\n').rules;
    const deny = parseRules('ALL : "^sip:.*denied"\n"^sip:evil@" : ALL\n').rules;
    const facts: readonly (readonly [string, string, boolean])[] = [
      ['sip:alice@h', 'sip:ok@x', true],
      ['sip:a@b', 'sip:free@good', true],
      ['sip:evil@h', 'sip:free@good', true],
      ['sip:evil@h', 'sip:free@bad', false],
      ['sip:q@h', 'sip:denied@1.2.3.4', false],
      ['sip:q@h', 'sip:other@1.2.3.4', true],
    ];
    for (const [left, right, expected] of facts)
      assert.equal(allowed(allow, deny, [[left, right]]), expected, `${left} ${right}`);
    assert.deepEqual(parseRules('nonsense\n"a" : "b" : "c"\n"(" : ALL\nALL : ALL\n').bad, [1, 2, 3]);
  });

  it('functions with files of rules', async () => {
    writeFileSync(join(directory, 'p.allow'), '"^sip:alice@" : "bob"\n');
    writeFileSync(join(directory, 'p.deny'), 'ALL : ALL\n');
    const host = testHost();
    const { call } = await loaded(host, {});
    const base = join(directory, 'p');
    assert.equal(call(context(host), 'allow_routing', base), 1);
    const ctx = context(host);
    ctx.target.uri = 'sip:eve@x';
    assert.equal(call(ctx, 'allow_routing', base), -1);
    assert.equal(call(ctx, 'allow_routing', join(directory, 'none.allow'), join(directory, 'none.deny')), 1);
    assert.equal(call(ctx, 'allow_uri', base, 'sip:bob@z'), 1);
    const register = context(
      host,
      request({ method: 'REGISTER', body: '', contact: 'Contact: <sip:bob@h>, <sip:x@y>\r\n' }),
    );
    assert.equal(call(register, 'allow_register', base), -1);
    // From Kamailio 5.6.3: destinations are seen without port and parameters, From and To as they are, and so is what allow_uri() is given.
    writeFileSync(join(directory, 'q.deny'), 'ALL : "1.2.3.4$"\nALL : "^sip:x@h$"\n"^sip:from@h$" : ALL\n');
    const q = join(directory, 'q');
    const contact = 'Contact: <sip:a@1.2.3.4:5060;x=y>\r\n';
    const to = (value: string, line: string): number | Promise<number> =>
      call(context(host, request({ method: 'REGISTER', body: '', to: value, contact: line })), 'allow_register', q);
    assert.equal(to('<sip:q@h>', contact), -1);
    assert.equal(to('<sip:from@h:99;a=b>', 'Contact: <sip:a@5.6.7.8>\r\n'), 1);
    const port = context(host, request({ method: 'REGISTER', body: '', to: '<sip:q@h>', contact }));
    assert.equal(call(port, 'allow_register_include_port', q), 1);
    assert.equal(call(ctx, 'allow_uri', q, 'sip:ok@1.2.3.4:5060'), 1);
    ctx.target.uri = 'sip:x@h:25062;p=1';
    assert.equal(call(ctx, 'allow_routing', q), -1);
  });
});
