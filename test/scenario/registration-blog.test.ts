/**
 * The introduction to remote registration that most people start from gives two lines of configuration and an INSERT, of which two ages are
 * about: for a table with 14 columns (version 3) and for one with 15 (version 4). Both have to work, on each database.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { callRpc } from '../../src/rpc/binrpc/client.ts';
import { type RpcResult, RpcStruct, type RpcValue } from '../../src/rpc/value.ts';
import { RegistrarSimulator } from '../../src/server/simulator/registrar.ts';
import { openDatabase } from '../../src/storage/database.ts';
import type { DatabaseKind, SqlDatabase } from '../../src/storage/sql-database.ts';
import { BLOG_INSERTS } from '../storage/conformance.ts';
import { databaseSkip, startDatabase, type TestDatabase } from '../support/databases.ts';
import { sleep, startServer, type TestServer } from '../support/servers.ts';

const CFG = join(import.meta.dirname, '..', '..', 'examples', 'registration', 'blog-remote-registration.cfg');
/** The page's own, which the server is started with another one for. */
const PAGE_URL = 'mysql://kamailio:kamailiorw@localhost/kamailio';

type Age = keyof typeof BLOG_INSERTS;

/** How a database system takes the page's statements, which were written for MySQL. */
interface Taking {
  readonly id: string;
  readonly integer: string;
  /** Name of the constraint in the scripts of the time. */
  readonly unique: string;
  /** Statement before the INSERT of the newer age; MySQL was less strict when the page was written. */
  readonly before: string | null;
  /** What has to change in the INSERT, if anything. */
  readonly adapt: Readonly<Record<Age, (sql: string) => string>>;
  readonly said: Readonly<Record<Age, string>>;
}

const asItIs = (sql: string): string => sql;

const TAKING: Readonly<Record<DatabaseKind, Taking>> = {
  mysql: {
    id: 'INT(10) UNSIGNED AUTO_INCREMENT PRIMARY KEY NOT NULL',
    integer: 'INT',
    unique: 'l_uuid_idx',
    before: "SET sql_mode = ''",
    adapt: { older: asItIs, newer: asItIs },
    said: { older: 'character for character', newer: "character for character, with sql_mode '' for its '' as the id" },
  },
  sqlite: {
    id: 'INTEGER PRIMARY KEY NOT NULL',
    integer: 'INTEGER',
    unique: 'uacreg_l_uuid_idx',
    before: null,
    adapt: { older: asItIs, newer: (sql) => sql.replace("('',", '(NULL,') },
    said: { older: 'character for character', newer: "with NULL for its '' as the id" },
  },
  postgres: {
    id: 'SERIAL PRIMARY KEY NOT NULL',
    integer: 'INTEGER',
    unique: 'uacreg_l_uuid_idx',
    before: null,
    adapt: {
      older: (sql) => sql.replaceAll('`', '').replace('(NULL,', '(DEFAULT,'),
      newer: (sql) => sql.replace("('',", '(DEFAULT,'),
    },
    said: {
      older: 'without its backquotes and with DEFAULT for the id',
      newer: "with DEFAULT for its '' as the id",
    },
  },
};

/** What each INSERT says. */
const AGES: Readonly<Record<Age, { version: number; domain: string; realm: string; proxy: string }>> = {
  older: { version: 3, domain: '192.168.1.205', realm: 'asterisk', proxy: 'sip:192.168.1.205:5060' },
  newer: { version: 4, domain: 'mydomain', realm: 'asteriskrealm', proxy: 'sip:remoteproxy.com:5060' },
};

/** Columns and their lengths, in the order in which the tables of that time had them. */
const TEXTS = [
  ...['l_uuid', 'l_username', 'l_domain', 'r_username', 'r_domain', 'realm', 'auth_username', 'auth_password'].map(
    (name) => [name, 64] as const,
  ),
  ['auth_ha1', 128] as const,
  ['auth_proxy', 255] as const,
];

/** The tables as Kamailio of the time made them: version 3 with Kamailio 5.0, version 4 with 5.3. */
async function makeTables(database: SqlDatabase, { id, integer, unique }: Taking, version: number): Promise<void> {
  const text = ([name, length]: readonly [string, number]): string => `${name} VARCHAR(${length}) DEFAULT '' NOT NULL`;
  const columns = [
    `id ${id}`,
    ...TEXTS.map(text),
    ...['expires', 'flags', 'reg_delay'].map((name) => `${name} ${integer} DEFAULT 0 NOT NULL`),
    ...(version >= 4 ? [text(['socket', 128])] : []),
    `CONSTRAINT ${unique} UNIQUE (l_uuid)`,
  ];
  await database.query(
    `CREATE TABLE version (id ${id}, table_name VARCHAR(32) NOT NULL, table_version ${integer} DEFAULT 0 NOT NULL)`,
  );
  await database.query(`INSERT INTO version (table_name, table_version) VALUES ('uacreg', ${version})`);
  await database.query(`CREATE TABLE uacreg (${columns.join(', ')})`);
}

