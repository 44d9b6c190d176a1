import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { command, ROOT, startProgram } from '../support/command.ts';
import { answeringCfg, Folder } from './fixtures.ts';

/** Wrong in every way that one line can be; the comments at the line ends are not part of it. */
const MANGLED = [
  '#!KAMAILIO',
  'listen=udp:127.0.0.1:5060',
  'loadmodule "tm.so"',
  'loadmodule "siputilz.so"',
  'loadmodule "textops.so"',
  'loadmodule "dispatcher.so"',
  'modparam("tm", "fr_timr", 5000)',
  '',
  'request_route {',
  '\tif (is_method("INVITE")) {',
  '\t\tt_relai();',
  '\t}',
  '\txlog("from here\\n");',
  '\tds_select_dst("1", "4");',
  '\tif ($rU == "100" {',
  '\t\texit;',
  '\t}',
  '\troute(MISSING);',
  '}',
  '',
].join('\n');

const PROBLEMS: readonly [place: string, severity: string, code: string, text: RegExp][] = [
  ['4:1', 'error', 'CFG_UNKNOWN_MODULE', /siputilz/],
  ['6:1', 'error', 'CFG_UNSUPPORTED_MODULE', /dispatcher/],
  ['7:16', 'error', 'CFG_UNKNOWN_MODPARAM', /fr_timr/],
  ['11:3', 'error', 'CFG_UNKNOWN_FUNCTION', /t_relai/],
  ['13:2', 'error', 'CFG_UNKNOWN_FUNCTION', /xlog/],
  ['14:2', 'error', 'CFG_UNSUPPORTED_FUNCTION', /ds_select_dst/],
  ['15:19', 'error', 'CFG_SYNTAX', /expected '\)'/],
  ['18:8', 'error', 'CFG_UNKNOWN_ROUTE', /MISSING/],
];

