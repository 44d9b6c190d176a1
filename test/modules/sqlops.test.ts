import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import { modules } from '../../src/modules/index.ts';
import { openConnections } from '../../src/modules/sqlops/connections.ts';
import { RequestState } from '../../src/proxy/request-state.ts';
import { compileConfig, knownVariables, type LinkedProgram } from '../../src/script/compile.ts';
import { parseConfig } from '../../src/script/parse-config.ts';
import { makeRequestContext } from '../../src/script/runtime-context.ts';
import { databaseSkip, startDatabase } from '../support/databases.ts';
import { kamailioWithSqlite } from '../support/peers.ts';
import { type ServerKind, sleep, startServer } from '../support/servers.ts';
import { requestText } from '../support/sip-dialog.ts';
import { SipPeer } from '../support/sip-peer.ts';
import { RECEIVED, request, type TestHost, testHost } from './support.ts';

const ALL = 'SELECT id, name, n, b, big FROM t ORDER BY id';

/** Statements, a text with variables, and what it prints then; in order, each works on what the ones before left. From Kamailio 5.6.3. */
const FACTS: readonly (readonly [statements: string, text: string, printed: string])[] = [
  ['', '$dbr(ra=>rows)|$dbr(ra=>cols)|$dbr(ra=>[0,0])', '0|0|<null>'],
  [`sql_query("ca", "${ALL}", "ra");`, '$rc|$dbr(ra=>rows)|$dbr(ra=>cols)', '1|3|5'],
  [
    '',
    '$dbr(ra=>[0,0])|$dbr(ra=>[0,1])|$dbr(ra=>[0,2])|$dbr(ra=>[0,3])|$dbr(ra=>[0,4])',
    '1|alice|5|é|9007199254740993',
  ],
  ['', '$dbr(ra=>[1,0])|$dbr(ra=>[1,1])|$dbr(ra=>[1,2])|$dbr(ra=>[1,3])', '2|<null>|<null>|<null>'],
  ['', '$dbr(ra=>[2,0])|[$dbr(ra=>[2,1])]|$dbr(ra=>[2,2])|$dbr(ra=>[2,3])', '3|[]|-7|x'],
  ['', '$dbr(ra=>[3,0])|$dbr(ra=>[0,9])', '<null>|<null>'],
  ['', '$dbr(ra=>colname[0])|$dbr(ra=>colname[1])|$dbr(ra=>colname[9])', 'id|name|<null>'],
  ['$var(r) = 0; $var(c) = 1;', '$dbr(ra=>[$var(r),$var(c)])|$dbr(ra=>colname[$var(c)])', 'alice|name'],
  ['if ($dbr(ra=>[0,2]) == 5) $var(y) = "int";', '$var(y)', 'int'],
  ['if ($dbr(ra=>[1,1]) == $null) $var(y) = "null";', '$var(y)', 'null'],
  ['$var(x) = $dbr(ra=>[0,0]) + 1;', '$var(x)', '2'],
  ['$var(id) = 3;', '$(dbr(ra=>[0,1]){s.len})', '5'],
  ['sql_query("ca", "SELECT n FROM t WHERE id = $var(id)", "rb");', '$rc|$dbr(rb=>[0,0])|$dbr(ra=>rows)', '1|-7|3'],
  [
    'sql_query("ca", "SELECT * FROM t WHERE id = 99", "ra");',
    '$rc|$dbr(ra=>rows)|$dbr(ra=>cols)|$dbr(ra=>colname[0])',
    '2|0|0|<null>',
  ],
  ['sql_query("ca", "UPDATE t SET n = 6 WHERE id = 1", "ra");', '$rc|$dbr(ra=>rows)', '2|0'],
  ['sql_query("ca", "UPDATE t SET n = 6");', '$rc', '2'],
  ['sql_query("ca", "SELECT * FROM t");', '$rc', '3'],
  ['sql_query("ca", "SELECT * FROM t WHERE id = 77");', '$rc', '2'],
  ['sql_query("ca", "SELEC", "rb");', '$rc|$dbr(rb=>rows)', '-1|0'],
  [
    'sql_query("ca", "SELECT * FROM t", "ra"); sql_result_free("ra");',
    '$rc|$dbr(ra=>rows)|$dbr(ra=>[0,0])',
    '1|0|<null>',
  ],
  ['sql_result_free("nope");', '$rc', '1'],
  [
    'sql_xquery("ca", "SELECT id, name, n FROM t ORDER BY id", "x");',
    '$rc|$xavp(x[0]=>id)|$xavp(x[0]=>name)|$xavp(x[0]=>n)|$xavp(x[1]=>id)|$xavp(x[1]=>name)|$xavp(x[2]=>id)|[$xavp(x[2]=>name)]',
    '1|1|alice|6|2|<null>|3|[]',
  ],
  [
    'sql_xquery("ca", "SELECT id FROM t WHERE id = 2", "x");',
    '$rc|$xavp(x[0]=>id)|$xavp(x[1]=>id)|$xavp(x[0]=>name)|$xavp(x[3]=>id)',
    '1|2|1|<null>|3',
  ],
  ['sql_xquery("ca", "SELECT id FROM t WHERE id = 99", "x");', '$rc|$xavp(x[0]=>id)', '2|2'],
  ['sql_xquery("ca", "SELEC", "x");', '$rc', '-1'],
  ['sql_xquery("ca", "UPDATE t SET n = 7", "x");', '$rc', '2'],
  [
    'sql_pvquery("ca", "SELECT id, name, n FROM t ORDER BY id", "$var(a);$avp(b);$shv(q)");',
    '$rc|$var(a)|$avp(b)|$shv(q)',
    '1|1|alice|7',
  ],
  ['', '$(avp(b)[0])|[$(avp(b)[1])]|$(avp(b)[2])', 'alice|[]|<null>'],
  ['sql_pvquery("ca", "SELECT name FROM t WHERE id = 2", "$var(a)");', '$rc|$var(a)', '1|0'],
  ['$avp(c) = "old"; sql_pvquery("ca", "SELECT name FROM t WHERE id = 2", "$avp(c)");', '$rc|$avp(c)', '1|old'],
  ['sql_pvquery("ca", "SELECT name, n FROM t WHERE id = 1", "$var(a)");', '$rc|$var(a)', '-1|alice'],
  ['sql_pvquery("ca", "SELECT name FROM t WHERE id = 99", "$var(a)");', '$rc|$var(a)', '2|alice'],
  ['sql_pvquery("ca", "SELEC", "$var(a)");', '$rc', '-1'],
  ['sql_pvquery("ca", "UPDATE t SET n = 8", "$var(a)");', '$rc', '2'],
  [
    '$var(u) = "日本"; sql_query("ca", "SELECT \'$var(u)\' AS u", "ru");',
    '$dbr(ru=>[0,0])|$(dbr(ru=>[0,0]){s.len})',
    '日本|6',
  ],
];