/** The page's INSERT, with another account at a registrar that is there. */
function reachable(sql: string, proxy: string, port: number): string {
  return sql.replace("'myusername'", "'reachable'").replace(proxy, `sip:127.0.0.1:${port}`);
}

function membersOf(value: RpcResult): Readonly<Record<string, RpcValue>> {
  assert.ok(value instanceof RpcStruct);
  return Object.fromEntries(value.members);
}

for (const kind of ['sqlite', 'mysql', 'postgres'] as const) {
  describe(`the blog's registration on ${kind}`, { skip: databaseSkip(kind), timeout: 60_000 }, () => {
    const directory = mkdtempSync(join(tmpdir(), 'trunkline-blog-'));
    const taking = TAKING[kind];
    let place: TestDatabase;
    let registrar: RegistrarSimulator | null = null;
    let server: TestServer | null = null;

    before(async () => {
      place = await startDatabase(kind);
    });
    // Also after a failure: what stays open would keep the process.
    afterEach(async () => {
      await server?.stop();
      await registrar?.stop();
      server = null;
      registrar = null;
    });
    after(async () => {
      await place?.destroy();
      rmSync(directory, { recursive: true, force: true });
    });

    /** `uac.reg_info` of an account, once it looks as wanted. */
    const account = async (
      uuid: string,
      wanted: (fields: Readonly<Record<string, RpcValue>>) => boolean,
    ): Promise<Readonly<Record<string, RpcValue>>> => {
      const control = { kind: 'unix', path: join(directory, 'kamailio_ctl') } as const;
      const words = ['l_uuid', uuid].map((value) => ({ kind: 'string', value }) as const);
      for (const deadline = Date.now() + 10_000; ; await sleep(50)) {
        const fields = membersOf(await callRpc(control, 'uac.reg_info', words));
        if (wanted(fields)) return fields;
        assert.ok(Date.now() < deadline, `${JSON.stringify(fields)}\n${server?.tail()}`);
      }
    };

    for (const age of ['older', 'newer'] as const) {
      const { version, domain, realm, proxy } = AGES[age];
      it(`a table of version ${version}, the INSERT ${taking.said[age]}`, async () => {
        registrar = new RegistrarSimulator({
          host: '127.0.0.1',
          port: 0,
          realm,
          challenge: 'www',
          passwordOf: (user) => (user === 'myusername' ? 'mypassword' : undefined),
          log: () => {},
        });
        await registrar.start();
        const url = await place.fresh();
        // One connection, so that the mode set before the INSERT holds for it.
        const database = openDatabase(url, { connections: 1 });
        await makeTables(database, taking, version);
        if (age === 'newer' && taking.before !== null) await database.query(taking.before);
        const insert = taking.adapt[age](BLOG_INSERTS[age]);
        await database.query(insert);
        await database.query(reachable(insert, proxy, registrar.endpoint.socket.port));
        await database.close();

        // The file as it is, with this machine's database in the place of the page's; the control socket goes into a folder of ours.
        server = await startServer({
          kind: 'trunkline',
          file: CFG,
          subst: { [PAGE_URL]: url },
          args: ['-Y', directory],
        });

        // The page's own registrar is not there: the account is loaded as written, and goes on trying.
        const page = await account('myusername', ({ failures }) => Number(failures) > 0);
        assert.equal(page.auth_proxy, proxy);
        assert.equal(page.r_domain, domain);
        assert.equal(page.realm, realm);
        assert.equal(page.expires, 60);
        assert.equal(page.state, 'retrying');
        assert.ok(Number(page.next_attempt) > 0);
        assert.equal(page.last_code, 408);
        // Its address lies outside of the loopback that this server listens on, so that nothing leaves the machine; the name of the newer page
        // has no address, or one like that.
        if (age === 'older') assert.ok(Number(page.last_attempt) > 0);
        assert.match(`${page.last_reason}`, age === 'older' ? /^TRANSPORT_/ : /^(DNS|TRANSPORT)_/);

        // The same with a registrar that answers: 401, then 200.
        const ours = await account('reachable', ({ state }) => state === 'registered');
        assert.equal(ours.online, 1);
        assert.equal(ours.granted, 60);
        assert.equal(ours.last_code, 200);
        assert.equal(ours.registrar, `udp:127.0.0.1:${registrar.endpoint.socket.port}`);
        assert.equal(ours.contact_addr, '192.168.1.99:5060');
        assert.equal(registrar.counts.challenged, 1);
        assert.deepEqual(
          registrar.contactsOf(`myusername@${domain}`).map(({ uri }) => uri),
          ['sip:reachable@192.168.1.99:5060'],
        );
        assert.equal(server.log.includes('mypassword'), false);

        assert.equal(await server.stop(), 0, server.tail());
      });
    }
  });
}
