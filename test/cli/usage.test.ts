import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { command, ROOT, startProgram } from '../support/command.ts';

const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };

describe('trunkline', () => {
  it('--help teaches the commands by example', async () => {
    const { code, stdout, stderr } = await command(['--help']);
    assert.equal(code, 0);
    assert.equal(stderr, '');
    for (const text of [
      'trunkline demo',
      'trunkline check',
      'trunkline run kamailio.cfg',
      '-f /etc/kamailio',
      'Exit codes',
    ]) {
      assert.ok(stdout.includes(text), text);
    }
  });

  it('--version names itself and Node', async () => {
    const { code, stdout } = await command(['--version']);
    assert.equal(code, 0);
    assert.match(stdout, new RegExp(`^trunkline ${version.replaceAll('.', '\\.')} \\(Node\\.js v`));
  });

  it('-v prints the line that monitoring of Kamailio cuts up', async () => {
    const { code, stdout } = await command(['-v']);
    assert.equal(code, 0);
    assert.match(stdout, new RegExp(`^version: trunkline ${version.replaceAll('.', '\\.')} \\(\\S+/\\S+\\)\n$`));
  });

  it('-h lists Kamailio’s options', async () => {
    const { code, stdout } = await command(['-h']);
    assert.equal(code, 0);
    assert.match(stdout, /-P FILE/);
  });

  it('every command has its own help', async () => {
    for (const name of ['run', 'check', 'demo']) {
      for (const words of [
        [name, '--help'],
        ['help', name],
      ]) {
        const { code, stdout } = await command(words);
        assert.equal(code, 0);
        assert.match(stdout, new RegExp(`^Usage: trunkline ${name}`));
      }
    }
  });

  it('ends without a word when its output is closed', async () => {
    const running = startProgram(process.execPath, [
      join(ROOT, 'bin/trunkline'),
      ...['demo', '--once', '--port', '0', '--carrier-port', '0'],
    ]);
    await running.output(/Trunkline/);
    running.process.stdout.destroy();
    const { code, stderr } = await running.finished();
    assert.equal(stderr, '');
    assert.equal(code, 141);
  });

  it('says so when its output cannot be written', {
    skip: existsSync('/dev/full') ? false : 'no /dev/full',
  }, async () => {
    const words = ['-c', 'exec "$0" "$@" >/dev/full', process.execPath, join(ROOT, 'bin/trunkline'), '--help'];
    const { code, stderr } = await startProgram('/bin/sh', words).finished();
    assert.match(stderr, /^trunkline: error: the output cannot be written: .*ENOSPC.*\[CLI_FILE\]\n.*\n$/);
    assert.equal(code, 1);
  });

  const WRONG: readonly [words: string[], code: number, message: RegExp][] = [
    [[], 2, /trunkline: error: no command \[CLI_USAGE\]/],
    [['walk'], 2, /unknown command 'walk' \[CLI_USAGE\]/],
    [['run'], 2, /missing required argument 'file' \[CLI_USAGE\]/],
    [['run', 'a.cfg', '--debug', 'much'], 2, /--debug wants a number.*\[CLI_USAGE\]/],
    [['check', 'a.cfg', '--define', '='], 2, /--define wants NAME.*\[CLI_USAGE\]/],
    [['check', 'a.cfg', '--unsupported', 'maybe'], 2, /Allowed choices are error, warn.*\[CLI_USAGE\]/],
    [['demo', '--port', '99999'], 2, /A port is a number.*\[CLI_USAGE\]/],
    [['run', '/nowhere/a.cfg'], 1, /cannot read \/nowhere\/a.cfg: there is no such file \[CLI_FILE\]/],
    [['check', '/nowhere/a.cfg'], 1, /cannot read \/nowhere\/a.cfg: there is no such file \[CLI_FILE\]/],
    [['run', '/'], 1, /cannot read \/: it is a directory \[CLI_FILE\]/],
    [['-f', '/nowhere/a.cfg', '-DD'], 255, /there is no such file \[CLI_FILE\]/],
    [['-Z'], 255, /unknown option -Z \[CLI_USAGE\]\n {2}Run "trunkline -h"/],
    [['--listen', 'udp:127.0.0.1'], 255, /unknown option --listen \[CLI_USAGE\]\n {2}It comes after a command/],
    [['-l', 'bogus://x', '-c'], 255, /-l bogus:\/\/x: expected .* \[CLI_LISTEN\]\n {2}For example: -l udp:/],
    [['run', 'a.cfg', '-l', 'bogus://x'], 2, /--listen bogus:\/\/x: expected .* \[CLI_LISTEN\]/],
    [['runn', 'a.cfg'], 2, /unknown command 'runn' \[CLI_USAGE\]\n {2}Did you mean "run"\?/],
    [['check', 'a.cfg', '--frob'], 2, /\[CLI_USAGE\]\n {2}Run "trunkline check --help"/],
    [['db', 'init', 'sqlite:///:memory:', 'more'], 2, /too many arguments .*\n {2}Run "trunkline db init --help"/],
    [['user', 'remove', 'a@b', 'c@d'], 2, /too many arguments .*\n {2}Run "trunkline user remove --help"/],
    [['reg', 'show', 'a', 'b'], 2, /too many arguments .*\n {2}Run "trunkline reg show --help"/],
    [['help', 'walk'], 2, /no such command \[CLI_USAGE\]/],
    [['demo', '--port', '5090', '--carrier-port', '5090'], 2, /are both 5090 \[CLI_USAGE\]/],
  ];
  for (const [words, code, message] of WRONG) {
    it(`"${words.join(' ')}" ends with ${code} and says what to do`, async () => {
      const result = await command(words);
      assert.equal(result.code, code);
      assert.equal(result.stdout, '');
      assert.match(result.stderr, message);
      assert.match(result.stderr, /\n {2}\S.*\n$/);
    });
  }
});