/** The facts as one configuration for both servers. */
function factsConfiguration(url: string): string {
  return `#!KAMAILIO
debug=1
log_stderror=yes
children=1
auto_aliases=no
loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "xlog.so"
loadmodule "db_sqlite.so"
loadmodule "sqlops.so"
modparam("sqlops", "sqlcon", "ca=>${url}")
request_route { route(FACTS); sl_send_reply("200", "OK"); }
route[FACTS] {
${FACTS.map(([statements, text]) => `  ${statements} xlog("L_ERR", "@@${text}\\n");`).join('\n')}
  return 1;
}
`;
}

function fill(path: string): void {
  rmSync(path, { force: true });
  const database = new DatabaseSync(path, { timeout: 5000 });
  database.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, name VARCHAR(20), n INT, b BLOB, big BIGINT)');
  database.exec(
    "INSERT INTO t VALUES (1, 'alice', 5, x'c3a9', 9007199254740993), (2, NULL, NULL, NULL, NULL), (3, '', -7, 'x', -1)",
  );
  database.close();
}

function printedBy(host: TestHost): string[] {
  return host.log.lines
    .filter((line) => line.startsWith('@@'))
    .map((line) => Buffer.from(line.slice(2).trimEnd(), 'latin1').toString('utf8'));
}

/** Compiles a configuration with the real modules on a fake clock. */
function compile(text: string, host: TestHost): LinkedProgram {
  const config = parseConfig({ file: 'test.cfg', text }, { isKnownVariable: knownVariables(modules) });
  const result = compileConfig(config, modules, host);
  if (result.linked === null) throw new Error(result.diagnostics.map(({ message }) => message).join('\n'));
  return result.linked;
}

/** Runs the request route once. */
async function run({ program }: LinkedProgram): Promise<void> {
  const state = new RequestState(request(), RECEIVED, program.hooks);
  const route = program.route('request', '');
  assert.ok(route !== null);
  await program.run(route, makeRequestContext(program, state, 1));
}