describe('trunkline check', () => {
  it('has one line to say about a good file', async () => {
    using folder = new Folder();
    const path = folder.write('good.cfg', answeringCfg(5060));
    assert.deepEqual(await command(['check', path]), {
      code: 0,
      signal: null,
      stdout: `${path}: ok\n`,
      stderr: '',
    });
  });

  it('reports every problem of a mangled file in one run, each with its place, code and source line', async () => {
    using folder = new Folder();
    folder.write('bad.cfg', MANGLED);
    const { code, stdout, stderr } = await command(['check', 'bad.cfg'], { cwd: folder.path });
    assert.equal(code, 1);
    assert.equal(stderr, '');
    const blocks = stdout.trimEnd().split('\n\n');
    const [summary, advice] = (blocks.pop() ?? '').split('\n');
    assert.equal(summary, `bad.cfg: ${PROBLEMS.length} errors`);
    assert.match(advice ?? '', /--unsupported warn/);
    const lines = MANGLED.split('\n');
    assert.equal(blocks.length, PROBLEMS.length, stdout);
    for (const [i, [place, severity, problem, text]] of PROBLEMS.entries()) {
      const [head = '', source = ''] = (blocks[i] ?? '').split('\n');
      assert.ok(head.startsWith(`bad.cfg:${place}: ${severity}: `), head);
      assert.ok(head.endsWith(` [${problem}]`), head);
      assert.match(head, text);
      const number = Number(place.split(':')[0]);
      assert.equal(source, `${String(number).padStart(6)} | ${lines[number - 1]}`);
    }
  });

  it('suggests the name that was meant', async () => {
    using folder = new Folder();
    const { stdout } = await command(['check', folder.write('bad.cfg', MANGLED)]);
    for (const name of ['siputils', 'fr_timer', 't_relay']) assert.ok(stdout.includes(`did you mean '${name}'?`), name);
    assert.ok(stdout.includes('add loadmodule "xlog.so"'));
  });

  it('starts with warnings where an error was not asked for', async () => {
    using folder = new Folder();
    const cfg = answeringCfg(5060).replace('loadmodule "sl.so"', 'loadmodule "sl.so"\nloadmodule "dispatcher.so"');
    const path = folder.write('a.cfg', cfg);
    const strict = await command(['check', path]);
    assert.equal(strict.code, 1);
    assert.match(strict.stdout, /:5:1: error: .*dispatcher.*\[CFG_UNSUPPORTED_MODULE\]/);
    const lenient = await command(['check', '--unsupported', 'warn', path]);
    assert.equal(lenient.code, 0);
    assert.match(lenient.stdout, /:5:1: warning: .*dispatcher.*\[CFG_UNSUPPORTED_MODULE\]/);
    assert.match(lenient.stdout, /a\.cfg: ok \(1 warning\)\n$/);
  });

  it('names the included file that has the problem', async () => {
    using folder = new Folder();
    const included = folder.write('part.cfg', 'route[PART] {\n\tnothing();\n}\n');
    const path = folder.write('a.cfg', `include_file "part.cfg"\n${answeringCfg(5060)}`);
    const { code, stdout } = await command(['check', path]);
    assert.equal(code, 1);
    assert.match(stdout, /part\.cfg:2:2: error: unknown function nothing\(\)/);
    assert.ok(included.endsWith('part.cfg'));
  });

  it('reads the file with the defines that it will run with', async () => {
    using folder = new Folder();
    const path = folder.write('a.cfg', `${answeringCfg(5060)}#!ifdef WITH_MORE\nroute[MORE] { nothing(); }\n#!endif\n`);
    assert.equal((await command(['check', path])).code, 0);
    const more = await command(['check', path, '-A', 'WITH_MORE']);
    assert.equal(more.code, 1);
    assert.match(more.stdout, /a\.cfg:13:15: error: unknown function nothing\(\)/);
  });

  it('a file that cannot be read does not hide what is wrong with those after it', async () => {
    using folder = new Folder();
    const wrong = folder.write('wrong.cfg', 'request_route {\n\tt_relai();\n}\n');
    const { code, stdout, stderr } = await command(['check', folder.file('none.cfg'), wrong]);
    assert.equal(code, 1);
    assert.match(stderr, /none\.cfg: there is no such file \[CLI_FILE\]/);
    assert.match(stdout, /wrong\.cfg:2:2: error: unknown function t_relai/);
  });

  it('warns of a configuration that drops everything, but not where the block could not be read', async () => {
    using folder = new Folder();
    folder.write('none.cfg', 'listen=udp:127.0.0.1:5060\n#!ifdef NEVER\nrequest_route { exit; }\n#!endif\n');
    folder.write('cut.cfg', 'request_rout { exit; }\n');
    const { code, stdout } = await command(['check', 'none.cfg', 'cut.cfg'], { cwd: folder.path });
    assert.equal(code, 1);
    assert.match(stdout, /none\.cfg:1:1: warning: there is no request_route.*\[CFG_NO_REQUEST_ROUTE\]/);
    assert.match(stdout, /none\.cfg: ok \(1 warning\)/);
    assert.doesNotMatch(stdout, /cut\.cfg.*CFG_NO_REQUEST_ROUTE/);
  });

  it('names UTF-16, and shows no control character of a file', async () => {
    using folder = new Folder();
    const wide = folder.file('wide.cfg');
    writeFileSync(wide, Buffer.from('\ufefflisten=udp:127.0.0.1:5060\n', 'utf16le'));
    assert.match((await command(['check', wide])).stderr, /it is UTF-16 \[CLI_FILE\]\n {2}Save it as UTF-8/);
    const controls = folder.write('escape.cfg', 'request_route {\n\txl\x1b[2Jog("a");\n}\n');
    const { stdout } = await command(['check', controls]);
    assert.ok(!stdout.includes('\x1b'));
    assert.match(stdout, /\\u001b' is ignored.*\n.*xl\ufffd\[2Jog.*\n.*\n.*= remove it/);
  });

  it('a reader that comes late gets all of a long list', async () => {
    using folder = new Folder();
    const long = folder.write('long.cfg', `request_route {\n${'\tt_relai();\n'.repeat(3000)}}\n`);
    const running = startProgram(process.execPath, [join(ROOT, 'bin/trunkline'), 'check', long]);
    running.process.stdout.pause();
    await setTimeout(1500);
    running.process.stdout.resume();
    const { code, stdout } = await running.finished();
    assert.equal(code, 1);
    assert.match(stdout, /long\.cfg: 3000 errors\n$/);
  });

  it('checks several files, and fails when one is wrong', async () => {
    using folder = new Folder();
    folder.write('good.cfg', answeringCfg(5060));
    folder.write('bad.cfg', MANGLED);
    const { code, stdout } = await command(['check', 'bad.cfg', 'good.cfg'], { cwd: folder.path });
    assert.equal(code, 1);
    assert.match(stdout, /bad\.cfg: 8 errors\n.*\ngood\.cfg: ok\n$/);
  });

  it('takes noise for a file with errors, never for a reason to crash', async () => {
    using folder = new Folder();
    const noise = Array.from({ length: 4000 }, (_, i) => String.fromCharCode((i * 7919) % 256)).join('');
    for (const [name, text] of [
      ['noise', noise],
      ['empty', ''],
      ['nul', '\0\0\0'],
      ['open', `${answeringCfg(5060)}route[X] { if (`],
      ['deep', `request_route { ${'if (1) {\n'.repeat(3000)}`],
    ] as const) {
      const { code, stderr } = await command(['check', folder.write(`${name}.cfg`, text)]);
      assert.ok(code === 0 || code === 1, `${name}: ${code} ${stderr}`);
      assert.equal(stderr, '', name);
    }
  });
});