describe('bin/trunkline', () => {
  it('starts under this Node', async () => {
    const { code, stdout } = await startProgram(process.execPath, [
      join(ROOT, 'bin/trunkline'),
      '--version',
    ]).finished();
    assert.equal(code, 0);
    assert.match(stdout, /^trunkline /);
  });

  /** V8's options of the process that the launcher has become, by what it prints of itself. */
  async function optionsOf(words: readonly string[], env: Record<string, string> = {}): Promise<string> {
    const probe = `process.on('exit', () => process.stderr.write('options:' + process.execArgv.join(' ') + ':' + process.pid + '\\n'))`;
    const preload = `data:text/javascript,${encodeURIComponent(probe)}`;
    const running = startProgram(process.execPath, ['--import', preload, join(ROOT, 'bin/trunkline'), ...words], {
      env,
    });
    const { stderr } = await running.finished();
    const [, options = '', pid = ''] = /options:(.*):(\d+)\n/.exec(stderr) ?? [];
    assert.equal(Number(pid), running.process.pid);
    return options;
  }

  it("a server gets V8's options without another process; other commands and who sets them do not", async () => {
    assert.match(await optionsOf(['run', 'no-such-file.cfg']), /--max-semi-space-size=4 --no-parallel-scavenge$/);
    assert.match(await optionsOf(['-f', 'no-such-file.cfg', '-DD']), /--max-semi-space-size=4/);
    assert.doesNotMatch(await optionsOf(['check', 'no-such-file.cfg']), /semi-space/);
    assert.doesNotMatch(await optionsOf(['-f', 'no-such-file.cfg', '-c']), /semi-space/);
    assert.doesNotMatch(
      await optionsOf(['run', 'no-such-file.cfg'], { NODE_OPTIONS: '--max-semi-space-size=32' }),
      /semi-space/,
    );
  });

  it('keeps the channel to a process that has forked it', async () => {
    const child = fork(join(ROOT, 'bin/trunkline'), ['run', 'no-such-file.cfg'], { silent: true });
    const signs: string[] = [];
    child.on('disconnect', () => signs.push('disconnect'));
    let words = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      words += text;
      signs.push('stderr');
    });
    await once(child, 'close');
    assert.match(words, /CLI_FILE|no-such-file/);
    // With another process in its place the channel is gone before it says anything.
    assert.equal(signs[0], 'stderr');
  });

  /** The launcher under a Node that calls itself older: the real one, with its version changed before the launcher reads it. */
  function underOldNode(env: Record<string, string>): ReturnType<typeof startProgram> {
    const version = "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } })";
    const code = `${version}; require(${JSON.stringify(join(ROOT, 'bin/trunkline'))})`;
    // process.argv has no script with --eval; the launcher cuts two words off.
    return startProgram(process.execPath, ['--eval', code, 'trunkline', '--version'], { env });
  }

  it('restarts under the Node of node_modules when this one is too old', async () => {
    const { code, stdout, stderr } = await underOldNode({}).finished();
    assert.equal(stderr, '');
    assert.equal(code, 0);
    assert.match(stdout, /^trunkline .*Node\.js v24\./);
  });

  it('says what to install when there is no better one', async () => {
    const { code, stderr } = await underOldNode({ TRUNKLINE_RESTARTED: '1' }).finished();
    assert.equal(code, 1);
    assert.match(stderr, /needs Node\.js 22\.18.*this is 20\.20\.2/);
    assert.match(stderr, /\[CLI_NODE\]\n {2}Run "npm ci" in \S+, which brings one along/);
  });
});