/** What one server prints. */
async function live(kind: ServerKind, url: string): Promise<string[]> {
  // Configurations and logs of these servers are bytes, one character each.
  const cfg = Buffer.from(factsConfiguration(url), 'utf8').toString('latin1');
  const server = await startServer({ kind, cfg });
  const caller = await SipPeer.open();
  try {
    const text = requestText(caller, {
      method: 'OPTIONS',
      uri: `sip:bob@127.0.0.1:${server.port}`,
      from: '<sip:alice@example.com>;tag=f',
      to: '<sip:bob@example.com>',
      branch: 'z9hG4bKsqlops',
      callId: 'sqlops@test',
    });
    await caller.send(text, { host: '127.0.0.1', port: server.port });
    await caller.expect(200);
    await sleep(200);
    return server.marked().map((line) => Buffer.from(line, 'latin1').toString('utf8'));
  } finally {
    await caller.close();
    await server.stop();
  }
}

describe('sqlops', () => {
  let folder: string;
  let path: string;
  let url: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'trunkline-sqlops-'));
    path = join(folder, 'facts.db');
    url = `sqlite:///${path}`;
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  function program(statements: string, more = ''): { readonly host: TestHost; readonly linked: LinkedProgram } {
    const host = testHost();
    const text = `loadmodule "pv.so"\nloadmodule "xlog.so"\nloadmodule "sqlops.so"\n
      modparam("sqlops", "sqlcon", "ca=>${url}")\n${more}\nrequest_route { ${statements} }`;
    const linked = compile(text, host);
    linked.start();
    return { host, linked };
  }

  it('does what Kamailio 5.6.3 does', async () => {
    fill(path);
    const host = testHost();
    const linked = compile(factsConfiguration(url).replace('sl_send_reply("200", "OK");', ''), host);
    linked.start();
    await run(linked);
    assert.deepEqual(
      printedBy(host).map((line, n) => [FACTS[n]?.[0], FACTS[n]?.[1], line]),
      FACTS,
    );
    linked.stop();
  });

  for (const kind of ['kamailio', 'trunkline'] as const) {
    it(`prints the same on a live ${kind}`, { skip: kind === 'kamailio' && kamailioWithSqlite() }, async () => {
      fill(path);
      assert.deepEqual(
        await live(kind, url),
        FACTS.map(([, , printed]) => printed),
      );
    });
  }

  it('results belong to one run: calls that wait at the same time never see each other’s', async () => {
    fill(path);
    const { host, linked } = program('sql_query("ca", "SELECT $var(k)", "ra"); xlog("@@$dbr(ra=>[0,0])\\n");');
    const { vars } = linked.program;
    const runs: Promise<void>[] = [];
    for (let n = 0; n < 20; n++) {
      vars.set('k', n);
      runs.push(run(linked));
    }
    await Promise.all(runs);
    assert.deepEqual(
      printedBy(host).toSorted((a, b) => Number(a) - Number(b)),
      Array.from({ length: 20 }, (_, n) => `${n}`),
    );
    linked.stop();
  });

  it('a database that is down fails each statement; nothing of the statement or the password is logged', async () => {
    const { host, linked } = program(
      'sql_query("down", "SELECT \'statement-text\'", "ra"); xlog("@@$rc $dbr(ra=>rows)\\n"); sql_query("nope", "SELECT 1"); xlog("@@$rc\\n");',
      'modparam("sqlops", "sqlcon", "down=>mysql://u:hidden@127.0.0.1:1/d")',
    );
    await run(linked);
    assert.deepEqual(printedBy(host), ['-1 0', '-1']);
    assert.ok(host.log.codes.includes('STORAGE_UNREACHABLE'));
    assert.ok(host.log.codes.includes('SQLOPS_UNKNOWN_CONNECTION'));
    assert.doesNotMatch(host.log.lines.join('\n'), /hidden|statement-text/);
    linked.stop();
  });

  it('sql_query_async() is not waited for, and its failure is logged', async () => {
    fill(path);
    const { host, linked } = program(
      'sql_query_async("ca", "UPDATE t SET n = 77"); xlog("@@$rc\\n"); sql_query_async("ca", "SELEC");',
    );
    await run(linked);
    assert.deepEqual(printedBy(host), ['1']);
    const database = new DatabaseSync(path, { timeout: 5000 });
    const deadline = Date.now() + 5000;
    while (database.prepare('SELECT n FROM t').get()?.n !== 77 || !host.log.codes.includes('STORAGE_STATEMENT')) {
      assert.ok(Date.now() < deadline);
      await sleep(20);
    }
    database.close();
    linked.stop();
  });

  it('what a caller sends stays a text in a statement, with {sql.val}', async () => {
    fill(path);
    const { host, linked } = program(
      `$var(evil) = "x'; DELETE FROM t; --"; sql_query("ca", "SELECT $(var(evil){sql.val}) AS v", "r"); xlog("@@$dbr(r=>[0,0])\\n");
       $var(evil) = "' OR 1=1 --"; sql_query("ca", "SELECT * FROM t WHERE name = $(var(evil){sql.val})", "r"); xlog("@@$rc\\n");`,
    );
    await run(linked);
    assert.deepEqual(printedBy(host), ["x'; DELETE FROM t; --", '2']);
    linked.stop();
  });

  it('a reloaded configuration goes on with the connections of the one before', async () => {
    const host = testHost();
    const urls = [`ca=>sqlite:///${path}`];
    const first = openConnections(host, urls);
    const second = openConnections(host, urls);
    assert.equal(second.connections.get('ca'), first.connections.get('ca'));
    for (const release of first.releases) release();
    assert.deepEqual((await second.connections.get('ca')?.query('SELECT 1'))?.rows, [[1]]);
    for (const release of second.releases) release();
    await assert.rejects(async () => second.connections.get('ca')?.query('SELECT 1'), { code: 'STORAGE_CLOSED' });
    assert.throws(() => openConnections(host, [...urls, 'wrong']));
    const third = openConnections(host, urls);
    for (const release of third.releases) release();
    await assert.rejects(async () => third.connections.get('ca')?.query('SELECT 1'), { code: 'STORAGE_CLOSED' });
  });

  it('$sqlrows tells the rows of the last statement', async () => {
    fill(path);
    const { host, linked } = program(
      'xlog("@@$sqlrows(ca)\\n"); sql_query("ca", "UPDATE t SET n = 1 WHERE id > 1"); xlog("@@$sqlrows(ca)\\n");',
    );
    await run(linked);
    assert.deepEqual(printedBy(host), ['<null>', '2']);
    linked.stop();
  });

  it('what cannot work is refused before the start', () => {
    const refused: readonly (readonly [string, string, RegExp])[] = [
      ['', 'modparam("sqlops", "sqlcon", "no arrow")', /name=>url/],
      ['', 'modparam("sqlops", "sqlcon", "ca=>sqlite:////tmp/x")', /twice/],
      ['', 'modparam("sqlops", "sqlcon", "o=>oracle://u:hidden@h/d")', /oracle/],
      ['$var(x) = $dbr(ra=>[0]);', '', /is not result=>rows/],
      ['$var(x) = $sqlrows(nope);', '', /no connection nope/],
      ['sql_pvquery("ca", "SELECT 1", "not a variable");', '', /is not a variable/],
      ['sql_pvquery("ca", "SELECT 1", "$var(a);;$var(b)");', '', /is not a variable/],
    ];
    for (const [statements, more, message] of refused) {
      assert.throws(
        () => program(statements, more),
        (error: unknown) => {
          assert.ok(error instanceof Error);
          assert.match(error.message, message);
          assert.doesNotMatch(error.message, /hidden/);
          return true;
        },
        `${more} ${statements}`,
      );
    }
  });

  for (const kind of ['postgres', 'mysql'] as const) {
    it(`with ${kind}`, { skip: databaseSkip(kind) }, async () => {
      const place = await startDatabase(kind);
      try {
        const there = await place.fresh();
        const { host, linked } = program(
          `sql_query("db", "CREATE TABLE t (a INT, b VARCHAR(20), c DECIMAL(5,2))");
           sql_query("db", "INSERT INTO t VALUES (1, 'é', 1.50), (2, NULL, NULL)"); xlog("@@$rc $sqlrows(db)\\n");
           sql_query("db", "SELECT * FROM t ORDER BY a", "r"); xlog("@@$rc $dbr(r=>[0,0])|$dbr(r=>[0,1])|$dbr(r=>[0,2])|$dbr(r=>[1,1])\\n");`,
          `modparam("sqlops", "sqlcon", "db=>${there}")`,
        );
        await run(linked);
        assert.deepEqual(printedBy(host), ['2 2', '1 1|é|1.5|<null>']);
        linked.stop();
      } finally {
        await place.destroy();
      }
    });
  }
});
